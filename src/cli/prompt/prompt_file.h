// SPDX-License-Identifier: MIT
// Prompt files: a text with slots, examples that are put in front of the question, and settings.
//
//     struct prompt_file *f;
//     s = prompt_file_open(&f, path, limit, &err);             // parses; everything in it is checked
//     s = prompt_file_configure(f, o, &err);                   // %set into *o, -D, --shots, --shuffle
//     ... f->open[0..f->n_open): the slots that a row, -D input= or stdin has still to fill
//     s = prompt_file_render(f, values, &r, &err);             // values[n_open], in that order
//     s = rendered_encode(&ids, tokenizer, &r, &err);
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

    // by prompt_file_configure:
    quill_text *defined;          // [slots.n] values of -D; text NULL: not defined
    size_t *shots;                // [examples.n] in their order, or shuffled
    size_t n_shots;               // the first of them are put in front
    int *open;                    // [n_open] slots to be filled, in the order of their first use in the prompt
    size_t n_open;
    quill_text *stops;            // [n_stops] of %set stop
    size_t n_stops;
};

// Reads ("-": stdin; else the file, or the installed one of that name) and parses. Errors: QUILL_E_USAGE
// "FILE:LINE: ...", QUILL_E_CONTEXT (longer than `limit`), QUILL_E_SYSTEM. *out is NULL after an error.
QUILL_MUST_CHECK quill_status prompt_file_open(struct prompt_file **out, const char *path, uint64_t limit,
                                               quill_error *err);
// The same from memory, which is copied; `folder` NULL: files of examples are refused.
QUILL_MUST_CHECK quill_status prompt_file_parse(struct prompt_file **out, const char *name, const char *folder,
                                                const char *text, size_t n, quill_error *err);
void prompt_file_free(struct prompt_file *f);

// Puts the settings that the command line does not overrule into *o, which borrows their texts; takes -D, --shots and
// --shuffle from it. Errors: QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status prompt_file_configure(struct prompt_file *f, struct options *o, quill_error *err);
// Opens, configures and renders the file of -F for one prompt: of its slots none but {{input}}, which is stdin, may be
// open. *out and *r are to be freed after a failure too. Errors: QUILL_E_USAGE (an empty stdin), those of
// prompt_file_open.
QUILL_MUST_CHECK quill_status prompt_file_take(struct prompt_file **out, struct options *o, struct rendered *r,
                                               quill_error *err);

// The stops of a generation besides --stop: those of the file when there is no --stop; else, when no stop, stop-regex
// or line is set anywhere, the default stop, kept in *fallback. The number of *stops, which are borrowed from both.
size_t prompt_file_stops(const struct prompt_file *f, const struct options *o, const quill_text **stops,
                         quill_text *fallback);
// What ends an answer, for choose: the first of the stops that are in force (options' included), else "\n".
quill_text prompt_file_end(const struct prompt_file *f, const struct options *o);

// The prompt with the configured shots and values[n_open] for the open slots. r->n_prefix: what precedes the first open
// slot. Start from zeros or reuse; rendered_free in the end. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status prompt_file_render(const struct prompt_file *f, const quill_text *values,
                                                 struct rendered *r, quill_error *err);
// The same with other shots: shots[n] are indices of examples.
QUILL_MUST_CHECK quill_status prompt_file_render_shots(const struct prompt_file *f, const size_t *shots, size_t n,
                                                       const quill_text *values, struct rendered *r,
                                                       quill_error *err);
// The open slots' values and the answer of example i, for trying the examples themselves. values[n_open]. Errors:
// QUILL_E_USAGE when the example lacks one of them.
QUILL_MUST_CHECK quill_status prompt_file_example(const struct prompt_file *f, size_t i, quill_text *values,
                                                  quill_text *answer, quill_error *err);

// Which field of a row fills which open slot: fields[n_open], indices into row->fields. `names` NULL: in order. Errors:
// QUILL_E_USAGE naming the slot that no column fills.
QUILL_MUST_CHECK quill_status prompt_file_columns(const struct prompt_file *f, const quill_text *names, size_t n_names,
                                                  size_t *fields, quill_error *err);

// Token ids as prompt_encode makes them: special tokens in the file's own words become themselves, in values never.
QUILL_MUST_CHECK quill_status rendered_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer,
                                              const struct rendered *r, quill_error *err);

#endif
