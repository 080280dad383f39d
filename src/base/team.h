// SPDX-License-Identifier: MIT
// A team of threads that run one function together (SPMD). The one owner of threads.
//
// Inside the region every member calls the same operations in the same order; team_claim hands out work in chunks, so a
// slow or stolen core does not stall the rest, and team_barrier ends an operation. Results must not depend on who does
// what: members write disjoint outputs.
#ifndef QUILL_BASE_TEAM_H
#define QUILL_BASE_TEAM_H

#include <stdbool.h>
#include <stddef.h>

struct team;

struct member {
    struct team *team;
    int index;       // 0..size-1; 0 is the calling thread
    int size;
    unsigned job;    // how many claim loops this member has entered: picks the shared counter
    unsigned phase;  // how many barriers it has passed
};

// As many threads as CPU affinity and the cgroup's CPU quota allow; at least 1.
int team_default_size(void);

struct team *team_create(int size); // NULL: no memory. size >= 1
void team_free(struct team *team);
int team_size(const struct team *team);

// Runs fn(arg, member) on every member and waits for all. Every thread enters with the default floating-point state
// (round to nearest, subnormals kept). Should the system give fewer threads than asked, the members are fewer.
void team_run(struct team *team, void (*fn)(void *arg, struct member *m), void *arg);

void team_barrier(struct member *m);

// A loop over [0, total) in chunks: team_begin once, then team_claim until it returns false. Every member takes part in
// every loop, in the same order, and a team_barrier lies between any two loops.
void team_begin(struct member *m);
bool team_claim(struct member *m, size_t total, size_t chunk, size_t *begin, size_t *end);

#endif
