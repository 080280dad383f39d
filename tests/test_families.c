// SPDX-License-Identifier: MIT
// Families made up for the purpose: what a row can say reaches the plan, and what the pass does not compute is refused.
#include "folder.h"
#include "model/bind/export.h"
#include "model/bind/hparams.h"
#include "model_rig.h"

enum { N_EMBD = 64, N_FF = 96, N_LAYER = 3, N_VOCAB = 50, N_CTX = 40, N_IDS = 23, ROWS = 32 };

// GPT-2 with rows of its own in GGUF files.
struct made {
    struct family family;
    struct bind_row rows[ROWS];
    size_t n_rows;
};

static void made_begin(struct made *m) {
    m->family = *family_find(WEIGHTS_GGUF, STR("gpt2"));
    const struct bind_row *row = m->family.files[WEIGHTS_GGUF].rows[0];
    for (m->n_rows = 0; row[m->n_rows].name; m->n_rows++) m->rows[m->n_rows] = row[m->n_rows];
    m->rows[m->n_rows] = (struct bind_row){0};
    m->family.files[WEIGHTS_GGUF].rows[0] = m->rows;
}

static struct bind_row *made_row(struct made *m, const char *name) {
    for (size_t i = 0; i < m->n_rows; i++)
        if (strcmp(m->rows[i].name, name) == 0) return &m->rows[i];
    print_error("no row %s\n", name);
    abort();
}

static void made_add(struct made *m, struct bind_row row) {
    assert_true(m->n_rows + 1 < ROWS);
    m->rows[m->n_rows++] = row;
    m->rows[m->n_rows] = (struct bind_row){0};
}

struct opened {
    struct buffer file;
    struct weights *w;
    struct model *model;
};

static quill_status open_as(struct opened *o, const struct tiny *tiny, const struct family *family,
                            const struct kernels *kernels, quill_error *err) {
    o->file = tiny_gguf(tiny);
    assert_ok(weights_open_memory(&o->w, o->file.p, o->file.n, "tiny.gguf", WEIGHTS_ALL, err), *err);
    return model_bind_family(&o->model, family, o->w, kernels, err);
}

static void opened_free(struct opened *o) {
    model_free(o->model);
    weights_close(o->w);
    buffer_free(&o->file);
}

static struct tiny *make(enum dtype type) { return tiny_make(N_EMBD, 4, N_LAYER, N_FF, N_VOCAB, N_CTX, type, 11); }

static float *logits_as(struct tiny *tiny, const struct family *family, const struct kernels *kernels, int threads) {
    struct opened o;
    quill_error err;
    assert_ok(open_as(&o, tiny, family, kernels, &err), err);
    int32_t *ids = rig_ids(tiny, N_IDS, 3);
    const struct way way = {.kv = KV_F16, .threads = threads, .chunk = threads == 1 ? 0 : 6};
    float *logits = rig_logits(o.model, &way, ids, N_IDS);
    free(ids);
    opened_free(&o);
    return logits;
}

// The same bits from two files by two families, with every table of kernels.
static void assert_same_model(struct tiny *a, const struct family *family_a, struct tiny *b,
                              const struct family *family_b) {
    const struct kernels *kernels[8];
    const size_t n = kernels_available(kernels, 8);
    float *expected = logits_as(a, family_a, &kernels_ref, 1);
    for (size_t k = 0; k < n; k++)
        for (int threads = 1; threads <= 3; threads += 2) {
            float *found = logits_as(b, family_b, kernels[k], threads);
            assert_memory_equal(found, expected, N_IDS * N_VOCAB * sizeof *found);
            free(found);
        }
    free(expected);
}

static void refused(struct tiny *tiny, const struct family *family, const char *text) {
    struct opened o;
    quill_error err;
    assert_int_equal(open_as(&o, tiny, family, &kernels_ref, &err), QUILL_E_MODEL);
    assert_null(o.model);
    assert_string_equal(err.text, text);
    opened_free(&o);
    tiny_free(tiny);
}

// ---- fused tensors ----

// Row `to` of a fused tensor is row order[to] of the tensor that has its parts one after the other.
struct order {
    size_t rows[1024];
    size_t n;
};

static void put_rows(struct order *o, size_t first, size_t n) {
    assert_true(o->n + n <= sizeof o->rows / sizeof o->rows[0]);
    for (size_t i = 0; i < n; i++) o->rows[o->n++] = first + i;
}

// What transformers' modelling files do for GPT-NeoX (h heads: q, k, v each), Falcon (groups) and CodeGen (shards).
static void order_of(struct order *o, enum bind_fused fused, size_t h, size_t g, size_t d) {
    const size_t k = h * d, v = (h + g) * d;
    o->n = 0;
    if (fused == FUSED_QKV_BY_GROUP) {
        for (size_t group = 0; group < g; group++) {
            put_rows(o, group * (h / g) * d, h / g * d);
            put_rows(o, k + group * d, d);
            put_rows(o, v + group * d, d);
        }
        return;
    }
    assert_true(fused == FUSED_QVK_IN_FOUR);
    for (size_t shard = 0; shard < 4; shard++) {
        put_rows(o, shard * (h / 4) * d, h / 4 * d);
        put_rows(o, v + shard * (g / 4) * d, g / 4 * d);
        put_rows(o, k + shard * (g / 4) * d, g / 4 * d);
    }
}

static void reorder(struct tiny_tensor *t, const struct order *o) {
    const size_t cols = t->n_dims == 2 ? t->shape[1] : 1;
    float *to = malloc(o->n * cols * sizeof *to);
    assert_int_equal(t->shape[0], o->n);
    for (size_t r = 0; r < o->n; r++) memcpy(to + r * cols, t->values + o->rows[r] * cols, cols * sizeof *to);
    free(t->values);
    t->values = to;
}

static void transpose(struct tiny_tensor *t) {
    const size_t rows = t->shape[0], cols = t->shape[1];
    float *to = malloc(rows * cols * sizeof *to);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) to[c * rows + r] = t->values[r * cols + c];
    free(t->values);
    *t = (struct tiny_tensor){.n_dims = 2, .shape = {cols, rows}, .type = t->type, .values = to};
}

static void replace(struct tiny *m, const char *name, size_t rows, size_t cols, enum dtype type, uint64_t *seed) {
    struct tiny_tensor *t = tiny_find(m, name);
    free(t->values);
    struct tiny_tensor *last = &m->tensors[--m->n_tensors];
    if (t != last) *t = *last;
    if (rows) tiny_matrix(m, name, "", rows, cols, type, seed);
    else tiny_vector(m, name, "", cols, 0, seed);
}

// h heads of d dimensions, g of them with keys and values.
static struct tiny *make_grouped(enum dtype type, size_t h, size_t g, size_t d) {
    struct tiny *m = tiny_make(N_EMBD, h, N_LAYER, N_FF, N_VOCAB, N_CTX, type, 11);
    uint64_t seed = 5;
    for (size_t l = 0; l < N_LAYER; l++) {
        char name[48];
        snprintf(name, sizeof name, "blk.%zu.attn_qkv.weight", l);
        replace(m, name, (h + 2 * g) * d, N_EMBD, type, &seed);
        snprintf(name, sizeof name, "blk.%zu.attn_qkv.bias", l);
        replace(m, name, 0, (h + 2 * g) * d, DTYPE_F32, &seed);
        snprintf(name, sizeof name, "blk.%zu.attn_output.weight", l);
        replace(m, name, N_EMBD, h * d, type, &seed);
    }
    tiny_key(m, "gpt2.attention.head_count_kv", 4, (uint32_t)g, NULL);
    tiny_key(m, "gpt2.attention.key_length", 4, (uint32_t)d, NULL);
    return m;
}

static struct tiny_tensor *in_layer(struct tiny *m, size_t layer, const char *part) {
    char name[48];
    snprintf(name, sizeof name, "blk.%zu.%s", layer, part);
    struct tiny_tensor *t = tiny_find(m, name);
    assert_non_null(t);
    return t;
}

static void every_order_of_q_k_and_v_gives_the_same_bits(void **state) {
    (void)state;
    static const struct {
        enum bind_fused fused;
        size_t h, g, d;
    } cases[] = {
        {FUSED_QKV_BY_GROUP, 4, 4, 16}, {FUSED_QKV_BY_GROUP, 4, 2, 24}, {FUSED_QKV_BY_GROUP, 6, 2, 32},
        {FUSED_QKV_BY_GROUP, 4, 1, 16}, {FUSED_QVK_IN_FOUR, 4, 4, 16},  {FUSED_QVK_IN_FOUR, 8, 4, 8},
    };
    static const enum dtype types[] = {DTYPE_F32, DTYPE_BF16, DTYPE_Q8_0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < 4; k++) { // last of all stored as [in, out]
            const bool transposed = k == 3;
            const enum dtype type = transposed ? DTYPE_F32 : types[k];
            struct tiny *blocks = make_grouped(type, cases[i].h, cases[i].g, cases[i].d);
            struct tiny *fused = make_grouped(type, cases[i].h, cases[i].g, cases[i].d);
            struct order order;
            struct made made;
            made_begin(&made);
            order_of(&order, cases[i].fused, cases[i].h, cases[i].g, cases[i].d);
            for (size_t l = 0; l < N_LAYER; l++) {
                reorder(in_layer(fused, l, "attn_qkv.weight"), &order);
                reorder(in_layer(fused, l, "attn_qkv.bias"), &order);
                if (!transposed) continue;
                struct tiny_tensor *t = in_layer(fused, l, "attn_qkv.weight");
                transpose(t);
                snprintf(t->name, sizeof t->name, "blk.%zu.attn_qkv.weight", l);
            }
            struct bind_row *row = made_row(&made, "blk.%d.attn_qkv.weight");
            row->place = made_row(&made, "blk.%d.attn_qkv.bias")->place = cases[i].fused;
            if (transposed) row->flags = BIND_TRANSPOSED, row->shape[0] = DIM_EMBD, row->shape[1] = DIM_QKV;
            assert_same_model(blocks, family_find(WEIGHTS_GGUF, STR("gpt2")), fused, &made.family);
            tiny_free(blocks);
            tiny_free(fused);
        }
}

// Three tensors in the place of one.
static void split_q_k_and_v(struct tiny *m, const size_t heads[3], size_t d) {
    static const char *const names[] = {"q", "k", "v"};
    for (size_t l = 0; l < N_LAYER; l++) {
        const float *from = in_layer(m, l, "attn_qkv.weight")->values;
        const float *bias = in_layer(m, l, "attn_qkv.bias")->values;
        for (size_t i = 0; i < 3; i++) {
            char name[48];
            snprintf(name, sizeof name, "blk.%zu.attn_%s.weight", l, names[i]);
            struct tiny_tensor *t = tiny_add(m, name, "", heads[i] * d, N_EMBD);
            memcpy(t->values, from, heads[i] * d * N_EMBD * sizeof *from);
            snprintf(name, sizeof name, "blk.%zu.attn_%s.bias", l, names[i]);
            t = tiny_add(m, name, "", 0, heads[i] * d);
            memcpy(t->values, bias, heads[i] * d * sizeof *bias);
            from += heads[i] * d * N_EMBD, bias += heads[i] * d;
        }
    }
}

static void remove_tensors(struct tiny *m, const char *part) {
    for (size_t i = m->n_tensors; i-- > 0;) {
        if (!strstr(m->tensors[i].name, part)) continue;
        free(m->tensors[i].values);
        m->tensors[i] = m->tensors[--m->n_tensors];
    }
}

// Files of a family may have either form: the first of its rows that is there fills the place.
static void q_k_and_v_may_be_one_tensor_or_three(void **state) {
    (void)state;
    enum { H = 6, G = 2, D = 16 };
    static const size_t heads[] = {H, G, G};
    struct tiny *whole = make_grouped(DTYPE_F32, H, G, D), *parts = make_grouped(DTYPE_F32, H, G, D);
    struct made made;
    made_begin(&made);
    split_q_k_and_v(parts, heads, D);
    remove_tensors(parts, "attn_qkv");
    made_row(&made, "blk.%d.attn_qkv.weight")->flags = BIND_OPTIONAL;
    made_row(&made, "blk.%d.attn_qkv.bias")->flags = BIND_OPTIONAL;
    made_add(&made, (struct bind_row){"blk.%d.attn_q.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0});
    made_add(&made, (struct bind_row){"blk.%d.attn_k.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0});
    made_add(&made, (struct bind_row){"blk.%d.attn_v.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0});
    made_add(&made, (struct bind_row){"blk.%d.attn_q.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, BIND_BIAS});
    made_add(&made, (struct bind_row){"blk.%d.attn_k.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, BIND_BIAS});
    made_add(&made, (struct bind_row){"blk.%d.attn_v.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, BIND_BIAS});
    assert_same_model(whole, family_find(WEIGHTS_GGUF, STR("gpt2")), parts, &made.family);
    assert_same_model(whole, family_find(WEIGHTS_GGUF, STR("gpt2")), whole, &made.family);
    remove_tensors(parts, "attn_k.weight");
    refused(parts, &made.family,
            "tiny.gguf: tensor 'blk.0.attn_k.weight': expected shape [32, 64], found no such tensor");
    tiny_free(whole);
}

// Adds ffn_gate, and ffn_gate_up: both in one, `by_row` or gate first.
static struct tiny *make_gated(enum dtype type, bool by_row) {
    struct tiny *m = make(type);
    uint64_t seed = 77;
    for (size_t l = 0; l < N_LAYER; l++) {
        char name[48];
        snprintf(name, sizeof name, "blk.%zu.ffn_gate.weight", l);
        tiny_matrix(m, name, "", N_FF, N_EMBD, type, &seed);
        snprintf(name, sizeof name, "blk.%zu.ffn_gate_up.weight", l);
        struct tiny_tensor *both = tiny_add(m, name, "", 2 * N_FF, N_EMBD);
        both->type = type;
        const float *gate = in_layer(m, l, "ffn_gate.weight")->values, *up = in_layer(m, l, "ffn_up.weight")->values;
        for (size_t r = 0; r < N_FF; r++) {
            memcpy(both->values + (by_row ? 2 * r : r) * N_EMBD, gate + r * N_EMBD, N_EMBD * sizeof *gate);
            memcpy(both->values + (by_row ? 2 * r + 1 : N_FF + r) * N_EMBD, up + r * N_EMBD, N_EMBD * sizeof *up);
        }
    }
    return m;
}

static void gate_and_up_may_be_one_tensor(void **state) {
    (void)state;
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_Q8_0};
    for (size_t k = 0; k < 3; k++)
        for (int by_row = 0; by_row < 2; by_row++) {
            struct tiny *tiny = make_gated(types[k], by_row);
            struct made two, one;
            made_begin(&two);
            made_begin(&one);
            made_add(&two,
                     (struct bind_row){"blk.%d.ffn_gate.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0});
            *made_row(&one, "blk.%d.ffn_up.weight") =
                (struct bind_row){"blk.%d.ffn_gate_up.weight", BIND_FUSED_MATRIX,
                                  by_row ? FUSED_GATE_UP_ROWS : FUSED_GATE_UP, {DIM_GATE_UP, DIM_EMBD}, 0};
            assert_same_model(tiny, &two.family, tiny, &one.family);
            tiny_free(tiny);
        }
}

// Per layer four matrices of 64 by 64 and three of 96 by 64, and the head of 50 by 64.
static void the_work_of_a_token_counts_the_gate(void **state) {
    (void)state;
    struct tiny *tiny = make_gated(DTYPE_F16, false);
    struct buffer file = tiny_gguf(tiny);
    struct weights *w;
    struct model *model;
    struct made made;
    quill_error err;
    made_begin(&made);
    made_add(&made, (struct bind_row){"blk.%d.ffn_gate.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0});
    assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
    assert_ok(model_bind_family(&model, &made.family, w, &kernels_ref, &err), err);
    const struct model_work work = model_work(model);
    assert_int_equal(work.block_weights, 3 * (4 * 64 * 64 + 3 * 96 * 64));
    assert_int_equal(work.head_weights, 50 * 64);
    assert_int_equal(work.bytes, 2 * (work.block_weights + work.head_weights));
    model_free(model);
    weights_close(w);
    buffer_free(&file);
    tiny_free(tiny);
}

static void shards_of_part_of_a_head_are_refused(void **state) {
    (void)state;
    struct made made;
    made_begin(&made);
    made_row(&made, "blk.%d.attn_qkv.weight")->place = FUSED_QVK_IN_FOUR;
    refused(make_grouped(DTYPE_F32, 6, 2, 16), &made.family,
            "tiny.gguf: tensor 'blk.0.attn_qkv.weight': heads: expected a multiple of 4, found 6");
    refused(make_grouped(DTYPE_F32, 4, 2, 16), &made.family,
            "tiny.gguf: tensor 'blk.0.attn_qkv.weight': heads: expected a multiple of 4, found 2");
}

// ---- rows ----

static bool has_place(const struct family_files *files, enum bind_kind kind, size_t place) {
    struct row_walk walk = {files->rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));)
        if (row->kind == kind && row->place == place) return true;
    return false;
}

// What binding and the pass rely on: a family that is added and lacks it is found here.
static void rows_of_all_families_are_complete(void **state) {
    (void)state;
    size_t n = 0;
    for (const struct family *f; (f = family_at(n)); n++) {
        assert_true(f->tokenizers && f->serves);
        for (int format = 0; format < 2; format++) {
            const struct family_files *files = &f->files[format];
            if (!family_has(f, (enum weights_format)format)) continue;
            const struct family *found =
                family_find((enum weights_format)format, str_of(family_name(f, (enum weights_format)format)));
            assert_true(found == f || f->cases[0].key); // or a variant of another
            for (const struct hparams_number *number = hparams_numbers; number->key; number++) {
                const struct key_row *row = hparams_key(f, (enum weights_format)format, number->key);
                assert_true(!number->required || (row && (row->names[0] || row->otherwise > 0)));
            }
            struct row_walk walk = {files->rows, NULL};
            for (const struct bind_row *row; (row = row_next(&walk));) {
                assert_true(strlen(row->name) < BIND_NAME_BYTES / 2);
                assert_true((row->shape[0] == DIM_NONE) == (row->kind == BIND_NORM));
                assert_true(row->kind != BIND_FUSED_VECTOR || row->shape[1] == DIM_NONE);
                assert_true((row->kind != BIND_MATRIX && row->kind != BIND_FUSED_MATRIX) || row->shape[1] != DIM_NONE);
            }
            const struct key_row *width = hparams_key(f, (enum weights_format)format, KEY_N_EMBD_IN);
            assert_true(has_place(files, BIND_MATRIX, MODEL(tokens)));
            assert_true(!width || has_place(files, BIND_MATRIX, MODEL(embd_in.w)));
            assert_true(!width || has_place(files, BIND_MATRIX, MODEL(embd_out.w)));
            assert_true(has_place(files, BIND_MATRIX, LAYER(o.w)));
            assert_true(has_place(files, BIND_MATRIX, LAYER(down.w)));
        }
    }
    assert_true(n > 0 && !family_find(WEIGHTS_HF, STR("gpt")) && !family_find(WEIGHTS_GGUF, STR("")));
}

// A number that files of a family never name.
static void a_number_without_a_name_is_what_the_row_says(void **state) {
    (void)state;
    static const struct key_row keys[] = {{KEY_N_CTX, {0}, N_CTX}, {KEY_NORM_EPS, {".eps", ".epsilon"}, 0.25}, {0}};
    struct tiny *tiny = make(DTYPE_F32);
    struct made made;
    struct opened o;
    quill_error err;
    made_begin(&made);
    made.family.files[WEIGHTS_GGUF].keys[0] = keys;
    for (size_t i = 0; i < tiny->n_keys; i++)
        if (strcmp(tiny->keys[i].name, "gpt2.context_length") == 0) tiny->keys[i].bits = 7; // not looked at
    for (int named = 0; named < 2; named++) {
        if (named) tiny_key(tiny, "gpt2.epsilon", 6, f32_bits(0.5f), NULL);
        assert_ok(open_as(&o, tiny, &made.family, &kernels_ref, &err), err);
        assert_int_equal(o.model->hp.n_ctx, N_CTX);
        assert_true(o.model->hp.norm_eps == (named ? 0.5f : 0.25f));
        opened_free(&o);
    }
    tiny_free(tiny);
}

// ---- what the pass computes ----

static void windows_and_scales_reach_the_plan(void **state) {
    (void)state;
    struct tiny *tiny = make(DTYPE_F32);
    struct made made;
    struct opened o;
    quill_error err;
    made_begin(&made);
    made.family.full_every = 2;
    tiny_key(tiny, "gpt2.attention.sliding_window", 4, 5, NULL);
    tiny_key(tiny, "gpt2.attention.scale", 6, f32_bits(0.375f), NULL);
    tiny_key(tiny, "gpt2.attn_logit_softcapping", 6, f32_bits(50), NULL);
    assert_ok(open_as(&o, tiny, &made.family, &kernels_ref, &err), err);
    static const int32_t windows[N_LAYER] = {5, 0, 5};
    for (size_t l = 0; l < N_LAYER; l++) {
        assert_int_equal(o.model->layers[l].window, windows[l]);
        assert_true(o.model->layers[l].score_scale == 0.375f && o.model->layers[l].score_softcap == 50);
    }
    opened_free(&o);
    tiny_free(tiny);
}

static struct tiny *with_float(const char *key, float value) {
    struct tiny *tiny = make(DTYPE_F32);
    tiny_key(tiny, key, 6, f32_bits(value), NULL);
    return tiny;
}

static struct tiny *with_vectors(const char *part, size_t n) {
    struct tiny *tiny = make(DTYPE_F32);
    uint64_t seed = 4;
    for (size_t l = 0; l < N_LAYER; l++) {
        char name[48];
        snprintf(name, sizeof name, "blk.%zu.%s", l, part);
        tiny_vector(tiny, name, "", n, 1, &seed);
    }
    return tiny;
}

// A factor of 1 and no cap are as if the keys were not there; others change the logits.
static void a_factor_of_one_changes_nothing(void **state) {
    (void)state;
    static const char *const keys[] = {"gpt2.embedding_scale", "gpt2.residual_scale", "gpt2.logit_scale",
                                       "gpt2.final_logit_softcapping"};
    const struct family *gpt2 = family_find(WEIGHTS_GGUF, STR("gpt2"));
    struct tiny *plain = make(DTYPE_F32);
    float *expected = logits_as(plain, gpt2, &kernels_ref, 1);
    for (size_t i = 0; i < 4; i++) {
        struct tiny *same = with_float(keys[i], i < 3 ? 1 : 0), *other = with_float(keys[i], 2);
        float *found = logits_as(same, gpt2, &kernels_ref, 1), *changed = logits_as(other, gpt2, &kernels_ref, 1);
        assert_memory_equal(found, expected, N_IDS * N_VOCAB * sizeof *found);
        assert_memory_not_equal(changed, expected, N_IDS * N_VOCAB * sizeof *found);
        free(found);
        free(changed);
        tiny_free(same);
        tiny_free(other);
    }
    free(expected);
    tiny_free(plain);
}

static void what_is_not_computed_is_refused_by_name(void **state) {
    (void)state;
    const struct family *gpt2 = family_find(WEIGHTS_GGUF, STR("gpt2"));
    char text[160];
    static const float bad[] = {-1, NAN, INFINITY};
    static const char *const shown[] = {"-1", "nan", "inf"};
    struct tiny *none = make(DTYPE_F32); // some writers say so
    tiny_key(none, "gpt2.expert_count", 4, 0, NULL);
    tiny_key(none, "gpt2.attention.sliding_window", 4, 0, NULL);
    free(logits_as(none, gpt2, &kernels_ref, 1));
    tiny_free(none);
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "tiny.gguf: 'gpt2.logit_scale': expected a number from 0, found %s", shown[i]);
        refused(with_float("gpt2.logit_scale", bad[i]), gpt2, text);
    }
    struct made made;
    made_begin(&made);
    made_add(&made, (struct bind_row){"blk.%d.attn_sinks.weight", BIND_VECTOR, LAYER(sinks), {DIM_FF}, 0});
    refused(with_vectors("attn_sinks.weight", N_FF), &made.family,
            "tiny.gguf: expected a model without attention sinks, which quill does not compute yet");
}

static quill_status no_tensors(void *user, size_t index, uint64_t first, uint64_t n_rows, uint8_t *out,
                               quill_error *err) {
    (void)user, (void)index, (void)first, (void)n_rows, (void)out;
    return fail(err, QUILL_E_SYSTEM, "there is no tensor");
}

// Keys that are written and read again mean the same model; those that follow from others are left out.
static void exported_keys_are_read_as_they_were(void **state) {
    (void)state;
    const struct family *gpt2 = family_find(WEIGHTS_GGUF, STR("gpt2"));
    for (int grouped = 0; grouped < 2; grouped++) {
        struct tiny *tiny = grouped ? make_grouped(DTYPE_F32, 6, 2, 24) : make(DTYPE_F32);
        struct opened o;
        struct hparams hp;
        struct weights *w;
        quill_error err;
        if (grouped) {
            tiny_key(tiny, "gpt2.attention.sliding_window", 4, 9, NULL);
            tiny_key(tiny, "gpt2.attention.scale", 6, f32_bits(0.25f), NULL);
            tiny_key(tiny, "gpt2.attn_logit_softcapping", 6, f32_bits(30), NULL);
        }
        assert_ok(open_as(&o, tiny, gpt2, &kernels_ref, &err), err);
        struct gguf_writer *g = gguf_writer_new();
        assert_non_null(g);
        assert_ok(model_export_keys(o.model, g, &err), err);
        assert_ok(gguf_writer_save(g, in_folder("keys.gguf"), no_tensors, NULL, &err), err);
        gguf_writer_free(g);
        assert_ok(weights_open(&w, in_folder("keys.gguf"), WEIGHTS_ALL, MAP_READ, &err), err);
        assert_ok(hparams_read(&hp, gpt2, w, &err), err);
        hp.n_vocab = o.model->hp.n_vocab; // the embedding's shape says so
        for (const struct hparams_number *number = hparams_numbers; number->key; number++)
            assert_memory_equal((char *)&hp + number->offset, (char *)&o.model->hp + number->offset, 4);
        assert_int_equal(w->n_meta, grouped ? 13 : 7);
        weights_close(w);
        opened_free(&o);
        tiny_free(tiny);
    }
}

// Matrices of three dimensions find their place; what would use them is not there yet.
static void experts_have_a_third_dimension(void **state) {
    (void)state;
    struct made made;
    made_begin(&made);
    made_row(&made, "blk.%d.ffn_up.weight")->shape[0] = DIM_EXPERTS;
    made_row(&made, "blk.%d.ffn_up.weight")->shape[1] = DIM_FF;
    made_row(&made, "blk.%d.ffn_up.weight")->shape[2] = DIM_EMBD;
    made_row(&made, "blk.%d.ffn_up.bias")->shape[0] = DIM_GATE_UP; // the rows of both experts
    made_row(&made, "blk.%d.ffn_down.weight")->shape[1] = DIM_GATE_UP;
    static const char *const texts[] = {
        "tiny.gguf: expected a model without experts, which quill does not compute yet",
        "tiny.gguf: tensor 'blk.0.ffn_up.weight': expected shape [2, 48, 64], found [2, 47, 64]",
    };
    for (uint64_t i = 0; i < 2; i++) {
        struct tiny *tiny = make(DTYPE_F32);
        struct opened o = {.model = NULL};
        quill_error err;
        for (size_t k = 0; k < tiny->n_keys; k++)
            if (strcmp(tiny->keys[k].name, "gpt2.feed_forward_length") == 0) tiny->keys[k].bits = N_FF / 2;
        tiny_key(tiny, "gpt2.expert_count", 4, 2, NULL);
        o.file = tiny_gguf(tiny);
        assert_ok(weights_open_memory(&o.w, o.file.p, o.file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
        for (size_t l = 0; l < N_LAYER; l++) {
            char name[48];
            snprintf(name, sizeof name, "blk.%zu.ffn_up.weight", l);
            struct tensor *t = (struct tensor *)(uintptr_t)weights_tensor(o.w, str_of(name));
            t->n_dims = 3;
            t->shape[0] = 2, t->shape[1] = N_FF / 2 - i, t->shape[2] = N_EMBD;
        }
        assert_int_equal(model_bind_family(&o.model, &made.family, o.w, &kernels_ref, &err), QUILL_E_MODEL);
        assert_string_equal(err.text, texts[i]);
        opened_free(&o);
        tiny_free(tiny);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_q_k_and_v_gives_the_same_bits),
        cmocka_unit_test(q_k_and_v_may_be_one_tensor_or_three),
        cmocka_unit_test(gate_and_up_may_be_one_tensor),
        cmocka_unit_test(the_work_of_a_token_counts_the_gate),
        cmocka_unit_test(shards_of_part_of_a_head_are_refused),
        cmocka_unit_test(rows_of_all_families_are_complete),
        cmocka_unit_test(a_number_without_a_name_is_what_the_row_says),
        cmocka_unit_test(windows_and_scales_reach_the_plan),
        cmocka_unit_test(a_factor_of_one_changes_nothing),
        cmocka_unit_test(what_is_not_computed_is_refused_by_name),
        cmocka_unit_test(experts_have_a_third_dimension),
        cmocka_unit_test(exported_keys_are_read_as_they_were),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
