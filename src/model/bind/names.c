// SPDX-License-Identifier: MIT
#include "names.h"

#include <stdio.h>
#include <string.h>

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

const char *hparams_new_name(const struct family *family, const struct key_row *row, char out[KEY_BYTES]) {
    const bool second = row->key == KEY_NORM_EPS && family->norm == NORM_RMS && row->names[1];
    return hparams_name(family, WEIGHTS_GGUF, row->names[second], out);
}

const struct meta *reading_meta(const struct weights *w, const char **name, char out[KEY_BYTES]) {
    char nested[KEY_BYTES];
    snprintf(nested, sizeof nested, "text_config.%s", *name);
    const struct meta *m = w->format == WEIGHTS_HF ? weights_meta(w, str_of(nested)) : NULL;
    if (!m) return weights_meta(w, str_of(*name));
    *name = memcpy(out, nested, sizeof nested);
    return m;
}

const char *reading_name(const struct reading *r, const struct key_row *row, char out[KEY_BYTES], bool *null) {
    *null = false;
    for (size_t i = 0; row && i < KEY_NAMES && row->names[i]; i++) {
        const char *name = hparams_name(r->family, r->w->format, row->names[i], out);
        const struct meta *m = reading_meta(r->w, &name, out);
        if (m && m->kind != META_NULL) return name;
        if (m) *null = true;
    }
    return NULL;
}

const char *reading_key(const struct reading *r, enum key key, char out[KEY_BYTES]) {
    bool null;
    return reading_name(r, hparams_key(r->family, r->w->format, key), out, &null);
}

const char *hparams_found(const struct family *family, const struct weights *w, enum key key, char out[KEY_BYTES]) {
    return reading_key(&(struct reading){NULL, family, w, NULL}, key, out);
}

const char *names_text(const struct reading *r, const struct key_row *row, struct names_text *out) {
    char name[KEY_BYTES];
    size_t used = 0;
    for (size_t i = 0; i < KEY_NAMES && row->names[i]; i++)
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s'%s'", i ? " or " : "",
                                 hparams_name(r->family, r->w->format, row->names[i], name));
    return out->text;
}
