// SPDX-License-Identifier: MIT
// The frequencies of rotary positions: f_i = base^(-2i/R) radians per position for pair i of R/2, stretched for
// contexts longer than those of the training. Rounded to single precision where transformers does: models were trained
// so, and thousands of positions make a rounding of f_i felt. Powers are of double precision, so that they are the same
// everywhere.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "bind.h"
#include "hparams.h"

static const double pi = 3.14159265358979323846;

struct making {
    struct model *model;
    const struct weights *w;
    float inverse[MAX_HEAD_DIM / 2]; // base^(2i/R)
    double freqs[MAX_HEAD_DIM / 2];
    size_t n;
    quill_error *err;
};

static double power(double base, double exponent) { return d_exp(exponent * d_log(base)); }

static double stretched(const struct making *m, size_t i, double factor) {
    return (double)(1 / (float)((double)m->inverse[i] * factor));
}

static void plain(struct making *m, double base) {
    for (size_t i = 0; i < m->n; i++) {
        const float exponent = (float)i / (float)m->n;
        m->inverse[i] = (float)power(base, (double)exponent);
        m->freqs[i] = stretched(m, i, 1);
    }
}

// The table; divisors: [n] of frequencies that a file gives, or NULL. Angles must stay within what can be reduced.
static quill_status finish(struct making *m, const float *divisors, const float **out) {
    const double most = 1 << 16, sign = m->model->family->rope_backwards ? -1 : 1;
    float *freqs = arena_alloc(&m->model->arena, m->n, sizeof *freqs);
    if (!freqs) return fail_memory(m->err);
    for (size_t i = 0; i < m->n; i++) {
        freqs[i] = (float)(sign * m->freqs[i] / (divisors ? (double)divisors[i] : 1));
        if (!(fabs((double)freqs[i]) <= most))
            return fail(m->err, QUILL_E_MODEL, "%s: rotary frequency %zu: expected at most %g radians, found %g",
                        QUOTED(str_of(m->model->file)), i, most, (double)freqs[i]);
    }
    *out = freqs;
    return QUILL_OK;
}

static double or_else(float value, double otherwise) { return value > 0 ? (double)value : otherwise; }

// Llama 3.1 (Grattafiori et al. 2024): long waves are stretched, short ones stay, and between them the two are mixed.
// The stretch is a list of divisors, as GGUF files have it.
static quill_status llama3(struct making *m, double factor, double base) {
    const struct hparams *hp = &m->model->hp;
    const double low = or_else(hp->rope_low, 1), high = or_else(hp->rope_high, 4);
    const double original = hp->rope_original ? hp->rope_original : hp->n_ctx;
    float *divisors = arena_alloc(&m->model->arena, m->n, sizeof *divisors);
    if (!divisors) return fail_memory(m->err);
    if (!(high > low))
        return fail(m->err, QUILL_E_MODEL, "%s: 'high_freq_factor': expected more than 'low_freq_factor' %g, found %g",
                    QUOTED(str_of(m->model->file)), low, high);
    for (size_t i = 0; i < m->n; i++) {
        const double wave = 2 * pi * power(base, (double)i / (double)m->n);
        const double mix = (original / wave - low) / (high - low);
        const double stretch = wave > original / low ? factor : 1 / ((1 - mix) / factor + mix);
        divisors[i] = wave < original / high ? 1 : (float)stretch;
    }
    m->model->rope_divisors = divisors;
    return QUILL_OK;
}

// YaRN (Peng et al. 2023, section 3.2): the ramp runs between the pairs that turn beta_fast and beta_slow times within
// the context of the training.
static void yarn(struct making *m, double factor, double original, double base) {
    const struct hparams *hp = &m->model->hp;
    const double dims = 2 * (double)m->n, per_log = dims / (2 * d_log(base));
    double low = per_log * d_log(original / (or_else(hp->rope_fast, 32) * 2 * pi));
    double high = per_log * d_log(original / (or_else(hp->rope_slow, 1) * 2 * pi));
    if (!hp->rope_no_truncate) low = floor(low), high = ceil(high);
    low = low > 0 ? low : 0;
    high = high < dims - 1 ? high : dims - 1;
    const double width = high != low ? high - low : 0.001;
    for (size_t i = 0; i < m->n; i++) {
        float ramp = ((float)i - (float)low) / (float)width;
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        const float stays = 1 - ramp;
        m->freqs[i] = (double)((float)stretched(m, i, factor) * (1 - stays) + (float)m->freqs[i] * stays);
    }
}

static double yarn_gain(double factor, double weight) { return factor > 1 ? 0.1 * weight * d_log(factor) + 1 : 1; }

static double yarn_magnitude(const struct hparams *hp, enum weights_format format, double factor) {
    const double all = (double)hp->rope_mscale_all;
    if (format == WEIGHTS_GGUF) // the gain goes without saying; a factor of it may be given
        return yarn_gain(factor, 1) * or_else(hp->rope_magnitude, 1) / (all > 0 ? yarn_gain(factor, all) : 1);
    if (hp->rope_magnitude > 0) return (double)hp->rope_magnitude;
    if (hp->rope_mscale > 0 && all > 0) return yarn_gain(factor, (double)hp->rope_mscale) / yarn_gain(factor, all);
    return yarn_gain(factor, 1);
}

// A quotient need not give the same bits again when it is multiplied, but one beside it may.
float rope_attn_factor(const struct hparams *told, const struct rope *rope) {
    struct hparams read = *told;
    read.rope_magnitude = 0;
    const float quotient = (float)((double)rope->magnitude / yarn_magnitude(&read, WEIGHTS_GGUF, rope->factor));
    const float tries[] = {1, quotient, nextafterf(quotient, 0), nextafterf(quotient, INFINITY)};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        read.rope_magnitude = tries[i];
        if ((float)yarn_magnitude(&read, WEIGHTS_GGUF, rope->factor) == rope->magnitude) return i ? tries[i] : 0;
    }
    return quotient;
}

// Divisors as a list in config.json: one for each pair.
static quill_status read_divisors(struct making *m, enum key key, const float **out) {
    char name_room[KEY_BYTES];
    const char *name = hparams_found(m->model->family, m->w, key, name_room), *file = QUOTED(str_of(m->model->file));
    const struct meta *list = name ? weights_meta(m->w, str_of(name)) : NULL;
    struct meta_walk walk = {.array = list ? &list->a : NULL};
    struct meta element;
    if (!list || list->kind != META_ARRAY || list->a.n != m->n)
        return fail(m->err, QUILL_E_MODEL, "%s: '%s': expected a list of %zu numbers above 0, found another value",
                    file, name ? name : key == KEY_ROPE_LONG ? "long_factor" : "short_factor", m->n);
    float *divisors = arena_alloc(&m->model->arena, m->n, sizeof *divisors);
    if (!divisors) return fail_memory(m->err);
    for (size_t i = 0; meta_next(&walk, &element); i++) {
        const double value = element.kind == META_INT ? (double)element.i : element.kind == META_FLOAT ? element.f : 0;
        divisors[i] = (float)value;
        if (!(divisors[i] > 0) || !isfinite(divisors[i]))
            return fail(m->err, QUILL_E_MODEL, "%s: '%s': expected a list of %zu numbers above 0, found another value",
                        file, name, m->n);
    }
    *out = divisors;
    return QUILL_OK;
}

static quill_status check_divisors(struct making *m, const float *divisors) {
    for (size_t i = 0; divisors && i < m->n; i++)
        if (!(divisors[i] > 0)) // infinity: a pair that does not turn
            return fail(m->err, QUILL_E_MODEL, "%s: rotary factor %zu: expected a number above 0, found %g",
                        QUOTED(str_of(m->model->file)), i, (double)divisors[i]);
    return QUILL_OK;
}

// A GGUF file has both lists as tensors.
static quill_status find_lists(struct making *m) {
    struct model *model = m->model;
    if (m->w->format == WEIGHTS_HF) {
        quill_status s = read_divisors(m, KEY_ROPE_SHORT, &model->rope_short);
        return s ? s : read_divisors(m, KEY_ROPE_LONG, &model->rope_long);
    }
    if (model->rope_short && model->rope_long) return QUILL_OK;
    return fail(m->err, QUILL_E_MODEL,
                "%s: tensor 'rope_factors_%s.weight': expected shape [%zu], found no such tensor",
                QUOTED(str_of(model->file)), model->rope_short ? "long" : "short", m->n);
}

// LongRoPE (Ding et al. 2024): a list of divisors for contexts up to that of the training, and one for longer ones.
static quill_status longrope(struct making *m, struct rope *rope) {
    struct model *model = m->model;
    const struct hparams *hp = &model->hp;
    quill_status s = find_lists(m);
    if (!s) s = check_divisors(m, model->rope_short);
    if (!s) s = check_divisors(m, model->rope_long);
    if (s) return s;
    const double original = hp->rope_original ? hp->rope_original : hp->n_ctx;
    const double stretch = or_else(hp->rope_factor, hp->n_ctx / original);
    const double gain = stretch > 1 ? sqrt(1 + d_log(stretch) / d_log(original)) : 1;
    rope->magnitude = (float)or_else(hp->rope_magnitude, gain);
    rope->original = (int32_t)original;
    rope->scaling = "longrope";
    rope->factor = stretch;
    for (size_t i = 0; i < m->n; i++) m->freqs[i] = stretched(m, i, (double)model->rope_short[i]);
    s = finish(m, NULL, &rope->freqs);
    for (size_t i = 0; i < m->n; i++) m->freqs[i] = stretched(m, i, (double)model->rope_long[i]);
    return s ? s : finish(m, NULL, &rope->long_freqs);
}

static quill_status scaled(struct making *m, struct rope *rope, double base) {
    struct model *model = m->model;
    const struct hparams *hp = &model->hp;
    const double original = hp->rope_original ? hp->rope_original : hp->n_ctx;
    double factor = or_else(hp->rope_factor, 1);
    quill_status s = QUILL_OK;
    if (model->rope_long || model->rope_short) return longrope(m, rope); // GGUF files need not name the kind
    switch (hp->rope_scaling) {
    case ROPE_LONG: return longrope(m, rope);
    case ROPE_LLAMA3:
        factor = or_else(hp->rope_factor, 8);
        rope->scaling = "llama3";
        if (!model->rope_divisors) s = llama3(m, factor, base);
        break;
    case ROPE_YARN:
        if (!(hp->rope_factor > 0)) factor = hp->n_ctx / original;
        yarn(m, factor, original, base);
        rope->magnitude = (float)yarn_magnitude(hp, m->w->format, factor);
        rope->scaling = "yarn";
        break;
    case ROPE_LINEAR:
        for (size_t i = 0; i < m->n; i++) m->freqs[i] /= factor;
        rope->scaling = "linear";
        break;
    case ROPE_PLAIN: break;
    }
    if (rope->scaling) rope->factor = factor, rope->original = hp->rope_original;
    else if (model->rope_divisors) rope->scaling = "factors";
    if (!s) s = check_divisors(m, model->rope_divisors);
    return s ? s : finish(m, model->rope_divisors, &rope->freqs);
}

static quill_status check_magnitude(struct making *m) {
    const double magnitude = (double)m->model->ropes[0].magnitude;
    if (isfinite(magnitude)) return QUILL_OK;
    return fail(m->err, QUILL_E_MODEL, "%s: factor of rotary values: expected a finite number, found %g",
                QUOTED(str_of(m->model->file)), magnitude);
}

static quill_status base_from(struct making *m, double *base) {
    if (*base > 1) return QUILL_OK;
    return fail(m->err, QUILL_E_MODEL, "%s: rotary base: expected a number above 1, found %g",
                QUOTED(str_of(m->model->file)), *base);
}

// Where only GGUF files have reordered rows of q and k, layers without rotary positions turn them by nothing: that puts
// their values in the order of the other format, so both give the same bits.
static bool reordered(const struct model *model, enum weights_format format) {
    const struct family_files *files = model->family->files;
    return files[format].rope == ROPE_PAIRS && files[WEIGHTS_HF].rope == ROPE_HALVES && !model->family->rope_apart;
}

quill_status ropes_make(struct model *model, const struct weights *w, quill_error *err) {
    const struct hparams *hp = &model->hp;
    const enum rope_kind kind = hp->alibi ? ROPE_NONE : model->family->files[w->format].rope;
    struct making m = {.model = model, .w = w, .n = (size_t)hp->rope_dims / 2, .err = err};
    double base = or_else(hp->rope_base, 10000), apart = or_else(hp->rope_base_window, base);
    model->unturned = kind && reordered(model, w->format) ? 1 : -1;
    if (!kind) return QUILL_OK;
    if (hp->rope_alpha > 0 && m.n > 1) // rounded, as GGUF files have it
        base = (double)(float)(base * power((double)hp->rope_alpha, (double)m.n / (double)(m.n - 1)));
    for (int i = 0; i < MAX_ROPES; i++)
        model->ropes[i] = (struct rope){.kind = kind, .n_pairs = m.n, .magnitude = 1, .base = i ? apart : base};
    quill_status s = base_from(&m, &base);
    if (!s) plain(&m, base), s = scaled(&m, &model->ropes[0], base);
    if (!s) s = check_magnitude(&m);
    if (s || (!model->family->rope_apart && model->unturned < 0)) return s;
    if ((s = base_from(&m, &apart))) return s;
    plain(&m, apart);
    if (!model->family->rope_apart) memset(m.freqs, 0, sizeof m.freqs);
    return finish(&m, NULL, &model->ropes[1].freqs);
}

// ---- for reports ----

static int32_t count_turned(const struct model *model) {
    int32_t n = 0;
    for (int32_t l = 0; l < model->hp.n_layer; l++)
        n += model->layers[l].rope >= 0 && model->layers[l].rope != model->unturned;
    return n;
}

quill_rope_info model_rope(const struct model *model) {
    static const char *const kinds[ROPE_KIND_COUNT] = {[ROPE_HALVES] = "halves", [ROPE_PAIRS] = "pairs"};
    const struct rope *rope = &model->ropes[0];
    const int32_t layers = count_turned(model);
    int32_t window_layers;
    if (!rope->kind || !layers) return (quill_rope_info){.kind = NULL};
    const bool apart = model->family->rope_apart && model_window(model, &window_layers);
    return (quill_rope_info){
        .kind = kinds[rope->kind],
        .dims = model->hp.rope_dims,
        .base = rope->base,
        .scaling = rope->scaling,
        .factor = rope->factor,
        .n_ctx_original = rope->original,
        .base_window = apart ? model->ropes[1].base : 0,
        .layers = layers,
    };
}
