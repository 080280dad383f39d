// SPDX-License-Identifier: MIT
// Templates: what Jinja2 renders (tests/data/chat, by scripts/reference/chat.py), limits, and what comes from outside.
#include "test.h"

#include <jansson.h>
#include <time.h>

#include "quill/quill.h"

static const struct tm now = {.tm_year = 126, .tm_mon = 2, .tm_mday = 5, .tm_hour = 14, .tm_min = 7, .tm_sec = 9,
                              .tm_wday = 4, .tm_yday = 63};

static quill_chat_template *parsed(const char *text) {
    quill_chat_template *t;
    quill_error err;
    assert_ok(quill_chat_template_parse(&t, text, strlen(text), "t.jinja", NULL, &err), err);
    return t;
}

static quill_chat *chat_of(const char *messages) {
    quill_chat *chat;
    quill_error err;
    assert_ok(quill_chat_create(&chat, &err), err);
    assert_ok(quill_chat_read(chat, messages, strlen(messages), "test", &err), err);
    return chat;
}

// ---- what Jinja2 renders --------------------------------------------------------------------------------------------

static quill_chat *chat_of_request(const json_t *request) {
    char *text = json_dumps(request, 0);
    quill_chat *chat = chat_of(text);
    quill_error err;
    const char *name;
    json_t *value;
    free(text);
    json_object_foreach(json_object_get(request, "variables"), name, value) {
        text = json_dumps(value, JSON_ENCODE_ANY);
        assert_ok(quill_chat_set_variable(chat, name, text, strlen(text), &err), err);
        free(text);
    }
    return chat;
}

static void check_one(const quill_chat_template *t, const json_t *request, const json_t *want) {
    quill_chat *chat = chat_of_request(request);
    const json_t *option = json_object_get(json_object_get(request, "options"), "add_generation_prompt");
    const quill_chat_options options = {.no_generation_prompt = json_is_false(option), .now = &now};
    quill_chat_prompt prompt = {0};
    quill_error err;
    const quill_status s = quill_chat_render(t, chat, &options, &prompt, &err);
    const char *text = json_string_value(json_object_get(want, "text"));
    if (text) {
        assert_ok(s, err);
        assert_string_equal(prompt.text, text);
    } else {
        assert_int_equal(s, json_is_true(json_object_get(want, "raised")) ? QUILL_E_USAGE : QUILL_E_MODEL);
    }
    quill_chat_prompt_free(&prompt);
    quill_chat_free(chat);
}

static quill_chat_template *template_of_file(const char *name) {
    static char text[1 << 16];
    char path[256];
    quill_chat_template *t;
    quill_error err;
    snprintf(path, sizeof path, TEST_DATA("chat/%s"), name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_ok(quill_chat_template_parse(&t, text, n, name, NULL, &err), err);
    return t;
}

static void templates_render_as_jinja2_renders_them(void **state) {
    json_t *requests[64];
    size_t n = 0, checked = 0;
    char *line = NULL;
    size_t cap = 0;
    (void)state;
    FILE *file = fopen(TEST_DATA("chat/requests.jsonl"), "r");
    assert_non_null(file);
    while (n < 64 && getline(&line, &cap, file) > 0) requests[n++] = json_loads(line, 0, NULL);
    fclose(file);
    assert_non_null(file = fopen(TEST_DATA("chat/expect.jsonl"), "r"));
    quill_chat_template *t = NULL;
    for (; getline(&line, &cap, file) > 0; checked++) {
        json_t *want = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(want, "template"));
        const json_t *request = requests[checked % n];
        if (checked % n == 0) {
            quill_chat_template_free(t);
            t = template_of_file(name);
        }
        assert_string_equal(json_string_value(json_object_get(request, "name")),
                            json_string_value(json_object_get(want, "request")));
        check_one(t, request, want);
        json_decref(want);
    }
    assert_int_equal(checked, 25 * n);
    quill_chat_template_free(t);
    for (size_t i = 0; i < n; i++) json_decref(requests[i]);
    free(line);
    fclose(file);
}

// ---- mistakes and limits --------------------------------------------------------------------------------------------

static void mistakes_name_the_line(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a\n{{ 'x }}", "t.jinja: chat template: line 2: expected the end of a string, found the end of the template"},
        {"{% if x %}\n\n", "t.jinja: chat template: line 1: a block that begins here has no end: expected endif"},
        {"\n{{ a b }}", "t.jinja: chat template: line 2: expected '}}', found 'b'"},
        {"{% include 'x' %}", "t.jinja: chat template: line 1: 'include' is not supported"},
        {"{% frob %}", "t.jinja: chat template: line 1: expected a statement, found 'frob'"},
        {"{{ (1 }}", "t.jinja: chat template: line 1: expected ')', found '}'"},
        {"{# open", "t.jinja: chat template: line 1: expected the end of a comment, found the end of the template"},
        {"{% raw %}{{", "t.jinja: chat template: line 1: expected {% endraw %}, found the end"},
        {"{% set 1 = 2 %}", "t.jinja: chat template: line 1: expected a name to assign to, found '='"},
        {"{{ 99999999999999999999 }}",
         "t.jinja: chat template: line 1: expected a number of at most 64 bits, found '99999999999999999999'"},
        {"\xff{{ \x1b }}", "t.jinja: chat template: line 1: unexpected character '\\x1b'"},
        {"{{ x | }}", "t.jinja: chat template: line 1: expected a name, found '}}'"},
        {"{% endif %}", "t.jinja: chat template: line 1: expected a statement, found 'endif'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        quill_chat_template *t;
        quill_error err;
        assert_int_equal(quill_chat_template_parse(&t, cases[i].text, strlen(cases[i].text), "t.jinja", NULL, &err),
                         QUILL_E_MODEL);
        assert_null(t);
        assert_string_equal(err.text, cases[i].message);
    }
}

static quill_status render(const char *text, const char *messages, char *out, size_t size, quill_error *err) {
    quill_chat_template *t = parsed(text);
    quill_chat *chat = chat_of(messages);
    quill_chat_prompt prompt;
    const quill_chat_options options = {.now = &now};
    const quill_status s = quill_chat_render(t, chat, &options, &prompt, err);
    if (!s) snprintf(out, size, "%s", prompt.text);
    quill_chat_prompt_free(&prompt);
    quill_chat_free(chat);
    quill_chat_template_free(t);
    return s;
}

static const char hello[] = "{\"role\":\"user\",\"content\":\"Hello\"}";

static void faults_name_the_line(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"\n\n{{ nothing.x }}", "line 3: 'nothing' is undefined"},
        {"{{ messages[0].content.foo.bar }}", "line 1: 'foo' is undefined"},
        {"{{ 1 + 'a' }}", "line 1: + cannot be used with an integer and a string"},
        {"{{ 'a' + messages[0].nothing }}", "line 1: 'nothing' is undefined"},
        {"{{ messages | frobnicate }}", "line 1: the filter 'frobnicate' is not supported"},
        {"{{ messages is frob }}", "line 1: the test 'frob' is not supported"},
        {"{{ 1 // 0 }}", "line 1: division by zero"},
        {"{{ messages.append(1) }}", "line 1: what changes a list is not allowed"},
        {"{% set messages[0].x = 1 %}", NULL},
        {"{{ frob() }}", "line 1: 'frob' is undefined"},
        {"{{ messages[7].role }}", "line 1: a list has no such item"},
        {"{{ [1, 'a'] | sort }}", "line 1: an integer and a string have no order"},
        {"{% for a, b in [[1]] %}{% endfor %}", "line 1: expected 2 values to assign, found 1"},
    };
    char out[64], want[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        quill_error err;
        if (!cases[i].message) continue;
        assert_int_equal(render(cases[i].text, hello, out, sizeof out, &err), QUILL_E_MODEL);
        snprintf(want, sizeof want, "t.jinja: chat template: %s", cases[i].message);
        assert_string_equal(err.text, want);
    }
}

static void what_a_template_raises_is_the_users_mistake(void **state) {
    char out[64];
    quill_error err;
    (void)state;
    assert_int_equal(render("{{ raise_exception('no\n\x1b[31m ' ~ messages[0].role) }}", hello, out, sizeof out, &err),
                     QUILL_E_USAGE);
    assert_string_equal(err.text, "t.jinja: chat template: no ?[31m user");
    char text[2000] = "{{ raise_exception('";
    memset(text + strlen(text), 'x', 1500);
    memcpy(text + strlen(text), "') }}", 6);
    assert_int_equal(render(text, hello, out, sizeof out, &err), QUILL_E_USAGE);
    assert_true(strlen(err.text) < 400);
}

static void hostile_templates_end_soon(void **state) {
    static const char *const texts[] = {
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{{ m(n) ~ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}"
        "{{ ns.l | tojson }}",
        "{% set ns = namespace(l=[1], k=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}"
        "{% set ns.k = [ns.k, ns.k] %}{% endfor %}{{ ns.l == ns.k }}",
        "{% set ns = namespace(l=1) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
        "{{ 'x' * 10000000000 }}",
        "{{ 'x' * 9223372036854775807 }}",
        "{{ [1] * 9223372036854775807 }}",
        "{{ '' * 9223372036854775807 }}",
        "{{ range(9223372036854775807) }}",
        "{{ 'x' | center(9223372036854775807) }}",
        "{{ 'x'.ljust(4000000000) }}",
        "{{ 'x' | indent(4000000000, true) }}",
        "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
        "{{ ('a' * 100000).replace('', 'b' * 1000) }}",
        "{{ '%99999999d' % 5 }}",
        "{{ (['a'] * 100000) | join('b' * 100000) }}",
        "{{ range(100000) | map('string') | map('center', 10000) | list }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ 10 ** 1000000000 }}",
        "{% for x in [[[1]]] recursive %}{{ loop([[[1]]]) }}{% endfor %}",
        "{% for i in range(100000) %}{{ messages | tojson(indent=100) }}{% endfor %}",
        "{{ range(100000) | batch(1) | batch(1) | list | tojson(indent=100) }}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char out[16];
        quill_error err;
        const clock_t start = clock();
        const quill_status s = render(texts[i], hello, out, sizeof out, &err);
        if (s != QUILL_E_MODEL) print_error("%s: status %d\n", texts[i], (int)s);
        assert_int_equal(s, QUILL_E_MODEL);
        assert_non_null(strstr(err.text, "t.jinja: chat template: line 1: "));
        if (!getenv("TEST_EMULATED")) assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    }
}

struct long_text {
    char p[200000];
    size_t n;
};

static void repeat(struct long_text *text, const char *part, int times) {
    for (int i = 0; i < times; i++) {
        memcpy(text->p + text->n, part, strlen(part));
        text->n += strlen(part);
    }
}

static void deep_templates_are_refused(void **state) {
    static const char *const parts[][3] = {
        {"(", "1", ")"},
        {"[", "", "]"},
        {"-", "1", ""},
        {"not ", "1", ""},
        {"1 + ", "1", ""},
        {"x.", "x", ""},
        {"{1:", "1", "}"},
        {"a if ", "1", ""},
        {"x[", "1", "]"},
        {"f(", "", ")"},
        {"x|f(", "1", ")"},
        {"1 if 1 else ", "1", ""},
        {"x is f(", "1", ")"},
        {"%} {% if 1 %} {%", "set x = 1", "%} {% endif %} {%"},
        {"%} {% for a in b %} {%", "set x = 1", "%} {% endfor %} {%"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        static struct long_text text;
        quill_chat_template *t;
        quill_error err;
        const bool block = strchr(parts[i][0], '%');
        text.n = 0;
        repeat(&text, block ? "{% set y = 1 " : "{{ ", 1);
        repeat(&text, parts[i][0], 3000);
        repeat(&text, parts[i][1], 1);
        repeat(&text, parts[i][2], 3000);
        repeat(&text, block ? " set z = 1 %}" : " }}", 1);
        assert_int_equal(quill_chat_template_parse(&t, text.p, text.n, "t", NULL, &err), QUILL_E_MODEL);
    }
}

// ---- what comes from outside ----------------------------------------------------------------------------------------

// The text with values in braces.
static void assert_values(const char *text, const char *messages, const char *want) {
    quill_chat_template *t = parsed(text);
    quill_chat *chat = chat_of(messages);
    quill_chat_prompt prompt;
    quill_error err;
    char got[4096];
    size_t n = 0, next = 0;
    assert_ok(quill_chat_render(t, chat, NULL, &prompt, &err), err);
    for (size_t i = 0; i <= prompt.n; i++) {
        if (next < prompt.n_values && i == prompt.values[next].at + prompt.values[next].n) got[n++] = '}', next++;
        if (next < prompt.n_values && i == prompt.values[next].at) got[n++] = '{';
        if (i < prompt.n) got[n++] = prompt.text[i];
    }
    got[n] = '\0';
    assert_int_equal(next, prompt.n_values);
    assert_string_equal(got, want);
    quill_chat_prompt_free(&prompt);
    quill_chat_free(chat);
    quill_chat_template_free(t);
}

static void values_are_known_whatever_a_template_does(void **state) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"<|{{ messages[0].role }}|>{{ messages[0].content }}<|end|>", "<|user|>{ a<b>C }<|end|>"},
        {"{{ '<' + messages[0].content.strip() + '>' }}", "<{a<b>C}>"},
        {"{{ messages[0].content | trim | upper }}!", "{A<B>C}!"},
        {"{{ messages[0].content[1:4] ~ 'x' ~ messages[0].content[-2] }}", "{a<b}x{C}"},
        {"{{ messages[0].content.split('<')[1] }}", "{b>C }"},
        {"{{ messages[0].content.replace('<', '[').replace('>', '') }}", "{ a}[{bC }"},
        {"{{ 'a-b' | replace('-', messages[0].content) }}", "a{ a<b>C }b"},
        {"{{ [messages[0].content, 'y'] | join('|') }}", "{ a<b>C }|y"},
        {"{{ messages[0].content | tojson }}", "\"{ a<b>C }\""},
        {"{{ messages[0] }}", "{{'role'}: 'user', {'content'}: {' a<b>C '}}"},
        {"{{ messages[0].content | e }}", "{ a&lt;b&gt;C }"},
        {"{{ '%s.%s' % (messages[0].content, 1) }}", "{ a<b>C }.1"},
        {"{{ '{}'.format(messages[0].content) }}", "{ a<b>C }"},
        {"{{ messages[0].content | length }}{{ messages[0].content == 'x' }}", "7False"},
        {"{% set c %}<{{ messages[0].content }}>{% endset %}{{ c | trim }}", "<{ a<b>C }>"},
        {"{% for c in messages[0].content.strip() %}{{ c }}.{% endfor %}", "{a}.{<}.{b}.{>}.{C}."},
        {"{% macro m(x) %}({{ x }}){% endmacro %}{{ m(messages[0].content) }}", "({ a<b>C })"},
        {"{% filter lower %}A{{ messages[0].content }}{% endfilter %}", "a{ a<b>c }"},
        {"{{ messages[0].content | reverse }}{{ messages[0].content | list | first }}", "{ C>b<a  }"},
        {"{{ messages[0].content * 2 }}{{ messages[0].content | indent(1, true) }}", "{ a<b>C  a<b>C } { a<b>C }"},
        {"{{ messages[0].content | title }}{{ messages[0].content | truncate(4, true, '~', 0) }}", "{ A<B>c  a<}~"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char message[] = "{\"role\":\"user\",\"content\":\" a<b>C \"}";
        if (strstr(cases[i].text, "{{ messages[0] }}")) {
            assert_values(cases[i].text, message, "{'{role}': 'user', '{content}': '{ a<b>C }'}");
            continue;
        }
        assert_values(cases[i].text, message, cases[i].want);
    }
}

static void only_known_roles_are_the_templates(void **state) {
    (void)state;
    assert_values("<|{{ messages[0].role }}|>", "{\"role\":\"endoftext\",\"content\":\"\"}", "<|{endoftext}|>");
    assert_values("<|{{ messages[0].role }}|>", "{\"role\":\"tool\",\"content\":\"\"}", "<|tool|>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_render_as_jinja2_renders_them),
        cmocka_unit_test(mistakes_name_the_line),
        cmocka_unit_test(faults_name_the_line),
        cmocka_unit_test(what_a_template_raises_is_the_users_mistake),
        cmocka_unit_test(hostile_templates_end_soon),
        cmocka_unit_test(deep_templates_are_refused),
        cmocka_unit_test(values_are_known_whatever_a_template_does),
        cmocka_unit_test(only_known_roles_are_the_templates),
    };
    return cmocka_run_group_tests_name("jinja", tests, NULL, NULL);
}
