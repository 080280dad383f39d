// SPDX-License-Identifier: MIT
// Writes a model as GGUF with another weight type. A GGUF file is rewritten directly, whatever its family; a directory
// is bound first, because only a bound model knows the GGUF names of its tensors.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/team.h"
#include "formats/gguf_write.h"
#include "kernels/kernels.h"
#include "model/bind/export.h"
#include "open.h"
#include "quill/model.h"
#include "recipe.h"
#include "vocab.h"

// One tensor of the output.
struct item {
    struct str name;
    const struct tensor *from;
    bool transposed; // stored as [in][out], written as [out][in]
    enum dtype to;
    uint64_t rows, cols; // as written
};

enum { ROWS_AT_ONCE = 16 };

struct job {
    const struct weights *in;
    const quill_quantize_options *options;
    struct recipe recipe;
    struct item *items; // [n]
    size_t n;
    struct team *team;
    float *rows;        // [team size][most_values]
    size_t most_values; // most values of the rows that one member decodes at once
    uint64_t done, all; // bytes of the tensors
    size_t n_matrices, fallen[DTYPE_COUNT]; // fallen[t]: matrices that became t since their rows are not whole blocks
};

static void note_fallback(const struct job *job, const struct item *item, enum dtype wanted) {
    if (!job->options || !job->options->note) return;
    char line[256];
    snprintf(line, sizeof line, "%s: rows of %llu values are no whole blocks of %s, written as %s", QUOTED(item->name),
             (unsigned long long)item->cols, dtypes[wanted].name, dtypes[item->to].name);
    job->options->note(job->options->user, line);
}

// "3 of 12 matrices have rows that are no whole blocks: 2 became Q5_0, 1 became F16"; called once the file exists.
static void say_fallen(const struct job *job) {
    char line[256];
    size_t all = 0;
    for (int t = 0; t < DTYPE_COUNT; t++) all += job->fallen[t];
    if (!all || !job->options || !job->options->summary) return;
    size_t n = (size_t)snprintf(line, sizeof line, "%zu of %zu matrices have rows that are no whole blocks", all,
                                job->n_matrices);
    for (int t = 0, first = 1; t < DTYPE_COUNT && n < sizeof line; t++) {
        if (!job->fallen[t]) continue;
        n += (size_t)snprintf(line + n, sizeof line - n, "%s %zu became %s", first ? ":" : ",", job->fallen[t],
                              dtypes[t].name);
        first = 0;
    }
    job->options->summary(job->options->user, line);
}

// Called once all items are known: their names tell the number of layers and whether there is a head.
static void choose_types(struct job *job) {
    struct recipe_model model = {.tied = true};
    for (size_t i = 0; i < job->n; i++) {
        int64_t layer = recipe_layer(job->items[i].name);
        if (layer >= model.n_layer) model.n_layer = layer + 1;
        if (str_is(job->items[i].name, "output.weight")) model.tied = false;
    }
    for (size_t i = 0; i < job->n; i++) {
        struct item *item = &job->items[i];
        item->to = DTYPE_F32;
        if (!recipe_is_matrix(item->name, item->from->n_dims)) continue;
        enum dtype wanted = recipe_type(&job->recipe, item->name, &model);
        item->to = recipe_fallback(wanted, item->cols);
        job->n_matrices++;
        if (item->to == wanted) continue;
        job->fallen[item->to]++;
        note_fallback(job, item, wanted);
    }
}

static quill_status add_item(struct job *job, struct str name, const struct tensor *t, bool transposed,
                             quill_error *err) {
    if (t->dtype == DTYPE_NONE)
        return fail(err, QUILL_E_MODEL, "%s: tensor %s: weight type %s is not supported", QUOTED(str_of(job->in->path)),
                    QUOTED(t->name), t->type ? t->type : "unknown");
    struct item *item = &job->items[job->n++];
    *item = (struct item){.name = name, .from = t, .transposed = transposed, .rows = 1, .cols = 1};
    for (int i = 0; i + 1 < t->n_dims; i++) item->rows *= t->shape[i];
    if (t->n_dims) item->cols = t->shape[t->n_dims - 1];
    job->all += t->bytes;
    if (transposed) item->rows = t->shape[1], item->cols = t->shape[0];
    return QUILL_OK;
}

// Decodes n rows, at most ROWS_AT_ONCE, to f32.
static void decode_rows(float *rows, const struct item *item, uint64_t first, size_t n) {
    const struct tensor *t = item->from;
    const struct dtype_info *info = &dtypes[t->dtype];
    size_t cols = (size_t)item->cols;
    if (!item->transposed) {
        size_t stride = cols / info->block_values * info->block_bytes;
        for (size_t r = 0; r < n; r++)
            kernels_ref.decode_row[t->dtype](rows + r * cols, t->data + (first + r) * stride, cols);
        return;
    }
    size_t value = info->block_bytes, stride = (size_t)item->rows * value; // float types: one value per block
    float column[ROWS_AT_ONCE];
    for (size_t c = 0; c < cols; c++) {
        kernels_ref.decode_row[t->dtype](column, t->data + c * stride + first * value, n);
        for (size_t r = 0; r < n; r++) rows[r * cols + c] = column[r];
    }
}

// Rows of one tensor that the team converts.
struct piece {
    const struct job *job;
    const struct item *item;
    uint64_t first, n_rows;
    uint8_t *out;
    size_t row_bytes;
    atomic_bool not_finite;
};

static bool interrupted(const struct job *job) {
    const volatile sig_atomic_t *flag = job->options ? job->options->interrupted : NULL;
    return flag && *flag;
}

static void convert_rows(void *arg, struct member *m) {
    struct piece *p = arg;
    const struct item *item = p->item;
    size_t cols = (size_t)item->cols, begin, end;
    float *rows = p->job->rows + (size_t)m->index * p->job->most_values;
    team_begin(m);
    while (team_claim(m, (size_t)p->n_rows, ROWS_AT_ONCE, &begin, &end)) {
        if (interrupted(p->job)) continue;
        decode_rows(rows, item, p->first + begin, end - begin);
        if (!kernels_ref.all_finite(rows, (end - begin) * cols)) {
            atomic_store(&p->not_finite, true);
            continue;
        }
        for (size_t r = begin; r < end; r++)
            encode_row(item->to, p->out + r * p->row_bytes, rows + (r - begin) * cols, cols);
    }
}

static bool is_copied(const struct item *item) { return item->to == item->from->dtype && !item->transposed; }

static void show_progress(struct job *job, const struct item *item, uint64_t n_rows) {
    if (!job->options || !job->options->progress) return;
    job->done += item->rows ? item->from->bytes / item->rows * n_rows : 0;
    job->options->progress(job->options->user, job->done, job->all);
}

static quill_status fill(void *user, size_t index, uint64_t first, uint64_t n_rows, uint8_t *out, quill_error *err) {
    struct job *job = user;
    const struct item *item = &job->items[index];
    size_t cols = (size_t)item->cols, row_bytes = cols / dtypes[item->to].block_values * dtypes[item->to].block_bytes;
    struct piece piece = {job, item, first, n_rows, out, row_bytes, false};
    if (is_copied(item))
        memcpy(out, item->from->data + first * row_bytes, (size_t)n_rows * row_bytes);
    else
        team_run(job->team, convert_rows, &piece);
    show_progress(job, item, n_rows);
    if (interrupted(job)) return fail(err, QUILL_E_SYSTEM, "interrupted");
    if (atomic_load(&piece.not_finite))
        return fail(err, QUILL_E_MODEL, "%s: tensor %s: expected finite values, found an infinity or NaN",
                    QUOTED(str_of(job->in->path)), QUOTED(item->from->name));
    return QUILL_OK;
}

// ---- metadata -------------------------------------------------------------------------------------------------------

static bool copy_keys(const struct weights *in, struct gguf_writer *g) {
    // Keys that are written anew, or that describe only the old file.
    static const char *const dropped[] = {"general.file_type", "general.quantization_version"};
    bool ok = true;
    for (size_t i = 0; i < in->n_meta; i++) {
        bool keep = !str_starts(in->meta[i].key, STR("split."));
        for (size_t k = 0; k < sizeof dropped / sizeof *dropped; k++)
            keep = keep && !str_is(in->meta[i].key, dropped[k]);
        if (keep) ok = gguf_put_meta(g, &in->meta[i]) && ok;
    }
    return ok;
}

// ---- the two kinds of input -----------------------------------------------------------------------------------------

static quill_status prepare_gguf(struct job *job, struct gguf_writer *g, quill_error *err) {
    job->items = alloc_array(job->in->n_tensors, sizeof *job->items);
    if (!job->items || !copy_keys(job->in, g)) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < job->in->n_tensors; i++)
        s = add_item(job, job->in->tensors[i].name, &job->in->tensors[i], false, err);
    return s;
}

static quill_status put_vocabulary(const struct job *job, struct gguf_writer *g, int32_t rows, quill_error *err) {
    struct ignored ignored = {.bos = false};
    char line[512];
    quill_status s = vocab_write(g, job->in, rows, &ignored, err);
    if (!s && ignored.text.n && job->options && job->options->note) {
        snprintf(line, sizeof line, "the model has no such token, so this is not written: %s", ignored.text.p);
        job->options->note(job->options->user, line);
    }
    buffer_free(&ignored.text);
    return s;
}

static quill_status prepare_directory(struct job *job, struct gguf_writer *g, struct export_tensor **list,
                                      quill_error *err) {
    struct model *model = NULL;
    size_t n = 0;
    quill_status s = model_bind(&model, job->in, &kernels_ref, err);
    if (!s) s = model_export_check(model, err);
    if (!s) s = model_export_keys(model, g, err);
    if (!s && !gguf_put_string(g, "general.name", weights_name(job->in))) s = fail_memory(err);
    if (!s) s = model_export_tensors(model, job->in, list, &n, err);
    int32_t rows = s ? 0 : model_hparams(model)->n_vocab;
    model_free(model);
    if (!s && !(job->items = alloc_array(n, sizeof *job->items))) s = fail_memory(err);
    for (size_t i = 0; !s && i < n; i++)
        s = add_item(job, str_of((*list)[i].name), (*list)[i].tensor, (*list)[i].transposed, err);
    return s ? s : put_vocabulary(job, g, rows, err);
}

struct saving {
    struct job *job;
    struct gguf_writer *g;
    const char *out;
    quill_status status;
    quill_error *err;
};

static void save(void *arg) {
    struct saving *s = arg;
    s->status = gguf_writer_save(s->g, s->out, fill, s->job, s->err);
}

static void tell_temporary(void *user, const char *temp, bool exists) {
    const quill_quantize_options *options = ((const struct job *)user)->options;
    options->temporary(options->user, exists ? temp : NULL);
}

static quill_status write_file(struct job *job, struct gguf_writer *g, const char *out, quill_error *err) {
    uint64_t most = 1, values;
    size_t count;
    choose_types(job);
    bool ok = gguf_put_u32(g, "general.file_type", job->recipe.file_type) &&
              gguf_put_u32(g, "general.quantization_version", 2);
    for (size_t i = 0; i < job->n && ok; i++) {
        const struct item *item = &job->items[i];
        uint64_t shape[TENSOR_MAX_DIMS];
        memcpy(shape, item->from->shape, sizeof shape);
        if (item->transposed) shape[0] = item->rows, shape[1] = item->cols;
        // A tensor without rows may claim any number of columns.
        uint64_t rows = is_copied(item) ? 0 : item->rows < ROWS_AT_ONCE ? item->rows : ROWS_AT_ONCE;
        if (checked_mul(&values, rows, item->cols) && values > most) most = values;
        ok = gguf_put_tensor(g, item->name, item->to, shape, item->from->n_dims);
    }
    job->most_values = (size_t)most;
    if (ok) job->team = team_create(team_default_size());
    if (job->team && checked_mul_size(&count, (size_t)team_size(job->team), job->most_values))
        job->rows = alloc_array(count, sizeof *job->rows);
    if (!ok || !job->rows) return fail_memory(err);
    if (job->options && job->options->temporary)
        gguf_writer_watch(g, (struct save_watch){tell_temporary, job});
    struct saving saving = {job, g, out, QUILL_OK, err};
    team_hold(job->team, save, &saving);
    return saving.status;
}

static quill_status convert(struct job *job, const char *out, quill_error *err) {
    struct export_tensor *list = NULL; // names of the items of a directory
    struct gguf_writer *g = gguf_writer_new();
    if (!g) return fail_memory(err);
    quill_status s =
        job->in->format == WEIGHTS_GGUF ? prepare_gguf(job, g, err) : prepare_directory(job, g, &list, err);
    if (!s) s = write_file(job, g, out, err);
    if (!s) say_fallen(job);
    team_free(job->team);
    free(job->rows);
    free(job->items);
    free(list);
    gguf_writer_free(g);
    return s;
}

quill_status quill_quantize(const char *in, const char *out, const char *type, const quill_quantize_options *options,
                            quill_error *err) {
    struct job job = {.options = options};
    if (!recipe_find(&job.recipe, type)) {
        char names[256];
        recipe_names(names, sizeof names);
        return fail(err, QUILL_E_USAGE, "unknown weight type '%s': expected one of%s", QUOTED(str_of(type)), names);
    }
    if (in && weights_have_file(in, out))
        return fail(err, QUILL_E_USAGE, "%s: a file of the model that is read; the output must be another",
                    QUOTED(str_of(out)));
    struct weights *w = NULL;
    quill_status s = in ? weights_open(&w, in, WEIGHTS_ALL, MAP_FILE, err)
                        : weights_open_memory(&w, options->data, options->size, "built-in model", WEIGHTS_ALL, err);
    if (s) return s;
    job.in = w;
    s = convert(&job, out, err);
    weights_close(w);
    return s;
}
