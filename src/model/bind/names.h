// SPDX-License-Identifier: MIT
// The names of keys as files have them, and what reading hyper-parameters passes from file to file.
#ifndef QUILL_MODEL_BIND_NAMES_H
#define QUILL_MODEL_BIND_NAMES_H

#include "base/error.h"
#include "formats/weights.h"
#include "model/families/family.h"
#include "model/hparams.h"

enum { KEY_BYTES = 96 };
// The family's row for a key in files of a format; NULL: none.
const struct key_row *hparams_key(const struct family *family, enum weights_format format, enum key key);
// One of a row's names as it appears in files of a format.
const char *hparams_name(const struct family *family, enum weights_format format, const char *name,
                         char out[KEY_BYTES]);
// The one that new GGUF files have: of the norm's epsilon the second name is that of RMS norms.
const char *hparams_new_name(const struct family *family, const struct key_row *row, char out[KEY_BYTES]);
// The first of a key's names that the file has with a value other than null; NULL: none, or no such key. In a
// config.json of several models (text_config), the text model's own.
const char *hparams_found(const struct family *family, const struct weights *w, enum key key, char out[KEY_BYTES]);

struct reading {
    struct hparams *hp;
    const struct family *family;
    const struct weights *w;
    quill_error *err;
};

// The key *name in the file; in a config.json of several models the text model's, whose name is then written to `out`.
const struct meta *reading_meta(const struct weights *w, const char **name, char out[KEY_BYTES]);
// The first of a row's names that the file has with a value other than null; NULL: none. *null: one has that value.
const char *reading_name(const struct reading *r, const struct key_row *row, char out[KEY_BYTES], bool *null);
// The same for a key.
const char *reading_key(const struct reading *r, enum key key, char out[KEY_BYTES]);

// "'hidden_size' or 'n_embd'"
struct names_text {
    char text[KEY_NAMES * (KEY_BYTES + 8)];
};
const char *names_text(const struct reading *r, const struct key_row *row, struct names_text *out);

#endif
