// SPDX-License-Identifier: MIT
// Infill: the tokens between two texts, by kinds of models. Orders and spaces are those of the model cards and papers;
// Code Llama's spaces of its generation.py (encode_infilling), Codestral's of mistral-common's tests.
#include "tokenizer_rig.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MARK "\xe2\x96\x81"
#define BAR "\xef\xbd\x9c"

static quill_error err;

// The ids of "ab" before the gap and "c" behind it, ended by -1.
static void assert_infill(const quill_tokenizer *t, const int32_t *expected) {
    quill_ids before = {0}, ids = {0};
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    assert_true(info.infill);
    assert_ok(quill_encode(t, &before, "ab", 2, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_ok(quill_encode(t, &ids, "x", 1, QUILL_SPECIAL_AS_TEXT, &err), err); // the infill is appended to it
    const size_t n_x = ids.n;
    assert_ok(quill_encode_infill(t, &ids, before.ids, before.n, "c", 1, QUILL_SPECIAL_AS_TEXT, &err), err);
    size_t n = 0;
    while (expected[n] >= 0) n++;
    assert_int_equal(ids.n - n_x, n);
    for (size_t i = 0; i < n; i++)
        if (ids.ids[n_x + i] != expected[i]) fail_with("id %d at %zu instead of %d", ids.ids[n_x + i], i, expected[i]);
    quill_ids_free(&before);
    quill_ids_free(&ids);
}

static void refuses(const struct rig *rig) {
    quill_ids ids = {0};
    quill_tokenizer *t = rig_tokenizer(rig);
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    assert_false(info.infill);
    assert_int_equal(quill_encode_infill(t, &ids, NULL, 0, "c", 1, QUILL_SPECIAL_AS_TEXT, &err), QUILL_E_USAGE);
    assert_string_equal(err.text, "the model has no tokens for an infill, such as <|fim_prefix|>");
    assert_int_equal(ids.n, 0);
    quill_tokenizer_free(t);
}

// Tokens in the order of their names get the ids 256, 257 ...; the ids 'a', 'b' and 'c' are those of the texts.
static const struct {
    const char *tokens[5];
    int32_t ids[7];
} kinds[] = {
    {{"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"<fim_prefix>", "<fim_middle>", "<fim_suffix>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<|im_start|>"}, {258, 'c', 256, 'a', 'b', 257, -1}},
    {{"<fim-prefix>", "<fim-middle>", "<fim-suffix>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"<" BAR "fim" MARK "hole" BAR ">", "<" BAR "fim" MARK "begin" BAR ">", "<" BAR "fim" MARK "end" BAR ">"},
     {257, 'a', 'b', 256, 'c', 258, -1}},
    {{MARK "<PRE>", MARK "<MID>", MARK "<SUF>", MARK "<EOT>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"<PRE>", "<MID>", "<SUF>", "<EOT>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"[PREFIX]", "[MIDDLE]", "[SUFFIX]"}, {258, 'c', 256, 'a', 'b', -1}},
    {{"<[fim-prefix]>", "<[fim-middle]>", "<[fim-suffix]>"}, {258, 'c', 256, 'a', 'b', 257, -1}},
    {{"<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{"<|prefix|>", "<|middle|>", "<|suffix|>"}, {256, 'a', 'b', 258, 'c', 257, -1}},
    {{MARK "<AIX-SPAN-PRE>", MARK "<AIX-SPAN-POST>", MARK "<AIX-SPAN-MIDDLE>"}, {256, 'a', 'b', 257, 'c', 258, -1}},
};

static void kinds_are_known_by_the_texts_of_their_tokens(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (int kind = TOKEN_SPECIAL; kind <= TOKEN_ADDED; kind++) {
            struct rig rig;
            rig_begin(&rig);
            for (size_t k = 0; kinds[i].tokens[k]; k++) rig_add(&rig, kinds[i].tokens[k], (enum token_kind)kind);
            quill_tokenizer *t = rig_tokenizer(&rig);
            assert_infill(t, kinds[i].ids);
            quill_tokenizer_free(t);
        }
}

// As GGUF files do.
static void a_file_may_name_the_tokens(void **state) {
    (void)state;
    static const struct {
        int32_t named[3], ids[7];
    } cases[] = {
        {{'x', 'y', 'z'}, {'x', 'a', 'b', 'y', 'c', 'z', -1}}, // of no known kind
        {{256, 258, 257}, {256, 'a', 'b', 258, 'c', 257, -1}},
        {{259, 261, -1}, {261, 'c', 259, 'a', 'b', -1}}, // Codestral: the order is known by the texts
        {{259, 261, 260}, {261, 'c', 259, 'a', 'b', -1}},
        {{259, 258, 257}, {259, 'a', 'b', 258, 'c', 257, -1}}, // a mixture
    };
    struct rig rig;
    rig_begin(&rig);
    for (size_t i = 0; i < 3; i++) rig_add(&rig, kinds[0].tokens[i], TOKEN_SPECIAL);
    for (size_t i = 0; i < 3; i++) rig_add(&rig, kinds[7].tokens[i], TOKEN_SPECIAL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        rig.spec.infill = cases[i].named;
        quill_tokenizer *t = rig_tokenizer(&rig);
        assert_infill(t, cases[i].ids);
        quill_tokenizer_free(t);
    }
    rig.spec.infill = (const int32_t[]){'x', 'y', -1}; // nothing tells where the middle begins
    refuses(&rig);
}

static void without_all_of_the_tokens_there_is_no_infill(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    refuses(&rig);
    rig_add(&rig, "<fim_prefix>", TOKEN_SPECIAL);
    rig_add(&rig, "<fim_suffix>", TOKEN_SPECIAL);
    rig_add(&rig, "<fim-middle>", TOKEN_SPECIAL);
    refuses(&rig);
    rig_add(&rig, "<fim_middle>", TOKEN_UNUSED);
    refuses(&rig);
    rig_begin(&rig); // ordinary tokens, which texts yield
    rig_merge(&rig, "[ P", "[P");
    rig_merge(&rig, "[P R", "[PR");
    rig_merge(&rig, "[PR E", "[PRE");
    rig_merge(&rig, "[PRE F", "[PREF");
    rig_merge(&rig, "[PREF I", "[PREFI");
    rig_merge(&rig, "[PREFI X", "[PREFIX");
    rig_merge(&rig, "[PREFIX ]", "[PREFIX]");
    rig_add(&rig, "[SUFFIX]", TOKEN_SPECIAL);
    refuses(&rig);
}

static void special_tokens_in_the_text_behind_the_gap_are_text(void **state) {
    (void)state;
    struct rig rig;
    quill_ids ids = {0};
    rig_begin(&rig);
    for (size_t i = 0; i < 3; i++) rig_add(&rig, kinds[0].tokens[i], TOKEN_SPECIAL);
    const int32_t mark = rig_add(&rig, "<m>", TOKEN_SPECIAL);
    quill_tokenizer *t = rig_tokenizer(&rig);
    const int32_t text[] = {256, 258, '<', 'm', '>', 257}, parsed[] = {256, 258, mark, 257};
    assert_ok(quill_encode_infill(t, &ids, NULL, 0, "<m>", 3, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_int_equal(ids.n, COUNT(text));
    assert_memory_equal(ids.ids, text, sizeof text);
    ids.n = 0;
    assert_ok(quill_encode_infill(t, &ids, NULL, 0, "<m>", 3, QUILL_SPECIAL_PARSE, &err), err);
    assert_int_equal(ids.n, COUNT(parsed));
    assert_memory_equal(ids.ids, parsed, sizeof parsed);
    ids.n = 0;
    assert_ok(quill_encode_infill(t, &ids, NULL, 0, NULL, 0, QUILL_SPECIAL_PARSE, &err), err);
    assert_int_equal(ids.n, 3);
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
}

// SentencePiece puts a space in front of the text before the gap alone; a byte-level tokenizer may do the same.
static void the_text_behind_the_gap_gets_no_space(void **state) {
    (void)state;
    struct rig rig;
    static double scores[RIG_TOKENS];
    rig = (struct rig){.spec = {.file = "rig", .model = VOCAB_SPM, .spelling = SPELLED_BLANKS, .bos = -1,
                                .dummy_prefix = PREFIX_ALWAYS, .scores = scores}};
    rig.spec.tokens = rig.tokens;
    rig.spec.kinds = rig.kinds;
    enum { UNK, SPACE, A, B, C, SPACE_C, PRE, SUF, MID };
    rig_add(&rig, "<unk>", TOKEN_SPECIAL);
    static const char *const texts[] = {MARK, "a", "b", "c", MARK "c"};
    for (size_t i = 0; i < COUNT(texts); i++) rig_add(&rig, texts[i], TOKEN_NORMAL);
    rig_add(&rig, MARK "<PRE>", TOKEN_SPECIAL);
    rig_add(&rig, MARK "<SUF>", TOKEN_SPECIAL);
    rig_add(&rig, MARK "<MID>", TOKEN_SPECIAL);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_infill(t, (const int32_t[]){PRE, SPACE, A, B, SUF, C, MID, -1});
    quill_tokenizer_free(t);
    rig_begin(&rig);
    rig.spec.dummy_prefix = PREFIX_UNLESS_SPACE;
    for (size_t i = 0; i < 3; i++) rig_add(&rig, kinds[0].tokens[i], TOKEN_SPECIAL);
    t = rig_tokenizer(&rig);
    assert_infill(t, (const int32_t[]){256, ' ', 'a', 'b', 258, 'c', 257, -1});
    quill_tokenizer_free(t);
}

// Files of real models: the ids that their vocabularies give to the tokens.
static void published_vocabularies_have_the_tokens(void **state) {
    (void)state;
    const char *data = getenv("QUILL_TEST_DATA");
    char path[512];
    quill_tokenizer *t;
    quill_ids before = {0}, after = {0}, ids = {0};
    if (!data) skip();
    snprintf(path, sizeof path, "%s/tokenizers/ggml-vocab-refact.gguf", data);
    assert_ok(quill_tokenizer_open(&t, path, &err), err);
    assert_ok(quill_encode(t, &before, "def f(", 6, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_ok(quill_encode(t, &after, "):", 2, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_ok(quill_encode_infill(t, &ids, before.ids, before.n, "):", 2, QUILL_SPECIAL_AS_TEXT, &err), err);
    assert_int_equal(ids.n, before.n + after.n + 3);
    assert_int_equal(ids.ids[0], 1);
    assert_memory_equal(ids.ids + 1, before.ids, before.n * sizeof *ids.ids);
    assert_int_equal(ids.ids[before.n + 1], 3);
    assert_memory_equal(ids.ids + before.n + 2, after.ids, after.n * sizeof *ids.ids);
    assert_int_equal(ids.ids[ids.n - 1], 2);
    const int32_t ends[] = {0, 4, 18}; // <|endoftext|>, <fim_pad>, <reponame>
    for (int32_t id = 0, k = 0; id < quill_n_vocab(t); id++) {
        assert_int_equal(quill_token_is_eos(t, id), k < 3 && id == ends[k]);
        k += k < 3 && id == ends[k];
    }
    quill_ids_free(&before);
    quill_ids_free(&after);
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_known_by_the_texts_of_their_tokens),
        cmocka_unit_test(a_file_may_name_the_tokens),
        cmocka_unit_test(without_all_of_the_tokens_there_is_no_infill),
        cmocka_unit_test(special_tokens_in_the_text_behind_the_gap_are_text),
        cmocka_unit_test(the_text_behind_the_gap_gets_no_space),
        cmocka_unit_test(published_vocabularies_have_the_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
