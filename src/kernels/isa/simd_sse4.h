// SPDX-License-Identifier: MIT
// SSE4.1, without FMA and F16C: 4 lanes of f32. simd.h says what the wrappers mean.
#ifndef QUILL_KERNELS_ISA_SIMD_SSE4_H
#define QUILL_KERNELS_ISA_SIMD_SSE4_H

#include <smmintrin.h>

#include "simd.h"
#include "simd_flush.h"
#include "tensor/half.h"

enum { VF = 4, TILE_F_VECTORS = 4, TILE_F_TOKENS = 2, TILE_Q_VECTORS = 2, TILE_Q_TOKENS = 2 };

typedef __m128 vf;
typedef __m128i vi;
typedef __m128i vb;
typedef __m128 vm;

SIMD vf vf_set1(float x) { return _mm_set1_ps(x); }
SIMD vf vf_load(const void *p) { return _mm_loadu_ps(p); }
SIMD void vf_store(void *p, vf a) { _mm_storeu_ps(p, a); }

#include "simd_part.h"

SIMD vf vf_add(vf a, vf b) { return _mm_add_ps(a, b); }
SIMD vf vf_sub(vf a, vf b) { return _mm_sub_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm_mul_ps(a, b); }
SIMD vf vf_div(vf a, vf b) { return _mm_div_ps(a, b); }
SIMD vf vf_max(vf a, vf b) { return _mm_max_ps(a, b); }
SIMD vf vf_min(vf a, vf b) { return _mm_min_ps(a, b); }
SIMD vf vf_abs(vf a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
SIMD vf vf_copysign(vf magnitude, vf sign) {
    return _mm_or_ps(vf_abs(magnitude), _mm_and_ps(_mm_set1_ps(-0.0f), sign));
}
SIMD vm vf_lt(vf a, vf b) { return _mm_cmplt_ps(a, b); }
SIMD vm vf_is_nan(vf a) { return _mm_cmpunord_ps(a, a); }
SIMD vm vm_and(vm a, vm b) { return _mm_and_ps(a, b); }
SIMD vf vf_select(vm m, vf a, vf b) { return _mm_blendv_ps(b, a, m); }

// q_fma_exact of base/fma.h on two lanes: if the sum is not exact and its last bit is 0, the result is its neighbour in
// the direction of the error.
SIMD __m128 fma_low(__m128 a, __m128 b, __m128 c) {
    __m128d p = _mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), z = _mm_cvtps_pd(c), s = _mm_add_pd(p, z);
    __m128d t = _mm_sub_pd(s, p), error = _mm_add_pd(_mm_sub_pd(p, _mm_sub_pd(s, t)), _mm_sub_pd(z, t));
    const __m128d zero = _mm_setzero_pd();
    __m128i up = _mm_castpd_si128(_mm_cmpgt_pd(error, zero)), down = _mm_castpd_si128(_mm_cmplt_pd(error, zero));
    __m128i positive = _mm_castpd_si128(_mm_cmpgt_pd(s, zero));
    __m128i bits = _mm_castpd_si128(s), inexact = _mm_or_si128(up, down);
    __m128i one = _mm_and_si128(_mm_andnot_si128(bits, inexact), _mm_set1_epi64x(1)); // where the last bit changes
    __m128i towards = _mm_and_si128(inexact, _mm_xor_si128(up, positive));            // -1: against the sign of s
    one = _mm_sub_epi64(_mm_xor_si128(one, towards), towards); // negated there
    return _mm_cvtpd_ps(_mm_castsi128_pd(_mm_add_epi64(bits, one)));
}
SIMD vf vf_fma(vf a, vf b, vf c) {
    return _mm_movelh_ps(fma_low(a, b, c), fma_low(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b), _mm_movehl_ps(c, c)));
}

SIMD vf vf_even(vf a, vf b) { return _mm_shuffle_ps(a, b, 0x88); }
SIMD vf vf_odd(vf a, vf b) { return _mm_shuffle_ps(a, b, 0xdd); }

SIMD vi vf_bits(vf a) { return _mm_castps_si128(a); }
SIMD vf vi_floats(vi a) { return _mm_castsi128_ps(a); }
SIMD vi vf_to_int(vf a) { return _mm_cvtps_epi32(a); }
SIMD vf vi_to_float(vi a) { return _mm_cvtepi32_ps(a); }
SIMD vi vi_set1(int32_t x) { return _mm_set1_epi32(x); }
SIMD vi vi_load(const void *p) { return _mm_loadu_si128(p); }
SIMD void vi_store(void *p, vi a) { _mm_storeu_si128(p, a); }
SIMD vi vi_add(vi a, vi b) { return _mm_add_epi32(a, b); }
SIMD vi vi_and(vi a, vi b) { return _mm_and_si128(a, b); }
SIMD vi vi_max(vi a, vi b) { return _mm_max_epi32(a, b); }
SIMD vi vi_or(vi a, vi b) { return _mm_or_si128(a, b); }
SIMD vi vi_mul(vi a, vi b) { return _mm_mullo_epi32(a, b); }
SIMD vi vi_dot16(vi sum, vi a, vi b) { return _mm_add_epi32(sum, _mm_madd_epi16(a, b)); }
SIMD vi vi_shl(vi a, int n) { return _mm_slli_epi32(a, n); }
SIMD vi vi_sra24(vi a) { return _mm_srai_epi32(a, 24); }
SIMD vi vi_shl23(vi a) { return _mm_slli_epi32(a, 23); }
SIMD int32_t vi_hmax(vi a) {
    a = _mm_max_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}
SIMD int32_t vi_hsum(vi a) {
    a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

SIMD void vi_store_i8(void *p, vi a) {
    __m128i words = _mm_packs_epi32(a, a);
    store_u32(p, (uint32_t)_mm_cvtsi128_si32(_mm_packs_epi16(words, words)));
}
SIMD vf vf_load_i8(const void *p) {
    return _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_cvtsi32_si128((int)load_u32(p))));
}
// After the shift the exponent is 112 too small; multiplying by 2^112 is exact, subnormals included.
SIMD vf vf_load_f16(const void *p) {
    __m128i h = _mm_cvtepu16_epi32(_mm_loadl_epi64(p)), magnitude = _mm_and_si128(h, _mm_set1_epi32(0x7fff));
    __m128i sign = _mm_slli_epi32(_mm_xor_si128(h, magnitude), 16), bits = _mm_slli_epi32(magnitude, 13);
    __m128i finite = _mm_castps_si128(_mm_mul_ps(_mm_castsi128_ps(bits), _mm_set1_ps(0x1p112f)));
    __m128i quiet = _mm_and_si128(_mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7c00)), _mm_set1_epi32(0x400000));
    __m128i special = _mm_or_si128(_mm_or_si128(bits, _mm_set1_epi32(0x7f800000)), quiet);
    __m128i is_special = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7bff));
    return _mm_castsi128_ps(_mm_or_si128(sign, _mm_blendv_epi8(finite, special, is_special)));
}
SIMD vf vf_load_bf16(const void *p) {
    return _mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(_mm_loadl_epi64(p)), 16));
}
SIMD void vf_store_f16(void *p, vf a) {
    float f[4];
    uint16_t h[4];
    _mm_storeu_ps(f, a);
    UNROLL for (int i = 0; i < 4; i++) h[i] = half_from_f32_saturate(f[i]);
    memcpy(p, h, sizeof h);
}

SIMD vb vb_same(const void *p) { return _mm_loadu_si128(p); }
SIMD vi vi_same(const void *p) { return vb_same(p); }
SIMD vb vb_load(const uint8_t *const *rows, size_t at) { return vb_same(rows[0] + at); }
SIMD vb vb_flip(vb a) { return _mm_xor_si128(a, _mm_set1_epi8((char)0x80)); }
SIMD vb vb_and(vb a, uint8_t mask) { return _mm_and_si128(a, _mm_set1_epi8((char)mask)); }
SIMD vb vb_mask(vb a, const uint8_t mask[16]) { return _mm_and_si128(a, vb_same(mask)); }
SIMD vb vb_add(vb a, uint8_t n) { return _mm_add_epi8(a, _mm_set1_epi8((char)n)); }
SIMD vb vb_or(vb a, vb b) { return _mm_or_si128(a, b); }
SIMD vb vb_shr(vb a, int n) { return n ? _mm_srli_epi16(a, n) : a; }
SIMD vb vb_shl(vb a, int n) { return n ? _mm_slli_epi16(a, n) : a; }
SIMD vb vb_bits(const uint8_t *const *rows, size_t at, int half, uint8_t value) {
    const __m128i byte = _mm_set_epi64x(0x0101010101010101ll * (2 * half + 1), 0x0202020202020202ll * half);
    const __m128i bits = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)load_u32(rows[0] + at)), byte);
    const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201);
    return vb_and(_mm_cmpeq_epi8(_mm_and_si128(bits, bit), bit), value);
}
SIMD vb vb_lookup(const int8_t table[16], vb index) { return _mm_shuffle_epi8(vb_same(table), index); }
SIMD vb vb_shuffle(vb a, const uint8_t pick[16]) { return _mm_shuffle_epi8(a, vb_same(pick)); }
SIMD vi vb_words(vb a, int half) {
    const vb zero = _mm_setzero_si128();
    return _mm_srai_epi16(half ? _mm_unpackhi_epi8(zero, a) : _mm_unpacklo_epi8(zero, a), 8);
}
SIMD vi vi_word(vi a, int i) { return _mm_shuffle_epi8(a, _mm_set1_epi16((short)(0x0100 + 0x0202 * i))); }

SIMD void vf_transpose(vf v[VF]) { _MM_TRANSPOSE4_PS(v[0], v[1], v[2], v[3]); }

enum { VH = 8 };
SIMD void vh_transpose(void *out, const uint8_t *const *rows, size_t at) {
    __m128i a = _mm_loadu_si128((const void *)(rows[0] + at)), b = _mm_loadu_si128((const void *)(rows[1] + at));
    __m128i c = _mm_loadu_si128((const void *)(rows[2] + at)), d = _mm_loadu_si128((const void *)(rows[3] + at));
    const __m128i ab[2] = {_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)};
    const __m128i cd[2] = {_mm_unpacklo_epi16(c, d), _mm_unpackhi_epi16(c, d)};
    UNROLL for (int i = 0; i < 2; i++) {
        _mm_store_si128((__m128i *)out + 2 * i, _mm_unpacklo_epi32(ab[i], cd[i]));
        _mm_store_si128((__m128i *)out + 2 * i + 1, _mm_unpackhi_epi32(ab[i], cd[i]));
    }
}

SIMD void vb_transpose(vi out[4], const vb v[4]) {
    vf f[4];
    UNROLL for (int i = 0; i < 4; i++) f[i] = _mm_castsi128_ps(v[i]);
    vf_transpose(f);
    UNROLL for (int i = 0; i < 4; i++) out[i] = _mm_castps_si128(f[i]);
}
SIMD vi vb_fold(const vi v[4]) { return _mm_hadd_epi32(_mm_hadd_epi32(v[0], v[1]), _mm_hadd_epi32(v[2], v[3])); }

// maddubs adds pairs in 16 bits: |w| <= 128 and |x| <= 127 keep 2 * 128 * 127 below 2^15, which w + 128 would not.
enum { PANEL_FLIPPED = 0 };
typedef struct {
    __m128i w, magnitude;
} vq;
SIMD vq vq_load(const void *p) {
    __m128i w = _mm_load_si128(p);
    return (vq){w, _mm_abs_epi8(w)};
}
SIMD vi vq_dot(vi sum, vq w, vi x) {
    __m128i pairs = _mm_maddubs_epi16(w.magnitude, _mm_sign_epi8(x, w.w));
    return _mm_add_epi32(sum, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
}
#define PAIR_SUMS
SIMD vi vq_pairs(vq w, vi x) { return _mm_maddubs_epi16(w.w, x); }
SIMD vi vi_add16(vi a, vi b) { return _mm_add_epi16(a, b); }

// Pairs of products in 16 bits.
SIMD __m128i pair_products(vb w, vb x, const bool negative) {
    return negative ? _mm_maddubs_epi16(_mm_abs_epi8(w), _mm_sign_epi8(x, w)) : _mm_maddubs_epi16(w, x);
}
SIMD vi vb_dot_scaled(vi sum, vb w, vb x, vi scale, const bool negative) {
    return vi_dot16(sum, pair_products(w, x, negative), scale);
}
SIMD vi vb_dot2_scaled(vi sum, const vb w[2], const vb x[2], vi scales, int i) {
    const __m128i pairs = _mm_add_epi16(_mm_maddubs_epi16(w[0], x[0]), _mm_maddubs_epi16(w[1], x[1]));
    return vi_dot16(sum, pairs, vi_word(scales, i));
}
SIMD vi vb_dot(vi sum, vb w, vb x, const bool negative) {
    return vb_dot_scaled(sum, w, x, _mm_set1_epi16(1), negative);
}

#endif
