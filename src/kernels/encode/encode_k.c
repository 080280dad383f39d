// SPDX-License-Identifier: MIT
// Encoders of the blocks of 256. First every group gets its own line; then the lines' scales (and offsets) are rounded
// to small integers times a scale of the block; then integers, values and the block's scales are improved in turn.
#include "encode.h"

#include <string.h>

#include "kernels/quant_blocks.h"
#include "tensor/half.h"

// How the types differ.
struct grid {
    size_t group;          // values per scale: 16 or 32
    float lo, hi;          // of q
    float scale_lo, scale_hi;
    float min_hi;          // 0: no minima
};

struct plan {
    float d, m;            // as stored: exact halves
    float scale[GROUPS_K], min[GROUPS_K];
    float q[BLOCK_K];
};

static float as_half(float x) { return half_to_f32(half_from_f32_saturate(x)); }

static struct line line_of(const struct plan *p, size_t g) {
    return (struct line){p->d * p->scale[g], p->m * p->min[g]};
}

// The integers nearest to the lines; the block's scales come from the largest line.
static void first_guess(struct plan *p, const struct grid *grid, const float *x) {
    struct line lines[GROUPS_K];
    float top = 0, top_offset = 0;
    const size_t n = BLOCK_K / grid->group;
    for (size_t g = 0; g < n; g++) {
        const float *group = x + g * grid->group;
        if (grid->min_hi > 0) lines[g] = fit_line(group, grid->group, grid->hi, 0);
        else lines[g] = (struct line){fit_scale(group, grid->group, grid->lo, grid->hi), 0};
        if (fabsf(lines[g].scale) > fabsf(top)) top = lines[g].scale;
        top_offset = max_f32(lines[g].offset, top_offset);
    }
    p->d = as_half(grid->scale_lo < 0 ? top / grid->scale_lo : top / grid->scale_hi);
    p->m = grid->min_hi > 0 ? as_half(top_offset / grid->min_hi) : 0;
    for (size_t g = 0; g < n; g++) {
        p->scale[g] = to_grid(lines[g].scale * inverse(p->d), grid->scale_lo, grid->scale_hi);
        p->min[g] = to_grid(lines[g].offset * inverse(p->m), 0, grid->min_hi);
    }
}

// For each group, picks the best integers among their neighbours, and the values for them; returns the sum of errors.
static float improve_groups(struct plan *p, const struct grid *grid, const float *x) {
    float sum = 0;
    for (size_t g = 0; g < BLOCK_K / grid->group; g++) {
        const float *group = x + g * grid->group, scale = p->scale[g], min = p->min[g];
        float best = -1;
        for (int ds = -1; ds <= 1; ds++)
            for (int dm = grid->min_hi > 0 ? -1 : 0; dm <= (grid->min_hi > 0 ? 1 : 0); dm++) {
                float s = scale + (float)ds, m = min + (float)dm;
                if (s < grid->scale_lo || s > grid->scale_hi || m < 0 || m > grid->min_hi) continue;
                float e = line_error(group, grid->group, (struct line){p->d * s, p->m * m}, grid->lo, grid->hi, NULL);
                if (best < 0 || e < best) best = e, p->scale[g] = s, p->min[g] = m;
            }
        sum += line_error(group, grid->group, line_of(p, g), grid->lo, grid->hi, p->q + g * grid->group);
    }
    return sum;
}

// Least squares over the whole block: x ~ d * (scale q) - m * min.
static void refit(struct plan *p, const struct grid *grid, const float *x) {
    float aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
    for (size_t g = 0; g < BLOCK_K / grid->group; g++) {
        float q = 0, qq = 0, sx = 0, xq = 0;
        for (size_t i = g * grid->group; i < (g + 1) * grid->group; i++) {
            q += p->q[i];
            qq += p->q[i] * p->q[i];
            sx += x[i];
            xq += x[i] * p->q[i];
        }
        aa += p->scale[g] * p->scale[g] * qq;
        ab += p->scale[g] * p->min[g] * q;
        bb += p->min[g] * p->min[g] * (float)grid->group;
        ax += p->scale[g] * xq;
        bx += p->min[g] * sx;
    }
    float det = aa * bb - ab * ab;
    if (grid->min_hi > 0 && det > 0) {
        p->d = as_half((ax * bb - ab * bx) / det);
        p->m = as_half((ab * ax - aa * bx) / det);
    } else if (aa > 0) {
        p->d = as_half(ax / aa);
    }
}

static struct plan plan(const struct grid *grid, const float *x) {
    enum { ROUNDS = 3 };
    struct plan best, next;
    memset(&next, 0, sizeof next);
    first_guess(&next, grid, x);
    float error = improve_groups(&next, grid, x);
    best = next;
    for (int r = 0; r < ROUNDS; r++) {
        refit(&next, grid, x);
        float e = improve_groups(&next, grid, x);
        if (!(e < error)) break;
        error = e;
        best = next;
    }
    return best;
}

// ---- packing: the reverse of decode_k.c ----

static void put_two_bits(uint8_t *bytes, int run, int i, uint32_t v) {
    bytes[run / 4 * 32 + i] |= (uint8_t)((v & 3) << 2 * (run % 4));
}

static void put_four_bits(uint8_t *bytes, int run, int i, uint32_t v) {
    bytes[run / 2 * 32 + i] |= (uint8_t)((v & 15) << 4 * (run % 2));
}

static void put_one_bit(uint8_t *bytes, int run, int i, uint32_t v) { bytes[i] |= (uint8_t)((v & 1) << run); }

static void put_q2_k(uint8_t *out, const struct plan *p) {
    store_u16(out + Q2_K_D, half_from_f32(p->d));
    store_u16(out + Q2_K_M, half_from_f32(p->m));
    for (int g = 0; g < GROUPS_K; g++)
        out[Q2_K_SCALES + g] = (uint8_t)((uint32_t)p->scale[g] | (uint32_t)p->min[g] << 4);
    for (int i = 0; i < BLOCK_K; i++) put_two_bits(out + Q2_K_Q, i / 32, i % 32, (uint32_t)p->q[i]);
}

static void put_q3_k(uint8_t *out, const struct plan *p) {
    store_u16(out + Q3_K_D, half_from_f32(p->d));
    for (int g = 0; g < GROUPS_K; g++) {
        uint32_t scale = (uint32_t)(p->scale[g] + 32);
        out[Q3_K_SCALES + g % 8] |= (uint8_t)((scale & 15) << g / 8 * 4);
        out[Q3_K_SCALES + 8 + g % 4] |= (uint8_t)(scale >> 4 << g / 4 * 2);
    }
    for (int i = 0; i < BLOCK_K; i++) {
        uint32_t q = (uint32_t)(p->q[i] + 4);
        put_two_bits(out + Q3_K_Q, i / 32, i % 32, q);
        put_one_bit(out + Q3_K_H, i / 32, i % 32, q >> 2);
    }
}

static void put_scales_q4_k(uint8_t *scales, const struct plan *p) {
    for (int r = 0; r < 4; r++) {
        uint32_t a = (uint32_t)p->scale[r], b = (uint32_t)p->min[r];
        uint32_t c = (uint32_t)p->scale[4 + r], d = (uint32_t)p->min[4 + r];
        scales[r] = (uint8_t)(a | c >> 4 << 6);
        scales[4 + r] = (uint8_t)(b | d >> 4 << 6);
        scales[8 + r] = (uint8_t)((c & 15) | (d & 15) << 4);
    }
}

static void put_q4_k(uint8_t *out, const struct plan *p) {
    store_u16(out + Q4_K_D, half_from_f32(p->d));
    store_u16(out + Q4_K_M, half_from_f32(p->m));
    put_scales_q4_k(out + Q4_K_SCALES, p);
    for (int i = 0; i < BLOCK_K; i++) put_four_bits(out + Q4_K_Q, i / 32, i % 32, (uint32_t)p->q[i]);
}

static void put_q5_k(uint8_t *out, const struct plan *p) {
    store_u16(out + Q5_K_D, half_from_f32(p->d));
    store_u16(out + Q5_K_M, half_from_f32(p->m));
    put_scales_q4_k(out + Q5_K_SCALES, p);
    for (int i = 0; i < BLOCK_K; i++) {
        put_four_bits(out + Q5_K_Q, i / 32, i % 32, (uint32_t)p->q[i]);
        put_one_bit(out + Q5_K_H, i / 32, i % 32, (uint32_t)p->q[i] >> 4);
    }
}

static void put_q6_k(uint8_t *out, const struct plan *p) {
    store_u16(out + Q6_K_D, half_from_f32(p->d));
    for (int g = 0; g < GROUPS_K; g++) out[Q6_K_SCALES + g] = (uint8_t)(int8_t)p->scale[g];
    for (int i = 0; i < BLOCK_K; i++) {
        uint32_t q = (uint32_t)(p->q[i] + 32);
        int run = i / 32;
        out[Q6_K_Q + 64 * (run / 4) + i % 64] |= (uint8_t)((q & 15) << 4 * (run % 4 / 2));
        put_two_bits(out + Q6_K_H, run, i % 32, q >> 4);
    }
}

static void encode(uint8_t *out, const float *x, size_t n, enum dtype type, const struct grid *grid,
                   void (*put)(uint8_t *out, const struct plan *p)) {
    const size_t bytes = dtypes[type].block_bytes;
    for (size_t i = 0; i < n; i += BLOCK_K, out += bytes) {
        struct plan p = plan(grid, x + i);
        memset(out, 0, bytes);
        put(out, &p);
    }
}

void encode_q2_k(uint8_t *out, const float *x, size_t n) {
    encode(out, x, n, DTYPE_Q2_K, &(struct grid){16, 0, 3, 0, 15, 15}, put_q2_k);
}
void encode_q3_k(uint8_t *out, const float *x, size_t n) {
    encode(out, x, n, DTYPE_Q3_K, &(struct grid){16, -4, 3, -32, 31, 0}, put_q3_k);
}
void encode_q4_k(uint8_t *out, const float *x, size_t n) {
    encode(out, x, n, DTYPE_Q4_K, &(struct grid){32, 0, 15, 0, 63, 63}, put_q4_k);
}
void encode_q5_k(uint8_t *out, const float *x, size_t n) {
    encode(out, x, n, DTYPE_Q5_K, &(struct grid){32, 0, 31, 0, 63, 63}, put_q5_k);
}
void encode_q6_k(uint8_t *out, const float *x, size_t n) {
    encode(out, x, n, DTYPE_Q6_K, &(struct grid){16, -32, 31, -128, 127, 0}, put_q6_k);
}
