// SPDX-License-Identifier: MIT
// --lora FILE[:SCALE]: the adapters of a run.
#ifndef QUILL_CLI_RUN_LORA_H
#define QUILL_CLI_RUN_LORA_H

#include "cli/options/options.h"
#include "quill/adapter.h"
#include "quill/model.h"

// What the options name, until the next call or the end. Their files are remembered as files that the run reads.
// QUILL_E_USAGE: a scale that is no number.
QUILL_MUST_CHECK quill_status lora_files(const quill_adapter_file **files, size_t *n, const struct options *o,
                                         quill_error *err);
// Loads them for a model, which lives as long as they do: until the next call or the end.
QUILL_MUST_CHECK quill_status lora_load(const quill_model *model, const struct options *o, quill_error *err);
// Those that were loaded last.
const quill_adapter_use *lora_loaded(size_t *n);

#endif
