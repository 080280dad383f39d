// SPDX-License-Identifier: MIT
// The numbers of Hugging Face transformers (tests/data/README.md says how they were made), from directories and GGUF
// files, and what is left of them with 16-bit caches and 8-bit weights.
#include "expected.h"
#include "folder.h"
#include "quill/model.h"

// ---- found numbers ----

static size_t largest(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

// The share of positions whose likeliest token is the expected one.
static double same_top(const struct expected *e, const float *logits) {
    size_t same = 0;
    for (size_t t = 0; t < e->top.n; t++) same += largest(logits + t * e->n_vocab, e->n_vocab) == (size_t)e->top.ids[t];
    return (double)same / (double)e->top.n;
}

// The mean negative log-likelihood of all tokens but the first.
static double loss(const struct expected *e, const float *logits) {
    double total = 0;
    for (size_t t = 0; t + 1 < e->prompt.n; t++) {
        const float *row = logits + t * e->n_vocab;
        double sum = 0, max = (double)row[largest(row, e->n_vocab)];
        for (size_t i = 0; i < e->n_vocab; i++) sum += exp((double)row[i] - max);
        total += max + log(sum) - (double)row[e->prompt.ids[t + 1]];
    }
    return total / (double)(e->prompt.n - 1);
}

static void assert_same_continuation(const struct model *model, enum kv_type type, const struct expected *e) {
    struct team *team = team_create(2);
    struct forward *f;
    struct kv_cache *kv;
    quill_error err;
    float *logits = malloc(e->n_vocab * sizeof *logits);
    const struct forward_size size = {.max_tokens = e->prompt.n, .n_threads = 2};
    assert_ok(forward_create(&f, model, &size, &err), err);
    assert_ok(kv_cache_create(&kv, model_hparams(model), type, model_hparams(model)->n_ctx, 1, &err), err);
    struct span span = {0, 0, e->prompt.ids, e->prompt.n, 1};
    for (size_t i = 0; i < e->greedy.n; i++) {
        assert_ok(forward_run(f, kv, team, &span, 1, logits, &err), err);
        assert_int_equal(largest(logits, e->n_vocab), e->greedy.ids[i]);
        span = (struct span){0, kv_length(kv, 0), &e->greedy.ids[i], 1, 1};
    }
    free(logits);
    kv_cache_free(kv);
    forward_free(f);
    team_free(team);
}

static float *prompt_logits(const struct loaded *l, enum kv_type kv, const struct expected *e) {
    return rig_logits(l->model, &(struct way){.kv = kv, .threads = 2, .chunk = 64}, e->prompt.ids, e->prompt.n);
}

// ---- comparisons ----

static const double bound_f32 = 1e-4, bound_f16 = 5e-3;

static void assert_parity(const struct loaded *l, const struct expected *e, const char *what) {
    static const enum kv_type types[] = {KV_F32, KV_F16};
    for (size_t i = 0; i < 2; i++) {
        assert_same_continuation(l->model, types[i], e);
        if (!e->logits) continue;
        float *logits = prompt_logits(l, types[i], e);
        double d = difference(e, logits), bound = types[i] == KV_F32 ? bound_f32 : bound_f16;
        if (d >= bound) print_error("%s: %.2g\n", what, d);
        assert_true(d < bound);
        if (types[i] == KV_F32) assert_true(same_top(e, logits) == 1);
        if (e->loss > 0) assert_true(fabs(loss(e, logits) - e->loss) < 1e-3);
        free(logits);
    }
}

// Every expect*.txt of a folder against the model at `path`; the first has logits.
static void assert_folder(const char *data, const char *path) {
    struct loaded l;
    quill_error err;
    assert_ok(try_load_as(&l, path, true, &err), err);
    for (int i = 1; i < 9; i++) {
        char text[256], logits[256];
        snprintf(text, sizeof text, i == 1 ? "%s/expect.txt" : "%s/expect-%d.txt", data, i);
        snprintf(logits, sizeof logits, "%s/logits.f32", data);
        if (access(text, R_OK) != 0) break;
        struct expected e = read_expected(text, i == 1 ? logits : NULL);
        e.n_vocab = (size_t)model_hparams(l.model)->n_vocab; // not given again where there are no logits
        assert_parity(&l, &e, text);
        free_expected(&e);
    }
    unload(&l);
}

static const char *const folders[] = {"narrow20", "shards48", "half64", "bf40", "long32", "untied24"};

static void directories_agree_with_transformers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, TEST_DATA("parity/%s"), folders[i]);
        assert_folder(path, path);
    }
}

static void gguf_files_made_by_others_agree_with_transformers(void **state) {
    (void)state;
    assert_folder(TEST_DATA("parity/long32"), TEST_DATA("gguf/long32-f32.gguf"));
    assert_folder(TEST_DATA("parity/bf40"), TEST_DATA("gguf/bf40-bf16.gguf"));
}

static void gguf_files_made_from_directories_agree_with_transformers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strcmp(folders[i], "untied24") == 0) continue; // its exact gelu has no key in GGUF
        char path[128];
        quill_error err;
        snprintf(path, sizeof path, TEST_DATA("parity/%s"), folders[i]);
        assert_ok(quill_quantize(path, in_folder("model.gguf"), "F32", NULL, &err), err);
        assert_folder(path, in_folder("model.gguf"));
    }
}

// Against the same formula in float64, and against transformers, which does not round activations.
static void assert_rounded(const char *name, const char *rounded_name, const char *plain_text, const char *plain_logits,
                           double plain_bound) {
    char text[256], numbers[256];
    struct loaded l = load(name);
    snprintf(text, sizeof text, "%s.txt", rounded_name);
    snprintf(numbers, sizeof numbers, "%s.f32", rounded_name);
    struct expected rounded = read_expected(text, numbers), plain = read_expected(plain_text, plain_logits);
    float *logits = prompt_logits(&l, KV_F32, &rounded);
    size_t close = 0;
    for (size_t r = 0; r < rounded.rows.n; r++) {
        struct expected row = {.rows = {&(int32_t){0}, 1}, .n_vocab = rounded.n_vocab, .max_abs = rounded.max_abs,
                               .logits = rounded.logits + r * rounded.n_vocab};
        double d = difference(&row, logits + (size_t)rounded.rows.ids[r] * rounded.n_vocab);
        assert_true(d < 2e-2);
        close += d < 1e-5;
    }
    const double d = difference(&plain, logits);
    print_message("%s: %zu of %zu positions close, %.2g from the plain numbers\n", name, close, rounded.rows.n, d);
    assert_true(close * 2 > rounded.rows.n);
    assert_true(d < plain_bound);
    free(logits);
    free_expected(&rounded);
    free_expected(&plain);
    unload(&l);
}

static void quantized_weights_are_multiplied_as_defined(void **state) {
    (void)state;
    assert_rounded(TEST_DATA("gguf/half64-q8_0.gguf"), TEST_DATA("gguf/half64-q8_0-rounded"),
                   TEST_DATA("gguf/half64-q8_0.txt"), TEST_DATA("gguf/half64-q8_0.f32"), 0.1);
}

// Activations have 8 bits: half a unit in the last place is 2^-9.
static void bf16_weights_are_multiplied_as_defined(void **state) {
    (void)state;
    static const char *const models[] = {TEST_DATA("gguf/bf40-bf16.gguf"), TEST_DATA("parity/bf40")};
    for (size_t i = 0; i < 2; i++)
        assert_rounded(models[i], TEST_DATA("gguf/bf40-bf16-rounded"), TEST_DATA("parity/bf40/expect.txt"),
                       TEST_DATA("parity/bf40/logits.f32"), 0.03);
}

// ---- a real model ----

static const char *tales(void) {
    static char path[512];
    const char *data = shared_data();
    if (!data) skip();
    snprintf(path, sizeof path, "%s/models/tales-7m", data);
    return path;
}

static void a_real_model_agrees_with_transformers(void **state) {
    (void)state;
    assert_folder(TEST_DATA("tales-7m"), tales());
}

static void a_real_model_agrees_as_gguf(void **state) {
    (void)state;
    quill_error err;
    assert_ok(quill_quantize(tales(), in_folder("model.gguf"), "F32", NULL, &err), err);
    assert_folder(TEST_DATA("tales-7m"), in_folder("model.gguf"));
}

static void a_real_model_in_8_bits_stays_close(void **state) {
    (void)state;
    quill_error err;
    assert_ok(quill_quantize(tales(), in_folder("model.gguf"), "Q8_0", NULL, &err), err);
    struct loaded l = load(in_folder("model.gguf"));
    struct expected e = read_expected(TEST_DATA("tales-7m/expect.txt"), TEST_DATA("tales-7m/logits.f32"));
    static const enum kv_type types[] = {KV_F32, KV_F16};
    assert_int_equal(e.top.n, 512);
    for (size_t i = 0; i < 2; i++) {
        float *logits = prompt_logits(&l, types[i], &e);
        double d = difference(&e, logits), top = same_top(&e, logits);
        if (d >= 0.02 || top < 0.95) print_error("difference %.3g, same top token %.3g\n", d, top);
        assert_true(d < 0.02);
        assert_true(top >= 0.95);
        assert_true(fabs(loss(&e, logits) - e.loss) < 0.01);
        free(logits);
    }
    free_expected(&e);
    unload(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_agree_with_transformers),
        cmocka_unit_test(gguf_files_made_by_others_agree_with_transformers),
        cmocka_unit_test(gguf_files_made_from_directories_agree_with_transformers),
        cmocka_unit_test(quantized_weights_are_multiplied_as_defined),
        cmocka_unit_test(bf16_weights_are_multiplied_as_defined),
        cmocka_unit_test(a_real_model_agrees_with_transformers),
        cmocka_unit_test(a_real_model_agrees_as_gguf),
        cmocka_unit_test(a_real_model_in_8_bits_stays_close),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
