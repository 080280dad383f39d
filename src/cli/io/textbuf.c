// SPDX-License-Identifier: MIT
#include "textbuf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_reserve(struct text *t, size_t more) {
    size_t need, cap;
    if (__builtin_add_overflow(t->n, more, &need)) return false;
    if (need <= t->cap) return true;
    if (__builtin_mul_overflow(t->cap, (size_t)2, &cap) || cap < need) cap = need;
    if (cap < 64) cap = 64;
    char *p = realloc(t->p, cap);
    if (!p) return false;
    t->p = p;
    t->cap = cap;
    return true;
}

bool text_add(struct text *t, const void *bytes, size_t n) {
    if (!text_reserve(t, n)) return false;
    if (n) memcpy(t->p + t->n, bytes, n);
    t->n += n;
    return true;
}

bool text_add_string(struct text *t, const char *string) { return text_add(t, string, strlen(string)); }

bool text_add_format(struct text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    bool ok = n >= 0 && text_reserve(t, (size_t)n + 1); // vsnprintf ends with a NUL
    if (ok) {
        vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return ok;
}

bool text_add_number(struct text *t, uint64_t number) {
    char digits[20];
    size_t n = 0;
    do digits[sizeof digits - ++n] = (char)('0' + number % 10);
    while (number /= 10);
    return text_add(t, digits + sizeof digits - n, n);
}

bool text_add_decimal(struct text *t, double value, int places) {
    if (isnan(value)) return text_add_string(t, "nan");
    if (isinf(value)) return text_add_string(t, value < 0 ? "-inf" : "inf");
    return text_add_format(t, "%.*f", places, value);
}

void text_free(struct text *t) {
    free(t->p);
    *t = (struct text){0};
}

// Bytes a first byte promises (0: no character begins so) and the range of the second (Unicode 15.0, table 3-7).
static int lead(uint8_t first, uint8_t *low, uint8_t *high) {
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

// How many bytes of the character that begins at p are there and well-formed; *length: how many it should have.
static size_t well_formed(const char *p, size_t n, int *length) {
    const uint8_t *b = (const uint8_t *)p;
    uint8_t low, high;
    *length = lead(b[0], &low, &high);
    size_t k = 1;
    for (; k < (size_t)*length && k < n && b[k] >= low && b[k] <= high; k++) low = 0x80, high = 0xbf;
    return k;
}

int text_utf8_step(const char *p, size_t n) {
    int length;
    size_t k = well_formed(p, n, &length);
    return k == (size_t)length ? length : -(int)k;
}

size_t text_utf8_tail(const char *p, size_t n) {
    for (size_t k = 1; k <= 3 && k <= n; k++) {
        if (((uint8_t)p[n - k] & 0xc0) == 0x80) continue;
        int length;
        return well_formed(p + n - k, k, &length) == k && k < (size_t)length ? k : 0;
    }
    return 0;
}

// C0, DEL and C1 controls; with `bidi` also what reorders the text around it: U+061C, U+200E, U+200F, U+202A..U+202E,
// U+2066..U+2069. p[0..n) is one valid character.
static bool is_control(const char *p, int n, bool bidi) {
    const uint8_t *b = (const uint8_t *)p;
    if (n == 1) return b[0] < 0x20 || b[0] == 0x7f;
    if (n == 2) return (b[0] == 0xc2 && b[1] < 0xa0) || (bidi && b[0] == 0xd8 && b[1] == 0x9c);
    if (n != 3 || !bidi || b[0] != 0xe2) return false;
    if (b[1] == 0x80) return b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xaa && b[2] <= 0xae);
    return b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9;
}

static bool add_hex(struct text *t, const char *p, int n) {
    for (int i = 0; i < n; i++)
        if (!text_add_format(t, "\\x%02x", (unsigned)(uint8_t)p[i])) return false;
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

bool text_add_escaped(struct text *t, const char *p, size_t n) {
    while (n) {
        size_t plain = 0;
        while (plain < n && !letter_of(p[plain])) plain++;
        if (!text_add(t, p, plain)) return false;
        if (plain == n) break;
        if (!text_add(t, (char[]){'\\', letter_of(p[plain])}, 2)) return false;
        p += plain + 1;
        n -= plain + 1;
    }
    return true;
}

bool text_add_visible(struct text *t, const char *p, size_t n, enum visible how) {
    for (bool ok; n;) {
        int step = text_utf8_step(p, n), length = abs(step);
        char letter = how == VISIBLE_PIECE ? letter_of(*p) : 0;
        if (letter)
            ok = text_add(t, (char[]){'\\', letter}, 2);
        else if (how == VISIBLE_TERMINAL && (*p == '\n' || *p == '\t'))
            ok = text_add(t, p, 1);
        else if (step < 0 || is_control(p, length, how != VISIBLE_PIECE))
            ok = add_hex(t, p, length);
        else
            ok = text_add(t, p, (size_t)length);
        if (!ok) return false;
        p += length;
        n -= (size_t)length;
    }
    return true;
}

bool text_add_utf8(struct text *t, const char *p, size_t n) {
    while (n) {
        int step = text_utf8_step(p, n), length = abs(step);
        if (!(step > 0 ? text_add(t, p, (size_t)length) : text_add(t, "\xef\xbf\xbd", 3))) return false;
        p += length;
        n -= (size_t)length;
    }
    return true;
}

const char *text_quoted(struct quoted_text *out, const char *p, size_t n) {
    enum { LIMIT = 80 };
    struct text t = {0};
    bool whole = true;
    while (n && whole) {
        int length = abs(text_utf8_step(p, n));
        size_t before = t.n;
        if (!text_add_visible(&t, p, (size_t)length, VISIBLE_MESSAGE)) break;
        if (t.n > LIMIT) t.n = before, whole = false;
        p += length;
        n -= (size_t)length;
    }
    snprintf(out->p, sizeof out->p, "%.*s%s", (int)t.n, t.p ? t.p : "", whole ? "" : "...");
    text_free(&t);
    return out->p;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool text_add_unescaped(struct text *t, const char *string, size_t n, size_t *bad) {
    static const char from[] = "ntr\\\"", to[] = "\n\t\r\\\"";
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
        if (!text_add(t, &c, 1)) return false;
    }
    return true;
}
