// SPDX-License-Identifier: MIT
// Writes a model as GGUF with another weight type. A GGUF file is rewritten directly, whatever its family; a directory
// is bound first, because only a bound model knows the GGUF names of its tensors.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter.h"
#include "adapter_slots.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/team.h"
#include "chat_template.h"
#include "embed_config.h"
#include "formats/gguf_write.h"
#include "kernels/kernels.h"
#include "model/bind/export.h"
#include "merge.h"
#include "open.h"
#include "quill/model.h"
#include "recipe.h"
#include "tensor/rows.h"
#include "vocab.h"

// One tensor of the output.
struct item {
    struct str name;
    int n_dims;
    uint64_t shape[TENSOR_MAX_DIMS], cols; // as written; values of a row
    struct rows rows;
    struct merges merges;
    enum dtype to;
    uint64_t bytes; // that are read
};

enum { ROWS_AT_ONCE = MERGE_ROWS };

struct job {
    const struct weights *in;
    const quill_quantize_options *options;
    struct recipe recipe;
    struct item *items; // [n]
    size_t n;
    struct team *team;
    float *rows;        // [team size][most_values + room]
    size_t most_values; // most values of the rows that one member decodes at once
    size_t room;        // floats of scratch for merge_rows
    struct adapter_sum adapters; // what is added; it borrows from `loaded`
    quill_adapter **loaded;      // [n_loaded]
    quill_adapter_use *uses;     // [n_loaded]
    size_t n_loaded, n_merged;   // n_merged: slots of `adapters` that are in tensors of the output
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
        if (!recipe_is_matrix(item->name, item->n_dims)) continue;
        enum dtype wanted = recipe_type(&job->recipe, item->name, &model);
        item->to = recipe_fallback(wanted, item->cols);
        job->n_matrices++;
        if (item->to == wanted) continue;
        job->fallen[item->to]++;
        note_fallback(job, item, wanted);
    }
}

static void add_item(struct job *job, struct str name, int n_dims, const uint64_t *shape, const struct rows *rows) {
    struct item *item = &job->items[job->n++];
    *item = (struct item){.name = name, .n_dims = n_dims, .rows = *rows, .cols = rows->parts[0].w.cols};
    memcpy(item->shape, shape, (size_t)n_dims * sizeof *shape);
    for (size_t i = 0; i < rows->n_parts; i++) {
        const struct mat *w = &rows->parts[i].w;
        item->bytes += w->rows * (w->cols / dtypes[w->dtype].block_values * dtypes[w->dtype].block_bytes);
    }
    job->all += item->bytes;
}

// Decodes the rows of w, at most ROWS_AT_ONCE and without runs, to f32.
static void decode(float *rows, const struct mat *w) {
    if (!w->transposed) {
        for (size_t r = 0; r < w->rows; r++)
            kernels_ref.decode_row[w->dtype](rows + r * w->cols, w->data + r * w->stride, w->cols);
        return;
    }
    float column[ROWS_AT_ONCE]; // float types: one value per block
    for (size_t c = 0; c < w->cols; c++) {
        kernels_ref.decode_row[w->dtype](column, w->data + c * w->stride, w->rows);
        for (size_t r = 0; r < w->rows; r++) rows[r * w->cols + c] = column[r];
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
    size_t cols = (size_t)item->cols, begin, end, n;
    float *rows = p->job->rows + (size_t)m->index * (p->job->most_values + p->job->room);
    team_begin(m);
    while (team_claim(m, (size_t)p->n_rows, ROWS_AT_ONCE, &begin, &end)) {
        if (interrupted(p->job)) continue;
        for (size_t r = begin; r < end; r += n) {
            n = end - r;
            const struct mat part = rows_at(&item->rows, (size_t)p->first + r, &n);
            decode(rows + (r - begin) * cols, &part);
        }
        merge_rows(&item->merges, rows, (size_t)p->first + begin, end - begin, cols, rows + p->job->most_values);
        if (!kernels_ref.all_finite(rows, (end - begin) * cols)) {
            atomic_store(&p->not_finite, true);
            continue;
        }
        for (size_t r = begin; r < end; r++)
            encode_row(item->to, p->out + r * p->row_bytes, rows + (r - begin) * cols, cols);
    }
}

static bool is_copied(const struct item *item) {
    bool same = item->merges.n == 0;
    for (size_t i = 0; i < item->rows.n_parts; i++)
        same = same && item->rows.parts[i].w.dtype == item->to && !item->rows.parts[i].w.transposed;
    return same;
}

static void copy_rows(const struct piece *p) {
    for (size_t r = 0, n; r < p->n_rows; r += n) {
        n = (size_t)p->n_rows - r;
        const struct mat part = rows_at(&p->item->rows, (size_t)p->first + r, &n);
        if (part.stride == p->row_bytes) memcpy(p->out + r * p->row_bytes, part.data, n * p->row_bytes);
        else
            for (size_t i = 0; i < n; i++)
                memcpy(p->out + (r + i) * p->row_bytes, part.data + i * part.stride, p->row_bytes);
    }
}

static void show_progress(struct job *job, const struct item *item, uint64_t n_rows) {
    if (!job->options || !job->options->progress) return;
    job->done += item->rows.n ? item->bytes / item->rows.n * n_rows : 0;
    job->options->progress(job->options->user, job->done, job->all);
}

static quill_status fill(void *user, size_t index, uint64_t first, uint64_t n_rows, uint8_t *out, quill_error *err) {
    struct job *job = user;
    const struct item *item = &job->items[index];
    size_t cols = (size_t)item->cols, row_bytes = cols / dtypes[item->to].block_values * dtypes[item->to].block_bytes;
    struct piece piece = {job, item, first, n_rows, out, row_bytes, false};
    if (is_copied(item)) copy_rows(&piece);
    else team_run(job->team, convert_rows, &piece);
    show_progress(job, item, n_rows);
    if (interrupted(job)) return fail(err, QUILL_E_SYSTEM, "interrupted");
    if (atomic_load(&piece.not_finite))
        return fail(err, QUILL_E_MODEL, "%s: tensor %s: expected finite values, found an infinity or NaN",
                    QUOTED(str_of(job->in->path)), QUOTED(item->name));
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

// ---- adapters -------------------------------------------------------------------------------------------------------

// The embedding of a model may be its head too; what an adapter adds to one of them would be added to both.
static quill_status check_tied(const struct model *model, const quill_adapter *a, quill_error *err) {
    const bool of_tokens = a->deltas.tokens.a.data || a->deltas.tokens.whole.data;
    if (!model->hp.tied || (!of_tokens && !a->deltas.head.a.data && !a->deltas.head.whole.data)) return QUILL_OK;
    return fail(err, QUILL_E_MODEL,
                "%s: expected an adapter that leaves the %s alone, which is the %s too, to be merged",
                QUOTED(str_of(a->weights->path)), of_tokens ? "embedding" : "head", of_tokens ? "head" : "embedding");
}

static quill_status load_adapters(struct job *job, const struct model *model, quill_error *err) {
    const size_t n = job->options->n_adapters;
    job->loaded = alloc_zeroed(n, sizeof *job->loaded);
    job->uses = alloc_zeroed(n, sizeof *job->uses);
    if (!job->loaded || !job->uses) return fail_memory(err);
    for (size_t i = 0; i < n; i++) {
        const quill_adapter_file *file = &job->options->adapters[i];
        quill_status s = adapter_load(&job->loaded[i], model, job->in->format, file->path, err);
        if (s) return s;
        job->uses[i] = (quill_adapter_use){job->loaded[i], file->scale};
        job->n_loaded++;
        s = check_tied(model, job->loaded[i], err);
        if (s) return s;
    }
    return adapter_sum_create(&job->adapters, job->uses, n, model, err);
}

static void free_adapters(struct job *job) {
    adapter_sum_free(&job->adapters);
    for (size_t i = 0; i < job->n_loaded; i++) quill_adapter_free(job->loaded[i]);
    free(job->loaded);
    free(job->uses);
}

// Adds a part of a tensor: `n` rows from `first` on.
static void merge_part(struct merges *m, struct job *job, int32_t layer, size_t place, size_t first, size_t n,
                       size_t head) {
    const bool of_tokens = layer < 0 && place == MODEL(tokens);
    const size_t before = m->n;
    merges_add(m, adapter_delta(&job->adapters.deltas, layer, place), of_tokens, first, n, head);
    job->n_merged += m->n - before;
}

static void merge_exported(struct merges *m, struct job *job, const struct export_tensor *t) {
    if (!job->adapters.layers || !t->is_matrix) return;
    for (size_t i = 0, first = 0; i < t->rows.n_parts; first += t->rows.parts[i++].w.rows)
        merge_part(m, job, t->layer, t->places[i], first, t->rows.parts[i].w.rows, t->rows.parts[i].head);
}

// A tensor of a GGUF file, whose parts lie one after the other.
static quill_status merge_row(struct job *job, const struct model *model, const struct bind_row *row, int32_t layer,
                              quill_error *err) {
    struct bind_part parts[FUSED_PARTS];
    char name[BIND_NAME_BYTES];
    const size_t n = bind_parts(row, parts);
    const char *owner = layer < 0 ? (const char *)model : (const char *)&model->layers[layer];
    const struct tensor *t = bind_find(job->in, model->family, row, layer, name);
    if (!t || t->data != ((const struct mat *)(const void *)(owner + parts[0].place))->data) return QUILL_OK;
    struct merges *merges = &job->items[t - job->in->tensors].merges;
    for (size_t i = 0, first = 0, rows; i < n; i++, first += rows) {
        const struct mat *w = (const struct mat *)(const void *)(owner + parts[i].place);
        rows = w->rows;
        merge_part(merges, job, layer, parts[i].place, first, rows, 0);
        if (merges->n && (w->run || w->data != t->data + first * w->stride))
            return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected rows in order, to be merged, found others",
                        QUOTED(str_of(job->in->path)), name);
    }
    return QUILL_OK;
}

static quill_status merge_file(struct job *job, const struct model *model, quill_error *err) {
    struct row_walk walk = {model->family->files[WEIGHTS_GGUF].rows, NULL};
    quill_status s = QUILL_OK;
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        if (!bind_is_matrix(row)) continue;
        if (!bind_is_per_layer(row)) s = merge_row(job, model, row, -1, err);
        else
            for (int32_t l = 0; l < model->hp.n_layer && !s; l++) s = merge_row(job, model, row, l, err);
    }
    return s;
}

// ---- the two kinds of input -----------------------------------------------------------------------------------------

static quill_status prepare_gguf(struct job *job, struct gguf_writer *g, quill_error *err) {
    job->items = alloc_array(job->in->n_tensors, sizeof *job->items);
    if (!job->items || !copy_keys(job->in, g)) return fail_memory(err);
    for (size_t i = 0; i < job->in->n_tensors; i++) {
        const struct tensor *t = &job->in->tensors[i];
        if (t->dtype == DTYPE_NONE)
            return fail(err, QUILL_E_MODEL, "%s: tensor %s: weight type %s is not supported",
                        QUOTED(str_of(job->in->path)), QUOTED(t->name), t->type ? t->type : "unknown");
        const struct rows rows = rows_of_tensor(t);
        add_item(job, t->name, t->n_dims, t->shape, &rows);
    }
    return QUILL_OK;
}

static quill_status put_vocabulary(const struct job *job, struct gguf_writer *g, const struct model *model,
                                   quill_error *err) {
    struct ignored ignored = {.bos = false};
    char line[512];
    quill_status s = vocab_write(g, job->in, model_hparams(model)->n_vocab, &ignored, err);
    if (!s) s = chat_template_write(g, job->in, err);
    const char *architecture = family_name(family_in_gguf(model->family), WEIGHTS_GGUF);
    if (!s) s = embed_config_write(g, job->in, architecture, err);
    if (!s && ignored.text.n && job->options && job->options->note) {
        snprintf(line, sizeof line, "the model has no such token, so this is not written: %s", ignored.text.p);
        job->options->note(job->options->user, line);
    }
    buffer_free(&ignored.text);
    return s;
}

static quill_status prepare_directory(struct job *job, const struct model *model, struct gguf_writer *g,
                                      struct export_tensors *tensors, quill_error *err) {
    quill_status s = model_export_keys(model, g, err);
    if (!s && !gguf_put_string(g, "general.name", weights_name(job->in))) s = fail_memory(err);
    if (!s) s = model_export_tensors(tensors, model, job->in, err);
    if (!s && !(job->items = alloc_array(tensors->n, sizeof *job->items))) s = fail_memory(err);
    for (size_t i = 0; !s && i < tensors->n; i++) {
        const struct export_tensor *t = &tensors->list[i];
        add_item(job, str_of(t->name), t->n_dims, t->shape, &t->rows);
        merge_exported(&job->items[i].merges, job, t);
    }
    return s ? s : put_vocabulary(job, g, model, err);
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
        // A tensor without rows may claim any number of columns.
        uint64_t rows = is_copied(item) ? 0 : item->rows.n < ROWS_AT_ONCE ? item->rows.n : ROWS_AT_ONCE;
        if (checked_mul(&values, rows, item->cols) && values > most) most = values;
        const size_t room = merges_room(&item->merges, (size_t)item->cols);
        if (room > job->room) job->room = room;
        ok = gguf_put_tensor(g, item->name, item->to, item->shape, item->n_dims);
    }
    job->most_values = (size_t)most;
    if (ok) job->team = team_create(team_default_size());
    if (job->team && checked_mul_size(&count, (size_t)team_size(job->team), job->most_values + job->room))
        job->rows = alloc_array(count, sizeof *job->rows);
    if (!ok || !job->rows) return fail_memory(err);
    if (job->options && job->options->temporary)
        gguf_writer_watch(g, (struct save_watch){tell_temporary, job});
    struct saving saving = {job, g, out, QUILL_OK, err};
    team_hold(job->team, save, &saving);
    return saving.status;
}

static quill_status convert(struct job *job, const char *out, quill_error *err) {
    struct export_tensors tensors = {.n = 0}; // of a directory, which is bound to a model
    struct model *model = NULL;
    struct gguf_writer *g = gguf_writer_new();
    quill_status s = g ? QUILL_OK : fail_memory(err);
    const bool is_gguf = job->in->format == WEIGHTS_GGUF, merging = job->options && job->options->n_adapters;
    if (!s && (!is_gguf || merging)) s = model_bind(&model, job->in, &kernels_ref, err);
    if (!s && merging) s = load_adapters(job, model, err);
    if (!s) s = is_gguf ? prepare_gguf(job, g, err) : prepare_directory(job, model, g, &tensors, err);
    if (!s && is_gguf && merging) s = merge_file(job, model, err);
    if (!s && job->n_merged != job->adapters.n)
        s = fail(err, QUILL_E_MODEL, "%s: expected a tensor for each matrix to which adapters add, found %zu of %zu",
                 QUOTED(str_of(job->in->path)), job->n_merged, job->adapters.n);
    if (!s) s = write_file(job, g, out, err);
    if (!s) say_fallen(job);
    team_free(job->team);
    free(job->rows);
    free(job->items);
    arena_free(&tensors.arena);
    free_adapters(job);
    model_free(model);
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
