// SPDX-License-Identifier: MIT
#include "token_runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

// What is read of a node's bytes.
struct so_far {
    uint32_t n;                    // whole characters
    uint32_t missing, code, least; // of one that is not whole: bytes that are missing, its bits, its least code point
};

struct counting {
    struct token_runs *runs;
    const struct token_index *x;
    const struct char_set *set;
    bool ascii[0x80];       // they are in the set
    struct so_far *so_far;  // [longest + 1] by number of bytes
    uint32_t *passed;       // [n_nodes] nodes whose own tokens are of the set
    size_t n_passed;
};

// Reads a byte of a longer character. False: what begins so is no text of the set.
static bool take_part(const struct counting *c, const struct so_far *before, uint8_t byte, struct so_far *after) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (before->missing == 0) {
        const uint32_t missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        *after = (struct so_far){before->n, missing, byte & (0x3fu >> missing), least[missing]};
        return byte >= 0xc0 && byte < 0xf8;
    }
    *after = (struct so_far){before->n, before->missing - 1, before->code << 6 | (byte & 0x3f), before->least};
    if ((byte & 0xc0) != 0x80) return false;
    if (after->missing) return true;
    after->n++;
    return after->code >= after->least && char_set_has(c->set, after->code);
}

// Reads one byte more. False: likewise.
static inline bool take_byte(const struct counting *c, const struct so_far *before, uint8_t byte,
                             struct so_far *after) {
    if (byte >= 0x80 || before->missing) return take_part(c, before, byte, after);
    after->n = before->n + 1;
    after->missing = 0;
    return c->ascii[byte];
}

// Finds the tokens of the set, and passes the nodes that begin them.
static void find_tokens(struct counting *c) {
    const struct token_index *x = c->x;
    struct token_runs *runs = c->runs;
    for (uint32_t i = 0; i < x->n_nodes;) {
        const struct token_node *node = &x->nodes[i];
        struct so_far *now = &c->so_far[node->depth];
        if (!take_byte(c, now - 1, (uint8_t)node->byte, now)) {
            i = node->end;
            continue;
        }
        const bool own = node->first < node[1].first, whole = !now->missing && now->n <= LONGEST_RUN;
        for (uint32_t k = node->first; whole && k < node[1].first; k++)
            runs->tokens[runs->n_tokens++] = (struct run_token){x->ids[k], now->n};
        if (own && whole && now->n > runs->most) runs->most = now->n;
        if (!own || whole) c->passed[c->n_passed++] = i;
        i++;
    }
}

static inline uint32_t go_on(const struct token_runs *runs, uint32_t i) { return runs->next[i] ? runs->next[i] : i; }

// A node is left out whose own tokens, and all that begin with its bytes, are of the set. From the last one to the
// first, what is behind a node is known.
static void leave_out(const struct counting *c) {
    for (size_t k = c->n_passed; k-- > 0;) {
        const uint32_t i = c->passed[k], end = c->x->nodes[i].end;
        if (go_on(c->runs, i + 1) >= end) c->runs->next[i] = go_on(c->runs, end);
    }
}

static bool make_room(struct counting *c) {
    const struct token_index *x = c->x;
    c->so_far = alloc_zeroed(x->longest + 1, sizeof *c->so_far);
    c->passed = alloc_array(x->n_nodes, sizeof *c->passed);
    c->runs->next = alloc_zeroed(x->n_nodes + 1, sizeof *c->runs->next);
    c->runs->tokens = alloc_array(x->n, sizeof *c->runs->tokens);
    return c->so_far && c->passed && c->runs->next && c->runs->tokens;
}

bool token_runs_create(struct token_runs *runs, const struct token_index *index, size_t n_vocab,
                       const struct char_set *set) {
    struct counting c = {.runs = runs, .x = index, .set = set};
    *runs = (struct token_runs){0};
    for (uint32_t code = 0; code < 0x80; code++) c.ascii[code] = char_set_has(set, code);
    bool ok = make_room(&c) && token_set_create(&runs->all, n_vocab);
    if (ok) {
        find_tokens(&c);
        leave_out(&c);
        for (size_t i = 0; i < runs->n_tokens; i++) token_set_add(&runs->all, (size_t)runs->tokens[i].id);
        struct run_token *tokens = alloc_resize(runs->tokens, runs->n_tokens, sizeof *tokens);
        if (tokens) runs->tokens = tokens;
        runs->of_length = alloc_zeroed(runs->most + 1, sizeof *runs->of_length);
        ok = runs->of_length != NULL;
    }
    free(c.so_far);
    free(c.passed);
    if (!ok) token_runs_free(runs);
    return ok;
}

void token_runs_free(struct token_runs *runs) {
    for (size_t i = 0; runs->of_length && i <= runs->most; i++) free(runs->of_length[i].bits);
    free(runs->of_length);
    free(runs->by_length);
    free(runs->all.bits);
    free(runs->tokens);
    free(runs->next);
    *runs = (struct token_runs){0};
}

// Puts the tokens in the order of their lengths. False: no memory.
static bool sort_by_length(struct token_runs *runs) {
    size_t *at = alloc_zeroed(runs->most + 2, sizeof *at), *next = alloc_array(runs->most + 2, sizeof *next);
    struct run_token *sorted = alloc_array(runs->n_tokens, sizeof *sorted);
    const bool ok = at && next && sorted;
    for (size_t i = 0; ok && i < runs->n_tokens; i++) at[runs->tokens[i].n + 1]++;
    for (size_t n = 0; ok && n <= runs->most; n++) at[n + 1] += at[n];
    if (ok) memcpy(next, at, (runs->most + 2) * sizeof *next);
    for (size_t i = 0; ok && i < runs->n_tokens; i++) sorted[next[runs->tokens[i].n]++] = runs->tokens[i];
    free(next);
    free(ok ? runs->tokens : sorted);
    if (ok) {
        runs->tokens = sorted;
        runs->by_length = at;
    } else free(at);
    return ok;
}

const struct token_set *token_runs_find(struct token_runs *runs, size_t n_vocab, uint32_t n) {
    if (n >= runs->most) return &runs->all;
    struct token_set *set = &runs->of_length[n];
    if (set->bits) return set;
    if (!(runs->by_length || sort_by_length(runs)) || !token_set_create(set, n_vocab)) return NULL;
    const size_t shorter = runs->by_length[n + 1];
    if (shorter < runs->n_tokens / 2) {
        for (size_t i = 0; i < shorter; i++) token_set_add(set, (size_t)runs->tokens[i].id);
        return set;
    }
    memcpy(set->bits, runs->all.bits, token_set_words(n_vocab) * sizeof *set->bits);
    set->n = runs->all.n;
    for (size_t i = shorter; i < runs->n_tokens; i++) token_set_remove(set, (size_t)runs->tokens[i].id);
    return set;
}
