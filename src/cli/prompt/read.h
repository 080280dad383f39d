// SPDX-License-Identifier: MIT
// From -f, stdin, -p and PROMPT to one text, and from the text to token ids.
#ifndef QUILL_CLI_PROMPT_READ_H
#define QUILL_CLI_PROMPT_READ_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "quill/tokenizer.h"

enum { NO_LIMIT = 0 }; // but what memory has room for, and 256 MiB from what is no file: a device may never end

// Appends all of a file ("-": stdin; may be a pipe), at most `limit` bytes: more is QUILL_E_CONTEXT, and with NO_LIMIT
// QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status read_file(struct buffer *out, const char *path, uint64_t limit, quill_error *err);

// On a terminal, where waiting for input looks like hanging: says that `what` is read from it. Nothing with -q.
void say_reading(const struct options *o, int fd, const char *what);

// A line that ends in a carriage return keeps it, as no line of a table does: said once, to a person or with -v, by the
// first such line. Nothing with -q.
void say_carriage_return(const struct options *o, bool *said, const char *line, size_t n);

// stdin is read for one thing alone: the prompt, or `use` ("the choices"). QUILL_E_USAGE when it has a use already.
QUILL_MUST_CHECK quill_status stdin_claim(struct options *o, const char *use, quill_error *err);
// The same when `path`, which may be NULL, is "-"; nothing for another.
QUILL_MUST_CHECK quill_status stdin_claim_by(struct options *o, const char *path, const char *use, quill_error *err);

// The one operand that is text, "-" (stdin) apart; NULL: none. More than one is QUILL_E_USAGE, with a hint to quote.
QUILL_MUST_CHECK quill_status text_operand(const struct options *o, const char **text, bool *dash, quill_error *err);

// Appends an argument; with -e its escapes are replaced. `source` names it in messages.
QUILL_MUST_CHECK quill_status add_argument(struct buffer *out, const struct options *o, const char *source,
                                           const char *argument, quill_error *err);

// The prompt: the files in the order given, stdin, then -p or PROMPT, joined by one newline. stdin is read for "-",
// when there is no other prompt, and with PROMPT when it is a pipe, a file or a socket; else it is not touched.
QUILL_MUST_CHECK quill_status prompt_read(struct buffer *out, const struct options *o, quill_error *err);

// Token ids of a prompt; free `ids`. *n_added: 1 when the first is a BOS (or, of an empty prompt, BOS else EOS) that
// is not in the text. With `begin` false nothing is added.
struct prompt_ids {
    int32_t *ids; // [n]
    size_t n, n_added;
};
bool ids_begin(quill_ids *list, int32_t first); // an empty list becomes one of one id; false: no memory
QUILL_MUST_CHECK quill_status prompt_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const char *text,
                                            size_t n, bool special, bool begin, quill_error *err);
// The same of a text that may hold special tokens anywhere but in some values.
QUILL_MUST_CHECK quill_status prompt_encode_values(struct prompt_ids *out, const quill_tokenizer *tokenizer,
                                                   const char *text, size_t n, const quill_span *values,
                                                   size_t n_values, quill_error *err);
// The text of stdin, without one newline at its end unless --keep-newline is given; *empty: there was nothing at all.
QUILL_MUST_CHECK quill_status prompt_read_stdin(struct buffer *out, const struct options *o, bool *empty,
                                                quill_error *err);
bool stdin_has_data(void); // it is a pipe, a file or a socket
// Prints what would be sent (--show-prompt), and nothing else.
QUILL_MUST_CHECK quill_status prompt_show(const struct options *o, const struct buffer *prompt, quill_error *err);

#endif
