// SPDX-License-Identifier: MIT
#include "history.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/save.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/run/model_source.h"

enum { MOST_BYTES = 1 << 20, MOST_LINES = 1000 };

static const char *folder_of(const char *variable) {
    const char *value = environment_variable(variable);
    return value && *value == '/' ? value : NULL;
}

static char *find_path(void) {
    const char *state = folder_of("XDG_STATE_HOME"), *home = folder_of("HOME");
    struct buffer path = {0};
    const bool ok = (state  ? buffer_add_format(&path, "%s/quill/history", state)
                     : home ? buffer_add_format(&path, "%s/.local/state/quill/history", home)
                            : false) &&
                    buffer_add_byte(&path, 0);
    if (!ok) buffer_free(&path);
    return path.p;
}

// The end of the file, at most MOST_BYTES; a line that is cut at the beginning is left out.
static void read_end(struct buffer *out, const char *path) {
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return;
    const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    const off_t from = regular && info.st_size > MOST_BYTES ? info.st_size - MOST_BYTES : 0;
    if (regular && buffer_reserve(out, MOST_BYTES)) {
        ssize_t got;
        while (out->n < MOST_BYTES &&
               (got = pread(fd, out->p + out->n, MOST_BYTES - out->n, from + (off_t)out->n)) > 0)
            out->n += (size_t)got;
    }
    close(fd);
    const char *newline = from && out->n ? memchr(out->p, '\n', out->n) : NULL;
    if (!newline) return;
    const size_t cut = (size_t)(newline - out->p) + 1;
    memmove(out->p, out->p + cut, out->n - cut);
    out->n -= cut;
}

// Leaves the last MOST_LINES lines.
static void keep_last_lines(struct buffer *lines) {
    size_t n = 0, at = lines->n;
    while (at > 0 && !(lines->p[at - 1] == '\n' && at < lines->n && ++n == MOST_LINES)) at--;
    if (at == 0) return;
    memmove(lines->p, lines->p + at, lines->n - at);
    lines->n -= at;
}

void history_begin(struct history_file *h, struct line_reader *reader) {
    struct buffer lines = {0}, text = {0};
    *h = (struct history_file){.path = find_path()};
    if (!h->path) return;
    read_end(&lines, h->path);
    for (size_t at = 0; at < lines.n;) {
        const char *newline = memchr(lines.p + at, '\n', lines.n - at);
        const size_t n = newline ? (size_t)(newline - lines.p) - at : lines.n - at;
        size_t bad;
        text.n = 0;
        const bool good = memchr(lines.p + at, 0, n) == NULL && show_unescaped(&text, lines.p + at, n, &bad) &&
                          bad == n && buffer_add_byte(&text, 0);
        if (good) line_reader_remember(reader, text.p);
        at += n + 1;
    }
    buffer_free(&lines);
    buffer_free(&text);
}

void history_add(struct history_file *h, struct line_reader *reader, const struct buffer *text) {
    struct buffer entry = {0};
    if (buffer_add(&entry, text->p, text->n) && buffer_add_byte(&entry, 0) && strlen(entry.p) == text->n) {
        line_reader_remember(reader, entry.p);
        const size_t before = h->lines.n;
        if (h->path && !(show_escaped(&h->lines, text->p, text->n) && buffer_add_byte(&h->lines, '\n')))
            h->lines.n = before;
    }
    buffer_free(&entry);
}

static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

// Read anew, since another talk may have ended meanwhile.
void history_end_talk(struct history_file *h) {
    struct buffer all = {0};
    struct save save = {.fd = -1};
    quill_error unused;
    if (h->path && h->lines.n) {
        make_folders(h->path);
        read_end(&all, h->path);
        if (buffer_add(&all, h->lines.p, h->lines.n)) {
            keep_last_lines(&all);
            quill_status s = save_begin_private(&save, h->path, output_watch, &unused);
            if (!s) s = save_write(&save, all.p, all.n, &unused);
            if (!s) s = save_commit(&save, &unused);
            if (s) save_abort(&save);
        }
    }
    buffer_free(&all);
    buffer_free(&h->lines);
    free(h->path);
    *h = (struct history_file){0};
}
