// SPDX-License-Identifier: MIT
// A model that produces values that are not finite at one position.
#ifndef QUILL_TEST_SPOILT_MODEL_H
#define QUILL_TEST_SPOILT_MODEL_H

#include <math.h>

#include "base/buffer.h"
#include "formats/weights.h"
#include "test.h"

// The file of long32, with an infinity for the embedding of one position; to be freed.
static inline struct buffer spoil_position(int32_t position) {
    struct buffer b = {0};
    struct weights *w;
    quill_error err;
    FILE *f = fopen(TEST_DATA("gguf/long32-f32.gguf"), "rb");
    assert_non_null(f);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) assert_true(buffer_add(&b, chunk, n));
    fclose(f);
    assert_ok(weights_open_memory(&w, b.p, b.n, "long32", WEIGHTS_ALL, &err), err);
    const struct tensor *t = weights_tensor(w, STR("position_embd.weight"));
    assert_non_null(t);
    size_t at = (size_t)(t->data - (const uint8_t *)b.p) + (size_t)position * (size_t)t->shape[1] * sizeof(float);
    weights_close(w);
    const float infinity = (float)INFINITY;
    memcpy((char *)b.p + at, &infinity, sizeof infinity);
    return b;
}

#endif
