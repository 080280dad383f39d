// SPDX-License-Identifier: MIT
// Processors with AMX: the vectors of AVX-512 with VNNI, tile registers, and gathers that are fast.
#ifndef QUILL_KERNELS_ISA_SIMD_AMX_H
#define QUILL_KERNELS_ISA_SIMD_AMX_H

#define HAS_TILES 1
#define FAST_GATHER 1

#include "simd_avx512.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion" // of its mask, in the macro that the gather is without optimization
SIMD vf vf_gather_f16(const uint8_t *p, size_t stride, const bool high) {
    const vi lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const vi words = _mm512_i32gather_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)stride)), p, 1);
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(high ? _mm512_srli_epi32(words, 16) : words));
}
#pragma GCC diagnostic pop

#endif
