// SPDX-License-Identifier: MIT
// Finds a model's tensors by the rows of its family, checks them and resolves them to what the forward pass reads.
#include "model/families/binding.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "model/families/family.h"
#include "model/model.h"
#include "tensor/half.h"

struct binding {
    struct model *model;
    const struct weights *w;
    const struct tensor *t; // the one at hand
    char name[BIND_NAME_BYTES];  // as looked for
    quill_error *err;
};

// ---- looking up and checking one tensor ----

void bind_name(const struct bind_row *row, const char *prefix, int32_t layer, char name[BIND_NAME_BYTES]) {
    const char *percent = strchr(row->name, '%');
    int stem = percent ? (int)(percent - row->name) : (int)strlen(row->name);
    int used = snprintf(name, BIND_NAME_BYTES, "%s%.*s", prefix, stem, row->name);
    if (percent) snprintf(name + used, BIND_NAME_BYTES - (size_t)used, "%" PRId32 "%s", layer, percent + 2);
}

const struct tensor *bind_find(const struct weights *w, const struct bind_row *row, int32_t layer,
                               char name[BIND_NAME_BYTES]) {
    static const char *const prefixes[] = {"", "transformer.", "model."};
    size_t n_prefixes = w->format == WEIGHTS_HF ? sizeof prefixes / sizeof prefixes[0] : 1;
    for (size_t i = n_prefixes; i-- > 0;) { // the plain name last: it stays in `name` for messages
        bind_name(row, prefixes[i], layer, name);
        const struct tensor *t = weights_tensor(w, str_of(name));
        if (t) return t;
    }
    return NULL;
}

static uint64_t dim_size(const struct hparams *hp, enum bind_dim dim) {
    uint64_t heads = (uint64_t)hp->n_head * (uint64_t)hp->head_dim;
    uint64_t heads_kv = (uint64_t)hp->n_head_kv * (uint64_t)hp->head_dim;
    switch (dim) {
    case DIM_VOCAB: return (uint64_t)hp->n_vocab;
    case DIM_CTX: return (uint64_t)hp->n_ctx;
    case DIM_EMBD: return (uint64_t)hp->n_embd;
    case DIM_HEADS: return heads;
    case DIM_QKV: return heads + 2 * heads_kv;
    case DIM_FF: return (uint64_t)hp->n_ff;
    case DIM_NONE: break;
    }
    return 0;
}

// "[3, 4]"
struct shape_text {
    char text[96];
};
static const char *shape_text(struct shape_text *out, const uint64_t *shape, int n) {
    size_t used = 1;
    out->text[0] = '[';
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%" PRIu64, i ? ", " : "", shape[i]);
    memcpy(out->text + used, "]", 2);
    return out->text;
}

static bool is_matrix(const struct bind_row *row) { return row->kind == BIND_MATRIX || row->kind == BIND_QKV_MATRIX; }

// The row's shape in this model. A vocabulary size that no metadata gave is that of the embedding, which comes first.
static int expected_shape(struct binding *b, const struct bind_row *row, uint64_t shape[2]) {
    int n = is_matrix(row) ? 2 : 1;
    struct hparams *hp = &b->model->hp;
    for (int i = 0; i < n; i++) {
        if (row->shape[i] == DIM_VOCAB && hp->n_vocab == 0 && b->t && b->t->n_dims == n && b->t->shape[i] <= MAX_VOCAB)
            hp->n_vocab = (int32_t)b->t->shape[i];
        shape[i] = dim_size(hp, row->shape[i]);
    }
    return n;
}

static quill_status check_shape(struct binding *b, const struct bind_row *row) {
    uint64_t shape[2];
    int n = expected_shape(b, row, shape);
    bool same = b->t->n_dims == n;
    for (int i = 0; same && i < n; i++) same = b->t->shape[i] == shape[i] && shape[i] > 0;
    if (same) return QUILL_OK;
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected shape %s, found %s", QUOTED(str_of(b->w->path)),
                QUOTED(b->t->name), shape_text(&(struct shape_text){{0}}, shape, n),
                shape_text(&(struct shape_text){{0}}, b->t->shape, b->t->n_dims));
}

// "F32, F16, BF16": the weight types that may be stored here.
struct type_list {
    char text[256];
};
static bool may_have_type(const struct binding *b, const struct bind_row *row, enum dtype type) {
    bool floats_only = !is_matrix(row) || (row->flags & BIND_TRANSPOSED);
    return b->model->kernels->matmul[type] && !(floats_only && dtypes[type].acts != ACT_FLOAT);
}
static const char *type_list(struct type_list *out, const struct binding *b, const struct bind_row *row) {
    size_t used = 0;
    for (int i = 0; i < DTYPE_COUNT && used < sizeof out->text; i++) {
        if (!may_have_type(b, row, (enum dtype)i)) continue;
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s", used ? ", " : "", dtypes[i].name);
    }
    return out->text;
}

// Vectors and transposed matrices are of the float types; any other matrix of whatever the kernels multiply.
static quill_status check_type(struct binding *b, const struct bind_row *row) {
    const struct tensor *t = b->t;
    if (t->dtype < DTYPE_COUNT && may_have_type(b, row, t->dtype)) return QUILL_OK;
    const char *found = t->dtype < DTYPE_COUNT ? dtypes[t->dtype].name : dtype_gguf_name(t->type_number);
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected weight type %s, found %s", QUOTED(str_of(b->w->path)),
                QUOTED(t->name), type_list(&(struct type_list){{0}}, b, row), found ? found : "another");
}

static quill_status missing(struct binding *b, const struct bind_row *row) {
    uint64_t shape[2];
    int n = expected_shape(b, row, shape);
    return fail(b->err, QUILL_E_MODEL, "%s: tensor '%s': expected shape %s, found no such tensor",
                QUOTED(str_of(b->w->path)), b->name, shape_text(&(struct shape_text){{0}}, shape, n));
}

// ---- putting it where it belongs ----

// A vector as floats: the file's own where it is F32 and aligned, else a copy.
static const float *vector_of(struct binding *b) {
    const struct tensor *t = b->t;
    if (t->dtype == DTYPE_F32 && (uintptr_t)t->data % sizeof(float) == 0) return (const float *)(const void *)t->data;
    size_t n = (size_t)tensor_count(t);
    float *copy = arena_alloc(&b->model->arena, n, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = t->dtype == DTYPE_F32   ? load_f32(t->data + 4 * i)
                  : t->dtype == DTYPE_F16 ? half_to_f32(load_u16(t->data + 2 * i))
                                          : bf16_to_f32(load_u16(t->data + 2 * i));
    return copy;
}

static quill_status place_vector(struct binding *b, const struct bind_row *row, void *owner, struct layer_plan *layer) {
    const float *v = vector_of(b);
    if (!v) return fail_memory(b->err);
    if (row->kind == BIND_VECTOR) {
        *(const float **)(void *)((char *)owner + row->offset) = v;
        return QUILL_OK;
    }
    size_t heads = (size_t)dim_size(&b->model->hp, DIM_HEADS), qkv = (size_t)dim_size(&b->model->hp, DIM_QKV);
    layer->q.b = v;
    layer->k.b = v + heads;
    layer->v.b = v + (heads + qkv) / 2;
    return QUILL_OK;
}

static void place_matrix(struct binding *b, const struct bind_row *row, void *owner, struct layer_plan *layer) {
    struct mat w = tensor_mat(b->t, (row->flags & BIND_TRANSPOSED) != 0);
    if (row->kind == BIND_MATRIX) {
        *(struct mat *)(void *)((char *)owner + row->offset) = w;
        return;
    }
    size_t heads = (size_t)dim_size(&b->model->hp, DIM_HEADS), heads_kv = (w.rows - heads) / 2;
    layer->q.w = mat_rows(w, 0, heads);
    layer->k.w = mat_rows(w, heads, heads_kv);
    layer->v.w = mat_rows(w, heads + heads_kv, heads_kv);
}

static quill_status bind_tensor(struct binding *b, const struct bind_row *row, int32_t layer) {
    if ((row->flags & BIND_UNTIED) && b->model->hp.tied) return QUILL_OK;
    b->t = bind_find(b->w, row, layer, b->name);
    if (!b->t) return row->flags & BIND_OPTIONAL ? QUILL_OK : missing(b, row);
    quill_status s = check_type(b, row);
    if (!s) s = check_shape(b, row);
    if (s) return s;
    b->model->parameters += tensor_count(b->t);
    struct layer_plan *plan = layer < 0 ? NULL : &b->model->layers[layer];
    void *owner = plan ? (void *)plan : (void *)b->model;
    if (!is_matrix(row)) return place_vector(b, row, owner, plan);
    place_matrix(b, row, owner, plan);
    return QUILL_OK;
}

static quill_status bind_all(struct binding *b) {
    quill_status s = QUILL_OK;
    for (const struct bind_row *row = b->model->arch->binding[b->w->format]; row->name && !s; row++) {
        if (!strchr(row->name, '%')) s = bind_tensor(b, row, -1);
        else
            for (int32_t l = 0; l < b->model->hp.n_layer && !s; l++) s = bind_tensor(b, row, l);
    }
    return s;
}

// ---- the plan ----

static void plan_layer(struct layer_plan *p, const struct model *model, int32_t index) {
    const struct arch_spec *arch = model->arch;
    const struct hparams *hp = &model->hp;
    struct norm *norms[] = {&p->attn_in, &p->attn_out, &p->attn_sum, &p->mlp_in, &p->mlp_out, &p->mlp_sum};
    for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++) norms[i]->kind = arch->norm;
    p->attn_in.kinds = kinds_of(&p->q) | kinds_of(&p->k) | kinds_of(&p->v);
    p->mlp_in.kinds = kinds_of(&p->up) | kinds_of(&p->gate);
    p->parallel = arch->residual == RESIDUAL_PARALLEL;
    if (p->parallel && !p->mlp_in.w) p->attn_in.kinds |= p->mlp_in.kinds; // one norm for both
    p->act = hp->act;
    p->score_scale = hp->scale_scores ? 1.0f / sqrtf((float)hp->head_dim) : 1.0f;
    if (hp->scale_by_layer) p->score_scale /= (float)(index + 1);
    p->score_softcap = arch->score_softcap;
    p->window = arch->window;
}

static void plan_model(struct model *model) {
    for (int32_t l = 0; l < model->hp.n_layer; l++) {
        struct layer_plan *p = &model->layers[l];
        plan_layer(p, model, l);
        model->h_kinds |= p->attn_in.kinds | p->mlp_in.kinds;
        model->att_kinds |= kinds_of(&p->o);
        model->ff_kinds |= kinds_of(&p->down);
    }
    model->hp.tied = !model->head.w.data;
    if (model->hp.tied) model->head.w = model->tokens;
    model->final_norm.kind = model->arch->norm;
    model->final_norm.kinds = kinds_of(&model->head);
    model->h_kinds |= model->final_norm.kinds;
}

static quill_status find_family(struct model *model, const struct weights *w, quill_error *err) {
    const char *key = w->format == WEIGHTS_GGUF ? "general.architecture" : "model_type";
    struct str name = {NULL, 0};
    bool found;
    quill_status s = meta_string(w, key, &name, &found, err);
    if (s) return s;
    model->arch = found ? arch_find(name) : NULL;
    if (model->arch) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: '%s': expected a model family quill runs (%s), found %s%s%s",
                QUOTED(str_of(w->path)), key, arch_names(), found ? "'" : "", found ? QUOTED(name) : "nothing",
                found ? "'" : "");
}

quill_status model_bind(struct model **out, const struct weights *weights, const struct kernels *kernels,
                        quill_error *err) {
    *out = NULL;
    struct model *model = alloc_zeroed(1, sizeof *model);
    if (!model) return fail_memory(err);
    *model = (struct model){.kernels = kernels, .file = weights->path};
    struct binding b = {.model = model, .w = weights, .err = err};
    quill_status s = find_family(model, weights, err);
    if (!s) s = hparams_read(&model->hp, model->arch, weights, err);
    if (!s && !(model->layers = alloc_zeroed((size_t)model->hp.n_layer, sizeof *model->layers))) s = fail_memory(err);
    if (!s) s = bind_all(&b);
    if (s) {
        model_free(model);
        return s;
    }
    plan_model(model);
    *out = model;
    return QUILL_OK;
}

void model_free(struct model *model) {
    if (!model) return;
    arena_free(&model->arena);
    free(model->layers);
    free(model);
}

const struct hparams *model_hparams(const struct model *model) { return &model->hp; }
const char *model_family(const struct model *model) { return model->arch->name; }
bool model_tied(const struct model *model) { return model->hp.tied; }
uint64_t model_parameters(const struct model *model) { return model->parameters; }
const struct kernels *model_kernels(const struct model *model) { return model->kernels; }
