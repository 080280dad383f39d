// SPDX-License-Identifier: MIT
// What the loops of a team (loop.c) and the provider of its threads know of each other; everyone else includes team.h.
// A build has one provider: threads_openmp.c, or threads_pthread.c with `make THREADS=pthread`. It defines the
// functions below that begin with threads_, and of team.h team_default_size, team_size_limit and team_hold.
#ifndef QUILL_BASE_THREADS_H
#define QUILL_BASE_THREADS_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "team.h"

enum { CACHE_LINE = 64 };

// What has been claimed of a member's share: see loop_word.
struct share {
    alignas(CACHE_LINE) _Atomic uint64_t given;
};

struct thread {
    struct team *team;
    int index; // in it
    pthread_t id;
};

// A thread that waits looks SPINS times, some tens of microseconds; where members share CPUs only a few times, since
// then the wait is for the CPU. Then it offers its CPU to others YIELDS times, and then it sleeps.
enum { SPINS = 1000, SPINS_SHARED = 10, YIELDS = 200 };

struct team {
    int size;
    int spins, yields;                       // how often a thread looks before it sleeps: see SPINS
    void (*fn)(void *arg, struct member *m); // of the region
    void *arg;
    uint64_t first_loop;                          // of the region
    struct share *shares;                         // [size]
    struct thread *threads;                       // [n_threads] of the provider
    int n_threads;
    int spare;                                    // how many more are asked for in a hold, which do nothing
    bool held;                                    // there is a hold
    alignas(CACHE_LINE) _Atomic uint64_t loop;    // the loop that is worked on, and what is done of it: see loop_word
    alignas(CACHE_LINE) _Atomic uint64_t gate;    // the region: see OPEN_BIT
    alignas(CACHE_LINE) _Atomic uint64_t gone;    // threads that were dismissed and have left
    alignas(CACHE_LINE) atomic_int sleepers;      // threads that sleep, or are about to
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

// ---- of the loops ----

// Sent by a provider, a thread with this index (1..size-1) works on region after region until the team is dismissed. It
// begins with the first region after `seen`, a number that team_region gave.
void team_work(struct team *team, int index, uint64_t seen);
uint64_t team_region(const struct team *team);
// The n threads that were sent return from team_work. Waits for them, as members wait for each other.
void team_dismiss(struct team *team, int n);

// ---- of the provider ----

int threads_cpus(void); // that this process may use, at least 1
// Makes the team, whose size is what was asked for, as small as the system makes it. false: no memory.
bool threads_start(struct team *team);
void threads_stop(struct team *team);

#endif
