// SPDX-License-Identifier: MIT
#include "tokenizer_rig.h"

#include "load/vocab_files.h"

static quill_error err;

// ---- making files ---------------------------------------------------------------------------------------------------

// The 256 bytes as members of a vocabulary, id = byte; as UTF-8, or with everything escaped.
static void add_alphabet(struct buffer *out, bool escaped) {
    static struct rig rig;
    rig_begin(&rig);
    for (int b = 0; b < 256; b++) {
        char member[40];
        uint32_t code;
        utf8_step(rig.tokens[b].p, rig.tokens[b].n, &code);
        bool escape = escaped || code == '"' || code == '\\';
        if (escape) snprintf(member, sizeof member, "%s\"\\u%04x\":%d", b ? "," : "", (unsigned)code, b);
        else snprintf(member, sizeof member, "%s\"%.*s\": %d", b ? "," : "", (int)rig.tokens[b].n, rig.tokens[b].p, b);
        assert_true(buffer_add_str(out, str_of(member)));
    }
}

struct made {
    struct buffer json, vocab;
    struct vocab_files files;
    struct vocab_spec spec;
    struct vocab_owner *owner;
};

static void made_free(struct made *m) {
    vocab_owner_free(m->owner);
    buffer_free(&m->json);
    buffer_free(&m->vocab);
    *m = (struct made){.owner = NULL};
}

#define BYTE_LEVEL "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}"
#define BYTES_ONLY "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}"
#define MERGES "\"merges\":[\"a b\",\"ab c\"]"

// tokenizer.json with ab = 256 and abc = 257; `model` and `rest` are further members ("" or beginning with a comma).
static quill_status make_json(struct made *m, const char *model, const char *rest) {
    *m = (struct made){.files = {.directory = "dir"}};
    buffer_add_str(&m->json, STR("{\"model\":{\"vocab\":{"));
    add_alphabet(&m->json, false);
    buffer_add_str(&m->json, STR(",\"ab\":256,\"abc\":257}"));
    buffer_add_str(&m->json, str_of(model));
    buffer_add_str(&m->json, STR("}"));
    buffer_add_str(&m->json, str_of(rest));
    buffer_add_str(&m->json, STR("}"));
    m->files.tokenizer_json = buffer_str(&m->json);
    return vocab_from_files(&m->spec, &m->owner, &m->files, &err);
}

static quill_tokenizer *tokenizer_of(struct made *m, quill_status status) {
    quill_tokenizer *t;
    assert_ok(status, err);
    assert_ok(tokenizer_create(&t, &m->spec, &err), err);
    return t;
}

// vocab.json with ab = 256, abc = 257 and <|endoftext|> = 258; the rest is given.
static quill_status make_files(struct made *m, const char *more, const char *merges, const char *config, bool escaped) {
    *m = (struct made){.files = {.directory = "dir"}};
    buffer_add_str(&m->vocab, STR("{"));
    add_alphabet(&m->vocab, escaped);
    buffer_add_str(&m->vocab, STR(",\"ab\":256,\"abc\":257,\"<|endoftext|>\":258"));
    buffer_add_str(&m->vocab, str_of(more));
    buffer_add_str(&m->vocab, STR("}\n"));
    m->files.vocab_json = buffer_str(&m->vocab);
    m->files.merges_txt = str_of(merges);
    m->files.tokenizer_config_json = str_of(config);
    return vocab_from_files(&m->spec, &m->owner, &m->files, &err);
}

static void assert_refused(quill_status status, const struct made *m, const char *words) {
    if (status != QUILL_E_MODEL || !strstr(err.text, words) || strncmp(err.text, "dir", 3) != 0 ||
        strchr(err.text, '\n'))
        fail_with("wanted '%s', got status %d: '%s'", words, (int)status, status ? err.text : "");
    assert_null(m->owner);
}

static void json_refused(const char *model, const char *rest, const char *words) {
    struct made m;
    quill_status status = make_json(&m, model, rest);
    assert_refused(status, &m, words);
    made_free(&m);
}

static void files_refused(const char *more, const char *merges, const char *config, const char *words) {
    struct made m;
    quill_status status = make_files(&m, more, merges, config, false);
    assert_refused(status, &m, words);
    made_free(&m);
}

// ---- tokenizer.json -------------------------------------------------------------------------------------------------

static void a_model_is_read_with_merges_of_either_form(void **state) {
    (void)state;
    static const char *const models[] = {
        ",\"type\":\"BPE\"," MERGES, "," MERGES,
        ",\"dropout\":null,\"unk_token\":\"x\",\"continuing_subword_prefix\":\"\",\"end_of_word_suffix\":null,"
        "\"fuse_unk\":true,\"byte_fallback\":false,\"ignore_merges\":false,\"merges\":[[\"a\",\"b\"],[\"ab\",\"c\"]]",
        ",\"merges\" : [ \"\\u0061 b\" , [ \"ab\" , \"\\u0063\" ] ]",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct made m;
        quill_tokenizer_info info;
        quill_tokenizer *t = tokenizer_of(&m, make_json(&m, models[i], ",\"pre_tokenizer\":" BYTE_LEVEL));
        made_free(&m); // the tokenizer keeps nothing of it
        assert_encodes(t, STR("abc ab\"\\\n"), QUILL_SPECIAL_AS_TEXT, 257, ' ', 256, '"', '\\', '\n', -1);
        quill_tokenizer_describe(t, &info);
        assert_string_equal(info.pre, "gpt-2");
        assert_false(info.pre_missing);
        assert_int_equal(info.n_merges, 2);
        assert_int_equal(quill_token_bos(t), -1);
        assert_int_equal(quill_token_eos(t), -1);
        quill_tokenizer_free(t);
    }
}

static void a_byte_order_mark_is_passed_over(void **state) {
    (void)state;
    struct made m;
    struct buffer text = {0};
    assert_ok(make_json(&m, "," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL), err);
    assert_true(buffer_add_str(&text, STR("\xef\xbb\xbf")) && buffer_add_str(&text, buffer_str(&m.json)));
    vocab_owner_free(m.owner);
    m.files.tokenizer_json = buffer_str(&text);
    assert_ok(vocab_from_files(&m.spec, &m.owner, &m.files, &err), err);
    assert_int_equal(m.spec.n_tokens, 258);
    buffer_free(&text);
    made_free(&m);
}

static void added_tokens_are_special_or_not(void **state) {
    (void)state;
    struct made m;
    quill_tokenizer *t = tokenizer_of(&m, make_json(&m, "," MERGES,
        ",\"added_tokens\":[{\"id\":258,\"content\":\"<s>\",\"special\":true,\"lstrip\":false,\"normalized\":false},"
        "{\"id\":260,\"content\":\"\\u00e9 x\",\"special\":false},{\"content\":\"abc\",\"id\":257}]"
        ",\"pre_tokenizer\":" BYTE_LEVEL));
    assert_int_equal(quill_n_vocab(t), 261);
    assert_true(quill_token_is_special(t, 258));
    assert_false(quill_token_is_special(t, 260) || quill_token_is_special(t, 257));
    assert_encodes(t, STR("<s>\xc3\xa9 x"), QUILL_SPECIAL_AS_TEXT, '<', 's', '>', 260, -1);
    assert_encodes(t, STR("<s>zabc"), QUILL_SPECIAL_PARSE, 258, 'z', 257, -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

// The values are those of the package tokenizers: white space is what Unicode calls so, and a text that was stripped is
// not stripped again.
static void special_tokens_strip_where_they_are_parsed(void **state) {
    (void)state;
    struct made m;
    quill_tokenizer *t = tokenizer_of(&m, make_json(&m, "," MERGES,
        ",\"added_tokens\":[{\"id\":258,\"content\":\"<l>\",\"special\":true,\"lstrip\":true},"
        "{\"id\":259,\"content\":\"<r>\",\"special\":true,\"rstrip\":true},"
        "{\"id\":260,\"content\":\"<b>\",\"special\":true,\"lstrip\":true,\"rstrip\":true}]"
        ",\"pre_tokenizer\":" BYTE_LEVEL));
    assert_encodes(t, STR("x \t\n<l> y"), QUILL_SPECIAL_PARSE, 'x', 258, ' ', 'y', -1);
    assert_encodes(t, STR("x <r> \r\n\v\fy"), QUILL_SPECIAL_PARSE, 'x', ' ', 259, 'y', -1);
    assert_encodes(t, STR("  <b>  "), QUILL_SPECIAL_PARSE, 260, -1);
    assert_encodes(t, STR("<r>  <l>  <b>"), QUILL_SPECIAL_PARSE, 259, 258, 260, -1);
    // U+00A0, U+1680, U+2003, U+3000 are white; U+200B, a stray 0xA0 and a cut character are not.
    assert_encodes(t, STR("x\xc2\xa0\xe1\x9a\x80\xe2\x80\x83\xe3\x80\x80<l>"), QUILL_SPECIAL_PARSE, 'x', 258, -1);
    assert_encodes(t, STR("\xe2\x80\x8b<l>"), QUILL_SPECIAL_PARSE, 0xe2, 0x80, 0x8b, 258, -1);
    assert_encodes(t, STR("\xa0<b>\xe3\x80"), QUILL_SPECIAL_PARSE, 0xa0, 260, 0xe3, 0x80, -1);
    assert_encodes(t, STR(" <l> "), QUILL_SPECIAL_AS_TEXT, ' ', '<', 'l', '>', ' ', -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

static void nfc_is_noted_and_left_out(void **state) {
    (void)state;
    static const char *const normalizers[] = {
        "{\"type\":\"NFC\"}", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"NFC\"}]}",
        "{\"type\":\"Sequence\",\"normalizers\":[]}", "null"};
    for (int i = 0; i < 4; i++) {
        struct made m;
        char rest[300];
        quill_tokenizer_info info;
        snprintf(rest, sizeof rest, ",\"pre_tokenizer\":" BYTE_LEVEL ",\"normalizer\":%s", normalizers[i]);
        quill_tokenizer *t = tokenizer_of(&m, make_json(&m, "," MERGES, rest));
        quill_tokenizer_describe(t, &info);
        assert_int_equal(info.nfc_left_out, i < 2);
        assert_encodes(t, STR("e\xcc\x81"), QUILL_SPECIAL_AS_TEXT, 'e', 0xcc, 0x81, -1);
        quill_tokenizer_free(t);
        made_free(&m);
    }
}

// Byte-level BPE is lossless unless a part of the file changes texts, or removes something of them.
static void a_part_that_loses_bytes_is_told(void **state) {
    (void)state;
#define WITH_ADDED(manner) ",\"added_tokens\":[{\"id\":258,\"content\":\"<m>\",\"special\":" manner "}]"
    static const struct {
        const char *rest;
        bool lossless;
    } cases[] = {
        {"", true},
        {",\"normalizer\":{\"type\":\"NFC\"}", true}, // left out
        {",\"normalizer\":{\"type\":\"NFKC\"}", false},
        {",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Lowercase\"}]}",
         false},
        {",\"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"x\"}", false},
        {WITH_ADDED("false,\"lstrip\":true"), false},
        {WITH_ADDED("false,\"rstrip\":true"), false},
        {WITH_ADDED("false,\"single_word\":true"), true},
        {WITH_ADDED("true,\"rstrip\":true"), true}, // only where special tokens are parsed
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        char rest[400];
        quill_tokenizer_info info;
        snprintf(rest, sizeof rest, ",\"pre_tokenizer\":" BYTE_LEVEL "%s", cases[i].rest);
        quill_tokenizer *t = tokenizer_of(&m, make_json(&m, "," MERGES, rest));
        quill_tokenizer_describe(t, &info);
        if (info.lossless != cases[i].lossless) fail_with("%s", cases[i].rest);
        quill_tokenizer_free(t);
        made_free(&m);
    }
    struct made m;
    quill_tokenizer_info info;
    static const char removed[] = ",\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
                                  "\"pattern\":{\"String\":\"x\"},\"behavior\":\"Removed\"}," BYTES_ONLY "]}";
    quill_tokenizer *t = tokenizer_of(&m, make_json(&m, "," MERGES, removed));
    quill_tokenizer_describe(t, &info);
    assert_false(info.lossless);
    assert_encodes(t, STR("xaxbx"), QUILL_SPECIAL_AS_TEXT, 'a', 'b', -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

static void pre_tokenizers_become_patterns(void **state) {
    (void)state;
    static const struct {
        const char *pre;
        const char *patterns[4];
        bool gpt2;
    } cases[] = {
        {BYTE_LEVEL, {NULL}, true},
        {"{\"type\":\"ByteLevel\",\"add_prefix_space\":false}", {NULL}, true},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[" BYTE_LEVEL "]}", {NULL}, true},
        {BYTES_ONLY, {NULL}, false},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\d+\"},"
         "\"behavior\":\"Isolated\",\"invert\":false}," BYTES_ONLY "]}",
         {"\\d+"},
         false},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"x|y\"},"
         "\"behavior\":\"Removed\",\"invert\":true},{\"type\":\"Split\",\"pattern\":{\"Regex\":\"x|y\"},"
         "\"behavior\":\"Contiguous\",\"invert\":false}," BYTES_ONLY "]}",
         {"x|y", "x|y"},
         false},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"String\":\"a.b\"},"
         "\"behavior\":\"Isolated\",\"invert\":true}," BYTES_ONLY "]}",
         {"a\\.b"},
         false},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true},"
         "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":false},"
         "{\"type\":\"Punctuation\"}]}," BYTES_ONLY "]}",
         {"\\p{N}", "\\p{N}+", "[\\p{P}$+<=>^`|~]"},
         false},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}," BYTES_ONLY
         "]}",
         {"[\\p{P}$+<=>^`|~]"},
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        struct buffer rest = {0};
        assert_true(buffer_add_str(&rest, STR(",\"pre_tokenizer\":")) && buffer_add_str(&rest, str_of(cases[i].pre)) &&
                    buffer_add_byte(&rest, '\0'));
        assert_ok(make_json(&m, "," MERGES, rest.p), err);
        assert_int_equal(m.spec.pre != NULL, cases[i].gpt2);
        if (!cases[i].gpt2) {
            size_t n = 0;
            assert_non_null(m.spec.patterns);
            for (; cases[i].patterns[n]; n++)
                assert_true(n < m.spec.n_patterns && str_is(m.spec.patterns[n], cases[i].patterns[n]));
            assert_int_equal(m.spec.n_patterns, n);
        }
        quill_tokenizer_free(tokenizer_of(&m, QUILL_OK));
        buffer_free(&rest);
        made_free(&m);
    }
}

static void text_is_whole_without_a_split(void **state) {
    (void)state;
    struct made m;
    quill_tokenizer_info info;
    quill_tokenizer *t =
        tokenizer_of(&m, make_json(&m, ",\"merges\":[\"a b\",\"ab c\"]", ",\"pre_tokenizer\":" BYTES_ONLY));
    quill_tokenizer_describe(t, &info);
    assert_string_equal(info.pre, "custom");
    assert_encodes(t, STR("abc'sab"), QUILL_SPECIAL_AS_TEXT, 257, '\'', 's', 256, -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

// Five sequences within each other.
static void nesting_is_refused(const char *part, const char *list) {
    struct buffer rest = {0};
    char words[100];
    assert_true(buffer_add_format(&rest, ",\"%s\":", part));
    for (int i = 0; i < 5; i++) assert_true(buffer_add_format(&rest, "{\"type\":\"Sequence\",\"%s\":[", list));
    for (int i = 0; i < 5; i++) assert_true(buffer_add_string(&rest, "]}"));
    assert_true(buffer_add_byte(&rest, '\0'));
    snprintf(words, sizeof words, "%s: expected sequences nested at most 4 deep", part);
    json_refused("," MERGES, rest.p, words);
    buffer_free(&rest);
}

// By the name of the part, so that a person can look it up.
static void parts_that_are_not_there_are_refused_by_name(void **state) {
    (void)state;
    static const char *const types[] = {"Unigram", "WordPiece", "WordLevel"};
    char text[300];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, ",\"type\":\"%s\"," MERGES, types[i]);
        json_refused(text, "", types[i]);
    }
    json_refused("," MERGES ",\"byte_fallback\":true", ",\"pre_tokenizer\":" BYTE_LEVEL, "byte_fallback");
    json_refused("," MERGES ",\"byte_fallback\":1", "", "byte_fallback");
    json_refused("," MERGES ",\"fuse_unk\":2", "", "fuse_unk");
    json_refused("," MERGES ",\"dropout\":0.1", "", "dropout");
    json_refused("," MERGES ",\"continuing_subword_prefix\":\"##\"", "", "continuing_subword_prefix");
    json_refused("," MERGES ",\"end_of_word_suffix\":\"@@\"", "", "end_of_word_suffix");
    json_refused("," MERGES ",\"end_of_word_suffix\":\"</w>\"", ",\"pre_tokenizer\":" BYTE_LEVEL, "end_of_word_suffix");
    json_refused("," MERGES ",\"end_of_word_suffix\":\"</w>\",\"byte_fallback\":true", "", "end_of_word_suffix");
    json_refused("," MERGES ",\"unk_token\":\"none\"", "", "unk_token: expected a token, found 'none'");
    static const char *const pres[] = {"Metaspace",   "CharDelimiterSplit", "UnicodeScripts",  "FixedLength",
                                       "Whitespace",  "WhitespaceSplit",    "BertPreTokenizer"};
    for (int i = 0; i < 7; i++) {
        snprintf(text, sizeof text, ",\"pre_tokenizer\":{\"type\":\"%s\"}", pres[i]);
        if (i < 4) json_refused("," MERGES, text, pres[i]);
        snprintf(text, sizeof text,
                 ",\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[" BYTES_ONLY ",{\"type\":\"%s\"}]}",
                 pres[i]);
        json_refused("," MERGES, text, pres[i]);
    }
    static const struct {
        const char *rest, *words;
    } parts[] = {
        {"\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"},"
         "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}]}",
         "behind a split, ByteLevel with 'add_prefix_space'"},
        {"\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Sideways\"}", "Sideways"},
        {"\"pre_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Sideways\"}",
         "Punctuation with behavior 'Sideways'"},
        {"\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\"}", "Metaspace with replacement '_'"},
        {"\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\",\"prepend_scheme\":\"x\"}",
         "Metaspace with prepend_scheme 'x'"},
        {"\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"},"
         "{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\",\"prepend_scheme\":\"always\"}]}",
         "behind another split, Metaspace with prepend_scheme 'always'"},
        {"\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
         "{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\"},{\"type\":\"Whitespace\"}]}",
         "behind Metaspace, 'Whitespace'"},
        {"\"normalizer\":{\"type\":\"ByteLevel\"}", "normalizer 'ByteLevel'"},
        {"\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"NFX\"}]}",
         "normalizer 'NFX'"},
        {"\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":{}}", "normalizer: expected a list"},
        {"\"normalizer\":{\"type\":\"Prepend\"}", "Prepend: expected a text"},
        {"\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"x\"}",
         "Replace: expected a pattern"},
        {"\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"x\"}}", "Replace: expected a pattern"},
        {"\"normalizer\":{\"type\":\"Replace\",\"pattern\":\"x\",\"content\":\"x\"}", "Replace: expected a pattern"},
        {"\"normalizer\":{\"type\":\"Precompiled\"}", "Precompiled: expected precompiled_charsmap"},
        {"\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"a!==\"}", "Precompiled: expected base64"},
        {"\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAAA\"}",
         "Precompiled: expected base64"},
        {"\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xe2\x96\x81\"},"
         "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"}",
         "where spaces are U+2581, the pattern"},
        {"\"decoder\":{\"type\":\"WordPiece\"}", "decoder 'WordPiece'"},
        {"\"decoder\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"b\"}", "decoder: Replace"},
        {"\"decoder\":{\"type\":\"Strip\",\"content\":\"x\",\"start\":1,\"stop\":0}",
         "decoder: Strip with content 'x'"},
        {"\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":2,\"stop\":0}", "decoder: Strip with start '2'"},
        {"\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":1}", "decoder: Strip with stop '1'"},
        {"\"decoder\":{\"type\":\"BPEDecoder\",\"suffix\":\"@@\"}", "decoder: BPEDecoder with suffix '@@'"},
        {"\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"_\"}", "decoder: Metaspace with replacement '_'"},
        {"\"decoder\":{\"type\":\"Sequence\",\"decoders\":7}", "decoder: expected a list"},
        {"\"post_processor\":{\"type\":\"RobertaProcessing\"}", "expected a token and its id as cls"},
        {"\"post_processor\":{\"type\":\"RobertaProcessing\",\"cls\":[\"a\"]}", "expected a token and its id as cls"},
        {"\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"a\",900]}",
         "expected the id of a token, found 900"},
        {"\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\",\"cls\":[\"a\",1]},"
         "{\"type\":\"RobertaProcessing\",\"cls\":[\"a\",1]}]}",
         "behind another one, 'RobertaProcessing'"},
        {"\"post_processor\":{\"type\":\"Other\"}", "post_processor 'Other'"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char rest[400];
        snprintf(rest, sizeof rest, ",%s", parts[i].rest);
        json_refused("," MERGES, rest, parts[i].words);
    }
    nesting_is_refused("normalizer", "normalizers");
    nesting_is_refused("pre_tokenizer", "pretokenizers");
    nesting_is_refused("post_processor", "processors");
    nesting_is_refused("decoder", "decoders");
#define NFC2 "{\"type\":\"NFC\"},{\"type\":\"NFC\"}"
#define NFC8 NFC2 "," NFC2 "," NFC2 "," NFC2
#define NFC32 NFC8 "," NFC8 "," NFC8 "," NFC8
    json_refused("," MERGES,
                 ",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" NFC32 "," NFC32 ",{\"type\":\"NFC\"}]}",
                 "normalizer: expected at most 64 steps");
}

static void damaged_parts_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *model, *rest, *words;
    } cases[] = {
        {"", "", "expected vocab and merges"},
        {",\"merges\":{}", "", "expected a list"},
        {",\"merges\":[1]", "", "merges: expected strings or pairs"},
        {",\"merges\":[[\"a\"]]", "", "merges: expected two tokens in each"},
        {",\"merges\":[[\"a\",\"b\",\"c\"]]", "", "merges: expected two tokens in each"},
        {",\"merges\":[[\"a\",1]]", "", "merges: expected two tokens in each"},
        {",\"merges\":[[\"a b\\u0000\",\"c\"]]", "", "merges: expected two tokens in each"},
        {",\"merges\":[\"a b\"", "", "expected a comma or a closing bracket"},
        {"," MERGES "," MERGES, "", "vocab or merges are there twice"},
        {"," MERGES ",\"vocab\":{}", "", "vocab or merges are there twice"},
        {"," MERGES, ",\"model\":{}", "found one twice"},
        {"," MERGES, ",\"pre_tokenizer\":[]", "pre_tokenizer"},
        {"," MERGES, ",\"pre_tokenizer\":{\"type\":\"Sequence\"}", "expected a list"},
        {"," MERGES, ",\"pre_tokenizer\":{\"type\":\"Split\"}", "Split: expected a pattern"},
        {"," MERGES, ",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\"}}",
         "Split: expected a pattern"},
        {"," MERGES, ",\"added_tokens\":[{}]", "expected an id in each"},
        {"," MERGES, ",\"added_tokens\":[{\"id\":-1,\"content\":\"x\"}]", "expected an id in each"},
        {"," MERGES, ",\"added_tokens\":[{\"id\":1.5,\"content\":\"x\"}]", "expected an id in each"},
        {"," MERGES, ",\"added_tokens\":[{\"id\":258}]", "expected content in each"},
        {"," MERGES, ",\"added_tokens\":[3]", "expected an id in each"},
        {"," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL ",\"added_tokens\":[{\"id\":257,\"content\":\"abd\"}]",
         "the id 257 is of two tokens, 'abc' and 'abd'"},
        {"," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL ",\"added_tokens\":[{\"id\":400000000,\"content\":\"x\"}]",
         "expected an id below"},
        {"," MERGES, "} 1", "expected the end"},
        {"," MERGES, ",nonsense", "expected a name in quotes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        json_refused(cases[i].model, cases[i].rest, cases[i].words);
    static const char *const whole[] = {
        "",
        " ",
        "[]",
        "{",
        "{}",
        "null",
        "\xff",
        "{\"model\":3}",
        "{\"model\":{\"vocab\":[]}}",
        "{\"model\":{\"vocab\":{\"a\":\"b\"}}}",
        "{\"model\":{\"vocab\":{\"a\":-1}}}",
        "{\"model\":{\"vocab\":{\"a\":1e3}}}",
        "{\"model\":{\"vocab\":{\"a\":9999999999}}}",
        "{\"model\":{\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]},\"pre_tokenizer\":" BYTE_LEVEL "}"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct made m = {.files = {.directory = "dir", .tokenizer_json = str_of(whole[i])}};
        quill_status status = vocab_from_files(&m.spec, &m.owner, &m.files, &err);
        assert_refused(status, &m, "");
    }
}

// ---- BOS and EOS ----------------------------------------------------------------------------------------------------

#define SPECIALS                                                                                                       \
    ",\"added_tokens\":[{\"id\":258,\"content\":\"<s>\",\"special\":true},"                                            \
    "{\"id\":259,\"content\":\"</s>\",\"special\":true}]"
#define TEMPLATE                                                                                                       \
    ",\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},"                             \
    "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},"                  \
    "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"                                                                    \
    "\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[258],\"tokens\":[\"<s>\"]}}}]}"

#define NO_BOS                                                                                                         \
    ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}," \
    "{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}}]," \
    "\"special_tokens\":{\"</s>\":{\"id\":\"</s>\",\"ids\":[259],\"tokens\":[\"</s>\"]}}}"
#define ROBERTA ",\"post_processor\":{\"type\":\"RobertaProcessing\",\"sep\":[\"</s>\",259],\"cls\":[\"<s>\",258]}"

static void check_ends(const char *rest, const char *config, int32_t bos, int32_t eos, bool adds_bos) {
    struct made m;
    struct buffer text = {0};
    assert_true(buffer_add_str(&text, STR(",\"pre_tokenizer\":" BYTE_LEVEL SPECIALS)) &&
                buffer_add_str(&text, str_of(rest)) && buffer_add_byte(&text, '\0'));
    assert_ok(make_json(&m, "," MERGES, text.p), err);
    vocab_owner_free(m.owner);
    m.files.tokenizer_config_json = str_of(config);
    quill_tokenizer *t = tokenizer_of(&m, vocab_from_files(&m.spec, &m.owner, &m.files, &err));
    assert_int_equal(quill_token_bos(t), bos);
    assert_int_equal(quill_token_eos(t), eos);
    assert_int_equal(quill_adds_bos(t), adds_bos);
    quill_tokenizer_free(t);
    buffer_free(&text);
    made_free(&m);
}

static void bos_and_eos_come_by_name_or_template(void **state) {
    (void)state;
    check_ends("", "", -1, -1, false);
    check_ends("", "{\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\",\"lstrip\":false}}", 258, 259, false);
    check_ends("", "{\"bos_token\":\"<s>\",\"eos_token\":null,\"add_bos_token\":true}", 258, -1, true);
    check_ends(TEMPLATE, "", 258, -1, true);
    // The template goes before the config.
    check_ends(TEMPLATE, "\xef\xbb\xbf{\"add_bos_token\":false,\"bos_token\":null,\"chat_template\":\"{{x}}\"}",
               258, -1, true);
    check_ends(NO_BOS, "{\"bos_token\":\"<s>\",\"add_bos_token\":true}", 258, -1, false);
    check_ends(ROBERTA, "{\"bos_token\":\"</s>\"}", 258, -1, true);
    check_ends(TEMPLATE, "{\"bos_token\":\"<s>\",\"add_bos_token\":null}", 258, -1, true);
    check_ends(",\"post_processor\":{\"type\":\"ByteLevel\"}", "{\"model_max_length\":1024}", -1, -1, false);
    check_ends(",\"post_processor\":null", "{}", -1, -1, false);
}

static void ends_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static const char *const configs[] = {"{\"eos_token\":7}",
                                          "{\"eos_token\":{\"content\":7}}",
                                          "[]",
                                          "{\"a\":1"};
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct made m;
        assert_ok(make_json(&m, "," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL), err);
        vocab_owner_free(m.owner);
        m.files.tokenizer_config_json = str_of(configs[i]);
        assert_refused(vocab_from_files(&m.spec, &m.owner, &m.files, &err), &m, "dir/tokenizer_config.json: ");
        made_free(&m);
    }
    json_refused("," MERGES,
                 ",\"pre_tokenizer\":" BYTE_LEVEL ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                 "{\"SpecialToken\":{\"id\":\"x\"}},{\"SpecialToken\":{\"id\":\"y\"}},{\"Sequence\":{\"id\":\"A\"}}]}",
                 "more than one token in front");
    json_refused("," MERGES,
                 ",\"pre_tokenizer\":" BYTE_LEVEL ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                 "{\"SpecialToken\":{\"id\":\"x\"}},{\"Sequence\":{\"id\":\"A\"}}]}",
                 "expected the id of the token in front");
    json_refused("," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL ",\"post_processor\":{\"type\":\"TemplateProcessing\"}",
                 "expected a template");
}

// ---- vocab.json and merges.txt --------------------------------------------------------------------------------------

static void gpt2_files_are_read_in_all_spellings(void **state) {
    (void)state;
    static const char *const merges[] = {"#version: 0.2\na b\nab c\n", "a b\nab c",
                                         "#version: 0.2\r\na b\r\nab c\r\n\r\n",
                                         "\xef\xbb\xbf#version: 0.2\na b\nab c\n"};
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        struct made m;
        quill_tokenizer_info info;
        quill_tokenizer *t = tokenizer_of(&m, make_files(&m, "", merges[i], "", i % 2 == 0));
        made_free(&m);
        assert_encodes(t, STR("abc ab<|endoftext|>"), QUILL_SPECIAL_PARSE, 257, ' ', 256, 258, -1);
        quill_tokenizer_describe(t, &info);
        assert_string_equal(info.pre, "gpt-2");
        assert_false(info.pre_missing);
        assert_int_equal(quill_token_eos(t), 258); // as GPT-2's class has it, whose files say nothing
        assert_int_equal(quill_token_bos(t), 258);
        assert_true(quill_token_is_special(t, 258));
        assert_false(quill_adds_bos(t));
        quill_tokenizer_free(t);
    }
}

// "#" is a token like any other: only the first line may be a comment.
static void a_merge_may_begin_with_a_number_sign(void **state) {
    (void)state;
    struct made m;
    quill_tokenizer *t = tokenizer_of(&m, make_files(&m, ",\"##\":259", "# #\n", "", false));
    assert_encodes(t, STR("##"), QUILL_SPECIAL_AS_TEXT, 259, -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

static void the_config_adds_tokens_and_names(void **state) {
    (void)state;
    struct made m;
    quill_tokenizer *t = tokenizer_of(
        &m, make_files(
                &m, ",\"</s>\":259", "a b\nab c\n",
                "{\"tokenizer_class\":\"GPT2Tokenizer\",\"bos_token\":\"</s>\",\"eos_token\":\"</"
                "s>\",\"unk_token\":null,\"add_bos_token\":true,"
                "\"add_prefix_space\":false,\"added_tokens_decoder\":{\"260\":{\"content\":\"<pad>\",\"special\":true},"
                "\"261\":{\"content\":\"  \",\"special\":false},\"259\":{\"content\":\"</s>\",\"special\":true}}}",
                false));
    assert_int_equal(quill_n_vocab(t), 262);
    assert_int_equal(quill_token_bos(t), 259);
    assert_int_equal(quill_token_eos(t), 259);
    assert_true(quill_adds_bos(t));
    assert_true(quill_token_is_special(t, 259) && quill_token_is_special(t, 260) && !quill_token_is_special(t, 258));
    assert_encodes(t, STR("a  b<pad>"), QUILL_SPECIAL_PARSE, 'a', 261, 'b', 260, -1);
    quill_tokenizer_free(t);
    made_free(&m);
}

// Files that older folders have beside vocab.json and merges.txt, of which make_files gives the first.
struct others {
    const char *config, *special_map, *added;
};

static quill_status make_folder(struct made *m, const struct others *o, const char *more_tokens) {
    assert_ok(make_files(m, more_tokens, "a b\nab c\n", "", false), err);
    vocab_owner_free(m->owner);
    m->owner = NULL;
    m->files.tokenizer_config_json = str_of(o->config ? o->config : "");
    m->files.special_tokens_map_json = str_of(o->special_map ? o->special_map : "");
    m->files.added_tokens_json = str_of(o->added ? o->added : "");
    return vocab_from_files(&m->spec, &m->owner, &m->files, &err);
}

#define ADDED "{\"<p>\": 259, \"PersonA\": 260}"

// Ids and kinds are those of transformers, whichever way a file names a special token.
static void older_folders_keep_tokens_beside_the_vocabulary(void **state) {
    (void)state;
    static const struct {
        struct others others;
        bool pad, person; // special
    } cases[] = {
        {{NULL, NULL, ADDED}, false, false},
        {{"{}", "{}", ADDED}, false, false},
        {{"{\"pad_token\":\"<p>\"}", NULL, ADDED}, true, false},
        {{NULL, "{\"pad_token\":\"<p>\",\"eos_token\":\"<|endoftext|>\"}", ADDED}, true, false},
        {{NULL, "{\"pad_token\":{\"content\":\"<p>\",\"single_word\":false,\"lstrip\":false}}", ADDED},
         true, false},
        {{"{\"additional_special_tokens\":[\"PersonA\",{\"content\":\"<p>\"}]}", NULL, ADDED}, true, true},
        {{NULL, "\xef\xbb\xbf{\"additional_special_tokens\":[\"PersonA\"]}", ADDED}, false, true},
        {{"{\"additional_special_tokens\":[\"<p>\"]}", "{\"additional_special_tokens\":[\"PersonA\"]}", ADDED},
         true, true},
        {{"{\"extra_special_tokens\":[\"PersonA\"]}", NULL, ADDED}, false, true},
        {{"{\"extra_special_tokens\":{\"image_token\":\"PersonA\"}}", NULL, ADDED}, false, true},
        {{"{\"image_token\":\"PersonA\"}", NULL, ADDED}, false, true},
        {{NULL, "{\"image_token\":\"<p>\"}", ADDED}, true, false},
        {{"{\"additional_special_tokens\":null}", "{\"additional_special_tokens\":[],\"pad_token\":null}", ADDED},
         false, false},
        {{"{\"pad_token\":\"<p>\"}", "{\"pad_token\":null}", ADDED}, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        quill_tokenizer *t = tokenizer_of(&m, make_folder(&m, &cases[i].others, ""));
        made_free(&m);
        assert_int_equal(quill_n_vocab(t), 261);
        assert_int_equal(quill_token_is_special(t, 259), cases[i].pad);
        assert_int_equal(quill_token_is_special(t, 260), cases[i].person);
        assert_true(quill_token_is_special(t, 258));
        assert_encodes(t, STR("hi PersonA b<p>c"), QUILL_SPECIAL_PARSE, 'h', 'i', ' ', 260, ' ', 'b', 259, 'c', -1);
        if (cases[i].pad) assert_encodes(t, STR("<p>"), QUILL_SPECIAL_AS_TEXT, '<', 'p', '>', -1);
        else assert_encodes(t, STR("<p>"), QUILL_SPECIAL_AS_TEXT, 259, -1);
        if (!cases[i].person) assert_encodes(t, STR("xPersonA"), QUILL_SPECIAL_AS_TEXT, 'x', 260, -1);
        quill_tokenizer_free(t);
    }
}

// As in transformers: special_tokens_map.json goes before tokenizer_config.json, but neither it nor added_tokens.json
// says anything where the config lists the added tokens.
static void the_newest_file_counts(void **state) {
    (void)state;
    static const struct {
        struct others others;
        int32_t eos;
        int32_t n_vocab;
    } cases[] = {
        {{"{\"eos_token\":\"ab\"}", NULL, NULL}, 256, 259},
        {{"{\"eos_token\":\"ab\"}", "{\"eos_token\":\"abc\"}", NULL}, 257, 259},
        {{"{\"eos_token\":\"ab\"}", "{\"eos_token\":null}", NULL}, -1, 259},
        {{"{\"eos_token\":\"ab\"}", "{}", NULL}, 256, 259},
        {{NULL, "{\"eos_token\":\"abc\"}", NULL}, 257, 259},
        {{NULL, "{\"pad_token\":\"abc\"}", NULL}, 258, 259},
        {{"{\"eos_token\":\"ab\",\"added_tokens_decoder\":{\"259\":{\"content\":\"<q>\"}}}",
          "{\"eos_token\":\"abc\"}", ADDED}, 256, 260},
        {{"{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}", "{\"eos_token\":\"PersonA\"}", ADDED}, 260, 261},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        quill_tokenizer *t = tokenizer_of(&m, make_folder(&m, &cases[i].others, ""));
        assert_int_equal(quill_token_eos(t), cases[i].eos);
        assert_int_equal(quill_n_vocab(t), cases[i].n_vocab);
        quill_tokenizer_free(t);
        made_free(&m);
    }
}

// As in transformers: a special token strips as the file that names it says, unless it is in the list of added ones.
static void named_tokens_strip(void **state) {
    (void)state;
    static const char name[] = "{\"mask_token\":{\"content\":\"<m>\",\"lstrip\":true,\"rstrip\":false}}";
    const struct others config = {name, NULL, NULL}, map = {NULL, name, NULL}, added = {NULL, name, "{\"<m>\":259}"};
    const struct others *const all[] = {&config, &map, &added};
    for (int i = 0; i < 3; i++) {
        struct made m;
        quill_tokenizer *t = tokenizer_of(&m, make_folder(&m, all[i], i < 2 ? ",\"<m>\":259" : ""));
        if (i < 2) assert_encodes(t, STR("x <m> y"), QUILL_SPECIAL_PARSE, 'x', 259, ' ', 'y', -1);
        else assert_encodes(t, STR("x <m> y"), QUILL_SPECIAL_PARSE, 'x', ' ', 259, ' ', 'y', -1);
        quill_tokenizer_free(t);
        made_free(&m);
    }
}

static void bad_files_beside_the_vocabulary_are_refused(void **state) {
    (void)state;
    static const struct {
        struct others others;
        const char *words;
    } cases[] = {
        {{NULL, NULL, "[]"}, "dir/added_tokens.json: expected"},
        {{NULL, NULL, "{\"a\":1"}, "dir/added_tokens.json: expected"},
        {{NULL, NULL, "{\"q\":259} 1"}, "dir/added_tokens.json: expected the end"},
        {{NULL, NULL, "{\"q\":\"r\"}"}, "dir/added_tokens.json: vocab: expected token ids"},
        {{NULL, NULL, "{\"q\":256}"}, "the id 256 is of two tokens, 'ab' and 'q'"},
        {{NULL, NULL, "{\"q\":70000000}"}, "token 'q': expected an id below"},
        {{NULL, "[]", NULL}, "dir/special_tokens_map.json: expected"},
        {{NULL, "{\"pad_token\":3}", NULL}, "dir/special_tokens_map.json: expected a token or null"},
        {{NULL, "{\"additional_special_tokens\":3}", NULL}, "dir/special_tokens_map.json: expected a list"},
        {{NULL, "{\"additional_special_tokens\":[3]}", NULL}, "dir/special_tokens_map.json: expected a token"},
        {{NULL, "{\"pad_token\":{\"content\":\"x\",\"single_word\":true}}", NULL},
         "'single_word' is not supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        quill_status status = make_folder(&m, &cases[i].others, "");
        assert_refused(status, &m, cases[i].words);
        made_free(&m);
    }
    struct buffer many = {0};
    assert_true(buffer_add_byte(&many, '{'));
    for (int i = 0; i < 65; i++) {
        char member[40];
        snprintf(member, sizeof member, "%s\"x%d_token\":\"y\"", i ? "," : "", i);
        assert_true(buffer_add_str(&many, str_of(member)));
    }
    assert_true(buffer_add(&many, "}", 2));
    struct made m;
    quill_status status = make_folder(&m, &(struct others){.special_map = many.p}, "");
    assert_refused(status, &m, "expected at most 64 names of special tokens");
    made_free(&m);
    buffer_free(&many);
}

// Which of the files decides was tried with transformers: GPT-2's class goes by its config.
static void a_space_in_front_is_asked_for_in_files(void **state) {
    (void)state;
#define PREFIXED ",\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true}"
    static const struct {
        const char *json; // NULL: vocab.json
        const char *config;
        bool space;
    } cases[] = {
        {NULL, "{\"add_prefix_space\":true}", true},
        {NULL, "{\"add_prefix_space\":false}", false},
        {NULL, "{\"add_prefix_space\":null}", false},
        {PREFIXED, "", true},
        {PREFIXED, "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"add_prefix_space\":false}", true},
        {PREFIXED, "{\"tokenizer_class\":\"GPT2TokenizerFast\",\"add_prefix_space\":false}", false},
        {",\"pre_tokenizer\":" BYTE_LEVEL, "", false},
        {",\"pre_tokenizer\":" BYTE_LEVEL, "{\"tokenizer_class\":\"GPT2Tokenizer\",\"add_prefix_space\":true}",
         true},
        {",\"pre_tokenizer\":" BYTE_LEVEL,
         "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"add_prefix_space\":true}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m;
        const struct others others = {.config = cases[i].config};
        quill_tokenizer_info info;
        if (cases[i].json) {
            assert_ok(make_json(&m, "," MERGES, cases[i].json), err);
            vocab_owner_free(m.owner);
            m.files.tokenizer_config_json = str_of(cases[i].config);
            assert_ok(vocab_from_files(&m.spec, &m.owner, &m.files, &err), err);
        } else {
            assert_ok(make_folder(&m, &others, ""), err);
        }
        quill_tokenizer *t = tokenizer_of(&m, QUILL_OK);
        if (cases[i].space) assert_encodes(t, STR("ab"), QUILL_SPECIAL_AS_TEXT, ' ', 256, -1);
        else assert_encodes(t, STR("ab"), QUILL_SPECIAL_AS_TEXT, 256, -1);
        assert_encodes(t, STR(" ab"), QUILL_SPECIAL_AS_TEXT, ' ', 256, -1);
        quill_tokenizer_describe(t, &info);
        assert_int_equal(info.lossless, !cases[i].space);
        quill_tokenizer_free(t);
        made_free(&m);
    }
}

// A name that no token has is no end of texts, and is told; but BOS is missed where every text begins with it.
static void names_that_no_token_has_count_as_absent(void **state) {
    (void)state;
    struct made m;
    struct ignored ignored = {.bos = false};
    quill_tokenizer_info info;
    assert_ok(make_folder(&m, &(struct others){.config = "{\"eos_token\":\"<nope>\"}",
                                               .special_map = "{\"bos_token\":\"\\u001b\"}"}, ""), err);
    vocab_owner_free(m.owner);
    m.files.ignored = &ignored;
    assert_ok(vocab_from_files(&m.spec, &m.owner, &m.files, &err), err);
    assert_int_equal(m.spec.n_eos, 0);
    assert_int_equal(m.spec.bos, -1);
    assert_true(ignored.bos);
    assert_string_equal(ignored.text.p,
                        "special_tokens_map.json: bos_token \\x1b, tokenizer_config.json: eos_token <nope>");
    m.spec.ignored = ignored.text.p;
    m.spec.bos_ignored = ignored.bos;
    quill_tokenizer *t = tokenizer_of(&m, QUILL_OK);
    quill_tokenizer_describe(t, &info);
    assert_string_equal(info.ignored, ignored.text.p);
    quill_tokenizer_free(t);
    m.spec.add_bos = true;
    assert_int_equal(tokenizer_create(&t, &m.spec, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "dir: BOS token, which begins every text: expected an id of 0 to 258, found"));
    made_free(&m);
    buffer_free(&ignored.text);
    t = tokenizer_of(&m, make_folder(&m, &(struct others){.config = "{}"}, ""));
    quill_tokenizer_describe(t, &info);
    assert_null(info.ignored);
    quill_tokenizer_free(t);
    made_free(&m);
}

// However many there are, what is told of them stays a line.
static void what_is_ignored_is_told_in_one_line(void **state) {
    (void)state;
    struct ignored ignored = {.bos = false};
    assert_true(ignored_add_id(&ignored, NULL, "eos_token_id", -7));
    assert_string_equal(ignored.text.p, "eos_token_id -7");
    assert_false(ignored.bos);
    for (int id = 0; id < 100000; id++) assert_true(ignored_add_id(&ignored, "config.json", "eos_token_id", id));
    assert_non_null(strstr(ignored.text.p, "_id -7, config.json: eos_token_id 0, config.json: eos_token_id 1,"));
    assert_int_equal(strlen(ignored.text.p), ignored.text.n);
    assert_true(ignored.text.n > 300 && ignored.text.n < 700);
    assert_true(ignored_add_id(&ignored, "config.json", "bos_token_id", 5));
    assert_true(ignored.bos); // though it is not told any more
    buffer_free(&ignored.text);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    static const char *const lines[] = {"ab", "a b c", " a", "a ", "", " ", "a  b", "a\rb c", "a b\rc",
                                        "#version: 0.2 x"}; // a version stands in the first line alone
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[60];
        snprintf(text, sizeof text, "#version: 0.2\na b\n%s\nab c\n", lines[i]);
        files_refused("", text, "", "dir/merges.txt: line 3: expected two tokens and a space between them");
    }
    files_refused("", "", "",
                  "expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt, found vocab.json alone");
    files_refused(",\"x\":\"y\"", "a b\n", "", "dir/vocab.json: vocab: expected token ids");
    files_refused(",\"zz\":5", "a b\n", "", "the id 5 is of two tokens");
    files_refused(",\"zz\":1000000", "a b\n", "", "token 'zz': expected an id below");
    files_refused("} {", "a b\n", "", "expected the end");
    files_refused("", "a b\n", "{\"tokenizer_class\":\"CTRLTokenizer\"}", "CTRLTokenizer");
    files_refused("", "a b\n", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"y\"}}}", "added_tokens_decoder");
    files_refused("", "a b\n", "{\"added_tokens_decoder\":{\"300\":7}}", "added tokens");
    struct made m = {.files = {.directory = "dir"}};
    assert_refused(vocab_from_files(&m.spec, &m.owner, &m.files, &err), &m, "found none of them");
    m.files.merges_txt = STR("a b\n");
    assert_refused(vocab_from_files(&m.spec, &m.owner, &m.files, &err), &m, "found merges.txt alone");
    // What only the whole shows is refused when the tokenizer is made.
    quill_tokenizer *t;
    assert_ok(make_files(&m, "", "a b\nab d\n", "", false), err);
    assert_int_equal(tokenizer_create(&t, &m.spec, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "merge 1: expected two tokens that make a third, found 'ab d'"));
    made_free(&m);
    assert_ok(make_files(&m, ",\"ab\":259", "a b\n", "", false), err);
    assert_int_equal(tokenizer_create(&t, &m.spec, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "tokens 256 and 259 are the same text 'ab'"));
    made_free(&m);
}

// No cut of a file crashes, and none is accepted but those that lack blanks alone.
static void every_beginning_of_a_file_is_survived(void **state) {
    (void)state;
    struct made m;
    assert_ok(make_json(&m, "," MERGES, ",\"pre_tokenizer\":" BYTE_LEVEL SPECIALS TEMPLATE), err);
    vocab_owner_free(m.owner);
    for (size_t n = 0; n < m.json.n; n++) {
        char *exact = malloc(n ? n : 1);
        memcpy(exact, m.json.p, n);
        m.files.tokenizer_json = (struct str){exact, n};
        assert_int_equal(vocab_from_files(&m.spec, &m.owner, &m.files, &err), QUILL_E_MODEL);
        free(exact);
    }
    m.owner = NULL;
    made_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_read_with_merges_of_either_form),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(added_tokens_are_special_or_not),
        cmocka_unit_test(special_tokens_strip_where_they_are_parsed),
        cmocka_unit_test(nfc_is_noted_and_left_out),
        cmocka_unit_test(a_part_that_loses_bytes_is_told),
        cmocka_unit_test(pre_tokenizers_become_patterns),
        cmocka_unit_test(text_is_whole_without_a_split),
        cmocka_unit_test(parts_that_are_not_there_are_refused_by_name),
        cmocka_unit_test(damaged_parts_are_refused),
        cmocka_unit_test(bos_and_eos_come_by_name_or_template),
        cmocka_unit_test(ends_that_make_no_sense_are_refused),
        cmocka_unit_test(gpt2_files_are_read_in_all_spellings),
        cmocka_unit_test(a_merge_may_begin_with_a_number_sign),
        cmocka_unit_test(the_config_adds_tokens_and_names),
        cmocka_unit_test(older_folders_keep_tokens_beside_the_vocabulary),
        cmocka_unit_test(the_newest_file_counts),
        cmocka_unit_test(named_tokens_strip),
        cmocka_unit_test(bad_files_beside_the_vocabulary_are_refused),
        cmocka_unit_test(a_space_in_front_is_asked_for_in_files),
        cmocka_unit_test(names_that_no_token_has_count_as_absent),
        cmocka_unit_test(what_is_ignored_is_told_in_one_line),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(every_beginning_of_a_file_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
