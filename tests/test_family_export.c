// SPDX-License-Identifier: MIT
// What quantize writes of the tiny models of every family (tests/data/families): a file that runs as the directory does
// to the bit, with the tensors and keys that other programs write.
#include <jansson.h>

#include "family_models.h"
#include "folder.h"
#include "kernels/kernels.h"
#include "model/bind/bind.h"
#include "model/families/family.h"
#include "quill/model.h"

static const char *written(void) { return in_folder("written.gguf"); }

// A directory's own float type, so that nothing is rounded.
static const char *type_of(const struct loaded *l) { return dtypes[l->model->tokens.dtype].name; }

// ---- every directory ----

// Directories of families that have a form in GGUF, and the trait that it cannot say.
static const struct {
    const char *folder, *trait;
} unsaid[] = {{"cerebras", "its activation"}, {"llama-yarn-given", "its rotary positions"}};

static const char *unsaid_of(const char *folder_name) {
    for (size_t i = 0; i < sizeof unsaid / sizeof unsaid[0]; i++)
        if (strcmp(unsaid[i].folder, folder_name) == 0) return unsaid[i].trait;
    return NULL;
}

static bool has_bits_of_directory(const char *name) {
    struct expected e = expected_of(name);
    float *a = logits_of(name, &e, 0, 1), *b = logits_at(written(), &e, 0, 1);
    const bool same = same_bits(&e, a, b);
    if (!same) print_error("%s: other bits\n", name);
    free(a);
    free(b);
    free_expected(&e);
    return same;
}

static void assert_refused(const char *path, const char *type, const char *why) {
    quill_error err;
    assert_int_equal(quill_quantize(path, written(), type, NULL, &err), QUILL_E_MODEL);
    if (!strstr(err.text, why)) print_error("%s: expected '%s', found '%s'\n", path, why, err.text);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(access(written(), F_OK), -1);
}

static void what_is_written_has_the_bits_of_its_directory(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    size_t n = 0, same = 0, n_unsaid = 0, formless = 0;
    for (size_t i = 0; i < paths->n; i++) {
        const char *name = paths->names[i], *trait = unsaid_of(name);
        struct loaded l;
        quill_error err;
        if (strstr(name, "/") || try_load(&l, path_of(name), &err)) continue; // a file; not run yet
        if (!family_in_gguf(l.model->family)) {
            assert_refused(path_of(name), type_of(&l), "expected a family that has a form in GGUF");
            formless++;
        } else if (trait) {
            assert_refused(path_of(name), type_of(&l), trait);
            n_unsaid++;
        } else {
            assert_ok(quill_quantize(path_of(name), written(), type_of(&l), NULL, &err), err);
            n++, same += has_bits_of_directory(name);
        }
        unload(&l);
        unlink(written());
    }
    print_message("%zu written, %zu families without a form in GGUF\n", n, formless);
    free(paths);
    assert_int_equal(same, n);
    assert_int_equal(n_unsaid, sizeof unsaid / sizeof unsaid[0]);
    assert_true(n > 0 && formless > 0);
}

// ---- the rows of both formats ----

// Distinct sizes, so that shapes of other letters have another number of values.
static const struct hparams sizes = {.n_vocab = 101, .n_ctx = 103, .n_embd = 107, .n_layer = 1, .n_head = 21,
                                     .n_head_kv = 7, .head_dim = 13, .n_ff = 109, .rope_dims = 10, .n_embd_in = 113,
                                     .position_offset = 127};

static uint64_t count_values(const struct bind_row *row) {
    uint64_t n = 1;
    for (int i = 0; i < 3 && row->shape[i]; i++) n *= bind_dim(&sizes, row->shape[i]);
    return n;
}

// What is bound by a row of one format and written by one of the other: as many values.
static void the_same_places_have_the_same_size(void **state) {
    (void)state;
    const struct family *f;
    for (size_t i = 0; (f = family_at(i)); i++) {
        const struct family *gguf = family_in_gguf(f);
        struct row_walk walk = {f->files[WEIGHTS_HF].rows, NULL};
        for (const struct bind_row *row; gguf && (row = row_next(&walk));) {
            struct row_walk others = {gguf->files[WEIGHTS_GGUF].rows, NULL};
            for (const struct bind_row *other; (other = row_next(&others));) {
                const bool same_place = row->kind == other->kind && row->place == other->place &&
                                        bind_is_per_layer(row) == bind_is_per_layer(other);
                if (same_place && count_values(row) != count_values(other))
                    print_error("%s: %s and %s\n", f->name, row->name, other->name);
                assert_true(!same_place || count_values(row) == count_values(other));
            }
        }
    }
}

// GGUF files hold the parts of fused tensors one behind the other: so they can be written.
static void fused_rows_of_gguf_files_are_in_order(void **state) {
    (void)state;
    const struct family *f;
    for (size_t i = 0; (f = family_at(i)); i++) {
        struct row_walk walk = {f->files[WEIGHTS_GGUF].rows, NULL};
        for (const struct bind_row *row; (row = row_next(&walk));)
            assert_true(!bind_is_fused(row) || row->place == FUSED_QKV || row->place == FUSED_GATE_UP);
    }
}

// ---- the files of other programs ----

// Of folders that begin so, keys that end so.
struct keys {
    const char *folder, *key;
};
// Keys that say what goes without saying.
static const struct keys only_theirs[] = {
    {"", ".vocab_size"}, {"", ".attention.head_count_kv"}, {"", ".attention.key_length"},
    {"", ".attention.value_length"}, {"falcon", ".tensor_data_layout"}, {"cohere", ".rope.scaling.type"},
    {"nemotron", ".rope.scaling.type"}, {"hunyuan", ".rope.scaling.type"}, {"hunyuan", ".rope.scaling.factor"},
    {"phi3", ".attention.sliding_window"}, {"phi3", ".rope.scaling.original_context_length"},
    {"exaone4-window", ".attention.sliding_window_pattern"}, {"olmo3", ".attention.sliding_window_pattern"},
    {"olmo3", ".rope.scaling.yarn_attn_factor"}, {"exaone", ".attention.layer_norm_epsilon"},
    {"nemotron", ".attention.layer_norm_rms_epsilon"}, {"granite4", ".expert_count"},
    {"granite4", ".expert_used_count"}, {"granite4", ".expert_shared_feed_forward_length"},
    {"granite4", ".ssm.conv_kernel"}, {"granite4", ".ssm.group_count"}, {"granite4", ".ssm.state_size"},
    {"granite4", ".ssm.time_step_rank"}, {"granite4", ".ssm.inner_size"}, {NULL, NULL},
};
static const struct keys only_ours[] = {
    {"", ".rope.dimension_count"}, {"", ".rope.freq_base"}, {"granite", ".rope.scaling.finetuned"}, {NULL, NULL},
};
// Theirs is a list, of the same number for every layer.
static const struct keys other_values[] = {{"granite4", ".attention.head_count_kv"}, {NULL, NULL}};

static bool is_listed(const struct keys *list, const char *name, struct str key) {
    for (; list->key; list++)
        if (strncmp(name, list->folder, strlen(list->folder)) == 0 && str_ends(key, str_of(list->key))) return true;
    return false;
}

static bool same_value(const struct meta *a, const struct meta *b) {
    if (a->gguf_type != b->gguf_type) return false;
    switch (a->kind) {
    case META_BOOL: return a->b == b->b;
    case META_INT: return a->i == b->i;
    case META_FLOAT: return a->f == b->f;
    case META_STRING: return a->s.n == b->s.n && memcmp(a->s.p, b->s.p, a->s.n) == 0;
    case META_ARRAY: return a->a.bytes == b->a.bytes && memcmp(a->a.data, b->a.data, a->a.bytes) == 0;
    default: return false;
    }
}

// Every key of `a` is in `b` with the same value, but for lists; the tokenizer's have tests of their own.
static size_t compare_keys(const char *name, const struct weights *a, const struct weights *b,
                           const struct keys *missing, const char *who) {
    size_t bad = 0;
    for (size_t i = 0; i < a->n_meta; i++) {
        const struct str key = a->meta[i].key;
        const struct meta *other = weights_meta(b, key);
        if (str_starts(key, STR("tokenizer.")) || (!other && is_listed(missing, name, key))) continue;
        if (other && (same_value(&a->meta[i], other) || is_listed(other_values, name, key))) continue;
        print_error("%s: %.*s: %s\n", name, (int)key.n, key.p, other ? "other values" : who);
        bad++;
    }
    return bad;
}

static bool same_tensor(const struct tensor *a, const struct tensor *b) {
    return a && a->dtype == b->dtype && a->n_dims == b->n_dims && a->bytes == b->bytes &&
           memcmp(a->shape, b->shape, (size_t)a->n_dims * sizeof a->shape[0]) == 0 &&
           memcmp(a->data, b->data, a->bytes) == 0;
}

static size_t compare_tensors(const char *name, const struct weights *ours, const struct weights *theirs) {
    size_t bad = ours->n_tensors != theirs->n_tensors;
    for (size_t i = 0; i < theirs->n_tensors; i++) {
        const struct tensor *t = &theirs->tensors[i];
        if (same_tensor(weights_tensor(ours, t->name), t)) continue;
        print_error("%s: %.*s: absent or another\n", name, (int)t->name.n, t->name.p);
        bad++;
    }
    return bad;
}

static size_t compare_files(const char *name) {
    char gguf[NAME_BYTES];
    struct weights *ours, *theirs;
    quill_error err;
    snprintf(gguf, sizeof gguf, "%.200s/model.gguf", name);
    assert_ok(weights_open(&ours, written(), WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_ok(weights_open(&theirs, path_of(gguf), WEIGHTS_ALL, MAP_FILE, &err), err);
    size_t bad = compare_tensors(name, ours, theirs);
    if (strcmp(name, "mistral3") != 0) { // in their file it has the name of a later family
        bad += compare_keys(name, ours, theirs, only_ours, "only ours");
        bad += compare_keys(name, theirs, ours, only_theirs, "only theirs");
    }
    weights_close(ours);
    weights_close(theirs);
    return bad;
}

static void what_is_written_is_what_other_programs_write(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    size_t n = 0, bad = 0;
    for (size_t i = 0; i < paths->n; i++) {
        char name[NAME_BYTES];
        struct loaded l;
        quill_error err;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(paths->names[i], "/"), paths->names[i]);
        if (!strstr(paths->names[i], "/") || strstr(name, "-fused")) continue; // -fused: q, k and v in one tensor
        if (try_load(&l, path_of(name), &err)) continue;
        assert_ok(quill_quantize(path_of(name), written(), type_of(&l), NULL, &err), err);
        n++, bad += compare_files(name);
        unload(&l);
    }
    unlink(written());
    free(paths);
    assert_true(n > 0);
    assert_int_equal(bad, 0);
}

// ---- configurations that GGUF can say, and that it cannot ----

static void copy_file(const char *name, const char *file) {
    char from[600], to[600];
    snprintf(from, sizeof from, "%s/%s", path_of(name), file);
    snprintf(to, sizeof to, "%s", in_folder(file));
    char *real = realpath(from, NULL);
    assert_non_null(real);
    unlink(to);
    assert_int_equal(symlink(real, to), 0);
    free(real);
}

// The model of the folder `name` with these members in its config.json, in the test's folder.
static void make_changed(const char *name, const char *members) {
    char path[600], text[300];
    snprintf(path, sizeof path, "%s/config.json", path_of(name));
    snprintf(text, sizeof text, "{%s}", members);
    json_t *config = json_load_file(path, 0, NULL), *changes = json_loads(text, 0, NULL);
    assert_true(config && changes && json_object_update(config, changes) == 0);
    assert_int_equal(json_dump_file(config, in_folder("config.json"), 0), 0);
    json_decref(config);
    json_decref(changes);
    copy_file(name, "model.safetensors");
    copy_file(name, "tokenizer.json");
}

static void traits_that_gguf_cannot_say_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *folder, *members, *why;
    } cases[] = {
        {"distilgpt2", "\"scale_attn_by_inverse_layer_idx\": true", "its scaling of scores"},
        {"distilgpt2", "\"activation_function\": \"relu\"", "its activation"},
        {"smollm3", "\"no_rope_layers\": [1, 0, 1, 1]", "its rotary positions"},
        {"exaone4", "\"hidden_act\": \"gelu\"", "its activation"},
        {"llama", "\"partial_rotary_factor\": 0.67", "its rotary positions of a part of a head"},
        {"olmo", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, "
                 "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 8}",
         "tensor 'rope_freqs.weight': expected one that has a name in GGUF"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_changed(cases[i].folder, cases[i].members);
        assert_refused(folder, "F16", cases[i].why);
    }
}

static void traits_that_gguf_can_say_are_kept(void **state) {
    (void)state;
    static const struct {
        const char *folder, *members;
    } cases[] = {
        {"distilgpt2", "\"scale_attn_weights\": false"},
        {"qwen2", "\"use_sliding_window\": true, \"sliding_window\": 4, \"max_window_layers\": 1"},
        {"llama-yarn", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 3, \"attention_factor\": 0.7, "
                       "\"original_max_position_embeddings\": 16, \"beta_fast\": 4, \"beta_slow\": 2}"},
        {"llama-yarn", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 5, \"mscale\": 0.7, "
                       "\"mscale_all_dim\": 0.9, \"original_max_position_embeddings\": 16}"},
        {"stablelm", "\"use_parallel_residual\": true"},
        {"granite", "\"logits_scaling\": 3, \"embedding_multiplier\": 1, \"attention_multiplier\": 0.125"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct expected e = expected_of(cases[i].folder);
        quill_error err;
        make_changed(cases[i].folder, cases[i].members);
        assert_ok(quill_quantize(folder, written(), "F16", NULL, &err), err);
        float *plain = logits_of(cases[i].folder, &e, 0, 1);
        float *a = logits_at(folder, &e, 0, 1), *b = logits_at(written(), &e, 0, 1);
        assert_false(same_bits(&e, plain, a)); // the trait matters
        if (!same_bits(&e, a, b)) print_error("%s with %s: other bits\n", cases[i].folder, cases[i].members);
        assert_true(same_bits(&e, a, b));
        free(plain);
        free(a);
        free(b);
        free_expected(&e);
        unlink(written());
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_has_the_bits_of_its_directory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_written_is_what_other_programs_write, make_folder, remove_folder),
        cmocka_unit_test(the_same_places_have_the_same_size),
        cmocka_unit_test(fused_rows_of_gguf_files_are_in_order),
        cmocka_unit_test_setup_teardown(traits_that_gguf_cannot_say_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(traits_that_gguf_can_say_are_kept, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
