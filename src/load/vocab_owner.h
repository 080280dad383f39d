// SPDX-License-Identifier: MIT
// The data that the readers of a directory's tokenizer files collect.
#ifndef QUILL_LOAD_VOCAB_OWNER_H
#define QUILL_LOAD_VOCAB_OWNER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json_walk.h"
#include "tokenizer/spec.h"

enum { OWN_MOST_PATTERNS = 16, OWN_MOST_NORMALIZERS = 64, MOST_APPENDED = 8 };

// What a pattern of a pre-tokenizer is made from.
enum pattern_origin { PATTERN_STRING, PATTERN_REGEX, PATTERN_CLASS };

struct vocab_entry {
    struct str text;
    int32_t id;
    uint8_t kind;   // enum token_kind and TOKEN_STRIPS_*
    bool added;     // listed as an added token; may repeat a token of the vocabulary
};

struct vocab_owner {
    struct arena arena;          // strings that are not part of a file
    struct vocab_entry *entries; // [n_entries]
    size_t n_entries, entries_cap;
    struct str *merges;          // [n_merges] "left right"
    size_t n_merges, merges_cap;
    double *scores;              // [n_scores] by id
    size_t n_scores, scores_cap;
    struct str patterns[OWN_MOST_PATTERNS];
    uint8_t behaviors[OWN_MOST_PATTERNS];           // enum split_behavior and SPLIT_INVERTED
    enum pattern_origin origins[OWN_MOST_PATTERNS];
    size_t n_patterns;
    bool gpt2_split;             // only ByteLevel: GPT-2's own pattern
    struct normalizer_step normalizers[OWN_MOST_NORMALIZERS];
    size_t n_normalizers;
    bool marks_blanks;           // a normalizer replaces spaces by U+2581
    enum vocab_model model;
    enum token_spelling spelling;
    struct str unk_token, word_suffix; // {NULL, 0}: none
    bool byte_fallback, fuse_unk;
    bool ignore_merges;
    enum dummy_prefix prefix;
    enum prefix_scope prefix_scope;
    bool byte_level, metaspace, decoder_strips;
    int32_t model_bos, model_eos; // that tokenizer.model has; -1: none
    bool has_template;           // the post-processor says what stands in front of a text, and behind it
    int32_t template_bos;        // the token that it puts in front; -1: none
    int32_t appended[MOST_APPENDED]; // [n_appended] behind a text: those of the template, or EOS
    size_t n_appended;
    int32_t unk;
    struct str *tokens;          // [n_tokens] by id, from the entries
    uint8_t *kinds;
    size_t n_tokens;
    int32_t eos;
};

// A file being read.
struct vocab_reading {
    struct vocab_owner *owner;
    const char *directory, *file; // for messages
    struct json_walk walk;
    quill_error *err;
};

// Fails with "DIR/FILE: " and what is wrong. `what` NULL: the walk's mistake.
quill_status vocab_refuse(const struct vocab_reading *r, const char *what);
// Fails with "DIR/FILE: PART 'NAME' is not supported".
quill_status vocab_lacks(const struct vocab_reading *r, const char *part, struct str name);

bool vocab_natural(struct str written, int32_t *value); // a JSON integer of 0 to 999,999,999
// The member's value in an object that was walked over before; {NULL, 0}: none.
struct str vocab_member(struct str object, const char *quoted_name);
// A JSON string, decoded. false: out of memory. Another value gives {NULL, 0}.
bool vocab_text(struct vocab_reading *r, struct str written, struct str *out);

quill_status vocab_add_entry(struct vocab_reading *r, struct vocab_entry entry);
quill_status vocab_add_merge(struct vocab_reading *r, struct str merge);

quill_status vocab_read_tokenizer_json(struct vocab_reading *r); // r->walk at the beginning
quill_status vocab_read_spm_model(struct vocab_reading *r, struct str bytes); // tokenizer.model
// The walk is at an object of tokens and their ids, of the vocabulary or (`added`) added to it.
quill_status vocab_read_vocab(struct vocab_reading *r, bool added);
quill_status vocab_read_scored(struct vocab_reading *r); // at a list of tokens and their scores, by id
quill_status vocab_add_score(struct vocab_reading *r, double score); // of the next id
quill_status vocab_place_scores(struct vocab_reading *r); // after n_tokens is known: a score for each
// Reads one token of a list of added ones; `id`: its id if the object does not hold it, else -1.
quill_status vocab_read_added(struct vocab_reading *r, struct str object, int32_t id);
quill_status vocab_read_pre_tokenizer(struct vocab_reading *r, struct str part);   // a value that was walked over
quill_status vocab_read_post_processor(struct vocab_reading *r, struct str part);
quill_status vocab_read_normalizer(struct vocab_reading *r, struct str part);
quill_status vocab_read_decoder(struct vocab_reading *r, struct str part);
quill_status vocab_add_bert_steps(struct vocab_reading *r); // BERT's normalizer, with lowercase
// After these: what they mean together.
quill_status vocab_settle(struct vocab_reading *r);
// In their place, where vocab.json and merges.txt are GPT-1's.
quill_status vocab_settle_gpt1(struct vocab_reading *r);

#endif
