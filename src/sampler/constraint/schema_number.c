// SPDX-License-Identifier: MIT
// Numbers between bounds, as automata of their decimal texts: exactly, whatever the bounds are.
//
// What is generated is bounded: 18 digits in front of the point, so that integers fit in 64 bits, 17 behind it, and two
// of an exponent, which numbers without bounds alone have. Bounds that have more digits allow more.
#include "base/alloc.h"
#include "nfa_make.h"
#include "schema_compile.h"

enum { MOST_INTEGER = 18, MOST_FRACTION = 17, DOUBLE_DIGITS = 15 };

// A bound without sign, as digits.
struct edge {
    bool given, exclusive;
    char *digits;       // [n_integer + n_fraction], at least one in front of the point
    size_t n_integer, n_fraction;
};

struct range {
    struct nfa_maker *m;
    struct edge low, high;   // low is always given
    size_t integer, fraction; // digits at most; fraction 0: integers alone
    uint32_t digit, first, zero, point; // sets
    uint32_t *free_integer;  // [integer + 1] nodes: so many digits, then the end; NEVER: not made
    uint32_t *free_fraction; // [fraction + 1] nodes: at most so many digits
    struct pair_table tight; // nodes by place and by which edges the digits so far are equal to
};

enum { ON_LOW = 1, ON_HIGH = 2 };

static int digit_at(const struct edge *e, size_t place) {
    return place < e->n_integer + e->n_fraction ? e->digits[place] - '0' : 0;
}

static bool has_more(const struct edge *e, size_t place) {
    for (size_t i = place; i < e->n_integer + e->n_fraction; i++)
        if (e->digits[i] != '0') return true;
    return false;
}

// Whether a number may end behind `place` digits, which are those of these edges.
static bool may_end(const struct range *r, size_t place, unsigned on) {
    if (on & ON_LOW && (has_more(&r->low, place) || r->low.exclusive)) return false;
    return !(on & ON_HIGH) || has_more(&r->high, place) || !r->high.exclusive;
}

static uint32_t digits_between(struct range *r, int from, int to) {
    return from > to ? NFA_NO_CHARACTER : nfa_add_range(r->m, (uint32_t)('0' + from), (uint32_t)('0' + to));
}

// ---- digits that are free ---------------------------------------------------------------------------

static uint32_t free_fraction(struct range *r, size_t n) {
    if (n == 0) return 0;
    for (size_t i = 1; i <= n; i++)
        if (r->free_fraction[i] == NEVER)
            r->free_fraction[i] = nfa_add_split(r->m, 0, nfa_add_char(r->m, r->digit, r->free_fraction[i - 1]));
    return r->free_fraction[n];
}

// n more digits in front of the point.
static uint32_t free_integer(struct range *r, size_t n) {
    if (r->free_integer[0] == NEVER) {
        r->free_integer[0] = 0;
        if (r->fraction) {
            const uint32_t digits = nfa_add_char(r->m, r->digit, free_fraction(r, r->fraction - 1));
            r->free_integer[0] = nfa_add_split(r->m, 0, nfa_add_char(r->m, r->point, digits));
        }
    }
    for (size_t i = 1; i <= n; i++)
        if (r->free_integer[i] == NEVER) r->free_integer[i] = nfa_add_char(r->m, r->digit, r->free_integer[i - 1]);
    return r->free_integer[n];
}

// ---- digits at an edge ------------------------------------------------------------------------------

static uint32_t behind(struct range *r, size_t length, size_t place, unsigned on);

// Digits at `place` that lead away from the edges, or along them, to `next`.
static uint32_t digit_node(struct range *r, size_t length, size_t place, unsigned on, bool starts) {
    const int low = on & ON_LOW ? digit_at(&r->low, place) : 0, high = on & ON_HIGH ? digit_at(&r->high, place) : 9;
    const int least = starts && length > 1 && low == 0 ? 1 : low;
    uint32_t ways = NFA_DEAD_NODE;
    for (int from = least, to; from <= high; from = to + 1) {
        unsigned next = 0;
        if (on & ON_LOW && from == low) next |= ON_LOW;
        if (on & ON_HIGH && from == high) next |= ON_HIGH;
        to = next ? from : on & ON_HIGH ? high - 1 : 9;
        const uint32_t node = nfa_add_char(r->m, digits_between(r, from, to), behind(r, length, place + 1, next));
        ways = nfa_add_split(r->m, node, ways);
    }
    return ways;
}

// Behind `place` digits of a number with `length` digits in front of the point.
static uint32_t behind(struct range *r, size_t length, size_t place, unsigned on) {
    if (!nfa_goes_on(r->m)) return 0;
    if (place < length && !on) return free_integer(r, length - place);
    if (place >= length && !on) {
        const size_t n = place - length;
        return n == 0 ? free_integer(r, 0) : free_fraction(r, r->fraction - n);
    }
    uint32_t *known = pair_find(&r->tight, (uint32_t)(length * 4 + on), (uint32_t)place);
    if (!known) r->m->no_memory = true;
    if (!known || *known != NEVER) return known ? *known : 0;
    uint32_t node = NFA_DEAD_NODE;
    if (place < length) node = digit_node(r, length, place, on, place == 0);
    else if (place - length < r->fraction) {
        node = digit_node(r, length, place, on, false);
        if (place == length) node = nfa_add_char(r->m, r->point, node);
    }
    if (place >= length && may_end(r, place, on)) node = nfa_add_split(r->m, 0, node);
    known = pair_find(&r->tight, (uint32_t)(length * 4 + on), (uint32_t)place); // the table may have moved
    if (known) *known = node;
    return node;
}

// Numbers with so many digits in front of the point.
static uint32_t of_length(struct range *r, size_t length) {
    const size_t low = r->low.n_integer, high = r->high.n_integer;
    if (length < low || (r->high.given && length > high)) return NFA_DEAD_NODE;
    const unsigned on = (length == low ? ON_LOW : 0) | (r->high.given && length == high ? ON_HIGH : 0);
    if (on) return behind(r, length, 0, on);
    // One digit may be 0; of several the first is not.
    return nfa_add_char(r->m, length == 1 ? r->digit : r->first, free_integer(r, length - 1));
}

// Readers make doubles of numbers. Next to a bound that is excluded, no more digits are written behind the point than
// these tell apart; 0: any number.
static size_t told_apart(const struct edge *e) {
    size_t first = 0;
    if (!e->given || !e->exclusive || !has_more(e, 0)) return 0;
    while (e->digits[first] == '0') first++;
    return first + DOUBLE_DIGITS > e->n_integer ? first + DOUBLE_DIGITS - e->n_integer : 1;
}

static void find_sizes(struct range *r, bool fractions) {
    const struct edge *edges[] = {&r->low, &r->high};
    size_t fraction = 0;
    r->integer = MOST_INTEGER;
    for (size_t i = 0; i < 2; i++) {
        const size_t told = told_apart(edges[i]);
        if (edges[i]->given && edges[i]->n_integer >= r->integer) r->integer = edges[i]->n_integer + 1;
        if (told && (!fraction || told < fraction)) fraction = told;
    }
    if (r->high.given) r->integer = r->high.n_integer;
    if (!fraction) fraction = MOST_FRACTION;
    for (size_t i = 0; i < 2; i++)
        if (edges[i]->n_fraction > fraction) fraction = edges[i]->n_fraction;
    r->fraction = fractions ? fraction : 0;
}

// A node that reads a magnitude from low to high.
static uint32_t add_magnitudes(struct nfa_maker *m, struct edge low, struct edge high, bool fractions) {
    struct range r = {.m = m, .low = low, .high = high};
    find_sizes(&r, fractions);
    r.digit = nfa_add_range(m, '0', '9');
    r.first = nfa_add_range(m, '1', '9');
    r.point = nfa_add_range(m, '.', '.');
    r.free_integer = alloc_array(r.integer + 1, sizeof *r.free_integer);
    r.free_fraction = alloc_array(r.fraction + 1, sizeof *r.free_fraction);
    m->no_memory = m->no_memory || !r.free_integer || !r.free_fraction;
    for (size_t i = 0; nfa_goes_on(m) && i <= r.integer; i++) r.free_integer[i] = NEVER;
    for (size_t i = 0; nfa_goes_on(m) && i <= r.fraction; i++) r.free_fraction[i] = i ? NEVER : 0;
    uint32_t ways = NFA_DEAD_NODE;
    for (size_t length = 1; length <= r.integer && nfa_goes_on(m); length++)
        ways = nfa_add_split(m, of_length(&r, length), ways);
    free(r.free_integer);
    free(r.free_fraction);
    free(r.tight.entries);
    return ways;
}

// ---- bounds -----------------------------------------------------------------------------------------

static const struct edge zero = {.given = true, .digits = (char[]){'0'}, .n_integer = 1};

// False: no memory.
static bool edge_of(struct compiler *c, const struct bound *bound, struct edge *e) {
    const struct decimal *d = &bound->value;
    *e = zero;
    e->exclusive = bound->exclusive;
    if (d->n == 0) return true;
    const size_t before = d->point > 0 ? (size_t)d->point : 0, zeros = d->point < 0 ? (size_t)-d->point : 0;
    e->n_integer = before ? before : 1;
    e->n_fraction = d->n > before ? d->n - before + zeros : 0;
    e->digits = arena_alloc(&c->arena, e->n_integer + e->n_fraction, 1);
    if (!e->digits) return false;
    memset(e->digits, '0', e->n_integer + e->n_fraction);
    memcpy(e->digits + (before ? 0 : 1 + zeros), d->digits, d->n);
    return true;
}

static void narrow(struct bound *bound, const struct bound *other, bool upper) {
    if (!other->given) return;
    int order = bound->given ? decimal_compare(&other->value, &bound->value) : 1;
    if (upper && bound->given) order = -order;
    if (order > 0 || (order == 0 && other->exclusive)) *bound = *other;
}

static uint32_t add_negative(struct nfa_maker *m, struct edge low, struct edge high, bool fractions) {
    return nfa_add_char(m, nfa_add_range(m, '-', '-'), add_magnitudes(m, low, high, fractions));
}

// Numbers from `least` to `most`.
static void add_range(struct compiler *c, struct nfa_maker *m, const struct bound *least, const struct bound *most,
                      bool fractions) {
    struct edge low = {0}, high = {0}, none = {0}, above_zero = zero;
    uint32_t positive = NFA_DEAD_NODE, negative = NFA_DEAD_NODE;
    const bool up = !most->given || !most->value.negative, down = !least->given || least->value.negative;
    if ((least->given && !edge_of(c, least, &low)) || (most->given && !edge_of(c, most, &high))) m->no_memory = true;
    if (!nfa_goes_on(m)) return;
    above_zero.exclusive = true;
    if (up) positive = add_magnitudes(m, least->given && !down ? low : zero, most->given ? high : none, fractions);
    if (down) negative = add_negative(m, up ? above_zero : high, least->given ? low : none, fractions);
    m->nfa.start = nfa_add_split(m, positive, negative);
}

// With an exponent, and minus zero, which numbers without bounds may have.
static const char any_number[] = "^-?(?:0|[1-9]\\d{0,17})(?:\\.\\d{1,17})?(?:[eE][+-]?\\d{1,2})?$";

static void number_nfa(struct compiler *c, const struct goal *goal, bool fractions, struct nfa *out) {
    struct bound least = {0}, most = {0};
    struct nfa_maker m;
    *out = (struct nfa){0};
    for (uint32_t i = 0; i < goal->n; i++) {
        const struct schema *s = schema_of(c, goal->demands[i]);
        if (goal->demands[i] % PARTS != PART_OWN) continue;
        narrow(&least, &s->least, false);
        narrow(&most, &s->most, true);
    }
    if (!goes_on(c)) return;
    if (fractions && !least.given && !most.given) {
        compile_fail(c, nfa_search(out, str_of(any_number), c->err));
        return;
    }
    nfa_begin(&m);
    add_range(c, &m, &least, &most, fractions);
    compile_fail(c, nfa_end(&m, out, c->err));
    compile_spend(c, out->n);
}

bool number_is_empty(struct compiler *c, const struct goal *goal, bool fractions) {
    struct nfa nfa;
    number_nfa(c, goal, fractions, &nfa);
    const bool empty = goes_on(c) && nfa_is_empty(&nfa);
    nfa_free(&nfa);
    return empty;
}

static bool has_bounds(const struct compiler *c, const struct goal *goal) {
    bool has = false;
    for (uint32_t i = 0; i < goal->n; i++) {
        const struct schema *s = schema_of(c, goal->demands[i]);
        has = has || s->least.given || s->most.given;
    }
    return has;
}

uint32_t compile_number(struct compiler *c, const struct goal *goal, bool fractions) {
    uint32_t *known = fractions ? &c->any_number : &c->any_integer;
    const bool any = !has_bounds(c, goal);
    struct nfa nfa;
    if (any && *known) return *known;
    number_nfa(c, goal, fractions, &nfa);
    const uint32_t expr = compile_nfa(c, &nfa);
    if (any) *known = expr;
    return expr;
}
