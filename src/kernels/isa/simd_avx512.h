// SPDX-License-Identifier: MIT
// AVX-512 (F, BW, DQ, VL, with FMA and F16C): 16 lanes of f32. simd.h says what the wrappers mean.
#ifndef QUILL_KERNELS_ISA_SIMD_AVX512_H
#define QUILL_KERNELS_ISA_SIMD_AVX512_H

#include <immintrin.h>

#include "simd.h"
#include "simd_flush.h"

enum { VF = 16, TILE_F_VECTORS = 4, TILE_F_TOKENS = 6, TILE_Q_VECTORS = 2 };
#ifdef __AVX512VNNI__
enum { TILE_Q_TOKENS = 6 };
#else
enum { TILE_Q_TOKENS = 4 }; // a product needs registers of its own
#endif

typedef __m512 vf;
typedef __m512i vi;
typedef __m512i vb;
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

SIMD vf vf_even(vf a, vf b) {
    const vi pick = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    return _mm512_permutex2var_ps(a, pick, b);
}
SIMD vf vf_odd(vf a, vf b) {
    const vi pick = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    return _mm512_permutex2var_ps(a, pick, b);
}

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

SIMD __m128i load_16(const void *p) { return _mm_loadu_si128(p); }
SIMD vb vb_load(const uint8_t *const *rows, size_t at) {
    __m512i v = _mm512_castsi128_si512(load_16(rows[0] + at));
    v = _mm512_inserti32x4(v, load_16(rows[4] + at), 1);
    v = _mm512_inserti32x4(v, load_16(rows[8] + at), 2);
    return _mm512_inserti32x4(v, load_16(rows[12] + at), 3);
}
SIMD vb vb_same(const void *p) { return _mm512_broadcast_i32x4(load_16(p)); }
SIMD vi vi_same(const void *p) { return vb_same(p); }
SIMD vb vb_flip(vb a) { return _mm512_xor_si512(a, _mm512_set1_epi8((char)0x80)); }
SIMD vb vb_and(vb a, uint8_t mask) { return _mm512_and_si512(a, _mm512_set1_epi8((char)mask)); }
SIMD vb vb_mask(vb a, const uint8_t mask[16]) { return _mm512_and_si512(a, vb_same(mask)); }
SIMD vb vb_add(vb a, uint8_t n) { return _mm512_add_epi8(a, _mm512_set1_epi8((char)n)); }
SIMD vb vb_or(vb a, vb b) { return _mm512_or_si512(a, b); }
SIMD vb vb_shr(vb a, int n) { return n ? _mm512_srli_epi32(a, (unsigned)n) : a; }
SIMD vb vb_shl(vb a, int n) { return n ? _mm512_slli_epi32(a, (unsigned)n) : a; }
SIMD vb vb_bits(const uint8_t *const *rows, size_t at, int half, uint8_t value) {
    __m512i bits = _mm512_broadcastd_epi32(_mm_loadu_si32(rows[0] + at));
    bits = _mm512_mask_broadcastd_epi32(bits, 0x00f0, _mm_loadu_si32(rows[4] + at));
    bits = _mm512_mask_broadcastd_epi32(bits, 0x0f00, _mm_loadu_si32(rows[8] + at));
    bits = _mm512_mask_broadcastd_epi32(bits, 0xf000, _mm_loadu_si32(rows[12] + at));
    const __m128i byte = _mm_set_epi64x(0x0101010101010101ll * (2 * half + 1), 0x0202020202020202ll * half);
    bits = _mm512_shuffle_epi8(bits, _mm512_broadcast_i32x4(byte));
    const __m512i bit = _mm512_set1_epi64((long long)0x8040201008040201);
    return _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(bits, bit), _mm512_set1_epi8((char)value));
}
SIMD vb vb_lookup(const int8_t table[16], vb index) { return _mm512_shuffle_epi8(vb_same(table), index); }
SIMD vb vb_shuffle(vb a, const uint8_t pick[16]) { return _mm512_shuffle_epi8(a, vb_same(pick)); }
SIMD vi vb_words(vb a, int half) {
    const vb zero = _mm512_setzero_si512();
    return _mm512_srai_epi16(half ? _mm512_unpackhi_epi8(zero, a) : _mm512_unpacklo_epi8(zero, a), 8);
}
SIMD vi vi_word(vi a, int i) { return _mm512_shuffle_epi8(a, _mm512_set1_epi16((short)(0x0100 + 0x0202 * i))); }

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

// 8x8 blocks within the quarters of v, which are columns 0-7 and 8-15 of rows i, then those of rows 8 + i; the middle
// quarters are swapped at the end.
SIMD void half_transpose(__m256i *out, __m512i v[8]) {
    __m512i a[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi16(v[i], v[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi16(v[i], v[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4) { // v[i + j]: columns 2j and 2j + 1 of rows i..i + 3
        v[i] = _mm512_unpacklo_epi32(a[i], a[i + 2]);
        v[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 2]);
        v[i + 2] = _mm512_unpacklo_epi32(a[i + 1], a[i + 3]);
        v[i + 3] = _mm512_unpackhi_epi32(a[i + 1], a[i + 3]);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm512_unpacklo_epi64(v[i], v[4 + i]);
        a[2 * i + 1] = _mm512_unpackhi_epi64(v[i], v[4 + i]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        a[i] = _mm512_shuffle_i64x2(a[i], a[i], 0xd8);
        _mm256_store_si256(out + i, _mm512_castsi512_si256(a[i]));
        _mm256_store_si256(out + 8 + i, _mm512_extracti64x4_epi64(a[i], 1));
    }
}

// Loads each cache line once, as bf_load does.
enum { VH = 32 };
SIMD void vh_transpose(void *out, const uint8_t *const *rows, size_t at) {
    __m512i left[8], right[8];
    UNROLL for (int i = 0; i < 8; i++) {
        const __m512i a = _mm512_loadu_si512(rows[i] + at), b = _mm512_loadu_si512(rows[8 + i] + at);
        left[i] = _mm512_shuffle_i64x2(a, b, 0x44);
        right[i] = _mm512_shuffle_i64x2(a, b, 0xee);
    }
    half_transpose((__m256i *)out, left);
    half_transpose((__m256i *)out + 16, right);
}

// The four lanes of each quarter, as a 4x4 block.
SIMD void vb_transpose(vi out[4], const vb v[4]) {
    __m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpackhi_epi32(v[0], v[1]);
    __m512i c = _mm512_unpacklo_epi32(v[2], v[3]), d = _mm512_unpackhi_epi32(v[2], v[3]);
    out[0] = _mm512_unpacklo_epi64(a, c);
    out[1] = _mm512_unpackhi_epi64(a, c);
    out[2] = _mm512_unpacklo_epi64(b, d);
    out[3] = _mm512_unpackhi_epi64(b, d);
}
SIMD vi vb_fold(const vi v[4]) {
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
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
#define PAIR_SUMS
SIMD vi vq_pairs(vq w, vi x) { return _mm512_maddubs_epi16(w.magnitude, x); }
SIMD vi vi_add16(vi a, vi b) { return _mm512_add_epi16(a, b); }
#endif

// Pairs of products in 16 bits.
SIMD __m512i pair_products(vb w, vb x, const bool negative) {
    if (!negative) return _mm512_maddubs_epi16(w, x);
    return _mm512_maddubs_epi16(_mm512_abs_epi8(w),
                                _mm512_mask_sub_epi8(x, _mm512_movepi8_mask(w), _mm512_setzero_si512(), x));
}
SIMD vi vb_dot_scaled(vi sum, vb w, vb x, vi scale, const bool negative) {
    return vi_dot16(sum, pair_products(w, x, negative), scale);
}
SIMD vi vb_dot2_scaled(vi sum, const vb w[2], const vb x[2], vi scales, int i) {
#ifdef __AVX512VNNI__ // a sum of eight products fits the lower word
    const vi dot = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), w[0], x[0]), w[1], x[1]);
    return vi_dot16(sum, dot, _mm512_shuffle_epi8(scales, _mm512_set1_epi32((int)0x80800100 + 0x0202 * i)));
#else
    const vi pairs = _mm512_add_epi16(_mm512_maddubs_epi16(w[0], x[0]), _mm512_maddubs_epi16(w[1], x[1]));
    return vi_dot16(sum, pairs, vi_word(scales, i));
#endif
}
SIMD vi vb_dot(vi sum, vb w, vb x, const bool negative) {
#ifdef __AVX512VNNI__
    (void)negative;
    return _mm512_dpbusd_epi32(sum, w, x);
#else
    return vi_dot16(sum, pair_products(w, x, negative), _mm512_set1_epi16(1));
#endif
}

#endif
