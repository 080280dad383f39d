// SPDX-License-Identifier: MIT
// NEON of AArch64: 4 lanes of f32. simd.h says what the wrappers mean.
#ifndef QUILL_KERNELS_ISA_SIMD_NEON_H
#define QUILL_KERNELS_ISA_SIMD_NEON_H

#include <arm_neon.h>

#include "simd.h"

enum { VF = 4, TILE_F_VECTORS = 4, TILE_F_TOKENS = 6, TILE_Q_VECTORS = 4, TILE_Q_TOKENS = 3 };

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef int8x16_t vb;
typedef uint32x4_t vm;

SIMD vf vf_set1(float x) { return vdupq_n_f32(x); }
SIMD vf vf_load(const void *p) { return vreinterpretq_f32_u8(vld1q_u8(p)); }
SIMD void vf_store(void *p, vf a) { vst1q_u8(p, vreinterpretq_u8_f32(a)); }

#include "simd_part.h"

SIMD vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
SIMD vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
SIMD vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
SIMD vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
SIMD vf vf_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); } // fmax treats NaN and -0 differently
SIMD vf vf_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
SIMD vf vf_abs(vf a) { return vabsq_f32(a); }
SIMD vf vf_copysign(vf magnitude, vf sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude); }
SIMD vm vf_lt(vf a, vf b) { return vcltq_f32(a, b); }
SIMD vm vf_is_nan(vf a) { return vmvnq_u32(vceqq_f32(a, a)); }
SIMD vm vm_and(vm a, vm b) { return vandq_u32(a, b); }
SIMD vf vf_select(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }

// BFDOT and BFMMLA cannot multiply BF16 weights: they round products and sums to odd, or, with FEAT_EBF16, the sum of
// two products once, and kernels.h asks for a chain of multiply-adds over each half of a block.
// FPCR.FZ flushes results that are subnormal before they are rounded: those that would become 2^-126 are lost. FPSR
// tells that a result was flushed (Arm ARM, FPSR.UFC).
enum { FPCR_FZ = 1 << 24, FPSR_UFC = 1 << 3 };
SIMD uint64_t neon_flushed(void) { // and forgets
    uint64_t flags;
    __asm__ volatile("mrs %0, fpsr" : "=r"(flags) : : "memory");
    if (flags & FPSR_UFC) __asm__ volatile("msr fpsr, %0" : : "r"(flags & ~(uint64_t)FPSR_UFC) : "memory");
    return flags & FPSR_UFC;
}
SIMD uint64_t flush_begin(void) {
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before) : : "memory");
    __asm__ volatile("msr fpcr, %0" : : "r"(before | FPCR_FZ) : "memory");
    neon_flushed();
    return before;
}
SIMD void flush_end(uint64_t before) { __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory"); }
SIMD bool flush_unsure(void) { return neon_flushed() != 0; }

SIMD vf vf_even(vf a, vf b) { return vuzp1q_f32(a, b); }
SIMD vf vf_odd(vf a, vf b) { return vuzp2q_f32(a, b); }

SIMD vi vf_bits(vf a) { return vreinterpretq_s32_f32(a); }
SIMD vf vi_floats(vi a) { return vreinterpretq_f32_s32(a); }
SIMD vi vf_to_int(vf a) { return vcvtnq_s32_f32(a); }
SIMD vf vi_to_float(vi a) { return vcvtq_f32_s32(a); }
SIMD vi vi_set1(int32_t x) { return vdupq_n_s32(x); }
SIMD vi vi_load(const void *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
SIMD void vi_store(void *p, vi a) { vst1q_u8(p, vreinterpretq_u8_s32(a)); }
SIMD vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
SIMD vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
SIMD vi vi_max(vi a, vi b) { return vmaxq_s32(a, b); }
SIMD vi vi_or(vi a, vi b) { return vorrq_s32(a, b); }
SIMD vi vi_mul(vi a, vi b) { return vmulq_s32(a, b); }
SIMD vi vi_dot16(vi sum, vi a, vi b) {
    int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
    int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y)), high = vmull_high_s16(x, y);
    return vaddq_s32(sum, vpaddq_s32(low, high));
}
SIMD vi vi_shl(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(n)); }
SIMD vi vi_sra24(vi a) { return vshrq_n_s32(a, 24); }
SIMD vi vi_shl23(vi a) { return vshlq_n_s32(a, 23); }
SIMD int32_t vi_hmax(vi a) { return vmaxvq_s32(a); }
SIMD int32_t vi_hsum(vi a) { return vaddvq_s32(a); }

SIMD void vi_store_i8(void *p, vi a) {
    int16x4_t words = vmovn_s32(a);
    int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
    memcpy(p, &bytes, 4);
}
SIMD vf vf_load_i8(const void *p) {
    int8x8_t bytes = vdup_n_s8(0);
    memcpy(&bytes, p, 4);
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}
SIMD vf vf_load_f16(const void *p) { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p))); }
SIMD vf vf_load_bf16(const void *p) {
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p)), 16));
}
SIMD void vf_store_f16(void *p, vf a) {
    a = vf_min(vf_set1(65504.0f), vf_max(vf_set1(-65504.0f), a)); // in this order a NaN stays
    vst1_u8(p, vreinterpret_u8_f16(vcvt_f16_f32(a)));
}

SIMD vb vb_same(const void *p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
SIMD vi vi_same(const void *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
SIMD vb vb_load(const uint8_t *const *rows, size_t at) { return vb_same(rows[0] + at); }
SIMD vb vb_flip(vb a) { return veorq_s8(a, vdupq_n_s8(-128)); }
SIMD vb vb_and(vb a, uint8_t mask) { return vandq_s8(a, vreinterpretq_s8_u8(vdupq_n_u8(mask))); }
SIMD vb vb_mask(vb a, const uint8_t mask[16]) { return vandq_s8(a, vb_same(mask)); }
SIMD vb vb_add(vb a, uint8_t n) { return vaddq_s8(a, vreinterpretq_s8_u8(vdupq_n_u8(n))); }
SIMD vb vb_or(vb a, vb b) { return vorrq_s8(a, b); }
SIMD vb vb_shl(vb a, int n) { // a negative n shifts right
    return vreinterpretq_s8_u8(vshlq_u8(vreinterpretq_u8_s8(a), vdupq_n_s8((int8_t)n)));
}
SIMD vb vb_shr(vb a, int n) { return vb_shl(a, -n); }
SIMD vb vb_bits(const uint8_t *const *rows, size_t at, int half, uint8_t value) {
    const uint8_t *from = rows[0] + at + 2 * half;
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    return vb_and(vreinterpretq_s8_u8(vtstq_u8(vcombine_u8(vdup_n_u8(from[0]), vdup_n_u8(from[1])), bit)), value);
}
SIMD vb vb_lookup(const int8_t table[16], vb index) {
    return vqtbl1q_s8(vld1q_s8(table), vreinterpretq_u8_s8(index));
}
SIMD vb vb_shuffle(vb a, const uint8_t pick[16]) { return vqtbl1q_s8(a, vld1q_u8(pick)); }
SIMD vi vb_words(vb a, int half) {
    return vreinterpretq_s32_s16(vmovl_s8(half ? vget_high_s8(a) : vget_low_s8(a)));
}
SIMD vi vi_word(vi a, int i) {
    const uint8x16_t pick = vreinterpretq_u8_u16(vdupq_n_u16((uint16_t)(0x0100 + 0x0202 * i)));
    return vreinterpretq_s32_s8(vqtbl1q_s8(vreinterpretq_s8_s32(a), pick));
}

SIMD void vf_transpose(vf v[VF]) {
    float32x4_t a = vtrn1q_f32(v[0], v[1]), b = vtrn2q_f32(v[0], v[1]);
    float32x4_t c = vtrn1q_f32(v[2], v[3]), d = vtrn2q_f32(v[2], v[3]);
    v[0] = vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(c)));
    v[1] = vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(b), vreinterpretq_f64_f32(d)));
    v[2] = vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(c)));
    v[3] = vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(b), vreinterpretq_f64_f32(d)));
}

enum { VH = 8 };
SIMD void vh_transpose(void *out, const uint8_t *const *rows, size_t at) {
    uint16x8_t v[4];
    UNROLL for (int i = 0; i < 4; i++) v[i] = vreinterpretq_u16_u8(vld1q_u8(rows[i] + at));
    const uint16x8_t pairs[4] = {vzip1q_u16(v[0], v[1]), vzip2q_u16(v[0], v[1]), vzip1q_u16(v[2], v[3]),
                                 vzip2q_u16(v[2], v[3])};
    uint32x4_t ab[2], cd[2];
    UNROLL for (int i = 0; i < 2; i++) {
        ab[i] = vreinterpretq_u32_u16(pairs[i]);
        cd[i] = vreinterpretq_u32_u16(pairs[2 + i]);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        vst1q_u32((uint32_t *)out + 8 * i, vzip1q_u32(ab[i], cd[i]));
        vst1q_u32((uint32_t *)out + 8 * i + 4, vzip2q_u32(ab[i], cd[i]));
    }
}

SIMD void vb_transpose(vi out[4], const vb v[4]) {
    vf f[4];
    UNROLL for (int i = 0; i < 4; i++) f[i] = vreinterpretq_f32_s8(v[i]);
    vf_transpose(f);
    UNROLL for (int i = 0; i < 4; i++) out[i] = vreinterpretq_s32_f32(f[i]);
}
SIMD vi vb_fold(const vi v[4]) { return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3])); }

enum { PANEL_FLIPPED = 0 };
typedef int8x16_t vq;
SIMD vq vq_load(const void *p) { return vld1q_s8(p); }
#ifdef __ARM_FEATURE_DOTPROD
SIMD vi vq_dot(vi sum, vq w, vi x) { return vdotq_s32(sum, w, vreinterpretq_s8_s32(x)); }
#else
// Products of two bytes are at most 128 * 127; the sum of two stays below 2^15.
SIMD vi vq_dot(vi sum, vq w, vi x) {
    int8x16_t b = vreinterpretq_s8_s32(x);
    int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(b)), high = vmull_high_s8(w, b);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}
#endif

SIMD vi vb_dot(vi sum, vb w, vb x, const bool negative) {
    (void)negative;
    return vq_dot(sum, w, vreinterpretq_s32_s8(x));
}
SIMD vi vb_dot_scaled(vi sum, vb w, vb x, vi scale, const bool negative) {
    return vmlaq_s32(sum, vb_dot(vdupq_n_s32(0), w, x, negative), vshrq_n_s32(scale, 16));
}

SIMD vi vb_dot2_scaled(vi sum, const vb w[2], const vb x[2], vi scales, int i) {
    const vi dot = vb_dot(vb_dot(vdupq_n_s32(0), w[0], x[0], false), w[1], x[1], false);
    return vmlaq_s32(sum, dot, vshrq_n_s32(vi_word(scales, i), 16));
}

#endif
