// SPDX-License-Identifier: MIT
// Joins -f, stdin, -p and PROMPT to one text, and encodes it.
#ifndef QUILL_CLI_PROMPT_READ_H
#define QUILL_CLI_PROMPT_READ_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "quill/tokenizer.h"

enum { NO_LIMIT = 0 }; // limited by memory, and to 256 MiB if not a regular file: a device may never end

// Appends a whole file ("-": stdin; may be a pipe) of at most `limit` bytes; a longer one is QUILL_E_CONTEXT, with
// NO_LIMIT QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status read_file(struct buffer *out, const char *path, uint64_t limit, quill_error *err);
// The same from a file that is open; `name` is for messages.
QUILL_MUST_CHECK quill_status read_descriptor(struct buffer *out, int fd, const char *name, uint64_t limit,
                                              quill_error *err);

// Whether a value of --json-schema is the schema, which begins with {, behind white space if there is any (RFC 8259),
// and not the name of its file.
bool is_schema_text(const char *value);
// Appends the text of a constraint, from a file that is open; one that no constraint may have the length of is
// QUILL_E_USAGE. `row` is the option that wants it.
QUILL_MUST_CHECK quill_status read_constraint(struct buffer *out, int fd, const char *name,
                                              const struct option_row *row, quill_error *err);

// If `fd` is a terminal, prints that `what` is read from it, since waiting for input looks like hanging. Nothing with
// -q.
void say_reading(const struct options *o, int fd, const char *what);

// A line that ends in a carriage return keeps it, unlike a line of a table. Prints a note about the first such line, to
// a terminal or with -v. Nothing with -q.
void say_carriage_return(const struct options *o, bool *said, const char *line, size_t n);

// stdin is read for only one thing: the prompt, or `use` ("the choices"). QUILL_E_USAGE if it already has a use.
QUILL_MUST_CHECK quill_status stdin_claim(struct options *o, const char *use, quill_error *err);
// The same if `path`, which may be NULL, is "-"; otherwise nothing.
QUILL_MUST_CHECK quill_status stdin_claim_by(struct options *o, const char *path, const char *use, quill_error *err);

// The one operand that is text, not counting "-" (stdin); NULL: none. More than one is QUILL_E_USAGE, with a hint to
// quote.
QUILL_MUST_CHECK quill_status text_operand(const struct options *o, const char **text, bool *dash, quill_error *err);

// Appends an argument; with -e its escapes are replaced. `source` names it in messages.
QUILL_MUST_CHECK quill_status add_argument(struct buffer *out, const struct options *o, const char *source,
                                           const char *argument, quill_error *err);

// The prompt: the files in the order given, stdin, then -p or PROMPT, joined by one newline. stdin is read for "-", if
// there is no other prompt, and with PROMPT if it is a pipe, a file or a socket; otherwise it is not read.
QUILL_MUST_CHECK quill_status prompt_read(struct buffer *out, const struct options *o, quill_error *err);
// --max-prompt-bytes, of the whole prompt; prompt_read has checked it.
QUILL_MUST_CHECK quill_status prompt_check_length(const struct options *o, const struct buffer *prompt,
                                                  quill_error *err);

// Token ids of a prompt; the caller frees `ids`. n_added: 1 if the first id is a BOS (for an empty prompt BOS, else
// EOS) that is not in the text. With `begin` false nothing is added.
struct prompt_ids {
    int32_t *ids; // [n]
    size_t n, n_added;
};
bool ids_begin(quill_ids *list, int32_t first); // an empty list becomes one of one id; false: no memory
QUILL_MUST_CHECK quill_status prompt_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const char *text,
                                            size_t n, bool special, bool begin, quill_error *err);
// The same for a text that may hold special tokens anywhere except in some values.
QUILL_MUST_CHECK quill_status prompt_encode_values(struct prompt_ids *out, const quill_tokenizer *tokenizer,
                                                   const char *text, size_t n, const quill_span *values,
                                                   size_t n_values, quill_error *err);
// The text of stdin, without one final newline unless --keep-newline is given; *empty: stdin had no bytes at all.
QUILL_MUST_CHECK quill_status prompt_read_stdin(struct buffer *out, const struct options *o, bool *empty,
                                                quill_error *err);
bool stdin_has_data(void); // stdin is a pipe, a file or a socket
// Prints only the prompt (--show-prompt).
QUILL_MUST_CHECK quill_status prompt_show(const struct options *o, const struct buffer *prompt, quill_error *err);

#endif
