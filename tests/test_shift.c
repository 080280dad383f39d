// SPDX-License-Identifier: MIT
// Texts that go on past the context: what is drawn after a shift is what a fresh session computes from the tokens left.
#include "test.h"

#include "base/error.h"
#include "quill/batch.h"
#include "quill/session.h"
#include "scripted_model.h"

enum { CTX = 24, N_PROMPT = 9, N_TOKENS = 100, N_ALL = N_PROMPT + N_TOKENS, TOP = 20 };

static quill_model *open_long32(void) {
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open(&model, TEST_DATA("parity/long32"), NULL, &err), err);
    return model;
}

static quill_session *open_session(const quill_model *model, const quill_session_options *options) {
    quill_session *session;
    quill_error err;
    assert_ok(quill_session_create(&session, model, options, &err), err);
    return session;
}

static quill_request make_request(const int32_t *prompt, int32_t keep) {
    quill_request r = quill_request_default();
    r.prompt = prompt, r.n_prompt = N_PROMPT;
    r.n_predict = N_TOKENS, r.ignore_eos = true;
    r.context_shift = true, r.keep = keep;
    r.seed = 7, r.sampling.temp = 1;
    r.logprobs = TOP;
    return r;
}

// The prompt begins with BOS in every second test.
static void make_prompt(const quill_model *model, int32_t *prompt, bool bos) {
    uint64_t random = 11;
    for (int i = 0; i < N_PROMPT; i++) prompt[i] = (int32_t)(test_random(&random) % 250);
    if (bos) prompt[0] = quill_token_bos(quill_model_tokenizer(model));
}

// Drops the older half behind the first `kept`, as the header says it.
static size_t drop(int32_t *ids, size_t n, size_t kept) {
    const size_t dropped = (n - kept) / 2;
    for (size_t i = kept + dropped; i < n; i++) ids[i - dropped] = ids[i];
    return n - dropped;
}

// The likeliest tokens and their probabilities, bit for bit, are those behind a prompt of the ids that are left, in a
// session of its own.
static void check_token(const quill_model *model, const int32_t *ids, size_t n, const quill_scored_token *t) {
    quill_session *session = open_session(model, &(quill_session_options){.n_ctx = CTX, .n_threads = 1});
    quill_request r = make_request(ids, 0);
    const quill_result *result;
    quill_error err;
    r.n_prompt = n, r.n_predict = 1;
    assert_ok(quill_generate(session, &r, &result, &err), err);
    const quill_scored_token *fresh = &result->tokens[0];
    assert_int_equal(t->n_top, TOP);
    for (size_t k = 0; k < TOP; k++) {
        assert_int_equal(t->top[k].id, fresh->top[k].id);
        assert_true(t->top[k].logprob == fresh->top[k].logprob);
        if (t->id == t->top[k].id) assert_true(t->logprob == t->top[k].logprob);
    }
    quill_session_free(session);
}

static void check_tokens(const quill_model *model, const int32_t *prompt, size_t kept, const quill_result *result) {
    int32_t ids[CTX + 1];
    size_t n = N_PROMPT, shifts = 0;
    memcpy(ids, prompt, sizeof *ids * N_PROMPT);
    for (size_t i = 0; i < result->n_tokens; i++) {
        check_token(model, ids, n, &result->tokens[i]);
        ids[n++] = result->tokens[i].id;
        if (n > CTX && i + 1 < result->n_tokens) n = drop(ids, n, kept), shifts++;
    }
    assert_int_equal(result->context_shifts, shifts);
}

static void after_a_shift_the_rest_is_read_as_a_prompt(void **state) {
    (void)state;
    quill_model *model = open_long32();
    quill_session *session = open_session(model, &(quill_session_options){.n_ctx = CTX});
    const int32_t keeps[] = {0, 3, N_PROMPT, 100, -1};
    quill_error err;
    for (size_t k = 0; k < 2 * sizeof keeps / sizeof *keeps; k++) {
        const bool bos = k % 2;
        const int32_t keep = keeps[k / 2];
        int32_t prompt[N_PROMPT];
        make_prompt(model, prompt, bos);
        const quill_request r = make_request(prompt, keep);
        const quill_result *result;
        assert_ok(quill_generate(session, &r, &result, &err), err);
        assert_int_equal(result->generated_tokens, N_TOKENS);
        assert_int_equal(result->n_tokens, N_TOKENS);
        assert_int_equal(result->stop, QUILL_STOP_LENGTH);
        size_t kept = keep < 0 || keep > N_PROMPT - bos ? N_PROMPT : (size_t)keep + bos;
        check_tokens(model, prompt, kept, result);
    }
    quill_session_free(session);
    quill_model_free(model);
}

// The same text, bit for bit, whatever is guessed, however many are computed at once, and beside others.
static void a_text_does_not_depend_on_how_it_is_computed(void **state) {
    (void)state;
    quill_model *model = open_long32();
    int32_t prompts[4][N_PROMPT];
    quill_text texts[4] = {{0}};
    double logprobs[4] = {0};
    quill_error err;
    for (int shape = 0; shape < 6; shape++) {
        const quill_session_options options = {
            .n_ctx = CTX, .n_threads = 1 + shape % 2, .n_chunk = shape < 2 ? 0 : 1 + shape, .n_seq = shape < 3 ? 4 : 2,
        };
        quill_session *session = open_session(model, &options);
        size_t added = 0, taken = 0;
        while (taken < 4) {
            for (; added < 4 && quill_batch_room(session); added++) {
                make_prompt(model, prompts[added], added % 2);
                quill_request r = make_request(prompts[added], (int32_t)added);
                r.draft = shape % 3 * 8, r.n_predict -= (int64_t)added;
                r.sampling.temp = added % 3 ? 1 : 0;
                r.sampling.repeat_penalty = 1.1f, r.sampling.repeat_last_n = -1;
                assert_ok(quill_batch_add(session, &r, (void *)added, &err), err);
            }
            assert_ok(quill_batch_step(session, &err), err);
            for (quill_batch_row row; quill_batch_take(session, &row); taken++) {
                const size_t i = (size_t)row.tag;
                assert_int_equal(row.status, QUILL_OK);
                assert_int_equal(row.result->generated_tokens, N_TOKENS - i);
                if (!texts[i].text) {
                    char *copy = malloc(row.result->text.n);
                    memcpy(copy, row.result->text.text, row.result->text.n);
                    texts[i] = (quill_text){copy, row.result->text.n};
                    logprobs[i] = row.result->logprob;
                }
                assert_int_equal(texts[i].n, row.result->text.n);
                assert_memory_equal(texts[i].text, row.result->text.text, texts[i].n);
                assert_true(logprobs[i] == row.result->logprob);
            }
        }
        quill_session_free(session);
    }
    for (int i = 0; i < 4; i++) free((void *)(uintptr_t)texts[i].text);
    quill_model_free(model);
}

// Greedy with penalties of all tokens ever: the largest logit, after a penalty that is computed here.
static void penalties_count_what_was_dropped(void **state) {
    (void)state;
    quill_model *model = open_long32();
    quill_model_info info;
    quill_model_describe(model, &info);
    int32_t prompt[N_PROMPT], ids[CTX + 1], all[N_ALL];
    make_prompt(model, prompt, false);
    quill_request r = make_request(prompt, 2);
    r.sampling.temp = 0, r.sampling.presence_penalty = 3, r.sampling.repeat_last_n = -1;
    quill_session *session = open_session(model, &(quill_session_options){.n_ctx = CTX});
    quill_session *other = open_session(model, &(quill_session_options){.n_ctx = CTX});
    const quill_result *result;
    quill_error err;
    assert_ok(quill_generate(session, &r, &result, &err), err);
    size_t n = N_PROMPT, n_all = N_PROMPT;
    memcpy(ids, prompt, sizeof prompt);
    memcpy(all, prompt, sizeof prompt);
    const int32_t eos = quill_token_eos(quill_model_tokenizer(model));
    for (size_t i = 0; i < result->n_tokens; i++) {
        const float *logits;
        assert_ok(quill_eval(other, ids, n, &logits, &err), err);
        int32_t best = -1;
        double most = 0;
        for (int32_t id = 0; id < info.n_vocab; id++) {
            double logit = (double)logits[id];
            size_t k = 0;
            while (k < n_all && all[k] != id) k++;
            if (k < n_all) logit -= 3;
            if (id != eos && (best < 0 || logit > most)) best = id, most = logit;
        }
        assert_int_equal(result->tokens[i].id, best);
        all[n_all++] = ids[n++] = best;
        if (n > CTX) n = drop(ids, n, 2);
    }
    quill_session_free(other);
    quill_session_free(session);
    quill_model_free(model);
}

// After position p comes piece p, so a context of 8 gives abcdefgh, then efgh for ever: the last of 9 ids moves to
// position 4.
static void stops_may_lie_across_a_shift(void **state) {
    (void)state;
    static const char *const pieces[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const int32_t prompt[] = {'p'};
    struct scripted script = scripted_open(pieces, 8, 1);
    quill_session *session = open_session(script.model, &(quill_session_options){.n_ctx = 8});
    quill_request r = quill_request_default();
    const quill_result *result;
    quill_error err;
    r.prompt = prompt, r.n_prompt = 1, r.sampling.temp = 0, r.context_shift = true, r.n_predict = 21;
    assert_ok(quill_generate(session, &r, &result, &err), err);
    assert_int_equal(result->text.n, 21);
    assert_memory_equal(result->text.text, "abcdefghefghefghefghe", 21);
    assert_int_equal(result->context_shifts, 4);
    const quill_text stop = {"hefghefg", 8};
    r.stops = &stop, r.n_stops = 1, r.n_predict = -1;
    for (r.draft = 0; r.draft < 20; r.draft += 3) {
        assert_ok(quill_generate(session, &r, &result, &err), err);
        assert_int_equal(result->stop, QUILL_STOP_STRING);
        assert_int_equal(result->text.n, 7);
        assert_memory_equal(result->text.text, "abcdefg", 7);
    }
    r.stops = NULL, r.n_stops = 0, r.stop_regex = "(hefg){3}";
    assert_ok(quill_generate(session, &r, &result, &err), err);
    assert_int_equal(result->text.n, 7);
    quill_session_free(session);
    scripted_close(&script);
}

static void what_leaves_no_room_is_refused(void **state) {
    (void)state;
    quill_model *model = open_long32();
    quill_session *session = open_session(model, &(quill_session_options){.n_ctx = N_PROMPT});
    int32_t prompt[N_PROMPT];
    make_prompt(model, prompt, false);
    const quill_result *result;
    quill_error err;
    quill_request r = make_request(prompt, -1);
    assert_int_equal(quill_generate(session, &r, &result, &err), QUILL_E_CONTEXT);
    r.keep = -2;
    assert_int_equal(quill_generate(session, &r, &result, &err), QUILL_E_USAGE);
    r.keep = N_PROMPT - 1; // one token at a time is read with what is kept
    assert_ok(quill_generate(session, &r, &result, &err), err);
    assert_int_equal(result->generated_tokens, N_TOKENS);
    assert_int_equal(result->context_shifts, N_TOKENS - 1);
    r.context_shift = false, r.keep = 0;
    assert_ok(quill_generate(session, &r, &result, &err), err);
    assert_int_equal(result->stop, QUILL_STOP_CONTEXT);
    quill_session_free(session);
    quill_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_shift_the_rest_is_read_as_a_prompt),
        cmocka_unit_test(a_text_does_not_depend_on_how_it_is_computed),
        cmocka_unit_test(penalties_count_what_was_dropped),
        cmocka_unit_test(stops_may_lie_across_a_shift),
        cmocka_unit_test(what_leaves_no_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
