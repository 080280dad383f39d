// SPDX-License-Identifier: MIT
// config.json, a line `==== generation`, generation_config.json: of a folder whose weights and vocabulary are those of
// tests/data/parity/narrow20, for a session and a few tokens, and to be written as GGUF.
#include "fuzz_folder.h"

static void put_folder(struct str config, struct str generation) {
    static bool copied;
    if (!copied) fuzz_copy("model.safetensors", "tests/data/parity/narrow20/model.safetensors");
    copied = true;
    fuzz_vocabulary();
    fuzz_put("config.json", config.n ? config.p : "", config.n);
    fuzz_put("generation_config.json", generation.n ? generation.p : NULL, generation.n);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, config = fuzz_part(&rest, "==== generation");
    put_folder(config, rest);
    const quill_status s = fuzz_open_folder(err);
    fuzz_write_folder(s, "Q8_0");
    return s;
}
