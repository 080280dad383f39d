// SPDX-License-Identifier: MIT
// JSON as a tree whose values know their places. Numbers stay as they are written: bounds are compared exactly, which
// a reader that makes doubles of them (Jansson) cannot do.
#ifndef QUILL_SAMPLER_CONSTRAINT_JSON_VALUE_H
#define QUILL_SAMPLER_CONSTRAINT_JSON_VALUE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

enum value_kind { VALUE_NULL, VALUE_FALSE, VALUE_TRUE, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };

struct schema;

struct value {
    enum value_kind kind;
    const struct value *parent; // NULL: the whole text
    struct str name;            // of a member of an object
    size_t index;               // of an element or member
    struct str text;            // a string, decoded; a number, as written
    struct value **items;       // [n] in the order of the text
    struct value **by_name;     // [n] of an object
    size_t n;
    struct schema *schema;      // what it says as a schema, once that was asked for
};

// Parses a text in an arena. Errors: QUILL_E_USAGE (at a byte), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status value_parse(struct value **out, struct arena *arena, struct str text, quill_error *err);
struct value *value_member(const struct value *object, struct str name); // NULL: it has none, or is no object
bool value_equal(const struct value *a, const struct value *b);          // 1, 1.0 and 10e-1 are equal
// Where the value stands, as a JSON pointer (RFC 6901). False: no memory.
bool value_path(struct buffer *out, const struct value *v);
// A string as JSON, with quotes and no more escapes than are needed. False: no memory.
bool value_quote(struct buffer *out, struct str text);

// A number: 0.DIGITS times 10^point.
struct decimal {
    bool negative;
    char *digits;  // [n] without zeros at either end; none: the number is 0
    size_t n;
    int64_t point;
};

// Reads a number of JSON. False: no memory, or *huge: its exponent has more than 18 digits.
bool decimal_read(struct decimal *d, struct arena *arena, struct str written, bool *huge);
int decimal_compare(const struct decimal *a, const struct decimal *b);
static inline bool decimal_is_integer(const struct decimal *d) { return d->point >= 0 && (uint64_t)d->point >= d->n; }

#endif
