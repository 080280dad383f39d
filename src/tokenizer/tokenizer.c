// SPDX-License-Identifier: MIT
#include "tokenizer.h"

#include "base/alloc.h"
#include "encode.h"

// ---- making ---------------------------------------------------------------------------------------------------------

static quill_status set_specials(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    const int32_t last = (int32_t)t->vocab.n - 1;
    if (spec->bos < -1 || spec->bos > last)
        return fail(err, QUILL_E_MODEL, "%s: BOS token: expected an id of 0 to %d, found %d",
                    QUOTED(str_of(spec->file)), last, spec->bos);
    if (spec->unk < -1 || spec->unk > last)
        return fail(err, QUILL_E_MODEL, "%s: unknown token: expected an id of 0 to %d, found %d",
                    QUOTED(str_of(spec->file)), last, spec->unk);
    t->bos = spec->bos;
    t->adds_bos = spec->add_bos && t->bos >= 0;
    if (spec->add_bos && !t->adds_bos && spec->bos_ignored)
        return fail(err, QUILL_E_MODEL, "%s: BOS token, which begins every text: expected an id of 0 to %d, found %s",
                    QUOTED(str_of(spec->file)), last, QUOTED(str_of(spec->ignored)));
    t->ignored = spec->ignored ? alloc_string(str_of(spec->ignored)) : NULL;
    return t->ignored || !spec->ignored ? QUILL_OK : fail_memory(err);
}

static quill_status set_suppressed(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    t->suppressed = alloc_array(spec->n_suppressed, sizeof *t->suppressed);
    if (!t->suppressed) return fail_memory(err);
    if (spec->n_suppressed) memcpy(t->suppressed, spec->suppressed, spec->n_suppressed * sizeof *t->suppressed);
    t->n_suppressed = spec->n_suppressed;
    return QUILL_OK;
}

static quill_status set_appended(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    const int32_t last = (int32_t)t->vocab.n - 1;
    t->appended = alloc_array(spec->n_appended, sizeof *t->appended);
    if (!t->appended) return fail_memory(err);
    for (size_t i = 0; i < spec->n_appended; i++) {
        if (spec->appended[i] < 0 || spec->appended[i] > last)
            return fail(err, QUILL_E_MODEL, "%s: token behind a text: expected an id of 0 to %d, found %d",
                        QUOTED(str_of(spec->file)), last, spec->appended[i]);
        t->appended[t->n_appended++] = spec->appended[i];
    }
    return QUILL_OK;
}

// The segmenter of each model.
static const struct {
    const char *name;
    const struct segmenter *segmenter; // NULL: not supported
} models[VOCAB_MODELS] = {
    [VOCAB_BPE] = {"byte-level BPE", &bpe_segmenter},
    [VOCAB_SPM] = {"SentencePiece BPE", &spm_segmenter},
    [VOCAB_UNIGRAM] = {"Unigram", &unigram_segmenter},
    [VOCAB_WORDPIECE] = {"WordPiece", NULL},
    [VOCAB_BPE_CHARS] = {"BPE of characters", &bpe_chars_segmenter},
};

static quill_status choose_segmenter(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    t->segmenter = models[spec->model].segmenter;
    return t->segmenter ? QUILL_OK
                        : fail(err, QUILL_E_MODEL, "%s: the tokenizer model %s is not supported",
                               QUOTED(str_of(spec->file)), models[spec->model].name);
}

static quill_status set_pre(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    if (spec->model != VOCAB_BPE) return QUILL_OK;
    t->pre = alloc_string(str_of(spec->pre ? spec->pre : "custom"));
    return t->pre ? QUILL_OK : fail_memory(err);
}

// Byte-level BPE has patterns of its own, and its tokens are looked up by their bytes no more.
static quill_status set_cuts(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    if (spec->model == VOCAB_BPE) return QUILL_OK;
    int32_t bytes[256];
    t->cuts = alloc_array(1, sizeof *t->cuts);
    if (!t->cuts) return fail_memory(err);
    cuts_build(t->cuts, &t->vocab, spec->byte_fallback && token_table_bytes(&t->vocab, bytes));
    splitter_cut(t->splitter, t->cuts);
    return QUILL_OK;
}

struct normal_text {
    quill_tokenizer *tokenizer;
    struct normal_room room;
};

static quill_status normal_text(void *context, struct str *text, quill_error *err) {
    struct normal_text *n = context;
    quill_status status = normalize(n->tokenizer->normalizer, &n->room, text, true, true, err);
    if (status) return status;
    text->p = arena_string(&n->tokenizer->normal_texts, *text);
    return text->p ? QUILL_OK : fail_memory(err);
}

static quill_status set_added(quill_tokenizer *t, const char *file, quill_error *err) {
    struct normal_text normal = {.tokenizer = t};
    const struct {
        struct added *set;
        struct added_choice choice;
    } sets[] = {
        {&t->as_text, {.added_plain = true}},
        {&t->parsed, {.added_plain = true, .special_plain = true}},
        {&t->outside_values, {.added_plain = true, .special_plain = true, .special_normalized = true}},
        {&t->normal_as_text, {.added_normalized = true, .normal = normal_text, .context = &normal}},
        {&t->normal_parsed,
         {.added_normalized = true, .special_normalized = true, .normal = normal_text, .context = &normal}},
    };
    int32_t *ids;
    size_t n;
    quill_status status = added_candidates(&ids, &n, &t->vocab) ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !status && i < sizeof sets / sizeof *sets; i++)
        status = added_build(sets[i].set, &t->vocab, ids, n, sets[i].choice, file, err);
    free(ids);
    normal_room_free(&normal.room);
    return status;
}

// `spec` includes what the pre-tokenizer's name implies; `rule` says how it splits.
static quill_status fill(quill_tokenizer *t, const struct pre_rule *rule, const struct vocab_spec *spec,
                         quill_error *err) {
    quill_status status = token_table_build(&t->vocab, spec, err);
    if (!status) status = t->segmenter->create(&t->segments, &t->vocab, spec, err);
    if (!status) status = normalizer_create(&t->normalizer, spec, err);
    if (!status) status = set_added(t, spec->file, err);
    if (!status) status = splitter_create(&t->splitter, rule, spec, err);
    if (!status) status = set_cuts(t, spec, err);
    if (!status) status = set_pre(t, spec, err);
    if (!status) status = set_specials(t, spec, err);
    if (!status) status = ends_find(&t->ends, &t->vocab, spec, err);
    if (!status) status = set_suppressed(t, spec, err);
    if (!status) status = set_appended(t, spec, err);
    if (status) return status;
    infill_find(&t->infill, &t->vocab, spec);
    t->shelf = alloc_zeroed(1, sizeof *t->shelf);
    if (!t->shelf) return fail_memory(err);
    t->prefix = (struct prefix){spec->dummy_prefix, spec->prefix_scope, spec->spelling == SPELLED_BLANKS};
    t->nfc_left_out = normalizer_leaves_nfc_out(spec);
    t->decoder = spec->spelling == SPELLED_WORDS                            ? DECODE_WORDS
                 : t->prefix.kind != PREFIX_NONE || spec->decoder_strips ? DECODE_WITHOUT_PREFIX
                                                                            : DECODE_JOINED;
    t->n_merges = spec->n_merges;
    t->cuts_lines = splitter_cuts_lines(t->splitter) && !t->normalizer && !added_crosses_lines(&t->parsed) &&
                    !added_crosses_lines(&t->normal_parsed);
    return QUILL_OK;
}

static quill_status make(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    const struct pre_rule *rule = NULL;
    quill_status status = choose_segmenter(t, spec, err);
    if (!status && spec->model == VOCAB_BPE) status = split_rule(&rule, spec, err);
    if (status) return status;
    struct vocab_spec whole = *spec;
    t->pre_missing = spec->model == VOCAB_BPE && !spec->pre && !spec->patterns;
    if (rule) {
        if (!whole.pre) whole.pre = "gpt-2";
        whole.ignore_merges |= rule->ignore_merges;
        whole.add_bos |= spec->add_bos_unsaid && rule->adds_bos;
    }
    return fill(t, rule, &whole, err);
}

quill_status tokenizer_create(quill_tokenizer **out, const struct vocab_spec *spec, quill_error *err) {
    *out = NULL;
    quill_tokenizer *t = alloc_zeroed(1, sizeof *t);
    if (!t) return fail_memory(err);
    quill_status status = make(t, spec, err);
    if (status) quill_tokenizer_free(t);
    else *out = t;
    return status;
}

void quill_tokenizer_free(quill_tokenizer *t) {
    if (!t) return;
    for (size_t i = 0; t->shelf && i < SHELF; i++) encoder_free(t, atomic_load(&t->shelf->encoders[i]));
    free(t->shelf);
    splitter_free(t->splitter);
    free(t->cuts);
    added_free(&t->as_text);
    added_free(&t->parsed);
    added_free(&t->outside_values);
    added_free(&t->normal_as_text);
    added_free(&t->normal_parsed);
    arena_free(&t->normal_texts);
    normalizer_free(t->normalizer);
    if (t->segmenter) t->segmenter->free(t->segments);
    token_table_free(&t->vocab);
    free(t->pre);
    ends_free(&t->ends);
    free(t->suppressed);
    free(t->appended);
    free(t->ignored);
    free(t);
}

// ---- asking ---------------------------------------------------------------------------------------------------------

int32_t quill_n_vocab(const quill_tokenizer *t) { return (int32_t)t->vocab.n; }

int32_t quill_token_bos(const quill_tokenizer *t) { return t->bos; }

int32_t quill_token_eos(const quill_tokenizer *t) { return t->ends.n_named ? t->ends.ids[0] : -1; }

bool quill_token_is_eos(const quill_tokenizer *t, int32_t id) { return ends_have(&t->ends, id); }

bool quill_token_is_unused(const quill_tokenizer *t, int32_t id) {
    if (id < 0 || (size_t)id >= t->vocab.n) return true;
    const bool silent = token_kind_of(&t->vocab, id) == TOKEN_UNUSED || token_bytes(&t->vocab, id).n == 0;
    return silent && !ends_have(&t->ends, id);
}

bool quill_token_is_special(const quill_tokenizer *t, int32_t id) {
    return id >= 0 && (size_t)id < t->vocab.n && token_kind_of(&t->vocab, id) == TOKEN_SPECIAL;
}

bool quill_adds_bos(const quill_tokenizer *t) { return t->adds_bos; }

static size_t all_added_memory(const quill_tokenizer *t) {
    return added_memory(&t->as_text) + added_memory(&t->parsed) + added_memory(&t->outside_values) +
           added_memory(&t->normal_as_text) + added_memory(&t->normal_parsed) + t->normal_texts.bytes;
}

// Whether two texts may have the same tokens. Only byte-level BPE has a token for everything.
static bool loses(const quill_tokenizer *t) {
    return t->segmenter != &bpe_segmenter || t->normalizer || prefix_loses(&t->prefix) || splitter_loses(t->splitter) ||
           added_strips(&t->as_text) || added_strips(&t->normal_as_text);
}

void quill_tokenizer_describe(const quill_tokenizer *t, quill_tokenizer_info *info) {
    *info = (quill_tokenizer_info){
        .model = t->segmenter->name,
        .pre = t->pre,
        .n_merges = t->n_merges,
        .eos = t->ends.ids,
        .n_eos = t->ends.n,
        .suppressed = t->suppressed,
        .n_suppressed = t->n_suppressed,
        .appended = t->appended,
        .n_appended = t->n_appended,
        .memory = sizeof *t + token_table_memory(&t->vocab) + t->segmenter->memory(t->segments) +
                  all_added_memory(t) + normalizer_memory(t->normalizer) + splitter_memory(t->splitter) +
                  (t->cuts ? sizeof *t->cuts : 0),
        .pre_missing = t->pre_missing,
        .nfc_left_out = t->nfc_left_out,
        .ignored = t->ignored,
        .infill = infill_is_possible(&t->infill),
        .lossless = !loses(t),
    };
}
