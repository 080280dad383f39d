// SPDX-License-Identifier: MIT
#include "traits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
    const char *name = reading_key(r, KEY_ACTIVATION, key);
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

// Without these, transformers has no default either. GGUF files have llama3's numbers as a tensor.
static quill_status need_numbers(const struct reading *r, struct str type) {
    static const enum key needed[] = {KEY_ROPE_FACTOR, KEY_ROPE_LOW, KEY_ROPE_HIGH};
    const size_t n = r->hp->rope_scaling == ROPE_LLAMA3 ? 3 : r->hp->rope_scaling == ROPE_LINEAR;
    char key[KEY_BYTES];
    for (size_t i = 0; i < n && r->w->format == WEIGHTS_HF; i++) {
        if (reading_key(r, needed[i], key)) continue;
        const struct key_row *row = hparams_key(r->family, r->w->format, needed[i]);
        return fail(r->err, QUILL_E_MODEL, "%s: %s: expected a number above 0 for the rotary type '%s', found nothing",
                    QUOTED(str_of(r->w->path)), names_text(r, row, &(struct names_text){{0}}), QUOTED(type));
    }
    return QUILL_OK;
}

static quill_status read_rope_type(const struct reading *r) {
    char key[KEY_BYTES], lists[KEY_BYTES];
    const char *name = reading_key(r, KEY_ROPE_TYPE, key);
    struct str word;
    bool named;
    if (!name && (r->hp->rope_factor == 0 || r->w->format == WEIGHTS_HF)) return QUILL_OK;
    if (!name) { // very old GGUF files have only the factor
        r->hp->rope_scaling = ROPE_LINEAR;
        return QUILL_OK;
    }
    quill_status s = meta_string(r->w, name, &word, &named, r->err);
    if (s) return s;
    for (size_t i = 0; i < N_ROPE_TYPES; i++) {
        if (!str_is(word, rope_types[i].name)) continue;
        r->hp->rope_scaling = rope_types[i].scaling;
        // Phi-3's first files call it so.
        if (r->hp->rope_scaling == ROPE_YARN && reading_key(r, KEY_ROPE_LONG, lists)) r->hp->rope_scaling = ROPE_LONG;
        return need_numbers(r, word);
    }
    return fail(r->err, QUILL_E_MODEL,
                "%s: '%s': expected default, linear, dynamic, llama3, yarn or longrope, found '%s'",
                QUOTED(str_of(r->w->path)), name, QUOTED(word));
}

static quill_status read_rope_word(const struct reading *r) {
    const struct key_row *row = hparams_key(r->family, r->w->format, KEY_ROPE_WORD);
    char key[KEY_BYTES];
    bool null, found;
    struct str word = {NULL, 0};
    const char *name = reading_name(r, row, key, &null);
    if (!row) return QUILL_OK;
    quill_status s = name ? meta_string(r->w, name, &word, &found, r->err) : QUILL_OK;
    r->hp->rope_off = !name || str_is(word, "nope");
    if (s || r->hp->rope_off || str_is(word, "rope")) return s;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected rope or nope, found '%s'", QUOTED(str_of(r->w->path)), name,
                QUOTED(word));
}

static quill_status read_flag(const struct reading *r, const struct key_row *row, bool *out) {
    char key[KEY_BYTES];
    bool found, null;
    const char *name = reading_name(r, row, key, &null);
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
        {KEY_ROPE_ON, &r->hp->rope_off, true},
    };
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && !s; i++) {
        bool value = *flags[i].out != flags[i].negated;
        s = read_flag(r, hparams_key(r->family, r->w->format, flags[i].key), &value);
        *flags[i].out = value != flags[i].negated;
    }
    return s;
}

// A model with images may say that the head is the embedding, for its text model or for itself: transformers 4 heeds
// the one, transformers 5 the other. A head of its own in the file counts all the same.
static quill_status read_tied_around(const struct reading *r) {
    bool value = false, found;
    if (r->w->format != WEIGHTS_HF || !weights_meta(r->w, STR("text_config"))) return QUILL_OK;
    quill_status s = meta_bool(r->w, "tie_word_embeddings", &value, &found, r->err);
    r->hp->tied = r->hp->tied || value;
    return s;
}

static quill_status check_word(const struct reading *r, const struct word_row *row) {
    char key[KEY_BYTES];
    const char *name = row->name;
    const struct meta *m = reading_meta(r->w, &name, key);
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

// Files whose weights are packed in a form that only the program that packed them knows.
static quill_status refuse_packed(const struct reading *r) {
    char key[KEY_BYTES];
    const char *name = "quantization_config", *of_method = "quantization_config.quant_method";
    const struct meta *config = reading_meta(r->w, &name, key);
    struct str method = {"no name", 7};
    bool found;
    if (r->w->format != WEIGHTS_HF || !config || config->kind == META_NULL) return QUILL_OK;
    reading_meta(r->w, &of_method, key);
    quill_status s = meta_string(r->w, of_method, &method, &found, r->err);
    return s ? s
             : fail(r->err, QUILL_E_MODEL,
                    "%s: 'quantization_config': expected weights that are not packed, found quant_method '%s'",
                    QUOTED(str_of(r->w->path)), QUOTED(method));
}

static quill_status check_number(const struct reading *r, const struct key_row *row) {
    char key[KEY_BYTES];
    bool null, found;
    double value = row->otherwise;
    const char *name = reading_name(r, row, key, &null);
    quill_status s = name ? meta_float(r->w, name, &value, &found, r->err) : QUILL_OK;
    if (s || value == row->otherwise) return s;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected %g, found %g, which is not supported",
                QUOTED(str_of(r->w->path)), name, row->otherwise, value);
}

static quill_status check_rows(const struct reading *r, const struct key_row *row) {
    quill_status s = QUILL_OK;
    for (; row->key && !s; row++) {
        if (row->key == KEY_REFUSED || row->key == KEY_REQUIRED) s = check_flag(r, row);
        if (row->key == KEY_FIXED) s = check_number(r, row);
    }
    return s;
}

// Objects of config.json, whose members would be taken as absent if they were anything else.
static quill_status check_objects(const struct reading *r) {
    static const char *const names[] = {"text_config", "rope_scaling", "rope_parameters", "attn_config"};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && r->w->format == WEIGHTS_HF; i++) {
        char key[KEY_BYTES];
        const char *name = names[i];
        const struct meta *m = reading_meta(r->w, &name, key);
        if (m && m->kind != META_NULL && m->kind != META_OBJECT)
            return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected an object or null, found another value",
                        QUOTED(str_of(r->w->path)), name);
    }
    return QUILL_OK;
}

static bool has_experts(const struct reading *r) {
    struct row_walk walk = {r->family->files[r->w->format].rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));)
        if (row->shape[0] == DIM_EXPERTS) return true;
    return false;
}

// Before the tensors are looked for: those of experts have other names.
static quill_status refuse_experts(const struct reading *r) {
    char key[KEY_BYTES];
    const char *name = reading_key(r, KEY_N_EXPERT, key);
    if (!name || r->hp->n_expert == 0 || has_experts(r)) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s: '%s': expected a model without experts, found %" PRId32,
                QUOTED(str_of(r->w->path)), name, r->hp->n_expert);
}

// Refuses what a model may ask for but quill does not compute.
quill_status read_refused(const struct reading *r) {
    // transformers 5 may have rotary positions by type of layer: here, only in families with two kinds of them.
    static const struct word_row plain = {"rope_parameters.sliding_attention.rope_type", "default"};
    static const struct word_row none = {"rope_parameters.sliding_attention", NULL};
    const struct key_row *const *table = r->family->files[r->w->format].keys;
    const struct word_row *word = r->family->files[r->w->format].words;
    quill_status s = refuse_packed(r);
    if (!s) s = refuse_experts(r);
    if (!s) s = check_word(r, r->family->rope_apart ? &plain : &none);
    for (; word && word->name && !s; word++) s = check_word(r, word);
    for (; *table && !s; table++) s = check_rows(r, *table);
    return s ? s : check_rows(r, r->w->format == WEIGHTS_GGUF ? keys_gguf : keys_hf);
}

quill_status read_traits(const struct reading *r) {
    quill_status s = check_objects(r);
    if (!s) s = read_activation(r);
    if (!s) s = read_rope_type(r);
    if (!s) s = read_rope_word(r);
    if (!s) s = read_flags(r);
    return s ? s : read_tied_around(r);
}
