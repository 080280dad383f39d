// SPDX-License-Identifier: MIT
// model.safetensors.index.json of a folder with two shards.
#include "fuzz.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    static const struct {
        const char *name, *header;
    } shards[] = {
        {"a.safetensors", "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                          "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}"},
        {"b.safetensors", "{\"z\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}"},
    };
    struct weights *w;
    fuzz_put("config.json", "{}", 2);
    for (size_t i = 0; i < sizeof shards / sizeof *shards; i++) {
        char file[256] = {0};
        size_t n = strlen(shards[i].header);
        file[0] = (char)n;
        memcpy(file + 8, shards[i].header, n);
        fuzz_put(shards[i].name, file, 8 + n + 8);
    }
    fuzz_put("model.safetensors.index.json", data, size);
    quill_status s = weights_open(&w, fuzz_folder(), WEIGHTS_ALL, MAP_READ, err);
    if (w) {
        fuzz_walk(w);
        for (size_t i = 0; i < w->n_tensors; i++)
            CLAIM(w->tensors[i].name.n == 1 && strchr("xyz", w->tensors[i].name.p[0]));
    }
    weights_close(w);
    return s;
}
