// SPDX-License-Identifier: MIT
// A grammar in GBNF, a line `====`, a text: read byte by byte, with the tokens that may follow.
#include "fuzz.h"
#include "sampler/constraint/constraint.h"

enum { MOST_TEXT = 128, TOKENS = 600 };
static const char token_identity;

// 0 ends a text; then bytes, and pairs of some of them.
static struct str token(void *user, int32_t id) {
    static char bytes[TOKENS][2];
    static const char some[] = "ab1 \n\xc3\xa9\"{}[](),:";
    const size_t n = sizeof some - 1, pair = (size_t)id - 257;
    (void)user;
    if (id == 0 || (id >= 257 && pair >= n * n)) return (struct str){0};
    bytes[id][0] = (char)(id < 257 ? id - 1 : some[pair / n]);
    bytes[id][1] = id < 257 ? 0 : some[pair % n];
    return (struct str){bytes[id], id < 257 ? 1 : 2};
}

// The mask is what reading each token says; without one, only a whole text is no way on.
static void check_mask(quill_constraint *c, const struct vocabulary *v, struct constrained *k, struct token_set *set) {
    if (!constraint_mask(c, v, &k->reading, k->state, set)) return;
    size_t n = 0;
    for (int32_t id = 1; id < TOKENS; id++) {
        const struct str bytes = token(NULL, id);
        const bool can = bytes.n && constraint_read(c, &k->reading, k->state, bytes) != DEAD;
        if (k->reading.status) return;
        CLAIM(can == token_set_has(set, (size_t)id));
        n += can;
    }
    const uint32_t least = c->automaton->kind->least(c->automaton, &k->reading, k->state);
    CLAIM(n > 0 || least == 0);
    CLAIM((n > 0) == constrained_may_go_on(k));
    constraint_fits(c, v, &k->reading, k->state, least / 2);
}

static quill_status read_text(quill_constraint *c, struct str text, quill_error *err) {
    const struct vocabulary v = {.identity = &token_identity, .n_vocab = TOKENS, .bytes_of = token};
    struct constrained k;
    struct token_set set;
    CLAIM(token_set_create(&set, TOKENS));
    quill_status s = constrained_begin(&k, c, &v, NULL, err);
    for (size_t n = 0; !s; n++) {
        k.reading.effort_left = 200000;
        const uint32_t least = c->automaton->kind->least(c->automaton, &k.reading, k.state);
        CLAIM((least == 0) == constrained_may_end(&k));
        if (n % 8 == 0) check_mask(c, &v, &k, &set);
        s = k.reading.status;
        if (n == text.n || s) break;
        s = constrained_advance(&k, (struct str){text.p, n + 1}, n, err);
        if (s || k.state == DEAD) break;
        CLAIM(c->automaton->kind->least(c->automaton, &k.reading, k.state) + 1 >= least);
    }
    if (k.reading.status) *err = k.reading.err;
    constrained_end(&k);
    free(set.bits);
    return s;
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size};
    const struct str grammar = fuzz_part(&rest, "====");
    quill_constraint *c = NULL;
    quill_status s = quill_constraint_grammar(&c, grammar.p, grammar.n, err);
    if (s) return s;
    s = read_text(c, (struct str){rest.p, rest.n < MOST_TEXT ? rest.n : MOST_TEXT}, err);
    quill_constraint_free(c);
    return s == QUILL_E_CONSTRAINT ? QUILL_OK : s; // a limit
}
