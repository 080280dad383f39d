// SPDX-License-Identifier: MIT
// A directory of Llama's form, large enough for every weight type, and what quantize writes of it.
#include "family_models.h"
#include "folder.h"
#include "kernels/kernels.h"
#include "model/bind/bind.h"
#include "model/families/family.h"
#include "quill/model.h"

enum { N_VOCAB = 277, N_EMBD = 256, N_FF = 512, HEAD = 64, N_HEAD = 4, N_HEAD_KV = 2, N_LAYER = 2 };
static const float most = 0.125f; // of every matrix

static const char config[] =
    "{\"model_type\": \"llama\", \"hidden_size\": 256, \"intermediate_size\": 512, \"num_hidden_layers\": 2, "
    "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"vocab_size\": 277, \"max_position_embeddings\": 64, "
    "\"rms_norm_eps\": 1e-5, \"tie_word_embeddings\": false}";

static const struct hparams sizes = {.n_vocab = N_VOCAB, .n_embd = N_EMBD, .n_layer = N_LAYER, .n_head = N_HEAD,
                                     .n_head_kv = N_HEAD_KV, .head_dim = HEAD, .n_ff = N_FF};

// ---- the directory ----

// Value i of tensor t: of a norm near 1, else in [-most, most).
static float value_of(size_t t, size_t i, bool norm) {
    uint64_t x = (uint64_t)t << 32 | i;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    const float u = (float)((x ^ x >> 31) >> 40) / (float)(1 << 23) - 1;
    return norm ? 1 + u / 4 : u * most;
}

static void add_tensor(struct buffer *header, struct buffer *data, const struct bind_row *row, int32_t layer,
                       size_t t) {
    char name[BIND_NAME_BYTES];
    const size_t rows = (size_t)bind_dim(&sizes, row->shape[0]), first = data->n;
    const size_t cols = row->shape[1] ? (size_t)bind_dim(&sizes, row->shape[1]) : 1;
    bind_name(row, "model.", layer, name);
    for (size_t i = 0; i < rows * cols; i++) {
        const float value = value_of(t, i, !row->shape[1]);
        assert_true(buffer_add(data, &value, sizeof value));
    }
    assert_true(buffer_add_format(header, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu", header->n ? "," : "{",
                                  strstr(name, "lm_head") ? "lm_head.weight" : name, rows));
    if (row->shape[1]) assert_true(buffer_add_format(header, ",%zu", cols));
    assert_true(buffer_add_format(header, "],\"data_offsets\":[%zu,%zu]}", first, data->n));
}

static void make_directory(void) {
    struct buffer header = {0}, data = {0}, file = {0};
    struct row_walk walk = {family_find(WEIGHTS_HF, STR("llama"))->files[WEIGHTS_HF].rows, NULL};
    size_t t = 0;
    for (const struct bind_row *row; (row = row_next(&walk));)
        for (int32_t l = 0; l < (bind_is_per_layer(row) ? N_LAYER : 1); l++)
            if (!strstr(row->name, ".bias")) add_tensor(&header, &data, row, l, t++);
    assert_true(buffer_add_byte(&header, '}'));
    const uint64_t length = header.n;
    assert_true(buffer_add(&file, &length, sizeof length) && buffer_add(&file, header.p, header.n) &&
                buffer_add(&file, data.p, data.n));
    write_file("model.safetensors", file.p, file.n);
    write_text("config.json", config);
    char *tokenizer = realpath(path_of("llama/tokenizer.json"), NULL);
    assert_int_equal(symlink(tokenizer, in_folder("tokenizer.json")), 0);
    free(tokenizer);
    buffer_free(&header);
    buffer_free(&data);
    buffer_free(&file);
}

// ---- the file ----

// The row of the directory that is row r of the file: within each head of q and k, the rows of both halves in turn.
static size_t source_row(struct str name, size_t r) {
    const size_t i = r % HEAD;
    const bool reordered = str_ends(name, STR("attn_q.weight")) || str_ends(name, STR("attn_k.weight"));
    return reordered ? r - i + i / 2 + i % 2 * (HEAD / 2) : r;
}

// The largest difference of the values of a tensor of the file from those of the directory.
static float difference_of(const struct tensor *t, const struct tensor *from) {
    const size_t cols = (size_t)t->shape[t->n_dims - 1], rows = (size_t)tensor_count(t) / cols;
    const size_t bytes = (size_t)t->bytes / rows;
    float *row = malloc(cols * sizeof *row), worst = 0;
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *want = from->data + source_row(t->name, r) * cols * sizeof(float);
        kernels_ref.decode_row[t->dtype](row, t->data + r * bytes, cols);
        for (size_t c = 0; c < cols; c++) {
            float x;
            memcpy(&x, want + c * sizeof x, sizeof x);
            worst = fmaxf(worst, fabsf(row[c] - x));
        }
    }
    free(row);
    return worst;
}

static const struct {
    const char *gguf, *hf; // "%d": the layer
    enum dtype mixed[N_LAYER]; // in Q4_K_M, by layer; F32: a norm
} tensors[] = {
    {"token_embd.weight", "model.embed_tokens.weight", {DTYPE_Q4_K}},
    {"output.weight", "lm_head.weight", {DTYPE_Q6_K}},
    {"output_norm.weight", "model.norm.weight", {DTYPE_F32}},
    {"blk.%d.attn_norm.weight", "model.layers.%d.input_layernorm.weight", {DTYPE_F32, DTYPE_F32}},
    {"blk.%d.attn_q.weight", "model.layers.%d.self_attn.q_proj.weight", {DTYPE_Q4_K, DTYPE_Q4_K}},
    {"blk.%d.attn_k.weight", "model.layers.%d.self_attn.k_proj.weight", {DTYPE_Q4_K, DTYPE_Q4_K}},
    {"blk.%d.attn_v.weight", "model.layers.%d.self_attn.v_proj.weight", {DTYPE_Q4_K, DTYPE_Q6_K}},
    {"blk.%d.attn_output.weight", "model.layers.%d.self_attn.o_proj.weight", {DTYPE_Q4_K, DTYPE_Q4_K}},
    {"blk.%d.ffn_norm.weight", "model.layers.%d.post_attention_layernorm.weight", {DTYPE_F32, DTYPE_F32}},
    {"blk.%d.ffn_gate.weight", "model.layers.%d.mlp.gate_proj.weight", {DTYPE_Q4_K, DTYPE_Q4_K}},
    {"blk.%d.ffn_up.weight", "model.layers.%d.mlp.up_proj.weight", {DTYPE_Q4_K, DTYPE_Q4_K}},
    {"blk.%d.ffn_down.weight", "model.layers.%d.mlp.down_proj.weight", {DTYPE_Q4_K, DTYPE_Q6_K}},
};

// Half a step of the coarsest block, of 254, 63 and 15 steps from -most to most, and what scales that are rounded, and
// suit most of their values, add.
static float bound_of(enum dtype type) {
    return type == DTYPE_F32 ? 0 : most * (type == DTYPE_Q8_0 ? 0.0045f : type == DTYPE_Q6_K ? 0.035f : 0.15f);
}

static const struct tensor *named(const struct weights *w, const char *format, int layer) {
    char name[BIND_NAME_BYTES];
    const struct bind_row row = {.name = format};
    bind_name(&row, "", layer, name);
    const struct tensor *t = weights_tensor(w, str_of(name));
    assert_non_null(t);
    return t;
}

static void every_matrix_has_its_type_and_its_values(void **state) {
    (void)state;
    static const char *const types[] = {"Q8_0", "Q4_K_M"};
    make_directory();
    for (size_t mix = 0; mix < 2; mix++) {
        struct weights *from, *to;
        size_t n = 0;
        quill_error err;
        assert_ok(quill_quantize(folder, in_folder("written.gguf"), types[mix], NULL, &err), err);
        assert_ok(weights_open(&to, in_folder("written.gguf"), WEIGHTS_ALL, MAP_FILE, &err), err);
        assert_ok(weights_open(&from, folder, WEIGHTS_ALL, MAP_FILE, &err), err);
        for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++)
            for (int l = 0; l < (strchr(tensors[i].gguf, '%') ? N_LAYER : 1); l++, n++) {
                const struct tensor *t = named(to, tensors[i].gguf, l);
                const bool matrix = tensors[i].mixed[l] != DTYPE_F32;
                assert_int_equal(t->dtype, mix == 0 && matrix ? DTYPE_Q8_0 : tensors[i].mixed[l]);
                const float d = difference_of(t, named(from, tensors[i].hf, l));
                if (!(d <= bound_of(t->dtype))) print_error("%s %s: %g\n", types[mix], tensors[i].gguf, (double)d);
                assert_true(d <= bound_of(t->dtype));
            }
        assert_int_equal(to->n_tensors, n);
        weights_close(to);
        weights_close(from);
    }
}

// The largest difference of the logits of a text, as a share of the largest logit.
static double logits_differ(const char *type) {
    static const int32_t ids[] = {5, 17, 3, 99, 200, 41, 270, 8, 8, 61};
    enum { N = sizeof ids / sizeof ids[0] };
    quill_error err;
    assert_ok(quill_quantize(folder, in_folder("written.gguf"), type, NULL, &err), err);
    struct loaded a = load(folder), b = load(in_folder("written.gguf"));
    const struct way way = {.kv = KV_F32};
    float *p = rig_logits(a.model, &way, ids, N), *q = rig_logits(b.model, &way, ids, N);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < (size_t)N * N_VOCAB; i++) {
        worst = fmax(worst, fabs((double)p[i] - (double)q[i]));
        largest = fmax(largest, fabs((double)p[i]));
    }
    free(p);
    free(q);
    unload(&a);
    unload(&b);
    return worst / largest;
}

static void quantized_directories_compute_almost_the_same(void **state) {
    (void)state;
    make_directory();
    assert_true(logits_differ("F32") == 0);
    const double eight = logits_differ("Q8_0"), four = logits_differ("Q4_K_M");
    print_message("of the largest logit: Q8_0 %.2g, Q4_K_M %.2g\n", eight, four);
    assert_true(eight < 0.05 && four < 0.5 && eight < four); // noise, since the weights are
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_matrix_has_its_type_and_its_values, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(quantized_directories_compute_almost_the_same, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
