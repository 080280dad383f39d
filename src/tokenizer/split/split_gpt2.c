// SPDX-License-Identifier: MIT
#include "split_gpt2.h"

#include "base/bytes.h"

enum char_class { PUNCTUATION, LETTER, DIGIT, BLANK, OTHER }; // OTHER: not ASCII

#define REPEAT4(x) x, x, x, x
#define REPEAT16(x) REPEAT4(x), REPEAT4(x), REPEAT4(x), REPEAT4(x)

// BLANK: \t \n \v \f \r and the space. Other controls count as punctuation: [^\s\p{L}\p{N}].
static const unsigned char classes[256] = {
    ['\t'] = BLANK, ['\n'] = BLANK, ['\v'] = BLANK, ['\f'] = BLANK, ['\r'] = BLANK, [' '] = BLANK,
    ['0'] = DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT,
    ['A'] = REPEAT16(LETTER), REPEAT4(LETTER), REPEAT4(LETTER), LETTER, LETTER,
    ['a'] = REPEAT16(LETTER), REPEAT4(LETTER), REPEAT4(LETTER), LETTER, LETTER,
    [128] = REPEAT16(OTHER), REPEAT16(OTHER), REPEAT16(OTHER), REPEAT16(OTHER),
    REPEAT16(OTHER), REPEAT16(OTHER), REPEAT16(OTHER), REPEAT16(OTHER),
};

static enum char_class class_of(const char *p) { return (enum char_class)classes[(unsigned char)*p]; }

// The first byte from p on that is not an ASCII letter, or `end`. Eight bytes at a time: most words end within the
// first step, without a branch that the processor must predict.
static const char *skip_letters(const char *p, const char *end) {
    const uint64_t each = 0x0101010101010101u, high = 0x80 * each;
    for (; end - p >= 8; p += 8) {
        uint64_t x = load_u64(p), lower = (x | 0x20 * each) & ~high;
        // In the highest bit of each byte: at least 'a', at most 'z', ASCII.
        uint64_t letter = (lower + (0x80 - 'a') * each) & ~(lower + (0x7f - 'z') * each) & ~x & high;
        if (letter != high) return p + (__builtin_ctzll(~letter & high) >> 3);
    }
    while (p < end && class_of(p) == LETTER) p++;
    return p;
}

static const char *skip_class(const char *p, const char *end, enum char_class class) {
    while (p < end && class_of(p) == class) p++;
    return p;
}

// Length of the contraction 's 't 're 've 'm 'll 'd at p, which is an apostrophe; 0: none of them.
static size_t contraction(const char *p, const char *end) {
    if (end - p < 2) return 0;
    char a = p[1], b = end - p > 2 ? p[2] : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// The end of the piece that begins at p < end; NULL: it depends on a byte that is not ASCII.
static const char *piece_end(const char *p, const char *end) {
    const char *q = p + (*p == ' ');
    if (q == end) return q;
    enum char_class class = class_of(q);
    if (class == LETTER) {
        q = skip_letters(q + 1, end);
        return q < end && class_of(q) == OTHER ? NULL : q;
    }
    if (class == BLANK) {
        // \s+(?!\S): all white space but the last, which belongs to what follows; a lone one other than ' ' is a piece.
        q = skip_class(q, end, BLANK);
        if (q == end) return q;
        if (class_of(q) == OTHER) return NULL;
        return q - p > 1 ? q - 1 : q;
    }
    if (class == OTHER) return NULL;
    if (*p == '\'') {
        size_t n = contraction(p, end);
        if (n) return p + n;
    }
    q = skip_class(q + 1, end, class);
    return q < end && class_of(q) == OTHER ? NULL : q;
}

const char *split_gpt2_ascii(const char *p, const char *end, struct pieces *pieces) {
    size_t n = pieces->n;
    while (p < end && n < PIECES) {
        const char *q = piece_end(p, end);
        if (!q) break;
        pieces->list[n++] = (struct piece){p, (size_t)(q - p)};
        p = q;
    }
    pieces->n = n;
    return p;
}
