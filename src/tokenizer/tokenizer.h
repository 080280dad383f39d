// SPDX-License-Identifier: MIT
// Making a tokenizer from what a model file holds. Files are read by others: here are only strings.
#ifndef QUILL_TOKENIZER_TOKENIZER_H
#define QUILL_TOKENIZER_TOKENIZER_H

#include "base/error.h"
#include "base/str.h"
#include "quill/tokenizer.h"

enum token_kind {
    TOKEN_NORMAL,  // byte-mapped: "Ġthe"
    TOKEN_SPECIAL, // GGUF type 3 (control), "special": true; plain text unless asked for
    TOKEN_ADDED,   // GGUF type 4 (user defined), "special": false; stored as plain text, matched in every text
    TOKEN_UNUSED,  // never produced; has no bytes
};
enum {
    TOKEN_KIND_BITS = 3,     // the bits of enum token_kind; besides, of a special token:
    TOKEN_STRIPS_LEFT = 16,  // where it is parsed, the white space before it goes with it ("lstrip")
    TOKEN_STRIPS_RIGHT = 32, // and that behind it ("rstrip")
};

// Strings may be borrowed from a mapped file: they are copied or used only during the call.
struct vocab_spec {
    const char *file;             // for messages
    size_t n_tokens;              // ids 0..n_tokens-1
    const struct str *tokens;     // [n_tokens] as stored; {NULL, 0}: no such id
    const uint8_t *kinds;         // [n_tokens] enum token_kind and TOKEN_STRIPS_*; NULL: all normal
    size_t n_merges;
    const struct str *merges;     // [n_merges] "left right", rank ascending
    const char *pre;              // name of the pre-tokenizer, "gpt-2"; NULL: none named
    // The file's own split patterns, applied in turn; used when `pre` is NULL. NULL: none named, gpt-2 is assumed; an
    // empty list: text is not split.
    const struct str *patterns;   // [n_patterns]
    size_t n_patterns;
    const int32_t *eos;           // [n_eos]
    size_t n_eos;
    int32_t bos;                  // -1: none
    bool add_bos;
    bool add_bos_unsaid;          // the file does not say: what its pre-tokenizer's name implies
    bool nfc;                     // the file asks for normalization form C
    bool ignore_merges;           // a piece that is a token is that token, whatever the merges say
};

quill_status tokenizer_create(quill_tokenizer **out, const struct vocab_spec *spec, quill_error *err);

#endif
