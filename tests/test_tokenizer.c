// SPDX-License-Identifier: MIT
// Expected ids are Hugging Face tokenizers' (tests/data/README.md), those that come with llama.cpp's vocabularies, or
// worked out by hand.
#include "test.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "tokenizer_cases.h"
#include "tokenizer_rig.h"

static quill_error err;

// ---- expected ids ---------------------------------------------------------------------------------------------------

static void ids_are_those_of_hugging_face_tokenizers(void **state) {
    (void)state;
    static const char *const folders[] = {TEST_DATA("tokenizer/small"), TEST_DATA("tokenizer/large"),
                                          TEST_DATA("tokenizer/added")};
    for (size_t i = 0; i < 3; i++) {
        char path[200];
        quill_tokenizer *t = open_tokenizer(folders[i]);
        snprintf(path, sizeof path, "%s/cases.txt", folders[i]);
        assert_true(check_cases(t, path, QUILL_SPECIAL_AS_TEXT) > 100);
        quill_tokenizer_free(t);
    }
}

static void special_tokens_are_parsed_on_demand(void **state) {
    (void)state;
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/added"));
    assert_true(check_cases(t, TEST_DATA("tokenizer/added/special.txt"), QUILL_SPECIAL_PARSE) > 10);
    quill_tokenizer_free(t);
}

static void ids_are_those_that_come_with_the_vocabularies(void **state) {
    (void)state;
    if (!shared_data()) skip();
    check_shared("gpt-2");
    check_shared("refact");
}

// That file names no pre-tokenizer, and its added tokens are runs of blanks.
static void gpt_neox_loads_and_round_trips(void **state) {
    (void)state;
    if (!shared_data()) skip();
    char path[600];
    quill_tokenizer_info info;
    snprintf(path, sizeof path, "%s/tokenizers/ggml-vocab-gpt-neox.gguf", shared_data());
    quill_tokenizer *t = open_tokenizer(path);
    quill_tokenizer_describe(t, &info);
    assert_string_equal(info.pre, "gpt-2");
    assert_true(info.pre_missing);
    assert_encodes(t, STR("   "), QUILL_SPECIAL_AS_TEXT, 50275, -1);
    struct map texts = map_shared("gpt-2", ".inp");
    round_trip(t, texts.data, texts.size);
    map_close(&texts);
    quill_tokenizer_free(t);
}

// ---- bytes ----------------------------------------------------------------------------------------------------------

static void any_bytes_round_trip(void **state) {
    (void)state;
    static const char *const folders[] = {TEST_DATA("tokenizer/small"), TEST_DATA("tokenizer/added")};
    uint64_t seed = 5;
    unsigned char text[600];
    for (size_t f = 0; f < 2; f++) {
        quill_tokenizer *t = open_tokenizer(folders[f]);
        for (unsigned pair = 0; pair < 0x10000; pair++) {
            text[0] = (unsigned char)(pair >> 8);
            text[1] = (unsigned char)pair;
            round_trip(t, text, 2);
        }
        for (int round = 0; round < 2000; round++) {
            size_t n = test_random(&seed) % sizeof text;
            uint64_t ascii = test_random(&seed) % 3; // none, half, most
            for (size_t i = 0; i < n; i++) {
                uint64_t r = test_random(&seed);
                text[i] = (unsigned char)(r >> 8 & 3 && (r & 3) < 2 * ascii ? 0x20 + (r >> 16) % 0x5f : r >> 24);
            }
            round_trip(t, text, n);
        }
        quill_tokenizer_free(t);
    }
}

// ---- cuts -----------------------------------------------------------------------------------------------------------

static size_t encoded(const quill_tokenizer *t, quill_ids *ids, const char *text, size_t n, size_t cut) {
    ids->n = 0;
    assert_ok(quill_encode(t, ids, text, cut, QUILL_SPECIAL_PARSE, &err), err);
    if (cut < n) assert_ok(quill_encode_continued(t, ids, text + cut, n - cut, QUILL_SPECIAL_PARSE, &err), err);
    return ids->n;
}

// Every place at which a text may be cut gives the ids of the whole. Returns the number of places.
static size_t check_cuts(const quill_tokenizer *t, const char *pre) {
    static const char common[] = "abA1.,'s!  \n\n\n\r\t\xc3\xa9\xe2\x80\xa8";
    uint64_t seed = 3;
    quill_ids whole = {0}, parts = {0};
    size_t places = 0;
    for (int round = 0; round < 400; round++) {
        char text[80];
        size_t n = 2 + test_random(&seed) % (sizeof text - 2);
        for (size_t i = 0; i < n; i++) text[i] = common[test_random(&seed) % (sizeof common - 1)];
        encoded(t, &whole, text, n, n);
        for (size_t cut = 0; (cut = quill_encode_cut(t, text, n, cut)) < n; places++) {
            encoded(t, &parts, text, n, cut);
            if (parts.n != whole.n || memcmp(parts.ids, whole.ids, whole.n * sizeof *whole.ids))
                fail_with("%s: '%.*s' has other tokens when it is cut at %zu", pre, (int)n, text, cut);
        }
    }
    quill_ids_free(&whole);
    quill_ids_free(&parts);
    return places;
}

static void texts_may_be_cut_between_lines(void **state) {
    (void)state;
    // NULL: none, which is GPT-2's. The others have no splitter by hand.
    static const char *const cut[] = {NULL,       "gpt-2",  "starcoder",  "llama-bpe", "minicpm5", "qwen2",    "laguna",
                                      "ufakzeka", "qwen35", "seed-coder", "gpt-4o",    "tekken",   "tiny_aya", "youtu",
                                      "chameleon"};
    static const char *const whole[] = {"bloom",        "falcon",         "default",     "viking",
                                        "jais-2",       "bailingmoe",     "exaone-moe",  "deepseek-llm",
                                        "deepseek-coder", "deepseek-v3", "spark2_5"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut + sizeof whole / sizeof *whole; i++) {
        const bool cuts = i < sizeof cut / sizeof *cut;
        struct rig rig;
        rig_begin(&rig);
        rig.spec.pre = cuts ? cut[i] : whole[i - sizeof cut / sizeof *cut];
        rig_merge(&rig, "\xc4\x8a \xc4\x8a", "\xc4\x8a\xc4\x8a"); // U+010A is the newline, U+0120 the space
        rig_merge(&rig, ". \xc4\x8a", ".\xc4\x8a");
        rig_merge(&rig, "\xc4\xa0 a", "\xc4\xa0" "a");
        rig_merge(&rig, "a b", "ab");
        rig_merge(&rig, "\xc4\xa0 \xc4\x8a", "\xc4\xa0\xc4\x8a");
        quill_tokenizer *t = rig_tokenizer(&rig);
        assert_true(cuts == (check_cuts(t, rig.spec.pre ? rig.spec.pre : "none") > 100));
        quill_tokenizer_free(t);
    }
}

static void a_text_is_not_cut_where_an_added_token_may_be(void **state) {
    (void)state;
    static const char *const tokens[] = {"!\na", "b1"};
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        rig_begin(&rig);
        rig_add(&rig, tokens[i], TOKEN_ADDED);
        quill_tokenizer *t = rig_tokenizer(&rig);
        assert_int_equal(quill_encode_cut(t, "a.\nb", 4, 0), 4);
        quill_tokenizer_free(t);
    }
}

static void a_byte_that_the_vocabulary_lacks_is_an_error(void **state) {
    (void)state;
    struct rig rig;
    quill_ids ids = {0};
    rig_begin(&rig);
    rig.tokens[0xc0] = (struct str){NULL, 0};
    quill_tokenizer *t = rig_tokenizer(&rig);
    encode(t, &ids, "ab", 2, QUILL_SPECIAL_AS_TEXT);
    char text[80];
    memset(text, 'x', sizeof text);
    for (size_t n = 4; n <= 80; n += 76) { // short words and long ones
        text[n - 1] = (char)0xc0;
        assert_int_equal(quill_encode(t, &ids, text, n, QUILL_SPECIAL_AS_TEXT, &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, "0xc0"));
        assert_int_equal(ids.n, 2); // what was there stays
        assert_int_equal(ids.ids[1], 'b');
    }
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
}

// ---- merges ---------------------------------------------------------------------------------------------------------

static void merges_go_by_rank_and_from_left_to_right(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int bc = rig_merge(&rig, "b c", "bc"), ab = rig_merge(&rig, "a b", "ab"), xx = rig_merge(&rig, "x x", "xx");
    int abc = rig_merge(&rig, "ab c", "abc"), the = 0, th = rig_merge(&rig, "t h", "th");
    the = rig_merge(&rig, "th e", "the");
    int blank_the = rig_merge(&rig, "\xc4\xa0 the", "\xc4\xa0the");
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_encodes(t, STR("abc"), QUILL_SPECIAL_AS_TEXT, 'a', bc, -1); // "b c" has the lower rank: "ab c" is never met
    assert_encodes(t, STR("abab"), QUILL_SPECIAL_AS_TEXT, ab, ab, -1);
    assert_encodes(t, STR("xxx"), QUILL_SPECIAL_AS_TEXT, xx, 'x', -1);
    assert_encodes(t, STR("xxxxx"), QUILL_SPECIAL_AS_TEXT, xx, xx, 'x', -1);
    assert_encodes(t, STR("the th the"), QUILL_SPECIAL_AS_TEXT, the, ' ', th, blank_the, -1);
    assert_encodes(t, STR(""), QUILL_SPECIAL_AS_TEXT, -1);
    (void)abc;
    quill_tokenizer_free(t);
}

// The definition, as slowly as it reads: the best pair of the word is merged wherever it stands, until none is left.
static size_t merge_slowly(const struct rig *rig, int32_t (*const merges)[3], int32_t *ids, size_t n) {
    for (;;) {
        size_t best = rig->spec.n_merges, k = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t m = 0; m < best; m++)
                if (ids[i] == merges[m][0] && ids[i + 1] == merges[m][1]) best = m;
        if (best == rig->spec.n_merges) return n;
        for (size_t i = 0; i < n; k++) {
            bool both = i + 1 < n && ids[i] == merges[best][0] && ids[i + 1] == merges[best][1];
            ids[k] = both ? merges[best][2] : ids[i];
            i += both ? 2 : 1;
        }
        n = k;
    }
}

// Random merges of three letters; words of every length, so that short ones and long ones are both met.
static void merging_is_what_its_definition_says(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 60; round++) {
        struct rig rig;
        static char text[100][2][200];
        int32_t merges[100][3], made[103] = {'a', 'b', 'c'};
        size_t n_made = 3;
        rig_begin(&rig);
        for (int tries = 0; tries < 40; tries++) {
            int32_t left = made[test_random(&seed) % n_made], right = made[test_random(&seed) % n_made];
            struct str l = rig.tokens[left], r = rig.tokens[right];
            char *merge = text[tries][0], *result = text[tries][1];
            bool known = l.n + r.n > 60;
            snprintf(merge, 200, "%.*s %.*s", (int)l.n, l.p, (int)r.n, r.p);
            snprintf(result, 200, "%.*s%.*s", (int)l.n, l.p, (int)r.n, r.p);
            for (size_t i = 3; i < n_made; i++) known |= str_is(rig.tokens[made[i]], result);
            if (known) continue;
            size_t m = rig.spec.n_merges;
            merges[m][0] = left;
            merges[m][1] = right;
            merges[m][2] = made[n_made++] = rig_merge(&rig, merge, result);
        }
        quill_tokenizer *t = rig_tokenizer(&rig);
        for (int word = 0; word < 60; word++) {
            char letters[300];
            int32_t ids[300];
            quill_ids found = {0};
            size_t n = 1 + test_random(&seed) % (word < 30 ? 40 : 300);
            uint64_t kinds = 1 + test_random(&seed) % 3;
            for (size_t i = 0; i < n; i++) ids[i] = letters[i] = (char)('a' + test_random(&seed) % kinds);
            encode(t, &found, letters, n, QUILL_SPECIAL_AS_TEXT);
            quill_ids expected = {ids, merge_slowly(&rig, merges, ids, n), 0};
            assert_ids(&found, &expected, (struct str){letters, n});
            quill_ids_free(&found);
        }
        quill_tokenizer_free(t);
    }
}

static void a_word_that_is_a_token_may_go_before_the_merges(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int bc = rig_merge(&rig, "b c", "bc"), abc = rig_add(&rig, "abc", TOKEN_NORMAL);
    rig_add(&rig, "special", TOKEN_SPECIAL);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_encodes(t, STR("abc"), QUILL_SPECIAL_AS_TEXT, 'a', bc, -1);
    quill_tokenizer_free(t);
    rig.spec.ignore_merges = true;
    t = rig_tokenizer(&rig);
    assert_encodes(t, STR("abc"), QUILL_SPECIAL_AS_TEXT, abc, -1);
    assert_encodes(t, STR("abcd"), QUILL_SPECIAL_AS_TEXT, 'a', bc, 'd', -1);
    assert_encodes(t, STR("special"), QUILL_SPECIAL_AS_TEXT, 's', 'p', 'e', 'c', 'i', 'a', 'l', -1);
    quill_tokenizer_free(t);
}

// Words that were met before come out of the cache as they went in.
static void the_cache_does_not_change_ids(void **state) {
    (void)state;
    quill_tokenizer *cached = open_tokenizer(TEST_DATA("tokenizer/small"));
    quill_tokenizer *plain =
        open_tokenizer(TEST_DATA("tokenizer/small")); // sees short texts alone: never makes a cache
    quill_ids whole = {0}, parts = {0};
    struct buffer text = {0};
    uint64_t seed = 3;
    for (int word = 0; word < 30000; word++) {
        char letters[22] = " ";
        size_t n = 1 + test_random(&seed) % 3 * (test_random(&seed) % 10);
        for (size_t i = 1; i <= n; i++) letters[i] = (char)('a' + test_random(&seed) % (word % 2 ? 26 : 3));
        assert_true(buffer_add(&text, letters, n + 1));
        assert_ok(quill_encode(plain, &parts, letters, n + 1, QUILL_SPECIAL_AS_TEXT, &err), err);
    }
    for (int round = 0; round < 2; round++) {
        encode(cached, &whole, text.p, text.n, QUILL_SPECIAL_AS_TEXT);
        assert_int_equal(whole.n, parts.n);
        assert_memory_equal(whole.ids, parts.ids, parts.n * sizeof *parts.ids);
    }
    buffer_free(&text);
    quill_ids_free(&whole);
    quill_ids_free(&parts);
    quill_tokenizer_free(cached);
    quill_tokenizer_free(plain);
}

// ---- special, added, unused, literal --------------------------------------------------------------------------------

static void added_tokens_are_found_leftmost_and_longest(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int ab = rig_add(&rig, "ab", TOKEN_ADDED), abcd = rig_add(&rig, "abcd", TOKEN_ADDED);
    int bcde = rig_add(&rig, "bcde", TOKEN_ADDED), mark = rig_add(&rig, "<s>", TOKEN_SPECIAL);
    int e_acute = rig_add(&rig, "\xc3\xa9", TOKEN_ADDED), z = rig_add(&rig, "Z", TOKEN_ADDED);
    int mark_abx = rig_add(&rig, "<s>abx", TOKEN_ADDED);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_encodes(t, STR("abcde"), QUILL_SPECIAL_AS_TEXT, abcd, 'e', -1);
    assert_encodes(t, STR("abcx"), QUILL_SPECIAL_AS_TEXT, ab, 'c', 'x', -1);
    assert_encodes(t, STR("xbcdeab"), QUILL_SPECIAL_AS_TEXT, 'x', bcde, ab, -1);
    assert_encodes(t, STR("a\xc3\xa9Z"), QUILL_SPECIAL_AS_TEXT, 'a', e_acute, z, -1);
    assert_encodes(t, STR("<s>Z"), QUILL_SPECIAL_AS_TEXT, '<', 's', '>', z, -1);
    assert_encodes(t, STR("<s>Z<s><s"), QUILL_SPECIAL_PARSE, mark, z, mark, '<', 's', -1);
    assert_encodes(t, STR("<s>abx<s>ab"), QUILL_SPECIAL_PARSE, mark_abx, mark, ab, -1);
    assert_encodes(t, STR("<s>abx"), QUILL_SPECIAL_AS_TEXT, mark_abx, -1);
    quill_tokenizer_free(t);
}

// "ad" lies behind all three, two steps up from the last of them to the one that it begins with.
static void the_longest_added_token_may_be_a_prefix_of_prefixes(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int a = rig_add(&rig, "a", TOKEN_ADDED), ab = rig_add(&rig, "ab", TOKEN_ADDED);
    int abc = rig_add(&rig, "abc", TOKEN_ADDED);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_encodes(t, STR("ad"), QUILL_SPECIAL_AS_TEXT, a, 'd', -1);
    assert_encodes(t, STR("abd"), QUILL_SPECIAL_AS_TEXT, ab, 'd', -1);
    assert_encodes(t, STR("abcad"), QUILL_SPECIAL_AS_TEXT, abc, a, 'd', -1);
    quill_tokenizer_free(t);
}

// Ids are those of Hugging Face tokenizers with ByteLevel's add_prefix_space.
static void a_space_may_be_put_in_front(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int ab = rig_merge(&rig, "a b", "ab"), abc = rig_merge(&rig, "ab c", "abc");
    int space_ab = rig_merge(&rig, "\xc4\xa0 ab", "\xc4\xa0""ab");
    int mark = rig_add(&rig, "<s>", TOKEN_SPECIAL), xy = rig_add(&rig, "XY", TOKEN_ADDED);
    rig.spec.dummy_prefix = PREFIX_UNLESS_SPACE;
    quill_tokenizer *t = rig_tokenizer(&rig);
    const quill_special text = QUILL_SPECIAL_AS_TEXT, parse = QUILL_SPECIAL_PARSE;
    assert_encodes(t, STR("ab"), text, space_ab, -1);
    assert_encodes(t, STR(" ab"), text, space_ab, -1);
    assert_encodes(t, STR("  ab"), text, ' ', space_ab, -1);
    assert_encodes(t, STR("abc"), text, ' ', abc, -1);
    assert_encodes(t, STR("\nab"), text, ' ', '\n', ab, -1);
    assert_encodes(t, STR("\xc3\xa9"), text, ' ', 0xc3, 0xa9, -1);
    assert_encodes(t, STR("\xc2\xa0""ab"), text, ' ', 0xc2, 0xa0, ab, -1);
    assert_encodes(t, STR(""), text, -1);
    assert_encodes(t, STR(" "), text, ' ', -1);
    assert_encodes(t, STR("<s>ab"), parse, mark, space_ab, -1);
    assert_encodes(t, STR("ab<s> ab"), parse, space_ab, mark, space_ab, -1);
    assert_encodes(t, STR("ab XY abc"), text, space_ab, ' ', xy, ' ', abc, -1);
    assert_encodes(t, STR("abXY<s>c"), parse, space_ab, xy, mark, ' ', 'c', -1);
    quill_tokenizer_free(t);
}

static void assert_decodes(const quill_tokenizer *t, quill_special special, const char *expected, ...) {
    int32_t ids[10];
    size_t n = 0;
    struct buffer text = {0};
    va_list list;
    va_start(list, expected);
    for (int id; (id = va_arg(list, int)) >= 0;) ids[n++] = id;
    va_end(list);
    decode(t, &text, &(quill_ids){ids, n, n}, special);
    if (text.n != strlen(expected) || (text.n && memcmp(text.p, expected, text.n) != 0))
        fail_with("wanted '%s', got '%.*s'", expected, (int)text.n, text.p);
    buffer_free(&text);
}

static void a_decoder_joins_the_bytes_of_tokens(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int ab = rig_merge(&rig, "a b", "ab"), mark = rig_add(&rig, "<s>", TOKEN_SPECIAL);
    int unused = rig_add(&rig, "[PAD]", TOKEN_UNUSED);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, " ab", ' ', mark, ab, unused, 9999, -1);
    assert_decodes(t, QUILL_SPECIAL_PARSE, "<s>ab<s>", mark, ab, mark, -1);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, "", -1);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, "\xc3", 0xc3, -1); // a character may be torn
    quill_tokenizer_free(t);
}

// Where encoding puts a space in front of a text, decoding takes it away: once, and only at the begin.
static void a_decoder_drops_the_space_in_front(void **state) {
    (void)state;
    struct rig rig;
    size_t n;
    quill_decoder decoder;
    rig_begin(&rig);
    int ab = rig_merge(&rig, "a b", "ab"), space_ab = rig_merge(&rig, "\xc4\xa0 ab", "\xc4\xa0""ab");
    int mark = rig_add(&rig, "<s>", TOKEN_SPECIAL);
    rig.spec.dummy_prefix = PREFIX_UNLESS_SPACE;
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, "ab ab", space_ab, space_ab, -1);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, "ab", mark, space_ab, -1); // a token without bytes is no begin
    assert_decodes(t, QUILL_SPECIAL_PARSE, "<s> ab", mark, space_ab, -1);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, " ", ' ', ' ', -1);
    assert_decodes(t, QUILL_SPECIAL_AS_TEXT, "ab ", ab, ' ', -1);
    round_trip(t, "ab abc\n ab", 10);
    // A text that goes on; the end begins another.
    quill_decoder_begin(&decoder, t, QUILL_SPECIAL_AS_TEXT);
    quill_decoder_take(&decoder, ab, &n);
    assert_memory_equal(quill_decoder_take(&decoder, space_ab, &n), " ab", 3);
    assert_int_equal(n, 3);
    quill_decoder_end(&decoder, &n);
    assert_int_equal(n, 0);
    assert_memory_equal(quill_decoder_take(&decoder, space_ab, &n), "ab", 2);
    assert_int_equal(n, 2);
    quill_tokenizer_free(t);
}

static void losing_tokenizers_say_so(void **state) {
    (void)state;
    struct rig rig;
    quill_tokenizer_info info;
    for (int loses = 0; loses < 2; loses++) {
        rig_begin(&rig);
        rig.spec.dummy_prefix = loses ? PREFIX_UNLESS_SPACE : PREFIX_NONE;
        quill_tokenizer *t = rig_tokenizer(&rig);
        quill_tokenizer_describe(t, &info);
        assert_int_equal(info.lossless, !loses);
        quill_tokenizer_free(t);
    }
}

static void tokens_tell_their_bytes_and_kind(void **state) {
    (void)state;
    struct rig rig;
    size_t n;
    rig_begin(&rig);
    int32_t special = rig_add(&rig, "<s>", TOKEN_SPECIAL), added = rig_add(&rig, "\xc4\xa0""A", TOKEN_ADDED);
    int32_t unused = rig_add(&rig, "[PAD]", TOKEN_UNUSED), literal = rig_add(&rig, "a b", TOKEN_NORMAL);
    int32_t none = (int32_t)rig.spec.n_tokens++, empty = rig_add(&rig, "", TOKEN_NORMAL);
    rig.kinds['!'] = TOKEN_SPECIAL; // a byte that some vocabularies take for their padding
    const int32_t eos[] = {special, 7};
    rig.spec.eos = eos;
    rig.spec.n_eos = 2;
    rig.spec.bos = special;
    rig.spec.add_bos = true;
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_int_equal(quill_n_vocab(t), empty + 1);
    assert_memory_equal(quill_token_bytes(t, special, QUILL_SPECIAL_PARSE, &n), "<s>", 3);
    assert_int_equal(n, 3);
    assert_non_null(quill_token_bytes(t, special, QUILL_SPECIAL_AS_TEXT, &n));
    assert_int_equal(n, 0);
    assert_memory_equal(quill_token_bytes(t, added, QUILL_SPECIAL_AS_TEXT, &n), "\xc4\xa0""A", 3); // as it is written
    assert_memory_equal(quill_token_bytes(t, literal, QUILL_SPECIAL_AS_TEXT, &n), "a b", 3);
    for (int32_t id = 0; id < 256; id++) {
        const char *bytes = quill_token_bytes(t, id, QUILL_SPECIAL_AS_TEXT, &n);
        assert_true(n == 1 && (unsigned char)bytes[0] == id); // '!' too: no text may be lost
    }
    const int32_t silent[] = {unused, none, empty};
    for (int i = 0; i < 3; i++) {
        assert_non_null(quill_token_bytes(t, silent[i], QUILL_SPECIAL_PARSE, &n));
        assert_int_equal(n, 0);
    }
    assert_null(quill_token_bytes(t, -1, QUILL_SPECIAL_PARSE, &n));
    assert_null(quill_token_bytes(t, empty + 1, QUILL_SPECIAL_PARSE, &n));
    assert_int_equal(n, 0);
    assert_true(quill_token_is_special(t, special) && quill_token_is_special(t, '!'));
    assert_false(quill_token_is_special(t, added) || quill_token_is_special(t, -1) || quill_token_is_special(t, 9999));
    assert_true(quill_token_is_eos(t, special) && quill_token_is_eos(t, 7) && !quill_token_is_eos(t, 8));
    assert_int_equal(quill_token_eos(t), special);
    assert_int_equal(quill_token_bos(t), special);
    assert_true(quill_adds_bos(t));
    assert_encodes(t, STR("[PAD]"), QUILL_SPECIAL_PARSE, '[', 'P', 'A', 'D', ']', -1);
    quill_tokenizer_free(t);
}

// Tokens by their kinds and texts, and the ids that end a text, ended by -1.
static void ends_are_named_or_known_by_their_texts(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    const int32_t named[] = {'x', 'y', 'x'};
    rig.spec.eos = named;
    rig.spec.n_eos = 3;
    const int32_t turn = rig_add(&rig, "<|im_end|>", TOKEN_SPECIAL);
    const int32_t added = rig_add(&rig, "<end_of_turn>", TOKEN_ADDED);
    rig_add(&rig, "<|eot_id|>", TOKEN_UNUSED);
    rig_merge(&rig, "< /", "</");
    rig_merge(&rig, "s >", "s>");
    const int32_t html = rig_merge(&rig, "</ s>", "</s>"); // a text may yield it
    const int32_t literal = rig_add(&rig, "<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>",
                                    TOKEN_NORMAL); // no text does
    const int32_t text = rig_add(&rig, "<|endoftext|>", TOKEN_SPECIAL);
    rig_add(&rig, "<|im_start|>", TOKEN_SPECIAL);
    quill_tokenizer *t = rig_tokenizer(&rig);
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    const int32_t ends[] = {'x', 'y', text, literal, turn, added};
    assert_int_equal(info.n_eos, 6);
    assert_memory_equal(info.eos, ends, sizeof ends);
    for (int32_t id = 0; id < quill_n_vocab(t); id++) {
        bool is_end = false;
        for (size_t i = 0; i < 6; i++) is_end |= ends[i] == id;
        assert_int_equal(quill_token_is_eos(t, id), is_end);
    }
    assert_false(quill_token_is_eos(t, html) || quill_token_is_eos(t, -1));
    assert_int_equal(quill_token_eos(t), 'x');
    quill_tokenizer_free(t);
    rig.spec.n_eos = 0;
    t = rig_tokenizer(&rig);
    assert_int_equal(quill_token_eos(t), -1); // the file names none
    quill_tokenizer_describe(t, &info);
    assert_int_equal(info.n_eos, 4);
    quill_tokenizer_free(t);
}

static void some_ends_are_none_beside_others(void **state) {
    (void)state;
    static const struct {
        const char *texts[4];
        unsigned ends; // a bit for each
    } cases[] = {
        {{"<|end|>", "<|return|>"}, 3},
        {{"<|end|>", "<|return|>", "<|call|>"}, 6},
        {{"<|calls|>", "<|flush|>", "<|end|>"}, 3},
        {{"<|calls|>", "<|call|>", "<|end|>"}, 7},
        {{"</s>", "<turn|>", "<eos>"}, 7},
        {{"</s>", "<|tool_response>", "<eos>"}, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig;
        rig_begin(&rig);
        for (size_t k = 0; k < 4 && cases[i].texts[k]; k++) rig_add(&rig, cases[i].texts[k], TOKEN_SPECIAL);
        quill_tokenizer *t = rig_tokenizer(&rig);
        for (int32_t id = 256; id < quill_n_vocab(t); id++)
            assert_int_equal(quill_token_is_eos(t, id), cases[i].ends >> (id - 256) & 1);
        quill_tokenizer_free(t);
    }
}

static void ids_without_a_token_are_unused(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    const int32_t special = rig_add(&rig, "<s>", TOKEN_SPECIAL), pad = rig_add(&rig, "[PAD]", TOKEN_UNUSED);
    const int32_t skipped = (int32_t)rig.spec.n_tokens++, empty = rig_add(&rig, "", TOKEN_SPECIAL);
    const int32_t unused_end = rig_add(&rig, "<e>", TOKEN_UNUSED), suppressed[] = {'a', 'a'};
    rig.spec.eos = &unused_end;
    rig.spec.n_eos = 1;
    rig.spec.suppressed = suppressed;
    rig.spec.n_suppressed = 2;
    quill_tokenizer *t = rig_tokenizer(&rig);
    quill_tokenizer_info info;
    for (int32_t id = -1; id <= quill_n_vocab(t); id++) {
        const bool is_unused = id == -1 || id == pad || id == skipped || id == empty || id == unused_end + 1;
        assert_int_equal(quill_token_is_unused(t, id), is_unused);
    }
    assert_false(quill_token_is_unused(t, special));
    quill_tokenizer_describe(t, &info);
    assert_int_equal(info.n_suppressed, 2);
    assert_memory_equal(info.suppressed, suppressed, sizeof suppressed);
    quill_tokenizer_free(t);
}

// ---- refused vocabularies -------------------------------------------------------------------------------------------

static void refused(const struct rig *rig, const char *words) {
    quill_tokenizer *t = (quill_tokenizer *)&err;
    quill_status status = tokenizer_create(&t, &rig->spec, &err);
    if (status != QUILL_E_MODEL || !strstr(err.text, words) || strncmp(err.text, "rig: ", 5) != 0)
        fail_with("wanted '%s', got status %d, '%s'", words, (int)status, status ? err.text : "");
    assert_null(t);
}

static void vocabularies_that_make_no_sense_are_refused(void **state) {
    (void)state;
    struct rig rig;
    static const char *const merges[] = {"ab",   "a b c", " a",  "a ",   " ",      "",      "a  b",
                                         "a zz", "zz a",  "a b", "a\tb", "a \xc3", "a \x01"};
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        rig_begin(&rig);
        rig_merge(&rig, "c d", "cd");
        rig.merges[rig.spec.n_merges++] = str_of(merges[i]);
        refused(&rig, "merge 1: expected two tokens that make a third");
    }
    rig_begin(&rig);
    rig_merge(&rig, "c \xc3\x83", "c\xc3\x83");
    rig_merge(&rig, "c\xc3\x83\xc2 \xa9" "a", "c\xc3\x83\xc2\xa9" "a"); // a character is cut in two
    refused(&rig, "merge 1: expected two tokens that make a third");
    rig_begin(&rig);
    rig_merge(&rig, "c d", "cd");
    rig.merges[rig.spec.n_merges++] = STR("c d");
    refused(&rig, "merge 1 'c d' is there twice");
    rig_begin(&rig);
    rig_merge(&rig, "c d", "cd");
    rig_add(&rig, "cd", TOKEN_NORMAL);
    refused(&rig, "tokens 256 and 257 are the same text 'cd'");
    rig_begin(&rig);
    rig_add(&rig, "<s>", TOKEN_SPECIAL);
    rig_add(&rig, "<s>", TOKEN_ADDED);
    refused(&rig, "tokens 256 and 257 are the same text '<s>'");
    static char most[(1 << 16) + 2];
    memset(most, 'x', sizeof most - 1);
    rig_begin(&rig);
    rig_add(&rig, most + 1, TOKEN_NORMAL);
    quill_tokenizer_free(rig_tokenizer(&rig));
    rig_begin(&rig);
    rig_add(&rig, most, TOKEN_NORMAL);
    refused(&rig, "token 256: expected at most 65536 bytes, found 65537");
    rig_begin(&rig);
    rig.spec.n_tokens = 0;
    refused(&rig, "expected 1 to 2097152 tokens, found 0");
    rig_begin(&rig);
    rig.spec.pre = "no-such-\x1b[31m";
    refused(&rig, "pre-tokenizer 'no-such-\\x1b[31m' is not supported");
    rig_begin(&rig);
    rig.spec.bos = 256;
    refused(&rig, "BOS token: expected an id of 0 to 255, found 256");
    rig.spec.bos = -2;
    refused(&rig, "BOS token: expected an id of 0 to 255, found -2");
    rig_begin(&rig);
    const int32_t eos[] = {3, 256};
    rig.spec.eos = eos;
    rig.spec.n_eos = 2;
    refused(&rig, "EOS token: expected an id of 0 to 255, found 256");
    static char text[1100];
    memset(text, 'x', sizeof text - 1);
    rig_begin(&rig);
    rig_add(&rig, text, TOKEN_ADDED);
    refused(&rig, "added token 256: expected at most 1024 bytes, found 1099");
}

// What a file asks for and quill cannot do is never passed over.
static void parts_of_other_kinds_are_refused_by_name(void **state) {
    (void)state;
    struct rig rig;
    static const char *const models[VOCAB_MODELS] = {NULL, NULL, NULL, "WordPiece", NULL};
    for (int model = VOCAB_BPE + 1; model < VOCAB_MODELS; model++) {
        rig_begin(&rig);
        if (!models[model]) continue;
        rig.spec.model = (enum vocab_model)model;
        refused(&rig, models[model]);
    }
    const double scores[256] = {0};
    rig_begin(&rig);
    rig.spec.scores = scores;
    refused(&rig, "scores");
    rig_begin(&rig);
    rig.spec.unk = 0;
    refused(&rig, "unk");
    rig_begin(&rig);
    rig.spec.byte_fallback = true;
    refused(&rig, "byte_fallback");
}

// A merge may make a token that has its place anywhere, and two merges may make one.
static void results_need_not_be_in_order(void **state) {
    (void)state;
    struct rig rig;
    rig_begin(&rig);
    int xyz = rig_add(&rig, "xyz", TOKEN_NORMAL), yz = rig_add(&rig, "yz", TOKEN_NORMAL);
    int xy = rig_add(&rig, "xy", TOKEN_NORMAL);
    static const char *const merges[] = {"y z", "x yz", "x y", "xy z"};
    for (int i = 0; i < 4; i++) rig.merges[rig.spec.n_merges++] = str_of(merges[i]);
    quill_tokenizer *t = rig_tokenizer(&rig);
    assert_encodes(t, STR("xyz"), QUILL_SPECIAL_AS_TEXT, xyz, -1);
    assert_encodes(t, STR("xxyyz"), QUILL_SPECIAL_AS_TEXT, 'x', xy, yz, -1);
    quill_tokenizer_free(t);
}

static void the_pre_tokenizer_is_reported(void **state) {
    (void)state;
    struct rig rig;
    quill_tokenizer_info info;
    const struct str patterns[] = {STR("\\p{N}+")};
    const struct {
        const char *pre;
        const struct str *patterns;
        bool unsaid;
        const char *expected;
        bool missing, adds_bos;
    } cases[] = {
        {"refact", NULL, false, "refact", false, false}, {NULL, NULL, false, "gpt-2", true, false},
        {NULL, patterns, false, "custom", false, false}, {"llama-bpe", NULL, true, "llama-bpe", false, true},
        {"llama-bpe", NULL, false, "llama-bpe", false, false}, {"gpt-2", NULL, true, "gpt-2", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_begin(&rig);
        rig.spec.bos = 0;
        rig.spec.pre = cases[i].pre;
        rig.spec.patterns = cases[i].patterns;
        rig.spec.n_patterns = cases[i].patterns ? 1 : 0;
        rig.spec.add_bos_unsaid = cases[i].unsaid;
        quill_tokenizer *t = rig_tokenizer(&rig);
        quill_tokenizer_describe(t, &info);
        assert_string_equal(info.model, "bpe");
        assert_string_equal(info.pre, cases[i].expected);
        assert_int_equal(info.pre_missing, cases[i].missing);
        assert_int_equal(quill_adds_bos(t), cases[i].adds_bos);
        assert_true(info.memory > 4096);
        quill_tokenizer_free(t);
    }
}

// ---- time, memory, threads ------------------------------------------------------------------------------------------

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct runs {
    const quill_tokenizer *t;
    char *text; // [2 << 20]
    bool ok;
};

static double encode_seconds(const struct runs *runs, size_t n) {
    quill_ids ids = {0};
    quill_error e;
    double begin = cpu_seconds();
    quill_status status = quill_encode(runs->t, &ids, runs->text, n, QUILL_SPECIAL_AS_TEXT, &e);
    double seconds = cpu_seconds() - begin;
    quill_ids_free(&ids);
    return status ? 1e9 : seconds;
}

// On a thread whose stack has 64 KiB.
static void *time_runs(void *arg) {
    static const char *const units[] = {"a", "A", "1", " ", "\n", "!", "\xcc\x81", "\xff", "\x80", "\xe7\x9a\x84",
                                        "\xe3\x80\x80", "\n ", "a\xcc\x81", "\xf0\x9f\x98\x80"};
    struct runs *runs = arg;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]), n = (1 << 20) / unit * unit;
        for (size_t k = 0; k < 2 * n; k++) runs->text[k] = units[i][k % unit];
        // Not a figure but a gulf: a way that is quadratic in 2 MiB takes hours, a linear one a fraction of a second.
        double seconds = encode_seconds(runs, 2 * n);
        bool ok = seconds < 30;
        if (!ok) print_error("%s: %.3f s\n", units[i], seconds);
        runs->ok &= ok;
    }
    return NULL;
}

static void long_runs_take_linear_time_and_little_stack(void **state) {
    (void)state;
    struct runs runs = {open_tokenizer(TEST_DATA("tokenizer/large")), malloc(2 << 20), true};
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    long least = sysconf(_SC_THREAD_STACK_MIN); // 128 KiB on aarch64
    assert_int_equal(pthread_attr_setstacksize(&attr, least > 64 * 1024 ? (size_t)least : 64 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attr, time_runs, &runs), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    free(runs.text);
    quill_tokenizer_free((quill_tokenizer *)(uintptr_t)runs.t);
    assert_true(runs.ok);
}

struct worker {
    const quill_tokenizer *t;
    struct str text;
    const quill_ids *expected;
    bool ok;
};

static void *encode_often(void *arg) {
    struct worker *w = arg;
    for (int round = 0; round < 30; round++) {
        quill_ids ids = {0};
        quill_error e;
        w->ok &= quill_encode(w->t, &ids, w->text.p, w->text.n, QUILL_SPECIAL_AS_TEXT, &e) == QUILL_OK &&
                 ids.n == w->expected->n && !memcmp(ids.ids, w->expected->ids, ids.n * sizeof *ids.ids);
        quill_ids_free(&ids);
    }
    return NULL;
}

static void threads_share_a_tokenizer(void **state) {
    (void)state;
    enum { THREADS = 4 };
    static const char *const texts[THREADS] = {"the quick brown fox", "\xe3\x81\x82\xe3\x81\x84 \xce\xa9 1234",
                                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x \xff\xfe y"};
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/small"));
    quill_tokenizer *other = open_tokenizer(TEST_DATA("tokenizer/small"));
    struct worker workers[THREADS];
    struct buffer text[THREADS] = {{0}};
    quill_ids expected[THREADS] = {{0}};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        for (int k = 0; k < 40 * (i + 1); k++) assert_true(buffer_add_str(&text[i], str_of(texts[i])));
        encode(other, &expected[i], text[i].p, text[i].n, QUILL_SPECIAL_AS_TEXT);
        workers[i] = (struct worker){t, buffer_str(&text[i]), &expected[i], true};
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, encode_often, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_true(workers[i].ok);
        buffer_free(&text[i]);
        quill_ids_free(&expected[i]);
    }
    quill_tokenizer_free(t);
    quill_tokenizer_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_hugging_face_tokenizers),
        cmocka_unit_test(special_tokens_are_parsed_on_demand),
        cmocka_unit_test(ids_are_those_that_come_with_the_vocabularies),
        cmocka_unit_test(gpt_neox_loads_and_round_trips),
        cmocka_unit_test(any_bytes_round_trip),
        cmocka_unit_test(texts_may_be_cut_between_lines),
        cmocka_unit_test(a_text_is_not_cut_where_an_added_token_may_be),
        cmocka_unit_test(a_byte_that_the_vocabulary_lacks_is_an_error),
        cmocka_unit_test(merges_go_by_rank_and_from_left_to_right),
        cmocka_unit_test(merging_is_what_its_definition_says),
        cmocka_unit_test(a_word_that_is_a_token_may_go_before_the_merges),
        cmocka_unit_test(the_cache_does_not_change_ids),
        cmocka_unit_test(added_tokens_are_found_leftmost_and_longest),
        cmocka_unit_test(the_longest_added_token_may_be_a_prefix_of_prefixes),
        cmocka_unit_test(a_space_may_be_put_in_front),
        cmocka_unit_test(a_decoder_joins_the_bytes_of_tokens),
        cmocka_unit_test(a_decoder_drops_the_space_in_front),
        cmocka_unit_test(losing_tokenizers_say_so),
        cmocka_unit_test(tokens_tell_their_bytes_and_kind),
        cmocka_unit_test(ends_are_named_or_known_by_their_texts),
        cmocka_unit_test(some_ends_are_none_beside_others),
        cmocka_unit_test(ids_without_a_token_are_unused),
        cmocka_unit_test(vocabularies_that_make_no_sense_are_refused),
        cmocka_unit_test(parts_of_other_kinds_are_refused_by_name),
        cmocka_unit_test(results_need_not_be_in_order),
        cmocka_unit_test(the_pre_tokenizer_is_reported),
        cmocka_unit_test(long_runs_take_linear_time_and_little_stack),
        cmocka_unit_test(threads_share_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
