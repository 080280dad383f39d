// SPDX-License-Identifier: MIT
// The folder of a target as a model: what it can be used for.
#ifndef QUILL_TESTS_FUZZ_FOLDER_H
#define QUILL_TESTS_FUZZ_FOLDER_H

#include "fuzz.h"
#include "quill/quill.h"

// The vocabulary of tests/data/parity/narrow20.
static inline void fuzz_vocabulary(void) {
    static bool copied;
    if (copied) return;
    fuzz_copy("vocab.json", "tests/data/parity/narrow20/vocab.json");
    fuzz_copy("merges.txt", "tests/data/parity/narrow20/merges.txt");
    copied = true;
}

static inline void fuzz_generate(const quill_model *model) {
    const quill_session_options options = {.n_ctx = 4, .n_threads = 1};
    quill_session *session = NULL;
    quill_error err;
    const quill_result *result = NULL;
    quill_status s = quill_session_create(&session, model, &options, &err);
    const int32_t prompt = 1;
    quill_request request = quill_request_default();
    request.prompt = &prompt, request.n_prompt = 1, request.n_predict = 2;
    if (!s) s = quill_generate(session, &request, &result, &err);
    if (s) fuzz_check_error(s, &err);
    quill_session_free(session);
}

// Opens the folder, for a few tokens.
static inline quill_status fuzz_open_folder(quill_error *err) {
    quill_model *model = NULL;
    quill_status s = quill_model_open(&model, fuzz_folder(), NULL, err);
    if (!s) fuzz_generate(model);
    quill_model_free(model);
    return s;
}

// The logits after a few tokens of the model at `path`, which can be opened; NULL: none, or not finite.
static inline float *fuzz_logits(const char *path, int32_t *n) {
    static const int32_t ids[] = {1, 2, 3, 2, 5};
    const quill_session_options options = {.n_ctx = 5, .n_threads = 1};
    quill_model *model = NULL;
    quill_session *session = NULL;
    quill_model_info info;
    quill_error err;
    const float *logits = NULL;
    float *copy = NULL;
    CLAIM(quill_model_open(&model, path, NULL, &err) == QUILL_OK);
    quill_model_describe(model, &info);
    *n = info.n_vocab;
    quill_status s = quill_session_create(&session, model, &options, &err);
    if (!s) s = quill_eval(session, ids, sizeof ids / sizeof ids[0], &logits, &err);
    if (!s && (copy = malloc((size_t)*n * sizeof *copy))) memcpy(copy, logits, (size_t)*n * sizeof *copy);
    quill_session_free(session);
    quill_model_free(model);
    return copy;
}

static inline void fuzz_same_logits(const char *a_path, const char *b_path) {
    int32_t n = 0, m = 0;
    float *a = fuzz_logits(a_path, &n), *b = fuzz_logits(b_path, &m);
    CLAIM(n == m && !a == !b);
    CLAIM(!a || memcmp(a, b, (size_t)n * sizeof *a) == 0);
    free(a);
    free(b);
}

// Writes it as a GGUF file, whose matrices have `type`. opened: what opening it gave.
static inline void fuzz_write_folder(quill_status opened, const char *type) {
    char out[128];
    quill_error err;
    snprintf(out, sizeof out, "%s/out.gguf", fuzz_folder());
    quill_status written = quill_quantize(fuzz_folder(), out, type, NULL, &err);
    if (written) fuzz_check_error(written, &err);
    CLAIM(!opened || written); // what cannot be opened is not written
    if (written) return;
    if (strcmp(type, "F32") == 0) fuzz_same_logits(fuzz_folder(), out);
    quill_model *model = NULL;
    CLAIM(quill_model_open(&model, out, NULL, &err) == QUILL_OK);
    quill_model_free(model);
    fuzz_put("out.gguf", NULL, 0);
}

#endif
