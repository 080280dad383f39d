# SPDX-License-Identifier: MIT
# `make races`: teams under ThreadSanitizer, with each provider of threads. It does not see the barriers of OpenMP; of
# them Archer tells it, which clang's runtime loads by itself and which wants that runtime's own code to be left out.

RACES := $(BUILD)/tests/races
RACE_SOURCES := $(filter-out src/base/threads_%,$(wildcard src/base/*.c))
$(RACES)/%: src/base/threads_%.c tests/test_team.c $(wildcard src/base/*.[ch]) tests/test.h
	@mkdir -p $(@D)
	$(call say,RACES,$@)
	$(Q)clang $(BASE) -O1 -g -fsanitize=thread $(if $(filter openmp,$*),-fopenmp) -Itests -o $@ tests/test_team.c $< \
	  $(RACE_SOURCES) -lcmocka -lm

.PHONY: races
races: $(RACES)/openmp $(RACES)/pthread
	$(Q)$(TALLY) 'env TSAN_OPTIONS=ignore_noninstrumented_modules=1 $(RACES)/openmp' $(RACES)/pthread
