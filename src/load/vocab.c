// SPDX-License-Identifier: MIT
#include "vocab.h"

#include "base/alloc.h"
#include "vocab_files.h"

const struct meta *vocab_array(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    return m && m->kind == META_ARRAY && (m->a.kind == kind || m->a.n == 0) ? m : NULL;
}

quill_status vocab_add_eos(struct vocab *v, int32_t id, quill_error *err) {
    for (size_t i = 0; i < v->spec.n_eos; i++)
        if (v->eos[i] == id) return QUILL_OK;
    if (v->spec.n_eos == MAX_EOS)
        return fail(err, QUILL_E_MODEL, "%s: EOS tokens: expected at most %d, found more", QUOTED(str_of(v->spec.file)),
                    MAX_EOS);
    v->eos[v->spec.n_eos++] = id;
    return QUILL_OK;
}

quill_status vocab_has_id(bool *has, struct vocab *v, const char *file, const char *key, int64_t id, quill_error *err) {
    *has = id >= 0 && (uint64_t)id < v->spec.n_tokens;
    return *has || ignored_add_id(&v->ignored, file, key, id) ? QUILL_OK : fail_memory(err);
}

quill_status vocab_suppress(struct vocab *v, const char *file, const char *key, int64_t id, quill_error *err) {
    bool has;
    quill_status s = vocab_has_id(&has, v, file, key, id, err);
    if (s || !has) return s;
    int32_t *grown = alloc_grow(v->suppressed, &v->suppressed_cap, v->spec.n_suppressed + 1, sizeof *grown);
    if (!grown) return fail_memory(err);
    v->suppressed = grown;
    v->suppressed[v->spec.n_suppressed++] = (int32_t)id;
    return QUILL_OK;
}

quill_status vocab_load(struct vocab *v, const struct weights *w, quill_error *err) {
    *v = (struct vocab){.spec = {.file = w->path, .unk = -1, .bos = -1}};
    quill_status s = w->format == WEIGHTS_GGUF ? vocab_load_gguf(v, w, err) : vocab_load_folder(v, w, err);
    v->spec.file = w->path;
    v->spec.eos = v->eos;
    v->spec.suppressed = v->suppressed;
    if (v->appends_eos && v->spec.n_eos) v->spec.appended = v->eos, v->spec.n_appended = 1;
    v->spec.ignored = v->ignored.text.p;
    v->spec.bos_ignored = v->ignored.bos;
    if (s) vocab_free(v);
    return s;
}

void vocab_free(struct vocab *v) {
    vocab_owner_free(v->owner);
    arena_free(&v->arena);
    buffer_free(&v->ignored.text);
    free(v->suppressed);
    *v = (struct vocab){0};
}
