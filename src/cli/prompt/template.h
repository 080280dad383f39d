// SPDX-License-Identifier: MIT
// A text with slots: {{name}}. A literal {{ is written {{{{. White space around a name is ignored; a name has no brace,
// control character or newline. {{{name}}} is a slot between braces.
#ifndef QUILL_CLI_PROMPT_TEMPLATE_H
#define QUILL_CLI_PROMPT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "quill/session.h"
#include "quill/tokenizer.h"

// The names of the slots of a file, in the order in which they first occur.
struct slots {
    char **names; // [n] owned
    size_t n;
};
int slots_find(const struct slots *slots, const char *name, size_t n); // -1: none of that name
void slots_free(struct slots *slots);

struct part {
    int slot;       // index among the slots; -1: literal text
    size_t at, n;   // for literal text: its place in `literal`
    size_t line;
};
struct template {
    struct part *parts; // [n], room for cap
    size_t n, cap;
    struct buffer literal;
};

// Appends text[0..n), whose first line is line `line` of the file `name`; adds its slots to `slots`. *t starts from
// zeros. Errors: QUILL_E_USAGE "NAME:LINE: ...". Call template_free even after a failure.
QUILL_MUST_CHECK quill_status template_add(struct template *t, struct slots *slots, const char *text, size_t n,
                                           const char *name, size_t line, quill_error *err);
void template_free(struct template *t);
bool template_uses(const struct template *t, size_t n_parts, int slot); // among the first n_parts
bool template_is_blank(const struct template *t);                       // no slot, only white space
void template_drop_newline(struct template *t);                         // removes one newline at its end
// A copy of the first n_parts parts in *out, which is empty. false: no memory.
bool template_copy(struct template *out, const struct template *t, size_t n_parts);
// Removes spaces and tabs from the end of the template's last literal text, and appends them to *blanks.
bool template_drop_blanks(struct template *t, struct buffer *blanks);

// A text made of the file's own words, which may hold special tokens, and of values, which never do.
struct rendered {
    struct buffer text; // all of it
    quill_span *values; // [n_values] the parts of `text` that are values, ascending, none of them empty
    size_t n_values, cap_values;
    bool is_chat;       // made by a chat template: BOS, if there is one, is in the text
    size_t n_prefix;    // bytes before the first value of an open slot: what all rows have in common
};
void rendered_free(struct rendered *r); // leaves zeros
bool rendered_add(struct rendered *r, const char *p, size_t n, bool value); // false: no memory

// Appends parts[begin..end); values[slot] for each slot among them.
bool template_render(struct rendered *r, const struct template *t, size_t begin, size_t end,
                     const quill_text *values);

#endif
