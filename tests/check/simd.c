// SPDX-License-Identifier: MIT
#include <string.h>

#include "check.h"
#include "kernels/isa/cpu.h"
#include "kernels/isa/instruction_sets.h"

// The reference has none; amx has the vectors of avx512vnni.
#define simd_check_amx simd_check_avx512vnni
#define simd_check_ref NULL

ON_MORE_X86(extern const struct kernels kernels_tiles;)

const struct kernels *kernels_with_tiles(void) {
    ON_MORE_X86(if (cpu_features() & CPU_AVX512_VNNI) return &kernels_tiles;)
    return NULL;
}

#define DECLARE_ANY(name)
#define DECLARE_X86(name) ON_X86(bool simd_check_##name(void);)
#define DECLARE_MORE_X86(name) ON_MORE_X86(bool simd_check_##name(void);)
#define DECLARE_ARM(name) ON_ARM(bool simd_check_##name(void);)
#define DECLARE(name, architecture, needs) DECLARE_##architecture(name)
INSTRUCTION_SETS(DECLARE)

static const struct {
    const char *isa;
    bool (*check)(void);
} checks[] = {
#define ROW(name, architecture, needs) ON_##architecture({#name COMMA simd_check_##name} COMMA)
#define COMMA ,
    INSTRUCTION_SETS(ROW)
};

bool (*simd_check(const char *isa))(void) {
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].isa, isa) == 0) return checks[i].check;
    return NULL;
}
