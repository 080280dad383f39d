// SPDX-License-Identifier: MIT
#include "installed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Removes the last part of a path. False: it has none.
static bool leave(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    return slash != NULL;
}

bool installed_prompt(char path[PATH_MAX], const char *name) {
    char program[PATH_MAX];
    if (!*name || strchr(name, '/') || access(name, F_OK) == 0 || errno != ENOENT) return false;
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = 0;
    if (!leave(program) || !leave(program)) return false; // bin/quill
    static const char *const ends[] = {"", ".prompt"};
    for (size_t i = 0; i < 2; i++) {
        int written = snprintf(path, PATH_MAX, "%s/share/quill/prompts/%s%s", program, name, ends[i]);
        if (written > 0 && written < PATH_MAX && access(path, R_OK) == 0) return true;
    }
    return false;
}
