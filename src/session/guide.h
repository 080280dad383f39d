// SPDX-License-Identifier: MIT
// Classifier-free guidance (Sanchez et al. 2023, "Stay on topic"): the text is also read behind a second, negative
// prompt, and drawn from logits that point away from what follows that one.
#ifndef QUILL_SESSION_GUIDE_H
#define QUILL_SESSION_GUIDE_H

#include "score_list.h"
#include "window.h"

struct guide {
    bool on;
    float scale;
    struct window window; // the negative prompt, then the tokens drawn
    float *own;           // [n_vocab] logits behind the prompt, and behind the negative one
    float *negative;
};

void guide_free(struct guide *g); // zeros are fine
// Begins with the negative prompt of a request whose prompt is prompt[0..n), or without one with the last id of the
// prompt. The ids were checked. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status guide_begin(struct guide *g, const quill_request *r, size_t n_vocab, int32_t n_ctx,
                                          quill_error *err);
// Returns the logits of the draw, log p = negative + scale * (own - negative) of the logarithms of both distributions.
// They take the place of `negative`.
const float *guide_combine(struct guide *g, const struct likelihood *l);

#endif
