// SPDX-License-Identifier: MIT
// A JSON schema (draft 2020-12), read: each subschema that can be reached, with its keywords.
#ifndef QUILL_SAMPLER_CONSTRAINT_SCHEMA_H
#define QUILL_SAMPLER_CONSTRAINT_SCHEMA_H

#include "json_value.h"

enum type_bit {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_FRACTION = 8, // numbers that are no integers
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_NUMBER = TYPE_INTEGER | TYPE_FRACTION,
    TYPE_ANY = 127,
};

struct bound {
    bool given, exclusive;
    struct decimal value;
};

struct schema_list {
    struct schema **items; // [n]
    size_t n;
};

#define UNLIMITED UINT64_MAX

struct schema {
    const struct value *at;
    uint32_t index;         // of schema_text.schemas
    bool never;             // no value satisfies it
    bool asserts;           // it has keywords of its own that count
    unsigned types;         // set of type_bit
    struct schema_list all; // of allOf, and of $ref
    struct schema_list any, one;
    const struct value *values, *constant; // enum, const
    struct bound least, most;              // of numbers
    uint64_t min_length, max_length;
    struct str pattern, format;            // p is NULL: none
    const struct value *pattern_at;
    struct schema_list prefix; // prefixItems
    struct schema *items;      // of other items; NULL: any
    uint64_t min_items, max_items;
    const struct value *properties, *patterns, *required; // objects and a list as written; NULL: none
    struct schema *additional, *names;                    // additionalProperties, propertyNames; NULL: any
    uint64_t min_properties, max_properties;
    unsigned mark; // of the search for circles
};

// All of them.
struct schema_text {
    struct arena arena;
    struct value *root;
    struct schema **schemas; // [n] in the order in which they are reached
    size_t n, cap;
};

// Reads a schema. Call schema_text_free even after a failure. Errors: QUILL_E_USAGE ("json-schema: PATH: ..."),
// QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status schema_text_read(struct schema_text *t, struct str text, quill_error *err);
void schema_text_free(struct schema_text *t);

// A mistake at a place of the schema: "json-schema: PATH: ...".
__attribute__((format(printf, 3, 4))) quill_status schema_refuse(const struct value *at, quill_error *err,
                                                                 const char *format, ...);

// ---- for the reader's own files ----

// The schema at a value, which is read later if it is new. NULL: no memory.
struct schema *schema_at(struct schema_text *t, struct value *v);
// Finds what a $ref refers to.
QUILL_MUST_CHECK quill_status schema_resolve(struct schema_text *t, const struct value *ref, struct value **target,
                                             quill_error *err);

#endif
