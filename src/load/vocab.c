// SPDX-License-Identifier: MIT
#include "vocab.h"

#include "vocab_files.h"

const struct meta *vocab_array(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    return m && m->kind == META_ARRAY && (m->a.kind == kind || m->a.n == 0) ? m : NULL;
}

void vocab_add_eos(struct vocab *v, int32_t id) {
    for (size_t i = 0; i < v->spec.n_eos; i++)
        if (v->eos[i] == id) return;
    if (v->spec.n_eos < MAX_EOS) v->eos[v->spec.n_eos++] = id;
}

quill_status vocab_has_id(bool *has, struct vocab *v, const char *file, const char *key, int64_t id, quill_error *err) {
    *has = id >= 0 && (uint64_t)id < v->spec.n_tokens;
    return *has || ignored_add_id(&v->ignored, file, key, id) ? QUILL_OK : fail_memory(err);
}

quill_status vocab_load(struct vocab *v, const struct weights *w, quill_error *err) {
    *v = (struct vocab){.spec = {.file = w->path, .unk = -1, .bos = -1}};
    quill_status s = w->format == WEIGHTS_GGUF ? vocab_load_gguf(v, w, err) : vocab_load_folder(v, w, err);
    v->spec.file = w->path;
    v->spec.eos = v->eos;
    v->spec.ignored = v->ignored.text.p;
    v->spec.bos_ignored = v->ignored.bos;
    if (s) vocab_free(v);
    return s;
}

void vocab_free(struct vocab *v) {
    vocab_owner_free(v->owner);
    arena_free(&v->arena);
    buffer_free(&v->ignored.text);
    *v = (struct vocab){0};
}
