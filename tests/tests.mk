# SPDX-License-Identifier: MIT
# Programs that test, and `make test`.

$(BUILD)/tests/%: tests/%.c $(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -MMD -MP $(LDFLAGS_ALL) $(TEST_WRAPS:%=-Wl,--wrap=%) -o $@ $< $(CLI_PART) \
	  $(OBJ)/internal.a -lcmocka $(LIBS)

include tests/fuzz/fuzz.mk tests/fault/fault.mk
include tests/check/check.mk tests/races/races.mk

# What measures, or makes what is measured.
TOOLS := $(BUILD)/tests/make_model $(BUILD)/tests/bench_tokenizer $(BUILD)/tests/render_chat $(BUILD)/tests/try_schema
tests: $(TOOLS) $(TEST_PROGRAMS) $(FUZZ_PROGRAMS) $(FAULT_PROGRAMS)

# Runs every unit test program, the corpus of hostile files, then the tests of the command line, and counts their results.
# The last are about signals, memory and time too, and not for an emulator. What a build without optimization can find
# alone is other numbers: of it, the tests of the library, and of the command line the hashes of outputs.
CLI_FILES := $(if $(filter debug,$(CONFIG)),golden,$(patsubst tests/cli/%.test,%,$(wildcard tests/cli/*.test)))
CLI_TESTS := $(if $(PROGRAM),$(if $(RUNNER),,$(CLI_FILES:%='tests/cli/run.sh -t 300 $(PROGRAM) ^%/')))
# Two at a time: some wait, most have one thread, a few use every processor themselves.
TALLY := scripts/tally -j 2 -t 1800
test: all tests
	$(Q)$(TALLY) $(CLI_TESTS) $(FAULT_TESTS) $(foreach t,$(TEST_PROGRAMS),'$(strip $(RUNNER) $t)') $(CORPUS_TESTS)
