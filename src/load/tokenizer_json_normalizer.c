// SPDX-License-Identifier: MIT
// The normalizer of tokenizer.json: steps, in turn.
#include "base/base64.h"
#include "tokenizer/blanks.h"
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

static bool is_true(struct str object, const char *quoted_name) {
    return str_is(vocab_member(object, quoted_name), "true");
}

static quill_status add_step(struct vocab_reading *r, struct normalizer_step step) {
    struct vocab_owner *o = r->owner;
    if (o->n_normalizers == OWN_MOST_NORMALIZERS)
        return vocab_refuse(r, "normalizer: expected at most 64 steps, found more");
    o->normalizers[o->n_normalizers++] = step;
    return QUILL_OK;
}

static quill_status add_kind(struct vocab_reading *r, enum normalizer_kind kind) {
    return add_step(r, (struct normalizer_step){.kind = kind});
}

// A member that must be a string.
static quill_status read_text(struct vocab_reading *r, struct str object, const char *quoted_name, const char *refusal,
                              struct str *text) {
    if (!vocab_text(r, vocab_member(object, quoted_name), text)) return fail_memory(r->err);
    return text->p ? QUILL_OK : vocab_refuse(r, refusal);
}

static quill_status read_prepend(struct vocab_reading *r, struct str part) {
    struct normalizer_step step = {.kind = NORMALIZE_PREPEND};
    quill_status status = read_text(r, part, "\"prepend\"", "normalizer: Prepend: expected a text, found none",
                                    &step.text);
    return status ? status : add_step(r, step);
}

static quill_status read_replace(struct vocab_reading *r, struct str part) {
    static const char refusal[] = "normalizer: Replace: expected a pattern and its content, found something else";
    struct str pattern = vocab_member(part, "\"pattern\"");
    const bool regex = vocab_member(pattern, "\"Regex\"").p != NULL;
    struct normalizer_step step = {.kind = regex ? NORMALIZE_REPLACE_REGEX : NORMALIZE_REPLACE};
    quill_status status = read_text(r, pattern, regex ? "\"Regex\"" : "\"String\"", refusal, &step.pattern);
    if (!status && !step.pattern.n) status = vocab_refuse(r, refusal);
    if (!status) status = read_text(r, part, "\"content\"", refusal, &step.text);
    if (!status && !regex && str_is(step.pattern, " ") && str_is(step.text, BLANK_MARK)) r->owner->marks_blanks = true;
    return status ? status : add_step(r, step);
}

static quill_status read_precompiled(struct vocab_reading *r, struct str part) {
    struct normalizer_step step = {.kind = NORMALIZE_CHARSMAP_GRAPHEMES};
    struct buffer bytes = {0};
    bool bad = false;
    struct str text;
    quill_status status = read_text(r, part, "\"precompiled_charsmap\"",
                                    "normalizer: Precompiled: expected precompiled_charsmap, found none", &text);
    if (status) return status;
    if (!base64_decode(text, &bytes, &bad))
        status = bad ? vocab_refuse(r, "normalizer: Precompiled: expected base64, found something else")
                     : fail_memory(r->err);
    if (!status && !(step.text.p = arena_string(&r->owner->arena, buffer_str(&bytes)))) status = fail_memory(r->err);
    step.text.n = bytes.n;
    buffer_free(&bytes);
    return status ? status : add_step(r, step);
}

static quill_status read_bert(struct vocab_reading *r, struct str part) {
    const bool lowercase = is_true(part, "\"lowercase\"");
    struct str accents = vocab_member(part, "\"strip_accents\"");
    quill_status status = QUILL_OK;
    if (is_true(part, "\"clean_text\"")) status = add_kind(r, NORMALIZE_CLEAN);
    if (!status && is_true(part, "\"handle_chinese_chars\"")) status = add_kind(r, NORMALIZE_IDEOGRAPHS);
    if (!status && (str_is(accents, "true") || (lowercase && !str_is(accents, "false")))) {
        status = add_kind(r, NORMALIZE_NFD);
        if (!status) status = add_kind(r, NORMALIZE_STRIP_NONSPACING);
    }
    return !status && lowercase ? add_kind(r, NORMALIZE_LOWERCASE) : status;
}

static quill_status read_step(struct vocab_reading *r, struct str part, int depth);

static quill_status read_sequence(struct vocab_reading *r, struct str part, int depth) {
    struct json_walk walk = {.text = vocab_member(part, "\"normalizers\"")};
    quill_status status = QUILL_OK;
    if (depth == MOST_NESTING)
        return vocab_refuse(r, "normalizer: expected sequences nested at most 4 deep, found more");
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part)) status = read_step(r, part, depth + 1);
    return !status && walk.mistake ? vocab_refuse(r, "normalizer: expected a list, found something else") : status;
}

static quill_status read_step(struct vocab_reading *r, struct str part, int depth) {
    static const struct {
        const char *name;
        enum normalizer_kind kind;
    } plain[] = {{"\"NFC\"", NORMALIZE_NFC},
                 {"\"NFD\"", NORMALIZE_NFD},
                 {"\"NFKC\"", NORMALIZE_NFKC},
                 {"\"NFKD\"", NORMALIZE_NFKD},
                 {"\"Lowercase\"", NORMALIZE_LOWERCASE},
                 {"\"StripAccents\"", NORMALIZE_STRIP_ACCENTS},
                 {"\"Nmt\"", NORMALIZE_NMT}};
    struct str type = vocab_member(part, "\"type\"");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (str_is(type, plain[i].name)) return add_kind(r, plain[i].kind);
    if (str_is(type, "\"Sequence\"")) return read_sequence(r, part, depth);
    if (str_is(type, "\"Prepend\"")) return read_prepend(r, part);
    if (str_is(type, "\"Replace\"")) return read_replace(r, part);
    if (str_is(type, "\"Precompiled\"")) return read_precompiled(r, part);
    if (str_is(type, "\"BertNormalizer\"")) return read_bert(r, part);
    if (str_is(type, "\"Strip\""))
        return add_step(r, (struct normalizer_step){.kind = NORMALIZE_STRIP,
                                                    .left = is_true(part, "\"strip_left\""),
                                                    .right = is_true(part, "\"strip_right\"")});
    return vocab_lacks(r, "normalizer", type);
}

quill_status vocab_add_bert_steps(struct vocab_reading *r) {
    return read_bert(r, STR("{\"clean_text\":true,\"handle_chinese_chars\":true,\"lowercase\":true}"));
}

quill_status vocab_read_normalizer(struct vocab_reading *r, struct str part) {
    return !part.p || str_is(part, "null") ? QUILL_OK : read_step(r, part, 0);
}
