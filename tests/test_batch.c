// SPDX-License-Identifier: MIT
// Generations side by side: each gives what it gives alone, bit for bit.
#include "test.h"

#include "quill/batch.h"
#include "quill/score.h"
#include "scripted_model.h"
#include "spoilt_model.h"

enum { N_REQUESTS = 40, N_PROMPT = 300, VOCAB = 259 };

// Requests that share beginnings of different lengths, and differ in everything else.
struct requests {
    int32_t prompts[N_REQUESTS][N_PROMPT];
    quill_request list[N_REQUESTS];
};

static const quill_text stops[] = {{"e", 1}, {"the", 3}};

static void make_requests(struct requests *r) {
    uint64_t random = 5;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        quill_request *q = &r->list[i];
        *q = quill_request_default();
        q->n_prompt = 30 + test_random(&random) % (i % 10 == 9 ? 250 : 60);
        size_t shared = i ? 1 + test_random(&random) % (q->n_prompt - 1) : 0;
        const int32_t *from = r->prompts[i ? test_random(&random) % i : 0];
        for (size_t k = 0; k < N_PROMPT; k++)
            r->prompts[i][k] = k < shared || (i && k < 20) ? from[k] : (int32_t)(test_random(&random) % (VOCAB - 1));
        q->prompt = r->prompts[i];
        q->n_predict = (int64_t)(test_random(&random) % 40);
        q->seed = i % 3;
        q->logprobs = (int)(i % 4) - 1;
        q->prompt_logprobs = i % 4 == 3;
        q->sampling.temp = i % 5 == 0 ? 0 : 1.2f;
        q->stops = stops, q->n_stops = i % 2 ? 2 : 0;
        q->ignore_eos = i % 7 == 0;
    }
}

static struct buffer describe(quill_status status, const quill_result *r) {
    struct buffer b = {0};
    assert_true(buffer_add(&b, &status, sizeof status));
    assert_true(buffer_add(&b, r->text.text, r->text.n) && buffer_add(&b, &r->stop, sizeof r->stop));
    assert_true(buffer_add(&b, &r->generated_tokens, sizeof r->generated_tokens));
    assert_true(buffer_add(&b, &r->prompt_tokens, sizeof r->prompt_tokens));
    assert_true(buffer_add(&b, &r->logprob, sizeof r->logprob));
    const quill_scored_token *lists[] = {r->tokens, r->prompt_scores};
    const size_t counts[] = {r->n_tokens, r->prompt_scores ? r->prompt_tokens : 0};
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < counts[l]; i++) {
            const quill_scored_token *t = &lists[l][i];
            double logprob = t->logprob == t->logprob ? t->logprob : 0;
            assert_true(buffer_add(&b, &t->id, sizeof t->id) && buffer_add(&b, &logprob, sizeof logprob));
            for (size_t k = 0; k < t->n_top; k++)
                assert_true(buffer_add(&b, &t->top[k].id, sizeof t->top[k].id) &&
                            buffer_add(&b, &t->top[k].logprob, sizeof t->top[k].logprob));
        }
    return b;
}

static quill_model *open_long32(void) {
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, TEST_DATA("parity/long32"), NULL, &err), err);
    return model;
}

// Runs all requests; `arrival` != 0: rows are added at random times.
static void run_batch(quill_session *session, const struct requests *r, struct buffer *got, uint64_t arrival) {
    size_t added = 0, taken = 0;
    quill_error err;
    while (taken < N_REQUESTS) {
        while (added < N_REQUESTS && quill_batch_room(session) && (!arrival || test_random(&arrival) % 3)) {
            assert_ok(quill_batch_add(session, &r->list[added], &got[added], &err), err);
            added++;
        }
        assert_ok(quill_batch_step(session, &err), err);
        quill_batch_row row;
        for (; quill_batch_take(session, &row); taken++) {
            struct buffer *place = row.tag;
            assert_null(place->p);
            *place = describe(row.status, row.result);
        }
    }
}

static void a_row_gives_what_it_gives_alone(void **state) {
    (void)state;
    static struct requests r;
    make_requests(&r);
    quill_model *model = open_long32();
    struct buffer want[N_REQUESTS];
    quill_error err;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        quill_session *session;
        const quill_result *result;
        assert_ok(quill_session_create(&session, model, NULL, &err), err);
        quill_status s = quill_generate(session, &r.list[i], &result, &err);
        want[i] = describe(s, result);
        quill_session_free(session);
    }
    const int32_t sizes[] = {1, 2, 3, 16}, chunks[] = {0, 1, 20};
    for (size_t k = 0; k < 12; k++)
        for (uint64_t arrival = 0; arrival < 2; arrival++) {
            const quill_session_options options = {.n_seq = sizes[k % 4], .n_chunk = chunks[k / 4],
                                                   .n_threads = 1 + (int)(k % 2)};
            quill_session *session;
            assert_ok(quill_session_create(&session, model, &options, &err), err);
            struct buffer got[N_REQUESTS] = {0};
            run_batch(session, &r, got, arrival * (k + 7));
            for (size_t i = 0; i < N_REQUESTS; i++) {
                assert_int_equal(got[i].n, want[i].n);
                assert_memory_equal(got[i].p, want[i].p, want[i].n);
                buffer_free(&got[i]);
            }
            quill_session_free(session);
        }
    for (size_t i = 0; i < N_REQUESTS; i++) buffer_free(&want[i]);
    quill_model_free(model);
}

static void what_all_prompts_begin_with_is_computed_once(void **state) {
    (void)state;
    enum { COMMON = 50, ROWS = 30 };
    quill_model *model = open_long32();
    quill_error err;
    for (int32_t n_seq = 1; n_seq <= 8; n_seq += 7) {
        const quill_session_options options = {.n_seq = n_seq, .n_chunk = 16};
        quill_session *session;
        assert_ok(quill_session_create(&session, model, &options, &err), err);
        static int32_t prompts[ROWS][COMMON + 10];
        size_t added = 0, taken = 0;
        while (taken < ROWS) {
            for (; added < ROWS && quill_batch_room(session); added++) {
                for (size_t k = 0; k < COMMON + 10; k++)
                    prompts[added][k] = (int32_t)(k < COMMON ? k : (added * 7 + k) % 200);
                quill_request q = quill_request_default();
                q.prompt = prompts[added], q.n_prompt = COMMON + 10, q.n_predict = 1 + (int64_t)(added % 5);
                assert_ok(quill_batch_add(session, &q, prompts[added], &err), err);
            }
            assert_ok(quill_batch_step(session, &err), err);
            quill_batch_row row;
            for (; quill_batch_take(session, &row); taken++)
                assert_true(row.tag == prompts[0] ? row.result->cached_tokens == 0
                                                  : row.result->cached_tokens >= COMMON);
        }
        quill_session_free(session);
    }
    quill_model_free(model);
}

static quill_status refuse(void *user, const char *text, size_t n) {
    (void)text, (void)n;
    return *(const quill_status *)user;
}

static void a_row_that_fails_leaves_the_others_alone(void **state) {
    (void)state;
    const char *const pieces[] = {"one", " two", " three"};
    struct scripted script = scripted_open(pieces, 3, 1);
    const quill_session_options options = {.n_seq = 3};
    const int32_t prompt[SCRIPT_CTX + 1] = {'p'};
    quill_status statuses[] = {QUILL_OK, QUILL_E_SYSTEM, QUILL_OK};
    quill_session *session;
    quill_error err;
    assert_ok(quill_session_create(&session, script.model, &options, &err), err);
    quill_request q = quill_request_default();
    q.prompt = prompt, q.n_prompt = SCRIPT_CTX + 1, q.sampling.temp = 0, q.on_text = refuse;
    assert_int_equal(quill_batch_add(session, &q, NULL, &err), QUILL_E_CONTEXT);
    assert_int_equal(quill_batch_room(session), 3);
    q.n_prompt = 1;
    for (int i = 0; i < 3; i++) {
        q.user = &statuses[i];
        assert_ok(quill_batch_add(session, &q, &statuses[i], &err), err);
    }
    assert_int_equal(quill_batch_add(session, &q, NULL, &err), QUILL_E_USAGE); // full
    const quill_result *result;
    assert_int_equal(quill_generate(session, &q, &result, &err), QUILL_E_USAGE);
    for (size_t taken = 0; taken < 3;) {
        quill_batch_row row;
        assert_ok(quill_batch_step(session, &err), err);
        for (; quill_batch_take(session, &row); taken++) {
            assert_int_equal(row.status, *(quill_status *)row.tag);
            assert_int_equal(row.result->stop, row.status ? QUILL_STOP_ERROR : QUILL_STOP_EOS);
            assert_true(row.status || row.result->text.n == strlen("one two three"));
        }
    }
    assert_ok(quill_generate(session, &q, &result, &err), err); // the session is as good as before
    assert_int_equal(result->text.n, strlen("one two three"));
    quill_session_free(session);
    scripted_close(&script);
}

static void values_that_are_not_finite_fail_the_row_they_are_of(void **state) {
    (void)state;
    // A logit beyond every float: only the row whose position wants it meets it.
    struct scripted script = scripted_open(NULL, 0, 3e38f);
    const quill_session_options options = {.n_seq = 2};
    const int32_t prompt[] = {'p'};
    quill_session *session;
    quill_error err;
    assert_ok(quill_session_create(&session, script.model, &options, &err), err);
    quill_request q = quill_request_default();
    q.prompt = prompt, q.n_prompt = 1;
    assert_ok(quill_batch_add(session, &q, NULL, &err), err);
    q.n_predict = 0;
    assert_ok(quill_batch_add(session, &q, &q, &err), err);
    quill_batch_row row;
    for (size_t taken = 0; taken < 2;) {
        assert_ok(quill_batch_step(session, &err), err);
        for (; quill_batch_take(session, &row); taken++) {
            assert_int_equal(row.status, row.tag ? QUILL_OK : QUILL_E_MODEL);
            if (!row.tag) assert_non_null(strstr(row.error.text, "model produced non-finite values"));
        }
    }
    assert_int_equal(quill_session_create(&session, script.model, &(quill_session_options){.n_seq = -1}, &err),
                     QUILL_E_USAGE);
    quill_session_free(session);
    scripted_close(&script);
}

static void of_several_rows_only_those_that_are_not_finite_fail(void **state) {
    (void)state;
    enum { ROWS = 6, SPOILT = 60, LONG = 70 };
    static const size_t lengths[ROWS] = {10, SPOILT + 1, 30, LONG, 50, SPOILT}; // the last one fails as it generates
    struct buffer file = spoil_position(SPOILT);
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open_memory(&model, file.p, file.n, "long32", NULL, &err), err);
    int32_t prompts[ROWS][LONG];
    for (int32_t i = 0; i < ROWS; i++)
        for (int32_t k = 0; k < LONG; k++) prompts[i][k] = (i * 31 + k * 7) % 250;
    const int32_t chunks[] = {0, 7, 40};
    for (size_t shape = 0; shape < 2 * sizeof chunks / sizeof *chunks; shape++) {
        const quill_session_options options = {.n_seq = shape % 2 ? ROWS : 3, .n_chunk = chunks[shape / 2]};
        quill_session *session, *alone;
        assert_ok(quill_session_create(&session, model, &options, &err), err);
        size_t added = 0, taken = 0;
        quill_request q = quill_request_default();
        q.n_predict = 5, q.seed = 2, q.logprobs = 1, q.ignore_eos = true;
        while (taken < ROWS) {
            for (; added < ROWS && quill_batch_room(session); added++) {
                q.prompt = prompts[added], q.n_prompt = lengths[added];
                assert_ok(quill_batch_add(session, &q, prompts[added], &err), err);
            }
            assert_ok(quill_batch_step(session, &err), err);
            for (quill_batch_row row; quill_batch_take(session, &row); taken++) {
                size_t i = (size_t)((int32_t(*)[LONG])row.tag - prompts);
                assert_int_equal(row.status, lengths[i] < SPOILT ? QUILL_OK : QUILL_E_MODEL);
                if (row.status) assert_non_null(strstr(row.error.text, "model produced non-finite values"));
                const quill_result *result;
                q.prompt = prompts[i], q.n_prompt = lengths[i];
                assert_ok(quill_session_create(&alone, model, NULL, &err), err);
                quill_status s = quill_generate(alone, &q, &result, &err);
                struct buffer want = describe(s, result), got = describe(row.status, row.result);
                assert_int_equal(got.n, want.n);
                assert_memory_equal(got.p, want.p, want.n);
                buffer_free(&want);
                buffer_free(&got);
                quill_session_free(alone);
            }
        }
        quill_session_free(session);
    }
    quill_model_free(model);
    buffer_free(&file);
}

static void a_session_with_rows_in_work_does_nothing_else(void **state) {
    (void)state;
    quill_model *model = open_long32();
    const quill_session_options options = {.n_seq = 2};
    const int32_t ids[] = {5, 6, 7};
    quill_session *session;
    quill_error err;
    assert_ok(quill_session_create(&session, model, &options, &err), err);
    quill_request q = quill_request_default();
    q.prompt = ids, q.n_prompt = 3, q.n_predict = 2, q.ignore_eos = true;
    assert_ok(quill_batch_add(session, &q, NULL, &err), err);
    const float *logits;
    const quill_scored_token *tokens;
    quill_option option = {.ids = ids, .n = 1};
    quill_question question = {.prompt = ids, .n_prompt = 3, .options = &option, .n_options = 1};
    assert_int_equal(quill_eval(session, ids, 3, &logits, &err), QUILL_E_USAGE);
    assert_int_equal(quill_score(session, ids, 3, 1, 0, &tokens, &err), QUILL_E_USAGE);
    assert_int_equal(quill_choose(session, &question, 1, -1, &err), QUILL_E_USAGE);
    quill_batch_row row;
    while (!quill_batch_take(session, &row)) assert_ok(quill_batch_step(session, &err), err);
    assert_int_equal(row.result->generated_tokens, 2);
    assert_ok(quill_eval(session, ids, 3, &logits, &err), err);
    assert_ok(quill_choose(session, &question, 1, -1, &err), err);
    quill_session_free(session);
    quill_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_several_rows_only_those_that_are_not_finite_fail),
        cmocka_unit_test(a_row_gives_what_it_gives_alone),
        cmocka_unit_test(what_all_prompts_begin_with_is_computed_once),
        cmocka_unit_test(a_row_that_fails_leaves_the_others_alone),
        cmocka_unit_test(values_that_are_not_finite_fail_the_row_they_are_of),
        cmocka_unit_test(a_session_with_rows_in_work_does_nothing_else),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
