// SPDX-License-Identifier: MIT
// Tiny models of every family (tests/data/families), as directories and GGUF files, against what transformers computes
// with them (tests/data/README.md).
//
// test_family_parity [FILE]: writes to FILE by how much the logits of each model differ. The figures on record are in
// tests/data/family-figures.tsv, and scripts/family-table puts them into the READMEs.
#include "family_models.h"
#include "model/families/family.h"
#include "quill/tokenizer.h"

#define FIGURES TEST_DATA("family-figures.tsv")

// Models that quill does not run yet, by their paths. What is named here must be refused, so that a name cannot stay
// when its family's row has come.
static const char *const not_yet[] = {
    "apertus", "apertus/model.gguf",
    "granite-swa",
    NULL,
};
static const size_t n_not_yet = sizeof not_yet / sizeof not_yet[0] - 1; // the list ends with NULL

enum { MAX_FAMILIES = 200 };

static bool runs(const char *name) {
    for (size_t i = 0; i < n_not_yet; i++)
        if (strcmp(not_yet[i], name) == 0) return false;
    return true;
}

// ---- comparisons ----

static const double bound = 3e-5; // of the largest logit: the forms of GELU differ by 1e-4. BF16 weights as F32

static double log_prob(const float *row, size_t n, int32_t id) {
    double max = (double)row[0], sum = 0;
    for (size_t i = 1; i < n; i++) max = fmax(max, (double)row[i]);
    for (size_t i = 0; i < n; i++) sum += exp((double)row[i] - max);
    return (double)row[id] - max - log(sum);
}

// The largest difference of the probabilities of all tokens, as a share of the largest logit.
static double log_prob_difference(const struct expected *e, const float *logits) {
    double most = 0;
    assert_int_equal(e->n_log_probs, e->prompt.n + e->greedy.n - 1);
    for (size_t t = 0; t < e->n_log_probs; t++) {
        const size_t next = t + 1;
        const int32_t id = next < e->prompt.n ? e->prompt.ids[next] : e->greedy.ids[next - e->prompt.n];
        const double d = fabs(log_prob(logits + t * e->n_vocab, e->n_vocab, id) - e->log_probs[t]);
        if (isnan(d) || d > most) most = d;
    }
    return most / e->max_abs;
}

// ---- figures ----

static struct {
    const char *path; // of the file to write; NULL: none
    char *text;       // a line for each model that runs: model, family, which of its rows, difference of the logits
    size_t n;
    FILE *stream;     // writes text
} figures;

static void add_figure(const char *name, double d) {
    struct loaded l = load(path_of(name));
    const struct family *family = l.model->family, *row;
    int which = 0;
    for (size_t f = 0; (row = family_at(f)); f++) {
        which += strcmp(row->name, family->name) == 0;
        if (row == family) break;
    }
    fprintf(figures.stream, "%s\t%s\t%d\t%.1e\n", name, family->name, which, d);
    unload(&l);
}

static void write_figures(const char *path) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(figures.text, 1, figures.n, f), figures.n);
    assert_int_equal(fclose(f), 0);
}

// Every machine computes the same bits, so the figures are the same too.
static void the_figures_are_those_on_record(void **state) {
    (void)state;
    fflush(figures.stream);
    if (figures.path) write_figures(figures.path);
    char line[300];
    const char *at = figures.text;
    bool same = true;
    FILE *f = fopen(FIGURES, "r");
    assert_non_null(f);
    while (same && fgets(line, sizeof line, f))
        if ((same = strncmp(at, line, strlen(line)) == 0)) at += strlen(line);
    fclose(f);
    if (same && !*at) return;
    print_error("other figures, from '%.*s' on; to renew them:\n"
                "build/tests/test_family_parity " FIGURES " && scripts/family-table\n", (int)strcspn(at, "\n"), at);
    _fail(__FILE__, __LINE__);
}

// All at once, token by token, and in chunks: the same bits, and transformers' numbers.
static bool agrees_with(const char *name, const struct expected *e, const float *logits) {
    bool same = true;
    for (size_t chunk = 1; chunk <= 7; chunk += 6) {
        float *other = logits_as(path_of(name), true, e, chunk, 1);
        same = same && same_bits(e, logits, other);
        free(other);
    }
    const double d = difference(e, logits), p = log_prob_difference(e, logits);
    const bool good = same && d < bound && p < bound;
    add_figure(name, d);
    if (!good)
        print_error("%s: logits differ by %.2g, log-probabilities by %.2g of the largest logit; in chunks: %s\n",
                    name, d, p, same ? "the same bits" : "OTHER bits");
    return good;
}

static bool agrees(const char *name) {
    struct expected e = expected_of(name);
    float *logits = logits_as(path_of(name), true, &e, 0, 2);
    const bool good = logits && agrees_with(name, &e, logits);
    free(logits);
    free_expected(&e);
    return good;
}

static void every_model_agrees_with_transformers(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    size_t n = 0, good = 0;
    for (size_t i = 0; i < paths->n; i++)
        if (runs(paths->names[i])) n++, good += agrees(paths->names[i]);
    print_message("%zu models run, %d not yet\n", n, (int)n_not_yet);
    free(paths);
    assert_int_equal(good, n);
}

static void the_same_numbers_in_both_formats_give_the_same_bits(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    size_t different = 0;
    for (size_t i = 0; i < paths->n; i++) {
        char name[NAME_BYTES];
        const char *gguf = paths->names[i];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(gguf, "/"), gguf);
        if (!strstr(gguf, "/") || !runs(name) || !runs(gguf)) continue;
        struct expected e = expected_of(name);
        if (e.same_bits) {
            float *a = logits_of(name, &e, 0, 1), *b = logits_of(gguf, &e, 0, 1);
            if (!same_bits(&e, a, b)) {
                print_error("%s: other bits\n", gguf);
                different++;
            }
            free(a);
            free(b);
        }
        free_expected(&e);
    }
    free(paths);
    assert_int_equal(different, 0);
}

// In each format that a family's row can bind, one of the models that run is of the family.
static void every_row_has_a_model(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    bool seen[MAX_FAMILIES][2] = {{false}};
    size_t missing = 0;
    for (size_t i = 0; i < paths->n; i++) {
        if (!runs(paths->names[i])) continue;
        struct loaded l;
        quill_error err;
        if (try_load(&l, path_of(paths->names[i]), &err)) continue;
        for (size_t f = 0; f < MAX_FAMILIES && family_at(f); f++)
            if (l.model->family == family_at(f)) seen[f][l.weights->format] = true;
        unload(&l);
    }
    for (size_t f = 0; f < MAX_FAMILIES && family_at(f); f++)
        for (int format = 0; format < 2; format++) {
            if (seen[f][format] || !family_has(family_at(f), (enum weights_format)format)) continue;
            print_error("%s: no model in %s runs\n", family_at(f)->name, format == WEIGHTS_HF ? "a directory" : "GGUF");
            missing++;
        }
    free(paths);
    assert_int_equal(missing, 0);
}

static bool is_refused(const char *name) {
    struct loaded l;
    quill_error err;
    const quill_status s = try_load(&l, path_of(name), &err);
    if (s) {
        assert_int_equal(s, QUILL_E_MODEL);
        return true;
    }
    print_error("%s runs: take it off the list\n", name);
    unload(&l);
    return false;
}

static void what_does_not_run_yet_is_refused(void **state) {
    (void)state;
    size_t refused = 0;
    for (size_t i = 0; i < n_not_yet; i++) refused += is_refused(not_yet[i]);
    assert_int_equal(refused, n_not_yet);
}

static void every_tokenizer_gives_the_prompt(void **state) {
    (void)state;
    struct paths *paths = all_paths();
    for (size_t i = 0; i < paths->n; i++) {
        struct expected e = expected_of(paths->names[i]);
        quill_tokenizer *tokenizer;
        quill_ids ids = {0};
        quill_error err;
        char text[256];
        size_t n = 0;
        for (const char *hex = e.prompt_hex; hex[0] >= '0' && n < sizeof text; hex += 2) {
            const char byte[3] = {hex[0], hex[1], '\0'};
            text[n++] = (char)strtol(byte, NULL, 16);
        }
        assert_ok(quill_tokenizer_open(&tokenizer, path_of(paths->names[i]), &err), err);
        assert_ok(quill_encode(tokenizer, &ids, text, n, QUILL_SPECIAL_AS_TEXT, &err), err);
        assert_int_equal(ids.n, e.prompt.n);
        assert_memory_equal(ids.ids, e.prompt.ids, ids.n * sizeof *ids.ids);
        quill_ids_free(&ids);
        quill_tokenizer_free(tokenizer);
        free_expected(&e);
    }
    free(paths);
}

int main(int argc, char **argv) {
    figures.path = argc > 1 ? argv[1] : NULL;
    figures.stream = open_memstream(&figures.text, &figures.n);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_agrees_with_transformers),
        cmocka_unit_test(the_figures_are_those_on_record),
        cmocka_unit_test(the_same_numbers_in_both_formats_give_the_same_bits),
        cmocka_unit_test(every_row_has_a_model),
        cmocka_unit_test(what_does_not_run_yet_is_refused),
        cmocka_unit_test(every_tokenizer_gives_the_prompt),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fclose(figures.stream);
    free(figures.text);
    return failed;
}
