// SPDX-License-Identifier: MIT
#include "characters.h"

#include <utf8proc.h>

#include "base/utf8.h"

static utf8proc_category_t category(uint32_t code) { return utf8proc_category((utf8proc_int32_t)code); }

bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || c == 0x3000 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f;
}

size_t white_space(const char *p, size_t n) {
    uint32_t code = 0;
    int length = n ? utf8_step(p, n, &code) : -1;
    return length > 0 && is_white_space(code) ? (size_t)length : 0;
}

// The bytes of the last character; an invalid byte counts alone.
static size_t last_length(const char *p, size_t n) {
    size_t length = 1;
    while (length < n && length < 4 && ((uint8_t)p[n - length] & 0xc0) == 0x80) length++;
    return n == 0 ? 0 : utf8_step(p + n - length, length, NULL) == (int)length ? length : 1;
}

size_t white_space_before(const char *p, size_t n) {
    size_t length = last_length(p, n);
    return length && white_space(p + n - length, length) == length ? length : 0;
}

bool is_mark(uint32_t code) {
    utf8proc_category_t c = category(code);
    return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_MC || c == UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(uint32_t code) { return category(code) == UTF8PROC_CATEGORY_MN; }

bool is_word_character(uint32_t code) {
    switch (category(code)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_PC: return true;
    default:
        return code == 0x200c || code == 0x200d || (code >= 0x24b6 && code <= 0x24e9) ||
               (code >= 0x1f130 && code <= 0x1f149) || (code >= 0x1f150 && code <= 0x1f169) ||
               (code >= 0x1f170 && code <= 0x1f189); // Alphabetic, though symbols
    }
}

bool is_other(uint32_t code) {
    utf8proc_category_t c = category(code);
    return c == UTF8PROC_CATEGORY_CC || c == UTF8PROC_CATEGORY_CF || c == UTF8PROC_CATEGORY_CO;
}

bool is_ideograph(uint32_t c) {
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
           (c >= 0x2f800 && c <= 0x2fa1f);
}

static bool is_word(const char *p, size_t n) {
    uint32_t code = 0;
    return n && utf8_step(p, n, &code) > 0 && is_word_character(code);
}

bool begins_with_word(const char *p, size_t n) { return is_word(p, n); }

bool ends_with_word(const char *p, size_t n) {
    size_t length = last_length(p, n);
    return is_word(p + n - length, length);
}
