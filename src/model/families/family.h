// SPDX-License-Identifier: MIT
// Model families as data. A family is a constant row in a file of its own: what it computes, and the names of its
// tensors and keys in each format. A new family is a new file, and its name in the list of families.c. Nothing after
// model_bind depends on a family's name.
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
    const struct bind_row *rows;     // ends with a row without a name; NULL: the family has no files of this format
    const struct key_row *keys;      // differences from keys_gguf or keys_hf; NULL: none
    const char *const *prefixes;     // one of them may precede all names; ends with NULL; NULL: none
    enum rope_kind rope;
};

struct family {
    const char *name;       // as general.architecture of a GGUF file and model_type of config.json spell it
    const char *tokenizers; // what its models use, for people: "BPE"
    const char *serves;     // its public models, for people: "GPT-2, DistilGPT-2"
    enum norm_kind norm;    // for every norm slot that the binding rows fill
    enum residual residual;
    enum act_fn act;        // unless the file names another
    bool alibi;             // each head adds a slope to its scores (Press et al. 2021)
    bool scale_scores;      // attention scores are divided by sqrt(head_dim)
    float score_softcap;    // scores become softcap * tanh(score / softcap); 0: none
    int32_t window;         // attention window in positions, including the current one; 0: all before it
    int32_t full_every;     // every full_every-th layer has no window; 0: all layers have it
    bool tied;              // the head is the token embedding, unless the file says otherwise
    struct family_files files[2]; // by enum weights_format
};

const struct family *family_find(struct str name); // NULL: not a family quill runs
const struct family *family_at(size_t index);      // by place in the list; NULL: past the end

#endif
