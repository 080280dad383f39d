// SPDX-License-Identifier: MIT
// Statements.
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "jinja.h"
#include "mistake.h"

enum {
    MOST_PROGRAM = 12 << 20, // bytes of a parsed template
    MOST_NAMES = 10000,
};

// ---- tokens ---------------------------------------------------------------------------------------------------------

static const char *describe(char *out, size_t size, const struct token *t) {
    static const char *const fixed[] = {[T_END] = "the end of the template", [T_DATA] = "text",
                                        [T_OUTPUT_BEGIN] = "'{{'", [T_OUTPUT_END] = "'}}'",
                                        [T_BLOCK_BEGIN] = "'{%'", [T_BLOCK_END] = "'%}'",
                                        [T_STRING] = "a string", [T_INT] = "a number", [T_FLOAT] = "a number"};
    static const char *const operators[] = {
        [OP_ADD] = "'+'", [OP_SUB] = "'-'", [OP_MUL] = "'*'", [OP_DIV] = "'/'", [OP_FLOOR_DIV] = "'//'",
        [OP_MOD] = "'%'", [OP_POW] = "'**'", [OP_EQ] = "'=='", [OP_NE] = "'!='", [OP_LT] = "'<'", [OP_LE] = "'<='",
        [OP_GT] = "'>'", [OP_GE] = "'>='", [OP_TILDE] = "'~'", [OP_ASSIGN] = "'='", [OP_PIPE] = "'|'",
        [OP_DOT] = "'.'", [OP_COMMA] = "','", [OP_COLON] = "':'", [OP_SEMICOLON] = "';'", [OP_LPAREN] = "'('",
        [OP_RPAREN] = "')'", [OP_LBRACKET] = "'['", [OP_RBRACKET] = "']'", [OP_LBRACE] = "'{'", [OP_RBRACE] = "'}'"};
    if (t->type == T_OPERATOR) return operators[t->op];
    if (t->type != T_NAME) return fixed[t->type];
    snprintf(out, size, "'%s'", QUOTED(t->text));
    return out;
}

static struct node *refuse(struct parser *p, uint32_t line, const char *what) {
    if (!p->status) p->status = jinja_mistake(p->err, p->name, line, "%s", what);
    return NULL;
}

struct node *parse_fail(struct parser *p, const char *expected) {
    char found[128];
    if (!p->status)
        p->status = jinja_mistake(p->err, p->name, p->at->line, "expected %s, found %s", expected,
                                  describe(found, sizeof found, p->at));
    return NULL;
}

bool at_operator(const struct parser *p, enum operator op) { return p->at->type == T_OPERATOR && p->at->op == op; }

bool at_name(const struct parser *p, const char *name) { return p->at->type == T_NAME && str_is(p->at->text, name); }

bool skip_operator(struct parser *p, enum operator op) {
    if (!at_operator(p, op)) return false;
    p->at++;
    return true;
}

bool skip_name(struct parser *p, const char *name) {
    if (!at_name(p, name)) return false;
    p->at++;
    return true;
}

bool expect_operator(struct parser *p, enum operator op, const char *spelled) {
    if (p->status) return false;
    if (skip_operator(p, op)) return true;
    parse_fail(p, spelled);
    return false;
}

bool expect_name(struct parser *p, struct str *name) {
    if (p->status) return false;
    if (p->at->type != T_NAME) return parse_fail(p, "a name"), false;
    *name = p->at++->text;
    return true;
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

struct node *node_new(struct parser *p, enum node_kind kind, uint32_t line) {
    if (p->status) return NULL;
    if (p->out->arena.bytes > MOST_PROGRAM) return refuse(p, line, "expected a smaller template");
    struct node *node = arena_alloc(&p->out->arena, 1, sizeof *node);
    if (node) *node = (struct node){.kind = (uint8_t)kind, .line = line, .index = -1};
    else p->status = fail_memory(p->err);
    return node;
}

bool node_add(struct parser *p, struct node *node, size_t *cap, struct node *child) {
    if (!child) return false;
    if (node->n == *cap) {
        const size_t more = *cap ? 2 * *cap : 4;
        struct node **list = arena_alloc(&p->out->arena, more, sizeof *list);
        if (!list) return p->status = fail_memory(p->err), false;
        if (node->n) memcpy(list, node->list, node->n * sizeof *list);
        node->list = list;
        *cap = more;
    }
    node->list[node->n++] = child;
    return true;
}

struct node *node_done(struct parser *p, struct node *node) {
    unsigned height = 0;
    if (!node || p->status) return NULL;
    const struct node *children[] = {node->a, node->b, node->c, node->d, node->e};
    for (int i = 0; i < 5; i++)
        if (children[i] && children[i]->height > height) height = children[i]->height;
    for (uint32_t i = 0; i < node->n; i++)
        if (node->list[i]->height > height) height = node->list[i]->height;
    if (height >= MOST_HEIGHT) return refuse(p, node->line, "expected expressions nested less deep");
    node->height = (uint16_t)(height + 1);
    return node;
}

// Names have slots by their hash, [mask + 1] with the number plus 1.
struct name_slots {
    uint32_t *slots;
    size_t mask;
};

struct whole_parser {
    struct parser p; // first member: name_number gets a pointer to it and casts
    struct name_slots slots;
};

static size_t slot_of(const struct whole_parser *w, struct str name) {
    size_t i = hash_bytes(name.p, name.n, 0) & w->slots.mask;
    while (w->slots.slots[i] && !str_equal(w->p.names[w->slots.slots[i] - 1], name)) i = (i + 1) & w->slots.mask;
    return i;
}

uint32_t name_number(struct parser *p, struct str name) {
    struct whole_parser *w = (struct whole_parser *)(void *)p;
    const size_t slot = slot_of(w, name);
    if (w->slots.slots[slot]) return w->slots.slots[slot] - 1;
    if (p->n_names == MOST_NAMES) return parse_fail(p, "at most 10000 names"), 0;
    p->names[p->n_names++] = name; // there is room for the name of every token
    return (w->slots.slots[slot] = (uint32_t)p->n_names) - 1;
}

// ---- statements -----------------------------------------------------------------------------------------------------

static struct node *parse_body(struct parser *p, const char *const *ends, uint32_t line);

// The rest of a tag, then the body up to one of the names `ends`, at which the parser stands then.
static struct node *body_until(struct parser *p, const char *const *ends) {
    if (p->status) return NULL;
    skip_operator(p, OP_COLON);
    if (p->at->type != T_BLOCK_END) return parse_fail(p, "'%}'");
    const uint32_t line = p->at++->line;
    return parse_body(p, ends, line);
}

// The same up to the one name, which is passed.
static struct node *whole_body(struct parser *p, const char *end) {
    const char *const ends[] = {end, NULL};
    struct node *body = body_until(p, ends);
    if (body) p->at++;
    return body;
}

static struct node *parse_if(struct parser *p) {
    static const char *const ends[] = {"endif", "elif", "else", NULL};
    struct node *node = node_new(p, N_IF, p->at->line);
    size_t cap = 0;
    bool more = true;
    while (node && more) {
        struct node *branch = node_new(p, N_BRANCH, p->at->line);
        const bool otherwise = at_name(p, "else");
        more = !otherwise;
        p->at++;
        if (!branch || (more && !(branch->a = parse_tuple(p, false, NULL, false)))) return NULL;
        branch->b = otherwise ? whole_body(p, "endif") : body_until(p, ends);
        if (!branch->b || !node_add(p, node, &cap, node_done(p, branch))) return NULL;
        if (more && skip_name(p, "endif")) more = false;
    }
    return node_done(p, node);
}

static struct node *parse_for(struct parser *p) {
    static const char *const ends[] = {"endfor", "else", NULL};
    struct node *node = node_new(p, N_FOR, p->at->line);
    p->at++;
    if (!node || !(node->a = parse_target(p, false, "in"))) return NULL;
    if (!skip_name(p, "in")) return parse_fail(p, "'in'");
    if (!(node->b = parse_tuple(p, false, "recursive", false))) return NULL;
    if (skip_name(p, "if") && !(node->c = parse_expression(p, true))) return NULL;
    node->flag = skip_name(p, "recursive");
    if (!(node->d = body_until(p, ends))) return NULL;
    if (!skip_name(p, "endfor")) {
        p->at++;
        if (!(node->e = whole_body(p, "endfor"))) return NULL;
    }
    return node_done(p, node);
}

static struct node *parse_set(struct parser *p) {
    struct node *node = node_new(p, N_SET, p->at->line);
    p->at++;
    if (!node || !(node->a = parse_target(p, true, NULL))) return NULL;
    if (skip_operator(p, OP_ASSIGN)) {
        if (!(node->b = parse_tuple(p, true, NULL, false))) return NULL;
        return node_done(p, node);
    }
    node->kind = N_SET_BLOCK;
    if (at_operator(p, OP_PIPE) && !(node->b = parse_filters(p, node_new(p, N_INPUT, node->line), false))) return NULL;
    if (!(node->c = whole_body(p, "endset"))) return NULL;
    return node_done(p, node);
}

// The parameters in parentheses, as the list of the node.
static bool signature(struct parser *p, struct node *node) {
    size_t cap = 0;
    bool defaults = false;
    if (!expect_operator(p, OP_LPAREN, "'('")) return false;
    while (!at_operator(p, OP_RPAREN)) {
        struct str text;
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return false;
        struct node *parameter = node_new(p, N_PARAMETER, p->at->line);
        if (!parameter || !expect_name(p, &text)) return false;
        parameter->name = name_number(p, text);
        if (skip_operator(p, OP_ASSIGN)) {
            defaults = true;
            if (!(parameter->b = parse_expression(p, true))) return false;
        } else if (defaults) {
            return parse_fail(p, "a default"), false;
        }
        if (!node_add(p, node, &cap, node_done(p, parameter))) return false;
    }
    return expect_operator(p, OP_RPAREN, "')'");
}

static struct node *parse_macro(struct parser *p) {
    struct node *node = node_new(p, N_MACRO, p->at->line);
    struct str text;
    p->at++;
    if (!node || !expect_name(p, &text) || !signature(p, node)) return NULL;
    node->name = name_number(p, text);
    if (!(node->b = whole_body(p, "endmacro"))) return NULL;
    return node_done(p, node);
}

static struct node *parse_call(struct parser *p) {
    struct node *node = node_new(p, N_CALL_BLOCK, p->at->line);
    p->at++;
    if (!node || (at_operator(p, OP_LPAREN) && !signature(p, node))) return NULL;
    if (!(node->a = parse_expression(p, true))) return NULL;
    if (node->a->kind != N_CALL) return refuse(p, node->line, "expected a call");
    node->name = NAME_CALLER;
    if (!(node->b = whole_body(p, "endcall"))) return NULL;
    return node_done(p, node);
}

static struct node *parse_filter_block(struct parser *p) {
    struct node *node = node_new(p, N_FILTER_BLOCK, p->at->line);
    p->at++;
    if (!node || !(node->a = parse_filters(p, node_new(p, N_INPUT, node->line), true))) return NULL;
    if (!(node->b = whole_body(p, "endfilter"))) return NULL;
    return node_done(p, node);
}

static struct node *parse_with(struct parser *p) {
    struct node *node = node_new(p, N_WITH, p->at->line);
    size_t cap = 0;
    p->at++;
    while (node && p->at->type != T_BLOCK_END) {
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return NULL;
        struct node *parameter = node_new(p, N_PARAMETER, p->at->line);
        if (!parameter || !(parameter->a = parse_target(p, false, NULL)) ||
            !expect_operator(p, OP_ASSIGN, "'='") || !(parameter->b = parse_expression(p, true)) ||
            !node_add(p, node, &cap, node_done(p, parameter)))
            return NULL;
    }
    if (!node || !(node->b = whole_body(p, "endwith"))) return NULL;
    return node_done(p, node);
}

static struct node *parse_generation(struct parser *p) {
    struct node *node = node_new(p, N_GENERATION, p->at->line);
    p->at++;
    if (!node || !(node->b = whole_body(p, "endgeneration"))) return NULL;
    return node_done(p, node);
}

static struct node *parse_print(struct parser *p) {
    struct node *node = node_new(p, N_BODY, p->at->line);
    size_t cap = 0;
    p->at++;
    while (node && p->at->type != T_BLOCK_END) {
        if (node->n && !expect_operator(p, OP_COMMA, "','")) return NULL;
        struct node *output = node_new(p, N_OUTPUT, p->at->line);
        if (!output || !(output->a = parse_expression(p, true)) || !node_add(p, node, &cap, node_done(p, output)))
            return NULL;
    }
    return node_done(p, node);
}

static struct node *parse_jump(struct parser *p) {
    struct node *node = node_new(p, at_name(p, "break") ? N_BREAK : N_CONTINUE, p->at->line);
    p->at++;
    return node_done(p, node);
}

static struct node *parse_statement(struct parser *p) {
    static const struct {
        const char *name;
        struct node *(*parse)(struct parser *p);
    } statements[] = {
        {"if", parse_if},       {"for", parse_for},   {"set", parse_set},
        {"macro", parse_macro}, {"call", parse_call}, {"filter", parse_filter_block},
        {"with", parse_with},   {"break", parse_jump}, {"continue", parse_jump},
        {"print", parse_print}, {"generation", parse_generation},
    };
    static const char *const others[] = {"block", "extends", "include", "import", "from", "autoescape", "do"};
    char text[128];
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (at_name(p, statements[i].name)) return statements[i].parse(p);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!at_name(p, others[i])) continue;
        snprintf(text, sizeof text, "'%s' is not supported", others[i]);
        return refuse(p, p->at->line, text);
    }
    return parse_fail(p, "a statement");
}

static struct node *parse_data(struct parser *p) {
    struct node *node = node_new(p, N_DATA, p->at->line);
    struct text *t = node ? arena_alloc(&p->out->arena, 1, sizeof *t) : NULL;
    if (!t) return p->status ? NULL : (p->status = fail_memory(p->err), NULL);
    *t = (struct text){.p = p->at->text.p, .n = p->at->text.n, .ascii = true};
    for (size_t i = 0; i < t->n; i++) t->ascii &= (unsigned char)t->p[i] < 0x80;
    node->constant = value_text(t);
    p->at++;
    return node;
}

static struct node *parse_output(struct parser *p) {
    struct node *node = node_new(p, N_OUTPUT, p->at->line);
    p->at++;
    if (!node || !(node->a = parse_tuple(p, true, NULL, false))) return NULL;
    if (p->at->type != T_OUTPUT_END) return parse_fail(p, "'}}'");
    p->at++;
    return node_done(p, node);
}

static struct node *parse_tag(struct parser *p) {
    struct node *node = parse_statement(p);
    if (node && p->at->type != T_BLOCK_END) return parse_fail(p, "'%}'");
    p->at++;
    return node;
}

static bool is_end(const struct parser *p, const char *const *ends) {
    for (; *ends; ends++)
        if (at_name(p, *ends)) return true;
    return false;
}

// The body of a tag on this line. `ends` NULL: the whole template.
static struct node *parse_body(struct parser *p, const char *const *ends, uint32_t line) {
    struct node *body = node_new(p, N_BODY, line);
    size_t cap = 0;
    if (p->depth >= MOST_HEIGHT) return parse_fail(p, "blocks nested less deep");
    p->depth++;
    while (body && !p->status && p->at->type != T_END) {
        struct node *child;
        if (p->at->type == T_DATA) {
            child = parse_data(p);
        } else if (p->at->type == T_OUTPUT_BEGIN) {
            child = parse_output(p);
        } else {
            p->at++;
            if (ends && is_end(p, ends)) break;
            child = parse_tag(p);
        }
        if (!node_add(p, body, &cap, child)) return NULL;
    }
    p->depth--;
    if (p->status) return NULL;
    if (ends && p->at->type == T_END) {
        char text[128];
        snprintf(text, sizeof text, "a block that begins here has no end: expected %s", ends[0]);
        return refuse(p, line, text);
    }
    return node_done(p, body);
}

// ---- the whole ------------------------------------------------------------------------------------------------------

static bool make_names(struct whole_parser *w, size_t tokens) {
    static const struct str known[KNOWN_NAMES] = {{"loop", 4}, {"caller", 6}, {"varargs", 7}, {"kwargs", 6}};
    size_t slots = 64;
    while (slots < 2 * (tokens + KNOWN_NAMES)) slots *= 2;
    w->slots = (struct name_slots){alloc_zeroed(slots, sizeof *w->slots.slots), slots - 1};
    w->p.names = arena_alloc(&w->p.out->arena, tokens + KNOWN_NAMES, sizeof *w->p.names);
    if (!w->slots.slots || !w->p.names) return false;
    for (size_t i = 0; i < KNOWN_NAMES; i++) name_number(&w->p, known[i]);
    return true;
}

static size_t count_names(const struct tokens *tokens) {
    size_t n = 0;
    for (size_t i = 0; i < tokens->n; i++) n += tokens->list[i].type == T_NAME;
    return n;
}

static quill_status parse_all(struct jinja *t, char *source, size_t n, quill_error *err) {
    struct tokens tokens;
    struct whole_parser w = {.p = {.out = t, .name = t->name, .err = err}};
    quill_status s = lex(&tokens, &t->arena, source, n, t->name, err);
    if (!s && !make_names(&w, count_names(&tokens))) s = fail_memory(err);
    if (!s) {
        w.p.at = tokens.list;
        t->body = parse_body(&w.p, NULL, 1);
        s = w.p.status;
    }
    t->names = w.p.names;
    t->n_names = w.p.n_names;
    free(w.slots.slots);
    tokens_free(&tokens);
    return s;
}

quill_status jinja_parse(struct jinja **out, struct str text, const char *name, quill_error *err) {
    *out = NULL;
    if (text.n > JINJA_MOST_TEMPLATE)
        return fail(err, QUILL_E_MODEL, "%s: chat template: expected at most %d bytes, found %zu", QUOTED(str_of(name)),
                    (int)JINJA_MOST_TEMPLATE, text.n);
    struct jinja *t = alloc_zeroed(1, sizeof *t);
    if (!t) return fail_memory(err);
    char *source = arena_string(&t->arena, text);
    t->name = arena_string(&t->arena, str_of(name));
    t->bytes = text.n;
    quill_status s = source && t->name ? parse_all(t, source, text.n, err) : fail_memory(err);
    if (s) jinja_free(t);
    else *out = t;
    return s;
}

void jinja_free(struct jinja *t) {
    if (!t) return;
    arena_free(&t->arena);
    free(t);
}
