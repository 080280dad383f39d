// SPDX-License-Identifier: MIT
// model.safetensors in a folder with a plain config.json.
#include "fuzz.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct weights *w;
    fuzz_put("config.json", "{}", 2);
    fuzz_put("model.safetensors", data, size);
    quill_status s = weights_open(&w, fuzz_folder(), WEIGHTS_ALL, MAP_READ, err);
    if (w) fuzz_walk(w);
    weights_close(w);
    quill_error other;
    CLAIM(weights_open(&w, fuzz_folder(), WEIGHTS_ALL, MAP_FILE, &other) == s);
    if (w) fuzz_walk(w);
    else CLAIM(strcmp(err->text, other.text) == 0);
    weights_close(w);
    return s;
}
