// SPDX-License-Identifier: MIT
// A GGUF file; or adapter_config.json, a line `==== weights`, and adapter_model.safetensors: as an adapter of the model
// tests/data/families/llama, for a session and a few tokens.
#include "fuzz_folder.h"

#define BASE "tests/data/families/llama"

static const quill_model *base(void) {
    static quill_model *model;
    quill_error err;
    if (!model) CLAIM(quill_model_open(&model, BASE, NULL, &err) == QUILL_OK);
    return model;
}

// The adapter twice, so that it is added up too; once, if it replaces a matrix.
static void run(const quill_adapter *adapter) {
    static const int32_t ids[] = {1, 2, 3, 2, 5};
    const quill_adapter_use uses[] = {{adapter, 1}, {adapter, -0.5f}};
    quill_session_options options = {.n_ctx = 5, .n_threads = 1, .adapters = uses, .n_adapters = 2};
    quill_session *session = NULL;
    quill_adapter_info info;
    quill_error err;
    const float *logits;
    quill_adapter_describe(adapter, &info);
    CLAIM(info.matrices > 0 && info.rank >= 0);
    CLAIM(quill_adapter_hash(adapter) == quill_adapter_hash(adapter));
    quill_status s = quill_session_create(&session, base(), &options, &err);
    if (s == QUILL_E_USAGE) options.n_adapters = 1, s = quill_session_create(&session, base(), &options, &err);
    if (!s) s = quill_eval(session, ids, sizeof ids / sizeof ids[0], &logits, &err);
    if (s) fuzz_check_error(s, &err);
    quill_session_free(session);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size};
    const bool is_file = size >= 4 && memcmp(data, "GGUF", 4) == 0;
    quill_adapter *adapter = NULL;
    quill_status s;
    const quill_model *model = base();
    if (is_file) {
        s = quill_adapter_load(&adapter, model, fuzz_file(data, size), err);
    } else {
        const struct str config = fuzz_part(&rest, "==== weights");
        fuzz_put("adapter_config.json", config.n ? config.p : "", config.n);
        fuzz_put("adapter_model.safetensors", rest.n ? rest.p : "", rest.n);
        s = quill_adapter_load(&adapter, model, fuzz_folder(), err);
    }
    CLAIM(s ? !adapter : adapter != NULL);
    if (!s) run(adapter);
    quill_adapter_free(adapter);
    if (is_file) fuzz_no_file();
    return s;
}
