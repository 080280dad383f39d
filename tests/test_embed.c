// SPDX-License-Identifier: MIT
// Embeddings, against transformers and sentence-transformers (tests/data/embeddings; scripts/reference/embeddings.py).
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "expected.h"
#include "folder.h"
#include "load/embed_config.h"
#include "load/open.h"
#include "quill/batch.h"
#include "quill/embed.h"
#include "quill/score.h"

enum { MOST = 128, MOST_EMBD = 64, MOST_FIELDS = 5 };
static const double bound = 3e-5; // of the largest value, as for logits of families; BF16 weights as F32

static const char *const models[] = {"qwen3", "llama", "gemma3"};
enum { N_MODELS = sizeof models / sizeof *models };

struct stage {
    quill_model *model;
    quill_session *session;
    size_t n_embd;
    float *wide; // BF16 weights as F32; NULL: as in the file
    quill_error err;
};

static struct stage open_as(const char *path, bool wide, quill_session_options options) {
    struct stage st = {0};
    quill_model_info info;
    if (!options.kv_type) options.kv_type = "f32";
    if (!options.n_threads) options.n_threads = 1;
    assert_ok(quill_model_open(&st.model, path, NULL, &st.err), st.err);
    if (wide) {
        model_free(st.model->model);
        st.wide = widen(st.model->weights);
        assert_ok(model_bind(&st.model->model, st.model->weights, st.model->kernels, &st.err), st.err);
    }
    assert_ok(quill_session_create(&st.session, st.model, &options, &st.err), st.err);
    quill_model_describe(st.model, &info);
    st.n_embd = (size_t)info.n_embd;
    assert_true(st.n_embd <= MOST_EMBD);
    return st;
}

static const char *family_path(const char *name, const char *file) {
    static char path[200];
    snprintf(path, sizeof path, "%s%s%s", TEST_DATA("families/"), name, file);
    return path;
}

static struct stage open_stage(const char *name, quill_session_options options) {
    return open_as(family_path(name, ""), false, options);
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    quill_model_free(st->model);
    free(st->wide);
}

struct case_row {
    quill_pooling pooling;
    size_t skip;
    bool normalize;
    int32_t ids[MOST];
    size_t n;
    double vector[MOST_EMBD];
    size_t n_embd;
};

static size_t read_numbers(double *out, size_t most, char *text) {
    size_t n = 0;
    for (char *end; *text; text = *end == ',' ? end + 1 : end) {
        assert_true(n < most);
        out[n++] = strtod(text, &end);
        assert_true(end > text);
    }
    return n;
}

static size_t split(char **fields, char *line) {
    size_t n = 0;
    for (char *at = line; at && n < MOST_FIELDS; n++) {
        fields[n] = at;
        at = strpbrk(at, "\t\n");
        if (at) *at++ = 0;
    }
    return n;
}

static quill_pooling pooling_named(const char *name) {
    quill_pooling p = QUILL_POOLING_MEAN;
    while (strcmp(quill_pooling_name(p), name) != 0) p++;
    return p;
}

static bool next_case(struct case_row *c, FILE *f) {
    static char line[8192];
    char *fields[MOST_FIELDS + 1];
    double ids[MOST];
    if (!fgets(line, sizeof line, f)) return false;
    assert_int_equal(split(fields, line), 5);
    *c = (struct case_row){.pooling = pooling_named(fields[0]), .skip = (size_t)strtol(fields[1], NULL, 10),
                           .normalize = fields[2][0] == '1'};
    c->n = read_numbers(ids, MOST, fields[3]);
    for (size_t i = 0; i < c->n; i++) c->ids[i] = (int32_t)ids[i];
    c->n_embd = read_numbers(c->vector, MOST_EMBD, fields[4]);
    return true;
}

static double farthest(const float *found, const double *expected, size_t n) {
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)found[i] - expected[i]);
        if (!(d <= most)) most = d;
        if (fabs(expected[i]) > largest) largest = fabs(expected[i]);
    }
    return most / largest;
}

static void vector_of(struct stage *st, const struct case_row *c, float *out) {
    quill_embed_text text = {.ids = c->ids, .n = c->n, .n_prompt = c->skip, .vector = out};
    assert_ok(quill_embed(st->session, &text, 1, c->pooling, c->normalize, &st->err), st->err);
    assert_ok(text.status, text.error);
}

struct stages {
    struct stage wide, folder, gguf;
};

static size_t check_cases(struct stages *all, const char *name) {
    char path[200];
    size_t n = 0;
    struct case_row c;
    snprintf(path, sizeof path, "%s%s.tsv", TEST_DATA("embeddings/"), name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (; next_case(&c, f); n++) {
        float found[MOST_EMBD], other[MOST_EMBD];
        assert_int_equal(c.n_embd, all->wide.n_embd);
        vector_of(&all->wide, &c, found);
        const double d = farthest(found, c.vector, c.n_embd);
        if (!(d < bound)) print_error("%s: case %zu differs by %.2g\n", name, n + 1, d);
        assert_true(d < bound);
        vector_of(&all->folder, &c, found);
        vector_of(&all->gguf, &c, other);
        assert_memory_equal(found, other, c.n_embd * sizeof *found);
    }
    fclose(f);
    return n;
}

static void vectors_agree_with_transformers_and_both_formats_have_the_same_bits(void **state) {
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++) {
        struct stages all = {
            .wide = open_as(family_path(models[i], ""), true, (quill_session_options){0}),
            .folder = open_stage(models[i], (quill_session_options){0}),
            .gguf = open_as(family_path(models[i], "/model.gguf"), false, (quill_session_options){0}),
        };
        assert_true(check_cases(&all, models[i]) > 12);
        close_stage(&all.wide);
        close_stage(&all.folder);
        close_stage(&all.gguf);
    }
}

// ---- how they are computed --------------------------------------------------------------------------

enum { TEXTS = 23 };

// Texts of all lengths, some of which begin alike.
static void fill(struct case_row *rows, int32_t n_vocab) {
    for (size_t i = 0; i < TEXTS; i++) {
        rows[i].n = 1 + i * 37 % 31;
        for (size_t k = 0; k < rows[i].n; k++)
            rows[i].ids[k] = (int32_t)((k < 8 ? k * 5 : k * i + 3 * k) % (size_t)n_vocab);
    }
}

static void embed_all(struct stage *st, const struct case_row *rows, quill_pooling pooling, float *out) {
    quill_embed_text texts[TEXTS];
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = (quill_embed_text){.ids = rows[i].ids, .n = rows[i].n, .n_prompt = 8, .vector = out + i * MOST_EMBD};
    assert_ok(quill_embed(st->session, texts, TEXTS, pooling, false, &st->err), st->err);
    for (size_t i = 0; i < TEXTS; i++) assert_ok(texts[i].status, texts[i].error);
}

static void bits_do_not_depend_on_batch_threads_or_what_was_computed_before(void **state) {
    (void)state;
    static const quill_session_options ways[] = {
        {.n_seq = 1}, {.n_seq = 7}, {.n_seq = 16, .n_threads = 2}, {.n_seq = 3, .n_chunk = 5},
        {.n_seq = 2, .n_chunk = 2},
    };
    static struct case_row rows[TEXTS];
    static float first[3][TEXTS * MOST_EMBD], other[TEXTS * MOST_EMBD];
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct stage st = open_stage("qwen3", ways[w]);
        fill(rows, 270);
        for (quill_pooling p = QUILL_POOLING_MEAN; p <= QUILL_POOLING_LAST; p++) {
            embed_all(&st, rows, p, w ? other : first[p]);
            if (w) assert_memory_equal(first[p], other, sizeof other);
            embed_all(&st, rows, p, other); // the lanes hold the beginnings of all texts now
            assert_memory_equal(first[p], other, sizeof other);
        }
        close_stage(&st);
    }
}

// What is computed for a vector is no other for logits, and the other way round.
static void a_session_gives_logits_too(void **state) {
    (void)state;
    static struct case_row rows[TEXTS];
    static float before[MOST_EMBD], after[MOST_EMBD], first[400];
    struct stage st = open_stage("llama", (quill_session_options){.n_seq = 2});
    const float *logits;
    quill_model_info info;
    quill_model_describe(st.model, &info);
    fill(rows, 270);
    assert_true(info.n_vocab <= 400);
    assert_ok(quill_eval(st.session, rows[1].ids, rows[1].n, &logits, &st.err), st.err);
    memcpy(first, logits, (size_t)info.n_vocab * sizeof *first);
    vector_of(&st, &rows[1], before);
    assert_ok(quill_eval(st.session, rows[1].ids, rows[1].n, &logits, &st.err), st.err);
    assert_memory_equal(first, logits, (size_t)info.n_vocab * sizeof *first);
    vector_of(&st, &rows[1], after);
    assert_memory_equal(before, after, sizeof before);
    close_stage(&st);
}

static void a_text_that_fails_fails_alone(void **state) {
    (void)state;
    struct stage st = open_stage("qwen3", (quill_session_options){.n_ctx = 8, .n_seq = 2});
    const int32_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, bad[] = {1, 100000};
    float v[4][MOST_EMBD];
    quill_embed_text texts[] = {
        {.ids = ids, .n = 9, .vector = v[0]}, {.ids = ids, .n = 8, .vector = v[1]},
        {.ids = ids, .n = 0, .vector = v[2]}, {.ids = bad, .n = 2, .vector = v[3]},
    };
    assert_ok(quill_embed(st.session, texts, 4, QUILL_POOLING_MEAN, true, &st.err), st.err);
    assert_int_equal(texts[0].status, QUILL_E_CONTEXT);
    assert_ok(texts[1].status, texts[1].error);
    assert_int_equal(texts[2].status, QUILL_E_USAGE);
    assert_int_equal(texts[3].status, QUILL_E_USAGE);
    double squares = 0;
    for (size_t i = 0; i < st.n_embd; i++) squares += (double)v[1][i] * (double)v[1][i];
    assert_true(fabs(squares - 1) < 1e-6);
    assert_ok(quill_embed(st.session, texts, 0, QUILL_POOLING_MEAN, true, &st.err), st.err);
    close_stage(&st);
}

static void a_projection_behind_the_last_block_is_refused(void **state) {
    (void)state;
    struct stage st = open_stage("opt-350m", (quill_session_options){0});
    const int32_t id = 1;
    float v[MOST_EMBD];
    quill_embed_text text = {.ids = &id, .n = 1, .vector = v};
    assert_int_equal(quill_embed(st.session, &text, 1, QUILL_POOLING_MEAN, false, &st.err), QUILL_E_MODEL);
    close_stage(&st);
}

static void cosines(void **state) {
    (void)state;
    const float a[] = {3, 0, 4}, b[] = {6, 0, 8}, c[] = {0, 2, 0}, zero[] = {0, 0, 0};
    assert_true(fabs(quill_cosine(a, b, 3) - 1) < 1e-15);
    assert_true(quill_cosine(a, c, 3) == 0);
    assert_true(isnan(quill_cosine(a, zero, 3)));
}

// ---- what the files of a model say ------------------------------------------------------------------

static void copy_file(const char *name, const char *from) {
    static char bytes[1 << 17];
    FILE *f = fopen(from, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    write_file(name, bytes, n);
}

// Lays tests/data/embeddings/qwen3 over tests/data/families/qwen3.
static void make_published(void) {
    static const char *const plain[] = {"config.json", "model.safetensors"};
    static const char *const over[] = {"tokenizer.json", "tokenizer_config.json", "modules.json",
                                       "1_Pooling/config.json", "config_sentence_transformers.json"};
    char from[200];
    assert_int_equal(mkdir(in_folder("1_Pooling"), 0700), 0);
    for (size_t i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s%s", TEST_DATA("families/qwen3/"), plain[i]);
        copy_file(plain[i], from);
    }
    for (size_t i = 0; i < 5; i++) {
        snprintf(from, sizeof from, "%s%s", TEST_DATA("embeddings/qwen3/"), over[i]);
        copy_file(over[i], from);
    }
}

static void remove_published(void) {
    unlink(in_folder("1_Pooling/config.json"));
    rmdir(in_folder("1_Pooling"));
    empty_folder();
}

static const char *prompt_named(const quill_embed_config *c, const char *name) {
    for (size_t i = 0; i < c->n_prompts; i++)
        if (strcmp(c->prompts[i].name, name) == 0) return c->prompts[i].text;
    assert_string_equal(name, "");
    return "";
}

static void check_published(struct stage *st, const quill_embed_config *config, char **fields) {
    const quill_tokenizer *tokenizer = quill_model_tokenizer(st->model);
    const char *prompt = prompt_named(config, fields[0]);
    quill_ids ids = {0};
    size_t n_prompt;
    float found[MOST_EMBD];
    double expected[MOST_EMBD];
    assert_ok(quill_embed_encode(tokenizer, &ids, &n_prompt, (quill_text){prompt, strlen(prompt)},
                                 (quill_text){fields[1], strlen(fields[1])}, &st->err),
              st->err);
    assert_int_equal(ids.ids[ids.n - 1], 268); // what the template puts behind
    assert_int_equal(n_prompt > 0, *prompt != 0);
    quill_embed_text text = {.ids = ids.ids, .n = ids.n, .vector = found};
    assert_ok(quill_embed(st->session, &text, 1, config->pooling, config->normalize, &st->err), st->err);
    assert_int_equal(read_numbers(expected, MOST_EMBD, fields[2]), st->n_embd);
    assert_true(farthest(found, expected, st->n_embd) < bound);
    quill_ids_free(&ids);
}

static void a_published_model_gives_the_vectors_of_sentence_transformers(void **state) {
    (void)state;
    make_published();
    struct stage st = open_as(folder, true, (quill_session_options){0});
    quill_embed_config *config;
    assert_ok(quill_embed_config_read(&config, st.model, &st.err), st.err);
    assert_int_equal(config->pooling, QUILL_POOLING_LAST);
    assert_true(config->pooling_said && config->normalize && config->include_prompt && !config->default_prompt);
    char line[4096], *fields[MOST_FIELDS + 1];
    size_t n = 0;
    FILE *f = fopen(TEST_DATA("embeddings/qwen3/vectors.tsv"), "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); n++) {
        assert_true(split(fields, line) >= 3);
        check_published(&st, config, fields);
    }
    fclose(f);
    assert_int_equal(n, 8);
    quill_embed_config_free(config);
    close_stage(&st);
    remove_published();
}

static void hide_head(void) {
    static char bytes[1 << 17];
    FILE *f = fopen(in_folder("model.safetensors"), "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    char *name = memmem(bytes, n, "lm_head.weight", 14);
    assert_non_null(name);
    memcpy(name, "no_head", 7); // a tensor that no row names
    write_file("model.safetensors", bytes, n);
}

static void vector_of_folder(float *out) {
    static struct case_row row = {.ids = {5, 4, 3, 2}, .n = 4};
    struct stage st = open_as(folder, false, (quill_session_options){0});
    vector_of(&st, &row, out);
    close_stage(&st);
}

// As e5-mistral: a model that is made for embeddings has no head, and gives no text.
static void a_model_without_a_head_gives_vectors_alone(void **state) {
    (void)state;
    float with[MOST_EMBD] = {0}, without[MOST_EMBD] = {0};
    const int32_t id = 1;
    const float *logits;
    quill_model *model;
    quill_error err;
    make_published();
    vector_of_folder(with);
    hide_head();
    vector_of_folder(without);
    assert_memory_equal(with, without, sizeof with);
    struct stage st = open_as(folder, false, (quill_session_options){0});
    assert_int_equal(quill_eval(st.session, &id, 1, &logits, &st.err), QUILL_E_MODEL);
    assert_non_null(strstr(st.err.text, "the model has no head"));
    close_stage(&st);
    unlink(in_folder("modules.json"));
    assert_int_equal(quill_model_open(&model, folder, NULL, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "lm_head.weight"));
    remove_published();
}

// Generation leaves out what the template puts behind a text.
static void the_prompt_of_a_generation_has_no_end(void **state) {
    (void)state;
    make_published();
    quill_tokenizer *tokenizer;
    quill_tokenizer_info info;
    quill_ids ids = {0};
    quill_error err;
    assert_ok(quill_tokenizer_open(&tokenizer, folder, &err), err);
    quill_tokenizer_describe(tokenizer, &info);
    assert_int_equal(info.n_appended, 1);
    assert_ok(quill_encode(tokenizer, &ids, "a", 1, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_int_equal(ids.n, 1);
    quill_ids_free(&ids);
    quill_tokenizer_free(tokenizer);
    remove_published();
}

static size_t appended_by(const char *from, const char *name, int32_t *id) {
    char path[200];
    quill_tokenizer *tokenizer;
    quill_tokenizer_info info;
    quill_error err;
    snprintf(path, sizeof path, "%s/%s", from, name);
    copy_file(name, path);
    write_text("tokenizer_config.json", "{\"tokenizer_class\":\"LlamaTokenizer\",\"bos_token\":\"<s>\","
                                        "\"eos_token\":\"</s>\",\"add_eos_token\":true}");
    assert_ok(quill_tokenizer_open(&tokenizer, folder, &err), err);
    quill_tokenizer_describe(tokenizer, &info);
    const size_t n = info.n_appended;
    if (n) *id = info.appended[0];
    quill_tokenizer_free(tokenizer);
    unlink(in_folder(name));
    return n;
}

// As transformers 5 has it.
static void add_eos_token_counts_where_there_is_no_tokenizer_json(void **state) {
    (void)state;
    int32_t id = -1;
    assert_int_equal(appended_by(TEST_DATA("tokenizer/spm-bpe"), "tokenizer.model", &id), 1);
    assert_int_equal(id, 2);
    assert_int_equal(appended_by(TEST_DATA("families/llama"), "tokenizer.json", &id), 0);
}

static void a_text_without_a_token_begins_with_eos(void **state) {
    (void)state;
    struct stage st = open_stage("qwen3", (quill_session_options){0});
    const quill_tokenizer *tokenizer = quill_model_tokenizer(st.model);
    const quill_text none = {"", 0};
    quill_ids ids = {0};
    size_t n_prompt;
    assert_ok(quill_embed_encode(tokenizer, &ids, &n_prompt, none, none, &st.err), st.err);
    assert_int_equal(ids.n, 1);
    assert_int_equal(n_prompt, 0);
    quill_ids_free(&ids);
    close_stage(&st);
}

static const struct {
    int type; // -1: no key
    quill_status status;
    quill_pooling pooling;
    bool said;
} gguf_cases[] = {
    {-1, QUILL_OK, QUILL_POOLING_MEAN, false}, {0, QUILL_OK, QUILL_POOLING_MEAN, false},
    {1, QUILL_OK, QUILL_POOLING_MEAN, true},   {2, QUILL_OK, QUILL_POOLING_CLS, true},
    {3, QUILL_OK, QUILL_POOLING_LAST, true},   {4, QUILL_E_MODEL, QUILL_POOLING_MEAN, false},
    {5, QUILL_E_MODEL, QUILL_POOLING_MEAN, false},
};

// A file without tensors.
static void put_gguf(struct buffer *b, int type) {
    enum { U32 = 4, STRING = 8 }; // numbers of types of values
    put_bytes(b, "GGUF", 4);
    put_u32(b, 3);
    put_u64(b, 0);
    put_u64(b, type < 0 ? 1 : 2);
    put_text(b, "general.architecture");
    put_u32(b, STRING);
    put_text(b, "qwen3");
    if (type < 0) return;
    put_text(b, "qwen3.pooling_type");
    put_u32(b, U32);
    put_u32(b, (uint32_t)type);
}

static void gguf_files_name_a_pooling(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof gguf_cases / sizeof *gguf_cases; i++) {
        struct buffer bytes = {0};
        struct weights *w;
        quill_embed_config config;
        quill_error err;
        put_gguf(&bytes, gguf_cases[i].type);
        assert_ok(weights_open_memory(&w, bytes.p, bytes.n, "memory", WEIGHTS_METADATA, &err), err);
        struct arena arena = {0};
        assert_int_equal(embed_config_find(&config, &arena, w, &err), gguf_cases[i].status);
        if (!gguf_cases[i].status) {
            assert_int_equal(config.pooling, gguf_cases[i].pooling);
            assert_int_equal(config.pooling_said, gguf_cases[i].said);
            assert_int_equal(config.normalize, gguf_cases[i].said);
        }
        arena_free(&arena);
        weights_close(w);
        buffer_free(&bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_agree_with_transformers_and_both_formats_have_the_same_bits),
        cmocka_unit_test(bits_do_not_depend_on_batch_threads_or_what_was_computed_before),
        cmocka_unit_test(a_session_gives_logits_too),
        cmocka_unit_test(a_text_that_fails_fails_alone),
        cmocka_unit_test(a_projection_behind_the_last_block_is_refused),
        cmocka_unit_test(cosines),
        cmocka_unit_test_setup_teardown(a_published_model_gives_the_vectors_of_sentence_transformers, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_model_without_a_head_gives_vectors_alone, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_prompt_of_a_generation_has_no_end, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(add_eos_token_counts_where_there_is_no_tokenizer_json, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_text_without_a_token_begins_with_eos),
        cmocka_unit_test(gguf_files_name_a_pooling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
