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

enum { FAMILY_TABLES = 7, FAMILY_NAMES = 4, FAMILY_CASES = 3 };

// How files of one format hold a family. Lists of tables and names end with NULL.
struct family_files {
    const char *names[FAMILY_NAMES];                // as files spell the family, if not by its name: the first one is
                                                    // what keys of GGUF begin with
    const struct bind_row *rows[FAMILY_TABLES + 1]; // empty: the family has no files of this format
    const struct key_row *keys[FAMILY_TABLES + 1];  // before keys_gguf or keys_hf; the first row of a key counts
    const struct word_row *words;                   // ends with a row without a name; NULL: none
    const char *const *prefixes;                    // one of them may precede all names
    enum rope_kind rope;
    int32_t by_head_layers; // with so many layers, scores are divided by sqrt(n_embd / n_head), although no key says so
};

// A truth value of config.json that tells variants of a family from each other. Each is a row of its own, with the
// same name and other tables.
struct family_case {
    const char *key;       // NULL ends the list
    bool value, otherwise; // the value of this variant; of files without the key
};

// Position tables as functions of the position p and the pair k of E/2 (Vaswani et al. 2017, section 3.5): sines in the
// first half of a row, cosines in the second, of p * 10000^(-k / (E/2)); fairseq divides by E/2 - 1.
enum sinusoids { SINUSOIDS_NONE, SINUSOIDS_CTRL, SINUSOIDS_FAIRSEQ };

struct family {
    const char *name;       // as model_type of config.json spells it, and general.architecture of a GGUF file
    const char *tokenizers; // what its models use, for people: "BPE"
    const char *serves;     // its public models, for people: "GPT-2, DistilGPT-2"
    enum norm_kind norm;    // for every norm slot that the binding rows fill
    enum residual residual;
    enum act_fn act;        // unless the file names another
    bool gelu_is_tanh;      // what the file calls gelu is its approximation by tanh
    enum qk_norm qk_norm;   // over what the norms of queries and keys run, if the binding rows fill their slots
    bool qk_norm_last;      // they come after rotary positions
    bool alibi;             // each head adds a slope to its scores (Press et al. 2021)
    bool alibi_rounded;     // it is rounded to bfloat16, and scores are scaled after it is added
    bool scale_scores;      // attention scores are divided by sqrt(head_dim)
    bool embd_sqrt;         // the embedding is multiplied by sqrt(n_embd)
    float score_softcap;    // scores become softcap * tanh(score / softcap); 0: none
    int32_t window;         // attention window in positions, including the current one; 0: all before it
    int32_t full_every;     // every full_every-th layer has no window; 0: all layers have it
    bool full_first;        // the first of them is the first layer
    int32_t bare_every;     // every bare_every-th layer has no rotary positions; 0: all layers have them
    bool rope_in_windows;   // in models with windows, only layers with one have rotary positions
    bool rope_apart;        // layers with a window have rotary positions of their own: without scaling
    bool rope_backwards;    // rotary positions turn by the negative angle
    enum sinusoids sinusoids; // the position table is computed
    int32_t position_offset; // rows of the position table before that of position 0
    bool tied;              // the head is the token embedding, unless the file says otherwise
    struct family_case cases[FAMILY_CASES + 1];
    struct family_files files[2]; // by enum weights_format
    const struct family *in_gguf; // what GGUF files of its models call them; NULL: itself, if it has such files
};

// Walks the rows of all tables: begins as {files->rows, NULL}; NULL ends.
struct row_walk {
    const struct bind_row *const *table, *row;
};
const struct bind_row *row_next(struct row_walk *walk);
bool family_has(const struct family *family, enum weights_format format); // it has files of this format
const struct family *family_in_gguf(const struct family *family); // NULL: its models have no form in GGUF
// The name that keys of its files begin with.
const char *family_name(const struct family *family, enum weights_format format);
bool family_is(const struct family *family, enum weights_format format, struct str name);
// The first of this name; NULL: not a family quill runs.
const struct family *family_find(enum weights_format format, struct str name);
const struct family *family_at(size_t index);      // by place in the list; NULL: past the end

#endif
