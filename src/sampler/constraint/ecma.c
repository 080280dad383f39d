// SPDX-License-Identifier: MIT
#include "ecma.h"

#include <stdlib.h>

#include "base/utf8.h"

enum { MOST_BYTES = 64 * 1024 };

struct translation {
    struct str text;
    size_t at;
    struct buffer *out;
    bool no_memory;
    const char *mistake; // NULL: none
    bool repeatable;     // a quantifier may come
};

static void put(struct translation *t, const char *text) {
    t->no_memory = t->no_memory || !buffer_add_string(t->out, text);
}

static void put_code(struct translation *t, uint32_t code) {
    t->no_memory = t->no_memory || !buffer_add_format(t->out, "\\x{%x}", (unsigned)code);
}

static void give_up(struct translation *t, const char *mistake) {
    if (!t->mistake) t->mistake = mistake;
}

static char peek(const struct translation *t, size_t ahead) {
    return t->at + ahead < t->text.n ? t->text.p[t->at + ahead] : '\0';
}

static bool take(struct translation *t, const char *text) {
    const struct str rest = {t->text.p + t->at, t->text.n - t->at};
    const bool found = str_starts(rest, str_of(text));
    if (found) t->at += strlen(text);
    return found;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// ---- escapes ----------------------------------------------------------------------------------------

// Exactly n hexadecimal digits.
static bool hex_digits(struct translation *t, size_t n, uint32_t *code) {
    *code = 0;
    for (size_t i = 0; i < n; i++) {
        if (hex_value(peek(t, i)) < 0) return false;
        *code = *code << 4 | (uint32_t)hex_value(peek(t, i));
    }
    t->at += n;
    return true;
}

// Behind "\u": four digits, two surrogates, or any code point in braces.
static bool unicode_code(struct translation *t, uint32_t *code) {
    uint32_t low;
    if (take(t, "{")) {
        *code = 0;
        if (peek(t, 0) == '}') return false;
        for (; hex_value(peek(t, 0)) >= 0; t->at++)
            if ((*code = *code << 4 | (uint32_t)hex_value(peek(t, 0))) > 0x10ffff) return false;
        return take(t, "}");
    }
    if (!hex_digits(t, 4, code)) return false;
    if (*code < 0xd800 || *code > 0xdbff) return true;
    if (!take(t, "\\u") || !hex_digits(t, 4, &low) || low < 0xdc00 || low > 0xdfff) return false;
    *code = 0x10000 + ((*code & 0x3ff) << 10) + (low & 0x3ff);
    return true;
}

// Behind a backslash: an escape that stands for one character. False: it is none, and nothing was taken.
static bool escaped_code(struct translation *t, uint32_t *code) {
    static const char names[] = "tnvfr", codes[] = "\t\n\v\f\r";
    const char c = peek(t, 0), *name = c ? strchr(names, c) : NULL;
    if (name) {
        *code = (uint32_t)codes[name - names];
    } else if (c == '0' && !is_digit(peek(t, 1))) {
        *code = 0;
    } else if (c == 'c' && is_letter(peek(t, 1))) {
        *code = (uint32_t)peek(t, 1) & 31;
        t->at++;
    } else if (c == 'x' || c == 'u') {
        t->at++;
        if (!(c == 'x' ? hex_digits(t, 2, code) : unicode_code(t, code)))
            give_up(t, "expected hexadecimal digits of a character");
        if (*code >= 0xd800 && *code < 0xe000) give_up(t, "half a surrogate pair is no character");
        return true;
    } else if (t->at < t->text.n && !is_letter(c) && !is_digit(c) && (uint8_t)c < 0x80) {
        *code = (uint8_t)c;
    } else {
        return false;
    }
    t->at++;
    return true;
}

// The long names of general categories, with the short ones that PCRE2 knows.
static const char *const categories[][2] = {
    {"Letter", "L"}, {"Lowercase_Letter", "Ll"}, {"Uppercase_Letter", "Lu"}, {"Titlecase_Letter", "Lt"},
    {"Cased_Letter", "L&"}, {"Modifier_Letter", "Lm"}, {"Other_Letter", "Lo"}, {"Mark", "M"},
    {"Nonspacing_Mark", "Mn"}, {"Spacing_Mark", "Mc"}, {"Enclosing_Mark", "Me"}, {"Number", "N"},
    {"Decimal_Number", "Nd"}, {"digit", "Nd"}, {"Letter_Number", "Nl"}, {"Other_Number", "No"}, {"Symbol", "S"},
    {"Math_Symbol", "Sm"}, {"Currency_Symbol", "Sc"}, {"Modifier_Symbol", "Sk"}, {"Other_Symbol", "So"},
    {"Punctuation", "P"}, {"punct", "P"}, {"Connector_Punctuation", "Pc"}, {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"}, {"Close_Punctuation", "Pe"}, {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"}, {"Other_Punctuation", "Po"}, {"Separator", "Z"}, {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"}, {"Paragraph_Separator", "Zp"}, {"Other", "C"}, {"Control", "Cc"}, {"Format", "Cf"},
    {"Private_Use", "Co"}, {"Unassigned", "Cn"},
};

// "p{...}" or "P{...}", behind the backslash; PCRE2 reads the names of scripts and short names.
static void put_property(struct translation *t) {
    static const char *const prefixes[] = {"Script=", "sc=", "General_Category=", "gc="};
    const char p = peek(t, 0);
    t->at++;
    if (!take(t, "{")) {
        give_up(t, "expected a property in braces");
        return;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && !take(t, prefixes[i]); i++);
    const size_t from = t->at;
    while (is_letter(peek(t, 0)) || is_digit(peek(t, 0)) || peek(t, 0) == '_') t->at++;
    struct str name = {t->text.p + from, t->at - from};
    if (!name.n || !take(t, "}")) {
        give_up(t, "expected the name of a property");
        return;
    }
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (str_is(name, categories[i][0])) name = str_of(categories[i][1]);
    t->no_memory = t->no_memory || !buffer_add_format(t->out, "\\%c{%.*s}", p, (int)name.n, name.p);
}

// ---- classes ----------------------------------------------------------------------------------------

// What \d \w \s are, and \D \W \S, within a class.
static const char *shorthand(char c) {
    switch (c) {
    case 'd': return "0-9";
    case 'D': return "\\x{0}-/:-\\x{10ffff}";
    case 'w': return "0-9A-Z_a-z";
    case 'W': return "\\x{0}-/:-@\\[-\\^`{-\\x{10ffff}";
    case 's': return "\\x{9}-\\x{d} \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
                     "\\x{feff}";
    case 'S': return "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
                     "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}"
                     "\\x{ff00}-\\x{10ffff}";
    default: return NULL;
    }
}

// A member of a class, behind its backslash if it has one. False: it is a set, not a character.
static bool class_code(struct translation *t, uint32_t *code) {
    if (!take(t, "\\")) {
        const int step = utf8_step(t->text.p + t->at, t->text.n - t->at, code);
        if (step < 0) give_up(t, "expected UTF-8");
        t->at += step > 0 ? (size_t)step : 1;
        return true;
    }
    const char *set = shorthand(peek(t, 0));
    if (set) {
        put(t, set);
        t->at++;
        return false;
    }
    if (peek(t, 0) == 'p' || peek(t, 0) == 'P') {
        put_property(t);
        return false;
    }
    if (peek(t, 0) == 'b') {
        t->at++;
        *code = '\b';
    } else if (!escaped_code(t, code)) {
        give_up(t, "no escape of ECMA-262 in a class");
    }
    return true;
}

static void put_class(struct translation *t) {
    const bool inverted = take(t, "^");
    if (take(t, "]")) {
        if (inverted) put(t, "[\\x{0}-\\x{10ffff}]");
        else give_up(t, "an empty class matches nothing");
        return;
    }
    put(t, inverted ? "[^" : "[");
    while (!take(t, "]") && !t->mistake && !t->no_memory) {
        uint32_t low = 0, high;
        if (t->at >= t->text.n) {
            give_up(t, "missing terminating ] for character class");
            return;
        }
        const bool one = class_code(t, &low);
        if (!one || peek(t, 0) != '-' || peek(t, 1) == ']' || t->at + 1 >= t->text.n) {
            if (one) put_code(t, low);
            if (!one && peek(t, 0) == '-' && peek(t, 1) != ']') give_up(t, "a range of sets");
            continue;
        }
        t->at++;
        put_code(t, low);
        put(t, "-");
        if (!class_code(t, &high) || high < low) give_up(t, "range out of order in character class");
        put_code(t, high);
    }
    put(t, "]");
}

// ---- the whole --------------------------------------------------------------------------------------

static void put_escape(struct translation *t) {
    const char c = peek(t, 0), *set = shorthand(c);
    uint32_t code = 0;
    if (set) {
        put(t, "[");
        put(t, set);
        put(t, "]");
        t->at++;
    } else if (c == 'p' || c == 'P') {
        put_property(t);
    } else if (c == 'b' || c == 'B') {
        put(t, c == 'b' ? "\\b" : "\\B");
        t->at++;
        t->repeatable = false;
    } else if (is_digit(c) && c != '0') {
        give_up(t, "backreferences are not supported");
    } else if (c == 'k') {
        give_up(t, "backreferences are not supported");
    } else if (escaped_code(t, &code)) {
        put_code(t, code);
    } else {
        give_up(t, "no escape of ECMA-262");
    }
}

// Behind a parenthesis that opens.
static void put_group(struct translation *t) {
    static const char *const assertions[] = {"?=", "?!", "?<=", "?<!"};
    t->repeatable = false;
    for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++)
        if (take(t, assertions[i])) give_up(t, "lookahead and lookbehind are not supported");
    put(t, "(?:");
    if (take(t, "?:")) return;
    if (take(t, "?<"))
        while (peek(t, 0) != '>' && t->at < t->text.n) t->at++;
    else if (peek(t, 0) != '?') return;
    if (!take(t, ">")) give_up(t, "no group of ECMA-262");
}

// At "{": whether it is a quantifier; else it stands for itself.
static size_t quantifier(const struct translation *t) {
    size_t i = 1;
    if (!is_digit(peek(t, i))) return 0;
    while (is_digit(peek(t, i))) i++;
    if (peek(t, i) == ',') i++;
    while (is_digit(peek(t, i))) i++;
    return peek(t, i) == '}' ? i + 1 : 0;
}

static void put_quantifier(struct translation *t, size_t n) {
    if (!t->repeatable) give_up(t, "quantifier does not follow a repeatable item");
    t->no_memory = t->no_memory || !buffer_add(t->out, t->text.p + t->at, n);
    t->at += n;
    take(t, "?"); // lazy or not, the same texts match
    t->repeatable = false;
}

static void put_item(struct translation *t) {
    const char c = peek(t, 0);
    const bool counted = c == '{' && quantifier(t);
    if (counted || (c && strchr("*+?", c))) {
        put_quantifier(t, counted ? quantifier(t) : 1);
        return;
    }
    t->repeatable = true;
    if (take(t, "\\")) put_escape(t);
    else if (take(t, "[")) put_class(t);
    else if (take(t, "(")) put_group(t);
    else if (take(t, ".")) put(t, "[^\\n\\r\\x{2028}\\x{2029}]");
    else if (c && strchr("^$|)", c)) {
        t->at++;
        t->repeatable = c == ')';
        t->no_memory = t->no_memory || !buffer_add_byte(t->out, c);
    } else {
        uint32_t code = 0;
        const int step = utf8_step(t->text.p + t->at, t->text.n - t->at, &code);
        if (step < 0) give_up(t, "expected UTF-8");
        put_code(t, code);
        t->at += step > 0 ? (size_t)step : 1;
    }
}

quill_status ecma_translate(struct buffer *out, struct str pattern, quill_error *err) {
    struct translation t = {.text = pattern, .out = out};
    if (pattern.n > MOST_BYTES)
        return fail(err, QUILL_E_USAGE, "expected at most %d bytes, found %zu", MOST_BYTES, pattern.n);
    size_t from = 0;
    while (t.at < pattern.n && !t.mistake && !t.no_memory) {
        from = t.at;
        put_item(&t);
    }
    if (t.no_memory) return fail_memory(err);
    if (t.mistake) return fail(err, QUILL_E_USAGE, "at %zu: %s", from, t.mistake);
    return QUILL_OK;
}
