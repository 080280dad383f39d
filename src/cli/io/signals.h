// SPDX-License-Identifier: MIT
#ifndef QUILL_CLI_IO_SIGNALS_H
#define QUILL_CLI_IO_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

// Call at program start: SIGPIPE kills silently, SIGXFSZ becomes a failing write, SIGBUS (a mapped model that shrank or
// cannot be read) removes the temporary files, reports it and ends with status 6. An exit that is not main's does the
// same with status 5: the OpenMP runtime ends the process if it cannot get memory or a thread.
void signals_start(void);
void signals_end(void); // main returns
// Registers a temporary file: until it is forgotten, SIGBUS, SIGABRT, a second signal and an exit that is not main's
// remove it.
enum { MOST_TEMPORARIES = 2 }; // at a time
void signals_temporary(const char *path);
void signals_forget(const char *path); // NULL: all

// Between these two calls the signals of signals_catch are blocked. before: the mask to restore.
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

// From now on the first SIGINT, SIGTERM or SIGHUP only sets a flag, so that the text can be finished and temporary
// files removed; a second one removes the temporary files and kills at once. A signal that was ignored at start stays
// ignored.
void signals_catch(void);
const volatile sig_atomic_t *signals_flag(void);
bool signals_pending(void);
// For talks, where SIGINT stops an answer and not the program: whether one came, which then counts as handled. From the
// first call on, a second one does not kill.
bool signals_take_interrupt(void);
void signals_reraise(void); // ends the program by the signal that came, so that its parent sees it

#endif
