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

// Writes it as a GGUF file. opened: what opening it gave.
static inline void fuzz_write_folder(quill_status opened) {
    char out[128];
    quill_error err;
    snprintf(out, sizeof out, "%s/out.gguf", fuzz_folder());
    quill_status written = quill_quantize(fuzz_folder(), out, "Q8_0", NULL, &err);
    if (written) fuzz_check_error(written, &err);
    CLAIM(!opened || written); // what cannot be opened is not written
    if (written) return;
    quill_model *model = NULL;
    CLAIM(quill_model_open(&model, out, NULL, &err) == QUILL_OK);
    quill_model_free(model);
    fuzz_put("out.gguf", NULL, 0);
}

#endif
