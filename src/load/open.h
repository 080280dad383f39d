// SPDX-License-Identifier: MIT
// An opened model: file, weights, tokenizer and kernels.
#ifndef QUILL_LOAD_OPEN_H
#define QUILL_LOAD_OPEN_H

#include "formats/weights.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "quill/model.h"

struct quill_model {
    struct weights *weights;
    struct model *model;
    quill_tokenizer *tokenizer;
    const struct kernels *kernels;
    const char *cpu;    // level of the kernels in use
    const char *format; // "gguf" "hf" "builtin"
    char *name;
    bool chat_template;
    uint64_t mapped_bytes; // of the weights, from their beginning, that opening has brought into memory
};

// The name in the file, else the path's last part without ".gguf"; of a folder in Hugging Face's cache the name of the
// repository. Borrowed from the weights.
struct str weights_name(const struct weights *w);

#endif
