// SPDX-License-Identifier: MIT
#include "regex_build.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "regex_anchors.h"
#include "regex_edges.h"
#include "regex_parse.h"

enum { MOST_NODES = 1 << 18, MOST_WORK = 1 << 22 };

struct builder {
    struct nfa *nfa;
    size_t work;     // calls so far: a repetition of nothing makes no nodes
    bool too_large;
    bool no_memory;
};

static uint32_t add(struct builder *b, enum nfa_op op, uint32_t set, uint32_t next, uint32_t other) {
    struct nfa *nfa = b->nfa;
    if (nfa->n == MOST_NODES) b->too_large = true;
    if (b->too_large || b->no_memory) return 0;
    if (nfa->n == nfa->cap) {
        struct nfa_node *nodes = alloc_grow(nfa->nodes, &nfa->cap, nfa->n + 1, sizeof *nodes);
        b->no_memory = !nodes;
        if (!nodes) return 0;
        nfa->nodes = nodes;
    }
    nfa->nodes[nfa->n] = (struct nfa_node){op, set, next, other};
    return (uint32_t)nfa->n++;
}

static uint32_t build(struct builder *b, const struct tree *t, uint32_t next);

static uint32_t build_repeat(struct builder *b, const struct tree *t, uint32_t next) {
    uint32_t from = next, copies = t->min;
    if (t->max == WITHOUT_END) {
        const uint32_t loop = add(b, NFA_SPLIT, 0, 0, next), body = build(b, t->left, loop);
        if (b->too_large || b->no_memory) return 0;
        b->nfa->nodes[loop].next = body;
        from = t->min ? body : loop;
        copies -= t->min > 0;
    } else {
        for (uint32_t i = t->min; i < t->max && !b->too_large && !b->no_memory; i++)
            from = add(b, NFA_SPLIT, 0, build(b, t->left, from), next);
    }
    for (uint32_t i = 0; i < copies && !b->too_large && !b->no_memory; i++) from = build(b, t->left, from);
    return from;
}

// Returns the node from which the tree is read, to go on at `next`. The tree is as deep as groups are nested, but to
// the left as deep as the pattern is long.
static uint32_t build(struct builder *b, const struct tree *t, uint32_t next) {
    if (b->work++ == MOST_WORK) b->too_large = true;
    while (t->op == TREE_CHAIN && !b->too_large && !b->no_memory) {
        next = build(b, t->right, next);
        t = t->left;
    }
    if (b->too_large || b->no_memory) return 0;
    uint32_t from;
    switch (t->op) {
    case TREE_CHAR: return add(b, NFA_CHAR, t->set, next, 0);
    case TREE_BEGIN: return add(b, NFA_BEGIN, 0, next, 0);
    case TREE_END: return add(b, NFA_END, 0, next, 0);
    case TREE_EDGE: return add(b, NFA_EDGE, 0, next, 0);
    case TREE_NO_EDGE: return add(b, NFA_NO_EDGE, 0, next, 0);
    case TREE_REPEAT: return build_repeat(b, t, next);
    case TREE_EITHER:
        from = build(b, t->right, next);
        for (t = t->left; t->op == TREE_EITHER; t = t->left)
            from = add(b, NFA_SPLIT, 0, build(b, t->right, next), from);
        return add(b, NFA_SPLIT, 0, build(b, t, next), from);
    case TREE_EMPTY:
    case TREE_CHAIN: break;
    }
    return next;
}

// Whether something is read behind an NFA_END. `$` matches before a newline at the end too, which this automaton
// does not know: for it, NFA_END is always passed.
static bool reads_behind_end(const struct nfa *nfa, bool *no_memory) {
    bool *seen = alloc_zeroed(nfa->n, sizeof *seen), found = false;
    uint32_t *stack = alloc_array(nfa->n, sizeof *stack);
    *no_memory = !seen || !stack;
    for (size_t i = 0; i < nfa->n && !*no_memory && !found; i++) {
        size_t n = 0;
        if (nfa->nodes[i].op != NFA_END || seen[i]) continue;
        seen[stack[n++] = (uint32_t)i] = true;
        while (n && !found) {
            const struct nfa_node *node = &nfa->nodes[stack[--n]];
            found = node->op == NFA_CHAR;
            if (node->op == NFA_ACCEPT) continue;
            if (!seen[node->next]) seen[stack[n++] = node->next] = true;
            if (node->op == NFA_SPLIT && !seen[node->other]) seen[stack[n++] = node->other] = true;
        }
    }
    free(seen);
    free(stack);
    return found;
}

static bool build_all(struct builder *b, const struct tree *tree) {
    b->nfa->n = 0;
    b->work = 0;
    b->too_large = false;
    add(b, NFA_ACCEPT, 0, 0, 0);
    b->nfa->start = build(b, tree, 0);
    if (b->too_large || b->no_memory) return false;
    if (reads_behind_end(b->nfa, &b->no_memory)) b->nfa->exact = false;
    return !b->no_memory;
}

static const struct tree one = {.op = TREE_CHAR}, any = {.op = TREE_REPEAT, .max = WITHOUT_END, .left = &one};

// Parses a pattern. Set 0 has every character, for `one`. NULL: no memory.
static const struct tree *begin(struct nfa *nfa, struct arena *arena, struct str pattern) {
    *nfa = (struct nfa){.word = NEVER};
    nfa->sets = alloc_grow(NULL, &nfa->cap_sets, 1, sizeof *nfa->sets);
    if (nfa->sets) nfa->sets[nfa->n_sets++] = (struct char_set){0};
    const bool ok = nfa->sets && char_set_add(nfa->sets, 0, LAST_CODE);
    return ok ? tree_parse(arena, nfa, pattern) : NULL;
}

quill_status nfa_create(struct nfa *nfa, struct str pattern, quill_error *err) {
    struct arena arena = {0};
    struct builder b = {.nfa = nfa};
    const struct tree *tree = begin(nfa, &arena, pattern);
    bool ok;
    ok = tree && build_all(&b, tree);
    if (tree && b.too_large && !b.no_memory) {
        nfa->exact = false;
        ok = build_all(&b, &any);
    }
    ok = ok && !b.no_memory && edges_resolve(nfa, MOST_NODES) && nfa_find_least(nfa);
    arena_free(&arena);
    if (ok) return QUILL_OK;
    nfa_free(nfa);
    return fail_memory(err);
}

// Words are of ASCII.
static bool set_words(struct nfa *nfa) {
    if (nfa->word == NEVER) return true;
    struct char_set *word = &nfa->sets[nfa->word];
    word->n = 0;
    return char_set_add(word, '0', '9') && char_set_add(word, 'A', 'Z') && char_set_add(word, '_', '_') &&
           char_set_add(word, 'a', 'z');
}

quill_status nfa_create_anywhere(struct nfa *nfa, struct str pattern, quill_error *err) {
    struct arena arena = {0};
    struct builder b = {.nfa = nfa};
    const struct tree *tree = begin(nfa, &arena, pattern);
    bool ok = tree && set_words(nfa);
    if (ok && nfa->exact) {
        const struct tree front = {.op = TREE_CHAIN, .left = &any, .right = tree};
        const struct tree whole = {.op = TREE_CHAIN, .left = &front, .right = &any};
        ok = build_all(&b, &whole) || !b.no_memory;
        nfa->exact = !b.too_large;
        ok = ok && (!nfa->exact || (anchors_resolve(nfa) && edges_resolve(nfa, MOST_NODES))) && nfa_find_least(nfa);
    }
    arena_free(&arena);
    if (ok && nfa->exact) return QUILL_OK;
    nfa_free(nfa);
    if (!ok) return fail_memory(err);
    return fail(err, QUILL_E_USAGE, b.too_large ? "too large" : "not regular");
}
