// SPDX-License-Identifier: MIT
#include "scorer.h"

#include <math.h>
#include <stdlib.h>

#include "model_source.h"
#include "report.h"
#include "signals.h"

static const double LN2 = 0.693147180559945309;

double score_perplexity(const struct text_score *score) {
    return score->tokens ? exp(-score->logprob / (double)score->tokens) : (double)NAN;
}

double score_bits_per_byte(const struct text_score *score) {
    return score->tokens && score->bytes ? -score->logprob / LN2 / (double)score->bytes : (double)NAN;
}

quill_status scorer_open(struct scorer *s, const struct options *o, quill_error *err) {
    quill_memory memory = {0};
    s->o = o;
    quill_status status = open_model(&s->model, o, err);
    if (!status) status = open_session(&s->session, &memory, s->model, o, 1, err);
    if (status) return status;
    s->n_ctx = memory.n_ctx;
    s->tokenizer = quill_model_tokenizer(s->model);
    s->begin = quill_token_bos(s->tokenizer);
    if (s->begin < 0) s->begin = quill_token_eos(s->tokenizer);
    if (o->no_bos) s->begin = -1;
    return QUILL_OK;
}

void scorer_free(struct scorer *s) {
    quill_session_free(s->session);
    quill_model_free(s->model);
    text_free(&s->joined);
    quill_ids_free(&s->ids);
}

// ---- one text ----

struct run {
    struct scorer *s;
    const struct to_score *what;
    struct text_score *score;
    size_t first; // ids[first..n) count
    size_t told;  // ids before this one have been passed on
    size_t at;    // bytes of prefix and text before that one
};

static size_t added(const struct scorer *s) { return s->begin >= 0; }

// Prefix and text as one, with the token in front.
static quill_status encode(struct scorer *s, const struct to_score *what, quill_error *err) {
    s->joined.n = s->ids.n = 0;
    if (!text_add(&s->joined, what->prefix, what->n_prefix) || !text_add(&s->joined, what->text, what->n))
        return set_no_memory(err);
    quill_status status = quill_encode(s->tokenizer, &s->ids, s->joined.p ? s->joined.p : "", s->joined.n,
                                       QUILL_SPECIAL_AS_TEXT, err);
    if (status || s->begin < 0) return status;
    int32_t *ids = calloc(s->ids.n + 1, sizeof *ids);
    if (!ids) return set_no_memory(err);
    ids[0] = s->begin;
    if (s->ids.n) memcpy(ids + 1, s->ids.ids, s->ids.n * sizeof *ids);
    size_t n = s->ids.n + 1;
    quill_ids_free(&s->ids);
    s->ids = (quill_ids){ids, n, n};
    return QUILL_OK;
}

// A token counts when its last byte lies in the text and something comes before it.
static size_t first_that_counts(const struct scorer *s, size_t n_prefix) {
    size_t at = 0, i = added(s);
    for (; i < s->ids.n; i++) {
        size_t n;
        quill_token_bytes(s->tokenizer, s->ids.ids[i], QUILL_SPECIAL_AS_TEXT, &n);
        at += n;
        if (at > n_prefix && i > 0) break;
    }
    return i;
}

// The next token goes to the caller; score NULL: it does not count.
static quill_status tell(struct run *r, const quill_scored_token *score, quill_error *err) {
    struct scored_piece piece = {.score = score, .id = r->s->ids.ids[r->told]};
    piece.bytes = quill_token_bytes(r->s->tokenizer, piece.id, QUILL_SPECIAL_AS_TEXT, &piece.n);
    size_t before = r->at;
    r->told++;
    r->at += piece.n;
    if (score) {
        r->score->logprob += score->logprob;
        r->score->tokens++;
        r->score->bytes += r->at - (before > r->what->n_prefix ? before : r->what->n_prefix);
    }
    return r->what->piece ? r->what->piece(r->what->user, &piece, err) : QUILL_OK;
}

// ids[begin..end): those from `first` on are scored, all between the last one told and them are context.
static quill_status run_window(struct run *r, size_t begin, size_t first, size_t end, quill_error *err) {
    const quill_scored_token *tokens;
    quill_status status =
        quill_score(r->s->session, r->s->ids.ids + begin, end - begin, first - begin, r->what->top, &tokens, err);
    while (!status && r->told < first) status = tell(r, NULL, err);
    for (size_t i = first; !status && i < end; i++) status = tell(r, &tokens[i - first], err);
    if (!status && signals_pending()) status = set_error(err, QUILL_E_SYSTEM, "interrupted");
    return status;
}

// The windows of https://huggingface.co/docs/transformers/perplexity: each begins `stride` tokens after the one before
// it and scores what that one did not reach. The first token of a window has nothing before it.
static quill_status run_windows(struct run *r, quill_error *err) {
    size_t n = r->s->ids.n, length = (size_t)r->s->n_ctx, reached = r->first, end = 0;
    quill_status status = QUILL_OK;
    for (size_t begin = 0; !status && end < n; begin += (size_t)r->what->stride) {
        end = n - begin < length ? n : begin + length;
        if (reached >= end) continue; // all of it is prefix
        status = run_window(r, begin, reached > begin ? reached : begin + 1, end, err);
        reached = end;
    }
    return status;
}

quill_status scorer_run(struct scorer *s, const struct to_score *what, struct text_score *score, quill_error *err) {
    *score = (struct text_score){0};
    quill_status status = encode(s, what, err);
    if (status) return status;
    struct run r = {.s = s, .what = what, .score = score, .told = added(s)};
    r.first = first_that_counts(s, what->n_prefix);
    if (r.first < s->ids.n)
        status = what->stride ? run_windows(&r, err) : run_window(&r, 0, r.first, s->ids.n, err);
    while (!status && r.told < s->ids.n) status = tell(&r, NULL, err);
    return status;
}
