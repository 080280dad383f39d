// SPDX-License-Identifier: MIT
#include "grammar_stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum {
    MOST_KEPT = 5 << 20, // places
    LOOK_EVERY = 4096,   // visits, whether the reading is interrupted
};

struct seen {
    struct place place;
    uint32_t generation; // of the search in which it was seen
};

// ---- life -------------------------------------------------------------------------------------------

static bool no_memory(struct reading *r) {
    reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    return false;
}

void stack_forget(struct stack *s) {
    s->n_places = 0;
    s->n_frames = FRAMES;
    memset(s->frames, 0, FRAMES * sizeof *s->frames);
    memset(s->table, 0, s->table_size * sizeof *s->table);
}

bool stack_create(struct stack *s, const struct nodes *x, const char *name) {
    *s = (struct stack){.name = name, .x = x, .table_size = 256, .seen_size = 256};
    s->table = alloc_zeroed(s->table_size, sizeof *s->table);
    s->seen = alloc_zeroed(s->seen_size, sizeof *s->seen);
    s->frames = alloc_grow(NULL, &s->cap_frames, FRAMES, sizeof *s->frames);
    s->routine_by_order = alloc_array(x->n_routines, sizeof *s->routine_by_order);
    if (!s->table || !s->seen || !s->frames || !s->routine_by_order) return false;
    for (uint32_t i = 0; i < x->n_routines; i++) s->routine_by_order[x->routines[i].order] = i;
    stack_forget(s);
    return true;
}

void stack_free(struct stack *s) {
    free(s->places);
    free(s->frames);
    free(s->table);
    free(s->routine_by_order);
    free(s->found);
    free(s->todo);
    free(s->calls);
    free(s->gathered);
    free(s->heap.entries);
    free(s->seen);
    *s = (struct stack){0};
}

// Whether the reading may cost so much more.
static bool may_go_on(const struct stack *s, struct reading *r, uint64_t effort) {
    if (r->effort_left < effort)
        reading_fail(r, QUILL_E_CONSTRAINT, "%s: there are too many ways to read the text", s->name);
    else if ((r->effort_left -= effort) % LOOK_EVERY < effort && r->interrupted && *r->interrupted)
        reading_fail(r, QUILL_E_CONSTRAINT, "%s: interrupted", s->name);
    return !r->status;
}

static bool append(struct place **list, size_t *n, size_t *cap, struct reading *r, struct place place) {
    if (*n == *cap) {
        struct place *more = alloc_grow(*list, cap, *n + 1, sizeof *more);
        if (!more) return no_memory(r);
        *list = more;
    }
    (*list)[(*n)++] = place;
    return true;
}

// ---- places -----------------------------------------------------------------------------------------

uint32_t stack_least(const struct stack *s, struct place place) {
    const struct node *node = &s->x->nodes[place.node];
    const uint32_t least = many_plus(node->least, s->frames[place.frame].least);
    return node->counter == NEVER ? least : many_plus(least, counter_rest(s->x, node->counter, place.count + 1));
}

static bool same(struct place a, struct place b) {
    return a.node == b.node && a.count == b.count && a.frame == b.frame;
}

static uint64_t hash_of(struct place p) {
    return hash_mix(((uint64_t)p.node << 32 | p.frame) + hash_mix(p.count));
}

static int by_node(const void *pa, const void *pb) {
    const struct place *a = pa, *b = pb;
    if (a->node != b->node) return a->node < b->node ? -1 : 1;
    if (a->frame != b->frame) return a->frame < b->frame ? -1 : 1;
    return (a->count > b->count) - (a->count < b->count);
}

// Of places that differ in their counts alone, one may lead to all that another leads to: more may come behind a
// lower count, and less has to.
static bool leads_to_all(const struct stack *s, struct place a, struct place b) {
    const uint32_t counter = s->x->nodes[a.node].counter;
    if (a.node != b.node || a.frame != b.frame || counter == NEVER) return false;
    const struct counter *c = &s->x->counters[counter];
    if (c->max == NEVER) return a.count >= b.count;
    return a.count <= b.count && a.count + 1 >= c->min;
}

// Puts places in order; what leads to nothing more than another is left out.
static size_t put_in_order(const struct stack *s, struct place *places, size_t n) {
    size_t kept = 0;
    if (n < 2) return n;
    if (n > 12) qsort(places, n, sizeof *places, by_node);
    for (size_t i = 1; i < n && n <= 12; i++) {
        const struct place place = places[i];
        size_t k = i;
        for (; k && by_node(&places[k - 1], &place) > 0; k--) places[k] = places[k - 1];
        places[k] = place;
    }
    for (size_t i = 0; i < n; i++) {
        if (kept && (same(places[kept - 1], places[i]) || leads_to_all(s, places[kept - 1], places[i]))) continue;
        while (kept && leads_to_all(s, places[i], places[kept - 1])) kept--;
        places[kept++] = places[i];
    }
    return kept;
}

// ---- frames -----------------------------------------------------------------------------------------

static uint64_t hash_of_all(const struct place *places, size_t n) { return hash_bytes(places, n * sizeof *places, n); }

static bool grow_table(struct stack *s, struct reading *r) {
    const size_t size = 2 * s->table_size;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return no_memory(r);
    for (size_t i = FRAMES; i < s->n_frames; i++) {
        size_t at = hash_of_all(s->places + s->frames[i].first, s->frames[i].n) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i;
    }
    free(s->table);
    s->table = table;
    s->table_size = size;
    return true;
}

static bool keep(struct stack *s, struct reading *r, const struct place *places, size_t n, uint32_t *first) {
    r->forget = n > MOST_KEPT - s->n_places;
    if (r->forget) {
        reading_fail(r, QUILL_E_CONSTRAINT, "%s: more than %d MiB would be needed to read on", s->name,
                     (int)(MOST_KEPT * sizeof *places >> 20));
        return false;
    }
    if (s->n_places + n > s->cap_places) {
        struct place *more = alloc_grow(s->places, &s->cap_places, s->n_places + n, sizeof *more);
        if (!more) return no_memory(r);
        s->places = more;
    }
    *first = (uint32_t)s->n_places;
    if (n) memcpy(s->places + s->n_places, places, n * sizeof *places);
    s->n_places += n;
    return true;
}

bool stack_keep(struct stack *s, struct reading *r, uint32_t *first) {
    return keep(s, r, s->found, s->n_found, first);
}

// The frame of places that are in order. BOTTOM: reading failed, unless it is the frame.
static uint32_t frame_of(struct stack *s, struct reading *r, const struct place *places, size_t n) {
    if (n == 1 && places[0].node == THE_POP) return places[0].frame; // BOTTOM or a barrier
    if (2 * s->n_frames > s->table_size && !grow_table(s, r)) return BOTTOM;
    size_t at = hash_of_all(places, n) & (s->table_size - 1);
    for (; s->table[at]; at = (at + 1) & (s->table_size - 1)) {
        const struct frame *have = &s->frames[s->table[at]];
        if (have->n == n && memcmp(s->places + have->first, places, n * sizeof *places) == 0) return s->table[at];
    }
    struct frame frame = {.n = (uint32_t)n, .least = NEVER, .alike = NEVER};
    for (size_t i = 0; i < n; i++) {
        const uint32_t least = stack_least(s, places[i]);
        if (least < frame.least) frame.least = least;
    }
    if (s->n_frames == s->cap_frames) {
        struct frame *frames = alloc_grow(s->frames, &s->cap_frames, s->n_frames + 1, sizeof *frames);
        if (!frames) return no_memory(r), BOTTOM;
        s->frames = frames;
    }
    if (!keep(s, r, places, n, &frame.first)) return BOTTOM;
    s->frames[s->n_frames] = frame;
    s->table[at] = (uint32_t)s->n_frames;
    return (uint32_t)s->n_frames++;
}

static bool gather(struct stack *s, struct reading *r, struct place place) {
    return append(&s->gathered, &s->n_gathered, &s->cap_gathered, r, place);
}

// Where a routine ends at once, its frame says where to go on: a call at the end of a routine needs no frame of its
// own, and what repeats itself to the right needs no more of them.
static bool drop_ends(struct stack *s, struct reading *r) {
    for (size_t i = 0; i < s->n_gathered;) {
        const struct place place = s->gathered[i];
        if (place.node != THE_POP || place.frame < FRAMES) {
            i++;
            continue;
        }
        s->gathered[i] = s->gathered[--s->n_gathered];
        const struct frame frame = s->frames[place.frame];
        if (!may_go_on(s, r, frame.n)) return false;
        for (uint32_t k = 0; k < frame.n; k++)
            if (!gather(s, r, s->places[frame.first + k])) return false;
    }
    return true;
}

// The places of a frame that are at a node, or the others.
static bool gather_some(struct stack *s, struct reading *r, const struct frame *frame, uint32_t node, bool others) {
    for (uint32_t i = 0; i < frame->n; i++) {
        const struct place place = s->places[frame->first + i];
        if ((place.node != node) == others && !gather(s, r, place)) return false;
    }
    return true;
}

// Any number of some texts, behind any number of the same texts, is any number of them: with a node that is a star, a
// frame that has the same node is left out. Its other places become a frame of their own.
static bool drop_stars(struct stack *s, struct reading *r) {
    for (size_t i = 0, n = s->n_gathered; i < n; i++) {
        const struct place place = s->gathered[i];
        const struct frame frame = s->frames[place.frame];
        const size_t begin = s->n_gathered;
        if (!s->x->nodes[place.node].star || frame.n == 0) continue;
        if (!gather_some(s, r, &frame, place.node, true)) return false;
        const size_t others = s->n_gathered - begin;
        s->n_gathered = begin;
        if (others == frame.n) continue;
        const uint32_t rest = others ? frame_of(s, r, s->gathered + begin, others) : BOTTOM;
        if (r->status || !gather_some(s, r, &frame, place.node, false)) return false;
        s->gathered[i] = others ? (struct place){place.node, 0, rest} : s->gathered[--s->n_gathered];
    }
    return true;
}

// The frame of what was gathered. BOTTOM: reading failed, unless it is the frame.
static uint32_t frame_of_gathered(struct stack *s, struct reading *r) {
    size_t n = put_in_order(s, s->gathered, s->n_gathered);
    s->n_gathered = n;
    if (n == 1 && s->gathered[0].node == THE_POP) return s->gathered[0].frame;
    if (!drop_ends(s, r) || !drop_stars(s, r)) return BOTTOM;
    return frame_of(s, r, s->gathered, put_in_order(s, s->gathered, s->n_gathered));
}

// ---- usual counts -----------------------------------------------------------------------------------

enum { FRAMES_ABOVE = 12 }; // others, deeper down, stay as they are

// A count such that no limit of the counter is nearer than so many bytes, where that is so of the one that is given.
static uint32_t usual_count(const struct counter *c, uint32_t count, uint32_t bytes) {
    const uint64_t last = (uint64_t)count + bytes / (c->least ? c->least : 1) + 2;
    if (last < c->min) return 0;
    return count >= c->min && (c->max == NEVER || last < c->max) ? c->min : count;
}

static uint32_t frame_alike(struct stack *s, struct reading *r, uint32_t number, uint32_t bytes, int above);

static struct place place_alike(struct stack *s, struct reading *r, struct place place, uint32_t bytes, int above) {
    const uint32_t counter = s->x->nodes[place.node].counter;
    if (counter != NEVER) place.count = usual_count(&s->x->counters[counter], place.count, bytes);
    place.frame = frame_alike(s, r, place.frame, bytes, above);
    return place;
}

static uint32_t frame_alike(struct stack *s, struct reading *r, uint32_t number, uint32_t bytes, int above) {
    const struct frame frame = s->frames[number];
    if (number < FRAMES || above == 0) return number;
    if (frame.alike != NEVER) return frame.alike;
    const size_t begin = s->n_gathered;
    for (uint32_t i = 0; i < frame.n; i++) {
        const struct place place = place_alike(s, r, s->places[frame.first + i], bytes, above - 1);
        if (r->status || !gather(s, r, place)) return number;
    }
    const size_t n = put_in_order(s, s->gathered + begin, s->n_gathered - begin);
    const uint32_t alike = frame_of(s, r, s->gathered + begin, n);
    s->n_gathered = begin;
    if (!r->status) s->frames[number].alike = s->frames[alike].alike = alike;
    return alike;
}

struct place stack_alike(struct stack *s, struct reading *r, struct place place, uint32_t bytes) {
    return place_alike(s, r, place, bytes, FRAMES_ABOVE);
}

// ---- the search -------------------------------------------------------------------------------------

void stack_begin(struct stack *s) {
    s->n_found = s->n_todo = s->n_calls = s->heap.n = s->n_seen = 0;
    s->n_gathered = 0;
    s->found_end = s->found_barrier = false;
    if (++s->generation == 0) { // every 2^32 searches
        memset(s->seen, 0, s->seen_size * sizeof *s->seen);
        s->generation = 1;
    }
}

static bool grow_seen(struct stack *s, struct reading *r) {
    const size_t size = 2 * s->seen_size;
    struct seen *seen = alloc_zeroed(size, sizeof *seen);
    if (!seen) return no_memory(r);
    for (size_t i = 0; i < s->seen_size; i++) {
        if (s->seen[i].generation != s->generation) continue;
        size_t at = hash_of(s->seen[i].place) & (size - 1);
        while (seen[at].generation == s->generation) at = (at + 1) & (size - 1);
        seen[at] = s->seen[i];
    }
    free(s->seen);
    s->seen = seen;
    s->seen_size = size;
    return true;
}

bool stack_put(struct stack *s, struct reading *r, struct place place) {
    return append(&s->todo, &s->n_todo, &s->cap_todo, r, place);
}

static bool is_new(struct stack *s, struct reading *r, struct place place) {
    if (2 * s->n_seen >= s->seen_size && !grow_seen(s, r)) return false;
    size_t at = hash_of(place) & (s->seen_size - 1);
    for (; s->seen[at].generation == s->generation; at = (at + 1) & (s->seen_size - 1))
        if (same(s->seen[at].place, place)) return false;
    s->seen[at] = (struct seen){place, s->generation};
    s->n_seen++;
    return true;
}

static bool put_call(struct stack *s, struct reading *r, uint32_t routine, struct place back) {
    if (s->n_calls == s->cap_heap) {
        uint64_t *entries = alloc_grow(s->heap.entries, &s->cap_heap, s->n_calls + 1, sizeof *entries);
        if (!entries) return no_memory(r);
        s->heap.entries = entries;
    }
    least_heap_push(&s->heap, (uint32_t)s->n_calls, s->x->routines[routine].order);
    return append(&s->calls, &s->n_calls, &s->cap_calls, r, back);
}

static bool put_frame(struct stack *s, struct reading *r, uint32_t number) {
    const struct frame frame = s->frames[number];
    if (number == BOTTOM) s->found_end = true;
    else if (number < FRAMES) s->found_barrier = true;
    for (uint32_t i = 0; i < frame.n; i++)
        if (!stack_put(s, r, s->places[frame.first + i])) return false;
    return true;
}

// Behind the body of a counter that was read once more.
static bool put_again(struct stack *s, struct reading *r, uint32_t counter, struct place place) {
    const struct counter *c = &s->x->counters[counter];
    const uint32_t count = place.count + 1;
    if (count >= c->min && !stack_put(s, r, (struct place){c->next, 0, place.frame})) return false;
    if (count >= c->max) return true;
    place.node = c->body;
    place.count = c->max == NEVER && count > c->min ? c->min : count;
    return stack_put(s, r, place);
}

static bool visit(struct stack *s, struct reading *r, struct place place) {
    const struct node *node = &s->x->nodes[place.node];
    const struct place next = {node->next, place.count, place.frame}, other = {node->other, place.count, place.frame};
    switch ((enum node_op)node->op) {
    case NODE_CHAR: return append(&s->found, &s->n_found, &s->cap_found, r, place);
    case NODE_SPLIT: return stack_put(s, r, next) && stack_put(s, r, other);
    case NODE_CALL: return put_call(s, r, node->arg, next);
    case NODE_POP: return put_frame(s, r, place.frame);
    case NODE_AGAIN: return put_again(s, r, node->arg, place);
    case NODE_FIRST: return stack_put(s, r, (struct place){node->next, 0, place.frame});
    case NODE_COUNT: break;
    }
    const struct counter *c = &s->x->counters[node->arg];
    if (c->min == 0 && !stack_put(s, r, (struct place){c->next, 0, place.frame})) return false;
    return stack_put(s, r, (struct place){c->body, 0, place.frame});
}

static bool visit_all(struct stack *s, struct reading *r) {
    while (s->n_todo) {
        const struct place place = s->todo[--s->n_todo];
        if (!may_go_on(s, r, 1)) return false;
        if (s->x->nodes[place.node].least == NEVER || !is_new(s, r, place)) continue;
        if (!visit(s, r, place)) return false;
    }
    return !r->status;
}

// All calls of the routine that comes first: no other begins with a call of it, so there will be no more. They have one
// frame.
static bool enter_next(struct stack *s, struct reading *r) {
    uint32_t order, other;
    s->n_gathered = 0;
    uint32_t call = least_heap_pop(&s->heap, &order);
    for (;;) {
        if (!gather(s, r, s->calls[call])) return false;
        if (!s->heap.n || (uint32_t)(s->heap.entries[0] >> 32) != order) break;
        call = least_heap_pop(&s->heap, &other);
    }
    const uint32_t frame = frame_of_gathered(s, r);
    const struct routine *routine = &s->x->routines[s->routine_by_order[order]];
    for (uint32_t i = 0; i < routine->n && !r->status; i++)
        stack_put(s, r, (struct place){s->x->firsts[routine->first + i], 0, frame});
    return !r->status;
}

bool stack_search(struct stack *s, struct reading *r) {
    bool ok = visit_all(s, r);
    while (ok && s->heap.n) ok = enter_next(s, r) && visit_all(s, r);
    s->n_found = put_in_order(s, s->found, s->n_found);
    return ok;
}

void stack_take_put(struct stack *s) {
    struct place *const found = s->found;
    const size_t cap = s->cap_found;
    s->found = s->todo;
    s->cap_found = s->cap_todo;
    s->n_found = put_in_order(s, s->found, s->n_todo);
    s->todo = found;
    s->cap_todo = cap;
    s->n_todo = 0;
}
