// SPDX-License-Identifier: MIT
#include "base/alloc.h"
#include "schema_compile.h"

struct items {
    uint64_t min, max;
    const struct value *min_at; // what asks for so many
    size_t n_prefix;            // items that have demands of their own
};

static uint32_t item_goal(struct compiler *c, const struct goal *goal, uint64_t i) {
    struct demands d = {0};
    for (uint32_t k = 0; k < goal->n && compile_spend(c, 1); k++) {
        const struct schema *s = schema_of(c, goal->demands[k]);
        const struct schema *item = i < s->prefix.n ? s->prefix.items[i] : s->items;
        if (item) demand(c, &d, item, PART_ALL);
    }
    const uint32_t made = goal_of(c, &d);
    free(d.items);
    return made;
}

static struct items look_at(struct compiler *c, const struct goal *goal) {
    struct items items = {.max = UNLIMITED};
    for (uint32_t k = 0; k < goal->n; k++) {
        const struct schema *s = schema_of(c, goal->demands[k]);
        if (s->prefix.n > items.n_prefix) items.n_prefix = s->prefix.n;
        if (s->max_items < items.max) items.max = s->max_items;
        if (s->min_items <= items.min) continue;
        items.min = s->min_items;
        items.min_at = value_member(s->at, STR("minItems"));
    }
    return items;
}

bool array_is_empty(struct compiler *c, const struct goal *goal, int depth) {
    enum { FEW = 64 }; // items looked at
    const struct items items = look_at(c, goal);
    if (items.min > items.max) return true;
    for (uint64_t i = 0; i < items.min && i < FEW && i <= items.n_prefix && goes_on(c); i++)
        if (goal_is_empty(c, item_goal(c, goal, i), depth + 1)) return true;
    return false;
}

// What follows the items in front: `rest` items more, min to max in all; the first of an array has no comma.
static uint32_t compile_rest(struct compiler *c, const struct goal *goal, const struct items *items, uint64_t max) {
    const uint64_t n = items->n_prefix, min = items->min > n ? items->min - n : 0;
    const uint32_t empty = grammar_text(c->g, STR(""));
    if (max <= n) return min > 0 ? grammar_choice(c->g, NULL, 0) : empty;
    const uint32_t rest = item_goal(c, goal, n);
    if (rest == NOTHING) return min > 0 ? grammar_choice(c->g, NULL, 0) : empty;
    const uint32_t item = goal_rule(c, rest), parts[] = {compile_comma(c), item};
    const uint32_t more = grammar_sequence(c->g, parts, 2);
    const uint64_t most = max == UNLIMITED ? UNLIMITED : max - n;
    if (n > 0) return compile_repeat(c, more, min, most, items->min_at);
    const uint32_t others = compile_repeat(c, more, min ? min - 1 : 0, most == UNLIMITED ? most : most - 1,
                                           items->min_at);
    const uint32_t first[] = {item, others}, either[] = {grammar_sequence(c->g, first, 2), empty};
    return grammar_choice(c->g, either, min ? 1 : 2);
}

// From the last item in front to the first, a rule each: the item and what follows it, or nothing if the array may
// end.
static uint32_t compile_items(struct compiler *c, const struct goal *goal, const struct items *items) {
    uint64_t max = items->max;
    uint32_t *goals = alloc_array(items->n_prefix, sizeof *goals);
    if (!goals) compile_no_memory(c);
    for (size_t i = 0; i < items->n_prefix && i < max && goes_on(c); i++) {
        goals[i] = item_goal(c, goal, i);
        if (goals[i] == NOTHING) max = i;
    }
    uint32_t tail = goes_on(c) ? compile_rest(c, goal, items, max) : 0;
    for (size_t i = items->n_prefix; i > 0 && goes_on(c); i--) {
        uint32_t ways[2];
        size_t n = 0;
        if (i - 1 < max) {
            const uint32_t parts[] = {compile_comma(c), goal_rule(c, goals[i - 1]), tail};
            ways[n++] = grammar_sequence(c->g, i > 1 ? parts : parts + 1, i > 1 ? 3 : 2);
        }
        if (i - 1 >= items->min) ways[n++] = grammar_text(c->g, STR(""));
        const uint32_t rule = grammar_rule(c->g, STR("items"));
        grammar_define(c->g, rule, grammar_choice(c->g, ways, n));
        tail = grammar_ref(c->g, rule);
    }
    free(goals);
    return tail;
}

uint32_t compile_array(struct compiler *c, const struct goal *goal) {
    const struct items items = look_at(c, goal);
    if (items.min > items.max || !goes_on(c)) return grammar_choice(c->g, NULL, 0);
    const uint32_t parts[] = {grammar_text(c->g, STR("[")), compile_items(c, goal, &items),
                              grammar_text(c->g, STR("]"))};
    return grammar_sequence(c->g, parts, 3);
}
