// SPDX-License-Identifier: MIT
// A parsed prompt file in use: settings, definitions, the choice of examples, stops, columns, the rendered prompt.
#include "test.h"

#include "base/rng.h"
#include "cli/prompt/prompt_use.h"

enum { MOST_ARGUMENTS = 8 };

struct use {
    struct options o;
    struct prompt_use *use;
    struct rendered r;
    quill_error err;
    char *argv[MOST_ARGUMENTS];
    int argc;
};

// The file, and a command line of words between blanks; prompt_use_begin's status.
static quill_status configure(struct use *u, const char *text, const char *words) {
    *u = (struct use){.argc = 1, .argv = {strdup("map")}};
    char *copy = strdup(words), *at = NULL;
    for (char *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        assert_true(u->argc < MOST_ARGUMENTS);
        u->argv[u->argc++] = strdup(word);
    }
    free(copy);
    assert_ok(options_parse(&u->o, verb_find("map"), u->argv, u->argc, &u->err), u->err);
    struct prompt_file *file;
    assert_ok(prompt_file_parse(&file, "f.prompt", NULL, text, strlen(text), &u->err), u->err);
    return prompt_use_begin(&u->use, file, &u->o, &u->err);
}

static void release(struct use *u) {
    rendered_free(&u->r);
    prompt_use_free(u->use);
    options_free(&u->o);
    for (int i = 0; i < u->argc; i++) free(u->argv[i]);
}

static void expect_error(const char *text, const char *words, const char *message) {
    struct use u;
    assert_int_equal(configure(&u, text, words), QUILL_E_USAGE);
    assert_string_equal(u.err.text, message);
    release(&u);
}

// The prompt, its prefix ending where `want` has a '^'. values: of the open slots.
static void expect(const char *text, const char *words, const quill_text *values, const char *want) {
    struct use u;
    assert_ok(configure(&u, text, words), u.err);
    assert_ok(prompt_use_render(u.use, values, &u.r, &u.err), u.err);
    char got[1000];
    assert_true(u.r.text.n + 2 < sizeof got);
    snprintf(got, sizeof got, "%.*s^%.*s", (int)u.r.n_prefix, u.r.text.p, (int)(u.r.text.n - u.r.n_prefix),
             u.r.text.p + u.r.n_prefix);
    assert_string_equal(got, want);
    release(&u);
}

static const char french[] = "Translate:\n"
                             "%sep \"\\n\"\n"
                             "%shot\n"
                             "{{en}} => {{fr}}\n"
                             "%examples tsv\n"
                             "en\tfr\n"
                             "cat\tchat\n"
                             "dog\tchien\n"
                             "cow\tvache\n"
                             "%end\n";

static void examples_stand_in_front_of_the_question(void **state) {
    (void)state;
    const quill_text cheese[] = {{"cheese", 6}};
    expect(french, "", cheese, "Translate:\ncat => chat\ndog => chien\ncow => vache\n^cheese =>");
    expect(french, "--shots 1", cheese, "Translate:\ncat => chat\n^cheese =>");
    expect(french, "--shots 0", cheese, "Translate:\n^cheese =>");
    expect("%shot\nQ: {{q}}\nA: {{a}}\n%examples\nq\ta\n1\t2\n%end\n", "", cheese,
           "Q: 1\nA: 2\n\nQ: ^cheese\nA:"); // a blank line between, nothing in front
}

static void text_after_the_examples_is_the_question(void **state) {
    (void)state;
    const quill_text values[] = {{"x", 1}};
    expect("%shot\n{{q}}: {{a}}\n%examples\nq\ta\n1\t2\n%end\nNow {{other}}!\n", "", values, "1: 2\n\nNow ^x!");
}

static void more_shots_than_examples_are_an_error(void **state) {
    (void)state;
    expect_error(french, "--shots 4", "--shots 4: f.prompt has 3 examples");
}

static void definitions_fill_slots_and_the_last_one_counts(void **state) {
    (void)state;
    const quill_text values[] = {{"v", 1}};
    expect("{{a}} {{b}} {{a}}", "-D a=1 -D a=2", values, "2 ^v 2");
    expect("{{a}} {{b}}", "-D a=x=y -D b=", NULL, "x=y ^"); // the first '=' divides; an empty value is one
    expect("{{a}}", "-D a={{a}}", NULL, "{{a}}^");
    expect_error("{{aa}}", "-D ab=1", "-D ab: f.prompt has no such slot; did you mean 'aa'?");
    expect_error("{{aa}}", "-D zzzzzz=1", "-D zzzzzz: f.prompt has no such slot");
    expect_error("{{a}}", "-D a", "-D: expected NAME=VALUE, found 'a'");
    expect_error("{{a}}", "-D =a", "-D: expected NAME=VALUE, found '=a'");
}

static void a_column_is_stronger_than_a_definition_in_an_example_alone(void **state) {
    (void)state;
    static const char file[] = "%sep \"/\"\n%shot\n{{style}} {{q}}={{a}}\n%examples\nq\ta\tstyle\n1\t2\tbrief\n%end\n";
    const quill_text values[] = {{"3", 1}};
    expect(file, "-D style=long", values, "brief 1=2/long ^3=");
    expect("%sep \"/\"\n%shot\n{{style}} {{q}}={{a}}\n%examples\nq\ta\n1\t2\n%end\n", "-D style=long", values,
           "long 1=2/long ^3=");
    expect_error("%shot\n{{style}} {{q}}={{a}}\n%examples\nq\ta\n1\t2\n%end\n", "",
                 "f.prompt:5: this example has no value for {{style}}");
}

static void open_slots_come_in_the_order_of_their_use(void **state) {
    (void)state;
    struct use u;
    size_t fields[3];
    const quill_text names[] = {{"c", 1}, {"x", 1}, {"a", 1}}, few[] = {{"a", 1}};
    assert_ok(configure(&u, "{{a}}{{b}}{{c}}{{a}}", "-D b=1"), u.err);
    assert_int_equal(u.use->n_open, 2);
    assert_ok(prompt_use_columns(u.use, names, 3, fields, &u.err), u.err);
    assert_int_equal(fields[0], 2);
    assert_int_equal(fields[1], 0);
    assert_ok(prompt_use_columns(u.use, NULL, 2, fields, &u.err), u.err); // without names in order
    assert_int_equal(fields[0], 0);
    assert_int_equal(fields[1], 1);
    assert_int_equal(prompt_use_columns(u.use, few, 1, fields, &u.err), QUILL_E_USAGE);
    assert_string_equal(u.err.text, "no column for the slot {{c}} of f.prompt");
    assert_int_equal(prompt_use_columns(u.use, NULL, 1, fields, &u.err), QUILL_E_USAGE);
    assert_string_equal(u.err.text, "no field for the slot {{c}} of f.prompt");
    release(&u);
}

static void settings_are_weaker_than_the_command_line(void **state) {
    (void)state;
    struct use u;
    static const char file[] = "%set temp 0.5\n%set predict 7\n%set seed 9\nx\n";
    assert_ok(configure(&u, file, "-n 3"), u.err);
    assert_true(u.o.sampling.temp > 0.49 && u.o.sampling.temp < 0.51);
    assert_int_equal(u.o.length.predict, 3);
    assert_int_equal(u.o.sampling.seed, 9);
    release(&u);
    assert_int_equal(configure(&u, "x\n%set temp hot\n", "--temp 1"), QUILL_E_USAGE); // checked all the same
    assert_non_null(strstr(u.err.text, "f.prompt:2: %set temp"));
    release(&u);
}

// The stops in force besides --stop, between '|', and what ends an answer behind them.
static void expect_stops(const char *text, const char *words, const char *want, const char *end) {
    struct use u;
    const quill_text *stops;
    quill_text fallback;
    char got[200] = "";
    size_t at = 0;
    assert_ok(configure(&u, text, words), u.err);
    size_t n = prompt_use_stops(u.use, &u.o, &stops, &fallback);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", i ? "|" : "", (int)stops[i].n, stops[i].text);
    assert_string_equal(got, want);
    quill_text ends = prompt_use_end(u.use, &u.o);
    assert_int_equal(ends.n, strlen(end));
    assert_memory_equal(ends.text, end, ends.n);
    release(&u);
}

static void what_follows_the_answer_and_the_separator_stop_it(void **state) {
    (void)state;
    static const char quoted[] = "%sep \"--\"\n%shot\n{{q}} '{{a}}'\n";
    static const char set[] = "%sep \"--\"\n%set stop A\n%set stop \"B\\n\"\n%shot\n{{q}} '{{a}}'\n";
    expect_stops(french, "", "\n", "\n");
    expect_stops(quoted, "", "'--", "'--");
    expect_stops(set, "", "A|B\n", "A");       // those of the file take the default's place
    expect_stops(quoted, "--stop X", "", "X"); // and those of the command line both
    expect_stops(set, "--stop X", "", "X");
    expect_stops(quoted, "--line", "", "\n");  // another rule leaves no default
    expect_stops(quoted, "--stop-regex x", "", "\n");
    expect_stops(set, "--line", "A|B\n", "A");
    expect_stops("no shot {{a}}", "", "", "\n");
}

static void shuffling_is_a_permutation_by_the_seed_alone(void **state) {
    (void)state;
    size_t first[50], again[50], other[50], seen[50] = {0};
    for (size_t i = 0; i < 50; i++) first[i] = again[i] = other[i] = i;
    rng_shuffle(first, 50, 1);
    rng_shuffle(again, 50, 1);
    rng_shuffle(other, 50, 2);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    for (size_t i = 0; i < 50; i++) seen[first[i]]++;
    for (size_t i = 0; i < 50; i++) assert_int_equal(seen[i], 1);
    rng_shuffle(first, 0, 1);
    rng_shuffle(first, 1, 1);
}

// All six orders of three, equally often: by chance 1000 of 6000 each, and 5 standard deviations are 144.
static void every_order_is_as_likely(void **state) {
    (void)state;
    unsigned count[27] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        size_t n[3] = {0, 1, 2};
        rng_shuffle(n, 3, seed);
        count[9 * n[0] + 3 * n[1] + n[2]]++;
    }
    static const size_t orders[] = {5, 7, 11, 15, 19, 21}; // 012 021 102 120 201 210 in base 3
    for (size_t i = 0; i < 6; i++) assert_in_range(count[orders[i]], 1000 - 144, 1000 + 144);
}

static void an_example_gives_its_own_values_and_answer(void **state) {
    (void)state;
    struct use u;
    quill_text values[1], answer;
    assert_ok(configure(&u, french, ""), u.err);
    assert_ok(prompt_use_example(u.use, 1, values, &answer, &u.err), u.err);
    assert_int_equal(values[0].n, 3);
    assert_memory_equal(values[0].text, "dog", 3);
    assert_int_equal(answer.n, 5);
    assert_memory_equal(answer.text, "chien", 5);
    const size_t shots[] = {2, 0};
    assert_ok(prompt_use_render_shots(u.use, shots, 2, values, &u.r, &u.err), u.err);
    static const char want[] = "Translate:\ncow => vache\ncat => chat\ndog =>";
    assert_int_equal(u.r.text.n, strlen(want));
    assert_memory_equal(u.r.text.p, want, strlen(want));
    release(&u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_stand_in_front_of_the_question),
        cmocka_unit_test(text_after_the_examples_is_the_question),
        cmocka_unit_test(more_shots_than_examples_are_an_error),
        cmocka_unit_test(definitions_fill_slots_and_the_last_one_counts),
        cmocka_unit_test(a_column_is_stronger_than_a_definition_in_an_example_alone),
        cmocka_unit_test(open_slots_come_in_the_order_of_their_use),
        cmocka_unit_test(settings_are_weaker_than_the_command_line),
        cmocka_unit_test(what_follows_the_answer_and_the_separator_stop_it),
        cmocka_unit_test(shuffling_is_a_permutation_by_the_seed_alone),
        cmocka_unit_test(every_order_is_as_likely),
        cmocka_unit_test(an_example_gives_its_own_values_and_answer),
    };
    return cmocka_run_group_tests_name("prompt_use", tests, NULL, NULL);
}
