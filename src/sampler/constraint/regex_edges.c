// SPDX-License-Identifier: MIT
#include "regex_edges.h"

#include <stdlib.h>

#include "base/alloc.h"

// What the next character must be. At both ends of the text there is none, which counts as one that is not of a word.
enum need { ANY, OF_WORD, NOT_OF_WORD, NEEDS };
enum { VARIANTS = 2 * NEEDS }; // of a node: the last character was not of a word, or was, with each need

struct resolving {
    struct nfa *nfa;          // the old one; its sets grow
    struct nfa_node *nodes;   // [n] the new ones
    size_t n, cap, most;
    uint32_t *made;           // [nfa->n][VARIANTS] the new node of a variant; 0: none, since 0 accepts
    uint32_t *todo;           // [n_todo] variants whose new node has no content yet
    size_t n_todo, cap_todo;
    uint32_t *parts;          // [old sets][2] characters of words in a set, and the others; NEVER: not made
    uint32_t nothing;         // the empty set
    bool no_memory;
};

static uint32_t keep_set(struct resolving *s, struct char_set *set) {
    struct nfa *nfa = s->nfa;
    if (nfa->n_sets == nfa->cap_sets) {
        struct char_set *sets = alloc_grow(nfa->sets, &nfa->cap_sets, nfa->n_sets + 1, sizeof *sets);
        if (!sets) {
            char_set_free(set);
            s->no_memory = true;
            return 0;
        }
        nfa->sets = sets;
    }
    nfa->sets[nfa->n_sets] = *set;
    return (uint32_t)nfa->n_sets++;
}

// The characters of a set that belong to words, or the others.
static uint32_t part_of(struct resolving *s, uint32_t set, bool of_word) {
    uint32_t *part = &s->parts[2 * set + of_word];
    if (*part != NEVER) return *part;
    struct char_set others = {0}, cut = {0};
    const struct char_set *word = &s->nfa->sets[s->nfa->word];
    bool ok = true;
    for (size_t i = 0; ok && !of_word && i < word->n; i++)
        ok = char_set_add(&others, word->ranges[i].low, word->ranges[i].high);
    ok = ok && (of_word || char_set_invert(&others)) &&
         char_set_cut(&cut, &s->nfa->sets[set], of_word ? word : &others);
    char_set_free(&others);
    s->no_memory = s->no_memory || !ok;
    return *part = ok ? keep_set(s, &cut) : 0;
}

static uint32_t new_node(struct resolving *s, struct nfa_node node) {
    if (s->n == s->cap) {
        struct nfa_node *nodes = alloc_grow(s->nodes, &s->cap, s->n + 1, sizeof *nodes);
        s->no_memory = s->no_memory || !nodes;
        if (!nodes) return 0;
        s->nodes = nodes;
    }
    s->nodes[s->n] = node;
    return (uint32_t)s->n++;
}

// The new node of a variant; its content comes later.
static uint32_t variant(struct resolving *s, uint32_t old, bool last, enum need need) {
    const uint32_t v = old * VARIANTS + (uint32_t)last * NEEDS + (uint32_t)need;
    if (s->nfa->nodes[old].op == NFA_ACCEPT && need != OF_WORD) return 0;
    if (s->made[v]) return s->made[v];
    if (s->n_todo == s->cap_todo) {
        uint32_t *todo = alloc_grow(s->todo, &s->cap_todo, s->n_todo + 1, sizeof *todo);
        s->no_memory = s->no_memory || !todo;
        if (!todo) return 0;
        s->todo = todo;
    }
    s->todo[s->n_todo++] = v;
    return s->made[v] = new_node(s, (struct nfa_node){.op = NFA_CHAR, .set = s->nothing});
}

static struct nfa_node reads(struct resolving *s, const struct nfa_node *old, bool of_word) {
    return (struct nfa_node){NFA_CHAR, part_of(s, old->set, of_word), variant(s, old->next, of_word, ANY), 0};
}

static struct nfa_node content(struct resolving *s, const struct nfa_node *old, bool last, enum need need) {
    const struct nfa_node nowhere = {.op = NFA_CHAR, .set = s->nothing};
    enum need wanted = last == (old->op == NFA_EDGE) ? NOT_OF_WORD : OF_WORD;
    switch (old->op) {
    case NFA_CHAR: {
        if (need != ANY) return reads(s, old, need == OF_WORD);
        const uint32_t first = new_node(s, reads(s, old, true)), second = new_node(s, reads(s, old, false));
        return (struct nfa_node){NFA_SPLIT, 0, first, second};
    }
    case NFA_SPLIT:
        return (struct nfa_node){NFA_SPLIT, 0, variant(s, old->next, last, need), variant(s, old->other, last, need)};
    case NFA_EDGE:
    case NFA_NO_EDGE: {
        if (need != ANY && need != wanted) return nowhere;
        const uint32_t next = variant(s, old->next, last, wanted);
        return (struct nfa_node){NFA_SPLIT, 0, next, next};
    }
    case NFA_END:
        if (need == OF_WORD) return nowhere;
        return (struct nfa_node){NFA_END, 0, variant(s, old->next, last, need), 0};
    case NFA_BEGIN: return (struct nfa_node){NFA_BEGIN, 0, variant(s, old->next, last, need), 0};
    case NFA_ACCEPT: break;
    }
    return nowhere;
}

static void resolve(struct resolving *s) {
    new_node(s, (struct nfa_node){.op = NFA_ACCEPT});
    const uint32_t start = variant(s, s->nfa->start, false, ANY);
    while (s->n_todo && !s->no_memory && s->n <= s->most) {
        const uint32_t v = s->todo[--s->n_todo], old = v / VARIANTS, kind = v % VARIANTS;
        const struct nfa_node node = content(s, &s->nfa->nodes[old], kind / NEEDS, (enum need)(kind % NEEDS));
        s->nodes[s->made[v]] = node;
    }
    s->nfa->start = start;
}

// They are passed as if they were not there.
static void leave_out(struct nfa *nfa) {
    nfa->exact = false;
    for (size_t i = 0; i < nfa->n; i++)
        if (nfa->nodes[i].op == NFA_EDGE || nfa->nodes[i].op == NFA_NO_EDGE) {
            nfa->nodes[i].op = NFA_SPLIT;
            nfa->nodes[i].other = nfa->nodes[i].next;
        }
}

bool edges_resolve(struct nfa *nfa, size_t most) {
    if (nfa->word == NEVER) return true;
    struct resolving s = {.nfa = nfa, .most = most};
    struct char_set nothing = {0};
    const uint32_t start = nfa->start;
    const size_t n_parts = 2 * nfa->n_sets;
    s.made = alloc_zeroed(nfa->n * VARIANTS, sizeof *s.made);
    s.parts = alloc_array(n_parts, sizeof *s.parts);
    s.no_memory = !s.made || !s.parts;
    for (size_t i = 0; s.parts && i < n_parts; i++) s.parts[i] = NEVER;
    if (!s.no_memory) s.nothing = keep_set(&s, &nothing);
    if (!s.no_memory) resolve(&s);
    if (!s.no_memory && s.n <= most) {
        free(nfa->nodes);
        nfa->nodes = s.nodes;
        nfa->n = s.n;
        nfa->cap = s.cap;
    } else {
        free(s.nodes);
        nfa->start = start;
        leave_out(nfa);
    }
    free(s.made);
    free(s.todo);
    free(s.parts);
    return !s.no_memory;
}
