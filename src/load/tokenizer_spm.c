// SPDX-License-Identifier: MIT
// A folder whose vocabulary is in tokenizer.model.
#include <stdio.h>

#include "base/alloc.h"
#include "formats/spm_model.h"
#include "tokenizer/blanks.h"
#include "vocab_owner.h"

static quill_status unsupported(struct vocab_reading *r, const char *part, const char *name) {
    return vocab_lacks(r, part, str_of(name));
}

static quill_status check(struct vocab_reading *r, const struct spm_model *m) {
    if (m->algorithm == SPM_WORD) return unsupported(r, "the type of model", "word");
    if (m->algorithm == SPM_CHAR) return unsupported(r, "the type of model", "char");
    if (m->algorithm != SPM_UNIGRAM && m->algorithm != SPM_BPE)
        return vocab_refuse(r, "expected a model of type unigram or bpe, found another");
    if (m->suffix_spaces) return unsupported(r, "the trainer's", "treat_whitespace_as_suffix");
    if (!m->escapes_spaces) return unsupported(r, "the normalizer's escape_whitespaces", "false");
    return QUILL_OK;
}

// User-defined tokens are matched in text as it is, where a space is a space.
static quill_status own_text(struct vocab_reading *r, const struct spm_piece *piece, struct str *text) {
    *text = piece->text;
    if (piece->type != SPM_USER_DEFINED || !has_blank_mark(piece->text)) return QUILL_OK;
    char *copy = arena_alloc(&r->owner->arena, piece->text.n, 1);
    if (!copy) return fail_memory(r->err);
    *text = (struct str){copy, blanks_of_marks(copy, piece->text)};
    return QUILL_OK;
}

static quill_status add_pieces(struct vocab_reading *r, const struct spm_model *m) {
    static const enum token_kind kinds[] = {
        [SPM_NORMAL] = TOKEN_NORMAL,      [SPM_UNKNOWN] = TOKEN_SPECIAL, [SPM_CONTROL] = TOKEN_SPECIAL,
        [SPM_USER_DEFINED] = TOKEN_ADDED, [SPM_UNUSED] = TOKEN_UNUSED,   [SPM_BYTE] = TOKEN_BYTE};
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < m->n; i++) {
        struct vocab_entry entry = {.id = (int32_t)i, .kind = (uint8_t)kinds[m->pieces[i].type]};
        status = own_text(r, &m->pieces[i], &entry.text);
        if (!status) status = vocab_add_entry(r, entry);
        if (!status) status = vocab_add_score(r, (double)m->pieces[i].score);
    }
    return status;
}

static void add_step(struct vocab_owner *o, struct normalizer_step step) { o->normalizers[o->n_normalizers++] = step; }

// An id that is no token is none.
static int32_t id_of(const struct spm_model *m, int64_t id) {
    return id >= 0 && (uint64_t)id < m->n ? (int32_t)id : -1;
}

static void settle(struct vocab_owner *o, const struct spm_model *m) {
    o->model = m->algorithm == SPM_BPE ? VOCAB_SPM : VOCAB_UNIGRAM;
    o->spelling = SPELLED_BLANKS;
    o->byte_fallback = m->byte_fallback;
    o->prefix = m->dummy_prefix ? PREFIX_ALWAYS : PREFIX_NONE;
    o->prefix_scope = PREFIX_BEHIND_SPECIAL;
    o->unk = id_of(m, m->unk);
    o->model_bos = id_of(m, m->bos);
    o->model_eos = id_of(m, m->eos);
    if (m->charsmap.n) add_step(o, (struct normalizer_step){.kind = NORMALIZE_CHARSMAP, .text = m->charsmap});
    if (m->merges_spaces) add_step(o, (struct normalizer_step){.kind = NORMALIZE_MERGE_BLANKS});
}

quill_status vocab_read_spm_model(struct vocab_reading *r, struct str bytes) {
    struct spm_model m;
    const size_t room = strlen(r->directory) + sizeof "/tokenizer.model";
    char *path = arena_alloc(&r->owner->arena, room, 1);
    if (!path) return fail_memory(r->err);
    r->file = "tokenizer.model";
    snprintf(path, room, "%s/%s", r->directory, r->file);
    quill_status status = spm_model_read(&m, bytes, MOST_TOKENS, path, r->err);
    if (status) return status;
    status = check(r, &m);
    if (!status) status = add_pieces(r, &m);
    if (!status) settle(r->owner, &m);
    spm_model_free(&m);
    return status;
}
