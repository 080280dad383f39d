// SPDX-License-Identifier: MIT
#include "json_walk.h"

#include <stdint.h>

#include "bytes.h"
#include "utf8.h"

enum { MAX_DEPTH = 64 };

struct str json_without_bom(struct str text) {
    const size_t mark = utf8_mark(text.p, text.n);
    return mark > 0 ? (struct str){text.p + mark, text.n - mark} : text; // an absent text has no address to add to
}

static bool mistake(struct json_walk *walk, const char *text) {
    if (!walk->mistake) walk->mistake = text;
    return false;
}

// The character at the cursor; 0 at the end (and for a NUL, which JSON allows only as an escape).
static char peek(const struct json_walk *walk) { return walk->at < walk->text.n ? walk->text.p[walk->at] : '\0'; }

// What was expected at the cursor, where there is something else or where the text ends.
struct expected {
    const char *elsewhere, *at_end;
};
#define EXPECTED(what) \
    ((struct expected){"expected " what ", found something else", "expected " what ", found the end"})

static bool unexpected(struct json_walk *walk, struct expected what) {
    return mistake(walk, walk->at < walk->text.n ? what.elsewhere : what.at_end);
}

static void skip_blanks(struct json_walk *walk) {
    for (char c; (c = peek(walk)) == ' ' || c == '\n' || c == '\r' || c == '\t';) walk->at++;
}

char json_kind(struct json_walk *walk) {
    skip_blanks(walk);
    return peek(walk);
}

// ---- strings --------------------------------------------------------------------------------------------------------

// The value of four hexadecimal digits; -1: p does not begin with four.
static int32_t hex4(const char *p, size_t n) {
    int32_t value = 0;
    if (n < 4) return -1;
    for (int i = 0; i < 4; i++) {
        if (hex_value(p[i]) < 0) return -1;
        value = value * 16 + hex_value(p[i]);
    }
    return value;
}

// The length of the escape at p[0..n), which begins with a backslash, and its code point; 0: not a valid escape.
static size_t escape(const char *p, size_t n, uint32_t *code) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    _Static_assert(sizeof letters == sizeof meanings, "every letter has a meaning");
    if (n < 2) return 0;
    const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
    if (letter) {
        *code = (uint8_t)meanings[letter - letters];
        return 2;
    }
    int32_t high = p[1] == 'u' ? hex4(p + 2, n - 2) : -1;
    if (high < 0 || (high >= 0xdc00 && high < 0xe000)) return 0;
    *code = (uint32_t)high;
    if (high < 0xd800 || high >= 0xe000) return 6;
    int32_t low = n >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, n - 8) : -1;
    if (low < 0xdc00 || low >= 0xe000) return 0;
    *code = 0x10000u + (((uint32_t)high & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
    return 12;
}

// True when eight bytes are ASCII without control characters, quotes and backslashes. Subtracting n from each byte of
// the word sets the highest bit of a byte below n; a byte equal to c is a zero after xor with c, and is below one.
static bool all_ordinary(uint64_t word) {
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & high) == 0;
}

static bool skip_string(struct json_walk *walk) {
    const char *p = walk->text.p;
    size_t n = walk->text.n, at = walk->at + 1;
    while (at < n && p[at] != '"') {
        if (n - at >= 8 && all_ordinary(load_u64(p + at))) {
            at += 8;
            continue;
        }
        unsigned char c = (unsigned char)p[at];
        uint32_t code;
        walk->at = at;
        if (c < 0x20) return mistake(walk, "expected a string, found a control character in it");
        if (c >= 0x80) {
            int step = utf8_step(p + at, n - at, NULL);
            if (step < 0) return mistake(walk, "expected UTF-8 in a string, found other bytes");
            at += (size_t)step;
        } else if (c == '\\') {
            size_t step = escape(p + at, n - at, &code);
            if (!step)
                return mistake(walk, n - at > 1 && p[at + 1] == 'u'
                                         ? "expected a character after \\u, found half of one, or other digits"
                                         : "expected an escape in a string, found a backslash alone");
            at += step;
        } else {
            at++;
        }
    }
    walk->at = at;
    if (at >= n) return mistake(walk, "expected a closing quote, found the end");
    walk->at++;
    return true;
}

bool json_unquote(struct str written, struct arena *arena, struct str *out) {
    if (written.n < 2 || written.p[0] != '"') return false;
    *out = (struct str){written.p + 1, written.n - 2};
    if (!out->n || !memchr(out->p, '\\', out->n)) return true;
    char *copy = arena_alloc(arena, out->n, 1); // an escape is longer than the bytes it stands for
    size_t n = 0;
    if (!copy) return false;
    for (size_t at = 0; at < out->n;) {
        uint32_t code;
        size_t step = out->p[at] == '\\' ? escape(out->p + at, out->n - at, &code) : 0;
        if (step) n += (size_t)utf8_write(copy + n, code);
        else copy[n++] = out->p[at];
        at += step ? step : 1;
    }
    *out = (struct str){copy, n};
    return true;
}

// ---- values ---------------------------------------------------------------------------------------------------------

static size_t skip_digits(struct json_walk *walk) {
    size_t start = walk->at;
    while (peek(walk) >= '0' && peek(walk) <= '9') walk->at++;
    return walk->at - start;
}

static bool skip_number(struct json_walk *walk) {
    if (peek(walk) == '-') walk->at++;
    bool zero = peek(walk) == '0';
    size_t digits = skip_digits(walk);
    bool ok = digits == 1 || (digits > 1 && !zero);
    if (ok && peek(walk) == '.') {
        walk->at++;
        ok = skip_digits(walk) > 0;
    }
    if (ok && (peek(walk) | 0x20) == 'e') {
        walk->at++;
        if (peek(walk) == '-' || peek(walk) == '+') walk->at++;
        ok = skip_digits(walk) > 0;
    }
    return ok || unexpected(walk, EXPECTED("a value"));
}

// A string, a number or a word.
static bool skip_scalar(struct json_walk *walk) {
    static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    char c = peek(walk);
    if (c == '"') return skip_string(walk);
    if (c == '-' || (c >= '0' && c <= '9')) return skip_number(walk);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_starts((struct str){walk->text.p + walk->at, walk->text.n - walk->at}, words[i])) {
            walk->at += words[i].n;
            return true;
        }
    if (c == '}' || c == ']') return mistake(walk, "expected a value, found a closing bracket");
    return unexpected(walk, EXPECTED("a value"));
}

static bool skip_name(struct json_walk *walk) {
    skip_blanks(walk);
    if (peek(walk) != '"') return unexpected(walk, EXPECTED("a name in quotes"));
    if (!skip_string(walk)) return false;
    skip_blanks(walk);
    if (peek(walk) != ':') return unexpected(walk, EXPECTED("a colon"));
    walk->at++;
    return true;
}

// Bit i of `objects` says whether the open bracket i levels out from the innermost is a brace.
static bool skip_value(struct json_walk *walk) {
    uint64_t objects = 0;
    for (int depth = 0;;) {
        skip_blanks(walk);
        char c = peek(walk);
        if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH) return mistake(walk, "expected values nested at most 64 deep, found more");
            objects = objects << 1 | (c == '{');
            walk->at++;
            skip_blanks(walk);
            if (peek(walk) != (c == '{' ? '}' : ']')) {
                if (c == '{' && !skip_name(walk)) return false;
                continue;
            }
        } else if (!skip_scalar(walk)) {
            return false;
        }
        // After a value: closing brackets, or a comma.
        for (;; depth--, objects >>= 1, walk->at++) {
            if (depth == 0) return true;
            skip_blanks(walk);
            if (peek(walk) != (objects & 1 ? '}' : ']')) break;
        }
        if (peek(walk) != ',')
            return unexpected(walk, objects & 1 ? EXPECTED("a comma or a closing brace")
                                                : EXPECTED("a comma or a closing bracket"));
        walk->at++;
        if (objects & 1 && !skip_name(walk)) return false;
    }
}

// ---- walking --------------------------------------------------------------------------------------------------------

static bool enter(struct json_walk *walk, char bracket, struct expected otherwise) {
    if (walk->mistake) return false;
    skip_blanks(walk);
    if (peek(walk) != bracket) return unexpected(walk, otherwise);
    walk->at++;
    walk->inside = false;
    return true;
}

bool json_enter(struct json_walk *walk) { return enter(walk, '{', EXPECTED("an object")); }

bool json_enter_list(struct json_walk *walk) { return enter(walk, '[', EXPECTED("a list")); }

// Steps over the comma before the next member or element. false: there is none and the closing bracket was passed, or
// a mistake.
static bool next(struct json_walk *walk, char bracket, struct expected otherwise) {
    if (walk->mistake) return false;
    skip_blanks(walk);
    bool first = !walk->inside;
    walk->inside = true; // of this object or list, or of the one around it
    if (peek(walk) == bracket) {
        walk->at++;
        return false;
    }
    if (first) return true;
    if (peek(walk) != ',') return unexpected(walk, otherwise);
    walk->at++;
    skip_blanks(walk);
    return true;
}

bool json_name(struct json_walk *walk, struct str *name) {
    if (!next(walk, '}', EXPECTED("a comma or a closing brace"))) return false;
    size_t start = walk->at;
    if (peek(walk) != '"') return unexpected(walk, EXPECTED("a name in quotes"));
    if (!skip_string(walk)) return false;
    *name = (struct str){walk->text.p + start, walk->at - start};
    skip_blanks(walk);
    if (peek(walk) != ':') return unexpected(walk, EXPECTED("a colon"));
    walk->at++;
    skip_blanks(walk);
    return true;
}

bool json_element(struct json_walk *walk) {
    return next(walk, ']', EXPECTED("a comma or a closing bracket"));
}

bool json_value(struct json_walk *walk, struct str *value) {
    if (walk->mistake) return false;
    skip_blanks(walk);
    size_t start = walk->at;
    if (!skip_value(walk)) return false;
    *value = (struct str){walk->text.p + start, walk->at - start};
    return true;
}

bool json_member(struct json_walk *walk, struct str *name, struct str *value) {
    return json_name(walk, name) && json_value(walk, value);
}

bool json_at_end(struct json_walk *walk) {
    skip_blanks(walk);
    return walk->at == walk->text.n || mistake(walk, "expected the end, found more after the value");
}
