// SPDX-License-Identifier: MIT
// The ids of a generation: those that the next pass reads, and all of them.
//
// Where the context is full and the text is to go on, the oldest ids behind the first few are dropped, and the others
// move up: half of them, so that reading the rest again comes once in so many tokens.
#ifndef QUILL_SESSION_WINDOW_H
#define QUILL_SESSION_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
    int32_t *ids;   // [n_ctx + 1] what is read: the prompt and the tokens drawn, without those dropped; guesses behind
    size_t n;
    size_t n_ctx;
    size_t kept;    // so many of the first ids are never dropped
    bool shifts;    // ids may be dropped; `all` has them then
    int32_t *all;   // [n_all]
    size_t n_all, cap_all;
    size_t n_shifts;
};

bool window_create(struct window *w, int32_t n_ctx); // false: no memory
void window_free(struct window *w);                  // zeros are fine
// Begins with ids[0..n), at most n_ctx. False: no memory.
bool window_begin(struct window *w, const int32_t *ids, size_t n, bool shifts);
bool window_reserve(struct window *w);               // makes room for one more; false: no memory
void window_add(struct window *w, int32_t id);       // there is room for it
// All ids, *n of them.
const int32_t *window_all(const struct window *w, size_t *n);
// Whether the last id has no position.
static inline bool window_is_full(const struct window *w) { return w->n > w->n_ctx; }
// Drops the older half of the ids behind the first `kept`, which are fewer than n - 1.
void window_shift(struct window *w);

#endif
