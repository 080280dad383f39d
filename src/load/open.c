// SPDX-License-Identifier: MIT
#include "open.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/team.h"
#include "chat_template.h"
#include "model/families/family.h"
#include "sweep.h"
#include "vocab.h"

static quill_status make_tokenizer(quill_tokenizer **out, const struct weights *w, quill_error *err) {
    struct vocab v;
    quill_status s = vocab_load(&v, w, err);
    if (s) return s;
    s = tokenizer_create(out, &v.spec, err);
    vocab_free(&v);
    return s;
}

struct making {
    struct quill_model *model;
    quill_error *err;
    quill_status status;
};

static void make(void *arg) {
    struct making *m = arg;
    m->status = make_tokenizer(&m->model->tokenizer, m->model->weights, m->err);
}

// Making a tokenizer takes as long as mapping a hundred MiB, and is the work of one thread.
static quill_status make_tokenizer_beside(struct quill_model *m, const quill_model_options *options, quill_error *err) {
    enum { LARGE_BYTES = 16 << 20 };
    const int n_threads = options && !options->no_mmap ? options->n_threads : 1;
    struct making making = {m, err, QUILL_OK};
    struct team *team = n_threads > 1 && m->weights->file_bytes >= LARGE_BYTES ? team_create(n_threads) : NULL;
    const struct sweep sweep = {.weights = m->weights, .take = map_populate};
    if (team) m->mapped_bytes = sweep_beside(&sweep, team, make, &making);
    else make(&making);
    team_free(team);
    return making.status;
}

// The embedding may have more rows than the tokenizer has ids: padding. A directory's may have fewer (Gemma 3: that of
// images), and a session refuses the ids beyond them. In a GGUF file one program writes both from the same tokens.
static quill_status check_vocabulary(const struct quill_model *m, quill_error *err) {
    int32_t rows = model_hparams(m->model)->n_vocab, tokens = quill_n_vocab(m->tokenizer);
    if (tokens <= rows || m->weights->format == WEIGHTS_HF) return QUILL_OK;
    return fail(err, QUILL_E_MODEL,
                "%s: vocabulary: expected at most %d tokens, as many as the embedding has rows, found %d",
                QUOTED(str_of(m->weights->path)), (int)rows, (int)tokens);
}

// The last part of path[0..*end), without slashes at its end; *end moves in front of it.
static struct str last_part(const char *path, size_t *end) {
    size_t n = *end, begin;
    while (n > 1 && path[n - 1] == '/') n--;
    for (begin = n; begin > 0 && path[begin - 1] != '/';) begin--;
    *end = begin;
    return (struct str){path + begin, n - begin};
}

struct str weights_name(const struct weights *w) {
    struct str name = {NULL, 0};
    bool found;
    enum { MOST = 1024 }; // longer strings are not taken for names
    if (w->format == WEIGHTS_GGUF && meta_string(w, "general.name", &name, &found, NULL) == QUILL_OK && found &&
        name.n > 0 && name.n <= MOST)
        return name;
    size_t at = strlen(w->path);
    const struct str last = last_part(w->path, &at), above = last_part(w->path, &at), repo = last_part(w->path, &at);
    const bool stored = w->format == WEIGHTS_HF && str_is(above, "snapshots") && str_starts(repo, STR("models--"));
    for (size_t i = repo.n - 1; stored && i >= 2; i--)
        if (memcmp(repo.p + i - 2, "--", 2) == 0) return (struct str){repo.p + i, repo.n - i};
    return last.n > 5 && str_ends(last, STR(".gguf")) ? (struct str){last.p, last.n - 5} : last;
}

static quill_status finish(quill_model **out, struct quill_model *m, const quill_model_options *options,
                           quill_error *err) {
    quill_status s = model_bind(&m->model, m->weights, m->kernels, err);
    if (!s) s = make_tokenizer_beside(m, options, err);
    if (!s) s = check_vocabulary(m, err);
    if (!s && !(m->name = alloc_string(weights_name(m->weights)))) s = fail_memory(err);
    if (s) {
        quill_model_free(m);
        return s;
    }
    m->chat_template = chat_template_exists(m->weights);
    *out = m;
    return QUILL_OK;
}

bool quill_model_has_file(const char *model, const char *path) { return weights_have_file(model, path); }

quill_status quill_kernels_name(const char **name, const char *cpu, quill_error *err) {
    const struct kernels *kernels;
    return kernels_select(&kernels, name, cpu, err);
}

quill_status quill_model_open(quill_model **out, const char *path, const quill_model_options *options,
                              quill_error *err) {
    struct quill_model *m = alloc_zeroed(1, sizeof *m);
    if (!m) return fail_memory(err);
    quill_status s = kernels_select(&m->kernels, &m->cpu, options ? options->cpu : NULL, err);
    if (!s) s = weights_open(&m->weights, path, WEIGHTS_ALL, options && options->no_mmap ? MAP_READ : MAP_FILE, err);
    if (s) {
        quill_model_free(m);
        return s;
    }
    m->format = m->weights->format == WEIGHTS_GGUF ? "gguf" : "hf";
    return finish(out, m, options, err);
}

quill_status quill_model_open_memory(quill_model **out, const void *data, size_t size, const char *name,
                                     const quill_model_options *options, quill_error *err) {
    struct quill_model *m = alloc_zeroed(1, sizeof *m);
    if (!m) return fail_memory(err);
    quill_status s = kernels_select(&m->kernels, &m->cpu, options ? options->cpu : NULL, err);
    if (!s) s = weights_open_memory(&m->weights, data, size, name, WEIGHTS_ALL, err);
    if (s) {
        quill_model_free(m);
        return s;
    }
    m->format = "builtin";
    return finish(out, m, options, err);
}

void quill_model_free(quill_model *m) {
    if (!m) return;
    model_free(m->model);
    quill_tokenizer_free(m->tokenizer);
    weights_close(m->weights);
    free(m->name);
    free(m);
}

const quill_tokenizer *quill_model_tokenizer(const quill_model *m) { return m->tokenizer; }

int32_t quill_model_n_ctx(const quill_model *m) { return model_hparams(m->model)->n_ctx; }

void quill_model_describe(const quill_model *m, quill_model_info *info) {
    const struct hparams *hp = model_hparams(m->model);
    int32_t window_layers;
    const int32_t window = model_window(m->model, &window_layers);
    *info = (quill_model_info){
        .file = m->weights->path,
        .format = m->format,
        .family = model_family(m->model),
        .name = m->name,
        .parameters = model_parameters(m->model),
        .file_bytes = m->weights->file_bytes,
        .n_vocab = hp->n_vocab,
        .n_ctx = hp->n_ctx,
        .n_embd = hp->n_embd,
        .n_layer = hp->n_layer,
        .n_head = hp->n_head,
        .n_head_kv = hp->n_head_kv,
        .head_dim = hp->head_dim,
        .n_ff = hp->n_ff,
        .tied_embeddings = model_tied(m->model),
        .head_differs = model_head_differs(m->model),
        .chat_template = m->chat_template,
        .cpu = m->cpu,
        .rope = model_rope(m->model),
        .window = window,
        .window_layers = window_layers,
    };
}

bool quill_family(size_t index, quill_family_info *info) {
    const struct family *f = family_at(index);
    if (!f) return false;
    *info = (quill_family_info){.name = f->name, .tokenizers = f->tokenizers, .serves = f->serves,
                                .gguf = family_has(f, WEIGHTS_GGUF), .hf = family_has(f, WEIGHTS_HF)};
    return true;
}

size_t quill_model_n_tensors(const quill_model *m) { return m->weights->n_tensors; }

void quill_model_tensor(const quill_model *m, size_t index, quill_tensor_info *info) {
    const struct tensor *t = &m->weights->tensors[index];
    *info = (quill_tensor_info){.name = t->name.p, .name_length = t->name.n, .type = t->type ? t->type : "unknown",
                                .n_dims = t->n_dims, .offset = t->offset, .bytes = t->bytes};
    for (int i = 0; i < t->n_dims; i++) info->shape[i] = t->shape[i];
}

// ---- the tokenizer alone ----

static quill_status tokenizer_of(quill_tokenizer **out, struct weights *w, quill_error *err) {
    quill_status s = make_tokenizer(out, w, err);
    weights_close(w);
    return s;
}

quill_status quill_tokenizer_open(quill_tokenizer **out, const char *path, quill_error *err) {
    struct weights *w;
    quill_status s = weights_open(&w, path, WEIGHTS_TOKENIZER_ONLY, MAP_FILE, err);
    return s ? s : tokenizer_of(out, w, err);
}

quill_status quill_tokenizer_open_memory(quill_tokenizer **out, const void *data, size_t size, const char *name,
                                         quill_error *err) {
    struct weights *w;
    quill_status s = weights_open_memory(&w, data, size, name, WEIGHTS_TOKENIZER_ONLY, err);
    return s ? s : tokenizer_of(out, w, err);
}
