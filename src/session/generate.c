// SPDX-License-Identifier: MIT
// One generation: read the prompt; then, token by token, draw, look for a stop, pass text on, compute the next logits.
#include "generate.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "scores.h"
#include "stop.h"
#include "text.h"

struct generation {
    quill_session *session;
    const quill_request *request;
    double start;            // clock_ms
    uint64_t prompt_hash;
    const int32_t *eos;      // [n_eos] borrowed from the tokenizer
    size_t n_eos;
    struct stops *stops;
    const float *logits;     // for the next token
    int32_t *ids;            // [n_ctx + 1] the prompt, then what was generated
    size_t n_generated;
    size_t *ends;            // [n_ctx] length of `bytes` after each generated token
    struct buffer bytes;     // of the generated tokens, as they are
    size_t certain;          // so many of them are no part of a stop
    struct text_out text;
    struct score_list scores, prompt_scores;
    bool interrupted;        // by timeout or signal
    quill_result result;
};

struct generation *generation_create(int32_t n_ctx) {
    struct generation *g = alloc_zeroed(1, sizeof *g);
    if (!g) return NULL;
    g->ids = alloc_array((size_t)n_ctx + 1, sizeof *g->ids);
    g->ends = alloc_array((size_t)n_ctx, sizeof *g->ends);
    if (g->ids && g->ends) return g;
    generation_free(g);
    return NULL;
}

void generation_free(struct generation *g) {
    if (!g) return;
    free(g->ids);
    free(g->ends);
    buffer_free(&g->bytes);
    buffer_free(&g->text.out);
    scores_free(&g->scores);
    scores_free(&g->prompt_scores);
    free(g);
}

static void begin(struct generation *g, quill_session *session, const quill_request *request) {
    size_t k = request->logprobs > 0 ? (size_t)request->logprobs : 0;
    g->session = session;
    g->request = request;
    g->start = clock_ms();
    g->n_generated = g->certain = 0;
    g->bytes.n = g->text.out.n = g->text.taken = 0;
    g->text.raw = request->raw_bytes;
    g->interrupted = false;
    scores_clear(&g->scores, k);
    scores_clear(&g->prompt_scores, k);
    g->result = (quill_result){.text = {"", 0}, .stop = QUILL_STOP_ERROR};
}

static bool poll_interrupt(struct generation *g) {
    const quill_request *r = g->request;
    if (r->interrupted && *r->interrupted)
        g->result.stop = QUILL_STOP_SIGNAL;
    else if (r->timeout > 0 && clock_ms() - g->start >= r->timeout * 1e3)
        g->result.stop = QUILL_STOP_TIMEOUT;
    else
        return false;
    return g->interrupted = true;
}

// ---- the prompt -----------------------------------------------------------------------------------

static bool between_chunks(void *user, size_t done) {
    struct generation *g = user;
    if (g->request->on_prompt) g->request->on_prompt(g->request->user, done, g->request->n_prompt);
    return !poll_interrupt(g);
}

// The logits after prompt token i are about the one after it.
static void score_prompt(void *user, size_t i, const float *logits) {
    struct generation *g = user;
    if (i + 1 < g->request->n_prompt) scores_add(&g->prompt_scores, g->session, logits, g->request->prompt[i + 1]);
}

static quill_status read_prompt(struct generation *g, quill_error *err) {
    const quill_request *r = g->request;
    struct reading reading = {.ids = r->prompt, .n = r->n_prompt, .between = between_chunks, .user = g};
    if (r->prompt_logprobs) {
        if (!scores_reserve(&g->prompt_scores, r->n_prompt)) return fail_memory(err);
        scores_add(&g->prompt_scores, g->session, NULL, r->prompt[0]);
        reading.row = score_prompt;
        reading.row_user = g;
    }
    quill_status s = session_read(g->session, &reading, err);
    g->logits = reading.logits;
    g->result.cached_tokens = reading.reused;
    g->result.prompt_ms = clock_ms() - g->start;
    return s;
}

// ---- a token --------------------------------------------------------------------------------------

static bool may_end(const struct generation *g) { return g->n_generated >= (uint64_t)g->request->min_tokens; }

static quill_status draw(struct generation *g, int32_t *id, quill_error *err) {
    const quill_request *r = g->request;
    size_t n = r->n_prompt + g->n_generated;
    const struct rng_key key = {.seed = r->seed, .prompt = g->prompt_hash, .sample = r->sample, .position = n};
    size_t n_banned = r->ignore_eos || !may_end(g) ? g->n_eos : 0;
    *id = sampler_draw(g->session->sampler, &r->sampling, g->logits, g->ids, n, g->eos, n_banned, &key);
    if (*id < 0) return fail(err, QUILL_E_CONSTRAINT, "no token is left to draw: logit biases exclude all of them");
    return QUILL_OK;
}

static quill_status record(struct generation *g, int32_t id, quill_error *err) {
    size_t n_bytes;
    const char *bytes = quill_token_bytes(g->session->model->tokenizer, id, QUILL_SPECIAL_AS_TEXT, &n_bytes);
    if (!scores_reserve(&g->scores, 1) || !buffer_add(&g->bytes, bytes, n_bytes)) return fail_memory(err);
    scores_add(&g->scores, g->session, g->logits, id);
    g->ids[g->request->n_prompt + g->n_generated] = id;
    g->ends[g->n_generated++] = g->bytes.n;
    if (g->n_generated == 1) g->result.first_token_ms = clock_ms() - g->start;
    return QUILL_OK;
}

static quill_status pass_on(struct generation *g, bool final, quill_error *err) {
    struct str piece;
    if (!text_take(&g->text, g->bytes.p, g->certain, final, &piece)) return fail_memory(err);
    if (piece.n == 0 || !g->request->on_text) return QUILL_OK;
    quill_status s = g->request->on_text(g->request->user, piece.p, piece.n);
    return s ? fail(err, s, "the generated text could not be passed on") : QUILL_OK;
}

// The tokens up to the one that completed the match are generated; what came after it, while an earlier match was still
// possible, is not.
static void stop_at(struct generation *g, const struct stop_match *match) {
    g->result.stop = match->kind;
    g->result.stop_match = (quill_text){g->bytes.p + match->begin, match->end - match->begin};
    size_t n = 1;
    while (g->ends[n - 1] < match->end) n++;
    g->n_generated = g->scores.n = n;
}

// *stopped: a stop ended the text. The first min_tokens tokens are not looked at.
static quill_status look(struct generation *g, bool final, bool *stopped, quill_error *err) {
    *stopped = false;
    g->certain = g->bytes.n;
    if (g->n_generated <= (uint64_t)g->request->min_tokens) {
        stops_skip(g->stops, g->bytes.n);
        return QUILL_OK;
    }
    const struct stop_match *match;
    quill_status s = stops_look(g->stops, buffer_str(&g->bytes), final, &g->certain, &match, err);
    if (s || !match) return s;
    stop_at(g, match);
    *stopped = true;
    return QUILL_OK;
}

// Why no token follows the last one, if so.
static bool is_last(struct generation *g, int32_t id) {
    const quill_request *r = g->request;
    if (quill_token_is_eos(g->session->model->tokenizer, id)) g->result.stop = QUILL_STOP_EOS;
    else if (r->n_predict >= 0 && g->n_generated >= (uint64_t)r->n_predict) g->result.stop = QUILL_STOP_LENGTH;
    // The token would be computed at position n_prompt + n_generated - 1, counted from 0.
    else if (r->n_prompt + g->n_generated > (size_t)g->session->n_ctx) g->result.stop = QUILL_STOP_CONTEXT;
    else return false;
    return true;
}

// ---- the call -------------------------------------------------------------------------------------

static quill_status run(struct generation *g, quill_error *err) {
    bool stopped = false, last = false;
    quill_status s = QUILL_OK;
    while (!s && !stopped && !last && !poll_interrupt(g)) {
        int32_t id = -1;
        s = draw(g, &id, err);
        if (!s) s = record(g, id, err);
        if (s) break;
        last = is_last(g, id);
        s = look(g, last, &stopped, err);
        if (!s && !stopped && !last) s = pass_on(g, false, err);
        if (!s && !stopped && !last) s = session_step(g->session, id, &g->logits, err);
    }
    // What was held back is no stop when the text is over. An interrupted text is not over: only what is certain is
    // passed on.
    return s ? s : pass_on(g, true, err);
}

static void fill_result(struct generation *g, quill_status status) {
    quill_result *r = &g->result;
    if (status) r->stop = QUILL_STOP_ERROR;
    r->text = (quill_text){g->text.out.p ? g->text.out.p : "", g->text.out.n};
    r->prompt_tokens = g->request->n_prompt;
    r->generated_tokens = g->n_generated;
    scores_finish(&g->scores);
    scores_finish(&g->prompt_scores);
    r->logprob = 0;
    for (size_t i = 0; i < g->scores.n; i++) r->logprob += g->scores.tokens[i].logprob;
    if (g->request->logprobs >= 0) {
        r->tokens = g->scores.tokens;
        r->n_tokens = g->scores.n;
    }
    if (g->request->prompt_logprobs && g->prompt_scores.n == g->request->n_prompt)
        r->prompt_scores = g->prompt_scores.tokens;
    r->generate_ms = clock_ms() - g->start - r->prompt_ms;
}

static quill_status generate(struct generation *g, quill_error *err) {
    const quill_request *r = g->request;
    quill_tokenizer_info info;
    quill_tokenizer_describe(g->session->model->tokenizer, &info);
    g->eos = info.eos;
    g->n_eos = info.n_eos;
    g->prompt_hash = hash_bytes(r->prompt, r->n_prompt * sizeof *r->prompt, 0);
    memcpy(g->ids, r->prompt, r->n_prompt * sizeof *r->prompt);
    bool nothing_to_do = r->n_predict == 0 && !r->prompt_logprobs;
    quill_status s = nothing_to_do ? QUILL_OK : read_prompt(g, err);
    if (s || g->interrupted) return s;
    if (r->n_predict != 0) return run(g, err);
    g->result.stop = QUILL_STOP_LENGTH;
    return QUILL_OK;
}

quill_status quill_generate(quill_session *session, const quill_request *request, const quill_result **result,
                            quill_error *err) {
    struct generation *g = session->generation;
    begin(g, session, request);
    *result = &g->result;
    quill_status s = request_check(request, session->n_vocab, err);
    if (!s) s = session_check_ids(session, request->prompt, request->n_prompt, err);
    if (!s) s = stops_create(&g->stops, request, err);
    if (s) return s;
    s = generate(g, err);
    stops_free(g->stops);
    g->stops = NULL;
    fill_result(g, s);
    return s;
}
