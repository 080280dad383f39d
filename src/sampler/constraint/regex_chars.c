// SPDX-License-Identifier: MIT
// Characters, escapes and classes of a pattern.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "pcre.h"
#include "regex_parser.h"

enum { MOST_QUESTIONS = 100 }; // to PCRE2, each of which takes milliseconds

const struct tree *parser_node(struct parser *r, struct tree tree) {
    struct tree *made = arena_alloc(r->arena, 1, sizeof *made);
    if (!made) return parser_no_memory(r);
    *made = tree;
    r->n_assertions += tree.op >= TREE_BEGIN;
    return made;
}

const struct tree *parser_empty(struct parser *r) { return parser_node(r, (struct tree){.op = TREE_EMPTY}); }

const struct tree *parser_left_out(struct parser *r) {
    r->nfa->exact = false;
    return parser_empty(r);
}

// ---- characters -----------------------------------------------------------------------------------

// Adds a set to the automaton's, which then owns it.
static const struct tree *new_set(struct parser *r, struct char_set *set) {
    struct nfa *nfa = r->nfa;
    if (nfa->n_sets == nfa->cap_sets) {
        struct char_set *sets = alloc_grow(nfa->sets, &nfa->cap_sets, nfa->n_sets + 1, sizeof *sets);
        if (!sets) {
            char_set_free(set);
            return parser_no_memory(r);
        }
        nfa->sets = sets;
    }
    nfa->sets[nfa->n_sets] = *set;
    return parser_node(r, (struct tree){.op = TREE_CHAR, .set = (uint32_t)nfa->n_sets++});
}

static const struct tree *range(struct parser *r, uint32_t low, uint32_t high) {
    struct char_set set = {0};
    return char_set_add(&set, low, high) ? new_set(r, &set) : parser_no_memory(r);
}

const struct tree *parser_anything(struct parser *r) {
    r->nfa->exact = false;
    const struct tree *one = range(r, 0, LAST_CODE);
    return one ? parser_node(r, (struct tree){.op = TREE_REPEAT, .left = one, .max = WITHOUT_END}) : NULL;
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

const struct tree *parser_ask(struct parser *r, struct str pattern) {
    static const char *const options[] = {"", "(?i)", "(?s)", "(?is)"};
    const unsigned flags = r->flags & OF_CHARACTERS;
    for (size_t i = 0; i < r->n_known; i++)
        if (r->known[i].flags == flags && str_equal(r->known[i].pattern, pattern))
            return parser_node(r, (struct tree){.op = TREE_CHAR, .set = r->known[i].set});
    struct char_set set = {0};
    if (r->n_known == MOST_QUESTIONS) return parser_give_up(r);
    if (!pcre_char_set(&set, options[flags], pattern, &r->characters)) {
        char_set_free(&set);
        return r->characters.n ? parser_give_up(r) : parser_no_memory(r);
    }
    const struct tree *made = new_set(r, &set);
    return !made || remember(r, pattern, made->set) ? made : parser_no_memory(r);
}

static bool is_letter(uint32_t code) { return (code | 32) >= 'a' && (code | 32) <= 'z'; }

const struct tree *parser_literal(struct parser *r, uint32_t code, const char *from, size_t n) {
    if (!(r->flags & CASELESS)) return range(r, code, code);
    if (code >= 0x80) return parser_ask(r, (struct str){from, n});
    if (!is_letter(code)) return range(r, code, code);
    // Of the letters of ASCII two have a third case: the Kelvin sign and the long s.
    struct char_set set = {0};
    const uint32_t third = (code | 32) == 'k' ? 0x212a : (code | 32) == 's' ? 0x17f : code;
    bool ok = char_set_add(&set, code, code) && char_set_add(&set, code ^ 32, code ^ 32) &&
              char_set_add(&set, third, third);
    if (!ok) {
        char_set_free(&set);
        return parser_no_memory(r);
    }
    char_set_order(&set);
    return new_set(r, &set);
}

// Behind "\x": up to two digits, or any number in braces. False: something else.
static bool hex_code(struct parser *r, uint32_t *code) {
    const bool braces = parser_take(r, "{");
    int digits = 0;
    for (*code = 0; r->p < r->end && hex_value(*r->p) >= 0 && digits < (braces ? 8 : 2); digits++)
        *code = *code << 4 | (uint32_t)hex_value(*r->p++);
    return (digits || !braces) && (!braces || parser_take(r, "}")) && *code <= LAST_CODE;
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
    if (parser_take(r, "x")) {
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
    if (!parser_take(r, "{")) {
        r->p++;
        return r->p <= r->end;
    }
    while (r->p < r->end && *r->p != '}') r->p++;
    return parser_take(r, "}");
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
    if (parser_at(r, "-") || parser_at(r, "+")) r->p++;
    const char *from = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    return r->p > from;
}

static const struct tree *parse_edge(struct parser *r, enum tree_op op) {
    const struct tree *word = parser_ask(r, STR("\\w"));
    if (word) r->nfa->word = word->set;
    return word ? parser_node(r, (struct tree){.op = op}) : NULL;
}

// Behind its first digit. It matches what its group can match. (Several digits may be the number of a character.)
static const struct tree *parse_backreference(struct parser *r, size_t group) {
    const char *from = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    r->nfa->exact = false;
    const struct tree *same = r->p == from && group <= r->n_groups ? r->groups[group - 1] : NULL;
    return same && !(r->flags & CASELESS) ? same : parser_anything(r);
}

const struct tree *parser_escape(struct parser *r) {
    const char *from = r->p++;
    uint32_t code;
    if (escaped_code(r, &code)) return parser_literal(r, code, from, (size_t)(r->p - from));
    if (r->p >= r->end) return parser_give_up(r);
    const char c = *r->p;
    if (strchr("dDwWsShHvVN", c)) {
        r->p++;
        if (c == 'N' && parser_at(r, "{")) return parser_give_up(r);
        return parser_ask(r, (struct str){from, 2});
    }
    if (c == 'p' || c == 'P')
        return skip_property(r) ? parser_ask(r, (struct str){from, (size_t)(r->p - from)}) : parser_give_up(r);
    r->p++;
    if (c == 'A' || c == 'G') return parser_node(r, (struct tree){.op = TREE_BEGIN});
    if (c == 'z' || c == 'Z') return parser_node(r, (struct tree){.op = TREE_END});
    if (c == 'b' || c == 'B') return parse_edge(r, c == 'b' ? TREE_EDGE : TREE_NO_EDGE);
    if ((c == 'g' || c == 'k') && skip_reference(r)) return parser_anything(r);
    if (c == 'R' || c == 'X') return parser_anything(r);
    return c >= '1' && c <= '9' ? parse_backreference(r, (size_t)(c - '0')) : parser_give_up(r);
}

// ---- classes --------------------------------------------------------------------------------------

// Behind "[" of a class: moves behind its "]". False: something unusual.
static bool skip_class(struct parser *r) {
    parser_take(r, "^");
    for (bool first = true; r->p < r->end; first = false) {
        if (*r->p == ']' && !first) return parser_take(r, "]");
        if (parser_at(r, "\\Q") || parser_at(r, "\\E") || parser_at(r, "\\c")) return false;
        if (parser_at(r, "[:") || parser_at(r, "[.") || parser_at(r, "[=")) {
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
    if (r->p >= r->end || parser_at(r, "[:") || parser_at(r, "[.") || parser_at(r, "[=")) return false;
    if (*r->p == '\\') {
        r->p++;
        return escaped_code(r, code);
    }
    r->p += utf8_step(r->p, (size_t)(r->end - r->p), code);
    return true;
}

// The set of a class of plain characters and ranges, without asking PCRE2. False: it has something else.
static bool plain_class(struct parser *r, struct char_set *set, const char *end, bool *memory) {
    const bool inverted = parser_take(r, "^");
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

const struct tree *parser_class(struct parser *r) {
    const char *from = r->p++;
    if (!skip_class(r)) return parser_give_up(r);
    const char *end = r->p;
    struct char_set set = {0};
    bool memory = true;
    r->p = from + 1;
    const bool plain = !(r->flags & CASELESS) && plain_class(r, &set, end, &memory);
    r->p = end;
    if (plain) return new_set(r, &set);
    char_set_free(&set);
    return memory ? parser_ask(r, (struct str){from, (size_t)(end - from)}) : parser_no_memory(r);
}
