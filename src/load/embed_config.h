// SPDX-License-Identifier: MIT
// What the files of a model say about its embeddings: those that sentence-transformers writes, or a GGUF key.
#ifndef QUILL_LOAD_EMBED_CONFIG_H
#define QUILL_LOAD_EMBED_CONFIG_H

#include "base/arena.h"
#include "formats/weights.h"
#include "quill/embed.h"

// The texts of the files; p NULL: there is no such file.
struct embed_files {
    struct str modules;   // modules.json
    struct str pooling;   // 1_Pooling/config.json
    struct str sentence;  // config_sentence_transformers.json
    struct str transformer; // sentence_bert_config.json
};

// Fills *out; strings are in the arena. `folder` is for messages. QUILL_E_MODEL: a file is damaged, or asks for what is
// not computed (several poolings at once, a Dense module), by name.
quill_status embed_config_parse(quill_embed_config *out, struct arena *arena, const struct embed_files *files,
                                const char *folder, quill_error *err);
// The same from an opened model.
quill_status embed_config_find(quill_embed_config *out, struct arena *arena, const struct weights *w, quill_error *err);

// Writes what a directory says as keys of a GGUF file. There is none for prompts.
struct gguf_writer;
quill_status embed_config_write(struct gguf_writer *g, const struct weights *w, const char *architecture,
                                quill_error *err);

#endif
