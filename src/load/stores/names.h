// SPDX-License-Identifier: MIT
// The names of models: those of the Hugging Face hub, those of ollama, and those of GGUF files.
#ifndef QUILL_LOAD_STORES_NAMES_H
#define QUILL_LOAD_STORES_NAMES_H

#include <stdbool.h>

#include "base/str.h"

// ORG/NAME or NAME, by the hub's rules (huggingface_hub, validate_repo_id): letters, digits, '_', and between them '-'
// and '.', no two of which stand together as "--" or "..". So it is no path out of a folder.
bool is_repo(struct str name);

// "ORG/NAME:CHOICE"; choice.p NULL: none. false: what precedes the first colon is no name of a repository.
struct repo_name {
    struct str repo, choice;
};
bool repo_name_parse(struct repo_name *out, struct str text);

// [[HOST/]SPACE/]MODEL[:TAG], by ollama's rules, with its defaults: registry.ollama.ai, library, latest. Every part
// begins with a letter, a digit or '_' and holds no slash.
struct ollama_name {
    struct str host, space, model, tag;
};
bool ollama_name_parse(struct ollama_name *out, struct str text);
bool ollama_name_is_valid(const struct ollama_name *name);
// "ollama:MODEL:TAG", with the host and the space where they are not the defaults.
struct ollama_text {
    char text[700];
};
const char *ollama_name_text(struct ollama_text *out, const struct ollama_name *name);

// "x-00002-of-00003.gguf" is the second of three parts; *stem gets what precedes that, or ".gguf". A file that is alone
// is the first of one. false: not a GGUF file's name.
bool gguf_name(struct str name, struct str *stem, int *part, int *parts);
// Whether a name holds the weight type as a word of its own: "x-Q4_K_M.gguf" and "Q4_K_M/x.gguf" have q4_k_m, but not
// Q4_K. Upper and lower case are the same.
bool name_has_type(struct str name, struct str type);
// Files that belong to a model but are none: projectors of images, importance matrices, heads for drafts.
bool gguf_is_beside(struct str name);

#endif
