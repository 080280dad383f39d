// SPDX-License-Identifier: MIT
// Searches, against transformers and plain code in Python (tests/data/search; scripts/reference/search.py).
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "folder.h"
#include "quill/batch.h"
#include "quill/search.h"
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
    for (char *end; *text && *text != '-' && *text != '|'; text = *end == ',' ? end + 1 : end) {
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

static struct stage open_path(const char *path, int32_t n_seq, int32_t n_chunk) {
    struct stage st = {0};
    const quill_session_options options = {.kv_type = "f32", .n_threads = 1, .n_seq = n_seq, .n_chunk = n_chunk};
    assert_ok(quill_model_open(&st.model, path, NULL, &st.err), st.err);
    assert_ok(quill_session_create(&st.session, st.model, &options, &st.err), st.err);
    return st;
}

static struct stage open_stage(const char *name, int32_t n_seq, int32_t n_chunk) {
    char path[128];
    snprintf(path, sizeof path, "%s%s", TEST_DATA("parity/"), name);
    return open_path(path, n_seq, n_chunk);
}

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    quill_model_free(st->model);
}

// Calls check for every case of a kind.
static void each_case(const char *name, const char *kind, void (*check)(struct stage *st, char **fields),
                      struct stage *st) {
    char path[128], line[8192], *fields[MOST_FIELDS];
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

// ---- beams ------------------------------------------------------------------------------------------

static void copy_file(const char *model, const char *name) {
    char path[128], bytes[1 << 16];
    snprintf(path, sizeof path, "%s%s/%s", TEST_DATA("parity/"), model, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    struct buffer b = {0};
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;) assert_true(buffer_add(&b, bytes, n));
    fclose(f);
    write_file(name, b.p, b.n);
    buffer_free(&b);
}

// A model in the test's folder, in which these tokens end a text.
static struct stage open_with_ends(const char *model, const char *ends, int32_t n_seq, int32_t n_chunk) {
    static const char *const files[] = {"config.json", "vocab.json", "merges.txt", "model.safetensors"};
    char text[256];
    for (size_t i = 0; i < 4; i++) copy_file(model, files[i]);
    snprintf(text, sizeof text, "{\"eos_token_id\": [%s]}", ends);
    write_text("generation_config.json", text);
    return open_path(folder, n_seq, n_chunk);
}

static const char *model_of_case; // that is read at present

static size_t count(const char *text, char mark) {
    size_t n = 0;
    for (; *text; text++) n += *text == mark;
    return n;
}

static quill_beams beams_of(char **fields) {
    const char *early = fields[5];
    return (quill_beams){
        .n_beams = (int32_t)strtol(fields[3], NULL, 10),
        .length_penalty = strtod(fields[4], NULL),
        .early_stopping = early[1] == 'o' ? QUILL_EARLY_NO : early[0] == 'y' ? QUILL_EARLY_YES : QUILL_EARLY_NEVER,
    };
}

// The text of ids behind a prompt, without the end.
static void check_text(const struct stage *st, const struct ids *prompt, const struct ids *ids, quill_text text) {
    const quill_tokenizer *t = quill_model_tokenizer(st->model);
    struct buffer b = {0};
    size_t n;
    quill_decoder decoder;
    quill_decoder_begin(&decoder, t, QUILL_SPECIAL_AS_TEXT);
    for (size_t i = 0; i < prompt->n; i++) quill_decoder_take(&decoder, prompt->ids[i], &n);
    for (size_t i = 0; i < ids->n && !quill_token_is_eos(t, ids->ids[i]); i++) {
        const char *bytes = quill_decoder_take(&decoder, ids->ids[i], &n);
        assert_true(buffer_add(&b, bytes, n));
    }
    assert_int_equal(text.n, b.n);
    if (b.n) assert_memory_equal(text.text, b.p, b.n);
    buffer_free(&b);
}

// beams prompt eos K A early n texts scores
static void check_beams(struct stage *unused, char **fields) {
    (void)unused;
    const struct ids prompt = read_ids(fields[1]);
    const quill_beams beams = beams_of(fields);
    struct stage st = open_with_ends(model_of_case, fields[2], beams.n_beams + (int32_t)(prompt.n % 3), 0);
    quill_request r = greedy(&prompt);
    const quill_hypothesis *found;
    size_t n;
    r.logprobs = -1, r.raw_bytes = true;
    r.n_predict = strtol(fields[6], NULL, 10);
    assert_ok(quill_beam_search(st.session, &r, &beams, &found, &n, &st.err), st.err);
    assert_int_equal(n, beams.n_beams);
    assert_int_equal(n, count(fields[7], '|') + 1);
    char *ids_at = fields[7];
    const char *score = fields[8];
    for (size_t i = 0; i < n; i++) {
        const quill_result *result = &found[i].result;
        const struct ids ids = read_ids(ids_at);
        const bool ended = quill_token_is_eos(quill_model_tokenizer(st.model), ids.ids[ids.n - 1]);
        char *end;
        assert_int_equal(result->generated_tokens, ids.n);
        assert_int_equal(result->stop, ended ? QUILL_STOP_EOS : QUILL_STOP_LENGTH);
        check_text(&st, &prompt, &ids, result->text);
        assert_true(fabs(found[i].score - strtod(score, &end)) < 1e-4 * (1 + fabs(found[i].score)));
        assert_true(fabs(found[i].score - result->logprob / pow((double)ids.n, beams.length_penalty)) < 1e-9);
        ids_at = strchr(ids_at, '|') ? strchr(ids_at, '|') + 1 : ids_at;
        score = end + 1;
    }
    close_stage(&st);
}

static void beams_agree_with_transformers(void **state) {
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++) {
        model_of_case = models[i];
        each_case(models[i], "beams", check_beams, NULL);
    }
}

static void beams_do_not_depend_on_how_they_are_computed(void **state) {
    (void)state;
    double scores[8];
    size_t lengths[8];
    for (int shape = 0; shape < 5; shape++) {
        struct stage st = open_with_ends("long32", "258,80,48", shape == 4 ? 11 : 8, shape * 5);
        const struct ids prompt = story(&st, "The ferry to the northern islands");
        quill_request r = greedy(&prompt);
        const quill_beams beams = {8, 1, QUILL_EARLY_NEVER};
        const quill_hypothesis *found;
        size_t n;
        r.logprobs = -1, r.n_predict = 290; // past two tiles of the cache
        for (int again = 0; again < 2; again++) {
            assert_ok(quill_beam_search(st.session, &r, &beams, &found, &n, &st.err), st.err);
            assert_int_equal(n, 8);
            for (size_t i = 0; i < n; i++) {
                if (shape + again == 0) scores[i] = found[i].score, lengths[i] = found[i].result.generated_tokens;
                assert_true(found[i].score == scores[i] && (i == 0 || scores[i] <= scores[i - 1]));
                assert_int_equal(found[i].result.generated_tokens, lengths[i]);
            }
        }
        close_stage(&st);
    }
}

// One beam is the likeliest token each time.
static void one_beam_is_greedy(void **state) {
    (void)state;
    struct stage st = open_stage("narrow20", 1, 0);
    const struct ids prompt = story(&st, "In the morning");
    quill_request r = greedy(&prompt);
    const quill_beams beams = {1, 0, QUILL_EARLY_NO};
    const quill_hypothesis *found;
    const quill_result *result;
    const quill_text stop = {"th", 2};
    size_t n;
    r.logprobs = -1;
    for (int how = 0; how < 4; how++) {
        r.n_predict = how == 1 ? -1 : 30;
        r.stops = how == 2 ? &stop : NULL, r.n_stops = how == 2, r.line = how == 2;
        const quill_logit_bias bias[] = {{80, 3}, {48, -INFINITY}};
        r.sampling.logit_bias = how == 3 ? bias : NULL, r.sampling.n_logit_bias = how == 3 ? 2 : 0;
        assert_ok(quill_beam_search(st.session, &r, &beams, &found, &n, &st.err), st.err);
        assert_int_equal(n, 1);
        struct buffer text = {0};
        assert_true(buffer_add(&text, found[0].result.text.text, found[0].result.text.n));
        const quill_stop ended = found[0].result.stop;
        const size_t n_tokens = found[0].result.generated_tokens;
        const double logprob = found[0].result.logprob;
        assert_ok(quill_generate(st.session, &r, &result, &st.err), st.err);
        assert_int_equal(result->text.n, text.n);
        if (text.n) assert_memory_equal(result->text.text, text.p, text.n);
        assert_int_equal(result->stop, ended);
        assert_int_equal(result->generated_tokens, n_tokens);
        assert_true(fabs(result->logprob - logprob) < 1e-9);
        buffer_free(&text);
    }
    close_stage(&st);
}

static void beams_that_make_no_sense_are_refused(void **state) {
    (void)state;
    struct stage st = open_stage("narrow20", 4, 0);
    const struct ids prompt = story(&st, "In the morning");
    const quill_hypothesis *found;
    size_t n;
    quill_request r = greedy(&prompt);
    r.logprobs = -1;
    const double no_number = (double)NAN, no_end = (double)INFINITY;
    const quill_beams bad[] = {{0, 1, QUILL_EARLY_NO},      {-1, 1, QUILL_EARLY_NO},        {65, 1, QUILL_EARLY_NO},
                               {5, 1, QUILL_EARLY_NO},      {2, no_number, QUILL_EARLY_NO}, {2, no_end, QUILL_EARLY_NO},
                               {2, -101, QUILL_EARLY_NO},   {2, 1, (quill_early_stopping)3}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(quill_beam_search(st.session, &r, &bad[i], &found, &n, &st.err), QUILL_E_USAGE);
    const quill_beams good = {4, 1, QUILL_EARLY_NO};
    quill_request other[5];
    for (size_t i = 0; i < 5; i++) other[i] = r;
    other[0].logprobs = 0, other[1].heal = true, other[2].cfg_scale = 2, other[3].stop_regex = "a";
    other[4].context_shift = true;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(quill_beam_search(st.session, &other[i], &good, &found, &n, &st.err), QUILL_E_USAGE);
    quill_logit_bias all[270];
    for (int32_t i = 0; i < 270; i++) all[i] = (quill_logit_bias){i, -INFINITY};
    r.sampling.logit_bias = all, r.sampling.n_logit_bias = 270;
    assert_int_equal(quill_beam_search(st.session, &r, &good, &found, &n, &st.err), QUILL_E_CONSTRAINT);
    r.sampling.n_logit_bias = 0, r.n_predict = 0;
    assert_ok(quill_beam_search(st.session, &r, &good, &found, &n, &st.err), st.err);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].result.text.n, 0);
    const volatile sig_atomic_t interrupted = 1;
    r.n_predict = 20, r.interrupted = &interrupted;
    assert_ok(quill_beam_search(st.session, &r, &good, &found, &n, &st.err), st.err);
    assert_int_equal(found[0].result.stop, QUILL_STOP_SIGNAL);
    close_stage(&st);
}

// ---- contrastive search -----------------------------------------------------------------------------

// contrast prompt alpha k ids
static void check_contrast(struct stage *st, char **fields) {
    const struct ids prompt = read_ids(fields[1]), expected = read_ids(fields[4]);
    const quill_contrast options = {strtod(fields[2], NULL), (int32_t)strtol(fields[3], NULL, 10)};
    quill_request r = greedy(&prompt);
    const quill_result *result;
    r.n_predict = (int64_t)expected.n;
    assert_ok(quill_contrastive_search(st->session, &r, &options, &result, &st->err), st->err);
    assert_int_equal(result->n_tokens, expected.n);
    for (size_t i = 0; i < expected.n; i++) assert_int_equal(result->tokens[i].id, expected.ids[i]);
}

static void contrastive_search_agrees_with_the_formula(void **state) {
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++) {
        struct stage st = open_stage(models[i], 8 + (int32_t)i, i ? 3 : 0);
        each_case(models[i], "contrast", check_contrast, &st);
        close_stage(&st);
    }
}

// Without a penalty it is greedy, to the end of the context and with stops; its text does not depend on chunks.
static void contrastive_search_without_penalty_is_greedy(void **state) {
    (void)state;
    struct stage st = open_stage("narrow20", 3, 0), other = open_stage("narrow20", 5, 6);
    const struct ids prompt = story(&st, "In the morning");
    const quill_text stop = {"th", 2};
    const quill_contrast none = {0, 3}, some = {0.4, 3};
    const quill_result *result;
    for (int how = 0; how < 3; how++) {
        quill_request r = greedy(&prompt);
        r.n_predict = how == 1 ? -1 : 30;
        r.stops = how == 2 ? &stop : NULL, r.n_stops = how == 2;
        r.prompt_logprobs = how == 0;
        assert_ok(quill_generate(other.session, &r, &result, &st.err), st.err);
        const quill_result expected = *result;
        assert_ok(quill_contrastive_search(st.session, &r, &none, &result, &st.err), st.err);
        assert_int_equal(result->text.n, expected.text.n);
        assert_memory_equal(result->text.text, expected.text.text, expected.text.n);
        assert_int_equal(result->stop, expected.stop);
        assert_int_equal(result->n_tokens, expected.n_tokens);
        assert_true(result->logprob == expected.logprob);
        for (size_t i = 1; r.prompt_logprobs && i < prompt.n; i++)
            assert_true(result->prompt_scores[i].logprob == expected.prompt_scores[i].logprob);
        assert_ok(quill_contrastive_search(st.session, &r, &some, &result, &st.err), st.err);
        const quill_result first = *result;
        assert_ok(quill_contrastive_search(other.session, &r, &some, &result, &st.err), st.err);
        assert_int_equal(result->text.n, first.text.n);
        assert_memory_equal(result->text.text, first.text.text, first.text.n);
        assert_true(result->logprob == first.logprob);
    }
    close_stage(&other);
    close_stage(&st);
}

static void contrastive_search_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct stage st = open_stage("narrow20", 4, 0);
    const struct ids prompt = story(&st, "In the morning");
    const quill_result *result;
    const quill_contrast good = {0.6, 4};
    const quill_contrast bad[] = {{-0.1, 4}, {1.1, 4}, {(double)NAN, 4}, {0.5, 0}, {0.5, 5}, {0.5, 65}, {0.5, -1}};
    quill_request r = greedy(&prompt), other[3] = {r, r, r};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(quill_contrastive_search(st.session, &r, &bad[i], &result, &st.err), QUILL_E_USAGE);
    other[0].heal = true, other[1].cfg_scale = 2, other[2].context_shift = true;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(quill_contrastive_search(st.session, &other[i], &good, &result, &st.err), QUILL_E_USAGE);
    const volatile sig_atomic_t interrupted = 1;
    r.interrupted = &interrupted;
    assert_ok(quill_contrastive_search(st.session, &r, &good, &result, &st.err), st.err);
    assert_int_equal(result->stop, QUILL_STOP_SIGNAL);
    r.interrupted = NULL, r.n_predict = 0;
    assert_ok(quill_contrastive_search(st.session, &r, &good, &result, &st.err), st.err);
    assert_int_equal(result->stop, QUILL_STOP_LENGTH);
    close_stage(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guidance_agrees_with_transformers),
        cmocka_unit_test(rows_with_guidance_give_what_they_give_alone),
        cmocka_unit_test(guidance_that_makes_no_sense_is_refused),
        cmocka_unit_test_setup_teardown(beams_agree_with_transformers, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(beams_do_not_depend_on_how_they_are_computed, make_folder, remove_folder),
        cmocka_unit_test(one_beam_is_greedy),
        cmocka_unit_test(beams_that_make_no_sense_are_refused),
        cmocka_unit_test(contrastive_search_agrees_with_the_formula),
        cmocka_unit_test(contrastive_search_without_penalty_is_greedy),
        cmocka_unit_test(contrastive_search_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
