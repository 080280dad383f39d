// SPDX-License-Identifier: MIT
// Statements.
#include "eval.h"

struct value captured(struct run *r, const struct node *node) {
    struct builder *before = r->out, out = {.run = r};
    struct frame *around = r->frame;
    if (!frame_push(r, around)) return UNDEFINED;
    r->out = &out;
    exec(r, node);
    r->out = before;
    r->frame = around;
    return build_value(&out);
}

static enum flow exec_body(struct run *r, const struct node *node) {
    enum flow flow = FLOW_NEXT;
    for (uint32_t i = 0; flow == FLOW_NEXT && !r->status && i < node->n; i++) flow = exec(r, node->list[i]);
    return flow;
}

static enum flow exec_if(struct run *r, const struct node *node) {
    for (uint32_t i = 0; !r->status && i < node->n; i++) {
        const struct node *branch = node->list[i];
        const bool holds = !branch->a || truth(eval(r, branch->a));
        if (!r->status && holds) return exec(r, branch->b);
    }
    return FLOW_NEXT;
}

// ---- loops ----------------------------------------------------------------------------------------------------------

// The items for which the condition holds.
static const struct list *chosen(struct run *r, const struct node *node, const struct list *items) {
    struct frame *around = r->frame;
    struct list *kept = list_new(r, 0);
    for (size_t i = 0; kept && !r->status && i < items->n; i++) {
        if (!frame_push(r, around)) return NULL;
        assign_target(r, node->a, items->items[i]);
        if (!r->status && truth(eval(r, node->c)) && !r->status) list_add(r, kept, items->items[i]);
        r->frame = around;
    }
    return r->status ? NULL : kept;
}

enum flow for_loop(struct run *r, const struct node *node, struct frame *around, struct value over, int level) {
    struct frame *before = r->frame;
    const struct list *items = iterate(r, over);
    struct loop *loop = run_alloc(r, 1, sizeof *loop);
    if (!items || !loop) return FLOW_NEXT;
    r->frame = around;
    if (node->c) items = chosen(r, node, items);
    if (items) *loop = (struct loop){.node = node, .frame = around, .items = items, .level = level};
    for (size_t i = 0; items && !r->status && i < items->n; i++) {
        loop->at = i;
        if (!frame_push(r, around)) break;
        assign(r, NAME_LOOP, (struct value){.kind = V_LOOP, .loop = loop});
        assign_target(r, node->a, items->items[i]);
        if (!r->status && exec(r, node->d) == FLOW_BREAK) break;
    }
    r->frame = around;
    if (items && items->n == 0 && node->e && !r->status && frame_push(r, around)) exec(r, node->e);
    r->frame = before;
    return FLOW_NEXT;
}

static struct value position(const struct loop *loop, int64_t from_end, int64_t i) {
    return value_int(from_end ? (int64_t)loop->items->n - (int64_t)loop->at - 1 + i : (int64_t)loop->at + i);
}

struct value loop_attribute(struct run *r, struct loop *loop, const struct str *name) {
    const struct list *items = loop->items;
    if (str_is(*name, "index")) return position(loop, 0, 1);
    if (str_is(*name, "index0")) return position(loop, 0, 0);
    if (str_is(*name, "revindex")) return position(loop, 1, 1);
    if (str_is(*name, "revindex0")) return position(loop, 1, 0);
    if (str_is(*name, "first")) return value_bool(loop->at == 0);
    if (str_is(*name, "last")) return value_bool(loop->at + 1 == items->n);
    if (str_is(*name, "length")) return value_int((int64_t)items->n);
    if (str_is(*name, "depth")) return value_int(loop->level + 1);
    if (str_is(*name, "depth0")) return value_int(loop->level);
    if (str_is(*name, "previtem")) return loop->at > 0 ? items->items[loop->at - 1] : UNDEFINED;
    if (str_is(*name, "nextitem")) return loop->at + 1 < items->n ? items->items[loop->at + 1] : UNDEFINED;
    const struct value self = {.kind = V_LOOP, .loop = loop};
    const int number = method_find(self, *name);
    struct method *method = number < 0 ? NULL : run_alloc(r, 1, sizeof *method);
    if (!method) return (struct value){.kind = V_UNDEFINED, .name = name};
    *method = (struct method){self, (uint16_t)number};
    return (struct value){.kind = V_METHOD, .method = method};
}

// loop.changed(...): whether the arguments are others than at the last call.
static struct value changed(struct run *r, struct loop *loop, const struct args *args) {
    struct list *now = list_new(r, args->n);
    for (size_t i = 0; now && i < args->n; i++) list_add(r, now, args->at[i]);
    if (r->status) return UNDEFINED;
    const bool same = loop->last.kind == V_LIST && equal(r, loop->last, value_list(now));
    loop->last = value_list(now);
    return value_bool(!same);
}

// loop(items) with method -1; loop.cycle(...) with 0, loop.changed(...) with 1.
struct value loop_call(struct run *r, struct loop *loop, const struct args *args, int method) {
    if (method == 1) return changed(r, loop, args);
    if (method == 0)
        return args->n ? args->at[loop->at % args->n] : run_fail(r, "expected values to cycle through, found none");
    if (!loop->node->flag) return run_fail(r, "expected 'recursive' behind a loop that is called");
    if (args->n != 1) return run_fail(r, "expected one argument of loop(), found %zu", args->n);
    struct builder *before = r->out, out = {.run = r};
    if (r->depth + 10 >= MOST_DEPTH) return run_fail(r, "expected loops nested less deep");
    r->depth += 10;
    r->out = &out;
    for_loop(r, loop->node, loop->frame, args->at[0], loop->level + 1);
    r->out = before;
    r->depth -= 10;
    return build_value(&out);
}

// ---- the others -----------------------------------------------------------------------------------------------------

static void exec_set_block(struct run *r, const struct node *node) {
    struct value v = captured(r, node->c);
    if (node->b && !r->status) {
        const struct value before = r->filtered;
        r->filtered = v;
        v = eval(r, node->b);
        r->filtered = before;
    }
    if (!r->status) assign_target(r, node->a, v);
}

static struct value new_macro(struct run *r, const struct node *node) {
    struct macro *macro = run_alloc(r, 1, sizeof *macro);
    if (!macro) return UNDEFINED;
    *macro = (struct macro){node, r->frame};
    return (struct value){.kind = V_MACRO, .macro = macro};
}

// A call with the block as its caller().
static void exec_call_block(struct run *r, const struct node *node) {
    struct args args;
    const struct node *call = node->a;
    const struct value callee = eval(r, call->a), caller = new_macro(r, node);
    if (r->status || !eval_args(r, call, &args)) return;
    struct keyword *keywords = run_alloc(r, args.n_keywords + 1, sizeof *keywords);
    if (!keywords) return;
    if (args.n_keywords) memcpy(keywords, args.keywords, args.n_keywords * sizeof *keywords);
    keywords[args.n_keywords++] = (struct keyword){STR("caller"), caller};
    args.keywords = keywords;
    print_value(r, r->out, call_value(r, callee, &args));
}

static void exec_filter_block(struct run *r, const struct node *node) {
    const struct value before = r->filtered, input = captured(r, node->b);
    if (r->status) return;
    r->filtered = input;
    const struct value v = eval(r, node->a);
    r->filtered = before;
    if (!r->status) print_value(r, r->out, v);
}

static enum flow exec_with(struct run *r, const struct node *node) {
    struct frame *around = r->frame;
    struct list *values = list_new(r, node->n);
    for (uint32_t i = 0; values && i < node->n; i++) list_add(r, values, eval(r, node->list[i]->b));
    if (r->status || !frame_push(r, around)) return FLOW_NEXT;
    for (uint32_t i = 0; i < node->n; i++) assign_target(r, node->list[i]->a, values->items[i]);
    const enum flow flow = exec(r, node->b);
    r->frame = around;
    return flow;
}

static enum flow exec_node(struct run *r, const struct node *node) {
    switch (node->kind) {
    case N_BODY: return exec_body(r, node);
    case N_DATA: build_text(r->out, node->constant.s); return FLOW_NEXT;
    case N_OUTPUT: {
        const struct value v = eval(r, node->a);
        if (!r->status) print_value(r, r->out, v);
        return FLOW_NEXT;
    }
    case N_IF: return exec_if(r, node);
    case N_FOR: {
        const struct value over = eval(r, node->b);
        return r->status ? FLOW_NEXT : for_loop(r, node, r->frame, over, 0);
    }
    case N_SET: {
        const struct value v = eval(r, node->b);
        if (!r->status) assign_target(r, node->a, v);
        return FLOW_NEXT;
    }
    case N_SET_BLOCK: exec_set_block(r, node); return FLOW_NEXT;
    case N_MACRO: assign(r, node->name, new_macro(r, node)); return FLOW_NEXT;
    case N_CALL_BLOCK: exec_call_block(r, node); return FLOW_NEXT;
    case N_FILTER_BLOCK: exec_filter_block(r, node); return FLOW_NEXT;
    case N_WITH: return exec_with(r, node);
    case N_GENERATION: print_value(r, r->out, captured(r, node->b)); return FLOW_NEXT;
    case N_BREAK: return FLOW_BREAK;
    case N_CONTINUE: return FLOW_CONTINUE;
    default: return FLOW_NEXT;
    }
}

enum flow exec(struct run *r, const struct node *node) {
    if (!run_step(r)) return FLOW_NEXT;
    r->line = node->line;
    if (r->depth >= MOST_DEPTH) return run_fail(r, "expected calls nested less deep"), FLOW_NEXT;
    r->depth++;
    const enum flow flow = exec_node(r, node);
    r->depth--;
    return flow;
}

// ---- the whole ------------------------------------------------------------------------------------------------------

quill_status jinja_render(const struct jinja *t, const struct jinja_input *input, struct arena *arena,
                          const struct text **out, bool *limited, quill_error *err) {
    enum { LEAST_MEMORY = 8 << 20, MEMORY_PER_BYTE = 64, LEAST_STEPS = 2 << 20, STEPS_PER_BYTE = 64 };
    const size_t bytes = input->bytes + t->bytes;
    struct run r = {.arena = arena, .most_memory = arena->bytes + LEAST_MEMORY + MEMORY_PER_BYTE * bytes,
                    .steps = LEAST_STEPS + (uint64_t)STEPS_PER_BYTE * bytes, .err = err, .name = t->name,
                    .input = input, .names = t->names};
    struct builder text = {.run = &r};
    r.out = &text;
    *out = NULL;
    if (frame_push(&r, NULL)) exec(&r, t->body);
    *out = build_end(&text);
    *limited = r.limited;
    return r.status;
}
