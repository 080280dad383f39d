// SPDX-License-Identifier: MIT
// The post_processor of tokenizer.json: what stands in front of a text, and behind it.
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

// The one id that a template's token stands for.
static bool one_id(struct str object, struct str name, int32_t *id) {
    struct json_walk tokens = {.text = vocab_member(object, "\"special_tokens\"")};
    struct str key, value = {NULL, 0}, found = {NULL, 0};
    json_enter(&tokens);
    while (json_member(&tokens, &key, &value))
        if (str_equal(key, name)) found = vocab_member(value, "\"ids\"");
    struct json_walk ids = {.text = found};
    return json_enter_list(&ids) && json_element(&ids) && json_value(&ids, &value) && vocab_natural(value, id) &&
           !json_element(&ids);
}

// Special tokens before the sequence A, at most one, and behind it.
static quill_status read_template(struct vocab_reading *r, struct str object) {
    struct vocab_owner *o = r->owner;
    struct json_walk walk = {.text = vocab_member(object, "\"single\"")};
    o->has_template = true;
    struct str item, id = {NULL, 0};
    int n = 0;
    bool behind = false, known = true;
    json_enter_list(&walk);
    while (known && json_element(&walk) && json_value(&walk, &item)) {
        struct str special = vocab_member(item, "\"SpecialToken\"");
        if (!special.p) {
            behind = true;
        } else if (!behind) {
            id = vocab_member(special, "\"id\"");
            n++;
        } else {
            if (o->n_appended == MOST_APPENDED)
                return vocab_refuse(r, "post_processor: expected at most 8 tokens behind a text, found more");
            known = one_id(object, vocab_member(special, "\"id\""), &o->appended[o->n_appended++]);
        }
    }
    if (walk.mistake) return vocab_refuse(r, "post_processor: expected a template, found something else");
    if (!known) return vocab_refuse(r, "post_processor: expected the id of the token behind a text, found none");
    if (n > 1) return vocab_refuse(r, "post_processor: more than one token in front of a text is not supported");
    if (n == 0 || one_id(object, id, &o->template_bos)) return QUILL_OK;
    return vocab_refuse(r, "post_processor: expected the id of the token in front of a text, found none");
}

// A token and its id: ["<s>", 0].
static bool pair_id(struct str pair, int32_t *id) {
    struct json_walk walk = {.text = pair};
    struct str text, number;
    return json_enter_list(&walk) && json_element(&walk) && json_value(&walk, &text) && json_element(&walk) &&
           json_value(&walk, &number) && vocab_natural(number, id);
}

// BERT's and RoBERTa's: "cls" in front, "sep" behind.
static quill_status read_pair(struct vocab_reading *r, struct str object) {
    struct vocab_owner *o = r->owner;
    o->has_template = true;
    if (!pair_id(vocab_member(object, "\"cls\""), &o->template_bos))
        return vocab_refuse(r, "post_processor: expected a token and its id as cls, found something else");
    const struct str sep = vocab_member(object, "\"sep\"");
    if (!sep.p) return QUILL_OK;
    if (!pair_id(sep, &o->appended[0]))
        return vocab_refuse(r, "post_processor: expected a token and its id as sep, found something else");
    o->n_appended = 1;
    return QUILL_OK;
}

static quill_status read_part(struct vocab_reading *r, struct str part, int depth);

static quill_status read_sequence(struct vocab_reading *r, struct str part, int depth) {
    struct json_walk walk = {.text = vocab_member(part, "\"processors\"")};
    quill_status status = QUILL_OK;
    if (depth == MOST_NESTING)
        return vocab_refuse(r, "post_processor: expected sequences nested at most 4 deep, found more");
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part)) status = read_part(r, part, depth + 1);
    return !status && walk.mistake ? vocab_refuse(r, "post_processor: expected a list, found something else") : status;
}

static quill_status read_part(struct vocab_reading *r, struct str part, int depth) {
    struct str type = vocab_member(part, "\"type\"");
    if (str_is(type, "\"ByteLevel\"")) return QUILL_OK;
    if (str_is(type, "\"Sequence\"")) return read_sequence(r, part, depth);
    const bool pair = str_is(type, "\"RobertaProcessing\"") || str_is(type, "\"BertProcessing\"");
    if (!pair && !str_is(type, "\"TemplateProcessing\"")) return vocab_lacks(r, "post_processor", type);
    if (r->owner->has_template) return vocab_lacks(r, "post_processor: behind another one,", type);
    return pair ? read_pair(r, part) : read_template(r, part);
}

quill_status vocab_read_post_processor(struct vocab_reading *r, struct str part) {
    return !part.p || str_is(part, "null") ? QUILL_OK : read_part(r, part, 0);
}
