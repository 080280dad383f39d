// SPDX-License-Identifier: MIT
// JSON schemas: verdicts of the package jsonschema, numbers and dates against plain counting, mistakes, and schemas
// that want too much.
#include "test.h"

#include <time.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_walk.h"
#include "sampler/constraint/json_schema.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DATA "tests/data/schema/"

static struct automaton *automaton(struct str schema) {
    struct automaton *a = NULL;
    quill_error err = {0};
    const quill_status s = json_schema_create(&a, schema, "json-schema", &err);
    if (s) print_error("%.*s\n", (int)schema.n, schema.p);
    assert_ok(s, err);
    return a;
}

static bool takes(struct automaton *a, struct str text) {
    struct reading r = {.effort_left = UINT64_MAX};
    uint32_t state = a->kind->start(a, &r);
    for (size_t i = 0; i < text.n && state != DEAD; i++) state = a->kind->step(a, &r, state, (uint8_t)text.p[i]);
    const bool yes = state != DEAD && a->kind->may_end(a, &r, state);
    assert_int_equal(r.status, QUILL_OK);
    reading_free(&r);
    return yes;
}

static void check(struct automaton *a, const char *text, bool expected) {
    if (takes(a, str_of(text)) != expected) print_error("'%s' should be %s\n", text, expected ? "valid" : "invalid");
    assert_int_equal(takes(a, str_of(text)), expected);
}

static void read_whole(const char *path, struct buffer *out) {
    FILE *f = fopen(path, "rb");
    char part[4096];
    assert_non_null(f);
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;) assert_true(buffer_add(out, part, n));
    fclose(f);
}

// ---- what jsonschema says ---------------------------------------------------------------------------

static void texts_have_the_verdicts_of_jsonschema(void **state) {
    struct buffer text = {0};
    struct automaton *a = NULL;
    size_t n = 0;
    (void)state;
    read_whole(DATA "cases.txt", &text);
    for (size_t at = 0; at < text.n;) {
        const char *line = text.p + at, *end = memchr(line, '\n', text.n - at);
        const struct str rest = {line + 2, (size_t)(end - line) - 2};
        if (*line == 'S') {
            if (a) a->kind->free(a);
            a = automaton(rest);
        } else {
            if (takes(a, rest) != (*line == '+')) print_error("%.*s\n", (int)(end - line), line);
            assert_int_equal(takes(a, rest), *line == '+');
            n++;
        }
        at += (size_t)(end - line) + 1;
    }
    assert_true(n > 1000);
    a->kind->free(a);
    buffer_free(&text);
}

// The bytes that lead to an end soonest make JSON.
static void check_shortest(struct automaton *a) {
    struct reading r = {.effort_left = UINT64_MAX};
    struct buffer text = {0};
    struct str value;
    uint32_t state = a->kind->start(a, &r);
    while (!a->kind->may_end(a, &r, state)) {
        const uint32_t least = a->kind->least(a, &r, state);
        uint32_t next = DEAD;
        for (int byte = 0; byte < 256 && next == DEAD; byte++) {
            next = a->kind->step(a, &r, state, (uint8_t)byte);
            if (next != DEAD && a->kind->least(a, &r, next) >= least) next = DEAD;
            if (next != DEAD) assert_true(buffer_add_byte(&text, (char)byte));
        }
        assert_int_not_equal(next, DEAD);
        state = next;
    }
    struct json_walk walk = {.text = buffer_str(&text)};
    assert_true(json_value(&walk, &value) && json_at_end(&walk));
    buffer_free(&text);
    reading_free(&r);
}

static void realistic_schemas_take_their_texts(void **state) {
    static const char *const names[] = {"person", "invoice", "tool_call", "nested_arrays", "enums", "tree", "dates",
                                        "numbers", "unions", "long_strings"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[100];
        struct buffer schema = {0}, texts = {0};
        snprintf(path, sizeof path, DATA "realistic/%s.json", names[i]);
        read_whole(path, &schema);
        snprintf(path, sizeof path, DATA "realistic/%s.txt", names[i]);
        read_whole(path, &texts);
        struct automaton *a = automaton(buffer_str(&schema));
        for (size_t at = 0; at < texts.n;) {
            const char *line = texts.p + at, *end = memchr(line, '\n', texts.n - at);
            const size_t n = (size_t)(end - line);
            if (!takes(a, (struct str){line, n})) print_error("%s: %.*s\n", names[i], (int)n, line);
            assert_true(takes(a, (struct str){line, n}));
            assert_false(takes(a, (struct str){line, n - 1}));
            at += n + 1;
        }
        a->kind->free(a);
        buffer_free(&schema);
        buffer_free(&texts);
    }
}

static void realistic_schemas_lead_to_json(void **state) {
    static const char *const names[] = {"person", "invoice", "tool_call", "nested_arrays", "enums", "tree", "dates",
                                        "numbers", "unions", "long_strings"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[100];
        struct buffer text = {0};
        snprintf(path, sizeof path, DATA "realistic/%s.json", names[i]);
        read_whole(path, &text);
        struct automaton *a = automaton(buffer_str(&text));
        check_shortest(a);
        a->kind->free(a);
        buffer_free(&text);
    }
}

// ---- strings ----------------------------------------------------------------------------------------

struct trial {
    const char *schema, *valid[8], *invalid[8];
};

static void try_all(const struct trial *trials, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct automaton *a = automaton(str_of(trials[i].schema));
        for (size_t k = 0; k < 8 && trials[i].valid[k]; k++) check(a, trials[i].valid[k], true);
        for (size_t k = 0; k < 8 && trials[i].invalid[k]; k++) check(a, trials[i].invalid[k], false);
        a->kind->free(a);
    }
}

static void strings_are_whole_unicode_and_escaped_as_json_has_it(void **state) {
    static const struct trial trials[] = {
        {"{\"type\":\"string\"}",
         {"\"\"", "\"\\u00e9\\n\\/\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00x\"", "\"\xf0\x9f\x98\x80\"",
         "\"\x7f\""},
         {"\"\\ud83d\"", "\"\\ude00\\ud83d\"", "\"\\u0000\"", "\"\n\"", "\"\\x\"", "\"\xff\"", "\"a", "a"}},
        {"{\"type\":\"string\",\"minLength\":2,\"maxLength\":2}",
         {"\"ab\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00a\"", "\"\\u0041\\\\\""},
         {"\"a\"", "\"\\ud83d\\ude00\"", "\"abc\"", "\"\\\"\""}},
        {"{\"pattern\":\"^\\\"\\n[^a]\\u0001$\",\"type\":\"string\"}",
         {"\"\\\"\\nb\\u0001\"", "\"\\\"\\n\\\\\\u0001\"", "\"\\\"\\n\\n\\u0001\""},
         {"\"\\\"\\na\\u0001\"", "\"\\\"\\nb\\u0002\"", "\"\\u0022\\nb\\u0001\"", "\"\\\"\\nb\\u0001 \""}},
        {"{\"pattern\":\"a$|^b\",\"type\":\"string\"}",
         {"\"a\"", "\"xa\"", "\"b\"", "\"bx\"", "\"ba\\n\""}, {"\"ax\"", "\"xb\"", "\"a\\n\"", "\"\""}},
        {"{\"pattern\":\"\\\\ba\\\\b\",\"type\":\"string\",\"maxLength\":4}",
         {"\"a\"", "\"x a!\"", "\"\xc3\xa9" "a\""}, {"\"ab\"", "\"xa\"", "\"x a y\""}},
        {"{\"pattern\":\"^\\\\p{Letter}\\\\d\\\\W[\\\\s_]$\",\"type\":\"string\"}",
         {"\"\xc3\xa9" "1\xc3\xa9_\"", "\"a0- \""}, {"\"10- \"", "\"a\xd9\xa1- \"", "\"a0a_\""}},
        {"{\"allOf\":[{\"pattern\":\"a\"},{\"pattern\":\"b\"},{\"maxLength\":3}],\"type\":\"string\"}",
         {"\"ab\"", "\"bca\""}, {"\"a\"", "\"acdb\""}},
    };
    (void)state;
    try_all(trials, COUNT(trials));
}

// ---- objects ----------------------------------------------------------------------------------------

static void members_come_in_the_order_of_the_schema(void **state) {
    static const struct trial trials[] = {
        {"{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"null\"},\"a\":{\"type\":\"null\"}},"
         "\"required\":[\"a\"]}",
         {"{\"a\":null}", "{\"b\": null, \"a\": null}", "{\"a\":null,\"c\":[1, {}]}"},
         {"{}", "{\"a\":null,\"b\":null}", "{\"a\" :null}", "{ \"a\":null}", "{\"a\":  null}", "{\"b\":null}"}},
        {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"},\"minProperties\":1,"
         "\"maxProperties\":2}",
         {"{\"a\":1}", "{\"a\":1,\"b\":2}"}, {"{}", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":\"\"}"}},
        {"{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{},\"c\":{}},\"additionalProperties\":false,"
         "\"minProperties\":2,\"maxProperties\":2,\"required\":[\"b\"]}",
         {"{\"a\":0,\"b\":0}", "{\"b\":0,\"c\":0}"}, {"{\"b\":0}", "{\"a\":0,\"c\":0}", "{\"a\":0,\"b\":0,\"c\":0}"}},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"},\"ab\":{\"type\":\"null\"}},"
         "\"patternProperties\":{\"^x\":{\"type\":\"integer\"},\"y$\":{\"minimum\":5}},"
         "\"additionalProperties\":false}",
         {"{\"a\":null,\"ab\":null,\"x\":1}", "{\"xy\":5}", "{\"y\":\"\"}", "{\"x\":4,\"y\":5}"},
         {"{\"xy\":4}", "{\"b\":null}", "{\"abx\":1}", "{\"x\":null}", "{\"ab\":1}"}},
        {"{\"type\":\"object\",\"properties\":{\"a\\\"\\n\":{\"const\":[1,{\"k\":2.50}]}},"
         "\"required\":[\"a\\\"\\n\"]}",
         {"{\"a\\\"\\n\":[1, {\"k\": 2.50}]}"}, {"{\"a\\\"\\n\":[1, {\"k\": 2.5}]}"}},
        {"{\"allOf\":[{\"properties\":{\"a\":{\"minimum\":2}}},{\"properties\":{\"b\":{},"
         "\"a\":{\"type\":\"integer\"}}}],"
         "\"type\":\"object\",\"additionalProperties\":{\"type\":\"null\"},\"required\":[\"b\"],\"propertyNames\":"
         "{\"maxLength\":2}}",
         {"{\"b\":null}", "{\"b\":null,\"cc\":null}"}, {"{\"a\":2,\"b\":null}", "{\"b\":1}", "{\"b\":null,"
          "\"ccc\":null}"}},
    };
    (void)state;
    try_all(trials, COUNT(trials));
}

static void branches_and_references(void **state) {
    static const struct trial trials[] = {
        {"{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"k\":{\"const\":1}},\"required\":[\"k\"]},"
         "{\"type\":\"array\"},"
         "{\"type\":\"object\",\"properties\":{\"k\":{\"enum\":[2,3]}},\"required\":[\"k\"]}]}",
         {"{\"k\":1}", "{\"k\":3,\"l\":1}", "[]"}, {"{}", "{\"k\":4}", "1"}},
        {"{\"$ref\":\"#/$defs/a~1b%25~0\",\"$defs\":{\"a/b%~\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"array\","
         "\"items\":{\"$ref\":\"#/$defs/a~1b%25~0\"}}]}}}",
         {"null", "[]", "[null,[null]]"}, {"1", "[1]"}},
        {"{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\",\"type\":\"integer\"}},\"minimum\":3}",
         {"3"}, {"2", "null"}},
        {"{\"enum\":[1,\"a\",null,[true]],\"type\":[\"string\",\"array\"]}", {"\"a\"", "[true]"}, {"1", "null"}},
        {"{\"type\":\"array\",\"prefixItems\":[{\"type\":\"null\"},{\"type\":\"boolean\"}],"
         "\"items\":{\"type\":\"integer\"},"
         "\"minItems\":1,\"maxItems\":3}",
         {"[null]", "[null, true]", "[null,true,5]"}, {"[]", "[true]", "[null,5]", "[null,true,5,6]"}},
        {"{\"type\":\"string\",\"nullable\":true,\"maxLength\":1}", {"null", "\"a\""}, {"\"ab\"", "1"}},
        {"{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":true},\"anyOf\":[{\"required\":[\"a\"]},"
         "{\"required\":[\"b\"]}],"
         "\"type\":\"object\",\"additionalProperties\":false}",
         {"{\"a\":1}", "{\"b\":[]}", "{\"a\":1,\"b\":2}"}, {"{}", "{\"a\":\"\",\"b\":1}"}},
    };
    (void)state;
    try_all(trials, COUNT(trials));
}

// ---- numbers ----------------------------------------------------------------------------------------

enum { SCALE = 1000 };

// Decimals with up to three digits behind the point, as thousandths.
static void check_numbers(const char *schema, long low, long high, bool integers) {
    struct automaton *a = automaton(str_of(schema));
    char text[40];
    for (long v = -13000; v <= 13000; v += v % 50 == 0 || labs(v - low) < 60 || labs(v - high) < 60 ? 1 : 7) {
        const bool fits = v >= low && v <= high;
        const long size = labs(v);
        for (int digits = 0; digits <= 3; digits++) {
            long unit = SCALE;
            for (int i = 0; i < digits; i++) unit /= 10;
            if (size % unit) continue;
            int n = snprintf(text, sizeof text, "%s%ld", v < 0 ? "-" : "", size / SCALE);
            if (digits) snprintf(text + n, sizeof text - (size_t)n, ".%0*ld", digits, size % SCALE / unit);
            check(a, text, fits && (digits == 0 || !integers));
        }
    }
    check(a, "007", false);
    check(a, "1.", false);
    check(a, "-", false);
    a->kind->free(a);
}

static void bounds_of_numbers_hold_exactly(void **state) {
    (void)state;
    check_numbers("{\"type\":\"number\",\"minimum\":-2.25,\"maximum\":11.5}", -2250, 11500, false);
    check_numbers("{\"type\":\"number\",\"exclusiveMinimum\":0.099,\"exclusiveMaximum\":10}", 100, 9999, false);
    check_numbers("{\"type\":\"number\",\"exclusiveMinimum\":-10.01,\"exclusiveMaximum\":-1e-1}"
    "", -10009, -101, false);
    check_numbers("{\"type\":\"integer\",\"minimum\":-1.5,\"maximum\":9.999}", -1500, 9999, true);
    check_numbers("{\"type\":\"integer\",\"exclusiveMinimum\":-12,\"exclusiveMaximum\":12}", -11999, 11999, true);
    check_numbers("{\"type\":\"integer\",\"minimum\":7,\"maximum\":7.0}", 7000, 7000, true);
    static const struct trial trials[] = {
        {"{\"type\":\"integer\",\"minimum\":99999999999999999998,\"maximum\":100000000000000000001}",
         {"99999999999999999998", "100000000000000000000"}, {"99999999999999999997", "100000000000000000002", "1"}},
        {"{\"type\":\"number\",\"exclusiveMinimum\":1e-20,\"maximum\":3E-20}",
         {"0.00000000000000000003", "0.000000000000000000011"}, {"0.00000000000000000001", "0", "1"}},
        {"{\"type\":\"number\"}", {"0", "-0.5", "1e10", "2.5E-07"}, {"01", "1e999", "+1", ".5", "1e"}},
        {"{\"type\":\"integer\"}", {"0", "-7", "123456789012345678"}, {"-0", "1.0", "1e2", "1234567890123456789"}},
        {"{\"type\":\"number\",\"multipleOf\":1,\"minimum\":0.5}", {"1", "30"}, {"0", "1.5"}},
    };
    try_all(trials, COUNT(trials));
}

static void dates_are_those_of_the_calendar(void **state) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const int years[] = {1, 4, 100, 400, 999, 1900, 1999, 2000, 2023, 2024, 2100, 9996, 9999};
    struct automaton *a = automaton(STR("{\"type\":\"string\",\"format\":\"date\"}"));
    char text[40];
    (void)state;
    for (size_t i = 0; i < COUNT(years); i++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                const int y = years[i], leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
                const bool real = month >= 1 && month <= 12;
                snprintf(text, sizeof text, "\"%04d-%02d-%02d\"", y, month, day);
                check(a, text, real && day >= 1 && day <= days[month - 1] + (month == 2 ? leap : 0));
            }
    check(a, "\"0000-01-01\"", false);
    check(a, "\"2024-1-01\"", false);
    a->kind->free(a);
}

// ---- mistakes ---------------------------------------------------------------------------------------

static void mistakes_are_named_with_their_places(void **state) {
    static const char *const cases[][2] = {
        {"{\"type\":\"int\"}", "/type: expected null, boolean, integer, number, string, array or object"},
        {"{\"properties\":{\"a/b\":{\"pattern\":\"[b\"}}}",
         "/properties/a~1b/pattern: at 0: missing terminating ] for character class"},
        {"{\"items\":{\"not\":{}}}", "/items/not: this keyword is not supported"},
        {"{\"anyOf\":[{},{\"uniqueItems\":true}]}", "/anyOf/1/uniqueItems: items that all differ are not supported"},
        {"{\"multipleOf\":0.1}", "/multipleOf: multiples of other numbers than 1 are not supported"},
        {"{\"exclusiveMinimum\":true}", "/exclusiveMinimum: expected a number"},
        {"{\"minLength\":-1}", "/minLength: expected a whole number of 0 or more"},
        {"{\"required\":\"a\"}", "/required: expected a list of names"},
        {"{\"maxLenght\":1}", "/maxLenght: no keyword; did you mean maxLength?"},
        {"{\"pattern\":\"(a)\\\\1\",\"type\":\"string\"}", "/pattern: at 3: backreferences are not supported"},
        {"{\"pattern\":\"a++\",\"type\":\"string\"}", "/pattern: at 2: quantifier does not follow a repeatable item"},
        {"{\"format\":\"iri\",\"type\":\"string\"}", "/format: 'iri' is not supported"},
        {"{\"$ref\":\"other.json\"}", "/$ref: expected a reference within this schema (#...), found 'other.json'"},
        {"{\"allOf\":[{\"$ref\":\"#\"}]}", "/allOf/0/$ref: refers to itself without end"},
        {"{\"anyOf\":[]}", "/anyOf: expected a list of schemas"},
        {"{\"oneOf\":[{\"type\":\"object\"},{\"required\":[\"a\"]}]}",
         "/oneOf: 0 and 1 may both hold for a value; anyOf allows that"},
        {"{\"type\":\"object\",\"minProperties\":2}",
         "/minProperties: more than 1 is not supported here: names may come twice"},
        {"{\"if\":{},\"then\":false}", "/if: this keyword is not supported"},
        {"{\"type\":\"object\",\"properties\":{\"a\":false},\"required\":[\"a\"]}",
         "no value is valid under this schema"},
        {"false", "no value is valid under this schema"},
        {"3", "expected a schema: an object, true or false"},
        {"{\"a\":1,\"a\":2}", "'a' stands twice in one object"},
        {"{", "at byte 1: expected a name in quotes, found the end"},
        {"", "at byte 0: expected a value, found the end"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct automaton *a = NULL;
        quill_error err = {0};
        assert_int_equal(json_schema_create(&a, str_of(cases[i][0]), "json-schema", &err), QUILL_E_USAGE);
        assert_memory_equal(err.text, "json-schema: ", 13);
        assert_string_equal(err.text + 13, cases[i][1]);
        assert_int_equal(json_schema_create(&a, str_of(cases[i][0]), "json-schema", NULL), QUILL_E_USAGE);
    }
}

// ---- too much ---------------------------------------------------------------------------------------

// Makes an automaton, or says why not; either way soon.
static void try_hostile(const char *what, struct buffer *schema, bool must_work) {
    struct automaton *a = NULL;
    quill_error err = {0};
    const clock_t start = clock();
    const quill_status s = json_schema_create(&a, buffer_str(schema), "json-schema", &err);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (s && must_work) print_error("%s: %s\n", what, err.text);
    if (must_work) assert_int_equal(s, QUILL_OK);
    assert_true(s == QUILL_OK || (s == QUILL_E_USAGE && strncmp(err.text, "json-schema: ", 13) == 0));
    if (!s) {
        struct reading r = {.effort_left = 1000000000};
        assert_int_not_equal(a->kind->start(a, &r), DEAD);
        reading_free(&r);
        a->kind->free(a);
    }
    if (seconds > 20) print_error("%s took %.1f s\n", what, seconds);
    buffer_free(schema);
}

static void repeat(struct buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) assert_true(buffer_add_string(out, text));
}

static void add_twice(struct buffer *b, int i) {
    assert_true(buffer_add_format(b, ",\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]}",
                                  i, i + 1, i + 1));
}

static void hostile_schemas_end_soon(void **state) {
    struct buffer b = {0};
    (void)state;
    repeat(&b, "{\"items\":", 30);
    repeat(&b, "{}", 1);
    repeat(&b, "}", 30);
    try_hostile("nested 30 deep", &b, true);
    repeat(&b, "[", 100000);
    try_hostile("brackets", &b, false);
    assert_true(buffer_add_string(&b, "{\"type\":\"object\",\"properties\":{\"p\":{}"));
    for (int i = 0; i < 20000; i++) assert_true(buffer_add_format(&b, ",\"p%d\":{\"type\":\"integer\"}", i));
    repeat(&b, "},\"additionalProperties\":false}", 1);
    try_hostile("20000 properties", &b, true);
    assert_true(buffer_add_string(&b, "{\"type\":\"object\",\"properties\":{\"p\":{}"));
    for (int i = 0; i < 40000; i++) assert_true(buffer_add_format(&b, ",\"p%d\":{}", i));
    repeat(&b, "}}", 1);
    try_hostile("any name but 40000", &b, false);
    assert_true(buffer_add_string(&b, "{\"enum\":[0"));
    for (int i = 0; i < 20000; i++) assert_true(buffer_add_format(&b, ",\"e%d\"", i));
    repeat(&b, "]}", 1);
    try_hostile("20000 values", &b, true);
    // Each schema doubles the ways through the next.
    assert_true(buffer_add_string(&b, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{\"d40\":{\"minimum\":1}"));
    for (int i = 0; i < 40; i++)
        add_twice(&b, i);
    repeat(&b, "}}", 1);
    try_hostile("allOf doubled 40 times", &b, true);
    assert_true(buffer_add_string(&b, "{\"allOf\":[{}"));
    for (int i = 0; i < 30; i++)
        assert_true(buffer_add_format(&b, ",{\"anyOf\":[{\"minimum\":%d},{\"maxLength\":%d}]}", i, i));
    repeat(&b, "]}", 1);
    try_hostile("2^30 choices", &b, false);
    assert_true(buffer_add_string(&b, "{\"const\":5,\"$ref\":\"#/$defs/d0\",\"$defs\":{\"d40\":{\"minimum\":1}"));
    for (int i = 0; i < 40; i++)
        add_twice(&b, i);
    repeat(&b, "}}", 1);
    try_hostile("a value of 2^40 checks", &b, false);
    assert_true(buffer_add_string(&b, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{\"d3000\":{}"));
    for (int i = 0; i < 3000; i++) assert_true(buffer_add_format(&b, ",\"d%d\":{\"$ref\":\"#/$defs/d%d\"}"
    "", i, i + 1));
    repeat(&b, "},\"const\":1}", 1);
    try_hostile("a chain of 3000 references", &b, false);
    repeat(&b, "{\"type\":\"string\",\"pattern\":\"^(a|b)*a(a|b){20}$\",\"maxLength\":300}", 1);
    try_hostile("2^20 states", &b, false);
    repeat(&b, "{\"type\":\"object\",\"patternProperties\":{\"(a|b)*a(a|b){20}$\":true},", 1);
    repeat(&b, "\"additionalProperties\":{}}", 1);
    try_hostile("2^20 states that must be told apart", &b, false);
    static const char *const texts[] = {
        "{\"minLength\":1000000000000000000,\"type\":\"string\"}", "{\"minItems\":1e18,\"type\":\"array\"}",
        "{\"pattern\":\"a\",\"maxLength\":1000000,\"type\":\"string\"}",
        "{\"minimum\":1e999999999,\"type\":\"number\"}",
        "{\"minimum\":1e99999999999999999999,\"type\":\"number\"}", "{\"minimum\":1e-400,\"maximum\":1e399}",
        "{\"pattern\":\"((((a{99}){99}){99}){99})\",\"type\":\"string\"}",
        "{\"maxProperties\":1e17,\"type\":\"object\"}",
        "{\"const\":1e999999999,\"minimum\":3}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        repeat(&b, texts[i], 1);
        try_hostile(texts[i], &b, false);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_verdicts_of_jsonschema),
        cmocka_unit_test(realistic_schemas_take_their_texts),
        cmocka_unit_test(realistic_schemas_lead_to_json),
        cmocka_unit_test(strings_are_whole_unicode_and_escaped_as_json_has_it),
        cmocka_unit_test(members_come_in_the_order_of_the_schema),
        cmocka_unit_test(branches_and_references),
        cmocka_unit_test(bounds_of_numbers_hold_exactly),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(mistakes_are_named_with_their_places),
        cmocka_unit_test(hostile_schemas_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
