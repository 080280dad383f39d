// SPDX-License-Identifier: MIT
// The terminal: a progress bar, colours, its width.
#ifndef QUILL_CLI_IO_TERM_H
#define QUILL_CLI_IO_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A bar on stderr: shown only on a terminal and only after a second, and erased before anything else is printed.
struct progress {
    bool possible, shown;
    double started, drawn; // milliseconds of clock_ms
};
void progress_start(struct progress *bar, bool quiet);
// Shows `done` of `all`, as wide as the terminal allows; all 0: only `what`.
void progress_update(struct progress *bar, const char *what, uint64_t done, uint64_t all);
void progress_hide(struct progress *bar);  // until the next update
void progress_clear(struct progress *bar); // ends it

bool terminal_is_dumb(void); // TERM is unset or "dumb": what is printed stays where it is
// NO_COLOR and TERM=dumb turn automatic colours off.
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
bool colors_wanted(enum color_when when, bool terminal);

size_t terminal_columns(int fd); // width of the terminal on `fd`, else COLUMNS; 0: not known
size_t help_width(void);         // columns for the help on stdout, 60 to 100

#endif
