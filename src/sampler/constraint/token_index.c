// SPDX-License-Identifier: MIT
#include "token_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct token {
    uint64_t first; // eight bytes, the first one highest; zeros behind the end
    struct str bytes;
    int32_t id;
};

static uint64_t first_bytes(struct str bytes) {
    uint64_t first = 0;
    for (size_t i = 0; i < 8; i++) first = first << 8 | (i < bytes.n ? (uint8_t)bytes.p[i] : 0);
    return first;
}

static int by_bytes(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    const int order = str_compare(a->bytes, b->bytes);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static size_t common(struct str a, struct str b) {
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n]) n++;
    return n;
}

// Fills the index from tokens[n] in order; false: no memory.
static bool fill(struct token_index *x, const struct token *tokens, size_t n) {
    size_t total = 0;
    x->n = n;
    x->ids = alloc_array(n, sizeof *x->ids);
    x->shared = alloc_array(n, sizeof *x->shared);
    x->at = alloc_array(n + 1, sizeof *x->at);
    if (!x->ids || !x->shared || !x->at) return false;
    for (size_t i = 0; i < n; i++) {
        const struct str bytes = tokens[i].bytes;
        x->ids[i] = tokens[i].id;
        x->shared[i] = i ? (uint32_t)common(tokens[i - 1].bytes, bytes) : 0;
        x->at[i] = total;
        total += bytes.n - x->shared[i];
        if (bytes.n > x->longest) x->longest = bytes.n;
    }
    x->at[n] = total;
    x->rest = alloc_array(total, 1);
    if (!x->rest) return false;
    for (size_t i = 0; i < n; i++)
        memcpy(x->rest + x->at[i], tokens[i].bytes.p + x->shared[i], x->at[i + 1] - x->at[i]);
    return true;
}

bool token_index_create(struct token_index *x, size_t n_vocab, token_bytes_fn *bytes_of, void *user) {
    *x = (struct token_index){0};
    struct token *tokens = alloc_array(n_vocab, sizeof *tokens);
    if (!tokens) return false;
    size_t n = 0;
    for (size_t id = 0; id < n_vocab; id++) {
        const struct str bytes = bytes_of(user, (int32_t)id);
        if (bytes.n > 0 && bytes.n < UINT32_MAX)
            tokens[n++] = (struct token){first_bytes(bytes), bytes, (int32_t)id};
    }
    qsort(tokens, n, sizeof *tokens, by_bytes);
    const bool ok = fill(x, tokens, n);
    free(tokens);
    if (!ok) token_index_free(x);
    return ok;
}

void token_index_free(struct token_index *x) {
    free(x->ids);
    free(x->shared);
    free(x->at);
    free(x->rest);
    *x = (struct token_index){0};
}

void token_index_walk(const struct token_index *x, struct automaton *a, struct reading *r, uint32_t from,
                      uint32_t *path, token_visit_fn *visit, void *user) {
    path[0] = from; // path[k]: the state behind the first k bytes of the present token
    for (size_t i = 0; i < x->n && !r->status;) {
        size_t k = x->shared[i];
        const char *byte = x->rest + x->at[i], *end = x->rest + x->at[i + 1];
        uint32_t state = path[k];
        while (byte < end && (state = a->kind->step(a, r, state, (uint8_t)*byte)) != DEAD) {
            path[++k] = state;
            byte++;
        }
        if (byte == end && !r->status && !visit(user, x->ids[i], state)) return;
        i++;
        if (byte == end) continue;
        while (i < x->n && x->shared[i] > k) i++; // they begin with the same dead end
    }
}
