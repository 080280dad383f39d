// SPDX-License-Identifier: MIT
// Objects: the properties that are named, in the order of the schema, then others.
#include "base/alloc.h"
#include "base/hash.h"
#include "schema_compile.h"

enum { MOST_PATTERNS = 6, MOST_COUNTED = 1 << 20 };

struct member {
    struct str name;
    bool required;
    uint32_t goal;
};

// A pattern of names, of one demand.
struct name_pattern {
    uint32_t of;             // index of the demand
    const struct value *at;  // of patternProperties
};

struct object {
    struct compiler *c;
    const struct goal *goal;
    struct member *members; // [n]
    size_t n, cap;
    uint32_t *table;        // [size] members by name, by index and 1
    size_t size;
    struct name_pattern patterns[MOST_PATTERNS];
    size_t n_patterns;
    bool names;             // there is propertyNames
    uint64_t min, max;
    const struct value *min_at, *max_at;
};

// ---- the properties that are named ------------------------------------------------------------------

static bool grow_table(struct object *o) {
    const size_t size = o->size ? 2 * o->size : 64;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return false;
    for (size_t i = 0; i < o->n; i++) {
        size_t at = hash_bytes(o->members[i].name.p, o->members[i].name.n, 0) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    free(o->table);
    o->table = table;
    o->size = size;
    return true;
}

// The member with this name, which is added if it is new. NULL: no memory.
static struct member *member_named(struct object *o, struct str name) {
    if (2 * o->n >= o->size && !grow_table(o)) return NULL;
    size_t at = hash_bytes(name.p, name.n, 0) & (o->size - 1);
    for (; o->table[at]; at = (at + 1) & (o->size - 1))
        if (str_equal(o->members[o->table[at] - 1].name, name)) return &o->members[o->table[at] - 1];
    if (o->n == o->cap) {
        struct member *members = alloc_grow(o->members, &o->cap, o->n + 1, sizeof *members);
        if (!members) return NULL;
        o->members = members;
    }
    o->members[o->n] = (struct member){.name = name, .goal = NOTHING};
    o->table[at] = (uint32_t)++o->n;
    return &o->members[o->n - 1];
}

static const struct schema *schema_at_demand(const struct object *o, uint32_t i) {
    return schema_of(o->c, o->goal->demands[i]);
}

static bool matches(struct object *o, const struct value *pattern, struct str name) {
    bool yes = false;
    const struct nfa *nfa = pattern_nfa(o->c, pattern->schema, pattern->name, pattern);
    if (nfa && compile_spend(o->c, name.n + 1)) compile_fail(o->c, nfa_takes(nfa, name, &yes, o->c->err));
    return yes;
}

// What a schema demands of the value of a name.
static void demand_member(struct object *o, const struct schema *s, struct str name, struct demands *d) {
    const struct value *own = s->properties ? value_member(s->properties, name) : NULL;
    bool known = own != NULL;
    if (own) demand(o->c, d, own->schema, PART_ALL);
    for (size_t i = 0; s->patterns && i < s->patterns->n && goes_on(o->c); i++) {
        if (!matches(o, s->patterns->items[i], name)) continue;
        known = true;
        demand(o->c, d, s->patterns->items[i]->schema, PART_ALL);
    }
    if (!known && s->additional) demand(o->c, d, s->additional, PART_ALL);
}

static bool name_allowed(struct object *o, struct str name) {
    const struct value v = {.kind = VALUE_STRING, .text = name};
    for (uint32_t i = 0; i < o->goal->n && o->names; i++) {
        const struct schema *s = schema_at_demand(o, i);
        if (s->names && !satisfies(o->c, s->names, PART_ALL, &v)) return false;
    }
    return true;
}

static uint32_t member_goal(struct object *o, struct str name) {
    struct demands d = {0};
    for (uint32_t i = 0; i < o->goal->n && compile_spend(o->c, 1); i++)
        demand_member(o, schema_at_demand(o, i), name, &d);
    const uint32_t made = name_allowed(o, name) ? goal_of(o->c, &d) : NOTHING;
    free(d.items);
    return made;
}

static void add_names(struct object *o, const struct value *list, bool required) {
    for (size_t i = 0; list && i < list->n && goes_on(o->c); i++) {
        const struct value *v = list->items[i];
        struct member *m = member_named(o, list->kind == VALUE_OBJECT ? v->name : v->text);
        if (!m) compile_no_memory(o->c);
        else m->required = m->required || required;
    }
}

static void look_at(struct object *o, const struct schema *s, uint32_t of) {
    o->names = o->names || s->names;
    if (s->min_properties > o->min) {
        o->min = s->min_properties;
        o->min_at = value_member(s->at, STR("minProperties"));
    }
    if (s->max_properties < o->max) {
        o->max = s->max_properties;
        o->max_at = value_member(s->at, STR("maxProperties"));
    }
    for (size_t i = 0; s->patterns && i < s->patterns->n; i++) {
        if (o->n_patterns == MOST_PATTERNS) {
            compile_fail(o->c, schema_refuse(s->patterns, o->c->err, "more than %d patterns are not supported",
                                             MOST_PATTERNS));
            return;
        }
        o->patterns[o->n_patterns++] = (struct name_pattern){of, s->patterns->items[i]};
    }
}

// Finds the members with a name. Call object_end in any case.
static void object_begin(struct object *o, struct compiler *c, const struct goal *goal) {
    *o = (struct object){.c = c, .goal = goal, .max = UNLIMITED};
    for (uint32_t i = 0; i < goal->n && goes_on(c); i++) look_at(o, schema_at_demand(o, i), i);
    for (uint32_t i = 0; i < goal->n && goes_on(c); i++) add_names(o, schema_at_demand(o, i)->properties, false);
    for (uint32_t i = 0; i < goal->n && goes_on(c); i++) add_names(o, schema_at_demand(o, i)->required, true);
    for (size_t i = 0; i < o->n && goes_on(c); i++) o->members[i].goal = member_goal(o, o->members[i].name);
}

static void object_end(struct object *o) {
    free(o->members);
    free(o->table);
}

static size_t count_required(const struct object *o) {
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++) n += o->members[i].required;
    return n;
}

// ---- other properties -------------------------------------------------------------------------------

static int by_text(const void *pa, const void *pb) {
    return str_compare(*(const struct str *)pa, *(const struct str *)pb);
}

// *nfa becomes what both take.
static void cut(struct object *o, struct nfa *nfa, const struct nfa *other) {
    struct nfa both = {0};
    struct compiler *c = o->c;
    if (goes_on(c)) compile_fail(c, nfa_cut(&both, nfa, other, c->err));
    nfa_free(nfa);
    *nfa = both;
    compile_spend(c, both.n);
}

static void cut_names(struct object *o, struct nfa *nfa) {
    struct compiler *c = o->c;
    for (uint32_t i = 0; i < o->goal->n && goes_on(c); i++) {
        const struct schema *s = schema_at_demand(o, i), *listed = NULL;
        struct demands d = {0};
        struct nfa name = {0};
        bool plain = true, choice = false;
        uint64_t min, max;
        if (!s->names) continue;
        demand(c, &d, s->names, PART_ALL);
        const uint32_t names = goal_of(c, &d);
        free(d.items);
        struct goal goal = names == NOTHING || !goes_on(c) ? (struct goal){0} : c->goals[names];
        for (uint32_t k = 0; k < goal.n; k++) choice = choice || goal.demands[k] % PARTS != PART_OWN;
        const bool strings = names != NOTHING && goal_types(c, &goal, &listed) & TYPE_STRING;
        if ((choice || listed) && goes_on(c))
            compile_fail(c, schema_refuse(s->names->at, c->err,
                                          "expected pattern, minLength, maxLength or format alone"));
        string_nfa(c, &goal, &name, &plain, &min, &max);
        if (plain && goes_on(c)) compile_fail(c, nfa_length(&name, min, max >= NEVER ? NEVER : max, c->err));
        if (!strings && goes_on(c)) {
            nfa_free(&name);
            compile_fail(c, nfa_length(&name, 1, 0, c->err));
        }
        cut(o, nfa, &name);
        nfa_free(&name);
    }
}

// The names that match just the patterns of a set (bits), and are not those of members.
static void names_of(struct object *o, unsigned set, struct nfa *out) {
    struct compiler *c = o->c;
    struct str *names = alloc_array(o->n, sizeof *names);
    if (!names) compile_no_memory(c);
    for (size_t i = 0; names && i < o->n; i++) names[i] = o->members[i].name;
    if (names && o->n) qsort(names, o->n, sizeof *names, by_text);
    if (goes_on(c)) compile_fail(c, nfa_none_of(out, names, o->n, c->err));
    free(names);
    for (size_t i = 0; i < o->n_patterns && goes_on(c); i++) {
        struct nfa other = {0};
        const struct value *at = o->patterns[i].at;
        const struct nfa *nfa = pattern_nfa(c, at->schema, at->name, at);
        if (!nfa) return;
        const bool matched = set >> i & 1;
        const quill_status s = matched ? QUILL_OK : nfa_invert(&other, nfa, c->err);
        compile_fail(c, s == QUILL_E_USAGE ? schema_refuse(at, c->err, "too large") : s);
        cut(o, out, matched ? nfa : &other);
        nfa_free(&other);
    }
    if (o->names) cut_names(o, out);
    if (goes_on(c)) compile_spend(c, out->n);
}

static uint32_t other_goal(struct object *o, unsigned set) {
    struct demands d = {0};
    for (uint32_t i = 0; i < o->goal->n && goes_on(o->c); i++) {
        const struct schema *s = schema_at_demand(o, i);
        bool known = false;
        for (size_t k = 0; k < o->n_patterns; k++) {
            if (o->patterns[k].of != i || !(set >> k & 1)) continue;
            known = true;
            demand(o->c, &d, o->patterns[k].at->schema, PART_ALL);
        }
        if (!known && s->additional) demand(o->c, &d, s->additional, PART_ALL);
    }
    const uint32_t made = goal_of(o->c, &d);
    free(d.items);
    return made;
}

// A member of another name. *none: there can be no such member.
static uint32_t compile_other(struct object *o, bool *none) {
    struct compiler *c = o->c;
    uint32_t ways[1 << MOST_PATTERNS];
    size_t n = 0;
    for (unsigned set = 0; set < 1u << o->n_patterns && goes_on(c); set++) {
        const uint32_t goal = other_goal(o, set);
        struct nfa names = {0};
        uint32_t name = 0;
        if (goal == NOTHING) continue;
        const bool any = o->n == 0 && o->n_patterns == 0 && !o->names;
        if (any) name = compile_any_string(c);
        else names_of(o, set, &names);
        const bool empty = !any && goes_on(c) && nfa_is_empty(&names);
        if (!any && !empty && goes_on(c)) name = compile_name(c, &names);
        nfa_free(&names);
        if (empty || !goes_on(c)) continue;
        const uint32_t parts[] = {name, compile_colon(c), goal_rule(c, goal)};
        ways[n++] = grammar_sequence(c->g, parts, 3);
    }
    *none = n == 0;
    return goes_on(c) ? grammar_choice(c->g, ways, n) : 0;
}

// ---- the whole --------------------------------------------------------------------------------------

// What may follow in an object, by the number of members so far.
struct tails {
    uint64_t counted; // at most; if `more`, that is so many or more
    bool more;
    uint32_t none;    // expressions: nothing has come
    uint32_t *some;   // [counted + 1] so many members have come
};

static uint32_t no_text(struct compiler *c) { return grammar_choice(c->g, NULL, 0); }

static uint32_t as_rule(struct compiler *c, uint32_t expr) {
    const uint32_t rule = grammar_rule(c->g, STR("members"));
    grammar_define(c->g, rule, expr);
    return grammar_ref(c->g, rule);
}

// Behind all named members, of which there were `count`: others.
static uint32_t compile_end(struct object *o, uint32_t other, bool closed, uint64_t count) {
    struct compiler *c = o->c;
    const uint64_t min = count < o->min ? o->min - count : 0;
    if (closed || o->max == count || (min > 1 && !closed)) return min ? no_text(c) : grammar_text(c->g, STR(""));
    const uint32_t parts[] = {compile_comma(c), other}, more = grammar_sequence(c->g, parts, 2);
    const uint64_t max = o->max == UNLIMITED ? UNLIMITED : o->max - count;
    if (count > 0) return compile_repeat(c, more, min, max, o->min_at);
    const uint32_t rest = compile_repeat(c, more, 0, max == UNLIMITED ? max : max - 1, o->min_at);
    const uint32_t first[] = {other, rest}, either[] = {grammar_sequence(c->g, first, 2), grammar_text(c->g, STR(""))};
    return grammar_choice(c->g, either, min ? 1 : 2);
}

static uint32_t compile_member(struct object *o, const struct member *m) {
    struct compiler *c = o->c;
    const struct value name = {.kind = VALUE_STRING, .text = m->name};
    const uint32_t parts[] = {compile_value(c, &name), compile_colon(c), goal_rule(c, m->goal)};
    return grammar_sequence(c->g, parts, 3);
}

// The tails in front of a member, from those behind it.
static void put_in_front(struct object *o, struct tails *t, const struct member *m) {
    struct compiler *c = o->c;
    const uint32_t member = compile_member(o, m), comma = compile_comma(c), first[] = {member, t->some[1]};
    uint32_t ways[] = {o->max == 0 ? no_text(c) : grammar_sequence(c->g, first, 2), t->none};
    const size_t n = m->required ? 1 : 2;
    t->none = as_rule(c, grammar_choice(c->g, ways, n));
    // Upwards, so that the tails with one member more are still those behind it.
    for (uint64_t count = 1; count <= t->counted && goes_on(c); count++) {
        const bool last = count == t->counted;
        const uint32_t parts[] = {comma, member, t->some[last ? count : count + 1]};
        ways[0] = last && !t->more ? no_text(c) : grammar_sequence(c->g, parts, 3);
        ways[1] = t->some[count];
        t->some[count] = as_rule(c, grammar_choice(c->g, ways, n));
    }
}

// Finds how many members must be counted, and forgets limits that hold anyway.
static void find_counted(struct object *o, struct tails *t, bool closed) {
    if (o->min <= count_required(o)) o->min = 0;
    if (closed && o->max >= o->n) o->max = UNLIMITED;
    const uint64_t most = o->max < UNLIMITED ? o->max : o->min;
    t->more = o->max == UNLIMITED;
    t->counted = most < o->n ? most : o->n;
    if (t->counted == 0) t->counted = 1;
    if (t->counted * (o->n + 1) > MOST_COUNTED && t->counted > 1)
        compile_fail(o->c, schema_refuse(o->max_at ? o->max_at : o->min_at, o->c->err,
                                         "too large for so many properties"));
}

static uint32_t compile_members(struct object *o) {
    struct compiler *c = o->c;
    struct tails t = {0};
    bool closed = false;
    const uint32_t other = compile_other(o, &closed);
    if (!goes_on(c)) return 0;
    if (o->min > o->max || (closed && o->min > o->n)) return no_text(c);
    if (!closed && o->min > o->n + 1)
        compile_fail(c, schema_refuse(o->min_at, c->err, "more than %zu is not supported here: names may come twice",
                                      o->n + 1));
    find_counted(o, &t, closed);
    t.some = goes_on(c) ? alloc_array(t.counted + 1, sizeof *t.some) : NULL;
    if (!t.some) compile_no_memory(c);
    if (goes_on(c)) t.none = compile_end(o, other, closed, 0);
    for (uint64_t i = 1; i <= t.counted && goes_on(c); i++) t.some[i] = compile_end(o, other, closed, i);
    for (size_t i = o->n; i > 0 && goes_on(c); i--) {
        const struct member *m = &o->members[i - 1];
        if (m->goal != NOTHING || m->required) put_in_front(o, &t, m);
    }
    free(t.some);
    return t.none;
}

uint32_t compile_object(struct compiler *c, const struct goal *goal) {
    struct object o;
    object_begin(&o, c, goal);
    const uint32_t members = goes_on(c) ? compile_members(&o) : 0;
    object_end(&o);
    if (!goes_on(c)) return 0;
    const uint32_t parts[] = {grammar_text(c->g, STR("{")), members, grammar_text(c->g, STR("}"))};
    return grammar_sequence(c->g, parts, 3);
}

bool object_is_empty(struct compiler *c, const struct goal *goal, int depth) {
    struct object o;
    object_begin(&o, c, goal);
    bool empty = goes_on(c) && (o.min > o.max || count_required(&o) > o.max);
    for (size_t i = 0; i < o.n && !empty && goes_on(c); i++)
        empty = o.members[i].required && goal_is_empty(c, o.members[i].goal, depth + 1);
    object_end(&o);
    return empty;
}
