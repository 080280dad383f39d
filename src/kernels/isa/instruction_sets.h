// SPDX-License-Identifier: MIT
// THE list of instruction sets, lowest first within an architecture: X(name, architecture, what cpu_features() must
// have). Each but the reference has a file kernels_<name>.c, whose flags floor.mk says; the makefile reads this list.
#ifndef QUILL_KERNELS_ISA_INSTRUCTION_SETS_H
#define QUILL_KERNELS_ISA_INSTRUCTION_SETS_H

#define INSTRUCTION_SETS(X)            \
    X(ref, ANY, 0)                     \
    X(sse4, X86, CPU_SSE41)            \
    X(avx2, X86, CPU_AVX2)             \
    X(avxvnni, X86, CPU_AVX_VNNI)      \
    X(avx512, X86, CPU_AVX512)         \
    X(avx512vnni, X86, CPU_AVX512_VNNI) \
    X(amx, X86, CPU_AMX)               \
    X(neon, ARM, CPU_NEON)             \
    X(neondot, ARM, CPU_NEON_DOT)

// ON_<architecture>(x): x where this is compiled for it, else nothing.
#define ON_ANY(x) x
#if defined(__x86_64__)
#define ON_X86(x) x
#else
#define ON_X86(x)
#endif
#if defined(__aarch64__)
#define ON_ARM(x) x
#else
#define ON_ARM(x)
#endif

#endif
