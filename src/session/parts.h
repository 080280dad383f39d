// SPDX-License-Identifier: MIT
// The parts of a session. session.c creates them; the other files use them.
#ifndef QUILL_SESSION_PARTS_H
#define QUILL_SESSION_PARTS_H

#include "base/team.h"
#include "lanes.h"
#include "load/adapter.h"
#include "load/open.h"
#include "quill/session.h"
#include "sampler/sampler.h"
#include "schedule.h"
#include "score_list.h"

struct batch_rows; // batch_rows.h

struct quill_session {
    const quill_model *model; // borrowed
    struct team *team;
    const quill_adapter_use *uses; // [n_uses] borrowed
    size_t n_uses;
    struct adapter_sum adapters; // what they add to the matrices
    struct lanes lanes;
    struct schedule schedule; // the work computed into the lanes
    struct sampler *sampler;
    struct likelihood likelihood;
    struct token_set undrawn; // never drawn: rows of logits without a token, and what the model's files suppress
    struct token_set banned;  // these and the tokens that end a text
    struct batch_rows *rows;
    struct score_list scores; // of quill_score
    struct beam_search *search; // of the last quill_beam_search (beam.h)
    struct contrast *contrast;  // of the last quill_contrastive_search (contrast.h)
    bool weights_are_here;    // the first hold read them, unless on_weights stopped it
    bool (*on_weights)(void *user, uint64_t done, uint64_t all);
    void *user; // of on_weights
};

#endif
