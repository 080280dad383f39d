// SPDX-License-Identifier: MIT
// The interface between the loops of a team (loop.c) and the provider of its threads; everything else includes team.h.
// A build has one provider: threads_openmp.c, or threads_pthread.c with `make THREADS=pthread`. It defines the
// functions below that begin with threads_, and team_default_size, team_size_limit and team_hold of team.h.
#ifndef QUILL_BASE_THREADS_H
#define QUILL_BASE_THREADS_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "team.h"

enum { CACHE_LINE = 64 };

// How many chunks of a member's share have been claimed: see loop_word.
struct share {
    alignas(CACHE_LINE) _Atomic uint64_t given;
};

struct thread {
    struct team *team;
    int index; // within the team
    pthread_t id;
};

// A waiting thread looks SPINS times, for some tens of microseconds, or only SPINS_SHARED times if members share CPUs,
// since another member may be waiting for this CPU. Then it yields its CPU YIELDS times, and then it sleeps.
enum { SPINS = 1000, SPINS_SHARED = 10, YIELDS = 200 };

struct team {
    int size;
    int spins, yields;                       // how often a thread looks before it sleeps; see SPINS
    void (*fn)(void *arg, struct member *m); // of the region
    void *arg;
    uint64_t first_loop;                          // of the region
    struct share *shares;                         // [size]
    struct thread *threads;                       // [n_threads], the provider's
    int n_threads;
    int spare;                                    // extra threads requested in a hold; they do nothing
    bool held;                                    // a hold is active
    alignas(CACHE_LINE) _Atomic uint64_t loop;    // the current loop and its finished chunks: see loop_word
    alignas(CACHE_LINE) _Atomic uint64_t gate;    // the current region: see OPEN_BIT
    alignas(CACHE_LINE) _Atomic uint64_t gone;    // dismissed threads that have left
    alignas(CACHE_LINE) atomic_int sleepers;      // threads that sleep or are about to
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

// ---- of the loops ----

// Called on a thread of the provider: as the member with this index (1..size-1), works on region after region until the
// team is dismissed, beginning with the first region after `seen`, a number that team_region returned.
void team_work(struct team *team, int index, uint64_t seen);
uint64_t team_region(const struct team *team);
// Makes the n threads in team_work return, and waits for them as members wait for each other.
void team_dismiss(struct team *team, int n);

// ---- of the provider ----

int threads_cpus(void); // that this process may use, at least 1
// Creates the threads; lowers team->size, the size asked for, to what the system allows. false: no memory.
bool threads_start(struct team *team);
void threads_stop(struct team *team);

#endif
