// SPDX-License-Identifier: MIT
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "destination.h"
#include "sigmask.h"

enum { PENDING_BYTES = 1 << 16, ATTEMPTS = 100 };

// `temp` has room for n bytes. Signals are blocked until their handlers know which file to remove.
static quill_status create_temporary(struct save *save, char *temp, size_t n, mode_t mode, quill_error *err) {
    sigset_t before;
    sigmask_block(&before);
    for (unsigned attempt = 0; save->fd < 0 && attempt < ATTEMPTS; attempt++) {
        snprintf(temp, n, "%s.%ld.%u.tmp", save->target, (long)getpid(), attempt);
        save->fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (save->fd < 0 && errno != EEXIST) break;
    }
    const int errnum = errno;
    if (save->fd >= 0 && save->watch.fn) save->watch.fn(save->watch.user, temp, true);
    sigmask_restore(&before);
    return save->fd >= 0 ? QUILL_OK : fail_errno(err, QUILL_E_SYSTEM, save->path, "create", errnum);
}

// The temporary file is gone: renamed or removed.
static void forget(struct save *save) {
    if (save->watch.fn) save->watch.fn(save->watch.user, save->temp, false);
    free(save->temp), save->temp = NULL;
}

static quill_status begin_in_place(struct save *save, const struct destination *to, quill_error *err) {
    save->fd = to->kind == DESTINATION_DESCRIPTOR ? fcntl(to->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                                  : open(save->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return save->fd >= 0 ? QUILL_OK : fail_errno(err, QUILL_E_SYSTEM, save->path, "open for writing", errno);
}

// Takes ownership of the target.
static quill_status begin_beside(struct save *save, char *target, mode_t mode, quill_error *err) {
    save->target = target;
    const size_t n = strlen(save->target) + 32;
    char *temp = alloc_array(n, 1);
    quill_status s = temp ? create_temporary(save, temp, n, mode, err) : fail_memory(err);
    if (save->fd >= 0) save->temp = temp;
    else free(temp); // the file is not ours and is never removed
    return s;
}

// Takes ownership of the destination's path.
static quill_status begin_replacing(struct save *save, const struct destination *to, quill_error *err) {
    quill_status s = begin_beside(save, to->path, 0666, err);
    if (!s && to->exists && fchmod(save->fd, to->mode) != 0)
        s = fail_errno(err, QUILL_E_SYSTEM, save->path, "set the permissions of", errno);
    return s;
}

quill_status save_begin(struct save *save, const char *path, struct save_watch watch, quill_error *err) {
    *save = (struct save){.fd = -1, .watch = watch};
    struct destination to;
    quill_status s = destination_find(&to, path, err);
    if (s) return s;
    save->path = alloc_string(str_of(path));
    save->pending = alloc_array(PENDING_BYTES, 1);
    const bool room = save->path && save->pending;
    if (room && to.kind == DESTINATION_REPLACED) s = begin_replacing(save, &to, err);
    else free(to.path);
    if (!room) s = fail_memory(err);
    else if (to.kind != DESTINATION_REPLACED) s = begin_in_place(save, &to, err);
    if (s) save_abort(save);
    return s;
}

quill_status save_begin_private(struct save *save, const char *path, struct save_watch watch, quill_error *err) {
    *save = (struct save){.fd = -1, .watch = watch};
    char *target = alloc_string(str_of(path));
    save->path = alloc_string(str_of(path));
    save->pending = alloc_array(PENDING_BYTES, 1);
    const bool room = target && save->path && save->pending;
    quill_status s = room ? begin_beside(save, target, 0600, err) : fail_memory(err);
    if (!room) free(target);
    if (s) save_abort(save);
    return s;
}

static quill_status write_all(struct save *save, const char *p, size_t n, quill_error *err) {
    while (n) {
        ssize_t got = write(save->fd, p, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail_errno(err, QUILL_E_SYSTEM, save->path, "write", got < 0 ? errno : EIO);
        p += got;
        n -= (size_t)got;
    }
    return QUILL_OK;
}

static quill_status flush(struct save *save, quill_error *err) {
    quill_status s = write_all(save, save->pending, save->n_pending, err);
    save->n_pending = 0;
    return s;
}

quill_status save_write(struct save *save, const void *bytes, size_t n, quill_error *err) {
    quill_status s = QUILL_OK;
    save->written += n;
    if (n > PENDING_BYTES - save->n_pending) s = flush(save, err);
    if (s) return s;
    if (n > PENDING_BYTES) return write_all(save, bytes, n, err);
    if (n) memcpy(save->pending + save->n_pending, bytes, n);
    save->n_pending += n;
    return QUILL_OK;
}

// After a failed fsync, pages may be marked clean though they never reached the disk; so fsync is never retried.
static quill_status sync_directory(const struct save *save, quill_error *err) {
    const char *slash = strrchr(save->target, '/');
    char *dir = alloc_string(slash ? (struct str){save->target, (size_t)(slash - save->target) + 1} : STR("."));
    if (!dir) return fail_memory(err);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    quill_status s = QUILL_OK;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        s = fail_errno(err, QUILL_E_SYSTEM, save->path, "sync the folder of", errno);
    if (fd >= 0) close(fd);
    free(dir);
    return s;
}

quill_status save_commit(struct save *save, quill_error *err) {
    quill_status s = flush(save, err);
    if (!s && save->temp && fsync(save->fd) != 0) s = fail_errno(err, QUILL_E_SYSTEM, save->path, "sync", errno);
    if (save->fd >= 0 && close(save->fd) != 0 && !s) s = fail_errno(err, QUILL_E_SYSTEM, save->path, "close", errno);
    save->fd = -1;
    if (!s && save->temp && rename(save->temp, save->target) != 0)
        s = fail_errno(err, QUILL_E_SYSTEM, save->path, "rename to", errno);
    if (!s && save->temp) {
        forget(save); // the new file is in place
        s = sync_directory(save, err);
    }
    save_abort(save);
    return s;
}

void save_abort(struct save *save) {
    if (save->path && save->fd >= 0) close(save->fd); // zeros have no path
    if (save->temp) {
        unlink(save->temp);
        forget(save);
    }
    free(save->target);
    free(save->path);
    free(save->pending);
    *save = (struct save){.fd = -1};
}
