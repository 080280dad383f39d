// SPDX-License-Identifier: MIT
// Prompt-lookup drafting: what is guessed, that it counts, and that nothing else depends on it.
#include "test.h"

#include <math.h>

#include "quill/batch.h"
#include "scripted_model.h"
#include "session/draft.h"

enum { ROOM = 100 };

// The guess after ids[0..n), of at most `most` tokens, is want[0..n_want).
static void expect_draft(const char *text, int32_t most, size_t room, const char *want) {
    int32_t ids[ROOM];
    const size_t n = strlen(text);
    struct draft d;
    for (size_t i = 0; i < n; i++) ids[i] = text[i];
    draft_start(&d, most);
    assert_int_equal(draft_make(&d, ids, n, room), strlen(want));
    for (size_t i = 0; want[i]; i++) assert_int_equal(ids[n + i], want[i]);
}

static void a_draft_is_what_followed_the_last_tokens_before(void **state) {
    (void)state;
    expect_draft("abcdefgabc", 4, ROOM, "defg");
    expect_draft("abcdefgabc", 2, ROOM, "de");
    expect_draft("abcdefgabc", 4, 1, "d");
    expect_draft("abcdefgabc", 4, 0, "");
    expect_draft("abcdefgabc", 0, ROOM, "");
    expect_draft("abc1abc2xabc", 2, ROOM, "2x");  // the latest one
    expect_draft("abc1zbc2xabc", 2, ROOM, "1z");  // three tokens say more than two
    expect_draft("zbc1xbc2yabc", 2, ROOM, "2y");  // two are enough
    expect_draft("abcdefc", 4, ROOM, "");         // one is not
    expect_draft("ab", 4, ROOM, "");
    expect_draft("a", 4, ROOM, "");
}

static void what_repeats_goes_on(void **state) {
    (void)state;
    expect_draft("aaaa", 5, ROOM, "aaaaa");
    expect_draft("aaa", 5, ROOM, "aaaaa");
    expect_draft("xyxyxy", 5, ROOM, "xyxyx");
}

static void auto_ends_where_too_little_is_accepted(void **state) {
    (void)state;
    struct draft d;
    int32_t ids[ROOM] = {0};
    draft_start(&d, QUILL_DRAFT_AUTO);
    for (int times = 0; times < 2; times++) { // there are 8 to begin with
        assert_int_equal(draft_make(&d, ids, 10, ROOM), 4);
        draft_end(&d, 0);
    }
    for (int i = 0; i < 64; i++) { // which bring 4
        assert_int_equal(draft_make(&d, ids, 10, ROOM), 0);
        draft_end(&d, 0);
    }
    assert_int_equal(draft_make(&d, ids, 10, ROOM), 4);
    draft_end(&d, 4); // 12 are left
    for (int i = 0; i < 20; i++) {
        assert_int_equal(draft_make(&d, ids, 10, ROOM), i ? 4 : 8);
        draft_end(&d, i ? 2 : 3); // more than a third
    }
    assert_int_equal(draft_make(&d, ids, 10, 3), 3);
    draft_end(&d, 3); // as many as there was room for
    assert_int_equal(draft_make(&d, ids, 10, ROOM), 8);
    int drafts = 1;
    for (draft_end(&d, 0); draft_make(&d, ids, 10, ROOM); drafts++) draft_end(&d, 0);
    assert_int_equal(drafts, 13); // 12 - 8 + 9 + 19 * 2 + 6 = 57 are left; 8, then 12 times 4
}

// ---- generations ----

static quill_session *new_session(const quill_model *model, const quill_session_options *options) {
    quill_session *session;
    quill_error err;
    assert_ok(quill_session_create(&session, model, options, &err), err);
    return session;
}

static struct buffer generate(quill_session *session, const quill_request *q, quill_result *out) {
    const quill_result *r;
    quill_error err;
    struct buffer b = {0};
    quill_status s = quill_generate(session, q, &r, &err);
    *out = *r;
    assert_true(buffer_add(&b, &s, sizeof s) && buffer_add(&b, &r->stop, sizeof r->stop));
    assert_true(buffer_add(&b, r->text.text, r->text.n) && buffer_add(&b, &r->logprob, sizeof r->logprob));
    assert_true(buffer_add(&b, &r->generated_tokens, sizeof r->generated_tokens));
    assert_true(buffer_add(&b, &r->cached_tokens, sizeof r->cached_tokens));
    assert_true(buffer_add(&b, r->stop_match.text, r->stop_match.n));
    for (size_t i = 0; i < r->n_tokens; i++) {
        const quill_scored_token *t = &r->tokens[i];
        assert_true(buffer_add(&b, &t->id, sizeof t->id) && buffer_add(&b, &t->logprob, sizeof t->logprob));
        for (size_t k = 0; k < t->n_top; k++) {
            assert_true(buffer_add(&b, &t->top[k].id, sizeof t->top[k].id));
            assert_true(buffer_add(&b, &t->top[k].logprob, sizeof t->top[k].logprob));
        }
    }
    return b;
}

// Two sessions run the same requests, one after the other: what the cache holds after one may show in the next.
static void nothing_else_depends_on_it(void **state) {
    (void)state;
    static const char *const models[] = {TEST_DATA("parity/long32"), TEST_DATA("parity/half64"),
                                         TEST_DATA("parity/narrow20")};
    static const int32_t drafts[] = {QUILL_DRAFT_AUTO, 1, 3, 64};
    static const char *const kv_types[] = {"f16", "f32", "q8_0"};
    static const quill_text stops[] = {{"e", 1}, {"th", 2}};
    static const quill_logit_bias few[] = {{32, 20}, {39, 20}, {46, 20}}; // a text of few tokens repeats itself
    size_t accepted = 0, filled = 0;
    uint64_t random = 9;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        quill_model *model;
        quill_error err;
        assert_ok(quill_model_open(&model, models[m], NULL, &err), err);
        const int32_t n_ctx = quill_model_n_ctx(model) < 120 ? quill_model_n_ctx(model) : 120;
        const quill_session_options options = {.n_ctx = n_ctx, .kv_type = kv_types[m], .n_threads = 1};
        quill_session *plain = new_session(model, &options), *drafting = new_session(model, &options);
        for (size_t i = 0; i < 60; i++) {
            int32_t prompt[24];
            quill_request q = quill_request_default();
            for (size_t k = 0; k < 24; k++) prompt[k] = (int32_t)(test_random(&random) % 4 * 7 + 32); // of few tokens
            q.prompt = prompt, q.n_prompt = 1 + test_random(&random) % (n_ctx < 24 ? (size_t)n_ctx : 24);
            q.n_predict = i % 4 ? (int64_t)(test_random(&random) % 60) : -1;
            q.seed = i, q.sample = (uint32_t)(i % 2), q.min_tokens = i % 3 ? 0 : 9;
            q.ignore_eos = i % 5, q.logprobs = (int)(i % 4) - 1;
            q.sampling.temp = (float[]){0, 0.3f, 1, 2}[i % 4];
            q.sampling.top_k = i % 3 ? 40 : 3, q.sampling.top_p = i % 5 ? 0.95f : 0.5f;
            q.sampling.repeat_penalty = i % 6 ? 1 : 1.3f;
            q.sampling.logit_bias = few, q.sampling.n_logit_bias = i % 2 ? 3 : 0;
            q.stops = stops, q.n_stops = i % 7 ? 0 : 2;
            q.stop_regex = i % 11 ? NULL : "[a-z]{3}";
            quill_result want, got;
            q.draft = 0;
            struct buffer a = generate(plain, &q, &want);
            q.draft = drafts[i % 4];
            struct buffer b = generate(drafting, &q, &got);
            assert_int_equal(want.drafted_tokens, 0);
            assert_int_equal(a.n, b.n);
            assert_memory_equal(a.p, b.p, a.n);
            accepted += got.accepted_tokens;
            filled += got.stop == QUILL_STOP_CONTEXT;
            buffer_free(&a);
            buffer_free(&b);
        }
        quill_session_free(plain);
        quill_session_free(drafting);
        quill_model_free(model);
    }
    assert_true(accepted > 100);
    assert_true(filled > 10);
}

// The script says what comes at each position: three words again and again.
static void drafts_of_a_text_that_repeats_are_accepted(void **state) {
    (void)state;
    const char *pieces[40];
    for (size_t i = 0; i < 40; i++) pieces[i] = (const char *[]){"one", " two", " three"}[i % 3];
    struct scripted script = scripted_open(pieces, 40, 1);
    quill_session *session = new_session(script.model, NULL);
    const int32_t prompt[] = {'p'};
    quill_request q = quill_request_default();
    q.prompt = prompt, q.n_prompt = 1, q.sampling.temp = 0;
    quill_result r;
    q.draft = 4;
    struct buffer b = generate(session, &q, &r);
    // Generated are 40 words and EOS. After the first five the last two came before; then every pass gives five words:
    // 5 + 7 * 5 = 40, and all seven drafts were right. The next one is of nothing: EOS is what comes.
    assert_int_equal(r.generated_tokens, 41);
    assert_int_equal(r.stop, QUILL_STOP_EOS);
    assert_int_equal(r.accepted_tokens, 28);
    assert_int_equal(r.drafted_tokens, 32);
    buffer_free(&b);
    q.n_predict = 7; // one word is drawn after the last guess
    b = generate(session, &q, &r);
    assert_int_equal(r.generated_tokens, 7);
    assert_int_equal(r.drafted_tokens, 1);
    buffer_free(&b);
    quill_session_free(session);
    scripted_close(&script);
}

// Nothing before the end of the text needs position 21, but drafts do.
static void what_is_only_guessed_does_not_fail(void **state) {
    (void)state;
    const char *pieces[20];
    for (size_t i = 0; i < 20; i++) pieces[i] = i % 2 ? "x" : "y";
    struct scripted script = scripted_open(pieces, 20, 1);
    size_t bytes = 0;
    for (int i = 0; i < SCRIPT_TENSORS; i++) bytes += script_tensors[i].inner * script_tensors[i].outer * sizeof(float);
    size_t positions = script.file.n - bytes + script_tensors[0].inner * script_tensors[0].outer * sizeof(float);
    const float infinity = (float)INFINITY;
    memcpy(script.file.p + positions + 21 * SCRIPT_CTX * sizeof(float), &infinity, sizeof infinity);
    const int32_t prompt[] = {'p'};
    for (int32_t n_seq = 1; n_seq <= 2; n_seq++) {
        quill_session *session = new_session(script.model, &(quill_session_options){.n_seq = n_seq});
        quill_request q = quill_request_default();
        quill_error err;
        q.prompt = prompt, q.n_prompt = 1, q.sampling.temp = 0, q.draft = 8;
        for (int32_t i = 0; i < n_seq; i++) assert_ok(quill_batch_add(session, &q, NULL, &err), err);
        for (int32_t taken = 0; taken < n_seq;) {
            quill_batch_row row;
            assert_ok(quill_batch_step(session, &err), err);
            for (; quill_batch_take(session, &row); taken++) {
                assert_int_equal(row.status, QUILL_OK);
                assert_int_equal(row.result->stop, QUILL_STOP_EOS);
                assert_int_equal(row.result->text.n, 20);
                assert_true(row.result->accepted_tokens > 0);
            }
        }
        quill_session_free(session);
    }
    scripted_close(&script);
}

static void bad_numbers_are_refused(void **state) {
    (void)state;
    struct scripted script = scripted_open(NULL, 0, 1);
    quill_session *session = new_session(script.model, NULL);
    const int32_t prompt[] = {'p'};
    quill_request q = quill_request_default();
    q.prompt = prompt, q.n_prompt = 1, q.draft = -2;
    const quill_result *r;
    quill_error err;
    assert_int_equal(quill_generate(session, &q, &r, &err), QUILL_E_USAGE);
    assert_non_null(strstr(err.text, "draft"));
    q.draft = INT32_MAX;
    assert_ok(quill_generate(session, &q, &r, &err), err);
    quill_session_free(session);
    scripted_close(&script);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_is_what_followed_the_last_tokens_before),
        cmocka_unit_test(what_repeats_goes_on),
        cmocka_unit_test(auto_ends_where_too_little_is_accepted),
        cmocka_unit_test(nothing_else_depends_on_it),
        cmocka_unit_test(drafts_of_a_text_that_repeats_are_accepted),
        cmocka_unit_test(what_is_only_guessed_does_not_fail),
        cmocka_unit_test(bad_numbers_are_refused),
    };
    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
