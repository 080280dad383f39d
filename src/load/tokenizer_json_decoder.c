// SPDX-License-Identifier: MIT
// The decoder of tokenizer.json. What the vocabulary's spelling implies anyway (spaces for U+2581, bytes for the tokens
// of bytes) is checked; what is told here is whether the first space of a text is dropped.
#include "tokenizer/blanks.h"
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

static quill_status read_replace(struct vocab_reading *r, struct str part) {
    struct str pattern = vocab_member(vocab_member(part, "\"pattern\""), "\"String\""), text, content;
    if (!vocab_text(r, pattern, &text) || !vocab_text(r, vocab_member(part, "\"content\""), &content))
        return fail_memory(r->err);
    return str_is(text, BLANK_MARK) && str_is(content, " ")
               ? QUILL_OK
               : vocab_lacks(r, "decoder: Replace with pattern", vocab_member(part, "\"pattern\""));
}

static quill_status read_strip(struct vocab_reading *r, struct str part) {
    struct str start = vocab_member(part, "\"start\""), stop = vocab_member(part, "\"stop\"");
    if (!str_is(vocab_member(part, "\"content\""), "\" \""))
        return vocab_lacks(r, "decoder: Strip with content", vocab_member(part, "\"content\""));
    if (!str_is(start, "0") && !str_is(start, "1")) return vocab_lacks(r, "decoder: Strip with start", start);
    if (!str_is(stop, "0")) return vocab_lacks(r, "decoder: Strip with stop", stop);
    r->owner->decoder_strips |= str_is(start, "1");
    return QUILL_OK;
}

static quill_status read_metaspace(struct vocab_reading *r, struct str part) {
    struct str scheme = vocab_member(part, "\"prepend_scheme\""), text;
    if (!vocab_text(r, vocab_member(part, "\"replacement\""), &text)) return fail_memory(r->err);
    if (!str_is(text, BLANK_MARK))
        return vocab_lacks(r, "decoder: Metaspace with replacement", vocab_member(part, "\"replacement\""));
    r->owner->decoder_strips |= scheme.p ? !str_is(scheme, "\"never\"")
                                         : !str_is(vocab_member(part, "\"add_prefix_space\""), "false");
    return QUILL_OK;
}

static quill_status read_bpe(struct vocab_reading *r, struct str part) {
    struct str suffix = vocab_member(part, "\"suffix\"");
    return str_is(suffix, "\"</w>\"") ? QUILL_OK : vocab_lacks(r, "decoder: BPEDecoder with suffix", suffix);
}

static quill_status read_part(struct vocab_reading *r, struct str part, int depth) {
    struct str type = vocab_member(part, "\"type\"");
    struct json_walk walk = {.text = vocab_member(part, "\"decoders\"")};
    quill_status status = QUILL_OK;
    if (str_is(type, "\"ByteFallback\"") || str_is(type, "\"Fuse\"")) return QUILL_OK;
    if (str_is(type, "\"Replace\"")) return read_replace(r, part);
    if (str_is(type, "\"Strip\"")) return read_strip(r, part);
    if (str_is(type, "\"Metaspace\"")) return read_metaspace(r, part);
    if (str_is(type, "\"BPEDecoder\"")) return read_bpe(r, part);
    if (!str_is(type, "\"Sequence\"")) return vocab_lacks(r, "decoder", type);
    if (depth == MOST_NESTING) return vocab_refuse(r, "decoder: expected sequences nested at most 4 deep, found more");
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part)) status = read_part(r, part, depth + 1);
    return !status && walk.mistake ? vocab_refuse(r, "decoder: expected a list, found something else") : status;
}

quill_status vocab_read_decoder(struct vocab_reading *r, struct str part) {
    return !part.p || str_is(part, "null") ? QUILL_OK : read_part(r, part, 0);
}
