// SPDX-License-Identifier: MIT
#include "hparams.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "kernels/ref/kernels_ref.h"
#include "traits.h"

_Static_assert((int)MAX_HEAD_DIM <= (int)HEAD_DIM_LIMIT, "the kernels have room for every head");

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
    {KEY_N_EMBD_IN, FIELD(n_embd_in), true, false, 1, MAX_EMBD},
    {KEY_N_EXPERT, FIELD(n_expert), true, false, 0, MAX_EXPERT},
    {KEY_WINDOW, FIELD(window), true, false, 0, MAX_CTX},
    {KEY_WINDOW_EVERY, FIELD(window_every), true, false, 0, MAX_LAYER},
    {KEY_WINDOW_FROM, FIELD(window_from), true, false, 0, MAX_LAYER},
    {KEY_ROPE_DIMS, FIELD(rope_dims), true, false, 1, MAX_HEAD_DIM},
    {KEY_ROPE_EVERY, FIELD(rope_every), true, false, 0, MAX_LAYER},
    {KEY_ROPE_ORIGINAL, FIELD(rope_original), true, false, 1, MAX_CTX},
    {KEY_NORM_EPS, FIELD(norm_eps), false, true, 0, 0},
    {KEY_SCORE_SCALE, FIELD(score_scale), false, false, 1, 0},
    {KEY_SCORE_DIM, FIELD(score_dim), false, false, 1, 0},
    {KEY_SCORE_SOFTCAP, FIELD(score_softcap), false, false, 0, 0},
    {KEY_LOGIT_SOFTCAP, FIELD(logit_softcap), false, false, 0, 0},
    {KEY_EMBD_SCALE, FIELD(embd_scale), false, false, 1, 0},
    {KEY_RESIDUAL_SCALE, FIELD(residual_scale), false, false, 1, 0},
    {KEY_RESIDUAL_DEPTH, FIELD(residual_depth), false, false, 1, 0},
    {KEY_LOGIT_SCALE, FIELD(logit_scale), false, false, 1, 0},
    {KEY_LOGIT_DIVISOR, FIELD(logit_divisor), false, false, 1, 0},
    {KEY_LOGIT_WIDTH, FIELD(logit_width), false, false, 1, 0},
    {KEY_ROPE_BASE, FIELD(rope_base), false, false, 1, 0},
    {KEY_ROPE_BASE_WINDOW, FIELD(rope_base_window), false, false, 1, 0},
    {KEY_ROPE_SHARE, FIELD(rope_share), false, false, 1, 0},
    {KEY_ROPE_FACTOR, FIELD(rope_factor), false, false, 1, 0},
    {KEY_ROPE_LOW, FIELD(rope_low), false, false, 1, 0},
    {KEY_ROPE_HIGH, FIELD(rope_high), false, false, 1, 0},
    {KEY_ROPE_FAST, FIELD(rope_fast), false, false, 0, 0},
    {KEY_ROPE_SLOW, FIELD(rope_slow), false, false, 0, 0},
    {KEY_ROPE_MSCALE, FIELD(rope_mscale), false, false, 0, 0},
    {KEY_ROPE_MSCALE_ALL, FIELD(rope_mscale_all), false, false, 0, 0},
    {KEY_ROPE_MAGNITUDE, FIELD(rope_magnitude), false, false, 1, 0},
    {KEY_Q_TEMPERATURE, FIELD(q_temperature), false, false, 0, 0},
    {KEY_QKV_CLAMP, FIELD(qkv_clamp), false, false, 0, 0},
    {KEY_ALIBI_MAX, FIELD(alibi_max), false, false, 0, 0},
    {KEY_FF_RATIO, FIELD(ff_ratio), false, false, 1, 0},
    {KEY_ROPE_ALPHA, FIELD(rope_alpha), false, false, 1, 0},
    {0},
};

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
    const bool above = number->required || (number->least && r->w->format == WEIGHTS_HF);
    *out = (float)value;
    if (isfinite(*out) && (above ? *out > 0 : *out >= 0)) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a number %s 0, found %g", QUOTED(str_of(r->w->path)), name,
                above ? "above" : "from", value);
}

// A pattern of layers may be a number or a list. EXAONE 4 has a word, beside a list that says the same.
static bool is_list(const struct reading *r, const char *name, enum key key_read) {
    const struct key_row *row = hparams_key(r->family, r->w->format, KEY_WINDOW_LAYERS);
    const struct meta *m = weights_meta(r->w, str_of(name));
    if (r->w->format == WEIGHTS_HF) return key_read == KEY_WINDOW_EVERY && m->kind == META_STRING;
    char key[KEY_BYTES];
    return row && m && m->kind == META_ARRAY && m->a.kind == META_BOOL && row->names[0] &&
           strcmp(hparams_name(r->family, r->w->format, row->names[0], key), name) == 0;
}

// A list with one number for each layer counts as a number if they are all the same; quill runs no others.
static quill_status read_whole(const struct reading *r, const char *name, const struct hparams_number *number,
                               int64_t *value) {
    const struct meta *m = weights_meta(r->w, str_of(name));
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    bool found;
    const bool by_layer = number->key == KEY_N_HEAD || number->key == KEY_N_HEAD_KV || number->key == KEY_N_FF;
    if (m->kind != META_ARRAY || r->w->format != WEIGHTS_GGUF || !by_layer)
        return meta_int(r->w, name, number->least, number->most, value, &found, r->err);
    if (m->a.n != (uint64_t)r->hp->n_layer) // drafts are still among them
        return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a number, or one for each of the %" PRId32
                    " layers, found a list of %" PRIu64, QUOTED(str_of(r->w->path)), name, r->hp->n_layer, m->a.n);
    bool same = m->a.kind == META_INT && meta_next(&walk, &element);
    if (same) *value = element.i;
    same = same && !element.is_unsigned && *value >= number->least && *value <= number->most;
    while (same && meta_next(&walk, &element)) same = element.i == *value;
    return same ? QUILL_OK
                : fail(r->err, QUILL_E_MODEL,
                       "%s: '%s': expected one number from %" PRId32 " to %" PRId32 " for all layers, found several",
                       QUOTED(str_of(r->w->path)), name, number->least, number->most);
}

// A key whose value is null has no value by default either: the model has no such thing, or it follows from others.
static quill_status read_number(const struct reading *r, const struct hparams_number *number) {
    const struct key_row *row = hparams_key(r->family, r->w->format, number->key);
    void *field = (char *)r->hp + number->offset;
    char key[KEY_BYTES];
    bool null;
    const char *name = reading_name(r, row, key, &null);
    if (name && is_list(r, name, number->key)) name = NULL; // as in layer_plan.c
    if (name && !number->whole) return read_float(r, name, number, field);
    int64_t value = 0;
    if (name) {
        quill_status s = read_whole(r, name, number, &value);
        if (!s) *(int32_t *)field = (int32_t)value;
        return s;
    }
    if (row && row->otherwise != 0 && !null) {
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
    const char *name = reading_key(r, KEY_N_DRAFT, key);
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
    if (!hp->n_ff) hp->n_ff = 4 * hp->n_embd; // a ratio, a real number, comes later
    if (hp->n_embd_in == hp->n_embd) hp->n_embd_in = 0;
    return QUILL_OK;
}

static quill_status derive_ratio(const struct reading *r) {
    struct hparams *hp = r->hp;
    char key[KEY_BYTES];
    const char *max = reading_key(r, KEY_ALIBI_MAX, key);
    if (max && hp->alibi_max == 0) hp->alibi = false; // a file that says so has no slopes
    if (hp->ff_ratio == 0) return QUILL_OK;
    const float n_ff = hp->ff_ratio * (float)hp->n_embd;
    if (!(n_ff >= 1 && n_ff <= MAX_FF))
        return fail(r->err, QUILL_E_MODEL, "%s: inner size: expected 1 to %d, found %g", QUOTED(str_of(r->w->path)),
                    MAX_FF, (double)n_ff);
    hp->n_ff = (int32_t)n_ff;
    return QUILL_OK;
}

static quill_status derive_rope(const struct reading *r) {
    struct hparams *hp = r->hp;
    const float share = hp->rope_share > 0 ? hp->rope_share : 1;
    const float dims = hp->rope_dims ? (float)hp->rope_dims : floorf((float)hp->head_dim * share);
    if (!r->family->files[r->w->format].rope || hp->alibi) return QUILL_OK;
    if (dims > (float)hp->head_dim || dims < 2 || (int32_t)dims % 2)
        return fail(r->err, QUILL_E_MODEL,
                    "%s: rotary dimensions: expected an even number from 2 to the head's %" PRId32 ", found %g",
                    QUOTED(str_of(r->w->path)), hp->head_dim, (double)dims);
    hp->rope_dims = (int32_t)dims;
    return QUILL_OK;
}

quill_status hparams_read(struct hparams *hp, const struct family *family, const struct weights *w, quill_error *err) {
    const struct key_row *window_on = hparams_key(family, w->format, KEY_WINDOW_ON);
    *hp = (struct hparams){
        .act = family->act,
        .tied = family->tied,
        .scale_scores = family->scale_scores,
        .score_softcap = family->score_softcap,
        .window = family->window,
        .window_every = family->full_every,
        .window_off = window_on && window_on->names[0], // such families have windows only if the file says so
        .rope_every = family->bare_every,
        .parallel = family->residual == RESIDUAL_PARALLEL,
        .alibi = family->alibi,
        .position_offset = family->position_offset,
    };
    const struct reading r = {hp, family, w, err};
    quill_status s = QUILL_OK;
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (number->whole) s = read_number(&r, number);
    if (!s) s = leave_drafts_out(&r);
    if (!s) s = derive_sizes(&r);
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (!number->whole) s = read_number(&r, number);
    if (!s) s = derive_ratio(&r);
    if (!s) s = read_traits(&r);
    if (!s) s = derive_rope(&r);
    return s ? s : read_refused(&r);
}
