// SPDX-License-Identifier: MIT
// What this machine's processor and system support, as the processor reports it.
#ifndef QUILL_KERNELS_ISA_CPU_H
#define QUILL_KERNELS_ISA_CPU_H

enum cpu_feature {
    CPU_SSE41 = 1,
    CPU_AVX2 = 2, // with FMA and F16C; the system saves the 256-bit registers
    CPU_AVX_VNNI = 4,
    CPU_AVX512 = 8, // F, BW, DQ, VL; the system saves the 512-bit registers
    CPU_AVX512_VNNI = 16,
    CPU_NEON = 32,
    CPU_NEON_DOT = 64,
    CPU_NEON_I8MM = 256, // with NEON_DOT
    CPU_AMX = 128, // tile registers, AMX-INT8, AMX-BF16, which the system lets this process use; AVX512_VNNI as well
};

// A set of enum cpu_feature. On Linux it requests the tile registers, which the system grants to the whole process.
unsigned cpu_features(void);

#endif
