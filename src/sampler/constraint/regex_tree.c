// SPDX-License-Identifier: MIT
// A parser of PCRE2's syntax. It trusts that PCRE2 compiled the pattern. What it does not know, it takes as any text.
#include "regex_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "pcre.h"

enum flag {
    CASELESS = 1,
    DOT_ALL = 2,
    OF_CHARACTERS = 3, // those that say what a character is
    EXTENDED = 4,      // white space and comments are skipped
};

enum { MOST_QUESTIONS = 100 }; // to PCRE2, each of which takes milliseconds

// A single character's pattern whose set is known.
struct known {
    struct str pattern;
    unsigned flags;
    uint32_t set;
};

struct parser {
    struct arena *arena;
    struct nfa *nfa;
    const char *p, *end;
    unsigned flags;
    bool quoted;    // between \Q and \E
    bool strange;   // there is something that this parser does not know
    bool no_memory;
    struct known *known; // [n_known]
    size_t n_known, cap_known;
    struct buffer characters; // of pcre_char_set
};

static const struct tree *parse_either(struct parser *r);

static const struct tree *give_up(struct parser *r) {
    r->strange = true;
    return NULL;
}

static const struct tree *no_memory(struct parser *r) {
    r->no_memory = true;
    return NULL;
}

static const struct tree *node(struct parser *r, struct tree tree) {
    struct tree *made = arena_alloc(r->arena, 1, sizeof *made);
    if (!made) return no_memory(r);
    *made = tree;
    return made;
}

static const struct tree *empty(struct parser *r) { return node(r, (struct tree){.op = TREE_EMPTY}); }

// For what looks around: it reads nothing.
static const struct tree *left_out(struct parser *r) {
    r->nfa->exact = false;
    return empty(r);
}

static bool at(const struct parser *r, const char *text) {
    const size_t n = strlen(text);
    return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

static bool take(struct parser *r, const char *text) {
    const bool found = at(r, text);
    if (found) r->p += strlen(text);
    return found;
}

// ---- characters -----------------------------------------------------------------------------------

// Adds a set to the automaton's, which then owns it.
static const struct tree *new_set(struct parser *r, struct char_set *set) {
    struct nfa *nfa = r->nfa;
    if (nfa->n_sets == nfa->cap_sets) {
        struct char_set *sets = alloc_grow(nfa->sets, &nfa->cap_sets, nfa->n_sets + 1, sizeof *sets);
        if (!sets) {
            char_set_free(set);
            return no_memory(r);
        }
        nfa->sets = sets;
    }
    nfa->sets[nfa->n_sets] = *set;
    return node(r, (struct tree){.op = TREE_CHAR, .set = (uint32_t)nfa->n_sets++});
}

static const struct tree *range(struct parser *r, uint32_t low, uint32_t high) {
    struct char_set set = {0};
    return char_set_add(&set, low, high) ? new_set(r, &set) : no_memory(r);
}

// Any text.
static const struct tree *anything(struct parser *r) {
    r->nfa->exact = false;
    const struct tree *one = range(r, 0, LAST_CODE);
    return one ? node(r, (struct tree){.op = TREE_REPEAT, .left = one, .max = WITHOUT_END}) : NULL;
}

static bool remember(struct parser *r, struct str pattern, uint32_t set) {
    if (r->n_known == r->cap_known) {
        struct known *known = alloc_grow(r->known, &r->cap_known, r->n_known + 1, sizeof *known);
        if (!known) return false;
        r->known = known;
    }
    r->known[r->n_known++] = (struct known){pattern, r->flags & OF_CHARACTERS, set};
    return true;
}

// The characters that a pattern for one of them matches, as PCRE2 says.
static const struct tree *ask(struct parser *r, struct str pattern) {
    static const char *const options[] = {"", "(?i)", "(?s)", "(?is)"};
    const unsigned flags = r->flags & OF_CHARACTERS;
    for (size_t i = 0; i < r->n_known; i++)
        if (r->known[i].flags == flags && str_equal(r->known[i].pattern, pattern))
            return node(r, (struct tree){.op = TREE_CHAR, .set = r->known[i].set});
    struct char_set set = {0};
    if (r->n_known == MOST_QUESTIONS) return give_up(r);
    if (!pcre_char_set(&set, options[flags], pattern, &r->characters)) {
        char_set_free(&set);
        return r->characters.n ? give_up(r) : no_memory(r);
    }
    const struct tree *made = new_set(r, &set);
    return !made || remember(r, pattern, made->set) ? made : no_memory(r);
}

static bool is_letter(uint32_t code) { return (code | 32) >= 'a' && (code | 32) <= 'z'; }

// A character that stands for itself, at from[0..n).
static const struct tree *literal(struct parser *r, uint32_t code, const char *from, size_t n) {
    if (!(r->flags & CASELESS)) return range(r, code, code);
    if (code >= 0x80) return ask(r, (struct str){from, n});
    if (!is_letter(code)) return range(r, code, code);
    // Of the letters of ASCII two have a third case: the Kelvin sign and the long s.
    struct char_set set = {0};
    const uint32_t third = (code | 32) == 'k' ? 0x212a : (code | 32) == 's' ? 0x17f : code;
    bool ok = char_set_add(&set, code, code) && char_set_add(&set, code ^ 32, code ^ 32) &&
              char_set_add(&set, third, third);
    if (!ok) {
        char_set_free(&set);
        return no_memory(r);
    }
    char_set_order(&set);
    return new_set(r, &set);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

// Behind "\x": up to two digits, or any number in braces. False: something else.
static bool hex_code(struct parser *r, uint32_t *code) {
    const bool braces = take(r, "{");
    int digits = 0;
    for (*code = 0; r->p < r->end && hex_value(*r->p) >= 0 && digits < (braces ? 8 : 2); digits++)
        *code = *code << 4 | (uint32_t)hex_value(*r->p++);
    return (digits || !braces) && (!braces || take(r, "}")) && *code <= LAST_CODE;
}

// Behind a backslash: a character that has a name, or stands for itself. False: the escape means something else, and
// nothing was taken.
static bool escaped_code(struct parser *r, uint32_t *code) {
    static const char names[] = "ntrfea", codes[] = "\n\t\r\f\x1b\a";
    if (r->p >= r->end) return false;
    const char *from = r->p, *name = *r->p ? strchr(names, *r->p) : NULL;
    if (name) {
        *code = (uint32_t)codes[name - names];
        r->p++;
        return true;
    }
    if (take(r, "x")) {
        if (hex_code(r, code)) return true;
        r->p = from;
        return false;
    }
    if (is_letter((uint8_t)*r->p) || (*r->p >= '0' && *r->p <= '9')) return false;
    r->p += utf8_step(r->p, (size_t)(r->end - r->p), code);
    return true;
}

// "\p{...}", "\pL" and the like, behind the backslash: to the end of the name.
static bool skip_property(struct parser *r) {
    r->p++;
    if (!take(r, "{")) {
        r->p++;
        return r->p <= r->end;
    }
    while (r->p < r->end && *r->p != '}') r->p++;
    return take(r, "}");
}

// Behind "\g" or "\k": the number or name of a group.
static bool skip_reference(struct parser *r) {
    static const char opening[] = "{<'", closing[] = "}>'";
    const char *kind = r->p < r->end && *r->p ? strchr(opening, *r->p) : NULL;
    if (kind) {
        r->p++;
        while (r->p < r->end && *r->p != closing[kind - opening]) r->p++;
        return r->p++ < r->end;
    }
    if (at(r, "-") || at(r, "+")) r->p++;
    const char *from = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    return r->p > from;
}

static const struct tree *parse_escape(struct parser *r) {
    const char *from = r->p++;
    uint32_t code;
    if (escaped_code(r, &code)) return literal(r, code, from, (size_t)(r->p - from));
    if (r->p >= r->end) return give_up(r);
    const char c = *r->p;
    if (strchr("dDwWsShHvVN", c)) {
        r->p++;
        if (c == 'N' && at(r, "{")) return give_up(r);
        return ask(r, (struct str){from, 2});
    }
    if (c == 'p' || c == 'P')
        return skip_property(r) ? ask(r, (struct str){from, (size_t)(r->p - from)}) : give_up(r);
    r->p++;
    if (c == 'A') return node(r, (struct tree){.op = TREE_BEGIN});
    if (c == 'z' || c == 'Z') return node(r, (struct tree){.op = TREE_END});
    if (c == 'b' || c == 'B' || c == 'G') return left_out(r);
    if ((c == 'g' || c == 'k') && skip_reference(r)) return anything(r);
    if (c == 'R' || c == 'X' || (c >= '1' && c <= '9')) {
        while (c != 'R' && c != 'X' && r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
        return anything(r);
    }
    return give_up(r);
}

// ---- classes --------------------------------------------------------------------------------------

// Behind "[" of a class: moves behind its "]". False: something unusual.
static bool skip_class(struct parser *r) {
    take(r, "^");
    for (bool first = true; r->p < r->end; first = false) {
        if (*r->p == ']' && !first) return take(r, "]");
        if (at(r, "\\Q") || at(r, "\\E") || at(r, "\\c")) return false;
        if (at(r, "[:") || at(r, "[.") || at(r, "[=")) {
            const char mark = r->p[1];
            const char *end = r->p + 2;
            while (end + 1 < r->end && !(end[0] == mark && end[1] == ']') && *end != ']' && *end != '\\') end++;
            if (end + 1 < r->end && end[0] == mark && end[1] == ']') {
                r->p = end + 2;
                continue;
            }
        }
        r->p += *r->p == '\\' ? 2 : 1;
    }
    return false;
}

// A character of a class that stands for itself. False: it is something else.
static bool class_code(struct parser *r, uint32_t *code) {
    if (r->p >= r->end || at(r, "[:") || at(r, "[.") || at(r, "[=")) return false;
    if (*r->p == '\\') {
        r->p++;
        return escaped_code(r, code);
    }
    r->p += utf8_step(r->p, (size_t)(r->end - r->p), code);
    return true;
}

// The set of a class of plain characters and ranges, without asking PCRE2. False: it has something else.
static bool plain_class(struct parser *r, struct char_set *set, const char *end, bool *memory) {
    const bool inverted = take(r, "^");
    for (bool first = true; r->p < end - 1; first = false) {
        uint32_t low, high;
        if (*r->p == ']' && !first) return false;
        if (!class_code(r, &low)) return false;
        high = low;
        if (r->p + 1 < end - 1 && *r->p == '-') {
            r->p++;
            if (!class_code(r, &high) || high < low) return false;
        }
        *memory = char_set_add(set, low, high);
        if (!*memory) return false;
    }
    char_set_order(set);
    *memory = !inverted || char_set_invert(set);
    return *memory;
}

static const struct tree *parse_class(struct parser *r) {
    const char *from = r->p++;
    if (!skip_class(r)) return give_up(r);
    const char *end = r->p;
    struct char_set set = {0};
    bool memory = true;
    r->p = from + 1;
    const bool plain = !(r->flags & CASELESS) && plain_class(r, &set, end, &memory);
    r->p = end;
    if (plain) return new_set(r, &set);
    char_set_free(&set);
    return memory ? ask(r, (struct str){from, (size_t)(end - from)}) : no_memory(r);
}

// ---- groups ---------------------------------------------------------------------------------------

// Behind "(?": letters of options that are known. False: there is another one.
static bool parse_flags(struct parser *r) {
    bool on = true;
    for (; r->p < r->end && *r->p != ')' && *r->p != ':'; r->p++) {
        const unsigned flag = *r->p == 'i' ? CASELESS : *r->p == 's' ? DOT_ALL : *r->p == 'x' ? EXTENDED : 0;
        if (*r->p == '-' && on) on = false;
        else if (!flag || at(r, "xx")) return false;
        else r->flags = on ? r->flags | flag : r->flags & ~flag;
    }
    return r->p < r->end;
}

// The rest of a group, behind what introduces it.
static const struct tree *parse_group_end(struct parser *r, unsigned flags_behind) {
    const struct tree *inside = parse_either(r);
    r->flags = flags_behind;
    if (!inside) return NULL;
    return take(r, ")") ? inside : give_up(r);
}

static bool skip_name(struct parser *r, char end) {
    while (r->p < r->end && *r->p != end) r->p++;
    if (r->p < r->end) r->p++;
    return r->p < r->end;
}

// A group that must match but reads nothing.
static const struct tree *parse_look(struct parser *r) {
    return parse_group_end(r, r->flags) ? left_out(r) : NULL;
}

static const struct tree *parse_group(struct parser *r) {
    static const char *const looks[] = {"?=", "?!", "?<=", "?<!"};
    const unsigned flags = r->flags;
    r->p++;
    if (at(r, "*")) return give_up(r);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (take(r, looks[i])) return parse_look(r);
    if (take(r, "?>")) {
        r->nfa->exact = false; // it gives nothing back
        return parse_group_end(r, flags);
    }
    if (take(r, "?:")) return parse_group_end(r, flags);
    if (take(r, "?#")) {
        while (r->p < r->end && *r->p != ')') r->p++;
        return take(r, ")") ? empty(r) : give_up(r);
    }
    if (take(r, "?<") || take(r, "?P<")) return skip_name(r, '>') ? parse_group_end(r, flags) : give_up(r);
    if (take(r, "?'")) return skip_name(r, '\'') ? parse_group_end(r, flags) : give_up(r);
    if (!take(r, "?")) return parse_group_end(r, flags);
    if (!parse_flags(r)) return give_up(r);
    if (take(r, ")")) return empty(r); // for the rest of the group around it
    r->p++;
    return parse_group_end(r, flags);
}

// ---- the whole ------------------------------------------------------------------------------------

// Skips what stands for nothing between two atoms.
static void skip_nothing(struct parser *r) {
    for (;;) {
        if (r->quoted ? take(r, "\\E") : take(r, "\\Q")) r->quoted = !r->quoted;
        else if (take(r, "\\E")) continue;
        else if (r->quoted || !(r->flags & EXTENDED) || r->p == r->end) return;
        else if (*r->p == '#')
            while (r->p < r->end && *r->p++ != '\n');
        else if (*r->p == ' ' || (*r->p >= '\t' && *r->p <= '\r')) r->p++;
        else return;
    }
}

static const struct tree *parse_character(struct parser *r) {
    const char *from = r->p;
    uint32_t code = 0;
    const int step = utf8_step(r->p, (size_t)(r->end - r->p), &code);
    // Of these some are white space in extended patterns.
    if (step < 0 || (code >= 0x80 && r->flags & EXTENDED)) return give_up(r);
    r->p += step;
    return literal(r, code, from, (size_t)step);
}

static const struct tree *parse_atom(struct parser *r) {
    if (r->quoted) return parse_character(r);
    const char c = *r->p;
    if (c == '(') return parse_group(r);
    if (c == '[') return parse_class(r);
    if (c == '\\') return parse_escape(r);
    if (c == '^') {
        r->p++;
        return node(r, (struct tree){.op = TREE_BEGIN});
    }
    if (c == '$') {
        r->p++;
        return node(r, (struct tree){.op = TREE_END});
    }
    if (c == '.') {
        r->p++;
        return ask(r, STR("."));
    }
    return parse_character(r);
}

static bool number(struct parser *r, uint32_t *value) {
    const char *from = r->p;
    for (*value = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9' && *value < 100000; r->p++)
        *value = *value * 10 + (uint32_t)(*r->p - '0');
    return r->p > from;
}

// "{2}", "{2,}", "{2,5}". False, with nothing taken: the brace stands for itself, or is unusual.
static bool parse_count(struct parser *r, struct tree *repeat) {
    const char *from = r->p++;
    bool ok = number(r, &repeat->min);
    repeat->max = repeat->min;
    if (ok && take(r, ",") && !at(r, "}")) ok = number(r, &repeat->max);
    else if (ok && r->p[-1] == ',') repeat->max = WITHOUT_END;
    if (ok && take(r, "}")) return true;
    // Later versions of PCRE2 allow blanks and {,5}.
    const char *next = from + 1;
    while (next < r->end && (*next == ' ' || *next == '\t')) next++;
    if (next < r->end && (*next == ',' || (*next >= '0' && *next <= '9'))) r->strange = true;
    r->p = from;
    return false;
}

static bool parse_quantifier(struct parser *r, struct tree *repeat) {
    *repeat = (struct tree){.op = TREE_REPEAT, .max = WITHOUT_END};
    skip_nothing(r);
    if (r->p == r->end || r->quoted) return false;
    const bool counted = *r->p == '{';
    if (counted && !parse_count(r, repeat)) return false;
    if (!counted) {
        if (!strchr("*+?", *r->p) || !*r->p) return false;
        repeat->min = *r->p == '+';
        if (*r->p == '?') repeat->max = 1;
        r->p++;
    }
    // Lazy or not, the same texts match; a possessive one gives nothing back.
    if (!take(r, "?") && take(r, "+")) r->nfa->exact = false;
    return true;
}

static const struct tree *parse_chain(struct parser *r) {
    const struct tree *chain = NULL;
    for (skip_nothing(r); r->p < r->end && (r->quoted || (*r->p != '|' && *r->p != ')')); skip_nothing(r)) {
        const struct tree *piece = parse_atom(r);
        struct tree repeat;
        if (!piece) return NULL;
        if (parse_quantifier(r, &repeat)) {
            repeat.left = piece;
            piece = node(r, repeat);
        }
        if (!piece || r->strange) return NULL;
        chain = chain ? node(r, (struct tree){.op = TREE_CHAIN, .left = chain, .right = piece}) : piece;
        if (!chain) return NULL;
    }
    return chain ? chain : empty(r);
}

static const struct tree *parse_either(struct parser *r) {
    const struct tree *either = parse_chain(r);
    while (either && take(r, "|")) {
        const struct tree *other = parse_chain(r);
        either = other ? node(r, (struct tree){.op = TREE_EITHER, .left = either, .right = other}) : NULL;
    }
    return either;
}

const struct tree *tree_parse(struct arena *arena, struct nfa *nfa, struct str pattern) {
    struct parser r = {.arena = arena, .nfa = nfa, .p = pattern.p, .end = pattern.p + pattern.n};
    nfa->exact = true;
    const struct tree *tree = parse_either(&r);
    if (!r.no_memory && (!tree || r.p < r.end)) tree = anything(&r);
    free(r.known);
    buffer_free(&r.characters);
    return r.no_memory ? NULL : tree;
}
