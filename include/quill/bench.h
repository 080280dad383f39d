// SPDX-License-Identifier: MIT
// The limits of a machine, and the work that a model asks of it: a measured speed is compared with both.
#ifndef QUILL_BENCH_H
#define QUILL_BENCH_H

#include <stdint.h>

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Rates of all threads of a session together, with the kernels that its model uses. 0: not measured. 1 GB: 10^9 bytes.
typedef struct quill_limits {
    double read_gb_per_s; // reading the model's weights in place
    double fma_gflops;    // f32 multiply-adds, two operations each
    double int8_gops;     // multiply-adds of 8-bit integers into 32-bit sums, two operations each
    // The same by tile registers (AMX).
    double tile_int8_gops;   // 8-bit integers
    double tile_bf16_gflops; // bfloat16 into f32
    double tile_block_gops;  // 8-bit integers in blocks of 32, each of whose sums are stored: the bound of such types
} quill_limits;
// Measures them anew at each call: some 50 ms, and the time of a few reads of all weights.
void quill_measure_limits(quill_session *session, quill_limits *limits);

typedef struct quill_work {
    uint64_t block_weights; // multiply-adds of matrix products for each token
    uint64_t head_weights;  // the same for the logits of a token
    uint64_t weight_bytes;  // bytes of the matrices of both
    uint64_t kv_bytes;      // bytes of keys and values of n_positions positions
} quill_work;
// The work of one token with n_positions before it and a KV cache of type `kv_type` (NULL: "f16").
// Errors: QUILL_E_USAGE (n_positions above the model's, an unknown kv_type).
QUILL_MUST_CHECK quill_status quill_work_of(const quill_model *model, const char *kv_type, int32_t n_positions,
                                            quill_work *work, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
