// SPDX-License-Identifier: MIT
// A team of threads that run one function together (SPMD). The one owner of threads, which come from OpenMP, or in a
// build with THREADS=pthread are the team's own.
//
// All work is in loops: every member enters the same loops in the same order, claims their items in chunks, and goes on
// when the loop's items are done, whoever did them. Each has a share of a loop, a run of chunks, and then claims from
// the shares of others. So a thread whose core is slow, or taken by another program, holds nobody up: the others do its
// share, and when it is back it finds those loops finished and catches up. A member may come late, or not at all.
// Results must not depend on who does what: items have disjoint outputs.
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
    uint64_t loop; // the number of the loop that it is in
    int passed;    // shares of this loop, its own first, in which nothing is left
    uint64_t done; // chunks of this loop that it has not yet reported
    bool holds;    // a chunk that is not done
};

// As many threads as CPU affinity and the cgroup's CPU quota allow, at least 1; or as OMP_NUM_THREADS or
// omp_set_num_threads says; 1 within a parallel region.
int team_default_size(void);
int team_size_limit(void); // OpenMP's OMP_THREAD_LIMIT

// The calling thread and size - 1 others, fewer where the system or OMP_THREAD_LIMIT refuses them. NULL: no memory.
// size >= 1
struct team *team_create(int size);
void team_free(struct team *team);
int team_size(const struct team *team);

// Runs body(arg) on the calling thread with the team's threads at hand: between regions they sleep, and a late one
// holds up the end of the hold at most. Worth it around many calls of team_run, each of which is otherwise a hold of
// its own. A hold within a hold of the same team is part of it. Within a parallel region of OpenMP, which a hold of
// another team is too, and in a child that was forked after the first team, the calling thread works alone.
void team_hold(struct team *team, void (*body)(void *arg), void *arg);

// Runs fn(arg, member) on the calling thread and on those of the team's threads that come in time, and waits until all
// of these have left. Every member enters with the default floating-point state, which the numbers contract needs:
// round to nearest, subnormals kept.
void team_run(struct team *team, void (*fn)(void *arg, struct member *m), void *arg);

// A loop over [0, total) in chunks: team_begin, then team_claim until it returns false, then team_end, which waits
// until every item is done. What the items wrote is visible behind team_end. total/chunk below 2^24.
void team_begin(struct member *m);
bool team_claim(struct member *m, size_t total, size_t chunk, size_t *begin, size_t *end);
void team_end(struct member *m);

#endif
