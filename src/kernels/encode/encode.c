// SPDX-License-Identifier: MIT
// Rounds rows of f32 to a weight type, and holds the fits that the block types share.
#include "encode.h"

#include <string.h>

#include "kernels/quant_blocks.h"
#include "kernels/ref/kernels_ref.h"
#include "tensor/half.h"

void encode_f32(uint8_t *out, const float *x, size_t n) { memcpy(out, x, n * sizeof *x); }

void encode_f16(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) store_u16(out + 2 * i, half_from_f32(x[i]));
}

void encode_bf16(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) store_u16(out + 2 * i, bf16_from_f32(x[i]));
}

// As ggml's reference quantizer: d = amax / 127, stored as f16; q = x * (1/d) rounded, halves away from zero. Where
// ggml's result would be infinite or undefined (values that are not finite, 1/d or f16 overflow), q is clamped and d
// saturates.
void encode_q8_0(uint8_t *out, const float *x, size_t n) {
    for (size_t b = 0; b < n / 32; b++, x += 32, out += dtypes[DTYPE_Q8_0].block_bytes) {
        float d = fabsf(largest(x, 32)) / 127.0f, id = d > 0 ? 1.0f / d : 0.0f;
        store_u16(out + Q8_0_D, half_from_f32_saturate(d));
        for (int i = 0; i < 32; i++) {
            float v = min_f32(max_f32(roundf(x[i] * id), -127.0f), 127.0f);
            out[Q8_0_Q + i] = (uint8_t)(int8_t)v;
        }
    }
}

static void (*const encoders[DTYPE_COUNT])(uint8_t *out, const float *x, size_t n) = {
#define ROW(type, name) [DTYPE_##type] = encode_##name,
    ENCODED(ROW)
};

bool encode_known(enum dtype type) { return encoders[type] != NULL; }

void encode_row(enum dtype type, uint8_t *out, const float *x, size_t n) { encoders[type](out, x, n); }

// ---- fits -----------------------------------------------------------------------------------------------------------

float largest(const float *x, size_t n) {
    float amax = 0, value = 0;
    for (size_t i = 0; i < n; i++) {
        float a = fabsf(x[i]);
        if (a > amax) amax = a, value = x[i];
    }
    return value;
}

float line_error(const float *x, size_t n, struct line line, float lo, float hi, float *q) {
    const quad inv = quad_of(inverse(line.scale)), scale = quad_of(line.scale), offset = quad_of(line.offset);
    quad sums[2] = {{0}, {0}};
    for (size_t i = 0; i < n; i += 2 * QUAD)
        for (size_t h = 0; h < 2; h++) {
            quad a = quad_load(x + i + h * QUAD), v = quad_to_grid((a + offset) * inv, quad_of(lo), quad_of(hi));
            quad e = a - (scale * v - offset);
            sums[h] += e * e;
            if (q) quad_store(q + i + h * QUAD, v);
        }
    return fold8(sums[0], sums[1]);
}

// The sums that least squares needs of values x and their q.
struct moments {
    float q, qq, x, xq;
};

static struct moments moments(const float *x, size_t n, struct line line, float lo, float hi) {
    const quad inv = quad_of(inverse(line.scale)), offset = quad_of(line.offset);
    quad q[2] = {{0}, {0}}, qq[2] = {{0}, {0}}, sx[2] = {{0}, {0}}, xq[2] = {{0}, {0}};
    for (size_t i = 0; i < n; i += 2 * QUAD)
        for (size_t h = 0; h < 2; h++) {
            quad a = quad_load(x + i + h * QUAD), v = quad_to_grid((a + offset) * inv, quad_of(lo), quad_of(hi));
            q[h] += v;
            qq[h] += v * v;
            sx[h] += a;
            xq[h] += a * v;
        }
    return (struct moments){fold8(q[0], q[1]), fold8(qq[0], qq[1]), fold8(sx[0], sx[1]), fold8(xq[0], xq[1])};
}

// Each trial scale gives some q, and these q have a best scale s = sum xq / sum q^2, where sum (x - s q)^2 = sum x^2 -
// (sum xq)^2 / sum q^2. The trial with the largest (sum xq)^2 / sum q^2 wins.
float fit_scale(const float *x, size_t n, float lo, float hi) {
    enum { TRIALS = 33, REFINEMENTS = 2 };
    const float max = largest(x, n);
    if (fabsf(max) < 0x1p-60f) return 0;
    float best = max / lo, gain = -1;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int t = 0; t < TRIALS; t++) {
            float scale = max / ((float)sign * (-lo + 1.0f - 0.1f * (float)t * (-lo < 8 ? -lo / 8.0f : 1.0f)));
            for (int r = 0; r < REFINEMENTS; r++) {
                struct moments m = moments(x, n, (struct line){scale, 0}, lo, hi);
                if (!(m.qq > 0)) break;
                scale = m.xq / m.qq;
                if (m.xq * scale > gain) gain = m.xq * scale, best = scale;
                else break;
            }
        }
    return best;
}

struct line fit_line(const float *x, size_t n, float hi, int offset_free) {
    enum { TRIALS = 24, REFINEMENTS = 2 };
    float least = x[0], most = x[0];
    for (size_t i = 1; i < n; i++) least = min_f32(x[i], least), most = max_f32(x[i], most);
    if (!offset_free && least > 0) least = 0;
    if (!(most - least > 0x1p-60f)) return (struct line){0, -least};
    struct line best = {(most - least) / hi, -least};
    float error = line_error(x, n, best, 0, hi, NULL);
    for (int t = 0; t < TRIALS; t++) {
        struct line line = {(most - least) / (hi + 0.1f * (float)(t - TRIALS / 2)), -least};
        for (int r = 0; r < REFINEMENTS; r++) {
            struct moments m = moments(x, n, line, 0, hi);
            float det = (float)n * m.qq - m.q * m.q;
            if (!(det > 0)) break;
            line.scale = ((float)n * m.xq - m.x * m.q) / det;
            line.offset = (m.q * m.xq - m.qq * m.x) / det;
            if (!offset_free && line.offset < 0) line = (struct line){m.xq / m.qq, 0};
            float e = line_error(x, n, line, 0, hi, NULL);
            if (e < error) error = e, best = line;
            else if (r) break;
        }
    }
    return best;
}
