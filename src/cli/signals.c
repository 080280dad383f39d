// SPDX-License-Identifier: MIT
#include "signals.h"

#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught; // number of the signal; 0: none

static void remember(int number) { caught = number; }

static const char *volatile temporary;

void signals_temporary(const char *path) { temporary = path; }

static void bus_error(int number) {
    static const char line[] = "quill: the model file changed or could not be read while it was in use\n";
    (void)number;
    const char *path = temporary;
    if (path) unlink(path);
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(6);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void signals_start(void) {
    handle(SIGPIPE, SIG_DFL, 0);
    handle(SIGXFSZ, SIG_IGN, 0);
    handle(SIGBUS, bus_error, 0);
}

void signals_catch(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction now;
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN) continue;
        handle(numbers[i], remember, (int)SA_RESETHAND); // no SA_RESTART: a blocked read or write must return
    }
}

const volatile sig_atomic_t *signals_flag(void) { return &caught; }

bool signals_pending(void) { return caught != 0; }

void signals_reraise(void) {
    int number = caught;
    handle(number, SIG_DFL, 0);
    raise(number);
}
