// SPDX-License-Identifier: MIT
#include <string.h>

#include "cpu.h"
#include "kernels_isa.h"

#if defined(__x86_64__)
#define ON_X86(table) (&(table))
#define ON_ARM(table) NULL
#elif defined(__aarch64__)
#define ON_X86(table) NULL
#define ON_ARM(table) (&(table))
#else
#define ON_X86(table) NULL
#define ON_ARM(table) NULL
#endif

// Lowest first within an architecture. A level of another architecture has a name, so that messages can tell it from a
// misspelt one, but no table.
static const struct level {
    const char *name;
    const struct kernels *kernels;
    unsigned needs;
} levels[] = {
    {"ref", &kernels_ref, 0},
    {"sse4", ON_X86(kernels_sse4), CPU_SSE41},
    {"avx2", ON_X86(kernels_avx2), CPU_AVX2},
    {"avxvnni", ON_X86(kernels_avxvnni), CPU_AVX_VNNI},
    {"avx512", ON_X86(kernels_avx512), CPU_AVX512},
    {"avx512vnni", ON_X86(kernels_avx512vnni), CPU_AVX512_VNNI},
    {"amx", ON_X86(kernels_amx), CPU_AMX},
    {"neon", ON_ARM(kernels_neon), CPU_NEON},
    {"neondot", ON_ARM(kernels_neondot), CPU_NEON_DOT},
};
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
            return fail(err, QUILL_E_USAGE,
                        "no instruction set '%s': ref sse4 avx2 avxvnni avx512 avx512vnni amx neon neondot",
                        QUOTED(str_of(cap)));
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
