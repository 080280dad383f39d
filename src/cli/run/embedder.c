// SPDX-License-Identifier: MIT
#include "embedder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/prompt/read.h"
#include "cli/table/rows.h"
#include "model_source.h"

enum { AT_ONCE = 16, HELD_BYTES = 1 << 14 }; // sequences of the session; bytes of the texts that are held

// ---- life -----------------------------------------------------------------------------------------

static quill_status choose_prompt(struct embedder *e, quill_error *err) {
    const struct options *o = e->o;
    const quill_embed_config *c = e->config;
    const char *name = o->embed.prompt_name ? o->embed.prompt_name : c->default_prompt;
    e->prompt = (quill_text){"", 0};
    if (o->embed.prompt) e->prompt = (quill_text){o->embed.prompt, strlen(o->embed.prompt)};
    if (o->embed.prompt || !name) return QUILL_OK;
    struct buffer names = {0};
    bool ok = true;
    for (size_t i = 0; i < c->n_prompts; i++) {
        if (strcmp(c->prompts[i].name, name) == 0) {
            e->prompt = (quill_text){c->prompts[i].text, strlen(c->prompts[i].text)};
            buffer_free(&names);
            return QUILL_OK;
        }
        ok = ok && buffer_add_string(&names, i ? ", " : "") && buffer_add_string(&names, c->prompts[i].name);
    }
    quill_status s = ok ? fail(err, QUILL_E_USAGE, "--prompt-name: the model has %s%s, found '%s'",
                               names.n ? "the prompts " : "no prompts", names.n ? QUOTED(buffer_str(&names)) : "",
                               QUOTED(str_of(name)))
                        : fail_memory(err);
    buffer_free(&names);
    return s;
}

// What the options leave open is as the files say.
static void choose_pooling(struct embedder *e) {
    const struct options *o = e->o;
    e->pooling = e->config->pooling;
    if (o->embed.pooling != EMBED_AS_SAID) e->pooling = (quill_pooling)(o->embed.pooling - EMBED_MEAN);
    e->normalize = (e->config->normalize || o->embed.normalize) && !o->embed.no_normalize;
    const bool open = o->embed.pooling == EMBED_AS_SAID && !e->config->pooling_said;
    if (open && !o->talk.quiet && (o->talk.verbose || isatty(STDERR_FILENO)))
        report("the model does not say how it makes vectors: the mean of all states, as sentence-transformers has it "
               "(--pooling)");
}

_Static_assert(QUILL_POOLING_CLS == EMBED_CLS - EMBED_MEAN && QUILL_POOLING_LAST == EMBED_LAST - EMBED_MEAN,
               "the words of --pooling are in the order of the library");

quill_status embedder_open(struct embedder *e, const struct options *o, quill_error *err) {
    quill_memory memory = {0};
    quill_session_options options = session_options(o);
    quill_model_info info;
    options.n_seq = AT_ONCE;
    e->o = o;
    if (o->embed.prompt && o->embed.prompt_name)
        return fail(err, QUILL_E_USAGE, "--prompt and --prompt-name exclude each other");
    if (o->embed.normalize && o->embed.no_normalize)
        return fail(err, QUILL_E_USAGE, "--normalize and --no-normalize exclude each other");
    quill_status s = open_model(&e->model, o, err);
    if (!s) s = quill_embed_config_read(&e->config, e->model, err);
    if (!s) s = choose_prompt(e, err);
    if (s) return s;
    choose_pooling(e);
    quill_model_describe(e->model, &info);
    e->n_embd = (size_t)info.n_embd;
    if (!options.n_ctx && e->config->max_tokens && e->config->max_tokens < info.n_ctx)
        options.n_ctx = e->config->max_tokens;
    e->vectors = alloc_array(EMBEDDER_TEXTS * e->n_embd, sizeof *e->vectors);
    e->failures.fast = o->rows.fail_fast;
    return e->vectors ? open_session(&e->session, &memory, e->model, o, &options, err) : fail_memory(err);
}

void embedder_free(struct embedder *e) {
    quill_session_free(e->session);
    quill_embed_config_free(e->config);
    quill_model_free(e->model);
    buffer_free(&e->held);
    free(e->vectors);
}

// ---- texts ----------------------------------------------------------------------------------------

struct batch {
    quill_embed_text texts[EMBEDDER_TEXTS];
    quill_ids ids[EMBEDDER_TEXTS];
    quill_text lines[EMBEDDER_TEXTS];
};

// A text that cannot be encoded fails alone; a lack of memory ends all.
static quill_status encode(const struct embedder *e, struct batch *b, quill_error *err) {
    const quill_tokenizer *tokenizer = quill_model_tokenizer(e->model);
    const char *p = e->held.p ? e->held.p : "";
    for (size_t i = 0; i < e->n_held; p += e->lengths[i++]) {
        quill_embed_text *t = &b->texts[i];
        size_t n_prompt;
        b->lines[i] = (quill_text){p, e->lengths[i]};
        t->status = quill_embed_encode(tokenizer, &b->ids[i], &n_prompt, e->prompt, b->lines[i], &t->error);
        if (t->status == QUILL_E_SYSTEM) {
            *err = t->error;
            return t->status;
        }
        t->ids = b->ids[i].ids;
        t->n = b->ids[i].n;
        t->n_prompt = e->config->include_prompt ? 0 : n_prompt;
        t->vector = e->vectors + i * e->n_embd;
    }
    return QUILL_OK;
}

static quill_status tell(struct embedder *e, const struct batch *b, quill_error *err) {
    for (size_t i = 0; i < e->n_held; i++) {
        const quill_embed_text *t = &b->texts[i];
        const struct embedded one = {b->lines[i], t->n, t->vector, t->status ? &t->error : NULL};
        e->failures.rows++;
        progress_hide(&e->bar);
        quill_status s = e->done(e->user, &one, err);
        if (!s && t->status) {
            *err = t->error;
            s = row_failed(&e->failures, e->failures.rows, err);
        }
        if (s) return s;
    }
    return QUILL_OK;
}

static void show_progress(struct embedder *e) {
    char what[48];
    uint64_t done, all;
    if (!e->rows) return;
    rows_progress(e->rows, &done, &all);
    snprintf(what, sizeof what, "reading text %llu", (unsigned long long)e->failures.rows);
    progress_update(&e->bar, what, done, all);
}

quill_status embedder_flush(struct embedder *e, quill_error *err) {
    if (!e->n_held) return QUILL_OK;
    struct batch *b = alloc_zeroed(1, sizeof *b);
    quill_status s = b ? encode(e, b, err) : fail_memory(err);
    if (!s) s = quill_embed(e->session, b->texts, e->n_held, e->pooling, e->normalize, err);
    if (!s) s = signals_pending() ? fail(err, QUILL_E_SYSTEM, "interrupted") : tell(e, b, err);
    for (size_t i = 0; b && i < e->n_held; i++) quill_ids_free(&b->ids[i]);
    free(b);
    e->n_held = e->held.n = 0;
    if (!s) show_progress(e);
    return s;
}

quill_status embedder_add(struct embedder *e, quill_text text, quill_error *err) {
    if (e->n_held == EMBEDDER_TEXTS || e->held.n >= HELD_BYTES) {
        quill_status s = embedder_flush(e, err);
        if (s) return s;
    }
    if (!buffer_add(&e->held, text.text, text.n)) return fail_memory(err);
    e->lengths[e->n_held++] = text.n;
    return QUILL_OK;
}

// ---- files ----------------------------------------------------------------------------------------

quill_status embedder_check_files(const struct options *o, quill_error *err) {
    size_t times = 0;
    for (size_t i = 0; i < o->operands.n; i++) { // tells a user who gave a text how to pass texts
        const char *path = o->operands.items[i];
        const bool is_stdin = strcmp(path, "-") == 0;
        times += is_stdin;
        if (!is_stdin && access(path, F_OK) != 0)
            return fail(err, QUILL_E_SYSTEM, "%s: cannot open: %s (a text comes from stdin)", QUOTED(str_of(path)),
                        strerror(errno));
    }
    return times > 1 ? fail(err, QUILL_E_USAGE, "stdin ('-') is given twice") : QUILL_OK;
}

static quill_status read_lines(struct embedder *e, int fd, const char *name, quill_error *err) {
    const struct row_source source = {.form = ROW_LINES, .name = name, .fd = fd};
    const struct row *row = NULL;
    quill_status s = rows_open(&e->rows, &source, err);
    while (!s && !signals_pending()) {
        if (!rows_ready(e->rows)) s = embedder_flush(e, err);
        if (!s) s = rows_next(e->rows, &row, err);
        else break;
        if (!row) break;
        if (!s) s = embedder_add(e, row->raw, err);
    }
    quill_error problem;
    quill_status last = signals_pending() ? QUILL_OK : embedder_flush(e, s ? &problem : err); // lines before a failure
    rows_close(e->rows);
    e->rows = NULL;
    return s ? s : last;
}

static quill_status read_file_lines(struct embedder *e, const char *path, int out, quill_error *err) {
    const bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "stdin" : path;
    int fd = STDIN_FILENO;
    if (is_stdin) say_reading(e->o, STDIN_FILENO, "lines");
    quill_status s = is_stdin ? QUILL_OK : inputs_open(&fd, path, err);
    if (!s) s = inputs_check_endless(fd, name, out, err);
    if (!s) s = read_lines(e, fd, name, err);
    if (!is_stdin && fd >= 0) close(fd);
    return s;
}

quill_status embedder_read_files(struct embedder *e, int out, quill_error *err) {
    const struct list *files = &e->o->operands;
    quill_status s = files->n ? QUILL_OK : read_file_lines(e, "-", out, err);
    for (size_t i = 0; !s && i < files->n && !signals_pending(); i++) s = read_file_lines(e, files->items[i], out, err);
    return s;
}
