// SPDX-License-Identifier: MIT
#include "gbnf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "grammar_measure.h"

enum { MOST_GROUPS = 100 }; // within each other

struct name {
    struct str text;       // where it was first seen
    const char *defined;   // where its rule is; NULL: nowhere yet
    uint32_t rule;
};

struct parser {
    struct grammar *g;
    const char *begin, *p, *end;
    struct name *names;    // [n_names]
    size_t n_names, cap_names;
    uint32_t *table;       // [table_size] hash table of names: indices and 1; 0: empty
    size_t table_size;
    uint32_t *exprs;       // [n_exprs] parts of sequences and choices that are not finished
    size_t n_exprs, cap_exprs;
    int groups;            // open ones
    quill_status status;
    quill_error *err;
};

// ---- mistakes ---------------------------------------------------------------------------------------

// All that parses returns false after a mistake, or without memory.
__attribute__((format(printf, 3, 4))) static bool mistake(struct parser *r, const char *at, const char *format, ...) {
    char text[sizeof r->err->text];
    size_t line = 1, column = 1;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (const char *p = r->begin; p < at; p++) {
        if (*p == '\n') line++, column = 1;
        else column += (*p & 0xc0) != 0x80;
    }
    if (!r->status) r->status = fail(r->err, QUILL_E_USAGE, "grammar: line %zu, column %zu: %s", line, column, text);
    return false;
}

static bool no_memory(struct parser *r) {
    if (!r->status) r->status = fail_memory(r->err);
    return false;
}

// "'x'", or what is there instead of a character.
static const char *found(const struct parser *r, struct quoted *buffer) {
    if (r->p == r->end) return "the end";
    if (*r->p == '\n') return "the end of the line";
    const int n = utf8_step(r->p, (size_t)(r->end - r->p), NULL);
    char text[8] = "'";
    memcpy(text + 1, r->p, (size_t)(n > 0 ? n : 1));
    text[n > 0 ? n + 1 : 2] = '\'';
    return quoted(buffer, (struct str){text, (size_t)(n > 0 ? n + 2 : 3)});
}
#define FOUND(r) found(r, &(struct quoted){{0}})

// ---- words ------------------------------------------------------------------------------------------

static bool at(const struct parser *r, char c) { return r->p < r->end && *r->p == c; }

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Blanks and comments; `lines`: ends of lines too.
static void skip(struct parser *r, bool lines) {
    while (r->p < r->end) {
        if (*r->p == '#')
            while (r->p < r->end && *r->p != '\n') r->p++;
        else if (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || (lines && *r->p == '\n')) r->p++;
        else break;
    }
}

static struct str take_word(struct parser *r) {
    const char *from = r->p;
    while (r->p < r->end && is_word(*r->p)) r->p++;
    return (struct str){from, (size_t)(r->p - from)};
}

static bool push(struct parser *r, uint32_t expr) {
    if (r->n_exprs == r->cap_exprs) {
        uint32_t *exprs = alloc_grow(r->exprs, &r->cap_exprs, r->n_exprs + 1, sizeof *exprs);
        if (!exprs) return no_memory(r);
        r->exprs = exprs;
    }
    r->exprs[r->n_exprs++] = expr;
    return true;
}

// What was pushed since `from` becomes one expression.
static void join(struct parser *r, size_t from, uint32_t (*make)(struct grammar *, const uint32_t *, size_t)) {
    const uint32_t expr = make(r->g, r->exprs + from, r->n_exprs - from);
    r->n_exprs = from;
    r->exprs[r->n_exprs++] = expr;
}

// ---- names ------------------------------------------------------------------------------------------

static bool grow_table(struct parser *r) {
    if (2 * r->n_names < r->table_size) return true;
    const size_t size = r->table_size ? 2 * r->table_size : 64;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return no_memory(r);
    for (size_t i = 0; i < r->n_names; i++) {
        size_t to = hash_bytes(r->names[i].text.p, r->names[i].text.n, 0) & (size - 1);
        while (table[to]) to = (to + 1) & (size - 1);
        table[to] = (uint32_t)i + 1;
    }
    free(r->table);
    r->table = table;
    r->table_size = size;
    return true;
}

static struct name *find_name(struct parser *r, struct str text) {
    if (!grow_table(r)) return NULL;
    size_t to = hash_bytes(text.p, text.n, 0) & (r->table_size - 1);
    for (; r->table[to]; to = (to + 1) & (r->table_size - 1))
        if (str_equal(r->names[r->table[to] - 1].text, text)) return &r->names[r->table[to] - 1];
    if (r->n_names == r->cap_names) {
        struct name *names = alloc_grow(r->names, &r->cap_names, r->n_names + 1, sizeof *names);
        if (!names) return no_memory(r), NULL;
        r->names = names;
    }
    r->names[r->n_names++] = (struct name){.text = text, .rule = grammar_rule(r->g, text)};
    r->table[to] = (uint32_t)r->n_names;
    return &r->names[r->n_names - 1];
}

// ---- characters -------------------------------------------------------------------------------------

static bool take_hex(struct parser *r, const char *from, int n, uint32_t *code) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    *code = 0;
    for (int i = 0; i < n; i++, r->p++) {
        const char c = r->p < r->end ? *r->p : ' ';
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit) return mistake(r, r->p, "expected %d hexadecimal digits, found %s", n, FOUND(r));
        *code = *code << 4 | (uint32_t)(digit - digits) % 16;
    }
    if (*code > LAST_CODE || (*code >= 0xd800 && *code <= 0xdfff))
        return mistake(r, from, "U+%X is no character", (unsigned)*code);
    return true;
}

static bool take_escape(struct parser *r, uint32_t *code) {
    const char *from = r->p++;
    const char c = r->p < r->end ? *r->p : '\0';
    switch (c) {
    case 'x': r->p++; return take_hex(r, from, 2, code);
    case 'u': r->p++; return take_hex(r, from, 4, code);
    case 'U': r->p++; return take_hex(r, from, 8, code);
    case 'n': *code = '\n'; break;
    case 't': *code = '\t'; break;
    case 'r': *code = '\r'; break;
    case '\\':
    case '"':
    case '[':
    case ']':
    case '-':
    case '^': *code = (uint32_t)c; break;
    default: return mistake(r, from, "unknown escape \\, then %s", FOUND(r));
    }
    r->p++;
    return true;
}

static bool take_char(struct parser *r, uint32_t *code) {
    if (*r->p == '\\') return take_escape(r, code);
    const int n = utf8_step(r->p, (size_t)(r->end - r->p), code);
    if (n < 0) return mistake(r, r->p, "this is not UTF-8");
    r->p += n;
    return true;
}

static bool parse_literal(struct parser *r) {
    const char *from = r->p++;
    struct buffer text = {0};
    bool ok = true;
    while (ok && r->p < r->end && *r->p != '"') {
        uint32_t code;
        char bytes[4];
        ok = take_char(r, &code);
        if (ok && !buffer_add(&text, bytes, (size_t)utf8_write(bytes, code))) ok = no_memory(r);
    }
    if (ok && r->p == r->end) ok = mistake(r, from, "this literal has no end");
    r->p++;
    ok = ok && push(r, grammar_text(r->g, buffer_str(&text)));
    buffer_free(&text);
    return ok;
}

static bool parse_class(struct parser *r) {
    const char *from = r->p++;
    struct char_set set = {0};
    const bool inverse = at(r, '^');
    bool ok = true;
    if (inverse) r->p++;
    while (ok && r->p < r->end && *r->p != ']') {
        const char *range = r->p;
        uint32_t low, high;
        ok = take_char(r, &low);
        high = low;
        if (ok && r->end - r->p > 1 && *r->p == '-' && r->p[1] != ']') {
            r->p++;
            ok = take_char(r, &high);
            if (ok && high < low) ok = mistake(r, range, "this range of characters is the wrong way round");
        }
        if (ok && !char_set_add(&set, low, high)) ok = no_memory(r);
    }
    if (ok && r->p == r->end) ok = mistake(r, from, "this class has no end");
    r->p++;
    char_set_order(&set);
    if (ok && inverse && !char_set_invert(&set)) ok = no_memory(r);
    ok = ok && push(r, grammar_chars(r->g, &set));
    char_set_free(&set);
    return ok;
}

// ---- expressions ------------------------------------------------------------------------------------

static bool parse_choice(struct parser *r);

// `name` or `(...)` or the others, which is pushed.
static bool parse_symbol(struct parser *r) {
    const char *from = r->p;
    struct char_range all = {0, LAST_CODE};
    if (*from == '"') return parse_literal(r);
    if (*from == '[') return parse_class(r);
    if (*from == '.') {
        r->p++;
        return push(r, grammar_chars(r->g, &(struct char_set){&all, 1, 1}));
    }
    if (is_word(*from)) {
        const struct name *name = find_name(r, take_word(r));
        return name && push(r, grammar_ref(r->g, name->rule));
    }
    if (++r->groups > MOST_GROUPS) return mistake(r, from, "more than %d groups within each other", MOST_GROUPS);
    r->p++;
    if (!parse_choice(r)) return false;
    if (!at(r, ')')) return mistake(r, r->p, "expected ')' of a group, found %s", FOUND(r));
    r->p++;
    r->groups--;
    return true;
}

static bool take_count(struct parser *r, uint32_t *count) {
    const char *from = r->p;
    uint64_t n = 0;
    if (r->p == r->end || !is_digit(*r->p)) return mistake(r, r->p, "expected a number, found %s", FOUND(r));
    for (; r->p < r->end && is_digit(*r->p); r->p++)
        if (n <= MOST_REPEATS) n = 10 * n + (uint64_t)(*r->p - '0');
    if (n > MOST_REPEATS) return mistake(r, from, "more than %d repetitions", MOST_REPEATS);
    *count = (uint32_t)n;
    skip(r, true);
    return true;
}

// {m}, {m,}, {m,n} or {,n}, at its brace.
static bool parse_counts(struct parser *r, uint32_t *min, uint32_t *max) {
    const char *from = r->p++;
    *min = 0;
    *max = NEVER;
    skip(r, true);
    if (!at(r, ',') && !take_count(r, min)) return false;
    if (at(r, '}')) *max = *min;
    else if (at(r, ',')) {
        r->p++;
        skip(r, true);
        if (!at(r, '}') && !take_count(r, max)) return false;
    }
    if (!at(r, '}')) return mistake(r, r->p, "expected '}', found %s", FOUND(r));
    r->p++;
    return *min <= *max || mistake(r, from, "at least %u times and at most %u", *min, *max);
}

// What repeats the expression that was pushed last.
static bool parse_repeats(struct parser *r) {
    for (;;) {
        uint32_t min = 0, max = NEVER;
        const char c = r->p < r->end ? *r->p : '\0';
        if (c == '{') {
            if (!parse_counts(r, &min, &max)) return false;
        } else if (c == '*' || c == '+' || c == '?') {
            r->p++;
            min = c == '+';
            if (c == '?') max = 1;
        } else return true;
        r->exprs[r->n_exprs - 1] = grammar_repeat(r->g, r->exprs[r->n_exprs - 1], min, max);
        skip(r, r->groups > 0);
    }
}

// The name of the next rule, which an empty alternative at the end of a line may have in sight.
static bool at_rule(const struct parser *r) {
    struct parser ahead = *r;
    const struct str word = take_word(&ahead);
    skip(&ahead, false);
    return word.n && ahead.end - ahead.p >= 3 && memcmp(ahead.p, "::=", 3) == 0;
}

// Symbols one after the other; outside of groups, up to the end of the line.
static bool parse_sequence(struct parser *r) {
    const size_t from = r->n_exprs;
    for (skip(r, r->groups > 0); r->p < r->end; ) {
        const char c = *r->p;
        if (c == '|' || c == ')' || c == '\n') break;
        if (c == '*' || c == '+' || c == '?' || c == '{')
            return mistake(r, r->p, "there is nothing in front of '%c' that it could repeat", c);
        if (c == '<' || c == '!') return mistake(r, r->p, "tokens, as in <token> and <[id]>, are not supported");
        if (!is_word(c) && c != '"' && c != '[' && c != '.' && c != '(')
            return mistake(r, r->p, "expected an expression, found %s", FOUND(r));
        if (!parse_symbol(r)) return false;
        skip(r, r->groups > 0);
        if (!parse_repeats(r)) return false;
    }
    if (!push(r, NO_TEXT)) return false; // room for the result
    r->n_exprs--;
    join(r, from, grammar_sequence);
    return true;
}

// An alternative may stand on a line of its own, that begins or ends with `|`.
static bool at_alternative(struct parser *r) {
    const char *here = r->p;
    skip(r, true);
    if (at(r, '|')) return true;
    r->p = here;
    return false;
}

static bool parse_choice(struct parser *r) {
    const size_t from = r->n_exprs;
    if (!parse_sequence(r)) return false;
    while (at_alternative(r)) {
        const char *here = ++r->p;
        skip(r, true);
        if (at_rule(r)) r->p = here;
        if (!parse_sequence(r)) return false;
    }
    join(r, from, grammar_choice);
    return true;
}

// ---- rules ------------------------------------------------------------------------------------------

static bool parse_rule(struct parser *r) {
    const char *from = r->p;
    const struct str word = take_word(r);
    if (word.n == 0) return mistake(r, r->p, "expected the name of a rule, found %s", FOUND(r));
    skip(r, false);
    if (r->end - r->p < 3 || memcmp(r->p, "::=", 3) != 0)
        return mistake(r, r->p, "expected '::=', found %s", FOUND(r));
    r->p += 3;
    skip(r, true);
    struct name *name = find_name(r, word);
    if (!name) return false;
    if (name->defined) return mistake(r, from, "rule '%s' is defined again", QUOTED(word));
    name->defined = from;
    const uint32_t rule = name->rule;
    if (!parse_choice(r)) return false;
    if (r->p < r->end && *r->p != '\n')
        return mistake(r, r->p, "expected the end of the rule, found %s", FOUND(r));
    grammar_define(r->g, rule, r->exprs[--r->n_exprs]);
    skip(r, true);
    return true;
}

static bool check_names(struct parser *r) {
    bool root = false;
    for (size_t i = 0; i < r->n_names; i++) {
        const struct name *name = &r->names[i];
        if (!name->defined) return mistake(r, name->text.p, "rule '%s' is not defined", QUOTED(name->text));
        root = root || str_is(name->text, "root");
    }
    return root || mistake(r, r->end, "there is no rule 'root', with which texts begin");
}

static bool check_texts(struct parser *r) {
    struct measures m;
    bool ok = measures_find(&m, r->g) || no_memory(r);
    for (size_t i = 0; ok && i < r->n_names; i++)
        if (m.least[r->g->rules[r->names[i].rule].expr] == NEVER)
            ok = mistake(r, r->names[i].defined, "no text matches rule '%s'", QUOTED(r->names[i].text));
    measures_free(&m);
    return ok;
}

quill_status gbnf_parse(struct grammar *g, uint32_t *root, struct str text, quill_error *err) {
    struct parser r = {.g = g, .begin = text.n ? text.p : "", .err = err};
    r.end = r.begin + text.n;
    r.p = r.begin + utf8_mark(r.begin, text.n);
    skip(&r, true);
    bool ok = true;
    while (ok && r.p < r.end) ok = parse_rule(&r);
    ok = ok && check_names(&r);
    if (ok && !grammar_check(g, err)) ok = check_texts(&r);
    if (!r.status && g->status == QUILL_E_USAGE) r.status = fail(err, g->status, "grammar: %s", g->err.text);
    else if (!r.status) r.status = grammar_check(g, err);
    if (!r.status) *root = find_name(&r, STR("root"))->rule;
    free(r.names);
    free(r.table);
    free(r.exprs);
    return r.status;
}
