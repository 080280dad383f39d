// SPDX-License-Identifier: MIT
// A GGUF file: in memory, where it ends where its allocation ends; then as a file that is mapped, and one that is read.
#include "fuzz.h"

static void same_answer(quill_status a, const quill_error *wrong_a, quill_status b, const quill_error *wrong_b) {
    CLAIM(a == b);
    if (!a) return;
    const char *in_a = strstr(wrong_a->text, ": "), *in_b = strstr(wrong_b->text, ": ");
    CLAIM(in_a && in_b && strcmp(in_a, in_b) == 0); // but for the name
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct weights *w;
    quill_error other;
    quill_status s = weights_open_memory(&w, data, size, "input", WEIGHTS_ALL, err);
    CLAIM(!s == (w != NULL));
    if (w) fuzz_walk(w);
    weights_close(w);

    quill_status vocabulary = weights_open_memory(&w, data, size, "input", WEIGHTS_TOKENIZER_ONLY, &other);
    CLAIM(s || !vocabulary);
    if (w) fuzz_walk(w);
    weights_close(w);

    const char *path = fuzz_file(data, size);
    for (enum map_how how = MAP_FILE; how <= MAP_READ; how++) {
        same_answer(s, err, weights_open(&w, path, WEIGHTS_ALL, how, &other), &other);
        if (w) fuzz_walk(w);
        weights_close(w);
    }
    fuzz_no_file();
    return s;
}
