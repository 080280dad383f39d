// SPDX-License-Identifier: MIT
// config.json of a folder with one small tensor.
#include "fuzz.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    static const char shard[] = "\x38\0\0\0\0\0\0\0"
                                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  \0\0\0";
    struct weights *w;
    fuzz_put("model.safetensors", shard, sizeof shard);
    fuzz_put("config.json", data, size);
    quill_status s = weights_open(&w, fuzz_folder(), WEIGHTS_ALL, MAP_READ, err);
    if (w) fuzz_walk(w);
    weights_close(w);
    return s;
}
