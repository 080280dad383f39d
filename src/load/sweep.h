// SPDX-License-Identifier: MIT
// Goes over all weights once, with a team.
#ifndef QUILL_LOAD_SWEEP_H
#define QUILL_LOAD_SWEEP_H

#include "base/team.h"
#include "formats/weights.h"

struct sweep {
    const struct weights *weights;
    void (*take)(const void *data, size_t n); // called for every piece of a tensor, by any member
    // Called by the calling thread now and then, in bytes; false: skip the rest. NULL: never.
    bool (*progress)(void *user, uint64_t done, uint64_t all);
    void *user;
    uint64_t from; // bytes at the beginning that are left out
};

uint64_t sweep_bytes(const struct weights *w); // of all tensors
void sweep_run(const struct sweep *sweep, struct team *team);
// The calling thread does the work, and meanwhile the others go over as many of the weights as they can. Returns how
// many bytes from the beginning are done.
uint64_t sweep_beside(const struct sweep *sweep, struct team *team, void (*work)(void *arg), void *arg);

#endif
