// SPDX-License-Identifier: MIT
#include "export_spm.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "tokenizer/blanks.h"

// ---- merges as scores -----------------------------------------------------------------------------------------------
// Merges by rank and merging by scores are the same if each token's merges follow each other, and every way to make a
// token of two others is a merge: that is how merges are made of scores.

struct names {
    struct name {
        struct str text;
        int32_t id;
    } *list; // [n] ascending by text
    size_t n;
};

static int by_text(const void *a, const void *b) {
    const struct name *left = a, *right = b;
    return str_compare(left->text, right->text);
}

static enum token_kind kind_of(const struct vocab_spec *spec, size_t id) {
    return spec->kinds ? (enum token_kind)(spec->kinds[id] & TOKEN_KIND_BITS) : TOKEN_NORMAL;
}

static bool sort_names(struct names *names, const struct vocab_spec *spec) {
    names->n = 0;
    names->list = alloc_array(spec->n_tokens, sizeof *names->list);
    if (!names->list) return false;
    for (size_t id = 0; id < spec->n_tokens; id++)
        if (spec->tokens[id].p && kind_of(spec, id) == TOKEN_NORMAL)
            names->list[names->n++] = (struct name){spec->tokens[id], (int32_t)id};
    if (names->n) qsort(names->list, names->n, sizeof *names->list, by_text);
    return true;
}

static int32_t find_name(const struct names *names, struct str text) {
    const struct name key = {.text = text};
    const struct name *found = names->n ? bsearch(&key, names->list, names->n, sizeof key, by_text) : NULL;
    return found ? found->id : -1;
}

static bool is_character(struct str text) { return text.n && utf8_step(text.p, text.n, NULL) == (int)text.n; }

// In how many ways two parts that may stand side by side make the token.
static size_t count_ways(const struct names *names, struct str token) {
    size_t ways = 0;
    for (size_t at = 1; at < token.n; at++) {
        const struct str left = {token.p, at}, right = {token.p + at, token.n - at};
        if (((uint8_t)*right.p & 0xc0) == 0x80) continue;
        ways += (is_character(left) || find_name(names, left) >= 0) &&
                (is_character(right) || find_name(names, right) >= 0);
    }
    return ways;
}

// The token that a merge makes. -1: none.
static int32_t result_of(const struct names *names, struct str merge, char *room) {
    const char *between = memchr(merge.p, '\0', merge.n);
    if (!between) between = memchr(merge.p, ' ', merge.n);
    if (!between) return -1;
    const size_t left = (size_t)(between - merge.p);
    memcpy(room, merge.p, left);
    memcpy(room + left, between + 1, merge.n - left - 1);
    return find_name(names, (struct str){room, merge.n - 1});
}

static bool has_one_score(const struct vocab_spec *spec, const struct names *names, double *scores, char *room) {
    const double last = -(double)spec->n_merges;
    size_t ways = 0;
    int32_t before = -1;
    for (size_t id = 0; id < spec->n_tokens; id++) scores[id] = last;
    for (size_t i = 0; i < names->n; i++) ways += count_ways(names, names->list[i].text);
    if (ways != spec->n_merges) return false;
    for (size_t rank = 0; rank < spec->n_merges; rank++) {
        const int32_t id = result_of(names, spec->merges[rank], room);
        if (id < 0 || (id != before && scores[id] > last)) return false;
        if (id != before) scores[id] = -(double)rank;
        before = id;
    }
    return true;
}

static quill_status scores_of_merges(struct vocab *v, const char *file, quill_error *err) {
    struct vocab_spec *spec = &v->spec;
    struct names names = {NULL, 0};
    size_t longest = 0;
    for (size_t i = 0; i < spec->n_merges; i++) longest = spec->merges[i].n > longest ? spec->merges[i].n : longest;
    double *scores = arena_alloc(&v->arena, spec->n_tokens, sizeof *scores);
    char *room = alloc_array(longest, 1);
    quill_status s = scores && room && sort_names(&names, spec) ? QUILL_OK : fail_memory(err);
    if (!s && !has_one_score(spec, &names, scores, room))
        s = fail(err, QUILL_E_MODEL, "%s: tokenizer.json: its merges cannot be said as scores, which GGUF has", file);
    free(names.list);
    free(room);
    if (s) return s;
    spec->scores = scores;
    spec->merges = NULL;
    spec->n_merges = 0;
    spec->model = VOCAB_SPM;
    return QUILL_OK;
}

// ---- traits ---------------------------------------------------------------------------------------------------------

static quill_status unsaid(const char *file, const char *trait, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: vocabulary: %s has no key in GGUF", file, trait);
}

// Llama's normalizer: spaces become U+2581, and one is put in front.
static bool take_normalizer(struct vocab_spec *spec) {
    bool marks = spec->n_normalizers == 0;
    for (size_t i = 0; i < spec->n_normalizers; i++) {
        const struct normalizer_step *step = &spec->normalizers[i];
        if (step->kind == NORMALIZE_PREPEND && str_is(step->text, BLANK_MARK) && spec->dummy_prefix == PREFIX_NONE)
            spec->dummy_prefix = PREFIX_ALWAYS;
        else if (step->kind == NORMALIZE_REPLACE && str_is(step->pattern, " ") && str_is(step->text, BLANK_MARK))
            marks = true;
        else return false;
    }
    return marks;
}

static const char *trait_of_added(const struct vocab_spec *spec) {
    for (size_t id = 0; spec->kinds && id < spec->n_tokens; id++) {
        const uint8_t kind = spec->kinds[id];
        if ((kind & TOKEN_KIND_BITS) != TOKEN_ADDED) continue;
        if (kind & (TOKEN_STRIPS_LEFT | TOKEN_STRIPS_RIGHT)) return "an added token that takes white space with it";
        if (kind & TOKEN_SINGLE_WORD) return "an added token that stands alone";
        if (kind & TOKEN_NORMALIZED) return "an added token in normalized text";
        if (spec->prefix_scope == PREFIX_BEHIND_SPECIAL) return "no space in front of what follows an added token";
    }
    return NULL;
}

static bool has_all_bytes(const struct vocab_spec *spec) {
    size_t n = 0;
    for (size_t id = 0; spec->kinds && id < spec->n_tokens; id++) n += kind_of(spec, id) == TOKEN_BYTE;
    return n >= 256;
}

quill_status spm_for_gguf(struct vocab *v, const char *file, quill_error *err) {
    struct vocab_spec *spec = &v->spec;
    const bool merges = spec->model == VOCAB_BPE_CHARS;
    if (spec->model != VOCAB_SPM && (!merges || spec->spelling != SPELLED_BLANKS))
        return unsaid(file, "its kind", err);
    if (!take_normalizer(spec)) return unsaid(file, "its normalizer", err);
    if (spec->n_patterns) return unsaid(file, "its split pattern", err);
    if (spec->ignore_merges) return unsaid(file, "ignore_merges", err);
    if (spec->dummy_prefix == PREFIX_UNLESS_SPACE || spec->dummy_prefix == PREFIX_WORDS)
        return unsaid(file, "a space in front of what does not begin with one", err);
    if (spec->prefix_scope == PREFIX_FIRST) return unsaid(file, "a space in front of the first text only", err);
    if (merges && !spec->fuse_unk && !has_all_bytes(spec)) return unsaid(file, "each unknown character by itself", err);
    const char *trait = trait_of_added(spec);
    if (trait) return unsaid(file, trait, err);
    return merges ? scores_of_merges(v, file, err) : QUILL_OK;
}

bool spm_put_keys(const struct vocab_spec *spec, struct gguf_writer *g) {
    float *scores = alloc_array(spec->n_tokens, sizeof *scores);
    if (!scores) return false;
    for (size_t i = 0; i < spec->n_tokens; i++) scores[i] = (float)spec->scores[i];
    bool ok = gguf_put_f32s(g, "tokenizer.ggml.scores", scores, spec->n_tokens);
    free(scores);
    if (ok && spec->unk >= 0) ok = gguf_put_u32(g, "tokenizer.ggml.unknown_token_id", (uint32_t)spec->unk);
    return ok && gguf_put_bool(g, "tokenizer.ggml.add_space_prefix", spec->dummy_prefix != PREFIX_NONE);
}
