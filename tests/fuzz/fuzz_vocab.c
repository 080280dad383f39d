// SPDX-License-Identifier: MIT
// vocab.json, a line `==== merges`, merges.txt, a line `==== config`, tokenizer_config.json: files of a folder.
#include "fuzz.h"
#include "fuzz_text.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    quill_tokenizer *t = NULL;
    struct str rest = {(const char *)data, size};
    struct str vocab = fuzz_part(&rest, "==== merges"), merges = fuzz_part(&rest, "==== config");
    fuzz_put("config.json", "{}", 2);
    fuzz_put("vocab.json", vocab.n ? vocab.p : "", vocab.n);
    fuzz_put("merges.txt", merges.n ? merges.p : "", merges.n);
    fuzz_put("tokenizer_config.json", rest.n ? rest.p : NULL, rest.n);
    quill_status s = quill_tokenizer_open(&t, fuzz_folder(), err);
    if (!s) fuzz_tokenizer(t);
    quill_tokenizer_free(t);
    return s;
}
