// SPDX-License-Identifier: MIT
// tokenizer.model of a folder.
#include "fuzz.h"
#include "fuzz_text.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    quill_tokenizer *t = NULL;
    fuzz_put("config.json", "{}", 2);
    fuzz_put("tokenizer.model", data, size);
    quill_status s = quill_tokenizer_open(&t, fuzz_folder(), err);
    if (!s) fuzz_tokenizer(t);
    quill_tokenizer_free(t);
    return s;
}
