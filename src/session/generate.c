// SPDX-License-Identifier: MIT
// One generation, token by token: draws, looks for a stop, passes text on.
#include "generate.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "breakers.h"
#include "constraint_use.h"
#include "draft.h"
#include "guide.h"
#include "heal.h"
#include "stop.h"
#include "text_out.h"
#include "window.h"

struct generation {
    const quill_session *session;
    quill_request request;
    double start;            // clock_ms
    uint64_t prompt_hash;
    struct stops *stops;
    struct window window;    // the prompt, then the generated tokens
    size_t n_generated;
    size_t *ends;            // [cap_ends] length of `bytes` after each generated token
    size_t cap_ends;
    quill_decoder decoder;
    struct buffer bytes;     // bytes of the generated tokens, unchanged
    size_t certain;          // how many of them are certainly not part of a stop
    struct text_out text;
    struct constraint_use constraint; // if the request has one, or there is a prefix
    struct buffer prefix;    // the bytes that the text begins with, and which are no part of it
    struct score_list scores, prompt_scores;
    struct breakers breakers; // if DRY has some
    struct mirostat mirostat;
    struct draft draft;      // its ids follow the others
    struct guide guide;      // if the request has one
    const float *guided;     // logits of the draw, if they are not those of the scores
    int32_t chosen;          // by generation_choose; NO_TOKEN: it is drawn
    bool prompt_read;        // the first logits have come
    bool shifted, negative_shifted; // by the last generation_take
    bool finished;
    quill_result result;
};

struct generation *generation_create(int32_t n_ctx) {
    struct generation *g = alloc_zeroed(1, sizeof *g);
    if (!g) return NULL;
    g->cap_ends = (size_t)n_ctx;
    g->ends = alloc_array(g->cap_ends, sizeof *g->ends);
    if (window_create(&g->window, n_ctx) && g->ends) return g;
    generation_free(g);
    return NULL;
}

void generation_free(struct generation *g) {
    if (!g) return;
    stops_free(g->stops);
    constraint_use_end(&g->constraint);
    breakers_free(&g->breakers);
    buffer_free(&g->prefix);
    window_free(&g->window);
    guide_free(&g->guide);
    free(g->ends);
    buffer_free(&g->bytes);
    buffer_free(&g->text.out);
    score_list_free(&g->scores);
    score_list_free(&g->prompt_scores);
    free(g);
}

// ---- the prompt -----------------------------------------------------------------------------------

static void clear(struct generation *g, const quill_session *session, const quill_request *request) {
    size_t k = request->logprobs > 0 ? (size_t)request->logprobs : 0;
    g->session = session;
    g->request = *request;
    g->start = clock_ms();
    g->n_generated = g->certain = 0;
    g->bytes.n = g->text.out.n = g->text.taken = g->prefix.n = 0;
    g->text.raw = request->raw_bytes;
    g->prompt_read = g->finished = false;
    g->guided = NULL;
    g->chosen = NO_TOKEN;
    draft_start(&g->draft, request->draft);
    mirostat_begin(&g->mirostat, &request->sampling);
    score_list_clear(&g->scores, k);
    score_list_clear(&g->prompt_scores, k);
    g->result = (quill_result){.text = {"", 0}, .stop = QUILL_STOP_ERROR};
}

static void finish(struct generation *g, quill_stop stop) {
    g->result.stop = stop;
    g->finished = true;
}

// Begins the text as a continuation of the prompt's.
static void begin_text(struct generation *g) {
    size_t n_bytes;
    const bool spelled = g->request.special_text && !g->request.constraint; // which special tokens do not fit
    const quill_special special = spelled ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT;
    quill_decoder_begin(&g->decoder, g->session->model->tokenizer, special);
    for (size_t i = 0; i < g->request.n_prompt; i++) quill_decoder_take(&g->decoder, g->request.prompt[i], &n_bytes);
}

static bool is_constrained(const struct generation *g) { return g->request.constraint != NULL; }

// Begins the negative prompt. Where the oldest tokens are dropped, as many of its tokens stay as of the prompt.
static quill_status begin_guide(struct generation *g, quill_error *err) {
    const struct lanes *lanes = &g->session->lanes;
    const quill_request *r = &g->request;
    struct window *w = &g->guide.window;
    quill_status s = QUILL_OK;
    if (r->negative_prompt)
        s = lanes_check_named(lanes, "negative prompt", r->negative_prompt, r->n_negative_prompt, err);
    if (!s) s = guide_begin(&g->guide, r, (size_t)lanes->n_vocab, lanes->plan.n_ctx, err);
    if (!s && g->guide.on) w->kept = g->window.kept < w->n ? g->window.kept : w->n;
    return s;
}

// Takes tokens back from the prompt.
static quill_status heal(struct generation *g, quill_error *err) {
    quill_request *r = &g->request;
    const size_t n = r->n_prompt;
    if (!r->heal) return QUILL_OK;
    if (!heal_prompt(g->session, r->prompt, n, &r->n_prompt, &g->prefix)) return fail_memory(err);
    g->result.healed_tokens = n - r->n_prompt;
    g->text.taken = g->prefix.n;
    stops_skip(g->stops, g->prefix.n);
    return QUILL_OK;
}

// Finishes if no token is to follow the prompt: none is asked for, or the empty text alone can satisfy the constraint.
static quill_status end_before(struct generation *g, quill_error *err) {
    struct constrained *text = &g->constraint.text;
    if (g->request.n_predict == 0) finish(g, QUILL_STOP_LENGTH);
    else if (is_constrained(g) && !constrained_may_go_on(text)) {
        if (!constrained_may_end(text))
            return fail(err, QUILL_E_CONSTRAINT, "%s: no text can begin", constrained_name(text));
        finish(g, constrained_stop(text));
    }
    return QUILL_OK;
}

// Of the prompt, BOS and the first `keep` tokens behind it stay when the oldest tokens are dropped.
static quill_status begin_window(struct generation *g, quill_error *err) {
    const quill_request *r = &g->request;
    struct window *w = &g->window;
    if (!window_begin(w, r->prompt, r->n_prompt, r->context_shift)) return fail_memory(err);
    const size_t bos = r->prompt[0] == quill_token_bos(g->session->model->tokenizer);
    w->kept = r->keep >= 0 && (uint64_t)r->keep < r->n_prompt - bos ? bos + (size_t)r->keep : r->n_prompt;
    if (!r->context_shift || w->kept < w->n_ctx) return QUILL_OK;
    return fail(err, QUILL_E_CONTEXT, "%zu tokens of the prompt are to be kept, and the context of %zu positions has "
                "no room for others", w->kept, w->n_ctx);
}

quill_status generation_begin(struct generation *g, const quill_session *session, const quill_request *request,
                              quill_error *err) {
    clear(g, session, request);
    quill_status s = request_check(request, session->lanes.n_vocab, err);
    if (!s) s = lanes_check_ids(&session->lanes, request->prompt, request->n_prompt, err);
    if (!s) s = stops_create(&g->stops, request, err);
    if (!s) s = heal(g, err);
    if (s) return s;
    if (generation_scores_prompt(g)) {
        if (!score_list_reserve(&g->prompt_scores, g->request.n_prompt)) return fail_memory(err);
        score_list_add(&g->prompt_scores, &session->likelihood, NULL, request->prompt[0]);
    }
    g->prompt_hash = hash_bytes(request->prompt, request->n_prompt * sizeof *request->prompt, 0);
    s = begin_window(g, err);
    if (!s) s = begin_guide(g, err);
    if (s) return s;
    begin_text(g);
    breakers_begin(&g->breakers, session->model->tokenizer, &g->request.sampling);
    const struct str prefix = buffer_str(&g->prefix);
    if (request->constraint || prefix.n)
        s = constraint_use_begin(&g->constraint, session, &g->request, prefix, &g->decoder, err);
    return s || request->prompt_logprobs ? s : end_before(g, err);
}

bool generation_finished(const struct generation *g) { return g->finished; }

const int32_t *generation_ids(const struct generation *g, size_t *n) {
    *n = g->window.n;
    return g->window.ids;
}

bool generation_scores_prompt(const struct generation *g) { return g->request.prompt_logprobs && !g->prompt_read; }

void generation_reused(struct generation *g, size_t n) { g->result.cached_tokens = n; }

static bool poll_interrupt(struct generation *g) {
    const quill_request *r = &g->request;
    if (r->interrupted && *r->interrupted) finish(g, QUILL_STOP_SIGNAL);
    else if (r->timeout > 0 && clock_ms() - g->start >= r->timeout * 1e3) finish(g, QUILL_STOP_TIMEOUT);
    else return false;
    return true;
}

void generation_progress(struct generation *g, size_t done) {
    if (g->request.on_prompt && !g->prompt_read) g->request.on_prompt(g->request.user, done, g->request.n_prompt);
    poll_interrupt(g);
}

// The logits after prompt id i score the id after it.
void generation_score(struct generation *g, size_t i, const float *logits) {
    if (i + 1 >= g->request.n_prompt) return;
    score_list_add(&g->prompt_scores, &g->session->likelihood, logits, g->window.ids[i + 1]);
}

// ---- a token --------------------------------------------------------------------------------------

static bool may_end(const struct generation *g) { return g->n_generated >= (uint64_t)g->request.min_tokens; }

static bool is_end(const struct generation *g, int32_t id) {
    return quill_token_is_eos(g->session->model->tokenizer, id);
}

// How many more tokens there can be.
static uint64_t tokens_left(const struct generation *g) {
    const quill_request *r = &g->request;
    // The last token has no position: it is not computed.
    const size_t n = g->guide.on && g->guide.window.n > g->window.n ? g->guide.window.n : g->window.n;
    const uint64_t positions = r->context_shift ? UINT64_MAX : g->window.n_ctx + 1 - n;
    const uint64_t wanted = r->n_predict < 0 ? UINT64_MAX : (uint64_t)r->n_predict - g->n_generated;
    return wanted < positions ? wanted : positions;
}

const struct token_set *generation_undrawn(const struct generation *g) {
    return g->request.ignore_eos || !may_end(g) ? &g->session->banned : &g->session->undrawn;
}

void generation_choose(struct generation *g, int32_t id) { g->chosen = id; }

static bool is_full(const struct generation *g) {
    return window_is_full(&g->window) || (g->guide.on && window_is_full(&g->guide.window));
}

// Draws a token. *ends: it ends the text, and is no part of it.
static quill_status draw_token(struct generation *g, const float *logits, int32_t *id, bool *ends, quill_error *err) {
    const quill_request *r = &g->request;
    size_t n;
    if (g->guided) logits = g->guided;
    const int32_t *history = window_all(&g->window, &n);
    const bool *breaks;
    if (!breakers_read(&g->breakers, history, n, &breaks) || !sampler_reserve(g->session->sampler, &r->sampling, n))
        return fail_memory(err);
    const struct draw draw = {
        .sampling = &r->sampling,
        .history = history,
        .n_history = n,
        .breaks = breaks,
        .mirostat = &g->mirostat,
        .banned = generation_undrawn(g),
        .key = {.seed = r->seed, .prompt = g->prompt_hash, .sample = r->sample, .position = n},
    };
    if (constraint_use_applies(&g->constraint)) {
        const uint64_t left = r->budget == QUILL_BUDGET_SOFT ? tokens_left(g) : UINT64_MAX;
        const uint64_t room = left == UINT64_MAX ? left : left - 1;
        g->constraint.may_stop = may_end(g);
        return constraint_use_draw(&g->constraint, logits, &draw, buffer_str(&g->bytes), room, id, ends, err);
    }
    *id = g->chosen != NO_TOKEN ? g->chosen : sampler_draw(g->session->sampler, logits, &draw);
    *ends = *id >= 0 && is_end(g, *id);
    if (*id >= 0) return QUILL_OK;
    return fail(err, QUILL_E_CONSTRAINT, "no token is left to draw: logit biases or the model's own lists exclude all");
}

static bool reserve(struct generation *g) {
    size_t *ends = alloc_grow(g->ends, &g->cap_ends, g->n_generated + 1, sizeof *ends);
    if (ends) g->ends = ends;
    const bool guided = !g->guide.on || window_reserve(&g->guide.window);
    return ends && guided && score_list_reserve(&g->scores, 1) && window_reserve(&g->window);
}

// The end of a text is no part of it, whatever kind of token it is.
static quill_status record(struct generation *g, const float *logits, int32_t id, bool ends, quill_error *err) {
    size_t n_bytes = 0;
    const char *bytes = ends ? "" : quill_decoder_take(&g->decoder, id, &n_bytes);
    if (!reserve(g) || !buffer_add(&g->bytes, bytes, n_bytes)) return fail_memory(err);
    score_list_add(&g->scores, &g->session->likelihood, logits, id);
    window_add(&g->window, id);
    if (g->guide.on) window_add(&g->guide.window, id);
    g->ends[g->n_generated++] = g->bytes.n;
    mirostat_accept(&g->mirostat);
    if (g->n_generated == 1) g->result.first_token_ms = clock_ms() - g->start;
    return QUILL_OK;
}

// No token follows the last one, so bytes that the decoder holds back belong to it.
static quill_status end_text(struct generation *g, quill_error *err) {
    size_t n_bytes;
    const char *bytes = quill_decoder_end(&g->decoder, &n_bytes);
    if (!buffer_add(&g->bytes, bytes, n_bytes)) return fail_memory(err);
    g->ends[g->n_generated - 1] = g->bytes.n;
    return QUILL_OK;
}

static quill_status pass_on(struct generation *g, bool final, quill_error *err) {
    struct str piece;
    if (!text_take(&g->text, g->bytes.p, g->certain, final, &piece)) return fail_memory(err);
    if (piece.n == 0 || !g->request.on_text) return QUILL_OK;
    quill_status s = g->request.on_text(g->request.user, piece.p, piece.n);
    return s ? fail(err, s, "the generated text could not be passed on") : QUILL_OK;
}

// Keeps the tokens up to the one that completed the match; later ones, drawn while an earlier match was still possible,
// are dropped.
static void stop_at(struct generation *g, const struct stop_match *match) {
    finish(g, match->kind);
    g->result.stop_match = (quill_text){g->bytes.p + match->begin, match->end - match->begin};
    size_t n = 1;
    while (g->ends[n - 1] < match->end) n++;
    g->n_generated = g->scores.n = n;
}

// Looks for a stop and finishes if there is one; `final`: no text will follow. Ignores the first min_tokens tokens.
static quill_status look(struct generation *g, bool final, quill_error *err) {
    g->certain = g->bytes.n;
    if (g->bytes.n <= g->prefix.n) return QUILL_OK;
    if (g->n_generated <= (uint64_t)g->request.min_tokens) {
        stops_skip(g->stops, g->bytes.n);
        return QUILL_OK;
    }
    const struct stop_match *match;
    quill_status s = stops_look(g->stops, buffer_str(&g->bytes), final, &g->certain, &match, err);
    if (!s && match) stop_at(g, match);
    return s;
}

// Finishes if no token can follow the last one.
static void end_after(struct generation *g, bool ended) {
    const quill_request *r = &g->request;
    if (ended) finish(g, QUILL_STOP_EOS);
    else if (r->n_predict >= 0 && g->n_generated >= (uint64_t)r->n_predict) finish(g, QUILL_STOP_LENGTH);
    else if (is_full(g) && !r->context_shift) finish(g, QUILL_STOP_CONTEXT);
}

// Under a constraint: the text goes on, is complete, or ends inside, which is a failure. It is certain only when it is
// complete.
static quill_status end_constrained(struct generation *g, size_t n_before, bool ended, quill_error *err) {
    const size_t n_prefix = g->prefix.n;
    const struct str text = constraint_use_text(&g->constraint, buffer_str(&g->bytes));
    struct stop_match match;
    bool found = false;
    quill_status s = QUILL_OK;
    if (g->n_generated > (uint64_t)g->request.min_tokens)
        s = constraint_use_look(&g->constraint, text, n_before < n_prefix ? 0 : n_before - n_prefix, &found, &match,
                                err);
    if (s) return s;
    if (found) stop_at(g, &(struct stop_match){n_prefix + match.begin, n_prefix + match.end, match.kind});
    const bool over = found || ended;
    if (!over && tokens_left(g) > 0 && constrained_may_go_on(&g->constraint.text)) return QUILL_OK;
    if (!over && !constrained_may_end(&g->constraint.text))
        return fail(err, QUILL_E_CONSTRAINT, "%s: the text is not complete after %zu token%s, and no more fit",
                    constrained_name(&g->constraint.text), g->n_generated, PLURAL(g->n_generated));
    const size_t n = found ? match.begin : text.n;
    g->certain = n_prefix + n;
    if (!found) finish(g, constrained_stop(&g->constraint.text));
    if (constrained_confirm(&g->constraint.text, (struct str){text.p, n})) return QUILL_OK;
    return fail(err, QUILL_E_CONSTRAINT, "%s: the text is not what was asked for, looked at as a whole",
                constrained_name(&g->constraint.text));
}

static quill_status next_token(struct generation *g, const float *logits, quill_error *err) {
    int32_t id = -1;
    bool ends = false;
    const size_t n_before = g->bytes.n;
    quill_status s = draw_token(g, logits, &id, &ends, err);
    if (!s && id >= 0) s = record(g, logits, id, ends, err);
    if (!s && constraint_use_applies(&g->constraint))
        s = constraint_use_advance(&g->constraint, buffer_str(&g->bytes), n_before, err);
    if (s) return s;
    if (is_constrained(g)) return end_constrained(g, n_before, ends || id < 0, err);
    end_after(g, ends);
    if (g->finished) s = end_text(g, err);
    if (!s) s = look(g, g->finished, err);
    return s || g->finished ? s : pass_on(g, false, err);
}

// ---- steps ----------------------------------------------------------------------------------------

size_t generation_draft(struct generation *g, size_t room) {
    const quill_request *r = &g->request;
    struct window *w = &g->window;
    if (g->n_generated == 0 || window_is_full(w)) return 0;
    if (room > w->n_ctx - w->n) room = w->n_ctx - w->n;
    if (is_constrained(g) && g->draft.most != 0) {
        g->draft.n = constraint_use_guess(&g->constraint, w->ids + w->n, room < tokens_left(g) ? room : 0);
        if (g->draft.n) return g->draft.n;
    }
    // One token is always drawn after the last id.
    const uint64_t left = r->n_predict < 0 ? UINT64_MAX : (uint64_t)r->n_predict - g->n_generated;
    if (left < 1 || room > left - 1) room = left ? (size_t)left - 1 : 0;
    return draft_make(&g->draft, w->ids, w->n, room);
}

static quill_status take_row(struct generation *g, const float *logits, quill_error *err) {
    quill_status s = QUILL_OK;
    if (!g->prompt_read) g->result.prompt_ms = clock_ms() - g->start;
    g->prompt_read = true;
    if (g->n_generated == 0) s = end_before(g, err);
    if (!s && !g->finished && !poll_interrupt(g)) s = next_token(g, logits, err);
    if (s == QUILL_E_CONSTRAINT && is_constrained(g) && poll_interrupt(g)) s = QUILL_OK; // which ended what took long
    // When the text is over, what was held back is not a stop. An interrupted text is not over: only text that is
    // certain is passed on.
    if (!s && g->finished) s = pass_on(g, true, err);
    if (s) g->finished = true;
    return s;
}

static bool shift_if_full(const struct generation *g, struct window *w) {
    const bool full = !g->finished && window_is_full(w);
    if (full) window_shift(w);
    return full;
}

quill_status generation_take(struct generation *g, const float *logits, quill_error *err) {
    quill_status s = QUILL_OK;
    size_t accepted = 0;
    bool agreed;
    do {
        const int32_t *id = &g->window.ids[g->window.n], guess = *id;
        s = take_row(g, logits + accepted * (size_t)g->session->lanes.n_vocab, err);
        agreed = !g->finished && accepted < g->draft.n && *id == guess;
        accepted += agreed;
    } while (agreed);
    draft_end(&g->draft, accepted);
    g->shifted = shift_if_full(g, &g->window);
    return s;
}

// Takes both logits. Nothing is drafted, so there is one row of each.
quill_status generation_take_guided(struct generation *g, quill_error *err) {
    g->guided = guide_combine(&g->guide, &g->session->likelihood);
    const quill_status s = generation_take(g, g->guide.own, err);
    g->negative_shifted = shift_if_full(g, &g->guide.window);
    return s;
}

bool generation_is_guided(const struct generation *g) { return g->guide.on; }

const int32_t *generation_negative_ids(const struct generation *g, size_t *n) {
    *n = g->guide.window.n;
    return g->guide.window.ids;
}

bool generation_negative_shifted(const struct generation *g, size_t *kept) {
    *kept = g->guide.window.kept;
    return g->negative_shifted;
}

bool generation_poll(struct generation *g) { return poll_interrupt(g); }

void generation_give(struct generation *g, bool negative, const float *logits) {
    memcpy(negative ? g->guide.negative : g->guide.own, logits, g->session->likelihood.n_vocab * sizeof *logits);
}

bool generation_shifted(const struct generation *g, size_t *kept) {
    *kept = g->window.kept;
    return g->shifted;
}

const quill_result *generation_end(struct generation *g, quill_status status) {
    quill_result *r = &g->result;
    double now = clock_ms();
    stops_free(g->stops);
    g->stops = NULL;
    constraint_use_end(&g->constraint);
    if (status) r->stop = QUILL_STOP_ERROR;
    if (status && is_constrained(g)) g->n_generated = g->scores.n = g->text.out.n = 0;
    r->text = (quill_text){g->text.out.p ? g->text.out.p : "", g->text.out.n};
    r->prompt_tokens = g->request.n_prompt;
    r->generated_tokens = g->n_generated;
    r->drafted_tokens = g->draft.drafted;
    r->accepted_tokens = g->draft.accepted;
    r->context_shifts = g->window.n_shifts;
    score_list_finish(&g->scores);
    score_list_finish(&g->prompt_scores);
    r->logprob = 0;
    for (size_t i = 0; i < g->scores.n; i++) r->logprob += g->scores.tokens[i].logprob;
    if (g->request.logprobs >= 0) {
        r->tokens = g->scores.tokens;
        r->n_tokens = g->scores.n;
    }
    if (g->request.prompt_logprobs && g->prompt_scores.n == g->request.n_prompt)
        r->prompt_scores = g->prompt_scores.tokens;
    if (!g->prompt_read) r->prompt_ms = now - g->start;
    r->generate_ms = now - g->start - r->prompt_ms;
    return r;
}
