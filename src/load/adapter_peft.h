// SPDX-License-Identifier: MIT
// What adapter_config.json says about the matrices of an adapter.
#ifndef QUILL_LOAD_ADAPTER_PEFT_H
#define QUILL_LOAD_ADAPTER_PEFT_H

#include "formats/weights.h"

struct peft;
// QUILL_E_MODEL: it asks for something that is not computed. The weights are borrowed.
quill_status peft_create(struct peft **out, const struct weights *w, quill_error *err);
void peft_free(struct peft *peft); // NULL is fine
// Whether the module of a tensor, "lm_head.weight", is one that is saved as a whole (modules_to_save).
bool peft_saves(const struct peft *peft, struct str tensor);
// The rank and the scale (alpha / r, or alpha / sqrt(r)) of a module: "model.layers.0.self_attn.q_proj".
quill_status peft_module(const struct peft *peft, struct str module, uint64_t *rank, double *scale, quill_error *err);

#endif
