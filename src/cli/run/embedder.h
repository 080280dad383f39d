// SPDX-License-Identifier: MIT
// Turns texts into vectors, for embed and similar.
#ifndef QUILL_CLI_RUN_EMBEDDER_H
#define QUILL_CLI_RUN_EMBEDDER_H

#include "base/buffer.h"
#include "cli/io/term.h"
#include "cli/options/options.h"
#include "cli/table/row_failures.h"
#include "quill/embed.h"

enum { EMBEDDER_TEXTS = 64 };

struct embedded {
    quill_text text;
    size_t n_tokens;
    const float *vector;        // [n_embd]
    const quill_error *problem; // NULL: none; else there is no vector
};
// Called for every text, in order. A status other than QUILL_OK ends the run.
typedef quill_status embedded_fn(void *user, const struct embedded *text, quill_error *err);

struct embedder {
    const struct options *o;
    quill_model *model;
    quill_session *session;
    quill_embed_config *config;
    size_t n_embd;
    quill_text prompt;
    quill_pooling pooling;
    bool normalize;
    embedded_fn *done;
    void *user;
    struct buffer held;                 // texts, one after the other, not computed yet
    size_t lengths[EMBEDDER_TEXTS];     // [n_held] of them
    size_t n_held;
    float *vectors;                     // [EMBEDDER_TEXTS][n_embd]
    struct row_failures failures;       // of all texts so far
    struct progress bar;
    struct rows *rows;                  // of the current file
};

// Opens the model that the options name, and a session of -c positions, by default as many as the files say or the
// model has.
QUILL_MUST_CHECK quill_status embedder_open(struct embedder *e, const struct options *o, quill_error *err);
void embedder_free(struct embedder *e); // zeros are fine

// One text more; it is computed when there are enough of them, or by embedder_flush.
QUILL_MUST_CHECK quill_status embedder_add(struct embedder *e, quill_text text, quill_error *err);
QUILL_MUST_CHECK quill_status embedder_flush(struct embedder *e, quill_error *err);
// The lines of the operands, or of stdin. Lines that are there are not kept waiting for others. After a signal lines
// may be left.
QUILL_MUST_CHECK quill_status embedder_check_files(const struct options *o, quill_error *err); // before it is opened
QUILL_MUST_CHECK quill_status embedder_read_files(struct embedder *e, int out, quill_error *err);

#endif
