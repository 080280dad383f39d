// SPDX-License-Identifier: MIT
#include "regex_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "regex_parser.h"

static const struct tree *parse_either(struct parser *r);

// ---- groups ---------------------------------------------------------------------------------------

// Behind "(?": letters of options that are known. False: there is another one.
static bool parse_flags(struct parser *r) {
    bool on = true;
    for (; r->p < r->end && *r->p != ')' && *r->p != ':'; r->p++) {
        const unsigned flag = *r->p == 'i' ? CASELESS : *r->p == 's' ? DOT_ALL : *r->p == 'x' ? EXTENDED : 0;
        if (*r->p == '-' && on) on = false;
        else if (!flag || parser_at(r, "xx")) return false;
        else r->flags = on ? r->flags | flag : r->flags & ~flag;
    }
    return r->p < r->end;
}

// The rest of a group, behind what introduces it.
static const struct tree *parse_group_end(struct parser *r, unsigned flags_behind) {
    const struct tree *inside = parse_either(r);
    r->flags = flags_behind;
    if (!inside) return NULL;
    return parser_take(r, ")") ? inside : parser_give_up(r);
}

// A group that captures, behind what introduces it.
static const struct tree *parse_capture(struct parser *r, unsigned flags_behind) {
    const size_t i = r->n_groups;
    if (i == r->cap_groups) {
        const struct tree **groups = alloc_grow(r->groups, &r->cap_groups, i + 1, sizeof *groups);
        if (!groups) return parser_no_memory(r);
        r->groups = groups;
    }
    r->groups[r->n_groups++] = NULL;
    const size_t assertions = r->n_assertions;
    const struct tree *inside = parse_group_end(r, flags_behind);
    if (r->n_assertions == assertions) r->groups[i] = inside; // what is referred to asserts nothing again
    return inside;
}

// "(?1)", "(?-1)", "(?&name)", "(?P>name)": a group again, here anything.
static bool skip_recursion(struct parser *r) {
    static const char *const beginnings[] = {"?&", "?P>"};
    const char *p = r->p;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings && p == r->p; i++) parser_take(r, beginnings[i]);
    if (p == r->p && parser_take(r, "?")) {
        p = r->p;
        if (!parser_take(r, "-")) parser_take(r, "+");
        if (r->p == r->end || *r->p < '0' || *r->p > '9') {
            r->p = p - 1;
            return false;
        }
    } else if (p == r->p) return false;
    while (r->p < r->end && *r->p != ')') r->p++;
    return parser_take(r, ")");
}

static bool skip_name(struct parser *r, char end) {
    while (r->p < r->end && *r->p != end) r->p++;
    if (r->p < r->end) r->p++;
    return r->p < r->end;
}

// A group that must match but reads nothing.
static const struct tree *parse_look(struct parser *r) {
    return parse_group_end(r, r->flags) ? parser_left_out(r) : NULL;
}

static const struct tree *parse_group(struct parser *r) {
    static const char *const looks[] = {"?=", "?!", "?<=", "?<!"};
    const unsigned flags = r->flags;
    r->p++;
    if (parser_at(r, "*")) return parser_give_up(r);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (parser_take(r, looks[i])) return parse_look(r);
    if (parser_take(r, "?>")) {
        r->nfa->exact = false; // it gives nothing back
        return parse_group_end(r, flags);
    }
    if (parser_take(r, "?:")) return parse_group_end(r, flags);
    if (parser_take(r, "?#")) {
        while (r->p < r->end && *r->p != ')') r->p++;
        return parser_take(r, ")") ? parser_empty(r) : parser_give_up(r);
    }
    if (skip_recursion(r)) return parser_anything(r);
    const bool angle = parser_take(r, "?<") || parser_take(r, "?P<");
    if (angle || parser_take(r, "?'"))
        return skip_name(r, angle ? '>' : '\'') ? parse_capture(r, flags) : parser_give_up(r);
    if (!parser_take(r, "?")) return parse_capture(r, flags);
    if (!parse_flags(r)) return parser_give_up(r);
    if (parser_take(r, ")")) return parser_empty(r); // for the rest of the group around it
    r->p++;
    return parse_group_end(r, flags);
}

// ---- the whole ------------------------------------------------------------------------------------

// Skips what stands for nothing between two atoms.
static void skip_nothing(struct parser *r) {
    for (;;) {
        if (r->quoted ? parser_take(r, "\\E") : parser_take(r, "\\Q")) r->quoted = !r->quoted;
        else if (parser_take(r, "\\E")) continue;
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
    if (step < 0 || (code >= 0x80 && r->flags & EXTENDED)) return parser_give_up(r);
    r->p += step;
    return parser_literal(r, code, from, (size_t)step);
}

static const struct tree *parse_atom(struct parser *r) {
    if (r->quoted) return parse_character(r);
    const char c = *r->p;
    if (c == '(') return parse_group(r);
    if (c == '[') return parser_class(r);
    if (c == '\\') return parser_escape(r);
    if (c == '^') {
        r->p++;
        return parser_node(r, (struct tree){.op = TREE_BEGIN});
    }
    if (c == '$') {
        r->p++;
        return parser_node(r, (struct tree){.op = TREE_END});
    }
    if (c == '.') {
        r->p++;
        return parser_ask(r, STR("."));
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
    if (ok && parser_take(r, ",") && !parser_at(r, "}")) ok = number(r, &repeat->max);
    else if (ok && r->p[-1] == ',') repeat->max = WITHOUT_END;
    if (ok && parser_take(r, "}")) return true;
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
    if (!parser_take(r, "?") && parser_take(r, "+")) r->nfa->exact = false;
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
            piece = parser_node(r, repeat);
        }
        if (!piece || r->strange) return NULL;
        chain = chain ? parser_node(r, (struct tree){.op = TREE_CHAIN, .left = chain, .right = piece}) : piece;
        if (!chain) return NULL;
    }
    return chain ? chain : parser_empty(r);
}

static const struct tree *parse_either(struct parser *r) {
    const struct tree *either = parse_chain(r);
    while (either && parser_take(r, "|")) {
        const struct tree *other = parse_chain(r);
        either = other ? parser_node(r, (struct tree){.op = TREE_EITHER, .left = either, .right = other}) : NULL;
    }
    return either;
}

const struct tree *tree_parse(struct arena *arena, struct nfa *nfa, struct str pattern) {
    struct parser r = {.arena = arena, .nfa = nfa, .p = pattern.p, .end = pattern.p + pattern.n};
    nfa->exact = true;
    const struct tree *tree = parse_either(&r);
    if (!r.no_memory && (!tree || r.p < r.end)) tree = parser_anything(&r);
    free(r.known);
    free(r.groups);
    buffer_free(&r.characters);
    return r.no_memory ? NULL : tree;
}
