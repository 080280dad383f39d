// SPDX-License-Identifier: MIT
// Low-rank adapters (LoRA, Hu et al. 2021): two small matrices A [r, inputs] and B [outputs, r] beside a matrix W
// [outputs, inputs] of a model. What W computes becomes W x + scale * B (A x); W itself, quantized or not, stays as it
// is. The sum is in single precision, whatever the type of W. An adapter may also bring an embedding or an output
// matrix of its own, which replaces the model's (modules_to_save of PEFT); its scale is then 1, or 0.
#ifndef QUILL_ADAPTER_H
#define QUILL_ADAPTER_H

#include <stdint.h>

#include "error.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Immutable; may be used by any number of sessions on its model.
typedef struct quill_adapter quill_adapter;

// Loads `path`: a directory of PEFT (adapter_config.json with peft_type LORA, adapter_model.safetensors), or a GGUF
// file whose general.type is "adapter" and whose adapter.type is "lora". Either may belong to a model of either format.
// Every tensor must belong to a matrix of the model; names and shapes are those of the model's family. The model is
// borrowed until the adapter is freed. Errors: QUILL_E_MODEL (also for each thing that an adapter may ask for and that
// is not computed, by its name), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_adapter_load(quill_adapter **out, const quill_model *model, const char *path,
                                                 quill_error *err);
void quill_adapter_free(quill_adapter *adapter); // NULL is fine; sessions that use it must be gone

typedef struct quill_adapter_info {
    const char *file, *format; // as given; "gguf" "peft", a static string
    int32_t rank;              // the largest r; 0: matrices are replaced alone
    uint64_t matrices;         // how many of the model's it changes
    uint64_t parameters, file_bytes;
} quill_adapter_info;
void quill_adapter_describe(const quill_adapter *adapter, quill_adapter_info *info); // borrowed from the adapter
// Depends on all that an adapter adds, and on nothing else.
uint64_t quill_adapter_hash(const quill_adapter *adapter);

// An adapter as a session uses it; all that it adds is multiplied by `scale`, finite. 0: it adds nothing.
typedef struct quill_adapter_use {
    const quill_adapter *adapter;
    float scale;
} quill_adapter_use;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
