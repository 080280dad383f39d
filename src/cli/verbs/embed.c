// SPDX-License-Identifier: MIT
// quill embed: lines as vectors.
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/json_out.h"
#include "cli/io/npy.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "cli/run/embedder.h"
#include "cli/run/model_source.h"

struct embed {
    const struct options *o;
    struct embedder embedder;
    struct output out;
    bool npy;
    float *missing;     // [n_embd] the row of a matrix for a line that failed
    struct buffer line; // being built
};

static bool add_numbers(struct embed *e, const float *v, const char *between) {
    bool ok = true;
    for (size_t i = 0; ok && i < e->embedder.n_embd; i++)
        ok = (i == 0 || buffer_add_string(&e->line, between)) && show_float(&e->line, v[i]);
    return ok;
}

static bool add_object(struct embed *e, const struct embedded *text) {
    struct buffer *t = &e->line;
    if (!buffer_add_string(t, "{\"text\":") || !json_add(t, json_text(text->text.text, text->text.n)) ||
        !buffer_add_format(t, ",\"tokens\":%zu,\"embedding\":", text->n_tokens))
        return false;
    if (text->problem)
        return buffer_add_string(t, "null,\"error\":") && json_add(t, json_c_string(text->problem->text)) &&
               buffer_add_string(t, "}");
    return buffer_add_string(t, "[") && add_numbers(e, text->vector, ",") && buffer_add_string(t, "]}");
}

static quill_status on_text(void *user, const struct embedded *text, quill_error *err) {
    struct embed *e = user;
    if (e->npy) return npy_row(&e->out, text->problem ? e->missing : text->vector, e->embedder.n_embd, err);
    e->line.n = 0;
    const bool ok = e->o->output.json ? add_object(e, text) : text->problem || add_numbers(e, text->vector, " ");
    if (!ok || !buffer_add_string(&e->line, "\n")) return fail_memory(err);
    quill_status s = output_write(&e->out, e->line.p, e->line.n, err);
    return s ? s : output_flush(&e->out, err);
}

static quill_status open_all(struct embed *e, quill_error *err) {
    const struct options *o = e->o;
    e->npy = npy_wanted(o->output.path);
    if (e->npy && o->output.json)
        return fail(err, QUILL_E_USAGE, "--json: a file whose name ends in .npy holds a matrix in NumPy's format");
    quill_status s = embedder_check_files(o, err);
    if (!s) s = embedder_open(&e->embedder, o, err);
    if (s) return s;
    e->embedder.done = on_text;
    e->embedder.user = e;
    signals_catch();
    for (size_t i = 0; !s && i < o->operands.n; i++) s = inputs_add(o->operands.items[i], err);
    if (!s) s = output_open(&e->out, o->output.path, o->output.raw, err);
    if (!s && e->npy) s = npy_begin(&e->out, err);
    e->missing = alloc_array(e->embedder.n_embd, sizeof *e->missing);
    if (!s && !e->missing) s = fail_memory(err);
    for (size_t i = 0; !s && i < e->embedder.n_embd; i++) e->missing[i] = NAN;
    return s;
}

static quill_status embed_files(void *arg, quill_error *err) {
    struct embed *e = arg;
    return embedder_read_files(&e->embedder, e->out.fd, err);
}

static quill_status embed(struct embed *e, quill_error *err) {
    quill_status s = open_all(e, err);
    const struct row_failures *failures = &e->embedder.failures;
    progress_start(&e->embedder.bar, e->o->talk.quiet || e->out.terminal);
    if (!s) s = hold_session(e->embedder.session, embed_files, e, err);
    progress_clear(&e->embedder.bar);
    const bool ended = s && failures->failed && failures->fast && !e->npy; // by a failed row; lines are kept
    if (signals_pending() || (s && !ended)) return s;
    quill_error problem;
    quill_status closed = e->npy ? npy_end(&e->out, failures->rows, e->embedder.n_embd, &problem) : QUILL_OK;
    if (!closed) closed = output_close(&e->out, &problem);
    if (closed) {
        *err = problem;
        return closed;
    }
    return s ? s : row_failures_end(failures, err);
}

int cmd_embed(struct options *o, quill_error *err) {
    struct embed e = {.o = o, .out = {.fd = -1}};
    quill_status s = environment_apply(o, err);
    if (!s) s = embed(&e, err);
    output_abort(&e.out);
    embedder_free(&e.embedder);
    buffer_free(&e.line);
    free(e.missing);
    return (int)s;
}
