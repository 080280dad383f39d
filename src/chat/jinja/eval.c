// SPDX-License-Identifier: MIT
// Expressions.
#include "eval.h"

// ---- names ----------------------------------------------------------------------------------------------------------

struct frame *frame_push(struct run *r, struct frame *parent) {
    struct frame *frame = run_alloc(r, 1, sizeof *frame);
    if (!frame) return NULL;
    *frame = (struct frame){.parent = parent};
    return r->frame = frame;
}

static struct binding *find(struct run *r, struct frame *frame, uint32_t name) {
    size_t passed = 0;
    struct binding *b = frame->first;
    for (; b && b->name != name; b = b->next) passed++;
    run_steps(r, passed / 16);
    return b;
}

void assign(struct run *r, uint32_t name, struct value v) {
    if (r->status) return;
    struct binding *b = find(r, r->frame, name);
    if (!b) {
        if (!(b = run_alloc(r, 1, sizeof *b))) return;
        b->name = name;
        b->next = r->frame->first;
        r->frame->first = b;
    }
    b->value = v;
}

static struct value lookup(struct run *r, uint32_t name) {
    for (struct frame *frame = r->frame; frame; frame = frame->parent) {
        const struct binding *b = find(r, frame, name);
        if (b) return b->value;
        if (!run_step(r)) return UNDEFINED;
    }
    const struct str *text = &r->names[name];
    const struct value *given = dict_find(r->input->variables, *text);
    if (given) return *given;
    const int function = function_find(*text);
    if (function >= 0) return (struct value){.kind = V_FUNCTION, .function = (uint16_t)function};
    return (struct value){.kind = V_UNDEFINED, .name = text};
}

static void assign_member(struct run *r, const struct node *target, struct value v) {
    const struct value space = lookup(r, target->name);
    if (space.kind != V_NAMESPACE) {
        run_fail(r, "expected a namespace to assign to, found %s", kind_name(space));
        return;
    }
    const struct str name = r->names[target->second];
    if (name.n && name.p[0] == '_') {
        run_fail(r, "expected a name without an underscore in front, found '%s'", QUOTED(name));
        return;
    }
    dict_put(r, space.d, text_value(r, name), v);
}

void assign_target(struct run *r, const struct node *target, struct value v) {
    if (target->kind == N_NAME) {
        assign(r, target->name, v);
    } else if (target->kind == N_NAMESPACE_REF) {
        assign_member(r, target, v);
    } else {
        const struct list *list = iterate(r, v);
        if (!list) return;
        if (list->n != target->n) {
            run_fail(r, "expected %u values to assign, found %zu", (unsigned)target->n, list->n);
            return;
        }
        for (uint32_t i = 0; i < target->n; i++) assign_target(r, target->list[i], list->items[i]);
    }
}

// ---- parts ----------------------------------------------------------------------------------------------------------

static struct value eval_list(struct run *r, const struct node *node) {
    struct list *list = list_new(r, node->n);
    for (uint32_t i = 0; list && i < node->n; i++) list_add(r, list, eval(r, node->list[i]));
    if (r->status) return UNDEFINED;
    return node->kind == N_TUPLE ? (struct value){.kind = V_TUPLE, .l = list} : value_list(list);
}

static struct value eval_dict(struct run *r, const struct node *node) {
    struct dict *dict = dict_new(r, node->n / 2);
    for (uint32_t i = 0; dict && i < node->n; i += 2) {
        const struct value key = eval(r, node->list[i]);
        dict_put(r, dict, key, eval(r, node->list[i + 1]));
    }
    return r->status ? UNDEFINED : (struct value){.kind = V_DICT, .d = dict};
}

static struct value eval_item(struct run *r, const struct node *node) {
    const struct value of = eval(r, node->a);
    if (r->status) return UNDEFINED;
    if (node->b->kind != N_SLICE) {
        const struct value key = eval(r, node->b);
        return r->status ? UNDEFINED : get_item(r, of, key);
    }
    const struct node *const parts[3] = {node->b->a, node->b->b, node->b->c};
    struct value bounds[3];
    for (int i = 0; i < 3; i++) bounds[i] = parts[i] ? eval(r, parts[i]) : NONE;
    return r->status ? UNDEFINED : slice(r, of, bounds);
}

static struct value eval_concat(struct run *r, const struct node *node) {
    struct builder out = {.run = r};
    for (uint32_t i = 0; i < node->n; i++)
        if (!print_value(r, &out, eval(r, node->list[i]))) return UNDEFINED;
    return build_value(&out);
}

static bool compare_with(struct run *r, int op, struct value a, struct value b) {
    switch (op) {
    case OP_EQ: return equal(r, a, b);
    case OP_NE: return !equal(r, a, b);
    case OP_IN: return contains(r, a, b);
    case OP_NOT_IN: return !contains(r, a, b);
    default: break;
    }
    const int order = compare(r, a, b);
    return op == OP_LT ? order < 0 : op == OP_LE ? order <= 0 : op == OP_GT ? order > 0 : order >= 0;
}

static struct value eval_compare(struct run *r, const struct node *node) {
    struct value left = eval(r, node->a);
    bool holds = true;
    for (uint32_t i = 0; holds && !r->status && i < node->n; i++) {
        const struct value right = eval(r, node->list[i]->a);
        if (r->status) return UNDEFINED;
        holds = compare_with(r, node->list[i]->op, left, right);
        left = right;
    }
    return value_bool(holds);
}

static struct value eval_filter(struct run *r, const struct node *node) {
    struct args args;
    const struct value input = eval(r, node->a);
    if (r->status || !eval_args(r, node, &args)) return UNDEFINED;
    r->line = node->line;
    if (node->index < 0) return run_fail(r, "the filter '%s' is not supported", QUOTED(r->names[node->name]));
    return filter_apply(r, node->index, input, &args);
}

static struct value eval_test(struct run *r, const struct node *node) {
    struct args args;
    const struct value input = eval(r, node->a);
    if (r->status || !eval_args(r, node, &args)) return UNDEFINED;
    r->line = node->line;
    if (node->index < 0) return run_fail(r, "the test '%s' is not supported", QUOTED(r->names[node->name]));
    return value_bool(test_apply(r, node->index, input, &args));
}

static struct value eval_call(struct run *r, const struct node *node) {
    struct args args;
    const struct value callee = eval(r, node->a);
    if (r->status || !eval_args(r, node, &args)) return UNDEFINED;
    r->line = node->line;
    return call_value(r, callee, &args);
}

static struct value eval_condition(struct run *r, const struct node *node) {
    const bool holds = truth(eval(r, node->b));
    if (r->status) return UNDEFINED;
    return holds ? eval(r, node->a) : node->c ? eval(r, node->c) : UNDEFINED;
}

static struct value eval_operator(struct run *r, const struct node *node) {
    struct value a = eval(r, node->a);
    if (r->status) return UNDEFINED;
    switch (node->kind) {
    case N_NOT: return value_bool(!truth(a));
    case N_NEGATIVE: return negate(r, a);
    case N_POSITIVE: return value_is_number(a) ? arithmetic(r, OP_ADD, value_int(0), a) : negate(r, a);
    case N_AND: return truth(a) ? eval(r, node->b) : a;
    case N_OR: return truth(a) ? a : eval(r, node->b);
    default: break;
    }
    const struct value b = eval(r, node->b);
    r->line = node->line;
    return r->status ? UNDEFINED : arithmetic(r, node->op, a, b);
}

static struct value eval_node(struct run *r, const struct node *node) {
    struct value v;
    switch (node->kind) {
    case N_CONSTANT: return node->constant;
    case N_NAME: return lookup(r, node->name);
    case N_INPUT: return r->filtered;
    case N_LIST: case N_TUPLE: return eval_list(r, node);
    case N_DICT: return eval_dict(r, node);
    case N_ATTRIBUTE:
        v = eval(r, node->a);
        r->line = node->line;
        return r->status ? UNDEFINED : get_attribute(r, v, &r->names[node->name]);
    case N_ITEM: return eval_item(r, node);
    case N_CALL: return eval_call(r, node);
    case N_FILTER: return eval_filter(r, node);
    case N_TEST: return eval_test(r, node);
    case N_CONCAT: return eval_concat(r, node);
    case N_COMPARE: return eval_compare(r, node);
    case N_CONDITION: return eval_condition(r, node);
    case N_SLICE: return run_fail(r, "a slice among several indices is not supported");
    default: return eval_operator(r, node);
    }
}

struct value eval(struct run *r, const struct node *node) {
    if (!run_step(r)) return UNDEFINED;
    r->line = node->line;
    if (r->depth >= MOST_DEPTH) return run_fail(r, "expected calls nested less deep");
    r->depth++;
    const struct value v = eval_node(r, node);
    r->depth--;
    return v;
}

// ---- calls ----------------------------------------------------------------------------------------------------------

static bool add_keyword(struct run *r, struct keyword *keywords, size_t *n, struct str name, struct value v) {
    if (!run_steps(r, *n / 8)) return false;
    for (size_t i = 0; i < *n; i++)
        if (str_equal(keywords[i].name, name))
            return run_fail(r, "the argument '%s' is given twice", QUOTED(name)), false;
    keywords[(*n)++] = (struct keyword){name, v};
    return true;
}

// What **dict adds, into a larger array.
static struct keyword *add_dict(struct run *r, struct keyword *keywords, size_t *n, size_t more, struct value v) {
    if (v.kind != V_DICT) return run_fail(r, "expected a dict behind **, found %s", kind_name(v)), NULL;
    struct keyword *all = run_alloc(r, *n + more + v.d->n, sizeof *all);
    if (!all) return NULL;
    if (*n) memcpy(all, keywords, *n * sizeof *all);
    for (size_t i = 0; i < v.d->n; i++) {
        const struct value key = v.d->pairs[i].key;
        if (key.kind != V_STRING) return run_fail(r, "expected strings as names of arguments"), NULL;
        if (!add_keyword(r, all, n, text_str(key.s), v.d->pairs[i].value)) return NULL;
    }
    return all;
}

bool eval_args(struct run *r, const struct node *node, struct args *out) {
    *out = (struct args){0};
    if (node->n == 0) return r->status == QUILL_OK;
    struct list *values = list_new(r, node->n);
    struct keyword *keywords = run_alloc(r, node->n, sizeof *keywords);
    size_t n = 0;
    for (uint32_t i = 0; keywords && !r->status && i < node->n; i++) {
        const struct node *argument = node->list[i];
        const bool plain = argument->kind != N_KEYWORD && argument->kind != N_STAR && argument->kind != N_STAR_STAR;
        const struct value v = eval(r, plain ? argument : argument->a);
        if (r->status) return false;
        if (plain) {
            list_add(r, values, v);
        } else if (argument->kind == N_KEYWORD) {
            add_keyword(r, keywords, &n, r->names[argument->name], v);
        } else if (argument->kind == N_STAR) {
            const struct list *more = iterate(r, v);
            for (size_t k = 0; more && k < more->n; k++) list_add(r, values, more->items[k]);
        } else {
            keywords = add_dict(r, keywords, &n, node->n - i, v);
        }
    }
    if (r->status) return false;
    *out = (struct args){values->items, values->n, keywords, n};
    return true;
}

struct value call_value(struct run *r, struct value callee, const struct args *args) {
    struct builder out = {.run = r};
    if (r->status) return UNDEFINED;
    switch (callee.kind) {
    case V_FUNCTION: return function_call(r, callee.function, args);
    case V_METHOD: return method_call(r, callee.method, args);
    case V_MACRO: return macro_call(r, callee.macro, args);
    case V_LOOP: return loop_call(r, callee.loop, args, -1);
    case V_JOINER:
        if (callee.joiner->used) return callee.joiner->separator;
        callee.joiner->used = true;
        return build_value(&out);
    case V_UNDEFINED:
        if (callee.name) return run_fail(r, "'%s' is undefined", QUOTED(*callee.name));
        break;
    default: break;
    }
    return run_fail(r, "%s cannot be called", kind_name(callee));
}

// Gives parameter i its argument, else its default.
static void bind_parameter(struct run *r, const struct node *parameter, size_t i, const struct args *args) {
    const struct str *name = &r->names[parameter->name];
    struct value v = {.kind = V_UNDEFINED, .name = name};
    bool given = i < args->n;
    if (!run_steps(r, args->n_keywords / 8)) return;
    if (given) v = args->at[i];
    for (size_t k = 0; !given && k < args->n_keywords; k++) {
        given = str_equal(args->keywords[k].name, *name);
        if (given) v = args->keywords[k].value;
    }
    if (!given && parameter->b) v = eval(r, parameter->b);
    assign(r, parameter->name, v);
}

// varargs and kwargs: what no parameter takes; and the caller.
static void bind_rest(struct run *r, const struct node *node, const struct args *args) {
    struct list *more = list_new(r, 0);
    struct dict *named = dict_new(r, 0);
    struct value caller = {.kind = V_UNDEFINED, .name = &r->names[NAME_CALLER]};
    for (size_t i = node->n; more && i < args->n; i++) list_add(r, more, args->at[i]);
    for (size_t k = 0; named && k < args->n_keywords; k++) {
        const struct keyword *keyword = &args->keywords[k];
        bool known = false;
        if (!run_steps(r, node->n / 8)) return;
        for (uint32_t i = 0; i < node->n; i++) known |= str_equal(r->names[node->list[i]->name], keyword->name);
        if (str_is(keyword->name, "caller")) caller = keyword->value;
        else if (!known) dict_put(r, named, text_value(r, keyword->name), keyword->value);
    }
    if (node->kind == N_MACRO) assign(r, NAME_CALLER, caller);
    assign(r, NAME_VARARGS, (struct value){.kind = V_TUPLE, .l = more});
    assign(r, NAME_KWARGS, (struct value){.kind = V_DICT, .d = named});
}

struct value macro_call(struct run *r, const struct macro *macro, const struct args *args) {
    struct frame *before = r->frame;
    if (!frame_push(r, macro->frame)) return UNDEFINED;
    for (uint32_t i = 0; i < macro->node->n; i++) bind_parameter(r, macro->node->list[i], i, args);
    bind_rest(r, macro->node, args);
    const struct value v = captured(r, macro->node->b);
    r->frame = before;
    return v;
}
