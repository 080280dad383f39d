// SPDX-License-Identifier: MIT
// The kernels: everything that touches many numbers. There is one `const struct kernels` per instruction set;
// kernels_ref.c is the definition, and every other table gives the same bits.
//
// The rule that makes this possible: every output is one chain of operations in fixed ascending order, starting at +0,
// and SIMD lanes are different outputs, never parts of the same sum. The one exception is sums inside one row (norm
// statistics, softmax denominators): 16 virtual lanes, element i goes to lane i % 16, ascending, and then the fold 8+8,
// 4+4, 2+2, 1+1. Kernels are single-threaded, allocate nothing and keep no state; pointers may be unaligned unless
// stated otherwise.
#ifndef QUILL_KERNELS_KERNELS_H
#define QUILL_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

enum { ACT_BLOCK = 32 }; // values per activation block of ACT_Q8_32
enum { ACT_RUN_SUMS = 16, ACT_SUMS = 24 }; // of a block of ACT_Q8_256: of every 16 values, then of every 32

// Activations rounded to bfloat16, or quantized by the rule of their kind, in blocks of 32 or 256 values: x = xd * q.
// n_blocks = cols / block. The sums of q are exact, and stored as the products need them.
struct qacts {
    int8_t *q;      // [n_tokens][stride]
    float *xd;      // [n_tokens][n_blocks] scale: amax / 127, as amax * (1.0f/127.0f)
    float *xs;      // ACT_Q8_32: [n_tokens][n_blocks] xd * (float)sum, for Q4_1 and Q5_1
    int32_t *start; // ACT_Q8_32: [n_tokens][n_blocks] -128 * sum, where sums of products with weights + 128 begin
    int16_t *sums;  // ACT_Q8_256: [n_tokens][n_blocks][ACT_SUMS]
    uint16_t *bf16; // ACT_BF16, instead of the above: [n_tokens][stride]; zeros from cols to the end of a block of 32
    size_t stride;  // in values: at least cols, and for bf16 whole blocks
};

// out[t][r] = bias[r] + sum_c W[r][c] * x[t][c] for rows row0 <= r < row1, t < n_tokens; the bias is added last.
//   F32, F16: a = fma((float)w, x, a), c ascending.
//   BF16: for each 32 columns, ascending, the last padded with zeros: e = fma(w, x, e) over the even ones,
//   o = fma(w, x, o) over the odd ones, both from +0; then a = a + (e + o). A step's operands and result that are
//   subnormal become zero, with their sign; a result is subnormal if it is so when rounded to 24 bits with any
//   exponent. This is TDPBF16PS of AMX, whatever MXCSR says (Intel SDM volume 2). The bias is added in the same way.
//   Quantized types, over blocks b, ascending, D and B exact in int32, d, m and dmin the block's f16 scales as f32:
//   Q8_0, Q4_0, Q5_0, IQ4_NL, MXFP4: a = fma(d*xd, (float)D, a), D the dot product of the block.
//   Q4_1, Q5_1:                      the same, then a = fma(m, xs, a).
//   Q6_K, Q3_K, IQ4_XS:              D = sum over groups of scale * dot product; a = fma(d*xd, (float)D, a).
//   Q4_K, Q5_K, Q2_K:                the same, then B = sum of min * sum; a = fma(-(dmin*xd), (float)B, a).
struct matmul_job {
    struct mat w;    // one run of rows
    size_t row0, row1;
    size_t n_tokens;
    const float *x;  // [n_tokens][x_stride]; F32 and F16
    size_t x_stride;
    struct qacts q;  // the others
    const float *bias; // [rows] or NULL
    float *out;      // out[t * out_stride + r]
    size_t out_stride;
    void *scratch;   // kernels.scratch_bytes, 64-byte aligned
};

// ---- attention ----
// Keys and values are stored in tiles of 256 positions. A tile of one kv head is K then V:
//   K [16 blocks][head_dim][16 positions], V [256][head_dim].
// q8_0 has the same two arrays as int8, each followed by its f16 scales: K [16 blocks][n_groups][16 positions], V
// [256][n_groups]; one scale per group of 32 dimensions (the last group may be shorter).
enum { KV_TILE = 256, KV_LANES = 16, KV_GROUP = 32 };
enum kv_type { KV_F16, KV_F32, KV_Q8_0, KV_TYPE_COUNT };
enum { HEAD_DIM_LIMIT = 1024 }; // most values in a head: some kernels hold one head's values on the stack

size_t kv_keys_bytes(enum kv_type type, size_t head_dim);   // of one tile of one head; multiples of 64
size_t kv_values_bytes(enum kv_type type, size_t head_dim);

// Stores positions position..position+n-1 of a tile of one kv head; f16 stores saturate at +-65504.
struct kv_store_job {
    uint8_t *keys, *values; // the tile
    size_t position, n;     // within the tile
    size_t head_dim;
    const float *k, *v;     // of position + i at k + i * stride
    size_t stride; // at least cols
};

// n_q queries against one tile of their kv head. For query i over its visible positions j in [lo[i], hi[i]):
//   s_j = chain over d of fma(k[d], q[d], s); q8_0: chain over groups of fma(ws*xd, (float)D, s), the query quantized
//   per group by the rule of activations;
//   s_j = s_j * scale; when softcap > 0: s_j = softcap * tanh(s_j / softcap); when slope != 0: s_j = s_j + slope *
//   (j - pos[i]); when there is a bias: s_j = s_j + bias[i][j];
//   m = max s_j; p_j = exp(s_j - m); l = sum of p_j by 16 lanes (j % 16) and the fold;
//   o[d] = chain over j ascending of fma(p_j, v_j[d], o[d]).
struct attn_job {
    size_t head_dim, n_q;
    const float *q; // query i at q + i * q_stride
    size_t q_stride;
    const uint8_t *keys, *values;  // the tile
    const uint8_t *next;           // the keys that will be read next, to prefetch; NULL: none
    const int32_t *lo, *hi;        // [n_q] within the tile: 0 <= lo < hi <= 256
    const int32_t *pos;            // [n_q] the query's position relative to the tile's first; used with slope
    float scale, softcap, slope;
    const float *bias;             // [n_q][256], bias_stride floats apart, or NULL; not read at invisible positions
    size_t bias_stride;
    float *m, *l;                  // [n_q], ml_stride floats apart
    size_t ml_stride;
    float *o;                      // query i at o + i * o_stride
    size_t o_stride;
    void *scratch;                 // kernels.scratch_bytes
};

// Merges the tiles t of one query, ascending: M = max m_t; c_t = exp(m_t - M); L = fma(c_t, l_t, L);
// O[d] = fma(c_t, o_t[d], O[d]); out[d] = O[d] / L. m, l: [n_tiles]; o: [n_tiles][head_dim].
typedef void attn_merge_fn(float *out, const float *m, const float *l, const float *o, size_t n_tiles,
                           size_t head_dim);

enum act_fn {
    ACTF_GELU_TANH, ACTF_GELU_ERF, ACTF_QUICK_GELU, // quick: x / (1 + exp(-1.702 x))
    ACTF_RELU, ACTF_RELU_SQUARED, ACTF_SILU, ACTF_TANH, ACTF_COUNT,
};

// Rotary positions (Su et al. 2021): which values of a head form pair i of n. Each pair (a, b) turns by an angle whose
// cosine is turns[i] and whose sine is turns[n + i]: x[i] = fma(a, cos, -(b * sin)), x[n + i] = fma(b, cos, a * sin).
// The results lie in halves for both kinds: files that hold the same model in either order give the same bits.
enum rope_kind { ROPE_NONE, ROPE_HALVES, ROPE_PAIRS, ROPE_KIND_COUNT }; // x[i] and x[n + i]; x[2i] and x[2i + 1]

struct kernels {
    const char *name;     // "ref", "avx2", ...
    // A good number of matrix rows for one claim of work; job bounds should be multiples of it. With [in,out] storage
    // and up to 4 tokens, wide claims, of a quarter of the rows or more, are read much faster than narrow ones.
    size_t row_chunk;
    size_t scratch_bytes; // per thread; enough for every kernel of this table and heads of HEAD_DIM_LIMIT values

    // Activation rows. quantize takes whole blocks, to where `to` points; false: a value is not finite.
    bool (*quantize[ACT_KIND_COUNT])(const struct qacts *to, const float *x, size_t n);
    // n values to bfloat16, to nearest even, a NaN staying one; then zeros to the end of the last block of 32.
    void (*round_bf16)(uint16_t *out, const float *x, size_t n);
    // out may be x; w and b may be NULL.
    void (*layer_norm)(float *out, const float *x, const float *w, const float *b, float eps, size_t n);
    void (*rms_norm)(float *out, const float *x, const float *w, float eps, size_t n);
    void (*activate[ACTF_COUNT])(float *x, size_t n); // in place
    void (*add)(float *y, const float *x, size_t n);  // y += x
    void (*add_scaled)(float *y, const float *x, float scale, size_t n); // y = fma(scale, x, y)
    void (*multiply)(float *y, const float *x, size_t n); // y *= x
    void (*scale)(float *x, float factor, size_t n);      // x *= factor
    void (*clamp)(float *x, float limit, size_t n);       // x = max(-limit, min(x, limit)); a NaN stays
    void (*softcap)(float *x, float cap, size_t n);       // x = cap * tanh(x / cap)
    void (*rotate[ROPE_KIND_COUNT])(float *x, const float *turns, size_t n_pairs); // NULL for ROPE_NONE
    bool (*all_finite)(const float *x, size_t n);

    // Logits: the largest (first wins ties) and sum of exp(x - max) by 16 lanes and the fold.
    float (*row_max)(const float *x, size_t n);
    float (*row_exp_sum)(const float *x, size_t n, float max);

    void (*decode_row[DTYPE_COUNT])(float *out, const uint8_t *row, size_t n); // embedding rows
    void (*matmul[DTYPE_COUNT])(const struct matmul_job *job);

    void (*kv_store[KV_TYPE_COUNT])(const struct kv_store_job *job);
    void (*attn_tile[KV_TYPE_COUNT])(const struct attn_job *job);
    attn_merge_fn *attn_merge;

    // Peak rates of the instruction set, for benchmarks; NULL: not measured, or no such unit. All but peak_read, which
    // reads p[0..n), return how many operations they did, two for each multiply-add. peak_tile_blocks: by products of
    // 32 bytes whose sums are stored.
    double (*peak_fma)(size_t rounds);
    double (*peak_dot)(size_t rounds);
    void (*peak_read)(const void *p, size_t n);
    double (*peak_tile_int8)(size_t rounds);
    double (*peak_tile_bf16)(size_t rounds);
    double (*peak_tile_blocks)(size_t rounds);
};

extern const struct kernels kernels_ref;

// The best table that this machine can run, up to `cap`, a name of isa/instruction_sets.h; NULL: no cap. *level: the
// table's name. QUILL_E_USAGE: no such name, or this machine cannot run it.
quill_status kernels_select(const struct kernels **out, const char **level, const char *cap, quill_error *err);

// Every table this machine can run, lowest first; returns how many (at most `limit`). For tests and benchmarks.
size_t kernels_available(const struct kernels **out, size_t limit);

// Rounds a row of n values to a weight type, for writing models; n % block_values == 0. The same bits everywhere.
void encode_row(enum dtype type, uint8_t *out, const float *x, size_t n);
bool encode_known(enum dtype type); // false for MXFP4 and IQ4_XS, which are read but not written

#endif
