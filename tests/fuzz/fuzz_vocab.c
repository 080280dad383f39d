// SPDX-License-Identifier: MIT
// vocab.json, a line `==== merges`, merges.txt, a line `==== config`, tokenizer_config.json, a line `==== special`,
// special_tokens_map.json, a line `==== added`, added_tokens.json: files of a folder.
#include "fuzz.h"
#include "fuzz_text.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    quill_tokenizer *t = NULL;
    struct str rest = {(const char *)data, size};
    struct str vocab = fuzz_part(&rest, "==== merges"), merges = fuzz_part(&rest, "==== config");
    struct str config = fuzz_part(&rest, "==== special"), special = fuzz_part(&rest, "==== added");
    fuzz_put("config.json", "{}", 2);
    fuzz_put("vocab.json", vocab.n ? vocab.p : "", vocab.n);
    fuzz_put("merges.txt", merges.n ? merges.p : "", merges.n);
    fuzz_put("tokenizer_config.json", config.n ? config.p : NULL, config.n);
    fuzz_put("special_tokens_map.json", special.n ? special.p : NULL, special.n);
    fuzz_put("added_tokens.json", rest.n ? rest.p : NULL, rest.n);
    quill_status s = quill_tokenizer_open(&t, fuzz_folder(), err);
    if (!s) fuzz_tokenizer(t);
    quill_tokenizer_free(t);
    return s;
}
