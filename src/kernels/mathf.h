// SPDX-License-Identifier: MIT
// The functions of the forward pass, in the scalar form that defines their bits; body/math.inc has the same formulas on
// vectors. Coefficients: minimax fits on the stated intervals, rounded to f32 one by one while the rest is refitted.
#ifndef QUILL_KERNELS_MATHF_H
#define QUILL_KERNELS_MATHF_H

#include "base/fma.h"

// max and min as every instruction set computes them: if an operand is NaN, the second operand.
static inline float max_f32(float a, float b) { return a > b ? a : b; }
static inline float min_f32(float a, float b) { return a < b ? a : b; }

// Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, for |x| <= 2^22, and leaves it in the low bits.
#define ROUND_MAGIC 0x1.8p23f

#define EXP_LOWEST -87.33f   // below: +0
#define EXP_HIGHEST 88.7228f // above: +infinity
#define LOG2_E 0x1.715476p+0f
#define LN2_HIGH_F 0x1.62e4p-1f // 15 bits: n * LN2_HIGH_F is exact
#define LN2_LOW_F 0x1.7f7d1cp-20f

// exp(r) = 1 + r + r^2 P(r) on |r| <= ln2/2, approximation error 3.2e-9.
#define EXP_P0 0x1.fffffcp-2f
#define EXP_P1 0x1.555492p-3f
#define EXP_P2 0x1.5558bep-5f
#define EXP_P3 0x1.1239ep-7f
#define EXP_P4 0x1.6a3fb8p-10f

// tanh(x) = x + x^3 P(x^2) on |x| < TANH_SMALL, relative error 2.1e-10; above: 1 - 2 / (exp(2|x|) + 1).
#define TANH_SMALL 0.625f
#define TANH_P0 -0x1.555554p-2f
#define TANH_P1 0x1.111076p-3f
#define TANH_P2 -0x1.b9f042p-5f
#define TANH_P3 0x1.6393acp-6f
#define TANH_P4 -0x1.0bf9dcp-7f
#define TANH_P5 0x1.188eb4p-9f

// The normal distribution: Phi(x) = 1/2 + x P(x^2) on |x| < PHI_SMALL, error 1.3e-9; above, Phi(-x) = exp(T(x) -
// x^2/2), T fitted on [1.3, 13.3] with a relative error of Phi below 2e-7 * max(1, x^2/4).
#define PHI_SMALL 1.3f
#define PHI_LARGE 13.3f // from here on, Phi(-x) is below the smallest normal number
#define PHI_P0 0x1.988454p-2f
#define PHI_P1 -0x1.105868p-4f
#define PHI_P2 0x1.46d706p-7f
#define PHI_P3 -0x1.37a486p-10f
#define PHI_P4 0x1.e9682p-14f
#define PHI_P5 -0x1.49967ap-17f
#define PHI_P6 0x1.4887aep-21f
#define PHI_T0 -0x1.62cad6p-1f
#define PHI_T1 -0x1.990cbp-1f
#define PHI_T2 0x1.78a318p-3f
#define PHI_T3 -0x1.3edc32p-5f
#define PHI_T4 0x1.b5645ap-8f
#define PHI_T5 -0x1.ce80d4p-11f
#define PHI_T6 0x1.6a8de4p-14f
#define PHI_T7 -0x1.93357cp-18f
#define PHI_T8 0x1.2a82b8p-22f
#define PHI_T9 -0x1.0674f2p-27f
#define PHI_T10 0x1.9d13e4p-34f

// gelu by tanh: x/2 (1 + tanh(u)) = x / (1 + exp(-2u)), 2u = x (C0 + C1 x^2), C0 = 2 sqrt(2/pi), C1 = 0.044715 C0.
#define GELU_C0 0x1.988454p+0f
#define GELU_C1 0x1.2444f2p-4f

static inline float mathf_exp(float x) {
    if (x < EXP_LOWEST) return 0.0f;
    if (x > EXP_HIGHEST) return INFINITY;
    if (x != x) return x;
    float t = q_fma(x, LOG2_E, ROUND_MAGIC), n = t - ROUND_MAGIC;
    float r = q_fma(n, -LN2_LOW_F, q_fma(n, -LN2_HIGH_F, x));
    float p = q_fma(q_fma(q_fma(q_fma(EXP_P4, r, EXP_P3), r, EXP_P2), r, EXP_P1), r, EXP_P0);
    float y = q_fma(p, r * r, r) + 1.0f;
    return f32_from_bits(f32_bits(y) + (f32_bits(t) << 23)); // times 2^n: n lies in the low bits of t
}

static inline float mathf_tanh(float x) {
    float a = fabsf(x), s = x * x, y = 1.0f - 2.0f / (mathf_exp(a + a) + 1.0f);
    if (a < TANH_SMALL) {
        float p = q_fma(q_fma(q_fma(TANH_P5, s, TANH_P4), s, TANH_P3), s, TANH_P2);
        p = q_fma(q_fma(p, s, TANH_P1), s, TANH_P0);
        y = q_fma(p * s, a, a);
    }
    return copysignf(y, x);
}

static inline float mathf_gelu_tanh(float x) {
    float u = x * q_fma(x * x, GELU_C1, GELU_C0);
    return x / (1.0f + mathf_exp(-u));
}

static inline float mathf_gelu_erf(float x) {
    float a = fabsf(x), s = x * x;
    if (a < PHI_SMALL) {
        float p = q_fma(q_fma(q_fma(PHI_P6, s, PHI_P5), s, PHI_P4), s, PHI_P3);
        p = q_fma(q_fma(q_fma(p, s, PHI_P2), s, PHI_P1), s, PHI_P0);
        return x * q_fma(p, x, 0.5f);
    }
    a = min_f32(a, PHI_LARGE);
    float p = q_fma(q_fma(q_fma(q_fma(PHI_T10, a, PHI_T9), a, PHI_T8), a, PHI_T7), a, PHI_T6);
    p = q_fma(q_fma(q_fma(q_fma(p, a, PHI_T5), a, PHI_T4), a, PHI_T3), a, PHI_T2);
    p = q_fma(q_fma(p, a, PHI_T1), a, PHI_T0);
    float tail = mathf_exp(q_fma(s, -0.5f, p)); // Phi(-a)
    return x * (x > 0 ? 1.0f - tail : tail);
}

static inline float mathf_silu(float x) { return x / (1.0f + mathf_exp(-x)); }

// Hendrycks and Gimpel 2016, section 2: x times the logistic function of 1.702 x.
#define QUICK_GELU_C 1.702f
static inline float mathf_quick_gelu(float x) { return x / (1.0f + mathf_exp(-(x * QUICK_GELU_C))); }

#endif
