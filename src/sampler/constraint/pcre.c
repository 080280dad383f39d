// SPDX-License-Identifier: MIT
#include "pcre.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "sampler/limited_regex.h"

enum { MOST_BYTES = 64 * 1024 }; // of a pattern

struct pcre {
    struct limited_regex whole;    // a match must end at the end of the text
    struct limited_regex followed; // the pattern, then \z: what must end at the end PCRE2 does not match partially
};

void pcre_free(struct pcre *re) {
    if (!re) return;
    limited_regex_free(&re->whole);
    limited_regex_free(&re->followed);
    free(re);
}

static quill_status compile(struct limited_regex *p, struct str text, uint32_t options, quill_error *err) {
    struct regex_mistake mistake;
    quill_status s = limited_regex_compile(p, text, PCRE2_ANCHORED | options, &mistake, err);
    if (s != QUILL_E_USAGE) return s;
    if (mistake.at == SIZE_MAX) return fail(err, s, "regex: %s", mistake.reason);
    return fail_at(err, s, mistake.at, "regex: at %zu: %s", mistake.at, mistake.reason);
}

// Partially, ^ with (?m) would not match behind a newline at the end, as if nothing could follow it; so here it does.
// A quotation may be open at the end of the pattern, and, where white space and comments are skipped, a comment.
static quill_status compile_followed(struct limited_regex *p, struct str text, quill_error *err) {
    static const char *const ends[] = {"\\E)\\z", "\\E\n)\\z"};
    struct buffer all = {0};
    quill_status s = QUILL_E_USAGE;
    for (size_t i = 0; i < sizeof ends / sizeof *ends && s == QUILL_E_USAGE; i++) {
        all.n = 0;
        limited_regex_free(p);
        const bool ok = buffer_add_string(&all, "(?:") && buffer_add_str(&all, text) &&
                        buffer_add_string(&all, ends[i]);
        s = ok ? compile(p, buffer_str(&all), PCRE2_ALT_CIRCUMFLEX, err) : fail_memory(err);
    }
    buffer_free(&all);
    return s;
}

quill_status pcre_create(struct pcre **out, struct str pattern, quill_error *err) {
    if (pattern.n > MOST_BYTES)
        return fail(err, QUILL_E_USAGE, "regex: expected at most %d bytes, found %zu", MOST_BYTES, pattern.n);
    struct pcre *re = alloc_zeroed(1, sizeof *re);
    if (!re) return fail_memory(err);
    quill_status s = compile(&re->whole, pattern, PCRE2_ENDANCHORED, err);
    if (!s) s = compile_followed(&re->followed, pattern, err);
    if (s) pcre_free(re);
    else *out = re;
    return s;
}

static enum pcre_answer match(struct limited_regex *p, struct str text, uint32_t effort, uint32_t options) {
    pcre2_set_match_limit(p->limits, effort);
    const PCRE2_SPTR subject = (PCRE2_SPTR)(text.p ? text.p : "");
    const int rc = pcre2_match(p->code, subject, text.n, 0, options | PCRE2_NO_UTF_CHECK, p->data, p->limits);
    if (rc >= 0) return PCRE_YES;
    if (rc == PCRE2_ERROR_PARTIAL) return PCRE_PARTIAL;
    if (rc == PCRE2_ERROR_NOMATCH) return PCRE_NO;
    return rc == PCRE2_ERROR_NOMEMORY ? PCRE_MEMORY : PCRE_LIMIT;
}

enum pcre_answer pcre_matches(struct pcre *re, struct str text, uint32_t effort) {
    return match(&re->whole, text, effort, 0);
}

enum pcre_answer pcre_begins(struct pcre *re, struct str text, uint32_t effort) {
    return match(&re->followed, text, effort, PCRE2_PARTIAL_HARD);
}

// ---- sets of characters ---------------------------------------------------------------------------

enum { SURROGATES = 0xd800, BEHIND_SURROGATES = 0xe000 };

// All code points that a text can have, in order.
static bool put_every_character(struct buffer *text) {
    if (text->n) return true;
    if (!buffer_reserve(text, 4 * ((size_t)LAST_CODE + 1))) return false;
    for (uint32_t code = 0; code <= LAST_CODE; code++) {
        if (code == SURROGATES) code = BEHIND_SURROGATES;
        text->n += (size_t)utf8_write(text->p + text->n, code);
    }
    return true;
}

static uint32_t code_at(const struct buffer *text, size_t at) {
    uint32_t code = 0;
    utf8_step(text->p + at, text->n - at, &code);
    return code;
}

static size_t character_before(const struct buffer *text, size_t end) {
    do end--;
    while (((uint8_t)text->p[end] & 0xc0) == 0x80);
    return end;
}

// A run of matching characters is a range of code points.
static bool add_runs(struct char_set *set, const pcre2_code *code, pcre2_match_data *data, const struct buffer *text) {
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(data);
    for (size_t at = 0; at < text->n; at = range[1]) {
        const int rc = pcre2_match(code, (PCRE2_SPTR)text->p, text->n, at, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data,
                                   NULL);
        if (rc == PCRE2_ERROR_NOMATCH) return true;
        if (rc < 0) return false;
        if (!char_set_add(set, code_at(text, range[0]), code_at(text, character_before(text, range[1])))) return false;
    }
    return true;
}

bool pcre_char_set(struct char_set *set, const char *options, struct str pattern, struct buffer *characters) {
    struct buffer source = {0};
    int number;
    PCRE2_SIZE offset;
    pcre2_code *code = NULL;
    pcre2_match_data *data = NULL;
    bool ok = buffer_add_string(&source, options) && buffer_add_str(&source, pattern) &&
              buffer_add_byte(&source, '+') && put_every_character(characters);
    if (ok) code = pcre2_compile((PCRE2_SPTR)source.p, source.n, REGEX_OPTIONS, &number, &offset, NULL);
    if (code) data = pcre2_match_data_create(1, NULL);
    if (code) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // a failure costs time alone
    ok = data && add_runs(set, code, data, characters);
    if (ok) char_set_order(set);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    buffer_free(&source);
    return ok;
}
