// SPDX-License-Identifier: MIT
#include "ecma.h"
#include "nfa_ops.h"
#include "regex_build.h"
#include "sampler/limited_regex.h"

// What ECMA-262 and PCRE2 read alike, such as parentheses, PCRE2 checks.
static quill_status check(struct str translated, quill_error *err) {
    struct limited_regex compiled = {0};
    struct regex_mistake mistake;
    quill_status s = limited_regex_compile(&compiled, translated, 0, &mistake, err);
    limited_regex_free(&compiled);
    return s == QUILL_E_USAGE ? fail(err, s, "%s", mistake.reason) : s;
}

quill_status nfa_search(struct nfa *out, struct str pattern, quill_error *err) {
    struct buffer translated = {0};
    *out = (struct nfa){0};
    quill_status s = ecma_translate(&translated, pattern, err);
    if (!s) s = check(buffer_str(&translated), err);
    if (!s) s = nfa_create_anywhere(out, buffer_str(&translated), err);
    buffer_free(&translated);
    return s;
}
