// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "export_spm.h"
#include "formats/gguf_write.h"
#include "tokenizer/split/pre_names.h"
#include "vocab.h"

static const char *const end_keys[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id"};
enum { END_KEYS = sizeof end_keys / sizeof *end_keys };

static quill_status check_rows(const struct vocab *v, const char *file, int32_t rows, quill_error *err) {
    const struct vocab_spec *spec = &v->spec;
    // Merges may need ordinary tokens; others may have no row (Gemma 3: that of images), and are not written.
    for (size_t i = (size_t)rows; i < spec->n_tokens; i++)
        if (spec->tokens[i].p && (!spec->kinds || (spec->kinds[i] & TOKEN_KIND_BITS) == TOKEN_NORMAL))
            return fail(err, QUILL_E_MODEL,
                        "%s: vocabulary: token %zu: expected an id below %" PRId32 ", the rows of the embedding", file,
                        i, rows);
    return QUILL_OK;
}

// The name in GGUF for how a text is split into words, and whether words that are tokens are merged. NULL: none.
static const char *pre_of(const struct vocab_spec *spec) {
    if (spec->pre || !spec->n_patterns) return spec->ignore_merges ? NULL : spec->pre ? spec->pre : "gpt-2";
    return spec->behaviors ? NULL : pre_name_of(spec->patterns, spec->n_patterns, spec->ignore_merges);
}

// Refuses traits that GGUF cannot express: the written tokenizer would silently be a different one.
static quill_status check_traits(const struct vocab *v, const struct weights *w, int32_t rows, quill_error *err) {
    const struct vocab_spec *spec = &v->spec;
    const char *file = QUOTED(str_of(w->path));
    const bool ends = spec->n_appended == 1 && spec->n_eos && spec->appended[0] == spec->eos[0];
    if (w->has_modules && spec->n_appended && !ends)
        return fail(err, QUILL_E_MODEL,
                    "%s: tokenizer.json: what its post_processor puts behind a text is not EOS, and has no key in GGUF",
                    file);
    if (spec->model == VOCAB_SPM) return check_rows(v, file, rows, err);
    for (size_t i = 0; i < spec->n_normalizers; i++)
        if (spec->normalizers[i].kind != NORMALIZE_NFC)
            return fail(err, QUILL_E_MODEL, "%s: tokenizer.json: its normalizer has no key in GGUF", file);
    if (pre_of(spec)) return check_rows(v, file, rows, err);
    if (spec->pre || (!spec->behaviors && pre_name_of(spec->patterns, spec->n_patterns, !spec->ignore_merges)))
        return fail(err, QUILL_E_MODEL, "%s: tokenizer.json: ignore_merges %s has no key in GGUF", file,
                    spec->ignore_merges ? "true" : "false");
    return fail(err, QUILL_E_MODEL, "%s: tokenizer.json: its split pattern has no name in GGUF", file);
}

static size_t keep_below(int32_t *ids, size_t n, int32_t limit) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (ids[i] < limit) ids[kept++] = ids[i];
    return kept;
}

// Drops ids of tokens without a row.
static void cut_ids(struct vocab *v, int32_t rows) {
    if (v->spec.bos >= rows) v->spec.bos = -1;
    if (v->spec.unk >= rows) v->spec.unk = -1;
    v->spec.n_eos = keep_below(v->eos, v->spec.n_eos, rows);
    v->spec.n_suppressed = keep_below(v->suppressed, v->spec.n_suppressed, rows);
}

// Tokens and kinds for all rows. Unused tokens get the names that converters give them.
static bool fill_rows(struct vocab *v, size_t rows) {
    enum { NAME_BYTES = 32, UNUSED_SCORE = -10000 };
    struct str *tokens = arena_alloc(&v->arena, rows, sizeof *tokens);
    uint8_t *kinds = arena_alloc(&v->arena, rows, 1);
    double *scores = v->spec.scores ? arena_alloc(&v->arena, rows, sizeof *scores) : NULL;
    if (!tokens || !kinds || (v->spec.scores && !scores)) return false;
    for (size_t i = 0; i < rows; i++) {
        bool there = i < v->spec.n_tokens && v->spec.tokens[i].p;
        char name[NAME_BYTES];
        if (!there) snprintf(name, sizeof name, "[PAD%zu]", i);
        kinds[i] = !there ? TOKEN_UNUSED : v->spec.kinds ? v->spec.kinds[i] : TOKEN_NORMAL;
        tokens[i] = there ? v->spec.tokens[i] : str_of(name);
        if (scores) scores[i] = there ? v->spec.scores[i] : UNUSED_SCORE;
        if (!there && !(tokens[i].p = arena_string(&v->arena, tokens[i]))) return false;
    }
    v->spec.tokens = tokens;
    v->spec.kinds = kinds;
    v->spec.scores = scores;
    v->spec.n_tokens = rows;
    return true;
}

static bool put_types(const struct vocab_spec *spec, struct gguf_writer *g) {
    static const int32_t numbers[] = {[TOKEN_NORMAL] = 1, [TOKEN_SPECIAL] = 3, [TOKEN_ADDED] = 4, [TOKEN_UNUSED] = 5,
                                      [TOKEN_BYTE] = 6};
    int32_t *types = alloc_array(spec->n_tokens, sizeof *types);
    if (!types) return false;
    for (size_t i = 0; i < spec->n_tokens; i++) types[i] = numbers[spec->kinds[i] & TOKEN_KIND_BITS];
    if (spec->model == VOCAB_SPM && spec->unk >= 0 && (size_t)spec->unk < spec->n_tokens) types[spec->unk] = 2;
    bool ok = gguf_put_i32s(g, "tokenizer.ggml.token_type", types, spec->n_tokens);
    free(types);
    return ok;
}

static bool put_keys(const struct vocab_spec *spec, struct gguf_writer *g) {
    const bool spm = spec->model == VOCAB_SPM;
    const char *pre = spm ? "default" : pre_of(spec);
    bool ok = gguf_put_string(g, "tokenizer.ggml.model", spm ? STR("llama") : STR("gpt2")) &&
              (!pre || gguf_put_string(g, "tokenizer.ggml.pre", str_of(pre))) && // check_traits: there is a name
              gguf_put_strings(g, "tokenizer.ggml.tokens", spec->tokens, spec->n_tokens) && put_types(spec, g) &&
              (spm ? spm_put_keys(spec, g)
                   : gguf_put_strings(g, "tokenizer.ggml.merges", spec->merges, spec->n_merges));
    if (ok && spec->bos >= 0) ok = gguf_put_u32(g, "tokenizer.ggml.bos_token_id", (uint32_t)spec->bos);
    for (size_t i = 0; ok && i < spec->n_eos && i < END_KEYS; i++)
        ok = gguf_put_u32(g, end_keys[i], (uint32_t)spec->eos[i]);
    if (ok && spec->n_eos > END_KEYS) ok = gguf_put_i32s(g, "tokenizer.ggml.eos_token_ids", spec->eos, spec->n_eos);
    // A text's end; that of a model for embeddings must be expressed (check_traits).
    if (ok && spec->n_eos && spec->n_appended == 1 && spec->appended[0] == spec->eos[0])
        ok = gguf_put_bool(g, "tokenizer.ggml.add_eos_token", true);
    if (ok && spec->n_suppressed)
        ok = gguf_put_i32s(g, "tokenizer.ggml.suppress_tokens", spec->suppressed, spec->n_suppressed);
    if (ok && !spm && spec->dummy_prefix != PREFIX_NONE) ok = gguf_put_bool(g, "tokenizer.ggml.add_space_prefix", true);
    return ok && gguf_put_bool(g, "tokenizer.ggml.add_bos_token", spec->add_bos);
}

quill_status vocab_write(struct gguf_writer *g, const struct weights *w, int32_t rows, struct ignored *ignored,
                         quill_error *err) {
    struct vocab v;
    quill_status s = vocab_load(&v, w, err);
    if (s) return s;
    quill_tokenizer *tokenizer = NULL; // created only to check the vocabulary: merges, ids, equal texts
    s = tokenizer_create(&tokenizer, &v.spec, err);
    quill_tokenizer_free(tokenizer);
    if (!s && v.spec.model != VOCAB_BPE) s = spm_for_gguf(&v, QUOTED(str_of(w->path)), err);
    if (!s) s = check_traits(&v, w, rows, err);
    if (!s) cut_ids(&v, rows);
    if (!s && !fill_rows(&v, (size_t)rows)) s = fail_memory(err);
    if (!s && !put_keys(&v.spec, g)) s = fail_memory(err);
    *ignored = v.ignored;
    v.ignored = (struct ignored){.bos = false};
    vocab_free(&v);
    return s;
}
