// SPDX-License-Identifier: MIT
// The tokenizer files of a Hugging Face directory.
#ifndef QUILL_LOAD_VOCAB_FILES_H
#define QUILL_LOAD_VOCAB_FILES_H

#include "base/error.h"
#include "ignored.h"
#include "tokenizer/spec.h"

// The vocab_spec of a Hugging Face directory, from the bytes of its files (missing ones have n == 0): tokenizer.json,
// or tokenizer.model, or vocab.json + merges.txt, to which older folders add added_tokens.json and
// special_tokens_map.json. The spec's arrays and strings live in the files' bytes and in the returned owner, until
// vocab_owner_free.
struct vocab_files {
    const char *directory;        // for messages
    struct str tokenizer_json, tokenizer_model, vocab_json, merges_txt, tokenizer_config_json, special_tokens_map_json;
    struct str added_tokens_json;
    struct ignored *ignored;      // gets names that are not tokens; NULL: not wanted
};
struct vocab_owner;
quill_status vocab_from_files(struct vocab_spec *spec, struct vocab_owner **owner, const struct vocab_files *files,
                              quill_error *err);
void vocab_owner_free(struct vocab_owner *owner);

#endif
