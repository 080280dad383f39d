// SPDX-License-Identifier: MIT
#include "blanks.h"

static const struct str mark = {BLANK_MARK, sizeof BLANK_MARK - 1};

// The offset of the first U+2581 from `at` on; text.n: none.
static size_t next_mark(struct str text, size_t at) {
    while (at < text.n) {
        const char *p = memchr(text.p + at, mark.p[0], text.n - at);
        if (!p) return text.n;
        at = (size_t)(p - text.p);
        if (str_starts((struct str){p, text.n - at}, mark)) return at;
        at++;
    }
    return text.n;
}

bool has_blank_mark(struct str text) { return next_mark(text, 0) < text.n; }

size_t blanks_of_marks(char *out, struct str text) {
    size_t n = 0;
    for (size_t at = 0, next; at < text.n; at = next + mark.n) {
        next = next_mark(text, at);
        memcpy(out + n, text.p + at, next - at);
        n += next - at;
        if (next == text.n) break;
        out[n++] = ' ';
    }
    return n;
}

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

bool byte_of_name(char *byte, struct str text) {
    if (text.n != 6 || memcmp(text.p, "<0x", 3) != 0 || text.p[5] != '>') return false;
    int high = hex_digit(text.p[3]), low = hex_digit(text.p[4]);
    if (high < 0 || low < 0) return false;
    *byte = (char)(high << 4 | low);
    return true;
}
