// SPDX-License-Identifier: MIT
// The prompt files that were installed with the program.
#ifndef QUILL_CLI_PROMPT_INSTALLED_H
#define QUILL_CLI_PROMPT_INSTALLED_H

#include <limits.h>
#include <stdbool.h>

// Where no file has this name, and the name is of no folder: the file of that name, with or without ".prompt", in
// share/quill/prompts beside the folder of the program. False: there is none.
bool installed_prompt(char path[PATH_MAX], const char *name);

#endif
