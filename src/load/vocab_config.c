// SPDX-License-Identifier: MIT
#include "vocab_config.h"

// A name is a string, an object with it, or null.
static quill_status read_name(struct vocab_reading *r, struct str value, struct str *name) {
    if (value.n && value.p[0] == '{') value = vocab_member(value, "\"content\"");
    if (!vocab_text(r, value, name)) return fail_memory(r->err);
    return name->p || str_is(value, "null") ? QUILL_OK
                                            : vocab_refuse(r, "expected a token or null, found another value");
}

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

quill_status vocab_read_config(struct vocab_reading *r, struct vocab_config *c, bool alone) {
    static const char *const names[VOCAB_NAMES] = {"\"bos_token\"", "\"eos_token\"", "\"unk_token\"", "\"pad_token\"",
                                             "\"sep_token\"", "\"cls_token\"", "\"mask_token\""};
    struct str name, value;
    quill_status status = QUILL_OK;
    json_enter(&r->walk);
    while (!status && json_member(&r->walk, &name, &value)) {
        for (int i = 0; i < VOCAB_NAMES && !status; i++)
            if (str_is(name, names[i])) status = read_name(r, value, &c->names[i]), c->said[i] = true;
        if (str_is(name, "\"add_bos_token\"") && !str_is(value, "null"))
            c->add_bos = str_is(value, "true"), c->add_bos_said = true;
        if (str_is(name, "\"tokenizer_class\"") && !str_is(value, "null")) c->class = value;
        if (alone && str_is(name, "\"add_prefix_space\"") && str_is(value, "true"))
            return vocab_lacks(r, "the setting", STR("add_prefix_space"));
        if (alone && !status && str_is(name, "\"added_tokens_decoder\"")) status = read_added_decoder(r, value);
    }
    if (!status && !r->walk.mistake) json_at_end(&r->walk);
    return !status && r->walk.mistake ? vocab_refuse(r, NULL) : status;
}

void vocab_default_names(struct vocab_config *c) {
    if (c->class.p && !str_is(c->class, "\"GPT2Tokenizer\"") && !str_is(c->class, "\"GPT2TokenizerFast\"")) return;
    for (int i = NAME_BOS; i <= NAME_UNK; i++)
        if (!c->said[i]) c->names[i] = STR("<|endoftext|>");
}

quill_status vocab_check_class(const struct vocab_reading *r, struct str class) {
    static const char *const known[] = {"\"GPT2Tokenizer\"", "\"GPT2TokenizerFast\"", "\"CodeGenTokenizer\"",
                                        "\"CodeGenTokenizerFast\"", "\"GPTNeoXTokenizer\"", "\"GPTNeoXTokenizerFast\"",
                                        "\"PreTrainedTokenizerFast\"", "\"TokenizersBackend\"", "\"AutoTokenizer\""};
    if (!class.p) return QUILL_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(class, known[i])) return QUILL_OK;
    return vocab_lacks(r, "without a tokenizer.json, tokenizer_class", class);
}
