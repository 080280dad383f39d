// SPDX-License-Identifier: MIT
// Finds a model's tensors by the rows of its family, checks them, and resolves them to the plan of the forward pass.
#include "bind.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "hparams.h"
#include "tensor/half.h"

struct binding {
    struct model *model;
    const struct weights *w;
    const struct tensor *t; // the tensor being bound
    unsigned present;       // those of BIND_BIAS, BIND_BIAS_MLP, BIND_NORMS of which the file has tensors
    bool in_first;          // the first layer has the row's tensor; it stands for the others
    char name[BIND_NAME_BYTES];  // the name searched for
    quill_error *err;
};

// ---- looking up and checking one tensor ----

void bind_name(const struct bind_row *row, const char *prefix, int32_t layer, char name[BIND_NAME_BYTES]) {
    const char *percent = strchr(row->name, '%');
    int stem = percent ? (int)(percent - row->name) : (int)strlen(row->name);
    int used = snprintf(name, BIND_NAME_BYTES, "%s%.*s", prefix, stem, row->name);
    if (percent) snprintf(name + used, BIND_NAME_BYTES - (size_t)used, "%" PRId32 "%s", layer, percent + 2);
}

// Prefixes that programs which wrap a model put in front of its names: torch.compile, and data-parallel training.
static const char *const wrappers[] = {"", "_orig_mod.", "module.", "_orig_mod.module.", "module._orig_mod."};

static const struct tensor *find_behind(const struct weights *w, const char *prefix, const struct bind_row *row,
                                        int32_t layer) {
    char whole[64], name[BIND_NAME_BYTES];
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        snprintf(whole, sizeof whole, "%s%s", wrappers[i], prefix);
        bind_name(row, whole, layer, name);
        const struct tensor *t = weights_tensor(w, str_of(name));
        if (t) return t;
    }
    return NULL;
}

const struct tensor *bind_find(const struct weights *w, const struct family *family, const struct bind_row *row,
                               int32_t layer, char name[BIND_NAME_BYTES]) {
    bind_name(row, "", layer, name);
    const struct tensor *t = weights_tensor(w, str_of(name));
    if (t || w->format == WEIGHTS_GGUF) return t;
    const char *const *prefix = family->files[w->format].prefixes;
    for (; prefix && *prefix && !t; prefix++) t = find_behind(w, *prefix, row, layer);
    return t ? t : find_behind(w, "", row, layer);
}

uint64_t bind_dim(const struct hparams *hp, enum bind_dim dim) {
    uint64_t heads = (uint64_t)hp->n_head * (uint64_t)hp->head_dim;
    uint64_t heads_kv = (uint64_t)hp->n_head_kv * (uint64_t)hp->head_dim;
    switch (dim) {
    case DIM_VOCAB: return (uint64_t)hp->n_vocab;
    case DIM_CTX: return (uint64_t)hp->n_ctx;
    case DIM_EMBD: return (uint64_t)hp->n_embd;
    case DIM_HEADS: return heads;
    case DIM_HEADS_KV: return heads_kv;
    case DIM_QKV: return heads + 2 * heads_kv;
    case DIM_FF: return (uint64_t)hp->n_ff;
    case DIM_GATE_UP: return 2 * (uint64_t)hp->n_ff;
    case DIM_EXPERTS: return (uint64_t)hp->n_expert;
    case DIM_EMBD_IN: return (uint64_t)(hp->n_embd_in ? hp->n_embd_in : hp->n_embd);
    case DIM_POSITIONS: return (uint64_t)hp->n_ctx + (uint64_t)hp->position_offset;
    case DIM_HEAD: return (uint64_t)hp->head_dim;
    case DIM_N_HEAD: return (uint64_t)hp->n_head;
    case DIM_N_HEAD_KV: return (uint64_t)hp->n_head_kv;
    case DIM_PAIRS: return (uint64_t)hp->rope_dims / 2;
    case DIM_NONE: break;
    }
    return 0;
}

// The row's shape in this model. If the metadata have no vocabulary size, the embedding, which is bound first, gives
// it.
static int expected_shape(struct binding *b, const struct bind_row *row, uint64_t shape[3]) {
    int n = 1;
    while (n < 3 && row->shape[n]) n++;
    struct hparams *hp = &b->model->hp;
    for (int i = 0; i < n; i++) {
        if (row->shape[i] == DIM_VOCAB && hp->n_vocab == 0 && b->t && b->t->n_dims == n && b->t->shape[i] <= MAX_VOCAB)
            hp->n_vocab = (int32_t)b->t->shape[i];
        shape[i] = bind_dim(hp, row->shape[i]);
    }
    return n;
}

static quill_status check_shape(struct binding *b, const struct bind_row *row) {
    uint64_t shape[3];
    int n = expected_shape(b, row, shape);
    bool same = b->t->n_dims == n;
    for (int i = 0; same && i < n; i++) same = b->t->shape[i] == shape[i];
    if (same && tensor_count(b->t) > 0) return QUILL_OK;
    if (same) // an embedding without rows, which says itself how many it has
        return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected at least one value, found shape %s",
                    QUOTED(str_of(b->w->path)), QUOTED(b->t->name),
                    shape_text(&(struct shape_text){{0}}, shape, n));
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected shape %s, found %s", QUOTED(str_of(b->w->path)),
                QUOTED(b->t->name), shape_text(&(struct shape_text){{0}}, shape, n),
                shape_text(&(struct shape_text){{0}}, b->t->shape, b->t->n_dims));
}

// "F32, F16, BF16": the weight types allowed here.
struct type_list {
    char text[256];
};
static bool may_have_type(const struct binding *b, const struct bind_row *row, enum dtype type) {
    bool floats_only = !bind_is_matrix(row) || (row->flags & BIND_TRANSPOSED);
    return b->model->kernels->matmul[type] && !(floats_only && !dtype_is_float(type));
}
static const char *type_list(struct type_list *out, const struct binding *b, const struct bind_row *row) {
    size_t used = 0;
    for (int i = 0; i < DTYPE_COUNT && used < sizeof out->text; i++) {
        if (!may_have_type(b, row, (enum dtype)i)) continue;
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s", used ? ", " : "", dtypes[i].name);
    }
    return out->text;
}

// Vectors and transposed matrices must have a float type; other matrices any type that the kernels multiply.
static quill_status check_type(struct binding *b, const struct bind_row *row) {
    const struct tensor *t = b->t;
    if (t->dtype < DTYPE_COUNT && may_have_type(b, row, t->dtype)) return QUILL_OK;
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected weight type %s, found %s", QUOTED(str_of(b->w->path)),
                QUOTED(t->name), type_list(&(struct type_list){{0}}, b, row), t->type ? t->type : "one without a name");
}

static quill_status missing(struct binding *b, const struct bind_row *row) {
    uint64_t shape[3];
    int n = expected_shape(b, row, shape);
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected shape %s, found no such tensor",
                QUOTED(str_of(b->w->path)), b->name, shape_text(&(struct shape_text){{0}}, shape, n));
}

// ---- putting it where it belongs ----

static void copy_floats(float *to, const struct tensor *t, float plus) {
    const size_t n = (size_t)tensor_count(t);
    for (size_t i = 0; i < n; i++)
        to[i] = plus + (t->dtype == DTYPE_F32   ? load_f32(t->data + 4 * i)
                        : t->dtype == DTYPE_F16 ? half_to_f32(load_u16(t->data + 2 * i))
                                                : bf16_to_f32(load_u16(t->data + 2 * i)));
}

// A vector as floats: in place if it is F32 and aligned, else a copy. NULL: no memory.
static const float *vector_of(struct binding *b, const struct bind_row *row) {
    const struct tensor *t = b->t;
    const bool plain = t->dtype == DTYPE_F32 && !(row->flags & BIND_PLUS_ONE);
    if (plain && (uintptr_t)t->data % sizeof(float) == 0) return (const float *)(const void *)t->data;
    float *copy = arena_alloc(&b->model->arena, (size_t)tensor_count(t), sizeof *copy);
    if (copy) copy_floats(copy, t, row->flags & BIND_PLUS_ONE ? 1.0f : 0.0f);
    return copy;
}

static bool is_filled(const struct bind_row *row, const void *owner) {
    struct bind_part parts[FUSED_PARTS];
    bind_parts(row, parts);
    return bind_data(row, owner, parts[0].place);
}

static quill_status place_vector(struct binding *b, const struct bind_row *row, void *owner) {
    const float *v = vector_of(b, row);
    if (!v) return fail_memory(b->err);
    if (!bind_is_fused(row)) *(const float **)(void *)((char *)owner + row->place) = v;
    else if (!fused_vector(owner, &b->model->hp, (enum bind_fused)row->place, v, &b->model->arena))
        return fail_memory(b->err);
    return QUILL_OK;
}

static void place_matrix(struct binding *b, const struct bind_row *row, void *owner) {
    struct tensor flat = *b->t; // experts: all of their rows
    if (flat.n_dims == 3) flat.shape[0] *= flat.shape[1], flat.shape[1] = flat.shape[2];
    const struct mat w = tensor_mat(&flat, (row->flags & BIND_TRANSPOSED) != 0);
    if (bind_is_fused(row)) fused_matrix(owner, &b->model->hp, (enum bind_fused)row->place, w);
    else *(struct mat *)(void *)((char *)owner + row->place) = w;
}

// Files of models whose head is the embedding may hold it twice. Then, as in transformers 5, the head counts only if
// the two differ.
static bool is_copy_of_tokens(const struct binding *b) {
    const struct mat *tokens = &b->model->tokens;
    return b->t->dtype == tokens->dtype && b->t->bytes == tokens->rows * tokens->stride &&
           memcmp(b->t->data, tokens->data, (size_t)b->t->bytes) == 0;
}

static quill_status check_fused(struct binding *b, const struct bind_row *row) {
    struct fused_problem problem;
    const char *text = bind_is_fused(row) ? fused_problem(&b->model->hp, (enum bind_fused)row->place, &problem) : NULL;
    if (!text) return QUILL_OK;
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': %s", QUOTED(str_of(b->w->path)), QUOTED(b->t->name), text);
}

// A factor beside a matrix (NVFP4 in GGUF files), with which quill does not multiply.
static quill_status check_factor(struct binding *b, const struct bind_row *row) {
    char name[BIND_NAME_BYTES];
    const char *end = strrchr(b->name, '.');
    if (b->w->format != WEIGHTS_GGUF || !bind_is_matrix(row) || !end) return QUILL_OK;
    snprintf(name, sizeof name, "%.*s.scale", (int)(end - b->name), b->name);
    if (!weights_tensor(b->w, str_of(name))) return QUILL_OK;
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected no factor of '%s', found one, which is not supported",
                QUOTED(str_of(b->w->path)), name, b->name);
}

// All layers have an optional tensor, or none.
static bool may_be_absent(const struct binding *b, const struct bind_row *row, int32_t layer) {
    enum { TOGETHER = BIND_BIAS | BIND_BIAS_MLP | BIND_NORMS };
    if (layer > 0 && b->in_first) return false;
    if ((row->flags & BIND_HEAD) && (b->model->hp.tied || b->w->has_modules)) return true;
    if (row->flags & TOGETHER & b->present) return false;
    return row->flags & (TOGETHER | BIND_OPTIONAL);
}

static quill_status find_tensor(struct binding *b, const struct bind_row *row, int32_t layer) {
    b->t = bind_find(b->w, b->model->family, row, layer, b->name);
    if (layer <= 0) b->in_first = b->t;
    if (!b->t) return may_be_absent(b, row, layer) ? QUILL_OK : missing(b, row);
    if (layer <= 0 || b->in_first) return QUILL_OK;
    b->t = bind_find(b->w, b->model->family, row, 0, b->name);
    return missing(b, row);
}

static quill_status bind_tensor(struct binding *b, const struct bind_row *row, int32_t layer) {
    void *owner = layer < 0 ? (void *)b->model : (void *)&b->model->layers[layer];
    if (is_filled(row, owner)) return QUILL_OK;
    quill_status s = find_tensor(b, row, layer);
    if (s || !b->t) return s;
    s = check_type(b, row);
    if (!s) s = check_shape(b, row);
    if (!s) s = check_fused(b, row);
    if (!s) s = check_factor(b, row);
    if (s) return s;
    if ((row->flags & BIND_HEAD) && b->model->hp.tied) {
        if (is_copy_of_tokens(b)) return QUILL_OK;
        b->model->head_differs = true;
    }
    b->model->parameters += tensor_count(b->t);
    if (!bind_is_matrix(row)) return place_vector(b, row, owner);
    place_matrix(b, row, owner);
    return QUILL_OK;
}

// The row of head h's part of a row with BIND_BY_HEAD.
static struct bind_row row_of_head(const struct bind_row *row, size_t h, char name[BIND_NAME_BYTES]) {
    const char *second = strrchr(row->name, '%');
    snprintf(name, BIND_NAME_BYTES, "%.*s%zu%s", (int)(second - row->name), row->name, h, second + 2);
    return (struct bind_row){name, BIND_VECTOR, row->place, {row->shape[1]}, row->flags & ~(unsigned)BIND_BY_HEAD};
}

// A vector [heads, n] of which each head's part is a tensor of its own.
static quill_status bind_by_head(struct binding *b, const struct bind_row *row, int32_t layer) {
    const size_t n_heads = (size_t)bind_dim(&b->model->hp, row->shape[0]);
    const size_t n = (size_t)bind_dim(&b->model->hp, row->shape[1]);
    if (may_be_absent(b, row, layer)) return QUILL_OK;
    float *all = arena_alloc(&b->model->arena, n_heads * n, sizeof *all);
    if (!all) return fail_memory(b->err);
    for (size_t h = 0; h < n_heads; h++) {
        char name[BIND_NAME_BYTES];
        const struct bind_row one = row_of_head(row, h, name);
        b->t = bind_find(b->w, b->model->family, &one, layer, b->name);
        if (!b->t) return missing(b, &one);
        quill_status s = check_type(b, &one);
        if (!s) s = check_shape(b, &one);
        if (s) return s;
        copy_floats(all + h * n, b->t, 0);
        b->model->parameters += n;
    }
    *(const float **)(void *)((char *)&b->model->layers[layer] + row->place) = all;
    return QUILL_OK;
}

static quill_status bind_row(struct binding *b, const struct bind_row *row, int32_t layer) {
    if ((row->flags & BIND_IF_PROJECTED) && !b->model->hp.n_embd_in) return QUILL_OK;
    if ((row->flags & BIND_UNLESS_PARALLEL) && b->model->hp.parallel) return QUILL_OK;
    if (row->flags & BIND_BY_HEAD) return bind_by_head(b, row, layer);
    if (row->kind != BIND_NORM) return bind_tensor(b, row, layer);
    void *owner = layer < 0 ? (void *)b->model : (void *)&b->model->layers[layer];
    ((struct norm *)(void *)((char *)owner + row->place))->on = true;
    return QUILL_OK;
}

static bool is_present(struct binding *b, unsigned flag) {
    struct row_walk walk = {b->model->family->files[b->w->format].rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));) {
        char name[BIND_NAME_BYTES];
        const bool by_head = row->flags & BIND_BY_HEAD;
        const struct bind_row one = by_head ? row_of_head(row, 0, name) : *row;
        const int32_t n = bind_is_per_layer(row) ? b->model->hp.n_layer : 1;
        for (int32_t l = 0; l < n && (row->flags & flag); l++)
            if (bind_find(b->w, b->model->family, &one, l, b->name)) return true;
    }
    return false;
}

// Files leave out all tensors of a kind, or none. A configuration may say which, and then it must be so.
static quill_status find_present(struct binding *b, unsigned flag, enum key key) {
    const bool is = is_present(b, flag);
    char room[KEY_BYTES];
    const char *name = hparams_found(b->model->family, b->w, key, room);
    bool said = is, found;
    quill_status s = name ? meta_bool(b->w, name, &said, &found, b->err) : QUILL_OK;
    if (is || said) b->present |= flag;
    if (s || said || !is) return s;
    return fail(b->err, QUILL_E_MODEL, "%s: '%s': expected true, since there is tensor '%s', found false",
                QUOTED(str_of(b->w->path)), name, b->name);
}

static quill_status bind_all(struct binding *b) {
    quill_status s = find_present(b, BIND_BIAS, KEY_HAS_BIAS);
    if (!s) s = find_present(b, BIND_BIAS_MLP, KEY_HAS_BIAS_MLP);
    if (!s) s = find_present(b, BIND_NORMS, KEY_HAS_NORMS);
    struct row_walk walk = {b->model->family->files[b->w->format].rows, NULL};
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        b->in_first = false;
        if (!bind_is_per_layer(row)) s = bind_row(b, row, -1);
        else
            for (int32_t l = 0; l < b->model->hp.n_layer && !s; l++) s = bind_row(b, row, l);
    }
    return s;
}

// ---- the model ----

quill_status model_bind_family(struct model **out, const struct family *family, const struct weights *weights,
                               const struct kernels *kernels, quill_error *err) {
    *out = NULL;
    struct model *model = alloc_zeroed(1, sizeof *model);
    if (!model) return fail_memory(err);
    *model = (struct model){.family = family, .kernels = kernels, .file = weights->path};
    struct binding b = {.model = model, .w = weights, .err = err};
    quill_status s = hparams_read(&model->hp, family, weights, err);
    if (!s && !(model->layers = alloc_zeroed((size_t)model->hp.n_layer, sizeof *model->layers))) s = fail_memory(err);
    if (!s) s = bind_all(&b);
    if (!s) s = plan_resolve(model, weights, err);
    if (s) {
        model_free(model);
        return s;
    }
    *out = model;
    return QUILL_OK;
}

quill_status model_bind(struct model **out, const struct weights *weights, const struct kernels *kernels,
                        quill_error *err) {
    const struct family *family;
    *out = NULL;
    quill_status s = bind_find_family(&family, weights, err);
    if (!s) s = model_bind_family(out, family, weights, kernels, err);
    if (!s) s = bind_check_leftovers(*out, weights, err);
    if (!s || !*out) return s;
    model_free(*out);
    *out = NULL;
    return s;
}

void model_free(struct model *model) {
    if (!model) return;
    arena_free(&model->arena);
    free(model->layers);
    free(model);
}

const struct hparams *model_hparams(const struct model *model) { return &model->hp; }
const char *model_family(const struct model *model) { return model->family->name; }
bool model_tied(const struct model *model) { return model->hp.tied && !model->headless; }
bool model_headless(const struct model *model) { return model->headless; }
bool model_head_differs(const struct model *model) { return model->head_differs; }
uint64_t model_parameters(const struct model *model) { return model->parameters; }
const struct kernels *model_kernels(const struct model *model) { return model->kernels; }
