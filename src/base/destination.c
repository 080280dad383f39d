// SPDX-License-Identifier: MIT
#include "destination.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

bool file_id_equal(struct file_id a, struct file_id b) { return a.device == b.device && a.inode == b.inode; }

struct file_id file_id_of_stat(const struct stat *info) { return (struct file_id){info->st_dev, info->st_ino}; }

bool file_id_of(struct file_id *id, const char *path) {
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists) *id = file_id_of_stat(&info);
    return exists;
}

// ---- names of descriptors ----

// "7" is 7; -1: not a number.
static int number_of(const char *name) {
    enum { MOST_DIGITS = 9 };
    const size_t n = strlen(name);
    return n >= 1 && n <= MOST_DIGITS && strspn(name, "0123456789") == n ? (int)strtol(name, NULL, 10) : -1;
}

// Everything before the last name of a path, as a path. NULL: no memory.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return alloc_string(STR("."));
    return alloc_string((struct str){path, slash == path ? 1 : (size_t)(slash - path)});
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Whether `folder` lists the descriptors of this process.
static bool lists_descriptors(const char *folder) {
    static const char *const lists[] = {"/proc/self/fd", "/proc/thread-self/fd"};
    char *real = realpath(folder, NULL);
    bool found = false;
    for (size_t i = 0; real && !found && i < sizeof lists / sizeof *lists; i++) {
        char *list = realpath(lists[i], NULL);
        found = list && strcmp(list, real) == 0;
        free(list);
    }
    free(real);
    return found || strcmp(folder, "/dev/fd") == 0; // where there is no /proc
}

// The descriptor that a name stands for, without following links; -1: none.
static int descriptor_named(const char *path) {
    static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    for (int fd = 0; fd < 3; fd++)
        if (strcmp(path, standard[fd]) == 0) return fd;
    const int fd = number_of(name_of(path));
    char *folder = fd >= 0 ? folder_of(path) : NULL;
    const bool listed = folder && lists_descriptors(folder);
    free(folder);
    return listed ? fd : -1;
}

// ---- links ----

// Replaces *path by where its link leads. false: *path is not a link, or memory is short.
static bool follow(char **path) {
    char link[PATH_MAX];
    const ssize_t n = readlink(*path, link, sizeof link);
    if (n <= 0 || (size_t)n >= sizeof link) return false;
    const size_t folder = *link == '/' ? 0 : (size_t)(name_of(*path) - *path);
    char *next = alloc_array(folder + (size_t)n + 1, 1);
    if (!next) return false;
    memcpy(next, *path, folder);
    memcpy(next + folder, link, (size_t)n);
    next[folder + (size_t)n] = 0;
    free(*path);
    *path = next;
    return true;
}

// Follows links to a descriptor, *fd (-1: none), or to their end. *end: the last name; NULL: no memory.
static void follow_all(char **end, int *fd, const char *path) {
    enum { MOST_LINKS = 40 }; // as Linux has it
    *end = alloc_string(str_of(path));
    *fd = -1;
    for (int links = 0; *end && links <= MOST_LINKS; links++) {
        *fd = descriptor_named(*end);
        if (*fd >= 0 || !follow(end)) return;
    }
}

// ---- the whole ----

static bool is_open_as(int fd, const struct stat *file) {
    struct stat info;
    return fstat(fd, &info) == 0 && file_id_equal(file_id_of_stat(&info), file_id_of_stat(file));
}

static quill_status take_descriptor(struct destination *out, int fd, const char *path, quill_error *err) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return fail_errno(err, QUILL_E_SYSTEM, path, "write", EBADF);
    *out = (struct destination){.kind = DESTINATION_DESCRIPTOR, .fd = fd};
    return QUILL_OK;
}

// A path that exists.
static quill_status take_file(struct destination *out, const char *path, const struct stat *info, quill_error *err) {
    if (S_ISDIR(info->st_mode)) return fail_errno(err, QUILL_E_SYSTEM, path, "write", EISDIR);
    out->kind = DESTINATION_IN_PLACE;
    if (!S_ISREG(info->st_mode)) return QUILL_OK;
    if (is_open_as(STDIN_FILENO, info))
        return fail(err, QUILL_E_USAGE, "%s: stdin reads this file; an output must be another", QUOTED(str_of(path)));
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (is_open_as(fd, info)) return take_descriptor(out, fd, path, err);
    *out = (struct destination){.kind = DESTINATION_REPLACED, .exists = true, .mode = info->st_mode & 0777};
    out->path = realpath(path, NULL);
    return out->path ? QUILL_OK : fail_errno(err, QUILL_E_SYSTEM, path, "create", errno);
}

bool destination_same(const char *a, const char *b) {
    char *folder_a = folder_of(a), *folder_b = folder_of(b);
    struct file_id x, y;
    const bool same = folder_a && folder_b && file_id_of(&x, folder_a) && file_id_of(&y, folder_b) &&
                      file_id_equal(x, y) && strcmp(name_of(a), name_of(b)) == 0;
    free(folder_a);
    free(folder_b);
    return same;
}

quill_status destination_find(struct destination *out, const char *path, quill_error *err) {
    *out = (struct destination){.kind = DESTINATION_REPLACED};
    if (!*path) return fail(err, QUILL_E_USAGE, "expected a file name for the output, found an empty one");
    struct stat info;
    char *end;
    int fd;
    follow_all(&end, &fd, path);
    quill_status s;
    if (!end) s = fail_memory(err);
    else if (fd >= 0) s = take_descriptor(out, fd, path, err);
    else if (stat(path, &info) == 0) s = take_file(out, path, &info, err);
    else if (errno != ENOENT) s = fail_errno(err, QUILL_E_SYSTEM, path, "create", errno);
    else out->path = end, end = NULL, s = QUILL_OK;
    free(end);
    return s;
}
