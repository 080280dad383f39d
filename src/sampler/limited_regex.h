// SPDX-License-Identifier: MIT
// PCRE2 under limits. Patterns come from outside: their size is limited when they are compiled, and their effort when
// they are matched; hitting a limit is an error, never "no match".
//
// Matched by the interpreter: just-in-time code counts its effort differently, so the point where a limit is hit
// would depend on the machine.
#ifndef QUILL_SAMPLER_LIMITED_REGEX_H
#define QUILL_SAMPLER_LIMITED_REGEX_H

#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"

#define REGEX_OPTIONS (PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C) // of every pattern

enum { REGEX_EFFORT = 100000 }; // PCRE2's match limit

// Zeros are no pattern.
struct limited_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data; // of the whole match alone
};

// What is wrong with a pattern.
struct regex_mistake {
    size_t at;        // byte; SIZE_MAX: the whole pattern
    char reason[160]; // fits behind a name: "missing closing parenthesis"
};

// Compiles a pattern with REGEX_OPTIONS and these options. QUILL_E_USAGE: only *mistake is filled. QUILL_E_SYSTEM:
// *err is. Call limited_regex_free in any case.
QUILL_MUST_CHECK quill_status limited_regex_compile(struct limited_regex *p, struct str text, uint32_t options,
                                                    struct regex_mistake *mistake, quill_error *err);
void limited_regex_free(struct limited_regex *p);

#endif
