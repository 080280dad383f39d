// SPDX-License-Identifier: MIT
#include "token_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static size_t common(struct str a, struct str b) {
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n]) n++;
    return n;
}

// ---- an index, token by token -----------------------------------------------------------------------

bool token_index_begin(struct token_index *x, size_t n_tokens) {
    *x = (struct token_index){.ids = alloc_array(n_tokens, sizeof *x->ids)};
    return x->ids != NULL;
}

// A place for one node more, behind those in use.
static bool make_room(struct token_index *x) {
    if (x->n_nodes < x->cap_nodes) return true;
    struct token_node *nodes = NULL;
    if (x->n_nodes < MOST_TOKEN_NODES) nodes = alloc_grow(x->nodes, &x->cap_nodes, x->n_nodes + 1, sizeof *nodes);
    if (nodes) x->nodes = nodes;
    return nodes != NULL;
}

bool token_index_add(struct token_index *x, int32_t id, struct str bytes, size_t shared) {
    for (size_t i = shared; i < bytes.n; i++) {
        if (!make_room(x)) return false;
        x->nodes[x->n_nodes++] = (struct token_node){
            .first = (uint32_t)x->n, .depth = ((uint32_t)i + 1) & LONGEST_TOKEN, .byte = (uint8_t)bytes.p[i]};
    }
    x->ids[x->n++] = id;
    if (bytes.n > x->longest) x->longest = bytes.n;
    return true;
}

bool token_index_end(struct token_index *x) {
    if (!make_room(x)) return false;
    x->nodes[x->n_nodes] = (struct token_node){.first = (uint32_t)x->n};
    for (size_t i = x->n_nodes; i-- > 0;) {
        uint32_t end = (uint32_t)i + 1;
        while (end < x->n_nodes && x->nodes[end].depth > x->nodes[i].depth) end = x->nodes[end].end;
        x->nodes[i].end = end;
    }
    return true;
}

void token_index_free(struct token_index *x) {
    free(x->ids);
    free(x->nodes);
    *x = (struct token_index){0};
}

// ---- of a vocabulary --------------------------------------------------------------------------------

struct key {
    uint64_t first; // eight bytes, the first one highest; zeros behind the end
    uint32_t token;
};

static uint64_t first_bytes(struct str bytes) {
    uint64_t first = 0;
    for (size_t i = 0; i < sizeof first; i++) first = first << 8 | (i < bytes.n ? (uint8_t)bytes.p[i] : 0);
    return first;
}

// By the first bytes (radix sort, from the last digit to the first; what is equal stays in order). False: no memory.
static bool sort_keys(struct key *keys, size_t n) {
    struct key *other = alloc_array(n, sizeof *other), *from = keys, *to = other;
    for (unsigned digit = 0; other && digit < sizeof keys->first; digit++) {
        size_t at[257] = {0};
        for (size_t i = 0; i < n; i++) at[(from[i].first >> 8 * digit & 0xff) + 1]++;
        for (size_t i = 0; i < 256; i++) at[i + 1] += at[i];
        for (size_t i = 0; i < n; i++) to[at[from[i].first >> 8 * digit & 0xff]++] = from[i];
        struct key *const swap = from;
        from = to;
        to = swap;
    }
    const bool ok = other != NULL;
    free(other); // an even number of digits: all are in `keys`
    return ok;
}

static int by_bytes(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    const int order = str_compare(a->bytes, b->bytes);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

// Puts tokens in order whose first bytes are equal.
static void sort_rest(struct token *tokens, const struct key *keys, size_t n) {
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && keys[end].first == keys[i].first;) end++;
        if (end - i > 1) qsort(tokens + i, end - i, sizeof *tokens, by_bytes);
    }
}

bool token_list_create(struct token_list *list, size_t n_vocab, token_bytes_fn *bytes_of, void *user) {
    struct token *tokens = alloc_array(n_vocab, sizeof *tokens);
    struct key *keys = alloc_array(n_vocab, sizeof *keys);
    *list = (struct token_list){.tokens = alloc_array(n_vocab, sizeof *tokens)};
    for (size_t id = 0; id < n_vocab && tokens && keys; id++) {
        const struct str bytes = bytes_of(user, (int32_t)id);
        if (bytes.n == 0) continue;
        tokens[list->n] = (struct token){(int32_t)id, bytes};
        keys[list->n] = (struct key){first_bytes(bytes), (uint32_t)list->n};
        list->n++;
    }
    const bool ok = tokens && keys && list->tokens && sort_keys(keys, list->n);
    for (size_t i = 0; ok && i < list->n; i++) list->tokens[i] = tokens[keys[i].token];
    if (ok) sort_rest(list->tokens, keys, list->n);
    free(tokens);
    free(keys);
    if (!ok) token_list_free(list);
    return ok;
}

void token_list_free(struct token_list *list) {
    free(list->tokens);
    *list = (struct token_list){0};
}

bool token_index_create(struct token_index *x, const struct token_list *list, size_t least, size_t most) {
    struct str before = {0};
    bool ok = token_index_begin(x, list->n);
    for (size_t i = 0; ok && i < list->n; i++) {
        const struct token *token = &list->tokens[i];
        if (token->bytes.n < least || token->bytes.n > most) continue;
        ok = token_index_add(x, token->id, token->bytes, common(before, token->bytes));
        before = token->bytes;
    }
    ok = ok && token_index_end(x);
    if (!ok) token_index_free(x);
    return ok;
}

// ---- a walk -----------------------------------------------------------------------------------------

// next: NULL for all tokens.
static inline size_t walk(const struct token_index *x, struct automaton *a, struct reading *r, uint32_t from,
                          uint32_t *path, const uint32_t *next, token_visit_fn *visit, void *user) {
    size_t n = 0;
    path[0] = from; // path[k]: the state behind the first k bytes of the present node
    for (size_t i = 0; i < x->n_nodes && !r->status;) {
        if (next && next[i]) {
            i = next[i];
            continue;
        }
        const struct token_node *node = &x->nodes[i];
        const uint32_t state = a->kind->step(a, r, path[node->depth - 1], (uint8_t)node->byte);
        n++;
        if (state == DEAD) {
            i = node->end;
            continue;
        }
        path[node->depth] = state;
        for (uint32_t k = node->first; k < node[1].first; k++)
            if (!visit(user, x->ids[k], state)) return n;
        i++;
    }
    return n;
}

size_t token_index_walk(const struct token_index *x, struct automaton *a, struct reading *r, uint32_t from,
                        uint32_t *path, token_visit_fn *visit, void *user) {
    return walk(x, a, r, from, path, NULL, visit, user);
}

size_t token_index_walk_some(const struct token_index *x, struct automaton *a, struct reading *r, uint32_t from,
                             uint32_t *path, const uint32_t *next, token_visit_fn *visit, void *user) {
    return walk(x, a, r, from, path, next, visit, user);
}
