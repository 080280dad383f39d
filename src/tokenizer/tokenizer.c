// SPDX-License-Identifier: MIT
#include "tokenizer.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/utf8.h"
#include "byte_map.h"
#include "encode.h"

void quill_ids_free(quill_ids *list) {
    free(list->ids);
    *list = (quill_ids){0};
}

// ---- making ---------------------------------------------------------------------------------------------------------

static quill_status set_ends(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    const int32_t last = (int32_t)t->vocab.n - 1;
    if (spec->bos < -1 || spec->bos > last)
        return fail(err, QUILL_E_MODEL, "%s: BOS token: expected an id of 0 to %d, found %d",
                    QUOTED(str_of(spec->file)), last, spec->bos);
    for (size_t i = 0; i < spec->n_eos; i++)
        if (spec->eos[i] < 0 || spec->eos[i] > last)
            return fail(err, QUILL_E_MODEL, "%s: EOS token: expected an id of 0 to %d, found %d",
                        QUOTED(str_of(spec->file)), last, spec->eos[i]);
    t->eos = alloc_array(spec->n_eos, sizeof *t->eos);
    if (!t->eos) return fail_memory(err);
    if (spec->n_eos) memcpy(t->eos, spec->eos, spec->n_eos * sizeof *t->eos);
    t->n_eos = spec->n_eos;
    t->bos = spec->bos;
    return QUILL_OK;
}

static quill_status fill(quill_tokenizer *t, const struct vocab_spec *spec, quill_error *err) {
    const struct pre_rule *rule = NULL;
    quill_status status = token_table_build(&t->vocab, spec, err);
    if (!status) status = bpe_build(&t->bpe, &t->vocab, spec, err);
    if (!status) status = added_build(&t->as_text, &t->vocab, false, spec->file, err);
    if (!status) status = added_build(&t->parsed, &t->vocab, true, spec->file, err);
    if (!status) status = splitter_create(&t->splitter, &rule, spec, err);
    if (!status) status = set_ends(t, spec, err);
    if (status) return status;
    t->shelf = alloc_zeroed(1, sizeof *t->shelf);
    t->pre = alloc_string(spec->pre ? str_of(spec->pre) : rule ? STR("gpt-2") : STR("custom"));
    if (!t->shelf || !t->pre) return fail_memory(err);
    t->nfc = spec->nfc;
    t->pre_missing = !spec->pre && !spec->patterns;
    t->ignore_merges = spec->ignore_merges || (rule && rule->ignore_merges);
    t->adds_bos = (spec->add_bos || (spec->add_bos_unsaid && rule && rule->adds_bos)) && t->bos >= 0;
    if (!t->ignore_merges) token_table_forget(&t->vocab);
    return QUILL_OK;
}

quill_status tokenizer_create(quill_tokenizer **out, const struct vocab_spec *spec, quill_error *err) {
    *out = NULL;
    quill_tokenizer *t = alloc_zeroed(1, sizeof *t);
    if (!t) return fail_memory(err);
    quill_status status = fill(t, spec, err);
    if (status) quill_tokenizer_free(t);
    else *out = t;
    return status;
}

void quill_tokenizer_free(quill_tokenizer *t) {
    if (!t) return;
    if (t->shelf) encoder_free(atomic_load(&t->shelf->encoder));
    free(t->shelf);
    splitter_free(t->splitter);
    added_free(&t->as_text);
    added_free(&t->parsed);
    bpe_free(&t->bpe);
    token_table_free(&t->vocab);
    free(t->pre);
    free(t->eos);
    free(t);
}

// ---- asking ---------------------------------------------------------------------------------------------------------

static bool is_id(const quill_tokenizer *t, int32_t id) { return id >= 0 && (size_t)id < t->vocab.n; }

const char *quill_token_bytes(const quill_tokenizer *t, int32_t id, quill_special special, size_t *n) {
    *n = 0;
    if (!is_id(t, id)) return NULL;
    struct str bytes = token_bytes(&t->vocab, id);
    enum token_kind kind = token_kind_of(&t->vocab, id);
    // A special token that plain text yields too (a vocabulary may call '!' its padding) is text: else text would be
    // lost.
    bool hidden = kind == TOKEN_SPECIAL && special != QUILL_SPECIAL_PARSE && !(t->vocab.kinds[id] & TOKEN_FROM_TEXT);
    if (!hidden && kind != TOKEN_UNUSED) *n = bytes.n;
    return bytes.p;
}

int32_t quill_n_vocab(const quill_tokenizer *t) { return (int32_t)t->vocab.n; }

int32_t quill_token_bos(const quill_tokenizer *t) { return t->bos; }

int32_t quill_token_eos(const quill_tokenizer *t) { return t->n_eos ? t->eos[0] : -1; }

bool quill_token_is_eos(const quill_tokenizer *t, int32_t id) {
    for (size_t i = 0; i < t->n_eos; i++)
        if (t->eos[i] == id) return true;
    return false;
}

bool quill_token_is_special(const quill_tokenizer *t, int32_t id) {
    return is_id(t, id) && token_kind_of(&t->vocab, id) == TOKEN_SPECIAL;
}

bool quill_adds_bos(const quill_tokenizer *t) { return t->adds_bos; }

void quill_tokenizer_describe(const quill_tokenizer *t, quill_tokenizer_info *info) {
    *info = (quill_tokenizer_info){
        .model = "bpe",
        .pre = t->pre,
        .n_merges = t->bpe.n_merges,
        .eos = t->eos,
        .n_eos = t->n_eos,
        .memory = sizeof *t + token_table_memory(&t->vocab) + bpe_memory(&t->bpe) + added_memory(&t->as_text) +
                  added_memory(&t->parsed) + splitter_memory(t->splitter),
        .pre_missing = t->pre_missing,
        .nfc_left_out = t->nfc,
    };
}
