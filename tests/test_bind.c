// SPDX-License-Identifier: MIT
// From names in model files to a model: both formats, and files that are wrong.
#include "folder.h"
#include "model_rig.h"
#include "tensor/half.h"

enum { N_EMBD = 24, N_HEAD = 2, N_LAYER = 2, N_FF = 40, N_VOCAB = 30, N_CTX = 20, N_IDS = 15 };

static struct tiny *make(enum dtype type) { return tiny_make(N_EMBD, N_HEAD, N_LAYER, N_FF, N_VOCAB, N_CTX, type, 11); }

static struct tiny *make_untied(void) {
    struct tiny *tiny = make(DTYPE_F32);
    tiny_matrix(tiny, "output.weight", "lm_head.weight", N_VOCAB, N_EMBD, DTYPE_F32, &(uint64_t){99});
    return tiny;
}

// ---- Hugging Face directories ----

struct directory {
    const char *wrapper; // in front of all names; NULL: nothing
    const char *prefix;  // then in front of all names but lm_head.weight
    const char *config;  // what config.json holds besides the sizes: "\"key\":1,..."; NULL: nothing
    const char *tensor;  // one more, of four bytes; NULL: none
    size_t blanks;       // at the end of the header: moves the data
    bool inner_null;     // n_inner is null
    bool general;        // sizes have the names that most families share
    bool doubles;        // tensors are of type F64
};

static void put_header_entry(struct buffer *b, const struct tiny_tensor *t, const struct directory *d, size_t at,
                             size_t bytes) {
    char text[256];
    size_t outer = t->hf_transposed ? t->shape[1] : t->shape[0], inner = t->hf_transposed ? t->shape[0] : t->shape[1];
    const char *prefix = strcmp(t->hf_name, "lm_head.weight") == 0 ? "" : d->prefix;
    snprintf(text, sizeof text, "%s\"%s%s%s\":{\"dtype\":\"%s\",\"shape\":[%zu%s", b->n > 1 ? "," : "",
             d->wrapper ? d->wrapper : "", prefix, t->hf_name, d->doubles ? "F64" : dtypes[t->type].safetensors, outer,
             t->n_dims == 2 ? "," : "");
    put_bytes(b, text, strlen(text));
    if (t->n_dims == 2) snprintf(text, sizeof text, "%zu", inner);
    else text[0] = '\0';
    put_bytes(b, text, strlen(text));
    snprintf(text, sizeof text, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
    put_bytes(b, text, strlen(text));
}

static void put_doubles(struct buffer *b, const struct tiny_tensor *t) {
    const size_t rows = tiny_rows(t), cols = tiny_cols(t);
    for (size_t i = 0; i < rows * cols; i++) { // as stored
        const double value = (double)t->values[t->hf_transposed ? i % rows * cols + i / rows : i] * (1 + 0x1p-40);
        put_bytes(b, &value, sizeof value);
    }
}

static void write_directory(const struct tiny *m, const struct directory *d) {
    struct buffer header = {0}, data = {0}, file = {0};
    put_bytes(&header, "{", 1);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct tiny_tensor *t = &m->tensors[i];
        size_t at = data.n;
        if (!t->hf_name[0]) continue;
        if (d->doubles) put_doubles(&data, t);
        else put_tensor_data(&data, t, t->hf_transposed);
        put_header_entry(&header, t, d, at, data.n - at);
    }
    if (d->tensor) {
        char text[160];
        snprintf(text, sizeof text, ",\"%s\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[%zu,%zu]}", d->tensor,
                 data.n, data.n + 4);
        put_bytes(&header, text, strlen(text));
        put_u32(&data, 0);
    }
    put_bytes(&header, "}", 1);
    while (header.n % 8 != d->blanks) put_bytes(&header, " ", 1);
    put_u64(&file, header.n);
    put_bytes(&file, header.p, header.n);
    put_bytes(&file, data.p, data.n);
    write_file("model.safetensors", file.p, file.n);
    buffer_free(&header);
    buffer_free(&data);
    buffer_free(&file);
    char config[1024], inner[32] = "null";
    if (!d->inner_null) snprintf(inner, sizeof inner, "%zu", m->n_ff);
    static const char *const names[2][4] = {
        {"n_embd", "n_layer", "n_head", "n_positions"},
        {"hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings"},
    };
    const char *const *name = names[d->general];
    snprintf(config, sizeof config,
             "{\"model_type\":\"gpt2\",\"%s\":%zu,\"%s\":%zu,\"%s\":%zu,\"%s\":%zu,\"n_inner\":%s,"
             "\"vocab_size\":%zu%s%s}",
             name[0], m->n_embd, name[1], m->n_layer, name[2], m->n_head, name[3], m->n_ctx, inner, m->n_vocab,
             d->config ? "," : "", d->config ? d->config : "");
    write_text("config.json", config);
}

// The logits of a directory of `tiny`, or of its GGUF file when d is NULL.
static float *logits_of(struct tiny *tiny, const struct directory *d, const struct kernels *kernels) {
    struct buffer file = {0};
    struct weights *w;
    struct model *model;
    quill_error err;
    if (d) {
        write_directory(tiny, d);
        assert_ok(weights_open(&w, folder, WEIGHTS_ALL, MAP_FILE, &err), err);
    } else {
        file = tiny_gguf(tiny);
        assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
    }
    assert_ok(model_bind(&model, w, kernels, &err), err);
    int32_t *ids = rig_ids(tiny, N_IDS, 3);
    float *logits = rig_logits(model, &(struct way){.kv = KV_F32, .threads = 2, .chunk = 6}, ids, N_IDS);
    free(ids);
    model_free(model);
    weights_close(w);
    buffer_free(&file);
    return logits;
}

static bool same_logits(struct tiny *tiny, const struct directory *a, const struct directory *b) {
    const struct kernels *kernels[8];
    size_t n = kernels_available(kernels, 8);
    bool same = true;
    for (size_t k = 0; k < n; k++) {
        float *left = logits_of(tiny, a, kernels[k]), *right = logits_of(tiny, b, kernels[k]);
        same &= memcmp(left, right, N_IDS * N_VOCAB * sizeof *left) == 0;
        free(left);
        free(right);
    }
    return same;
}

static void directories_give_the_bits_of_the_gguf_file(void **state) {
    (void)state;
    static const char *const prefixes[] = {"", "transformer.", "model."};
    for (int type = DTYPE_F32; type <= DTYPE_BF16; type++)
        for (size_t i = 0; i < 3; i++) {
            struct tiny *tiny = make((enum dtype)type);
            assert_true(same_logits(tiny, &(struct directory){.prefix = prefixes[i]}, NULL));
            tiny_free(tiny);
        }
}

// torch.compile and data-parallel training wrap a model, and its names with it.
static void names_may_stand_behind_those_of_a_wrapper(void **state) {
    (void)state;
    static const char *const wrappers[] = {"_orig_mod.", "module.", "_orig_mod.module.", "module._orig_mod."};
    static const char *const prefixes[] = {"", "transformer.", "model."};
    const struct directory plain = {.prefix = "", .config = "\"tie_word_embeddings\":false"};
    for (size_t i = 0; i < 12; i++) {
        struct tiny *tiny = make_untied();
        struct directory wrapped = plain;
        wrapped.wrapper = wrappers[i / 3], wrapped.prefix = prefixes[i % 3];
        assert_true(same_logits(tiny, &wrapped, &plain));
        tiny_free(tiny);
    }
}

static void sizes_may_have_the_general_names_of_transformers(void **state) {
    (void)state;
    struct tiny *tiny = make(DTYPE_F32);
    assert_true(same_logits(tiny, &(struct directory){.prefix = "", .general = true}, NULL));
    tiny_free(tiny);
}

// Values that f32 cannot tell from its own are rounded to these.
static void doubles_are_rounded_to_floats(void **state) {
    (void)state;
    for (size_t blanks = 0; blanks < 8; blanks += 5) {
        struct tiny *tiny = make_untied();
        const struct directory doubles = {.prefix = "transformer.", .doubles = true, .blanks = blanks};
        assert_true(same_logits(tiny, &doubles, NULL));
        tiny_free(tiny);
    }
}

static void remove_biases(struct tiny *tiny, const char *but) {
    for (size_t i = 0; i < tiny->n_tensors;) {
        struct tiny_tensor *t = &tiny->tensors[i];
        if (!strstr(t->name, ".bias") || (but && strcmp(t->name, but) == 0)) {
            i++;
            continue;
        }
        free(t->values);
        *t = tiny->tensors[--tiny->n_tensors];
    }
}

static void a_model_may_have_no_biases(void **state) {
    (void)state;
    struct tiny *without = make(DTYPE_F32), *zeros = make(DTYPE_F32);
    remove_biases(without, NULL);
    for (size_t i = 0; i < zeros->n_tensors; i++)
        if (strstr(zeros->tensors[i].name, ".bias"))
            memset(zeros->tensors[i].values, 0, tiny_cols(&zeros->tensors[i]) * sizeof(float));
    const struct kernels *kernels[8];
    for (size_t k = 0, n = kernels_available(kernels, 8); k < n; k++) {
        float *expected = logits_of(zeros, NULL, kernels[k]);
        float *gguf = logits_of(without, NULL, kernels[k]);
        float *directory = logits_of(without, &(struct directory){.prefix = "transformer."}, kernels[k]);
        for (size_t i = 0; i < N_IDS * N_VOCAB; i++) assert_true(gguf[i] == expected[i] && directory[i] == expected[i]);
        free(expected);
        free(gguf);
        free(directory);
    }
    tiny_free(without);
    tiny_free(zeros);
}

static void data_may_lie_at_any_address(void **state) {
    (void)state;
    for (size_t blanks = 1; blanks < 8; blanks++) {
        struct tiny *tiny = make(DTYPE_F32);
        assert_true(same_logits(tiny, &(struct directory){.prefix = "", .blanks = blanks}, NULL));
        tiny_free(tiny);
    }
}

static void vectors_may_be_of_any_float_type(void **state) {
    (void)state;
    for (int type = DTYPE_F16; type <= DTYPE_BF16; type++) {
        struct tiny *tiny = make(DTYPE_F32);
        for (size_t i = 0; i < tiny->n_tensors; i++)
            if (tiny->tensors[i].n_dims == 1 || strstr(tiny->tensors[i].name, "position"))
                tiny_set_type(&tiny->tensors[i], (enum dtype)type);
        float *stored = logits_of(tiny, NULL, &kernels_ref);
        for (size_t i = 0; i < tiny->n_tensors; i++) tiny->tensors[i].type = DTYPE_F32; // the same values
        float *plain = logits_of(tiny, NULL, &kernels_ref);
        assert_memory_equal(stored, plain, N_IDS * N_VOCAB * sizeof *plain);
        free(stored);
        free(plain);
        tiny_free(tiny);
    }
}

static void an_output_matrix_of_its_own_is_used(void **state) {
    (void)state;
    struct tiny *tiny = make_untied();
    assert_true(same_logits(tiny, &(struct directory){.prefix = "", .config = "\"tie_word_embeddings\":false"}, NULL));
    tiny_free(tiny);
}

// Where the configuration says that the head is the embedding, a stored head counts when it differs (as in transformers
// 5) and is no more than a copy when it does not.
static void a_stored_output_matrix_counts_where_it_differs(void **state) {
    (void)state;
    static const char *const said[] = {NULL, "\"tie_word_embeddings\":true"};
    for (size_t i = 0; i < 2; i++) {
        struct tiny *with = make_untied();
        assert_true(same_logits(with, &(struct directory){.prefix = "transformer.", .config = said[i]}, NULL));
        tiny_free(with);
    }
}

static void a_copy_of_the_embedding_is_no_output_matrix(void **state) {
    (void)state;
    struct tiny *tiny = make_untied();
    for (int copied = 0; copied < 2; copied++) {
        struct weights *w;
        struct model *model;
        quill_error err;
        const struct tiny_tensor *tokens = tiny_find(tiny, "token_embd.weight");
        if (copied) memcpy(tiny_find(tiny, "output.weight")->values, tokens->values, N_VOCAB * N_EMBD * sizeof(float));
        write_directory(tiny, &(struct directory){.prefix = ""});
        assert_ok(weights_open(&w, folder, WEIGHTS_ALL, MAP_FILE, &err), err);
        assert_ok(model_bind(&model, w, &kernels_ref, &err), err);
        assert_int_equal(model_tied(model), copied);
        assert_int_equal(model_head_differs(model), !copied);
        uint64_t values = 0;
        for (size_t i = 0; i < tiny->n_tensors; i++)
            values += tiny_rows(&tiny->tensors[i]) * tiny_cols(&tiny->tensors[i]);
        assert_int_equal(model_parameters(model), copied ? values - N_VOCAB * N_EMBD : values);
        model_free(model);
        weights_close(w);
    }
    tiny_free(tiny);
}

// The same bytes in another type are other values.
static void a_head_of_the_same_bytes_in_another_type_differs(void **state) {
    (void)state;
    struct tiny *tiny = make_untied();
    struct tiny_tensor *tokens = tiny_find(tiny, "token_embd.weight"), *head = tiny_find(tiny, "output.weight");
    struct weights *w;
    struct model *model;
    quill_error err;
    tiny_set_type(tokens, DTYPE_F16);
    for (size_t i = 0; i < N_VOCAB * N_EMBD; i++) head->values[i] = bf16_to_f32(half_from_f32(tokens->values[i]));
    tiny_set_type(head, DTYPE_BF16);
    write_directory(tiny, &(struct directory){.prefix = ""});
    assert_ok(weights_open(&w, folder, WEIGHTS_ALL, MAP_FILE, &err), err);
    const struct tensor *a = weights_tensor(w, STR("wte.weight")), *b = weights_tensor(w, STR("lm_head.weight"));
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(a->data, b->data, a->bytes);
    assert_ok(model_bind(&model, w, &kernels_ref, &err), err);
    assert_false(model_tied(model));
    model_free(model);
    weights_close(w);
    tiny_free(tiny);
}

static void tensors_nobody_knows_are_ignored(void **state) {
    (void)state;
    static const char *const names[] = {"h.0.attn.bias", "h.1.attn.masked_bias", "score.weight"};
    for (size_t i = 0; i < 3; i++) {
        struct tiny *tiny = make(DTYPE_F32);
        assert_true(same_logits(tiny, &(struct directory){.prefix = "", .tensor = names[i]}, NULL));
        tiny_free(tiny);
    }
}

// ---- what config.json says ----

static struct model *bind_directory(const char *config, struct weights **w, quill_error *err) {
    struct tiny *tiny = make(DTYPE_F32);
    struct model *model = NULL;
    write_directory(tiny, &(struct directory){.prefix = "", .config = config});
    tiny_free(tiny);
    err->text[0] = '\0';
    assert_int_equal(weights_open(w, folder, WEIGHTS_ALL, MAP_READ, err), 0);
    quill_status s = model_bind(&model, *w, &kernels_ref, err);
    assert_int_equal(s, model ? QUILL_OK : QUILL_E_MODEL);
    return model;
}

static void configuration_values_reach_the_plan(void **state) {
    (void)state;
    const float scale = 1.0f / sqrtf((float)N_EMBD / N_HEAD);
    static const struct {
        const char *config;
        enum act_fn act;
        float eps;
        int scaled; // 0: not, 1: by the head dimension, 2: and by the layer
    } rows[] = {
        {NULL, ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_new\"", ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_pytorch_tanh\"", ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_python_tanh\"", ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_fast\"", ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_accurate\"", ACTF_GELU_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu_python\"", ACTF_GELU_ERF, 1e-5f, 1},
        {"\"activation_function\":\"silu\"", ACTF_SILU, 1e-5f, 1},
        {"\"activation_function\":\"swish\"", ACTF_SILU, 1e-5f, 1},
        {"\"activation_function\":\"quick_gelu\"", ACTF_QUICK_GELU, 1e-5f, 1},
        {"\"activation_function\":\"relu2\"", ACTF_RELU_SQUARED, 1e-5f, 1},
        {"\"activation_function\":\"tanh\"", ACTF_TANH, 1e-5f, 1},
        {"\"activation_function\":\"gelu\",\"layer_norm_epsilon\":0.5", ACTF_GELU_ERF, 0.5f, 1},
        {"\"activation_function\":\"relu\",\"layer_norm_epsilon\":1", ACTF_RELU, 1, 1},
        {"\"scale_attn_weights\":false", ACTF_GELU_TANH, 1e-5f, 0},
        {"\"scale_attn_weights\":true,\"scale_attn_by_inverse_layer_idx\":true", ACTF_GELU_TANH, 1e-5f, 2},
        {"\"reorder_and_upcast_attn\":true,\"n_ctx\":5,\"add_cross_attention\":false", ACTF_GELU_TANH, 1e-5f, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weights *w;
        quill_error err;
        struct model *model = bind_directory(rows[i].config, &w, &err);
        assert_ok(model ? 0 : 6, err);
        const struct layer_plan *second = &model->layers[1];
        assert_int_equal(second->act, rows[i].act);
        assert_true(model->hp.norm_eps == rows[i].eps);
        assert_true(second->score_scale == (rows[i].scaled == 0 ? 1 : rows[i].scaled == 1 ? scale : scale / 2));
        assert_int_equal(model->hp.n_ctx, N_CTX);
        model_free(model);
        weights_close(w);
    }
}

static void an_inner_size_of_null_is_four_times_the_embedding(void **state) {
    (void)state;
    struct tiny *tiny = tiny_make(N_EMBD, N_HEAD, N_LAYER, 4 * N_EMBD, N_VOCAB, N_CTX, DTYPE_F32, 11);
    assert_true(same_logits(tiny, &(struct directory){.prefix = "", .inner_null = true}, NULL));
    tiny_free(tiny);
}

static void facts_of_a_model_can_be_asked(void **state) {
    (void)state;
    struct tiny *tiny = make(DTYPE_F32);
    struct rig rig = rig_open(tiny, &kernels_ref);
    uint64_t values = 0;
    for (size_t i = 0; i < tiny->n_tensors; i++) values += tiny_rows(&tiny->tensors[i]) * tiny_cols(&tiny->tensors[i]);
    assert_int_equal(model_parameters(rig.model), values);
    assert_string_equal(model_family(rig.model), "gpt2");
    assert_true(model_tied(rig.model) && !model_head_differs(rig.model));
    assert_ptr_equal(model_kernels(rig.model), &kernels_ref);
    const struct hparams *hp = model_hparams(rig.model);
    assert_int_equal(hp->n_vocab, N_VOCAB); // no key says so: from the embedding
    assert_int_equal(hp->head_dim, N_EMBD / N_HEAD);
    assert_int_equal(hp->n_head_kv, N_HEAD);
    rig_close(&rig);
}

// The third layer drafts tokens. Its tensors may be there or not, and of any shape.
static void blocks_that_draft_tokens_are_left_out(void **state) {
    (void)state;
    struct tiny *two = make(DTYPE_F32);
    struct tiny *three = tiny_make(N_EMBD, N_HEAD, N_LAYER + 1, N_FF, N_VOCAB, N_CTX, DTYPE_F32, 11);
    for (size_t i = 0; i < two->n_tensors; i++) {
        struct tiny_tensor *same = tiny_find(three, two->tensors[i].name);
        memcpy(same->values, two->tensors[i].values, tiny_rows(same) * tiny_cols(same) * sizeof(float));
    }
    struct tiny_tensor *odd = tiny_find(three, "blk.2.ffn_up.weight");
    odd->shape[0] /= 2;
    snprintf(odd->name, sizeof odd->name, "blk.2.nextn.eh_proj.weight");
    tiny_key(three, "gpt2.nextn_predict_layers", 4, 1, NULL);
    float *expected = logits_of(two, NULL, &kernels_ref), *found = logits_of(three, NULL, &kernels_ref);
    assert_memory_equal(found, expected, N_IDS * N_VOCAB * sizeof *found);
    free(expected);
    free(found);
    tiny_free(two);
    struct rig rig = rig_open(three, &kernels_ref);
    assert_int_equal(model_hparams(rig.model)->n_layer, N_LAYER);
    rig_close(&rig);
}

// ---- files that are wrong ----

static void refused_directory(const char *config, const char *words) {
    struct weights *w;
    quill_error err = {0};
    struct model *model = bind_directory(config, &w, &err);
    if (model || !strstr(err.text, words) || strncmp(err.text, folder, strlen(folder)) != 0)
        print_error("%s: wanted '%s', got '%s'\n", config, words, err.text);
    assert_null(model);
    assert_non_null(strstr(err.text, words));
    weights_close(w);
}

static void configurations_that_do_not_fit_are_refused(void **state) {
    (void)state;
    refused_directory("\"activation_function\":\"mish\"",
                      "'activation_function': expected gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, "
                      "gelu_pytorch_tanh, gelu_python_tanh, quick_gelu, relu, relu2, silu, swish or tanh, found "
                      "'mish'");
    refused_directory("\"activation_function\":7", "'activation_function': expected a string, found an integer");
    refused_directory("\"attention_bias\":false",
                      "'attention_bias': expected true, since there is tensor 'h.0.ln_1.bias', found false");
    refused_directory("\"add_cross_attention\":true", "'add_cross_attention': expected false, found true");
    refused_directory("\"tie_word_embeddings\":false",
                      "tensor 'lm_head.weight': expected shape [30, 24], found no such tensor");
    refused_directory("\"layer_norm_epsilon\":0", "'layer_norm_epsilon': expected a number above 0, found 0");
    refused_directory("\"layer_norm_epsilon\":1e-60", "'layer_norm_epsilon': expected a number above 0, found 1e-60");
    refused_directory("\"layer_norm_epsilon\":-1e-5", "'layer_norm_epsilon': expected a number above 0, found -1e-05");
    refused_directory("\"hidden_size\":26", "tensor 'wte.weight': expected shape [30, 26], found [30, 24]");
    refused_directory("\"num_hidden_layers\":0", "'num_hidden_layers': expected 1 to 1024, found 0");
    refused_directory("\"num_attention_heads\":\"2\"", "'num_attention_heads': expected an integer");
    refused_directory("\"tie_word_embeddings\":1", "'tie_word_embeddings': expected a truth value, found an integer");
}

// A change to the file, and what the message must hold. The change is made to a key (value) or a tensor.
static void refused_gguf(struct tiny *tiny, const char *words) {
    struct buffer file = tiny_gguf(tiny);
    struct weights *w;
    struct model *model = NULL;
    quill_error err = {0};
    assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
    quill_status s = model_bind(&model, w, &kernels_ref, &err);
    if (s != QUILL_E_MODEL || !strstr(err.text, words) || strncmp(err.text, "tiny.gguf: ", 11) != 0)
        print_error("wanted '%s', got %d '%s'\n", words, (int)s, err.text);
    assert_int_equal(s, QUILL_E_MODEL);
    assert_non_null(strstr(err.text, words));
    assert_null(model);
    weights_close(w);
    buffer_free(&file);
    tiny_free(tiny);
}

static struct tiny *with_key(const char *name, uint32_t type, uint32_t bits, const char *text) {
    struct tiny *tiny = make(DTYPE_F32);
    for (size_t i = 0; i < tiny->n_keys; i++)
        if (strcmp(tiny->keys[i].name, name) == 0) tiny->keys[i] = tiny->keys[--tiny->n_keys];
    if (type) tiny_key(tiny, name, type, bits, text);
    return tiny;
}

static void keys_that_do_not_fit_are_refused(void **state) {
    (void)state;
    const uint32_t u32 = 4, text = 8;
    refused_gguf(with_key("general.architecture", 0, 0, NULL),
                 "'general.architecture': expected a model family quill runs, found nothing");
    refused_gguf(with_key("general.architecture", text, 0, "gpt-2"),
                 "expected a model family quill runs, found 'gpt-2'; did you mean 'gpt2'?");
    refused_gguf(with_key("general.architecture", text, 0, "diffusion"), "found 'diffusion'");
    refused_gguf(with_key("general.architecture", text, 0, "gpt2\x1b[2J"), "found 'gpt2\\x1b[2J'");
    refused_gguf(with_key("general.architecture", u32, 1, NULL), "'general.architecture': expected a string");
    static const char *const sizes[] = {"context_length", "embedding_length", "block_count", "attention.head_count"};
    for (size_t i = 0; i < 4; i++) {
        char key[64], words[128];
        snprintf(key, sizeof key, "gpt2.%s", sizes[i]);
        snprintf(words, sizeof words, "'%s': expected 1 to ", key);
        refused_gguf(with_key(key, 0, 0, NULL), words);
        refused_gguf(with_key(key, u32, 0, NULL), words);
        refused_gguf(with_key(key, u32, UINT32_MAX, NULL), words);
        snprintf(words, sizeof words, "'%s': expected an integer", key);
        refused_gguf(with_key(key, text, 0, "many"), words);
    }
    refused_gguf(with_key("gpt2.attention.head_count", u32, 5, NULL),
                 "embedding length: expected a multiple of the 5 heads, found 24");
    refused_gguf(with_key("gpt2.attention.head_count_kv", u32, 3, NULL),
                 "key/value heads: expected a divisor of the 2 heads, found 3");
    static const char drafts[] = "gpt2.nextn_predict_layers";
    refused_gguf(with_key(drafts, u32, 2, NULL),
                 "'gpt2.nextn_predict_layers': expected fewer than the 2 blocks, found 2");
    refused_gguf(with_key(drafts, u32, UINT32_MAX, NULL), "'gpt2.nextn_predict_layers': expected 0 to 1024, found ");
    refused_gguf(with_key(drafts, text, 0, "one"), "'gpt2.nextn_predict_layers': expected an integer");
}

static void epsilons_that_are_no_positive_numbers_are_refused(void **state) {
    (void)state;
    static const char key[] = "gpt2.attention.layer_norm_epsilon";
    refused_gguf(with_key(key, 0, 0, NULL), "'gpt2.attention.layer_norm_epsilon' or "
                                            "'gpt2.attention.layer_norm_rms_epsilon': expected a number above 0, "
                                            "found nothing");
    static const float bad[] = {NAN, INFINITY, -INFINITY, 0, -1e-5f};
    static const char *const found[] = {"nan", "inf", "-inf", "0", "-1e-05"};
    for (size_t i = 0; i < 5; i++) {
        char words[64];
        snprintf(words, sizeof words, "expected a number above 0, found %s", found[i]);
        refused_gguf(with_key(key, 6, f32_bits(bad[i]), NULL), words);
    }
}

static void every_missing_tensor_is_named(void **state) {
    (void)state;
    struct tiny *all = make(DTYPE_F32);
    size_t n = all->n_tensors;
    for (size_t i = 0; i < n; i++) {
        struct tiny *tiny = make(DTYPE_F32);
        char words[96];
        snprintf(words, sizeof words, "tensor '%s': expected shape [", tiny->tensors[i].name);
        free(tiny->tensors[i].values);
        tiny->tensors[i] = tiny->tensors[--tiny->n_tensors];
        refused_gguf(tiny, words);
    }
    tiny_free(all);
}

// Prefixes and wrappers are a matter of directories.
static void names_in_gguf_files_have_no_prefix(void **state) {
    (void)state;
    static const char *const names[] = {"module.token_embd.weight", "transformer.token_embd.weight"};
    for (size_t i = 0; i < 2; i++) {
        struct tiny *tiny = make(DTYPE_F32);
        snprintf(tiny_find(tiny, "token_embd.weight")->name, 48, "%s", names[i]);
        refused_gguf(tiny, "tensor 'token_embd.weight': expected shape [0, 24], found no such tensor");
    }
}

// All biases or none: of a file with one of them the others are missing.
static void a_model_has_all_biases_or_none(void **state) {
    (void)state;
    struct tiny *tiny = make(DTYPE_F32);
    remove_biases(tiny, "blk.1.ffn_up.bias");
    refused_gguf(tiny, "tensor 'blk.0.attn_norm.bias': expected shape [24], found no such tensor");
}

static void a_size_without_a_name_is_missing_under_all_of_its_names(void **state) {
    (void)state;
    struct weights *w;
    struct model *model;
    quill_error err;
    struct tiny *tiny = make(DTYPE_F32);
    write_directory(tiny, &(struct directory){.prefix = ""});
    write_text("config.json", "{\"model_type\":\"gpt2\",\"n_embd\":null,\"embedding_size\":24}");
    assert_ok(weights_open(&w, folder, WEIGHTS_ALL, MAP_READ, &err), err);
    assert_int_equal(model_bind(&model, w, &kernels_ref, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, ": 'hidden_size' or 'n_embd': expected 1 to 65536, found nothing"));
    weights_close(w);
    tiny_free(tiny);
}

// Each side of each tensor one longer than it should be.
static void every_wrong_shape_is_named(void **state) {
    (void)state;
    struct tiny *all = make(DTYPE_F32);
    size_t n = all->n_tensors;
    for (size_t i = 0; i < n; i++)
        for (int side = 0; side < all->tensors[i].n_dims; side++) {
            struct tiny *tiny = make(DTYPE_F32);
            struct tiny_tensor *t = &tiny->tensors[i];
            char words[128];
            if (t->n_dims == 1)
                snprintf(words, sizeof words, "tensor '%s': expected shape [%zu], found [%zu]", t->name, t->shape[0],
                         t->shape[0] + 1);
            else
                snprintf(words, sizeof words, "tensor '%s': expected shape [%zu, %zu], found [%zu, %zu]", t->name,
                         t->shape[0], t->shape[1], t->shape[0] + (side == 0), t->shape[1] + (side == 1));
            t->shape[side]++;
            free(t->values);
            t->values = calloc(tiny_rows(t) * tiny_cols(t), sizeof(float));
            // Without a key, the embedding itself says how large the vocabulary is.
            if (strcmp(t->name, "token_embd.weight") == 0) tiny_key(tiny, "gpt2.vocab_size", 4, N_VOCAB, NULL);
            refused_gguf(tiny, words);
        }
    tiny_free(all);
}

// Without a key the embedding says how large the vocabulary is, within bounds. Its data are not looked at before.
static void an_embedding_has_one_row_to_four_million(void **state) {
    (void)state;
    static const struct {
        uint64_t rows;
        const char *words;
    } cases[] = {
        {0, "tensor 'token_embd.weight': expected at least one value, found shape [0, 24]"},
        {4194305, "tensor 'token_embd.weight': expected shape [0, 24], found [4194305, 24]"},
        {UINT64_C(4294967326), "tensor 'token_embd.weight': expected shape [0, 24], found [4294967326, 24]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tiny *tiny = make(DTYPE_F32);
        struct buffer file = tiny_gguf(tiny);
        struct weights *w;
        struct model *model = NULL;
        quill_error err = {0};
        assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
        for (size_t k = 0; k < w->n_tensors; k++)
            if (str_is(w->tensors[k].name, "token_embd.weight")) w->tensors[k].shape[0] = cases[i].rows;
        assert_int_equal(model_bind(&model, w, &kernels_ref, &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, cases[i].words));
        assert_null(model);
        weights_close(w);
        buffer_free(&file);
        tiny_free(tiny);
    }
}

static void the_number_of_dimensions_counts(void **state) {
    (void)state;
    struct tiny *tiny = make(DTYPE_F32);
    struct tiny_tensor *t = tiny_find(tiny, "blk.1.ffn_up.bias");
    *t = (struct tiny_tensor){.n_dims = 2, .shape = {1, N_FF}, .values = t->values};
    snprintf(t->name, sizeof t->name, "blk.1.ffn_up.bias");
    refused_gguf(tiny, "tensor 'blk.1.ffn_up.bias': expected shape [40], found [1, 40]");
}

static void quantized_vectors_are_refused(void **state) {
    (void)state;
    struct tiny *tiny = tiny_make(32, 2, 1, 64, 50, 40, DTYPE_Q8_0, 3);
    tiny_set_type(tiny_find(tiny, "blk.0.ffn_norm.weight"), DTYPE_Q8_0);
    refused_gguf(tiny, "tensor 'blk.0.ffn_norm.weight': expected weight type F32, F16, BF16, found Q8_0");
}

static void weight_types_without_kernels_are_named(void **state) {
    (void)state;
    struct tiny *tiny = tiny_make(256, 2, 1, 256, 50, 40, DTYPE_F32, 3);
    struct buffer file = tiny_gguf(tiny);
    struct weights *w;
    struct model *model;
    quill_error err;
    assert_ok(weights_open_memory(&w, file.p, file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
    struct tensor *t = (struct tensor *)(uintptr_t)weights_tensor(w, STR("blk.0.attn_output.weight"));
    t->dtype = DTYPE_NONE, t->type = "IQ2_XXS"; // as a file of such tensors is opened
    assert_int_equal(model_bind(&model, w, &kernels_ref, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "tiny.gguf: tensor 'blk.0.attn_output.weight': expected weight type F32, F16, BF16, "
                                  "Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS, "
                                  "found IQ2_XXS");
    weights_close(w);
    buffer_free(&file);
    tiny_free(tiny);
}

static void tensors_of_a_wrong_type_in_a_directory_are_named(void **state) {
    (void)state;
    static const struct {
        const char *type, *found;
        int bytes; // of the four values
    } types[] = {
        {"U8", "U8", 4},           {"F8_E4M3", "F8_E4M3", 4}, {"F8_E5M2", "F8_E5M2", 4}, {"F4", "F4", 2},
        {"BOOL", "BOOL", 4},       {"I32", "I32", 16},        {"C64", "C64", 32},
        {"F8_E4M3FNUZ", "F8_E4M3FNUZ", 4}, {"F9", "one without a name", 4},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char header[128], words[128];
        snprintf(header, sizeof header, "{\"wte.weight\":{\"dtype\":\"%s\",\"shape\":[2,2],\"data_offsets\":[0,%d]}}",
                 types[i].type, types[i].bytes);
        write_safetensors("model.safetensors", header, (size_t)types[i].bytes);
        write_text("config.json", "{\"model_type\":\"gpt2\",\"n_embd\":2,\"n_layer\":1,\"n_head\":1,\"n_positions\":2,"
                                  "\"vocab_size\":2}");
        snprintf(words, sizeof words, ", IQ4_XS, found %s", types[i].found);
        struct weights *w;
        struct model *model;
        quill_error err;
        assert_ok(weights_open(&w, folder, WEIGHTS_ALL, MAP_READ, &err), err);
        assert_int_equal(model_bind(&model, w, &kernels_ref, &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, "tensor 'wte.weight': expected weight type F32, F16, BF16, Q8_0"));
        assert_string_equal(err.text + strlen(err.text) - strlen(words), words);
        weights_close(w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_give_the_bits_of_the_gguf_file),
        cmocka_unit_test(names_may_stand_behind_those_of_a_wrapper),
        cmocka_unit_test(sizes_may_have_the_general_names_of_transformers),
        cmocka_unit_test(doubles_are_rounded_to_floats),
        cmocka_unit_test(a_model_may_have_no_biases),
        cmocka_unit_test(data_may_lie_at_any_address),
        cmocka_unit_test(vectors_may_be_of_any_float_type),
        cmocka_unit_test(an_output_matrix_of_its_own_is_used),
        cmocka_unit_test(a_stored_output_matrix_counts_where_it_differs),
        cmocka_unit_test(a_copy_of_the_embedding_is_no_output_matrix),
        cmocka_unit_test(a_head_of_the_same_bytes_in_another_type_differs),
        cmocka_unit_test(tensors_nobody_knows_are_ignored),
        cmocka_unit_test(configuration_values_reach_the_plan),
        cmocka_unit_test(an_inner_size_of_null_is_four_times_the_embedding),
        cmocka_unit_test(facts_of_a_model_can_be_asked),
        cmocka_unit_test(blocks_that_draft_tokens_are_left_out),
        cmocka_unit_test(configurations_that_do_not_fit_are_refused),
        cmocka_unit_test(keys_that_do_not_fit_are_refused),
        cmocka_unit_test(epsilons_that_are_no_positive_numbers_are_refused),
        cmocka_unit_test(every_missing_tensor_is_named),
        cmocka_unit_test(names_in_gguf_files_have_no_prefix),
        cmocka_unit_test(a_model_has_all_biases_or_none),
        cmocka_unit_test(a_size_without_a_name_is_missing_under_all_of_its_names),
        cmocka_unit_test(every_wrong_shape_is_named),
        cmocka_unit_test(an_embedding_has_one_row_to_four_million),
        cmocka_unit_test(the_number_of_dimensions_counts),
        cmocka_unit_test(quantized_vectors_are_refused),
        cmocka_unit_test(weight_types_without_kernels_are_named),
        cmocka_unit_test(tensors_of_a_wrong_type_in_a_directory_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
