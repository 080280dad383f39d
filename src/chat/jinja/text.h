// SPDX-License-Identifier: MIT
// Strings of templates, which know what of them came from outside (struct text), and how they are put together.
#ifndef QUILL_CHAT_JINJA_TEXT_H
#define QUILL_CHAT_JINJA_TEXT_H

#include "value.h"

struct run;

// A text being put together. Start from {.run = r}.
struct builder {
    struct run *run;
    char *p; // [n]
    size_t n, cap;
    quill_span *marks; // [n_marks]
    size_t n_marks, cap_marks;
    bool not_ascii;
};

// All return false when the run has failed.
bool build_bytes(struct builder *b, const char *p, size_t n);           // the template's
bool build_marked(struct builder *b, const char *p, size_t n, bool marked);
bool build_text(struct builder *b, const struct text *t);
bool build_part(struct builder *b, const struct text *t, size_t at, size_t n); // bytes of a text
static inline bool build_str(struct builder *b, struct str s) { return build_bytes(b, s.p, s.n); }
static inline bool build_string(struct builder *b, const char *s) { return build_bytes(b, s, strlen(s)); }
bool build_reserve(struct builder *b, size_t n); // room for so many bytes
// `times` times the bytes.
bool build_repeated(struct builder *b, const char *p, size_t n, size_t times);
const struct text *build_end(struct builder *b); // NULL: the run has failed
struct value build_value(struct builder *b);

// A text of bytes that are borrowed for as long as the run lasts.
const struct text *text_of(struct run *r, struct str s, bool marked);
struct value text_value(struct run *r, struct str s);
const struct text *text_part(struct run *r, const struct text *t, size_t at, size_t n); // bytes; shares them
bool text_marked_at(const struct text *t, size_t at); // whether this byte came from outside

// One character at byte `at`: its length, at least 1; the code point in *code, U+FFFD with *valid false for others.
size_t text_step(const struct text *t, size_t at, uint32_t *code, bool *valid);
size_t text_length(const struct text *t);                   // in characters
size_t text_offset(const struct text *t, size_t character); // the byte where a character begins; n at the end

// The first place of needle[0..n) in [from, t->n); SIZE_MAX: none. The last one likewise.
size_t text_find(const struct text *t, struct str needle, size_t from);
size_t text_find_last(const struct text *t, struct str needle);
// How many steps such a search counts as: the last place is searched for character by character.
size_t text_search_steps(const struct text *t, const struct text *needle, bool last);
// Where the line that begins at `at` ends, as splitlines() sees it, and where the next one begins.
size_t text_line_end(const struct text *t, size_t at, size_t *next);
// Without what strip() removes: blanks, or the characters of `set`.
const struct text *text_strip(struct run *r, const struct text *t, const struct text *set, bool left, bool right);

// Characters as Python's str sees them.
bool char_is_space(uint32_t code);
bool char_is_alpha(uint32_t code);
bool char_is_digit(uint32_t code);
bool char_is_upper(uint32_t code);
bool char_is_lower(uint32_t code);
bool char_is_printable(uint32_t code);
enum letter_case { TO_UPPER, TO_LOWER, TO_TITLE, TO_CAPITALIZED, TO_SWAPPED };
const struct text *text_recase(struct run *r, const struct text *t, enum letter_case how);
bool text_has_case(const struct text *t, bool upper); // islower() and isupper()
// str.replace; `count` below 0: all. An argument may be NULL if the run has failed.
struct value text_replace(struct run *r, const struct text *t, const struct text *old, const struct text *new,
                          int64_t count);
// Filled up to a width in characters: on the right (side -1), on the left (1), on both (0).
struct value text_padded(struct run *r, const struct text *t, int64_t width, const struct text *fill, int side);

#endif
