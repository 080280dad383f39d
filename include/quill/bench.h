// SPDX-License-Identifier: MIT
// What a machine can do at most, and what a model asks of it: the two numbers that a measured speed is compared with.
#ifndef QUILL_BENCH_H
#define QUILL_BENCH_H

#include <stdint.h>

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Of all threads of a session together, with the instruction set that its model uses. 0: not measured.
typedef struct quill_limits {
    double read_gb_per_s; // a plain read of the model's weights where they lie
    double fma_gflops;    // f32 multiply-adds, two operations each
    double int8_gops;     // multiply-adds of 8-bit integers into 32-bit sums, two operations each
} quill_limits;
// Measures them once; it takes some 50 ms and the time of one read of the weights.
void quill_measure_limits(quill_session *session, quill_limits *limits);

typedef struct quill_work {
    uint64_t block_weights; // multiply-adds of matrix products for each token
    uint64_t head_weights;  // the same for the logits of a token
    uint64_t weight_bytes;  // of the matrices of both
    uint64_t kv_bytes;      // of keys and values at n_positions
} quill_work;
// What one token asks for that sees n_positions before it, with a KV cache of type `kv_type` (NULL: "f16").
QUILL_MUST_CHECK quill_status quill_work_of(const quill_model *model, const char *kv_type, int32_t n_positions,
                                            quill_work *work, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
