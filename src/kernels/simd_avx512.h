// SPDX-License-Identifier: MIT
// AVX-512 (F, BW, DQ, VL, with FMA and F16C): 16 lanes of f32. What the wrappers mean is said in simd.h.
#ifndef QUILL_KERNELS_SIMD_AVX512_H
#define QUILL_KERNELS_SIMD_AVX512_H

#include <immintrin.h>

#include "simd.h"

#ifdef __AVX512VNNI__
enum { VF = 16, TILE_F_VECTORS = 2, TILE_F_TOKENS = 12, TILE_Q_VECTORS = 2, TILE_Q_TOKENS = 6 };
#else
enum { VF = 16, TILE_F_VECTORS = 2, TILE_F_TOKENS = 12, TILE_Q_VECTORS = 2, TILE_Q_TOKENS = 4 };
#endif

typedef __m512 vf;
typedef __m512i vi;
typedef __m256i vb;
typedef __mmask16 vm;

SIMD vf vf_set1(float x) { return _mm512_set1_ps(x); }
SIMD vf vf_load(const void *p) { return _mm512_loadu_ps(p); }
SIMD void vf_store(void *p, vf a) { _mm512_storeu_ps(p, a); }
SIMD vm first_lanes(size_t n) { return (vm)((1u << n) - 1u); }
SIMD vf vf_load_part(const void *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
SIMD void vf_store_part(void *p, vf a, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a); }

SIMD vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
SIMD vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
SIMD vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
SIMD vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
SIMD vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
SIMD vf vf_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
SIMD vf vf_copysign(vf magnitude, vf sign) {
    return _mm512_or_ps(vf_abs(magnitude), _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
SIMD vm vf_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
SIMD vm vf_is_nan(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
SIMD vm vm_and(vm a, vm b) { return (vm)(a & b); }
SIMD vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }

SIMD vi vf_bits(vf a) { return _mm512_castps_si512(a); }
SIMD vf vi_floats(vi a) { return _mm512_castsi512_ps(a); }
SIMD vi vf_to_int(vf a) { return _mm512_cvtps_epi32(a); }
SIMD vf vi_to_float(vi a) { return _mm512_cvtepi32_ps(a); }
SIMD vi vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
SIMD vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
SIMD void vi_store(void *p, vi a) { _mm512_storeu_si512(p, a); }
SIMD vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
SIMD vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
SIMD vi vi_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
SIMD vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
SIMD vi vi_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
SIMD vi vi_shl(vi a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
SIMD vi vi_sra24(vi a) { return _mm512_srai_epi32(a, 24); }
SIMD vi vi_shl23(vi a) { return _mm512_slli_epi32(a, 23); }
SIMD int32_t vi_hmax(vi a) { return _mm512_reduce_max_epi32(a); } // integers: exact in any order
SIMD int32_t vi_hsum(vi a) { return _mm512_reduce_add_epi32(a); }

SIMD void vi_store_i8(void *p, vi a) { _mm_storeu_si128(p, _mm512_cvtepi32_epi8(a)); }
SIMD vf vf_load_i8(const void *p) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(p))); }
SIMD vf vf_load_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
SIMD vf vf_load_bf16(const void *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}
SIMD void vf_store_f16(void *p, vf a) {
    a = vf_min(vf_set1(65504.0f), vf_max(vf_set1(-65504.0f), a)); // in this order a NaN stays
    _mm256_storeu_si256(p, _mm512_maskz_cvtps_ph((__mmask16)0xffff, a, _MM_FROUND_TO_NEAREST_INT));
}

SIMD vb vb_load(const void *p) { return _mm256_loadu_si256(p); }
SIMD vb vb_flip(vb a) { return _mm256_xor_si256(a, _mm256_set1_epi8((char)0x80)); }

SIMD vb vb_halves(const void *p) { // the shift crosses bytes; the mask undoes it
    __m128i a = _mm_loadu_si128(p);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(a, 4), a), _mm256_set1_epi8(15));
}
SIMD vb vb_and(vb a, uint8_t mask) { return _mm256_and_si256(a, _mm256_set1_epi8((char)mask)); }
SIMD vb vb_or(vb a, vb b) { return _mm256_or_si256(a, b); }
SIMD vb vb_shr(vb a, int n) { return _mm256_srli_epi16(a, n); }
SIMD vb vb_shl(vb a, int n) { return _mm256_slli_epi16(a, n); }
SIMD vb vb_bits(uint32_t bits) { return _mm256_movm_epi8(bits); }
SIMD vb vb_lookup(const int8_t table[16], vb index) {
    __m128i t = _mm_loadu_si128((const __m128i_u *)(const void *)table);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(t), index);
}

// 4x4 blocks within the 128-bit quarters, then the quarters among registers.
SIMD void vf_transpose(vf v[VF]) {
    __m512d t[16];
    UNROLL for (int i = 0; i < 16; i += 4) {
        __m512 a = _mm512_unpacklo_ps(v[i], v[i + 1]), b = _mm512_unpackhi_ps(v[i], v[i + 1]);
        __m512 c = _mm512_unpacklo_ps(v[i + 2], v[i + 3]), d = _mm512_unpackhi_ps(v[i + 2], v[i + 3]);
        t[i] = _mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(c));
        t[i + 1] = _mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(c));
        t[i + 2] = _mm512_unpacklo_pd(_mm512_castps_pd(b), _mm512_castps_pd(d));
        t[i + 3] = _mm512_unpackhi_pd(_mm512_castps_pd(b), _mm512_castps_pd(d));
    }
    UNROLL for (int i = 0; i < 4; i++) { // quarter q of t[4g + i] is column 4q + i of rows 4g..4g+3
        __m512 a = _mm512_castpd_ps(t[i]), b = _mm512_castpd_ps(t[4 + i]);
        __m512 c = _mm512_castpd_ps(t[8 + i]), d = _mm512_castpd_ps(t[12 + i]);
        __m512 ab = _mm512_shuffle_f32x4(a, b, 0x88), cd = _mm512_shuffle_f32x4(c, d, 0x88); // quarters 0 and 2
        v[i] = _mm512_shuffle_f32x4(ab, cd, 0x88);
        v[8 + i] = _mm512_shuffle_f32x4(ab, cd, 0xdd);
        ab = _mm512_shuffle_f32x4(a, b, 0xdd), cd = _mm512_shuffle_f32x4(c, d, 0xdd); // quarters 1 and 3
        v[4 + i] = _mm512_shuffle_f32x4(ab, cd, 0x88);
        v[12 + i] = _mm512_shuffle_f32x4(ab, cd, 0xdd);
    }
}

SIMD __m512i vb_join(vb low, vb high) { return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1); }

// Rows i and i + 8 share a register, so that a quarter of the 4x4 blocks holds four rows of one half of the bytes.
SIMD void vb_transpose(vi out[8], const vb rows[VF]) {
    __m512i t[8];
    UNROLL for (int i = 0; i < 8; i += 4) {
        __m512i r0 = vb_join(rows[i], rows[i + 8]), r1 = vb_join(rows[i + 1], rows[i + 9]);
        __m512i r2 = vb_join(rows[i + 2], rows[i + 10]), r3 = vb_join(rows[i + 3], rows[i + 11]);
        __m512i a = _mm512_unpacklo_epi32(r0, r1), b = _mm512_unpackhi_epi32(r0, r1);
        __m512i c = _mm512_unpacklo_epi32(r2, r3), d = _mm512_unpackhi_epi32(r2, r3);
        t[i] = _mm512_unpacklo_epi64(a, c);
        t[i + 1] = _mm512_unpackhi_epi64(a, c);
        t[i + 2] = _mm512_unpacklo_epi64(b, d);
        t[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    // The quarters of t[i]: dword i of rows 0-3, 4 + i of 0-3, i of 8-11, 4 + i of 8-11. t[4 + i]: rows 4-7 and 12-15.
    const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    UNROLL for (int i = 0; i < 4; i++) {
        out[i] = _mm512_permutex2var_epi64(t[i], low, t[4 + i]);
        out[4 + i] = _mm512_permutex2var_epi64(t[i], high, t[4 + i]);
    }
}

// vpdpbusd multiplies unsigned by signed bytes: the weights are flipped, w + 128, and a sum starts at -128 sum(x).
#ifdef __AVX512VNNI__
enum { PANEL_FLIPPED = 1 };
typedef __m512i vq;
SIMD vq vq_load(const void *p) { return _mm512_load_si512(p); }
SIMD vi vq_dot(vi sum, vq w, vi x) { return _mm512_dpbusd_epi32(sum, w, x); }
SIMD vi vi_dot16(vi sum, vi a, vi b) { return _mm512_dpwssd_epi32(sum, a, b); }
#else
// maddubs adds pairs in 16 bits: |w| <= 128 and |x| <= 127 keep 2 * 128 * 127 below 2^15, which w + 128 would not.
enum { PANEL_FLIPPED = 0 };
typedef struct {
    __m512i magnitude;
    __mmask64 negative;
} vq;
SIMD vq vq_load(const void *p) {
    __m512i w = _mm512_load_si512(p);
    return (vq){_mm512_abs_epi8(w), _mm512_movepi8_mask(w)};
}
SIMD vi vq_dot(vi sum, vq w, vi x) {
    __m512i signed_x = _mm512_mask_sub_epi8(x, w.negative, _mm512_setzero_si512(), x);
    __m512i pairs = _mm512_maddubs_epi16(w.magnitude, signed_x);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
SIMD vi vi_dot16(vi sum, vi a, vi b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
#endif

#endif
