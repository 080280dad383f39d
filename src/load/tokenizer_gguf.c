// SPDX-License-Identifier: MIT
// The tokenizer section of the GGUF specification.
#include "vocab.h"

enum { PRE_BYTES = 80 }; // room for the name of a pre-tokenizer

static quill_status want_array(const struct meta **out, const struct weights *w, const char *key, enum meta_kind kind,
                               const char *what, quill_error *err) {
    *out = vocab_array(w, key, kind);
    if (*out) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: key %s: expected an array of %s, found %s", QUOTED(str_of(w->path)), key, what,
                weights_meta(w, str_of(key)) ? "something else" : "nothing");
}

static quill_status strings(struct vocab *v, const struct str **out, size_t *n, size_t most, const struct weights *w,
                            const char *key, quill_error *err) {
    const struct meta *m;
    quill_status s = want_array(&m, w, key, META_STRING, "strings", err);
    if (s) return s;
    if (m->a.n > most)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected at most %zu strings, found %llu", QUOTED(str_of(w->path)),
                    key, most, (unsigned long long)m->a.n);
    struct str *list = arena_alloc(&v->arena, (size_t)m->a.n, sizeof *list);
    if (!list) return fail_memory(err);
    *out = list;
    *n = meta_strings(&m->a, list);
    return QUILL_OK;
}

// Numbers of llama.cpp's enum llama_token_type.
static enum token_kind kind_of(int64_t type, enum vocab_model model) {
    switch (type) {
    case 2: // unknown
    case 3: // control
        return TOKEN_SPECIAL;
    case 4: return TOKEN_ADDED;
    case 5: return TOKEN_UNUSED;
    case 6: return model == VOCAB_BPE ? TOKEN_NORMAL : TOKEN_BYTE;
    default: return TOKEN_NORMAL; // 1
    }
}

static quill_status token_kinds(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char key[] = "tokenizer.ggml.token_type";
    const struct meta *m;
    if (v->spec.model == VOCAB_BPE && !weights_meta(w, STR("tokenizer.ggml.token_type"))) return QUILL_OK;
    quill_status s = want_array(&m, w, key, META_INT, "integers", err);
    if (s) return s;
    if (m->a.n != v->spec.n_tokens)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected %zu elements, one per token, found %llu",
                    QUOTED(str_of(w->path)), key, v->spec.n_tokens, (unsigned long long)m->a.n);
    uint8_t *kinds = arena_alloc(&v->arena, v->spec.n_tokens, 1);
    if (!kinds) return fail_memory(err);
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    for (size_t i = 0; i < v->spec.n_tokens && meta_next(&walk, &element); i++) {
        if (element.i < 1 || element.i > 6)
            return fail(err, QUILL_E_MODEL, "%s: key %s: expected a token type from 1 to 6, found %lld at %zu",
                        QUOTED(str_of(w->path)), key, (long long)element.i, i);
        kinds[i] = (uint8_t)kind_of(element.i, v->spec.model);
    }
    v->spec.kinds = kinds;
    return QUILL_OK;
}

static quill_status token_scores(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char key[] = "tokenizer.ggml.scores";
    const struct meta *m;
    quill_status s = want_array(&m, w, key, META_FLOAT, "numbers", err);
    if (s) return s;
    if (m->a.n != v->spec.n_tokens)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected %zu elements, one per token, found %llu",
                    QUOTED(str_of(w->path)), key, v->spec.n_tokens, (unsigned long long)m->a.n);
    double *scores = arena_alloc(&v->arena, v->spec.n_tokens, sizeof *scores);
    if (!scores) return fail_memory(err);
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    for (size_t i = 0; i < v->spec.n_tokens && meta_next(&walk, &element); i++) scores[i] = element.f;
    v->spec.scores = scores;
    return QUILL_OK;
}

// *id is unchanged if the key is missing or the id is not a token.
static quill_status token_id(struct vocab *v, const struct weights *w, const char *key, int32_t *id, bool *found,
                             quill_error *err) {
    int64_t value;
    quill_status s = meta_int(w, key, INT64_MIN, INT64_MAX, &value, found, err);
    if (!s && *found) s = vocab_has_id(found, v, NULL, key, value, err);
    if (!s && *found) *id = (int32_t)value;
    return s;
}

// The first of two keys of a token that the file has; -1: none.
static quill_status either_id(struct vocab *v, const struct weights *w, const char *const keys[2], int32_t *id,
                              quill_error *err) {
    bool found = false;
    quill_status s = QUILL_OK;
    *id = -1;
    for (size_t i = 0; !s && !found && i < 2; i++) s = token_id(v, w, keys[i], id, &found, err);
    return s;
}

static quill_status infill_ids(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char *const keys[3][2] = { // today's and older ones
        {"tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"},
        {"tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"},
        {"tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"},
    };
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < 3; i++) s = either_id(v, w, keys[i], &v->infill[i], err);
    if (v->infill[0] >= 0 && v->infill[1] >= 0) v->spec.infill = v->infill;
    return s;
}

// Calls take(v, id) for each element of an array of ids, if the file has it.
static quill_status each_id(struct vocab *v, const struct weights *w, const char *key,
                            quill_status (*take)(struct vocab *v, const char *key, int64_t id, quill_error *err),
                            quill_error *err) {
    const struct meta *m;
    if (!weights_meta(w, str_of(key))) return QUILL_OK;
    quill_status s = want_array(&m, w, key, META_INT, "integers", err);
    if (s) return s;
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    while (!s && meta_next(&walk, &element)) s = take(v, key, element.i, err);
    return s;
}

static quill_status take_eos(struct vocab *v, const char *key, int64_t id, quill_error *err) {
    bool has;
    quill_status s = vocab_has_id(&has, v, NULL, key, id, err);
    return s || !has ? s : vocab_add_eos(v, (int32_t)id, err);
}

static quill_status take_suppressed(struct vocab *v, const char *key, int64_t id, quill_error *err) {
    return vocab_suppress(v, NULL, key, id, err);
}

static quill_status gguf_ids(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char *const ends[] = {"tokenizer.ggml.eos_token_id",     "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id",     "tokenizer.ggml.fim_pad_token_id",
                                       "tokenizer.ggml.fim_rep_token_id", "tokenizer.ggml.fim_sep_token_id"};
    bool found, prefix = false;
    quill_status s = token_id(v, w, "tokenizer.ggml.bos_token_id", &v->spec.bos, &found, err);
    for (size_t i = 0; !s && i < sizeof ends / sizeof *ends; i++) {
        int32_t id;
        s = token_id(v, w, ends[i], &id, &found, err);
        if (!s && found) s = vocab_add_eos(v, id, err);
    }
    if (!s) s = each_id(v, w, "tokenizer.ggml.eos_token_ids", take_eos, err); // ollama's
    if (!s) s = each_id(v, w, "tokenizer.ggml.suppress_tokens", take_suppressed, err);
    if (!s) s = infill_ids(v, w, err);
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_bos_token", &v->spec.add_bos, &found, err);
    if (!s) v->spec.add_bos_unsaid = !found;
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_space_prefix", &prefix, &found, err);
    v->spec.dummy_prefix = prefix ? PREFIX_UNLESS_SPACE : PREFIX_NONE;
    bool append = false;
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_eos_token", &append, &found, err);
    v->appends_eos = append;
    return s;
}

// SentencePiece's: what the file does not say is as in Llama's vocabulary, the first of this kind.
static quill_status spm_ids(struct vocab *v, const struct weights *w, quill_error *err) {
    bool found, prefix = true;
    quill_status s = gguf_ids(v, w, err);
    if (s) return s;
    if (v->spec.add_bos_unsaid) v->spec.add_bos = true;
    if (v->spec.bos < 0 && !weights_meta(w, STR("tokenizer.ggml.bos_token_id"))) v->spec.bos = 1;
    if (v->spec.n_eos == 0 && !weights_meta(w, STR("tokenizer.ggml.eos_token_id"))) s = vocab_add_eos(v, 2, err);
    v->spec.unk = 0;
    if (!s) s = token_id(v, w, "tokenizer.ggml.unknown_token_id", &v->spec.unk, &found, err);
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_space_prefix", &prefix, &found, err);
    v->spec.dummy_prefix = prefix ? PREFIX_ALWAYS : PREFIX_NONE;
    return s;
}

static quill_status read_bpe(struct vocab *v, const struct weights *w, quill_error *err) {
    quill_status s = strings(v, &v->spec.merges, &v->spec.n_merges, MOST_MERGES, w, "tokenizer.ggml.merges", err);
    if (!s) s = token_kinds(v, w, err);
    return s ? s : gguf_ids(v, w, err);
}

// The bytes of SentencePiece's rules, an array of integers.
static quill_status read_charsmap(struct vocab *v, const struct weights *w, struct normalizer_step *step, bool *found,
                                  quill_error *err) {
    static const char key[] = "tokenizer.ggml.precompiled_charsmap";
    const struct meta *m;
    *found = weights_meta(w, str_of(key)) != NULL;
    if (!*found) return QUILL_OK;
    quill_status s = want_array(&m, w, key, META_INT, "integers", err);
    *found = !s && m->a.n > 0;
    if (!*found) return s;
    char *bytes = m->a.n < SIZE_MAX ? arena_alloc(&v->arena, (size_t)m->a.n, 1) : NULL;
    if (!bytes) return fail_memory(err);
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    for (size_t i = 0; i < m->a.n && meta_next(&walk, &element); i++) bytes[i] = (char)element.i;
    *step = (struct normalizer_step){.kind = NORMALIZE_CHARSMAP, .text = {bytes, (size_t)m->a.n}};
    return QUILL_OK;
}

// T5's: what the file does not say is as in its vocabulary. EOS ends a text to be read, not one to be written on.
static quill_status unigram_steps(struct vocab *v, const struct weights *w, quill_error *err) {
    bool found, merged = false, prefix = true;
    struct normalizer_step *steps = arena_alloc(&v->arena, 2, sizeof *steps);
    if (!steps) return fail_memory(err);
    quill_status s = read_charsmap(v, w, steps, &found, err);
    if (s) return s;
    v->spec.normalizers = steps;
    v->spec.n_normalizers = found;
    s = meta_bool(w, "tokenizer.ggml.remove_extra_whitespaces", &merged, &found, err);
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_space_prefix", &prefix, &found, err);
    if (merged)
        steps[v->spec.n_normalizers++] =
            (struct normalizer_step){.kind = NORMALIZE_MERGE_BLANKS, .left = true, .right = true};
    v->spec.dummy_prefix = prefix ? PREFIX_ALWAYS : PREFIX_NONE;
    return s;
}

static quill_status read_unigram(struct vocab *v, const struct weights *w, quill_error *err) {
    bool found;
    v->spec.spelling = SPELLED_BLANKS;
    v->spec.byte_fallback = true; // if it has the tokens
    v->spec.pre = NULL;
    v->spec.unk = 2;
    quill_status s = token_scores(v, w, err);
    if (!s) s = token_kinds(v, w, err);
    if (!s) s = gguf_ids(v, w, err);
    if (!s) s = token_id(v, w, "tokenizer.ggml.unknown_token_id", &v->spec.unk, &found, err);
    return s ? s : unigram_steps(v, w, err);
}

static quill_status read_spm(struct vocab *v, const struct weights *w, quill_error *err) {
    v->spec.spelling = SPELLED_BLANKS;
    v->spec.byte_fallback = true;
    v->spec.pre = NULL; // the name says nothing here
    quill_status s = token_scores(v, w, err);
    if (!s) s = token_kinds(v, w, err);
    return s ? s : spm_ids(v, w, err);
}

static const struct {
    const char *name;
    enum vocab_model model;
    quill_status (*read)(struct vocab *v, const struct weights *w, quill_error *err);
} models[] = {{"gpt2", VOCAB_BPE, read_bpe}, {"llama", VOCAB_SPM, read_spm}, {"t5", VOCAB_UNIGRAM, read_unigram}};
enum { N_MODELS = sizeof models / sizeof *models };

quill_status vocab_load_gguf(struct vocab *v, const struct weights *w, quill_error *err) {
    struct str model = {NULL, 0}, pre = {NULL, 0};
    bool found;
    quill_status s = meta_string(w, "tokenizer.ggml.model", &model, &found, err);
    if (s) return s;
    size_t kind = 0;
    while (found && kind < N_MODELS && !str_is(model, models[kind].name)) kind++;
    if (!found || kind == N_MODELS)
        return fail(err, QUILL_E_MODEL,
                    "%s: key tokenizer.ggml.model: expected 'gpt2' (byte-level BPE), 'llama' or 't5' (SentencePiece), "
                    "found %s%s%s",
                    QUOTED(str_of(w->path)), found ? "'" : "", found ? QUOTED(model) : "nothing", found ? "'" : "");
    v->spec.model = models[kind].model;
    s = meta_string(w, "tokenizer.ggml.pre", &pre, &found, err);
    if (s) return s;
    if (found && (pre.n > PRE_BYTES || (pre.n && memchr(pre.p, 0, pre.n))))
        return fail(err, QUILL_E_MODEL, "%s: key tokenizer.ggml.pre: expected a name, found '%s'",
                    QUOTED(str_of(w->path)), QUOTED(pre));
    if (found && !(v->spec.pre = arena_string(&v->arena, pre))) return fail_memory(err);
    s = strings(v, &v->spec.tokens, &v->spec.n_tokens, MOST_TOKENS, w, "tokenizer.ggml.tokens", err);
    return s ? s : models[kind].read(v, w, err);
}
