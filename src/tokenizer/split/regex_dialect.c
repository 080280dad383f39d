// SPDX-License-Identifier: MIT
#include "regex_dialect.h"

// The property White_Space, for use within a class.
#define SPACES "\\t-\\r\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define WORDS "\\p{L}\\p{M}\\p{Nd}\\p{Pc}"

struct dialect {
    struct buffer *out;
    const char *p, *end;
    bool script_prefix;
    const char *why;
};

static bool refuse(struct dialect *d, const char *why) {
    d->why = why;
    return false;
}

static bool add(struct dialect *d, const char *text) { return buffer_add_str(d->out, str_of(text)); }

static bool copy(struct dialect *d, size_t n) {
    d->p += n;
    return buffer_add(d->out, d->p - n, n);
}

static bool at(const struct dialect *d, const char *text) {
    return str_starts((struct str){d->p, (size_t)(d->end - d->p)}, str_of(text));
}

static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// \p{...}: general categories are the same in both; any other name is a script.
static bool property(struct dialect *d) {
    static const char *const long_names[][2] = {{"Letter", "L"}, {"Mark", "M"},   {"Number", "N"}, {"Punctuation", "P"},
                                                {"Symbol", "S"}, {"Separator", "Z"}, {"Other", "C"}};
    const char *name = d->p + 3, *close = d->end - d->p > 3 ? memchr(name, '}', (size_t)(d->end - name)) : NULL;
    if (d->end - d->p < 4 || d->p[2] != '{' || !close) return refuse(d, "a property without {name}");
    bool negated = *name == '^';
    struct str s = {name + negated, (size_t)(close - name) - negated};
    if (s.n == 0 || s.n > 40) return refuse(d, "a property without a name");
    for (size_t i = 0; i < sizeof long_names / sizeof *long_names; i++)
        if (str_is(s, long_names[i][0])) s = str_of(long_names[i][1]);
    bool ok = buffer_add(d->out, d->p, 3) && (!negated || add(d, "^")) &&
              (s.n <= 2 || !d->script_prefix || add(d, "sc:")) && buffer_add_str(d->out, s) && add(d, "}");
    d->p = close + 1;
    return ok;
}

// \uHHHH
static bool code_point(struct dialect *d) {
    for (int i = 2; i < 6; i++)
        if (d->end - d->p <= i || !is_hex(d->p[i])) return refuse(d, "\\u without four hexadecimal digits");
    bool ok = add(d, "\\x{") && buffer_add(d->out, d->p + 2, 4) && add(d, "}");
    d->p += 6;
    return ok;
}

// Translates an escape; d->p is at the backslash.
static bool escape(struct dialect *d, bool in_class) {
    if (d->end - d->p < 2) return refuse(d, "a backslash at the end");
    char c = d->p[1];
    const char *instead = NULL;
    switch (c) {
    case 'p': case 'P': return property(d);
    case 'u': return code_point(d);
    case 's': instead = in_class ? SPACES : "[" SPACES "]"; break;
    case 'S': instead = in_class ? "\\S\\x{180e}" : "[^" SPACES "]"; break;
    case 'w': instead = in_class ? WORDS : "[" WORDS "]"; break;
    case 'W':
        if (in_class) return refuse(d, "\\W in a class");
        instead = "[^" WORDS "]";
        break;
    case 'v': instead = "\\x0b"; break;
    case 'b': case 'B':
        if (in_class) return refuse(d, "\\b in a class");
        instead = c == 'b' ? "(?:(?<=[" WORDS "])(?![" WORDS "])|(?<![" WORDS "])(?=[" WORDS "]))"
                           : "(?:(?<=[" WORDS "])(?=[" WORDS "])|(?<![" WORDS "])(?![" WORDS "]))";
        break;
    case 'd': case 'D': case 'n': case 'r': case 't': case 'f': case 'a': case 'e': case 'x': return copy(d, 2);
    case 'A': case 'z': case 'Z':
        if (in_class) return refuse(d, "an anchor in a class");
        return copy(d, 2);
    default:
        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            return refuse(d, "an escape that is not known");
        return copy(d, 2);
    }
    d->p += 2;
    return add(d, instead);
}

// Translates a class; d->p is at its bracket. A class within it adds to it, so its brackets are dropped: [^a[bc]] is
// [^abc].
static bool class(struct dialect *d) {
    int depth = 0;
    while (d->p < d->end) {
        bool ok;
        if (*d->p == '[') {
            if (at(d, "[:")) return refuse(d, "a POSIX class");
            if (depth > 0 && at(d, "[^")) return refuse(d, "a negated class within a class");
            ok = depth > 0 ? (d->p++, true) : copy(d, at(d, "[^") ? 2 : 1);
            depth++;
            if (at(d, "]")) return refuse(d, "an empty class");
        } else if (*d->p == ']') {
            if (--depth == 0) return copy(d, 1);
            d->p++;
            ok = true;
        } else if (*d->p == '\\') {
            ok = escape(d, true);
        } else {
            if (at(d, "&&")) return refuse(d, "&& in a class");
            ok = copy(d, 1);
        }
        if (!ok) return false;
    }
    return refuse(d, "a class without an end");
}

// Translates what follows an opening parenthesis.
static bool group(struct dialect *d) {
    static const char *const kinds[] = {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!", "(?i:", "(?-i:"};
    if (at(d, "(*")) return refuse(d, "(*");
    if (!at(d, "(?")) return copy(d, 1);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (at(d, kinds[i])) return copy(d, strlen(kinds[i]));
    return refuse(d, "a group of an unknown kind");
}

bool regex_to_pcre2(struct buffer *out, struct str pattern, bool script_prefix, const char **why) {
    struct dialect d = {out, pattern.p, pattern.n ? pattern.p + pattern.n : pattern.p, script_prefix, NULL};
    bool ok = true;
    while (ok && d.p < d.end) {
        switch (*d.p) {
        case '\\': ok = escape(&d, false); break;
        case '[': ok = class(&d); break;
        case '(': ok = group(&d); break;
        case '^': ok = add(&d, "(?m:^)"), d.p++; break;
        case '$': ok = add(&d, "(?m:$)"), d.p++; break;
        case '{':
            if (at(&d, "{,")) ok = add(&d, "{0"), d.p++;
            else ok = copy(&d, 1);
            break;
        default: ok = copy(&d, 1);
        }
    }
    *why = d.why;
    return ok;
}
