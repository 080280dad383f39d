// SPDX-License-Identifier: MIT
#include "show.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/utf8.h"

// The eight decimal digits of a number below 10^8, a byte each, the highest first in memory. Without a branch: ids have
// any number of digits.
static uint64_t eight_digits(uint32_t number) {
    uint64_t v = number / 10000 | (uint64_t)(number % 10000) << 32, high;
    high = (v * 10486 >> 20) & 0x7f0000007f; // v / 100, v < 10^4
    v = high | (v - 100 * high) << 16;
    high = (v * 103 >> 10) & 0xf000f000f000f; // v / 10, v < 100
    return high | (v - 10 * high) << 8;
}

bool show_number(struct buffer *t, uint64_t number) {
    if (number >= 100000000) return buffer_add_format(t, "%" PRIu64, number);
    if (!buffer_reserve(t, 8)) return false;
    const uint64_t digits = eight_digits((uint32_t)number);
    const int zeros = __builtin_ctzll(digits | 1ull << 56) / 8; // in front, but not the last digit
    store_u64(t->p + t->n, (digits + 0x3030303030303030) >> 8 * zeros);
    t->n += (size_t)(8 - zeros);
    return true;
}

bool show_decimal(struct buffer *t, double value, int places) {
    if (isnan(value)) return buffer_add_string(t, "nan");
    if (isinf(value)) return buffer_add_string(t, value < 0 ? "-inf" : "inf");
    return buffer_add_format(t, "%.*f", places, value);
}

bool show_float(struct buffer *t, float value) {
    enum { EXACT_DIGITS = 9 }; // of a float, in any case
    char text[32];
    if (!isfinite(value)) return show_decimal(t, (double)value, 0);
    // %g drops zeros, so that six digits are fewer where fewer do.
    for (int digits = 6; digits <= EXACT_DIGITS; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    return buffer_add_string(t, text);
}

// C0, DEL, C1: the characters that a field of a line cannot hold.
static bool is_control(uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

static bool add_hex(struct buffer *t, const char *p, int n) {
    for (int i = 0; i < n; i++)
        if (!buffer_add_format(t, "\\x%02x", (unsigned)(uint8_t)p[i])) return false;
    return true;
}

// One character that fields of a line write as a backslash and a letter: the letter, else 0.
static char letter_of(char c) {
    switch (c) {
    case '\\': return '\\';
    case '\n': return 'n';
    case '\t': return 't';
    case '\r': return 'r';
    default: return 0;
    }
}

bool show_escaped(struct buffer *t, const char *p, size_t n) {
    while (n) {
        size_t plain = 0;
        while (plain < n && !letter_of(p[plain])) plain++;
        if (!buffer_add(t, p, plain)) return false;
        if (plain == n) break;
        if (!buffer_add(t, (char[]){'\\', letter_of(p[plain])}, 2)) return false;
        p += plain + 1;
        n -= plain + 1;
    }
    return true;
}

bool show_visible(struct buffer *t, const char *p, size_t n, enum visible how) {
    for (bool ok; n;) {
        uint32_t code = 0;
        int step = utf8_step(p, n, &code), length = abs(step);
        char letter = how == VISIBLE_PIECE ? letter_of(*p) : 0;
        if (letter)
            ok = buffer_add(t, (char[]){'\\', letter}, 2);
        else if (how == VISIBLE_TERMINAL && (*p == '\n' || *p == '\t'))
            ok = buffer_add(t, p, 1);
        else if (step < 0 || (how == VISIBLE_PIECE ? is_control(code) : is_obeyed(code)))
            ok = add_hex(t, p, length);
        else
            ok = buffer_add(t, p, (size_t)length);
        if (!ok) return false;
        p += length;
        n -= (size_t)length;
    }
    return true;
}

bool show_utf8(struct buffer *t, const char *p, size_t n) {
    while (n) {
        int step = utf8_step(p, n, NULL), length = abs(step);
        if (!(step > 0 ? buffer_add(t, p, (size_t)length) : buffer_add(t, UTF8_REPLACEMENT, 3))) return false;
        p += length;
        n -= (size_t)length;
    }
    return true;
}

bool show_unescaped(struct buffer *t, const char *string, size_t n, size_t *bad) {
    static const char from[] = "ntr\\\"", to[] = "\n\t\r\\\"";
    _Static_assert(sizeof from == sizeof to, "every letter has a meaning");
    *bad = n;
    for (size_t i = 0; i < n; i++) {
        char c = string[i];
        if (c == '\\') {
            char next = i + 1 < n ? string[i + 1] : 0;
            const char *known = next ? strchr(from, next) : NULL;
            int high = next == 'x' && i + 3 < n ? hex_value(string[i + 2]) : -1;
            int low = high >= 0 ? hex_value(string[i + 3]) : -1;
            if (known) {
                c = to[known - from];
                i += 1;
            } else if (low >= 0) {
                c = (char)(high * 16 + low);
                i += 3;
            } else {
                *bad = i;
                return true;
            }
        }
        if (!buffer_add(t, &c, 1)) return false;
    }
    return true;
}
