// SPDX-License-Identifier: MIT
// Prompt files: a text with slots, examples that are put in front of the question, and settings.
//
// A file is untrusted: it sets the options of sampling and stopping and no others, it reads examples only below its
// own folder, and values are neither scanned for slots nor for special tokens.
#ifndef QUILL_CLI_PROMPT_PROMPT_FILE_H
#define QUILL_CLI_PROMPT_PROMPT_FILE_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "examples.h"
#include "quill/session.h"
#include "read.h"
#include "template.h"

// A line `%set NAME VALUE`.
struct setting {
    const struct option_row *row;
    struct buffer value; // followed by a NUL
    size_t line;
};

struct prompt_file {
    char *name, *folder;          // as given; what "%examples FILE" is relative to, NULL: nothing (stdin)
    struct slots slots;
    struct template preamble;     // n == 0: none
    struct template shot;         // n == 0: no %shot; the answer is its last slot
    struct template query;        // what follows the shots: the text after %end, else the shot cut before its answer
    int answer;                   // slot; -1: none
    size_t answer_line;           // of the answer slot
    struct buffer answer_lead;    // blanks that stood before the answer slot, which the query lost
    struct buffer separator, stop; // the default stop: what follows the answer, and the separator; empty: none
    struct setting *settings;
    size_t n_settings;
    struct examples examples; // all of the file, in its order
    size_t shot_line;         // of %shot; 0: none
    size_t mixed_line;        // the first one that ends in another way than those before it; 0: none
};

// Reads ("-": stdin; else the file, or the installed one of that name) and parses. Errors: QUILL_E_USAGE
// "FILE:LINE: ...", QUILL_E_CONTEXT (longer than `limit`), QUILL_E_SYSTEM. *out is NULL after an error.
QUILL_MUST_CHECK quill_status prompt_file_open(struct prompt_file **out, const char *path, uint64_t limit,
                                               quill_error *err);
// The same from memory, which is copied; `folder` NULL: files of examples are refused.
QUILL_MUST_CHECK quill_status prompt_file_parse(struct prompt_file **out, const char *name, const char *folder,
                                                const char *text, size_t n, quill_error *err);
void prompt_file_free(struct prompt_file *f);

#endif
