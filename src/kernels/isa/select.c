// SPDX-License-Identifier: MIT
#include <string.h>

#include "cpu.h"
#include "kernels_isa.h"

// A level of another architecture, or of none in this build, has a name but no table, so that messages can tell it
// from a misspelt name.
static const struct level {
    const char *name;
    unsigned needs;
    const struct kernels *kernels;
} levels[] = {
#define LEVEL(id, architecture, features) {.name = #id, .needs = features, ON_##architecture(.kernels = &kernels_##id)},
    INSTRUCTION_SETS(LEVEL)
};

#define NAME(name, architecture, needs) " " #name
static const char names[] = INSTRUCTION_SETS(NAME);

enum { N_LEVELS = sizeof levels / sizeof *levels };

static bool runs(const struct level *level, unsigned features) {
    return level->kernels && (level->needs & features) == level->needs;
}

quill_status kernels_select(const struct kernels **out, const char **level, const char *cap, quill_error *err) {
    unsigned features = cpu_features();
    int last = N_LEVELS - 1;
    if (cap) {
        for (last = 0; last < N_LEVELS && strcmp(levels[last].name, cap) != 0; last++) {}
        if (last == N_LEVELS)
            return fail(err, QUILL_E_USAGE, "no instruction set '%s':%s", QUOTED(str_of(cap)), names);
        if (!runs(&levels[last], features))
            return fail(err, QUILL_E_USAGE, "this machine lacks the instruction set '%s'", cap);
    }
    while (!runs(&levels[last], features)) last--; // ref runs everywhere
    *out = levels[last].kernels;
    *level = levels[last].name;
    return QUILL_OK;
}

size_t kernels_available(const struct kernels **out, size_t limit) {
    unsigned features = cpu_features();
    size_t n = 0;
    for (int i = 0; i < N_LEVELS && n < limit; i++)
        if (runs(&levels[i], features)) out[n++] = levels[i].kernels;
    return n;
}
