// SPDX-License-Identifier: MIT
// Generation under a constraint, on models whose next tokens are known by hand: where texts end, and how.
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "quill/batch.h"
#include "quill/session.h"
#include "scripted_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct stage {
    struct scripted script;
    quill_session *session;
    struct buffer text; // passed on
    size_t pieces;      // in so many parts
    quill_request request;
    const quill_result *result;
    quill_error err;
};

static quill_status take(void *user, const char *text, size_t n) {
    struct stage *st = user;
    assert_true(n > 0 && buffer_add(&st->text, text, n));
    st->pieces++;
    return QUILL_OK;
}

static const int32_t p_ids[] = {'p'};

static void open_stage(struct stage *st, const char *const *pieces, size_t n) {
    *st = (struct stage){.script = scripted_open(pieces, n, 1)};
    const quill_session_options options = {.n_seq = 3};
    assert_ok(quill_session_create(&st->session, st->script.model, &options, &st->err), st->err);
    st->request = quill_request_default();
    st->request.prompt = p_ids, st->request.n_prompt = 1;
    st->request.sampling.temp = 0;
    st->request.logprobs = 0;
    st->request.on_text = take, st->request.user = st;
}

static void constrain(struct stage *st, const char *pattern) {
    quill_constraint_free(st->request.constraint);
    st->request.constraint = NULL;
    assert_ok(quill_constraint_regex(&st->request.constraint, pattern, &st->err), st->err);
}

static void close_stage(struct stage *st) {
    quill_constraint_free(st->request.constraint);
    quill_session_free(st->session);
    scripted_close(&st->script);
    buffer_free(&st->text);
}

static quill_status generate(struct stage *st) {
    st->text.n = st->pieces = 0;
    return quill_generate(st->session, &st->request, &st->result, &st->err);
}

static void expect(struct stage *st, const char *pattern, const char *text, quill_stop stop, size_t n_tokens) {
    constrain(st, pattern);
    assert_ok(generate(st), st->err);
    const struct str got = {st->result->text.text, st->result->text.n};
    if (!str_is(got, text)) print_error("/%s/ '%s' instead of '%s'\n", pattern, QUOTED(got), QUOTED(str_of(text)));
    assert_true(str_is(got, text));
    assert_string_equal(quill_stop_name(st->result->stop), quill_stop_name(stop));
    assert_int_equal(st->result->generated_tokens, n_tokens);
    assert_int_equal(st->result->n_tokens, n_tokens);
    assert_int_equal(st->pieces, got.n > 0); // all of it at once, when it was complete
    assert_int_equal(st->text.n, got.n);
}

static void expect_failure(struct stage *st, const char *pattern, const char *message) {
    constrain(st, pattern);
    assert_int_equal(generate(st), QUILL_E_CONSTRAINT);
    assert_string_equal(st->err.text, message);
    assert_int_equal(st->pieces, 0);
    assert_int_equal(st->result->text.n, 0);
    assert_int_equal(st->result->generated_tokens, 0);
    assert_int_equal(st->result->n_tokens, 0);
    assert_int_equal(st->result->stop, QUILL_STOP_ERROR);
}

static void a_text_ends_where_nothing_can_follow(void **state) {
    (void)state;
    const char *const pieces[] = {"20", "24", "-", "05", "-17", "x"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "\\d{4}-\\d\\d", "2024-05", QUILL_STOP_REGEX, 4);
    expect(&st, "\\d{4}-\\d\\d-\\d\\d", "2024-05-17", QUILL_STOP_REGEX, 5);
    expect(&st, "\\d{4}", "2024", QUILL_STOP_REGEX, 2);
    expect(&st, "\\b\\d{4}\\b-\\d\\d", "2024-05", QUILL_STOP_REGEX, 4);
    expect(&st, "a{0}", "", QUILL_STOP_REGEX, 0); // no token is drawn
    st.request.n_predict = 0;
    expect(&st, "\\d{4}", "", QUILL_STOP_LENGTH, 0);
    st.request.n_predict = 9, st.request.prompt_logprobs = true;
    expect(&st, "a{0}", "", QUILL_STOP_REGEX, 0);
    assert_non_null(st.result->prompt_scores);
    close_stage(&st);
}

static void tokens_that_lead_nowhere_are_not_drawn(void **state) {
    (void)state;
    const char *const pieces[] = {"xa", "b", NULL, "c", "cd"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "abc", "abc", QUILL_STOP_REGEX, 3);          // of those that begin it, the only one
    expect(&st, "[f-h]b+", "fb", QUILL_STOP_REGEX, 3);       // all alike: the lowest id
    expect(&st, "..c+", "xac", QUILL_STOP_REGEX, 3);         // "b" cannot follow, and then EOS comes
    const quill_logit_bias bias = {'f', -INFINITY};
    st.request.sampling.logit_bias = &bias, st.request.sampling.n_logit_bias = 1;
    expect(&st, "[f-h]b+", "gb", QUILL_STOP_REGEX, 3);
    expect_failure(&st, "fb", "regex: the text cannot be completed with the 64 tokens left behind 0 bytes of it");
    close_stage(&st);
}

static void eos_is_drawn_only_where_the_text_is_complete(void **state) {
    (void)state;
    const char *const pieces[] = {"a", NULL, "a", NULL};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "a+", "a", QUILL_STOP_REGEX, 2); // EOS counts
    assert_int_equal(st.result->tokens[1].id, SCRIPT_EOS);
    expect(&st, "a{2,}", "aaa", QUILL_STOP_REGEX, 4);
    expect(&st, "(?:ab)+", "abab", QUILL_STOP_REGEX, 5);
    st.request.min_tokens = 2;
    expect(&st, "a+", "aaa", QUILL_STOP_REGEX, 4);
    st.request.min_tokens = 9;
    expect(&st, "a{2,3}", "aaa", QUILL_STOP_REGEX, 3); // it ends by itself
    st.request.min_tokens = 0, st.request.ignore_eos = true;
    expect(&st, "a{2,7}", "aaaaaaa", QUILL_STOP_REGEX, 7);
    close_stage(&st);
}

static void a_soft_budget_aims_at_the_end(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "a", "a", "a", "a", "a", "aaa", "aaaa!"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    for (int64_t n = 2; n < 6; n++) {
        char text[16] = "";
        memset(text, 'a', (size_t)n - 1);
        memcpy(text + n - 1, "!", 2);
        st.request.n_predict = n;
        st.request.budget = QUILL_BUDGET_SOFT;
        expect(&st, "[ab]+!", text, QUILL_STOP_REGEX, (size_t)n);
        st.request.budget = QUILL_BUDGET_HARD;
        char message[96];
        snprintf(message, sizeof message, "regex: the text is not complete after %d token%s, and no more fit", (int)n,
                 n == 1 ? "" : "s");
        expect_failure(&st, "[ab]+!", message);
    }
    st.request.budget = QUILL_BUDGET_SOFT;
    st.request.n_predict = 2; // eight bytes, but a token for three of them and one for the rest
    expect(&st, "a{7}!", "aaaaaaa!", QUILL_STOP_REGEX, 2);
    st.request.n_predict = 1;
    expect_failure(&st, "a{7}!", "regex: the text cannot be completed with the 1 token left behind 0 bytes of it");
    expect(&st, "[ab]+", "a", QUILL_STOP_REGEX, 1); // complete where -n ends it
    close_stage(&st);
}

static void the_context_is_a_budget_too(void **state) {
    (void)state;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
    char text[SCRIPT_CTX + 1], piece[SCRIPT_CTX][2];
    const char *pieces[SCRIPT_CTX];
    for (size_t i = 0; i < SCRIPT_CTX; i++) {
        memcpy(piece[i], (char[2]){letters[i], 0}, 2);
        pieces[i] = piece[i];
    }
    memcpy(text, letters, sizeof text);
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.n_predict = -1, st.request.ignore_eos = true;
    expect(&st, "[a-z]+", text, QUILL_STOP_REGEX, SCRIPT_CTX); // 1 + 64 - 1 positions
    text[SCRIPT_CTX - 1] = '!';
    expect(&st, "[a-z]+!", text, QUILL_STOP_REGEX, SCRIPT_CTX);
    expect_failure(&st, "a{65}", "regex: the text cannot be completed with the 64 tokens left behind 0 bytes of it");
    st.request.budget = QUILL_BUDGET_HARD;
    expect_failure(&st, "a{65}", "regex: the text is not complete after 64 tokens, and no more fit");
    close_stage(&st);
}

static void stops_end_complete_texts(void **state) {
    (void)state;
    const char *const pieces[] = {"1", "2", "\n", "x"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.n_predict = 6;
    expect(&st, "\\d+", "1200", QUILL_STOP_REGEX, 5); // the newline is illegal, and 0 the lowest id; then comes EOS
    st.request.line = true;
    expect(&st, "\\d+", "12", QUILL_STOP_REGEX, 3); // the newline is a way to end it
    expect(&st, "\\d{3}", "120", QUILL_STOP_REGEX, 3); // not where it is incomplete
    expect(&st, "(?s)\\d+.x", "12\nx", QUILL_STOP_REGEX, 4); // or part of the text
    expect(&st, "(?s)\\d+(.x)?", "12", QUILL_STOP_LINE, 3);
    assert_int_equal(st.result->stop_match.n, 1);
    st.request.line = false;
    const quill_text stops[] = {{"\nxyz", 4}, {"2", 1}};
    st.request.stops = stops, st.request.n_stops = 1;
    expect(&st, "\\d+", "12", QUILL_STOP_REGEX, 3); // what begins a stop is enough
    st.request.n_stops = 2;
    expect(&st, "\\d+", "1", QUILL_STOP_STRING, 2);
    expect(&st, "\\d{3}", "120", QUILL_STOP_REGEX, 3);
    st.request.min_tokens = 2;
    expect(&st, "\\d+", "12", QUILL_STOP_REGEX, 3);
    st.request.min_tokens = 3;
    expect(&st, "\\d+", "1200", QUILL_STOP_REGEX, 5);
    st.request.stop_regex = "a";
    constrain(&st, "a");
    assert_int_equal(generate(&st), QUILL_E_USAGE);
    assert_string_equal(st.err.text, "stop_regex: it has no effect beside a constraint");
    close_stage(&st);
}

static void characters_can_be_made_of_several_tokens(void **state) {
    (void)state;
    const char *const pieces[] = {"\xf0\x9f", "\x98", "\x80", "\xe2\x82", "\xac!", "\xf0\x9f\x98\x81"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "\\x{1F600}", "\xf0\x9f\x98\x80", QUILL_STOP_REGEX, 3);
    expect(&st, ".\xe2\x82\xac.", "\xf0\x9f\x98\x80\xe2\x82\xac!", QUILL_STOP_REGEX, 5);
    expect(&st, "\\X\\x{20ac}!", "\xf0\x9f\x98\x80\xe2\x82\xac!", QUILL_STOP_REGEX, 6); // EOS is the last
    expect(&st, "[\\x{1F601}\\x{1F602}]", "\xf0\x9f\x98\x81", QUILL_STOP_REGEX, 3);
    st.request.n_predict = 3;
    expect(&st, ".{1,9}", "\xf0\x9f\x98\x80", QUILL_STOP_REGEX, 3);
    st.request.n_predict = 4; // a character that would not be whole is not begun
    expect(&st, "[^!\\x{0}-8]{1,9}", "\xf0\x9f\x98\x80" "9", QUILL_STOP_REGEX, 4);
    close_stage(&st);
}

static void what_must_follow_is_computed_at_once(void **state) {
    (void)state;
    const char *const pieces[] = {"The", " end", " is", " far"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.draft = 0;
    expect(&st, "(?:The|An) answer(?: is|:) \\d", "The answer is 0", QUILL_STOP_REGEX, 13);
    assert_int_equal(st.result->drafted_tokens, 0);
    st.request.draft = QUILL_DRAFT_AUTO;
    expect(&st, "(?:The|An) answer(?: is|:) \\d", "The answer is 0", QUILL_STOP_REGEX, 13);
    assert_true(st.result->accepted_tokens >= 5);
    close_stage(&st);
}

static void rows_of_a_batch_share_a_constraint(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "b", "1", "c", "2"};
    static const char *const patterns[] = {"[a-c]{3,9}\\d", "\\b[a-c]+\\b \\w"};
    for (size_t p = 0; p < COUNT(patterns); p++) {
        struct stage st;
        struct buffer alone[6] = {{0}};
        open_stage(&st, pieces, COUNT(pieces));
        constrain(&st, patterns[p]);
        st.request.sampling.temp = 3, st.request.n_predict = 16;
        for (size_t i = 0; i < COUNT(alone); i++) {
            st.request.seed = i;
            assert_ok(generate(&st), st.err);
            assert_true(buffer_add(&alone[i], st.result->text.text, st.result->text.n));
        }
        st.request.on_text = NULL;
        size_t added = 0, done = 0;
        while (done < COUNT(alone)) {
            while (added < COUNT(alone) && quill_batch_room(st.session)) {
                st.request.seed = added;
                assert_ok(quill_batch_add(st.session, &st.request, &alone[added], &st.err), st.err);
                added++;
            }
            quill_batch_row row;
            assert_ok(quill_batch_step(st.session, &st.err), st.err);
            for (; quill_batch_take(st.session, &row); done++) {
                const struct buffer *text = row.tag;
                assert_int_equal(row.status, QUILL_OK);
                assert_int_equal(row.result->text.n, text->n);
                assert_memory_equal(row.result->text.text, text->p, text->n);
            }
        }
        for (size_t i = 0; i < COUNT(alone); i++) buffer_free(&alone[i]);
        close_stage(&st);
    }
}

static void an_interrupted_text_is_not_passed_on(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "b", "c"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    const volatile sig_atomic_t now = 1;
    st.request.interrupted = &now;
    expect(&st, "[a-c]+", "", QUILL_STOP_SIGNAL, 0);
    st.request.interrupted = NULL, st.request.timeout = 1e-9;
    expect(&st, "[a-c]+", "", QUILL_STOP_TIMEOUT, 0);
    close_stage(&st);
}

// The first model's vocabulary is not used for the second.
static void a_constraint_serves_several_models(void **state) {
    (void)state;
    const char *const first[] = {"ab", "c"}, *const second[] = {"a", "bc"};
    quill_constraint *c;
    struct stage st[2];
    open_stage(&st[0], first, COUNT(first));
    open_stage(&st[1], second, COUNT(second));
    assert_ok(quill_constraint_regex(&c, "x?abc", &st[0].err), st[0].err);
    for (size_t i = 0; i < 4; i++) {
        struct stage *s = &st[i % 2];
        s->request.constraint = c;
        assert_ok(generate(s), s->err);
        assert_int_equal(s->result->text.n, 3);
        assert_memory_equal(s->result->text.text, "abc", 3);
        assert_int_equal(s->result->generated_tokens, 2);
        s->request.constraint = NULL;
    }
    quill_constraint_free(c);
    close_stage(&st[0]);
    close_stage(&st[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_ends_where_nothing_can_follow),
        cmocka_unit_test(tokens_that_lead_nowhere_are_not_drawn),
        cmocka_unit_test(eos_is_drawn_only_where_the_text_is_complete),
        cmocka_unit_test(a_soft_budget_aims_at_the_end),
        cmocka_unit_test(the_context_is_a_budget_too),
        cmocka_unit_test(stops_end_complete_texts),
        cmocka_unit_test(characters_can_be_made_of_several_tokens),
        cmocka_unit_test(what_must_follow_is_computed_at_once),
        cmocka_unit_test(rows_of_a_batch_share_a_constraint),
        cmocka_unit_test(an_interrupted_text_is_not_passed_on),
        cmocka_unit_test(a_constraint_serves_several_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
