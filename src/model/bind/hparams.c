// SPDX-License-Identifier: MIT
#include "hparams.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
    {KEY_N_EMBD_IN, FIELD(n_embd_in), true, false, 1, MAX_EMBD},
    {KEY_N_EXPERT, FIELD(n_expert), true, false, 0, MAX_EXPERT},
    {KEY_WINDOW, FIELD(window), true, false, 0, MAX_CTX},
    {KEY_WINDOW_EVERY, FIELD(window_every), true, false, 0, MAX_LAYER},
    {KEY_WINDOW_FROM, FIELD(window_from), true, false, 0, MAX_LAYER},
    {KEY_ROPE_DIMS, FIELD(rope_dims), true, false, 1, MAX_HEAD_DIM},
    {KEY_ROPE_EVERY, FIELD(rope_every), true, false, 0, MAX_LAYER},
    {KEY_ROPE_ORIGINAL, FIELD(rope_original), true, false, 1, MAX_CTX},
    {KEY_NORM_EPS, FIELD(norm_eps), false, true, 0, 0},
    {KEY_SCORE_SCALE, FIELD(score_scale), false, false, 0, 0},
    {KEY_SCORE_DIM, FIELD(score_dim), false, false, 0, 0},
    {KEY_SCORE_SOFTCAP, FIELD(score_softcap), false, false, 0, 0},
    {KEY_LOGIT_SOFTCAP, FIELD(logit_softcap), false, false, 0, 0},
    {KEY_EMBD_SCALE, FIELD(embd_scale), false, false, 0, 0},
    {KEY_RESIDUAL_SCALE, FIELD(residual_scale), false, false, 0, 0},
    {KEY_RESIDUAL_DEPTH, FIELD(residual_depth), false, false, 0, 0},
    {KEY_LOGIT_SCALE, FIELD(logit_scale), false, false, 0, 0},
    {KEY_LOGIT_DIVISOR, FIELD(logit_divisor), false, false, 0, 0},
    {KEY_LOGIT_WIDTH, FIELD(logit_width), false, false, 0, 0},
    {KEY_ROPE_BASE, FIELD(rope_base), false, false, 0, 0},
    {KEY_ROPE_BASE_WINDOW, FIELD(rope_base_window), false, false, 0, 0},
    {KEY_ROPE_SHARE, FIELD(rope_share), false, false, 0, 0},
    {KEY_ROPE_FACTOR, FIELD(rope_factor), false, false, 0, 0},
    {KEY_ROPE_LOW, FIELD(rope_low), false, false, 0, 0},
    {KEY_ROPE_HIGH, FIELD(rope_high), false, false, 0, 0},
    {KEY_ROPE_FAST, FIELD(rope_fast), false, false, 0, 0},
    {KEY_ROPE_SLOW, FIELD(rope_slow), false, false, 0, 0},
    {KEY_ROPE_MSCALE, FIELD(rope_mscale), false, false, 0, 0},
    {KEY_ROPE_MSCALE_ALL, FIELD(rope_mscale_all), false, false, 0, 0},
    {KEY_ROPE_MAGNITUDE, FIELD(rope_magnitude), false, false, 0, 0},
    {KEY_Q_TEMPERATURE, FIELD(q_temperature), false, false, 0, 0},
    {KEY_QKV_CLAMP, FIELD(qkv_clamp), false, false, 0, 0},
    {KEY_ALIBI_MAX, FIELD(alibi_max), false, false, 0, 0},
    {KEY_FF_RATIO, FIELD(ff_ratio), false, false, 0, 0},
    {KEY_ROPE_ALPHA, FIELD(rope_alpha), false, false, 0, 0},
    {0},
};

// ---- names ----

const struct key_row *hparams_key(const struct family *family, enum weights_format format, enum key key) {
    const struct key_row *const *own = family->files[format].keys;
    for (; *own; own++)
        for (const struct key_row *row = *own; row->key; row++)
            if (row->key == key) return row;
    for (const struct key_row *row = format == WEIGHTS_GGUF ? keys_gguf : keys_hf; row->key; row++)
        if (row->key == key) return row;
    return NULL;
}

const char *hparams_name(const struct family *family, enum weights_format format, const char *name,
                         char out[KEY_BYTES]) {
    if (name[0] != '.') return name;
    snprintf(out, KEY_BYTES, "%s%s", family_name(family, format), name);
    return out;
}

static const struct meta *find_meta(const struct weights *w, const char **name, char out[KEY_BYTES]) {
    char nested[KEY_BYTES];
    snprintf(nested, sizeof nested, "text_config.%s", *name);
    const struct meta *m = w->format == WEIGHTS_HF ? weights_meta(w, str_of(nested)) : NULL;
    if (!m) return weights_meta(w, str_of(*name));
    *name = memcpy(out, nested, sizeof nested);
    return m;
}

// *null: there is a name with the value null.
static const char *found_name(const struct family *family, const struct weights *w, const struct key_row *row,
                              char out[KEY_BYTES], bool *null) {
    *null = false;
    for (size_t i = 0; row && i < KEY_NAMES && row->names[i]; i++) {
        const char *name = hparams_name(family, w->format, row->names[i], out);
        const struct meta *m = find_meta(w, &name, out);
        if (m && m->kind != META_NULL) return name;
        if (m) *null = true;
    }
    return NULL;
}

const char *hparams_found(const struct family *family, const struct weights *w, enum key key, char out[KEY_BYTES]) {
    bool null;
    return found_name(family, w, hparams_key(family, w->format, key), out, &null);
}

static const char *found(const struct reading *r, enum key key, char out[KEY_BYTES]) {
    return hparams_found(r->family, r->w, key, out);
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
                                 hparams_name(r->family, r->w->format, row->names[i], name));
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

// A pattern of layers may be a number or a list.
static bool is_list(const struct reading *r, const char *name) {
    const struct key_row *row = hparams_key(r->family, r->w->format, KEY_WINDOW_LAYERS);
    const struct meta *m = weights_meta(r->w, str_of(name));
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
    const char *name = found_name(r->family, r->w, row, key, &null);
    if (name && is_list(r, name)) name = NULL; // as in layer_plan.c
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
    const char *name = found(r, KEY_N_DRAFT, key);
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
    const char *max = found(r, KEY_ALIBI_MAX, key);
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
    if (!r->family->files[r->w->format].rope || hp->alibi) return QUILL_OK;
    if (!hp->rope_dims) hp->rope_dims = (int32_t)((float)hp->head_dim * (share < 1 ? share : 1));
    if (hp->rope_dims > 1 && hp->rope_dims % 2 == 0 && hp->rope_dims <= hp->head_dim) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL,
                "%s: rotary dimensions: expected an even number from 2 to the head's %" PRId32 ", found %" PRId32,
                QUOTED(str_of(r->w->path)), hp->head_dim, hp->rope_dims);
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
    const char *name = found(r, KEY_ACTIVATION, key);
    if (!name) return QUILL_OK;
    struct str word;
    bool found;
    quill_status s = meta_string(r->w, name, &word, &found, r->err);
    if (s) return s;
    size_t used = 0;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        if (str_is(word, activations[i].name)) {
            r->hp->act = activations[i].act;
            if (r->hp->act == ACTF_GELU_ERF && r->family->gelu_is_tanh) r->hp->act = ACTF_GELU_TANH;
            return QUILL_OK;
        }
        const char *before = i == 0 ? "" : i + 1 < N_ACTIVATIONS ? ", " : " or ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", before, activations[i].name);
    }
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected %s, found '%s'", QUOTED(str_of(r->w->path)), name, list,
                QUOTED(word));
}

// Contexts longer than those of the training. "dynamic" changes only angles beyond the model's own context, which
// quill does not run.
static const struct {
    const char *name;
    enum rope_scaling scaling;
} rope_types[] = {
    {"default", ROPE_PLAIN},  {"none", ROPE_PLAIN}, {"dynamic", ROPE_PLAIN}, {"linear", ROPE_LINEAR},
    {"llama3", ROPE_LLAMA3},  {"yarn", ROPE_YARN},  {"longrope", ROPE_LONG}, {"su", ROPE_LONG},
};
enum { N_ROPE_TYPES = sizeof rope_types / sizeof rope_types[0] };

static quill_status read_rope_type(const struct reading *r) {
    char key[KEY_BYTES], lists[KEY_BYTES];
    const char *name = found(r, KEY_ROPE_TYPE, key);
    struct str word;
    bool named;
    if (!name) { // very old GGUF files have only the factor
        if (r->hp->rope_factor > 0) r->hp->rope_scaling = ROPE_LINEAR;
        return QUILL_OK;
    }
    quill_status s = meta_string(r->w, name, &word, &named, r->err);
    if (s) return s;
    for (size_t i = 0; i < N_ROPE_TYPES; i++) {
        if (!str_is(word, rope_types[i].name)) continue;
        r->hp->rope_scaling = rope_types[i].scaling;
        // Phi-3's first files call it so.
        if (r->hp->rope_scaling == ROPE_YARN && found(r, KEY_ROPE_LONG, lists)) r->hp->rope_scaling = ROPE_LONG;
        return QUILL_OK;
    }
    return fail(r->err, QUILL_E_MODEL,
                "%s: '%s': expected default, linear, dynamic, llama3, yarn or longrope, found '%s'",
                QUOTED(str_of(r->w->path)), name, QUOTED(word));
}

static quill_status read_flag(const struct reading *r, const struct key_row *row, bool *out) {
    char key[KEY_BYTES];
    bool found, null;
    const char *name = found_name(r->family, r->w, row, key, &null);
    return name ? meta_bool(r->w, name, out, &found, r->err) : QUILL_OK;
}

// Truth values; `negated`: the file says the opposite of the field.
static quill_status read_flags(const struct reading *r) {
    const struct {
        enum key key;
        bool *out, negated;
    } flags[] = {
        {KEY_TIED, &r->hp->tied, false},
        {KEY_SCALE_SCORES, &r->hp->scale_scores, false},
        {KEY_SCALE_BY_LAYER, &r->hp->scale_by_layer, false},
        {KEY_PARALLEL, &r->hp->parallel, false},
        {KEY_ALIBI, &r->hp->alibi, false},
        {KEY_WINDOW_ON, &r->hp->window_off, true},
        {KEY_ROPE_TRUNCATE, &r->hp->rope_no_truncate, true},
    };
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && !s; i++) {
        bool value = *flags[i].out != flags[i].negated;
        s = read_flag(r, hparams_key(r->family, r->w->format, flags[i].key), &value);
        *flags[i].out = value != flags[i].negated;
    }
    return s;
}

static quill_status check_word(const struct reading *r, const struct word_row *row) {
    char key[KEY_BYTES];
    const char *name = row->name;
    const struct meta *m = find_meta(r->w, &name, key);
    if (!m || m->kind == META_NULL) return QUILL_OK;
    const bool is_word = m->kind == META_STRING;
    if (row->word && is_word && str_is(m->s, row->word)) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected %s%s%s, found %s%s%s, which is not supported",
                QUOTED(str_of(r->w->path)), name, row->word ? "'" : "", row->word ? row->word : "null",
                row->word ? "'" : "", is_word ? "'" : "", is_word ? QUOTED(m->s) : "another value", is_word ? "'" : "");
}

static quill_status check_flag(const struct reading *r, const struct key_row *row) {
    const bool expected = row->key == KEY_REQUIRED;
    bool value = expected;
    quill_status s = read_flag(r, row, &value);
    if (s || value == expected) return s;
    return fail(r->err, QUILL_E_MODEL, "%s: %s: expected %s, found %s, which is not supported",
                QUOTED(str_of(r->w->path)), names_text(r, row, &(struct names_text){{0}}), expected ? "true" : "false",
                expected ? "false" : "true");
}

// Refuses what a model may ask for but quill does not compute.
static quill_status read_refused(const struct reading *r) {
    const struct key_row *const *table = r->family->files[r->w->format].keys;
    const struct word_row *word = r->family->files[r->w->format].words;
    quill_status s = QUILL_OK;
    for (; word && word->name && !s; word++) s = check_word(r, word);
    for (; *table && !s; table++)
        for (const struct key_row *row = *table; row->key && !s; row++) {
            if (row->key == KEY_REFUSED || row->key == KEY_REQUIRED) s = check_flag(r, row);
        }
    return s;
}

// Files whose weights are packed in a form that only the program that packed them knows.
static quill_status refuse_packed(const struct reading *r) {
    const struct meta *config = weights_meta(r->w, STR("quantization_config"));
    struct str method = {"no name", 7};
    bool found;
    if (r->w->format != WEIGHTS_HF || !config || config->kind == META_NULL) return QUILL_OK;
    quill_status s = meta_string(r->w, "quantization_config.quant_method", &method, &found, r->err);
    return s ? s
             : fail(r->err, QUILL_E_MODEL,
                    "%s: 'quantization_config': expected weights that are not packed, found quant_method '%s'",
                    QUOTED(str_of(r->w->path)), QUOTED(method));
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
    quill_status s = refuse_packed(&r);
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (number->whole) s = read_number(&r, number);
    if (!s) s = leave_drafts_out(&r);
    if (!s) s = derive_sizes(&r);
    for (const struct hparams_number *number = hparams_numbers; number->key && !s; number++)
        if (!number->whole) s = read_number(&r, number);
    if (!s) s = derive_ratio(&r);
    if (!s) s = read_activation(&r);
    if (!s) s = read_rope_type(&r);
    if (!s) s = read_flags(&r);
    if (!s) s = derive_rope(&r);
    return s ? s : read_refused(&r);
}
