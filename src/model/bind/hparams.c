// SPDX-License-Identifier: MIT
#include "hparams.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/ref/kernels_ref.h"

_Static_assert((int)MAX_HEAD_DIM <= (int)HEAD_DIM_LIMIT, "the kernels have room for every head");

struct reading {
    struct hparams *hp;
    const struct family *family;
    const struct weights *w;
    quill_error *err;
};

#define FIELD(name) offsetof(struct hparams, name)
const struct hparams_number hparams_numbers[] = {
    {KEY_N_EMBD, FIELD(n_embd), true, true, 1, MAX_EMBD},
    {KEY_N_LAYER, FIELD(n_layer), true, true, 1, MAX_LAYER},
    {KEY_N_DRAFT, FIELD(n_draft), true, false, 0, MAX_LAYER},
    {KEY_N_HEAD, FIELD(n_head), true, true, 1, MAX_HEAD},
    {KEY_N_CTX, FIELD(n_ctx), true, true, 1, MAX_CTX},
    {KEY_N_VOCAB, FIELD(n_vocab), true, false, 1, MAX_VOCAB},
    {KEY_N_HEAD_KV, FIELD(n_head_kv), true, false, 1, MAX_HEAD},
    {KEY_HEAD_DIM, FIELD(head_dim), true, false, 1, MAX_HEAD_DIM},
    {KEY_N_FF, FIELD(n_ff), true, false, 1, MAX_FF},
    {KEY_N_EXPERT, FIELD(n_expert), true, false, 0, MAX_EXPERT},
    {KEY_WINDOW, FIELD(window), true, false, 0, MAX_CTX},
    {KEY_ROPE_DIMS, FIELD(rope_dims), true, false, 1, MAX_HEAD_DIM},
    {KEY_NORM_EPS, FIELD(norm_eps), false, true, 0, 0},
    {KEY_SCORE_SCALE, FIELD(score_scale), false, false, 0, 0},
    {KEY_SCORE_SOFTCAP, FIELD(score_softcap), false, false, 0, 0},
    {KEY_LOGIT_SOFTCAP, FIELD(logit_softcap), false, false, 0, 0},
    {KEY_EMBD_SCALE, FIELD(embd_scale), false, false, 0, 0},
    {KEY_RESIDUAL_SCALE, FIELD(residual_scale), false, false, 0, 0},
    {KEY_LOGIT_SCALE, FIELD(logit_scale), false, false, 0, 0},
    {KEY_ROPE_BASE, FIELD(rope_base), false, false, 0, 0},
    {0},
};

// ---- names ----

const struct key_row *hparams_key(const struct family *family, enum weights_format format, enum key key) {
    const struct key_row *const tables[] = {family->files[format].keys, format == WEIGHTS_GGUF ? keys_gguf : keys_hf};
    for (size_t i = 0; i < 2; i++)
        for (const struct key_row *row = tables[i]; row && row->key; row++)
            if (row->key == key) return row;
    return NULL;
}

const char *hparams_name(const struct family *family, const char *name, char out[KEY_BYTES]) {
    if (name[0] != '.') return name;
    snprintf(out, KEY_BYTES, "%s%s", family->name, name);
    return out;
}

// The first of a row's names that the file has; NULL: none. A value of null counts as absent.
static const char *found_name(const struct reading *r, const struct key_row *row, char out[KEY_BYTES]) {
    for (size_t i = 0; row && i < KEY_NAMES && row->names[i]; i++) {
        const char *name = hparams_name(r->family, row->names[i], out);
        const struct meta *m = weights_meta(r->w, str_of(name));
        if (m && m->kind != META_NULL) return name;
    }
    return NULL;
}

// "'hidden_size' or 'n_embd'"
struct names_text {
    char text[KEY_NAMES * (KEY_BYTES + 8)];
};
static const char *names_text(const struct reading *r, const struct key_row *row, struct names_text *out) {
    char name[KEY_BYTES];
    size_t used = 0;
    for (size_t i = 0; i < KEY_NAMES && row->names[i]; i++)
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s'%s'", i ? " or " : "",
                                 hparams_name(r->family, row->names[i], name));
    return out->text;
}

// ---- numbers ----

static quill_status missing(const struct reading *r, const struct key_row *row, const struct hparams_number *number) {
    const char *file = QUOTED(str_of(r->w->path)), *names = names_text(r, row, &(struct names_text){{0}});
    if (number->whole)
        return fail(r->err, QUILL_E_MODEL, "%s: %s: expected %" PRId32 " to %" PRId32 ", found nothing", file,
                    names, number->least, number->most);
    return fail(r->err, QUILL_E_MODEL, "%s: %s: expected a number above 0, found nothing", file, names);
}

static quill_status read_float(const struct reading *r, const char *name, const struct hparams_number *number,
                               float *out) {
    double value = 0;
    bool found;
    quill_status s = meta_float(r->w, name, &value, &found, r->err);
    if (s) return s;
    *out = (float)value;
    if (isfinite(*out) && (number->required ? *out > 0 : *out >= 0)) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a number %s 0, found %g", QUOTED(str_of(r->w->path)), name,
                number->required ? "above" : "from", value);
}

static quill_status read_number(const struct reading *r, const struct hparams_number *number) {
    const struct key_row *row = hparams_key(r->family, r->w->format, number->key);
    void *field = (char *)r->hp + number->offset;
    char key[KEY_BYTES];
    const char *name = found_name(r, row, key);
    if (name && !number->whole) return read_float(r, name, number, field);
    int64_t value = 0;
    if (name) {
        bool found;
        quill_status s = meta_int(r->w, name, number->least, number->most, &value, &found, r->err);
        if (!s) *(int32_t *)field = (int32_t)value;
        return s;
    }
    if (row && row->otherwise != 0) {
        if (number->whole) *(int32_t *)field = (int32_t)row->otherwise;
        else *(float *)field = (float)row->otherwise;
        return QUILL_OK;
    }
    return row && number->required ? missing(r, row, number) : QUILL_OK;
}

// A GGUF file counts blocks that draft tokens (DeepSeek-V3's multi-token prediction) among its blocks, as the last.
static quill_status leave_drafts_out(const struct reading *r) {
    struct hparams *hp = r->hp;
    char key[KEY_BYTES];
    if (hp->n_draft < hp->n_layer) {
        hp->n_layer -= hp->n_draft;
        return QUILL_OK;
    }
    const char *name = found_name(r, hparams_key(r->family, r->w->format, KEY_N_DRAFT), key);
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected fewer than the %" PRId32 " blocks, found %" PRId32,
                QUOTED(str_of(r->w->path)), name, hp->n_layer, hp->n_draft);
}

// Derives sizes that the file does not name from others.
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

// ---- words and truth values ----

// The names in transformers' ACT2FN.
static const struct {
    const char *name;
    enum act_fn act;
} activations[] = {
    {"gelu", ACTF_GELU_ERF},              {"gelu_python", ACTF_GELU_ERF},
    {"gelu_new", ACTF_GELU_TANH},         {"gelu_fast", ACTF_GELU_TANH},
    {"gelu_accurate", ACTF_GELU_TANH},    {"gelu_pytorch_tanh", ACTF_GELU_TANH},
    {"gelu_python_tanh", ACTF_GELU_TANH}, {"quick_gelu", ACTF_QUICK_GELU},
    {"relu", ACTF_RELU},                  {"relu2", ACTF_RELU_SQUARED},
    {"silu", ACTF_SILU},                  {"swish", ACTF_SILU},
    {"tanh", ACTF_TANH},
};
enum { N_ACTIVATIONS = sizeof activations / sizeof activations[0] };

static quill_status read_activation(const struct reading *r) {
    char key[KEY_BYTES], list[256];
    const char *name = found_name(r, hparams_key(r->family, r->w->format, KEY_ACTIVATION), key);
    if (!name) return QUILL_OK;
    struct str word;
    bool found;
    quill_status s = meta_string(r->w, name, &word, &found, r->err);
    if (s) return s;
    size_t used = 0;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        if (str_is(word, activations[i].name)) {
            r->hp->act = activations[i].act;
            return QUILL_OK;
        }
        const char *before = i == 0 ? "" : i + 1 < N_ACTIVATIONS ? ", " : " or ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", before, activations[i].name);
    }
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected %s, found '%s'", QUOTED(str_of(r->w->path)), name, list,
                QUOTED(word));
}

static quill_status read_flag(const struct reading *r, const struct key_row *row, bool *out) {
    char key[KEY_BYTES];
    const char *name = found_name(r, row, key);
    bool found;
    return name ? meta_bool(r->w, name, out, &found, r->err) : QUILL_OK;
}

static quill_status read_flags(const struct reading *r) {
    const struct {
        enum key key;
        bool *out;
    } flags[] = {
        {KEY_TIED, &r->hp->tied},
        {KEY_SCALE_SCORES, &r->hp->scale_scores},
        {KEY_SCALE_BY_LAYER, &r->hp->scale_by_layer},
    };
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && !s; i++)
        s = read_flag(r, hparams_key(r->family, r->w->format, flags[i].key), flags[i].out);
    return s;
}

// Refuses what a model may ask for but quill does not compute.
static quill_status read_refused(const struct reading *r) {
    for (const struct key_row *row = r->family->files[r->w->format].keys; row && row->key; row++) {
        bool asked = false;
        if (row->key != KEY_REFUSED) continue;
        quill_status s = read_flag(r, row, &asked);
        if (s) return s;
        if (asked)
            return fail(r->err, QUILL_E_MODEL, "%s: %s: expected false, found true, which is not supported",
                        QUOTED(str_of(r->w->path)), names_text(r, row, &(struct names_text){{0}}));
    }
    return QUILL_OK;
}

quill_status hparams_read(struct hparams *hp, const struct family *family, const struct weights *w, quill_error *err) {
    *hp = (struct hparams){
        .act = family->act,
        .tied = family->tied,
        .scale_scores = family->scale_scores,
        .score_softcap = family->score_softcap,
        .window = family->window,
    };
    const struct reading r = {hp, family, w, err};
    quill_status s = QUILL_OK;
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (number->whole) s = read_number(&r, number);
    if (!s) s = leave_drafts_out(&r);
    if (!s) s = derive_sizes(&r);
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (!number->whole) s = read_number(&r, number);
    if (!s) s = read_activation(&r);
    if (!s) s = read_flags(&r);
    return s ? s : read_refused(&r);
}
