// SPDX-License-Identifier: MIT
// --suffix: the prompt is the text before a gap, and the model writes what stands between it and the text behind the
// gap.
#ifndef QUILL_CLI_RUN_SUFFIX_H
#define QUILL_CLI_RUN_SUFFIX_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "cli/prompt/prompt_use.h"
#include "quill/tokenizer.h"

// The text behind the gap, from --suffix; the caller frees `text`.
struct suffix {
    struct buffer text;
    bool wanted, special; // special tokens in it become themselves
};

// Errors: QUILL_E_USAGE (an escape).
QUILL_MUST_CHECK quill_status suffix_take(struct suffix *suffix, const struct options *o, quill_error *err);
void suffix_free(struct suffix *suffix); // zeros are fine

// QUILL_E_USAGE if an infill is wanted and the tokenizer has no tokens for it.
QUILL_MUST_CHECK quill_status suffix_check(const struct suffix *suffix, const quill_tokenizer *tokenizer,
                                           quill_error *err);
// The ids of a prompt, with its infill if one is wanted. `from_file`: the prompt is that of a prompt file.
// Errors: those of suffix_check, prompt_encode and rendered_encode.
QUILL_MUST_CHECK quill_status suffix_encode(struct prompt_ids *out, const struct suffix *suffix,
                                            const quill_tokenizer *tokenizer, const struct rendered *prompt,
                                            bool from_file, bool special, quill_error *err);
// --show-prompt: as prompt_show, with the tokens of an infill as they are spelled.
QUILL_MUST_CHECK quill_status suffix_show(const struct suffix *suffix, const struct options *o,
                                          const struct rendered *prompt, bool from_file, quill_error *err);

#endif
