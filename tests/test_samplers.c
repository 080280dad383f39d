// SPDX-License-Identifier: MIT
// The steps of the chain that are off by default, each against its definition written down plainly, and against
// transformers' logits processors.
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "sampler/repeats.h"
#include "sampler/sampler.h"

enum { N_VOCAB = 300, N_HISTORY = 120 };

static quill_sampling everything_off(void) {
    quill_sampling s = quill_sampling_default();
    s.temp = 1, s.top_k = 0, s.top_p = 1, s.min_p = 0;
    return s;
}

static double unit(uint64_t *seed) { return (double)(test_random(seed) >> 11) * 0x1p-53; }
static size_t below(uint64_t *seed, size_t n) { return (size_t)(test_random(seed) % n); }

// Roughly normal around 0; `step` > 0 rounds to its multiples, which makes ties.
static void random_logits(float *out, size_t n, double scale, double step, uint64_t *seed) {
    for (size_t i = 0; i < n; i++) {
        double x = -6;
        for (int k = 0; k < 12; k++) x += unit(seed);
        x *= scale;
        out[i] = (float)(step > 0 ? round(x / step) * step : x);
    }
}

// ---- the steps, written down plainly --------------------------------------------------------------
// Tokens that are left, the largest logit first, ties by the lower id; p is their softmax.

struct token {
    int32_t id;
    double logit, p, key;
};

struct text {
    int32_t ids[N_HISTORY];
    bool breaks[N_HISTORY];
    size_t n;
};

static int by_logit(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    return a->logit != b->logit ? (a->logit < b->logit ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static int by_key(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    return a->key != b->key ? (a->key > b->key ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static void arrange(struct token *t, size_t n) {
    double sum = 0;
    qsort(t, n, sizeof *t, by_logit);
    for (size_t i = 0; i < n; i++) sum += t[i].p = exp(t[i].logit - t[0].logit);
    for (size_t i = 0; i < n; i++) t[i].p /= sum;
}

static double entropy_of(const struct token *t, size_t n) {
    double entropy = 0;
    for (size_t i = 0; i < n; i++) entropy -= t[i].p > 0 ? t[i].p * log(t[i].p) : 0;
    return entropy;
}

static size_t mass(const struct token *t, size_t n, double target) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if ((sum += t[i].p) >= target) return i + 1;
    return n;
}

// Those of at least this probability, or the likeliest ones.
static size_t at_least(const struct token *t, size_t n, double p) {
    size_t kept = 0;
    while (kept < n && t[kept].p >= fmin(p, t[0].p)) kept++;
    return kept;
}

// Top-n-sigma, section 3 of the paper, on the logits.
static size_t plain_sigma(const struct token *t, size_t n, double k) {
    double mean = 0, square = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) mean += t[i].logit;
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) square += pow(t[i].logit - mean, 2);
    while (kept < n && t[kept].logit >= t[0].logit - k * sqrt(square / (double)n)) kept++;
    return kept;
}

// "Exclude top choices", when chance asks for it.
static size_t plain_xtc(struct token *t, size_t n, double threshold) {
    size_t above = 0;
    while (above < n && t[above].p >= threshold) above++;
    const size_t dropped = above > 1 ? above - 1 : 0;
    memmove(t, t + dropped, (n - dropped) * sizeof *t);
    return n - dropped;
}

static double plain_temperature(const struct token *t, size_t n, const quill_sampling *o) {
    const double temp = (double)o->temp, range = (double)o->dynatemp_range;
    if (range == 0 || n < 2) return temp;
    const double low = fmax(0, temp - range), high = temp + range;
    return fmax(1e-30, low + (high - low) * pow(entropy_of(t, n) / log((double)n), (double)o->dynatemp_exp));
}

static void plain_divide(struct token *t, size_t n, double temp) {
    for (size_t i = 0; i < n; i++) t[i].logit /= temp;
}

static void plain_penalties(struct token *t, size_t n, const quill_sampling *o, const struct text *x) {
    const size_t window = o->repeat_last_n < 0 || (size_t)o->repeat_last_n > x->n ? x->n : (size_t)o->repeat_last_n;
    for (size_t i = 0; i < n; i++) {
        int count = 0;
        for (size_t k = x->n - window; k < x->n; k++) count += x->ids[k] == t[i].id;
        if (count == 0) continue;
        t[i].logit *= t[i].logit > 0 ? 1 / (double)o->repeat_penalty : (double)o->repeat_penalty;
        t[i].logit -= (double)o->presence_penalty + count * (double)o->frequency_penalty;
    }
}

// DRY as its author writes it down: each earlier place of a token, and how far back the texts are the same there.
static void plain_dry(struct token *t, size_t n, const quill_sampling *o, const struct text *x) {
    const size_t last_n = (size_t)o->dry_penalty_last_n;
    const size_t start = o->dry_penalty_last_n < 0 || last_n > x->n ? 0 : x->n - last_n;
    if (start == x->n || x->breaks[x->n - 1]) return;
    for (size_t k = 0; k < n; k++) {
        size_t longest = 0;
        for (size_t i = start; i + 1 < x->n; i++) {
            if (x->ids[i + 1] != t[k].id || x->breaks[i + 1]) continue;
            size_t length = 0;
            while (length <= i - start && x->ids[i - length] == x->ids[x->n - 1 - length] &&
                   !x->breaks[x->n - 1 - length])
                length++;
            if (length > longest) longest = length;
        }
        if (longest < (size_t)o->dry_allowed_length) continue;
        const double exponent = (double)(longest - (size_t)o->dry_allowed_length);
        t[k].logit -= (double)o->dry_multiplier * pow((double)o->dry_base, exponent);
    }
}

static bool plain_repeats(const struct text *x, size_t n, int32_t next) {
    for (size_t i = 0; i + n <= x->n; i++)
        if (x->ids[i + n - 1] == next && memcmp(x->ids + i, x->ids + x->n - (n - 1), (n - 1) * sizeof *x->ids) == 0)
            return true;
    return false;
}

static size_t plain_step(struct token *t, size_t n, quill_step step, const quill_sampling *o, const struct text *x) {
    arrange(t, n);
    const double entropy = entropy_of(t, n), eta = (double)o->eta_cutoff, epsilon = (double)o->epsilon_cutoff;
    switch (step) {
    case QUILL_STEP_PENALTIES: plain_penalties(t, n, o, x); return n;
    case QUILL_STEP_DRY: plain_dry(t, n, o, x); return n;
    case QUILL_STEP_TOP_N_SIGMA: return o->top_n_sigma > 0 ? plain_sigma(t, n, (double)o->top_n_sigma) : n;
    case QUILL_STEP_TOP_K: return o->top_k && n > (size_t)o->top_k ? (size_t)o->top_k : n;
    case QUILL_STEP_TYPICAL_P:
        if (o->typical_p == 1) return n;
        for (size_t i = 0; i < n; i++) t[i].key = fabs(-log(t[i].p) - entropy);
        qsort(t, n, sizeof *t, by_key);
        return mass(t, n, (double)o->typical_p);
    case QUILL_STEP_TOP_P: return o->top_p < 1 ? mass(t, n, (double)o->top_p) : n;
    case QUILL_STEP_MIN_P: return at_least(t, n, (double)o->min_p * t[0].p);
    case QUILL_STEP_EPSILON: return at_least(t, n, epsilon);
    case QUILL_STEP_ETA: return at_least(t, n, fmin(eta, sqrt(eta) * exp(-entropy)));
    case QUILL_STEP_XTC: return o->xtc_probability > 0 ? plain_xtc(t, n, (double)o->xtc_threshold) : n;
    case QUILL_STEP_TEMPERATURE:
        plain_divide(t, n, plain_temperature(t, n, o));
        return n;
    case QUILL_STEP_COUNT: break;
    }
    return 0;
}

static size_t plain_chain(struct token *t, const quill_sampling *o, const float *logits, size_t n_vocab,
                          const struct text *x) {
    size_t n = 0;
    for (size_t i = 0; i < n_vocab; i++)
        if (!o->no_repeat_ngram || !plain_repeats(x, (size_t)o->no_repeat_ngram, (int32_t)i))
            t[n++] = (struct token){.id = (int32_t)i, .logit = (double)logits[i]};
    for (size_t i = 0; i < o->n_steps; i++) n = plain_step(t, n, (quill_step)o->steps[i], o, x);
    arrange(t, n);
    return n;
}

static void expect_same(const struct candidate *got, size_t n_got, const struct token *expected, size_t n) {
    assert_int_equal(n_got, n);
    double p[N_VOCAB] = {0};
    for (size_t i = 0; i < n; i++) p[expected[i].id] = expected[i].p;
    for (size_t i = 0; i < n; i++) assert_true(fabs(got[i].p - p[got[i].id]) < 1e-9);
}

// Runs `change` over many logits, sharp and flat, with and without ties, and over histories that repeat themselves.
static void compare_with_plain(int rounds, void (*change)(quill_sampling *o, uint64_t *seed)) {
    struct sampler *s = sampler_create(N_VOCAB);
    assert_non_null(s);
    uint64_t seed = 21;
    float logits[N_VOCAB];
    for (int round = 0; round < rounds / test_share(); round++) {
        static struct token expected[N_VOCAB];
        struct text x = {.n = below(&seed, 4) ? N_HISTORY : below(&seed, 12)};
        const size_t alphabet = (const size_t[]){2, 3, 20, N_VOCAB}[round % 4];
        random_logits(logits, N_VOCAB, round % 3 == 0 ? 0.3 : round % 3 == 1 ? 2 : 5, round & 1 ? 0.37 : 0, &seed);
        for (size_t i = 0; i < x.n; i++) {
            x.ids[i] = (int32_t)below(&seed, alphabet);
            if (round & 8 && i >= 30 && below(&seed, 9)) x.ids[i] = x.ids[i - 30]; // long repetitions
            x.breaks[i] = round & 4 && below(&seed, 10) == 0;
        }
        quill_sampling o = everything_off();
        change(&o, &seed);
        assert_true(sampler_reserve(s, &o, x.n));
        const struct draw draw = {.sampling = &o, .history = x.ids, .n_history = x.n, .breaks = x.breaks};
        const struct candidate *got;
        const size_t n_got = sampler_distribution(s, logits, &draw, &got);
        expect_same(got, n_got, expected, plain_chain(expected, &o, logits, N_VOCAB, &x));
    }
    sampler_free(s);
}

static void some_sigma(quill_sampling *o, uint64_t *seed) { o->top_n_sigma = (float)(0.05 + 4 * unit(seed)); }
static void some_epsilon(quill_sampling *o, uint64_t *seed) { o->epsilon_cutoff = (float)pow(unit(seed), 4); }
static void some_eta(quill_sampling *o, uint64_t *seed) { o->eta_cutoff = (float)pow(unit(seed), 4); }

static void some_xtc(quill_sampling *o, uint64_t *seed) {
    o->xtc_probability = 1, o->xtc_threshold = (float)pow(unit(seed), 3);
}

static void some_dynatemp(quill_sampling *o, uint64_t *seed) {
    o->temp = (float)(0.3 + unit(seed)), o->dynatemp_range = (float)(2 * unit(seed) * (double)o->temp);
    o->dynatemp_exp = (float)(3 * unit(seed));
}

static void some_dry(quill_sampling *o, uint64_t *seed) {
    o->dry_multiplier = (float)(2 * unit(seed)), o->dry_base = (float)(1 + unit(seed));
    o->dry_allowed_length = 1 + (int32_t)below(seed, 5), o->dry_penalty_last_n = (int32_t)below(seed, 150) - 1;
}

static void some_ngram(quill_sampling *o, uint64_t *seed) { o->no_repeat_ngram = 1 + (int32_t)below(seed, 12); }

static void what_is_on_by_default(quill_sampling *o, uint64_t *seed) {
    o->top_k = 1 + (int32_t)below(seed, 320), o->temp = (float)(0.2 + unit(seed));
    o->typical_p = (float)(0.3 + 0.7 * unit(seed)), o->top_p = (float)(0.3 + 0.7 * unit(seed));
    o->min_p = (float)(0.3 * unit(seed)), o->repeat_penalty = (float)(0.7 + unit(seed));
    o->frequency_penalty = (float)unit(seed), o->repeat_last_n = (int32_t)below(seed, 130) - 1;
}

// Every step with a chance of a half, in a random order, of which some are left out.
static void any_order(quill_sampling *o, uint64_t *seed) {
    void (*const steps[])(quill_sampling *, uint64_t *) = {some_sigma, some_epsilon, some_eta,   some_xtc,
                                                           some_dynatemp, some_dry, some_ngram, what_is_on_by_default};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (below(seed, 2)) steps[i](o, seed);
    for (size_t i = QUILL_STEP_COUNT; i-- > 1;) {
        const size_t k = below(seed, i + 1);
        const uint8_t other = o->steps[k];
        o->steps[k] = o->steps[i], o->steps[i] = other;
    }
    o->n_steps = below(seed, QUILL_STEP_COUNT + 1);
}

static void default_order(quill_sampling *o, uint64_t *seed) {
    any_order(o, seed);
    const quill_sampling initial = quill_sampling_default();
    memcpy(o->steps, initial.steps, sizeof o->steps);
    o->n_steps = initial.n_steps;
}

static void top_n_sigma_is_that_of_the_paper(void **state) { (void)state, compare_with_plain(300, some_sigma); }
static void epsilon_cutoff_is_a_probability(void **state) { (void)state, compare_with_plain(300, some_epsilon); }
static void eta_cutoff_goes_by_the_entropy(void **state) { (void)state, compare_with_plain(300, some_eta); }
static void xtc_leaves_the_last_of_the_top(void **state) { (void)state, compare_with_plain(300, some_xtc); }
static void dynatemp_goes_by_the_entropy(void **state) { (void)state, compare_with_plain(300, some_dynatemp); }
static void dry_is_that_of_its_author(void **state) { (void)state, compare_with_plain(1000, some_dry); }
static void no_ngram_repeats(void **state) { (void)state, compare_with_plain(600, some_ngram); }
static void the_default_order_is_documented(void **state) { (void)state, compare_with_plain(600, default_order); }
static void steps_run_in_any_order(void **state) { (void)state, compare_with_plain(1000, any_order); }

// ---- by hand, and by transformers ------------------------------------------------------------------

static size_t distribution(const quill_sampling *o, const float *logits, int32_t n, const int32_t *history,
                           size_t n_history, struct candidate *out) {
    struct sampler *s = sampler_create(n);
    const struct candidate *got;
    assert_non_null(s);
    assert_true(sampler_reserve(s, o, n_history));
    const struct draw draw = {.sampling = o, .history = history, .n_history = n_history};
    size_t kept = sampler_distribution(s, logits, &draw, &got);
    memcpy(out, got, kept * sizeof *out);
    sampler_free(s);
    return kept;
}

// Numbers divided by blanks; "-" is none.
static size_t read_numbers(const char *text, double *out, size_t room) {
    size_t n = 0;
    char *end;
    for (double x = strtod(text, &end); end != text && n < room; x = strtod(text, &end)) out[n++] = x, text = end;
    return n;
}

static void transformers_leaves_the_same(void **state) {
    (void)state;
    enum { MOST = 64 };
    char line[2000];
    int cases = 0;
    FILE *f = fopen(TEST_DATA("samplers.tsv"), "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f);) {
        char *field[5], *rest = line;
        double logit[MOST], ids[MOST], left[MOST];
        float logits[MOST];
        int32_t history[MOST];
        bool is_left[MOST] = {false};
        struct candidate got[MOST];
        if (line[0] == '#') continue;
        for (int i = 0; i < 5; i++) assert_non_null(field[i] = strsep(&rest, "\t\n"));
        const size_t n = read_numbers(field[2], logit, MOST), n_history = read_numbers(field[3], ids, MOST);
        const size_t n_left = read_numbers(field[4], left, MOST);
        for (size_t i = 0; i < n; i++) logits[i] = (float)logit[i];
        for (size_t i = 0; i < n_history; i++) history[i] = (int32_t)ids[i];
        for (size_t i = 0; i < n_left; i++) is_left[(size_t)left[i]] = true;
        quill_sampling o = everything_off();
        const double value = strtod(field[1], NULL);
        if (strcmp(field[0], "eta_cutoff") == 0) o.eta_cutoff = (float)value;
        else if (strcmp(field[0], "epsilon_cutoff") == 0) o.epsilon_cutoff = (float)value;
        else o.no_repeat_ngram = (int32_t)value;
        assert_int_equal(distribution(&o, logits, (int32_t)n, history, n_history, got), n_left);
        for (size_t i = 0; i < n_left; i++) assert_true(is_left[got[i].id]);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 36);
}

static void dry_by_hand(void **state) {
    (void)state;
    const float logits[6] = {0};
    const int32_t history[8] = {1, 2, 3, 4, 5, 1, 2, 3}; // 4 would make the repetition longer
    struct candidate c[6];
    quill_sampling o = everything_off();
    o.dry_multiplier = 0.5f, o.dry_base = 2;
    assert_int_equal(distribution(&o, logits, 6, history, 8, c), 6);
    assert_true(c[5].id == 4 && fabs(c[5].p - exp(-0.5 * 2) / (5 + exp(-0.5 * 2))) < 1e-14);
    o.dry_allowed_length = 3;
    distribution(&o, logits, 6, history, 8, c);
    assert_true(c[5].id == 4 && fabs(c[5].p - exp(-0.5) / (5 + exp(-0.5))) < 1e-14);
    o.dry_allowed_length = 4;
    distribution(&o, logits, 6, history, 8, c);
    assert_true(c[0].p == c[5].p);
    o.dry_allowed_length = 2, o.temp = 0; // a penalty, so it counts without a temperature too
    const float tempting[6] = {0, 0, 0, 0, 0.9f, 0.1f};
    assert_int_equal(distribution(&o, tempting, 6, history, 8, c), 1);
    assert_int_equal(c[0].id, 5);
    o.n_steps = 0, o.steps[o.n_steps++] = QUILL_STEP_TEMPERATURE; // but not where it is no step
    assert_int_equal(distribution(&o, tempting, 6, history, 8, c), 1);
    assert_int_equal(c[0].id, 4);
}

static void what_is_no_step_is_not_applied(void **state) {
    (void)state;
    const float logits[4] = {3, 2, 1, 0};
    struct candidate c[4];
    quill_sampling o = quill_sampling_default();
    o.top_k = 2, o.temp = 0, o.n_steps = 0;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 4);
    assert_true(fabs(c[0].p - exp(3) / (exp(3) + exp(2) + exp(1) + 1)) < 1e-14);
    o.steps[o.n_steps++] = QUILL_STEP_TOP_K;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 2);
    o.steps[o.n_steps++] = QUILL_STEP_TEMPERATURE;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 1);
}

// Every token of a vocabulary of two would repeat: then both may come, as if nothing were forbidden.
static void an_ngram_repeats_where_nothing_else_is_left(void **state) {
    (void)state;
    const float logits[3] = {1, 2, 9};
    const int32_t history[6] = {0, 0, 1, 1, 0, 1};
    const quill_logit_bias bias = {2, -INFINITY};
    struct candidate c[3];
    quill_sampling o = everything_off();
    o.logit_bias = &bias, o.n_logit_bias = 1, o.no_repeat_ngram = 2;
    assert_int_equal(distribution(&o, logits, 3, history, 4, c), 1); // 0 0, 0 1 and 1 1 came, 1 0 did not
    assert_int_equal(c[0].id, 0);
    assert_int_equal(distribution(&o, logits, 3, history, 6, c), 2);
    assert_true(c[0].id == 1 && fabs(c[0].p - 1 / (1 + exp(-1))) < 1e-14);
}

// ---- XTC ---------------------------------------------------------------------------------------------

// 20,000 draws with a chance of 0.3 against the mixture of both distributions; with 7 degrees of freedom chi-square
// exceeds 24.3 once in 1,000 times.
static void draws_with_xtc_have_their_probabilities(void **state) {
    (void)state;
    enum { N = 8, DRAWS = 20000 };
    const float logits[N] = {2, 1.5f, 1, 0.5f, 0, -0.5f, -1, -3};
    struct candidate without[N], with[N];
    double p[N] = {0}, chi = 0;
    int count[N] = {0};
    quill_sampling o = everything_off();
    assert_int_equal(distribution(&o, logits, N, NULL, 0, without), N);
    o.xtc_probability = 1;
    const size_t n_with = distribution(&o, logits, N, NULL, 0, with);
    assert_int_equal(n_with, N - 2); // 0.41, 0.25 and 0.15 are above 0.1
    for (int i = 0; i < N; i++) p[without[i].id] += 0.7 * without[i].p;
    for (size_t i = 0; i < n_with; i++) p[with[i].id] += 0.3 * with[i].p;
    o.xtc_probability = 0.3f;
    struct sampler *s = sampler_create(N);
    for (uint64_t i = 0; i < DRAWS; i++) {
        const struct draw draw = {.sampling = &o, .key = {.seed = 3, .position = i}};
        count[sampler_draw(s, logits, &draw)]++;
    }
    for (int i = 0; i < N; i++) chi += pow(count[i] - p[i] * DRAWS, 2) / (p[i] * DRAWS);
    assert_true(chi < 24.3);
    sampler_free(s);
}

// A draw that is made again, because its token was rejected, is made among the same tokens.
static void xtc_decides_once_for_a_position(void **state) {
    (void)state;
    const float logits[4] = {2, 1.9f, 1.8f, -1};
    quill_sampling o = everything_off();
    o.xtc_probability = 0.5f;
    struct sampler *s = sampler_create(4);
    int excluded = 0;
    for (uint64_t i = 0; i < 400; i++) {
        const struct candidate *c;
        struct draw draw = {.sampling = &o, .key = {.seed = 1, .position = i}};
        const size_t n = sampler_distribution(s, logits, &draw, &c);
        assert_true(n == 4 || n == 2);
        excluded += n == 2;
        for (draw.key.rejected = 1; draw.key.rejected < 4; draw.key.rejected++)
            assert_int_equal(sampler_distribution(s, logits, &draw, &c), n);
    }
    assert_true(excluded > 160 && excluded < 240);
    sampler_free(s);
}

static void the_last_legal_token_is_not_excluded(void **state) {
    (void)state;
    const float logits[5] = {3, 2.9f, 2.8f, -9, -9};
    const int32_t history[4] = {0, 0, 1, 0};
    struct token_set allowed;
    assert_true(token_set_create(&allowed, 5));
    token_set_add(&allowed, 0);
    struct sampler *s = sampler_create(5);
    uint64_t seed = 4;
    for (int round = 0; round < 500; round++) {
        quill_sampling o = everything_off();
        any_order(&o, &seed);
        o.xtc_probability = 1, o.xtc_threshold = 0.1f, o.no_repeat_ngram = round % 3;
        o.mirostat = round % 5 == 4 ? 1 + round % 2 : 0;
        assert_true(sampler_reserve(s, &o, 4));
        const struct draw draw = {.sampling = &o, .history = history, .n_history = 4, .allowed = &allowed};
        assert_int_equal(sampler_draw(s, logits, &draw), 0);
    }
    free(allowed.bits);
    sampler_free(s);
}

// ---- mirostat ----------------------------------------------------------------------------------------

static size_t plain_mirostat(const struct token *t, size_t n, const quill_sampling *o, double mu) {
    size_t k = 1;
    if (o->mirostat == 2) { // Algorithm 2 of the authors' code
        while (k < n && -log2(t[k].p) <= mu) k++;
        return k;
    }
    const size_t m = n < 100 ? n : 100; // Algorithm 1
    double up = 0, down = 0;
    for (size_t i = 1; i < m; i++) {
        const double ti = log((double)(i + 1) / (double)i), bi = t[i - 1].logit - t[i].logit;
        up += ti * bi, down += ti * ti;
    }
    const double s = up / down, e = s - 1;
    const double kf = pow(e * pow(2, mu) / (1 - pow((double)n, -e)), 1 / s);
    return kf < 1 ? 1 : kf < (double)n ? (size_t)kf : n;
}

static void mirostat_is_that_of_the_paper(void **state) {
    (void)state;
    static struct token expected[N_VOCAB];
    struct sampler *s = sampler_create(N_VOCAB);
    uint64_t seed = 31;
    float logits[N_VOCAB];
    for (int round = 0; round < 600; round++) {
        random_logits(logits, N_VOCAB, round % 3 == 0 ? 0.3 : round % 3 == 1 ? 2 : 5, 0, &seed);
        quill_sampling o = everything_off();
        o.mirostat = 1 + round % 2, o.mirostat_ent = (float)(0.2 + 4 * unit(&seed));
        o.mirostat_lr = (float)unit(&seed), o.temp = (float)(0.3 + unit(&seed));
        size_t n = plain_chain(expected, &o, logits, N_VOCAB, &(struct text){0});
        double p[N_VOCAB];
        for (size_t i = 0; i < n; i++) p[expected[i].id] = expected[i].p;
        if (round & 4) o.top_k = 5, o.top_p = 0.5f, o.min_p = 0.3f, o.xtc_probability = 1; // which it replaces
        struct mirostat m;
        mirostat_begin(&m, &o);
        assert_true(m.mu == 2 * (double)o.mirostat_ent);
        if (round & 8) m.mu = 12 * unit(&seed) - 2;
        const double mu = m.mu;
        n = plain_mirostat(expected, n, &o, mu);
        arrange(expected, n);
        const struct candidate *got;
        const struct draw draw = {.sampling = &o, .mirostat = &m, .key = {.seed = (uint64_t)round}};
        const size_t n_got = sampler_distribution(s, logits, &draw, &got);
        expect_same(got, n_got, expected, n);
        const int32_t id = sampler_draw(s, logits, &draw);
        assert_true(m.mu == mu);
        const double error = -log2(p[id]) - (double)o.mirostat_ent;
        assert_true(fabs(m.next - (mu - (double)o.mirostat_lr * error)) < 1e-9);
        mirostat_accept(&m);
        assert_true(m.mu == m.next);
    }
    sampler_free(s);
}

// Over 3,000 draws from one distribution the mean surprise is what was asked for.
static void mirostat_keeps_the_surprise(void **state) {
    (void)state;
    float logits[N_VOCAB];
    for (int i = 0; i < N_VOCAB; i++) logits[i] = -1.1f * (float)log(i + 1.0);
    struct candidate c[N_VOCAB];
    double p[N_VOCAB];
    quill_sampling o = everything_off();
    distribution(&o, logits, N_VOCAB, NULL, 0, c);
    for (int i = 0; i < N_VOCAB; i++) p[c[i].id] = c[i].p;
    struct sampler *s = sampler_create(N_VOCAB);
    for (o.mirostat = 1; o.mirostat <= 2; o.mirostat++)
        for (o.mirostat_ent = 3; o.mirostat_ent < 6; o.mirostat_ent += 1) {
            struct mirostat m;
            double sum = 0;
            mirostat_begin(&m, &o);
            for (uint64_t i = 0; i < 3000; i++, mirostat_accept(&m)) {
                const struct draw draw = {.sampling = &o, .mirostat = &m, .key = {.seed = 8, .position = i}};
                sum -= log2(p[sampler_draw(s, logits, &draw)]);
            }
            assert_true(fabs(sum / 3000 - (double)o.mirostat_ent) < 0.1);
        }
    sampler_free(s);
}

// ---- repeats -----------------------------------------------------------------------------------------

static void repeats_are_found(void **state) {
    (void)state;
    enum { MOST = 60 };
    uint64_t seed = 41;
    int32_t ids[MOST], match[MOST];
    for (int round = 0; round < 4000; round++) {
        const size_t n = below(&seed, MOST + 1), alphabet = 1 + below(&seed, 4);
        for (size_t i = 0; i < n; i++)
            ids[i] = below(&seed, 5) && i > 8 ? ids[i - 1 - below(&seed, 2) * 6] : (int32_t)below(&seed, alphabet);
        repeats_find(match, ids, n);
        for (size_t i = 0; i < n; i++) {
            size_t length = 0;
            while (length <= i && ids[i - length] == ids[n - 1 - length]) length++;
            assert_int_equal(match[i], length);
        }
    }
}

// 400,000 ids that repeat in every way: a method that compares each place anew would take 10^10 steps.
static void long_histories_take_linear_time(void **state) {
    (void)state;
    enum { N = 400000 };
    int32_t *ids = calloc(N, sizeof *ids);
    const float logits[4] = {0, 1, 2, 3};
    struct sampler *s = sampler_create(4);
    quill_sampling o = everything_off();
    o.dry_multiplier = 1, o.no_repeat_ngram = N / 2;
    assert_true(ids && s && sampler_reserve(s, &o, N));
    const struct draw draw = {.sampling = &o, .history = ids, .n_history = N};
    const struct candidate *c;
    for (size_t period = 1; period < N; period *= 90) {
        for (size_t i = 0; i < N; i++) ids[i] = i % period == 0;
        assert_int_equal(sampler_distribution(s, logits, &draw, &c), period > N / 2 ? 4 : 3);
        assert_true(c[0].id == 3 && c[0].p > 0);
    }
    o.no_repeat_ngram = 1000000000; // longer than any history
    assert_int_equal(sampler_distribution(s, logits, &draw, &c), 4);
    free(ids);
    sampler_free(s);
}

// ---- values ------------------------------------------------------------------------------------------

// Whatever the logits and the values are, a draw gives a token that is not excluded, or none.
static void hostile_logits_are_survived(void **state) {
    (void)state;
    enum { N = 40 };
    const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0, 1e-45f};
    struct sampler *s = sampler_create(N);
    uint64_t seed = 51;
    float logits[N];
    int32_t history[N];
    for (int round = 0; round < 3000; round++) {
        for (size_t i = 0; i < N; i++) {
            logits[i] = below(&seed, 2) ? odd[below(&seed, 7)] : (float)(10 * unit(&seed));
            history[i] = (int32_t)below(&seed, round & 1 ? 2 : N);
        }
        quill_sampling o = everything_off();
        any_order(&o, &seed);
        if (round % 4 == 0) o.dry_multiplier = 3e38f, o.dry_base = 3e38f, o.dry_allowed_length = 1;
        if (round % 5 == 0) o.top_n_sigma = round & 1 ? 3e38f : 1e-45f;
        if (round % 6 == 0) o.dynatemp_range = 3e38f, o.dynatemp_exp = round & 1 ? 3e38f : 0, o.temp = 1e-45f;
        if (round % 7 == 0) o.repeat_penalty = 3e38f, o.presence_penalty = -3e38f;
        o.mirostat = round % 8 < 3 ? round % 8 : 0, o.mirostat_ent = round & 16 ? 3e38f : 1e-45f, o.mirostat_lr = 1;
        quill_error err;
        assert_ok(quill_sampling_check(&o, N, &err), err);
        struct mirostat m;
        mirostat_begin(&m, &o);
        assert_true(sampler_reserve(s, &o, N));
        for (uint64_t i = 0; i < 3; i++, mirostat_accept(&m)) {
            const struct draw draw = {.sampling = &o, .history = history, .n_history = N, .mirostat = &m,
                                      .key = {.position = i}};
            const int32_t id = sampler_draw(s, logits, &draw);
            assert_true(id >= 0 && id < N && !isnan(logits[id]) && logits[id] > -INFINITY);
        }
    }
    sampler_free(s);
}

#define REFUSE(field, bad)                                                     \
    do {                                                                       \
        quill_sampling o_ = quill_sampling_default();                          \
        quill_error err_;                                                      \
        o_.field = (bad);                                                      \
        assert_int_equal(quill_sampling_check(&o_, 0, &err_), QUILL_E_USAGE);  \
        assert_memory_equal(err_.text, #field ":", sizeof #field);             \
    } while (0)

static void values_out_of_range_are_refused_by_name(void **state) {
    (void)state;
    REFUSE(top_n_sigma, NAN);
    REFUSE(top_n_sigma, -1.5f);
    REFUSE(top_n_sigma, INFINITY);
    REFUSE(epsilon_cutoff, -0.1f);
    REFUSE(epsilon_cutoff, 1.1f);
    REFUSE(epsilon_cutoff, NAN);
    REFUSE(eta_cutoff, -0.1f);
    REFUSE(eta_cutoff, 1.1f);
    REFUSE(eta_cutoff, NAN);
    REFUSE(xtc_probability, -0.1f);
    REFUSE(xtc_probability, 1.1f);
    REFUSE(xtc_probability, NAN);
    REFUSE(xtc_threshold, -0.1f);
    REFUSE(xtc_threshold, NAN);
    REFUSE(dynatemp_range, -0.1f);
    REFUSE(dynatemp_range, INFINITY);
    REFUSE(dynatemp_exp, -1);
    REFUSE(dynatemp_exp, NAN);
    REFUSE(dry_multiplier, -1);
    REFUSE(dry_multiplier, NAN);
    REFUSE(dry_base, 0.9f);
    REFUSE(dry_base, NAN);
    REFUSE(dry_allowed_length, 0);
    REFUSE(dry_penalty_last_n, -2);
    REFUSE(no_repeat_ngram, -1);
    REFUSE(mirostat, -1);
    REFUSE(mirostat, 3);
    REFUSE(mirostat_ent, 0);
    REFUSE(mirostat_ent, NAN);
    REFUSE(mirostat_lr, -0.1f);
    REFUSE(mirostat_lr, 1.1f);
    quill_sampling o = quill_sampling_default();
    quill_error err;
    const char *none[] = {""};
    o.dry_breakers = none, o.n_dry_breakers = 1;
    assert_int_equal(quill_sampling_check(&o, 0, &err), QUILL_E_USAGE);
    o = quill_sampling_default();
    o.steps[3] = o.steps[4];
    assert_int_equal(quill_sampling_check(&o, 0, &err), QUILL_E_USAGE);
    o.steps[3] = QUILL_STEP_COUNT;
    assert_int_equal(quill_sampling_check(&o, 0, &err), QUILL_E_USAGE);
    o.n_steps = QUILL_STEP_COUNT + 1;
    assert_int_equal(quill_sampling_check(&o, 0, &err), QUILL_E_USAGE);
}

static void orders_are_read(void **state) {
    (void)state;
    quill_error err;
    quill_sampling o = quill_sampling_default(), initial = o;
    const char *const all =
        "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;epsilon_cutoff;eta_cutoff;xtc;temperature";
    assert_ok(quill_sampling_order(&o, all, &err), err);
    assert_int_equal(o.n_steps, QUILL_STEP_COUNT);
    assert_memory_equal(o.steps, initial.steps, sizeof o.steps);
    assert_ok(quill_sampling_order(&o, "temp, top-n-sigma ;nucleus", &err), err);
    assert_int_equal(o.n_steps, 3);
    assert_true(o.steps[0] == QUILL_STEP_TEMPERATURE && o.steps[1] == QUILL_STEP_TOP_N_SIGMA &&
                o.steps[2] == QUILL_STEP_TOP_P);
    assert_ok(quill_sampling_order(&o, "", &err), err);
    assert_int_equal(o.n_steps, 0);
    const char *const bad[] = {";", "top_k;", ";top_k", "top_k;;xtc", "topk", "top_", "top_k;top_k", "temp;temperature",
                               "infill", " ", "top_k top_p", "temperatures"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(quill_sampling_order(&o, bad[i], &err), QUILL_E_USAGE);
        assert_memory_equal(err.text, "samplers: ", 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top_n_sigma_is_that_of_the_paper),
        cmocka_unit_test(epsilon_cutoff_is_a_probability),
        cmocka_unit_test(eta_cutoff_goes_by_the_entropy),
        cmocka_unit_test(xtc_leaves_the_last_of_the_top),
        cmocka_unit_test(dynatemp_goes_by_the_entropy),
        cmocka_unit_test(dry_is_that_of_its_author),
        cmocka_unit_test(no_ngram_repeats),
        cmocka_unit_test(the_default_order_is_documented),
        cmocka_unit_test(steps_run_in_any_order),
        cmocka_unit_test(transformers_leaves_the_same),
        cmocka_unit_test(dry_by_hand),
        cmocka_unit_test(what_is_no_step_is_not_applied),
        cmocka_unit_test(an_ngram_repeats_where_nothing_else_is_left),
        cmocka_unit_test(draws_with_xtc_have_their_probabilities),
        cmocka_unit_test(xtc_decides_once_for_a_position),
        cmocka_unit_test(the_last_legal_token_is_not_excluded),
        cmocka_unit_test(mirostat_is_that_of_the_paper),
        cmocka_unit_test(mirostat_keeps_the_surprise),
        cmocka_unit_test(repeats_are_found),
        cmocka_unit_test(long_histories_take_linear_time),
        cmocka_unit_test(hostile_logits_are_survived),
        cmocka_unit_test(values_out_of_range_are_refused_by_name),
        cmocka_unit_test(orders_are_read),
    };
    return cmocka_run_group_tests_name("samplers", tests, NULL, NULL);
}
