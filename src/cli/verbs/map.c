// SPDX-License-Identifier: MIT
// quill map: a prompt file over the rows of a table.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/report.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "cli/prompt/read.h"
#include "cli/run/chat_use.h"
#include "cli/run/map_work.h"
#include "cli/run/model_source.h"
#include "cli/run/request.h"

enum { USUAL_BATCH = 32, MOST_BATCH = 4096 };

struct map {
    struct options *o;
    struct prompt_use *use;
    struct request_parts parts;
    quill_text fallback; // the default stop
    int fd;              // the rows
    struct output out;
    struct choices choices; // none: n == 0
    struct weighing weighing; // of them
    struct suffix suffix;
    quill_chat_template *template; // of a prompt file with %chat
    struct map_work work;
};

// ---- options ----

static quill_status find_form(struct record_form *form, const struct options *o, quill_error *err) {
    int n = o->rows.tsv + o->rows.csv + o->rows.jsonl;
    bool table = o->rows.tsv || o->rows.csv;
    *form = (struct record_form){
        .input = o->rows.tsv     ? ROW_TSV
                 : o->rows.csv   ? ROW_CSV
                 : o->rows.jsonl ? ROW_JSONL
                                 : ROW_LINES,
        .json = o->output.json,
        .keep_blanks = o->rows.keep_blanks,
        .out = o->rows.out     ? o->rows.out
               : o->rows.jsonl ? "output"
                               : NULL,
    };
    if (n > 1) return fail(err, QUILL_E_USAGE, "--tsv, --csv and --jsonl exclude each other");
    if (o->rows.no_header && !table) return fail(err, QUILL_E_USAGE, "--no-header needs --tsv or --csv");
    if (!o->rows.out) return QUILL_OK;
    if (n == 0) return fail(err, QUILL_E_USAGE, "--out needs --tsv, --csv or --jsonl");
    if (o->output.json) return fail(err, QUILL_E_USAGE, "--out and --json exclude each other");
    if (o->rows.jsonl && strcmp(o->rows.out, RECORD_ERROR_KEY) == 0)
        return fail(err, QUILL_E_USAGE, "--out: expected another name than '%s', which tells why a row failed",
                    RECORD_ERROR_KEY);
    return *o->rows.out ? QUILL_OK : fail(err, QUILL_E_USAGE, "--out: expected a name, found an empty one");
}

// "i/n"
static quill_status find_shard(struct map_work *w, const char *text, quill_error *err) {
    w->shard = w->n_shards = 1;
    if (!text) return QUILL_OK;
    static const char digits[] = "0123456789";
    size_t n = strspn(text, digits), rest = text[n] == '/' ? strspn(text + n + 1, digits) : 0;
    if (n > 0 && n <= 18 && rest > 0 && rest <= 18 && text[n + 1 + rest] == 0) {
        w->shard = strtoull(text, NULL, 10);
        w->n_shards = strtoull(text + n + 1, NULL, 10);
        if (w->shard >= 1 && w->shard <= w->n_shards) return QUILL_OK;
    }
    return fail(err, QUILL_E_USAGE, "--shard: expected i/n with i from 1 to n, found '%s'", QUOTED(str_of(text)));
}

// PROMPTFILE [ROWS]
static quill_status take_operands(struct options *o, quill_error *err) {
    if (o->operands.n < 1 || o->operands.n > 2)
        return fail(err, QUILL_E_USAGE, "map: expected PROMPTFILE and at most one file of rows, found %zu operands",
                    o->operands.n);
    if (o->operands.n == 1) return QUILL_OK;
    if (o->rows.path) return fail(err, QUILL_E_USAGE, "-i and ROWS are both given; use one of them");
    o->rows.path = o->operands.items[1];
    return QUILL_OK;
}

static quill_status check_options(struct map *m, quill_error *err) {
    const struct options *o = m->o;
    quill_status operands = take_operands(m->o, err);
    if (operands) return operands;
    if (!o->output.json && o->output.logprobs >= 0) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (!o->output.json && o->output.prompt_logprobs) return fail(err, QUILL_E_USAGE, "--prompt-logprobs needs --json");
    quill_status s = find_form(&m->work.form, o, err);
    return s ? s : find_shard(&m->work, o->rows.shard, err);
}

// ---- the prompt file and the rows ----

static quill_status check_choices(const struct map *m, quill_error *err) {
    const struct options *o = m->o;
    const struct record_form *form = &m->work.form;
    const char *name = o->choose.probs       ? "--probs"
                       : o->choose.calibrate ? "--calibrate"
                       : o->choose.no_space  ? "--no-space"
                                             : NULL;
    bool table = form->input == ROW_CSV || (form->input == ROW_TSV && form->out);
    if (m->choices.n == 0 && name)
        return fail(err, QUILL_E_USAGE, "%s needs --choice, --choices or %%set choice", name);
    if (m->choices.n && (o->output.logprobs >= 0 || o->output.prompt_logprobs))
        return fail(err, QUILL_E_USAGE, "--logprobs is of texts that are generated, and choices are not");
    if (m->choices.n && options_given(o, OPTION_OF(prompt.suffix)))
        return fail(err, QUILL_E_USAGE, "--suffix is of texts that are generated, and choices are not");
    if (o->choose.probs && !o->output.json && table)
        return fail(err, QUILL_E_USAGE, "--probs does not go into a column; use --jsonl or --json");
    return QUILL_OK;
}

static quill_status read_prompt_file(struct map *m, quill_error *err) {
    struct options *o = m->o;
    quill_status s = stdin_claim_by(o, o->operands.items[0], "the prompt file", err);
    if (!s) s = prompt_use_open(&m->use, o->operands.items[0], o, err);
    if (!s) s = chat_use_check(m->use, o, err);
    if (!s && m->use->n_open == 0)
        s = fail(err, QUILL_E_USAGE, "%s: there is no slot for the rows to fill", QUOTED(str_of(m->use->file->name)));
    if (!s) s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s && (o->choose.choices.n || o->choose.file)) s = choices_take(&m->choices, o, err);
    if (!s && m->choices.n && prompt_use_is_chat(m->use))
        s = fail(err, QUILL_E_USAGE, "%s:%zu: %%chat: choices are not weighed as answers; --regex 'A|B' asks for one",
                 QUOTED(str_of(m->use->file->name)), m->use->file->chat_line);
    if (!s) s = check_choices(m, err);
    if (!s && m->choices.n == 0) s = suffix_take(&m->suffix, o, err);
    m->parts.choices_weighed = true;
    if (!s) s = request_build(&m->work.request, &m->parts, o, err);
    if (s) return s;
    const quill_text *stops;
    size_t n = prompt_use_stops(m->use, o, &stops, &m->fallback);
    return request_add_stops(&m->work.request, &m->parts, stops, n, err);
}

static quill_status check_columns(const struct map *m, const quill_text *names, quill_error *err) {
    const struct record_form *form = &m->work.form;
    quill_error reason;
    size_t *fields = calloc(m->use->n_open, sizeof *fields);
    if (!fields) return fail_memory(err);
    quill_status s = prompt_use_columns(m->use, names, form->n_columns, fields, &reason);
    free(fields);
    if (s) return fail(err, s, "%s:1: %s", QUOTED(str_of(m->work.rows_name)), reason.text);
    for (size_t i = 0; form->out && i < form->n_columns; i++)
        if (names[i].n == strlen(form->out) && memcmp(names[i].text, form->out, names[i].n) == 0)
            return fail(err, QUILL_E_USAGE, "--out %s: %s has a column of that name", QUOTED(str_of(form->out)),
                        QUOTED(str_of(m->work.rows_name)));
    return QUILL_OK;
}

static quill_status open_rows(struct map *m, quill_error *err) {
    const struct options *o = m->o;
    struct map_work *w = &m->work;
    bool file = o->rows.path && strcmp(o->rows.path, "-") != 0;
    w->rows_name = file ? o->rows.path : "stdin";
    quill_status s = file ? QUILL_OK : stdin_claim(m->o, "the rows", err);
    if (s) return s;
    m->fd = STDIN_FILENO;
    if (file) s = inputs_open(&m->fd, o->rows.path, err);
    if (s) return s;
    say_reading(o, m->fd, "rows");
    const struct row_source source = {
        .form = w->form.input,
        .no_header = o->rows.no_header,
        .skip_empty = w->form.input == ROW_JSONL,
        .name = w->rows_name,
        .fd = m->fd,
        .n_columns = o->rows.no_header ? m->use->n_open : 0,
        .split_lines = m->use->n_open > 1,
    };
    s = rows_open(&w->rows, &source, err);
    const quill_text *names = s ? NULL : rows_names(w->rows, &w->form.n_columns);
    return names ? check_columns(m, names, err) : s;
}

static quill_status write_header(struct map *m, quill_error *err) {
    const struct map_work *w = &m->work;
    if (!w->form.out || w->form.n_columns == 0) return QUILL_OK;
    struct buffer header = {0};
    size_t n;
    bool ok = record_header(&header, &w->form, rows_names(w->rows, &n));
    quill_status s = ok ? output_write(&m->out, header.p, header.n, err) : fail_memory(err);
    if (!s) s = output_flush(&m->out, err);
    buffer_free(&header);
    return s;
}

// ---- the model ----

// Checks the request once: a mistake in it would fail every row.
static quill_status try_request(struct map_work *w, quill_error *err) {
    quill_request request = w->request;
    const int32_t first = 0;
    quill_batch_row row;
    request.prompt = &first;
    request.n_prompt = 1;
    request.n_predict = 0;
    request.prompt_logprobs = false;
    quill_status s = quill_batch_add(w->session, &request, NULL, err);
    if (!s) quill_batch_take(w->session, &row);
    return s;
}

static quill_status open_for(struct map *m, quill_error *err) {
    struct map_work *w = &m->work;
    const bool constrained = w->request.constraint != NULL;
    quill_status s = open_model(&w->model, m->o, err);
    if (s || !prompt_use_is_chat(m->use)) return s;
    w->request.special_text = w->is_chat = !constrained;
    return chat_use_open(&m->template, m->use, w->model, m->o, constrained, err);
}

static quill_status load(struct map *m, quill_error *err) {
    struct map_work *w = &m->work;
    double before = clock_ms();
    quill_memory memory;
    quill_status s = open_for(m, err);
    if (!s) s = suffix_check(&m->suffix, quill_model_tokenizer(w->model), err);
    if (!s) s = request_encode(&w->request, &m->parts, quill_model_tokenizer(w->model), m->o, err);
    quill_session_options options = session_options(m->o);
    if (options.n_seq == 0) options.n_seq = USUAL_BATCH;
    if (options.n_seq <= MOST_BATCH / 2) options.n_seq *= (int32_t)quill_request_sequences(&w->request);
    if (!s) s = open_session(&w->session, &memory, w->model, m->o, &options, err);
    if (!s) s = try_request(w, err);
    if (!s) w->n_batch = quill_batch_room(w->session);
    w->load_ms = clock_ms() - before;
    if (!s && m->o->talk.verbose && !m->o->talk.quiet)
        report("%zu rows at a time, threads %d, context %d, memory %.1f MiB, seed %llu", w->n_batch, memory.threads,
               (int)memory.n_ctx, (double)memory.total / 1048576, (unsigned long long)w->request.seed);
    return s;
}

static void take_choices(struct map *m) {
    struct map_work *work = &m->work;
    if (m->choices.n == 0) return;
    m->weighing = (struct weighing){
        .o = m->o,
        .choices = &m->choices,
        .session = work->session,
        .tokenizer = quill_model_tokenizer(work->model),
        .use = m->use,
        .shots = m->use->shots,
        .n_shots = m->use->n_shots,
    };
    work->weighing = &m->weighing;
}

// ---- all of it ----

// The prompt of the first row.
static quill_status show_prompt(struct map *m, quill_error *err) {
    struct map_work *w = &m->work;
    const struct row *row;
    quill_status s = prompt_use_is_chat(m->use) ? open_for(m, err) : QUILL_OK;
    if (!s) s = rows_next(w->rows, &row, err);
    if (!s && !row) s = fail(err, QUILL_E_USAGE, "%s: there is no row", QUOTED(str_of(w->rows_name)));
    if (!s) s = map_work_render(w, row, err);
    return s ? s : suffix_show(&m->suffix, m->o, &w->prompt, true, err);
}

static quill_status answer_rows(void *arg, quill_error *err) {
    struct map *m = arg;
    struct map_work *w = &m->work;
    quill_status s = QUILL_OK;
    take_choices(m);
    if (!m->o->cache.off) s = map_work_use_cache(w, err);
    if (!s && w->weighing) s = weighing_prepare(w->weighing, err);
    if (!s) s = output_open(&m->out, m->o->output.path, m->o->output.raw, err);
    if (!s) s = inputs_check_endless(m->fd, w->rows_name, m->out.fd, err);
    if (s) return s;
    signals_catch();
    w->request.interrupted = NULL; // a row is either finished or absent
    w->out = &m->out;
    m->out.records = true;
    s = write_header(m, err);
    return s ? s : map_work_run(w, err);
}

static quill_status map(struct map *m, quill_error *err) {
    struct map_work *w = &m->work;
    w->o = m->o;
    w->suffix = &m->suffix;
    quill_status s = read_prompt_file(m, err);
    w->use = m->use;
    if (!s) s = open_rows(m, err);
    if (!s && m->o->file.show_prompt) return show_prompt(m, err);
    if (!s) s = load(m, err);
    if (!s) s = hold_session(w->session, answer_rows, m, err);
    if (!w->complete || signals_pending()) return s;
    quill_error problem; // the file is written even if some rows failed
    quill_status closed = output_close(&m->out, &problem);
    if (closed) *err = problem;
    return closed ? closed : s;
}

int cmd_map(struct options *o, quill_error *err) {
    struct map m = {.o = o, .fd = -1, .out = {.fd = -1}};
    quill_status s = environment_apply(o, err);
    if (!s) s = check_options(&m, err);
    if (!s) s = map(&m, err);
    output_abort(&m.out);
    map_work_free(&m.work);
    rows_close(m.work.rows);
    if (m.fd > STDERR_FILENO) close(m.fd);
    choices_free(&m.choices);
    weighing_free(&m.weighing);
    quill_session_free(m.work.session);
    quill_chat_template_free(m.template);
    quill_model_free(m.work.model);
    request_parts_free(&m.parts);
    suffix_free(&m.suffix);
    prompt_use_free(m.use);
    return (int)s;
}
