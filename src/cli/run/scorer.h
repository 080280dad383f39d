// SPDX-License-Identifier: MIT
// Computes the probabilities of the tokens of texts, as score and rank count them.
#ifndef QUILL_CLI_RUN_SCORER_H
#define QUILL_CLI_RUN_SCORER_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "quill/score.h"

struct scorer {
    const struct options *o;
    quill_model *model;
    quill_session *session;
    const quill_tokenizer *tokenizer; // of the model
    int32_t n_ctx;
    int32_t begin;      // the token in front of every text: BOS, else EOS; -1: none
    struct buffer joined; // prefix and text
    bool noted;           // the note about a missing space was printed
    bool stored;          // the prefix went into the prompt cache, if there is one
    bool said_return;     // the note about a carriage return was printed
};

// One token of a text. The prefix's tokens come first. Without a token in front, the first token of a text does not
// count.
struct scored_piece {
    const quill_scored_token *score; // NULL: the token is context and does not count
    int32_t id;
    const char *bytes; // [n] the bytes it adds to the text; borrowed during the call
    size_t n;
};
typedef quill_status piece_fn(void *user, const struct scored_piece *piece, quill_error *err);

struct text_score {
    double logprob; // sum over the tokens that count
    size_t tokens;  // how many tokens count
    size_t bytes;   // how many bytes of the text they cover
};
double score_perplexity(const struct text_score *score);    // NAN if no token counts
double score_bits_per_byte(const struct text_score *score);

// Opens the model that the options name and a session of -c positions, by default as many as the model has, for up to
// n_seq texts at once, fewer if memory is short.
QUILL_MUST_CHECK quill_status scorer_open(struct scorer *s, const struct options *o, int32_t n_seq, quill_error *err);
void scorer_free(struct scorer *s); // zeros are fine

struct to_score {
    const char *prefix, *text; // encoded as one
    size_t n_prefix, n;
    bool space; // the text begins with a space, unless there is one between it and the prefix
};
// Called when a text is done. `problem` (NULL: none) says why it has no score: it does not fit.
typedef quill_status scored_fn(void *user, size_t i, const struct text_score *score, const quill_error *problem,
                               quill_error *err);
struct scoring_calls {
    int top;         // how many likeliest tokens each score has
    piece_fn *piece; // optional; called for every token of a text, ascending, but not for a text that does not fit
    scored_fn *done; // called for every text, in order, after its pieces
    void *user;
};
enum { SCORER_AT_ONCE = 16, SCORER_TEXTS = 64, SCORER_BYTES = 1 << 14 }; // sequences, and what one call should hold

// Scores texts[n], several at once. Errors: those that no text causes.
QUILL_MUST_CHECK quill_status scorer_run(struct scorer *s, const struct to_score *texts, size_t n,
                                         const struct scoring_calls *calls, quill_error *err);
// One text of any length, in windows of the context, each `stride` tokens after the last.
QUILL_MUST_CHECK quill_status scorer_run_windows(struct scorer *s, const struct to_score *text, int32_t stride,
                                                 const struct scoring_calls *calls, quill_error *err);

#endif
