// SPDX-License-Identifier: MIT
#include "scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cache_use.h"
#include "cli/prompt/read.h"
#include "model_source.h"
#include "places.h"

static const double LN2 = 0.693147180559945309;

double score_perplexity(const struct text_score *score) {
    return score->tokens ? exp(-score->logprob / (double)score->tokens) : (double)NAN;
}

double score_bits_per_byte(const struct text_score *score) {
    return score->tokens && score->bytes ? -score->logprob / LN2 / (double)score->bytes : (double)NAN;
}

quill_status scorer_open(struct scorer *s, const struct options *o, int32_t n_seq, quill_error *err) {
    quill_memory memory = {0};
    quill_session_options options = session_options(o);
    options.n_seq = n_seq;
    s->o = o;
    quill_status status = open_model(&s->model, o, err);
    if (!status) status = open_session(&s->session, &memory, s->model, o, &options, err);
    if (!status && o->cache.on) status = cache_begin(s->session, o, err);
    if (status) return status;
    s->n_ctx = memory.n_ctx;
    s->tokenizer = quill_model_tokenizer(s->model);
    s->begin = quill_token_bos(s->tokenizer);
    if (s->begin < 0) s->begin = quill_token_eos(s->tokenizer);
    if (o->score.no_bos) s->begin = -1;
    return QUILL_OK;
}

void scorer_free(struct scorer *s) {
    quill_session_free(s->session);
    quill_model_free(s->model);
    buffer_free(&s->joined);
}

// ---- one text ----

struct scored {
    const struct to_score *what;
    quill_ids ids;
    size_t first; // ids[first..n) count
    size_t told;  // ids before this one were passed to the caller
    size_t at;    // bytes of prefix and text before that id
    size_t lead;  // bytes at the front that no token adds; the next token covers them
    quill_decoder decoder;
    struct text_score score;
    const quill_scored_token *tokens; // NULL: not scored yet
    quill_error problem;              // status 0: none
};

struct run {
    struct scorer *s;
    const struct scoring_calls *calls;
};

static size_t added(const struct scorer *s) { return s->begin >= 0; }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

static bool wants_space(const struct to_score *what) {
    const bool there = what->n_prefix && is_space(what->prefix[what->n_prefix - 1]);
    return what->space && what->n && !there && !is_space(*what->text);
}

// "The king" and "was" make "The kingwas": a note, printed once, on a terminal.
static void note_missing_space(struct scorer *s, const struct to_score *what) {
    if (s->noted || what->space || s->o->talk.quiet || !what->n_prefix || !what->n || !isatty(STDERR_FILENO)) return;
    const char last = what->prefix[what->n_prefix - 1];
    if (!is_letter(*what->text) || !(is_letter(last) || strchr(".,;:!?)", last))) return;
    s->noted = true;
    report("'%s' follows the prefix without a space; --space puts one between them",
           QUOTED(((struct str){what->text, what->n})));
}

// Encodes prefix and text as one, with the token in front.
static quill_status encode(struct scorer *s, struct scored *t, quill_error *err) {
    s->joined.n = 0;
    if (!buffer_add(&s->joined, t->what->prefix, t->what->n_prefix) ||
        !buffer_add(&s->joined, " ", wants_space(t->what)) || !buffer_add(&s->joined, t->what->text, t->what->n))
        return fail_memory(err);
    if (s->begin >= 0 && !ids_begin(&t->ids, s->begin)) return fail_memory(err);
    return quill_encode(s->tokenizer, &t->ids, s->joined.p ? s->joined.p : "", s->joined.n, QUILL_SPECIAL_AS_TEXT, err);
}

// A token counts when its last byte lies in the text and something comes before it. Sets t->lead to what lies before
// the first token.
static size_t first_that_counts(const struct scorer *s, struct scored *t) {
    struct places places;
    size_t i = added(s);
    places_begin(&places, s->tokenizer, s->joined.p, s->joined.n, QUILL_SPECIAL_AS_TEXT);
    for (; i < t->ids.n; i++) {
        bool first = places.at == 0;
        size_t begin = places_next(&places, t->ids.ids[i]);
        if (first && places.at > 0) t->lead = begin;
        if (places.at > t->what->n_prefix && i > 0) break;
    }
    return i;
}

static quill_status begin(struct scorer *s, struct scored *t, const struct to_score *what, quill_error *err) {
    t->what = what;
    note_missing_space(s, what);
    say_carriage_return(s->o, &s->said_return, what->text, what->n);
    quill_status status = encode(s, t, err);
    t->told = added(s);
    quill_decoder_begin(&t->decoder, s->tokenizer, QUILL_SPECIAL_AS_TEXT);
    if (!status) t->first = first_that_counts(s, t);
    return status;
}

// Passes the next token to the caller; score NULL: it does not count.
static quill_status tell(const struct run *r, struct scored *t, const quill_scored_token *score, quill_error *err) {
    struct scored_piece piece = {.score = score, .id = t->ids.ids[t->told]};
    piece.bytes = quill_decoder_take(&t->decoder, piece.id, &piece.n);
    size_t from = t->at > t->what->n_prefix ? t->at : t->what->n_prefix;
    t->told++;
    t->at += piece.n;
    if (piece.n) t->at += t->lead, t->lead = 0;
    if (score) {
        t->score.logprob += score->logprob;
        t->score.tokens++;
        if (t->at > from) t->score.bytes += t->at - from;
    }
    return r->calls->piece ? r->calls->piece(r->calls->user, &piece, err) : QUILL_OK;
}

// Passes the scores of ids[first..end), after the tokens before them that do not count.
static quill_status tell_scores(const struct run *r, struct scored *t, size_t first, size_t end,
                                const quill_scored_token *tokens, quill_error *err) {
    quill_status status = QUILL_OK;
    while (!status && t->told < first) status = tell(r, t, NULL, err);
    for (size_t i = first; !status && i < end; i++) status = tell(r, t, &tokens[i - first], err);
    return status;
}

// Passes the remaining tokens that do not count, then ends the text.
static quill_status finish(const struct run *r, size_t i, struct scored *t, quill_error *err) {
    const quill_error *problem = t->problem.status ? &t->problem : NULL;
    quill_status status = QUILL_OK;
    while (!status && !problem && t->told < t->ids.n) status = tell(r, t, NULL, err);
    return status ? status : r->calls->done(r->calls->user, i, &t->score, problem, err);
}

// ---- several texts ----

// Scores all texts that fit at once. On failure it leaves the work to `finish_each`, so that texts before the faulty
// one are not lost.
static quill_status score_at_once(const struct run *r, struct scored *texts, size_t n, quill_error *err) {
    quill_scored_text *at_once = calloc(n, sizeof *at_once);
    size_t n_at_once = 0;
    if (!at_once) return fail_memory(err);
    for (size_t i = 0; i < n; i++) {
        const struct scored *t = &texts[i];
        if (t->problem.status || t->first == t->ids.n) continue;
        at_once[n_at_once++] = (quill_scored_text){t->ids.ids, t->ids.n, t->first, NULL};
    }
    bool ok = quill_score_texts(r->s->session, at_once, n_at_once, r->calls->top, err) == QUILL_OK;
    for (size_t i = 0, k = 0; ok && k < n_at_once; i++)
        if (texts[i].ids.ids == at_once[k].ids) texts[i].tokens = at_once[k++].tokens;
    free(at_once);
    return QUILL_OK;
}

static quill_status finish_each(const struct run *r, struct scored *texts, size_t n, quill_error *err) {
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < n; i++) {
        struct scored *t = &texts[i];
        if (signals_pending()) return fail(err, QUILL_E_SYSTEM, "interrupted");
        bool counts = !t->problem.status && t->first < t->ids.n;
        if (counts && !t->tokens)
            status = quill_score(r->s->session, t->ids.ids, t->ids.n, t->first, r->calls->top, &t->tokens, err);
        if (counts && !status) status = tell_scores(r, t, t->first, t->ids.n, t->tokens, err);
        if (!status) status = finish(r, i, t, err);
    }
    return status;
}

quill_status scorer_run(struct scorer *s, const struct to_score *texts, size_t n, const struct scoring_calls *calls,
                        quill_error *err) {
    const struct run r = {s, calls};
    struct scored *items = calloc(n ? n : 1, sizeof *items);
    quill_status status = items ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !status && i < n; i++) {
        struct scored *t = &items[i];
        status = begin(s, t, &texts[i], err);
        if (!status && t->first < t->ids.n && t->ids.n - 1 > (size_t)s->n_ctx)
            fail(&t->problem, QUILL_E_CONTEXT, "the text has %zu tokens, the context has room for %d", t->ids.n,
                 (int)s->n_ctx + 1);
    }
    if (!status) status = score_at_once(&r, items, n, err);
    if (!status && n && !s->stored) cache_store(s->session, items[0].ids.ids, items[0].first); // the prefix
    s->stored = true;
    if (!status) status = finish_each(&r, items, n, err);
    for (size_t i = 0; items && i < n; i++) quill_ids_free(&items[i].ids);
    free(items);
    return status;
}

// ---- windows ----

// Scores ids[first..end) of the window ids[begin..end); ids between the last one passed on and `first` are context.
static quill_status run_window(const struct run *r, struct scored *t, size_t begin, size_t first, size_t end,
                               quill_error *err) {
    const quill_scored_token *tokens;
    quill_status status =
        quill_score(r->s->session, t->ids.ids + begin, end - begin, first - begin, r->calls->top, &tokens, err);
    if (!status) status = tell_scores(r, t, first, end, tokens, err);
    return status || !signals_pending() ? status : fail(err, QUILL_E_SYSTEM, "interrupted");
}

// The windows of https://huggingface.co/docs/transformers/perplexity: each begins `stride` tokens after the one before
// it and scores what that one did not reach. The first token of a window has nothing before it.
static quill_status run_windows(const struct run *r, struct scored *t, size_t stride, quill_error *err) {
    size_t n = t->ids.n, length = (size_t)r->s->n_ctx, reached = t->first, end = 0;
    quill_status status = QUILL_OK;
    for (size_t begin = 0; !status && end < n; begin += stride) {
        end = n - begin < length ? n : begin + length;
        if (reached >= end) continue; // all of it is prefix
        status = run_window(r, t, begin, reached > begin ? reached : begin + 1, end, err);
        reached = end;
    }
    return status;
}

quill_status scorer_run_windows(struct scorer *s, const struct to_score *text, int32_t stride,
                                const struct scoring_calls *calls, quill_error *err) {
    const struct run r = {s, calls};
    struct scored t = {0};
    quill_status status = begin(s, &t, text, err);
    if (!status && t.first < t.ids.n) status = run_windows(&r, &t, (size_t)stride, err);
    if (!status) status = finish(&r, 0, &t, err);
    quill_ids_free(&t.ids);
    return status;
}
