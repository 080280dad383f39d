// SPDX-License-Identifier: MIT
// The pre_tokenizer of tokenizer.json. Its parts become patterns, applied in turn, and a space in front; what they mean
// depends on the other parts of the file, and is settled at the end.
#include "tokenizer/blanks.h"
#include "tokenizer/split/patterns.h"
#include "vocab_owner.h"

enum { MOST_NESTING = 4 };

#define WHITE "\\s"
#define PUNCTUATION "[\\p{P}$+<=>^`|~]" // ASCII's 32 punctuation characters, and the general category

struct splitting_part {
    struct str object, type;
    struct str behavior; // as written; {NULL, 0}: absent
};

static quill_status add_pattern(struct vocab_reading *r, struct str pattern, unsigned how, enum pattern_origin origin) {
    struct vocab_owner *o = r->owner;
    if (o->n_patterns == OWN_MOST_PATTERNS)
        return vocab_refuse(r, "pre_tokenizer: expected at most 16 splits, found more");
    o->patterns[o->n_patterns] = pattern;
    o->behaviors[o->n_patterns] = (uint8_t)how;
    o->origins[o->n_patterns++] = origin;
    return QUILL_OK;
}

// *how is changed if the behavior is given. False: it is not known.
static bool read_behavior(struct str written, unsigned *how) {
    static const struct {
        const char *name;
        enum split_behavior behavior;
    } known[] = {{"\"Isolated\"", SPLIT_ISOLATED},
                 {"\"Removed\"", SPLIT_REMOVED},
                 {"\"Contiguous\"", SPLIT_CONTIGUOUS},
                 {"\"MergedWithPrevious\"", SPLIT_WITH_PREVIOUS},
                 {"\"MergedWithNext\"", SPLIT_WITH_NEXT}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!str_is(written, known[i].name)) continue;
        *how = known[i].behavior;
        return true;
    }
    return false;
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
    unsigned how = 0;
    if (!vocab_text(r, written, &text)) return fail_memory(r->err);
    if (!text.p || !text.n) return vocab_refuse(r, "pre_tokenizer: Split: expected a pattern, found none");
    if (!read_behavior(part->behavior, &how))
        return vocab_lacks(r, "pre_tokenizer: Split with behavior", part->behavior);
    // These two have the same pieces either way.
    const bool same = how == SPLIT_ISOLATED || how == SPLIT_CONTIGUOUS;
    if (!same && str_is(vocab_member(part->object, "\"invert\""), "true")) how |= SPLIT_INVERTED;
    return add_pattern(r, text, how, regex.p ? PATTERN_REGEX : PATTERN_STRING);
}

static quill_status read_digits(struct vocab_reading *r, const struct splitting_part *part) {
    bool each = str_is(vocab_member(part->object, "\"individual_digits\""), "true");
    return add_pattern(r, each ? STR("\\p{N}") : STR("\\p{N}+"), SPLIT_ISOLATED, PATTERN_CLASS);
}

static quill_status read_punctuation(struct vocab_reading *r, const struct splitting_part *part) {
    unsigned how = SPLIT_ISOLATED;
    if (part->behavior.p && !read_behavior(part->behavior, &how))
        return vocab_lacks(r, "pre_tokenizer: Punctuation with behavior", part->behavior);
    return add_pattern(r, STR(PUNCTUATION), how, PATTERN_CLASS);
}

static quill_status read_bert(struct vocab_reading *r) {
    quill_status status = add_pattern(r, STR(WHITE), SPLIT_REMOVED, PATTERN_REGEX);
    return status ? status : add_pattern(r, STR(PUNCTUATION), SPLIT_ISOLATED, PATTERN_CLASS);
}

static quill_status read_delimiter(struct vocab_reading *r, const struct splitting_part *part) {
    struct str text;
    if (!vocab_text(r, vocab_member(part->object, "\"delimiter\""), &text)) return fail_memory(r->err);
    if (!text.p || !text.n)
        return vocab_refuse(r, "pre_tokenizer: CharDelimiterSplit: expected a delimiter, found none");
    return add_pattern(r, text, SPLIT_REMOVED, PATTERN_STRING);
}

static quill_status read_byte_level(struct vocab_reading *r, const struct splitting_part *part) {
    struct vocab_owner *o = r->owner;
    const bool space = str_is(vocab_member(part->object, "\"add_prefix_space\""), "true");
    if (o->metaspace) return vocab_lacks(r, "pre_tokenizer: behind Metaspace,", part->type);
    if (space && o->n_patterns > 0) // each piece of earlier splits would get a space
        return vocab_lacks(r, "pre_tokenizer: behind a split, ByteLevel with", STR("add_prefix_space"));
    bool first = o->n_patterns == 0, split = !str_is(vocab_member(part->object, "\"use_regex\""), "false");
    o->byte_level = true;
    o->prefix = space ? PREFIX_UNLESS_SPACE : PREFIX_NONE;
    o->gpt2_split = first && split;
    return split ? add_pattern(r, STR(GPT2_PATTERN), SPLIT_ISOLATED, PATTERN_REGEX) : QUILL_OK;
}

// Where to put the space: "prepend_scheme", and in older files "add_prefix_space".
static quill_status read_scheme(struct vocab_reading *r, const struct splitting_part *part) {
    struct vocab_owner *o = r->owner;
    struct str scheme = vocab_member(part->object, "\"prepend_scheme\"");
    const bool never = str_is(vocab_member(part->object, "\"add_prefix_space\""), "false");
    if (!scheme.p) scheme = never ? STR("\"never\"") : STR("\"always\"");
    if (str_is(scheme, "\"never\"")) return QUILL_OK;
    const bool first = str_is(scheme, "\"first\"");
    o->prefix_scope = first ? PREFIX_FIRST : PREFIX_EACH;
    if (!first && !str_is(scheme, "\"always\""))
        return vocab_lacks(r, "pre_tokenizer: Metaspace with prepend_scheme", scheme);
    o->prefix = PREFIX_UNLESS_SPACE;
    if (o->n_patterns == 0) return QUILL_OK;
    // Each piece of earlier splits gets a space. That can be done before they are split if these are words.
    const bool words = o->n_patterns == 1 && o->behaviors[0] == SPLIT_REMOVED && str_is(o->patterns[0], WHITE);
    if (!words || first)
        return vocab_lacks(r, "pre_tokenizer: behind another split, Metaspace with prepend_scheme", scheme);
    o->prefix = PREFIX_WORDS;
    o->n_patterns = 0;
    return QUILL_OK;
}

static quill_status read_metaspace(struct vocab_reading *r, const struct splitting_part *part) {
    struct vocab_owner *o = r->owner;
    struct str mark = vocab_member(part->object, "\"replacement\""), text;
    const bool split = !str_is(vocab_member(part->object, "\"split\""), "false");
    if (!vocab_text(r, mark, &text)) return fail_memory(r->err);
    if (!str_is(text, BLANK_MARK)) return vocab_lacks(r, "pre_tokenizer: Metaspace with replacement", mark);
    if (o->metaspace) return vocab_lacks(r, "pre_tokenizer: behind Metaspace,", part->type);
    quill_status status = read_scheme(r, part);
    o->metaspace = true;
    if (status || (!split && o->prefix != PREFIX_WORDS)) return status;
    return add_pattern(r, STR(" "), SPLIT_WITH_NEXT, PATTERN_CLASS);
}

static quill_status read_part(struct vocab_reading *r, struct str object, int depth);

static quill_status read_sequence(struct vocab_reading *r, struct str object, int depth) {
    struct json_walk walk = {.text = vocab_member(object, "\"pretokenizers\"")};
    struct str part;
    quill_status status = QUILL_OK;
    if (depth == MOST_NESTING)
        return vocab_refuse(r, "pre_tokenizer: expected sequences nested at most 4 deep, found more");
    json_enter_list(&walk);
    while (!status && json_element(&walk) && json_value(&walk, &part)) status = read_part(r, part, depth + 1);
    return !status && walk.mistake ? vocab_refuse(r, "pre_tokenizer: expected a list, found something else") : status;
}

static quill_status read_part(struct vocab_reading *r, struct str object, int depth) {
    const struct splitting_part part = {object, vocab_member(object, "\"type\""),
                                        vocab_member(object, "\"behavior\"")};
    if (str_is(part.type, "\"Sequence\"")) return read_sequence(r, object, depth);
    // After ByteLevel a pattern would see the characters that stand for bytes.
    if (r->owner->byte_level) return vocab_lacks(r, "pre_tokenizer: behind ByteLevel,", part.type);
    if (str_is(part.type, "\"ByteLevel\"")) return read_byte_level(r, &part);
    if (str_is(part.type, "\"Metaspace\"")) return read_metaspace(r, &part);
    if (str_is(part.type, "\"Digits\"")) return read_digits(r, &part);
    if (str_is(part.type, "\"Punctuation\"")) return read_punctuation(r, &part);
    if (str_is(part.type, "\"Split\"")) return read_split(r, &part);
    if (str_is(part.type, "\"CharDelimiterSplit\"")) return read_delimiter(r, &part);
    if (r->owner->metaspace) return vocab_lacks(r, "pre_tokenizer: behind Metaspace,", part.type);
    if (str_is(part.type, "\"WhitespaceSplit\"")) return add_pattern(r, STR(WHITE), SPLIT_REMOVED, PATTERN_REGEX);
    if (str_is(part.type, "\"BertPreTokenizer\"")) return read_bert(r);
    if (str_is(part.type, "\"Whitespace\""))
        return add_pattern(r, STR("\\w+|[^\\w\\s]+"), SPLIT_REMOVED | SPLIT_INVERTED, PATTERN_REGEX);
    return vocab_lacks(r, "pre_tokenizer", part.type);
}

quill_status vocab_read_pre_tokenizer(struct vocab_reading *r, struct str part) {
    return !part.p || str_is(part, "null") ? QUILL_OK : read_part(r, part, 0);
}

// ---- what the parts mean together -----------------------------------------------------------------------------------

static quill_status lacks_setting(struct vocab_reading *r, const char *what) {
    return fail(r->err, QUILL_E_MODEL, "%s/%s: model: %s is not supported", QUOTED(str_of(r->directory)), r->file,
                what);
}

static quill_status settle_byte_level(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    if (o->model == VOCAB_UNIGRAM) return lacks_setting(r, "with ByteLevel, \"type\" \"Unigram\"");
    if (o->byte_fallback) return lacks_setting(r, "with ByteLevel, \"byte_fallback\" true");
    if (o->word_suffix.n) return lacks_setting(r, "with ByteLevel, \"end_of_word_suffix\"");
    o->model = VOCAB_BPE;
    o->spelling = SPELLED_BYTES;
    o->unk_token = (struct str){NULL, 0}; // each byte has a token
    o->fuse_unk = false;
    // Removed and inverted: matches stay, and the text between them is removed. Patterns used this way match
    // everything; if one does not, quill keeps the rest, so that no byte of a text is lost.
    for (size_t i = 0; i < o->n_patterns; i++)
        if (o->behaviors[i] == (SPLIT_REMOVED | SPLIT_INVERTED)) o->behaviors[i] = SPLIT_ISOLATED;
    return QUILL_OK;
}

// A pattern is for text in which spaces are U+2581. In this program they are spaces again: a pattern with a space finds
// nothing there, and another one may take a space for white space. *keep: there may be something to find.
static quill_status settle_marked(struct vocab_reading *r, size_t i, bool *keep) {
    struct vocab_owner *o = r->owner;
    struct str *pattern = &o->patterns[i];
    *keep = true;
    if (o->origins[i] == PATTERN_CLASS) return QUILL_OK;
    if (o->origins[i] == PATTERN_REGEX)
        return str_is(*pattern, "[^\\n]+|[\\n]+") || str_is(*pattern, "[^\n]+|[\n]+")
                   ? QUILL_OK
                   : vocab_lacks(r, "pre_tokenizer: where spaces are U+2581, the pattern", *pattern);
    if (memchr(pattern->p, ' ', pattern->n)) {
        *keep = false;
        return o->behaviors[i] & SPLIT_INVERTED
                   ? vocab_lacks(r, "pre_tokenizer: where spaces are U+2581, inverted the pattern", *pattern)
                   : QUILL_OK;
    }
    char *copy = arena_alloc(&o->arena, pattern->n, 1);
    if (!copy) return fail_memory(r->err);
    *pattern = (struct str){copy, blanks_of_marks(copy, *pattern)};
    return QUILL_OK;
}

static quill_status settle_patterns(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    size_t n = 0;
    for (size_t i = 0; i < o->n_patterns; i++) {
        bool keep = true;
        quill_status status = o->marks_blanks && !o->byte_level ? settle_marked(r, i, &keep) : QUILL_OK;
        if (!status && keep && o->origins[i] == PATTERN_STRING) status = escape_text(r, &o->patterns[i]);
        if (status) return status;
        if (!keep) continue;
        o->patterns[n] = o->patterns[i];
        o->behaviors[n++] = o->behaviors[i];
    }
    o->n_patterns = n;
    return QUILL_OK;
}

static quill_status settle_characters(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    const bool blanks = o->marks_blanks || o->metaspace;
    if (o->word_suffix.n && (blanks || o->byte_fallback || o->model == VOCAB_UNIGRAM))
        return lacks_setting(r, "with byte_fallback or U+2581, \"end_of_word_suffix\"");
    if (o->model != VOCAB_UNIGRAM) o->model = VOCAB_BPE_CHARS;
    o->spelling = o->word_suffix.n ? SPELLED_WORDS : blanks ? SPELLED_BLANKS : SPELLED_PLAIN;
    return QUILL_OK;
}

quill_status vocab_settle_gpt1(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    o->gpt2_split = false;
    o->unk_token = STR("<unk>");
    o->word_suffix = STR("</w>");
    quill_status status = vocab_add_bert_steps(r);
    if (!status) status = read_bert(r);
    return status ? status : vocab_settle(r);
}

quill_status vocab_settle(struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    quill_status status = o->byte_level ? settle_byte_level(r) : settle_characters(r);
    if (!status) status = settle_patterns(r);
    // Without a normalizer, normalized text is the text.
    for (size_t i = 0; i < o->n_entries && !o->n_normalizers; i++)
        o->entries[i].kind &= (uint8_t)~TOKEN_NORMALIZED;
    return status;
}
