// SPDX-License-Identifier: MIT
// The vocabulary of a Unigram model in tokenizer.json: a list of tokens and their scores, by id.
#include <locale.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "vocab_owner.h"

// A JSON number. strtod obeys the locale of the program.
static bool read_number(struct str written, double *value) {
    char text[64], *end;
    if (written.n == 0 || written.n >= sizeof text || !memchr("-0123456789", written.p[0], 11)) return false;
    memcpy(text, written.p, written.n);
    text[written.n] = '\0';
    char *point = memchr(text, '.', written.n);
    if (point) *point = localeconv()->decimal_point[0];
    *value = strtod(text, &end);
    return *end == '\0';
}

quill_status vocab_add_score(struct vocab_reading *r, double score) {
    struct vocab_owner *o = r->owner;
    if (o->n_scores == o->scores_cap) {
        size_t cap = o->scores_cap ? 2 * o->scores_cap : 1024;
        double *scores = alloc_resize(o->scores, cap, sizeof *scores);
        if (!scores) return fail_memory(r->err);
        o->scores = scores;
        o->scores_cap = cap;
    }
    o->scores[o->n_scores++] = score;
    return QUILL_OK;
}

static quill_status read_token(struct vocab_reading *r) {
    struct vocab_entry entry = {.id = (int32_t)r->owner->n_scores};
    struct str text = {NULL, 0}, number = {NULL, 0};
    double score = 0;
    json_enter_list(&r->walk);
    bool ok = json_element(&r->walk) && json_value(&r->walk, &text) && json_element(&r->walk) &&
              json_value(&r->walk, &number) && !json_element(&r->walk);
    if (r->walk.mistake) return vocab_refuse(r, NULL);
    if (!ok || !read_number(number, &score))
        return vocab_refuse(r, "vocab: expected a token and its score in each, found something else");
    if (!vocab_text(r, text, &entry.text)) return fail_memory(r->err);
    if (!entry.text.p) return vocab_refuse(r, "vocab: expected a token and its score in each, found something else");
    quill_status status = vocab_add_entry(r, entry);
    return status ? status : vocab_add_score(r, score);
}

quill_status vocab_read_scored(struct vocab_reading *r) {
    quill_status status = QUILL_OK;
    json_enter_list(&r->walk);
    while (!status && json_element(&r->walk)) {
        if (json_kind(&r->walk) != '[')
            return vocab_refuse(r, "vocab: expected a token and its score in each, found something else");
        status = read_token(r);
    }
    return !status && r->walk.mistake ? vocab_refuse(r, NULL) : status;
}

quill_status vocab_place_scores(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    if (!o->scores) return QUILL_OK;
    while (o->n_scores < o->n_tokens) { // added tokens have none
        quill_status status = vocab_add_score(r, 0);
        if (status) return status;
    }
    return QUILL_OK;
}
