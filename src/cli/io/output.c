// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "signals.h"

enum { FLUSH_BYTES = 1 << 16 };

// A temporary file beside the file that `path` names, through symbolic links, with its permissions if it exists.
static quill_status open_temp(struct output *out, const char *path, const struct stat *old, quill_error *err) {
    out->target = old ? realpath(path, NULL) : strdup(path);
    if (!out->target) return set_errno(err, path, "create", errno);
    size_t room = strlen(out->target) + 48;
    char *temp = malloc(room);
    if (!temp) return set_no_memory(err);
    sigset_t before;
    signals_hold(&before); // until it is known what they remove
    for (unsigned attempt = 0; out->fd < 0 && attempt < 100; attempt++) {
        snprintf(temp, room, "%s.%ld.%u.tmp", out->target, (long)getpid(), attempt);
        out->fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd < 0 && errno != EEXIST) break;
    }
    const int errnum = errno;
    if (out->fd >= 0) signals_temporary(temp);
    signals_release(&before);
    if (out->fd < 0) {
        free(temp); // not ours: never removed
        return set_errno(err, path, "create", errnum);
    }
    out->temp = temp;
    if (old && fchmod(out->fd, old->st_mode & 0777) != 0) return set_errno(err, path, "set the permissions of", errno);
    return QUILL_OK;
}

quill_status output_open(struct output *out, const char *path, bool raw, quill_error *err) {
    *out = (struct output){.fd = -1, .name = path};
    struct stat info;
    bool exists = path && stat(path, &info) == 0;
    if (path && !*path) return set_error(err, QUILL_E_USAGE, "-o: expected a file name, found an empty one");
    if (!path || strcmp(path, "-") == 0) {
        out->fd = STDOUT_FILENO;
        out->name = "stdout";
    } else if (exists && !S_ISREG(info.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (out->fd < 0) return set_errno(err, path, "open for writing", errno);
    } else {
        signals_catch(); // before there is anything to clean up
        quill_status s = open_temp(out, path, exists ? &info : NULL, err);
        if (s) {
            output_abort(out);
            return s;
        }
    }
    out->terminal = isatty(out->fd);
    out->filter = out->terminal && !raw;
    return QUILL_OK;
}

// After a signal, records are not begun where that might mean to wait for a reader.
static bool is_interrupted(const struct output *out, bool begun) {
    if (!signals_pending()) return false;
    if (out->temp) return true;
    struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
    return out->records && !begun && poll(&ready, 1, 0) <= 0;
}

static quill_status write_all(const struct output *out, const char *p, size_t n, quill_error *err) {
    const char *start = p;
    while (n) {
        if (is_interrupted(out, p > start)) return set_error(err, QUILL_E_SYSTEM, "interrupted");
        ssize_t written = write(out->fd, p, n);
        if (written == 0) return set_errno(err, out->name, "write", EIO); // else this might go on for ever
        if (written < 0 && errno == EAGAIN) { // somebody made the pipe non-blocking
            struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
            written = poll(&ready, 1, -1) < 0 ? -1 : 0;
        }
        if (written < 0 && errno == EINTR) {
            if (signals_pending() && !(out->records && p > start))
                return set_error(err, QUILL_E_SYSTEM, "interrupted");
            written = 0;
        }
        if (written < 0) return set_errno(err, out->name, "write", errno);
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

// Shows control characters; a character that is not finished waits for its other bytes.
static bool add_filtered(struct output *out, const char *p, size_t n) {
    struct text joined = {0};
    bool ok = text_add(&joined, out->tail, out->n_tail) && text_add(&joined, p, n);
    if (ok) {
        out->n_tail = text_utf8_tail(joined.p, joined.n);
        size_t whole = joined.n - out->n_tail;
        if (out->n_tail) memcpy(out->tail, joined.p + whole, out->n_tail);
        ok = text_add_visible(&out->pending, joined.p, whole, VISIBLE_TERMINAL);
    }
    text_free(&joined);
    return ok;
}

quill_status output_write(struct output *out, const void *bytes, size_t n, quill_error *err) {
    if (n == 0) return QUILL_OK;
    if (!(out->filter ? add_filtered(out, bytes, n) : text_add(&out->pending, bytes, n))) return set_no_memory(err);
    out->in_line = ((const char *)bytes)[n - 1] != '\n';
    return out->pending.n >= FLUSH_BYTES ? output_flush(out, err) : QUILL_OK;
}

quill_status output_write_raw(struct output *out, const char *string, quill_error *err) {
    return text_add_string(&out->pending, string) ? QUILL_OK : set_no_memory(err);
}

quill_status output_end_line(struct output *out, quill_error *err) {
    return out->terminal && out->in_line ? output_write(out, "\n", 1, err) : QUILL_OK;
}

// After a failed fsync pages may be marked clean though they never reached the disk: it is never tried again.
static quill_status sync_folder(const struct output *out, quill_error *err) {
    char *folder = strdup(out->target);
    if (!folder) return set_no_memory(err);
    char *slash = strrchr(folder, '/');
    if (slash) slash[1] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    quill_status s = QUILL_OK;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) s = set_errno(err, out->name, "sync the folder of", errno);
    if (fd >= 0) close(fd);
    free(folder);
    return s;
}

quill_status output_close(struct output *out, quill_error *err) {
    if (out->n_tail && !text_add_visible(&out->pending, out->tail, out->n_tail, VISIBLE_TERMINAL))
        return set_no_memory(err);
    quill_status s = output_flush(out, err);
    if (!s && out->temp && fsync(out->fd) != 0) s = set_errno(err, out->name, "sync", errno);
    if (close(out->fd) != 0 && !s) s = set_errno(err, out->name, "close", errno);
    out->fd = -1;
    if (!s && out->temp) {
        if (rename(out->temp, out->target) != 0) return set_errno(err, out->name, "rename to", errno);
        signals_forget(out->temp);
        free(out->temp), out->temp = NULL; // the new file is in place
        s = sync_folder(out, err);
    }
    return s;
}

void output_abort(struct output *out) {
    if (out->temp) {
        if (out->fd >= 0) close(out->fd);
        unlink(out->temp);
        signals_forget(out->temp);
    }
    free(out->temp);
    free(out->target);
    text_free(&out->pending);
    *out = (struct output){.fd = -1};
}
