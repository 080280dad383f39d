// SPDX-License-Identifier: MIT
// Binds the pairs of matrices of an adapter to the matrices of a model, by the names that the model's family has in
// files of the adapter's format.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter.h"
#include "adapter_peft.h"
#include "adapter_slots.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "model/bind/bind.h"
#include "open.h"
#include "tensor/rows.h"

enum { PAIR_NAME_BYTES = BIND_NAME_BYTES + 64 };

#define PATH_OF(w) QUOTED(str_of((w)->path))

// ---- one pair -----------------------------------------------------------------------------------------------------

struct loading {
    quill_adapter *a;
    const struct model *model;
    const struct family *family; // whose names are searched for
    enum weights_format format;  // of the model
    const struct peft *peft;     // NULL: a GGUF file
    double alpha;                // of a GGUF file
    bool *used;                  // [n_tensors]
    quill_error *err;
};

// A row of the family's, in a layer (-1: none), and the tensors that belong to it.
struct pair {
    const struct bind_row *row;
    int32_t layer;
    bool is_tokens;
    char a_name[PAIR_NAME_BYTES], b_name[PAIR_NAME_BYTES], module[BIND_NAME_BYTES];
    const struct tensor *a, *b;
    double scale;
};

static void use(const struct loading *l, const struct tensor *t) { l->used[t - l->a->weights->tensors] = true; }

// Finds the tensors of a matrix that has this name. GGUF: "blk.0.attn_q.weight" and ".lora_a" behind it. PEFT:
// "base_model.model." in front of the module's name, ".lora_A.weight" or ".lora_embedding_A" in place of ".weight".
static bool find_pair(const struct loading *l, struct pair *p, const char *name) {
    const struct weights *w = l->a->weights;
    if (!l->peft) {
        snprintf(p->a_name, sizeof p->a_name, "%s.lora_a", name);
        snprintf(p->b_name, sizeof p->b_name, "%s.lora_b", name);
    } else {
        const char *end = p->is_tokens ? "" : ".weight", *kind = p->is_tokens ? "embedding_" : "";
        const struct str whole = str_of(name), weight = STR(".weight");
        const int n = (int)(str_ends(whole, weight) ? whole.n - weight.n : whole.n);
        snprintf(p->module, sizeof p->module, "%.*s", n, name);
        snprintf(p->a_name, sizeof p->a_name, "base_model.model.%s.lora_%sA%s", p->module, kind, end);
        snprintf(p->b_name, sizeof p->b_name, "base_model.model.%s.lora_%sB%s", p->module, kind, end);
    }
    p->a = weights_tensor(w, str_of(p->a_name));
    p->b = weights_tensor(w, str_of(p->b_name));
    return p->a || p->b;
}

static bool find_behind_prefixes(const struct loading *l, struct pair *p) {
    char name[BIND_NAME_BYTES];
    bind_name(p->row, "", p->layer, name);
    if (find_pair(l, p, name) || !l->peft) return p->a || p->b;
    const char *const *prefix = l->family->files[WEIGHTS_HF].prefixes;
    for (; prefix && *prefix; prefix++) {
        bind_name(p->row, *prefix, p->layer, name);
        if (find_pair(l, p, name)) return true;
    }
    return false;
}

static quill_status refuse_shape(const struct loading *l, const struct tensor *t, uint64_t rows, uint64_t cols) {
    const uint64_t shape[] = {rows, cols};
    return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected shape %s, found %s", PATH_OF(l->a->weights),
                QUOTED(t->name), shape_text(&(struct shape_text){{0}}, shape, 2),
                shape_text(&(struct shape_text){{0}}, t->shape, t->n_dims));
}

static quill_status check_shape(const struct loading *l, const struct tensor *t, uint64_t rows, uint64_t cols) {
    return t->n_dims == 2 && t->shape[0] == rows && t->shape[1] == cols ? QUILL_OK : refuse_shape(l, t, rows, cols);
}

static quill_status check_type(const struct loading *l, const struct tensor *t) {
    if (t->dtype < DTYPE_COUNT && (dtype_is_float(t->dtype) || t->dtype == DTYPE_Q8_0)) return QUILL_OK;
    return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected type F32, F16, BF16 or Q8_0, found %s",
                PATH_OF(l->a->weights), QUOTED(t->name), t->type ? t->type : "one without a name");
}

// The rank and the scale of the pair. GGUF files have one alpha for all, and the rank is that of A.
static quill_status find_scale(const struct loading *l, struct pair *p, uint64_t *rank) {
    const struct tensor *b = p->b;
    if (l->peft) return peft_module(l->peft, str_of(p->module), rank, &p->scale, l->err);
    *rank = b->n_dims == 2 && b->shape[1] > 0 ? b->shape[1] : 1;
    p->scale = l->alpha != 0 ? l->alpha / (double)*rank : 1;
    return QUILL_OK;
}

// Both tensors are there, with the shapes that the row's matrix has in this model.
static quill_status check_pair(const struct loading *l, struct pair *p) {
    const bool transposed = p->row->flags & BIND_TRANSPOSED;
    const struct hparams *hp = &l->model->hp;
    const uint64_t first = bind_dim(hp, p->row->shape[0]), second = bind_dim(hp, p->row->shape[1]);
    const bool turned = transposed || p->is_tokens; // an embedding takes ids for input, and gives what its rows have
    const uint64_t in = turned ? first : second, out = turned ? second : first;
    const bool columns = p->is_tokens && !l->peft; // A of the embedding is stored [V, r] in GGUF files
    uint64_t rank;
    if (!p->a || !p->b)
        return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected '%s' beside it, found none",
                    PATH_OF(l->a->weights), p->a ? p->a_name : p->b_name, p->a ? p->b_name : p->a_name);
    quill_status s = find_scale(l, p, &rank);
    if (!s) s = check_type(l, p->a);
    if (!s) s = check_type(l, p->b);
    if (!s) s = columns ? check_shape(l, p->a, in, rank) : check_shape(l, p->a, rank, in);
    if (!s) s = check_shape(l, p->b, out, rank);
    if (s) return s;
    if (rank > MAX_EMBD)
        return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected a rank of at most %d, found %" PRIu64,
                    PATH_OF(l->a->weights), p->a_name, MAX_EMBD, rank);
    if (isfinite((float)p->scale)) return QUILL_OK;
    return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected a scale within the range of F32, found %g",
                PATH_OF(l->a->weights), p->a_name, p->scale);
}

// ---- its place ------------------------------------------------------------------------------------------------------

// How the rows of q and k in the adapter's format become those of the model's: not at all, or as in rows_part.head, or
// back.
enum order { ORDER_SAME, ORDER_IN_TURN, ORDER_BACK };

static enum order order_of(const struct loading *l, size_t place) {
    const enum rope_kind from = l->family->files[l->a->weights->format].rope;
    const enum rope_kind to = l->model->family->files[l->format].rope;
    if ((place != LAYER(q.w) && place != LAYER(k.w)) || from == to) return ORDER_SAME;
    if (l->format == WEIGHTS_GGUF) return from == ROPE_HALVES && to == ROPE_PAIRS ? ORDER_IN_TURN : ORDER_SAME;
    return from == ROPE_PAIRS && to == ROPE_HALVES ? ORDER_BACK : ORDER_SAME;
}

static size_t source_row(enum order order, size_t row, size_t head) {
    if (order == ORDER_SAME) return row;
    if (order == ORDER_IN_TURN) return rows_in_turn(row, head);
    const size_t in_head = row % head, half = head / 2;
    return row - in_head + (in_head < half ? 2 * in_head : 2 * (in_head - half) + 1);
}

// A copy of w with its rows in order, and as floats if the kernels do not multiply its type by floats. data NULL: no
// memory.
static struct mat copy_of(struct arena *arena, struct mat w, enum order order, size_t head) {
    const bool floats = dtypes[w.dtype].acts != ACT_FLOAT;
    const size_t stored = w.transposed ? w.cols : w.rows, n = w.transposed ? w.rows : w.cols;
    struct mat out = {.transposed = w.transposed, .rows = w.rows, .cols = w.cols};
    out.dtype = floats ? DTYPE_F32 : w.dtype;
    out.stride = n * dtypes[out.dtype].block_bytes;
    uint8_t *copy = arena_alloc(arena, stored, out.stride);
    out.data = copy;
    for (size_t r = 0; copy && r < stored; r++) {
        size_t one = 1;
        const size_t from = source_row(order, r, head);
        const uint8_t *row = w.run ? mat_run(w, from, &one).data : w.data + from * w.stride;
        if (floats) kernels_ref.decode_row[w.dtype]((float *)(void *)(copy + r * out.stride), row, n);
        else memcpy(copy + r * out.stride, row, out.stride);
    }
    return out;
}

// In place if the kernels can read it there.
static struct mat mat_for(struct loading *l, struct mat w, enum order order) {
    if (order == ORDER_SAME && !w.run && dtypes[w.dtype].acts == ACT_FLOAT) return w;
    const struct mat copy = copy_of(&l->a->arena, w, order, (size_t)l->model->hp.head_dim);
    l->a->copied_bytes += copy.stride * (copy.transposed ? copy.cols : copy.rows);
    return copy;
}

// The views of B's rows that belong to the places of its row, at their offsets in `layer`.
static void part_views(const struct loading *l, const struct pair *p, struct layer_plan *layer, struct mat b) {
    if (bind_is_fused(p->row)) fused_matrix(layer, &l->model->hp, (enum bind_fused)p->row->place, b);
    else if (p->layer >= 0) *(struct mat *)(void *)((char *)layer + p->row->place) = b;
}

static quill_status place_pair(struct loading *l, const struct pair *p) {
    struct bind_part parts[FUSED_PARTS];
    const size_t n = bind_parts(p->row, parts);
    const bool columns = p->is_tokens && !l->peft;
    struct layer_plan layer = {.parallel = false};
    void *owner = p->layer < 0 ? (void *)&l->a->deltas : (void *)&l->a->layers[p->layer];
    const struct mat a = mat_for(l, tensor_mat(p->a, columns), ORDER_SAME), b = tensor_mat(p->b, false);
    if (!a.data) return fail_memory(l->err);
    part_views(l, p, &layer, b);
    for (size_t i = 0; i < n; i++) {
        const struct adapter_slot *slot = adapter_slot(p->layer, parts[i].place);
        struct mat rows = b;
        if (p->layer >= 0) rows = *(const struct mat *)(const void *)((const char *)&layer + parts[i].place);
        rows = mat_for(l, rows, order_of(l, parts[i].place));
        if (!rows.data) return fail_memory(l->err);
        *delta_at(owner, slot->delta) = (struct delta){.a = a, .b = rows, .scale = (float)p->scale};
    }
    use(l, p->a);
    use(l, p->b);
    l->a->n_pairs++;
    l->a->parameters += tensor_count(p->a) + tensor_count(p->b);
    if (a.rows > l->a->max_rank) l->a->max_rank = a.rows;
    return QUILL_OK;
}

// ---- a matrix in place of one ---------------------------------------------------------------------------------------

static const struct tensor *whole_behind(const struct loading *l, const struct bind_row *row, const char *prefix) {
    char name[PAIR_NAME_BYTES], module[BIND_NAME_BYTES];
    bind_name(row, prefix, -1, module);
    snprintf(name, sizeof name, "base_model.model.%s", module);
    return peft_saves(l->peft, str_of(module)) ? weights_tensor(l->a->weights, str_of(name)) : NULL;
}

// The tensor that PEFT has saved for an embedding or an output matrix (modules_to_save); NULL: none.
static const struct tensor *find_whole(const struct loading *l, const struct pair *p) {
    if (!l->peft || p->layer >= 0) return NULL;
    const char *const *prefix = l->family->files[WEIGHTS_HF].prefixes;
    const struct tensor *found = whole_behind(l, p->row, "");
    for (; prefix && *prefix && !found; prefix++) found = whole_behind(l, p->row, *prefix);
    return found;
}

static quill_status place_whole(struct loading *l, const struct pair *p, const struct tensor *t) {
    const struct adapter_slot *slot = adapter_slot(-1, p->row->place);
    const struct hparams *hp = &l->model->hp;
    if (p->row->flags & BIND_TRANSPOSED || bind_is_fused(p->row) || !slot)
        return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected one that may be replaced, found another",
                    PATH_OF(l->a->weights), QUOTED(t->name));
    quill_status s = check_type(l, t);
    if (!s) s = check_shape(l, t, bind_dim(hp, p->row->shape[0]), bind_dim(hp, p->row->shape[1]));
    if (s) return s;
    struct mat whole = tensor_mat(t, false);
    if (!p->is_tokens) whole = mat_for(l, whole, ORDER_SAME); // which is multiplied; rows of an embedding are decoded
    if (!whole.data) return fail_memory(l->err);
    *delta_at(&l->a->deltas, slot->delta) = (struct delta){.scale = 1, .whole = whole};
    use(l, t);
    l->a->n_whole++;
    l->a->parameters += tensor_count(t);
    return QUILL_OK;
}

// ---- all of them ----------------------------------------------------------------------------------------------------

// Whether the model has a matrix at every place of the row, to which nothing is added yet.
static bool is_free(const struct loading *l, const struct bind_row *row, int32_t layer) {
    struct bind_part parts[FUSED_PARTS];
    const size_t n = bind_parts(row, parts);
    const char *owner = layer < 0 ? (const char *)l->model : (const char *)&l->model->layers[layer];
    for (size_t i = 0; i < n; i++) {
        const struct delta *d = adapter_delta(&l->a->deltas, layer, parts[i].place);
        if (!d || d->a.data || d->whole.data) return false;
        if (!((const struct mat *)(const void *)(owner + parts[i].place))->data) return false;
    }
    return true;
}

static quill_status load_row(struct loading *l, const struct bind_row *row, int32_t layer) {
    struct pair p = {.row = row, .layer = layer, .is_tokens = layer < 0 && row->place == MODEL(tokens)};
    struct fused_problem problem;
    if (!is_free(l, row, layer)) return QUILL_OK;
    const struct tensor *whole = find_whole(l, &p);
    if (whole) return place_whole(l, &p, whole);
    if (!find_behind_prefixes(l, &p)) return QUILL_OK;
    const char *text = bind_is_fused(row) ? fused_problem(&l->model->hp, (enum bind_fused)row->place, &problem) : NULL;
    if (text)
        return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': %s", PATH_OF(l->a->weights), p.a_name, text);
    quill_status s = check_pair(l, &p);
    return s ? s : place_pair(l, &p);
}

static quill_status load_family(struct loading *l, const struct family *family) {
    struct row_walk walk = {family->files[l->a->weights->format].rows, NULL};
    quill_status s = QUILL_OK;
    l->family = family;
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        if (!bind_is_matrix(row) || row->shape[2]) continue;
        if (!bind_is_per_layer(row)) s = load_row(l, row, -1);
        else
            for (int32_t i = 0; i < l->model->hp.n_layer && !s; i++) s = load_row(l, row, i);
    }
    return s;
}

// A GGUF file may hold a model of another family than it names, whose adapters have that family's names.
static quill_status load_pairs(struct loading *l) {
    const struct family *own = l->model->family;
    const enum weights_format format = l->a->weights->format;
    if (format == WEIGHTS_GGUF) own = family_in_gguf(own);
    quill_status s = own && family_has(own, format) ? load_family(l, own) : QUILL_OK;
    const bool kin = l->format == WEIGHTS_GGUF && format == WEIGHTS_HF;
    for (size_t i = 0; kin && !s && family_at(i); i++)
        if (family_at(i) != own && family_in_gguf(family_at(i)) == own && family_has(family_at(i), format))
            s = load_family(l, family_at(i));
    return s;
}

static bool contains(struct str text, const char *word) {
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++)
        if (memcmp(text.p + i, word, n) == 0) return true;
    return false;
}

static quill_status check_all_used(const struct loading *l) {
    const struct weights *w = l->a->weights;
    for (size_t i = 0; i < w->n_tensors; i++) {
        const struct str name = w->tensors[i].name;
        if (l->used[i]) continue;
        const bool low = contains(name, ".lora_");
        return fail(l->err, QUILL_E_MODEL, "%s: tensor '%s': expected %s, found %s", PATH_OF(w), QUOTED(name),
                    low ? "a matrix that this model has"
                        : "only pairs of low rank, and an embedding or a head of 'modules_to_save'",
                    low ? "the name of another" : "one that is neither");
    }
    if (w->n_tensors) return QUILL_OK;
    return fail(l->err, QUILL_E_MODEL, "%s: expected at least one tensor, found none", PATH_OF(w));
}

// ---- a GGUF file ----------------------------------------------------------------------------------------------------

static quill_status expect_word(const struct loading *l, const char *key, const char *word) {
    struct str value = {NULL, 0};
    bool found;
    quill_status s = meta_string(l->a->weights, key, &value, &found, l->err);
    if (s || (found && str_is(value, word))) return s;
    return fail(l->err, QUILL_E_MODEL, "%s: '%s': expected '%s', found %s%s%s", PATH_OF(l->a->weights), key, word,
                found ? "'" : "", found ? QUOTED(value) : "none", found ? "'" : "");
}

static quill_status read_gguf(struct loading *l) {
    static const char tokens[] = "adapter.alora.invocation_tokens";
    const struct weights *w = l->a->weights;
    const struct family *family = family_in_gguf(l->model->family);
    struct str name = {NULL, 0};
    bool found = false;
    quill_status s = expect_word(l, "general.type", "adapter");
    if (!s) s = expect_word(l, "adapter.type", "lora");
    if (!s) s = meta_string(w, "general.architecture", &name, &found, l->err);
    if (s) return s;
    if (!family || !family_is(family, WEIGHTS_GGUF, name))
        return fail(l->err, QUILL_E_MODEL, "%s: 'general.architecture': expected that of the model, '%s', found '%s'",
                    PATH_OF(w), family ? family_name(family, WEIGHTS_GGUF) : l->model->family->name, QUOTED(name));
    if (weights_meta(w, str_of(tokens)))
        return fail(l->err, QUILL_E_MODEL, "%s: '%s': expected an adapter that is always active, found one that is not",
                    PATH_OF(w), tokens);
    s = meta_float(w, "adapter.lora.alpha", &l->alpha, &found, l->err);
    if (s || found) return s;
    return fail(l->err, QUILL_E_MODEL, "%s: 'adapter.lora.alpha': expected a number, found none", PATH_OF(w));
}

// ---- the object -----------------------------------------------------------------------------------------------------

static quill_status load_into(quill_adapter *a, const struct model *model, enum weights_format format,
                              quill_error *err) {
    struct loading l = {.a = a, .model = model, .format = format, .err = err};
    struct peft *peft = NULL;
    const size_t n_layer = (size_t)model->hp.n_layer;
    a->layers = arena_alloc(&a->arena, n_layer, sizeof *a->layers);
    l.used = alloc_zeroed(a->weights->n_tensors + 1, sizeof *l.used);
    if (!a->layers || !l.used) {
        free(l.used);
        return fail_memory(err);
    }
    memset(a->layers, 0, n_layer * sizeof *a->layers);
    a->deltas.layers = a->layers;
    quill_status s = a->weights->format == WEIGHTS_HF ? peft_create(&peft, a->weights, err) : read_gguf(&l);
    l.peft = peft;
    if (!s) s = load_pairs(&l);
    if (!s) s = check_all_used(&l);
    peft_free(peft);
    free(l.used);
    return s;
}

quill_status adapter_load(quill_adapter **out, const struct model *model, enum weights_format format, const char *path,
                          quill_error *err) {
    quill_adapter *a = alloc_zeroed(1, sizeof *a);
    *out = NULL;
    if (!a) return fail_memory(err);
    a->model = model;
    quill_status s = weights_open(&a->weights, path, WEIGHTS_ADAPTER, MAP_FILE, err);
    if (!s) s = load_into(a, model, format, err);
    if (s) quill_adapter_free(a);
    else *out = a;
    return s;
}

quill_status quill_adapter_load(quill_adapter **out, const quill_model *model, const char *path, quill_error *err) {
    return adapter_load(out, model->model, model->weights->format, path, err);
}

void quill_adapter_free(quill_adapter *a) {
    if (!a) return;
    weights_close(a->weights);
    arena_free(&a->arena);
    free(a);
}

void quill_adapter_describe(const quill_adapter *a, quill_adapter_info *info) {
    *info = (quill_adapter_info){
        .file = a->weights->path,
        .format = a->weights->format == WEIGHTS_GGUF ? "gguf" : "peft",
        .rank = (int32_t)a->max_rank,
        .matrices = a->n_pairs + a->n_whole,
        .parameters = a->parameters,
        .file_bytes = a->weights->file_bytes,
    };
}

static uint64_t hash_mat(const struct mat *w, uint64_t hash) {
    const uint64_t head[] = {(uint64_t)w->dtype, w->transposed, w->rows, w->cols};
    const size_t stored = w->transposed ? w->cols : w->rows, n = w->transposed ? w->rows : w->cols;
    hash = hash_bytes(head, sizeof head, hash);
    for (size_t r = 0; r < stored; r++)
        hash = hash_bytes(w->data + r * w->stride, n * dtypes[w->dtype].block_bytes, hash);
    return hash;
}

static uint64_t hash_delta(const struct delta *d, uint64_t hash) {
    hash = hash_bytes(&d->scale, sizeof d->scale, hash);
    if (d->whole.data) return hash_mat(&d->whole, hash);
    return d->a.data ? hash_mat(&d->b, hash_mat(&d->a, hash)) : hash;
}

uint64_t quill_adapter_hash(const quill_adapter *a) {
    uint64_t hash = 1;
    for (size_t i = 0; i < MODEL_SLOTS; i++)
        hash = hash_delta(adapter_delta(&a->deltas, -1, adapter_model_slots[i].place), hash);
    for (int32_t l = 0; l < a->model->hp.n_layer; l++)
        for (size_t i = 0; i < LAYER_SLOTS; i++)
            hash = hash_delta(adapter_delta(&a->deltas, l, adapter_layer_slots[i].place), hash);
    return hash;
}
