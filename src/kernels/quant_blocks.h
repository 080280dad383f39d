// SPDX-License-Identifier: MIT
// The blocks of the quantized weight types as stored in a file. Layouts and meanings: ggml's block structures
// (ggml-common.h, ggml-quants.c of https://github.com/ggml-org/ggml); little endian, no padding.
//
// Blocks of 32 hold value i in the low and value 16 + i in the high half of byte i. Blocks of 256 are eight runs of 32
// values; the reference sees them as 16 groups of 16, each with its scale (and minimum).
#ifndef QUILL_KERNELS_QUANT_BLOCKS_H
#define QUILL_KERNELS_QUANT_BLOCKS_H

#include "base/bytes.h"
#include "tensor/dtype.h"

enum { BLOCK_K = 256, GROUP_K = 16, GROUPS_K = BLOCK_K / GROUP_K };

// Byte offsets of the parts of a block. D and M: f16 scale and minimum; Q: the low bits of the values; H: the bits
// above them.
enum {
    Q8_0_D = 0, Q8_0_Q = 2,
    Q4_0_D = 0, Q4_0_Q = 2,
    Q4_1_D = 0, Q4_1_M = 2, Q4_1_Q = 4,
    Q5_0_D = 0, Q5_0_H = 2, Q5_0_Q = 6,
    Q5_1_D = 0, Q5_1_M = 2, Q5_1_H = 4, Q5_1_Q = 8,
    IQ4_NL_D = 0, IQ4_NL_Q = 2,
    MXFP4_E = 0, MXFP4_Q = 1, // E: exponent of 2, plus 128
    Q2_K_SCALES = 0, Q2_K_Q = 16, Q2_K_D = 80, Q2_K_M = 82,
    Q3_K_H = 0, Q3_K_Q = 32, Q3_K_SCALES = 96, Q3_K_D = 108,
    Q4_K_D = 0, Q4_K_M = 2, Q4_K_SCALES = 4, Q4_K_Q = 16,
    Q5_K_D = 0, Q5_K_M = 2, Q5_K_SCALES = 4, Q5_K_H = 16, Q5_K_Q = 48,
    Q6_K_Q = 0, Q6_K_H = 128, Q6_K_SCALES = 192, Q6_K_D = 208,
    IQ4_XS_D = 0, IQ4_XS_SCALES_H = 2, IQ4_XS_SCALES = 4, IQ4_XS_Q = 8,
};

// The last part of each block ends where the block ends.
_Static_assert(Q8_0_Q + 32 == Q8_0_BYTES && Q4_0_Q + 16 == Q4_0_BYTES && Q4_1_Q + 16 == Q4_1_BYTES &&
                   Q5_0_Q + 16 == Q5_0_BYTES && Q5_1_Q + 16 == Q5_1_BYTES && IQ4_NL_Q + 16 == IQ4_NL_BYTES &&
                   MXFP4_Q + 16 == MXFP4_BYTES,
               "blocks of 32 are as long as tensor/dtype.h says");
_Static_assert(Q2_K_M + 2 == Q2_K_BYTES && Q3_K_D + 2 == Q3_K_BYTES && Q4_K_Q + 128 == Q4_K_BYTES &&
                   Q5_K_Q + 128 == Q5_K_BYTES && Q6_K_D + 2 == Q6_K_BYTES && IQ4_XS_Q + 128 == IQ4_XS_BYTES,
               "blocks of 256 are as long as tensor/dtype.h says");

extern const int8_t codes_iq4[16];   // IQ4_NL and IQ4_XS
extern const int8_t codes_mxfp4[16]; // E2M1 (OCP Microscaling Formats 1.0), doubled

// 2^(e - 128), exact: subnormal for e < 2.
static inline float mxfp4_scale(uint8_t e) {
    return f32_from_bits(e < 2 ? (uint32_t)0x200000 << e : (uint32_t)(e - 1) << 23);
}

// A block in plain integers. Types without scales per group have only d; types without minima leave m and min unset.
struct quant_block {
    float d, m;
    int8_t scale[GROUPS_K], min[GROUPS_K];
    int8_t q[BLOCK_K];
};

// The formula of a value: d*q; d*q + m; d*scale*q; d*scale*q - m*min.
enum quant_form { QUANT_PLAIN, QUANT_MIN, QUANT_SCALES, QUANT_SCALES_MINS };

struct quant_format {
    enum quant_form form;
    void (*unpack)(struct quant_block *b, const uint8_t *block); // NULL: a float type
};

#define QUANT_FORMATS(X)                                                      \
    X(Q8_0, q8_0, QUANT_PLAIN)                                                \
    X(Q4_0, q4_0, QUANT_PLAIN)                                                \
    X(Q4_1, q4_1, QUANT_MIN)                                                  \
    X(Q5_0, q5_0, QUANT_PLAIN)                                                \
    X(Q5_1, q5_1, QUANT_MIN)                                                  \
    X(IQ4_NL, iq4_nl, QUANT_PLAIN)                                            \
    X(MXFP4, mxfp4, QUANT_PLAIN)                                              \
    X(Q2_K, q2_k, QUANT_SCALES_MINS)                                          \
    X(Q3_K, q3_k, QUANT_SCALES)                                               \
    X(Q4_K, q4_k, QUANT_SCALES_MINS)                                          \
    X(Q5_K, q5_k, QUANT_SCALES_MINS)                                          \
    X(Q6_K, q6_k, QUANT_SCALES)                                               \
    X(IQ4_XS, iq4_xs, QUANT_SCALES)

extern const struct quant_format quant_formats[DTYPE_COUNT];

#define UNPACK(type, name, form) void unpack_##name(struct quant_block *b, const uint8_t *block);
QUANT_FORMATS(UNPACK)
#undef UNPACK

// ---- scales of the runs or groups of a block of 256, one byte each, in ascending order ----

// Q4_K and Q5_K: 6 bits each. Bytes 0-3 and 4-7 hold scales and minima 0-3, with the upper two bits of 4-7 above them;
// bytes 8-11 the lower four bits of scales 4-7, and of the minima above them.
static inline uint64_t scales_q4_k(const uint8_t *scales) {
    uint32_t a = load_u32(scales), c = load_u32(scales + 8);
    uint32_t high = (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030);
    return (uint64_t)high << 32 | (a & 0x3f3f3f3f);
}

static inline uint64_t mins_q4_k(const uint8_t *scales) {
    uint32_t b = load_u32(scales + 4), c = load_u32(scales + 8);
    uint32_t high = (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030);
    return (uint64_t)high << 32 | (b & 0x3f3f3f3f);
}

// Q3_K: 6 bits each, plus 32. The halves of bytes 0-7 hold the lower four bits of scales 0-7 and 8-15; byte 8 + i % 4
// holds the upper two of scale i, at bit 2 * (i / 4).
static inline void scales_q3_k(uint8_t out[GROUPS_K], const uint8_t *scales) {
    uint32_t a = load_u32(scales), b = load_u32(scales + 4), c = load_u32(scales + 8);
    const uint32_t parts[4] = {
        (a & 0x0f0f0f0f) | (c << 4 & 0x30303030),
        (b & 0x0f0f0f0f) | (c << 2 & 0x30303030),
        (a >> 4 & 0x0f0f0f0f) | (c & 0x30303030),
        (b >> 4 & 0x0f0f0f0f) | (c >> 2 & 0x30303030),
    };
    for (int i = 0; i < 4; i++) { // subtracts 32 from each byte; bytes are below 64, so no borrow crosses a byte
        uint32_t biased = (parts[i] | 0x80808080) - 0x20202020;
        store_u32(out + 4 * i, biased ^ 0x80808080);
    }
}

// IQ4_XS: 6 bits each, plus 32; the lower four in the halves of four bytes, the upper two in a u16.
static inline uint64_t scales_iq4_xs(const uint8_t *block) {
    uint64_t out = 0;
    uint32_t low = load_u32(block + IQ4_XS_SCALES), high = load_u16(block + IQ4_XS_SCALES_H);
    for (int i = 0; i < 8; i++) {
        uint32_t scale = (low >> 4 * i & 15) | (high >> 2 * i & 3) << 4;
        out |= (uint64_t)(uint8_t)(scale - 32) << 8 * i;
    }
    return out;
}

#endif
