// SPDX-License-Identifier: MIT
// Sessions: evaluation with a reused beginning, and generation on models whose next tokens are known by hand.
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "quill/session.h"
#include "scripted_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- generation on scripts ----------------------------------------------------------------------

// What on_text was given, and when it is to fail or to interrupt.
struct sink {
    struct buffer text;
    size_t pieces;
    size_t fail_at, interrupt_at; // after so many pieces; 0: never
    volatile sig_atomic_t interrupted;
};

static quill_status take(void *user, const char *text, size_t n) {
    struct sink *sink = user;
    assert_true(n > 0 && buffer_add(&sink->text, text, n));
    sink->pieces++;
    if (sink->interrupt_at == sink->pieces) sink->interrupted = 1;
    return sink->fail_at == sink->pieces ? QUILL_E_SYSTEM : QUILL_OK;
}

struct stage {
    struct scripted script;
    quill_session *session;
    struct sink sink;
    quill_request request;
    const quill_result *result;
    quill_error err;
};

static const int32_t p_ids[SCRIPT_CTX + 1] = {'p'}; // a prompt of one token, and of many NULs after it

static void open_stage_with(struct stage *st, const char *const *pieces, size_t n, const struct script_traits *traits) {
    *st = (struct stage){.script = scripted_open_with(pieces, n, 1, traits)};
    assert_ok(quill_session_create(&st->session, st->script.model, NULL, &st->err), st->err);
    st->request = quill_request_default();
    st->request.prompt = p_ids, st->request.n_prompt = 1;
    st->request.sampling.temp = 0;
    st->request.logprobs = 0;
    st->request.on_text = take, st->request.user = &st->sink;
    st->request.interrupted = &st->sink.interrupted;
}

static void open_stage(struct stage *st, const char *const *pieces, size_t n) {
    open_stage_with(st, pieces, n, &(struct script_traits){0});
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    scripted_close(&st->script);
    buffer_free(&st->sink.text);
}

static quill_status generate(struct stage *st) {
    st->sink.text.n = st->sink.pieces = 0;
    st->sink.interrupted = 0;
    quill_status s = quill_generate(st->session, &st->request, &st->result, &st->err);
    assert_non_null(st->result);
    assert_int_equal(st->result->text.n, st->sink.text.n);
    if (st->sink.text.n) assert_memory_equal(st->result->text.text, st->sink.text.p, st->sink.text.n);
    return s;
}

static void expect_text(struct stage *st, struct str text, quill_stop stop, size_t n_tokens) {
    assert_ok(generate(st), st->err);
    struct str got = {st->result->text.text, st->result->text.n};
    if (!str_equal(got, text)) print_error("'%s' instead of '%s'\n", QUOTED(got), QUOTED(text));
    assert_true(str_equal(got, text));
    assert_string_equal(quill_stop_name(st->result->stop), quill_stop_name(stop));
    assert_int_equal(st->result->generated_tokens, n_tokens);
    assert_int_equal(st->result->n_tokens, n_tokens);
    assert_int_equal(st->result->prompt_tokens, st->request.n_prompt);
}
#define expect(st, text, stop, n_tokens) expect_text(st, STR(text), stop, n_tokens)

static void expect_match(const struct stage *st, const char *match) {
    assert_int_equal(st->result->stop_match.n, strlen(match));
    assert_memory_equal(st->result->stop_match.text, match, strlen(match));
}

static void text_ends_with_eos_length_or_context(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " two", " three"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "one two three", QUILL_STOP_EOS, 4); // EOS counts
    assert_int_equal(st.result->tokens[3].id, SCRIPT_EOS);
    assert_null(st.result->stop_match.text);
    assert_int_equal(st.sink.pieces, 3);
    st.request.n_predict = 2;
    expect(&st, "one two", QUILL_STOP_LENGTH, 2);
    st.request.n_predict = 0;
    expect(&st, "", QUILL_STOP_LENGTH, 0);
    st.request.n_predict = 4;
    expect(&st, "one two three", QUILL_STOP_EOS, 4);
    st.request.n_predict = -1, st.request.ignore_eos = true;
    assert_ok(generate(&st), st.err);
    assert_int_equal(st.result->stop, QUILL_STOP_CONTEXT);
    assert_int_equal(st.result->generated_tokens, SCRIPT_CTX); // 1 + 64 - 1 positions
    for (size_t i = 0; i < st.result->n_tokens; i++) assert_int_not_equal(st.result->tokens[i].id, SCRIPT_EOS);
    close_stage(&st);
}

static void text_ends_with_any_of_several_ends(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " two", "<|im_end|>", " three", " four"};
    enum { TWO = SCRIPT_EOS + 2, TURN, FOUR = SCRIPT_EOS + 5 };
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces)); // known by its text
    expect(&st, "one two", QUILL_STOP_EOS, 3);
    assert_int_equal(st.result->tokens[2].id, TURN);
    st.request.min_tokens = 3; // the third token would be the end: of the others, all alike, the lowest id is drawn
    expect_text(&st, (struct str){"one two\0 three four", 19}, QUILL_STOP_EOS, 6);
    st.request.min_tokens = 0, st.request.ignore_eos = true, st.request.n_predict = 6;
    expect_text(&st, (struct str){"one two\0 three four\0", 20}, QUILL_STOP_LENGTH, 6);
    close_stage(&st);
    const int32_t eos[] = {FOUR, TWO, FOUR};
    open_stage_with(&st, pieces, COUNT(pieces), &(struct script_traits){.eos = eos, .n_eos = 3}); // the file's own
    expect(&st, "one", QUILL_STOP_EOS, 2);
    st.request.sampling.n_logit_bias = 1;
    st.request.sampling.logit_bias = &(quill_logit_bias){TWO, -(float)INFINITY};
    expect_text(&st, (struct str){"one\0", 4}, QUILL_STOP_EOS, 3);
    close_stage(&st);
}

// Rows of logits without a token, an unused token, and one that the file suppresses: each is the likeliest in its
// place, and the lowest id of the others, all alike, is drawn.
static void what_is_no_token_is_never_drawn(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " two", " three", " four"};
    const struct script_traits cases[] = {
        {.padding = SCRIPT_CTX - 1},
        {.unused = SCRIPT_EOS + 2},
        {.suppressed = (const int32_t[]){SCRIPT_EOS + 2, SCRIPT_EOS + 2}, .n_suppressed = 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stage st;
        const float *logits;
        open_stage_with(&st, pieces, COUNT(pieces), &cases[i]);
        st.request.n_predict = 2, st.request.logprobs = 3;
        for (int greedy = 0; greedy < 2; greedy++) {
            st.request.sampling.top_k = greedy ? 0 : 1; // of few, of all
            st.request.sampling.temp = greedy ? 0 : 1;
            expect_text(&st, (struct str){"one\0", 4}, QUILL_STOP_LENGTH, 2);
        }
        const quill_scored_token second = st.result->tokens[1];
        assert_int_equal(second.n_top, 3);
        for (int32_t k = 0; k < 3; k++) assert_int_equal(second.top[k].id, k);
        const double found = second.logprob;
        assert_true(second.top[0].logprob == found);
        // The probability is the model's own, in which every row counts.
        const int32_t ids[] = {'p', SCRIPT_EOS + 1};
        double sum = 0;
        assert_ok(quill_eval(st.session, ids, 2, &logits, &st.err), st.err);
        for (size_t id = 0; id < SCRIPT_VOCAB; id++) sum += exp((double)logits[id]);
        assert_true(logits[SCRIPT_EOS + 2] > 7 && fabs(found - ((double)logits[0] - log(sum))) < 1e-6);
        st.request.sampling.n_logit_bias = 1;
        st.request.sampling.logit_bias = &(quill_logit_bias){SCRIPT_EOS + 2, 1000};
        expect_text(&st, (struct str){"one\0", 4}, QUILL_STOP_LENGTH, 2);
        close_stage(&st);
    }
}

static void a_prompt_of_the_whole_context_yields_one_token(void **state) {
    (void)state;
    const char *pieces[SCRIPT_CTX];
    for (size_t i = 0; i < SCRIPT_CTX; i++) pieces[i] = i == 62 ? "y" : i == 63 ? "z" : "x";
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.n_predict = -1;
    st.request.n_prompt = 63;
    expect(&st, "yz", QUILL_STOP_CONTEXT, 2);
    st.request.n_prompt = 64;
    expect(&st, "z", QUILL_STOP_CONTEXT, 1);
    st.request.n_predict = 1;
    expect(&st, "z", QUILL_STOP_LENGTH, 1);
    st.request.n_prompt = 65;
    assert_int_equal(generate(&st), QUILL_E_CONTEXT);
    assert_string_equal(st.err.text, "the prompt has 65 tokens, the context has room for 64");
    assert_int_equal(st.result->text.n, 0);
    st.request.n_predict = 0;
    assert_int_equal(generate(&st), QUILL_E_CONTEXT);
    close_stage(&st);
}

// The token that the script wants has a logit of about 7.9, "z" one of 1.
static void the_repeat_penalty_looks_at_the_prompt_and_at_what_was_generated(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "a", "a"};
    const int32_t prompt[] = {'a', 'q'};
    const quill_logit_bias bias = {'z', 1};
    static const struct {
        size_t n_prompt; // the last tokens of the prompt
        int32_t window;
        const char *text;
    } cases[] = {
        {2, 0, "aa"}, {2, 1, "az"}, {2, 2, "za"}, {2, -1, "z"}, {2, 64, "z"}, {1, 64, "az"}, {1, 1, "aza"},
    };
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.sampling.logit_bias = &bias, st.request.sampling.n_logit_bias = 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        st.request.prompt = prompt + 2 - cases[i].n_prompt, st.request.n_prompt = cases[i].n_prompt;
        st.request.n_predict = (int64_t)strlen(cases[i].text);
        st.request.sampling.repeat_last_n = cases[i].window;
        st.request.sampling.repeat_penalty = 100;
        expect_text(&st, str_of(cases[i].text), QUILL_STOP_LENGTH, strlen(cases[i].text));
        st.request.sampling.repeat_penalty = 1, st.request.sampling.presence_penalty = 10;
        expect_text(&st, str_of(cases[i].text), QUILL_STOP_LENGTH, strlen(cases[i].text));
        st.request.sampling.presence_penalty = 0;
    }
    close_stage(&st);
}

static void stops_go_across_tokens_and_are_never_passed_on(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " tw", "o\n", "\nQ", ":x", " more"};
    const quill_text stops[] = {{"\n\nQ:", 4}, {"more", 4}};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stops = stops, st.request.n_stops = 2;
    expect(&st, "one two", QUILL_STOP_STRING, 5); // the token that completed the stop counts
    expect_match(&st, "\n\nQ:");
    st.request.stops = &stops[1], st.request.n_stops = 1;
    expect(&st, "one two\n\nQ:x ", QUILL_STOP_STRING, 6);
    st.request.line = true;
    expect(&st, "one two", QUILL_STOP_LINE, 3);
    expect_match(&st, "\n");
    close_stage(&st);
}

static void held_back_text_that_was_no_stop_is_passed_on(void **state) {
    (void)state;
    const char *const pieces[] = {"one\n", "\nA", ".\n", "\n"};
    const quill_text stop = {"\n\nQ", 3};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stops = &stop, st.request.n_stops = 1;
    expect(&st, "one\n\nA.\n\n", QUILL_STOP_EOS, 5);
    st.request.n_predict = 4;
    expect(&st, "one\n\nA.\n\n", QUILL_STOP_LENGTH, 4);
    st.request.n_predict = 1;
    expect(&st, "one\n", QUILL_STOP_LENGTH, 1);
    close_stage(&st);
}

static void tokens_drawn_while_an_earlier_stop_was_possible_do_not_count(void **state) {
    (void)state;
    const char *const pieces[] = {"x", "ab", "yz", "w"};
    const quill_text stops[] = {{"b", 1}, {"abyq", 4}};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stops = stops, st.request.n_stops = 2;
    expect(&st, "xa", QUILL_STOP_STRING, 2);
    expect_match(&st, "b");
    st.request.n_predict = 2; // the text ends while "abyq" is still possible
    expect(&st, "xa", QUILL_STOP_STRING, 2);
    close_stage(&st);
}

static void a_regex_stops_with_what_it_matched(void **state) {
    (void)state;
    const char *const pieces[] = {"on ", "20", "24-", "05", "-06", " or", " later"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stop_regex = "\\d{4}-\\d\\d-\\d\\d";
    expect(&st, "on ", QUILL_STOP_STRING, 5);
    expect_match(&st, "2024-05-06");
    st.request.stop_regex = "\\d+";
    expect(&st, "on ", QUILL_STOP_STRING, 3);
    expect_match(&st, "2024");
    st.request.stop_regex = "later$";
    expect(&st, "on 2024-05-06 or ", QUILL_STOP_STRING, 7);
    st.request.stop_regex = "x*";
    expect(&st, "o", QUILL_STOP_STRING, 1); // a match of no bytes behind the first
    expect_match(&st, "");
    st.request.stop_regex = "(?=or)";
    expect(&st, "on 2024-05-06 ", QUILL_STOP_STRING, 6);
    expect_match(&st, "");
    st.request.stop_regex = "$";
    expect(&st, "on 2024-05-06 or later", QUILL_STOP_EOS, 8);
    st.request.stop_regex = "(";
    assert_int_equal(generate(&st), QUILL_E_USAGE);
    close_stage(&st);
}

static void a_match_limit_ends_the_generation(void **state) {
    (void)state;
    const char *pieces[60];
    for (size_t i = 0; i < 60; i++) pieces[i] = i == 0 ? "start " : i == 40 ? "." : "aa";
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stop_regex = "(a+)+!";
    assert_int_equal(generate(&st), QUILL_E_CONSTRAINT);
    assert_int_equal(st.result->stop, QUILL_STOP_ERROR);
    assert_memory_equal(st.result->text.text, "start ", 6);
    close_stage(&st);
}

static void nothing_ends_the_first_tokens(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "\n", NULL, "b", "\n", "c"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.line = true;
    expect(&st, "a", QUILL_STOP_LINE, 2);
    st.request.min_tokens = 2; // the newline is the second token: text. EOS may follow.
    expect(&st, "a\n", QUILL_STOP_EOS, 3);
    st.request.min_tokens = 3; // EOS is not drawn: of the others, all alike, it is the lowest id
    expect(&st, "a\n\0b", QUILL_STOP_LINE, 5);
    close_stage(&st);
}

static void special_tokens_are_spelled_where_that_is_asked_for(void **state) {
    (void)state;
    const char *const pieces[] = {"<|channel|>", "one", "<|message|>", " two", "<|im_end|>"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "one two", QUILL_STOP_EOS, 5);
    st.request.special_text = true;
    expect(&st, "<|channel|>one<|message|> two", QUILL_STOP_EOS, 5);
    const quill_text stop = {"<|message|>", 11};
    st.request.stops = &stop, st.request.n_stops = 1;
    expect(&st, "<|channel|>one", QUILL_STOP_STRING, 3);
    close_stage(&st);
}

static void text_comes_in_whole_characters(void **state) {
    (void)state;
    const char *const pieces[] = {"caf\xc3", "\xa9 \xe2", "\x82", "\xac", "\xff", "!\xf0\x9f"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    expect(&st, "caf\xc3\xa9 \xe2\x82\xac\xef\xbf\xbd!\xef\xbf\xbd", QUILL_STOP_EOS, 7);
    assert_int_equal(st.sink.pieces, 6); // the last one at the end
    st.request.raw_bytes = true;
    expect(&st, "caf\xc3\xa9 \xe2\x82\xac\xff!\xf0\x9f", QUILL_STOP_EOS, 7);
    const quill_text stop = {"\x82", 1}; // stops are bytes
    st.request.stops = &stop, st.request.n_stops = 1;
    expect(&st, "caf\xc3\xa9 \xe2", QUILL_STOP_STRING, 3);
    st.request.raw_bytes = false;
    expect(&st, "caf\xc3\xa9 \xef\xbf\xbd", QUILL_STOP_STRING, 3);
    close_stage(&st);
}

static void a_failing_callback_ends_the_generation_with_its_status(void **state) {
    (void)state;
    const char *const pieces[] = {"a", "b", "c"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.sink.fail_at = 2;
    assert_int_equal(generate(&st), QUILL_E_SYSTEM);
    assert_int_equal(st.result->stop, QUILL_STOP_ERROR);
    assert_int_equal(st.result->text.n, 2);
    st.sink.fail_at = 0;
    expect(&st, "abc", QUILL_STOP_EOS, 4); // the session is as good as before
    close_stage(&st);
}

static void an_interrupted_text_is_a_beginning_of_the_whole(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " two\n", " three"};
    const quill_text stop = {"\nQ", 2};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.stops = &stop, st.request.n_stops = 1;
    st.sink.interrupt_at = 2;
    expect(&st, "one two", QUILL_STOP_SIGNAL, 2); // the newline may begin a stop
    st.request.timeout = 1e-9;
    expect(&st, "", QUILL_STOP_TIMEOUT, 0);
    st.request.timeout = 1000;
    st.sink.interrupt_at = 0;
    expect(&st, "one two\n three", QUILL_STOP_EOS, 4);
    close_stage(&st);
}

struct progress {
    struct stage st;
    size_t calls, last, interrupt_at;
};

static void count_progress(void *user, size_t done, size_t all) {
    struct progress *p = user;
    assert_true(done <= all && all == 60 && (p->calls == 0 || done > p->last));
    p->calls++, p->last = done;
    if (p->calls == p->interrupt_at) p->st.sink.interrupted = 1;
}

static void reading_the_prompt_reports_and_can_be_interrupted(void **state) {
    (void)state;
    const char *const pieces[] = {"a"};
    struct progress p = {.interrupt_at = 4};
    open_stage(&p.st, pieces, COUNT(pieces));
    quill_session_free(p.st.session);
    const quill_session_options options = {.n_chunk = 7};
    assert_ok(quill_session_create(&p.st.session, p.st.script.model, &options, &p.st.err), p.st.err);
    p.st.request.n_prompt = 60;
    p.st.request.on_prompt = count_progress, p.st.request.on_text = NULL, p.st.request.user = &p;
    expect(&p.st, "", QUILL_STOP_SIGNAL, 0);
    assert_int_equal(p.last, 21);
    p.calls = p.interrupt_at = 0;
    assert_ok(generate(&p.st), p.st.err); // goes on from there
    assert_int_equal(p.st.result->stop, QUILL_STOP_EOS);
    assert_int_equal(p.st.result->cached_tokens, 21);
    assert_int_equal(p.last, 60);
    close_stage(&p.st);
}

// ---- scores -------------------------------------------------------------------------------------

static double log_softmax(const float *logits, size_t n, int32_t id) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += exp((double)logits[i]);
    return (double)logits[id] - log(sum);
}

static void log_probabilities_are_the_models_own(void **state) {
    (void)state;
    const char *const pieces[] = {"ab", "ab", "cd"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    st.request.logprobs = 3;
    const quill_logit_bias bias = {'q', 100};
    st.request.sampling = quill_sampling_default();
    st.request.sampling.logit_bias = &bias, st.request.sampling.n_logit_bias = 1;
    st.request.n_predict = 2;
    expect(&st, "qq", QUILL_STOP_LENGTH, 2); // the bias decides; the scores know nothing of it
    const double deviation = sqrt(63.0 / 4096 + 1e-5), high = 63.0 / 64 / deviation, low = -1.0 / 64 / deviation;
    double sum = 0;
    for (size_t i = 0; i < 2; i++) {
        // "ab" follows two positions, "cd" one, EOS 61; 317 tokens have the logit 0.
        double ab = high + low, log_z = log(exp(ab) + exp(61 * low) + exp(low) + (SCRIPT_VOCAB - 3));
        const quill_scored_token *token = &st.result->tokens[i];
        assert_int_equal(token->id, 'q');
        assert_true(fabs(token->logprob + log_z) < 1e-5);
        assert_int_equal(token->n_top, 3);
        assert_int_equal(token->top[0].id, SCRIPT_EOS + 1);
        assert_true(fabs(token->top[0].logprob - (ab - log_z)) < 1e-5);
        assert_true(token->top[1].id == 0 && token->top[2].id == 1); // ties: the lower id
        assert_true(token->top[2].logprob == token->logprob);
        sum += token->logprob;
    }
    assert_true(st.result->logprob == sum);
    st.request.logprobs = 0;
    assert_ok(generate(&st), st.err);
    assert_true(st.result->n_tokens == 2 && st.result->tokens[0].logprob + st.result->tokens[1].logprob == sum);
    for (size_t i = 0; i < 2; i++) assert_true(st.result->tokens[i].n_top == 0 && !st.result->tokens[i].top);
    st.request.logprobs = -1;
    assert_ok(generate(&st), st.err);
    assert_true(st.result->tokens == NULL && st.result->n_tokens == 0 && st.result->logprob == sum);
    close_stage(&st);
}

static void prompt_tokens_are_scored_by_what_precedes_them(void **state) {
    (void)state;
    const char *const pieces[] = {"ab", "x", "cd"};
    struct stage st;
    open_stage(&st, pieces, COUNT(pieces));
    const int32_t ids[] = {'p', SCRIPT_EOS + 1, 'y', SCRIPT_EOS + 3};
    st.request.prompt = ids, st.request.n_prompt = 4, st.request.n_predict = 0;
    st.request.logprobs = 1, st.request.prompt_logprobs = true;
    for (int round = 0; round < 2; round++) { // the second time everything is in the cache
        expect(&st, "", QUILL_STOP_LENGTH, 0);
        const quill_scored_token *tokens = st.result->prompt_scores;
        assert_non_null(tokens);
        assert_true(isnan(tokens[0].logprob) && tokens[0].n_top == 0 && !tokens[0].top && tokens[0].id == 'p');
        const float *logits;
        for (size_t i = 1; i < 4; i++) {
            quill_session *other;
            assert_ok(quill_session_create(&other, st.script.model, NULL, &st.err), st.err);
            assert_ok(quill_eval(other, ids, i, &logits, &st.err), st.err);
            assert_true(fabs(tokens[i].logprob - log_softmax(logits, SCRIPT_VOCAB, ids[i])) < 1e-5);
            assert_true(tokens[i].id == ids[i] && tokens[i].n_top == 1);
            assert_int_equal(tokens[i].top[0].id, i == 2 ? 'x' : ids[i]);
            quill_session_free(other);
        }
    }
    st.request.logprobs = -1;
    assert_int_equal(generate(&st), QUILL_E_USAGE);
    close_stage(&st);
}

// ---- draws --------------------------------------------------------------------------------------

// A script that is nowhere certain.
static void open_uncertain(struct stage *st) {
    *st = (struct stage){.script = scripted_open(NULL, 0, 0.1f)};
    assert_ok(quill_session_create(&st->session, st->script.model, NULL, &st->err), st->err);
    st->request = quill_request_default();
    st->request.prompt = p_ids, st->request.n_prompt = 1;
    st->request.n_predict = 20;
    st->request.logprobs = 0;
    st->request.raw_bytes = st->request.ignore_eos = true;
    st->request.on_text = take, st->request.user = &st->sink;
}

static void collect(struct stage *st, int32_t *ids) {
    assert_ok(generate(st), st->err);
    assert_int_equal(st->result->n_tokens, 20);
    for (size_t i = 0; i < 20; i++) ids[i] = st->result->tokens[i].id;
}

static void a_draw_is_a_function_of_seed_prompt_sample_and_position(void **state) {
    (void)state;
    struct stage st;
    open_uncertain(&st);
    int32_t first[20], again[20], other[20];
    collect(&st, first);
    st.request.sample = 1;
    collect(&st, other);
    assert_memory_not_equal(first, other, sizeof first);
    st.request.sample = 0, st.request.seed = 1;
    collect(&st, other);
    assert_memory_not_equal(first, other, sizeof first);
    st.request.seed = 0;
    const int32_t another[] = {'q'};
    st.request.prompt = another;
    collect(&st, other);
    assert_memory_not_equal(first, other, sizeof first);
    int distinct = 0; // no draw repeats the one before because the position did not enter
    for (int i = 1; i < 20; i++) distinct += first[i] != first[i - 1];
    assert_true(distinct > 10);
    st.request.prompt = p_ids;
    collect(&st, again);
    assert_memory_equal(first, again, sizeof first);
    close_stage(&st);
}

static void without_a_token_to_draw_it_fails(void **state) {
    (void)state;
    struct stage st;
    open_uncertain(&st);
    quill_logit_bias bias[SCRIPT_VOCAB];
    for (int32_t i = 0; i < SCRIPT_VOCAB; i++) bias[i] = (quill_logit_bias){i, -INFINITY};
    st.request.sampling.logit_bias = bias, st.request.sampling.n_logit_bias = SCRIPT_VOCAB;
    assert_int_equal(generate(&st), QUILL_E_CONSTRAINT);
    close_stage(&st);
}

// ---- values -------------------------------------------------------------------------------------

static void requests_out_of_range_are_refused(void **state) {
    (void)state;
    struct stage st;
    open_uncertain(&st);
    const quill_request good = st.request;
    const int32_t bad_ids[] = {'p', SCRIPT_VOCAB};
    const quill_text empty = {"", 0};
    for (int i = 0; i < 13; i++) {
        st.request = good;
        switch (i) {
        case 0: st.request.n_predict = -2; break;
        case 1: st.request.min_tokens = -1; break;
        case 2: st.request.seed = QUILL_SEED_MAX + (uint64_t)1; break;
        case 3: st.request.logprobs = 101; break;
        case 4: st.request.logprobs = -2; break;
        case 5: st.request.timeout = -1; break;
        case 6: st.request.timeout = (double)NAN; break;
        case 7: st.request.n_prompt = 0; break;
        case 8: st.request.prompt = bad_ids, st.request.n_prompt = 2; break;
        case 9: st.request.sampling.temp = -1; break;
        case 10: st.request.sampling.top_p = 1.5f; break;
        case 11: st.request.stop_regex = "["; break;
        default: st.request.n_stops = 1, st.request.stops = &empty; break;
        }
        assert_int_equal(generate(&st), QUILL_E_USAGE);
        assert_int_equal(st.result->generated_tokens, 0);
    }
    close_stage(&st);
}

static void sessions_out_of_range_are_refused(void **state) {
    (void)state;
    struct scripted script = scripted_open(NULL, 0, 1);
    quill_session *session;
    quill_memory memory;
    quill_error err;
    const quill_session_options bad[] = {{.n_ctx = -1}, {.n_ctx = SCRIPT_CTX + 1}, {.kv_type = "q4_0"},
                                         {.n_threads = -1}, {.n_threads = 5000}, {.n_chunk = -1}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(quill_session_create(&session, script.model, &bad[i], &err), QUILL_E_USAGE);
        assert_int_equal(quill_session_plan(script.model, &bad[i], &memory, &err), QUILL_E_USAGE);
    }
    const quill_session_options small = {.n_ctx = 10, .kv_type = "f32", .n_threads = 2, .n_chunk = 100};
    assert_ok(quill_session_plan(script.model, &small, &memory, &err), err);
    assert_true(memory.n_ctx == 10 && memory.threads == 2 && strcmp(memory.kv_type, "f32") == 0);
    assert_int_equal(memory.weights, script.file.n);
    assert_true(memory.kv_cache >= 10 * 2 * SCRIPT_CTX * sizeof(float) && memory.activations > 0);
    assert_int_equal(memory.total, memory.weights + memory.kv_cache + memory.activations + memory.tokenizer);
    assert_ok(quill_session_create(&session, script.model, &small, &err), err);
    const float *logits;
    assert_int_equal(quill_eval(session, p_ids, 11, &logits, &err), QUILL_E_CONTEXT);
    assert_int_equal(quill_eval(session, p_ids, 0, &logits, &err), QUILL_E_USAGE);
    assert_int_equal(quill_eval(session, (const int32_t[]){-1}, 1, &logits, &err), QUILL_E_USAGE);
    assert_ok(quill_eval(session, p_ids, 10, &logits, &err), err);
    quill_session_free(session);
    scripted_close(&script);
}

static void values_that_are_not_finite_are_the_models_fault(void **state) {
    (void)state;
    struct scripted script = scripted_open(NULL, 0, 3e38f);
    quill_session *session;
    quill_error err;
    const quill_result *result;
    assert_ok(quill_session_create(&session, script.model, NULL, &err), err);
    quill_request request = quill_request_default();
    request.prompt = p_ids, request.n_prompt = 1;
    assert_int_equal(quill_generate(session, &request, &result, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "model produced non-finite values"));
    quill_session_free(session);
    scripted_close(&script);
}

// ---- evaluation on random weights ---------------------------------------------------------------

static void copy_row(void *user, size_t i, const float *logits) {
    float *rows = user;
    memcpy(rows + i * 259, logits, 259 * sizeof *rows);
}

struct watch {
    uint64_t last, all;
    size_t calls;
    bool go_on;
};

static bool watch_weights(void *user, uint64_t done, uint64_t all) {
    struct watch *w = user;
    assert_true(done > w->last && done <= all && (w->calls == 0 || all == w->all));
    w->last = done, w->all = all, w->calls++;
    return w->go_on;
}

// One thread, so that it sees every slice. All bytes of all tensors count; who stops it gets a session all the same.
static void bringing_in_weights_is_told_and_can_be_stopped(void **state) {
    (void)state;
    quill_model *model;
    quill_session *session;
    quill_error err;
    assert_ok(quill_model_open(&model, TEST_DATA("parity/long32"), NULL, &err), err);
    uint64_t bytes = 0;
    for (size_t i = 0; i < quill_model_n_tensors(model); i++) {
        quill_tensor_info t;
        quill_model_tensor(model, i, &t);
        bytes += t.bytes;
    }
    for (int go_on = 0; go_on < 2; go_on++) {
        struct watch watch = {.go_on = go_on};
        const quill_session_options options = {.n_threads = 1, .on_weights = watch_weights, .user = &watch};
        const int32_t id = 1;
        const float *logits;
        assert_ok(quill_session_create(&session, model, &options, &err), err);
        assert_int_equal(watch.calls, 0); // nothing is computed yet
        assert_ok(quill_eval(session, &id, 1, &logits, &err), err);
        assert_int_equal(watch.all, bytes);
        assert_true(go_on ? watch.last == bytes : watch.calls == 1);
        const size_t calls = watch.calls;
        assert_ok(quill_eval(session, &id, 1, &logits, &err), err);
        assert_int_equal(watch.calls, calls);
        quill_session_free(session);
    }
    quill_model_free(model);
}

// Logits of long32 after every prefix of a text, all at once, against evaluations of many prefixes and changed texts in
// one session: chunks, threads and what the cache holds must not show.
static void reuse_chunks_and_threads_do_not_change_a_bit(void **state) {
    (void)state;
    enum { N = 300, VOCAB = 259 };
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, TEST_DATA("parity/long32"), NULL, &err), err);
    assert_int_equal(quill_n_vocab(quill_model_tokenizer(model)), VOCAB);
    int32_t ids[N];
    uint64_t seed = 4;
    for (int i = 0; i < N; i++) ids[i] = (int32_t)(test_random(&seed) % VOCAB);
    float *rows = malloc(N * VOCAB * sizeof *rows);
    assert_non_null(rows);
    const quill_session_options options[] = {
        {.n_threads = 1, .n_chunk = 64}, {.n_threads = 2}, {.n_threads = 3, .n_chunk = 7}, {.n_chunk = 1}};
    quill_session *session;
    assert_ok(quill_session_create(&session, model, &options[0], &err), err);
    assert_ok(quill_eval_all(session, ids, N, copy_row, rows, &err), err);
    quill_session_free(session);
    for (size_t o = 0; o < COUNT(options); o++) {
        assert_ok(quill_session_create(&session, model, &options[o], &err), err);
        for (int round = 0; round < 12; round++) {
            size_t n = round == 0 ? N : 1 + test_random(&seed) % N;
            const float *logits;
            if (round % 3 == 2) { // another text between, with a common beginning
                int32_t saved = ids[n / 2];
                ids[n / 2] = (saved + 1) % VOCAB;
                assert_ok(quill_eval(session, ids, n, &logits, &err), err);
                ids[n / 2] = saved;
            }
            assert_ok(quill_eval(session, ids, n, &logits, &err), err);
            assert_memory_equal(logits, rows + (n - 1) * VOCAB, VOCAB * sizeof *logits);
        }
        quill_session_free(session);
    }
    free(rows);
    quill_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_ends_with_eos_length_or_context),
        cmocka_unit_test(text_ends_with_any_of_several_ends),
        cmocka_unit_test(what_is_no_token_is_never_drawn),
        cmocka_unit_test(a_prompt_of_the_whole_context_yields_one_token),
        cmocka_unit_test(the_repeat_penalty_looks_at_the_prompt_and_at_what_was_generated),
        cmocka_unit_test(stops_go_across_tokens_and_are_never_passed_on),
        cmocka_unit_test(held_back_text_that_was_no_stop_is_passed_on),
        cmocka_unit_test(tokens_drawn_while_an_earlier_stop_was_possible_do_not_count),
        cmocka_unit_test(a_regex_stops_with_what_it_matched),
        cmocka_unit_test(a_match_limit_ends_the_generation),
        cmocka_unit_test(nothing_ends_the_first_tokens),
        cmocka_unit_test(special_tokens_are_spelled_where_that_is_asked_for),
        cmocka_unit_test(text_comes_in_whole_characters),
        cmocka_unit_test(a_failing_callback_ends_the_generation_with_its_status),
        cmocka_unit_test(an_interrupted_text_is_a_beginning_of_the_whole),
        cmocka_unit_test(reading_the_prompt_reports_and_can_be_interrupted),
        cmocka_unit_test(log_probabilities_are_the_models_own),
        cmocka_unit_test(prompt_tokens_are_scored_by_what_precedes_them),
        cmocka_unit_test(a_draw_is_a_function_of_seed_prompt_sample_and_position),
        cmocka_unit_test(without_a_token_to_draw_it_fails),
        cmocka_unit_test(requests_out_of_range_are_refused),
        cmocka_unit_test(sessions_out_of_range_are_refused),
        cmocka_unit_test(values_that_are_not_finite_are_the_models_fault),
        cmocka_unit_test(bringing_in_weights_is_told_and_can_be_stopped),
        cmocka_unit_test(reuse_chunks_and_threads_do_not_change_a_bit),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
