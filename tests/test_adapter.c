// SPDX-License-Identifier: MIT
// LoRA adapters (tests/data/adapters) on the tiny models of tests/data/families, against what peft computes with them.
#include "family_models.h"
#include "folder.h"
#include "load/open.h"
#include "quill/adapter.h"
#include "quill/session.h"
#include "tensor/half.h"

#define ADAPTERS TEST_DATA("adapters")

static const double bound = 3e-5; // that of test_family_parity.c

// ---- running a model ----

struct rows_sink {
    float *logits;
    size_t n_vocab;
};

static void take_row(void *user, size_t i, const float *logits) {
    const struct rows_sink *sink = user;
    memcpy(sink->logits + i * sink->n_vocab, logits, sink->n_vocab * sizeof *logits);
}

// Adapters of a run, by path.
struct part {
    const char *path;
    float scale;
};

struct run {
    const char *model;
    const struct part *parts; // [n]
    size_t n;
    int threads, chunk;
    const char *kv;
};

// Opens a model with BF16 weights as F32: *wide holds them.
static quill_model *open_wide(const char *path, float **wide) {
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, path, NULL, &err), err);
    *wide = widen(model->weights);
    model_free(model->model);
    assert_ok(model_bind(&model->model, model->weights, model->kernels, &err), err);
    return model;
}

// The logits of every position, allocated.
static float *logits_with(const struct run *run, const struct list *ids, size_t n_vocab) {
    quill_session *session;
    quill_error err;
    quill_adapter *adapters[4] = {NULL};
    quill_adapter_use uses[4];
    float *wide;
    quill_model *model = open_wide(run->model, &wide);
    for (size_t i = 0; i < run->n; i++) {
        assert_ok(quill_adapter_load(&adapters[i], model, run->parts[i].path, &err), err);
        uses[i] = (quill_adapter_use){adapters[i], run->parts[i].scale};
    }
    const quill_session_options options = {.kv_type = run->kv ? run->kv : "f32", .n_threads = run->threads,
                                           .n_chunk = run->chunk, .adapters = uses, .n_adapters = run->n};
    assert_ok(quill_session_create(&session, model, &options, &err), err);
    float *logits = malloc(ids->n * n_vocab * sizeof *logits);
    assert_ok(quill_eval_all(session, ids->ids, ids->n, take_row, &(struct rows_sink){logits, n_vocab}, &err), err);
    quill_session_free(session);
    for (size_t i = 0; i < run->n; i++) quill_adapter_free(adapters[i]);
    quill_model_free(model);
    free(wide);
    return logits;
}

static struct expected adapter_expected(const char *name) {
    char text[NAME_BYTES], logits[NAME_BYTES];
    snprintf(text, sizeof text, ADAPTERS "/%s/expect.txt", name);
    snprintf(logits, sizeof logits, ADAPTERS "/%s/logits.f32", name);
    return read_expected(text, logits);
}

// ---- parity ----

static const struct {
    const char *name, *base;
} made[] = {
    {"llama", "llama"}, {"llama-patterns", "llama"}, {"llama-one-layer", "llama"}, {"mistral", "mistral"},
    {"distilgpt2", "distilgpt2"}, {"qwen3", "qwen3"}, {"gemma3", "gemma3"}, {"phi3", "phi3"}, {"gpt-neox", "gpt-neox"},
    {"falcon-40b", "falcon-40b"}, {"bloom", "bloom"}, {"codegen", "codegen"}, {"opt-350m", "opt-350m"},
    {"llama-saved", "llama"}, {"llama-saved-head", "llama"}, {"gemma3-saved", "gemma3"},
};
enum { N_MADE = sizeof made / sizeof made[0] };

// All forms of the base with all forms of the adapter give peft's numbers, and the same bits.
static size_t forms_that_disagree(size_t index) {
    const char *name = made[index].name;
    struct expected e = adapter_expected(name);
    float *first = NULL;
    size_t wrong = 0;
    for (int form = 0; form < 4; form++) {
        char model[NAME_BYTES], adapter[NAME_BYTES];
        snprintf(model, sizeof model, FAMILIES "/%s%s", made[index].base, form & 1 ? "/model.gguf" : "");
        snprintf(adapter, sizeof adapter, ADAPTERS "/%s%s", name, form & 2 ? "/adapter.gguf" : "");
        if (access(model, R_OK) != 0 || access(adapter, R_OK) != 0) continue;
        const struct part part = {adapter, 1};
        float *logits = logits_with(&(struct run){model, &part, 1, 2, 0, NULL}, &e.prompt, e.n_vocab);
        const double d = difference(&e, logits);
        const bool same = !first || memcmp(first, logits, e.prompt.n * e.n_vocab * sizeof *logits) == 0;
        if (d >= bound || !same) {
            print_error("%s with %s: logits differ by %.2g of the largest; %s bits\n", model, adapter, d,
                        same ? "the same" : "OTHER");
            wrong++;
        }
        if (first) free(logits);
        else first = logits;
    }
    free(first);
    free_expected(&e);
    return wrong;
}

static void adapters_agree_with_peft(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < N_MADE; i++) wrong += forms_that_disagree(i);
    assert_int_equal(wrong, 0);
}

// ---- bits ----

#define LLAMA FAMILIES "/llama"
static const struct part one[] = {{ADAPTERS "/llama", 1}};

static void bits_do_not_depend_on_threads_or_chunks(void **state) {
    (void)state;
    struct expected e = adapter_expected("llama");
    const size_t bytes = e.prompt.n * e.n_vocab * sizeof(float);
    float *first = logits_with(&(struct run){LLAMA, one, 1, 1, 0, "f16"}, &e.prompt, e.n_vocab);
    for (int threads = 1; threads <= 3; threads++)
        for (int chunk = 1; chunk <= 8; chunk += 7) {
            float *other = logits_with(&(struct run){LLAMA, one, 1, threads, chunk, "f16"}, &e.prompt, e.n_vocab);
            assert_memory_equal(first, other, bytes);
            free(other);
        }
    free(first);
    free_expected(&e);
}

static void a_scale_of_0_gives_the_bits_of_the_base(void **state) {
    (void)state;
    static const struct part none[] = {{ADAPTERS "/llama", 0}, {ADAPTERS "/llama-one-layer", 0}};
    struct expected e = adapter_expected("llama");
    const size_t bytes = e.prompt.n * e.n_vocab * sizeof(float);
    float *base = logits_with(&(struct run){LLAMA, NULL, 0, 1, 0, "f16"}, &e.prompt, e.n_vocab);
    for (size_t n = 1; n <= 2; n++) {
        float *other = logits_with(&(struct run){LLAMA, none, n, 2, 0, "f16"}, &e.prompt, e.n_vocab);
        assert_memory_equal(base, other, bytes);
        free(other);
    }
    free(base);
    free_expected(&e);
}

// The largest difference, as a share of the largest value.
static double far(const float *a, const float *b, size_t n) {
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);
        if (isnan(d) || d > most) most = d;
        largest = fmax(largest, fabs((double)a[i]));
    }
    return most / largest;
}

// A half and a half are one; and the order of different ones does not matter.
static void several_adapters_add_up(void **state) {
    (void)state;
    static const struct part halves[] = {{ADAPTERS "/llama", 0.75f}, {ADAPTERS "/llama/adapter.gguf", 0.25f}};
    static const struct part more[] = {{ADAPTERS "/llama", 1}, {ADAPTERS "/llama-patterns", -0.5f},
                                       {ADAPTERS "/llama-one-layer", 2}, {ADAPTERS "/llama-patterns", 0.5f}};
    static const struct part fewer[] = {{ADAPTERS "/llama-one-layer", 2}, {ADAPTERS "/llama", 1}};
    struct expected e = adapter_expected("llama");
    const size_t n = e.prompt.n * e.n_vocab;
    float *whole = logits_with(&(struct run){LLAMA, one, 1, 1, 0, NULL}, &e.prompt, e.n_vocab);
    float *two = logits_with(&(struct run){LLAMA, halves, 2, 2, 3, NULL}, &e.prompt, e.n_vocab);
    float *four = logits_with(&(struct run){LLAMA, more, 4, 2, 0, NULL}, &e.prompt, e.n_vocab);
    float *pair = logits_with(&(struct run){LLAMA, fewer, 2, 2, 0, NULL}, &e.prompt, e.n_vocab);
    assert_true(far(whole, two, n) < 1e-5);
    assert_true(far(four, pair, n) < 1e-5);
    assert_true(far(whole, pair, n) > 1e-2);
    free(whole), free(two), free(four), free(pair);
    free_expected(&e);
}

// A matrix that takes the place of the model's has no scale but 1 and 0, and nothing beside it.
static void a_matrix_is_replaced_once_and_as_a_whole(void **state) {
    (void)state;
    static const struct {
        struct part parts[2];
        size_t n;
        const char *words; // NULL: it is computed
    } cases[] = {
        {{{ADAPTERS "/llama-saved", 1}}, 1, NULL},
        {{{ADAPTERS "/llama-saved", 1}, {ADAPTERS "/llama-one-layer", 0.5f}}, 2, NULL},
        {{{ADAPTERS "/llama-saved", 1}, {ADAPTERS "/llama-saved-head", 0}}, 2, NULL},
        {{{ADAPTERS "/llama-saved", 0.5f}}, 1, "expected a scale of 1, since it replaces a matrix, found 0.5"},
        {{{ADAPTERS "/llama-saved", 1}, {ADAPTERS "/llama-saved-head", 1}}, 2, "expected no other for the matrix"},
        {{{ADAPTERS "/llama-saved-head", -1}}, 1, "expected a scale of 1"},
    };
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, LLAMA, NULL, &err), err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        quill_adapter *adapters[2] = {NULL};
        quill_adapter_use uses[2];
        quill_session *session = NULL;
        for (size_t k = 0; k < cases[i].n; k++) {
            assert_ok(quill_adapter_load(&adapters[k], model, cases[i].parts[k].path, &err), err);
            uses[k] = (quill_adapter_use){adapters[k], cases[i].parts[k].scale};
        }
        const quill_session_options options = {.adapters = uses, .n_adapters = cases[i].n};
        const quill_status s = quill_session_create(&session, model, &options, &err);
        assert_int_equal(s, cases[i].words ? QUILL_E_USAGE : QUILL_OK);
        if (cases[i].words) assert_non_null(strstr(err.text, cases[i].words));
        quill_session_free(session);
        for (size_t k = 0; k < 2; k++) quill_adapter_free(adapters[k]);
    }
    quill_model_free(model);
}

static void a_scale_of_0_replaces_nothing(void **state) {
    (void)state;
    static const struct part off[] = {{ADAPTERS "/llama-saved", 0}};
    struct expected e = adapter_expected("llama-saved");
    float *base = logits_with(&(struct run){LLAMA, NULL, 0, 1, 0, "f16"}, &e.prompt, e.n_vocab);
    float *other = logits_with(&(struct run){LLAMA, off, 1, 2, 0, "f16"}, &e.prompt, e.n_vocab);
    assert_memory_equal(base, other, e.prompt.n * e.n_vocab * sizeof *base);
    free(base), free(other);
    free_expected(&e);
}

// ---- merged ----

static char merged_path[600];

static quill_status merge(const char *model, const char *adapter, const char *type, quill_error *err) {
    const quill_adapter_file file = {adapter, 1};
    const quill_quantize_options options = {.adapters = &file, .n_adapters = 1};
    snprintf(merged_path, sizeof merged_path, "%s", in_folder("out.gguf"));
    return quill_quantize(model, merged_path, type, &options, err);
}

// A file with the sums in it computes what the model with the adapter beside it does.
static size_t merges_that_disagree(size_t index, const char *file) {
    struct expected e = adapter_expected(made[index].name);
    char model[NAME_BYTES], adapter[NAME_BYTES];
    quill_error err;
    snprintf(model, sizeof model, FAMILIES "/%s%s", made[index].base, file);
    snprintf(adapter, sizeof adapter, ADAPTERS "/%s", made[index].name);
    const struct part part = {adapter, 1};
    assert_ok(merge(model, adapter, "F32", &err), err);
    float *applied = logits_with(&(struct run){model, &part, 1, 2, 0, NULL}, &e.prompt, e.n_vocab);
    float *merged = logits_with(&(struct run){merged_path, NULL, 0, 2, 0, NULL}, &e.prompt, e.n_vocab);
    const double d = far(applied, merged, e.prompt.n * e.n_vocab);
    if (d >= 1e-5) print_error("%s: merged and applied differ by %.2g\n", model, d);
    free(applied), free(merged);
    free_expected(&e);
    return d >= 1e-5;
}

static void merged_adapters_compute_the_same(void **state) {
    (void)state;
    size_t wrong = 0, n = 0;
    for (size_t i = 0; i < N_MADE; i++) {
        char gguf[NAME_BYTES];
        const bool tied = strcmp(made[i].base, "gemma3") == 0 || strcmp(made[i].name, "distilgpt2") == 0;
        snprintf(gguf, sizeof gguf, FAMILIES "/%s/model.gguf", made[i].base);
        if (tied || access(gguf, R_OK) != 0) continue;
        wrong += merges_that_disagree(i, "") + merges_that_disagree(i, "/model.gguf");
        n++;
    }
    assert_int_equal(wrong, 0);
    assert_true(n > 6);
}

static void an_embedding_that_is_the_head_is_not_merged(void **state) {
    (void)state;
    quill_error err;
    static const char *const adapters[] = {ADAPTERS "/gemma3", ADAPTERS "/gemma3/adapter.gguf",
                                           ADAPTERS "/gemma3-saved"};
    for (size_t i = 0; i < 3; i++) {
        const char *adapter = adapters[i];
        assert_int_equal(merge(FAMILIES "/gemma3", adapter, "F32", &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, "expected an adapter that leaves the embedding alone"));
        assert_int_equal(access(merged_path, F_OK), -1);
    }
}

// Quantized, it computes nearly the same; the model's own file of the type takes the adapter too.
static void adapters_run_on_quantized_models(void **state) {
    (void)state;
    struct expected e = adapter_expected("llama");
    quill_error err;
    float *whole = logits_with(&(struct run){LLAMA, one, 1, 1, 0, NULL}, &e.prompt, e.n_vocab);
    assert_ok(merge(LLAMA, ADAPTERS "/llama", "Q8_0", &err), err);
    float *merged = logits_with(&(struct run){merged_path, NULL, 0, 2, 0, NULL}, &e.prompt, e.n_vocab);
    assert_true(far(whole, merged, e.prompt.n * e.n_vocab) < 0.2);
    assert_ok(quill_quantize(LLAMA, merged_path, "Q8_0", NULL, &err), err);
    float *beside = logits_with(&(struct run){merged_path, one, 1, 2, 3, NULL}, &e.prompt, e.n_vocab);
    assert_true(far(whole, beside, e.prompt.n * e.n_vocab) < 0.2);
    free(whole), free(merged), free(beside);
    free_expected(&e);

    static const struct part saved[] = {{ADAPTERS "/llama-saved", 1}};
    e = adapter_expected("llama-saved");
    whole = logits_with(&(struct run){LLAMA, saved, 1, 1, 0, NULL}, &e.prompt, e.n_vocab);
    beside = logits_with(&(struct run){merged_path, saved, 1, 2, 3, NULL}, &e.prompt, e.n_vocab);
    assert_true(far(whole, beside, e.prompt.n * e.n_vocab) < 0.2);
    free(whole), free(beside);
    free_expected(&e);
}

// ---- what is refused ----

#define PLAIN "\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4"

static void copy_adapter(void) {
    static char data[1 << 16];
    FILE *f = fopen(ADAPTERS "/llama-one-layer/adapter_model.safetensors", "rb");
    assert_non_null(f);
    const size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    write_file("adapter_model.safetensors", data, n);
}

static quill_status load_from(const quill_model *model, const char *path, quill_error *err) {
    quill_adapter *adapter;
    quill_status s = quill_adapter_load(&adapter, model, path, err);
    assert_true(s ? adapter == NULL : adapter != NULL);
    quill_adapter_free(adapter);
    return s;
}

static void check_refused(const quill_model *model, const char *path, const char *words) {
    quill_error err = {0};
    const quill_status s = load_from(model, path, &err);
    const bool fine = s == QUILL_E_MODEL && strstr(err.text, words) && strstr(err.text, "expected") &&
                      strncmp(err.text, path, strlen(path)) == 0 && !strchr(err.text, '\n');
    if (!fine) print_error("wanted '%s', got status %d, '%s'\n", words, (int)s, err.text);
    assert_true(fine);
}

static void what_is_not_computed_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *config, *words;
    } cases[] = {
        {"{\"r\":2}", "'peft_type': expected LORA, found none"},
        {"{\"peft_type\":\"IA3\"}", "'peft_type': expected LORA, found 'IA3'"},
        {"{" PLAIN ",\"bias\":\"all\"}", "'bias': expected none, found 'all'"},
        {"{" PLAIN ",\"use_dora\":true}", "'use_dora': expected false"},
        {"{" PLAIN ",\"lora_bias\":true}", "'lora_bias': expected false"},
        {"{" PLAIN ",\"use_something_new\":true}", "'use_something_new': expected false"},
        {"{" PLAIN ",\"use_bdlora\":{\"nblocks\":2}}", "'use_bdlora': expected null, found an object"},
        {"{" PLAIN ",\"layer_replication\":[[0,1]]}", "'layer_replication': expected null"},
        {"{" PLAIN ",\"modules_to_save\":[1]}", "'modules_to_save': expected a list of names, found another value"},
        {"{" PLAIN ",\"modules_to_save\":\"lm_head\"}", "'modules_to_save': expected a list of names"},
        {"{" PLAIN ",\"trainable_token_indices\":{\"embed_tokens\":[1]}}", "'trainable_token_indices': expected null"},
        {"{" PLAIN ",\"target_parameters\":[\"experts\"]}", "'target_parameters': expected null"},
        {"{" PLAIN ",\"alora_invocation_tokens\":[3]}", "'alora_invocation_tokens': expected null"},
        {"{" PLAIN ",\"init_lora_weights\":\"pissa_niter_4\"}", "'init_lora_weights': expected an adapter to the"},
        {"{\"peft_type\":\"LORA\",\"r\":3}", "k_proj.lora_A.weight': expected shape [3, "},
        {"{\"peft_type\":\"LORA\",\"r\":2.5}", "expected a whole number from 1 to 65536, found 2.5"},
        {"{\"peft_type\":\"LORA\",\"r\":0}", "expected a whole number from 1 to 65536, found 0"},
        {"{\"peft_type\":\"LORA\",\"r\":\"2\"}", "'r': expected a real number"},
        {"{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":1e300}", "expected a scale within the range of F32"},
        {"{" PLAIN ",\"rank_pattern\":{\"k_proj\":5}}", "k_proj.lora_A.weight': expected shape [5, "},
        {"{" PLAIN ",\"rank_pattern\":{\"k_proj\":\"5\"}}", "'rank_pattern.k_proj': expected a number"},
        {"{" PLAIN ",\"rank_pattern\":{\"k_(proj\":5}}", "'rank_pattern.k_(proj': expected a regular expression"},
        {"{" PLAIN ",\"alpha_pattern\":{\"(([a-z_.0-9]+)+)+[!?]\":5}}", "expected a pattern that ends soon"},
    };
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, LLAMA, NULL, &err), err);
    copy_adapter();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_text("adapter_config.json", cases[i].config);
        check_refused(model, folder, cases[i].words);
    }
    write_text("adapter_config.json", "{" PLAIN ",\"use_new\":null,\"new\":{},\"newer\":[],\"newest\":\"x\"}");
    assert_ok(load_from(model, folder, &err), err);
    quill_model_free(model);
}

static void other_tensors_are_refused_by_name(void **state) {
    (void)state;
#define K "base_model.model.model.layers.0.self_attn.k_proj"
    static const struct {
        const char *header;
        size_t bytes;
        const char *words;
    } cases[] = {
        {"{}", 0, "expected at least one tensor, found none"},
        {"{\"" K ".lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[2,24],\"data_offsets\":[0,192]}}", 192,
         "k_proj.lora_A.weight': expected '"},
        {"{\"" K ".lora_magnitude_vector\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
         "expected a matrix that this model has, found the name of another"},
        {"{\"" K ".bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
         "k_proj.bias': expected only pairs of low rank"},
        {"{\"base_model.model.model.layers.9.self_attn.k_proj.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[2],"
         "\"data_offsets\":[0,8]}}", 8, "layers.9.self_attn.k_proj.lora_A.weight': expected a matrix that this"},
        {"{\"" K ".lora_A.weight\":{\"dtype\":\"I64\",\"shape\":[2,1],\"data_offsets\":[0,16]},"
         "\"" K ".lora_B.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[16,24]}}", 24,
         "expected type F32, F16, BF16 or Q8_0, found I64"},
        {"{\"" K ".lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
         "\"" K ".lora_B.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]}}", 16,
         "k_proj.lora_A.weight': expected shape [2, "},
    };
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, LLAMA, NULL, &err), err);
    write_text("adapter_config.json", "{" PLAIN "}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_safetensors("adapter_model.safetensors", cases[i].header, cases[i].bytes);
        check_refused(model, folder, cases[i].words);
    }
    quill_model_free(model);
}

static void adapters_of_other_models_are_refused(void **state) {
    (void)state;
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, FAMILIES "/qwen3", NULL, &err), err);
    check_refused(model, ADAPTERS "/llama", "expected shape");
    check_refused(model, ADAPTERS "/opt-350m", "expected a matrix that this model has, found the name of another");
    check_refused(model, ADAPTERS "/llama/adapter.gguf", "'general.architecture': expected that of the model, 'qwen3'");
    check_refused(model, FAMILIES "/qwen3/model.gguf", "'general.type': expected 'adapter', found none");
    check_refused(model, FAMILIES "/qwen3", "expected adapter_config.json in the folder, found none");
    quill_model_free(model);
}

// ---- the object ----

static void an_adapter_describes_itself(void **state) {
    (void)state;
    quill_model *model;
    quill_adapter *peft, *gguf, *other;
    quill_adapter_info info;
    quill_error err;
    assert_ok(quill_model_open(&model, LLAMA, NULL, &err), err);
    assert_ok(quill_adapter_load(&peft, model, ADAPTERS "/llama/adapter_model.safetensors", &err), err);
    assert_ok(quill_adapter_load(&gguf, model, ADAPTERS "/llama/adapter.gguf", &err), err);
    assert_ok(quill_adapter_load(&other, model, ADAPTERS "/llama-one-layer", &err), err);
    quill_adapter_describe(peft, &info);
    assert_string_equal(info.format, "peft");
    assert_string_equal(info.file, ADAPTERS "/llama");
    assert_int_equal(info.rank, 3);
    assert_int_equal(info.matrices, 14);
    const uint64_t parameters = info.parameters;
    quill_adapter_describe(gguf, &info);
    assert_string_equal(info.format, "gguf");
    assert_int_equal(info.parameters, parameters);
    assert_int_equal(quill_adapter_hash(peft), quill_adapter_hash(peft));
    assert_true(quill_adapter_hash(peft) != quill_adapter_hash(other));
    quill_adapter_free(peft), quill_adapter_free(gguf), quill_adapter_free(other);
    quill_adapter_free(NULL);
    quill_model_free(model);
}

static void a_session_refuses_what_cannot_be_added(void **state) {
    (void)state;
    quill_model *model, *other;
    quill_adapter *adapter;
    quill_session *session;
    quill_error err;
    assert_ok(quill_model_open(&model, LLAMA, NULL, &err), err);
    assert_ok(quill_model_open(&other, LLAMA, NULL, &err), err);
    assert_ok(quill_adapter_load(&adapter, model, ADAPTERS "/llama", &err), err);
    quill_adapter_use use = {adapter, INFINITY};
    const quill_session_options options = {.adapters = &use, .n_adapters = 1};
    assert_int_equal(quill_session_create(&session, model, &options, &err), QUILL_E_USAGE);
    use.scale = 1;
    assert_int_equal(quill_session_create(&session, other, &options, &err), QUILL_E_USAGE);
    quill_adapter_free(adapter);
    quill_model_free(model), quill_model_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adapters_agree_with_peft),
        cmocka_unit_test(bits_do_not_depend_on_threads_or_chunks),
        cmocka_unit_test(a_scale_of_0_gives_the_bits_of_the_base),
        cmocka_unit_test(several_adapters_add_up),
        cmocka_unit_test(a_matrix_is_replaced_once_and_as_a_whole),
        cmocka_unit_test(a_scale_of_0_replaces_nothing),
        cmocka_unit_test_setup_teardown(merged_adapters_compute_the_same, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_embedding_that_is_the_head_is_not_merged, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(adapters_run_on_quantized_models, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_not_computed_is_refused_by_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(other_tensors_are_refused_by_name, make_folder, remove_folder),
        cmocka_unit_test(adapters_of_other_models_are_refused),
        cmocka_unit_test(an_adapter_describes_itself),
        cmocka_unit_test(a_session_refuses_what_cannot_be_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
