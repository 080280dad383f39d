// SPDX-License-Identifier: MIT
// A regular expression as a constraint, a line `====`, a text: read byte by byte, with the tokens that may follow.
#include "fuzz.h"
#include "base/utf8.h"
#include "sampler/constraint/pcre.h"
#include "sampler/constraint/regex.h"
#include "sampler/constraint/token_index.h"

enum { MOST_TEXT = 128, TOKENS = 600 };

// Bytes, and pairs of some of them.
static struct str token(void *user, int32_t id) {
    static char bytes[TOKENS][2];
    static const char some[] = "ab1 \n\xc3\xa9\xe2\x82\xf0\x9f-.Z";
    const size_t n = sizeof some - 1, pair = (size_t)id - 256;
    (void)user;
    if (id >= 256 && pair >= n * n) return (struct str){0};
    bytes[id][0] = (char)(id < 256 ? id : some[pair / n]);
    bytes[id][1] = id < 256 ? 0 : some[pair % n];
    return (struct str){bytes[id], id < 256 ? 1 : 2};
}

static bool count(void *user, int32_t id, uint32_t state) {
    (void)id;
    CLAIM(state != DEAD);
    ++*(size_t *)user;
    return true;
}

// PCRE2's word about a whole text: where it has one, the automaton's is the same. A text that matches was never dead.
static void compare(struct automaton *a, struct pcre *pcre, struct reading *r, uint32_t state, struct str text) {
    if (r->status || utf8_valid_run(text.p, text.n) != text.n) return;
    const enum pcre_answer answer = pcre_matches(pcre, text, PCRE_EFFORT);
    const bool said = state != DEAD && a->kind->may_end(a, r, state);
    if (!r->status && (answer == PCRE_YES || answer == PCRE_NO)) CLAIM(said == (answer == PCRE_YES));
}

static quill_status read_text(struct automaton *a, struct pcre *pcre, struct str text, quill_error *err) {
    struct reading r = {.effort_left = 2000000};
    struct token_index index;
    uint32_t path[3], state = a->kind->start(a, &r);
    struct token_list list;
    CLAIM(token_list_create(&list, TOKENS, token, NULL));
    CLAIM(token_index_create(&index, &list, 1, LONGEST_TOKEN));
    token_list_free(&list);
    for (size_t n = 0; !r.status; n++) {
        compare(a, pcre, &r, state, (struct str){text.p, n});
        if (state == DEAD || n == text.n || r.status) break;
        size_t followers = 0;
        const uint32_t least = a->kind->least(a, &r, state);
        if (n % 8 == 0) token_index_walk(&index, a, &r, state, path, count, &followers);
        // Nothing is cut off from its end. Without states of its own, a kind may not see that in time.
        if (n % 8 == 0 && !r.status && a->kind->has_keys && least > 0) CLAIM(followers > 0);
        state = a->kind->step(a, &r, state, (uint8_t)text.p[n]);
        if (state != DEAD && a->kind->has_keys) CLAIM(a->kind->least(a, &r, state) + 1 >= least);
    }
    const quill_status s = r.status;
    if (s) *err = r.err;
    reading_free(&r);
    token_index_free(&index);
    return s;
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, pattern = fuzz_part(&rest, "====");
    if (pattern.n && pattern.p[pattern.n - 1] == '\n') pattern.n--;
    struct automaton *a = NULL;
    struct pcre *pcre = NULL;
    quill_status s = regex_create(&a, pattern, err);
    if (s) return s;
    CLAIM(pcre_create(&pcre, pattern, err) == QUILL_OK);
    s = read_text(a, pcre, (struct str){rest.p, rest.n < MOST_TEXT ? rest.n : MOST_TEXT}, err);
    pcre_free(pcre);
    a->kind->free(a);
    return s == QUILL_E_CONSTRAINT ? QUILL_OK : s; // a limit
}
