// SPDX-License-Identifier: MIT
#include "stop_regex.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "limited_regex.h"

struct stop_regex {
    struct limited_regex pattern;
};

void stop_regex_free(struct stop_regex *re) {
    if (!re) return;
    limited_regex_free(&re->pattern);
    free(re);
}

quill_status stop_regex_create(struct stop_regex **out, const char *pattern, quill_error *err) {
    struct stop_regex *re = alloc_zeroed(1, sizeof *re);
    struct regex_mistake mistake;
    if (!re) return fail_memory(err);
    quill_status s = limited_regex_compile(&re->pattern, str_of(pattern), PCRE2_MATCH_INVALID_UTF, &mistake, err);
    if (s == QUILL_E_USAGE && mistake.at == SIZE_MAX)
        fail(err, s, "stop regex '%s': %s", QUOTED(str_of(pattern)), mistake.reason);
    else if (s == QUILL_E_USAGE)
        fail(err, s, "stop regex '%s': %s (at byte %zu)", QUOTED(str_of(pattern)), mistake.reason, mistake.at);
    if (s) stop_regex_free(re);
    else *out = re;
    return s;
}

quill_status stop_regex_search(struct stop_regex *re, struct str text, size_t from, bool final, struct regex_hit *hit,
                               quill_error *err) {
    const struct limited_regex *p = &re->pattern;
    if (!final) text.n -= utf8_unfinished_tail(text.p, text.n);
    // PCRE2 must start at the beginning of a character, and no match begins within one.
    while (from < text.n && ((uint8_t)text.p[from] & 0xc0) == 0x80) from++;
    size_t next = from > text.n ? from : text.n;
    *hit = (struct regex_hit){.kind = REGEX_NOTHING, .begin = next, .end = next};
    if (from >= text.n) return QUILL_OK;
    uint32_t options = (from ? 0 : PCRE2_NOTEMPTY_ATSTART) | (final ? 0 : PCRE2_PARTIAL_HARD);
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, from, options, p->data, p->limits);
    if (rc == PCRE2_ERROR_NOMATCH) return QUILL_OK;
    if (rc < 0 && rc != PCRE2_ERROR_PARTIAL) {
        char reason[160];
        if (rc == PCRE2_ERROR_NOMEMORY) return fail_memory(err);
        pcre2_get_error_message(rc, (PCRE2_UCHAR *)reason, sizeof reason);
        return fail(err, QUILL_E_CONSTRAINT, "stop regex: %s at byte %zu of the text", reason, from);
    }
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(p->data);
    const bool partial = rc == PCRE2_ERROR_PARTIAL;
    const bool at_end = !partial && pcre2_get_startchar(p->data) >= text.n; // more text could extend an empty match
    if (at_end && final) return QUILL_OK;
    hit->kind = partial || at_end ? REGEX_POSSIBLE : REGEX_MATCH;
    hit->begin = range[0];
    hit->end = range[1] > range[0] ? range[1] : range[0]; // \K may put the begin after the end
    return QUILL_OK;
}
