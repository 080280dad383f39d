// SPDX-License-Identifier: MIT
// A manifest of ollama.
#include "fuzz.h"
#include "load/stores/gather.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    char digest[SHA256_DIGITS + 1];
    const quill_status s = ollama_manifest(digest, (struct str){(const char *)data, size}, "ollama:x", err);
    // It becomes a part of a path.
    if (!s) CLAIM(strspn(digest, "0123456789abcdefABCDEF") == SHA256_DIGITS && !digest[SHA256_DIGITS]);
    return s;
}
