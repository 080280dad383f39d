// SPDX-License-Identifier: MIT
// Models that other programs have downloaded, found by the names that they have there. No network is used, and nothing
// is written.
//
// A name is one of
//   ORG/NAME[:CHOICE], NAME[:CHOICE]     a repository of the Hugging Face hub
//   ollama:[[HOST/]SPACE/]MODEL[:TAG]    a model of ollama; the tag is `latest` where none is given
// A repository is looked for in Hugging Face's cache ($HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub,
// ~/.cache/huggingface/hub), in llama.cpp's ($LLAMA_CACHE, $XDG_CACHE_HOME/llama.cpp, ~/.cache/llama.cpp), and in LM
// Studio's folder (~/.lmstudio/models, ~/.cache/lm-studio/models, or the one that its settings name); ollama's models
// in $OLLAMA_MODELS, else in ~/.ollama/models and /usr/share/ollama/.ollama/models.
//
// CHOICE is the name of a GGUF file, or a weight type that its name holds, such as Q4_K_M, in upper or lower case.
// Without it a folder with config.json and safetensors is taken, else the only GGUF file. Files that only belong to a
// model, such as mmproj files, are no choice. A file in several parts is one.
//
// `variable` gives the value of an environment variable, or NULL; getenv is such a function.
#ifndef QUILL_STORES_H
#define QUILL_STORES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// The path that `name` means: `name` itself where such a file or folder exists, else what the stores have. The caller
// frees *path. With `tokenizer_only` a folder without weights will do. QUILL_E_MODEL: there is no such model, and the
// message says how to get it; or there are several, and the message names them. QUILL_E_SYSTEM: memory.
QUILL_MUST_CHECK quill_status quill_model_find(char **path, const char *name, char *(*variable)(const char *name),
                                               bool tokenizer_only, quill_error *err);

typedef struct quill_stored_model {
    const char *name;    // for quill_model_find; it may be the path
    const char *family;  // as the file spells it; NULL: not known
    const char *type;    // of most of the weights: "Q4_K_M", "BF16"; NULL: not known
    const char *path;
    const char *why_not; // why quill cannot run it; NULL: it can
    uint64_t bytes;      // of all files of weights
} quill_stored_model;

// Calls visit(user, model, err) for every model in the stores, in the order in which they are searched and then of
// names, until it fails. What quill cannot run is among them: other families, adapters, projectors, damaged files. Only
// descriptions are read, no weights but those of norms. Strings are borrowed during the call.
typedef quill_status quill_model_visit(void *user, const quill_stored_model *model, quill_error *err);
QUILL_MUST_CHECK quill_status quill_models_list(char *(*variable)(const char *name), quill_model_visit *visit,
                                                void *user, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
