// SPDX-License-Identifier: MIT
#include "map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "meminfo.h"

// Reads size bytes from fd and continues after a short or interrupted read. -1: see errno; 0: the file ended early;
// 1: done.
static int read_all(int fd, uint8_t *out, size_t size) {
    for (size_t done = 0; done < size;) {
        size_t step = size - done < (1u << 30) ? size - done : (1u << 30);
        ssize_t got = read(fd, out + done, step);
        if (got == 0) return 0;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        done += (size_t)got;
    }
    return 1;
}

// The time of the last change of the inode cannot be set back, unlike that of its content.
static uint64_t stamp_of(const struct stat *info) {
    const uint64_t facts[] = {
        (uint64_t)info->st_ino, (uint64_t)info->st_size, (uint64_t)info->st_mtim.tv_sec,
        (uint64_t)info->st_mtim.tv_nsec, (uint64_t)info->st_ctim.tv_sec, (uint64_t)info->st_ctim.tv_nsec,
    };
    return hash_bytes(facts, sizeof facts, 0);
}

static quill_status check_file(struct map *map, int fd, const char *path, quill_status status, quill_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) return fail_errno(err, status, path, "read", errno);
    if (!S_ISREG(info.st_mode))
        return fail(err, status, "%s: expected a regular file, found %s", QUOTED(str_of(path)),
                    S_ISDIR(info.st_mode) ? "a directory" : "something else");
    map->size = (size_t)info.st_size;
    map->stamp = stamp_of(&info);
    return QUILL_OK;
}

static quill_status load(struct map *map, int fd, const char *path, enum map_how how, quill_status status,
                         quill_error *err) {
    quill_status s = check_file(map, fd, path, status, err);
    if (s) return s;
    if (map->size == 0) {
        map->data = (const uint8_t *)"";
        return QUILL_OK;
    }
    if (how == MAP_FILE) {
        void *p = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) return fail_errno(err, status, path, "map", errno);
        map->data = p;
        map->mapped = true;
        return QUILL_OK;
    }
    char what[100];
    snprintf(what, sizeof what, "%s", QUOTED(str_of(path)));
    s = meminfo_check(map->size, what, err);
    if (s) return s;
    uint8_t *p = malloc(map->size);
    if (!p) return fail_memory(err);
    int got = read_all(fd, p, map->size);
    if (got > 0) {
        map->data = p;
        return QUILL_OK;
    }
    int errnum = errno;
    free(p);
    if (got < 0) return fail_errno(err, status, path, "read", errnum);
    return fail(err, status, "%s: the file shrank while it was read", QUOTED(str_of(path)));
}

// O_NONBLOCK: opening a FIFO without a writer does not wait; its type is then refused.
static int open_file(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }

quill_status map_head(void *out, size_t *n, const char *path, quill_status status, quill_error *err) {
    struct map file = {0};
    int fd = open_file(path);
    if (fd < 0) return fail_errno(err, status, path, "open", errno);
    quill_status s = check_file(&file, fd, path, status, err);
    if (file.size < *n) *n = file.size;
    if (!s && read_all(fd, out, *n) < 0) s = fail_errno(err, status, path, "read", errno);
    close(fd);
    return s;
}

quill_status map_open(struct map *map, const char *path, enum map_how how, quill_status status, quill_error *err) {
    *map = (struct map){0};
    int fd = open_file(path);
    if (fd < 0) return fail_errno(err, status, path, "open", errno);
    quill_status s = load(map, fd, path, how, status, err);
    close(fd); // open for reading only: a failure loses nothing
    if (s) *map = (struct map){0};
    return s;
}

quill_status map_open_at(struct map *map, const char *dir, const char *name, enum map_how how, bool *missing,
                         quill_status status, quill_error *err) {
    *map = (struct map){0};
    if (missing) *missing = false;
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);
    if (!path) return fail_memory(err);
    snprintf(path, n, "%s%s%s", dir, n > 2 && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
    quill_status s = QUILL_OK;
    if (missing && access(path, F_OK) != 0 && errno == ENOENT)
        *missing = true;
    else
        s = map_open(map, path, how, status, err);
    free(path);
    return s;
}

void map_close(struct map *map) {
    if (map->mapped)
        munmap((void *)(uintptr_t)map->data, map->size);
    else if (map->size)
        free((void *)(uintptr_t)map->data);
    *map = (struct map){0};
}

void map_populate(const void *data, size_t size) {
    enum { AROUND = 1 << 16 }; // Linux maps this many bytes of cached pages around a touched one (fault_around_bytes)
    const volatile uint8_t *bytes = data;
    for (size_t at = 0; at < size; at += AROUND) (void)bytes[at];
}

void *map_reserve(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void map_prefer_huge(void *p, size_t size) {
#ifdef MADV_HUGEPAGE
    madvise(p, size, MADV_HUGEPAGE); // a hint: without it all goes on as before
#else
    (void)p, (void)size;
#endif
}

void map_release(void *p, size_t size) {
    if (p) munmap(p, size);
}
