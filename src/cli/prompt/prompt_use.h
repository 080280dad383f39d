// SPDX-License-Identifier: MIT
// One use of a prompt file, with the values, examples and settings of a command line.
//
//     struct prompt_use *u;
//     s = prompt_use_open(&u, path, o, &err);                  // %set into *o, -D, --shots, --shuffle
//     ... u->open[0..u->n_open): the slots that a row, -D input= or stdin must still fill
//     s = prompt_use_render(u, values, &r, &err);              // values[n_open], in that order
//     s = rendered_encode(&ids, tokenizer, &r, &err);
#ifndef QUILL_CLI_PROMPT_PROMPT_USE_H
#define QUILL_CLI_PROMPT_PROMPT_USE_H

#include "prompt_file.h"
#include "quill/chat.h"

struct prompt_use {
    struct prompt_file *file; // owned
    quill_text *defined;      // [slots.n] values of -D; text NULL: not defined
    size_t *shots;            // [examples.n] indices of examples, in order or shuffled
    size_t n_shots;           // how many of them, from the first, precede the question
    int *open;                // [n_open] slots to fill, in the order of their first use in the prompt
    size_t n_open;
    struct buffer input; // what stdin fills the open slot with
    const quill_chat_template *template; // of a file with %chat, for rendering; borrowed
    const char *variables; // of that template, as JSON; NULL: none; borrowed
    bool no_thinking; // the answers of that chat are constrained
    quill_text *stops; // [n_stops] of %set stop
    size_t n_stops;
    struct buffer grammar, schema; // of %set grammar and json-schema
};

// Takes ownership of `file`, even on failure. Copies the settings that the command line does not override into *o,
// which borrows their texts; uses its -D, --shots and --shuffle. Errors: QUILL_E_USAGE. *out is NULL after an error.
QUILL_MUST_CHECK quill_status prompt_use_begin(struct prompt_use **out, struct prompt_file *file, struct options *o,
                                               quill_error *err);
// The same with the file at `path`. Errors: also those of prompt_file_open.
QUILL_MUST_CHECK quill_status prompt_use_open(struct prompt_use **out, const char *path, struct options *o,
                                              quill_error *err);
void prompt_use_free(struct prompt_use *u); // NULL is fine

// Opens and renders the file of -F for one prompt: only {{input}}, which stdin fills, may be open. A file with %chat is
// not rendered yet. The caller frees *out and *r, even after a failure. Errors: QUILL_E_USAGE (an empty stdin), those
// of prompt_file_open.
QUILL_MUST_CHECK quill_status prompt_use_take(struct prompt_use **out, struct options *o, struct rendered *r,
                                              quill_error *err);

// Renders the prompt of prompt_use_take, once the template is there; without one, QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status prompt_use_render_taken(const struct prompt_use *u, const struct options *o,
                                                      struct rendered *r, quill_error *err);
static inline bool prompt_use_is_chat(const struct prompt_use *u) { return u && u->file->chat_line; }

// The stops of a generation besides --stop: those of the file if there is no --stop; or, if no stop, stop-regex or line
// is set anywhere, the default stop, kept in *fallback. Returns the number of *stops, which are borrowed from both.
size_t prompt_use_stops(const struct prompt_use *u, const struct options *o, const quill_text **stops,
                        quill_text *fallback);
// The text that ends an answer, for choose: the first stop in effect (including those of options), else "\n".
quill_text prompt_use_end(const struct prompt_use *u, const struct options *o);

// Renders the prompt with the configured shots and values[n_open] for the open slots. r->n_prefix: bytes before the
// first open slot. *r starts from zeros or is reused; call rendered_free at the end. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status prompt_use_render(const struct prompt_use *u, const quill_text *values,
                                                struct rendered *r, quill_error *err);
// The same with other shots: shots[n] are indices of examples.
QUILL_MUST_CHECK quill_status prompt_use_render_shots(const struct prompt_use *u, const size_t *shots, size_t n,
                                                      const quill_text *values, struct rendered *r, quill_error *err);
// The open slots' values[n_open] and the answer of example i, to ask about the examples themselves. Errors:
// QUILL_E_USAGE if the example lacks one of them.
QUILL_MUST_CHECK quill_status prompt_use_example(const struct prompt_use *u, size_t i, quill_text *values,
                                                 quill_text *answer, quill_error *err);

// Which field of a row fills which open slot: fields[n_open], indices into row->fields. `names` NULL: in order.
// QUILL_E_USAGE names a slot that no column fills.
QUILL_MUST_CHECK quill_status prompt_use_columns(const struct prompt_use *u, const quill_text *names, size_t n_names,
                                                 size_t *fields, quill_error *err);

// Token ids as in prompt_encode: special tokens in the file's own text become themselves, in values never.
QUILL_MUST_CHECK quill_status rendered_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer,
                                              const struct rendered *r, quill_error *err);

#endif
