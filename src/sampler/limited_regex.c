// SPDX-License-Identifier: MIT
#include "limited_regex.h"

#include <stdio.h>

enum {
    MOST_BYTES = 64 * 1024 + 16, // of a pattern and what stands around it
    COMPILED_BYTES = 1 << 20,
    NESTING = 100,
    DEPTH_LIMIT = 10000,
    HEAP_KIB = 32 * 1024,
};

void limited_regex_free(struct limited_regex *p) {
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    *p = (struct limited_regex){0};
}

static quill_status compile(struct limited_regex *p, struct str text, uint32_t options, struct regex_mistake *mistake,
                            quill_error *err) {
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) return fail_memory(err);
    pcre2_set_parens_nest_limit(context, NESTING);
    pcre2_set_max_pattern_length(context, MOST_BYTES);
    int number;
    PCRE2_SIZE offset, size;
    p->code = pcre2_compile((PCRE2_SPTR)text.p, text.n, REGEX_OPTIONS | options, &number, &offset, context);
    pcre2_compile_context_free(context);
    if (!p->code) {
        if (number == PCRE2_ERROR_HEAP_FAILED) return fail_memory(err);
        pcre2_get_error_message(number, (PCRE2_UCHAR *)mistake->reason, sizeof mistake->reason);
        mistake->at = offset;
        return QUILL_E_USAGE;
    }
    pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &size);
    if (size <= COMPILED_BYTES) return QUILL_OK;
    snprintf(mistake->reason, sizeof mistake->reason, "expected at most %d bytes when compiled, found %zu",
             COMPILED_BYTES, (size_t)size);
    mistake->at = SIZE_MAX;
    return QUILL_E_USAGE;
}

quill_status limited_regex_compile(struct limited_regex *p, struct str text, uint32_t options,
                                   struct regex_mistake *mistake, quill_error *err) {
    *p = (struct limited_regex){0};
    quill_status s = compile(p, text, options, mistake, err);
    if (s) return s;
    p->limits = pcre2_match_context_create(NULL);
    p->data = pcre2_match_data_create(1, NULL);
    if (!p->limits || !p->data) return fail_memory(err);
    pcre2_set_match_limit(p->limits, REGEX_EFFORT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_KIB);
    return QUILL_OK;
}
