// SPDX-License-Identifier: MIT
#include "model/hparams.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "model/families/family.h"

enum { KEY_BYTES = 96 };

struct reading {
    struct hparams *hp;
    const struct arch_spec *arch;
    const struct weights *w;
    quill_error *err;
};

// A size: where it is kept, how files call it, and its bounds.
struct size_row {
    size_t offset;
    const char *gguf;      // behind the family's name and a dot
    const char *config[2]; // of config.json; the first one that is there counts
    int32_t max;           // the least is 1
    bool optional;
};

#define FIELD(name) offsetof(struct hparams, name)
static const struct size_row sizes[] = {
    {FIELD(n_embd), "embedding_length", {"n_embd"}, MAX_EMBD, false},
    {FIELD(n_layer), "block_count", {"n_layer"}, MAX_LAYER, false},
    {FIELD(n_head), "attention.head_count", {"n_head"}, MAX_HEAD, false},
    {FIELD(n_ctx), "context_length", {"n_positions", "n_ctx"}, MAX_CTX, false},
    {FIELD(n_vocab), "vocab_size", {"vocab_size"}, MAX_VOCAB, true},
    {FIELD(n_head_kv), "attention.head_count_kv", {0}, MAX_HEAD, true},
    {FIELD(head_dim), "attention.key_length", {0}, MAX_HEAD_DIM, true},
    {FIELD(n_ff), "feed_forward_length", {"n_inner"}, MAX_FF, true},
};

// The name of a row's key in this file's format; config.json may know several.
static const char *key_name(const struct reading *r, const char *gguf, const char *config, char key[KEY_BYTES]) {
    if (r->w->format == WEIGHTS_HF) return config;
    snprintf(key, KEY_BYTES, "%s.%s", r->arch->name, gguf);
    return key;
}

static quill_status read_size(const struct reading *r, const struct size_row *row) {
    int32_t *out = (int32_t *)(void *)((char *)r->hp + row->offset);
    bool found = false;
    const char *first = NULL;
    char key[KEY_BYTES];
    size_t n_names = r->w->format == WEIGHTS_HF ? sizeof row->config / sizeof row->config[0] : 1;
    for (size_t i = 0; i < n_names && !found; i++) {
        const char *name = key_name(r, row->gguf, row->config[i], key);
        int64_t value = 0;
        if (!name) break;
        if (!first) first = name;
        quill_status s = meta_int(r->w, name, 1, row->max, &value, &found, r->err);
        if (s) return s;
        if (found) *out = (int32_t)value;
    }
    if (found || row->optional || !first) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected 1 to %" PRId32 ", found nothing", QUOTED(str_of(r->w->path)),
                first, row->max);
}

// The sizes that follow from others where a file does not name them.
static quill_status derive_sizes(const struct reading *r) {
    struct hparams *hp = r->hp;
    const char *file = QUOTED(str_of(r->w->path));
    if (!hp->n_head_kv) hp->n_head_kv = hp->n_head;
    if (hp->n_head % hp->n_head_kv)
        return fail(r->err, QUILL_E_MODEL,
                    "%s: key/value heads: expected a divisor of the %" PRId32 " heads, found %" PRId32, file,
                    hp->n_head, hp->n_head_kv);
    if (!hp->head_dim) {
        if (hp->n_embd % hp->n_head)
            return fail(r->err, QUILL_E_MODEL,
                        "%s: embedding length: expected a multiple of the %" PRId32 " heads, found %" PRId32, file,
                        hp->n_head, hp->n_embd);
        hp->head_dim = hp->n_embd / hp->n_head;
        if (hp->head_dim > MAX_HEAD_DIM)
            return fail(r->err, QUILL_E_MODEL, "%s: head dimension: expected 1 to %d, found %" PRId32, file,
                        MAX_HEAD_DIM, hp->head_dim);
    }
    if (!hp->n_ff) hp->n_ff = 4 * hp->n_embd;
    return QUILL_OK;
}

static quill_status read_norm_eps(const struct reading *r) {
    char key[KEY_BYTES];
    const char *name = key_name(r, "attention.layer_norm_epsilon", "layer_norm_epsilon", key);
    double eps = 0;
    bool found;
    quill_status s = meta_float(r->w, name, &eps, &found, r->err);
    if (s) return s;
    if (!found && r->w->format == WEIGHTS_HF) eps = 1e-5; // what the configuration class of GPT-2 assumes
    r->hp->norm_eps = (float)eps;
    if (isfinite(r->hp->norm_eps) && r->hp->norm_eps > 0) return QUILL_OK;
    const char *file = QUOTED(str_of(r->w->path));
    if (!found)
        return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a number above 0, found nothing", file, name);
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a number above 0, found %g", file, name, eps);
}

// ---- what only config.json says ----

static const struct {
    const char *name;
    enum act_fn act;
} activations[] = {
    {"gelu_new", ACTF_GELU_TANH}, {"gelu_pytorch_tanh", ACTF_GELU_TANH}, {"gelu", ACTF_GELU_ERF},
    {"relu", ACTF_RELU},          {"silu", ACTF_SILU},                   {"swish", ACTF_SILU},
};

static quill_status read_activation(const struct reading *r) {
    static const char key[] = "activation_function";
    struct str name;
    bool found;
    quill_status s = meta_string(r->w, key, &name, &found, r->err);
    if (s || !found) return s;
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (str_is(name, activations[i].name)) {
            r->hp->act = activations[i].act;
            return QUILL_OK;
        }
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected gelu_new, gelu_pytorch_tanh, gelu, relu or silu, found '%s'",
                QUOTED(str_of(r->w->path)), key, QUOTED(name));
}

static quill_status read_flag(const struct reading *r, const char *key, bool *out) {
    bool found;
    return meta_bool(r->w, key, out, &found, r->err);
}

// reorder_and_upcast_attn asks for f32 in attention, which is how quill computes anyway: it is not looked at.
static quill_status read_config(const struct reading *r) {
    bool cross = false;
    quill_status s = read_activation(r);
    if (!s) s = read_flag(r, "tie_word_embeddings", &r->hp->tied);
    if (!s) s = read_flag(r, "scale_attn_weights", &r->hp->scale_scores);
    if (!s) s = read_flag(r, "scale_attn_by_inverse_layer_idx", &r->hp->scale_by_layer);
    if (!s) s = read_flag(r, "add_cross_attention", &cross);
    if (s || !cross) return s;
    return fail(r->err, QUILL_E_MODEL, "%s: 'add_cross_attention': expected false, found true: there is no encoder",
                QUOTED(str_of(r->w->path)));
}

quill_status hparams_read(struct hparams *hp, const struct arch_spec *arch, const struct weights *w, quill_error *err) {
    *hp = (struct hparams){.act = arch->act, .tied = arch->tied, .scale_scores = arch->scale_scores};
    const struct reading r = {hp, arch, w, err};
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !s; i++) s = read_size(&r, &sizes[i]);
    if (!s) s = derive_sizes(&r);
    if (!s) s = read_norm_eps(&r);
    if (!s && w->format == WEIGHTS_HF) s = read_config(&r);
    return s;
}
