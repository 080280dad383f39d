# SPDX-License-Identifier: MIT
# Fuzz targets: `make test` runs each on the files of tests/corpus/NAME; CONFIG=fuzz CC=clang links them with libFuzzer.

FUZZ := gguf safetensors index config
FUZZ_PROGRAMS := $(FUZZ:%=$(BUILD)/tests/fuzz/%)
CORPUS_TESTS := $(foreach t,$(FUZZ),'$(strip $(RUNNER) $(BUILD)/tests/fuzz/$t tests/corpus/$t)')
# Every cut and every flipped bit of the head of a valid model; the other tiny models by `make damage`.
damage = '$(strip $(RUNNER) $(BUILD)/tests/fuzz/$1 -d $2 tests/$3)'
CORPUS_TESTS += $(call damage,gguf,5300,data/gguf/long32-f32.gguf) $(call damage,safetensors,1500,data/parity/long32/model.safetensors)
DAMAGE_TESTS := $(call damage,gguf,5800,data/gguf/bf40-bf16.gguf) $(call damage,gguf,7100,data/gguf/half64-q8_0.gguf) \
	$(foreach m,narrow20 half64 bf40 untied24,$(call damage,safetensors,2500,data/parity/$m/model.safetensors)) \
	$(call damage,index,9999,corpus/index/y_plain.json) \
	$(foreach m,narrow20 half64,$(call damage,config,9999,data/parity/$m/config.json))
FUZZ_MAIN := $(if $(filter fuzz,$(CONFIG)),-fsanitize=fuzzer,tests/fuzz/driver.c)

$(BUILD)/tests/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/driver.c tests/fuzz/fuzz.h $(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< tests/fuzz/fuzz.c $(FUZZ_MAIN) $(OBJ)/internal.a $(LIBS)

.PHONY: fuzz fuzz-programs damage
damage: $(FUZZ_PROGRAMS)
	$(Q)scripts/tally -t 1800 $(DAMAGE_TESTS)
fuzz-programs: $(FUZZ_PROGRAMS)
SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) CONFIG=fuzz CC=clang fuzz-programs
	$(Q)scripts/fuzz $(SECONDS) $(FUZZ)
