// SPDX-License-Identifier: MIT
// quill score: the model's probability of lines, or with --whole of texts.
#include <inttypes.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/json_out.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/prompt/read.h"
#include "cli/run/model_source.h"
#include "cli/run/score_page.h"
#include "cli/table/row_failures.h"
#include "cli/table/rows.h"

enum { LOGPROB_PLACES = 6, PERPLEXITY_PLACES = 4 };

struct scoring {
    const struct options *o;
    struct scorer scorer;
    struct output out;
    struct score_page page;
    bool per_token, colors;
    int32_t stride;     // --whole; 0: lines
    struct buffer line; // being built
    struct buffer held; // texts[0..n_texts) one after the other, not scored yet
    struct to_score texts[SCORER_TEXTS];
    size_t n_texts;
    json_t *pieces;     // for --per token --json
    struct row_failures failures;
    struct progress bar;
    struct rows *rows; // rows of the current file; NULL: --whole
    quill_text name;   // name of that file, '-' for stdin; with --whole it names the text
    uint64_t n_pieces; // pieces of the current text
};

// The files of -f, then the operands.
static size_t n_files(const struct options *o) { return o->prompt.files.n + o->operands.n; }

static const char *file_at(const struct options *o, size_t i) {
    const size_t n = o->prompt.files.n;
    return i < n ? o->prompt.files.items[i] : o->operands.items[i - n];
}

static quill_status check_options(const struct options *o, quill_error *err) {
    size_t times = 0;
    for (size_t i = 0; i < n_files(o); i++) times += strcmp(file_at(o, i), "-") == 0;
    if (times > 1) return fail(err, QUILL_E_USAGE, "stdin ('-') is given twice");
    for (size_t i = 0; i < o->operands.n; i++) { // tells a user who gave a text how to pass texts
        const char *path = o->operands.items[i];
        if (strcmp(path, "-") != 0 && access(path, F_OK) != 0)
            return fail(err, QUILL_E_SYSTEM, "%s: cannot open: %s (a text comes from stdin)", QUOTED(str_of(path)),
                        strerror(errno));
    }
    if (o->score.space && !o->score.given) return fail(err, QUILL_E_USAGE, "--space needs --given");
    if (o->cache.on && !o->score.given) return fail(err, QUILL_E_USAGE, "--cache needs --given");
    if (o->score.stride >= 0 && !o->score.whole) return fail(err, QUILL_E_USAGE, "--stride needs --whole");
    if (o->output.logprobs >= 0 && !o->output.json) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (o->score.header && o->output.json) return fail(err, QUILL_E_USAGE, "--header and --json exclude each other");
    return QUILL_OK;
}

// ---- tokens ----

// SGR of ECMA-48, by level: plain, cyan, yellow, red, bold underlined red.
static const char *const level_colors[SURPRISE_LEVELS] = {"", "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[1;4;31m"};

static quill_status write_piece(struct scoring *s, const struct scored_piece *piece, quill_error *err) {
    const char *color = s->colors ? level_colors[surprise_level(piece->score->logprob)] : "";
    struct buffer *t = &s->line;
    t->n = 0;
    bool ok = buffer_add_format(t, "%d\t", (int)piece->id) && show_decimal(t, piece->score->logprob, LOGPROB_PLACES) &&
              buffer_add_string(t, "\t");
    size_t begin = t->n;
    if (!ok || !show_visible(t, piece->bytes, piece->n, VISIBLE_PIECE)) return fail_memory(err);
    quill_status status = output_write(&s->out, t->p, begin, err);
    if (!status) status = output_write_raw(&s->out, color, err);
    if (!status) status = output_write(&s->out, t->p + begin, t->n - begin, err);
    if (!status && *color) status = output_write_raw(&s->out, "\x1b[0m", err);
    return status ? status : output_write(&s->out, "\n", 1, err);
}

static bool add_json_piece(struct scoring *s, const struct scored_piece *piece) {
    json_t *object = json_object();
    bool ok = json_put(object, "id", json_integer(piece->id)) &&
              json_put(object, "logprob", json_decimal(piece->score->logprob, LOGPROB_PLACES)) &&
              json_put(object, "piece", json_text(piece->bytes, piece->n)) &&
              (s->o->output.logprobs < 0 ||
               json_put(object, "top", json_top(s->scorer.tokenizer, QUILL_SPECIAL_AS_TEXT, piece->score)));
    return json_array_append_new(s->pieces, object) == 0 && ok;
}

static quill_status on_piece(void *user, const struct scored_piece *piece, quill_error *err) {
    struct scoring *s = user;
    char what[48];
    if (s->stride && ++s->n_pieces % 256 == 0) {
        snprintf(what, sizeof what, "scoring token %" PRIu64, s->n_pieces);
        progress_update(&s->bar, what, 0, 0);
    }
    if (s->o->score.html) {
        quill_status status = page_piece(&s->page, piece, err);
        if (status) return status;
    }
    if (!s->per_token || !piece->score) return QUILL_OK;
    if (!s->o->output.json) return write_piece(s, piece, err);
    return add_json_piece(s, piece) ? QUILL_OK : fail_memory(err);
}

// ---- texts ----

static quill_status write_object(struct scoring *s, const struct text_score *score, const char *p, size_t n,
                                 const char *problem, quill_error *err) {
    json_t *object = json_object();
    bool ok = json_put(object, "logprob", json_decimal(problem ? (double)NAN : score->logprob, LOGPROB_PLACES)) &&
              json_put(object, "tokens", json_integer((json_int_t)score->tokens)) &&
              json_put(object, "perplexity", json_decimal(score_perplexity(score), PERPLEXITY_PLACES)) &&
              json_put(object, "bits_per_byte", json_decimal(score_bits_per_byte(score), PERPLEXITY_PLACES)) &&
              json_put(object, "text", json_text(p ? p : "", n)) &&
              (!s->per_token || json_put(object, "pieces", json_incref(s->pieces))) &&
              (!problem || json_put(object, "error", json_c_string(problem)));
    if (!ok) {
        json_decref(object);
        return fail_memory(err);
    }
    return json_write_line(&s->out, object, err);
}

// Writes the record of a text; `problem` (NULL: none) says why it has no score.
static quill_status write_record(struct scoring *s, const struct text_score *score, const char *p, size_t n,
                                 const char *problem, quill_error *err) {
    if (s->o->output.json) return write_object(s, score, p, n, problem, err);
    struct buffer *t = &s->line;
    t->n = 0;
    bool ok = true;
    if (!problem && !s->per_token)
        ok = show_decimal(t, score->logprob, LOGPROB_PLACES) && buffer_add_format(t, "\t%zu\t", score->tokens) &&
             show_decimal(t, score_perplexity(score), PERPLEXITY_PLACES) && buffer_add_string(t, "\t") &&
             show_decimal(t, score_bits_per_byte(score), PERPLEXITY_PLACES) && buffer_add_string(t, "\t") &&
             show_escaped(t, p, n);
    if (!ok || !buffer_add_string(t, "\n")) return fail_memory(err);
    quill_status status = output_write(&s->out, t->p, t->n, err);
    return status ? status : output_flush(&s->out, err);
}

static void show_progress(struct scoring *s) {
    char what[48];
    uint64_t done, all;
    if (!s->rows) return;
    rows_progress(s->rows, &done, &all);
    snprintf(what, sizeof what, "scoring text %" PRIu64, s->failures.rows);
    progress_update(&s->bar, what, done, all);
}

static quill_status on_text(void *user, size_t i, const struct text_score *score, const quill_error *problem,
                            quill_error *err) {
    struct scoring *s = user;
    const struct to_score *text = &s->texts[i];
    s->failures.rows++;
    progress_hide(&s->bar);
    s->n_pieces = 0;
    const quill_text shown = s->stride ? s->name : (quill_text){text->text, text->n};
    quill_status status = write_record(s, score, shown.text, shown.n, problem ? problem->text : NULL, err);
    if (!status && s->o->score.html) status = page_end_text(&s->page, score, problem ? problem->text : NULL, err);
    if (s->pieces) json_array_clear(s->pieces);
    show_progress(s);
    if (status || !problem) return status;
    *err = *problem;
    return row_failed(&s->failures, s->failures.rows, err);
}

// How many of the likeliest tokens the page and the objects need.
static int most_likely(const struct options *o) {
    const int page = o->score.html ? PAGE_TOP : 0, listed = (int)o->output.logprobs;
    return page > listed ? page : listed;
}

static quill_status score_held(struct scoring *s, quill_error *err) {
    const char *p = s->held.p ? s->held.p : "";
    const struct scoring_calls calls = {.top = most_likely(s->o), .piece = on_piece, .done = on_text, .user = s};
    for (size_t i = 0; i < s->n_texts; p += s->texts[i++].n) s->texts[i].text = p;
    quill_status status = s->stride ? scorer_run_windows(&s->scorer, s->texts, s->stride, &calls, err)
                                    : scorer_run(&s->scorer, s->texts, s->n_texts, &calls, err);
    s->n_texts = s->held.n = 0;
    return status;
}

// The last n bytes of `held` become a text, which score_held scores together with others.
static void add_text(struct scoring *s, size_t n) {
    const char *given = s->o->score.given ? s->o->score.given : "";
    s->texts[s->n_texts++] = (struct to_score){
        .prefix = given, .n_prefix = strlen(given), .n = n, .space = s->o->score.space};
}

static quill_status hold_text(struct scoring *s, const char *p, size_t n, quill_error *err) {
    if (!buffer_add(&s->held, p, n)) return fail_memory(err);
    add_text(s, n);
    return QUILL_OK;
}

// Scores as many lines at once as can be read without waiting.
static quill_status score_lines(struct scoring *s, int fd, const char *name, quill_error *err) {
    const struct row_source source = {.form = ROW_LINES, .name = name, .fd = fd};
    struct rows *rows = NULL;
    const struct row *row = NULL;
    quill_status status = rows_open(&rows, &source, err);
    s->rows = rows;
    while (!status && !signals_pending()) {
        bool full = s->n_texts == SCORER_TEXTS || s->held.n >= SCORER_BYTES;
        if (s->n_texts && (full || !rows_ready(rows))) status = score_held(s, err);
        if (!status) status = rows_next(rows, &row, err);
        else break;
        if (!row) break;
        if (!status) status = hold_text(s, row->raw.text, row->raw.n, err);
    }
    if (s->n_texts && !signals_pending()) { // lines read before a failure are still scored
        quill_error problem;
        quill_status last = score_held(s, &problem);
        if (!status && last) *err = problem;
        if (!status) status = last;
    }
    s->rows = NULL;
    rows_close(rows);
    return status;
}

static quill_status score_file(struct scoring *s, const char *path, quill_error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    if (is_stdin) say_reading(s->o, STDIN_FILENO, s->stride ? "a text" : "lines");
    if (s->stride) {
        quill_status status = read_file(&s->held, path, NO_LIMIT, err);
        if (status) return status;
        s->name = (quill_text){path, strlen(path)};
        add_text(s, s->held.n);
        return score_held(s, err);
    }
    int fd = STDIN_FILENO;
    const char *name = is_stdin ? "stdin" : path;
    quill_status status = is_stdin ? QUILL_OK : inputs_open(&fd, path, err);
    if (!status) status = inputs_check_endless(fd, name, s->out.fd, err);
    if (!status) status = score_lines(s, fd, name, err);
    if (!is_stdin && fd >= 0) close(fd);
    return status;
}

// ---- all of them ----

static quill_status open_all(struct scoring *s, quill_error *err) {
    const struct options *o = s->o;
    quill_status status = scorer_open(&s->scorer, o, o->score.whole ? 1 : SCORER_AT_ONCE, err);
    if (status) return status;
    int32_t limit = s->scorer.n_ctx;
    if (o->score.stride > limit)
        return fail(err, QUILL_E_USAGE, "--stride: expected at most %d, the context, found %lld", (int)limit,
                    (long long)o->score.stride);
    if (o->score.whole) s->stride = o->score.stride > 0 ? (int32_t)o->score.stride : limit > 1 ? limit / 2 : 1;
    signals_catch();
    for (size_t i = 0; !status && i < n_files(o); i++) status = inputs_add(file_at(o, i), err);
    if (!status) status = output_open(&s->out, o->output.path, o->output.raw, err);
    if (!status && o->score.html) status = page_open(&s->page, o->score.html, s->scorer.model, err);
    if (!status && o->score.html && output_same(&s->out, &s->page.out))
        status = fail(err, QUILL_E_USAGE, "--html: the lines go to '%s' already", QUOTED(str_of(o->score.html)));
    if (status) return status;
    s->per_token = o->score.per == PER_TOKEN || o->output.logprobs >= 0;
    s->colors = colors_wanted((enum color_when)o->output.color, s->out.terminal);
    s->failures.fast = o->rows.fail_fast;
    s->pieces = json_array();
    if (!s->pieces) return fail_memory(err);
    const char *names = s->per_token ? "id\tlogprob\tpiece\n" : "logprob\ttokens\tperplexity\tbits_per_byte\ttext\n";
    return o->score.header ? output_write(&s->out, names, strlen(names), err) : QUILL_OK;
}

static quill_status score_files(void *arg, quill_error *err) {
    struct scoring *s = arg;
    const size_t n = n_files(s->o);
    quill_status status = n ? QUILL_OK : score_file(s, "-", err);
    for (size_t i = 0; !status && i < n; i++) status = score_file(s, file_at(s->o, i), err);
    return status;
}

static quill_status score_all(struct scoring *s, quill_error *err) {
    quill_status status = open_all(s, err);
    progress_start(&s->bar, s->o->talk.quiet || s->out.terminal);
    if (!status) status = hold_session(s->scorer.session, score_files, s, err);
    progress_clear(&s->bar);
    // Scores are written even if a failed row ended the run.
    bool ended = status && s->failures.failed && s->failures.fast;
    if (signals_pending() || (status && !ended)) return status;
    quill_error problem;
    quill_status closed = output_close(&s->out, &problem);
    if (!closed && s->o->score.html) closed = page_close(&s->page, &problem);
    if (closed) {
        *err = problem;
        return closed;
    }
    return status ? status : row_failures_end(&s->failures, err);
}

int cmd_score(struct options *o, quill_error *err) {
    struct scoring s = {.o = o, .out = {.fd = -1}, .page = {.out = {.fd = -1}}};
    quill_status status = check_options(o, err);
    if (!status) status = environment_apply(o, err);
    if (!status) status = score_all(&s, err);
    output_abort(&s.out);
    page_free(&s.page);
    scorer_free(&s.scorer);
    buffer_free(&s.line);
    buffer_free(&s.held);
    json_decref(s.pieces);
    return (int)status;
}
