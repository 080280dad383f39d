// SPDX-License-Identifier: MIT
// Token healing: which tokens are taken back, and which may come instead. What is expected is found by trying them all.
#include "test.h"

#include "base/error.h"
#include "quill/session.h"
#include "scripted_model.h"

enum { MOST = 8, N_TOKENS = 12 };

struct bytes {
    char p[256];
    size_t n;
};

// The bytes of ids[from..n), as a continuation of those before.
static struct bytes decode(const quill_tokenizer *t, const int32_t *ids, size_t from, size_t n) {
    struct bytes all = {.n = 0};
    quill_decoder decoder;
    quill_decoder_begin(&decoder, t, QUILL_SPECIAL_AS_TEXT);
    for (size_t i = 0; i < n; i++) {
        size_t n_bytes;
        const char *bytes = quill_decoder_take(&decoder, ids[i], &n_bytes);
        if (i < from) continue;
        assert_true(all.n + n_bytes <= sizeof all.p);
        memcpy(all.p + all.n, bytes, n_bytes);
        all.n += n_bytes;
    }
    return all;
}

static bool begins(struct bytes text, struct bytes with) {
    return text.n >= with.n && memcmp(text.p, with.p, with.n) == 0;
}

// How many ids are to stay: as few as there is a token that begins with the bytes of all others, and more.
static size_t expected_kept(const quill_tokenizer *t, const int32_t *ids, size_t n) {
    size_t kept = n;
    for (size_t k = 1; k <= MOST && k < n; k++) {
        if (quill_token_is_special(t, ids[n - k])) break;
        const struct bytes tail = decode(t, ids, n - k, n);
        for (int32_t id = 0; id < quill_n_vocab(t); id++) {
            if (quill_token_is_special(t, id) || quill_token_is_unused(t, id)) continue;
            int32_t other[64];
            memcpy(other, ids, (n - k) * sizeof *ids);
            other[n - k] = id;
            const struct bytes whole = decode(t, other, n - k, n - k + 1);
            if (whole.n > tail.n && begins(whole, tail)) kept = n - k;
        }
    }
    return kept;
}

// The likeliest token with which the text can begin with `prefix`.
static int32_t likeliest(const quill_tokenizer *t, int32_t *ids, size_t kept, size_t n, struct bytes prefix,
                         const float *logits) {
    int32_t best = -1;
    for (int32_t id = 0; id < quill_n_vocab(t); id++) {
        ids[n] = id;
        const struct bytes text = decode(t, ids, kept, n + 1);
        const bool new = text.n > decode(t, ids, kept, n).n;
        const bool legal = new && (begins(text, prefix) || begins(prefix, text));
        if (decode(t, ids, kept, n).n >= prefix.n || legal)
            if (!quill_token_is_unused(t, id) && (best < 0 || logits[id] > logits[best])) best = id;
    }
    return best;
}

static void check_prompt(quill_session *session, quill_session *other, const quill_tokenizer *t, const char *text,
                         size_t n_text, size_t *healed) {
    quill_ids ids = {0};
    quill_error err;
    assert_ok(quill_encode(t, &ids, text, n_text, QUILL_SPECIAL_AS_TEXT, &err), err);
    quill_request r = quill_request_default();
    const quill_result *result;
    r.prompt = ids.ids, r.n_prompt = ids.n, r.heal = true, r.ignore_eos = false;
    r.sampling.temp = 0, r.logprobs = 0, r.n_predict = N_TOKENS, r.raw_bytes = true;
    assert_ok(quill_generate(session, &r, &result, &err), err);
    const size_t kept = expected_kept(t, ids.ids, ids.n);
    assert_int_equal(result->prompt_tokens, kept);
    assert_int_equal(result->healed_tokens, ids.n - kept);
    *healed += ids.n - kept;
    const struct bytes prefix = decode(t, ids.ids, kept, ids.n);
    int32_t all[128];
    memcpy(all, ids.ids, kept * sizeof *all);
    size_t n = kept;
    for (size_t i = 0; i < result->n_tokens; i++) {
        const float *logits;
        assert_ok(quill_eval(other, all, n, &logits, &err), err);
        const int32_t id = likeliest(t, all, kept, n, prefix, logits);
        assert_int_equal(result->tokens[i].id, id);
        all[n++] = id;
    }
    const struct bytes whole = decode(t, all, kept, n);
    assert_true(begins(whole, prefix));
    assert_int_equal(result->text.n, whole.n - prefix.n);
    assert_memory_equal(result->text.text, whole.p + prefix.n, result->text.n);
    quill_ids_free(&ids);
}

static void every_prompt_is_healed_as_by_trying_all_tokens(void **state) {
    (void)state;
    static const char *const models[] = {"parity/half64", "parity/long32"};
    static const char text[] = "the ha and head  as the red one";
    for (size_t m = 0; m < 2; m++) {
        quill_model *model;
        quill_session *session, *other;
        quill_error err;
        char path[256];
        snprintf(path, sizeof path, "%s/%s", TEST_DATA(""), models[m]);
        assert_ok(quill_model_open(&model, path, NULL, &err), err);
        const quill_session_options options = {.n_threads = 1};
        assert_ok(quill_session_create(&session, model, &options, &err), err);
        assert_ok(quill_session_create(&other, model, &options, &err), err);
        size_t healed = 0;
        for (size_t n = 1; n < sizeof text; n++)
            check_prompt(session, other, quill_model_tokenizer(model), text, n, &healed);
        assert_true(healed > 10);
        quill_session_free(other);
        quill_session_free(session);
        quill_model_free(model);
    }
}

// ---- on scripts -------------------------------------------------------------------------------------

struct stage {
    struct scripted script;
    quill_session *session;
    quill_request request;
    const quill_result *result;
    quill_error err;
};

static void open_stage(struct stage *st, const char *const *pieces, size_t n, const int32_t *prompt, size_t n_prompt) {
    *st = (struct stage){.script = scripted_open(pieces, n, 1)};
    assert_ok(quill_session_create(&st->session, st->script.model, NULL, &st->err), st->err);
    st->request = quill_request_default();
    st->request.prompt = prompt, st->request.n_prompt = n_prompt;
    st->request.sampling.temp = 0;
    st->request.heal = true;
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    scripted_close(&st->script);
}

static void expect(struct stage *st, const char *text, const char *stop, size_t n_tokens, size_t n_healed) {
    assert_ok(quill_generate(st->session, &st->request, &st->result, &st->err), st->err);
    const struct str got = {st->result->text.text, st->result->text.n};
    if (!str_is(got, text)) print_error("'%s' instead of '%s'\n", QUOTED(got), QUOTED(str_of(text)));
    assert_true(str_is(got, text));
    assert_string_equal(quill_stop_name(st->result->stop), stop);
    assert_int_equal(st->result->generated_tokens, n_tokens);
    assert_int_equal(st->result->healed_tokens, n_healed);
    assert_int_equal(st->result->prompt_tokens, st->request.n_prompt - n_healed);
}

// Piece i follows position i: behind "x", "hello" is likeliest.
static const char *const pieces[] = {"hello", " wor", "ld", "!", NULL, "<|im_start|>"};
static const int32_t x_he[] = {'x', 'h', 'e'}, x_hell[] = {'x', 'h', 'e', 'l', 'l'}, h[] = {'h'};

static void the_rest_of_the_word_is_printed(void **state) {
    (void)state;
    struct stage st;
    open_stage(&st, pieces, 6, x_he, 3);
    expect(&st, "llo world!", "eos", 5, 2);
    st.request.prompt = x_hell, st.request.n_prompt = 5;
    expect(&st, "o world!", "eos", 5, 4);
    st.request.n_predict = 2;
    expect(&st, "o wor", "length", 2, 4);
    st.request.n_predict = 0;
    expect(&st, "", "length", 0, 4);
    st.request.n_predict = 20;
    st.request.prompt = h, st.request.n_prompt = 1; // the first token stays
    expect(&st, "hello world!", "eos", 5, 0);
    close_stage(&st);
}

// What is likeliest does not begin with "he": of the others, all alike, the lowest id is drawn: "h", and then "e".
static void an_unlikely_word_is_spelled_out(void **state) {
    (void)state;
    static const char *const other[] = {" wor", "hello", "y", NULL};
    struct stage st;
    open_stage(&st, other, 4, x_he, 3);
    expect(&st, "y", "eos", 4, 2);
    st.request.n_predict = 1; // it ends within the bytes taken back
    expect(&st, "", "length", 1, 2);
    close_stage(&st);
}

static void special_tokens_are_not_taken_back(void **state) {
    (void)state;
    const int32_t special = SCRIPT_EOS + 1 + 5;
    const int32_t behind[] = {'x', special, 'h', 'e'}, last[] = {'x', 'h', special};
    struct stage st;
    open_stage(&st, pieces, 6, behind, 4);
    assert_ok(quill_generate(st.session, &st.request, &st.result, &st.err), st.err);
    assert_int_equal(st.result->healed_tokens, 2);
    st.request.prompt = last, st.request.n_prompt = 3;
    assert_ok(quill_generate(st.session, &st.request, &st.result, &st.err), st.err);
    assert_int_equal(st.result->healed_tokens, 0);
    close_stage(&st);
}

static void stops_begin_behind_the_prompt(void **state) {
    (void)state;
    struct stage st;
    open_stage(&st, pieces, 6, x_he, 3);
    const quill_text stops[] = {{"he", 2}, {"ello", 4}};
    st.request.stops = stops, st.request.n_stops = 2;
    expect(&st, "llo world!", "eos", 5, 2);
    const quill_text within[] = {{"lo w", 4}};
    st.request.stops = within, st.request.n_stops = 1;
    expect(&st, "l", "stop", 2, 2);
    st.request.stop_regex = "l+";
    expect(&st, "", "stop", 1, 2);
    st.request.min_tokens = 1; // nothing matches in the first token
    st.request.n_stops = 0;
    expect(&st, "llo wor", "stop", 3, 2);
    close_stage(&st);
}

static void a_constraint_reads_what_follows_the_prompt(void **state) {
    (void)state;
    struct stage st;
    open_stage(&st, pieces, 6, x_he, 3);
    static const char *const patterns[] = {"llo wor", "llo world", "(?=llo)[lo]+ w.{4}", "abc", "e"};
    static const char *const texts[] = {"llo wor", "llo world", "llo world", "abc", "e"};
    for (size_t i = 0; i < 5; i++) {
        assert_ok(quill_constraint_regex(&st.request.constraint, patterns[i], &st.err), st.err);
        for (int round = 0; round < 2; round++) {
            assert_ok(quill_generate(st.session, &st.request, &st.result, &st.err), st.err);
            assert_true(str_is((struct str){st.result->text.text, st.result->text.n}, texts[i]));
            assert_string_equal(quill_stop_name(st.result->stop), "regex");
        }
        quill_constraint_free(st.request.constraint);
    }
    assert_ok(quill_constraint_regex(&st.request.constraint, "llo world", &st.err), st.err);
    st.request.n_predict = 2, st.request.budget = QUILL_BUDGET_HARD;
    assert_int_equal(quill_generate(st.session, &st.request, &st.result, &st.err), QUILL_E_CONSTRAINT);
    assert_int_equal(st.result->text.n, 0);
    quill_constraint_free(st.request.constraint);
    close_stage(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prompt_is_healed_as_by_trying_all_tokens),
        cmocka_unit_test(the_rest_of_the_word_is_printed),
        cmocka_unit_test(an_unlikely_word_is_spelled_out),
        cmocka_unit_test(special_tokens_are_not_taken_back),
        cmocka_unit_test(stops_begin_behind_the_prompt),
        cmocka_unit_test(a_constraint_reads_what_follows_the_prompt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
