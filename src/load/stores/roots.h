// SPDX-License-Identifier: MIT
// Where other programs keep their models, by the variables that they read. A variable that is set and not empty stands
// alone; else the folders below the home folder count.
#ifndef QUILL_LOAD_STORES_ROOTS_H
#define QUILL_LOAD_STORES_ROOTS_H

#include <stdbool.h>

#include "base/arena.h"

enum { MOST_ROOTS = 2 };

// Folders that need not exist; each list ends with NULL.
struct roots {
    const char *hub[MOST_ROOTS + 1];
    const char *flat[MOST_ROOTS + 1];
    const char *lm_studio[MOST_ROOTS + 1];
    const char *ollama[MOST_ROOTS + 1];
};

bool roots_find(struct roots *out, struct arena *arena, char *(*variable)(const char *name)); // false: no memory

#endif
