// SPDX-License-Identifier: MIT
#include <string.h>

#include "check.h"

#if defined(__x86_64__)
bool simd_check_sse4(void), simd_check_avx2(void), simd_check_avxvnni(void), simd_check_avx512(void),
    simd_check_avx512vnni(void);
#elif defined(__aarch64__)
bool simd_check_neon(void), simd_check_neondot(void);
#endif

static const struct {
    const char *isa;
    bool (*check)(void);
} checks[] = {
#if defined(__x86_64__)
    {"sse4", simd_check_sse4},
    {"avx2", simd_check_avx2},
    {"avxvnni", simd_check_avxvnni},
    {"avx512", simd_check_avx512},
    {"avx512vnni", simd_check_avx512vnni},
    {"amx", simd_check_avx512vnni},
#elif defined(__aarch64__)
    {"neon", simd_check_neon},
    {"neondot", simd_check_neondot},
#endif
    {"ref", NULL},
};

bool (*simd_check(const char *isa))(void) {
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].isa, isa) == 0) return checks[i].check;
    return NULL;
}
