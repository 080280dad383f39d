// SPDX-License-Identifier: MIT
// IEEE binary16 and bfloat16 in plain integer arithmetic: exact to f32, round to nearest even from f32. The
// instructions (F16C, FCVT) give the same bits for every value. NaNs become quiet and keep their upper payload bits.
#ifndef QUILL_TENSOR_HALF_H
#define QUILL_TENSOR_HALF_H

#include <stdint.h>

#include "base/bytes.h"

static inline float half_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ffu;
    if (exponent == 31) return f32_from_bits(sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0));
    if (exponent) return f32_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    float tiny = (float)mantissa * 0x1p-24f; // zero and subnormals: exact
    return f32_from_bits(f32_bits(tiny) | sign);
}

static inline uint16_t half_from_f32(float f) {
    uint32_t bits = f32_bits(f), sign = bits >> 16 & 0x8000, x = bits & 0x7fffffff;
    if (x >= 0x7f800000) return (uint16_t)(sign | 0x7c00 | (x > 0x7f800000 ? 0x200 | (x >> 13 & 0x3ff) : 0));
    if (x >= 0x477ff000) return (uint16_t)(sign | 0x7c00); // 65520 and more round to infinity
    if (x < 0x38800000) { // below 2^-14: adding 0.5 leaves the subnormal's bits, rounded
        float shifted = f32_from_bits(x) + 0.5f;
        return (uint16_t)(sign | (f32_bits(shifted) - 0x3f000000));
    }
    return (uint16_t)(sign | ((x + 0xfff + (x >> 13 & 1)) - 0x38000000) >> 13);
}

// As half_from_f32, but values that are or would become infinite become +-65504. The KV cache is stored this way.
static inline uint16_t half_from_f32_saturate(float f) {
    uint32_t magnitude = f32_bits(f) & 0x7fffffff;
    if (magnitude >= 0x477ff000 && magnitude <= 0x7f800000) return (uint16_t)((f32_bits(f) >> 16 & 0x8000) | 0x7bff);
    return half_from_f32(f);
}

static inline float bf16_to_f32(uint16_t h) { return f32_from_bits((uint32_t)h << 16); }

static inline uint16_t bf16_from_f32(float f) {
    uint32_t x = f32_bits(f);
    if ((x & 0x7fffffff) > 0x7f800000) return (uint16_t)(x >> 16 | 0x40);
    return (uint16_t)((x + 0x7fff + (x >> 16 & 1)) >> 16);
}

#endif
