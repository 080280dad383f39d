// SPDX-License-Identifier: MIT
#include "base64.h"

#include <stdint.h>

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct str text, struct buffer *out, bool *bad) {
    uint32_t bits = 0;
    unsigned n = 0;
    const int padding = text.n % 4 ? 0 : 2;
    for (int i = 0; i < padding && text.n && text.p[text.n - 1] == '='; i++) text.n--;
    *bad = text.n % 4 == 1;
    if (*bad || !buffer_reserve(out, text.n / 4 * 3 + 3)) return false;
    for (size_t i = 0; i < text.n; i++) {
        int value = digit(text.p[i]);
        if (value < 0) return *bad = true, false;
        bits = bits << 6 | (uint32_t)value;
        n += 6;
        if (n < 8) continue;
        n -= 8;
        out->p[out->n++] = (char)(bits >> n & 0xff);
    }
    return true;
}
