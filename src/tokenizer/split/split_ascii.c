// SPDX-License-Identifier: MIT
#include "split_ascii.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "patterns.h"

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

// In the highest bit of each byte of x: whether it is from `first` to `first` + 25, which are ASCII.
static uint64_t among_26(uint64_t x, char first) {
    const uint64_t each = 0x0101010101010101u, high = 0x80 * each, low = x & ~high;
    return (low + (0x80 - (uint64_t)first) * each) & ~(low + (0x7f - 25 - (uint64_t)first) * each) & ~x & high;
}
static uint64_t letters_of(uint64_t x) { return among_26(x | 0x2020202020202020u, 'a'); }

// The first byte from p on that is not an ASCII letter, or `end`. Eight bytes at a time: most words end within the
// first step, without a branch that the processor must predict.
static const char *skip_letters(const char *p, const char *end) {
    for (; end - p >= 8; p += 8) {
        const uint64_t other = ~letters_of(load_u64(p)) & 0x8080808080808080u;
        if (other) return p + (__builtin_ctzll(other) >> 3);
    }
    while (p < end && class_of(p) == LETTER) p++;
    return p;
}

static const char *skip_class(const char *p, const char *end, enum char_class class) {
    while (p < end && class_of(p) == class) p++;
    return p;
}

// The end of a piece that only a byte above 0x7f can continue: q, or NULL if it is followed by one.
static const char *unless_other(const char *q, const char *end) { return q < end && class_of(q) == OTHER ? NULL : q; }

// \s+(?!\S)|\s+ for the blanks from p to q: all but the last, which belongs to what follows; one alone is a piece.
static const char *blanks_end(const char *p, const char *q, const char *end) {
    return q == end || q - p == 1 ? q : q - 1;
}

// Length of the contraction 's 't 're 've 'm 'll 'd at p, which is an apostrophe; 0: none of them. `fold` is 0x20 where
// capital letters count too.
static size_t contraction(const char *p, const char *end, char fold) {
    if (end - p < 2) return 0;
    char a = (char)(p[1] | fold), b = (char)(end - p > 2 ? p[2] | fold : '\0');
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// ---- GPT-2 ----------------------------------------------------------------------------------------------------------

// The end of the piece that begins at p < end; NULL: it depends on a byte that is not ASCII.
static const char *gpt2_end(const char *p, const char *end) {
    const char *q = p + (*p == ' ');
    if (q == end) return q;
    enum char_class class = class_of(q);
    if (class == LETTER) return unless_other(skip_letters(q + 1, end), end);
    if (class == BLANK) {
        q = skip_class(q, end, BLANK);
        return unless_other(q, end) ? blanks_end(p, q, end) : NULL;
    }
    if (class == OTHER) return NULL;
    if (*p == '\'') {
        size_t n = contraction(p, end, 0);
        if (n) return p + n;
    }
    return unless_other(skip_class(q + 1, end, class), end);
}

// ---- GPT-4 and its kin ----------------------------------------------------------------------------------------------

// How the patterns differ.
struct words {
    bool endings;      // contractions are pieces
    bool cased;        // a word is capital letters, then small ones
    bool with_endings; // a contraction belongs to the word in front of it
    int digits;        // a number has at most this many; 0: any
    const char *tail;  // what may follow punctuation
};

static const char *skip_case(const char *p, const char *end, char first) {
    while (p < end && *p >= first && *p <= first + 25) p++;
    return p;
}

// The end of the word whose first letter is at q.
static inline const char *word_end(const char *q, const char *end, struct words w) {
    if (!w.cased) return unless_other(skip_letters(q, end), end);
    q = unless_other(skip_case(skip_case(q, end, 'A'), end, 'a'), end);
    if (!q || !w.with_endings || q == end || *q != '\'') return q;
    return q + 1 < end && class_of(q + 1) == OTHER ? NULL : q + contraction(q, end, 0x20);
}

static inline const char *number_end(const char *p, const char *end, int digits) {
    const char *q = skip_class(p, digits && end - p > digits ? p + digits : end, DIGIT);
    return digits && q - p == digits ? q : unless_other(q, end);
}

// \s*[\r\n]+|\s+(?!\S)|\s+
static inline const char *lines_end(const char *p, const char *end) {
    const char *q = skip_class(p, end, BLANK), *newline = q;
    if (!unless_other(q, end)) return NULL;
    while (newline > p && newline[-1] != '\n' && newline[-1] != '\r') newline--;
    return newline > p ? newline : blanks_end(p, q, end);
}

static inline const char *marks_end(const char *p, const char *end, const char *tail) {
    const char *q = unless_other(skip_class(p, end, PUNCTUATION), end);
    while (q && q < end && *q && strchr(tail, *q)) q++;
    return q;
}

static inline const char *words_end(const char *p, const char *end, struct words w) {
    const enum char_class class = class_of(p), next = p + 1 < end ? class_of(p + 1) : BLANK;
    if (class == LETTER) return word_end(p, end, w);
    if (class == DIGIT) return number_end(p, end, w.digits);
    if (class == OTHER || next == OTHER) return NULL;
    if (w.endings && *p == '\'') {
        size_t n = contraction(p, end, 0x20);
        if (n) return p + n;
    }
    if (next == LETTER && *p != '\n' && *p != '\r') return word_end(p + 1, end, w);
    if (class == PUNCTUATION || (*p == ' ' && next == PUNCTUATION)) return marks_end(p + 1, end, w.tail);
    return lines_end(p, end);
}

// ---- the splitters --------------------------------------------------------------------------------------------------

enum { BLOCK = 64 };

// Which of p[0..64) are letters, and which of these are small ones: a bit each.
struct letters {
    uint64_t all, small;
};

static inline struct letters letters_at(const char *p) {
    const uint64_t gather = 0x0002040810204081u; // moves the highest bits of eight bytes into the highest byte
    struct letters l = {0, 0};
    for (int i = 0; i < BLOCK; i += 8) {
        const uint64_t x = load_u64(p + i);
        l.all |= (letters_of(x) * gather >> 56) << i;
        l.small |= (among_26(x, 'a') * gather >> 56) << i;
    }
    return l;
}

// Most of a text is words with a space in front, which are pieces in every pattern if no capital letter follows another
// letter: takes such words from p on, at which 64 bytes can be read, while they end within these. Returns their end.
static inline const char *spaced_words(const char *p, struct piece *pieces, size_t *n, bool cased) {
    const struct letters l = letters_at(p);
    int at = 0;
    while (*n < PIECES && p[at] == ' ' && at < BLOCK - 2) {
        const uint64_t behind = ~l.all >> at >> 1; // from the byte behind the space on
        if (!behind) break;
        const int length = __builtin_ctzll(behind), end = at + 1 + length;
        if (length == 0 || class_of(p + end) == OTHER) break;
        const uint64_t word = (((uint64_t)1 << (length - 1)) - 1) << at << 2; // without its first letter
        if (cased && ((word & ~l.small) || p[end] == '\'')) break;
        pieces[(*n)++] = (struct piece){p + at, (size_t)(1 + length)};
        at = end;
    }
    return p + at;
}

#define SPLITTER(name, cased, piece_end)                                                                               \
    static const char *name(const char *p, const char *end, struct pieces *pieces) {                                   \
        size_t n = pieces->n;                                                                                          \
        for (const char *q; p < end && n < PIECES; p = q) {                                                            \
            if (*p == ' ' && end - p > BLOCK && (q = spaced_words(p, pieces->list, &n, cased)) > p) continue;          \
            if (!(q = piece_end)) break;                                                                               \
            pieces->list[n++] = (struct piece){p, (size_t)(q - p)};                                                    \
        }                                                                                                              \
        pieces->n = n;                                                                                                 \
        return p;                                                                                                      \
    }

#define NEWLINES "\r\n"
#define NEWLINES_SLASH "\r\n/"
SPLITTER(gpt2, false, gpt2_end(p, end))
SPLITTER(cl100k, false, words_end(p, end, (struct words){.endings = true, .digits = 3, .tail = NEWLINES}))
SPLITTER(qwen2, false, words_end(p, end, (struct words){.endings = true, .digits = 1, .tail = NEWLINES}))
SPLITTER(minicpm5, false, words_end(p, end, (struct words){.endings = true, .tail = NEWLINES}))
SPLITTER(ufakzeka, false, words_end(p, end, (struct words){.digits = 1, .tail = NEWLINES}))
SPLITTER(seed_coder, false, words_end(p, end, (struct words){.endings = true, .digits = 1, .tail = ""}))
#define CASED .cased = true, .tail = NEWLINES_SLASH
SPLITTER(gpt4o, true, words_end(p, end, (struct words){CASED, .with_endings = true, .digits = 3}))
SPLITTER(youtu, true, words_end(p, end, (struct words){CASED, .with_endings = true, .digits = 1}))
SPLITTER(tekken, true, words_end(p, end, (struct words){CASED, .digits = 1}))

static const struct {
    const char *pattern;
    split_ascii_fn *split;
} known[] = {
    {GPT2_PATTERN, gpt2}, {GPT2_PATTERN_SHORT, gpt2}, {CL100K, cl100k},         {QWEN2, qwen2}, {QWEN35, qwen2},
    {MINICPM5, minicpm5}, {UFAKZEKA, ufakzeka},       {SEED_CODER, seed_coder}, {GPT4O, gpt4o}, {YOUTU, youtu},
    {TEKKEN, tekken},
};

split_ascii_fn *split_ascii_of(struct str pattern) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(pattern, known[i].pattern)) return known[i].split;
    return NULL;
}
