// SPDX-License-Identifier: MIT
// The prompt files installed with the program.
#ifndef QUILL_CLI_PROMPT_INSTALLED_H
#define QUILL_CLI_PROMPT_INSTALLED_H

#include <limits.h>
#include <stdbool.h>

// If `name` contains no folder and no such file exists: finds the file with that name, with or without ".prompt", in
// share/quill/prompts beside the program's folder. False: none.
bool installed_prompt(char path[PATH_MAX], const char *name);

#endif
