// SPDX-License-Identifier: MIT
#include "lex.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "mistake.h"
#include "text.h"

struct lexer {
    struct tokens *out;
    struct arena *arena;
    const char *p; // [n]
    size_t n, at;
    uint32_t line;
    bool line_starting; // the last thing that was passed ended with a newline
    char open[64];      // brackets that are open in this expression
    size_t n_open;
    const char *name;
    quill_error *err;
};

#define MISTAKE(l, ...) jinja_mistake((l)->err, (l)->name, (l)->line, __VA_ARGS__)

static quill_status put(struct lexer *l, struct token token) {
    struct tokens *out = l->out;
    struct token *grown = out->n < out->cap ? out->list : alloc_grow(out->list, &out->cap, out->n + 1, sizeof token);
    if (!grown) return fail_memory(l->err);
    out->list = grown;
    token.line = l->line;
    out->list[out->n++] = token;
    return QUILL_OK;
}

static char peek(const struct lexer *l, size_t ahead) { return l->at + ahead < l->n ? l->p[l->at + ahead] : '\0'; }

static size_t space_at(const char *p, size_t n) {
    uint32_t code = 0;
    const int step = n ? utf8_step(p, n, &code) : -1;
    return step > 0 && char_is_space(code) ? (size_t)step : 0;
}

static size_t skip_spaces(const struct lexer *l, size_t at) {
    for (size_t step; (step = space_at(l->p + at, l->n - at)) > 0;) at += step;
    return at;
}

// Moves to `at` and counts the lines that are passed.
static void pass(struct lexer *l, size_t at) {
    for (; l->at < at; l->at++) l->line += l->p[l->at] == '\n';
    l->line_starting = at > 0 && l->p[at - 1] == '\n';
}

// ---- text -----------------------------------------------------------------------------------------------------------

// How much of text[0..n) stays in front of a tag: `sign` '-' strips all blanks, '+' none; else the blanks between the
// line's beginning and a tag go, unless it is one that prints.
static size_t kept(const struct lexer *l, const char *text, size_t n, char sign, bool prints) {
    if (sign == '-') {
        while (n > 0) {
            size_t width = 1;
            while (width < n && width < 4 && ((unsigned char)text[n - width] & 0xc0) == 0x80) width++;
            if (space_at(text + n - width, width) != width) break;
            n -= width;
        }
        return n;
    }
    if (sign == '+' || prints) return n;
    size_t begin = n;
    while (begin > 0 && text[begin - 1] != '\n') begin--;
    if (begin == 0 && !l->line_starting) return n;
    size_t at = begin;
    for (size_t step; at < n && (step = space_at(text + at, n - at)) > 0;) at += step;
    return at == n ? begin : n;
}

// Passes the text up to `end`, where a tag begins whose sign and kind decide what is kept of it.
static quill_status put_text(struct lexer *l, size_t end, char sign, bool prints) {
    const char *text = l->p + l->at;
    const size_t n = kept(l, text, end - l->at, sign, prints);
    quill_status s = n ? put(l, (struct token){.type = T_DATA, .text = {text, n}}) : QUILL_OK;
    pass(l, end);
    return s;
}

static char sign_at(const struct lexer *l, size_t at) {
    return at < l->n && (l->p[at] == '-' || l->p[at] == '+') ? l->p[at] : '\0';
}

// If a tag with this one word begins at `at`: where it ends. `trims`: with the newline behind it. 0: another tag.
static size_t word_tag(const struct lexer *l, size_t at, const char *word, bool trims) {
    const size_t length = strlen(word);
    at += 2;
    at += sign_at(l, at) != '\0';
    at = skip_spaces(l, at);
    if (l->n - at < length || memcmp(l->p + at, word, length) != 0) return 0;
    at = skip_spaces(l, at + length);
    const char sign = sign_at(l, at);
    if (sign == '+' && !trims) return 0;
    at += sign != '\0';
    if (l->n - at < 2 || memcmp(l->p + at, "%}", 2) != 0) return 0;
    at += 2;
    if (sign == '-') return skip_spaces(l, at);
    return at + (trims && sign != '+' && at < l->n && l->p[at] == '\n');
}

static quill_status lex_raw(struct lexer *l) {
    for (size_t at = l->at; at + 1 < l->n; at++) {
        if (l->p[at] != '{' || l->p[at + 1] != '%') continue;
        const size_t end = word_tag(l, at, "endraw", true);
        if (!end) continue;
        quill_status s = put_text(l, at, sign_at(l, at + 2), false);
        pass(l, end);
        return s;
    }
    return MISTAKE(l, "expected {%% endraw %%}, found the end");
}

static quill_status lex_comment(struct lexer *l) {
    const char *close = memmem(l->p + l->at, l->n - l->at, "#}", 2);
    if (!close) return MISTAKE(l, "expected the end of a comment, found the end of the template");
    size_t at = (size_t)(close - l->p);
    const char sign = at > l->at ? sign_at(l, at - 1) : '\0';
    at += 2;
    if (sign == '-') at = skip_spaces(l, at);
    else if (sign != '+' && at < l->n && l->p[at] == '\n') at++;
    pass(l, at);
    return QUILL_OK;
}

// ---- expressions ----------------------------------------------------------------------------------------------------

// The value of n hexadecimal digits; -1: there are not so many.
static int64_t hex_digits(const char *p, size_t left, size_t n) {
    int64_t code = 0;
    if (left < n) return -1;
    for (size_t i = 0; i < n; i++) {
        if (hex_value(p[i]) < 0) return -1;
        code = code * 16 + hex_value(p[i]);
    }
    return code;
}

// \x41, \u0041 (a pair of surrogates is one character), \U00000041. Returns the bytes read behind the backslash; 0: a
// mistake.
static size_t numeric_escape(const char *p, size_t left, char out[4], size_t *n) {
    const size_t digits = p[0] == 'x' ? 2 : p[0] == 'u' ? 4 : 8;
    int64_t code = hex_digits(p + 1, left - 1, digits);
    size_t used = 1 + digits;
    if (code >= 0xd800 && code < 0xdc00 && digits == 4 && left >= used + 6 && p[used] == '\\' && p[used + 1] == 'u') {
        const int64_t low = hex_digits(p + used + 2, left - used - 2, 4);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            used += 6;
        }
    }
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    *n = (size_t)utf8_write(out, (uint32_t)code);
    return used;
}

static size_t octal_escape(const char *p, size_t left, char out[4], size_t *n) {
    uint32_t code = 0;
    size_t used = 0;
    while (used < 3 && used < left && p[used] >= '0' && p[used] <= '7') code = code * 8 + (uint32_t)(p[used++] - '0');
    *n = (size_t)utf8_write(out, code);
    return used;
}

// What an escape stands for; p is behind the backslash, left > 0. Returns the bytes read; 0: a mistake.
static size_t escape(const char *p, size_t left, char out[4], size_t *n) {
    static const char letters[] = "ntr\\'\"abfv", meanings[] = "\n\t\r\\'\"\a\b\f\v";
    const char *letter = p[0] ? strchr(letters, p[0]) : NULL;
    *n = 1;
    if (letter) return out[0] = meanings[letter - letters], 1;
    if (p[0] == '\n') return *n = 0, 1;
    if (p[0] == 'x' || p[0] == 'u' || p[0] == 'U') return numeric_escape(p, left, out, n);
    if (p[0] >= '0' && p[0] <= '7') return octal_escape(p, left, out, n);
    if (p[0] == 'N') return 0;
    out[0] = '\\'; // what is no escape stays as it is
    out[1] = p[0];
    return *n = 2, 1;
}

static quill_status unescape(struct lexer *l, struct str raw, struct str *out) {
    char *copy = arena_alloc(l->arena, raw.n + 4, 1); // nothing gets longer
    size_t n = 0;
    if (!copy) return fail_memory(l->err);
    for (size_t at = 0; at < raw.n;) {
        char bytes[4];
        size_t length = 0;
        if (raw.p[at] != '\\') {
            copy[n++] = raw.p[at++];
            continue;
        }
        const size_t used = escape(raw.p + at + 1, raw.n - at - 1, bytes, &length);
        if (!used) return MISTAKE(l, "expected an escape in a string, found '%s'", QUOTED(raw));
        memcpy(copy + n, bytes, length);
        n += length;
        at += 1 + used;
    }
    *out = (struct str){copy, n};
    return QUILL_OK;
}

static quill_status lex_string(struct lexer *l) {
    const char quote = l->p[l->at];
    size_t end = l->at + 1;
    bool escapes = false;
    while (end < l->n && l->p[end] != quote) {
        escapes |= l->p[end] == '\\';
        end += l->p[end] == '\\' ? 2 : 1;
    }
    if (end >= l->n) return MISTAKE(l, "expected the end of a string, found the end of the template");
    struct str text = {l->p + l->at + 1, end - l->at - 1};
    quill_status s = escapes ? unescape(l, text, &text) : QUILL_OK;
    if (!s) s = put(l, (struct token){.type = T_STRING, .text = text});
    pass(l, end + 1);
    return s;
}

// The end of digits with single underscores between them.
static size_t digits_end(const struct lexer *l, size_t at) {
    while (at < l->n && ((l->p[at] >= '0' && l->p[at] <= '9') ||
                         (l->p[at] == '_' && at + 1 < l->n && l->p[at + 1] >= '0' && l->p[at + 1] <= '9')))
        at++;
    return at;
}

static bool digit_at(const struct lexer *l, size_t at) { return at < l->n && l->p[at] >= '0' && l->p[at] <= '9'; }

// The end of a floating-point number that begins here, or 0.
static size_t float_end(const struct lexer *l) {
    if (l->at > 0 && l->p[l->at - 1] == '.') return 0;
    size_t at = digits_end(l, l->at);
    bool is_float = false;
    if (at < l->n && l->p[at] == '.' && digit_at(l, at + 1)) {
        at = digits_end(l, at + 1);
        is_float = true;
    }
    if (at < l->n && (l->p[at] | 0x20) == 'e') {
        const size_t sign = at + 1 < l->n && (l->p[at + 1] == '-' || l->p[at + 1] == '+');
        if (digit_at(l, at + 1 + sign)) {
            at = digits_end(l, at + 1 + sign);
            is_float = true;
        }
    }
    return is_float ? at : 0;
}

static quill_status lex_number(struct lexer *l) {
    const size_t end_of_float = float_end(l);
    const size_t end = end_of_float ? end_of_float : digits_end(l, l->at);
    char digits[64];
    size_t n = 0;
    for (size_t at = l->at; at < end && n < sizeof digits - 1; at++)
        if (l->p[at] != '_') digits[n++] = l->p[at];
    digits[n] = '\0';
    struct token token = {.type = end_of_float ? T_FLOAT : T_INT};
    if (end_of_float) {
        token.f = strtod(digits, NULL);
    } else {
        for (size_t i = 0; i < n; i++)
            if (__builtin_mul_overflow(token.i, 10, &token.i) ||
                __builtin_add_overflow(token.i, digits[i] - '0', &token.i))
                return MISTAKE(l, "expected a number of at most 64 bits, found '%s'", digits);
    }
    quill_status s = put(l, token);
    pass(l, end);
    return s;
}

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static quill_status lex_name(struct lexer *l) {
    size_t end = l->at;
    while (end < l->n && is_name_byte(l->p[end])) end++;
    quill_status s = put(l, (struct token){.type = T_NAME, .text = {l->p + l->at, end - l->at}});
    pass(l, end);
    return s;
}

static const struct {
    char text[3];
    uint8_t op;
} operators[] = { // the longer ones first
    {"//", OP_FLOOR_DIV}, {"**", OP_POW},      {"==", OP_EQ},       {"!=", OP_NE},     {"<=", OP_LE},
    {">=", OP_GE},        {"+", OP_ADD},       {"-", OP_SUB},       {"*", OP_MUL},     {"/", OP_DIV},
    {"%", OP_MOD},        {"<", OP_LT},        {">", OP_GT},        {"~", OP_TILDE},   {"=", OP_ASSIGN},
    {"|", OP_PIPE},       {".", OP_DOT},       {",", OP_COMMA},     {":", OP_COLON},   {";", OP_SEMICOLON},
    {"(", OP_LPAREN},     {")", OP_RPAREN},    {"[", OP_LBRACKET},  {"]", OP_RBRACKET}, {"{", OP_LBRACE},
    {"}", OP_RBRACE},
};

// Brackets must match, since a closing brace may also end the tag.
static quill_status balance(struct lexer *l, char c) {
    const char closing = c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : '\0';
    if (closing) {
        if (l->n_open == sizeof l->open) return MISTAKE(l, "expected at most 64 open brackets, found more");
        l->open[l->n_open++] = closing;
    } else if (c == ')' || c == ']' || c == '}') {
        if (l->n_open == 0) return MISTAKE(l, "unexpected '%c'", c);
        if (l->open[--l->n_open] != c) return MISTAKE(l, "expected '%c', found '%c'", l->open[l->n_open], c);
    }
    return QUILL_OK;
}

static quill_status lex_operator(struct lexer *l) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const size_t n = strlen(operators[i].text);
        if (l->n - l->at < n || memcmp(l->p + l->at, operators[i].text, n) != 0) continue;
        quill_status s = balance(l, n == 1 ? l->p[l->at] : '\0');
        if (!s) s = put(l, (struct token){.type = T_OPERATOR, .op = operators[i].op});
        pass(l, l->at + n);
        return s;
    }
    return MISTAKE(l, "unexpected character '%s'", QUOTED(((struct str){l->p + l->at, 1})));
}

// If the tag ends here: where it ends, with blanks that go.
static size_t tag_end(const struct lexer *l, bool block) {
    const char *close = block ? "%}" : "}}";
    const char sign = sign_at(l, l->at);
    size_t at = l->at + (sign == '-' || (block && sign == '+'));
    if (l->n_open || l->n - at < 2 || memcmp(l->p + at, close, 2) != 0) return 0;
    at += 2;
    if (sign == '-') return skip_spaces(l, at);
    return at + (block && sign != '+' && at < l->n && l->p[at] == '\n');
}

static quill_status lex_tag(struct lexer *l, bool block) {
    quill_status s = put(l, (struct token){.type = block ? T_BLOCK_BEGIN : T_OUTPUT_BEGIN});
    l->n_open = 0;
    while (!s) {
        const size_t end = tag_end(l, block);
        if (end) {
            s = put(l, (struct token){.type = block ? T_BLOCK_END : T_OUTPUT_END});
            pass(l, end);
            return s;
        }
        const char c = peek(l, 0);
        if (l->at >= l->n) return MISTAKE(l, "expected the end of a tag, found the end of the template");
        if (space_at(l->p + l->at, l->n - l->at)) pass(l, skip_spaces(l, l->at));
        else if (c >= '0' && c <= '9') s = lex_number(l);
        else if (c == '\'' || c == '"') s = lex_string(l);
        else if (is_name_byte(c)) s = lex_name(l);
        else s = lex_operator(l);
    }
    return s;
}

// ---- the whole ------------------------------------------------------------------------------------------------------

// The next "{{", "{%" or "{#" from `at` on; n: none.
static size_t next_tag(const struct lexer *l, size_t at) {
    for (; at + 1 < l->n; at++)
        if (l->p[at] == '{' && (l->p[at + 1] == '{' || l->p[at + 1] == '%' || l->p[at + 1] == '#')) return at;
    return l->n;
}

static quill_status lex_next(struct lexer *l) {
    const size_t tag = next_tag(l, l->at);
    if (tag == l->n) return put_text(l, tag, '+', true);
    const char kind = l->p[tag + 1], sign = sign_at(l, tag + 2);
    const size_t raw = kind == '%' ? word_tag(l, tag, "raw", false) : 0;
    quill_status s = put_text(l, tag, sign, kind == '{');
    pass(l, raw ? raw : tag + 2 + (sign != '\0'));
    if (s) return s;
    return raw ? lex_raw(l) : kind == '#' ? lex_comment(l) : lex_tag(l, kind == '%');
}

// Newlines of all kinds become "\n"; the last one goes.
static size_t normalize_newlines(char *p, size_t n) {
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n') continue;
        p[used++] = p[i] == '\r' ? '\n' : p[i];
    }
    return used > 0 && p[used - 1] == '\n' ? used - 1 : used;
}

quill_status lex(struct tokens *out, struct arena *arena, char *source, size_t n, const char *name, quill_error *err) {
    struct lexer l = {.out = out, .arena = arena, .p = source, .n = normalize_newlines(source, n), .line = 1,
                      .line_starting = true, .name = name, .err = err};
    *out = (struct tokens){0};
    quill_status s = QUILL_OK;
    while (!s && l.at < l.n) s = lex_next(&l);
    return s ? s : put(&l, (struct token){.type = T_END});
}

void tokens_free(struct tokens *tokens) {
    free(tokens->list);
    *tokens = (struct tokens){0};
}
