// SPDX-License-Identifier: MIT
#include "normalize.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "blanks.h"
#include "characters.h"
#include "normal_chars.h"
#include "tokenizer/split/pattern.h"

enum { MOST_KEPT_TEXT = 1 << 20 }; // a larger buffer is freed after use

struct step {
    enum normalizer_kind kind;
    struct str pattern, text;  // own copies
    struct pattern *regex;
    struct charsmap charsmap;
    bool left, right;
};

struct normalizer {
    size_t n;
    struct step *steps;        // [n]
    bool marks_to_blanks;      // at the end: U+2581 becomes a space
};

// ---- steps ----------------------------------------------------------------------------------------------------------
// Each appends the changed text to `out`.

static bool strip(const struct step *step, struct str text, struct buffer *out) {
    size_t n;
    while (step->left && (n = white_space(text.p, text.n))) text = (struct str){text.p + n, text.n - n};
    while (step->right && (n = white_space_before(text.p, text.n))) text.n -= n;
    return buffer_add_str(out, text);
}

static bool prepend(const struct step *step, struct str text, struct buffer *out) {
    return text.n == 0 || (buffer_add_str(out, step->text) && buffer_add_str(out, text));
}

static bool replace(const struct step *step, struct str text, struct buffer *out) {
    const char *p = text.p, *end = text.p + text.n, *found;
    while (p < end && (found = memmem(p, (size_t)(end - p), step->pattern.p, step->pattern.n))) {
        if (!buffer_add(out, p, (size_t)(found - p)) || !buffer_add_str(out, step->text)) return false;
        p = found + step->pattern.n;
    }
    return buffer_add(out, p, (size_t)(end - p));
}

// One stretch of valid UTF-8.
static quill_status replace_matches(const struct step *step, struct normal_room *room, struct str text,
                                    struct buffer *out, quill_error *err) {
    size_t done = 0, from = 0, begin, end;
    while (from <= text.n) {
        quill_status status = pattern_find(step->regex, &room->match, text.p, text.n, from, &begin, &end, err);
        if (status) return status;
        if (begin == text.n) break; // none, or nothing at the end
        if (!buffer_add(out, text.p + done, begin - done) || !buffer_add_str(out, step->text)) return fail_memory(err);
        done = from = end;
        if (begin == end) from += (size_t)utf8_step(text.p + end, text.n - end, NULL);
    }
    return buffer_add(out, text.p + done, text.n - done) ? QUILL_OK : fail_memory(err);
}

static quill_status replace_regex(const struct step *step, struct normal_room *room, struct str text,
                                  struct buffer *out, quill_error *err) {
    quill_status status = match_room_meter(&room->match, text.n, err);
    for (size_t at = 0, run; !status && at < text.n; at += run) {
        run = utf8_valid_run(text.p + at, text.n - at);
        if (run) status = replace_matches(step, room, (struct str){text.p + at, run}, out, err);
        else if ((run = 1, !buffer_add_byte(out, text.p[at]))) status = fail_memory(err);
    }
    return status;
}

// The length of a space or U+2581 that the text ends with; 0: it does not.
static size_t blank_before(struct str text) {
    return str_ends(text, STR(" ")) ? 1 : str_ends(text, STR(BLANK_MARK)) ? sizeof BLANK_MARK - 1 : 0;
}

// SentencePiece removes U+2581 at the end too.
static bool merge_blanks(struct str text, struct buffer *out, bool first, bool last) {
    size_t n;
    while (first && text.n && text.p[0] == ' ') text = (struct str){text.p + 1, text.n - 1};
    while (last && (n = blank_before(text))) text.n -= n;
    if (!buffer_reserve(out, text.n)) return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ' || i == 0 || text.p[i - 1] != ' ') out->p[out->n++] = text.p[i];
    return true;
}

// Whether a step has nothing to do: most texts are ASCII, and need no form of Unicode.
static bool leaves(const struct step *step, struct str text) {
    switch (step->kind) {
    case NORMALIZE_NFC: case NORMALIZE_NFD: case NORMALIZE_NFKC: case NORMALIZE_NFKD: case NORMALIZE_STRIP_ACCENTS:
    case NORMALIZE_STRIP_NONSPACING: case NORMALIZE_IDEOGRAPHS: return is_ascii(text);
    case NORMALIZE_REPLACE: return !text.n || !memmem(text.p, text.n, step->pattern.p, step->pattern.n);
    default: return text.n == 0;
    }
}

static quill_status run_step(const struct step *step, struct normal_room *room, struct str text, struct buffer *out,
                             bool first, bool last, quill_error *err) {
    bool ok = false;
    switch (step->kind) {
    case NORMALIZE_STRIP: ok = strip(step, text, out); break;
    case NORMALIZE_PREPEND: ok = prepend(step, text, out); break;
    case NORMALIZE_REPLACE: ok = replace(step, text, out); break;
    case NORMALIZE_REPLACE_REGEX: return replace_regex(step, room, text, out, err);
    case NORMALIZE_MERGE_BLANKS: ok = merge_blanks(text, out, first || step->left, last || step->right); break;
    case NORMALIZE_CHARSMAP: ok = map_longest(&step->charsmap, text, out); break;
    case NORMALIZE_CHARSMAP_GRAPHEMES: ok = map_graphemes(&step->charsmap, text, out); break;
    case NORMALIZE_NFC: case NORMALIZE_NFD: case NORMALIZE_NFKC: case NORMALIZE_NFKD:
        ok = unicode_form(step->kind, text, out);
        break;
    default: ok = map_characters(step->kind, text, out);
    }
    return ok ? QUILL_OK : fail_memory(err);
}

static quill_status marks_to_blanks(struct str *text, struct buffer *out, quill_error *err) {
    if (!has_blank_mark(*text)) return QUILL_OK;
    out->n = 0;
    if (!buffer_reserve(out, text->n)) return fail_memory(err);
    out->n = blanks_of_marks(out->p, *text);
    *text = buffer_str(out);
    return QUILL_OK;
}

quill_status normalize(const struct normalizer *normalizer, struct normal_room *room, struct str *text, bool first,
                       bool last, quill_error *err) {
    size_t turn = 0;
    for (size_t i = 0; normalizer && i < normalizer->n; i++) {
        struct buffer *out = &room->text[turn];
        if (leaves(&normalizer->steps[i], *text)) continue;
        out->n = 0;
        quill_status status = run_step(&normalizer->steps[i], room, *text, out, first, last, err);
        if (status) return status;
        *text = buffer_str(out);
        turn = !turn;
    }
    return normalizer && normalizer->marks_to_blanks ? marks_to_blanks(text, &room->text[turn], err) : QUILL_OK;
}

// ---- making ---------------------------------------------------------------------------------------------------------

static bool is_blank_to_mark(const struct normalizer_step *step) {
    return step->kind == NORMALIZE_REPLACE && str_is(step->pattern, " ") && str_is(step->text, BLANK_MARK);
}

// Where tokens spell spaces as U+2581, that is undone at the end; so steps at the end that put U+2581 in the place of
// spaces are left out, and a U+2581 that is put in front there is a space.
static size_t count_needed(const struct vocab_spec *spec, bool *marks_to_blanks) {
    size_t n = spec->n_normalizers;
    *marks_to_blanks = false;
    if (spec->spelling != SPELLED_BLANKS) return n;
    while (n && (is_blank_to_mark(&spec->normalizers[n - 1]) || spec->normalizers[n - 1].kind == NORMALIZE_PREPEND))
        *marks_to_blanks |= is_blank_to_mark(&spec->normalizers[--n]);
    return n;
}

bool normalizer_leaves_nfc_out(const struct vocab_spec *spec) {
    for (size_t i = 0; i < spec->n_normalizers; i++)
        if (spec->model == VOCAB_BPE && spec->normalizers[i].kind == NORMALIZE_NFC) return true;
    return false;
}

bool normalizer_marks_blanks(const struct normalizer *n) { return n && n->marks_to_blanks; }

static struct str copy_of(struct str text, bool *ok) {
    char *copy = alloc_string(text);
    *ok &= copy != NULL;
    return (struct str){copy, copy ? text.n : 0};
}

static quill_status add_step(struct normalizer *n, const struct normalizer_step *from, const char *file,
                             quill_error *err) {
    struct step *step = &n->steps[n->n++];
    bool ok = true;
    *step = (struct step){.kind = from->kind, .left = from->left, .right = from->right};
    if (from->kind == NORMALIZE_CHARSMAP || from->kind == NORMALIZE_CHARSMAP_GRAPHEMES)
        return charsmap_read(&step->charsmap, from->text, file, err);
    step->pattern = copy_of(from->pattern, &ok);
    step->text = copy_of(from->text, &ok);
    if (!ok) return fail_memory(err);
    if (from->kind == NORMALIZE_REPLACE && !from->pattern.n)
        return fail(err, QUILL_E_MODEL, "%s: normalizer: Replace: expected a pattern, found an empty one",
                    QUOTED(str_of(file)));
    if (from->kind != NORMALIZE_REPLACE_REGEX) return QUILL_OK;
    quill_status status = pattern_create(&step->regex, from->pattern, true, file, "normalizer", err);
    return status ? status : pattern_compile(step->regex, err);
}

static quill_status add_steps(struct normalizer *n, const struct vocab_spec *spec, quill_error *err) {
    const size_t needed = count_needed(spec, &n->marks_to_blanks);
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < spec->n_normalizers; i++) {
        struct normalizer_step step = spec->normalizers[i];
        if (i >= needed && is_blank_to_mark(&step)) continue;
        if (spec->model == VOCAB_BPE && step.kind == NORMALIZE_NFC) continue;
        if (i >= needed && str_is(step.text, BLANK_MARK)) step.text = STR(" ");
        status = add_step(n, &step, spec->file, err);
    }
    return status;
}

quill_status normalizer_create(struct normalizer **out, const struct vocab_spec *spec, quill_error *err) {
    *out = NULL;
    if (!spec->n_normalizers) return QUILL_OK;
    struct normalizer *n = alloc_zeroed(1, sizeof *n);
    if (!n) return fail_memory(err);
    n->steps = alloc_zeroed(spec->n_normalizers, sizeof *n->steps);
    quill_status status = n->steps ? add_steps(n, spec, err) : fail_memory(err);
    if (status || (!n->n && !n->marks_to_blanks)) normalizer_free(n);
    else *out = n;
    return status;
}

void normalizer_free(struct normalizer *n) {
    if (!n) return;
    for (size_t i = 0; n->steps && i < n->n; i++) {
        free((char *)(uintptr_t)n->steps[i].pattern.p);
        free((char *)(uintptr_t)n->steps[i].text.p);
        pattern_free(n->steps[i].regex);
        charsmap_free(&n->steps[i].charsmap);
    }
    free(n->steps);
    free(n);
}

size_t normalizer_memory(const struct normalizer *n) {
    size_t bytes = n ? sizeof *n + n->n * sizeof *n->steps : 0;
    for (size_t i = 0; n && i < n->n; i++) {
        const struct step *step = &n->steps[i];
        bytes += step->pattern.n + step->text.n + step->charsmap.n_units * 4 + step->charsmap.n_replacements +
                 (step->regex ? pattern_memory(step->regex) : 0);
    }
    return bytes;
}

void normal_room_trim(struct normal_room *room) {
    for (int i = 0; i < 2; i++)
        if (room->text[i].cap > MOST_KEPT_TEXT) buffer_free(&room->text[i]);
}

void normal_room_free(struct normal_room *room) {
    buffer_free(&room->text[0]);
    buffer_free(&room->text[1]);
    match_room_free(room->match);
    room->match = NULL;
}
