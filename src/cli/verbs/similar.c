// SPDX-License-Identifier: MIT
// quill similar: the cosines of texts.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/json_out.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "cli/run/embedder.h"
#include "cli/run/model_source.h"

enum { COSINE_PLACES = 6 };

struct similar {
    const struct options *o;
    struct embedder embedder;
    struct output out;
    float *vectors; // [n][n_embd], room for `cap` floats; NAN: the line failed
    size_t n, cap;
    struct buffer texts; // one after the other, for --json
    size_t *ends;        // [n] of the texts
    size_t ends_cap;
    struct buffer line;
};

static quill_status on_text(void *user, const struct embedded *text, quill_error *err) {
    struct similar *s = user;
    const size_t n_embd = s->embedder.n_embd;
    if (s->n >= SIZE_MAX / n_embd - 1) return fail_memory(err);
    float *vectors = alloc_grow(s->vectors, &s->cap, (s->n + 1) * n_embd, sizeof *vectors);
    if (!vectors) return fail_memory(err);
    s->vectors = vectors;
    size_t *ends = alloc_grow(s->ends, &s->ends_cap, s->n + 1, sizeof *ends);
    if (!ends) return fail_memory(err);
    s->ends = ends;
    if (s->o->output.json && !buffer_add(&s->texts, text->text.text, text->text.n)) return fail_memory(err);
    ends[s->n] = s->texts.n;
    for (size_t i = 0; i < n_embd; i++) vectors[s->n * n_embd + i] = text->problem ? NAN : text->vector[i];
    s->n++;
    return QUILL_OK;
}

static double cosine(const struct similar *s, size_t a, size_t b) {
    const size_t n = s->embedder.n_embd;
    const double value = quill_cosine(s->vectors + a * n, s->vectors + b * n, n);
    return fabs(value) < 5e-7 ? 0 : value; // never -0.000000
}

// ---- output ---------------------------------------------------------------------------------------

static quill_status write_row(struct similar *s, size_t row, quill_error *err) {
    struct buffer *t = &s->line;
    bool ok = true;
    t->n = 0;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = (i == 0 || buffer_add_string(t, "\t")) && show_decimal(t, cosine(s, row, i), COSINE_PLACES);
    if (!ok || !buffer_add_string(t, "\n")) return fail_memory(err);
    return output_write(&s->out, t->p, t->n, err);
}

static quill_status write_object(struct similar *s, size_t row, quill_error *err) {
    const size_t begin = row ? s->ends[row - 1] : 0;
    json_t *object = json_object(), *list = json_array();
    bool ok = list && json_put(object, "text", json_text(s->texts.p ? s->texts.p + begin : "", s->ends[row] - begin));
    for (size_t i = 0; ok && i < s->n; i++)
        ok = json_array_append_new(list, json_decimal(cosine(s, row, i), COSINE_PLACES)) == 0;
    ok = ok && json_put(object, "cosines", json_incref(list));
    json_decref(list);
    if (ok) return json_write_line(&s->out, object, err);
    json_decref(object);
    return fail_memory(err);
}

static quill_status write_one(struct similar *s, quill_error *err) {
    const double value = cosine(s, 0, 1);
    if (s->o->output.json) {
        json_t *object = json_object();
        if (json_put(object, "cosine", json_decimal(value, COSINE_PLACES)))
            return json_write_line(&s->out, object, err);
        json_decref(object);
        return fail_memory(err);
    }
    s->line.n = 0;
    if (!show_decimal(&s->line, value, COSINE_PLACES) || !buffer_add_string(&s->line, "\n")) return fail_memory(err);
    return output_write(&s->out, s->line.p, s->line.n, err);
}

static quill_status write_all(struct similar *s, quill_error *err) {
    quill_status status = s->o->embed.matrix ? QUILL_OK : write_one(s, err);
    for (size_t i = 0; !status && s->o->embed.matrix && i < s->n && !signals_pending(); i++)
        status = s->o->output.json ? write_object(s, i, err) : write_row(s, i, err);
    return status;
}

// ---- the whole ------------------------------------------------------------------------------------

static quill_status read_texts(void *arg, quill_error *err) {
    struct similar *s = arg;
    const struct list *operands = &s->o->operands;
    if (s->o->embed.matrix) return embedder_read_files(&s->embedder, s->out.fd, err);
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < operands->n; i++)
        status = embedder_add(&s->embedder, (quill_text){operands->items[i], strlen(operands->items[i])}, err);
    return status ? status : embedder_flush(&s->embedder, err);
}

static quill_status open_all(struct similar *s, quill_error *err) {
    const struct options *o = s->o;
    if (!o->embed.matrix && o->operands.n != 2)
        return fail(err, QUILL_E_USAGE, "similar: expected two texts, or --matrix, found %zu operand%s", o->operands.n,
                    PLURAL(o->operands.n));
    quill_status status = o->embed.matrix ? embedder_check_files(o, err) : QUILL_OK;
    if (!status) status = embedder_open(&s->embedder, o, err);
    if (status) return status;
    s->embedder.done = on_text;
    s->embedder.user = s;
    if (!o->embed.matrix) s->embedder.failures.fast = true;
    signals_catch();
    for (size_t i = 0; !status && o->embed.matrix && i < o->operands.n; i++)
        status = inputs_add(o->operands.items[i], err);
    return status ? status : output_open(&s->out, o->output.path, o->output.raw, err);
}

static quill_status compare(struct similar *s, quill_error *err) {
    quill_status status = open_all(s, err);
    progress_start(&s->embedder.bar, s->o->talk.quiet);
    if (!status) status = hold_session(s->embedder.session, read_texts, s, err);
    progress_clear(&s->embedder.bar);
    if (status || signals_pending()) return status;
    status = write_all(s, err);
    if (!status && !signals_pending()) status = output_close(&s->out, err);
    return status ? status : row_failures_end(&s->embedder.failures, err);
}

int cmd_similar(struct options *o, quill_error *err) {
    struct similar s = {.o = o, .out = {.fd = -1}};
    quill_status status = environment_apply(o, err);
    if (!status) status = compare(&s, err);
    output_abort(&s.out);
    embedder_free(&s.embedder);
    buffer_free(&s.line);
    buffer_free(&s.texts);
    free(s.vectors);
    free(s.ends);
    return (int)status;
}
