// SPDX-License-Identifier: MIT
// Writing a model as GGUF with another weight type. A GGUF file is rewritten as it is, whatever its family; a directory
// is bound first, because only a bound model knows what its tensors are called in GGUF.
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "formats/gguf_write.h"
#include "kernels/kernels.h"
#include "load.h"
#include "model/export.h"
#include "quill/model.h"
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
    enum dtype type;
    struct item *items; // [n]
    size_t n;
    float *rows;        // [ROWS_AT_ONCE][most cols]
};

// Matrices get the new type. Norms, biases and position tables are small, and every type but F32 would cost accuracy.
static bool is_matrix(const struct tensor *t, struct str name) {
    static const char weight[] = ".weight";
    const size_t n = sizeof weight - 1;
    return t->n_dims == 2 && name.n > n && memcmp(name.p + name.n - n, weight, n) == 0 &&
           !memmem(name.p, name.n, "position_embd", 13);
}

static void note_fallback(const struct job *job, const struct item *item) {
    if (!job->options || !job->options->note) return;
    char line[256];
    snprintf(line, sizeof line, "%s: rows of %llu values are no whole %s blocks, written as %s", QUOTED(item->name),
             (unsigned long long)item->cols, dtypes[job->type].name, dtypes[item->to].name);
    job->options->note(job->options->user, line);
}

static enum dtype type_for(const struct job *job, const struct item *item) {
    if (!is_matrix(item->from, item->name)) return DTYPE_F32;
    if (item->cols % dtypes[job->type].block_values == 0) return job->type;
    return item->cols % dtypes[DTYPE_Q8_0].block_values == 0 ? DTYPE_Q8_0 : DTYPE_F16;
}

static quill_status add_item(struct job *job, struct str name, const struct tensor *t, bool transposed,
                             quill_error *err) {
    if (t->dtype == DTYPE_NONE) {
        const char *type = dtype_gguf_name(t->type_number);
        return fail(err, QUILL_E_MODEL, "%s: tensor %s: weight type %s is not supported", QUOTED(str_of(job->in->path)),
                    QUOTED(t->name), type ? type : "unknown");
    }
    struct item *item = &job->items[job->n++];
    *item = (struct item){.name = name, .from = t, .transposed = transposed, .rows = 1, .cols = 1};
    for (int i = 0; i + 1 < t->n_dims; i++) item->rows *= t->shape[i];
    if (t->n_dims) item->cols = t->shape[t->n_dims - 1];
    if (transposed) item->rows = t->shape[1], item->cols = t->shape[0];
    item->to = type_for(job, item);
    if (is_matrix(t, name) && item->to != job->type) note_fallback(job, item);
    return QUILL_OK;
}

// ROWS_AT_ONCE rows or fewer, as f32, into job->rows.
static void decode_rows(const struct job *job, const struct item *item, uint64_t first, size_t n) {
    const struct tensor *t = item->from;
    const struct dtype_info *info = &dtypes[t->dtype];
    size_t cols = (size_t)item->cols;
    if (!item->transposed) {
        size_t stride = cols / info->block_values * info->block_bytes;
        for (size_t r = 0; r < n; r++)
            kernels_ref.decode_row[t->dtype](job->rows + r * cols, t->data + (first + r) * stride, cols);
        return;
    }
    size_t value = info->block_bytes, stride = (size_t)item->rows * value; // float types: one value per block
    float column[ROWS_AT_ONCE];
    for (size_t c = 0; c < cols; c++) {
        kernels_ref.decode_row[t->dtype](column, t->data + c * stride + first * value, n);
        for (size_t r = 0; r < n; r++) job->rows[r * cols + c] = column[r];
    }
}

static quill_status fill(void *user, size_t index, uint64_t first, uint64_t n_rows, uint8_t *out, quill_error *err) {
    const struct job *job = user;
    const volatile sig_atomic_t *interrupted = job->options ? job->options->interrupted : NULL;
    if (interrupted && *interrupted) return fail(err, QUILL_E_SYSTEM, "interrupted");
    const struct item *item = &job->items[index];
    size_t cols = (size_t)item->cols, row_bytes = cols / dtypes[item->to].block_values * dtypes[item->to].block_bytes;
    if (item->to == item->from->dtype && !item->transposed) {
        memcpy(out, item->from->data + first * row_bytes, (size_t)n_rows * row_bytes);
        return QUILL_OK;
    }
    for (uint64_t done = 0; done < n_rows; done += ROWS_AT_ONCE) {
        size_t n = n_rows - done < ROWS_AT_ONCE ? (size_t)(n_rows - done) : ROWS_AT_ONCE;
        decode_rows(job, item, first + done, n);
        if (!kernels_ref.all_finite(job->rows, n * cols))
            return fail(err, QUILL_E_MODEL, "%s: tensor %s: expected finite values, found an infinity or NaN",
                        QUOTED(str_of(job->in->path)), QUOTED(item->from->name));
        for (size_t r = 0; r < n; r++) encode_row(item->to, out + (done + r) * row_bytes, job->rows + r * cols, cols);
    }
    return QUILL_OK;
}

// ---- metadata -------------------------------------------------------------------------------------------------------

static bool copy_keys(const struct weights *in, struct gguf_writer *g) {
    // Written anew, or true of the old file alone.
    static const char *const dropped[] = {"general.file_type", "general.quantization_version", "general.alignment"};
    bool ok = true;
    for (size_t i = 0; i < in->n_meta; i++) {
        bool keep = !str_starts(in->meta[i].key, STR("split."));
        for (size_t k = 0; k < sizeof dropped / sizeof *dropped; k++)
            keep = keep && !str_is(in->meta[i].key, dropped[k]);
        if (keep) ok = gguf_put_meta(g, &in->meta[i]) && ok;
    }
    return ok;
}

static bool put_token_types(const struct vocab_spec *spec, struct gguf_writer *g) {
    static const int32_t numbers[] = {[TOKEN_NORMAL] = 1, [TOKEN_SPECIAL] = 3, [TOKEN_ADDED] = 4, [TOKEN_UNUSED] = 5};
    int32_t *types = alloc_array(spec->n_tokens, sizeof *types);
    if (!types) return false;
    for (size_t i = 0; i < spec->n_tokens; i++) types[i] = numbers[spec->kinds ? spec->kinds[i] : TOKEN_NORMAL];
    bool ok = gguf_put_i32s(g, "tokenizer.ggml.token_type", types, spec->n_tokens);
    free(types);
    return ok;
}

static quill_status put_vocab(const struct weights *in, struct gguf_writer *g, quill_error *err) {
    struct vocab v;
    quill_status s = vocab_load(&v, in, err);
    if (s) return s;
    const struct vocab_spec *spec = &v.spec;
    if (!spec->pre && spec->n_patterns) {
        s = fail(err, QUILL_E_MODEL, "%s: tokenizer.json: its split pattern has no name in GGUF",
                 QUOTED(str_of(in->path)));
    } else {
        const char *pre = spec->pre ? spec->pre : "gpt-2";
        bool ok = gguf_put_string(g, "tokenizer.ggml.model", STR("gpt2")) &&
                  gguf_put_string(g, "tokenizer.ggml.pre", str_of(pre)) &&
                  gguf_put_strings(g, "tokenizer.ggml.tokens", spec->tokens, spec->n_tokens) &&
                  put_token_types(spec, g) &&
                  gguf_put_strings(g, "tokenizer.ggml.merges", spec->merges, spec->n_merges);
        if (ok && spec->bos >= 0) ok = gguf_put_u32(g, "tokenizer.ggml.bos_token_id", (uint32_t)spec->bos);
        if (ok && spec->n_eos) ok = gguf_put_u32(g, "tokenizer.ggml.eos_token_id", (uint32_t)spec->eos[0]);
        if (ok) ok = gguf_put_bool(g, "tokenizer.ggml.add_bos_token", spec->add_bos);
        if (!ok) s = fail_memory(err);
    }
    vocab_free(&v);
    return s;
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

static quill_status prepare_directory(struct job *job, struct gguf_writer *g, struct export_tensor **list,
                                      quill_error *err) {
    struct model *model = NULL;
    size_t n = 0;
    quill_status s = model_bind(&model, job->in, &kernels_ref, err);
    if (!s) s = model_export_keys(model, g, err);
    if (!s && !gguf_put_string(g, "general.name", weights_name(job->in))) s = fail_memory(err);
    if (!s) s = model_export_tensors(model, job->in, list, &n, err);
    model_free(model);
    if (!s && !(job->items = alloc_array(n, sizeof *job->items))) s = fail_memory(err);
    for (size_t i = 0; !s && i < n; i++)
        s = add_item(job, str_of((*list)[i].name), (*list)[i].tensor, (*list)[i].transposed, err);
    return s ? s : put_vocab(job->in, g, err);
}

static quill_status write_file(struct job *job, struct gguf_writer *g, const char *out, quill_error *err) {
    uint64_t most = 1;
    bool ok = gguf_put_u32(g, "general.file_type", dtypes[job->type].gguf_file_type) &&
              gguf_put_u32(g, "general.quantization_version", 2);
    for (size_t i = 0; i < job->n && ok; i++) {
        const struct item *item = &job->items[i];
        uint64_t shape[TENSOR_MAX_DIMS];
        memcpy(shape, item->from->shape, sizeof shape);
        if (item->transposed) shape[0] = item->rows, shape[1] = item->cols;
        if (item->cols > most) most = item->cols;
        ok = gguf_put_tensor(g, item->name, item->to, shape, item->from->n_dims);
    }
    if (ok) job->rows = alloc_array(ROWS_AT_ONCE * (size_t)most, sizeof *job->rows);
    if (!ok || !job->rows) return fail_memory(err);
    return gguf_writer_save(g, out, fill, job, err);
}

static quill_status convert(struct job *job, const char *out, quill_error *err) {
    struct export_tensor *list = NULL; // names of the items of a directory
    struct gguf_writer *g = gguf_writer_new();
    if (!g) return fail_memory(err);
    quill_status s =
        job->in->format == WEIGHTS_GGUF ? prepare_gguf(job, g, err) : prepare_directory(job, g, &list, err);
    if (!s) s = write_file(job, g, out, err);
    free(job->rows);
    free(job->items);
    free(list);
    gguf_writer_free(g);
    return s;
}

quill_status quill_quantize(const char *in, const char *out, const char *type, const quill_quantize_options *options,
                            quill_error *err) {
    struct job job = {.options = options, .type = dtype_from_name(str_of(type))};
    if (job.type == DTYPE_NONE) {
        char names[256] = "";
        for (int i = 0, n = 0; i < DTYPE_COUNT; i++)
            n += snprintf(names + n, sizeof names - (size_t)n, " %s", dtypes[i].name);
        return fail(err, QUILL_E_USAGE, "unknown weight type '%s': expected one of%s", QUOTED(str_of(type)), names);
    }
    struct weights *w = NULL;
    quill_status s = in ? weights_open(&w, in, WEIGHTS_ALL, MAP_FILE, err)
                        : weights_open_memory(&w, options->data, options->size, "built-in model", WEIGHTS_ALL, err);
    if (s) return s;
    job.in = w;
    s = convert(&job, out, err);
    weights_close(w);
    return s;
}
