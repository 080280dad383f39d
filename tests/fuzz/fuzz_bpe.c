// SPDX-License-Identifier: MIT
// Text: the first byte chooses one of the vocabularies of tests/data, the rest is what is encoded and decoded.
#include "fuzz.h"
#include "fuzz_text.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    static const char *const folders[] = {"tests/data/tokenizer/small", "tests/data/tokenizer/large",
                                          "tests/data/tokenizer/added", "tests/data/gguf/bf40-bf16.gguf",
                                          "tests/data/tokenizer/spm-bpe.gguf", "tests/data/tokenizer/spm-unigram",
                                          "tests/data/tokenizer/spm-symbols", "tests/data/tokenizer/json/llama",
                                          "tests/data/tokenizer/json/nfkc", "tests/data/tokenizer/json/nfkd",
                                          "tests/data/tokenizer/json/charsmap", "tests/data/tokenizer/json/bert",
                                          "tests/data/tokenizer/json/gpt1", "tests/data/tokenizer/json/unknown-fused",
                                          "tests/data/tokenizer/json/words", "tests/data/tokenizer/json/digits"};
    enum { N = sizeof folders / sizeof *folders };
    static quill_tokenizer *tokenizers[N];
    if (size == 0) return QUILL_OK;
    unsigned i = data[0] % N;
    if (!tokenizers[i] && quill_tokenizer_open(&tokenizers[i], folders[i], err) != QUILL_OK) {
        fprintf(stderr, "%s\n", err->text);
        abort();
    }
    fuzz_round_trip(tokenizers[i], (const char *)data + 1, size - 1);
    return QUILL_OK;
}
