// SPDX-License-Identifier: MIT
#include "vocab_config.h"

#include "base/alloc.h"

// ---- special tokens -------------------------------------------------------------------------------------------------

// A token is a string, an object that holds it, or null.
static quill_status read_token(struct vocab_reading *r, const struct vocab_config *c, struct str value,
                               struct vocab_special *token) {
    struct str text = value;
    token->file = r->file;
    if (value.n && value.p[0] == '{') {
        text = vocab_member(value, "\"content\"");
        if (str_is(vocab_member(value, "\"lstrip\""), "true")) token->strips |= TOKEN_STRIPS_LEFT;
        if (str_is(vocab_member(value, "\"rstrip\""), "true")) token->strips |= TOKEN_STRIPS_RIGHT;
        if (c->alone && str_is(vocab_member(value, "\"single_word\""), "true"))
            return vocab_lacks(r, "a special token with", STR("single_word"));
    }
    if (!vocab_text(r, text, &token->text)) return fail_memory(r->err);
    return token->text.p || str_is(text, "null") ? QUILL_OK
                                                 : vocab_refuse(r, "expected a token or null, found another value");
}

static quill_status put_named(struct vocab_reading *r, struct vocab_config *c, struct vocab_special token) {
    size_t i = 0;
    while (i < c->n_named && !str_equal(c->named[i].key, token.key)) i++;
    if (i == MOST_NAMED) return vocab_refuse(r, "expected at most 64 names of special tokens, found more");
    c->named[i] = token;
    if (i == c->n_named) c->n_named++;
    return QUILL_OK;
}

static quill_status put_listed(struct vocab_reading *r, struct vocab_config *c, struct str value) {
    struct vocab_special token = {.key = {NULL, 0}};
    quill_status status = read_token(r, c, value, &token);
    if (status || !token.text.p) return status;
    if (c->n_listed == c->listed_cap) {
        size_t cap = c->listed_cap ? 2 * c->listed_cap : 64;
        struct vocab_special *listed = alloc_resize(c->listed, cap, sizeof *listed);
        if (!listed) return fail_memory(r->err);
        c->listed = listed;
        c->listed_cap = cap;
    }
    c->listed[c->n_listed++] = token;
    return QUILL_OK;
}

// Reads tokens in a list, or as the members of an object.
static quill_status read_list(struct vocab_reading *r, struct vocab_config *c, struct str list) {
    struct json_walk walk = {.text = list};
    struct str name, value;
    quill_status status = QUILL_OK;
    if (str_is(list, "null")) return QUILL_OK;
    if (list.p[0] == '{') {
        json_enter(&walk);
        while (!status && json_member(&walk, &name, &value)) status = put_listed(r, c, value);
    } else {
        json_enter_list(&walk);
        while (!status && json_element(&walk) && json_value(&walk, &value)) status = put_listed(r, c, value);
    }
    return !status && walk.mistake ? vocab_refuse(r, "expected a list of special tokens, found another value") : status;
}

// Reads a member of either file if it is about special tokens. A model's own names end like the known ones.
static quill_status read_special(struct vocab_reading *r, struct vocab_config *c, struct str name, struct str value) {
    static const char *const known[] = {"\"bos_token\"", "\"eos_token\"", "\"unk_token\"", "\"pad_token\"",
                                        "\"sep_token\"", "\"cls_token\"", "\"mask_token\""};
    struct vocab_special token = {.key = name};
    bool is_known = false;
    if (str_is(name, "\"additional_special_tokens\"") || str_is(name, "\"extra_special_tokens\""))
        return c->alone ? read_list(r, c, value) : QUILL_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) is_known |= str_is(name, known[i]);
    if (!is_known && !(c->alone && str_ends(name, STR("_token\"")) && value.p[0] == '"')) return QUILL_OK;
    quill_status status = read_token(r, c, value, &token);
    return status ? status : put_named(r, c, token);
}

const struct vocab_special *vocab_named(const struct vocab_config *c, const char *key) {
    for (size_t i = 0; i < c->n_named; i++)
        if (str_is(c->named[i].key, key)) return &c->named[i];
    return NULL;
}

// ---- the files ------------------------------------------------------------------------------------------------------

static quill_status read_added_decoder(struct vocab_reading *r, struct str object) {
    struct json_walk walk = {.text = object};
    struct str name, value;
    quill_status status = QUILL_OK;
    json_enter(&walk);
    while (!status && json_member(&walk, &name, &value)) {
        int32_t id;
        struct str digits = {name.p + 1, name.n - 2};
        if (!vocab_natural(digits, &id))
            return vocab_refuse(r, "added_tokens_decoder: expected ids as names, found others");
        status = vocab_read_added(r, value, id);
    }
    return !status && walk.mistake ? vocab_refuse(r, "added_tokens_decoder: expected an object, found something else")
                                   : status;
}

static quill_status at_end(struct vocab_reading *r, quill_status status) {
    if (!status && !r->walk.mistake) json_at_end(&r->walk);
    return !status && r->walk.mistake ? vocab_refuse(r, NULL) : status;
}

quill_status vocab_read_config(struct vocab_reading *r, struct vocab_config *c) {
    struct str name, value;
    quill_status status = QUILL_OK;
    json_enter(&r->walk);
    while (!status && json_member(&r->walk, &name, &value)) {
        if (str_is(value, "null") && !str_ends(name, STR("_token\""))) continue;
        if (str_is(name, "\"add_bos_token\"")) {
            c->add_bos = str_is(value, "true");
            c->add_bos_said = !str_is(value, "null");
        } else if (str_is(name, "\"add_eos_token\"")) {
            c->add_eos = str_is(value, "true");
        } else if (str_is(name, "\"tokenizer_class\"")) {
            c->class = value;
        } else if (str_is(name, "\"add_prefix_space\"")) {
            c->prefix_space = str_is(value, "true");
            c->prefix_space_said = true;
        } else if (str_is(name, "\"legacy\"")) {
            c->legacy = str_is(value, "true");
            c->legacy_said = true;
        } else if (str_is(name, "\"added_tokens_decoder\"")) {
            c->lists_added = true;
            if (c->alone) status = read_added_decoder(r, value);
        } else {
            status = read_special(r, c, name, value);
        }
    }
    return at_end(r, status);
}

quill_status vocab_read_special_map(struct vocab_reading *r, struct vocab_config *c) {
    struct str name, value;
    quill_status status = QUILL_OK;
    json_enter(&r->walk);
    while (!status && json_member(&r->walk, &name, &value)) status = read_special(r, c, name, value);
    return at_end(r, status);
}

void vocab_config_free(struct vocab_config *c) {
    free(c->listed);
    c->listed = NULL;
    c->n_listed = c->listed_cap = 0;
}

// ---- classes --------------------------------------------------------------------------------------------------------

bool vocab_is_gpt1(const struct vocab_config *c) {
    return str_is(c->class, "\"OpenAIGPTTokenizer\"") || str_is(c->class, "\"OpenAIGPTTokenizerFast\"");
}

bool vocab_is_gpt2(const struct vocab_config *c) {
    return !c->class.p || str_is(c->class, "\"GPT2Tokenizer\"") || str_is(c->class, "\"GPT2TokenizerFast\"");
}

quill_status vocab_default_names(struct vocab_reading *r, struct vocab_config *c) {
    static const char *const keys[] = {"\"bos_token\"", "\"eos_token\"", "\"unk_token\""};
    quill_status status = QUILL_OK;
    if (c->gpt1)
        return vocab_named(c, keys[2])
                   ? QUILL_OK
                   : put_named(r, c, (struct vocab_special){.key = str_of(keys[2]), .text = STR("<unk>")});
    for (int i = 0; i < 3 && !status && !c->spm && vocab_is_gpt2(c); i++)
        if (!vocab_named(c, keys[i]))
            status = put_named(r, c, (struct vocab_special){.key = str_of(keys[i]), .text = STR("<|endoftext|>")});
    return status;
}

quill_status vocab_check_class(const struct vocab_reading *r, const struct vocab_config *c) {
    static const struct {
        const char *name;
        bool bpe, spm;
    } known[] = {
        {"\"GPT2Tokenizer\"", true, false},          {"\"GPT2TokenizerFast\"", true, false},
        {"\"CodeGenTokenizer\"", true, false},       {"\"CodeGenTokenizerFast\"", true, false},
        {"\"OpenAIGPTTokenizer\"", true, false},     {"\"OpenAIGPTTokenizerFast\"", true, false},
        {"\"GPTNeoXTokenizer\"", true, false},       {"\"GPTNeoXTokenizerFast\"", true, false},
        {"\"PreTrainedTokenizerFast\"", true, true}, {"\"TokenizersBackend\"", true, true},
        {"\"AutoTokenizer\"", true, true},           {"\"LlamaTokenizer\"", false, true},
        {"\"LlamaTokenizerFast\"", false, true},     {"\"CodeLlamaTokenizer\"", false, true},
        {"\"GemmaTokenizer\"", false, true},         {"\"GemmaTokenizerFast\"", false, true},
        {"\"T5Tokenizer\"", false, true},            {"\"T5TokenizerFast\"", false, true},
        {"\"InternLMTokenizer\"", false, true},      {"\"InternLM2Tokenizer\"", false, true},
        {"\"BaichuanTokenizer\"", false, true},      {"\"YiTokenizer\"", false, true},
    };
    if (!c->class.p) return QUILL_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(c->class, known[i].name) && (c->spm ? known[i].spm : known[i].bpe)) return QUILL_OK;
    return vocab_lacks(r, "without a tokenizer.json, tokenizer_class", c->class);
}
