// SPDX-License-Identifier: MIT
// Reads the vocabulary of a GGUF file or a Hugging Face directory for the tokenizer.
#ifndef QUILL_LOAD_VOCAB_H
#define QUILL_LOAD_VOCAB_H

#include "base/arena.h"
#include "base/error.h"
#include "formats/weights.h"
#include "ignored.h"
#include "tokenizer/tokenizer.h"

enum { MAX_EOS = 256 };

struct vocab {
    struct vocab_spec spec;      // strings borrowed from the file or from `owner`
    struct vocab_owner *owner;   // for a directory
    struct arena arena;
    int32_t eos[MAX_EOS];
    int32_t infill[3];
    bool appends_eos;            // a GGUF file puts the first of eos behind a text
    int32_t *suppressed;         // [spec.n_suppressed]
    size_t suppressed_cap;
    struct ignored ignored;
};

// QUILL_E_MODEL names the key, what was expected and what was found.
quill_status vocab_load(struct vocab *v, const struct weights *w, quill_error *err);
void vocab_free(struct vocab *v); // zeros are fine

// The two parts of vocab_load. `v` is empty except for v->spec.file.
quill_status vocab_load_gguf(struct vocab *v, const struct weights *w, quill_error *err);
quill_status vocab_load_folder(struct vocab *v, const struct weights *w, quill_error *err);
quill_status vocab_add_eos(struct vocab *v, int32_t id, quill_error *err); // adds an id only once
// Sets *has to whether a file's BOS or EOS id is a token; otherwise notes it as ignored. QUILL_E_SYSTEM: memory.
quill_status vocab_has_id(bool *has, struct vocab *v, const char *file, const char *key, int64_t id, quill_error *err);
// Takes an id of a file's list of tokens that are never to be drawn. QUILL_E_SYSTEM: memory.
quill_status vocab_suppress(struct vocab *v, const char *file, const char *key, int64_t id, quill_error *err);
const struct meta *vocab_array(const struct weights *w, const char *key, enum meta_kind kind); // NULL: no such array

// Writes the vocabulary of a directory as keys of a GGUF file. There every row of the embedding has a token, so padding
// rows and ids that the tokenizer skips get unused tokens. QUILL_E_MODEL: the vocabulary is damaged, or has a trait for
// which there is no key. *ignored, empty before, gets the BOS and EOS that are not written.
struct gguf_writer;
quill_status vocab_write(struct gguf_writer *g, const struct weights *w, int32_t rows, struct ignored *ignored,
                         quill_error *err);

#endif
