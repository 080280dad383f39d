// SPDX-License-Identifier: MIT
#include "test.h"

#include "base/json_walk.h"

static bool is_json(const char *text) {
    struct json_walk walk = {.text = str_of(text)};
    struct str value;
    return json_value(&walk, &value) && json_at_end(&walk);
}

// RFC 8259, section by section.
static void values_follow_the_grammar(void **state) {
    (void)state;
    static const char *const good[] = {
        "0", "-0", "10", "1.5", "-1e9", "1E+2", "0.0e-0", "true", "false", "null", "\"\"", "\"a\"", "[]", "[ ]",
        "{}", "{ }", "[1]", "[1,2]", " [ 1 , [ ] , { } ] ", "{\"a\":1}", "{\"a\":[{\"b\":null}],\"c\":\"\"}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\uABCD\\ud83d\\ude00\"", "\"\xc3\xa9\"", "\t\r\n 1 \n",
    };
    static const char *const bad[] = {
        "", " ", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 2", "tru", "True", "nulls", "\"", "\"a",
        "'a'", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\udc00\\udc00\"",
        "\"\\ud800\\ud800\"", "\"\\udfff\\ud800\"", "\"\\ud83d\\ue000\"", "\"\\ud83d\\udbff\"", "\"\n\"", "\"\xff\"",
        "\"\xc0\x80\"", "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{,}", "{a:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "[{]}", "{\"a\":1}}",
        "nonsense", "\xef\xbb\xbf\x31",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!is_json(good[i])) {
            print_error("refused: %s\n", good[i]);
            assert_true(false);
        }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_json(bad[i])) {
            print_error("accepted: %s\n", bad[i]);
            assert_true(false);
        }
}

static void nesting_has_a_limit(void **state) {
    (void)state;
    char text[2 * 70 + 1];
    for (int depth = 60; depth < 70; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        assert_int_equal(is_json(text), depth <= 64);
    }
}

static void strings_are_decoded(void **state) {
    (void)state;
    struct arena arena = {0};
    struct str out;
    const struct {
        const char *written;
        struct str text;
    } cases[] = {
        {"\"plain\"", STR("plain")},
        {"\"\"", STR("")},
        {"\"a\\u0000b\"", STR("a\0b")},
        {"\"\\u0120the\\/\\\\\"", STR("\xc4\xa0the/\\")},
        {"\"\\ud83d\\ude00\\n\"", STR("\xf0\x9f\x98\x80\n")},
        {"\"\\uffff\\u07ff\\u0800\"", STR("\xef\xbf\xbf\xdf\xbf\xe0\xa0\x80")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(json_unquote(str_of(cases[i].written), &arena, &out));
        assert_true(str_equal(out, cases[i].text));
    }
    assert_false(json_unquote(STR("17"), &arena, &out));
    assert_false(json_unquote(STR("\""), &arena, &out));
    arena_free(&arena);
}

static void objects_and_lists_are_walked_in_steps(void **state) {
    (void)state;
    struct json_walk walk = {.text = STR(" {\"a\" : [1, {\"x\": 2}, []], \"b\":{}, \"c\": \"d\"} ")};
    struct str name, value;
    assert_true(json_enter(&walk));
    assert_true(json_name(&walk, &name) && str_is(name, "\"a\""));
    assert_int_equal(json_kind(&walk), '[');
    assert_true(json_enter_list(&walk));
    assert_true(json_element(&walk) && json_value(&walk, &value) && str_is(value, "1"));
    assert_true(json_element(&walk) && json_enter(&walk));
    assert_true(json_member(&walk, &name, &value) && str_is(name, "\"x\"") && str_is(value, "2"));
    assert_false(json_member(&walk, &name, &value));
    assert_true(json_element(&walk) && json_enter_list(&walk));
    assert_false(json_element(&walk));
    assert_false(json_element(&walk));
    assert_true(json_name(&walk, &name) && str_is(name, "\"b\"") && json_enter(&walk));
    assert_false(json_name(&walk, &name));
    assert_true(json_member(&walk, &name, &value) && str_is(value, "\"d\""));
    assert_false(json_member(&walk, &name, &value));
    assert_true(json_at_end(&walk));
    assert_null(walk.mistake);
}

static void a_mistake_stays(void **state) {
    (void)state;
    struct json_walk walk = {.text = STR("{\"a\":1 2}")};
    struct str name, value;
    assert_true(json_enter(&walk) && json_member(&walk, &name, &value));
    assert_false(json_member(&walk, &name, &value));
    assert_non_null(strstr(walk.mistake, "comma"));
    assert_int_equal(walk.at, 7);
    assert_false(json_member(&walk, &name, &value));
    assert_false(json_value(&walk, &value));
    assert_false(json_enter_list(&walk));
}

// Every beginning of a text, read from memory that ends there, and from memory that goes on, which changes nothing.
static void no_beginning_is_read_past_its_end(void **state) {
    (void)state;
    static const char text[] = "{\"a\\u00e9\\ud83d\\ude00\":[-1.5e+3,true,null,{\"b\":\"\xc3\xa9\"}]}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, text, n);
        copy = realloc(copy, n ? n : 1);
        struct json_walk walk = {.text = {copy, n}};
        struct str value;
        assert_false(json_value(&walk, &value));
        free(copy);
        char others[sizeof text];
        memset(others, ' ', sizeof others);
        memcpy(others, text, n);
        struct json_walk full = {.text = {text, n}}, blank = {.text = {others, n}};
        assert_false(json_value(&full, &value) || json_value(&blank, &value));
        assert_true(full.at <= n && full.at == walk.at && blank.at == walk.at);
        assert_true(n == 0 || (full.mistake == walk.mistake && blank.mistake == walk.mistake));
    }
    assert_true(is_json(text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_follow_the_grammar),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(objects_and_lists_are_walked_in_steps),
        cmocka_unit_test(a_mistake_stays),
        cmocka_unit_test(no_beginning_is_read_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
