// SPDX-License-Identifier: MIT
// Searches, against transformers and plain code in Python (tests/data/search; scripts/reference/search.py).
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "quill/batch.h"
#include "quill/session.h"

enum { MOST = 128, MOST_FIELDS = 12 };

static const char *const models[] = {"long32", "narrow20", "untied24"};
enum { N_MODELS = sizeof models / sizeof *models };

struct ids {
    int32_t ids[MOST];
    size_t n;
};

static struct ids read_ids(const char *text) {
    struct ids list = {.n = 0};
    for (char *end; *text && *text != '-'; text = *end ? end + 1 : end) {
        assert_true(list.n < MOST);
        list.ids[list.n++] = (int32_t)strtol(text, &end, 10);
    }
    return list;
}

struct stage {
    quill_model *model;
    quill_session *session;
    quill_error err;
};

static struct stage open_stage(const char *name, int32_t n_seq, int32_t n_chunk) {
    struct stage st = {0};
    char path[128];
    snprintf(path, sizeof path, "%s%s", TEST_DATA("parity/"), name);
    const quill_session_options options = {.kv_type = "f32", .n_threads = 1, .n_seq = n_seq, .n_chunk = n_chunk};
    assert_ok(quill_model_open(&st.model, path, NULL, &st.err), st.err);
    assert_ok(quill_session_create(&st.session, st.model, &options, &st.err), st.err);
    return st;
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    quill_model_free(st->model);
}

// Calls check for every case of a kind.
static void each_case(const char *name, const char *kind, void (*check)(struct stage *st, char **fields),
                      struct stage *st) {
    char path[128], line[4096], *fields[MOST_FIELDS];
    snprintf(path, sizeof path, "%s%s.tsv", TEST_DATA("search/"), name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n_cases = 0;
    while (fgets(line, sizeof line, f)) {
        size_t n = 0;
        for (char *at = line; at && n < MOST_FIELDS; n++) {
            fields[n] = at;
            at = strpbrk(at, "\t\n");
            if (at) *at++ = 0;
        }
        if (strcmp(fields[0], kind) != 0) continue;
        check(st, fields);
        n_cases++;
    }
    fclose(f);
    assert_true(n_cases > 0);
}

static quill_request greedy(const struct ids *prompt) {
    quill_request r = quill_request_default();
    r.prompt = prompt->ids, r.n_prompt = prompt->n;
    r.sampling.temp = 0, r.logprobs = 0;
    return r;
}

// ---- guidance ---------------------------------------------------------------------------------------

// cfg prompt negative scale ids logprobs
static void check_guided(struct stage *st, char **fields) {
    const struct ids prompt = read_ids(fields[1]), negative = read_ids(fields[2]), expected = read_ids(fields[4]);
    const char *logprob = fields[5];
    quill_request r = greedy(&prompt);
    const quill_result *result;
    if (negative.n) r.negative_prompt = negative.ids, r.n_negative_prompt = negative.n;
    r.cfg_scale = strtof(fields[3], NULL);
    r.n_predict = (int64_t)expected.n;
    assert_ok(quill_generate(st->session, &r, &result, &st->err), st->err);
    assert_int_equal(result->n_tokens, expected.n);
    for (size_t i = 0; i < expected.n; i++) {
        char *end;
        assert_int_equal(result->tokens[i].id, expected.ids[i]);
        assert_true(fabs(result->tokens[i].logprob - strtod(logprob, &end)) < 2e-4);
        logprob = end + 1;
    }
}

static void guidance_agrees_with_transformers(void **state) {
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++) {
        struct stage st = open_stage(models[i], 2, i ? 3 : 0);
        each_case(models[i], "cfg", check_guided, &st);
        close_stage(&st);
    }
}

static struct ids story(const struct stage *st, const char *text) {
    quill_ids ids = {0};
    struct ids list = {.n = 0};
    quill_error err;
    assert_ok(quill_encode(quill_model_tokenizer(st->model), &ids, text, strlen(text), QUILL_SPECIAL_AS_TEXT, &err),
              err);
    assert_true(ids.n && ids.n < MOST);
    memcpy(list.ids, ids.ids, ids.n * sizeof *ids.ids);
    list.n = ids.n;
    quill_ids_free(&ids);
    return list;
}

enum { ROWS = 7 };

// Some with guidance, some without, some past the context, of different lengths.
static quill_request mixed(const struct ids *prompts, size_t i) {
    quill_request r = greedy(&prompts[i % 3]);
    r.seed = i, r.sampling.temp = 1, r.n_predict = 30 + (int64_t)(5 * i), r.ignore_eos = i % 2;
    if (i % 3 == 2) return r;
    r.cfg_scale = 0.5f + (float)i;
    r.context_shift = i > 3, r.keep = i > 3 ? (int32_t)i - 4 : 0;
    if (i % 2) r.negative_prompt = prompts[(i + 1) % 3].ids, r.n_negative_prompt = prompts[(i + 1) % 3].n;
    return r;
}

static void rows_with_guidance_give_what_they_give_alone(void **state) {
    (void)state;
    quill_token_logprob alone[ROWS][MOST];
    size_t n_alone[ROWS];
    for (int shape = 0; shape < 5; shape++) {
        struct stage st = open_stage("narrow20", shape ? 1 + shape : 2, shape);
        const struct ids prompts[] = {story(&st, "The ferry to the northern islands"), story(&st, "In the morning"),
                                      story(&st, "a")};
        quill_batch_row row;
        for (size_t added = 0, taken = 0; taken < ROWS;) {
            while (added < ROWS && (shape || added == taken)) {
                const quill_request r = mixed(prompts, added);
                if (quill_batch_room(st.session) < quill_request_sequences(&r)) break;
                assert_ok(quill_batch_add(st.session, &r, (void *)added++, &st.err), st.err);
            }
            assert_ok(quill_batch_step(st.session, &st.err), st.err);
            for (; quill_batch_take(st.session, &row); taken++) {
                const size_t i = (size_t)row.tag, n = row.result->n_tokens;
                assert_int_equal(row.status, QUILL_OK);
                assert_true(n > 0 && n <= MOST);
                if (!shape) n_alone[i] = n;
                assert_int_equal(n, n_alone[i]);
                for (size_t k = 0; k < n; k++) {
                    const quill_scored_token *t = &row.result->tokens[k];
                    if (!shape) alone[i][k] = (quill_token_logprob){t->id, t->logprob};
                    assert_int_equal(t->id, alone[i][k].id);
                    assert_true(t->logprob == alone[i][k].logprob);
                }
            }
        }
        close_stage(&st);
    }
}

static void guidance_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct stage st = open_stage("narrow20", 1, 0), two = open_stage("narrow20", 2, 0);
    const struct ids prompt = story(&st, "In the morning"), wrong = {{100000}, 1};
    const quill_result *result;
    quill_request r = greedy(&prompt);
    r.cfg_scale = 2;
    assert_int_equal(quill_generate(st.session, &r, &result, &st.err), QUILL_E_USAGE);
    const float scales[] = {NAN, INFINITY, -101, 101};
    for (size_t i = 0; i < 4; i++) {
        r.cfg_scale = scales[i];
        assert_int_equal(quill_generate(two.session, &r, &result, &st.err), QUILL_E_USAGE);
    }
    r.cfg_scale = 2, r.negative_prompt = wrong.ids, r.n_negative_prompt = 1;
    assert_int_equal(quill_generate(two.session, &r, &result, &st.err), QUILL_E_USAGE);
    r.n_negative_prompt = 0;
    assert_int_equal(quill_generate(two.session, &r, &result, &st.err), QUILL_E_USAGE);
    int32_t many[MOST] = {0};
    r.negative_prompt = many, r.n_negative_prompt = MOST;
    assert_int_equal(quill_generate(two.session, &r, &result, &st.err), QUILL_E_CONTEXT);
    r.negative_prompt = prompt.ids, r.n_negative_prompt = prompt.n, r.cfg_scale = 1;
    assert_int_equal(quill_generate(two.session, &r, &result, &st.err), QUILL_E_USAGE);
    r.n_negative_prompt = MOST / 3, r.negative_prompt = many, r.cfg_scale = 1.1f; // its context is full first
    r.n_predict = -1, r.ignore_eos = true;
    assert_ok(quill_generate(two.session, &r, &result, &st.err), st.err);
    assert_int_equal(result->stop, QUILL_STOP_CONTEXT);
    assert_int_equal(result->generated_tokens, 64 - MOST / 3 + 1);
    close_stage(&two);
    close_stage(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guidance_agrees_with_transformers),
        cmocka_unit_test(rows_with_guidance_give_what_they_give_alone),
        cmocka_unit_test(guidance_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
