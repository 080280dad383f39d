// SPDX-License-Identifier: MIT
// Expressions, from the loosest operator to the tightest: a if b else c; or; and; not; comparisons; + -; ~; * / // %;
// **; unary signs; attributes, items and calls; filters and tests.
#include "parse.h"

#include "values.h"

static bool at_end_of_tuple(const struct parser *p, const char *end) {
    return p->at->type == T_OUTPUT_END || p->at->type == T_BLOCK_END || at_operator(p, OP_RPAREN) ||
           (end && at_name(p, end));
}

static struct node *unary(struct parser *p, enum node_kind kind, uint32_t line, struct node *a) {
    struct node *node = a ? node_new(p, kind, line) : NULL;
    if (!node) return NULL;
    node->a = a;
    return node_done(p, node);
}

static struct node *binary(struct parser *p, enum node_kind kind, enum operator op, struct node *a, struct node *b) {
    struct node *node = a && b ? node_new(p, kind, a->line) : NULL;
    if (!node) return NULL;
    node->op = (uint8_t)op;
    node->a = a;
    node->b = b;
    return node_done(p, node);
}

// ---- literals -------------------------------------------------------------------------------------------------------

static struct node *constant(struct parser *p, struct value v) {
    struct node *node = node_new(p, N_CONSTANT, p->at->line);
    if (node) node->constant = v;
    return node;
}

static struct value program_text(struct parser *p, struct str s) {
    struct text *t = arena_alloc(&p->out->arena, 1, sizeof *t);
    if (!t) {
        p->status = fail_memory(p->err);
        return UNDEFINED;
    }
    *t = (struct text){.p = s.p, .n = s.n, .ascii = true};
    for (size_t i = 0; i < s.n; i++) t->ascii &= (unsigned char)s.p[i] < 0x80;
    return value_text(t);
}

// Strings that follow each other are one.
static struct node *string(struct parser *p) {
    struct node *node = node_new(p, N_CONSTANT, p->at->line);
    struct str all = p->at++->text;
    size_t n = all.n;
    const struct token *first = p->at;
    while (p->at->type == T_STRING) n += p->at++->text.n;
    if (p->at > first) {
        char *joined = arena_alloc(&p->out->arena, n, 1);
        if (!joined) return p->status = fail_memory(p->err), NULL;
        size_t used = all.n;
        memcpy(joined, all.p, all.n);
        for (const struct token *t = first; t < p->at; used += t++->text.n)
            if (t->text.n) memcpy(joined + used, t->text.p, t->text.n);
        all = (struct str){joined, n};
    }
    if (node) node->constant = program_text(p, all);
    return node;
}

static struct node *list(struct parser *p) {
    struct node *node = node_new(p, N_LIST, p->at->line);
    size_t cap = 0;
    p->at++;
    while (node && !at_operator(p, OP_RBRACKET)) {
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return NULL;
        if (at_operator(p, OP_RBRACKET)) break;
        if (!node_add(p, node, &cap, parse_expression(p, true))) return NULL;
    }
    return node && expect_operator(p, OP_RBRACKET, "']'") ? node_done(p, node) : NULL;
}

static struct node *dict(struct parser *p) {
    struct node *node = node_new(p, N_DICT, p->at->line);
    size_t cap = 0;
    p->at++;
    while (node && !at_operator(p, OP_RBRACE)) {
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return NULL;
        if (at_operator(p, OP_RBRACE)) break;
        if (!node_add(p, node, &cap, parse_expression(p, true)) || !expect_operator(p, OP_COLON, "':'") ||
            !node_add(p, node, &cap, parse_expression(p, true)))
            return NULL;
    }
    return node && expect_operator(p, OP_RBRACE, "'}'") ? node_done(p, node) : NULL;
}

static struct node *name(struct parser *p, bool with_namespace) {
    const struct token *token = p->at;
    const struct str text = token->text;
    if (str_is(text, "true") || str_is(text, "True") || str_is(text, "false") || str_is(text, "False")) {
        struct node *node = constant(p, value_bool((text.p[0] | 0x20) == 't'));
        p->at++;
        return node;
    }
    if (str_is(text, "none") || str_is(text, "None")) {
        struct node *node = constant(p, NONE);
        p->at++;
        return node;
    }
    struct node *node = node_new(p, N_NAME, token->line);
    p->at++;
    if (!node) return NULL;
    node->name = name_number(p, text);
    if (with_namespace && skip_operator(p, OP_DOT)) {
        struct str attribute;
        if (!expect_name(p, &attribute)) return NULL;
        node->kind = N_NAMESPACE_REF;
        node->second = name_number(p, attribute);
    }
    return node;
}

static struct node *primary(struct parser *p, bool with_namespace) {
    const struct token *token = p->at;
    struct node *node;
    switch (token->type) {
    case T_NAME: return name(p, with_namespace);
    case T_STRING: return string(p);
    case T_INT: node = constant(p, value_int(token->i)); break;
    case T_FLOAT: node = constant(p, value_float(token->f)); break;
    case T_OPERATOR:
        if (token->op == OP_LBRACKET) return list(p);
        if (token->op == OP_LBRACE) return dict(p);
        if (token->op == OP_LPAREN) {
            p->at++;
            node = parse_tuple(p, true, NULL, true);
            return node && expect_operator(p, OP_RPAREN, "')'") ? node : NULL;
        }
        return parse_fail(p, "an expression");
    default: return parse_fail(p, "an expression");
    }
    p->at++;
    return node;
}

// ---- behind an operand ----------------------------------------------------------------------------------------------

static struct node *slice(struct parser *p) {
    struct node *parts[3] = {NULL, NULL, NULL};
    const uint32_t line = p->at->line;
    int i = 0;
    if (!at_operator(p, OP_COLON)) {
        parts[0] = parse_expression(p, true);
        if (!parts[0] || !at_operator(p, OP_COLON)) return parts[0];
    }
    while (i < 2 && skip_operator(p, OP_COLON)) {
        i++;
        if (at_operator(p, OP_COLON) || at_operator(p, OP_RBRACKET) || at_operator(p, OP_COMMA)) continue;
        if (!(parts[i] = parse_expression(p, true))) return NULL;
    }
    struct node *node = node_new(p, N_SLICE, line);
    if (!node) return NULL;
    node->a = parts[0];
    node->b = parts[1];
    node->c = parts[2];
    return node_done(p, node);
}

static struct node *subscript(struct parser *p, struct node *of) {
    const uint32_t line = p->at->line;
    if (skip_operator(p, OP_DOT)) {
        if (p->at->type == T_INT) {
            struct node *number = constant(p, value_int(p->at->i));
            p->at++;
            return binary(p, N_ITEM, OP_NONE, of, number);
        }
        struct str attribute;
        struct node *node = expect_name(p, &attribute) ? unary(p, N_ATTRIBUTE, line, of) : NULL;
        if (node) node->name = name_number(p, attribute);
        return node;
    }
    p->at++;
    struct node *first = slice(p), *tuple = NULL;
    size_t cap = 0;
    while (first && at_operator(p, OP_COMMA)) {
        if (!tuple && (!(tuple = node_new(p, N_TUPLE, line)) || !node_add(p, tuple, &cap, first))) return NULL;
        p->at++;
        if (!node_add(p, tuple, &cap, slice(p))) return NULL;
    }
    if (tuple) first = node_done(p, tuple);
    return first && expect_operator(p, OP_RBRACKET, "']'") ? binary(p, N_ITEM, OP_NONE, of, first) : NULL;
}

static struct node *argument(struct parser *p, enum node_kind *least) {
    const uint32_t line = p->at->line;
    enum node_kind kind = N_CONSTANT;
    uint32_t number = 0;
    if (skip_operator(p, OP_MUL)) {
        kind = N_STAR;
    } else if (skip_operator(p, OP_POW)) {
        kind = N_STAR_STAR;
    } else if (p->at->type == T_NAME && p->at[1].type == T_OPERATOR && p->at[1].op == OP_ASSIGN) {
        kind = N_KEYWORD;
        number = name_number(p, p->at->text);
        p->at += 2;
    }
    // Values come first, then names, then *list and **dict in this order.
    if ((kind == N_CONSTANT && *least != N_CONSTANT) || (kind == N_STAR && *least >= N_STAR && *least <= N_STAR_STAR) ||
        *least == N_STAR_STAR)
        return parse_fail(p, "arguments in the order of Python");
    if (kind != N_CONSTANT) *least = kind;
    struct node *value = parse_expression(p, true);
    if (kind == N_CONSTANT || !value) return value;
    struct node *node = unary(p, kind, line, value);
    if (node) node->name = number;
    return node;
}

// The arguments in parentheses, as the list of the node.
static bool arguments(struct parser *p, struct node *node) {
    size_t cap = 0;
    enum node_kind least = N_CONSTANT;
    if (!node || !expect_operator(p, OP_LPAREN, "'('")) return false;
    while (!at_operator(p, OP_RPAREN)) {
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return false;
        if (at_operator(p, OP_RPAREN)) break;
        if (!node_add(p, node, &cap, argument(p, &least))) return false;
    }
    return expect_operator(p, OP_RPAREN, "')'");
}

static struct node *call(struct parser *p, struct node *of) {
    struct node *node = node_new(p, N_CALL, p->at->line);
    if (!node || !arguments(p, node)) return NULL;
    node->a = of;
    return node_done(p, node);
}

static struct node *postfix(struct parser *p, struct node *node) {
    while (node) {
        if (at_operator(p, OP_DOT) || at_operator(p, OP_LBRACKET)) node = subscript(p, node);
        else if (at_operator(p, OP_LPAREN)) node = call(p, node);
        else break;
    }
    return node;
}

// Names of filters and tests may have dots; none here has.
static bool skip_members(struct parser *p) {
    bool some = false;
    struct str text;
    while (skip_operator(p, OP_DOT) && expect_name(p, &text)) some = true;
    return some;
}

struct node *parse_filters(struct parser *p, struct node *input, bool begun) {
    struct node *node = input;
    while (node && (begun || at_operator(p, OP_PIPE))) {
        struct str text;
        if (!begun) p->at++;
        begun = false;
        struct node *filter = node_new(p, N_FILTER, p->at->line);
        if (!filter || !expect_name(p, &text)) return NULL;
        filter->index = skip_members(p) ? -1 : filter_find(text);
        filter->name = name_number(p, text);
        filter->a = node;
        if (at_operator(p, OP_LPAREN) && !arguments(p, filter)) return NULL;
        node = node_done(p, filter);
    }
    return node;
}

// Whether an argument of a test without parentheses begins here.
static bool at_argument(const struct parser *p) {
    if (p->at->type == T_NAME) return !at_name(p, "else") && !at_name(p, "or") && !at_name(p, "and");
    return p->at->type == T_STRING || p->at->type == T_INT || p->at->type == T_FLOAT ||
           at_operator(p, OP_LBRACKET) || at_operator(p, OP_LBRACE);
}

static struct node *test(struct parser *p, struct node *of) {
    const uint32_t line = p->at++->line;
    const bool negated = skip_name(p, "not");
    struct str text;
    struct node *node = node_new(p, N_TEST, line);
    if (!node || !expect_name(p, &text)) return NULL;
    node->index = skip_members(p) ? -1 : test_find(text);
    node->name = name_number(p, text);
    node->a = of;
    if (at_operator(p, OP_LPAREN)) {
        if (!arguments(p, node)) return NULL;
    } else if (at_argument(p)) {
        size_t cap = 0;
        if (at_name(p, "is")) return parse_fail(p, "one test");
        if (!node_add(p, node, &cap, postfix(p, primary(p, false)))) return NULL;
    }
    node = node_done(p, node);
    return negated ? unary(p, N_NOT, line, node) : node;
}

static struct node *filters_and_tests(struct parser *p, struct node *node) {
    while (node) {
        if (at_operator(p, OP_PIPE)) node = parse_filters(p, node, false);
        else if (at_name(p, "is")) node = test(p, node);
        else if (at_operator(p, OP_LPAREN)) node = call(p, node);
        else break;
    }
    return node;
}

// ---- operators ------------------------------------------------------------------------------------------------------

static struct node *sign(struct parser *p, bool with_filters) {
    const uint32_t line = p->at->line;
    struct node *node;
    if (p->depth >= MOST_HEIGHT) return parse_fail(p, "expressions nested less deep");
    p->depth++;
    if (skip_operator(p, OP_SUB)) node = unary(p, N_NEGATIVE, line, sign(p, false));
    else if (skip_operator(p, OP_ADD)) node = unary(p, N_POSITIVE, line, sign(p, false));
    else node = primary(p, false);
    node = postfix(p, node);
    p->depth--;
    return with_filters ? filters_and_tests(p, node) : node;
}

static struct node *power(struct parser *p) {
    struct node *left = sign(p, true);
    while (left && skip_operator(p, OP_POW)) left = binary(p, N_BINARY, OP_POW, left, sign(p, true));
    return left;
}

static struct node *product(struct parser *p) {
    struct node *left = power(p);
    while (left && p->at->type == T_OPERATOR && p->at->op >= OP_MUL && p->at->op <= OP_MOD) {
        const enum operator op = (enum operator)p->at++->op;
        left = binary(p, N_BINARY, op, left, power(p));
    }
    return left;
}

static struct node *concatenation(struct parser *p) {
    struct node *first = product(p);
    size_t cap = 0;
    if (!first || !at_operator(p, OP_TILDE)) return first;
    struct node *node = node_new(p, N_CONCAT, first->line);
    if (!node || !node_add(p, node, &cap, first)) return NULL;
    while (skip_operator(p, OP_TILDE))
        if (!node_add(p, node, &cap, product(p))) return NULL;
    return node_done(p, node);
}

static struct node *sum(struct parser *p) {
    struct node *left = concatenation(p);
    while (left && (at_operator(p, OP_ADD) || at_operator(p, OP_SUB))) {
        const enum operator op = (enum operator)p->at++->op;
        left = binary(p, N_BINARY, op, left, concatenation(p));
    }
    return left;
}

static enum operator comparison(struct parser *p) {
    if (p->at->type == T_OPERATOR && p->at->op >= OP_EQ && p->at->op <= OP_GE) return (enum operator)p->at++->op;
    if (skip_name(p, "in")) return OP_IN;
    if (!at_name(p, "not") || p->at[1].type != T_NAME || !str_is(p->at[1].text, "in")) return OP_NONE;
    p->at += 2;
    return OP_NOT_IN;
}

static struct node *compared(struct parser *p) {
    struct node *first = sum(p), *node = NULL;
    size_t cap = 0;
    for (enum operator op; first && (op = comparison(p)) != OP_NONE;) {
        if (!node) {
            node = node_new(p, N_COMPARE, first->line);
            if (!node) return NULL;
            node->a = first;
        }
        struct node *operand = unary(p, N_OPERAND, first->line, sum(p));
        if (!operand) return NULL;
        operand->op = (uint8_t)op;
        if (!node_add(p, node, &cap, operand)) return NULL;
    }
    return node ? node_done(p, node) : first;
}

static struct node *negation(struct parser *p) {
    uint32_t lines[MOST_HEIGHT];
    int n = 0;
    while (at_name(p, "not")) {
        if (n == MOST_HEIGHT) return parse_fail(p, "fewer negations");
        lines[n++] = p->at++->line;
    }
    struct node *node = compared(p);
    while (node && n > 0) node = unary(p, N_NOT, lines[--n], node);
    return node;
}

static struct node *conjunction(struct parser *p) {
    struct node *left = negation(p);
    while (left && skip_name(p, "and")) left = binary(p, N_AND, OP_NONE, left, negation(p));
    return left;
}

static struct node *disjunction(struct parser *p) {
    struct node *left = conjunction(p);
    while (left && skip_name(p, "or")) left = binary(p, N_OR, OP_NONE, left, conjunction(p));
    return left;
}

static struct node *condition(struct parser *p) {
    struct node *value = disjunction(p);
    while (value && skip_name(p, "if")) {
        struct node *node = node_new(p, N_CONDITION, value->line);
        if (!node) return NULL;
        node->a = value;
        node->b = disjunction(p);
        if (node->b && skip_name(p, "else") && !(node->c = parse_expression(p, true))) return NULL;
        value = node->b ? node_done(p, node) : NULL;
    }
    return value;
}

struct node *parse_expression(struct parser *p, bool with_condition) {
    if (p->status) return NULL;
    if (p->depth >= MOST_HEIGHT) return parse_fail(p, "expressions nested less deep");
    p->depth++;
    struct node *node = with_condition ? condition(p) : disjunction(p);
    p->depth--;
    return node;
}

struct node *parse_tuple(struct parser *p, bool with_condition, const char *end, bool parenthesized) {
    struct node *first = NULL, *tuple = NULL;
    const uint32_t line = p->at->line;
    size_t cap = 0;
    if (parenthesized && at_end_of_tuple(p, end)) return node_new(p, N_TUPLE, line);
    if (!(first = parse_expression(p, with_condition)) || !at_operator(p, OP_COMMA)) return first;
    if (!(tuple = node_new(p, N_TUPLE, line)) || !node_add(p, tuple, &cap, first)) return NULL;
    while (skip_operator(p, OP_COMMA) && !at_end_of_tuple(p, end))
        if (!node_add(p, tuple, &cap, parse_expression(p, with_condition))) return NULL;
    return node_done(p, tuple);
}

// A name, names in parentheses or lists, or a member of a namespace.
static bool is_target(const struct node *node, int depth) {
    if (node->kind == N_NAME || node->kind == N_NAMESPACE_REF) return true;
    if ((node->kind != N_TUPLE && node->kind != N_LIST) || depth == 0) return false;
    for (uint32_t i = 0; i < node->n; i++)
        if (!is_target(node->list[i], depth - 1)) return false;
    return true;
}

struct node *parse_target(struct parser *p, bool with_namespace, const char *end) {
    const uint32_t line = p->at->line;
    size_t cap = 0;
    struct node *first = primary(p, with_namespace), *tuple = NULL;
    if (first && at_operator(p, OP_COMMA)) {
        if (!(tuple = node_new(p, N_TUPLE, line)) || !node_add(p, tuple, &cap, first)) return NULL;
        while (skip_operator(p, OP_COMMA) && !at_end_of_tuple(p, end))
            if (!node_add(p, tuple, &cap, primary(p, with_namespace))) return NULL;
        first = node_done(p, tuple);
    }
    if (!first) return NULL;
    return is_target(first, 8) ? first : parse_fail(p, "a name to assign to");
}
