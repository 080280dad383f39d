// SPDX-License-Identifier: MIT
// What a config.json leaves out has the value of its class in transformers (tests/data/defaults.tsv); what it says in
// another way than most.
#include "folder.h"

#include <math.h>

#include "formats/weights.h"
#include "model/bind/hparams.h"
#include "model/model.h"
#include "model/plan.h"

#define FIELD(name) offsetof(struct hparams, name)

static const struct {
    const char *name;
    size_t offset;
    enum { WHOLE, NUMBER, FLAG, ACTIVATION } kind;
} fields[] = {
    {"n_embd", FIELD(n_embd), WHOLE},
    {"n_ff", FIELD(n_ff), WHOLE},
    {"n_layer", FIELD(n_layer), WHOLE},
    {"n_head", FIELD(n_head), WHOLE},
    {"n_ctx", FIELD(n_ctx), WHOLE},
    {"n_head_kv", FIELD(n_head_kv), WHOLE},
    {"head_dim", FIELD(head_dim), WHOLE},
    {"norm_eps", FIELD(norm_eps), NUMBER},
    {"window", FIELD(window), WHOLE},
    {"rope_dims", FIELD(rope_dims), WHOLE},
    {"rope_every", FIELD(rope_every), WHOLE},
    {"score_scale", FIELD(score_scale), NUMBER},
    {"score_dim", FIELD(score_dim), NUMBER},
    {"score_softcap", FIELD(score_softcap), NUMBER},
    {"logit_softcap", FIELD(logit_softcap), NUMBER},
    {"logit_scale", FIELD(logit_scale), NUMBER},
    {"tied", FIELD(tied), FLAG},
    {"parallel", FIELD(parallel), FLAG},
    {"act", FIELD(act), ACTIVATION},
    {"rope_base", FIELD(rope_base), NUMBER},
    {"rope_base_window", FIELD(rope_base_window), NUMBER},
    {"rope_share", FIELD(rope_share), NUMBER},
    {"rope_original", FIELD(rope_original), WHOLE},
    {"window_every", FIELD(window_every), WHOLE},
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static const struct {
    const char *name;
    enum act_fn act;
} activations[] = {
    {"gelu", ACTF_GELU_ERF},      {"gelu_new", ACTF_GELU_TANH},   {"gelu_pytorch_tanh", ACTF_GELU_TANH},
    {"relu", ACTF_RELU},          {"relu2", ACTF_RELU_SQUARED},   {"silu", ACTF_SILU},
};

struct fact {
    char family[32], field[32], value[32];
};
struct facts {
    struct fact *all;
    size_t n;
};

static struct facts read_facts(void) {
    struct facts facts = {calloc(1000, sizeof *facts.all), 0};
    char line[300];
    FILE *f = fopen(TEST_DATA("defaults.tsv"), "r");
    assert_non_null(facts.all);
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct fact *fact = &facts.all[facts.n];
        if (line[0] == '#') continue;
        assert_true(facts.n < 1000);
        assert_int_equal(sscanf(line, "%31s %31s %31s", fact->family, fact->field, fact->value), 3);
        facts.n++;
    }
    fclose(f);
    return facts;
}

static bool has(const struct facts *facts, const char *family, const char *field) {
    for (size_t i = 0; i < facts->n; i++)
        if (strcmp(facts->all[i].family, family) == 0 && strcmp(facts->all[i].field, field) == 0) return true;
    return false;
}

// Of a config.json that has the sizes, if the class does not say them, and `more`.
static struct hparams hparams_of(const struct facts *facts, const char *family, const char *more) {
    char config[600];
    const bool sized = has(facts, family, "n_embd");
    struct weights *w;
    struct hparams hp;
    quill_error err;
    snprintf(config, sizeof config, "{\"model_type\":\"%s\"%s%s%s}", family,
             sized ? "" : ",\"hidden_size\":10240,\"num_hidden_layers\":24,\"num_attention_heads\":160",
             has(facts, family, "n_ctx") ? "" : ",\"max_position_embeddings\":64", more);
    write_text("config.json", config);
    assert_ok(weights_open(&w, folder, WEIGHTS_METADATA, MAP_READ, &err), err);
    assert_ok(hparams_read(&hp, family_find(WEIGHTS_HF, str_of(family)), w, &err), err);
    weights_close(w);
    return hp;
}

static enum act_fn activation(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (strcmp(activations[i].name, name) == 0) return activations[i].act;
    return ACTF_TANH; // the default of none
}

// 10000 is what no number means for the base of rotary positions, 1 for the share that they turn.
static bool is_number(const char *field, float found, double expected) {
    if (found == 0 && strcmp(field, "rope_base") == 0) return expected == 10000;
    if (found == 0 && strcmp(field, "rope_share") == 0) return expected == 1;
    return found == (float)expected;
}

static bool agrees(const struct hparams *hp, const struct fact *fact) {
    const double expected = strtod(fact->value, NULL);
    for (size_t i = 0; i < N_FIELDS; i++) {
        const char *at = (const char *)hp + fields[i].offset;
        if (strcmp(fields[i].name, fact->field) != 0) continue;
        switch (fields[i].kind) {
        case WHOLE: return *(const int32_t *)(const void *)at == (int32_t)expected;
        case NUMBER: return is_number(fact->field, *(const float *)(const void *)at, expected);
        case FLAG: return *(const bool *)(const void *)at == (expected != 0);
        case ACTIVATION: {
            const bool is_tanh = family_find(WEIGHTS_HF, str_of(fact->family))->gelu_is_tanh;
            const enum act_fn act = activation(fact->value);
            return hp->act == (act == ACTF_GELU_ERF && is_tanh ? ACTF_GELU_TANH : act);
        }
        }
    }
    return false;
}

static void what_is_left_out_has_the_value_of_the_class(void **state) {
    (void)state;
    struct facts facts = read_facts();
    size_t bad = 0;
    assert_true(facts.n > 300);
    for (size_t i = 0; i < facts.n; i++) {
        const struct fact *fact = &facts.all[i];
        const struct hparams hp = hparams_of(&facts, fact->family, "");
        if (agrees(&hp, fact)) continue;
        print_error("%s: %s: expected %s\n", fact->family, fact->field, fact->value);
        bad++;
    }
    free(facts.all);
    assert_int_equal(bad, 0);
}

// What classes make of their own fields.
static void fields_mean_what_the_class_makes_of_them(void **state) {
    (void)state;
    static const struct {
        const char *config;
        struct fact fact;
    } cases[] = {
        {",\"hidden_act\":\"gelu\"", {"gemma", "act", "gelu_pytorch_tanh"}}, // as its first files have it
        {",\"hidden_activation\":\"gelu\",\"hidden_act\":\"relu\"", {"gemma2", "act", "gelu"}},
        {",\"hidden_activation\":\"gelu\"", {"gemma3_text", "act", "gelu"}},
        {",\"attn_logit_softcapping\":50", {"gemma2", "score_softcap", "50"}},
        {",\"attn_logit_softcapping\":50", {"gemma3_text", "score_softcap", "0"}},
        {",\"sliding_window_pattern\":3", {"exaone4", "window_every", "3"}},
        {",\"sliding_window_pattern\":\"LLLG\"", {"exaone4", "window_every", "4"}},
        {",\"sliding_window\":8,\"use_sliding_window\":false", {"smollm3", "window", "0"}},
        {",\"original_max_position_embeddings\":16", {"phi3", "rope_original", "16"}},
        {",\"rope_scaling\":{\"original_max_position_embeddings\":16}", {"phi3", "rope_original", "4096"}},
        {",\"rope_scaling\":{\"original_max_position_embeddings\":16}", {"llama", "rope_original", "16"}},
        {",\"layer_norm_epsilon\":0.5", {"exaone", "norm_eps", "0.5"}},
        {",\"rms_norm_eps\":0.5", {"exaone", "norm_eps", "0.5"}},
        {",\"tie_word_embeddings\":true,\"text_config\":{\"tie_word_embeddings\":false}", {"llama", "tied", "1"}},
        {",\"tie_word_embeddings\":false,\"text_config\":{\"tie_word_embeddings\":true}", {"llama", "tied", "1"}},
        {",\"tie_word_embeddings\":null,\"text_config\":{\"tie_word_embeddings\":false}", {"llama", "tied", "0"}},
        {",\"rope_scaling\":{\"rope_theta\":500}", {"smollm3", "rope_base", "500"}},
        {",\"rope_scaling\":{\"partial_rotary_factor\":0.75}", {"stablelm", "rope_share", "0.75"}},
        {",\"rope_parameters\":{\"full_attention\":{\"rope_theta\":500}}", {"olmo3", "rope_base", "500"}},
    };
    struct facts facts = read_facts();
    size_t bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct hparams hp = hparams_of(&facts, cases[i].fact.family, cases[i].config);
        if (agrees(&hp, &cases[i].fact)) continue;
        print_error("%s%s: %s: expected %s\n", cases[i].fact.family, cases[i].config, cases[i].fact.field,
                    cases[i].fact.value);
        bad++;
    }
    free(facts.all);
    assert_int_equal(bad, 0);
}

// ---- a model of tests/data/families with another configuration ----

struct changed {
    struct weights *weights;
    struct model *model;
};

// `words` of its config.json become `others`.
static struct changed change(const char *name, const char *words, const char *others) {
    struct changed c;
    const struct kernels *kernels;
    const char *level;
    quill_error err;
    char text[4000], path[300], *home = realpath(".", NULL);
    snprintf(path, sizeof path, TEST_DATA("families") "/%s/config.json", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    char *at = strstr(text, words);
    assert_non_null(at);
    f = fopen(in_folder("config.json"), "w");
    assert_non_null(f);
    fprintf(f, "%.*s%s%s", (int)(at - text), text, others, at + strlen(words));
    fclose(f);
    snprintf(path, sizeof path, "%s/" TEST_DATA("families") "/%s/model.safetensors", home, name);
    free(home);
    assert_int_equal(symlink(path, in_folder("model.safetensors")), 0);
    assert_ok(kernels_select(&kernels, &level, NULL, &err), err);
    assert_ok(weights_open(&c.weights, folder, WEIGHTS_ALL, MAP_READ, &err), err);
    assert_ok(model_bind(&c.model, c.weights, kernels, &err), err);
    return c;
}

static void changed_free(struct changed *c) {
    model_free(c->model);
    weights_close(c->weights);
    empty_folder();
}

// Of CWM: the first of every four layers has none.
static void windows_of_layers_without_types(void **state) {
    (void)state;
    struct changed c = change("cwm", "\"layer_types\"", "\"no_layer_types\"");
    for (int32_t l = 0; l < c.model->hp.n_layer; l++)
        assert_int_equal(c.model->layers[l].window, l % 4 ? c.model->hp.window : 0);
    changed_free(&c);
}

// The numbers: inv_freq of LlamaForCausalLM, to the bit. Exponents are rounded, so that 8e6^(-1/3) is not 1/200.
static void frequencies_are_rounded_where_transformers_rounds_them(void **state) {
    (void)state;
    static const struct {
        const char *config;
        float freqs[3];
    } cases[] = {
        {"\"rope_theta\": 5e5", {1.0f, 0.0125992084f, 0.000158740062f}},
        {"\"rope_theta\": 8e6", {1.0f, 0.00499999942f, 2.49999921e-05f}},
        {"\"rope_theta\": 1e6, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 3, \"beta_fast\": 4, "
         "\"beta_slow\": 0.001, \"original_max_position_embeddings\": 32}",
         {1.0f, 0.0066666659f, 3.33333264e-05f}},
        {"\"rope_theta\": 5e5, \"rope_scaling\": {\"rope_type\": \"longrope\", \"short_factor\": [1.1, 1.3, 2.7], "
         "\"long_factor\": [1.3, 2.7, 4.1], \"original_max_position_embeddings\": 32}",
         {0.909090877f, 0.00969169941f, 5.87926115e-05f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct changed c = change("llama", "\"rope_scaling\": null", cases[i].config);
        assert_int_equal(c.model->ropes[0].n_pairs, 3);
        assert_memory_equal(c.model->ropes[0].freqs, cases[i].freqs, sizeof cases[i].freqs);
        changed_free(&c);
    }
}

// nanochat turns backwards, and is stretched as if it did not. The numbers are of _compute_llama3_parameters.
static void llama3_stretches_frequencies_of_either_direction(void **state) {
    (void)state;
    static const float expected[] = {-1.0f, -0.021944888f, -0.00053860858f};
    struct changed c = change("nanochat", "\"rope_scaling\": null",
                              "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 4.0, "
                              "\"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, "
                              "\"original_max_position_embeddings\": 256}");
    const struct rope *rope = &c.model->ropes[0];
    assert_int_equal(rope->n_pairs, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabsf(rope->freqs[i] - expected[i]) <= 1e-6f * fabsf(expected[i]));
    changed_free(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_left_out_has_the_value_of_the_class, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(fields_mean_what_the_class_makes_of_them, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(windows_of_layers_without_types, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(frequencies_are_rounded_where_transformers_rounds_them, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(llama3_stretches_frequencies_of_either_direction, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
