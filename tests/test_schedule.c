// SPDX-License-Identifier: MIT
// What is computed, and what is not: positions are counted.
#include "test.h"

#include "quill/batch.h"
#include "quill/score.h"
#include "session/parts.h"

enum { N = 8, LONGEST = 100 };

struct stage {
    quill_model *model;
    quill_session *session;
    quill_error err;
    int32_t ids[N][LONGEST];
};

// Texts of `common` ids that all have and `own` ids of their own.
static struct stage open_stage(int32_t n_seq, int32_t n_chunk, size_t common, size_t own) {
    struct stage st = {0};
    const quill_session_options options = {.n_seq = n_seq, .n_chunk = n_chunk, .n_threads = 1};
    assert_ok(quill_model_open(&st.model, TEST_DATA("parity/long32"), NULL, &st.err), st.err);
    assert_ok(quill_session_create(&st.session, st.model, &options, &st.err), st.err);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < common + own; k++) st.ids[i][k] = (int32_t)(k < common ? k : 100 + i * 10 + k % 10);
    return st;
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    quill_model_free(st->model);
}

static void add_prompt(struct stage *st, size_t i, size_t n) {
    quill_request q = quill_request_default();
    q.prompt = st->ids[i], q.n_prompt = n, q.n_predict = 1;
    assert_ok(quill_batch_add(st->session, &q, NULL, &st->err), st->err);
}

// Generates one token after the first n ids of each text, in a batch, and returns the positions that it took.
static uint64_t count_generating(struct stage *st, size_t n) {
    const uint64_t before = st->session->lanes.n_computed;
    size_t added = 0, taken = 0;
    while (taken < N) {
        while (added < N && quill_batch_room(st->session)) add_prompt(st, added++, n);
        assert_ok(quill_batch_step(st->session, &st->err), st->err);
        for (quill_batch_row row; quill_batch_take(st->session, &row); taken++) assert_int_equal(row.status, QUILL_OK);
    }
    return st->session->lanes.n_computed - before;
}

static uint64_t count_scoring(struct stage *st, size_t n, size_t first) {
    const uint64_t before = st->session->lanes.n_computed;
    quill_scored_text texts[N];
    for (size_t i = 0; i < N; i++) texts[i] = (quill_scored_text){st->ids[i], n, first, NULL};
    assert_ok(quill_score_texts(st->session, texts, N, 0, &st->err), st->err);
    return st->session->lanes.n_computed - before;
}

static const int32_t shapes[][2] = {{1, 0}, {3, 3}, {N, 0}, {N, 16}, {N, 11}, {16, 0}}; // n_seq, n_chunk
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void what_texts_have_in_common_is_computed_once(void **state) {
    (void)state;
    for (size_t shape = 0; shape < SHAPES; shape++)
        for (size_t common = 32; common <= 80; common += 24) {
            struct stage st = open_stage(shapes[shape][0], shapes[shape][1], common, 10);
            assert_int_equal(count_generating(&st, common + 10), common + N * 10);
            close_stage(&st);
            st = open_stage(shapes[shape][0], shapes[shape][1], common, 10);
            // The last id of a text needs no position; the logits before the first that is scored are wanted.
            assert_int_equal(count_scoring(&st, common + 10, common + 1), common + N * 9);
            if (shapes[shape][0] >= N) assert_int_equal(count_scoring(&st, common + 10, common + 9), N); // all is held
            close_stage(&st);
        }
}

// To wait for a few positions is slower than to compute them, but for those of a prompt that is the same.
static void what_is_short_is_not_waited_for(void **state) {
    (void)state;
    struct stage st = open_stage(N, 0, 31, 10);
    assert_int_equal(count_generating(&st, 41), N * 41);
    close_stage(&st);
    st = open_stage(N, 0, 31, 10);
    assert_int_equal(count_scoring(&st, 41, 36), N * 40);
    close_stage(&st);
    st = open_stage(N, 0, 20, 0);
    assert_int_equal(count_generating(&st, 20), 20 + N - 1); // the logits after the last id are wanted of each
    close_stage(&st);
}

static void who_waits_leaves_the_others_alone(void **state) {
    (void)state;
    struct stage st = open_stage(N, 16, 50, 10);
    st.ids[2][0] = 255; // a text that shares nothing comes after one that waits
    for (size_t i = 0; i < 3; i++) add_prompt(&st, i, i == 2 ? 5 : 60);
    quill_batch_row row;
    for (int step = 1; step <= 3; step++) { // 16 tokens a pass: the first prompt takes 60 of them
        assert_ok(quill_batch_step(st.session, &st.err), st.err);
        assert_int_equal(st.session->lanes.n_computed, 16 * step);
        assert_false(quill_batch_take(st.session, &row));
    }
    assert_ok(quill_batch_step(st.session, &st.err), st.err); // its last 12, and 4 of the third
    assert_int_equal(st.session->lanes.n_computed, 64);
    assert_true(quill_batch_take(st.session, &row) && row.result->prompt_tokens == 60);
    assert_ok(quill_batch_step(st.session, &st.err), st.err); // the last 10 of the second, 1 of the third
    assert_int_equal(st.session->lanes.n_computed, 75);
    for (int i = 0; i < 2; i++) assert_true(quill_batch_take(st.session, &row));
    assert_int_equal(st.session->schedule.n, 0);
    close_stage(&st);
}

// A prompt that was read is found again where another one would have overwritten it if any lane would do.
static void a_lane_that_is_taken_loses_little(void **state) {
    (void)state;
    struct stage st = open_stage(3, 0, 0, 50);
    const float *logits;
    const struct lanes *lanes = &st.session->lanes;
    for (size_t i = 0; i < 2; i++) assert_ok(quill_eval(st.session, st.ids[i], 50, &logits, &st.err), st.err);
    assert_int_equal(lanes->n_computed, 100);
    int32_t other[52];
    for (size_t i = 0; i < 6; i++) { // by turns: each goes on in its own lane
        memcpy(other, st.ids[i % 2], 50 * sizeof *other);
        other[50] = other[51] = (int32_t)i;
        assert_ok(quill_eval(st.session, other, 52, &logits, &st.err), st.err);
        assert_int_equal(lanes->n_computed, 100 + 2 * (i + 1));
    }
    for (int32_t i = 0, empty = 0; i < 3; i++) { // to take the third would have meant to copy
        empty += kv_length(lanes->kv, i) == 0;
        assert_int_equal(empty, i == 2);
    }
    assert_ok(quill_eval(st.session, other, 3, &logits, &st.err), st.err);
    assert_ok(quill_eval(st.session, st.ids[0], 50, &logits, &st.err), st.err);
    assert_int_equal(lanes->n_computed, 112 + 1 + 1);
    close_stage(&st);
}

static void of_lanes_that_lose_the_same_the_oldest_is_taken(void **state) {
    (void)state;
    struct stage st = open_stage(3, 0, 0, 50);
    const float *logits;
    const size_t order[] = {0, 1, 2, 0, 3, 0, 2};
    const uint64_t computed[] = {50, 50, 50, 1, 50, 1, 1}; // the fourth text takes the place of the second
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const uint64_t before = st.session->lanes.n_computed;
        assert_ok(quill_eval(st.session, st.ids[order[i]], 50, &logits, &st.err), st.err);
        assert_int_equal(st.session->lanes.n_computed - before, computed[i]);
    }
    close_stage(&st);
}

// ---- room ----

struct rows_seen {
    size_t n;
    double sum[LONGEST];
};

static void see_row(void *user, size_t i, const float *logits) {
    struct rows_seen *seen = user;
    assert_int_equal(i, seen->n);
    for (size_t k = 0; k < 259; k++) seen->sum[i] += (double)logits[k] * (double)(k + 1);
    seen->n++;
}

// Where there is room for few rows of logits, a pass takes fewer tokens, and every row comes once and in order.
static void rows_of_logits_come_as_there_is_room(void **state) {
    (void)state;
    struct stage whole = open_stage(N, 0, 20, 30);
    struct rows_seen want = {0};
    quill_scored_text texts[N], expected[N];
    assert_ok(quill_eval_all(whole.session, whole.ids[3], 50, see_row, &want, &whole.err), whole.err);
    for (size_t i = 0; i < N; i++) expected[i] = (quill_scored_text){whole.ids[i], 50 - i, 1 + 5 * i, NULL};
    assert_ok(quill_score_texts(whole.session, expected, N, 2, &whole.err), whole.err);
    for (size_t rows = N; rows < 50; rows = rows * 2 + 1) {
        struct stage st = open_stage(N, 0, 20, 30);
        struct rows_seen got = {0};
        st.session->lanes.plan.n_rows = rows;
        assert_ok(quill_eval_all(st.session, st.ids[3], 50, see_row, &got, &st.err), st.err);
        assert_int_equal(got.n, 50);
        assert_memory_equal(got.sum, want.sum, sizeof want.sum);
        memcpy(texts, expected, sizeof texts);
        assert_ok(quill_score_texts(st.session, texts, N, 2, &st.err), st.err);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < texts[i].n - texts[i].first; k++) {
                assert_true(texts[i].tokens[k].logprob == expected[i].tokens[k].logprob);
                assert_int_equal(texts[i].tokens[k].top[1].id, expected[i].tokens[k].top[1].id);
            }
        close_stage(&st);
    }
    close_stage(&whole);
}

// Prompts of `common` and `own` ids, each with options that share nothing: every prompt and every option is there once.
static void every_prompt_of_a_question_is_computed_once(void **state) {
    (void)state;
    enum { COMMON = 40, OWN = 10, OPTIONS = 5, WORDS = 3 };
    for (size_t shape = 0; shape < SHAPES; shape++)
        for (size_t n = 1; n <= N; n += 3) {
            struct stage st = open_stage(shapes[shape][0], shapes[shape][1], COMMON, OWN);
            quill_question questions[N];
            quill_option options[N][OPTIONS];
            int32_t words[OPTIONS][WORDS];
            for (int32_t i = 0; i < OPTIONS * WORDS; i++) words[i / WORDS][i % WORDS] = 200 + i;
            for (size_t r = 0; r < n; r++) {
                for (size_t i = 0; i < OPTIONS; i++) options[r][i] = (quill_option){.ids = words[i], .n = WORDS};
                questions[r] = (quill_question){.prompt = st.ids[r], .n_prompt = COMMON + OWN, .options = options[r],
                                                .n_options = OPTIONS};
            }
            assert_ok(quill_choose(st.session, questions, n, -1, &st.err), st.err);
            for (size_t r = 0; r < n; r++) assert_int_equal(questions[r].status, QUILL_OK);
            // The last token of an option needs no position.
            assert_int_equal(st.session->lanes.n_computed, COMMON + n * OWN + n * OPTIONS * (WORDS - 1));
            close_stage(&st);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_texts_have_in_common_is_computed_once),
        cmocka_unit_test(what_is_short_is_not_waited_for),
        cmocka_unit_test(who_waits_leaves_the_others_alone),
        cmocka_unit_test(a_lane_that_is_taken_loses_little),
        cmocka_unit_test(of_lanes_that_lose_the_same_the_oldest_is_taken),
        cmocka_unit_test(rows_of_logits_come_as_there_is_room),
        cmocka_unit_test(every_prompt_of_a_question_is_computed_once),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
