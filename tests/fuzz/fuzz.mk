# SPDX-License-Identifier: MIT
# Fuzz targets: `make test` runs each on the files of tests/corpus/NAME; CONFIG=fuzz CC=clang links them with libFuzzer.

FUZZ := gguf safetensors index config
FUZZ_PROGRAMS := $(FUZZ:%=$(BUILD)/tests/fuzz/%)
CORPUS_TESTS := $(foreach t,$(FUZZ),'$(strip $(RUNNER) $(BUILD)/tests/fuzz/$t tests/corpus/$t)')
FUZZ_MAIN := $(if $(filter fuzz,$(CONFIG)),-fsanitize=fuzzer,tests/fuzz/driver.c)

$(BUILD)/tests/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/driver.c tests/fuzz/fuzz.h $(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< tests/fuzz/fuzz.c $(FUZZ_MAIN) $(OBJ)/internal.a $(LIBS)

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)
SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) CONFIG=fuzz CC=clang fuzz-programs
	$(Q)scripts/fuzz $(SECONDS) $(FUZZ)
