// SPDX-License-Identifier: MIT
// A team of threads that run one function together (SPMD). Nothing else creates threads. They come from OpenMP, or are
// the team's own in a build with THREADS=pthread.
//
// All work is in loops. Every member enters the same loops in the same order, claims their items in chunks, and goes on
// once all items of the loop are done, whoever did them. A member claims from its own share of the loop, a run of
// chunks, and then from the shares of others. So a thread whose core is slow, or used by another program, delays
// nobody: the others do its share, and it later finds those loops finished and catches up. A member may come late, or
// not at all. Results must not depend on who does what: items have disjoint outputs.
#ifndef QUILL_BASE_TEAM_H
#define QUILL_BASE_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct team;

struct member {
    struct team *team;
    int index;     // 0..size-1; 0 is the calling thread
    int size;      // of the team
    uint64_t loop; // number of the loop it is in
    int passed;    // shares of this loop, its own first, with nothing left
    uint64_t done; // finished chunks of this loop, not yet reported
    bool holds;    // has a chunk that is not finished
};

// As many threads as CPU affinity and the cgroup's CPU quota allow, at least 1; or what OMP_NUM_THREADS or
// omp_set_num_threads says; 1 within a parallel region.
int team_default_size(void);
int team_size_limit(void); // OpenMP's OMP_THREAD_LIMIT; 1 in a forked child, where its threads do not exist

// The calling thread and size - 1 others, or fewer if the system or OMP_THREAD_LIMIT refuses them. size >= 1. NULL: no
// memory.
struct team *team_create(int size);
void team_free(struct team *team);
int team_size(const struct team *team);

// Runs body(arg) on the calling thread and keeps the team's threads ready: they sleep between regions, and a late one
// delays at most the end of the hold. Worth it around many calls of team_run, each of which is otherwise a hold of its
// own. A hold within a hold of the same team is part of it. Within an OpenMP parallel region, such as a hold of another
// team, and in a child that was forked after the first team, the calling thread works alone.
void team_hold(struct team *team, void (*body)(void *arg), void *arg);

// Runs fn(arg, member) on the calling thread and on those of the team's threads that come in time, and waits until
// these have left. Every member enters with the default floating-point state, because the bits depend on it: round to
// nearest, keep subnormals.
void team_run(struct team *team, void (*fn)(void *arg, struct member *m), void *arg);

// A loop over [0, total) in chunks: team_begin, then team_claim until it returns false, then team_end, which waits
// until every item is done. What the items wrote is visible after team_end. total/chunk must be below 2^24.
void team_begin(struct member *m);
bool team_claim(struct member *m, size_t total, size_t chunk, size_t *begin, size_t *end);
void team_end(struct member *m);

#endif
