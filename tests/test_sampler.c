// SPDX-License-Identifier: MIT
#include "test.h"

#include <math.h>

#include "base/error.h"
#include "sampler/sampler.h"

enum { N_VOCAB = 500, MIDDLE_VOCAB = 6000, BIG_VOCAB = 50257 };

static quill_sampling everything_off(void) {
    quill_sampling s = quill_sampling_default();
    s.temp = 1, s.top_k = 0, s.top_p = 1, s.min_p = 0;
    return s;
}

// Roughly normal around 0; `step` > 0 rounds to its multiples, which makes ties.
static void random_logits(float *out, size_t n, double scale, double step, uint64_t *seed) {
    for (size_t i = 0; i < n; i++) {
        double x = -6;
        for (int k = 0; k < 12; k++) x += (double)(test_random(seed) >> 11) * 0x1p-53;
        x *= scale;
        out[i] = (float)(step > 0 ? round(x / step) * step : x);
    }
}

// ---- the chain, written down plainly ------------------------------------------------------------

struct token {
    int32_t id;
    double logit, p, key;
};

static int by_logit(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    return a->logit != b->logit ? (a->logit < b->logit ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static int by_key(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    return a->key != b->key ? (a->key > b->key ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static int by_p(const void *pa, const void *pb) {
    const struct token *a = pa, *b = pb;
    return a->p != b->p ? (a->p < b->p ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static void softmax(struct token *t, size_t n, double temp) {
    double max = -(double)INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) max = fmax(max, t[i].logit);
    for (size_t i = 0; i < n; i++) sum += t[i].p = exp((t[i].logit - max) / temp);
    for (size_t i = 0; i < n; i++) t[i].p /= sum;
}

static size_t mass(const struct token *t, size_t n, double target) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if ((sum += t[i].p) >= target) return i + 1;
    return n;
}

static size_t plain_distribution(struct token *t, const quill_sampling *o, const float *logits, size_t n,
                                 const int32_t *history, size_t n_history) {
    for (size_t i = 0; i < n; i++) t[i] = (struct token){.id = (int32_t)i, .logit = (double)logits[i]};
    for (size_t i = 0; i < o->n_logit_bias; i++) t[o->logit_bias[i].id].logit += (double)o->logit_bias[i].bias;
    size_t window = o->repeat_last_n < 0 || (size_t)o->repeat_last_n > n_history ? n_history : (size_t)o->repeat_last_n;
    for (size_t i = 0; i < n; i++) {
        int count = 0;
        for (size_t k = n_history - window; k < n_history; k++) count += history[k] == (int32_t)i;
        if (count == 0) continue;
        if (t[i].logit > 0) t[i].logit /= (double)o->repeat_penalty;
        else t[i].logit *= (double)o->repeat_penalty;
        t[i].logit -= (double)o->presence_penalty + count * (double)o->frequency_penalty;
    }
    qsort(t, n, sizeof *t, by_logit);
    while (n && isinf(t[n - 1].logit)) n--;
    if (o->top_k && n > (size_t)o->top_k) n = (size_t)o->top_k;
    softmax(t, n, 1);
    if (o->typical_p < 1) {
        double entropy = 0;
        for (size_t i = 0; i < n; i++) entropy -= t[i].p > 0 ? t[i].p * log(t[i].p) : 0;
        for (size_t i = 0; i < n; i++) t[i].key = fabs(-log(t[i].p) - entropy);
        qsort(t, n, sizeof *t, by_key);
        n = mass(t, n, (double)o->typical_p);
        qsort(t, n, sizeof *t, by_logit);
        softmax(t, n, 1);
    }
    if (o->top_p < 1) {
        n = mass(t, n, (double)o->top_p);
        softmax(t, n, 1);
    }
    for (size_t i = 1; i < n; i++)
        if (t[i].p < (double)o->min_p * t[0].p) n = i;
    softmax(t, n, (double)o->temp);
    qsort(t, n, sizeof *t, by_p);
    return n;
}

// Under a constraint: what the chain leaves of the allowed ids, divided by its sum; when that is nothing, the chain of
// the allowed ids' logits alone.
static size_t plain_constrained(struct token *t, const quill_sampling *o, const float *logits, size_t n,
                                const int32_t *history, size_t n_history, const bool *allowed) {
    static float alone[MIDDLE_VOCAB];
    size_t left = plain_distribution(t, o, logits, n, history, n_history), kept = 0;
    double sum = 0;
    for (size_t i = 0; i < left; i++)
        if (allowed[t[i].id] && t[i].p > 0) sum += t[i].p, t[kept++] = t[i];
    for (size_t i = 0; i < kept; i++) t[i].p /= sum;
    if (kept) return kept;
    for (size_t i = 0; i < n; i++) alone[i] = allowed[i] ? logits[i] : -INFINITY;
    return plain_distribution(t, o, alone, n, history, n_history);
}

static void expect_same(const struct candidate *got, size_t n_got, const struct token *expected, size_t n) {
    assert_int_equal(n_got, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs(got[i].p - expected[i].p) < 1e-12);
        // Two probabilities that differ in the last bit alone may come in the other order.
        if (got[i].id != expected[i].id) assert_true(i + 1 < n && fabs(expected[i].p - expected[i + 1].p) < 1e-15);
    }
}

static void expect_plain(struct sampler *s, const quill_sampling *o, const float *logits, size_t n_vocab,
                         const int32_t *history, size_t n_history) {
    static struct token expected[MIDDLE_VOCAB];
    const struct candidate *got;
    size_t n = plain_distribution(expected, o, logits, n_vocab, history, n_history);
    const struct draw draw = {.sampling = o, .history = history, .n_history = n_history};
    size_t n_got = sampler_distribution(s, logits, &draw, &got);
    expect_same(got, n_got, expected, n);
}

// Runs `change` over many logits, sharp and flat, with and without ties.
static void compare_with_plain(void (*change)(quill_sampling *o, uint64_t *seed)) {
    struct sampler *s = sampler_create(N_VOCAB);
    assert_non_null(s);
    uint64_t seed = 11;
    float logits[N_VOCAB];
    int32_t history[100];
    for (int round = 0; round < 300; round++) {
        random_logits(logits, N_VOCAB, round % 3 == 0 ? 0.3 : round % 3 == 1 ? 2 : 8, round & 1 ? 0.37 : 0, &seed);
        for (int i = 0; i < 100; i++) history[i] = (int32_t)(test_random(&seed) % (round & 2 ? N_VOCAB : 20));
        quill_sampling o = everything_off();
        change(&o, &seed);
        expect_plain(s, &o, logits, N_VOCAB, history, 100);
    }
    sampler_free(s);
}

static float unit(uint64_t *seed) { return (float)(test_random(seed) >> 40) * 0x1p-24f; }

static void nothing(quill_sampling *o, uint64_t *seed) { (void)o, (void)seed; }
static void some_top_k(quill_sampling *o, uint64_t *seed) { o->top_k = 1 + (int32_t)(test_random(seed) % 520); }
static void small_top_k(quill_sampling *o, uint64_t *seed) { o->top_k = 1 + (int32_t)(test_random(seed) % 31); }
static void some_top_p(quill_sampling *o, uint64_t *seed) { o->top_p = 0.001f + 0.998f * unit(seed); }
static void some_min_p(quill_sampling *o, uint64_t *seed) { o->min_p = 0.5f * unit(seed); }
static void some_typical_p(quill_sampling *o, uint64_t *seed) { o->typical_p = 0.001f + 0.998f * unit(seed); }
static void some_temp(quill_sampling *o, uint64_t *seed) { o->temp = 0.05f + 2 * unit(seed); }

static void some_penalties(quill_sampling *o, uint64_t *seed) {
    o->repeat_penalty = 0.5f + unit(seed);
    o->presence_penalty = 2 * unit(seed) - 1;
    o->frequency_penalty = 2 * unit(seed) - 1;
    o->repeat_last_n = (int32_t)(test_random(seed) % 130) - 1;
}

static void all_of_them(quill_sampling *o, uint64_t *seed) {
    some_penalties(o, seed);
    if (test_random(seed) & 1) some_top_k(o, seed);
    some_typical_p(o, seed);
    some_top_p(o, seed);
    some_min_p(o, seed);
    some_temp(o, seed);
}

static void without_filters_it_is_the_softmax(void **state) { (void)state, compare_with_plain(nothing); }
static void temperature_divides_the_logits(void **state) { (void)state, compare_with_plain(some_temp); }
static void top_k_keeps_the_k_largest(void **state) {
    (void)state;
    compare_with_plain(some_top_k);
    compare_with_plain(small_top_k);
}
static void top_p_keeps_the_smallest_nucleus(void **state) { (void)state, compare_with_plain(some_top_p); }
static void min_p_is_relative_to_the_likeliest(void **state) { (void)state, compare_with_plain(some_min_p); }
static void typical_p_keeps_the_usual_surprise(void **state) { (void)state, compare_with_plain(some_typical_p); }
static void penalties_count_the_window(void **state) { (void)state, compare_with_plain(some_penalties); }
static void the_chain_is_in_the_documented_order(void **state) { (void)state, compare_with_plain(all_of_them); }

// A few candidates of a large vocabulary, with biases and penalties that raise and lower some, or all of the best.
static void a_small_top_k_sees_what_bias_and_penalties_change(void **state) {
    (void)state;
    struct sampler *s = sampler_create(MIDDLE_VOCAB);
    assert_non_null(s);
    uint64_t seed = 12;
    static float logits[MIDDLE_VOCAB];
    int32_t history[100];
    for (int round = 0; round < 200; round++) {
        random_logits(logits, MIDDLE_VOCAB, 2, round & 1 ? 0.37 : 0, &seed);
        for (int i = 0; i < 100; i++) {
            history[i] = (int32_t)(test_random(&seed) % (round & 2 ? MIDDLE_VOCAB : 20));
            if (round & 4) logits[history[i]] += 9;
        }
        quill_logit_bias bias[6];
        for (int i = 0; i < 6; i++) {
            int32_t id = i < 3 ? history[99 - i] : (int32_t)(test_random(&seed) % MIDDLE_VOCAB);
            bias[i] = (quill_logit_bias){id, i == 5 ? -INFINITY : 20 * unit(&seed) - 10};
        }
        quill_sampling o = everything_off();
        if (round % 5) some_penalties(&o, &seed);
        if (round % 3) o.logit_bias = bias, o.n_logit_bias = 6;
        o.top_k = 1 + (int32_t)(test_random(&seed) % 80);
        expect_plain(s, &o, logits, MIDDLE_VOCAB, history, 100);
    }
    sampler_free(s);
}

// ---- by hand ------------------------------------------------------------------------------------

static size_t distribution(const quill_sampling *o, const float *logits, int32_t n, const int32_t *history,
                           size_t n_history, struct candidate *out) {
    struct sampler *s = sampler_create(n);
    const struct candidate *got;
    assert_non_null(s);
    const struct draw draw = {.sampling = o, .history = history, .n_history = n_history};
    size_t kept = sampler_distribution(s, logits, &draw, &got);
    memcpy(out, got, kept * sizeof *out);
    sampler_free(s);
    return kept;
}

static void repeat_penalty_divides_positive_and_multiplies_negative_logits(void **state) {
    (void)state;
    const float logits[4] = {2, -1, 2, -1};
    const int32_t history[5] = {3, 0, 1, 0, 1}; // the 3 is outside of the window
    quill_sampling o = everything_off();
    o.repeat_penalty = 2, o.repeat_last_n = 4;
    struct candidate c[4];
    assert_int_equal(distribution(&o, logits, 4, history, 5, c), 4);
    double weight[4] = {exp(1), exp(-2), exp(2), exp(-1)}, sum = weight[0] + weight[1] + weight[2] + weight[3];
    const int32_t order[4] = {2, 0, 3, 1};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(c[i].id, order[i]);
        assert_true(fabs(c[i].p - weight[order[i]] / sum) < 1e-14);
    }
}

static void ties_go_to_the_lower_id(void **state) {
    (void)state;
    float logits[300];
    for (int i = 0; i < 300; i++) logits[i] = i % 3 == 0 ? 1 : 0;
    quill_sampling o = everything_off();
    struct candidate c[300];
    o.temp = 0;
    assert_int_equal(distribution(&o, logits, 300, NULL, 0, c), 1);
    assert_int_equal(c[0].id, 0);
    o.temp = 1;
    for (int k = 1; k <= 60; k++) { // both ways to select: 300 / 16 lies between
        o.top_k = k;
        assert_int_equal(distribution(&o, logits, 300, NULL, 0, c), k);
        for (int i = 0; i < k; i++) assert_int_equal(c[i].id, 3 * i);
    }
    // 64 equal tokens of 1/64 each: half of the mass are exactly 32.
    for (int i = 0; i < 64; i++) logits[i] = -3;
    o.top_k = 0, o.top_p = 0.5f;
    assert_int_equal(distribution(&o, logits, 64, NULL, 0, c), 32);
    for (int i = 0; i < 32; i++) assert_true(c[i].id == i && c[i].p == 1.0 / 32);
    o.top_p = 1, o.typical_p = 0.25f;
    assert_int_equal(distribution(&o, logits, 64, NULL, 0, c), 16);
    for (int i = 0; i < 16; i++) assert_int_equal(c[i].id, i);
}

static void every_filter_leaves_at_least_one(void **state) {
    (void)state;
    const float logits[4] = {0, 5, 1, 5};
    struct candidate c[4];
    quill_sampling o = everything_off();
    o.top_p = 1e-30f, o.min_p = 1, o.typical_p = 1e-30f, o.temp = 1e-30f;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 1);
    assert_int_equal(c[0].id, 1);
    o = everything_off();
    o.top_p = 0;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 1);
    assert_int_equal(c[0].id, 1);
    o.top_p = 1, o.typical_p = 0;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 1);
    o.min_p = 1, o.typical_p = 1, o.temp = 1e-30f;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 2); // both are the likeliest
    assert_true(c[0].id == 1 && c[1].id == 3 && c[0].p == 0.5);
    o.temp = 3e38f;
    assert_int_equal(distribution(&o, logits, 4, NULL, 0, c), 2);
}

// Typical sampling may drop the likeliest token; the steps after it go by what is left.
static void typical_p_may_drop_the_likeliest(void **state) {
    (void)state;
    float logits[101];
    logits[0] = 4.0f; // p 0.35, surprise 1.04; the others 0.0065, 5.04; entropy 3.64: the many are the typical ones
    for (int i = 1; i <= 100; i++) logits[i] = 0;
    quill_sampling o = everything_off();
    struct candidate c[101];
    o.typical_p = 0.1f, o.min_p = 0.9f, o.temp = 0.001f;
    size_t n = distribution(&o, logits, 101, NULL, 0, c);
    assert_int_equal(n, 16); // 16 * 0.0064683 = 0.1035
    for (size_t i = 0; i < n; i++) assert_true(c[i].id == (int32_t)i + 1 && c[i].p == 1.0 / 16);
}

static void infinities_are_certain_or_impossible(void **state) {
    (void)state;
    const float inf = INFINITY, logits[6] = {1, -inf, inf, 3, inf, NAN};
    struct candidate c[6];
    quill_sampling o = everything_off();
    for (int k = 0; k <= 6; k++) { // with a hot draw, with every filter, and at temperature 0
        o.top_k = k, o.top_p = k & 1 ? 0.9999f : 1, o.typical_p = k & 2 ? 0.9999f : 1, o.temp = k & 4 ? 2 : 1;
        size_t n = distribution(&o, logits, 6, NULL, 0, c);
        assert_true(n > 0 && c[0].id == 2);
        for (size_t i = 0; i < n; i++)
            assert_true(c[i].id == 2 || c[i].id == 4 ? c[i].p > 0.49 : c[i].p == 0 && c[i].id != 1 && c[i].id != 5);
    }
    const quill_logit_bias bias[] = {{2, -inf}, {3, 1.5f}, {3, 0.5f}, {0, -inf}};
    o = everything_off();
    o.logit_bias = bias, o.n_logit_bias = 4;
    const float plain[4] = {9, 1, 9, 1};
    assert_int_equal(distribution(&o, plain, 4, NULL, 0, c), 2);
    assert_true(c[0].id == 3 && c[1].id == 1 && fabs(c[0].p - 1 / (1 + exp(-2))) < 1e-14);
}

static void nothing_left_is_minus_one(void **state) {
    (void)state;
    float logits[40];
    for (int32_t i = 0; i < 40; i++) logits[i] = (float)i;
    struct token_set all, most;
    assert_true(token_set_create(&all, 40) && token_set_create(&most, 40));
    for (size_t i = 0; i < 40; i++) token_set_add(&all, i);
    for (size_t i = 40; i-- > 1;) token_set_add(&most, i);
    struct sampler *s = sampler_create(40);
    quill_sampling o = quill_sampling_default();
    struct draw draw = {.sampling = &o, .key = {.seed = 1}};
    for (int32_t temp = 0; temp < 2; temp++)
        for (int32_t k = 0; k < 40; k += 13) {
            o.temp = (float)temp, o.top_k = k;
            draw.banned = &all;
            assert_int_equal(sampler_draw(s, logits, &draw), -1);
            draw.banned = &most;
            assert_int_equal(sampler_draw(s, logits, &draw), 0);
        }
    draw.banned = NULL;
    for (int i = 0; i < 40; i++) logits[i] = -INFINITY;
    assert_int_equal(sampler_draw(s, logits, &draw), -1);
    free(all.bits);
    free(most.bits);
    sampler_free(s);
}

// ---- sets and constraints -----------------------------------------------------------------------

static void a_set_gives_back_its_ids(void **state) {
    (void)state;
    uint64_t seed = 9;
    for (size_t n_vocab = 1; n_vocab <= 200; n_vocab++) {
        struct token_set set;
        bool in[200] = {false};
        assert_true(token_set_create(&set, n_vocab));
        assert_int_equal(token_set_next(&set, n_vocab, 0), n_vocab);
        size_t count = 0;
        for (size_t k = 0; k < n_vocab / 3 + 1; k++) {
            size_t id = test_random(&seed) % n_vocab;
            token_set_add(&set, id);
            count += !in[id];
            in[id] = true;
        }
        assert_int_equal(set.n, count);
        size_t next = token_set_next(&set, n_vocab, 0);
        for (size_t id = 0; id < n_vocab; id++) {
            assert_int_equal(token_set_has(&set, id), in[id]);
            if (!in[id]) continue;
            assert_int_equal(next, id);
            next = token_set_next(&set, n_vocab, id + 1);
        }
        assert_int_equal(next, n_vocab);
        free(set.bits);
    }
}

// Sets of a few ids and of most, of likely ones and of others, against the plain chain.
static void a_constraint_leaves_what_the_chain_leaves_of_it(void **state) {
    (void)state;
    struct sampler *s = sampler_create(MIDDLE_VOCAB);
    assert_non_null(s);
    uint64_t seed = 13;
    static float logits[MIDDLE_VOCAB];
    static struct token expected[MIDDLE_VOCAB];
    static bool allowed[MIDDLE_VOCAB];
    int32_t history[50];
    size_t again = 0;
    for (int round = 0; round < 300; round++) {
        const size_t n = round % 4 == 3 ? MIDDLE_VOCAB : N_VOCAB;
        struct sampler *small = n == N_VOCAB ? sampler_create(N_VOCAB) : NULL;
        random_logits(logits, n, round % 3 == 0 ? 0.3 : 3, round & 1 ? 0.37 : 0, &seed);
        for (int i = 0; i < 50; i++) history[i] = (int32_t)(test_random(&seed) % n);
        quill_sampling o = everything_off();
        if (round % 5) all_of_them(&o, &seed);
        if (round % 5 == 4) o.temp = 0, o.top_k = 0;
        struct token_set set;
        assert_true(token_set_create(&set, n));
        const uint64_t one_in = (const uint64_t[]){2, 20, 400}[round % 3];
        for (size_t i = 0; i < n; i++) {
            allowed[i] = test_random(&seed) % one_in == 0 || i == 7;
            if (allowed[i]) token_set_add(&set, i);
        }
        const struct candidate *got;
        const struct draw draw = {.sampling = &o, .history = history, .n_history = 50, .allowed = &set};
        size_t n_got = sampler_distribution(small ? small : s, logits, &draw, &got);
        if (o.temp == 0) o.temp = 1, o.top_k = 1, o.top_p = 1, o.typical_p = 1, o.min_p = 0; // the largest logit
        size_t left = plain_distribution(expected, &o, logits, n, history, 50), legal = 0;
        for (size_t i = 0; i < left; i++) legal += allowed[expected[i].id];
        again += legal == 0;
        expect_same(got, n_got, expected, plain_constrained(expected, &o, logits, n, history, 50, allowed));
        for (uint32_t i = 0; i < 20; i++) {
            struct draw one = draw;
            one.key.sample = i;
            int32_t id = sampler_draw(small ? small : s, logits, &one);
            assert_true(id >= 0 && allowed[id]);
        }
        free(set.bits);
        sampler_free(small);
    }
    assert_true(again > 30); // the second run was needed
    sampler_free(s);
}

// What the chain leaves of the allowed ids has probability 0 as doubles go: nothing is left of them.
static void what_is_too_unlikely_is_not_left(void **state) {
    (void)state;
    const float logits[3] = {0, 1, 2000};
    struct token_set allowed;
    assert_true(token_set_create(&allowed, 3));
    token_set_add(&allowed, 0);
    token_set_add(&allowed, 1);
    const quill_sampling o = everything_off();
    struct sampler *s = sampler_create(3);
    const struct candidate *c;
    const struct draw draw = {.sampling = &o, .allowed = &allowed};
    assert_int_equal(sampler_distribution(s, logits, &draw, &c), 2);
    assert_true(c[0].id == 1 && fabs(c[0].p - 1 / (1 + exp(-1))) < 1e-14);
    free(allowed.bits);
    sampler_free(s);
}

static void what_is_banned_is_not_allowed(void **state) {
    (void)state;
    const float logits[4] = {1, 2, 3, 4};
    struct token_set banned, allowed;
    assert_true(token_set_create(&banned, 4) && token_set_create(&allowed, 4));
    token_set_add(&banned, 2);
    token_set_add(&allowed, 2);
    token_set_add(&allowed, 0);
    quill_sampling o = everything_off();
    o.top_k = 1;
    struct sampler *s = sampler_create(4);
    struct draw draw = {.sampling = &o, .banned = &banned, .allowed = &allowed};
    assert_int_equal(sampler_draw(s, logits, &draw), 0);
    token_set_add(&banned, 0);
    assert_int_equal(sampler_draw(s, logits, &draw), -1);
    free(banned.bits);
    free(allowed.bits);
    sampler_free(s);
}

// ---- draws --------------------------------------------------------------------------------------

// 100,000 draws against the distribution: chi-square with 19 degrees of freedom exceeds 43.82 once in 1,000 times.
static void draws_follow_the_distribution(void **state) {
    (void)state;
    enum { N = 20, DRAWS = 100000 };
    float logits[N];
    uint64_t seed = 5;
    random_logits(logits, N, 1.0, 0, &seed);
    struct sampler *s = sampler_create(N);
    quill_sampling o = everything_off();
    o.temp = 0.7f;
    const struct candidate *c;
    assert_int_equal(sampler_distribution(s, logits, &(struct draw){.sampling = &o}, &c), N);
    double p[N], chi[3] = {0};
    for (int i = 0; i < N; i++) p[c[i].id] = c[i].p;
    for (int part = 0; part < 3; part++) { // one part of the key changes at a time
        int count[N] = {0};
        for (uint32_t i = 0; i < DRAWS; i++) {
            struct draw draw = {.sampling = &o, .key = {.seed = 42, .prompt = 7}};
            if (part == 0) draw.key.seed = i;
            else if (part == 1) draw.key.sample = i;
            else draw.key.position = i;
            int32_t id = sampler_draw(s, logits, &draw);
            assert_true(id >= 0 && id < N);
            count[id]++;
        }
        for (int i = 0; i < N; i++) chi[part] += (count[i] - p[i] * DRAWS) * (count[i] - p[i] * DRAWS) / (p[i] * DRAWS);
        assert_true(chi[part] < 43.82);
    }
    sampler_free(s);
}

static void a_draw_depends_on_its_arguments_alone(void **state) {
    (void)state;
    static float logits[BIG_VOCAB], other[BIG_VOCAB];
    uint64_t seed = 6;
    random_logits(logits, BIG_VOCAB, 3, 0, &seed);
    random_logits(other, BIG_VOCAB, 1, 0.1, &seed);
    struct sampler *used = sampler_create(BIG_VOCAB);
    const int32_t history[3] = {1, 2, 3};
    for (int round = 0; round < 40; round++) {
        quill_sampling o = quill_sampling_default();
        o.top_k = round % 3 * 40, o.repeat_penalty = 1.3f;
        const struct rng_key key = {.seed = (uint64_t)round};
        const struct draw draw = {.sampling = &o, .history = history, .n_history = 3, .key = key};
        const struct draw before = {.sampling = &o, .history = history, .n_history = 2, .key = key};
        struct sampler *fresh = sampler_create(BIG_VOCAB);
        int32_t expected = sampler_draw(fresh, logits, &draw);
        sampler_draw(used, other, &before);
        assert_int_equal(sampler_draw(used, logits, &draw), expected);
        sampler_free(fresh);
    }
    sampler_free(used);
}

static void largest_logits_are_in_order(void **state) {
    (void)state;
    static float logits[BIG_VOCAB];
    static struct token expected[BIG_VOCAB];
    int32_t ids[200];
    uint64_t seed = 8;
    struct sampler *s = sampler_create(BIG_VOCAB);
    for (int round = 0; round < 4; round++) {
        random_logits(logits, BIG_VOCAB, 3, round & 1 ? 0.5 : 0, &seed);
        for (int i = 0; i < BIG_VOCAB; i++) expected[i] = (struct token){.id = i, .logit = (double)logits[i]};
        qsort(expected, BIG_VOCAB, sizeof *expected, by_logit);
        const size_t counts[] = {0, 1, 5, 100, 200};
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(largest_logits(s, logits, BIG_VOCAB, NULL, counts[i], ids), counts[i]);
            for (size_t k = 0; k < counts[i]; k++) assert_int_equal(ids[k], expected[k].id);
        }
    }
    assert_int_equal(largest_logits(s, logits, 3, NULL, 100, ids), 3);
    struct token_set without; // the three largest but the second, and ten others
    assert_true(token_set_create(&without, BIG_VOCAB));
    for (int i = 0; i < 3; i++) token_set_add(&without, (size_t)expected[2 * i].id);
    for (int i = 300; i < 310; i++) token_set_add(&without, (size_t)expected[i].id);
    assert_int_equal(largest_logits(s, logits, BIG_VOCAB, &without, 3, ids), 3);
    assert_true(ids[0] == expected[1].id && ids[1] == expected[3].id && ids[2] == expected[5].id);
    for (size_t i = 0; i < BIG_VOCAB; i++) token_set_add(&without, i);
    assert_int_equal(largest_logits(s, logits, BIG_VOCAB, &without, 3, ids), 0);
    free(without.bits);
    sampler_free(s);
}

// ---- values -------------------------------------------------------------------------------------

static void expect_refused(quill_sampling o, const char *name) {
    quill_error err;
    assert_int_equal(quill_sampling_check(&o, 100, &err), QUILL_E_USAGE);
    assert_memory_equal(err.text, name, strlen(name));
}

#define REFUSE(field, bad)                        \
    do {                                          \
        quill_sampling o_ = quill_sampling_default(); \
        o_.field = (bad);                         \
        expect_refused(o_, #field ":");           \
    } while (0)

static void values_out_of_range_are_refused_by_name(void **state) {
    (void)state;
    quill_error err;
    quill_sampling o = quill_sampling_default();
    assert_ok(quill_sampling_check(&o, 100, &err), err);
    o = everything_off();
    o.temp = 0, o.repeat_last_n = -1, o.min_p = 1, o.presence_penalty = -2;
    assert_ok(quill_sampling_check(&o, 100, &err), err);
    REFUSE(temp, -0.1f);
    REFUSE(temp, NAN);
    REFUSE(temp, INFINITY);
    REFUSE(top_k, -1);
    REFUSE(repeat_last_n, -2);
    REFUSE(top_p, -0.01f);
    REFUSE(top_p, 1.01f);
    REFUSE(top_p, NAN);
    REFUSE(min_p, -0.01f);
    REFUSE(min_p, 1.01f);
    REFUSE(min_p, NAN);
    REFUSE(typical_p, -0.01f);
    REFUSE(typical_p, 2);
    REFUSE(typical_p, NAN);
    REFUSE(repeat_penalty, 0);
    REFUSE(repeat_penalty, -1);
    REFUSE(repeat_penalty, INFINITY);
    REFUSE(repeat_penalty, NAN);
    REFUSE(presence_penalty, NAN);
    REFUSE(presence_penalty, INFINITY);
    REFUSE(frequency_penalty, NAN);
    REFUSE(frequency_penalty, -INFINITY);
    const quill_logit_bias bias[] = {{99, -INFINITY}, {0, 3}, {100, 0}, {-1, 0}, {5, NAN}, {5, INFINITY}};
    for (size_t i = 0; i < 6; i++) {
        o = quill_sampling_default();
        o.logit_bias = &bias[i], o.n_logit_bias = 1;
        if (i < 2) assert_ok(quill_sampling_check(&o, 100, &err), err);
        else expect_refused(o, "logit_bias:");
    }
    o.logit_bias = &bias[2];
    assert_ok(quill_sampling_check(&o, 0, &err), err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_filters_it_is_the_softmax),
        cmocka_unit_test(temperature_divides_the_logits),
        cmocka_unit_test(top_k_keeps_the_k_largest),
        cmocka_unit_test(a_small_top_k_sees_what_bias_and_penalties_change),
        cmocka_unit_test(top_p_keeps_the_smallest_nucleus),
        cmocka_unit_test(min_p_is_relative_to_the_likeliest),
        cmocka_unit_test(typical_p_keeps_the_usual_surprise),
        cmocka_unit_test(penalties_count_the_window),
        cmocka_unit_test(the_chain_is_in_the_documented_order),
        cmocka_unit_test(repeat_penalty_divides_positive_and_multiplies_negative_logits),
        cmocka_unit_test(ties_go_to_the_lower_id),
        cmocka_unit_test(every_filter_leaves_at_least_one),
        cmocka_unit_test(typical_p_may_drop_the_likeliest),
        cmocka_unit_test(infinities_are_certain_or_impossible),
        cmocka_unit_test(nothing_left_is_minus_one),
        cmocka_unit_test(a_set_gives_back_its_ids),
        cmocka_unit_test(a_constraint_leaves_what_the_chain_leaves_of_it),
        cmocka_unit_test(what_is_banned_is_not_allowed),
        cmocka_unit_test(what_is_too_unlikely_is_not_left),
        cmocka_unit_test(draws_follow_the_distribution),
        cmocka_unit_test(a_draw_depends_on_its_arguments_alone),
        cmocka_unit_test(largest_logits_are_in_order),
        cmocka_unit_test(values_out_of_range_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
