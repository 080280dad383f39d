// SPDX-License-Identifier: MIT
// SentencePiece's compiled normalization rules: strings, and what replaces each. The bytes come from model files: the
// size of a trie in bytes (u32), the trie as a double array of u32 (darts-clone writes it), and the replacements, each
// ended by a NUL; a value of the trie is a replacement's offset.
#ifndef QUILL_TOKENIZER_CHARSMAP_H
#define QUILL_TOKENIZER_CHARSMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct charsmap {
    uint32_t *units;    // [n_units]
    size_t n_units;
    char *replacements; // [n_replacements], NUL at the end
    size_t n_replacements;
    bool begins[256];   // the bytes that a string of the map begins with
    bool alone[256];    // the bytes that are such a string by themselves
};

// QUILL_E_MODEL: it is cut short.
quill_status charsmap_read(struct charsmap *map, struct str bytes, const char *file, quill_error *err);
void charsmap_free(struct charsmap *map);

// The length of a string of the map that p[0..n) begins with, and what replaces it: the longest one, or with `shortest`
// the shortest. 0: none.
size_t charsmap_find(const struct charsmap *map, const char *p, size_t n, bool shortest, struct str *replacement);

#endif
