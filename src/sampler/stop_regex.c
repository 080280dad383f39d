// SPDX-License-Identifier: MIT
#include "stop_regex.h"

#include <stdint.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/alloc.h"
#include "base/utf8.h"

enum {
    PATTERN_LENGTH = 64 * 1024, // bytes
    COMPILED_BYTES = 1 << 20,
    NESTING = 100,
    MATCH_LIMIT = 100000,
    DEPTH_LIMIT = 10000,
    HEAP_KIB = 32 * 1024,
};

// Matched by the interpreter: just-in-time code counts its effort differently, so the point where a limit is hit would
// depend on the machine.
struct stop_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

void stop_regex_free(struct stop_regex *re) {
    if (!re) return;
    pcre2_match_data_free(re->data);
    pcre2_match_context_free(re->limits);
    pcre2_code_free(re->code);
    free(re);
}

static quill_status compile(pcre2_code **code, const char *pattern, quill_error *err) {
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) return fail_memory(err);
    pcre2_set_parens_nest_limit(context, NESTING);
    pcre2_set_max_pattern_length(context, PATTERN_LENGTH);
    int number;
    PCRE2_SIZE offset, size;
    *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &number, &offset,
                          context);
    pcre2_compile_context_free(context);
    if (!*code) {
        char reason[160];
        if (number == PCRE2_ERROR_HEAP_FAILED) return fail_memory(err);
        pcre2_get_error_message(number, (PCRE2_UCHAR *)reason, sizeof reason);
        return fail(err, QUILL_E_USAGE, "stop regex '%s': %s (at byte %zu)", QUOTED(str_of(pattern)), reason,
                    (size_t)offset);
    }
    pcre2_pattern_info(*code, PCRE2_INFO_SIZE, &size);
    if (size <= COMPILED_BYTES) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "stop regex '%s': expected at most %d bytes when compiled, found %zu",
                QUOTED(str_of(pattern)), COMPILED_BYTES, (size_t)size);
}

quill_status stop_regex_create(struct stop_regex **out, const char *pattern, quill_error *err) {
    struct stop_regex *re = alloc_zeroed(1, sizeof *re);
    if (!re) return fail_memory(err);
    quill_status s = compile(&re->code, pattern, err);
    if (!s) {
        re->limits = pcre2_match_context_create(NULL);
        re->data = pcre2_match_data_create(1, NULL); // the whole match alone
        if (!re->limits || !re->data) s = fail_memory(err);
    }
    if (s) {
        stop_regex_free(re);
        return s;
    }
    pcre2_set_match_limit(re->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(re->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(re->limits, HEAP_KIB);
    *out = re;
    return QUILL_OK;
}

quill_status stop_regex_search(struct stop_regex *re, struct str text, size_t from, bool final, struct regex_hit *hit,
                               quill_error *err) {
    if (!final) text.n -= utf8_unfinished_tail(text.p, text.n);
    // PCRE2 must start at the beginning of a character, and no match begins within one.
    while (from < text.n && ((uint8_t)text.p[from] & 0xc0) == 0x80) from++;
    size_t next = from > text.n ? from : text.n;
    *hit = (struct regex_hit){.kind = REGEX_NOTHING, .begin = next, .end = next};
    if (from >= text.n) return QUILL_OK;
    uint32_t options = (from ? 0 : PCRE2_NOTEMPTY_ATSTART) | (final ? 0 : PCRE2_PARTIAL_HARD);
    int rc = pcre2_match(re->code, (PCRE2_SPTR)text.p, text.n, from, options, re->data, re->limits);
    if (rc == PCRE2_ERROR_NOMATCH) return QUILL_OK;
    if (rc < 0 && rc != PCRE2_ERROR_PARTIAL) {
        char reason[160];
        if (rc == PCRE2_ERROR_NOMEMORY) return fail_memory(err);
        pcre2_get_error_message(rc, (PCRE2_UCHAR *)reason, sizeof reason);
        return fail(err, QUILL_E_CONSTRAINT, "stop regex: %s at byte %zu of the text", reason, from);
    }
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(re->data);
    const bool partial = rc == PCRE2_ERROR_PARTIAL;
    const bool at_end = !partial && pcre2_get_startchar(re->data) >= text.n; // more text could extend an empty match
    if (at_end && final) return QUILL_OK;
    hit->kind = partial || at_end ? REGEX_POSSIBLE : REGEX_MATCH;
    hit->begin = range[0];
    hit->end = range[1] > range[0] ? range[1] : range[0]; // \K may put the begin after the end
    return QUILL_OK;
}
