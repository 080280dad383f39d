// SPDX-License-Identifier: MIT
// quill_models_list: what the stores hold, and whether quill runs it.
#include <stdio.h>

#include "base/buffer.h"
#include "find.h"
#include "load/open.h"
#include "quill/stores.h"
#include "tensor/dtype.h"

struct listing {
    struct gathering g;
    quill_model_visit *visit;
    void *user;
};

// ---- facts ----

// general.file_type of a GGUF file (llama_ftype in llama.h), by number.
static const char *file_type_name(int64_t number) {
    static const char *const names[] = {
        [0] = "F32",      [1] = "F16",      [2] = "Q4_0",     [3] = "Q4_1",    [7] = "Q8_0",     [8] = "Q5_0",
        [9] = "Q5_1",     [10] = "Q2_K",    [11] = "Q3_K_S",  [12] = "Q3_K_M", [13] = "Q3_K_L",  [14] = "Q4_K_S",
        [15] = "Q4_K_M",  [16] = "Q5_K_S",  [17] = "Q5_K_M",  [18] = "Q6_K",   [19] = "IQ2_XXS", [20] = "IQ2_XS",
        [21] = "Q2_K_S",  [22] = "IQ3_XS",  [23] = "IQ3_XXS", [24] = "IQ1_S",  [25] = "IQ4_NL",  [26] = "IQ3_S",
        [27] = "IQ3_M",   [28] = "IQ2_S",   [29] = "IQ2_M",   [30] = "IQ4_XS", [31] = "IQ1_M",   [32] = "BF16",
        [36] = "TQ1_0",   [37] = "TQ2_0",   [38] = "MXFP4",
    };
    return number >= 0 && number < (int64_t)(sizeof names / sizeof *names) ? names[number] : NULL;
}

// What a description says of itself, copied: it is closed before it is shown.
struct facts {
    char family[64], type[32], role[32]; // "": not known
};

static void copy_text(char *out, size_t size, const struct weights *w, const char *key) {
    struct str text = {NULL, 0};
    bool found;
    if (meta_string(w, key, &text, &found, NULL) || !found || text.n >= size) return;
    memcpy(out, text.p, text.n);
    out[text.n] = 0;
}

// The type that most bytes of the tensors have.
static const char *main_type(const struct weights *w) {
    uint64_t bytes[DTYPE_COUNT] = {0};
    int most = 0;
    for (size_t i = 0; i < w->n_tensors; i++)
        if (w->tensors[i].dtype < DTYPE_COUNT) bytes[w->tensors[i].dtype] += w->tensors[i].bytes;
    for (int i = 1; i < DTYPE_COUNT; i++)
        if (bytes[i] > bytes[most]) most = i;
    return bytes[most] ? dtypes[most].name : NULL;
}

static void read_facts(struct facts *f, const struct weights *w) {
    const bool gguf = w->format == WEIGHTS_GGUF;
    int64_t number = -1;
    bool found;
    copy_text(f->family, sizeof f->family, w, gguf ? "general.architecture" : "model_type");
    if (gguf) copy_text(f->role, sizeof f->role, w, "general.type");
    const char *type = main_type(w);
    if (gguf && !meta_int(w, "general.file_type", 0, INT32_MAX, &number, &found, NULL) && file_type_name(number))
        type = file_type_name(number);
    if (type) snprintf(f->type, sizeof f->type, "%s", type);
}

// Of a file or folder that cannot be opened as a model its description may still be readable. QUILL_E_SYSTEM.
static quill_status learn(struct facts *f, const char *path, quill_error *err) {
    struct weights *w;
    quill_status s = weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, err);
    if (s == QUILL_E_MODEL) s = weights_open(&w, path, WEIGHTS_METADATA, MAP_FILE, err);
    if (!s) read_facts(f, w);
    weights_close(w);
    return s == QUILL_E_MODEL ? QUILL_OK : s;
}

// What is no language model of its own, whatever its architecture.
static const char *role_refused(const struct facts *f) {
    if (strcmp(f->role, "mmproj") == 0 || strcmp(f->family, "clip") == 0) return "a projector of images, no model";
    if (strcmp(f->role, "adapter") == 0) return "an adapter, no model of its own";
    if (strcmp(f->role, "imatrix") == 0) return "an importance matrix, no model";
    return NULL;
}

// A message without the path that it begins with, which is told beside it.
static const char *without_path(const quill_error *err, const char *path) {
    const char *shown = QUOTED(str_of(path));
    const size_t n = strlen(shown);
    return strncmp(err->text, shown, n) == 0 && strncmp(err->text + n, ": ", 2) == 0 ? err->text + n + 2 : err->text;
}

// ---- names ----

// The name by which quill_model_find finds the entry, else its path.
static const char *name_of(struct gathering *g, size_t index, struct buffer *text) {
    const struct stored *item = &g->items[index];
    for (size_t i = 0; item->repo && i < g->n; i++) {
        const struct stored *other = &g->items[i];
        if (i == index || !other->repo || strcmp(other->repo, item->repo) != 0) continue;
        const bool same_kind = other->kind == item->kind && i < index;
        const bool hidden = item->file    ? i < index && stored_is_file(other, str_of(item->file))
                            : other->file ? item->kind != STORED_FOLDER
                                          : other->kind < item->kind || same_kind;
        if (hidden) return item->path;
    }
    if (!item->repo) return item->path;
    if (!item->file) return item->repo;
    text->n = 0;
    return buffer_add_format(text, "%s:%s", item->repo, item->file) && buffer_add(text, "", 1) ? text->p : NULL;
}

// ---- the list ----

static quill_status show(struct listing *l, const struct stored *item, const char *name, quill_error *err) {
    quill_model *model = NULL;
    quill_error reason = {0};
    struct facts facts = {0};
    quill_stored_model out = {.name = name, .path = item->path, .bytes = item->bytes, .why_not = item->lacks};
    quill_status s = out.why_not ? QUILL_E_MODEL : quill_model_open(&model, item->path, NULL, &reason);
    if (s == QUILL_E_SYSTEM) return *err = reason, s;
    if (s && !out.why_not) out.why_not = without_path(&reason, item->path);
    if (model) read_facts(&facts, model->weights);
    else s = learn(&facts, item->path, err);
    quill_model_free(model);
    if (s) return s;
    const char *role = role_refused(&facts);
    if (role) out.why_not = role;
    out.family = facts.family[0] ? facts.family : NULL;
    out.type = facts.type[0] ? facts.type : NULL;
    return l->visit(l->user, &out, err);
}

quill_status quill_models_list(char *(*variable)(const char *name), quill_model_visit *visit, void *user,
                               quill_error *err) {
    struct listing l = {.visit = visit, .user = user};
    struct buffer text = {0};
    quill_status s = gather_all(&l.g, (struct str){NULL, 0}, variable) ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !s && i < l.g.n; i++) {
        const char *name = name_of(&l.g, i, &text);
        s = name ? show(&l, &l.g.items[i], name, err) : fail_memory(err);
    }
    buffer_free(&text);
    gathering_free(&l.g);
    return s;
}
