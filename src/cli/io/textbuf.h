// SPDX-License-Identifier: MIT
// Bytes on their way in or out: a growable run of them, UTF-8, and the forms in which they are shown.
#ifndef QUILL_CLI_IO_TEXTBUF_H
#define QUILL_CLI_IO_TEXTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A growable run of bytes; may hold NULs. Zeros are an empty one; text_free makes it empty again.
struct text {
    char *p; // [n], room for cap
    size_t n, cap;
};

// All that add return false when there is no memory; the text is then unchanged, or ends early.
bool text_reserve(struct text *t, size_t more);
bool text_add(struct text *t, const void *bytes, size_t n);
bool text_add_string(struct text *t, const char *string);
__attribute__((format(printf, 2, 3))) bool text_add_format(struct text *t, const char *format, ...);
bool text_add_number(struct text *t, uint64_t number); // decimal
// A number with so many decimal places; -inf, inf and nan.
bool text_add_decimal(struct text *t, double value, int places);
// A field of a line: \\ \n \t \r, everything else as it is.
bool text_add_escaped(struct text *t, const char *p, size_t n);
void text_free(struct text *t);

// One step over p[0..n), n > 0: the length of a valid UTF-8 character, 1..4; or minus the number of bytes, 1..3, that
// one U+FFFD replaces (Unicode 15.0, section 3.9: maximal subparts).
int text_utf8_step(const char *p, size_t n);
// How many bytes at the end of p[0..n) may be the beginning of a character that is not finished: 0..3.
size_t text_utf8_tail(const char *p, size_t n);

enum visible {
    VISIBLE_TERMINAL, // newline and tab stay; every other control character, bidirectional control and byte that is no
                      // UTF-8 becomes \xHH
    VISIBLE_PIECE,    // a field of a line: \\ \n \t \r; control characters and bytes that are no UTF-8 become \xHH
    VISIBLE_MESSAGE,  // as on a terminal, without exceptions
};
bool text_add_visible(struct text *t, const char *p, size_t n, enum visible how);

// Bytes that are no UTF-8 become U+FFFD.
bool text_add_utf8(struct text *t, const char *p, size_t n);

// A copy for messages in a caller's buffer: VISIBLE_MESSAGE, cut to 80 bytes. QUOTED(string) is an expression.
struct quoted_text {
    char p[96];
};
const char *text_quoted(struct quoted_text *out, const char *p, size_t n);
#define QUOTED(string) text_quoted(&(struct quoted_text){{0}}, (string), strlen(string))

// Replaces \n \t \r \\ \" \xHH in string[0..n), appending to t; *bad: where an unknown escape stands, or n.
bool text_add_unescaped(struct text *t, const char *string, size_t n, size_t *bad);

#endif
