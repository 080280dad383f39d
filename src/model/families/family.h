// SPDX-License-Identifier: MIT
// Model families as data: a family is a constant row. Nothing behind model_bind asks for a family's name.
#ifndef QUILL_MODEL_FAMILIES_FAMILY_H
#define QUILL_MODEL_FAMILIES_FAMILY_H

#include <stdbool.h>

#include "base/str.h"
#include "binding.h"
#include "kernels/kernels.h"
#include "model/plan.h"

struct arch_spec {
    const char *name;            // as general.architecture of a GGUF file and model_type of config.json spell it
    enum norm_kind norm;         // of every norm slot that the binding rows fill
    enum residual residual;
    enum position_kind position;
    enum mlp_kind mlp;
    enum act_fn act;             // where the file names no other
    bool scale_scores;           // attention scores are divided by sqrt(head_dim)
    float score_softcap;         // scores become softcap * tanh(score / softcap); 0: none
    int32_t window;              // a position sees so many positions, itself included; 0: all before it
    bool tied;                   // the head is the token embedding, where the file does not say
    const struct bind_row *binding[2]; // by enum weights_format; ends with a row without a name
};

const struct arch_spec *arch_find(struct str name); // NULL: not a family quill runs
const char *arch_names(void);                       // "gpt2, ...", for messages

#endif
