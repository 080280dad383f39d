// SPDX-License-Identifier: MIT
#include "signals.h"

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quill/error.h"

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

static volatile sig_atomic_t caught; // number of the signal; 0: none
static volatile sig_atomic_t patient; // a second SIGINT changes nothing
static struct {
    volatile sig_atomic_t used;
    char path[PATH_MAX]; // a copy: a signal may come when the owner's string is gone
} temporaries[MOST_TEMPORARIES];

void signals_temporary(const char *path) {
    int i = 0;
    while (i < MOST_TEMPORARIES && temporaries[i].used) i++;
    assert(i < MOST_TEMPORARIES);
    if (strlen(path) >= sizeof temporaries[i].path) return;
    memcpy(temporaries[i].path, path, strlen(path) + 1);
    temporaries[i].used = 1;
}

void signals_forget(const char *path) {
    for (int i = 0; i < MOST_TEMPORARIES; i++)
        if (!path || strcmp(temporaries[i].path, path) == 0) temporaries[i].used = 0;
}

static void remove_temporaries(void) {
    for (int i = 0; i < MOST_TEMPORARIES; i++)
        if (temporaries[i].used) unlink(temporaries[i].path);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void remember(int number) {
    if (caught && !(patient && number == SIGINT)) {
        remove_temporaries();
        handle(number, SIG_DFL, 0);
        raise(number); // blocked until this handler returns
    }
    if (!caught) caught = number;
}

static void bus_error(int number) {
    static const char line[] = "quill: the model file changed or could not be read while it was in use\n";
    static atomic_flag told = ATOMIC_FLAG_INIT;
    (void)number;
    while (atomic_flag_test_and_set(&told)) pause(); // another thread of the model says so, and ends the program
    remove_temporaries();
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(QUILL_E_MODEL);
}

static void aborted(int number) {
    remove_temporaries();
    handle(number, SIG_DFL, 0);
    raise(number);
}

static bool ended; // main returned

// The runtime has printed the reason. Its exit status, 1, would be an answer of `quill ask`.
static void exited(void) {
    static const char line[] = "quill: the OpenMP runtime ended the program: it was refused memory or a thread\n";
    if (ended) return;
    remove_temporaries();
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(QUILL_E_SYSTEM);
}

void signals_end(void) { ended = true; }

void signals_start(void) {
    atexit(exited);
    handle(SIGABRT, aborted, 0);
    handle(SIGPIPE, SIG_DFL, 0);
    handle(SIGXFSZ, SIG_IGN, 0);
    handle(SIGBUS, bus_error, 0);
}

void signals_hold(sigset_t *before) {
    sigset_t held;
    sigemptyset(&held);
    for (int i = 0; i < N_STOP_SIGNALS; i++) sigaddset(&held, stop_signals[i]);
    pthread_sigmask(SIG_BLOCK, &held, before);
}

void signals_release(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }

void signals_catch(void) {
    for (int i = 0; i < N_STOP_SIGNALS; i++) {
        struct sigaction now;
        if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN) continue;
        handle(stop_signals[i], remember, 0); // no SA_RESTART: a blocked read or write must return
    }
}

const volatile sig_atomic_t *signals_flag(void) { return &caught; }

bool signals_pending(void) { return caught != 0; }

bool signals_take_interrupt(void) {
    const bool came = caught == SIGINT;
    patient = 1;
    if (came) caught = 0;
    return came;
}

void signals_reraise(void) {
    int number = caught;
    handle(number, SIG_DFL, 0);
    raise(number);
}
