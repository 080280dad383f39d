// SPDX-License-Identifier: MIT
// config.json, a line `==== generation`, generation_config.json: of a folder whose weights and vocabulary are those of
// tests/data/parity/narrow20, for a session and a few tokens, and to be written as GGUF.
#include "fuzz.h"
#include "quill/quill.h"

static void generate(const quill_model *model) {
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

static void put_folder(struct str config, struct str generation) {
    static bool copied;
    if (!copied) {
        fuzz_copy("model.safetensors", "tests/data/parity/narrow20/model.safetensors");
        fuzz_copy("vocab.json", "tests/data/parity/narrow20/vocab.json");
        fuzz_copy("merges.txt", "tests/data/parity/narrow20/merges.txt");
        copied = true;
    }
    fuzz_put("config.json", config.n ? config.p : "", config.n);
    fuzz_put("generation_config.json", generation.n ? generation.p : NULL, generation.n);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, config = fuzz_part(&rest, "==== generation");
    put_folder(config, rest);
    quill_model *model = NULL;
    quill_status s = quill_model_open(&model, fuzz_folder(), NULL, err);
    if (!s) generate(model);
    quill_model_free(model);

    char out[128];
    quill_error other;
    snprintf(out, sizeof out, "%s/out.gguf", fuzz_folder());
    quill_status written = quill_quantize(fuzz_folder(), out, "Q8_0", NULL, &other);
    if (written) fuzz_check_error(written, &other);
    CLAIM(!s || written); // what cannot be opened is not written
    if (!written) {
        CLAIM(quill_model_open(&model, out, NULL, &other) == QUILL_OK);
        quill_model_free(model);
        fuzz_put("out.gguf", NULL, 0);
    }
    return s;
}
