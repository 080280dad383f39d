// SPDX-License-Identifier: MIT
// Heads of other shapes than GPT-2's: fewer heads of keys and values than of queries, and a head dimension that is not
// the embedding's share. Each model is compared with one of GPT-2's own shape that computes the same by definition.
#include "model_rig.h"

enum { MOST_KERNELS = 8, N_VOCAB = 40, N_CTX = 280, N_IDS = 270 }; // two tiles

static void set_u32(struct tiny *m, const char *key, size_t value) { tiny_key(m, key, 4, (uint32_t)value, NULL); }

// Copies `rows` rows of `cols` values.
static void copy_rows(float *to, const float *from, size_t rows, size_t cols) {
    memcpy(to, from, rows * cols * sizeof *to);
}

// ---- grouped heads ----

struct heads {
    size_t n, groups, dim; // H, G, D
};

// The q, k and v rows of a fused tensor of `cols` columns, with each head of keys and values once.
static float *without_repeats(const float *all, const struct heads *h, size_t cols) {
    size_t q = h->n * h->dim, kv = h->groups * h->dim, share = h->n / h->groups;
    float *some = malloc((q + 2 * kv) * cols * sizeof *some), *to = some + q * cols;
    copy_rows(some, all, q, cols);
    for (size_t part = 1; part <= 2; part++)
        for (size_t g = 0; g < h->groups; g++, to += h->dim * cols)
            copy_rows(to, all + (part * q + g * share * h->dim) * cols, h->dim, cols);
    return some;
}

// Lets all heads of a group have the keys and values of its first.
static void repeat(float *all, const struct heads *h, size_t cols) {
    size_t q = h->n * h->dim, share = h->n / h->groups;
    for (size_t part = 1; part <= 2; part++)
        for (size_t i = 0; i < h->n; i++)
            copy_rows(all + (part * q + i * h->dim) * cols, all + (part * q + i / share * share * h->dim) * cols,
                      h->dim, cols);
}

// A model whose heads repeat keys and values, or the same one with each of them once.
static struct tiny *make_heads(const struct heads *h, enum dtype type, bool grouped) {
    struct tiny *m = tiny_make(h->n * h->dim, h->n, 2, 64, N_VOCAB, N_CTX, type, 5);
    for (size_t i = 0; i < m->n_tensors; i++) {
        struct tiny_tensor *t = &m->tensors[i];
        if (!strstr(t->name, "attn_qkv")) continue;
        size_t cols = t->n_dims == 2 ? t->shape[1] : 1;
        repeat(t->values, h, cols);
        if (!grouped) continue;
        float *some = without_repeats(t->values, h, cols);
        free(t->values);
        t->values = some;
        t->shape[0] = (h->n + 2 * h->groups) * h->dim;
    }
    if (grouped) set_u32(m, "gpt2.attention.head_count_kv", h->groups);
    return m;
}

// The logits of `rig`, whatever the kernels, are these.
static void assert_logits(struct rig *rig, const float *expected, const int32_t *ids, enum kv_type kv,
                          const char *what) {
    const struct kernels *kernels[MOST_KERNELS];
    const size_t n_kernels = kernels_available(kernels, MOST_KERNELS);
    for (size_t k = 0; k < n_kernels; k++) {
        const struct way way = {.kv = kv, .threads = 1 + (int)(k % 2), .chunk = k % 2 ? 37 : 0};
        quill_error err;
        model_free(rig->model);
        assert_ok(model_bind(&rig->model, rig->weights, kernels[k], &err), err);
        float *found = rig_logits(rig->model, &way, ids, N_IDS);
        for (size_t i = 0; i < N_IDS * N_VOCAB; i++)
            if (f32_bits(found[i]) != f32_bits(expected[i])) {
                print_error("%s, kv %d, %s: token %zu: %.9g and %.9g\n", what, (int)kv, kernels[k]->name, i / N_VOCAB,
                            (double)found[i], (double)expected[i]);
                _fail(__FILE__, __LINE__);
            }
        free(found);
    }
}

// Two models that compute the same.
static void assert_equal_models(struct tiny *expected, struct tiny *found, const char *what) {
    const struct kernels *kernels[MOST_KERNELS];
    const struct kernels *best = kernels[kernels_available(kernels, MOST_KERNELS) - 1];
    struct rig left = rig_open(expected, best), right = rig_open(found, best);
    int32_t *ids = rig_ids(expected, N_IDS, 9);
    for (int kv = 0; kv < KV_TYPE_COUNT; kv += test_share()) {
        float *logits = rig_logits(left.model, &(struct way){.kv = (enum kv_type)kv}, ids, N_IDS);
        assert_logits(&right, logits, ids, (enum kv_type)kv, what);
        free(logits);
    }
    free(ids);
    rig_close(&left);
    rig_close(&right);
}

static void grouped_heads_equal_repeated_keys_and_values(void **state) {
    (void)state;
    static const struct heads shapes[] = {{4, 2, 8}, {6, 3, 16}, {4, 1, 16}, {8, 2, 4}};
    static const enum dtype types[] = {DTYPE_F32, DTYPE_Q8_0};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        char what[64];
        snprintf(what, sizeof what, "%zu heads, %zu groups", shapes[s].n, shapes[s].groups);
        assert_equal_models(make_heads(&shapes[s], types[s % 2], false), make_heads(&shapes[s], types[s % 2], true),
                            what);
    }
}

// What is kept are G heads, not H.
static void grouped_heads_keep_as_much_less(void **state) {
    (void)state;
    static const struct heads shape = {8, 2, 16};
    struct rig plain = rig_open(make_heads(&shape, DTYPE_F32, false), &kernels_ref);
    struct rig grouped = rig_open(make_heads(&shape, DTYPE_F32, true), &kernels_ref);
    assert_int_equal(model_hparams(grouped.model)->n_head_kv, 2);
    for (int kv = 0; kv < KV_TYPE_COUNT; kv++) {
        uint64_t all = kv_cache_bytes(model_hparams(plain.model), (enum kv_type)kv, N_CTX);
        assert_int_equal(kv_cache_bytes(model_hparams(grouped.model), (enum kv_type)kv, N_CTX) * 4, all);
    }
    rig_close(&plain);
    rig_close(&grouped);
}

// ---- the head dimension ----

enum { SMALL_HEADS = 2, SMALL_DIM = 4, SMALL_EMBD = SMALL_HEADS * SMALL_DIM };

// Rows of a head, in a tensor of `n_heads` of them, moved apart and followed by zeros; times `factor`.
static float *widen_rows(const float *from, size_t n_heads, size_t dim, size_t cols, const float *factors) {
    float *to = calloc(n_heads * dim * cols, sizeof *to);
    for (size_t h = 0; h < n_heads; h++)
        for (size_t i = 0; i < SMALL_DIM * cols; i++)
            to[h * dim * cols + i] = from[h * SMALL_DIM * cols + i] * factors[h / SMALL_HEADS];
    return to;
}

// The columns of a head in the output matrix, followed by columns that meet zeros alone.
static float *widen_cols(const float *from, size_t rows, size_t dim) {
    float *to = malloc(rows * SMALL_HEADS * dim * sizeof *to);
    for (size_t i = 0; i < rows * SMALL_HEADS * dim; i++) {
        size_t row = i / (SMALL_HEADS * dim), head = i / dim % SMALL_HEADS, d = i % dim;
        to[i] = d < SMALL_DIM ? from[row * SMALL_EMBD + head * SMALL_DIM + d] : 7.5f;
    }
    return to;
}

static void replace_values(struct tiny_tensor *t, float *values) {
    free(t->values);
    t->values = values;
}

// Heads of `dim` values, of which all but the first four are zero. Scores are divided by sqrt(dim) instead of 2: the
// queries make up for it, with a power of two, so that not a bit changes.
static struct tiny *make_wide(size_t dim, size_t said) {
    struct tiny *m = tiny_make(SMALL_EMBD, SMALL_HEADS, 1, 16, N_VOCAB, N_CTX, DTYPE_F32, 8);
    const float factors[] = {sqrtf((float)dim) / 2, 1, 1};
    struct tiny_tensor *w = tiny_find(m, "blk.0.attn_qkv.weight"), *b = tiny_find(m, "blk.0.attn_qkv.bias");
    struct tiny_tensor *o = tiny_find(m, "blk.0.attn_output.weight");
    replace_values(w, widen_rows(w->values, 3 * SMALL_HEADS, dim, SMALL_EMBD, factors));
    replace_values(b, widen_rows(b->values, 3 * SMALL_HEADS, dim, 1, factors));
    replace_values(o, widen_cols(o->values, SMALL_EMBD, dim));
    w->shape[0] = b->shape[0] = 3 * SMALL_HEADS * dim;
    o->shape[1] = SMALL_HEADS * dim;
    set_u32(m, "gpt2.attention.key_length", said);
    return m;
}

static void a_head_dimension_of_its_own_gives_what_it_should(void **state) {
    (void)state;
    static const size_t dims[] = {4, 16, 1024};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
        char what[64];
        snprintf(what, sizeof what, "dimension %zu", dims[d]);
        assert_equal_models(tiny_make(SMALL_EMBD, SMALL_HEADS, 1, 16, N_VOCAB, N_CTX, DTYPE_F32, 8),
                            make_wide(dims[d], dims[d]), what);
    }
}

// Kernels have room for heads of 1024 values, on the stack too: no more come through.
static void a_head_has_at_most_1024_values(void **state) {
    (void)state;
    static const struct {
        size_t said;
        const char *words; // NULL: accepted
    } cases[] = {
        {1024, NULL},
        {1025, "'gpt2.attention.key_length': expected 1 to 1024, found 1025"},
        {0, "'gpt2.attention.key_length': expected 1 to 1024, found 0"},
        {UINT32_MAX, "'gpt2.attention.key_length': expected 1 to 1024, found 4294967295"},
        {16, "tensor 'blk.0.attn_qkv.weight': expected shape [96, 8], found [6144, 8]"},
    };
    quill_error err;
    struct weights *w;
    struct model *model;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tiny *m = make_wide(1024, cases[i].said);
        struct buffer file = tiny_gguf(m);
        assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
        quill_status s = model_bind(&model, w, &kernels_ref, &err);
        assert_int_equal(s, cases[i].words ? QUILL_E_MODEL : QUILL_OK);
        if (cases[i].words && !strstr(err.text, cases[i].words)) print_error("got '%s'\n", err.text);
        assert_true(!cases[i].words || strstr(err.text, cases[i].words));
        model_free(model);
        weights_close(w);
        buffer_free(&file);
        tiny_free(m);
    }
}

// Without the key it is the embedding's share.
static void a_share_of_the_embedding_has_the_same_limit(void **state) {
    (void)state;
    for (size_t dim = 1024; dim <= 1025; dim++) {
        struct tiny *m = tiny_make(2 * dim, 2, 1, 2, 2, 4, DTYPE_F16, 1);
        struct buffer file = tiny_gguf(m);
        struct weights *w;
        struct model *model;
        quill_error err;
        assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
        assert_int_equal(model_bind(&model, w, &kernels_ref, &err), dim == 1024 ? QUILL_OK : QUILL_E_MODEL);
        if (dim > 1024) assert_string_equal(err.text, "tiny.gguf: head dimension: expected 1 to 1024, found 1025");
        model_free(model);
        weights_close(w);
        buffer_free(&file);
        tiny_free(m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grouped_heads_equal_repeated_keys_and_values),
        cmocka_unit_test(grouped_heads_keep_as_much_less),
        cmocka_unit_test(a_head_dimension_of_its_own_gives_what_it_should),
        cmocka_unit_test(a_head_has_at_most_1024_values),
        cmocka_unit_test(a_share_of_the_embedding_has_the_same_limit),
    };
    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
