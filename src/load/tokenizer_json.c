// SPDX-License-Identifier: MIT
// tokenizer.json, as Hugging Face tokenizers writes it: its model, and the steps before and after. A part that would
// change the text or the ids in a way that quill does not support is refused by name; parts for other uses (padding,
// truncation, types of segments) are skipped.
#include "vocab_owner.h"

// ---- the model: BPE -------------------------------------------------------------------------------------------------

quill_status vocab_read_vocab(struct vocab_reading *r, bool added) {
    struct str name, value;
    json_enter(&r->walk);
    while (json_member(&r->walk, &name, &value)) {
        struct vocab_entry entry = {.kind = added ? TOKEN_ADDED : TOKEN_NORMAL, .added = added};
        if (!vocab_natural(value, &entry.id)) return vocab_refuse(r, "vocab: expected token ids, found another value");
        if (!vocab_text(r, name, &entry.text)) return fail_memory(r->err);
        quill_status status = vocab_add_entry(r, entry);
        if (status) return status;
    }
    return r->walk.mistake ? vocab_refuse(r, NULL) : QUILL_OK;
}

// A merge is "left right" or, because tokens of other models may contain spaces, ["left", "right"].
static quill_status read_pair(struct vocab_reading *r, struct str *merge) {
    struct str sides[2] = {{NULL, 0}, {NULL, 0}}, written;
    size_t n = 0;
    json_enter_list(&r->walk);
    for (; json_element(&r->walk); n++) {
        if (!json_value(&r->walk, &written)) break;
        if (n < 2 && !vocab_text(r, written, &sides[n])) return fail_memory(r->err);
    }
    if (r->walk.mistake) return vocab_refuse(r, NULL);
    const bool blank = sides[0].n && memchr(sides[0].p, ' ', sides[0].n);
    if (n != 2 || !sides[0].p || !sides[1].p || (blank && memchr(sides[0].p, '\0', sides[0].n)))
        return vocab_refuse(r, "merges: expected two tokens in each, found something else");
    char *both = arena_alloc(&r->owner->arena, sides[0].n + 1 + sides[1].n, 1);
    if (!both) return fail_memory(r->err);
    memcpy(both, sides[0].p, sides[0].n);
    both[sides[0].n] = blank ? '\0' : ' ';
    memcpy(both + sides[0].n + 1, sides[1].p, sides[1].n);
    *merge = (struct str){both, sides[0].n + 1 + sides[1].n};
    return QUILL_OK;
}

static quill_status read_merges(struct vocab_reading *r) {
    json_enter_list(&r->walk);
    while (json_element(&r->walk)) {
        struct str merge = {NULL, 0}, written;
        quill_status status = QUILL_OK;
        if (json_kind(&r->walk) == '[') {
            status = read_pair(r, &merge);
        } else if (json_value(&r->walk, &written)) {
            if (!vocab_text(r, written, &merge)) return fail_memory(r->err);
            if (!merge.p) return vocab_refuse(r, "merges: expected strings or pairs, found another value");
        } else {
            break;
        }
        if (!status) status = vocab_add_merge(r, merge);
        if (status) return status;
    }
    return r->walk.mistake ? vocab_refuse(r, NULL) : QUILL_OK;
}

// Members that a model may have only with these values.
static const struct {
    const char *name, *harmless[4];
} settings[] = {
    {"\"type\"", {"\"BPE\"", "\"Unigram\"", "null"}},
    {"\"dropout\"", {"null", "0", "0.0"}},
    {"\"byte_fallback\"", {"false", "null", "true"}},
    {"\"fuse_unk\"", {"false", "null", "true"}},
    {"\"continuing_subword_prefix\"", {"null", "\"\""}},
    {"\"end_of_word_suffix\"", {"null", "\"\"", "\"</w>\""}},
    {"\"ignore_merges\"", {"false", "null", "true"}},
};

static quill_status read_setting(struct vocab_reading *r, struct str name, struct str value) {
    struct vocab_owner *o = r->owner;
    if (str_is(name, "\"ignore_merges\"")) o->ignore_merges = str_is(value, "true");
    if (str_is(name, "\"byte_fallback\"")) o->byte_fallback = str_is(value, "true");
    if (str_is(name, "\"fuse_unk\"")) o->fuse_unk = str_is(value, "true");
    if (str_is(name, "\"end_of_word_suffix\"") && !vocab_text(r, value, &o->word_suffix)) return fail_memory(r->err);
    if (str_is(name, "\"type\"")) o->model = str_is(value, "\"Unigram\"") ? VOCAB_UNIGRAM : VOCAB_BPE;
    if (str_is(name, "\"unk_id\"") && !str_is(value, "null") && !vocab_natural(value, &o->unk))
        return vocab_refuse(r, "model: unk_id: expected a token's id or null, found another value");
    if (str_is(name, "\"unk_token\"") && !vocab_text(r, value, &o->unk_token)) return fail_memory(r->err);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (!str_is(name, settings[i].name)) continue;
        for (int k = 0; k < 4 && settings[i].harmless[k]; k++)
            if (str_is(value, settings[i].harmless[k])) return QUILL_OK;
        return fail(r->err, QUILL_E_MODEL, "%s/%s: model: %s %s is not supported", QUOTED(str_of(r->directory)),
                    r->file, QUOTED(name), QUOTED(value));
    }
    return QUILL_OK;
}

// What else a model must have, by its type.
static quill_status check_model(struct vocab_reading *r, bool vocab, bool merges, bool scored) {
    if (r->owner->model == VOCAB_UNIGRAM)
        return vocab && scored && !merges
                   ? QUILL_OK
                   : vocab_refuse(r, "model: expected a vocab with scores of Unigram, found other members");
    return vocab && merges && !scored
               ? QUILL_OK
               : vocab_refuse(r, "model: expected vocab and merges of BPE, found other members");
}

static quill_status read_model(struct vocab_reading *r) {
    struct str name, value;
    bool vocab = false, merges = false, scored = false;
    quill_status status = QUILL_OK;
    json_enter(&r->walk);
    while (!status && json_name(&r->walk, &name)) {
        bool is_vocab = str_is(name, "\"vocab\""), is_merges = str_is(name, "\"merges\"");
        if ((is_vocab && vocab) || (is_merges && merges))
            return vocab_refuse(r, "model: vocab or merges are there twice");
        vocab |= is_vocab;
        merges |= is_merges;
        if (is_vocab && json_kind(&r->walk) == '[') scored = true;
        if (is_vocab) status = scored ? vocab_read_scored(r) : vocab_read_vocab(r, false);
        else if (is_merges) status = read_merges(r);
        else if (json_value(&r->walk, &value)) status = read_setting(r, name, value);
    }
    if (status) return status;
    return r->walk.mistake ? vocab_refuse(r, NULL) : check_model(r, vocab, merges, scored);
}

// ---- added tokens ---------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    uint8_t flag;
} manners[] = {{"\"single_word\"", TOKEN_SINGLE_WORD},
               {"\"lstrip\"", TOKEN_STRIPS_LEFT},
               {"\"rstrip\"", TOKEN_STRIPS_RIGHT},
               {"\"normalized\"", TOKEN_NORMALIZED}};

quill_status vocab_read_added(struct vocab_reading *r, struct str object, int32_t id) {
    struct vocab_entry entry = {.id = id, .added = true};
    struct str content = vocab_member(object, "\"content\"");
    if (id < 0 && !vocab_natural(vocab_member(object, "\"id\""), &entry.id))
        return vocab_refuse(r, "added tokens: expected an id in each, found none");
    if (!vocab_text(r, content, &entry.text)) return fail_memory(r->err);
    if (!entry.text.p) return vocab_refuse(r, "added tokens: expected content in each, found none");
    entry.kind = str_is(vocab_member(object, "\"special\""), "true") ? TOKEN_SPECIAL : TOKEN_ADDED;
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
        if (str_is(vocab_member(object, manners[i].name), "true")) entry.kind |= manners[i].flag;
    return vocab_add_entry(r, entry);
}

static quill_status read_added_list(struct vocab_reading *r) {
    struct str object;
    quill_status status = QUILL_OK;
    json_enter_list(&r->walk);
    while (!status && json_element(&r->walk) && json_value(&r->walk, &object)) status = vocab_read_added(r, object, -1);
    return !status && r->walk.mistake ? vocab_refuse(r, NULL) : status;
}

// ---- the whole ------------------------------------------------------------------------------------------------------

quill_status vocab_read_tokenizer_json(struct vocab_reading *r) {
    enum { MODEL, ADDED, NORMALIZER, PRE, POST, DECODER, PARTS };
    static const char *const names[PARTS] = {"\"model\"", "\"added_tokens\"", "\"normalizer\"", "\"pre_tokenizer\"",
                                             "\"post_processor\"", "\"decoder\""};
    struct str name, values[PARTS] = {{NULL, 0}}, other;
    bool seen[PARTS] = {false};
    quill_status status = QUILL_OK;
    json_enter(&r->walk);
    while (!status && json_name(&r->walk, &name)) {
        int part = 0;
        while (part < PARTS && !str_is(name, names[part])) part++;
        if (part < PARTS && seen[part]) return vocab_refuse(r, "expected each part once, found one twice");
        if (part < PARTS) seen[part] = true;
        if (part == MODEL) status = read_model(r);
        else if (part == ADDED && json_kind(&r->walk) == '[') status = read_added_list(r);
        else json_value(&r->walk, part < PARTS ? &values[part] : &other);
    }
    if (status) return status;
    if (!r->walk.mistake) json_at_end(&r->walk);
    if (r->walk.mistake) return vocab_refuse(r, NULL);
    if (!seen[MODEL]) return vocab_refuse(r, "expected a model, found none");
    status = vocab_read_normalizer(r, values[NORMALIZER]);
    if (!status) status = vocab_read_pre_tokenizer(r, values[PRE]);
    if (!status) status = vocab_read_post_processor(r, values[POST]);
    if (!status && !r->owner->byte_level) status = vocab_read_decoder(r, values[DECODER]);
    return status ? status : vocab_settle(r);
}
