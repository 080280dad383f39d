// SPDX-License-Identifier: MIT
// The forward pass against a plain one in double precision, and against itself: cut, shared and threaded otherwise.
#include "model_rig.h"
#include "plain_forward.h"

#include <malloc.h>

static const char *const kv_names[] = {"f16", "f32", "q8_0"};

static void assert_same_bits(const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (f32_bits(a[i]) != f32_bits(b[i])) {
            print_error("value %zu of %zu: %.9g and %.9g\n", i, n, (double)a[i], (double)b[i]);
            _fail(__FILE__, __LINE__);
        }
}

// The largest difference, as a share of the largest absolute value.
static double difference(const float *found, const double *expected, size_t n) {
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(found[i])) return HUGE_VAL;
        most = fmax(most, fabs((double)found[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    return most / largest;
}

static uint64_t bytes_of(const struct model *model, size_t tokens, int threads) {
    return forward_bytes(model, &(struct forward_size){.max_tokens = tokens, .n_threads = threads});
}

static struct forward *open_forward(const struct model *model, size_t tokens, int threads) {
    struct forward *f;
    quill_error err;
    assert_ok(forward_create(&f, model, &(struct forward_size){.max_tokens = tokens, .n_threads = threads}, &err), err);
    return f;
}

static double rig_difference(struct rig *rig, const struct way *way, const struct plain_variant *v, size_t n) {
    int32_t *ids = rig_ids(rig->tiny, n, 5);
    double *expected = malloc(n * rig->tiny->n_vocab * sizeof *expected);
    plain_forward(expected, rig->tiny, ids, n, v);
    float *found = rig_logits(rig->model, way, ids, n);
    double d = difference(found, expected, n * rig->tiny->n_vocab);
    free(ids);
    free(expected);
    free(found);
    return d;
}

// ---- against the plain forward pass ----

// n_embd, heads, layers, n_ff, vocabulary, context, tokens.
static const struct shape {
    size_t e, h, l, f, v, c, n;
} shapes[] = {
    {20, 1, 2, 80, 67, 40, 33},     // one head; no multiple of 16
    {48, 3, 2, 96, 131, 64, 64},    // fills the context
    {7, 7, 1, 5, 33, 16, 16},       // heads of one dimension
    {32, 2, 2, 64, 130, 560, 531},  // several tiles
    {50, 5, 3, 33, 99, 30, 9},
};

static struct rig make_rig(const struct shape *s, enum dtype type, const struct kernels *kernels) {
    return rig_open(tiny_make(s->e, s->h, s->l, s->f, s->v, s->c, type, 1 + s->e), kernels);
}

static void float_models_agree_with_a_plain_forward_pass(void **state) {
    (void)state;
    static const double bounds[] = {[KV_F32] = 2e-6, [KV_F16] = 2e-3, [KV_Q8_0] = 3e-2};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int type = DTYPE_F32; type <= DTYPE_BF16; type++)
            for (int kv = 0; kv < KV_TYPE_COUNT; kv++) {
                struct rig rig = make_rig(&shapes[i], (enum dtype)type, &kernels_ref);
                const struct way way = {.kv = (enum kv_type)kv};
                const bool bf16 = type == DTYPE_BF16;
                double d = rig_difference(&rig, &way, &(struct plain_variant){.bf16 = bf16}, shapes[i].n);
                const double bound = bf16 ? bounds[kv] + 1e-2 : bounds[kv]; // some values are rounded the other way
                if (d >= bound)
                    print_error("n_embd %zu %s kv %s: %.2g\n", shapes[i].e, dtypes[type].name, kv_names[kv], d);
                assert_true(d < bound);
                rig_close(&rig);
            }
}

static void quantized_models_agree_with_a_plain_forward_pass(void **state) {
    (void)state;
    static const struct shape shape = {64, 2, 2, 160, 200, 300, 280};
    struct rig rig = make_rig(&shape, DTYPE_Q8_0, &kernels_ref);
    assert_true(rig_difference(&rig, &(struct way){.kv = KV_F32}, &(struct plain_variant){0}, shape.n) < 2e-2);
    rig_close(&rig);
}

// A GGUF file may mix types: quantized and float matrices then read the same rows.
static void types_may_differ_from_matrix_to_matrix(void **state) {
    (void)state;
    static const enum dtype types[] = {DTYPE_F32, DTYPE_Q8_0, DTYPE_F16, DTYPE_BF16};
    struct tiny *tiny = tiny_make(32, 2, 2, 64, 50, 40, DTYPE_F32, 3);
    for (size_t i = 0; i < tiny->n_tensors; i++)
        if (tiny->tensors[i].n_dims == 2) tiny_set_type(&tiny->tensors[i], types[i / 2 % 4]);
        else tiny_set_type(&tiny->tensors[i], i % 3 == 0 ? DTYPE_F16 : i % 3 == 1 ? DTYPE_BF16 : DTYPE_F32);
    struct rig rig = rig_open(tiny, &kernels_ref);
    assert_true(rig_difference(&rig, &(struct way){.kv = KV_F32}, &(struct plain_variant){0}, 40) < 2e-2);
    rig_close(&rig);
}

// The parts that GPT-2 does not use, switched on in a bound model as the rows of other families would.
static void apply_variant(struct model *model, const struct plain_variant *v) {
    int32_t n = model->hp.n_layer;
    struct norm *last = &model->final_norm;
    last->kind = v->rms ? NORM_RMS : NORM_LAYER;
    model->hp.act = v->gelu_erf ? ACTF_GELU_ERF : ACTF_GELU_TANH;
    for (int32_t l = 0; l < n; l++) {
        struct layer_plan *p = &model->layers[l];
        p->act = model->hp.act;
        p->parallel = v->parallel;
        p->window = v->window;
        p->mask = v->see_all ? MASK_ALL : v->prefix ? MASK_PREFIX : MASK_CAUSAL;
        p->score_softcap = (float)v->softcap;
        if (v->unscaled) p->score_scale = 1;
        if (v->scale_by_layer) p->score_scale /= (float)(l + 1);
        if (v->gated) p->gate = model->layers[(l + 1) % n].up;
        if (v->norms_after) p->attn_out = p->mlp_in, p->mlp_sum = p->attn_in;
        if (v->one_norm) p->mlp_in.on = false;
        struct norm *norms[] = {&p->attn_in, &p->attn_out, &p->attn_sum, &p->mlp_in, &p->mlp_out, &p->mlp_sum};
        for (size_t i = 0; i < 6; i++) norms[i]->kind = last->kind;
    }
}

static void parts_of_other_families_agree_with_a_plain_forward_pass(void **state) {
    (void)state;
    static const struct plain_variant variants[] = {
        {.rms = true}, {.parallel = true}, {.parallel = true, .one_norm = true}, {.gelu_erf = true}, {.unscaled = true},
        {.gated = true}, {.norms_after = true}, {.softcap = 0.5}, {.scale_by_layer = true},
        {.window = 1}, {.window = 7}, {.window = 256}, {.window = 300},
        {.rms = true, .gated = true, .window = 100, .norms_after = true, .softcap = 3},
    };
    static const struct shape shape = {32, 2, 2, 48, 20, 340, 330};
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct rig rig = make_rig(&shape, DTYPE_F32, &kernels_ref);
        apply_variant(rig.model, &variants[i]);
        double d = rig_difference(&rig, &(struct way){.kv = KV_F32, .chunk = 123, .threads = 2}, &variants[i], shape.n);
        if (d >= 5e-6) print_error("variant %zu: %.2g\n", i, d);
        assert_true(d < 5e-6);
        rig_close(&rig);
    }
}

// Positions that see later ones are computed with these in one call; what follows a prefix may come in pieces.
static void masks_agree_with_a_plain_forward_pass(void **state) {
    (void)state;
    static const struct {
        struct plain_variant variant;
        size_t chunk;
    } cases[] = {
        {{.see_all = true}, 0},
        {{.see_all = true, .window = 30}, 0},
        {{.see_all = true, .window = 257}, 0},
        {{.see_all = true, .rms = true, .gated = true}, 0},
        {{.prefix = 1}, 100},
        {{.prefix = 40}, 100},
        {{.prefix = 100}, 100},
        {{.prefix = 256}, 256},
        {{.prefix = 290}, 0},
        {{.prefix = 330}, 0},
        {{.prefix = 60, .window = 50}, 60},
    };
    static const struct shape shape = {32, 2, 2, 48, 20, 340, 330};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i += (size_t)test_share()) {
        struct rig rig = make_rig(&shape, DTYPE_F32, &kernels_ref);
        const int32_t prefix = cases[i].variant.prefix;
        apply_variant(rig.model, &cases[i].variant);
        for (int threads = 1; threads <= 3; threads += 2) {
            const struct way way = {.kv = KV_F32, .chunk = cases[i].chunk, .threads = threads,
                                    .inputs = {.prefixes = &prefix}};
            double d = rig_difference(&rig, &way, &cases[i].variant, shape.n);
            if (d >= 5e-6) print_error("case %zu: %.2g\n", i, d);
            assert_true(d < 5e-6);
        }
        rig_close(&rig);
    }
}

// Several sequences of an encoder in one call; each sees its own positions alone.
static void sequences_that_see_all_equal_each_alone(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 40, 300, 129};
    static const struct shape shape = {32, 2, 2, 64, 20, 340, 0};
    struct rig rig = make_rig(&shape, DTYPE_Q8_0, &kernels_ref);
    apply_variant(rig.model, &(struct plain_variant){.see_all = true});
    struct team *team = team_create(2);
    struct forward *f;
    struct kv_cache *kv;
    quill_error err;
    f = open_forward(rig.model, 470, 2);
    assert_ok(kv_cache_create(&kv, model_hparams(rig.model), KV_F16, 340, 4, &err), err);
    int32_t *ids[4];
    float *alone[4], *logits = malloc(470 * shape.v * sizeof *logits), *at = logits;
    struct span spans[4];
    for (int s = 0; s < 4; s++) {
        ids[s] = rig_ids(rig.tiny, lengths[s], (uint64_t)s);
        alone[s] = rig_logits(rig.model, &(struct way){.kv = KV_F16}, ids[s], lengths[s]);
        spans[s] = (struct span){s, 0, ids[s], lengths[s], s == 2 ? 7 : lengths[s]};
    }
    assert_ok(forward_run(f, kv, team, spans, 4, logits, &err), err);
    for (int s = 0; s < 4; at += spans[s].n_logits * shape.v, s++)
        assert_same_bits(at, alone[s] + (lengths[s] - spans[s].n_logits) * shape.v, spans[s].n_logits * shape.v);
    for (int s = 0; s < 4; s++) free(ids[s]), free(alone[s]);
    free(logits);
    kv_cache_free(kv);
    forward_free(f);
    team_free(team);
    rig_close(&rig);
}

// ---- the same bits ----

static void bits_do_not_depend_on_chunks_threads_or_kernels(void **state) {
    (void)state;
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_Q8_0};
    static const struct shape shape = {32, 2, 2, 64, 40, 310, 300};
    const struct kernels *kernels[8];
    size_t n_kernels = kernels_available(kernels, 8);
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (int kv = 0; kv < KV_TYPE_COUNT; kv++) {
            if (test_share() > 1 && kv != (int)t % KV_TYPE_COUNT) continue; // one cache for each type of weights
            struct rig rig = make_rig(&shape, types[t], &kernels_ref);
            int32_t *ids = rig_ids(rig.tiny, shape.n, 5);
            float *expected = rig_logits(rig.model, &(struct way){.kv = (enum kv_type)kv}, ids, shape.n);
            for (size_t k = 0; k < n_kernels; k++) {
                const enum kv_type cache = (enum kv_type)kv;
                const struct way ways[] = {
                    {.kv = cache, .threads = 1, .chunk = 1}, {.kv = cache, .threads = 2, .chunk = 7},
                    {.kv = cache, .threads = 3, .chunk = 512}, {.kv = cache, .threads = 2},
                };
                model_free(rig.model);
                quill_error err;
                assert_ok(model_bind(&rig.model, rig.weights, kernels[k], &err), err);
                for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
                    float *found = rig_logits(rig.model, &ways[w], ids, shape.n);
                    assert_same_bits(found, expected, shape.n * shape.v);
                    free(found);
                }
            }
            free(expected);
            free(ids);
            rig_close(&rig);
        }
}

// A small team holds the inside of the MLP in pieces, as only quantized weights allow; a large one as a whole.
static void bits_do_not_depend_on_pieces_of_the_mlp(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        bool gated;
        struct shape shape;
    } cases[] = {
        {DTYPE_Q8_0, false, {32, 2, 2, 672, 20, 40, 37}}, {DTYPE_Q8_0, true, {32, 2, 2, 672, 20, 40, 37}},
        {DTYPE_Q4_K, false, {256, 4, 2, 1792, 20, 40, 37}}, {DTYPE_Q6_K, true, {256, 4, 2, 1792, 20, 40, 37}},
    };
    const struct kernels *kernels[8];
    const struct kernels *best = kernels[kernels_available(kernels, 8) - 1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t n = cases[i].shape.n;
        struct rig rig = make_rig(&cases[i].shape, cases[i].type, best);
        apply_variant(rig.model, &(struct plain_variant){.gated = cases[i].gated});
        int32_t *ids = rig_ids(rig.tiny, n, 5);
        float *whole = rig_logits(rig.model, &(struct way){.kv = KV_F16, .threads = 12}, ids, n);
        for (int threads = 1; threads <= 3; threads++) {
            const struct way way = {.kv = KV_F16, .threads = threads, .chunk = threads == 1 ? 1 : 16};
            float *found = rig_logits(rig.model, &way, ids, n);
            assert_same_bits(found, whole, n * cases[i].shape.v);
            free(found);
        }
        const uint64_t pieces = bytes_of(rig.model, 2000, 2) - bytes_of(rig.model, 1000, 2);
        assert_true(pieces < bytes_of(rig.model, 2000, 12) - bytes_of(rig.model, 1000, 12));
        free(whole);
        free(ids);
        rig_close(&rig);
    }
}

// A pass that keeps everything shares no places and fuses no buffers, and computes the same.
static void bits_do_not_depend_on_what_is_kept(void **state) {
    (void)state;
    static const struct plain_variant variants[] = {
        {0}, {.parallel = true}, {.parallel = true, .one_norm = true}, {.gated = true}, {.norms_after = true},
        {.rms = true, .gated = true, .window = 20, .norms_after = true},
    };
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_Q8_0, DTYPE_Q4_K};
    static const struct shape shape = {256, 4, 3, 1792, 20, 80, 70};
    const struct kernels *kernels[8];
    const struct kernels *best = kernels[kernels_available(kernels, 8) - 1];
    const size_t cases = sizeof types / sizeof types[0] * (sizeof variants / sizeof variants[0]);
    for (size_t i = 0; i < cases; i += (size_t)test_share()) {
        struct rig rig = make_rig(&shape, types[i % 4], best);
        apply_variant(rig.model, &variants[i / 4]);
        int32_t *ids = rig_ids(rig.tiny, shape.n, 5);
        float *shared = rig_logits(rig.model, &(struct way){.kv = KV_F16, .threads = 1, .chunk = 33}, ids, shape.n);
        for (int threads = 1; threads <= 12; threads += 11) {
            const struct way way = {.kv = KV_F16, .threads = threads, .chunk = 50, .keep = true};
            float *kept = rig_logits(rig.model, &way, ids, shape.n);
            assert_same_bits(kept, shared, shape.n * shape.v);
            free(kept);
        }
        free(shared);
        free(ids);
        rig_close(&rig);
    }
}

// ---- low-rank additions ----

enum { DELTA_MATRICES = 7, DELTA_LAYERS = 2 };

// Deltas of every matrix of a model of two layers, with ranks 1 to 9 and every type that they may have.
struct test_adapter {
    struct layer_deltas layers[DELTA_LAYERS];
    uint8_t *data[DELTA_LAYERS * DELTA_MATRICES * 2];
    size_t n_data;
    struct adapter adapter;
};

static struct mat random_mat(struct test_adapter *t, size_t rows, size_t cols, enum dtype type, uint64_t *seed) {
    const size_t stride = cols * dtypes[type].block_bytes;
    uint8_t *data = t->data[t->n_data++] = malloc(rows * stride);
    float *row = malloc(cols * sizeof *row);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) row[c] = tiny_random(seed) / sqrtf((float)cols);
        encode_row(type, data + r * stride, row, cols);
    }
    free(row);
    return (struct mat){.dtype = type, .rows = rows, .cols = cols, .stride = stride, .data = data};
}

// W += scale * B A in the values that the plain pass reads, rows `first` on of the tensor.
static void merge(struct tiny *m, const struct delta *d, size_t layer, const char *part, size_t first) {
    char name[48];
    snprintf(name, sizeof name, "blk.%zu.%s", layer, part);
    const size_t r = d->a.rows, cols = d->a.cols;
    float *values = tiny_find(m, name)->values + first * cols, *a = malloc(r * cols * sizeof *a), b[16];
    for (size_t i = 0; i < r; i++)
        kernels_ref.decode_row[d->a.dtype](a + i * cols, d->a.data + i * d->a.stride, cols);
    for (size_t row = 0; row < d->b.rows; row++) {
        kernels_ref.decode_row[d->b.dtype](b, d->b.data + row * d->b.stride, r);
        for (size_t c = 0; c < cols; c++) {
            double sum = 0;
            for (size_t i = 0; i < r; i++) sum += (double)b[i] * (double)a[i * cols + c];
            values[row * cols + c] += (float)((double)d->scale * sum);
        }
    }
    free(a);
}

static void make_adapter(struct test_adapter *t, const struct model *model, bool gated) {
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16};
    uint64_t seed = 11;
    size_t n = 0;
    *t = (struct test_adapter){.adapter = {.layers = t->layers}};
    for (size_t l = 0; l < DELTA_LAYERS; l++) {
        const struct layer_plan *p = &model->layers[l];
        struct layer_deltas *d = &t->layers[l];
        const struct {
            struct delta *delta;
            const struct mat *w;
        } parts[] = {{&d->q, &p->q.w}, {&d->k, &p->k.w}, {&d->v, &p->v.w}, {&d->o, &p->o.w}, {&d->up, &p->up.w},
                     {&d->down, &p->down.w}};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++, n++) {
            const size_t rank = 1 + n * 5 % 9;
            *parts[i].delta = (struct delta){
                .a = random_mat(t, rank, parts[i].w->cols, types[n % 2], &seed),
                .b = random_mat(t, parts[i].w->rows, rank, types[n / 2 % 2], &seed),
                .scale = n % 2 ? -1.5f : 0.75f,
            };
        }
    }
    for (size_t l = 0; gated && l < DELTA_LAYERS; l++) t->layers[l].gate = t->layers[(l + 1) % DELTA_LAYERS].up;
}

static void merge_all(struct tiny *m, const struct test_adapter *t) {
    for (size_t l = 0; l < DELTA_LAYERS; l++) {
        merge(m, &t->layers[l].q, l, "attn_qkv.weight", 0);
        merge(m, &t->layers[l].k, l, "attn_qkv.weight", m->n_embd);
        merge(m, &t->layers[l].v, l, "attn_qkv.weight", 2 * m->n_embd);
        merge(m, &t->layers[l].o, l, "attn_output.weight", 0);
        merge(m, &t->layers[l].up, l, "ffn_up.weight", 0);
        merge(m, &t->layers[l].down, l, "ffn_down.weight", 0);
    }
}

static void free_adapter(struct test_adapter *t) {
    for (size_t i = 0; i < t->n_data; i++) free(t->data[i]);
}

// What a model with deltas computes is what one with the sums of both matrices would.
static void low_rank_additions_agree_with_a_plain_forward_pass(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        struct plain_variant variant;
        double bound;
    } cases[] = {
        {DTYPE_F32, {0}, 5e-6},
        {DTYPE_F32, {.gated = true}, 5e-6},
        {DTYPE_F32, {.parallel = true, .one_norm = true}, 5e-6},
        {DTYPE_F16, {0}, 5e-6},
        {DTYPE_Q8_0, {0}, 2e-2},
        {DTYPE_Q8_0, {.gated = true}, 3e-2},
    };
    static const struct shape shape = {32, 2, DELTA_LAYERS, 160, 40, 90, 80};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig rig = make_rig(&shape, cases[i].type, &kernels_ref);
        struct test_adapter t;
        apply_variant(rig.model, &cases[i].variant);
        make_adapter(&t, rig.model, cases[i].variant.gated);
        const struct way without = {.kv = KV_F32, .max_rank = 9};
        struct way with = {.kv = KV_F32, .max_rank = 9, .threads = 2, .chunk = 70, .inputs = {.adapter = &t.adapter}};
        assert_true(rig_difference(&rig, &without, &cases[i].variant, shape.n) < cases[i].bound);
        merge_all(rig.tiny, &t);
        assert_true(rig_difference(&rig, &without, &cases[i].variant, shape.n) > 0.1); // the deltas are not small
        const double d = rig_difference(&rig, &with, &cases[i].variant, shape.n);
        if (d >= cases[i].bound) print_error("case %zu: %.2g\n", i, d);
        assert_true(d < cases[i].bound);
        free_adapter(&t);
        rig_close(&rig);
    }
}

static void scale_all(struct test_adapter *t, float scale) {
    for (size_t l = 0; l < DELTA_LAYERS; l++) {
        struct layer_deltas *d = &t->layers[l];
        d->q.scale = d->k.scale = d->v.scale = d->o.scale = d->gate.scale = d->up.scale = d->down.scale = scale;
    }
}

// Those of the base where there is no adapter or its scales are 0; else the same however the work is cut.
static void bits_of_low_rank_additions_do_not_depend_on_how_they_are_computed(void **state) {
    (void)state;
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_Q8_0, DTYPE_Q4_K};
    static const struct shape shape = {256, 4, DELTA_LAYERS, 1024, 40, 140, 131};
    const struct kernels *kernels[8];
    const size_t n_kernels = kernels_available(kernels, 8), n_logits = shape.n * shape.v;
    for (size_t i = 0; i < sizeof types / sizeof types[0] * 2; i += (size_t)test_share()) {
        struct rig rig = make_rig(&shape, types[i / 2], kernels[n_kernels - 1]);
        const bool gated = i % 2;
        struct test_adapter t;
        quill_error err;
        apply_variant(rig.model, &(struct plain_variant){.gated = gated});
        make_adapter(&t, rig.model, gated);
        int32_t *ids = rig_ids(rig.tiny, shape.n, 5);
        const struct way base = {.kv = KV_F16}, room = {.kv = KV_F16, .max_rank = 16, .threads = 3};
        struct way with = {.kv = KV_F16, .max_rank = 9, .inputs = {.adapter = &t.adapter}};
        float *plain = rig_logits(rig.model, &base, ids, shape.n), *found = rig_logits(rig.model, &room, ids, shape.n);
        assert_same_bits(found, plain, n_logits);
        float *adapted = rig_logits(rig.model, &with, ids, shape.n);
        assert_true(memcmp(adapted, plain, n_logits * sizeof *plain) != 0);
        const struct way ways[] = {
            {KV_F16, 1, 1, false, 9, with.inputs}, {KV_F16, 2, 7, false, 20, with.inputs},
            {KV_F16, 12, 100, true, 9, with.inputs}, {KV_F16, 3, 0, false, 64, with.inputs},
        };
        for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
            free(found);
            found = rig_logits(rig.model, &ways[w], ids, shape.n);
            assert_same_bits(found, adapted, n_logits);
        }
        for (size_t k = 1; k < n_kernels; k++) {
            model_free(rig.model);
            assert_ok(model_bind(&rig.model, rig.weights, kernels[k], &err), err);
            apply_variant(rig.model, &(struct plain_variant){.gated = gated});
            free(found);
            found = rig_logits(rig.model, &ways[1], ids, shape.n);
            assert_same_bits(found, adapted, n_logits);
        }
        scale_all(&t, 0);
        free(found);
        found = rig_logits(rig.model, &with, ids, shape.n);
        assert_same_bits(found, plain, n_logits);
        free(plain), free(found), free(adapted), free(ids);
        free_adapter(&t);
        rig_close(&rig);
    }
}

// ---- several sequences ----

enum { SEQUENCES = 5, STEPS = 12 };

struct crowd {
    struct rig rig;
    struct team *team;
    struct forward *forward;
    struct kv_cache *kv;
    size_t vocab;
};

static struct crowd crowd_open(enum dtype type, enum kv_type kv, int threads) {
    static const struct shape shape = {32, 2, 2, 64, 70, 700, 0};
    struct crowd c = {.rig = make_rig(&shape, type, &kernels_ref), .team = team_create(threads), .vocab = shape.v};
    quill_error err;
    c.forward = open_forward(c.rig.model, 900, threads);
    assert_ok(kv_cache_create(&c.kv, model_hparams(c.rig.model), kv, (int32_t)shape.c, SEQUENCES, &err), err);
    return c;
}

static void crowd_close(struct crowd *c) {
    kv_cache_free(c->kv);
    forward_free(c->forward);
    team_free(c->team);
    rig_close(&c->rig);
}

// Sequences of different lengths read their prompts in one call, and then go on together, token by token.
static void sequences_of_a_batch_equal_each_alone(void **state) {
    (void)state;
    static const size_t lengths[SEQUENCES] = {1, 17, 300, 255, 256};
    static const enum dtype types[] = {DTYPE_F32, DTYPE_Q8_0};
    for (int kv = 0; kv < KV_TYPE_COUNT; kv++) {
        struct crowd c = crowd_open(types[kv % 2], (enum kv_type)kv, 2);
        int32_t *ids[SEQUENCES];
        float *alone[SEQUENCES], *logits = malloc(SEQUENCES * c.vocab * sizeof *logits);
        struct span spans[SEQUENCES];
        quill_error err;
        for (int s = 0; s < SEQUENCES; s++) {
            ids[s] = rig_ids(c.rig.tiny, lengths[s] + STEPS, (uint64_t)s);
            alone[s] = rig_logits(c.rig.model, &(struct way){.kv = (enum kv_type)kv}, ids[s], lengths[s] + STEPS);
            spans[s] = (struct span){s, 0, ids[s], lengths[s], 1};
        }
        for (size_t step = 0; step <= STEPS; step++) {
            assert_ok(forward_run(c.forward, c.kv, c.team, spans, SEQUENCES, logits, &err), err);
            for (size_t s = 0; s < SEQUENCES; s++) {
                size_t at = lengths[s] - 1 + step;
                assert_same_bits(logits + s * c.vocab, alone[s] + at * c.vocab, c.vocab);
                spans[s] = (struct span){(int32_t)s, (int32_t)at + 1, ids[s] + at + 1, 1, 1};
            }
            if (step == STEPS - 1) break;
        }
        for (int s = 0; s < SEQUENCES; s++) free(ids[s]), free(alone[s]);
        free(logits);
        crowd_close(&c);
    }
}

static void only_wanted_logits_are_written_and_equal_those_of_all(void **state) {
    (void)state;
    enum { N = 40 };
    struct crowd c = crowd_open(DTYPE_F32, KV_F16, 2);
    int32_t *ids = rig_ids(c.rig.tiny, N, 9);
    float *all = rig_logits(c.rig.model, &(struct way){.kv = KV_F16}, ids, N);
    float *logits = malloc((N + 1) * c.vocab * sizeof *logits);
    for (size_t wanted = 0; wanted <= N; wanted += wanted < 2 ? 1 : 19) {
        quill_error err;
        struct span spans[] = {{0, 0, ids, N, wanted}, {1, 0, ids, 10, 0}};
        for (size_t i = 0; i < (N + 1) * c.vocab; i++) logits[i] = -7;
        kv_truncate(c.kv, 0, 0);
        kv_truncate(c.kv, 1, 0);
        assert_ok(forward_run(c.forward, c.kv, c.team, spans, 2, logits, &err), err);
        assert_same_bits(logits, all + (N - wanted) * c.vocab, wanted * c.vocab);
        for (size_t i = wanted * c.vocab; i < (N + 1) * c.vocab; i++) assert_true(logits[i] == -7);
        struct span next = {1, 10, ids + 10, N - 10, 1}; // what was computed without logits is complete
        assert_ok(forward_run(c.forward, c.kv, c.team, &next, 1, logits, &err), err);
        assert_same_bits(logits, all + (N - 1) * c.vocab, c.vocab);
    }
    free(logits);
    free(all);
    free(ids);
    crowd_close(&c);
}

// What a sequence should hold, and the check that it does: its next token gives what a fresh computation gives.
struct history {
    int32_t ids[800];
    size_t n;
};

static void crowd_extend(struct crowd *c, struct history *h, int32_t seq, size_t n, uint64_t *seed, float *logits) {
    quill_error err;
    for (size_t i = 0; i < n; i++) h->ids[h->n + i] = (int32_t)(test_random(seed) % c->rig.tiny->n_vocab);
    struct span span = {seq, (int32_t)h->n, h->ids + h->n, n, 1};
    assert_ok(forward_run(c->forward, c->kv, c->team, &span, 1, logits, &err), err);
    h->n += n;
}

// Sharing, cutting and extending at random: shared tiles are copied before they are written to.
static void shared_beginnings_equal_recomputed_ones(void **state) {
    (void)state;
    for (int kv = 0; kv < KV_TYPE_COUNT; kv += test_share()) {
        struct crowd c = crowd_open(DTYPE_F32, (enum kv_type)kv, 1);
        struct history histories[SEQUENCES] = {{{0}, 0}};
        float *logits = malloc(c.vocab * sizeof *logits);
        uint64_t seed = 77 + (uint64_t)kv;
        for (int step = 0; step < 60; step++) {
            int32_t seq = (int32_t)(test_random(&seed) % SEQUENCES);
            int32_t other = (seq + 1 + (int32_t)(test_random(&seed) % (SEQUENCES - 1))) % SEQUENCES;
            struct history *h = &histories[seq];
            size_t n = test_random(&seed) % (h->n + 1);
            if (step % 3 == 0) {
                kv_share(c.kv, other, seq, (int32_t)n);
                memcpy(histories[other].ids, h->ids, n * sizeof *h->ids);
                histories[other].n = n;
                h = &histories[seq = other];
            } else if (step % 3 == 1) {
                kv_truncate(c.kv, seq, (int32_t)n);
                h->n = n;
            }
            size_t room = 690 - h->n, more = 1 + test_random(&seed) % (step % 2 ? 300 : 3);
            if (room == 0) continue;
            crowd_extend(&c, h, seq, more < room ? more : room, &seed, logits);
            if (step % 4) continue;
            float *fresh = rig_logits(c.rig.model, &(struct way){.kv = (enum kv_type)kv}, h->ids, h->n);
            assert_same_bits(logits, fresh + (h->n - 1) * c.vocab, c.vocab);
            free(fresh);
        }
        free(logits);
        crowd_close(&c);
    }
}

// Every sequence is full and shares what it can: the pool has a tile for each, however they came about.
static void full_sequences_always_find_room(void **state) {
    (void)state;
    struct crowd c = crowd_open(DTYPE_F32, KV_F16, 2);
    struct history h = {{0}, 0};
    float *logits = malloc(c.vocab * sizeof *logits);
    uint64_t seed = 1;
    for (int round = 0; round < 2; round++) {
        kv_truncate(c.kv, 0, 0);
        h.n = 0;
        crowd_extend(&c, &h, 0, 700, &seed, logits);
        for (int32_t s = 1; s < SEQUENCES; s++) kv_share(c.kv, s, 0, 700);
        for (int32_t s = 0; s < SEQUENCES; s++) {
            struct history other = h;
            kv_truncate(c.kv, s, 100 + s);
            other.n = 100 + (size_t)s;
            crowd_extend(&c, &other, s, 600 - (size_t)s, &seed, logits);
            assert_int_equal(kv_length(c.kv, s), 700);
        }
    }
    free(logits);
    crowd_close(&c);
}

// ---- failures and sizes ----

static void values_that_are_not_finite_are_an_error_and_leave_lengths(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    static const char *const parts[] = {"ffn_up.weight", "attn_norm.bias", "attn_qkv.weight", "ffn_down.bias"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
            struct tiny *tiny = tiny_make(32, 2, 2, 64, 50, 40, DTYPE_F32, 3);
            char name[48];
            snprintf(name, sizeof name, "blk.1.%s", parts[i]);
            tiny_find(tiny, name)->values[3] = bad[k];
            struct rig rig = rig_open(tiny, &kernels_ref);
            struct team *team = team_create(2);
            struct forward *f;
            struct kv_cache *kv;
            float logits[50];
            const int32_t ids[] = {1, 2, 3};
            quill_error err;
            f = open_forward(rig.model, 3, 2);
            assert_ok(kv_cache_create(&kv, model_hparams(rig.model), KV_F32, 40, 1, &err), err);
            assert_int_equal(forward_run(f, kv, team, &(struct span){0, 0, ids, 3, 1}, 1, logits, &err), QUILL_E_MODEL);
            assert_string_equal(err.text, "tiny.gguf: model produced non-finite values");
            assert_int_equal(kv_length(kv, 0), 0);
            kv_cache_free(kv);
            forward_free(f);
            team_free(team);
            rig_close(&rig);
        }
}

// The token that brings them in is refused; the sequence goes on without it as if nothing had been.
static void sequences_go_on_after_a_refused_token(void **state) {
    (void)state;
    for (int type = DTYPE_F32; type <= DTYPE_Q8_0; type += DTYPE_Q8_0) {
        struct tiny *tiny = tiny_make(32, 2, 2, 64, 50, 40, (enum dtype)type, 3);
        tiny_matrix(tiny, "output.weight", "", 50, 32, DTYPE_F32, &(uint64_t){4}); // else every logit reads the bad row
        struct tiny_tensor *tokens = tiny_find(tiny, "token_embd.weight");
        tokens->type = DTYPE_F32;
        tokens->values[7 * 32 + 5] = INFINITY;
        struct rig rig = rig_open(tiny, &kernels_ref);
        struct team *team = team_create(2);
        struct forward *f;
        struct kv_cache *kv;
        const int32_t ids[] = {1, 2, 3, 7, 4};
        const int32_t good[] = {1, 2, 3, 4};
        float logits[50], *expected = rig_logits(rig.model, &(struct way){.kv = KV_F16}, good, 4);
        quill_error err;
        f = open_forward(rig.model, 4, 2);
        assert_ok(kv_cache_create(&kv, model_hparams(rig.model), KV_F16, 40, 1, &err), err);
        assert_ok(forward_run(f, kv, team, &(struct span){0, 0, ids, 3, 0}, 1, logits, &err), err);
        assert_int_equal(forward_run(f, kv, team, &(struct span){0, 3, ids + 3, 1, 0}, 1, logits, &err), QUILL_E_MODEL);
        assert_int_equal(kv_length(kv, 0), 3);
        assert_ok(forward_run(f, kv, team, &(struct span){0, 3, ids + 4, 1, 1}, 1, logits, &err), err);
        assert_same_bits(logits, expected + 3 * 50, 50);
        free(expected);
        kv_cache_free(kv);
        forward_free(f);
        team_free(team);
        rig_close(&rig);
    }
}

static void forward_run_allocates_nothing(void **state) {
    (void)state;
    struct crowd c = crowd_open(DTYPE_Q8_0, KV_F16, 2);
    struct history h = {{0}, 0};
    float *logits = malloc(c.vocab * sizeof *logits);
    uint64_t seed = 1;
    crowd_extend(&c, &h, 0, 10, &seed, logits); // the first region makes its threads
    size_t before = mallinfo2().uordblks;
    crowd_extend(&c, &h, 0, 500, &seed, logits);
    assert_int_equal(mallinfo2().uordblks, before);
    free(logits);
    crowd_close(&c);
}

static void sizes_are_as_computed_by_hand(void **state) {
    (void)state;
    struct hparams hp = {.n_layer = 6, .n_head_kv = 8, .head_dim = 32};
    assert_int_equal(kv_cache_bytes(&hp, KV_F16, 512), 6 * 512 * 256 * 2 * 2);
    assert_int_equal(kv_cache_bytes(&hp, KV_F32, 512), 6 * 512 * 256 * 2 * 4);
    assert_int_equal(kv_cache_bytes(&hp, KV_F16, 17), 6 * 32 * 256 * 2 * 2);            // whole sixteens
    assert_int_equal(kv_cache_bytes(&hp, KV_Q8_0, 512), 6 * 512 * 2 * (256 + 8 * 2));   // a scale of two bytes per 32
    hp.head_dim = 40;
    assert_int_equal(kv_cache_bytes(&hp, KV_Q8_0, 16), 6 * 16 * 2 * (8 * 40 + 8 * 2 * 2));
}

static void sizes_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct rig rig = make_rig(&shapes[0], DTYPE_F32, &kernels_ref);
    struct forward *f;
    struct kv_cache *kv;
    quill_error err;
    assert_int_equal(bytes_of(rig.model, SIZE_MAX, 2), UINT64_MAX);
    const struct forward_size size = {.max_tokens = SIZE_MAX / 2, .n_threads = 2};
    assert_int_equal(forward_create(&f, rig.model, &size, &err), QUILL_E_SYSTEM);
    assert_null(f);
    struct hparams hp = {.n_layer = MAX_LAYER, .n_head_kv = MAX_HEAD, .head_dim = MAX_HEAD_DIM};
    assert_int_equal(kv_cache_create(&kv, &hp, KV_F32, MAX_CTX, INT32_MAX, &err), QUILL_E_SYSTEM);
    assert_null(kv);
    assert_int_equal(kv_cache_create(&kv, &hp, KV_F32, MAX_CTX, 1, &err), QUILL_E_SYSTEM);
    rig_close(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_models_agree_with_a_plain_forward_pass),
        cmocka_unit_test(quantized_models_agree_with_a_plain_forward_pass),
        cmocka_unit_test(types_may_differ_from_matrix_to_matrix),
        cmocka_unit_test(parts_of_other_families_agree_with_a_plain_forward_pass),
        cmocka_unit_test(masks_agree_with_a_plain_forward_pass),
        cmocka_unit_test(sequences_that_see_all_equal_each_alone),
        cmocka_unit_test(bits_do_not_depend_on_chunks_threads_or_kernels),
        cmocka_unit_test(bits_do_not_depend_on_pieces_of_the_mlp),
        cmocka_unit_test(bits_do_not_depend_on_what_is_kept),
        cmocka_unit_test(low_rank_additions_agree_with_a_plain_forward_pass),
        cmocka_unit_test(bits_of_low_rank_additions_do_not_depend_on_how_they_are_computed),
        cmocka_unit_test(sequences_of_a_batch_equal_each_alone),
        cmocka_unit_test(only_wanted_logits_are_written_and_equal_those_of_all),
        cmocka_unit_test(shared_beginnings_equal_recomputed_ones),
        cmocka_unit_test(full_sequences_always_find_room),
        cmocka_unit_test(values_that_are_not_finite_are_an_error_and_leave_lengths),
        cmocka_unit_test(sequences_go_on_after_a_refused_token),
        cmocka_unit_test(forward_run_allocates_nothing),
        cmocka_unit_test(sizes_are_as_computed_by_hand),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
