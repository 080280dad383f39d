// SPDX-License-Identifier: MIT
// quill rank: lines in the order of their likelihood after a prefix.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/io/json_out.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/prompt/read.h"
#include "cli/run/model_source.h"
#include "cli/run/scorer.h"
#include "cli/table/row_failures.h"

enum { SCORE_PLACES = 6 };

struct ranked {
    const char *text; // [n]
    size_t n;
    size_t number;    // from 0, in the order of the input
    double score;     // NAN: failed, or nothing to score
    bool failed;
};

struct ranking {
    struct progress bar;
    const struct options *o;
    const char *path; // of the candidates; "-": stdin
    struct scorer scorer;
    struct output out;
    struct buffer prefix, input;
    struct ranked *candidates; // [n], room for cap
    size_t n, cap;
    struct row_failures failures;
};

// The operand is a file, not a text as in a prompt.
static quill_status take_file(struct ranking *r, struct options *o, quill_error *err) {
    if (o->operands.n > 1)
        return fail(err, QUILL_E_USAGE, "rank: expected at most one FILE of candidates, found %zu operands",
                    o->operands.n);
    r->path = o->operands.n ? o->operands.items[0] : "-";
    o->operands.n = 0;
    return stdin_claim_by(o, r->path, "the candidates", err);
}

static quill_status read_candidates(struct ranking *r, quill_error *err) {
    if (strcmp(r->path, "-") == 0) say_reading(r->o, STDIN_FILENO, "candidates");
    quill_status s = read_file(&r->input, r->path, (uint64_t)r->o->prompt.max_bytes, err);
    if (s) return s;
    const char *p = r->input.p ? r->input.p : "", *end = p + r->input.n;
    p += utf8_mark(p, r->input.n);
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline ? newline : end) - p);
        struct ranked *grown = alloc_grow(r->candidates, &r->cap, r->n + 1, sizeof *grown);
        if (!grown) return fail_memory(err);
        r->candidates = grown;
        grown[r->n] = (struct ranked){.text = p, .n = n, .number = r->n};
        r->n++;
        p += n + (newline != NULL);
    }
    return QUILL_OK;
}

struct round {
    struct ranking *r;
    bool prior;                                // scores without the prefix, which --normalize prior subtracts
    struct ranked *candidates[SCORER_TEXTS]; // [n] scored at once
    struct to_score texts[SCORER_TEXTS];
    size_t n;
};

static quill_status on_score(void *user, size_t i, const struct text_score *score, const quill_error *problem,
                             quill_error *err) {
    const struct round *round = user;
    struct ranked *c = round->candidates[i];
    if (problem) {
        c->failed = true;
        c->score = (double)NAN;
        *err = *problem;
        return row_failed(&round->r->failures, c->number + 1, err);
    }
    const struct ranking *r = round->r;
    const uint64_t rounds = r->o->choose.normalize == NORMALIZE_PRIOR ? 2 : 1;
    progress_update(&round->r->bar, "scoring", c->number + (round->prior ? r->n : 0), rounds * r->n);
    if (round->prior) c->score -= score->logprob;
    else if (r->o->choose.normalize == NORMALIZE_TOKENS) c->score = score->logprob / (double)score->tokens;
    else if (r->o->choose.normalize == NORMALIZE_BYTES) c->score = score->logprob / (double)score->bytes;
    else c->score = score->logprob;
    return QUILL_OK;
}

static quill_status score_some(struct round *round, quill_error *err) {
    const struct scoring_calls calls = {.done = on_score, .user = round};
    quill_status s = scorer_run(&round->r->scorer, round->texts, round->n, &calls, err);
    round->n = 0;
    return s;
}

static quill_status score_round(struct ranking *r, bool prior, quill_error *err) {
    struct round round = {.r = r, .prior = prior};
    const struct buffer none = {0}, *prefix = prior ? &none : &r->prefix;
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < r->n && !signals_pending(); i++) {
        struct ranked *c = &r->candidates[i];
        if (c->failed) continue;
        round.candidates[round.n] = c;
        round.texts[round.n++] = (struct to_score){
            .prefix = prefix->p ? prefix->p : "",
            .n_prefix = prefix->n,
            .text = c->text,
            .n = c->n,
            .space = r->o->score.space};
        if (round.n == SCORER_TEXTS) s = score_some(&round, err);
    }
    return s || round.n == 0 ? s : score_some(&round, err);
}

static quill_status score_candidates(void *arg, quill_error *err) {
    struct ranking *r = arg;
    quill_status s = score_round(r, false, err);
    return s || r->o->choose.normalize != NORMALIZE_PRIOR ? s : score_round(r, true, err);
}

// Best first; NAN last; ties in the order of the input.
static int compare(const void *x, const void *y) {
    const struct ranked *a = x, *b = y;
    bool no_a = isnan(a->score), no_b = isnan(b->score);
    if (no_a != no_b) return no_a ? 1 : -1;
    if (!no_a && a->score != b->score) return a->score > b->score ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static quill_status print_candidate(struct ranking *r, const struct ranked *c, struct buffer *line,
                                    quill_error *err) {
    if (r->o->output.json) {
        json_t *object = json_object();
        if (json_put(object, "score", json_decimal(c->score, SCORE_PLACES)) &&
            json_put(object, "text", json_text(c->text, c->n)))
            return json_write_line(&r->out, object, err);
        json_decref(object);
        return fail_memory(err);
    }
    line->n = 0;
    bool ok = show_decimal(line, c->score, SCORE_PLACES) && buffer_add_string(line, "\t") &&
              show_escaped(line, c->text, c->n) && buffer_add_string(line, "\n");
    return ok ? output_write(&r->out, line->p, line->n, err) : fail_memory(err);
}

static quill_status print_candidates(struct ranking *r, quill_error *err) {
    struct buffer line = {0};
    if (r->n) qsort(r->candidates, r->n, sizeof *r->candidates, compare);
    quill_status s = output_open(&r->out, r->o->output.path, r->o->output.raw, err);
    for (size_t i = 0; !s && i < r->n; i++) s = print_candidate(r, &r->candidates[i], &line, err);
    if (!s) s = output_close(&r->out, err);
    buffer_free(&line);
    return s;
}

static quill_status rank(struct ranking *r, quill_error *err) {
    const struct options *o = r->o;
    bool prior = o->choose.normalize == NORMALIZE_PRIOR, given = o->prompt.text || o->prompt.files.n;
    if (!given) return fail(err, QUILL_E_USAGE, "rank: a prefix is needed: -p TEXT or -f FILE");
    quill_status s = prompt_read(&r->prefix, o, err);
    if (!s) s = scorer_open(&r->scorer, o, SCORER_AT_ONCE, err);
    signals_catch(); // the ranking is written whole or not at all
    if (!s && prior && r->scorer.begin < 0)
        s = fail(err, QUILL_E_USAGE, "--normalize prior needs a BOS or EOS token in front of the candidates");
    if (!s) s = read_candidates(r, err);
    if (s) return s;
    r->failures.fast = o->rows.fail_fast;
    r->failures.rows = r->n;
    progress_start(&r->bar, o->talk.quiet);
    s = hold_session(r->scorer.session, score_candidates, r, err);
    progress_clear(&r->bar);
    if (s || signals_pending()) return s;
    s = print_candidates(r, err);
    return s ? s : row_failures_end(&r->failures, err);
}

int cmd_rank(struct options *o, quill_error *err) {
    struct ranking r = {.o = o, .out = {.fd = -1}};
    quill_status s = take_file(&r, o, err);
    if (!s) s = environment_apply(o, err);
    if (!s) s = rank(&r, err);
    output_abort(&r.out);
    scorer_free(&r.scorer);
    buffer_free(&r.prefix);
    buffer_free(&r.input);
    free(r.candidates);
    return (int)s;
}
