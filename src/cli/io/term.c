// SPDX-License-Identifier: MIT
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

static bool dumb(void) { return !is_set("TERM") || strcmp(getenv("TERM"), "dumb") == 0; }

void progress_start(struct progress *bar, bool quiet) {
    *bar = (struct progress){.possible = !quiet && isatty(STDERR_FILENO) && !dumb(), .started = clock_ms()};
}

static void say(const char *text, size_t n) {
    ssize_t written = write(STDERR_FILENO, text, n);
    (void)written;
}

void progress_update(struct progress *bar, const char *what, size_t done, size_t all) {
    enum { WIDTH = 30 };
    if (!bar->possible) return;
    double now = clock_ms();
    if (now - bar->started < 1000 || now - bar->drawn < 100) return;
    bar->drawn = now;
    bar->shown = true;
    double share = all ? (double)done / (double)all : 0;
    size_t full = (size_t)(share * WIDTH);
    char line[160];
    static const char bars[] = "##############################";
    int n = all ? snprintf(line, sizeof line, "\rquill: %s [%.*s%*s] %3.0f%%", what, (int)full, bars,
                           (int)(WIDTH - full), "", 100 * share)
                : snprintf(line, sizeof line, "\rquill: %s", what);
    if (n > 0 && (size_t)n < sizeof line) say(line, (size_t)n);
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
    return terminal && !is_set("NO_COLOR") && !dumb();
}

size_t help_width(void) {
    struct winsize size;
    long columns = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    if (columns == 0 && is_set("COLUMNS")) columns = strtol(getenv("COLUMNS"), NULL, 10);
    if (columns == 0) columns = 80;
    return columns < 60 ? 60 : columns > 100 ? 100 : (size_t)columns;
}
