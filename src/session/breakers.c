// SPDX-License-Identifier: MIT
#include "breakers.h"

#include <string.h>

#include "base/alloc.h"

void breakers_begin(struct breakers *b, const quill_tokenizer *tokenizer, const quill_sampling *sampling) {
    *b = (struct breakers){.tokenizer = tokenizer, .sampling = sampling, .ends = b->ends, .cap = b->cap};
}

void breakers_free(struct breakers *b) { free(b->ends); }

// Whether `text` ends within the bytes of a token: it lies in them, or begins in the tail.
static bool ends_here(const struct breakers *b, const char *text, const char *bytes, size_t n) {
    const size_t length = strlen(text);
    if (n >= length && memmem(bytes, n, text, length)) return true;
    for (size_t before = 1; before < length && before <= b->n_tail; before++)
        if (length - before <= n && memcmp(b->tail + b->n_tail - before, text, before) == 0 &&
            memcmp(bytes, text + before, length - before) == 0)
            return true;
    return false;
}

static void extend_tail(struct breakers *b, const char *bytes, size_t n) {
    const size_t room = sizeof b->tail;
    if (n > room) bytes += n - room, n = room;
    const size_t stays = b->n_tail + n > room ? room - n : b->n_tail;
    memmove(b->tail, b->tail + b->n_tail - stays, stays);
    if (n) memcpy(b->tail + stays, bytes, n);
    b->n_tail = stays + n;
}

bool breakers_read(struct breakers *b, const int32_t *ids, size_t n, const bool **found) {
    *found = NULL;
    if (!(b->sampling->dry_multiplier > 0) || b->sampling->n_dry_breakers == 0) return true;
    bool *all = alloc_grow(b->ends, &b->cap, n, sizeof *all);
    if (!all) return false;
    *found = b->ends = all;
    for (; b->n < n; b->n++) {
        size_t n_bytes;
        const char *bytes = quill_token_bytes(b->tokenizer, ids[b->n], QUILL_SPECIAL_PARSE, &n_bytes);
        bool ends = false;
        for (size_t i = 0; n_bytes && i < b->sampling->n_dry_breakers && !ends; i++)
            ends = ends_here(b, b->sampling->dry_breakers[i], bytes, n_bytes);
        all[b->n] = ends;
        if (n_bytes) extend_tail(b, bytes, n_bytes);
    }
    return true;
}
