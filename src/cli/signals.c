// SPDX-License-Identifier: MIT
#include "signals.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

static volatile sig_atomic_t caught; // number of the signal; 0: none
static char temporary[PATH_MAX];     // a copy: a signal may come when the owner's string is gone
static volatile sig_atomic_t has_temporary;

void signals_temporary(const char *path) {
    has_temporary = 0;
    if (!path || strlen(path) >= sizeof temporary) return;
    memcpy(temporary, path, strlen(path) + 1);
    has_temporary = 1;
}

static void remove_temporary(void) {
    if (has_temporary) unlink(temporary);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void remember(int number) {
    if (caught) {
        remove_temporary();
        handle(number, SIG_DFL, 0);
        raise(number); // blocked until this handler returns
    }
    caught = number;
}

static void bus_error(int number) {
    static const char line[] = "quill: the model file changed or could not be read while it was in use\n";
    (void)number;
    remove_temporary();
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(6);
}

void signals_start(void) {
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

void signals_reraise(void) {
    int number = caught;
    handle(number, SIG_DFL, 0);
    raise(number);
}
