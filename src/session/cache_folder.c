// SPDX-License-Identifier: MIT
#include "cache_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "model/pass/kv_file.h"

enum { LEFT_BEHIND = 3600 }; // seconds after which nobody is writing a temporary file any more

char *cache_path(const char *folder, const char *name) {
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = alloc_array(n, 1);
    if (path) snprintf(path, n, "%s/%s", folder, name);
    return path;
}

// ---- files ------------------------------------------------------------------------------------------

int cache_open(const char *folder, const char *name) {
    struct stat info;
    char *path = cache_path(folder, name);
    if (!path) return errno = ENOMEM, -1;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    free(path);
    if (fd < 0) return -1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
    close(fd);
    return errno = EEXIST, -1;
}

bool cache_is_own(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_uid == geteuid();
}

void cache_touch(int fd) {
    const struct timespec now[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
    if (futimens(fd, now) != 0) return; // a folder that cannot be written: it is used as it is
}

static bool remove_path(const char *folder, const char *name) {
    char *path = cache_path(folder, name);
    const bool gone = path && (unlink(path) == 0 || errno == ENOENT);
    free(path);
    return gone;
}

bool cache_remove(const char *folder, const char *name) {
    const int fd = cache_open(folder, name);
    if (fd < 0) return errno == ENOENT;
    const bool ours = kv_file_has_magic(fd);
    close(fd);
    return ours ? remove_path(folder, name) : (errno = EEXIST, false);
}

// ---- names ------------------------------------------------------------------------------------------

static bool is_entry(const char *name) {
    return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".kv") == 0;
}

// XXXXXXXX.kv.PID.N.tmp, as base/save.c makes it.
static bool is_leftover(const char *name) {
    static const char digits[] = "0123456789";
    if (strlen(name) < CACHE_NAME || strspn(name, "0123456789abcdef") != 8 || strncmp(name + 8, ".kv.", 4) != 0)
        return false;
    const char *pid = name + CACHE_NAME + 1;
    const size_t n = strspn(pid, digits), m = pid[n] == '.' ? strspn(pid + n + 1, digits) : 0;
    return n && m && strcmp(pid + n + 1 + m, ".tmp") == 0;
}

// An interrupted writer may not have written anything yet.
static void remove_leftover(const char *folder, const char *name, int64_t age) {
    struct stat info;
    const int fd = cache_open(folder, name);
    if (fd < 0) return;
    const bool old = fstat(fd, &info) == 0 && (int64_t)time(NULL) - (int64_t)info.st_mtim.tv_sec >= age;
    if (old && (info.st_size == 0 || kv_file_has_magic(fd))) remove_path(folder, name);
    close(fd);
}

// ---- the folder -------------------------------------------------------------------------------------

// Whether others could put entries into it.
static bool is_open_to_all(const struct stat *info) { return (info->st_mode & S_IWOTH) != 0; }

static DIR *open_folder(const char *folder, const char **why) {
    struct stat info;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int errnum = errno;
    DIR *list = NULL;
    if (fd < 0) *why = errnum == ELOOP || errnum == ENOTDIR ? "it is no folder" : strerror(errnum);
    else if (fstat(fd, &info) != 0 || is_open_to_all(&info)) *why = "everybody may write to it";
    else if (!(list = fdopendir(fd))) *why = "memory is short";
    if (!list && fd >= 0) close(fd);
    return list;
}

bool cache_folder_make(const char *folder, const char **why) {
    char *path = alloc_string(str_of(folder));
    if (!path) return *why = "memory is short", false;
    for (char *p = path + 1; *path && *p; p++)
        if (*p == '/') {
            *p = 0;
            if (mkdir(path, 0700) != 0) {} // it exists, or the next step fails
            *p = '/';
        }
    if (mkdir(path, 0700) != 0) {}
    free(path);
    DIR *list = open_folder(folder, why);
    if (list) closedir(list);
    return list;
}

static bool add_item(struct cache_items *out, const char *folder, const char *name) {
    struct stat info;
    const int fd = cache_open(folder, name);
    if (fd < 0) return true;
    const bool ours = fstat(fd, &info) == 0 && kv_file_has_magic(fd);
    close(fd);
    if (!ours) return true;
    struct cache_item *items = alloc_grow(out->items, &out->cap, out->n + 1, sizeof *items);
    if (!items) return false;
    out->items = items;
    struct cache_item *item = &items[out->n++];
    *item = (struct cache_item){.bytes = (uint64_t)info.st_size, .seconds = info.st_mtim.tv_sec,
                                .nanoseconds = info.st_mtim.tv_nsec};
    memcpy(item->name.text, name, CACHE_NAME);
    return true;
}

bool cache_folder_list(struct cache_items *out, const char *folder, const char *beginning, int64_t stale) {
    const char *why;
    DIR *list = open_folder(folder, &why);
    const size_t n = strlen(beginning);
    bool ok = true;
    *out = (struct cache_items){0};
    for (const struct dirent *entry; ok && list && (entry = readdir(list));) {
        if (is_entry(entry->d_name)) ok = strncmp(entry->d_name, beginning, n) || add_item(out, folder, entry->d_name);
        else if (stale >= 0 && is_leftover(entry->d_name)) remove_leftover(folder, entry->d_name, stale);
    }
    if (list) closedir(list);
    return ok;
}

static int compare(const void *x, const void *y) {
    const struct cache_item *a = x, *b = y;
    if (a->seconds != b->seconds) return a->seconds > b->seconds ? -1 : 1;
    if (a->nanoseconds != b->nanoseconds) return a->nanoseconds > b->nanoseconds ? -1 : 1;
    return strcmp(a->name.text, b->name.text);
}

void cache_items_sort(struct cache_items *list) {
    if (list->n) qsort(list->items, list->n, sizeof *list->items, compare);
}

void cache_folder_prune(const char *folder, uint64_t limit) {
    struct cache_items list;
    if (cache_folder_list(&list, folder, "", LEFT_BEHIND)) {
        cache_items_sort(&list);
        for (size_t i = 0; i < list.n; i++) {
            if (list.items[i].bytes <= limit) limit -= list.items[i].bytes;
            else limit = 0, cache_remove(folder, list.items[i].name.text);
        }
    }
    free(list.items);
}
