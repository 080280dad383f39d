// SPDX-License-Identifier: MIT
#include "regex.h"

#include <string.h>

#include "base/alloc.h"
#include "pcre.h"
#include "regex_build.h"
#include "regex_dfa.h"
#include "regex_scan.h"

struct regex {
    struct automaton automaton;
    struct pcre *pcre;
    struct dfa *dfa;
};

static struct regex *regex_of(struct automaton *a) { return (struct regex *)a; }

static void regex_free(struct automaton *a) {
    struct regex *re = regex_of(a);
    pcre_free(re->pcre);
    dfa_free(re->dfa);
    free(re);
}

static void forget(struct automaton *a) { dfa_forget(regex_of(a)->dfa); }

// What PCRE2 gives up on is no objection.
static bool confirm(struct automaton *a, struct str text) {
    return pcre_matches(regex_of(a)->pcre, text, PCRE_EFFORT) != PCRE_NO;
}

// ---- patterns that are regular ----------------------------------------------------------------------

static uint32_t start(struct automaton *a, struct reading *r) { return dfa_start(regex_of(a)->dfa, r); }

static uint32_t step(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte) {
    return dfa_step(regex_of(a)->dfa, r, state, byte);
}

static bool may_end(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return dfa_may_end(regex_of(a)->dfa, state);
}

static bool may_go_on(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return dfa_may_go_on(regex_of(a)->dfa, state);
}

static uint32_t least(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return dfa_least(regex_of(a)->dfa, state);
}

static uint64_t class_of(struct automaton *a, uint32_t code) { return dfa_class_of(regex_of(a)->dfa, code); }

static const struct automaton_kind regular = {
    .name = "regex", .stop = QUILL_STOP_REGEX,
    .start = start, .step = step, .may_end = may_end, .may_go_on = may_go_on, .least = least,
    .has_keys = true, .class_of = class_of, .confirm = confirm, .forget = forget, .free = regex_free,
};

// ---- other patterns ---------------------------------------------------------------------------------

// A state is the number of bytes read, and 1. Beside byte i, r->states[i + 1] is the state of the dfa behind it.
enum { CHEAP = 1000, CALL = 20, FOUR_BYTES = 4 }; // effort of a call of PCRE2 at least, and of four bytes of the text

// Asks PCRE2 about the first n bytes of the text.
static bool ask(struct automaton *a, struct reading *r, size_t n,
                enum pcre_answer (*question)(struct pcre *, struct str, uint32_t)) {
    struct pcre *pcre = regex_of(a)->pcre;
    const struct str text = {r->text.p, n};
    uint64_t cost = CALL + n / FOUR_BYTES;
    enum pcre_answer answer = r->status ? PCRE_NO : question(pcre, text, CHEAP);
    if (answer == PCRE_LIMIT) {
        answer = question(pcre, text, PCRE_EFFORT);
        cost += PCRE_EFFORT;
    }
    if (answer == PCRE_MEMORY) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    else if (answer == PCRE_LIMIT || cost > r->effort_left)
        reading_fail(r, QUILL_E_CONSTRAINT, "regex: match limit exceeded behind %zu bytes of text", n);
    else if (r->interrupted && *r->interrupted) reading_fail(r, QUILL_E_CONSTRAINT, "regex: interrupted");
    if (r->status) return false;
    r->effort_left -= cost;
    return answer != PCRE_NO;
}

static bool make_room(struct reading *r, size_t n) {
    if (n >= r->cap_states) {
        uint32_t *states = alloc_grow(r->states, &r->cap_states, n + 1, sizeof *states);
        if (states) r->states = states;
    }
    r->text.n = n ? n - 1 : 0;
    if (n < r->cap_states && buffer_reserve(&r->text, 1)) return true;
    reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    return false;
}

// PCRE2 matches nothing partially where it has seen no character, so the empty text is not asked about.
static uint32_t text_start(struct automaton *a, struct reading *r) {
    const uint32_t state = make_room(r, 0) ? dfa_start(regex_of(a)->dfa, r) : DEAD;
    if (state != DEAD) r->states[0] = state;
    return state != DEAD ? 1 : DEAD;
}

static uint32_t text_step(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte);

// Whether the bytes that are missing in a character can be such that the text can go on.
static bool can_finish(struct automaton *a, struct reading *r, uint32_t state) {
    for (uint32_t byte = 0x80; byte < 0xc0 && !r->status; byte++)
        if (text_step(a, r, state, (uint8_t)byte) != DEAD) return true;
    return false;
}

static uint32_t text_step(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte) {
    if (state == DEAD || r->status) return DEAD;
    struct dfa *dfa = regex_of(a)->dfa;
    const uint32_t next = dfa_step(dfa, r, r->states[state - 1], byte);
    if (next == DEAD || !make_room(r, state)) return DEAD;
    r->text.p[state - 1] = (char)byte;
    r->states[state] = next;
    const bool ok = dfa_missing(dfa, next) ? can_finish(a, r, state + 1) : ask(a, r, state, pcre_begins);
    return ok ? state + 1 : DEAD;
}

static bool text_may_end(struct automaton *a, struct reading *r, uint32_t state) {
    return dfa_may_end(regex_of(a)->dfa, r->states[state - 1]) && ask(a, r, state - 1, pcre_matches);
}

static bool text_may_go_on(struct automaton *a, struct reading *r, uint32_t state) {
    return dfa_may_go_on(regex_of(a)->dfa, r->states[state - 1]);
}

// The dfa leaves out what is not regular, so it may be at an end where the text is not: a byte at least is missing.
static uint32_t text_least(struct automaton *a, struct reading *r, uint32_t state) {
    const uint32_t bytes = dfa_least(regex_of(a)->dfa, r->states[state - 1]);
    return bytes == 0 && !text_may_end(a, r, state) ? 1 : bytes;
}

static const struct automaton_kind by_partial_matching = {
    .name = "regex", .stop = QUILL_STOP_REGEX,
    .start = text_start, .step = text_step, .may_end = text_may_end, .may_go_on = text_may_go_on,
    .least = text_least, .confirm = confirm, .forget = forget, .free = regex_free,
};

// ---- all of them ------------------------------------------------------------------------------------

// A pattern of which nothing matches is a mistake.
static quill_status check_possible(struct regex *re, quill_error *err) {
    struct reading r = {0};
    const uint32_t first = dfa_start(re->dfa, &r);
    quill_status s = r.status;
    if (s == QUILL_E_CONSTRAINT) s = fail(err, QUILL_E_USAGE, "%s", r.err.text);
    else if (s) *err = r.err;
    else if (first == DEAD) s = fail(err, QUILL_E_USAGE, "regex: no text matches this pattern");
    reading_free(&r);
    return s;
}

quill_status regex_create(struct automaton **out, struct str pattern, quill_error *err) {
    if (pattern.n == 0) return fail(err, QUILL_E_USAGE, "regex: expected a pattern, found an empty one");
    struct regex *re = alloc_zeroed(1, sizeof *re);
    if (!re) return fail_memory(err);
    struct nfa nfa = {0};
    quill_status s = regex_scan(pattern, err);
    if (!s) s = pcre_create(&re->pcre, pattern, err);
    if (!s) s = nfa_create(&nfa, pattern, err);
    re->automaton.kind = nfa.exact ? &regular : &by_partial_matching;
    if (!s) s = dfa_create(&re->dfa, &nfa, err);
    if (!s) s = check_possible(re, err);
    if (s) regex_free(&re->automaton);
    else *out = &re->automaton;
    return s;
}
