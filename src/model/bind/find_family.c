// SPDX-License-Identifier: MIT
// Which family a file is of; files that are no language model are named as what they are.
#include <stdio.h>

#include "base/nearest.h"
#include "bind.h"

// ---- what is no language model ----

static const struct other {
    const char *key, *word, *what;
} others[] = {
    {"general.type", "adapter", "an adapter, which changes the weights of one"},
    {"general.type", "mmproj", "a projector, which turns images or sounds into its inputs"},
    {"general.type", "imatrix", "statistics for its quantization"},
    {"general.architecture", "clip", "a projector, which turns images or sounds into its inputs"},
    {"general.architecture", "controlvector", "a control vector, which changes the activations of one"},
};

static quill_status refuse_others(const struct weights *w, quill_error *err) {
    for (size_t i = 0; i < sizeof others / sizeof others[0] && w->format == WEIGHTS_GGUF; i++) {
        const struct meta *m = weights_meta(w, str_of(others[i].key));
        if (!m || m->kind != META_STRING || !str_is(m->s, others[i].word)) continue;
        return fail(err, QUILL_E_MODEL, "%s: '%s': expected a language model, found '%s': %s", QUOTED(str_of(w->path)),
                    others[i].key, others[i].word, others[i].what);
    }
    return QUILL_OK;
}

// ---- families ----

// Whether the file is of this variant of a family.
static quill_status is_variant(bool *is, const struct family *family, const struct weights *w, quill_error *err) {
    *is = true;
    for (const struct family_case *c = family->cases; c->key && w->format == WEIGHTS_HF; c++) {
        bool value = c->otherwise, found;
        quill_status s = meta_bool(w, c->key, &value, &found, err);
        if (s) return s;
        *is = *is && value == c->value;
    }
    return QUILL_OK;
}

static quill_status unknown_family(const struct weights *w, const char *key, struct str name, quill_error *err) {
    struct nearest search = {.typed = name};
    const struct family *known;
    for (size_t i = 0; (known = family_at(i)); i++)
        if (family_has(known, w->format)) nearest_offer(&search, str_of(family_name(known, w->format)));
    return fail(err, QUILL_E_MODEL, "%s: '%s': expected a model family quill runs, found %s%s%s%s%.*s%s",
                QUOTED(str_of(w->path)), key, name.p ? "'" : "", name.p ? QUOTED(name) : "nothing", name.p ? "'" : "",
                search.best.p ? "; did you mean '" : "", (int)search.best.n, search.best.p ? search.best.p : "",
                search.best.p ? "'?" : "");
}

// known: one of the family's variants.
static quill_status unknown_variant(const struct weights *w, const struct family *known, quill_error *err) {
    char keys[256] = "";
    size_t used = 0;
    for (const struct family_case *c = known->cases; c->key; c++)
        used += (size_t)snprintf(keys + used, sizeof keys - used, "%s'%s'", used ? " and " : "", c->key);
    return fail(err, QUILL_E_MODEL, "%s: %s: expected values of a '%s' model that quill runs, found others together",
                QUOTED(str_of(w->path)), keys, known->name);
}

// A config.json of several models (of text, of images) has the family of the text model in text_config.
quill_status bind_find_family(const struct family **family, const struct weights *w, quill_error *err) {
    const char *key = w->format == WEIGHTS_GGUF ? "general.architecture" : "model_type";
    const struct family *known = NULL;
    struct str name = {NULL, 0};
    bool found = false, is = false;
    quill_status s = refuse_others(w, err);
    if (!s && w->format == WEIGHTS_HF) s = meta_string(w, "text_config.model_type", &name, &found, err);
    if (!s && !found) s = meta_string(w, key, &name, &found, err);
    for (size_t i = 0; !s && (*family = family_at(i)); i++) {
        if (!found || !family_is(*family, w->format, name)) continue;
        known = *family;
        s = is_variant(&is, *family, w, err);
        if (s || is) return s;
    }
    if (s) return s;
    return known ? unknown_variant(w, known, err) : unknown_family(w, key, name, err);
}
