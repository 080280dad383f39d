// SPDX-License-Identifier: MIT
// The description of a tokenizer that the readers of model files provide: only strings and numbers.
#ifndef QUILL_TOKENIZER_SPEC_H
#define QUILL_TOKENIZER_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    MOST_TOKENS = 1 << 21,       // ids fit 21 bits, so that a merge fits 64 (segment/bpe_build.h)
    MOST_MERGES = (1 << 22) - 1,
};

enum token_kind {
    TOKEN_NORMAL,  // spelled as the vocabulary spells (enum token_spelling): "Ġthe"
    TOKEN_SPECIAL, // GGUF type 3 (control), "special": true; matched only with QUILL_SPECIAL_PARSE
    TOKEN_ADDED,   // GGUF type 4 (user defined), "special": false; stored as plain text, matched in every text
    TOKEN_UNUSED,  // never produced; has no bytes
    TOKEN_BYTE,    // GGUF type 6, spelled "<0x0A>": a byte of text that no other token covers
};
enum {
    TOKEN_KIND_BITS = 7,     // the bits of enum token_kind; special and added tokens have more:
    TOKEN_STRIPS_LEFT = 8,   // a match includes the white space before it ("lstrip")
    TOKEN_STRIPS_RIGHT = 16, // and the white space after it ("rstrip")
    TOKEN_SINGLE_WORD = 32,  // no letter or digit stands beside a match ("single_word")
    TOKEN_NORMALIZED = 64,   // matched in normalized text ("normalized")
};

// How normal tokens spell the bytes that they stand for.
enum token_spelling {
    SPELLED_BYTES,  // a character for each byte: GPT-2's map (byte_map.h)
    SPELLED_BLANKS, // as they are, except that U+2581 stands for a space: SentencePiece
    SPELLED_PLAIN,  // as they are
    SPELLED_WORDS,  // as they are, except that "</w>" at the end stands for a space: GPT-1
};

// How words become tokens.
enum vocab_model {
    VOCAB_BPE,       // merges of bytes by rank: GPT-2's, and byte-level BPE since
    VOCAB_SPM,       // merges of characters by score, bytes for the rest: SentencePiece's BPE
    VOCAB_UNIGRAM,   // the likeliest tokens by score
    VOCAB_WORDPIECE, // the longest token from the left, repeatedly: BERT's
    VOCAB_BPE_CHARS, // merges of characters by rank: GPT-1's, and SentencePiece's BPE in tokenizer.json
    VOCAB_MODELS,
};

// A change of the text before it is split.
enum normalizer_kind {
    NORMALIZE_NFC,           // with byte-level BPE reported but not applied: nearly all text has this form
    NORMALIZE_NFD,
    NORMALIZE_NFKC,
    NORMALIZE_NFKD,
    NORMALIZE_LOWERCASE,
    NORMALIZE_STRIP_ACCENTS, // removes all marks
    NORMALIZE_STRIP_NONSPACING, // removes non-spacing marks
    NORMALIZE_STRIP,         // removes white space at the ends: `left`, `right`
    NORMALIZE_PREPEND,       // puts `text` in front, unless the text is empty
    NORMALIZE_REPLACE,       // each `pattern` by `text`
    NORMALIZE_REPLACE_REGEX, // each match of `pattern` by `text`
    NORMALIZE_NMT,           // removes control characters; white space of all kinds is a space
    NORMALIZE_CLEAN,         // the same as BERT has it
    NORMALIZE_IDEOGRAPHS,    // a space before and after each Chinese character
    NORMALIZE_CHARSMAP,      // by rules (charsmap.h) in `text`: the longest that fit
    NORMALIZE_CHARSMAP_GRAPHEMES, // the same, but by what a user sees as a character: Hugging Face
    NORMALIZE_MERGE_BLANKS,  // each run of spaces is one, and there is none at the ends of the whole text, or with
                             // `left` and `right` of each part between added tokens
    NORMALIZERS,
};
struct normalizer_step {
    enum normalizer_kind kind;
    struct str pattern, text;
    bool left, right;
};

// The space that a tokenizer puts in front of a text, so that its first word looks like any other word.
enum dummy_prefix {
    PREFIX_NONE,
    PREFIX_UNLESS_SPACE, // before each stretch between added tokens that does not begin with one: "add_prefix_space"
    PREFIX_ALWAYS,       // whatever the text begins with: SentencePiece
    PREFIX_WORDS,        // before each word, in place of all white space: WhitespaceSplit and Metaspace
};

// Which stretches of a text between added tokens get it.
enum prefix_scope {
    PREFIX_EACH,
    PREFIX_FIRST,          // where the whole text begins
    PREFIX_BEHIND_SPECIAL, // that, and those behind special tokens
};

// What becomes of the matches of a split pattern.
enum split_behavior {
    SPLIT_ISOLATED,      // pieces of their own
    SPLIT_REMOVED,
    SPLIT_CONTIGUOUS,    // adjacent ones together
    SPLIT_WITH_PREVIOUS, // one ends the piece before it
    SPLIT_WITH_NEXT,     // one begins the piece behind it
    SPLIT_INVERTED = 16, // the text between matches counts as matches, and they as the rest
};

// A member that a model does not use must be unset (0, NULL, -1): if a tokenizer does not support what a member asks
// for, the file is refused by that member's name. Strings may be borrowed from a mapped file: they are used only during
// the call, or copied.
struct vocab_spec {
    const char *file;             // for messages
    enum vocab_model model;
    size_t n_tokens;              // ids 0..n_tokens-1
    const struct str *tokens;     // [n_tokens] as stored; {NULL, 0}: no such id
    enum token_spelling spelling;
    const uint8_t *kinds;         // [n_tokens] enum token_kind and TOKEN_STRIPS_*; NULL: all normal
    size_t n_merges;
    const struct str *merges;     // [n_merges] "left right", rank ascending; or with a NUL between them, where a space
                                  // belongs to one
    const double *scores;         // [n_tokens] SPM, UNIGRAM: larger is better; NULL: none
    int32_t unk;                  // the token for text that no other token covers; -1: none
    bool byte_fallback;           // such text becomes the tokens <0x00> to <0xFF> of its bytes instead of unk
    bool fuse_unk;                // BPE_CHARS: unk tokens side by side are one; with scores they always are
    const struct normalizer_step *normalizers; // [n_normalizers] in turn
    size_t n_normalizers;
    enum dummy_prefix dummy_prefix;
    enum prefix_scope prefix_scope;
    bool decoder_strips;          // the first space of a text is dropped though there is no dummy prefix
    const char *pre;              // name of the pre-tokenizer, "gpt-2"; NULL: none named
    // The file's own split patterns, applied in turn; used when `pre` is NULL. NULL: none named, gpt-2 is assumed; an
    // empty list: text is not split.
    const struct str *patterns;   // [n_patterns]
    size_t n_patterns;
    const uint8_t *behaviors;     // [n_patterns] enum split_behavior and SPLIT_INVERTED; NULL: all isolated
    const int32_t *eos;           // [n_eos] those that the file names
    size_t n_eos;
    const int32_t *appended;      // [n_appended] tokens that the file puts behind a text; generation leaves them out
    size_t n_appended;
    const int32_t *infill;        // [3] tokens in front of the text before a gap, the text behind it, and what fills it
                                  // (-1: none), as the file names them; NULL: it does not
    const int32_t *suppressed;    // [n_suppressed] ids of tokens that are never to be drawn
    size_t n_suppressed;
    int32_t bos;                  // -1: none
    bool add_bos;
    bool add_bos_unsaid;          // the file does not say; the pre-tokenizer's name implies it
    const char *ignored;          // the file's BOS and EOS that are not tokens, for quill_tokenizer_info; NULL: none
    bool bos_ignored;             // a BOS is among them
    bool ignore_merges;           // BPE: a piece that is a token is that token, whatever the merges say
};

#endif
