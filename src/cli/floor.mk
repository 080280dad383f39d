# SPDX-License-Identifier: MIT
CLI_UNITS := test_template test_rows test_prompt_use test_output
TESTS += $(CLI_UNITS)

# The built-in model is assembled into the program; without one a file says so. Another EMBED makes another program.
ifneq ($(filter command,$(origin EMBED)),)
$(if $(EMBED),$(if $(wildcard $(EMBED)),,$(error EMBED=$(EMBED): there is no such file)))
endif
SRC_cli := $(filter-out cli/builtin_none,$(SRC_cli)) $(if $(wildcard $(EMBED)),cli/builtin,cli/builtin_none)
