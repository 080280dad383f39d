// SPDX-License-Identifier: MIT
#include "schema_compile.h"

static uint32_t with_space(struct compiler *c, struct str mark) {
    if (!c->space) {
        const uint32_t blank[] = {grammar_text(c->g, STR(" ")), grammar_text(c->g, STR(""))};
        c->space = grammar_choice(c->g, blank, 2);
    }
    const uint32_t parts[] = {grammar_text(c->g, mark), c->space};
    return grammar_sequence(c->g, parts, 2);
}

uint32_t compile_comma(struct compiler *c) {
    if (!c->comma) c->comma = with_space(c, STR(","));
    return c->comma;
}

uint32_t compile_colon(struct compiler *c) {
    if (!c->colon) c->colon = with_space(c, STR(":"));
    return c->colon;
}

uint32_t compile_repeat(struct compiler *c, uint32_t expr, uint64_t min, uint64_t max, const struct value *at) {
    if (min > MOST_REPEATS && goes_on(c))
        compile_fail(c, schema_refuse(at, c->err, "expected at most %d, found more", MOST_REPEATS));
    if (!goes_on(c)) return 0;
    return grammar_repeat(c->g, expr, (uint32_t)min, max > MOST_REPEATS ? NEVER : (uint32_t)max);
}

// What stays of an automaton until the grammar is built: of many goals it is far more than the text of the schema.
static uint64_t kept_bytes(const struct nfa *nfa) {
    uint64_t bytes = nfa->cap * sizeof *nfa->nodes + nfa->cap_sets * sizeof *nfa->sets;
    for (size_t i = 0; i < nfa->n_sets; i++) bytes += nfa->sets[i].cap * sizeof *nfa->sets[i].ranges;
    return bytes;
}

uint32_t compile_nfa(struct compiler *c, struct nfa *nfa) {
    enum { BYTES_AT_ONCE = 8 };
    if (compile_spend(c, kept_bytes(nfa) / BYTES_AT_ONCE)) return grammar_nfa(c->g, nfa);
    nfa_free(nfa);
    return 0;
}
