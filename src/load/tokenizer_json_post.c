// SPDX-License-Identifier: MIT
// The post_processor of tokenizer.json: what stands in front of a text.
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

// The token that the template puts in front of a text: the one special token before the sequence A.
static quill_status read_template(struct vocab_reading *r, struct str object) {
    struct json_walk walk = {.text = vocab_member(object, "\"single\"")};
    r->owner->has_template = true;
    struct str item, id = {NULL, 0};
    int n = 0;
    json_enter_list(&walk);
    while (json_element(&walk) && json_value(&walk, &item)) {
        struct str special = vocab_member(item, "\"SpecialToken\"");
        if (!special.p) break;
        id = vocab_member(special, "\"id\"");
        n++;
    }
    if (walk.mistake) return vocab_refuse(r, "post_processor: expected a template, found something else");
    if (n > 1) return vocab_refuse(r, "post_processor: more than one token in front of a text is not supported");
    if (n == 0) return QUILL_OK;
    struct json_walk tokens = {.text = vocab_member(object, "\"special_tokens\"")};
    struct str name, value = {NULL, 0}, found = {NULL, 0};
    json_enter(&tokens);
    while (json_member(&tokens, &name, &value))
        if (str_equal(name, id)) found = vocab_member(value, "\"ids\"");
    struct json_walk ids = {.text = found};
    bool one = json_enter_list(&ids) && json_element(&ids) && json_value(&ids, &value) &&
               vocab_natural(value, &r->owner->template_bos) && !json_element(&ids);
    return one ? QUILL_OK
               : vocab_refuse(r, "post_processor: expected the id of the token in front of a text, found none");
}

// BERT's and RoBERTa's: ["<s>", 0] in front, "sep" behind.
static quill_status read_pair(struct vocab_reading *r, struct str object) {
    struct json_walk walk = {.text = vocab_member(object, "\"cls\"")};
    struct str text, id;
    bool ok = json_enter_list(&walk) && json_element(&walk) && json_value(&walk, &text) && json_element(&walk) &&
              json_value(&walk, &id) && vocab_natural(id, &r->owner->template_bos);
    r->owner->has_template = true;
    return ok ? QUILL_OK : vocab_refuse(r, "post_processor: expected a token and its id as cls, found something else");
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
