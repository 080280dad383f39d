// SPDX-License-Identifier: MIT
// Tests: what follows `is`.
#include "ast.h"
#include "values.h"

enum test {
    TEST_BOOLEAN, TEST_CALLABLE, TEST_DEFINED, TEST_DIVISIBLE, TEST_EQUAL, TEST_ESCAPED, TEST_EVEN, TEST_FALSE,
    TEST_FILTER, TEST_FLOAT, TEST_GREATER_EQUAL, TEST_GREATER, TEST_IN, TEST_INTEGER, TEST_ITERABLE, TEST_LESS_EQUAL,
    TEST_LOWER, TEST_LESS, TEST_MAPPING, TEST_NOT_EQUAL, TEST_NONE, TEST_NUMBER, TEST_ODD, TEST_SAME, TEST_SEQUENCE,
    TEST_STRING, TEST_TEST, TEST_TRUE, TEST_UNDEFINED, TEST_UPPER,
};

static const struct {
    const char *name;
    enum test test;
} tests[] = {
    {"boolean", TEST_BOOLEAN},      {"callable", TEST_CALLABLE},  {"defined", TEST_DEFINED},
    {"divisibleby", TEST_DIVISIBLE}, {"eq", TEST_EQUAL},          {"equalto", TEST_EQUAL},
    {"==", TEST_EQUAL},             {"escaped", TEST_ESCAPED},    {"even", TEST_EVEN},
    {"false", TEST_FALSE},          {"filter", TEST_FILTER},      {"float", TEST_FLOAT},
    {"ge", TEST_GREATER_EQUAL},     {">=", TEST_GREATER_EQUAL},   {"gt", TEST_GREATER},
    {"greaterthan", TEST_GREATER},  {">", TEST_GREATER},          {"in", TEST_IN},
    {"integer", TEST_INTEGER},      {"iterable", TEST_ITERABLE},  {"le", TEST_LESS_EQUAL},
    {"<=", TEST_LESS_EQUAL},        {"lower", TEST_LOWER},        {"lt", TEST_LESS},
    {"lessthan", TEST_LESS},        {"<", TEST_LESS},             {"mapping", TEST_MAPPING},
    {"ne", TEST_NOT_EQUAL},         {"!=", TEST_NOT_EQUAL},       {"none", TEST_NONE},
    {"number", TEST_NUMBER},        {"odd", TEST_ODD},            {"sameas", TEST_SAME},
    {"sequence", TEST_SEQUENCE},    {"string", TEST_STRING},      {"test", TEST_TEST},
    {"true", TEST_TRUE},            {"undefined", TEST_UNDEFINED}, {"upper", TEST_UPPER},
};

int test_find(struct str name) {
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (str_is(name, tests[i].name)) return (int)i;
    return -1;
}

// Whether a text has letters with a case, and all are of this one.
bool text_has_case(const struct text *t, bool upper) {
    bool some = false, valid;
    uint32_t code;
    for (size_t at = 0; at < t->n;) {
        at += text_step(t, at, &code, &valid);
        if (upper ? char_is_lower(code) : char_is_upper(code)) return false;
        some |= upper ? char_is_upper(code) : char_is_lower(code);
    }
    return some;
}

static bool case_of(struct run *r, struct value in, bool upper) {
    const struct text *t = to_text(r, in);
    return t && run_steps(r, t->n / 8) && text_has_case(t, upper);
}

static bool divisible(struct run *r, struct value in, struct value by, int64_t rest) {
    const struct value left = arithmetic(r, OP_MOD, in, by);
    return !r->status && equal(r, left, value_int(rest));
}

static bool same(struct value a, struct value b) {
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case V_UNDEFINED: case V_NONE: return true;
    case V_BOOL: return a.b == b.b;
    case V_INT: return a.i == b.i;
    case V_STRING: return str_equal(text_str(a.s), text_str(b.s));
    default: return a.l == b.l;
    }
}

// Tests with an argument.
static bool test_with(struct run *r, enum test test, struct value in, const struct args *args) {
    const struct value *given = arg(args, 0, test == TEST_DIVISIBLE ? "num" : test == TEST_IN ? "seq" : "other");
    if (!given) return run_fail(r, "expected an argument of the test"), false;
    switch (test) {
    case TEST_DIVISIBLE: return divisible(r, in, *given, 0);
    case TEST_EQUAL: return equal(r, in, *given);
    case TEST_NOT_EQUAL: return !equal(r, in, *given);
    case TEST_IN: return contains(r, in, *given);
    case TEST_SAME: return same(in, *given);
    default: break;
    }
    const int order = compare(r, in, *given);
    return test == TEST_GREATER         ? order > 0
           : test == TEST_GREATER_EQUAL ? order >= 0
           : test == TEST_LESS          ? order < 0
                                        : order <= 0;
}

static bool apply(struct run *r, enum test test, struct value in, const struct args *args) {
    switch (test) {
    case TEST_BOOLEAN: return in.kind == V_BOOL;
    case TEST_CALLABLE:
        return in.kind == V_FUNCTION || in.kind == V_METHOD || in.kind == V_MACRO || in.kind == V_LOOP ||
               in.kind == V_JOINER || in.kind == V_UNDEFINED;
    case TEST_DEFINED: return in.kind != V_UNDEFINED;
    case TEST_UNDEFINED: return in.kind == V_UNDEFINED;
    case TEST_ESCAPED: return in.kind == V_STRING && in.s->markup;
    case TEST_EVEN: return divisible(r, in, value_int(2), 0);
    case TEST_ODD: return divisible(r, in, value_int(2), 1);
    case TEST_FALSE: return in.kind == V_BOOL && !in.b;
    case TEST_TRUE: return in.kind == V_BOOL && in.b;
    case TEST_FILTER: return in.kind == V_STRING && filter_find(text_str(in.s)) >= 0;
    case TEST_TEST: return in.kind == V_STRING && test_find(text_str(in.s)) >= 0;
    case TEST_FLOAT: return in.kind == V_FLOAT;
    case TEST_INTEGER: return in.kind == V_INT;
    case TEST_NUMBER: return value_is_number(in);
    case TEST_ITERABLE: return can_iterate(in);
    case TEST_LOWER: return case_of(r, in, false);
    case TEST_UPPER: return case_of(r, in, true);
    case TEST_MAPPING: return in.kind == V_DICT;
    case TEST_NONE: return in.kind == V_NONE;
    case TEST_STRING: return in.kind == V_STRING;
    case TEST_SEQUENCE:
        return can_iterate(in) && !(in.kind == V_LIST && (in.flavor == LIST_LAZY || in.flavor == LIST_VIEW));
    default: return test_with(r, test, in, args);
    }
}

bool test_apply(struct run *r, int test, struct value in, const struct args *args) {
    return run_step(r) && apply(r, tests[test].test, in, args) && !r->status;
}
