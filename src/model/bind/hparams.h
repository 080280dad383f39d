// SPDX-License-Identifier: MIT
// Hyper-parameters from a model's metadata, under the names that its family uses.
#ifndef QUILL_MODEL_BIND_HPARAMS_H
#define QUILL_MODEL_BIND_HPARAMS_H

#include "base/error.h"
#include "formats/weights.h"
#include "model/families/family.h"
#include "model/hparams.h"
#include "names.h"

// Reads what the family needs and checks the bounds of model/hparams.h. n_vocab is 0 if the file does not name it: a
// GGUF file may leave it to the embedding's shape. QUILL_E_MODEL names the file, the key, what was expected and what
// was found.
quill_status hparams_read(struct hparams *hp, const struct family *family, const struct weights *w, quill_error *err);

// A number among the hyper-parameters.
struct hparams_number {
    enum key key;
    size_t offset; // in struct hparams
    bool whole;    // an int32_t from `least` to `most`; else a float, finite and at least 0
    bool required; // a required float must be above 0
    int32_t least, most; // of a float: with least 1, config.json must have a number above 0, while 0 in a GGUF file is
                         // none
};
extern const struct hparams_number hparams_numbers[]; // ends with KEY_NONE

#endif
