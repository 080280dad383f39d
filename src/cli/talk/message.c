// SPDX-License-Identifier: MIT
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/io/signals.h"
#include "cli/run/model_source.h"
#include "line_plain.h"

static const char prompt[] = "> ", more[] = ". ", quotes[] = "\"\"\"";

static bool takes_quotes(struct str s) { return s.n >= 3 && memcmp(s.p, quotes, 3) == 0; }

static bool ends_with_quotes(struct str s) { return s.n >= 3 && memcmp(s.p + s.n - 3, quotes, 3) == 0; }

// Ctrl-D inside a message drops it, as Ctrl-C does, but the terminal stays on the line.
static enum line_end broken_off(enum line_end end) {
    if (end != LINE_NO_MORE || signals_pending()) return end;
    line_break();
    return LINE_INTERRUPTED;
}

// After an opening """: up to a line that ends with another.
static enum line_end read_block(struct line_reader *lines, struct buffer *line, struct buffer *text) {
    struct str rest = {line->p + 3, line->n - 3};
    for (;;) {
        const bool last = ends_with_quotes(rest);
        if (!buffer_add(text, rest.p, rest.n - (last ? 3 : 0))) return LINE_NO_MORE;
        if (last && rest.n == 3 && text->n) text->n--; // the newline in front of it
        if (last) return LINE_WHOLE;
        if (text->n && !buffer_add_byte(text, '\n')) return LINE_NO_MORE;
        const enum line_end end = line_reader_read(lines, more, line);
        if (end != LINE_WHOLE) return broken_off(end);
        rest = buffer_str(line);
    }
}

static enum line_end read_lines(struct line_reader *lines, struct buffer *line, struct buffer *text) {
    for (;;) {
        const bool goes_on = line->n && line->p[line->n - 1] == '\\';
        if (!buffer_add(text, line->p, line->n - goes_on)) return LINE_NO_MORE;
        if (!goes_on) return LINE_WHOLE;
        if (!buffer_add_byte(text, '\n')) return LINE_NO_MORE;
        const enum line_end end = line_reader_read(lines, more, line);
        if (end != LINE_WHOLE) return broken_off(end);
    }
}

enum line_end message_read(struct line_reader *lines, struct buffer *text) {
    struct buffer line = {0};
    enum line_end end = line_reader_read(lines, prompt, &line);
    if (end == LINE_WHOLE)
        end = takes_quotes(buffer_str(&line)) ? read_block(lines, &line, text) : read_lines(lines, &line, text);
    buffer_free(&line);
    return end;
}

// ---- an editor ----

static const char *editor(void) {
    const char *visual = environment_variable("VISUAL"), *plain = environment_variable("EDITOR");
    return visual ? visual : plain ? plain : "vi";
}

static bool write_whole(int fd, const struct buffer *text) {
    size_t at = 0;
    while (at < text->n) {
        const ssize_t written = write(fd, text->p + at, text->n - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += (size_t)written;
    }
    return true;
}

// The variable is a command for the shell, which is given the path as a parameter.
static quill_status run_editor(const char *path, quill_error *err) {
    struct buffer command = {0};
    static const char variable[] = "MESSAGE_FILE";
    if (setenv(variable, path, 1) != 0 || !buffer_add_format(&command, "%s \"$%s\"", editor(), variable) ||
        !buffer_add_byte(&command, 0)) {
        buffer_free(&command);
        return fail_memory(err);
    }
    const int status = system(command.p); // which leaves Ctrl-C to the editor
    unsetenv(variable);
    buffer_free(&command);
    if (status == 0) return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM, "the editor '%s' failed; see $VISUAL and $EDITOR", QUOTED(str_of(editor())));
}

// Editors may put another file in its place.
static quill_status read_back(const char *path, struct buffer *text, quill_error *err) {
    enum { MOST = 1 << 20 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    text->n = 0;
    while (got > 0 && text->n <= MOST && buffer_reserve(text, MOST + 1 - text->n)) {
        got = read(fd, text->p + text->n, MOST + 1 - text->n);
        if (got > 0) text->n += (size_t)got;
        if (got < 0 && errno == EINTR) got = 1;
    }
    const int problem = errno;
    if (fd >= 0) close(fd);
    if (got < 0) return fail_errno(err, QUILL_E_SYSTEM, path, "read", problem);
    if (got > 0) return fail(err, QUILL_E_SYSTEM, "%s: longer than %d bytes", QUOTED(str_of(path)), (int)MOST);
    while (text->n && text->p[text->n - 1] == '\n') text->n--;
    return QUILL_OK;
}

quill_status message_edit(struct buffer *text, quill_error *err) {
    const char *folder = environment_variable("TMPDIR");
    struct buffer path = {0};
    if (!buffer_add_format(&path, "%s/quill-XXXXXX.txt", folder ? folder : "/tmp") ||
        !buffer_add_byte(&path, 0)) {
        buffer_free(&path);
        return fail_memory(err);
    }
    const int fd = mkostemps(path.p, 4, O_CLOEXEC);
    quill_status s = fd < 0 ? fail_errno(err, QUILL_E_SYSTEM, path.p, "write", errno) : QUILL_OK;
    if (!s) signals_temporary(path.p);
    if (!s && !write_whole(fd, text)) s = fail_errno(err, QUILL_E_SYSTEM, path.p, "write", errno);
    if (fd >= 0) close(fd);
    if (!s) s = run_editor(path.p, err);
    if (!s) s = read_back(path.p, text, err);
    if (fd >= 0) unlink(path.p), signals_forget(path.p);
    buffer_free(&path);
    return s;
}
