// SPDX-License-Identifier: MIT
// What the stores of other programs hold, collected as entries; each store has a function that adds its own.
#ifndef QUILL_LOAD_STORES_GATHER_H
#define QUILL_LOAD_STORES_GATHER_H

#include "base/arena.h"
#include "base/error.h"
#include "folder.h"
#include "names.h"

enum stored_kind {
    STORED_GGUF,      // a GGUF file, or the first of its parts
    STORED_BESIDE,    // a GGUF file that is no model (gguf_is_beside)
    STORED_FOLDER,    // a folder of a model, with config.json and safetensors
    STORED_OTHER,     // any other folder with weights, or the description of some model
    STORED_TOKENIZER, // a folder with a tokenizer and without weights
};

struct stored {
    enum stored_kind kind;
    const char *repo;  // "ORG/NAME", "ollama:NAME:TAG"; NULL: it has no such name
    const char *file;  // of a repository's GGUF file: "x-Q8_0.gguf", also within folders; NULL: no such file
    bool flat;         // slashes of `file` have become '_'
    const char *path;
    const char *lacks; // why it is no model, where that is known already; NULL: nothing
    uint64_t bytes;    // of all its weights
};

struct gathering {
    struct str only; // the repository that is looked for; p NULL: all
    struct stored *items; // [n], in the order of the stores and then of names
    size_t n, cap;
    int folders;          // of the current repository that were walked
    struct arena arena;   // everything above
};

// Each adds what it finds below `root`, a store's folder. false: no memory.
bool gather_hub(struct gathering *g, const char *root);         // Hugging Face's cache
bool gather_flat(struct gathering *g, const char *root);        // llama.cpp's older cache
bool gather_lm_studio(struct gathering *g, const char *root);
bool gather_ollama(struct gathering *g, const char *root);
void gathering_free(struct gathering *g);

// For these functions.
bool gather_add(struct gathering *g, struct stored item); // at most 10,000; the others are left out
bool gather_wants(const struct gathering *g, struct str repo);
// Adds the folder itself, and the GGUF files in it and in up to 1,000 folders below.
bool gather_folder(struct gathering *g, const char *repo, const char *path);
// The bytes of a GGUF file with all of its parts; *lacks: what is said of a part that is not there.
bool gather_parts(struct gathering *g, struct stored *item, int parts);

// ---- ollama ----

// The path of a model's GGUF file in the store at `root`, in the arena; *there: whether the store has the model. Where
// its manifest is damaged, or it is no GGUF file alone, QUILL_E_MODEL; `shown` names it in messages.
quill_status ollama_find(const char **path, bool *there, struct arena *arena, const char *root,
                         const struct ollama_name *name, const char *shown, quill_error *err);

enum { SHA256_DIGITS = 64 };
// Reads a manifest: *digest gets the hexadecimal digits of the GGUF file's hash. `shown` names it in messages.
quill_status ollama_manifest(char digest[SHA256_DIGITS + 1], struct str text, const char *shown, quill_error *err);

#endif
