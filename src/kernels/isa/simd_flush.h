// SPDX-License-Identifier: MIT
// Subnormal numbers as zeros, on x86: MXCSR (Intel SDM volume 1, 10.2.3). A result is subnormal if it is so when
// rounded with any exponent, as kernels.h has it.
#ifndef QUILL_KERNELS_ISA_SIMD_FLUSH_H
#define QUILL_KERNELS_ISA_SIMD_FLUSH_H

enum { MXCSR_DAZ = 1 << 6, MXCSR_FTZ = 1 << 15 };

SIMD uint64_t flush_begin(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | MXCSR_DAZ | MXCSR_FTZ);
    return before;
}
SIMD void flush_end(uint64_t before) { _mm_setcsr((unsigned)before); }
SIMD bool flush_unsure(void) { return false; }

#endif
