// SPDX-License-Identifier: MIT
// Hugging Face directories: config.json as metadata, and which files have to be there.
#include "folder.h"

#include <limits.h>

#include "base/clock.h"
#include "formats/weights.h"

static quill_status open_folder(struct weights **w, enum weights_want want, quill_error *err) {
    return weights_open(w, folder, want, MAP_READ, err);
}

static struct weights *accepted(enum weights_want want) {
    struct weights *w;
    quill_error err;
    assert_ok(open_folder(&w, want, &err), err);
    return w;
}

static void refused(enum weights_want want, const char *words) {
    struct weights *w;
    quill_error err = {0};
    quill_status s = open_folder(&w, want, &err);
    bool fine = s == QUILL_E_MODEL && strstr(err.text, words) && strncmp(err.text, folder, strlen(folder)) == 0 &&
                strstr(err.text, "expected") && !strchr(err.text, '\n');
    if (!fine) print_error("wanted '%s', got status %d, '%s'\n", words, (int)s, err.text);
    assert_true(fine);
    assert_null(w);
}

static int setup(void **state) {
    int result = make_folder(state);
    if (result == 0) write_safetensors("model.safetensors", "{}", 0);
    return result;
}

static const struct meta *get(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    assert_non_null(m);
    assert_int_equal(m->kind, kind);
    return m;
}

// ---- config.json ----------------------------------------------------------------------------------------------------

static void config_is_metadata_with_dotted_keys(void **state) {
    (void)state;
    write_text("config.json", "\xef\xbb\xbf{\"model_type\":\"gpt2\",\"n_layer\":6,\"eps\":1e-5,\"tie\":true,"
               "\"off\":false,"
               "\"none\":null,\"rope_scaling\":{\"factor\":8.0,\"type\":{\"name\":\"yarn\"}},\"empty\":{},"
               "\"eos\":[1,2],\"archs\":[\"GPT2LMHeadModel\"],\"mixed\":[1,\"a\"],\"lists\":[[1],[2.5]],"
               "\"objects\":[{\"a\":1}],"
               "\"text\":\"a\\u0000\\u00e9\",\"negative\":-3}\n");
    struct weights *w = accepted(WEIGHTS_ALL);
    assert_true(str_is(get(w, "model_type", META_STRING)->s, "gpt2"));
    assert_int_equal(get(w, "n_layer", META_INT)->i, 6);
    assert_int_equal(get(w, "negative", META_INT)->i, -3);
    assert_true(get(w, "eps", META_FLOAT)->f == 1e-5);
    assert_true(get(w, "tie", META_BOOL)->b && !get(w, "off", META_BOOL)->b);
    get(w, "none", META_NULL);
    assert_true(get(w, "rope_scaling.factor", META_FLOAT)->f == 8);
    assert_true(str_is(get(w, "rope_scaling.type.name", META_STRING)->s, "yarn"));
    get(w, "rope_scaling", META_OBJECT);
    get(w, "empty", META_OBJECT);
    assert_true(str_equal(get(w, "text", META_STRING)->s, STR("a\0\xc3\xa9")));
    struct meta e;
    struct meta_walk walk = {.array = &get(w, "eos", META_ARRAY)->a};
    assert_true(walk.array->kind == META_INT && walk.array->n == 2);
    assert_true(meta_next(&walk, &e) && e.i == 1 && meta_next(&walk, &e) && e.i == 2 && !meta_next(&walk, &e));
    walk = (struct meta_walk){.array = &get(w, "archs", META_ARRAY)->a};
    assert_true(walk.array->kind == META_STRING && meta_next(&walk, &e) && str_is(e.s, "GPT2LMHeadModel"));
    struct str list[1];
    assert_int_equal(meta_strings(walk.array, list), 1);
    assert_true(str_is(list[0], "GPT2LMHeadModel"));
    assert_int_equal(get(w, "mixed", META_ARRAY)->a.kind, META_NULL);
    assert_int_equal(get(w, "objects", META_ARRAY)->a.kind, META_NULL);
    walk = (struct meta_walk){.array = &get(w, "lists", META_ARRAY)->a};
    assert_true(meta_next(&walk, &e) && e.kind == META_ARRAY && e.a.items[0].i == 1);
    bool found = true;
    int64_t i;
    quill_error err;
    assert_ok(meta_int(w, "none", 0, 1, &i, &found, &err), err);
    assert_false(found); // null counts as absent
    weights_close(w);
}

// A longer dotted key is left out, and what lies behind it.
static void dotted_keys_have_up_to_1023_bytes(void **state) {
    (void)state;
    char name[1024], config[4000], key[1100];
    for (size_t n = 1021; n <= 1023; n++) { // and a dot and a letter behind it
        memset(name, 'k', n);
        name[n] = '\0';
        snprintf(config, sizeof config, "{\"%s\":{\"x\":1,\"y\":{\"z\":2}},\"q\":3}", name);
        write_text("config.json", config);
        struct weights *w = accepted(WEIGHTS_ALL);
        assert_int_equal(get(w, name, META_OBJECT)->key.n, n);
        snprintf(key, sizeof key, "%s.x", name);
        if (n == 1021) assert_int_equal(get(w, key, META_INT)->i, 1);
        else assert_null(weights_meta(w, str_of(key)));
        snprintf(key, sizeof key, "%s.y.z", name);
        assert_null(weights_meta(w, str_of(key)));
        assert_int_equal(get(w, "q", META_INT)->i, 3);
        assert_int_equal(w->n_meta, n == 1021 ? 4 : 2);
        weights_close(w);
    }
}

static void integers_beyond_64_bits_do_no_harm(void **state) {
    (void)state;
    write_text("config.json", "{\"n_layer\":6,\"eps\":0.5,\"max\":1000000000000000019884624838656,\"negative\":-7}");
    struct weights *w = accepted(WEIGHTS_ALL);
    assert_int_equal(get(w, "n_layer", META_INT)->i, 6);
    assert_int_equal(get(w, "negative", META_INT)->i, -7);
    assert_true(get(w, "eps", META_FLOAT)->f == 0.5);
    assert_true(get(w, "max", META_FLOAT)->f == 1e30);
    weights_close(w);
}

static void a_bad_config_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "config.json: expected JSON"},
        {"{", "config.json: expected JSON, found a mistake in line 1"},
        {"{\"a\":1,}", "expected JSON"},
        {"{\"a\":1}\n{\"b\":2}", "expected JSON, found a mistake in line 2"},
        {"[1]", "config.json: expected a JSON object"},
        {"7", "config.json: expected a JSON object"},
        {"{\"a\":1,\"a\":2}", "duplicate object key"},
        {"{\"a\":{\"b\":1},\"a.b\":2}", "metadata 'a.b': expected once, found twice"},
        {"{\"a\":NaN}", "expected JSON"},
        {"{\"a\":Infinity}", "expected JSON"},
        {"{\"a\":1e999}", "expected JSON"},
        {"{\"a\":\"\xff\"}", "expected JSON"},
        {"{\"a\":\"\x1b[31m\"}", "expected JSON"},
        {"{\"a\\u0000\":1}", "expected JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("config.json", cases[i].text);
        refused(WEIGHTS_ALL, cases[i].words);
    }
    write_file("config.json", "{\"a\":1}\0", 8);
    refused(WEIGHTS_ALL, "expected JSON");
}

static void deep_and_costly_configs_are_refused(void **state) {
    (void)state;
    char text[200000] = "{\"a\":";
    memset(text + 5, '[', 100000);
    write_text("config.json", text);
    refused(WEIGHTS_ALL, "config.json: expected values nested at most 64 deep");
    enum { N = 100000 }; // empty objects: two bytes each, and hundreds in memory
    struct buffer b = {0};
    assert_true(buffer_add(&b, "{\"a\":[", 6));
    for (int i = 0; i < N; i++) assert_true(buffer_add(&b, i ? ",{}" : "{}", i ? 3 : 2));
    assert_true(buffer_add(&b, "]}", 2));
    write_file("config.json", b.p, b.n);
    refused(WEIGHTS_ALL, "config.json: expected fewer values");
    b.n = 0; // long prefixes of many keys
    for (int i = 0; i < 10; i++) {
        assert_true(buffer_add(&b, "{\"", 2));
        for (int k = 0; k < 90; k++) assert_true(buffer_add_byte(&b, 'k'));
        assert_true(buffer_add(&b, "\":", 2));
    }
    assert_true(buffer_add_byte(&b, '{'));
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof text, "%s\"%d\":1", i ? "," : "", i);
        assert_true(buffer_add(&b, text, (size_t)n));
    }
    for (int i = 0; i < 11; i++) assert_true(buffer_add_byte(&b, '}'));
    write_file("config.json", b.p, b.n);
    refused(WEIGHTS_ALL, "config.json: expected a configuration of ordinary size");
    buffer_free(&b);
}

static void many_keys_are_accepted(void **state) {
    (void)state;
    struct buffer b = {0};
    char text[64];
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof text, "%s\"unknown_key_%d\":%d", i ? "," : "{", i, i);
        assert_true(buffer_add(&b, text, (size_t)n));
    }
    assert_true(buffer_add_byte(&b, '}'));
    write_file("config.json", b.p, b.n);
    buffer_free(&b);
    double start = clock_ms();
    struct weights *w = accepted(WEIGHTS_ALL);
    print_message("20,000 keys: %.1f ms\n", clock_ms() - start);
    assert_int_equal(get(w, "unknown_key_19999", META_INT)->i, 19999);
    weights_close(w);
}

static void every_damage_to_a_config_is_survived(void **state) {
    (void)state;
    char text[] = "{\"type\":\"gpt2\",\"n\":[1,-2.5e3,null,true,\"\\u00e9\"],\"o\":{\"p\":{\"q\":false}},\"z\":12}";
    quill_error err;
    struct weights *w;
    for (size_t n = 0; n < sizeof text - 1; n++) {
        write_file("config.json", text, n);
        refused(WEIGHTS_ALL, "config.json");
    }
    for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        write_file("config.json", text, sizeof text - 1);
        quill_status s = open_folder(&w, WEIGHTS_ALL, &err);
        assert_true(s == QUILL_OK || s == QUILL_E_MODEL);
        weights_close(w);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
}

// ---- the folder -----------------------------------------------------------------------------------------------------

static void missing_files_are_named(void **state) {
    (void)state;
    refused(WEIGHTS_ALL, "expected config.json in the folder, found none");
    write_text("adapter_config.json", "{}");
    refused(WEIGHTS_ALL, "expected config.json in the folder, found only adapter_config.json: an adapter, which "
                         "changes the weights of a model");
    write_text("config.json", "{}");
    empty_folder();
    write_text("config.json", "{}");
    refused(WEIGHTS_ALL, "expected model.safetensors or model.safetensors.index.json in the folder, found neither");
    write_text("pytorch_model.bin", "PK");
    refused(WEIGHTS_ALL, "expected model.safetensors in the folder, found only pytorch_model.bin (not supported)");
    write_text("model.safetensors", "");
    refused(WEIGHTS_ALL, "model.safetensors: expected a safetensors file, found a file of 0 bytes");
}

static void what_is_no_regular_file_is_refused_at_once(void **state) {
    (void)state;
    assert_int_equal(mkfifo(in_folder("config.json"), 0600), 0);
    refused(WEIGHTS_ALL, "config.json: expected a regular file");
    unlink(in_folder("config.json"));
    write_text("config.json", "{}");
    unlink(in_folder("model.safetensors"));
    assert_int_equal(mkfifo(in_folder("model.safetensors"), 0600), 0);
    refused(WEIGHTS_ALL, "model.safetensors: expected a regular file");
    assert_int_equal(mkfifo(in_folder("tokenizer.json"), 0600), 0);
    refused(WEIGHTS_TOKENIZER_ONLY, "tokenizer.json: expected a regular file");
}

// The path of the weights means the folder they lie in.
static void a_path_of_weights_means_their_folder(void **state) {
    (void)state;
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                        "model-00001-of-00002.safetensors"};
    struct weights *w;
    quill_error err;
    write_text("config.json", "{\"model_type\":\"gpt2\"}");
    for (size_t i = 0; i < 3; i++) {
        if (i > 0) write_text(names[i], "");
        assert_ok(weights_open(&w, in_folder(names[i]), WEIGHTS_ALL, MAP_READ, &err), err);
        assert_int_equal(w->format, WEIGHTS_HF);
        assert_string_equal(w->path, folder);
        weights_close(w);
    }
    static const char *const others[] = {"adapter_model.safetensors", "model-00001-of-00002.safetensors.old",
                                         "model-1.safetensors", "xmodel.safetensors"};
    for (size_t i = 0; i < 4; i++) {
        write_text(others[i], "{}");
        assert_int_equal(weights_open(&w, in_folder(others[i]), WEIGHTS_ALL, MAP_READ, &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, others[i]));
    }
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_ok(weights_open(&w, "model.safetensors", WEIGHTS_ALL, MAP_READ, &err), err);
    assert_string_equal(w->path, ".");
    weights_close(w);
    assert_int_equal(chdir(here), 0);
    assert_true(weights_have_file(in_folder("model.safetensors"), in_folder("config.json")));
}

static void tokenizer_files_are_offered(void **state) {
    (void)state;
    write_text("config.json", "{\"n\":1}");
    write_text("vocab.json", "{}");
    write_text("merges.txt", "");
    struct weights *w = accepted(WEIGHTS_ALL);
    assert_true(w->files.vocab_json.size == 2 && memcmp(w->files.vocab_json.data, "{}", 2) == 0);
    assert_true(w->files.merges_txt.data && w->files.merges_txt.size == 0);
    assert_true(!w->files.tokenizer_json.data && !w->files.tokenizer_json.size);
    weights_close(w);
}

static void a_tokenizer_alone_needs_neither_config_nor_weights(void **state) {
    (void)state;
    write_text("model.safetensors", "damaged");
    refused(WEIGHTS_TOKENIZER_ONLY,
            "expected tokenizer.json, tokenizer.model or vocab.json in the folder, found none of them");
    write_text("tokenizer.json", "{}");
    struct weights *w = accepted(WEIGHTS_TOKENIZER_ONLY);
    assert_true(w->n_tensors == 0 && w->n_meta == 0 && !weights_meta(w, STR("n")) && !weights_tensor(w, STR("n")));
    weights_close(w);
    write_text("config.json", "{\"n\":1}");
    w = accepted(WEIGHTS_TOKENIZER_ONLY);
    assert_int_equal(get(w, "n", META_INT)->i, 1);
    weights_close(w);
}

// ---- real data ------------------------------------------------------------------------------------------------------

static void open_real(const char *path, size_t least_tensors) {
    struct weights *w;
    quill_error err;
    assert_ok(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_true(str_is(get(w, "model_type", META_STRING)->s, "gpt2"));
    assert_true(w->n_tensors >= least_tensors);
    size_t rows = 0;
    for (size_t i = 0; i < w->n_tensors; i++) rows += str_is(w->tensors[i].name, "wte.weight") ||
                                                      str_is(w->tensors[i].name, "transformer.wte.weight");
    assert_int_equal(rows, 1);
    weights_close(w);
}

static void models_written_by_transformers_open(void **state) {
    (void)state;
    static const char *const models[] = {"bf40", "half64", "long32", "narrow20", "shards48", "untied24"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[100];
        snprintf(path, sizeof path, TEST_DATA("parity/%s"), models[i]);
        open_real(path, 16);
    }
}

// The same weights in a GGUF file that others' code wrote, matrices turned round.
static void a_gguf_file_and_a_folder_of_the_same_weights_agree(void **state) {
    (void)state;
    struct weights *gguf, *hf;
    quill_error err;
    assert_ok(weights_open(&gguf, TEST_DATA("gguf/long32-f32.gguf"), WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_ok(weights_open(&hf, TEST_DATA("parity/long32"), WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_int_equal(gguf->n_tensors, hf->n_tensors);
    const struct tensor *a = weights_tensor(gguf, STR("token_embd.weight"));
    const struct tensor *b = weights_tensor(hf, STR("transformer.wte.weight"));
    assert_true(a && b && a->dtype == DTYPE_F32 && b->dtype == DTYPE_F32 && a->n_dims == 2 && a->bytes == b->bytes);
    assert_true(a->shape[0] == b->shape[0] && a->shape[1] == b->shape[1]);
    assert_memory_equal(a->data, b->data, a->bytes);
    a = weights_tensor(gguf, STR("blk.0.ffn_up.weight"));
    b = weights_tensor(hf, STR("transformer.h.0.mlp.c_fc.weight"));
    assert_true(a && b && a->shape[0] == b->shape[1] && a->shape[1] == b->shape[0]);
    for (size_t r = 0; r < a->shape[0]; r++)
        for (size_t c = 0; c < a->shape[1]; c++)
            assert_memory_equal(a->data + 4 * (r * a->shape[1] + c), b->data + 4 * (c * b->shape[1] + r), 4);
    weights_close(gguf);
    weights_close(hf);
    static const char *const others[] = {TEST_DATA("gguf/bf40-bf16.gguf"), TEST_DATA("gguf/half64-q8_0.gguf")};
    static const enum dtype types[] = {DTYPE_BF16, DTYPE_Q8_0};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(weights_open(&gguf, others[i], WEIGHTS_ALL, MAP_FILE, &err), err);
        a = weights_tensor(gguf, STR("blk.0.ffn_up.weight"));
        assert_true(a && a->dtype == types[i] && str_is(get(gguf, "general.architecture", META_STRING)->s, "gpt2"));
        weights_close(gguf);
    }
}

static void a_real_model_opens(void **state) {
    (void)state;
    const char *data = shared_data();
    if (!data) skip();
    char path[4096];
    snprintf(path, sizeof path, "%s/models/tales-7m", data);
    open_real(path, 76);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(config_is_metadata_with_dotted_keys, setup, remove_folder),
        cmocka_unit_test_setup_teardown(dotted_keys_have_up_to_1023_bytes, setup, remove_folder),
        cmocka_unit_test_setup_teardown(integers_beyond_64_bits_do_no_harm, setup, remove_folder),
        cmocka_unit_test_setup_teardown(a_bad_config_is_refused, setup, remove_folder),
        cmocka_unit_test_setup_teardown(deep_and_costly_configs_are_refused, setup, remove_folder),
        cmocka_unit_test_setup_teardown(many_keys_are_accepted, setup, remove_folder),
        cmocka_unit_test_setup_teardown(every_damage_to_a_config_is_survived, setup, remove_folder),
        cmocka_unit_test_setup_teardown(missing_files_are_named, setup, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_refused_at_once, setup, remove_folder),
        cmocka_unit_test_setup_teardown(a_path_of_weights_means_their_folder, setup, remove_folder),
        cmocka_unit_test_setup_teardown(tokenizer_files_are_offered, setup, remove_folder),
        cmocka_unit_test_setup_teardown(a_tokenizer_alone_needs_neither_config_nor_weights, setup, remove_folder),
        cmocka_unit_test(models_written_by_transformers_open),
        cmocka_unit_test(a_gguf_file_and_a_folder_of_the_same_weights_agree),
        cmocka_unit_test(a_real_model_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
