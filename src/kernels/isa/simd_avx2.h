// SPDX-License-Identifier: MIT
// AVX2 with FMA and F16C: 8 lanes of f32. simd.h says what the wrappers mean.
#ifndef QUILL_KERNELS_ISA_SIMD_AVX2_H
#define QUILL_KERNELS_ISA_SIMD_AVX2_H

#include <immintrin.h>

#include "simd.h"
#include "simd_flush.h"

#ifdef __AVXVNNI__
enum { VF = 8, TILE_F_VECTORS = 2, TILE_F_TOKENS = 6, TILE_Q_VECTORS = 2, TILE_Q_TOKENS = 3 };
#else
enum { VF = 8, TILE_F_VECTORS = 2, TILE_F_TOKENS = 6, TILE_Q_VECTORS = 2, TILE_Q_TOKENS = 6 };
#endif

typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vb;
typedef __m256 vm;

SIMD vf vf_set1(float x) { return _mm256_set1_ps(x); }
SIMD vf vf_load(const void *p) { return _mm256_loadu_ps(p); }
SIMD void vf_store(void *p, vf a) { _mm256_storeu_ps(p, a); }

#include "simd_part.h"

SIMD vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
SIMD vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
SIMD vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
SIMD vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
SIMD vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
SIMD vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
SIMD vf vf_copysign(vf magnitude, vf sign) {
    return _mm256_or_ps(vf_abs(magnitude), _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
SIMD vm vf_lt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
SIMD vm vf_is_nan(vf a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
SIMD vm vm_and(vm a, vm b) { return _mm256_and_ps(a, b); }
SIMD vf vf_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }

SIMD vf vf_every_second(__m256 mixed) { // its quarters are of a, of b, of a, of b
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(mixed), 0xd8));
}
SIMD vf vf_even(vf a, vf b) { return vf_every_second(_mm256_shuffle_ps(a, b, 0x88)); }
SIMD vf vf_odd(vf a, vf b) { return vf_every_second(_mm256_shuffle_ps(a, b, 0xdd)); }

SIMD vi vf_bits(vf a) { return _mm256_castps_si256(a); }
SIMD vf vi_floats(vi a) { return _mm256_castsi256_ps(a); }
SIMD vi vf_to_int(vf a) { return _mm256_cvtps_epi32(a); }
SIMD vf vi_to_float(vi a) { return _mm256_cvtepi32_ps(a); }
SIMD vi vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
SIMD vi vi_load(const void *p) { return _mm256_loadu_si256(p); }
SIMD void vi_store(void *p, vi a) { _mm256_storeu_si256(p, a); }
SIMD vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
SIMD vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
SIMD vi vi_max(vi a, vi b) { return _mm256_max_epi32(a, b); }
SIMD vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
SIMD vi vi_mul(vi a, vi b) { return _mm256_mullo_epi32(a, b); }
SIMD vi vi_shl(vi a, int n) { return _mm256_slli_epi32(a, n); }
SIMD vi vi_sra24(vi a) { return _mm256_srai_epi32(a, 24); }
SIMD vi vi_shl23(vi a) { return _mm256_slli_epi32(a, 23); }
SIMD int32_t vi_hmax(vi a) {
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1)));
}
SIMD int32_t vi_hsum(vi a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

SIMD void vi_store_i8(void *p, vi a) {
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64(p, _mm_packs_epi16(words, words));
}
SIMD vf vf_load_i8(const void *p) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(p))); }
SIMD vf vf_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
SIMD vf vf_load_bf16(const void *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
SIMD void vf_store_f16(void *p, vf a) {
    a = vf_min(vf_set1(65504.0f), vf_max(vf_set1(-65504.0f), a)); // in this order a NaN stays
    _mm_storeu_si128(p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

SIMD __m128i load_16(const void *p) { return _mm_loadu_si128(p); }
SIMD vb vb_load(const uint8_t *const *rows, size_t at) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(rows[0] + at)), load_16(rows[4] + at), 1);
}
SIMD vb vb_same(const void *p) { return _mm256_broadcastsi128_si256(load_16(p)); }
SIMD vi vi_same(const void *p) { return vb_same(p); }
SIMD vb vb_flip(vb a) { return _mm256_xor_si256(a, _mm256_set1_epi8((char)0x80)); }
SIMD vb vb_and(vb a, uint8_t mask) { return _mm256_and_si256(a, _mm256_set1_epi8((char)mask)); }
SIMD vb vb_mask(vb a, const uint8_t mask[16]) { return _mm256_and_si256(a, vb_same(mask)); }
SIMD vb vb_add(vb a, uint8_t n) { return _mm256_add_epi8(a, _mm256_set1_epi8((char)n)); }
SIMD vb vb_or(vb a, vb b) { return _mm256_or_si256(a, b); }
SIMD vb vb_shr(vb a, int n) { return n ? _mm256_srli_epi16(a, n) : a; }
SIMD vb vb_shl(vb a, int n) { return n ? _mm256_slli_epi16(a, n) : a; }
SIMD vb vb_bits(const uint8_t *const *rows, size_t at, int half, uint8_t value) {
    __m256i bits = _mm256_set_m128i(_mm_loadu_si32(rows[4] + at), _mm_loadu_si32(rows[0] + at));
    const __m128i byte = _mm_set_epi64x(0x0101010101010101ll * (2 * half + 1), 0x0202020202020202ll * half);
    bits = _mm256_shuffle_epi8(bits, _mm256_broadcastsi128_si256(byte));
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    return vb_and(_mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit), value);
}
SIMD vb vb_lookup(const int8_t table[16], vb index) { return _mm256_shuffle_epi8(vb_same(table), index); }
SIMD vb vb_shuffle(vb a, const uint8_t pick[16]) { return _mm256_shuffle_epi8(a, vb_same(pick)); }
SIMD vi vb_words(vb a, int half) {
    const vb zero = _mm256_setzero_si256();
    return _mm256_srai_epi16(half ? _mm256_unpackhi_epi8(zero, a) : _mm256_unpacklo_epi8(zero, a), 8);
}
SIMD vi vi_word(vi a, int i) { return _mm256_shuffle_epi8(a, _mm256_set1_epi16((short)(0x0100 + 0x0202 * i))); }

SIMD void vf_transpose(vf v[VF]) {
    __m256 t[8];
    UNROLL for (int i = 0; i < 8; i += 4) {
        __m256 a = _mm256_unpacklo_ps(v[i], v[i + 1]), b = _mm256_unpackhi_ps(v[i], v[i + 1]);
        __m256 c = _mm256_unpacklo_ps(v[i + 2], v[i + 3]), d = _mm256_unpackhi_ps(v[i + 2], v[i + 3]);
        t[i] = _mm256_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(t[i], t[4 + i], 0x20);
        v[4 + i] = _mm256_permute2f128_ps(t[i], t[4 + i], 0x31);
    }
}

// 8x8 blocks within the halves: columns 0-7 and 8-15.
enum { VH = 16 };
SIMD void vh_transpose(void *out, const uint8_t *const *rows, size_t at) {
    __m256i v[8], a[8];
    UNROLL for (int i = 0; i < 8; i++) v[i] = _mm256_loadu_si256((const void *)(rows[i] + at));
    UNROLL for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_epi16(v[i], v[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi16(v[i], v[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4) { // v[i + j]: columns 2j and 2j + 1 of rows i..i + 3
        v[i] = _mm256_unpacklo_epi32(a[i], a[i + 2]);
        v[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 2]);
        v[i + 2] = _mm256_unpacklo_epi32(a[i + 1], a[i + 3]);
        v[i + 3] = _mm256_unpackhi_epi32(a[i + 1], a[i + 3]);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi64(v[i], v[4 + i]);
        a[2 * i + 1] = _mm256_unpackhi_epi64(v[i], v[4 + i]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        _mm_store_si128((__m128i *)out + i, _mm256_castsi256_si128(a[i]));
        _mm_store_si128((__m128i *)out + 8 + i, _mm256_extracti128_si256(a[i], 1));
    }
}

// The four lanes of each quarter, as a 4x4 block.
SIMD void vb_transpose(vi out[4], const vb v[4]) {
    __m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpackhi_epi32(v[0], v[1]);
    __m256i c = _mm256_unpacklo_epi32(v[2], v[3]), d = _mm256_unpackhi_epi32(v[2], v[3]);
    out[0] = _mm256_unpacklo_epi64(a, c);
    out[1] = _mm256_unpackhi_epi64(a, c);
    out[2] = _mm256_unpacklo_epi64(b, d);
    out[3] = _mm256_unpackhi_epi64(b, d);
}
SIMD vi vb_fold(const vi v[4]) {
    return _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
}

// vpdpbusd multiplies unsigned by signed bytes: the weights are flipped, w + 128, and a sum starts at -128 sum(x).
#ifdef __AVXVNNI__
enum { PANEL_FLIPPED = 1 };
typedef __m256i vq;
SIMD vq vq_load(const void *p) { return _mm256_load_si256(p); }
SIMD vi vq_dot(vi sum, vq w, vi x) { return _mm256_dpbusd_avx_epi32(sum, w, x); }
SIMD vi vi_dot16(vi sum, vi a, vi b) { return _mm256_dpwssd_avx_epi32(sum, a, b); }
#else
// maddubs adds pairs in 16 bits: |w| <= 128 and |x| <= 127 keep 2 * 128 * 127 below 2^15, which w + 128 would not.
enum { PANEL_FLIPPED = 0 };
typedef struct {
    __m256i w, magnitude;
} vq;
SIMD vq vq_load(const void *p) {
    __m256i w = _mm256_load_si256(p);
    return (vq){w, _mm256_abs_epi8(w)};
}
SIMD vi vq_dot(vi sum, vq w, vi x) {
    __m256i pairs = _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.w));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
SIMD vi vi_dot16(vi sum, vi a, vi b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
#define PAIR_SUMS
SIMD vi vq_pairs(vq w, vi x) { return _mm256_maddubs_epi16(w.w, x); }
SIMD vi vi_add16(vi a, vi b) { return _mm256_add_epi16(a, b); }
#define WIDE_PRODUCTS // on Zen, sign needs the ports of the products
SIMD vi vi_dot_wide(vi sum, vi a, vi b) {
    sum = vi_dot16(sum, a, b);
    __asm__("" : "+x"(sum)); // gcc 12 would add the products at the end, and until then keep them in memory
    return sum;
}
SIMD vi vi_even_bytes(vi a) { return _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8); }
SIMD vi vi_odd_bytes(vi a) { return _mm256_srai_epi16(a, 8); }
#endif

// Pairs of products in 16 bits.
SIMD __m256i pair_products(vb w, vb x, const bool negative) {
    return negative ? _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)) : _mm256_maddubs_epi16(w, x);
}
SIMD vi vb_dot_scaled(vi sum, vb w, vb x, vi scale, const bool negative) {
    return vi_dot16(sum, pair_products(w, x, negative), scale);
}
SIMD vi vb_dot2_scaled(vi sum, const vb w[2], const vb x[2], vi scales, int i) {
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(w[0], x[0]), _mm256_maddubs_epi16(w[1], x[1]));
    return vi_dot16(sum, pairs, vi_word(scales, i));
}
SIMD vi vb_dot(vi sum, vb w, vb x, const bool negative) {
#ifdef __AVXVNNI__
    (void)negative;
    return _mm256_dpbusd_avx_epi32(sum, w, x);
#else
    return vi_dot16(sum, pair_products(w, x, negative), _mm256_set1_epi16(1));
#endif
}

#endif
