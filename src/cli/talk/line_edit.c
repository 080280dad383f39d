// SPDX-License-Identifier: MIT
// Line readers over libedit.
#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "line_plain.h"

enum { MOST_ENTRIES = 1000, MOST_PASTE = 1 << 20 };

struct line_reader {
    EditLine *edit; // NULL: the terminal cannot be drawn on
    History *history;
    const char *prompt;
    struct buffer paste;
    char bytes[4]; // [n_bytes] of a character that is not whole
    size_t n_bytes;
};

// libedit's own handlers would send signals on to the whole process group, so it has none. A new width, and the return
// from a stop (Ctrl-Z), are looked at where the read ends early.
static volatile sig_atomic_t changed;

static void note_change(int number) {
    (void)number;
    changed = 1;
}

static void watch_changes(void) {
    struct sigaction action = {.sa_handler = note_change}; // no SA_RESTART
    sigemptyset(&action.sa_mask);
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
}

static void say(const char *text) {
    const ssize_t written = write(STDOUT_FILENO, text, strlen(text));
    (void)written;
}

// libedit draws prompt and text from where it believes the cursor to be: at the left.
static void draw_again(EditLine *edit) {
    if (!changed) return;
    changed = 0;
    el_set(edit, EL_PREP_TERM, 1);
    el_resize(edit);
    say("\r\x1b[J"); // ECMA-48 ED: erase from here on
    el_set(edit, EL_REFRESH);
}

static struct line_reader *of(EditLine *edit) {
    void *data = NULL;
    el_get(edit, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt_of(EditLine *edit) { return (char *)(uintptr_t)of(edit)->prompt; }

// The next character, for libedit: 1, 0 at the end, -1 if a signal came. What is no UTF-8 becomes U+FFFD.
static int read_character(EditLine *edit, wchar_t *out) {
    struct line_reader *r = of(edit);
    for (;;) {
        uint32_t code = 0xfffd;
        const ssize_t got = read(STDIN_FILENO, r->bytes + r->n_bytes, 1);
        if (got < 0 && errno == EINTR && !signals_pending()) {
            draw_again(edit);
            continue;
        }
        if (got <= 0) return got < 0 ? -1 : 0;
        r->n_bytes++;
        if (r->n_bytes < 4 && utf8_unfinished_tail(r->bytes, r->n_bytes) == r->n_bytes) continue;
        utf8_step(r->bytes, r->n_bytes, &code);
        r->n_bytes = 0;
        *out = (wchar_t)code;
        return 1;
    }
}

// A terminal puts a paste between ESC [ 200 ~ and ESC [ 201 ~ (bracketed paste, xterm). Newlines in it stay; other
// control characters go.
static unsigned char take_paste(EditLine *edit, int key) {
    static const char end[] = "\x1b[201~";
    struct line_reader *r = of(edit);
    wchar_t c;
    (void)key;
    r->paste.n = 0;
    while (r->paste.n < MOST_PASTE && read_character(edit, &c) == 1) {
        char utf8[4];
        const uint32_t code = c == '\r' ? '\n' : (uint32_t)c;
        if (!buffer_add(&r->paste, utf8, (size_t)utf8_write(utf8, code))) return CC_ERROR;
        const size_t n = r->paste.n;
        if (n < sizeof end - 1 || memcmp(r->paste.p + n - (sizeof end - 1), end, sizeof end - 1) != 0) continue;
        r->paste.n = n - (sizeof end - 1);
        break;
    }
    size_t n = 0;
    for (size_t i = 0; i < r->paste.n; i++) {
        const unsigned char byte = (unsigned char)r->paste.p[i];
        if (byte == '\n' || byte == '\t' || (byte >= ' ' && byte != 127)) r->paste.p[n++] = r->paste.p[i];
    }
    r->paste.n = n;
    if (!buffer_add_byte(&r->paste, 0)) return CC_ERROR;
    return n == 0 || el_insertstr(edit, r->paste.p) == 0 ? CC_REFRESH : CC_ERROR;
}

// libedit needs to know that characters are UTF-8; nothing else of the program depends on the locale.
static bool begin(struct line_reader *r) {
    HistEvent event;
    if (terminal_is_dumb() || !setlocale(LC_CTYPE, "C.UTF-8")) return true;
    watch_changes();
    r->history = history_init();
    r->edit = el_init("quill", stdin, stdout, stderr);
    if (!r->history || !r->edit) return false;
    return history(r->history, &event, H_SETSIZE, MOST_ENTRIES) >= 0 &&
           history(r->history, &event, H_SETUNIQUE, 1) >= 0 && el_set(r->edit, EL_CLIENTDATA, r) == 0 &&
           el_set(r->edit, EL_PROMPT, prompt_of) == 0 && el_set(r->edit, EL_EDITOR, "emacs") == 0 &&
           el_set(r->edit, EL_SIGNAL, 0) == 0 && el_set(r->edit, EL_GETCFN, read_character) == 0 &&
           el_set(r->edit, EL_HIST, history, r->history) == 0 &&
           el_wset(r->edit, EL_ADDFN, L"take-paste", L"take a paste", take_paste) == 0 && // el_set would leak names
           el_set(r->edit, EL_BIND, "\\e[200~", "take-paste", NULL) == 0;
}

quill_status line_reader_open(struct line_reader **out, quill_error *err) {
    struct line_reader *r = *out = alloc_zeroed(1, sizeof *r);
    if (r && begin(r)) return QUILL_OK;
    line_reader_close(r);
    *out = NULL;
    return fail_memory(err);
}

void line_reader_close(struct line_reader *r) {
    if (!r) return;
    if (r->edit) el_end(r->edit);
    if (r->history) history_end(r->history);
    buffer_free(&r->paste);
    free(r);
}

enum line_end line_reader_read(struct line_reader *r, const char *prompt, struct buffer *line) {
    if (!r->edit) return line_plain_read(prompt, line);
    int n = 0;
    r->prompt = prompt;
    r->n_bytes = line->n = 0;
    el_resize(r->edit);
    say("\x1b[?2004h"); // bracketed paste on, and off
    const char *typed = el_gets(r->edit, &n);
    say("\x1b[?2004l");
    if (!typed || n <= 0) {
        if (!signals_take_interrupt()) return LINE_NO_MORE;
        el_reset(r->edit);
        line_break();
        return LINE_INTERRUPTED;
    }
    size_t length = (size_t)n;
    if (typed[length - 1] == '\n') length--;
    return buffer_add(line, typed, length) ? LINE_WHOLE : LINE_NO_MORE;
}

void line_reader_remember(struct line_reader *r, const char *text) {
    HistEvent event;
    if (r->history && *text) history(r->history, &event, H_ENTER, text);
}
