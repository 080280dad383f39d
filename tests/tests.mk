# SPDX-License-Identifier: MIT
# Programs that test, and `make test`.

$(BUILD)/tests/%: tests/%.c $(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -MMD -MP $(LDFLAGS_ALL) $(TEST_WRAPS:%=-Wl,--wrap=%) -o $@ $< $(CLI_PART) \
	  $(OBJ)/internal.a -lcmocka $(LIBS)

include tests/fuzz/fuzz.mk tests/fault/fault.mk
include tests/check/check.mk tests/races/races.mk

# What a build without optimization can find alone is other numbers: it has the tests that are about these.
ifeq ($(CONFIG),debug)
TEST_PROGRAMS := $(patsubst %,$(BUILD)/tests/%,check_forward check_kernels test_acts test_adapter test_base \
	test_embed test_family_parity test_kernels test_parity test_quant test_sampler test_tensor)
FUZZ_PROGRAMS :=
CORPUS_TESTS :=
FAULT_PROGRAMS :=
FAULT_TESTS :=
endif

# What measures, or makes what is measured.
TOOLS := $(BUILD)/tests/make_model $(BUILD)/tests/bench_tokenizer $(BUILD)/tests/bench_constraint \
  $(BUILD)/tests/render_chat $(BUILD)/tests/try_schema
tests: $(TOOLS) $(TEST_PROGRAMS) $(FUZZ_PROGRAMS) $(FAULT_PROGRAMS)

# Runs every unit test program, the corpus of hostile files, then the tests of the command line, and counts their results.
# The last are about signals, memory and time too, and not for an emulator. Another compiler has those that are about
# numbers and much text, a build without optimization the samplers; the sanitizers have one instruction set, and leave
# out what compares several.
CLI_FILES_clang := generate golden map quantize same_bytes tokenize
CLI_FILES_debug := samplers
CLI_FILES_all := $(patsubst tests/cli/%.test,%,$(wildcard tests/cli/*.test))
CLI_FILES_asan := $(filter-out golden same_bytes,$(CLI_FILES_all))
CLI_FILES := $(or $(CLI_FILES_$(CONFIG)),$(CLI_FILES_all))
CLI_TESTS := $(if $(PROGRAM),$(if $(RUNNER),,$(CLI_FILES:%='tests/cli/run.sh -t 300 $(PROGRAM) ^%/')))
# Two at a time: some wait, most have one thread, a few use every processor themselves.
TALLY := scripts/tally -j 2 -t 1800
# Every promise is tested at full strength by the release build, reads beyond a parser's input by the sanitizers' `make
# damage`; of long lists of like cases the others take one in so many (test_share in test.h).
TEST_SHARE_clang := 3
TEST_SHARE_debug := 9
TEST_SHARE_asan := 3
TEST_SHARE_aarch64 := 9
TEST_SHARE := $(or $(TEST_SHARE_$(CONFIG)),1)
test: export TEST_SHARE := $(TEST_SHARE)
test: all tests
	@$(if $(filter-out 1,$(TEST_SHARE)),echo '# TEST_SHARE=$(TEST_SHARE): of long lists of like cases one in $(TEST_SHARE)')
	$(Q)$(TALLY) $(CLI_TESTS) $(FAULT_TESTS) $(foreach t,$(TEST_PROGRAMS),'$(strip $(RUNNER) $t)') $(CORPUS_TESTS)
