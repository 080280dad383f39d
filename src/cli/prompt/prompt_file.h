// SPDX-License-Identifier: MIT
// Prompt files: a text with slots, examples that precede the question, and settings.
//
// A file is untrusted: it sets only options of sampling and stopping, it reads examples only below its own folder, and
// values are not searched for slots or special tokens.
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
    char *name, *folder;          // as given; the folder that "%examples FILE" is relative to, NULL: none (stdin)
    struct slots slots;
    struct template preamble;     // n == 0: none
    struct template shot;         // n == 0: no %shot; the answer is its last slot
    struct template query;        // what follows the shots: the text after %end, else the shot cut before its answer
    int answer;                   // slot; -1: none
    size_t answer_line;           // of the answer slot
    struct buffer answer_lead;    // white space before the answer slot, which the query drops
    struct buffer separator, stop; // the default stop: the text after the answer, and the separator; empty: none
    struct buffer system;     // of %system
    size_t chat_line, system_line; // of %chat and %system; 0: none
    struct setting *settings;
    size_t n_settings;
    struct examples examples; // all of the file's examples, in its order
    size_t shot_line;         // line of %shot; 0: none
    size_t mixed_line;        // the first line whose ending differs from those before it; 0: none
};

// Reads `path` ("-": stdin; else the file, or the installed one with that name) and parses it. Errors: QUILL_E_USAGE
// "FILE:LINE: ...", QUILL_E_CONTEXT (longer than `limit`), QUILL_E_SYSTEM. *out is NULL after an error.
QUILL_MUST_CHECK quill_status prompt_file_open(struct prompt_file **out, const char *path, uint64_t limit,
                                               quill_error *err);
// The same from memory, which is copied; `folder` NULL: example files are refused.
QUILL_MUST_CHECK quill_status prompt_file_parse(struct prompt_file **out, const char *name, const char *folder,
                                                const char *text, size_t n, quill_error *err);
void prompt_file_free(struct prompt_file *f);

#endif
