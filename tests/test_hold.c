// SPDX-License-Identifier: MIT
// quill_session_hold: what is computed within a hold is what is computed without one.
#include "test.h"

#include <pthread.h>

#include "quill/quill.h"

enum { N = 40, VOCAB = 259, TOKENS = 12 };

struct texts {
    float logits[N][VOCAB];
    char generated[3][200];
    double logprob;
};

struct work {
    quill_session *session, *other;
    int32_t ids[N];
    struct texts *texts;
    int bodies;
    pthread_t thread;
    uint64_t weights; // bytes that were brought in
};

// Every call that computes.
static void compute(void *user) {
    struct work *w = user;
    quill_error err;
    const quill_result *result;
    const quill_scored_token *tokens;
    const float *logits;
    w->bodies++;
    w->thread = pthread_self();
    for (size_t n = 1; n <= N; n++) {
        assert_ok(quill_eval(w->session, w->ids, n, &logits, &err), err);
        memcpy(w->texts->logits[n - 1], logits, sizeof w->texts->logits[n - 1]);
    }
    for (uint32_t i = 0; i < 3; i++) {
        quill_request request = quill_request_default();
        request.prompt = w->ids, request.n_prompt = N / 2;
        request.n_predict = TOKENS, request.seed = 7, request.sample = i;
        assert_ok(quill_generate(w->session, &request, &result, &err), err);
        assert_true(result->text.n < sizeof w->texts->generated[i]);
        memset(w->texts->generated[i], 0, sizeof w->texts->generated[i]);
        memcpy(w->texts->generated[i], result->text.text, result->text.n);
    }
    assert_ok(quill_score(w->session, w->ids, N, 1, 0, &tokens, &err), err);
    w->texts->logprob = 0;
    for (size_t i = 0; i < N - 1; i++) w->texts->logprob += tokens[i].logprob;
}

static bool add_weights(void *user, uint64_t done, uint64_t all) {
    struct work *w = user;
    assert_true(done <= all);
    w->weights = done;
    return true;
}

static struct work set_up(const quill_model *model, int n_threads) {
    struct work w = {.texts = calloc(1, sizeof *w.texts)};
    const quill_session_options options = {.n_threads = n_threads};
    quill_error err;
    uint64_t seed = 9;
    assert_non_null(w.texts);
    for (size_t i = 0; i < N; i++) w.ids[i] = (int32_t)(test_random(&seed) % VOCAB);
    assert_ok(quill_session_create(&w.session, model, &options, &err), err);
    return w;
}

static void tear_down(struct work *w) {
    quill_session_free(w->session);
    free(w->texts);
}

static quill_model *open_model(void) {
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, TEST_DATA("parity/long32"), NULL, &err), err);
    return model;
}

static void compute_twice(void *user) {
    struct work *w = user;
    quill_session_hold(w->session, compute, w);
    compute(w);
}

static void assert_same(const struct work *a, const struct work *b) {
    assert_memory_equal(a->texts, b->texts, sizeof *a->texts);
}

static void a_hold_changes_no_bit(void **state) {
    (void)state;
    quill_model *model = open_model();
    struct work plain = set_up(model, 1);
    compute(&plain);
    assert_true(plain.texts->generated[0][0] != 0);
    for (int threads = 1; threads <= 4; threads++) {
        struct work w = set_up(model, threads);
        quill_session_hold(w.session, compute, &w);
        assert_int_equal(w.bodies, 1);
        assert_true(pthread_equal(w.thread, pthread_self()));
        assert_same(&w, &plain);
        quill_session_hold(w.session, compute_twice, &w); // a hold within a hold
        assert_int_equal(w.bodies, 3);
        assert_same(&w, &plain);
        compute(&w); // and after them
        assert_same(&w, &plain);
        tear_down(&w);
    }
    tear_down(&plain);
    quill_model_free(model);
}

static void use_other(void *user) {
    struct work *w = user;
    struct work other = *w;
    other.session = w->other;
    compute(&other);
    quill_session_hold(w->other, compute, &other);
    compute(w);
    assert_int_equal(other.bodies, 2);
}

static void another_session_computes_within_a_hold(void **state) {
    (void)state;
    quill_model *model = open_model();
    struct work plain = set_up(model, 1), w = set_up(model, 3), other = set_up(model, 3);
    compute(&plain);
    w.other = other.session;
    quill_session_hold(w.session, use_other, &w);
    assert_same(&w, &plain);
    compute(&other);
    assert_same(&other, &plain);
    tear_down(&other);
    tear_down(&w);
    tear_down(&plain);
    quill_model_free(model);
}

static void look_at_weights(void *user) {
    struct work *w = user;
    assert_true(w->weights > 0);
}

static void the_first_hold_brings_the_weights_in(void **state) {
    (void)state;
    quill_model *model = open_model();
    struct work w = set_up(model, 1);
    quill_session_free(w.session);
    const quill_session_options options = {.n_threads = 1, .on_weights = add_weights, .user = &w};
    quill_error err;
    assert_ok(quill_session_create(&w.session, model, &options, &err), err);
    assert_true(w.weights == 0);
    quill_session_hold(w.session, look_at_weights, &w);
    w.weights = 0;
    quill_session_hold(w.session, compute, &w);
    assert_true(w.weights == 0); // once
    tear_down(&w);
    quill_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_changes_no_bit),
        cmocka_unit_test(another_session_computes_within_a_hold),
        cmocka_unit_test(the_first_hold_brings_the_weights_in),
    };
    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
