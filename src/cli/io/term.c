// SPDX-License-Identifier: MIT
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

bool terminal_is_dumb(void) { return !is_set("TERM") || strcmp(getenv("TERM"), "dumb") == 0; }

void progress_start(struct progress *bar, bool quiet) {
    *bar = (struct progress){.possible = !quiet && isatty(STDERR_FILENO) && !terminal_is_dumb(), .started = clock_ms()};
}

static void say(const char *text, size_t n) {
    ssize_t written = write(STDERR_FILENO, text, n);
    (void)written;
}

size_t terminal_columns(int fd) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col) return size.ws_col;
    const long columns = is_set("COLUMNS") ? strtol(getenv("COLUMNS"), NULL, 10) : 0;
    return columns > 0 && columns < 10000 ? (size_t)columns : 0;
}

// "quill: WHAT [#####     ]  50%" in line[room], as much of it as fits the columns. The last column stays empty, since
// some terminals begin a new line after it.
static size_t draw(char *line, size_t room, const char *what, size_t done, size_t all) {
    enum { MOST = 30, LEAST = 5, FRAME = 8 }; // of the bar; " [" and "] 100%"
    static const char bars[] = "##############################";
    const size_t columns = terminal_columns(STDERR_FILENO), width = (columns ? columns : 80) - 1;
    int n = snprintf(line, room, "quill: %s", what);
    size_t used = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    const size_t percent = all ? (size_t)(100 * ((double)done / (double)all)) : 0;
    size_t bar = width > used + FRAME ? width - used - FRAME : 0;
    if (bar > MOST) bar = MOST;
    if (all && bar >= LEAST)
        n = snprintf(line + used, room - used, " [%.*s%*s] %3zu%%", (int)(bar * percent / 100), bars,
                     (int)(bar - bar * percent / 100), "", percent);
    else n = all ? snprintf(line + used, room - used, " %zu%%", percent) : 0;
    used += n < 0 ? 0 : (size_t)n;
    if (used >= room) used = room - 1;
    if (used > width) used = width - utf8_unfinished_tail(line, width);
    return used;
}

void progress_update(struct progress *bar, const char *what, uint64_t done, uint64_t all) {
    if (!bar->possible) return;
    double now = clock_ms();
    if (now - bar->started < 1000 || now - bar->drawn < 100) return;
    bar->drawn = now;
    progress_hide(bar);
    bar->shown = true;
    char line[200] = "\r";
    say(line, 1 + draw(line + 1, sizeof line - 1, what, done < all ? done : all, all));
}

void progress_hide(struct progress *bar) {
    static const char erase[] = "\r\x1b[K"; // ECMA-48 EL: erase to the end of the line
    if (bar->shown) say(erase, sizeof erase - 1);
    bar->shown = false;
}

void progress_clear(struct progress *bar) {
    progress_hide(bar);
    bar->possible = false;
}

bool colors_wanted(enum color_when when, bool terminal) {
    if (when != COLOR_AUTO) return when == COLOR_ALWAYS;
    return terminal && !is_set("NO_COLOR") && !terminal_is_dumb();
}

size_t help_width(void) {
    size_t columns = terminal_columns(STDOUT_FILENO);
    if (columns == 0) columns = 80;
    return columns < 60 ? 60 : columns > 100 ? 100 : columns;
}
