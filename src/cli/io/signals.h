// SPDX-License-Identifier: MIT
#ifndef QUILL_CLI_IO_SIGNALS_H
#define QUILL_CLI_IO_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

// At program start: SIGPIPE kills silently, SIGXFSZ becomes a failing write, SIGBUS (a mapped model that shrank or
// cannot be read) removes the temporary files, says so and ends with status 6. So does, with status 5, an exit that is
// not main's: the OpenMP runtime's, which ends the process when it is refused memory or a thread.
void signals_start(void);
void signals_end(void); // main returns
// A temporary file, which SIGBUS, SIGABRT, a second signal and an exit that is not main's remove until it is forgotten.
enum { MOST_TEMPORARIES = 2 }; // at a time
void signals_temporary(const char *path);
void signals_forget(const char *path); // NULL: all

// Between these two the signals of signals_catch wait. before: what to release.
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

// From now on the first SIGINT, SIGTERM or SIGHUP only sets a flag, so that the text can be finished and temporary
// files removed; a second one removes the temporary files and kills at once. A signal that was ignored at start stays
// ignored.
void signals_catch(void);
const volatile sig_atomic_t *signals_flag(void);
bool signals_pending(void);
void signals_reraise(void); // ends the program by the signal that came, as its parent expects to see it

#endif
