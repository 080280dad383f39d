# SPDX-License-Identifier: MIT
CLI_UNITS := test_template test_rows test_prompt_use test_output
TESTS += $(CLI_UNITS)

# Talks read lines with libedit, or without it.
SRC_cli := $(filter-out $(if $(filter yes,$(LIBEDIT)),cli/talk/line_simple,cli/talk/line_edit),$(SRC_cli))

# The built-in model is assembled into the program, which reads it in place; without one a file says so. Another EMBED
# makes another program.
ifneq ($(filter command,$(origin EMBED)),)
$(if $(EMBED),$(if $(wildcard $(EMBED)),,$(error EMBED=$(EMBED): there is no such file)))
endif
SRC_cli := $(filter-out cli/builtin_none,$(SRC_cli)) $(if $(wildcard $(EMBED)),cli/builtin,cli/builtin_none)

$(OBJ)/embed: FORCE
	@mkdir -p $(OBJ) && printf '%s\n' '$(wildcard $(EMBED))' | cmp -s - $@ || printf '%s\n' '$(wildcard $(EMBED))' >$@
$(OBJ)/cli/builtin.o: src/cli/builtin.S $(wildcard $(EMBED)) $(OBJ)/embed
	@mkdir -p $(@D)
	$(call say,EMBED,$(EMBED))
	$(Q)$(CC) -DEMBED='"$(EMBED)"' -c -o $@ $<
