// SPDX-License-Identifier: MIT
// Expected numbers of a model (tests/data/README.md), and the model they are of.
#ifndef QUILL_TESTS_EXPECTED_H
#define QUILL_TESTS_EXPECTED_H

#include <math.h>

#include "model_rig.h"

struct list {
    int32_t *ids;
    size_t n;
};

struct expected {
    struct list prompt, rows, top, greedy;
    char *prompt_hex; // the prompt's text
    size_t n_vocab;
    double max_abs, loss; // loss 0: not given
    double *log_probs;    // [n_log_probs] of every token but the first, NULL: not given
    size_t n_log_probs;
    float *logits;        // [rows.n][n_vocab], NULL: not given
    bool same_bits;       // the same numbers as GGUF give the same bits
};

static inline struct list parse_list(const char *text) {
    struct list list = {malloc((strlen(text) / 2 + 1) * sizeof(int32_t)), 0};
    for (char *end;; text = end) {
        long id = strtol(text, &end, 10);
        if (end == text) return list;
        list.ids[list.n++] = (int32_t)id;
    }
}

static inline void parse_numbers(struct expected *e, const char *text) {
    e->log_probs = malloc((strlen(text) / 2 + 1) * sizeof *e->log_probs);
    for (char *end;; text = end) {
        double number = strtod(text, &end);
        if (end == text) return;
        e->log_probs[e->n_log_probs++] = number;
    }
}

static inline void parse_line(struct expected *e, const char *key, const char *value) {
    if (strcmp(key, "prompt_ids") == 0) e->prompt = parse_list(value);
    else if (strcmp(key, "rows") == 0) e->rows = parse_list(value);
    else if (strcmp(key, "top_ids") == 0) e->top = parse_list(value);
    else if (strcmp(key, "greedy_ids") == 0) e->greedy = parse_list(value);
    else if (strcmp(key, "prompt_hex") == 0) e->prompt_hex = strdup(value);
    else if (strcmp(key, "log_probs") == 0) parse_numbers(e, value);
    else if (strcmp(key, "gguf_bits") == 0) e->same_bits = strncmp(value, "same", 4) == 0;
    else if (strcmp(key, "n_vocab") == 0) e->n_vocab = (size_t)strtol(value, NULL, 10);
    else if (strcmp(key, "max_abs") == 0) e->max_abs = strtod(value, NULL);
    else if (strcmp(key, "loss") == 0) e->loss = strtod(value, NULL);
}

static inline struct expected read_expected(const char *text_path, const char *logits_path) {
    struct expected e = {.n_vocab = 0};
    char *line = NULL;
    size_t room = 0;
    FILE *f = fopen(text_path, "r");
    assert_non_null(f);
    while (getline(&line, &room, f) > 0) {
        char *blank = strchr(line, ' ');
        if (line[0] == '#' || !blank) continue;
        *blank = '\0';
        parse_line(&e, line, blank + 1);
    }
    free(line);
    fclose(f);
    if (!logits_path) return e;
    size_t n = e.rows.n * e.n_vocab;
    e.logits = malloc(n * sizeof(float));
    assert_non_null(f = fopen(logits_path, "rb"));
    assert_int_equal(fread(e.logits, sizeof(float), n, f), n);
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
    return e;
}

static inline void free_expected(struct expected *e) {
    free(e->prompt.ids);
    free(e->rows.ids);
    free(e->top.ids);
    free(e->greedy.ids);
    free(e->prompt_hex);
    free(e->log_probs);
    free(e->logits);
}

struct loaded {
    struct weights *weights;
    struct model *model;
    float *wide; // NULL: weights as in the file
};

static inline void unload(struct loaded *l) {
    model_free(l->model);
    weights_close(l->weights);
    free(l->wide);
}

// Makes BF16 tensors F32, with the same values. Products of BF16 weights round activations to 8 bits, as no reference
// does; with these, what is left of a difference is the model's formulas.
static inline float *widen(struct weights *w) {
    size_t n = 0;
    for (size_t i = 0; i < w->n_tensors; i++) n += (size_t)tensor_count(&w->tensors[i]);
    float *wide = malloc(n * sizeof *wide + 1), *to = wide;
    for (size_t i = 0; i < w->n_tensors; i++) {
        struct tensor *t = &w->tensors[i];
        if (t->dtype != DTYPE_BF16) continue;
        const size_t count = (size_t)tensor_count(t);
        kernels_ref.decode_row[DTYPE_BF16](to, t->data, count);
        t->dtype = DTYPE_F32, t->type = "F32", t->data = (const uint8_t *)to, t->bytes = count * sizeof *to;
        to += count;
    }
    return wide;
}

static inline quill_status try_load_as(struct loaded *l, const char *path, bool wide, quill_error *err) {
    const struct kernels *kernels;
    const char *level;
    assert_ok(kernels_select(&kernels, &level, NULL, err), *err);
    assert_ok(weights_open(&l->weights, path, WEIGHTS_ALL, MAP_FILE, err), *err);
    l->wide = wide ? widen(l->weights) : NULL;
    const quill_status s = model_bind(&l->model, l->weights, kernels, err);
    if (s) {
        weights_close(l->weights);
        free(l->wide);
    }
    return s;
}

// What binding says; the files can be read.
static inline quill_status try_load(struct loaded *l, const char *path, quill_error *err) {
    return try_load_as(l, path, false, err);
}

static inline struct loaded load(const char *path) {
    struct loaded l;
    quill_error err;
    assert_ok(try_load(&l, path, &err), err);
    return l;
}

// The largest difference of the expected rows, as a share of the largest expected logit; not a number if one is not.
static inline double difference(const struct expected *e, const float *logits) {
    double most = 0;
    for (size_t r = 0; r < e->rows.n; r++)
        for (size_t i = 0; i < e->n_vocab; i++) {
            double d = fabs((double)logits[(size_t)e->rows.ids[r] * e->n_vocab + i] -
                            (double)e->logits[r * e->n_vocab + i]);
            if (isnan(d) || d > most) most = d;
        }
    return most / e->max_abs;
}

#endif
