// SPDX-License-Identifier: MIT
// Scoring and choosing, against brute force by transformers (tests/data/scores).
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "quill/score.h"
#include "spoilt_model.h"

struct stage {
    quill_model *model;
    quill_session *session;
    quill_error err;
};

static struct stage open_batch_stage(const char *path, int32_t n_ctx, int32_t n_seq, int32_t n_chunk) {
    struct stage st = {0};
    const quill_session_options options = {
        .n_ctx = n_ctx, .kv_type = "f32", .n_threads = 1, .n_seq = n_seq, .n_chunk = n_chunk};
    assert_ok(quill_model_open(&st.model, path, NULL, &st.err), st.err);
    assert_ok(quill_session_create(&st.session, st.model, &options, &st.err), st.err);
    return st;
}

static struct stage open_stage(const char *path, int32_t n_ctx) { return open_batch_stage(path, n_ctx, 1, 0); }

static void close_stage(struct stage *st) {
    quill_session_free(st->session);
    quill_model_free(st->model);
}

static quill_ids encode(const struct stage *st, const char *text) {
    quill_ids ids = {0};
    quill_error err;
    assert_ok(quill_encode(quill_model_tokenizer(st->model), &ids, text, strlen(text), QUILL_SPECIAL_AS_TEXT, &err),
              err);
    return ids;
}

// ---- scoring ----

static void scores_are_the_logarithms_of_the_models_probabilities(void **state) {
    (void)state;
    struct stage st = open_stage(TEST_DATA("parity/narrow20"), 0);
    quill_ids ids = encode(&st, "The ferry to the northern islands");
    const quill_scored_token *tokens;
    assert_ok(quill_score(st.session, ids.ids, ids.n, 1, 2, &tokens, &st.err), st.err);
    for (size_t i = 1; i < ids.n; i++) {
        const float *logits;
        assert_int_equal(tokens[i - 1].id, ids.ids[i]);
        double logprob = tokens[i - 1].logprob, top = tokens[i - 1].top[0].logprob, sum = 0;
        assert_int_equal(tokens[i - 1].n_top, 2);
        assert_true(top >= tokens[i - 1].top[1].logprob && top >= logprob);
        assert_ok(quill_eval(st.session, ids.ids, i, &logits, &st.err), st.err);
        for (int32_t v = 0; v < quill_n_vocab(quill_model_tokenizer(st.model)); v++) sum += exp((double)logits[v]);
        assert_true(fabs((double)logits[ids.ids[i]] - log(sum) - logprob) < 1e-5);
        assert_ok(quill_score(st.session, ids.ids, ids.n, 1, 2, &tokens, &st.err), st.err); // eval's call ended them
        assert_true(memcmp(&tokens[i - 1].logprob, &logprob, sizeof logprob) == 0);
    }
    quill_ids_free(&ids);
    close_stage(&st);
}

static void scores_do_not_depend_on_where_they_begin(void **state) {
    (void)state;
    struct stage st = open_stage(TEST_DATA("parity/long32"), 0);
    quill_ids ids = encode(&st, "The ferry to the northern islands left at six");
    const quill_scored_token *tokens;
    assert_ok(quill_score(st.session, ids.ids, ids.n, 1, 0, &tokens, &st.err), st.err);
    double *all = malloc(ids.n * sizeof *all);
    for (size_t i = 1; i < ids.n; i++) {
        all[i] = tokens[i - 1].logprob;
        assert_true(tokens[i - 1].n_top == 0 && !tokens[i - 1].top); // none was asked for
    }
    for (size_t first = ids.n; first > 0; first--) {
        assert_ok(quill_score(st.session, ids.ids, ids.n, first, 0, &tokens, &st.err), st.err);
        for (size_t i = first; i < ids.n; i++)
            assert_true(memcmp(&tokens[i - first].logprob, &all[i], sizeof *all) == 0);
    }
    free(all);
    quill_ids_free(&ids);
    close_stage(&st);
}

static void what_cannot_be_scored_is_refused(void **state) {
    (void)state;
    struct stage st = open_stage(TEST_DATA("parity/narrow20"), 4);
    const quill_scored_token *tokens;
    const int32_t ids[] = {1, 2, 3, 4, 5, 6}, bad[] = {1, 270}, worse[] = {-1, 1};
    assert_ok(quill_score(st.session, ids, 5, 1, 0, &tokens, &st.err), st.err); // the last one needs no position
    assert_int_equal(quill_score(st.session, ids, 6, 1, 0, &tokens, &st.err), QUILL_E_CONTEXT);
    assert_int_equal(quill_score(st.session, ids, 3, 0, 0, &tokens, &st.err), QUILL_E_USAGE);
    assert_int_equal(quill_score(st.session, ids, 3, 4, 0, &tokens, &st.err), QUILL_E_USAGE);
    assert_int_equal(quill_score(st.session, ids, 0, 1, 0, &tokens, &st.err), QUILL_E_USAGE);
    assert_int_equal(quill_score(st.session, ids, 3, 1, 101, &tokens, &st.err), QUILL_E_USAGE);
    assert_int_equal(quill_score(st.session, bad, 2, 1, 0, &tokens, &st.err), QUILL_E_USAGE);
    assert_int_equal(quill_score(st.session, worse, 2, 1, 0, &tokens, &st.err), QUILL_E_USAGE);
    assert_ok(quill_score(st.session, ids, 3, 3, 0, &tokens, &st.err), st.err); // nothing
    close_stage(&st);
}

// ---- choosing ----

enum { MOST_OPTIONS = 8 };

struct question {
    char prompt[64];
    char names[MOST_OPTIONS][32];
    double plain[MOST_OPTIONS], ended[MOST_OPTIONS];
    size_t n;
};

// The next of the fields between tabs, ended; *at goes past it.
static char *take_field(char **at) {
    char *field = *at;
    size_t n = strcspn(field, "\t\n");
    *at = field + n + (field[n] != 0);
    field[n] = 0;
    return field;
}

// The choose and ended rows of one prompt after those of the last; false: there are no more.
static bool next_question(FILE *file, struct question *q) {
    char line[1024];
    *q = (struct question){0};
    for (long at = ftell(file); fgets(line, sizeof line, file); at = ftell(file)) {
        char *rest = line;
        const char *kind = take_field(&rest), *prompt = take_field(&rest), *name = take_field(&rest);
        double value = strtod(take_field(&rest), NULL);
        bool choose = strcmp(kind, "choose") == 0;
        if (!choose && strcmp(kind, "ended") != 0) continue;
        if (q->n && strcmp(prompt, q->prompt) != 0) {
            fseek(file, at, SEEK_SET);
            return true;
        }
        snprintf(q->prompt, sizeof q->prompt, "%s", prompt);
        if (!choose) {
            q->ended[q->n - 1] = value;
        } else {
            snprintf(q->names[q->n], sizeof q->names[q->n], "%s", name);
            q->plain[q->n++] = value;
        }
    }
    return q->n > 0;
}

// The options of one question; the status is its own.
static quill_status choose(struct stage *st, const int32_t *prompt, size_t n_prompt, quill_option *options, size_t n,
                           int32_t end, bool *ended) {
    quill_question q = {.prompt = prompt, .n_prompt = n_prompt, .options = options, .n_options = n};
    assert_ok(quill_choose(st->session, &q, 1, end, &st->err), st->err);
    st->err = q.error;
    *ended = q.ended;
    return q.status;
}

// Whether some option's tokens begin another's is for the caller to know.
static void ask(struct stage *st, const struct question *q, bool wants_end, size_t rotate) {
    quill_ids prompt = encode(st, q->prompt), end = encode(st, "\n"), ids[MOST_OPTIONS];
    quill_option options[MOST_OPTIONS];
    for (size_t i = 0; i < q->n; i++) {
        ids[i] = encode(st, q->names[(i + rotate) % q->n]);
        options[i] = (quill_option){.ids = ids[i].ids, .n = ids[i].n};
    }
    bool ended = false;
    assert_ok(choose(st, prompt.ids, prompt.n, options, q->n, end.ids[0], &ended), st->err);
    assert_int_equal(ended, wants_end);
    double total = 0, want_total = 0;
    const double *want = ended ? q->ended : q->plain;
    for (size_t i = 0; i < q->n; i++) total += exp(options[i].logprob), want_total += exp(want[i]);
    for (size_t i = 0; i < q->n; i++) {
        double expected = want[(i + rotate) % q->n];
        assert_true(fabs(options[i].logprob - expected) < 1e-4);
        assert_true(fabs(exp(options[i].logprob) / total - exp(expected) / want_total) < 1e-6);
        quill_ids_free(&ids[i]);
    }
    quill_ids_free(&prompt);
    quill_ids_free(&end);
}

static void choices_have_the_probabilities_of_brute_force(void **state) {
    (void)state;
    for (int model = 0; model < 2; model++) {
        struct stage st = open_batch_stage(model ? TEST_DATA("parity/long32") : TEST_DATA("parity/narrow20"), 0, 3, 0);
        FILE *file = fopen(model ? TEST_DATA("scores/long32.tsv") : TEST_DATA("scores/narrow20.tsv"), "r");
        assert_non_null(file);
        struct question q;
        int n = 0;
        for (; next_question(file, &q); n++)
            for (size_t rotate = 0; rotate < q.n; rotate++) ask(&st, &q, strcmp(q.prompt, "An animal:") == 0, rotate);
        assert_int_equal(n, 2);
        fclose(file);
        close_stage(&st);
    }
}

// Tokens of a few kinds, so that many options begin alike.
static size_t draw_ids(int32_t *ids, size_t most, uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    size_t n = 1 + (*state >> 40) % most;
    for (size_t i = 0; i < n; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        ids[i] = 60 + (int32_t)((*state >> 40) % 3);
    }
    return n;
}

// The prompt, an option and, when it is not -1, the end, as a text of their own.
static double score_alone(struct stage *st, const int32_t *prompt, size_t n_prompt, const quill_option *option,
                          int32_t end) {
    int32_t ids[128];
    size_t n = n_prompt + option->n;
    const quill_scored_token *tokens;
    double sum = 0;
    memcpy(ids, prompt, n_prompt * sizeof *ids);
    memcpy(ids + n_prompt, option->ids, option->n * sizeof *ids);
    if (end >= 0) ids[n++] = end;
    assert_ok(quill_score(st->session, ids, n, n_prompt, 0, &tokens, &st->err), st->err);
    for (size_t i = n_prompt; i < n; i++) sum += tokens[i - n_prompt].logprob;
    return sum;
}

static void choices_weigh_the_same_however_many_are_computed_at_once(void **state) {
    (void)state;
    enum { N = 24, LONGEST = 6, PROMPTS = 3 };
    static const int32_t shapes[][2] = {{1, 0}, {1, 1}, {2, 3}, {3, 0}, {7, 5}, {N, 0}}; // n_seq, n_chunk
    static const int32_t prompts[PROMPTS][5] = {{5, 6, 7, 8, 9}, {5, 6, 60, 61, 62}, {5, 6, 7, 8, 9}};
    int32_t ids[N][LONGEST];
    quill_option options[N];
    uint64_t seed = 1;
    size_t n = 0;
    while (n < N) { // no two of the same tokens
        options[n] = (quill_option){.ids = ids[n], .n = draw_ids(ids[n], LONGEST, &seed)};
        size_t k = 0;
        while (k < n && (options[k].n != options[n].n || memcmp(ids[k], ids[n], options[n].n * sizeof **ids) != 0)) k++;
        n += k == n;
    }
    for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
        struct stage one = open_stage(TEST_DATA("parity/narrow20"), 0);
        struct stage st = open_batch_stage(TEST_DATA("parity/narrow20"), 0, shapes[shape][0], shapes[shape][1]);
        for (size_t p = 0; p < PROMPTS; p++) {
            bool ended;
            assert_ok(choose(&st, prompts[p], 5 - p, options, N, 10, &ended), st.err);
            assert_true(ended);
            for (size_t i = 0; i < N; i++)
                assert_true(score_alone(&one, prompts[p], 5 - p, &options[i], 10) == options[i].logprob);
            // No end is needed.
            quill_option apart[2] = {{.ids = ids[0], .n = 1}, {.ids = (const int32_t[]){70, 71, 72}, .n = 3}};
            assert_ok(choose(&st, prompts[p], 5, apart, 2, 10, &ended), st.err);
            assert_false(ended);
            for (size_t i = 0; i < 2; i++)
                assert_true(score_alone(&one, prompts[p], 5, &apart[i], -1) == apart[i].logprob);
        }
        close_stage(&st);
        close_stage(&one);
    }
}

// Questions of several shapes at once, some of them wrong: each has what it has alone.
static void questions_are_weighed_together_as_they_are_alone(void **state) {
    (void)state;
    enum { QUESTIONS = 9, MOST = 7, LONGEST = 5, BASE = 40 };
    static const int32_t shapes[][2] = {{1, 0}, {2, 2}, {4, 5}, {9, 0}, {16, 40}}; // n_seq, n_chunk
    static int32_t prompts[QUESTIONS][BASE + QUESTIONS], ids[QUESTIONS][MOST][LONGEST];
    quill_option options[QUESTIONS][MOST];
    quill_question questions[QUESTIONS], alone;
    uint64_t seed = 4;
    for (size_t r = 0; r < QUESTIONS; r++) {
        for (size_t k = 0; k < BASE + r; k++) prompts[r][k] = 40 + (int32_t)(k < BASE ? k % 11 : (r * 5 + k) % 17);
        for (size_t i = 0; i < MOST; i++) {
            options[r][i] = (quill_option){.ids = ids[r][i], .n = draw_ids(ids[r][i], LONGEST, &seed)};
            ids[r][i][0] = 100 + (int32_t)(r % 2 ? i : i / 2);                  // odd questions need no end
            if (options[r][i].n > 1) ids[r][i][1] = 120 + (int32_t)i;           // no two are the same
            else ids[r][i][0] += 40 * (int32_t)(i % 2);
            options[r][i].n_context = options[r][i].n > 2 ? (size_t)(i % 3 == 0) : 0;
        }
    }
    for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
        struct stage one = open_stage(TEST_DATA("parity/long32"), 0);
        struct stage st = open_batch_stage(TEST_DATA("parity/long32"), 0, shapes[shape][0], shapes[shape][1]);
        for (size_t r = 0; r < QUESTIONS; r++)
            questions[r] = (quill_question){.prompt = prompts[r], .n_prompt = BASE + r, .options = options[r],
                                            .n_options = 1 + r % MOST};
        questions[3].n_options = 0;
        questions[6].prompt = (const int32_t[]){-1};
        questions[6].n_prompt = 1;
        assert_ok(quill_choose(st.session, questions, QUESTIONS, 10, &st.err), st.err);
        for (size_t r = 0; r < QUESTIONS; r++) {
            assert_int_equal(questions[r].status, r == 3 || r == 6 ? QUILL_E_USAGE : QUILL_OK);
            if (questions[r].status) continue;
            double logprobs[MOST];
            for (size_t i = 0; i < questions[r].n_options; i++) logprobs[i] = options[r][i].logprob;
            alone = questions[r];
            assert_ok(quill_choose(one.session, &alone, 1, 10, &one.err), one.err);
            assert_int_equal(alone.status, QUILL_OK);
            assert_int_equal(alone.ended, questions[r].ended);
            for (size_t i = 0; i < alone.n_options; i++) {
                quill_option *o = &options[r][i];
                assert_true(logprobs[i] == o->logprob);
                int32_t text[BASE + QUESTIONS + LONGEST]; // what is context counts as the prompt's
                memcpy(text, prompts[r], (BASE + r) * sizeof *text);
                memcpy(text + BASE + r, o->ids, o->n_context * sizeof *text);
                const quill_option rest = {.ids = o->ids + o->n_context, .n = o->n - o->n_context};
                double want = score_alone(&one, text, BASE + r + o->n_context, &rest, alone.ended ? 10 : -1);
                assert_true(logprobs[i] == want);
            }
        }
        close_stage(&st);
        close_stage(&one);
    }
}

static void of_several_questions_only_those_that_are_not_finite_fail(void **state) {
    (void)state;
    enum { SPOILT = 60, QUESTIONS = 5 };
    static const size_t lengths[QUESTIONS] = {10, SPOILT + 1, 30, SPOILT - 1, SPOILT}; // the last: by its option
    struct buffer file = spoil_position(SPOILT);
    int32_t prompt[QUESTIONS][SPOILT + 1];
    const int32_t words[] = {5, 6, 7};
    quill_model *model;
    quill_error err;
    assert_ok(quill_model_open_memory(&model, file.p, file.n, "long32", NULL, &err), err);
    for (int32_t r = 0; r < QUESTIONS; r++)
        for (int32_t k = 0; k <= SPOILT; k++) prompt[r][k] = (r * 31 + k * 7) % 250;
    for (int32_t n_seq = 1; n_seq <= 8; n_seq += 3) {
        const quill_session_options options = {.n_seq = n_seq};
        quill_session *session;
        quill_option choices[QUESTIONS][2];
        quill_question questions[QUESTIONS];
        assert_ok(quill_session_create(&session, model, &options, &err), err);
        for (size_t r = 0; r < QUESTIONS; r++) {
            choices[r][0] = (quill_option){.ids = words, .n = 2};
            choices[r][1] = (quill_option){.ids = words + 1, .n = 1};
            questions[r] = (quill_question){.prompt = prompt[r], .n_prompt = lengths[r], .options = choices[r],
                                            .n_options = 2};
        }
        assert_ok(quill_choose(session, questions, QUESTIONS, -1, &err), err);
        for (size_t r = 0; r < QUESTIONS; r++) {
            assert_int_equal(questions[r].status, lengths[r] < SPOILT ? QUILL_OK : QUILL_E_MODEL);
            if (questions[r].status) assert_non_null(strstr(questions[r].error.text, "non-finite values"));
            else assert_true(choices[r][0].logprob < 0 && isfinite(choices[r][0].logprob));
        }
        quill_session_free(session);
    }
    quill_model_free(model);
    buffer_free(&file);
}

// ---- several texts ----

static void texts_have_the_same_scores_however_many_are_computed_at_once(void **state) {
    (void)state;
    enum { N = 20, LONGEST = 100, TOP = 3 };
    static const int32_t shapes[][2] = {{1, 0}, {1, 1}, {2, 3}, {3, 0}, {16, 40}, {N, 0}}; // n_seq, n_chunk
    static int32_t ids[N][LONGEST];
    size_t lengths[N], firsts[N];
    uint64_t seed = 3;
    for (size_t i = 0; i < N; i++) { // of a few beginnings, which are long or short
        size_t n = i % 3 == 0 ? 60 : i % 3 == 1 ? 10 : 0;
        for (size_t k = 0; k < n; k++) ids[i][k] = 40 + (int32_t)(i % 3 + k % 7);
        lengths[i] = n + draw_ids(ids[i] + n, LONGEST - 60, &seed);
        firsts[i] = i % 4 == 0 ? 1 : i % 4 == 1 ? lengths[i] : 1 + lengths[i] / 2;
    }
    for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
        struct stage one = open_stage(TEST_DATA("parity/long32"), 0);
        struct stage st = open_batch_stage(TEST_DATA("parity/long32"), 0, shapes[shape][0], shapes[shape][1]);
        for (int round = 0; round < 2; round++) {
            quill_scored_text texts[N];
            for (size_t i = 0; i < N; i++) texts[i] = (quill_scored_text){ids[i], lengths[i], firsts[i], NULL};
            assert_ok(quill_score_texts(st.session, texts, N, TOP, &st.err), st.err);
            for (size_t i = 0; i < N; i++) {
                const quill_scored_token *tokens;
                assert_ok(quill_score(one.session, ids[i], lengths[i], firsts[i], TOP, &tokens, &one.err), one.err);
                for (size_t k = 0; k < lengths[i] - firsts[i]; k++) {
                    const quill_scored_token *got = &texts[i].tokens[k];
                    assert_int_equal(got->id, tokens[k].id);
                    assert_true(got->logprob == tokens[k].logprob);
                    assert_int_equal(got->n_top, TOP);
                    for (size_t j = 0; j < TOP; j++) {
                        assert_int_equal(got->top[j].id, tokens[k].top[j].id);
                        assert_true(got->top[j].logprob == tokens[k].top[j].logprob);
                    }
                }
            }
            assert_ok(quill_score_texts(st.session, texts, 0, 0, &st.err), st.err);
        }
        close_stage(&st);
        close_stage(&one);
    }
}

static void one_text_that_is_wrong_is_an_error_of_all(void **state) {
    (void)state;
    struct stage st = open_batch_stage(TEST_DATA("parity/narrow20"), 4, 2, 0);
    const int32_t ids[] = {1, 2, 3, 4, 5, 6};
    quill_scored_text texts[] = {{ids, 3, 1, NULL}, {ids, 6, 1, NULL}};
    assert_int_equal(quill_score_texts(st.session, texts, 2, 0, &st.err), QUILL_E_CONTEXT);
    texts[1] = (quill_scored_text){ids, 2, 0, NULL};
    assert_int_equal(quill_score_texts(st.session, texts, 2, 0, &st.err), QUILL_E_USAGE);
    texts[1].first = 1;
    assert_ok(quill_score_texts(st.session, texts, 2, 0, &st.err), st.err);
    close_stage(&st);
}

static void choices_that_make_no_sense_are_refused(void **state) {
    (void)state;
    struct stage st = open_stage(TEST_DATA("parity/narrow20"), 4);
    const int32_t prompt[] = {1, 2}, one[] = {5, 6, 7}, bad[] = {270};
    bool ended;
    #define OPTION(list, count) {.ids = (list), .n = (count)}
    quill_option same[] = {OPTION(one, 2), OPTION(one, 2)}, empty[] = {OPTION(one, 0)};
    quill_option wrong[] = {OPTION(bad, 1)};
    quill_option nested[] = {OPTION(one, 1), OPTION(one, 2)}, longest[] = {OPTION(one, 3)};
    quill_option too_long[] = {OPTION(one, 2), OPTION(one, 3)};
    assert_int_equal(choose(&st, prompt, 2, NULL, 0, 3, &ended), QUILL_E_USAGE);
    assert_int_equal(choose(&st, prompt, 2, same, 2, 3, &ended), QUILL_E_USAGE);
    assert_int_equal(choose(&st, prompt, 2, empty, 1, 3, &ended), QUILL_E_USAGE);
    assert_int_equal(choose(&st, prompt, 2, wrong, 1, 3, &ended), QUILL_E_USAGE);
    assert_int_equal(choose(&st, prompt, 2, nested, 2, -1, &ended), QUILL_E_USAGE);
    assert_int_equal(choose(&st, prompt, 2, nested, 2, 270, &ended), QUILL_E_USAGE);
    assert_ok(choose(&st, prompt, 2, nested, 2, 3, &ended), st.err);
    assert_true(ended);
    assert_ok(choose(&st, prompt, 2, longest, 1, -1, &ended), st.err); // 2 + 3 - 1 positions
    assert_false(ended);
    assert_int_equal(choose(&st, prompt, 2, too_long, 2, 3, &ended), QUILL_E_CONTEXT);
    assert_int_equal(choose(&st, prompt, 0, longest, 1, -1, &ended), QUILL_E_USAGE);
    close_stage(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_logarithms_of_the_models_probabilities),
        cmocka_unit_test(scores_do_not_depend_on_where_they_begin),
        cmocka_unit_test(what_cannot_be_scored_is_refused),
        cmocka_unit_test(choices_have_the_probabilities_of_brute_force),
        cmocka_unit_test(choices_weigh_the_same_however_many_are_computed_at_once),
        cmocka_unit_test(questions_are_weighed_together_as_they_are_alone),
        cmocka_unit_test(of_several_questions_only_those_that_are_not_finite_fail),
        cmocka_unit_test(texts_have_the_same_scores_however_many_are_computed_at_once),
        cmocka_unit_test(one_text_that_is_wrong_is_an_error_of_all),
        cmocka_unit_test(choices_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
