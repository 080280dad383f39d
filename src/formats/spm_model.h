// SPDX-License-Identifier: MIT
// tokenizer.model: SentencePiece's own file, a protobuf message (sentencepiece_model.proto), hostile until read.
#ifndef QUILL_FORMATS_SPM_MODEL_H
#define QUILL_FORMATS_SPM_MODEL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

// The numbers of the file.
enum spm_type { SPM_NORMAL = 1, SPM_UNKNOWN, SPM_CONTROL, SPM_USER_DEFINED, SPM_UNUSED, SPM_BYTE };
enum spm_algorithm { SPM_UNIGRAM = 1, SPM_BPE, SPM_WORD, SPM_CHAR };

struct spm_piece {
    struct str text; // borrowed from the file
    float score;
    enum spm_type type;
};

struct spm_model {
    struct spm_piece *pieces; // [n] by id
    size_t n, cap;
    int64_t algorithm;        // enum spm_algorithm, or another number
    int64_t unk, bos, eos;    // ids as the file has them; negative: none
    bool byte_fallback, suffix_spaces, dummy_prefix, merges_spaces, escapes_spaces;
    struct str charsmap;      // compiled normalization rules, borrowed; empty: none
};

// `file` is for messages. At most `most` pieces. QUILL_E_MODEL: it is no such message, or damaged. On failure *model is
// empty.
quill_status spm_model_read(struct spm_model *model, struct str bytes, size_t most, const char *file,
                            quill_error *err);
void spm_model_free(struct spm_model *model); // zeros are fine

#endif
