// SPDX-License-Identifier: MIT
#include "request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/signals.h"
#include "cli/prompt/read.h"

static quill_status build_stops(struct request_parts *parts, const struct options *o, quill_error *err) {
    parts->stop_texts = calloc(o->stops.n + 1, sizeof *parts->stop_texts);
    parts->stops = calloc(o->stops.n + 1, sizeof *parts->stops);
    if (!parts->stop_texts || !parts->stops) return fail_memory(err);
    for (size_t i = 0; i < o->stops.n; i++) {
        struct buffer *t = &parts->stop_texts[i];
        parts->n_stops = i + 1;
        quill_status s = add_argument(t, o, "--stop", o->stops.items[i], err);
        if (s) return s;
        if (t->n == 0) return fail(err, QUILL_E_USAGE, "--stop: expected a text, found an empty one");
        parts->stops[i] = (quill_text){t->p, t->n};
    }
    return QUILL_OK;
}

// ID+B, ID-B or ID-inf
static quill_status parse_bias(quill_logit_bias *out, const char *text, quill_error *err) {
    char *end;
    errno = 0;
    long id = strtol(text, &end, 10);
    bool good = *text >= '0' && *text <= '9' && errno == 0 && id <= INT32_MAX && (*end == '+' || *end == '-');
    const char *value = end;
    double bias = 0;
    if (good && strcmp(value, "-inf") == 0) {
        bias = (double)-INFINITY;
    } else if (good) {
        bias = strtod(value, &end);
        bool plain = value[strspn(value, ".0123456789eE+-")] == 0; // no "inf", "nan", "0x1"
        good = plain && end != value && *end == 0 && isfinite((float)bias);
    }
    if (!good)
        return fail(err, QUILL_E_USAGE, "--logit-bias: expected ID+B, ID-B or ID-inf, found '%s'",
                    QUOTED(str_of(text)));
    *out = (quill_logit_bias){(int32_t)id, (float)bias};
    return QUILL_OK;
}

static quill_status parse_draft(int32_t *draft, const char *text, quill_error *err) {
    enum { MOST = 64 };
    size_t digits = strspn(text, "0123456789");
    long n = digits && digits < 3 && !text[digits] ? strtol(text, NULL, 10) : 0;
    if (strcmp(text, "auto") == 0) *draft = QUILL_DRAFT_AUTO;
    else if (strcmp(text, "off") == 0) *draft = 0;
    else if (n >= 1 && n <= MOST) *draft = (int32_t)n;
    else
        return fail(err, QUILL_E_USAGE, "--draft: expected auto, off or a whole number from 1 to %d, found '%s'", MOST,
                    QUOTED(str_of(text)));
    return QUILL_OK;
}

static quill_status draw_seed(uint64_t *seed, quill_error *err) {
    ssize_t got;
    do got = getrandom(seed, sizeof *seed, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof *seed) return fail_errno(err, QUILL_E_SYSTEM, "the system", "draw a random seed", errno);
    *seed &= QUILL_SEED_MAX; // 2^53 - 1: a mask
    return QUILL_OK;
}

static quill_status build_sampling(quill_sampling *sampling, struct request_parts *parts, const struct options *o,
                                   quill_error *err) {
    parts->bias = calloc(o->logit_bias.n + 1, sizeof *parts->bias);
    if (!parts->bias) return fail_memory(err);
    for (size_t i = 0; i < o->logit_bias.n; i++) {
        quill_status s = parse_bias(&parts->bias[i], o->logit_bias.items[i], err);
        if (s) return s;
    }
    *sampling = (quill_sampling){
        .temp = (float)o->temp,
        .top_k = (int32_t)o->top_k,
        .top_p = (float)o->top_p,
        .min_p = (float)o->min_p,
        .typical_p = (float)o->typical_p,
        .repeat_penalty = (float)o->repeat_penalty,
        .repeat_last_n = (int32_t)o->repeat_last_n,
        .presence_penalty = (float)o->presence_penalty,
        .frequency_penalty = (float)o->frequency_penalty,
        .logit_bias = parts->bias,
        .n_logit_bias = o->logit_bias.n,
    };
    return quill_sampling_check(sampling, 0, err);
}

quill_status request_build(quill_request *request, struct request_parts *parts, const struct options *o,
                           quill_error *err) {
    *parts = (struct request_parts){0};
    *request = quill_request_default();
    quill_status s = build_stops(parts, o, err);
    if (!s) s = build_sampling(&request->sampling, parts, o, err);
    if (!s) s = parse_draft(&request->draft, o->draft, err);
    if (!s && o->seed < 0) s = draw_seed(&request->seed, err);
    if (o->seed >= 0) request->seed = (uint64_t)o->seed;
    request->n_predict = o->predict;
    request->min_tokens = o->min_tokens;
    request->ignore_eos = o->ignore_eos;
    request->stops = parts->stops;
    request->n_stops = parts->n_stops;
    request->stop_regex = o->stop_regex;
    request->line = o->line;
    request->raw_bytes = o->bytes;
    request->logprobs = o->prompt_logprobs && o->logprobs < 0 ? 0 : (int)o->logprobs;
    request->prompt_logprobs = o->prompt_logprobs;
    request->interrupted = signals_flag();
    return s;
}

quill_status request_add_stops(quill_request *request, struct request_parts *parts, const quill_text *stops, size_t n,
                               quill_error *err) {
    quill_text *all = realloc(parts->stops, (request->n_stops + n + 1) * sizeof *all);
    if (!all) return fail_memory(err);
    for (size_t i = 0; i < n; i++) all[request->n_stops++] = stops[i];
    request->stops = parts->stops = all;
    return QUILL_OK;
}

void request_parts_free(struct request_parts *parts) {
    for (size_t i = 0; i < parts->n_stops; i++) buffer_free(&parts->stop_texts[i]);
    free(parts->stop_texts);
    free(parts->stops);
    free(parts->bias);
}
