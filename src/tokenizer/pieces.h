// SPDX-License-Identifier: MIT
// Pieces of a text on their way from the splitter to the segmenter: a list that is flushed each time it is full, so
// that the two do not alternate piece by piece.
#ifndef QUILL_TOKENIZER_PIECES_H
#define QUILL_TOKENIZER_PIECES_H

#include <stddef.h>

#include "base/error.h"

enum { PIECES = 256 };

struct piece {
    const char *p; // borrowed from the text
    size_t n;      // > 0
};

struct pieces {
    size_t n;
    struct piece list[PIECES];
    quill_status (*flush)(struct pieces *pieces, quill_error *err); // uses the pieces and sets n to 0
};

static inline quill_status pieces_add(struct pieces *pieces, const char *p, size_t n, quill_error *err) {
    if (pieces->n == PIECES) {
        quill_status status = pieces->flush(pieces, err);
        if (status) return status;
    }
    pieces->list[pieces->n++] = (struct piece){p, n};
    return QUILL_OK;
}

#endif
