// SPDX-License-Identifier: MIT
// Templates: what is a slot, what is text, and which bytes of a rendered text are values.
#include "test.h"

#include "base/buffer.h"
#include "cli/prompt/template.h"

struct parsed {
    struct template t;
    struct slots slots;
    quill_error err;
    quill_status status;
};

static struct parsed parse_bytes(const char *text, size_t n) {
    struct parsed p = {0};
    p.status = template_add(&p.t, &p.slots, text, n, "file", 7, &p.err);
    return p;
}

static struct parsed parse(const char *text) { return parse_bytes(text, strlen(text)); }

static void release(struct parsed *p) {
    template_free(&p->t);
    slots_free(&p->slots);
}

// What `text` becomes when slot i has the value values[i].
static void expect(const char *text, const quill_text *values, const char *want) {
    struct parsed p = parse(text);
    struct rendered r = {0};
    assert_ok(p.status, p.err);
    assert_true(template_render(&r, &p.t, 0, p.t.n, values));
    assert_int_equal(r.text.n, strlen(want));
    assert_memory_equal(r.text.p ? r.text.p : "", want, r.text.n);
    rendered_free(&r);
    release(&p);
}

static void expect_error(const char *text, const char *want) {
    struct parsed p = parse(text);
    assert_int_equal(p.status, QUILL_E_USAGE);
    if (!strstr(p.err.text, want)) print_error("'%s' is not in '%s'\n", want, p.err.text);
    assert_non_null(strstr(p.err.text, want));
    release(&p);
}

static void text_without_marks_is_itself(void **state) {
    (void)state;
    expect("", NULL, "");
    expect("a } b }} {c} { {", NULL, "a } b }} {c} { {");
    struct parsed p = parse_bytes("a\0\xff{", 4); // any bytes
    assert_ok(p.status, p.err);
    assert_int_equal(p.t.n, 1);
    assert_int_equal(p.t.literal.n, 4);
    assert_memory_equal(p.t.literal.p, "a\0\xff{", 4);
    release(&p);
}

static void braces_in_runs(void **state) {
    (void)state;
    const quill_text v[] = {{"V", 1}};
    expect("{{a}}", v, "V");
    expect("{{{{", v, "{{");
    expect("{{{{a}}", v, "{{a}}");
    expect("{{{a}}}", v, "{V}");         // of three the first is text
    expect("{{{{{a}}", v, "{{{a}}");     // two, then one that is text
    expect("{{{{{{a}}", v, "{{V");       // two, then a slot
    expect("{{{{{{{a}}}", v, "{{{V}");   // two, one, a slot
    expect("{{{{{{{{", v, "{{{{");
}

static void slots_are_numbered_by_first_use(void **state) {
    (void)state;
    const quill_text v[] = {{"1", 1}, {"2", 1}};
    struct parsed p = parse("{{b}}{{a}}{{b}}");
    assert_ok(p.status, p.err);
    assert_int_equal(p.slots.n, 2);
    assert_string_equal(p.slots.names[0], "b");
    assert_string_equal(p.slots.names[1], "a");
    assert_int_equal(slots_find(&p.slots, "a", 1), 1);
    assert_int_equal(slots_find(&p.slots, "ab", 2), -1);
    release(&p);
    expect("{{b}}{{a}}{{b}}", v, "121");
}

static void blanks_around_a_name_do_not_count(void **state) {
    (void)state;
    struct parsed p = parse("{{ a }}{{a}}{{  two words }}");
    assert_ok(p.status, p.err);
    assert_int_equal(p.slots.n, 2);
    assert_string_equal(p.slots.names[1], "two words");
    release(&p);
}

static void what_is_no_slot_is_an_error_with_its_line(void **state) {
    (void)state;
    expect_error("x\ny {{a\nb}}", "file:8: expected {{name}}"); // the first line is 7
    expect_error("{{a}", "file:7: expected {{name}}");
    expect_error("{{a", "file:7: expected {{name}}");
    expect_error("{{", "file:7: expected {{name}}");
    expect_error("{{a{b}}", "file:7: expected {{name}}");
    expect_error("{{a\tb}}", "file:7: expected {{name}}");
    expect_error("{{}}", "file:7: a slot without a name");
    expect_error("{{  }}", "file:7: a slot without a name");
}

static void a_name_has_at_most_200_bytes(void **state) {
    (void)state;
    char text[300];
    for (int n = 200; n <= 201; n++) {
        snprintf(text, sizeof text, "{{%0*d}}", n, 7);
        struct parsed p = parse_bytes(text, strlen(text));
        assert_int_equal(p.status, n == 200 ? QUILL_OK : QUILL_E_USAGE);
        release(&p);
    }
}

static void at_most_a_hundred_slots(void **state) {
    (void)state;
    char text[1200] = "";
    size_t n = 0;
    for (int i = 0; i < 101; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "{{s%03d}}", i);
        struct parsed p = parse_bytes(text, n);
        assert_int_equal(p.status, i < 100 ? QUILL_OK : QUILL_E_USAGE);
        release(&p);
    }
    expect_error(text, "more than 100 slots");
}

static void values_are_not_read_again_and_their_places_are_known(void **state) {
    (void)state;
    const quill_text v[] = {{"{{b}}", 5}, {"", 0}};
    struct parsed p = parse("x{{a}}y{{b}}{{a}}");
    struct rendered r = {0};
    assert_ok(p.status, p.err);
    assert_true(template_render(&r, &p.t, 0, p.t.n, v));
    assert_int_equal(r.text.n, 12);
    assert_memory_equal(r.text.p, "x{{b}}y{{b}}", 12);
    assert_int_equal(r.n_values, 2); // an empty value has no place
    assert_int_equal(r.values[0].at, 1);
    assert_int_equal(r.values[0].n, 5);
    assert_int_equal(r.values[1].at, 7);
    assert_int_equal(r.values[1].n, 5);
    rendered_free(&r);
    release(&p);
}

static void lines_added_one_by_one_are_one_text(void **state) {
    (void)state;
    struct parsed p = parse("one\n");
    assert_ok(p.status, p.err);
    assert_ok(template_add(&p.t, &p.slots, "two\n", 4, "file", 8, &p.err), p.err);
    assert_int_equal(p.t.n, 1);
    assert_int_equal(p.t.literal.n, 8);
    template_drop_newline(&p.t); // one alone
    assert_int_equal(p.t.literal.n, 7);
    template_drop_newline(&p.t);
    assert_int_equal(p.t.literal.n, 7);
    release(&p);
    p = parse("\n");
    template_drop_newline(&p.t);
    assert_int_equal(p.t.n, 0);
    release(&p);
    p = parse("a\n{{b}}");
    template_drop_newline(&p.t);
    assert_int_equal(p.t.n, 2);
    release(&p);
}

static void blank_is_white_space_alone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        bool blank;
    } cases[] = {{"", 0, true}, {" \t\r\n", 4, true}, {"a", 1, false}, {" {{a}}", 6, false}, {"\0", 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed p = parse_bytes(cases[i].text, cases[i].n);
        assert_int_equal(template_is_blank(&p.t), cases[i].blank);
        release(&p);
    }
}

static void blanks_at_the_end_come_off(void **state) {
    (void)state;
    struct buffer blanks = {0};
    struct parsed p = parse("a: \t {{x}}");
    struct template head = {0};
    assert_true(template_copy(&head, &p.t, 1));
    assert_true(template_drop_blanks(&head, &blanks));
    assert_int_equal(head.literal.n, 2);
    assert_int_equal(blanks.n, 3);
    assert_memory_equal(blanks.p, " \t ", 3);
    assert_true(template_drop_blanks(&p.t, &blanks)); // it ends in a slot
    assert_int_equal(blanks.n, 3);
    assert_true(template_uses(&p.t, 2, 0));
    assert_false(template_uses(&p.t, 1, 0));
    template_free(&head);
    buffer_free(&blanks);
    release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_without_marks_is_itself),
        cmocka_unit_test(braces_in_runs),
        cmocka_unit_test(slots_are_numbered_by_first_use),
        cmocka_unit_test(blanks_around_a_name_do_not_count),
        cmocka_unit_test(what_is_no_slot_is_an_error_with_its_line),
        cmocka_unit_test(a_name_has_at_most_200_bytes),
        cmocka_unit_test(at_most_a_hundred_slots),
        cmocka_unit_test(values_are_not_read_again_and_their_places_are_known),
        cmocka_unit_test(lines_added_one_by_one_are_one_text),
        cmocka_unit_test(blank_is_white_space_alone),
        cmocka_unit_test(blanks_at_the_end_come_off),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
