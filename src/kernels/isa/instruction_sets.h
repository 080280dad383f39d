// SPDX-License-Identifier: MIT
// THE list of instruction sets, lowest first within an architecture: X(name, architecture, features that cpu_features()
// must report). Each except the reference has a file kernels_<name>.c, with compiler flags in floor.mk; the makefile
// reads this list. Builds that are slow to compile, with FEW_KERNELS, have those of MORE_X86 in name only.
#ifndef QUILL_KERNELS_ISA_INSTRUCTION_SETS_H
#define QUILL_KERNELS_ISA_INSTRUCTION_SETS_H

#define INSTRUCTION_SETS(X)                    \
    X(ref, ANY, 0)                             \
    X(sse4, MORE_X86, CPU_SSE41)               \
    X(avx2, X86, CPU_AVX2)                     \
    X(avxvnni, MORE_X86, CPU_AVX_VNNI)         \
    X(avx512, MORE_X86, CPU_AVX512)            \
    X(avx512vnni, MORE_X86, CPU_AVX512_VNNI)   \
    X(amx, MORE_X86, CPU_AMX)                  \
    X(neon, ARM, CPU_NEON)                     \
    X(neondot, ARM, CPU_NEON_DOT)              \
    X(i8mm, ARM, CPU_NEON_I8MM)

// ON_<architecture>(x): x if this is compiled for that architecture, else nothing.
#define ON_ANY(x) x
#if defined(__x86_64__)
#define ON_X86(x) x
#else
#define ON_X86(x)
#endif
#if defined(__x86_64__) && !defined(FEW_KERNELS)
#define ON_MORE_X86(x) x
#else
#define ON_MORE_X86(x)
#endif
#if defined(__aarch64__)
#define ON_ARM(x) x
#else
#define ON_ARM(x)
#endif

#endif
