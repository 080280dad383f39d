// SPDX-License-Identifier: MIT
// Model families as data. A family is a constant row in a file of its own: what it computes, and for each format what
// its tensors and keys are called. One more family is one more file, and its name in the list of families.c. Nothing
// behind model_bind asks for a family's name.
#ifndef QUILL_MODEL_FAMILIES_FAMILY_H
#define QUILL_MODEL_FAMILIES_FAMILY_H

#include <stdbool.h>

#include "base/str.h"
#include "binding.h"
#include "formats/weights.h"
#include "keys.h"
#include "model/plan.h"

// How files of one format hold a family.
struct family_files {
    const struct bind_row *rows;     // ends with a row without a name; NULL: no file of this format has it
    const struct key_row *keys;      // what differs from keys_gguf or keys_hf; NULL: nothing
    const char *const *prefixes;     // one may stand in front of all names; ends with NULL; NULL: none does
    enum rope_kind rope;
};

struct family {
    const char *name;       // as general.architecture of a GGUF file and model_type of config.json spell it
    enum norm_kind norm;    // of every norm slot that the binding rows fill
    enum residual residual;
    enum act_fn act;        // where the file names no other
    bool alibi;             // scores get a slope for each head (Press et al. 2021)
    bool scale_scores;      // attention scores are divided by sqrt(head_dim)
    float score_softcap;    // scores become softcap * tanh(score / softcap); 0: none
    int32_t window;         // attention window in positions, including the current one; 0: all before it
    int32_t full_every;     // of so many layers the last one has no window; 0: all layers have it
    bool tied;              // the head is the token embedding, where the file does not say
    struct family_files files[2]; // by enum weights_format
};

const struct family *family_find(struct str name); // NULL: not a family quill runs
const struct family *family_at(size_t index);      // of the list; NULL: there are no more

// "gpt2, llama", for messages.
struct family_names {
    char text[512];
};
const char *family_names(struct family_names *out);

#endif
