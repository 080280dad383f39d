// SPDX-License-Identifier: MIT
// A long text, encoded by several threads in windows that end where the tokenizer allows a cut.
#ifndef QUILL_CLI_RUN_WINDOWS_H
#define QUILL_CLI_RUN_WINDOWS_H

#include "base/buffer.h"
#include "base/str.h"
#include "quill/tokenizer.h"

// A part of the text, with its ids as text: decimal, a space between two of them, and one in front unless the window is
// the first.
struct window {
    struct str text;
    bool first;
    quill_ids ids;
    struct buffer shown; // empty without `show`
    quill_status status;
    quill_error err;
};

struct windows {
    const quill_tokenizer *tokenizer;
    quill_special special;
    bool show;
    // Called for each window, in order.
    quill_status (*take)(void *user, const struct window *window, quill_error *err);
    void *user;
};

// Whether a text is long enough, and can be cut. threads: 0: as many as this process may use.
bool windows_pay(const quill_tokenizer *tokenizer, struct str text, int64_t threads);
// Errors: those of quill_encode and of `take`.
QUILL_MUST_CHECK quill_status windows_encode(const struct windows *w, struct str text, int64_t threads,
                                             quill_error *err);

#endif
