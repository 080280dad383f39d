// SPDX-License-Identifier: MIT
// Processors with FEAT_I8MM: the vectors of NEON with dot products, and SMMLA, which multiplies two tokens by two rows.
#ifndef QUILL_KERNELS_ISA_SIMD_I8MM_H
#define QUILL_KERNELS_ISA_SIMD_I8MM_H

#define HAS_I8MM 1

#include "simd_neon.h"

SIMD vi vi_square(vi sum, vb x, vb w) { return vmmlaq_s32(sum, x, w); }

SIMD vf vf_lower(vf a, vf b) {
    return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
SIMD vf vf_upper(vf a, vf b) {
    return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
SIMD vb vb_lower(vb a, vb b) {
    return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}
SIMD vb vb_upper(vb a, vb b) {
    return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

#endif
