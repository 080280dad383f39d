// SPDX-License-Identifier: MIT
// The pre_tokenizer and the post_processor of tokenizer.json. Pre-tokenizers become patterns, applied in turn.
#include "tokenizer/split/split_gpt2.h"
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

struct splitting_part {
    struct str object, type;
    struct str behavior; // as written; {NULL, 0}: absent
};

static quill_status add_pattern(struct vocab_reading *r, struct str pattern) {
    struct vocab_owner *o = r->owner;
    if (o->n_patterns == OWN_MOST_PATTERNS)
        return vocab_refuse(r, "pre_tokenizer: expected at most 16 splits, found more");
    o->patterns[o->n_patterns++] = pattern;
    return QUILL_OK;
}

// Adds "(?:PATTERN)+", which joins adjacent matches.
static quill_status add_repeated(struct vocab_reading *r, struct str pattern) {
    char *text = arena_alloc(&r->owner->arena, pattern.n + 5, 1);
    if (!text) return fail_memory(r->err);
    memcpy(text, "(?:", 3);
    if (pattern.n) memcpy(text + 3, pattern.p, pattern.n);
    memcpy(text + 3 + pattern.n, ")+", 2);
    return add_pattern(r, (struct str){text, pattern.n + 5});
}

// Makes a pattern that matches a text verbatim: escapes its ASCII punctuation.
static quill_status escape_text(struct vocab_reading *r, struct str *text) {
    char *copy = arena_alloc(&r->owner->arena, 2 * text->n, 1);
    size_t n = 0;
    if (!copy) return fail_memory(r->err);
    for (size_t i = 0; i < text->n; i++) {
        if (text->p[i] > ' ' && text->p[i] < 0x7f && strchr("\\^$.|?*+()[]{}-&", text->p[i])) copy[n++] = '\\';
        copy[n++] = text->p[i];
    }
    *text = (struct str){copy, n};
    return QUILL_OK;
}

static quill_status read_split(struct vocab_reading *r, const struct splitting_part *part) {
    struct str pattern = vocab_member(part->object, "\"pattern\""), regex = vocab_member(pattern, "\"Regex\"");
    struct str text, written = regex.p ? regex : vocab_member(pattern, "\"String\"");
    if (!vocab_text(r, written, &text)) return fail_memory(r->err);
    if (!text.p || !text.n) return vocab_refuse(r, "pre_tokenizer: Split: expected a pattern, found none");
    quill_status status = regex.p ? QUILL_OK : escape_text(r, &text);
    if (status) return status;
    // Removed and inverted: matches stay, and the text between them is removed. Patterns used this way match
    // everything; if one does not, quill keeps the rest, so that no byte of a text is lost.
    bool inverted = str_is(vocab_member(part->object, "\"invert\""), "true");
    if (str_is(part->behavior, "\"Isolated\"") || (inverted && str_is(part->behavior, "\"Removed\"")))
        return add_pattern(r, text);
    if (!inverted && str_is(part->behavior, "\"Contiguous\"")) return add_repeated(r, text);
    return vocab_lacks(r, "pre_tokenizer: Split with behavior", part->behavior);
}

static quill_status read_digits(struct vocab_reading *r, const struct splitting_part *part) {
    bool each = str_is(vocab_member(part->object, "\"individual_digits\""), "true");
    return add_pattern(r, each ? STR("\\p{N}") : STR("\\p{N}+"));
}

// ASCII's 32 punctuation characters, and the general category.
static quill_status read_punctuation(struct vocab_reading *r, const struct splitting_part *part) {
    if (!part->behavior.p || str_is(part->behavior, "\"Isolated\"")) return add_pattern(r, STR("[\\p{P}$+<=>^`|~]"));
    if (str_is(part->behavior, "\"Contiguous\"")) return add_pattern(r, STR("[\\p{P}$+<=>^`|~]+"));
    return vocab_lacks(r, "pre_tokenizer: Punctuation with behavior", part->behavior);
}

static quill_status read_byte_level(struct vocab_reading *r, const struct splitting_part *part, bool *byte_level) {
    r->owner->prefix_space = str_is(vocab_member(part->object, "\"add_prefix_space\""), "true");
    if (r->owner->prefix_space && r->owner->n_patterns > 0) // each piece of earlier splits would get a space
        return vocab_lacks(r, "pre_tokenizer: behind a split, ByteLevel with", STR("add_prefix_space"));
    bool first = r->owner->n_patterns == 0, split = !str_is(vocab_member(part->object, "\"use_regex\""), "false");
    *byte_level = true;
    r->owner->gpt2_split = first && split;
    return split ? add_pattern(r, STR(GPT2_PATTERN)) : QUILL_OK;
}

static quill_status read_part(struct vocab_reading *r, struct str object, bool *byte_level, int depth);

static quill_status read_sequence(struct vocab_reading *r, struct str object, bool *byte_level, int depth) {
    struct json_walk walk = {.text = vocab_member(object, "\"pretokenizers\"")};
    struct str part;
    quill_status status = QUILL_OK;
    if (depth == MOST_NESTING)
        return vocab_refuse(r, "pre_tokenizer: expected sequences nested at most 4 deep, found more");
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part))
        status = read_part(r, part, byte_level, depth + 1);
    return !status && walk.mistake ? vocab_refuse(r, "pre_tokenizer: expected a list, found something else") : status;
}

static quill_status read_part(struct vocab_reading *r, struct str object, bool *byte_level, int depth) {
    const struct splitting_part part = {object, vocab_member(object, "\"type\""), vocab_member(object, "\"behavior\"")};
    if (str_is(part.type, "\"Sequence\"")) return read_sequence(r, object, byte_level, depth);
    // After ByteLevel a pattern would see the characters that stand for bytes.
    if (*byte_level) return vocab_lacks(r, "pre_tokenizer: behind ByteLevel,", part.type);
    if (str_is(part.type, "\"ByteLevel\"")) return read_byte_level(r, &part, byte_level);
    if (str_is(part.type, "\"Split\"")) return read_split(r, &part);
    if (str_is(part.type, "\"Digits\"")) return read_digits(r, &part);
    if (str_is(part.type, "\"Punctuation\"")) return read_punctuation(r, &part);
    return vocab_lacks(r, "pre_tokenizer", part.type);
}

quill_status vocab_read_pre_tokenizer(struct vocab_reading *r, struct str part) {
    bool byte_level = false;
    if (!part.p || str_is(part, "null")) return vocab_refuse(r, "expected a pre_tokenizer with ByteLevel, found none");
    quill_status status = read_part(r, part, &byte_level, 0);
    if (!status && !byte_level) return vocab_refuse(r, "pre_tokenizer: expected ByteLevel in it, found none");
    return status;
}

// ---- the post-processor ---------------------------------------------------------------------------------------------

// The token that the template puts in front of a text: the one special token before the sequence A.
static quill_status read_template(struct vocab_reading *r, struct str object) {
    struct json_walk walk = {.text = vocab_member(object, "\"single\"")};
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

quill_status vocab_read_post_processor(struct vocab_reading *r, struct str part) {
    struct str type = vocab_member(part, "\"type\"");
    if (!part.p || str_is(part, "null") || str_is(type, "\"ByteLevel\"")) return QUILL_OK;
    if (str_is(type, "\"TemplateProcessing\"")) return read_template(r, part);
    if (!str_is(type, "\"Sequence\"")) return vocab_lacks(r, "post_processor", type);
    struct json_walk walk = {.text = vocab_member(part, "\"processors\"")};
    quill_status status = QUILL_OK;
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part)) {
        if (str_is(vocab_member(part, "\"type\""), "\"Sequence\""))
            return vocab_lacks(r, "post_processor: nested", STR("Sequence"));
        status = vocab_read_post_processor(r, part);
    }
    return !status && walk.mistake ? vocab_refuse(r, "post_processor: expected a list, found something else") : status;
}
