# SPDX-License-Identifier: MIT
# Fuzz targets: `make test` runs each on the files of tests/corpus/NAME; CONFIG=fuzz CC=clang links them with libFuzzer.

FUZZ := answer messages jinja embed_config gguf safetensors index config folder family adapter tokenizer_json spm vocab bpe model kv regex constraint gbnf schema ollama stores $(if $(PROGRAM),options prompt_file)
FUZZ_PROGRAMS := $(FUZZ:%=$(BUILD)/tests/fuzz/%)
CORPUS_TESTS := $(foreach t,$(FUZZ),'$(strip $(RUNNER) $(BUILD)/tests/fuzz/$t tests/corpus/$t)')
# Every cut and every flipped bit of the head of a valid model; the other tiny models by `make damage`.
damage = '$(strip $(RUNNER) $(BUILD)/tests/fuzz/$1 -d $2 tests/$3)'
CORPUS_TESTS += $(call damage,gguf,5300,data/gguf/long32-f32.gguf) $(call damage,model,5000 -s 5,corpus/model/y_f32.gguf) \
	$(call damage,safetensors,1500,data/parity/long32/model.safetensors) \
	$(call damage,adapter,1200 -s 3,data/adapters/llama/adapter.gguf) $(call damage,kv,9999,corpus/kv/y_32.kv)
DAMAGE_TESTS := $(call damage,gguf,5800,data/gguf/bf40-bf16.gguf) $(call damage,gguf,7100,data/gguf/half64-q8_0.gguf) \
	$(foreach m,narrow20 half64 bf40 untied24,$(call damage,safetensors,2500,data/parity/$m/model.safetensors)) \
	$(call damage,model,5000,corpus/model/y_f32.gguf) $(call damage,folder,999,corpus/folder/y_plain.txt) \
	$(foreach m,qwen3 cohere2 phi3,$(call damage,model,5000 -s 9,corpus/model/y_$m.gguf)) \
	$(foreach m,olmo3 stablelm-12b gemma3-wrapped mpt,$(call damage,family,999,corpus/family/y_$m.txt)) \
	$(call damage,tokenizer_json,9999,corpus/tokenizer_json/y_split.json) \
	$(call damage,index,9999,corpus/index/y_plain.json) $(call damage,ollama,9999,corpus/ollama/y_plain.json) \
	$(foreach m,narrow20 half64,$(call damage,config,9999,data/parity/$m/config.json))
FUZZ_MAIN := $(if $(filter fuzz,$(CONFIG)),-fsanitize=fuzzer,tests/fuzz/driver.c)

# Parts of the program for tests of their own; its other names stay out of the library's way.
CLI_PARTS := $(sort $(filter-out %/main.o %/builtin.o,$(filter $(OBJ)/cli/%,$(CLI_OBJ))) $(OBJ)/cli/builtin_none.o)
CLI_NAMES := options_parse options_free request_build request_parts_free verb_find verbs prompt_file_parse \
	prompt_use_begin prompt_use_free prompt_use_render prompt_use_render_shots prompt_use_example prompt_use_columns \
	prompt_use_stops prompt_use_end prompt_file_free rendered_free rows_open rows_next rows_names rows_ready \
	rows_progress rows_close row_value template_add template_free template_uses template_is_blank template_drop_newline \
	template_copy template_drop_blanks template_render slots_find slots_free signals_catch output_open \
	output_write output_flush json_decimal n_verbs
CLI_PART_USERS := $(BUILD)/tests/fuzz/options $(BUILD)/tests/fuzz/prompt_file $(CLI_UNITS:%=$(BUILD)/tests/%)
$(OBJ)/cli_part.o: $(CLI_PARTS)
	$(Q)$(CC) -r -nostdlib -o $@ $^ && $(OBJCOPY) $(CLI_NAMES:%=--keep-global-symbol=%) $@
$(CLI_PART_USERS): CLI_PART := $(OBJ)/cli_part.o
$(CLI_PART_USERS): LIBS += $(LIBS_CLI)
$(CLI_PART_USERS): $(OBJ)/cli_part.o
$(BUILD)/tests/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/driver.c $(wildcard tests/fuzz/*.h) \
		$(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< tests/fuzz/fuzz.c $(FUZZ_MAIN) $(CLI_PART) $(OBJ)/internal.a $(LIBS)

.PHONY: fuzz fuzz-programs damage
damage: $(FUZZ_PROGRAMS)
	$(Q)$(TALLY) $(DAMAGE_TESTS)
fuzz-programs: $(FUZZ_PROGRAMS)
SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) CONFIG=fuzz CC=clang fuzz-programs
	$(Q)scripts/tally -j 2 -t $$(($(SECONDS) + 300)) $(FUZZ:%='scripts/fuzz $(SECONDS) %')
