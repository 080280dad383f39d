// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/destination.h"
#include "base/error.h"
#include "base/save.h"
#include "base/utf8.h"
#include "inputs.h"
#include "show.h"
#include "signals.h"
#include "term.h"

enum { FLUSH_BYTES = 1 << 16 };

static void watch(void *user, const char *temp, bool exists) {
    (void)user;
    if (exists) signals_catch(), signals_temporary(temp); // from here on there is something to clean up
    else signals_forget(temp);
}

const struct save_watch output_watch = {watch, NULL};

static quill_status open_file(struct output *out, const char *path, quill_error *err) {
    quill_status s = inputs_check(path, err);
    if (!s) s = save_begin(&out->save, path, output_watch, err);
    if (!s) out->fd = out->save.fd;
    return s;
}

quill_status output_open(struct output *out, const char *path, bool raw, quill_error *err) {
    *out = (struct output){.fd = -1, .name = path};
    if (path && strcmp(path, "-") != 0) {
        quill_status s = open_file(out, path, err);
        if (s) return s;
    } else {
        out->fd = STDOUT_FILENO;
        out->name = "stdout";
    }
    out->terminal = isatty(out->fd);
    out->filter = out->terminal && !raw;
    return QUILL_OK;
}

void output_wrap(struct output *out) {
    if (out->filter) out->wrap.columns = terminal_columns(out->fd);
}

bool output_same(const struct output *a, const struct output *b) {
    struct stat x, y;
    if (a->save.temp && b->save.temp) return destination_same(a->save.target, b->save.target);
    const bool known = fstat(a->fd, &x) == 0 && fstat(b->fd, &y) == 0;
    const bool swallows = known && S_ISCHR(x.st_mode) && !isatty(a->fd); // /dev/null takes all
    return known && !swallows && file_id_equal(file_id_of_stat(&x), file_id_of_stat(&y));
}

static bool signal_counts(const struct output *out) {
    return signals_pending() && !(out->patient && *signals_flag() == SIGINT);
}

// After a signal, a record that was begun is finished; anything else is written only as long as its reader does not
// make us wait.
static bool is_interrupted(const struct output *out, bool begun) {
    if (!signal_counts(out)) return false;
    if (out->save.temp) return true;
    struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
    return !(out->records && begun) && poll(&ready, 1, 0) <= 0;
}

static quill_status write_all(const struct output *out, const char *p, size_t n, quill_error *err) {
    const char *start = p;
    while (n) {
        if (is_interrupted(out, p > start)) return fail(err, QUILL_E_SYSTEM, "interrupted");
        const bool whole = out->records || !signal_counts(out); // else no more than a ready pipe takes at once
        ssize_t written = write(out->fd, p, whole || n < PIPE_BUF ? n : PIPE_BUF);
        if (written == 0)
            return fail_errno(err, QUILL_E_SYSTEM, out->name, "write", EIO); // else this might loop forever
        if (written < 0 && errno == EAGAIN) { // another process made the pipe non-blocking
            struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
            written = poll(&ready, 1, -1) < 0 ? -1 : 0;
        }
        if (written < 0 && errno == EINTR) {
            if (signal_counts(out) && !(out->records && p > start)) return fail(err, QUILL_E_SYSTEM, "interrupted");
            written = 0;
        }
        if (written < 0) return fail_errno(err, QUILL_E_SYSTEM, out->name, "write", errno);
        p += written;
        n -= (size_t)written;
    }
    return QUILL_OK;
}

quill_status output_flush(struct output *out, quill_error *err) {
    quill_status s = write_all(out, out->pending.p, out->pending.n, err);
    out->pending.n = 0;
    return s;
}

quill_status output_replace_begin(struct output *out, const void *bytes, size_t n, quill_error *err) {
    quill_status s = output_flush(out, err);
    if (!s && lseek(out->fd, 0, SEEK_SET) != 0) s = fail_errno(err, QUILL_E_SYSTEM, out->name, "write", errno);
    if (!s) s = write_all(out, bytes, n, err);
    if (!s && lseek(out->fd, 0, SEEK_END) < 0) s = fail_errno(err, QUILL_E_SYSTEM, out->name, "write", errno);
    return s;
}

// The terminal's width may have changed when a line begins.
static bool add_wrapped(struct output *out, const char *p, size_t n) {
    struct buffer shown = {0};
    if (out->wrap.column == 0) out->wrap.columns = terminal_columns(out->fd);
    bool ok = show_visible(&shown, p, n, VISIBLE_TERMINAL) && wrap_add(&out->wrap, &out->pending, shown.p, shown.n);
    buffer_free(&shown);
    return ok;
}

// Shows control characters; an unfinished character waits for its other bytes.
static bool add_filtered(struct output *out, const char *p, size_t n) {
    struct buffer joined = {0};
    bool ok = buffer_add(&joined, out->tail, out->n_tail) && buffer_add(&joined, p, n);
    if (ok) {
        out->n_tail = utf8_unfinished_tail(joined.p, joined.n);
        size_t whole = joined.n - out->n_tail;
        if (out->n_tail) memcpy(out->tail, joined.p + whole, out->n_tail);
        ok = out->wrap.columns ? add_wrapped(out, joined.p, whole)
                               : show_visible(&out->pending, joined.p, whole, VISIBLE_TERMINAL);
    }
    buffer_free(&joined);
    return ok;
}

quill_status output_write(struct output *out, const void *bytes, size_t n, quill_error *err) {
    if (n == 0) return QUILL_OK;
    if (!(out->filter ? add_filtered(out, bytes, n) : buffer_add(&out->pending, bytes, n))) return fail_memory(err);
    out->in_line = ((const char *)bytes)[n - 1] != '\n';
    return out->pending.n >= FLUSH_BYTES ? output_flush(out, err) : QUILL_OK;
}

quill_status output_write_raw(struct output *out, const char *string, quill_error *err) {
    return buffer_add_string(&out->pending, string) ? QUILL_OK : fail_memory(err);
}

quill_status output_end_line(struct output *out, quill_error *err) {
    return out->terminal && out->in_line ? output_write(out, "\n", 1, err) : QUILL_OK;
}

quill_status output_close(struct output *out, quill_error *err) {
    if (out->n_tail && !show_visible(&out->pending, out->tail, out->n_tail, VISIBLE_TERMINAL)) return fail_memory(err);
    quill_status s = output_flush(out, err);
    if (s) return s;
    const int fd = out->fd;
    out->fd = -1;
    if (out->save.path) return save_commit(&out->save, err);
    return close(fd) == 0 ? QUILL_OK : fail_errno(err, QUILL_E_SYSTEM, out->name, "close", errno);
}

void output_abort(struct output *out) {
    save_abort(&out->save);
    buffer_free(&out->pending);
    buffer_free(&out->wrap.word);
    *out = (struct output){.fd = -1};
}
