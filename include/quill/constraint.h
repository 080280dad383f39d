// SPDX-License-Identifier: MIT
// Constraints: texts that are generated so that they satisfy something.
//
//     quill_constraint *date = NULL;
//     s = quill_constraint_regex(&date, "\\d{4}-\\d\\d-\\d\\d", &err);
//     request.constraint = date;
//     if (!s) s = quill_generate(session, &request, &result, &err); // QUILL_STOP_REGEX, or QUILL_E_CONSTRAINT
//     quill_constraint_free(date);
//
// Of the tokens that the sampling chain leaves, only those are drawn with which the text can still come to satisfy the
// constraint; if there are none, the chain runs on the logits of all tokens with that property. Nothing of a text is
// passed on before it is complete.
#ifndef QUILL_CONSTRAINT_H
#define QUILL_CONSTRAINT_H

#include <stddef.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// It keeps what it learns of its patterns and of the vocabulary of the model it is used with, so one constraint is best
// used for many texts. It may serve many requests at once, but those of one session at a time; another model costs the
// time to read its vocabulary. One thread at a time.
typedef struct quill_constraint quill_constraint;
void quill_constraint_free(quill_constraint *constraint); // no request may be using it

// The whole text matches `pattern`, UTF-8 and NUL-terminated: a regular expression of PCRE2 with its options UTF and
// UCP. Matching begins with the text that is generated: nothing looks back at the prompt. Regular patterns cost little,
// and none of them can lead to a text that cannot be completed. With assertions, backreferences, atomic groups and
// recursion the text is matched partially with every token, and some patterns lead into a dead end. \K, \C, callouts
// and verbs are refused. Errors: QUILL_E_USAGE ("regex: at 5: ...": a mistake at byte 5, or no text matches),
// QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_constraint_regex(quill_constraint **out, const char *pattern, quill_error *err);

// The whole text belongs to a context-free grammar: `text`, UTF-8, in GBNF, the notation of llama.cpp; its rule `root`
// is the whole. Rules may refer to themselves anywhere, at their beginnings too; what is ambiguous costs some time, no
// text leads to a dead end, and what is repeated is counted, at most a billion times. Tokens (<token>, <[id]>) are
// refused. Errors: QUILL_E_USAGE ("grammar: line 3, column 8: ...", lines and characters from 1; also a rule without a
// definition, or of which there is no text), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_constraint_grammar(quill_constraint **out, const char *text, size_t n,
                                                       quill_error *err);

typedef struct quill_text {
    const char *text; // may hold NUL bytes
    size_t n;
} quill_text;

// The whole text is one of `choices` (UTF-8), to the byte. Errors: QUILL_E_USAGE (none, or no UTF-8), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status quill_constraint_choice(quill_constraint **out, const quill_text *choices, size_t n,
                                                      quill_error *err);

// The text is JSON (RFC 8259) that is valid under a schema, text[0..n): JSON Schema, draft 2020-12, as far as it is
// given here. The text is one line: behind a comma or a colon one blank may stand, and no other white space. The
// members of an object come in the order of `properties`, then those that are only required, then others.
//
//     any value  type (one or a list), enum, const, allOf, anyOf, $ref within the schema (JSON pointers, $anchor;
//                recursive too), nullable, true and false as schemas. oneOf if no value can satisfy two of its schemas.
//     objects    properties, required, additionalProperties, patternProperties, propertyNames (of strings, without
//                enum), minProperties, maxProperties. Members that properties does not list are allowed unless
//                additionalProperties forbids them; among these, a name may come twice.
//     arrays     prefixItems, items, minItems, maxItems
//     strings    minLength, maxLength (code points), pattern (ECMA-262 without assertions and backreferences; found
//                anywhere, unless it has ^ and $), format: date time date-time duration uuid email hostname ipv4 ipv6
//                uri json-pointer. No string has a NUL. Other formats of the draft are refused; names that it does
//                not know are notes.
//     numbers    minimum, maximum, exclusiveMinimum, exclusiveMaximum, as exact as they are written; multipleOf 1.
//                Integers have at most 18 digits, or as many as a bound asks for; exponents only without bounds.
//
// Notes such as title, description and default say nothing, nor do words that are no keywords. Other keywords (not, if,
// contains, uniqueItems, dependentRequired, unevaluatedProperties, ...) are refused by their names. Errors:
// QUILL_E_USAGE ("json-schema: /properties/a/pattern: ...": where a mistake is, or no value is valid), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status quill_constraint_json_schema(quill_constraint **out, const char *text, size_t n,
                                                           quill_error *err);
// Any JSON object. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status quill_constraint_json_object(quill_constraint **out, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
