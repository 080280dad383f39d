// SPDX-License-Identifier: MIT
// A GGUF file, all the way: tensors, hyper-parameters, vocabulary, a session, a few tokens; written again in another
// type.
#include "fuzz.h"
#include "fuzz_text.h"
#include "quill/quill.h"

static void generate(const quill_model *model) {
    const quill_session_options options = {.n_ctx = quill_model_n_ctx(model) < 8 ? 0 : 8, .n_threads = 1};
    quill_session *session = NULL;
    quill_error err;
    const quill_result *result = NULL;
    quill_ids ids = {0};
    quill_status s = quill_session_create(&session, model, &options, &err);
    if (!s) s = quill_encode(quill_model_tokenizer(model), &ids, "a b", 3, QUILL_SPECIAL_AS_TEXT, &err);
    if (!s) {
        quill_request request = quill_request_default();
        request.prompt = ids.ids, request.n_prompt = ids.n, request.n_predict = 4, request.logprobs = 2;
        s = quill_generate(session, &request, &result, &err);
        CLAIM(s || result->generated_tokens > 0);
    }
    if (s) fuzz_check_error(s, &err);
    quill_ids_free(&ids);
    quill_session_free(session);
}

// What is written from a GGUF file is one, and from a model, a model.
static void quantize(const uint8_t *data, size_t size, bool is_model) {
    static const char *const types[] = {"F32",  "F16",  "BF16", "Q8_0", "Q4_0", "Q4_1",   "Q5_0",   "Q5_1",
                                        "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "Q4_K_M", "Q5_K_M"};
    const quill_quantize_options options = {.data = data, .size = size};
    char path[128];
    quill_error err;
    snprintf(path, sizeof path, "%s/out.gguf", fuzz_folder());
    quill_status s = quill_quantize(NULL, path, types[size % 16], &options, &err);
    if (s) {
        fuzz_check_error(s, &err);
        return;
    }
    struct weights *w = NULL;
    quill_model *model = NULL;
    CLAIM(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err) == QUILL_OK);
    fuzz_walk(w);
    weights_close(w);
    CLAIM(!is_model || quill_model_open(&model, path, NULL, &err) == QUILL_OK);
    quill_model_free(model);
    fuzz_put("out.gguf", NULL, 0);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    quill_model *model = NULL;
    quill_status s = quill_model_open_memory(&model, data, size, "input", NULL, err);
    quantize(data, size, !s);
    if (s) return s;
    quill_model_info info;
    quill_model_describe(model, &info);
    CLAIM(info.family && info.n_vocab > 0 && info.n_ctx > 0 && info.n_layer > 0 && info.n_head > 0);
    CLAIM(quill_n_vocab(quill_model_tokenizer(model)) <= info.n_vocab);
    for (size_t i = 0; i < quill_model_n_tensors(model); i++) {
        quill_tensor_info tensor;
        quill_model_tensor(model, i, &tensor);
    }
    fuzz_tokenizer(quill_model_tokenizer(model));
    generate(model);
    quill_model_free(model);
    return QUILL_OK;
}
