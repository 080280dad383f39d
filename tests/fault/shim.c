// SPDX-License-Identifier: MIT
// Makes the n-th call of a kind fail, be short, or be the last one. Built as a shared object it is preloaded:
//
//     LD_PRELOAD=shim.so FAULT=write:3:ENOSPC FAULT_REPORT=/tmp/struck quill ...
//
// FAULT is KIND:N:HOW. KIND: alloc mmap open read write fsync rename close stat truncate unlink thread; io: all of open
// to unlink; runtime: any call of the OpenMP runtime. The others leave its calls alone: when one fails, it ends the
// process. HOW: an errno name (alloc, mmap and thread need none: `once`); `short`: reads and writes move one byte;
// `kill`: SIGKILL in place of the call; `term`: SIGTERM before it; `twice`, of open: SIGHUP and SIGTERM when it is
// done; `shrink`: the file FAULT_FILE is emptied before it. A `+` after N: that call and all after it. The file
// FAULT_REPORT is made when it strikes, so that a loop over N knows its end.
//
// With -DFAULT_WRAP it is linked into a test program with -Wl,--wrap=malloc and so on, and set by fault_set().
//
// Calls count from the beginning of main.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

enum kind { ALLOC, MMAP, THREAD, OPEN, READ, WRITE, FSYNC, RENAME, CLOSE, STAT, TRUNCATE, UNLINK, IO, RUNTIME };
static const char *const kinds[] = {"alloc", "mmap",  "thread", "open", "read",     "write",  "fsync",
                                    "rename", "close", "stat",   "truncate", "unlink", "io", "runtime"};
static const struct {
    const char *name;
    int number;
} errors[] = {
    {"once", 0},      {"short", 0},       {"kill", 0},        {"term", 0},        {"twice", 0},   {"shrink", 0},
    {"EIO", EIO},     {"EINTR", EINTR},   {"EMFILE", EMFILE}, {"ENOSPC", ENOSPC}, {"EACCES", EACCES},
    {"EDQUOT", EDQUOT},
};

static struct {
    bool armed, on;
    int kind, how; // of errors[]
    long at;
} fault;
static long calls;

bool fault_set(const char *text) {
    char kind[16] = "", how[16] = "", plus[2] = "";
    long at = 0;
    fault.armed = false;
    if (!text) return true;
    if (sscanf(text, "%15[a-z]:%ld%1[+]:%15s", kind, &at, plus, how) != 4 &&
        sscanf(text, "%15[a-z]:%ld:%15s", kind, &at, how) != 3)
        return false;
    fault.kind = fault.how = -1;
    for (int i = 0; i <= RUNTIME; i++)
        if (strcmp(kind, kinds[i]) == 0) fault.kind = i;
    for (int i = 0; i < (int)(sizeof errors / sizeof *errors); i++)
        if (strcmp(how, errors[i].name) == 0) fault.how = i;
    if (fault.kind < 0 || fault.how < 0 || at < 1) return false;
    fault.at = at;
    fault.on = plus[0] != 0;
    __atomic_store_n(&calls, 0, __ATOMIC_SEQ_CST);
    fault.armed = true;
    return true;
}

bool fault_struck(void) { return __atomic_load_n(&calls, __ATOMIC_SEQ_CST) >= fault.at; }

static bool is_how(const char *name) { return strcmp(errors[fault.how].name, name) == 0; }

#ifndef FAULT_WRAP
// Where the OpenMP runtime's code lies; nowhere in a build with THREADS=pthread.
static struct {
    uintptr_t begin, end;
} runtime;

static int find_runtime(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    if (!strstr(info->dlpi_name, "/libgomp.so") && !strstr(info->dlpi_name, "/libomp.so")) return 0;
    runtime.begin = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, end = begin + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        if (begin < runtime.begin) runtime.begin = begin;
        if (end > runtime.end) runtime.end = end;
    }
    return 1;
}

static bool is_of_runtime(const void *caller) {
    return (uintptr_t)caller >= runtime.begin && (uintptr_t)caller < runtime.end;
}
#else
static bool is_of_runtime(const void *caller) { return (void)caller, false; } // its calls are not wrapped
#endif

static bool is_kind(int kind) {
    return fault.kind == kind || (fault.kind == IO && kind >= OPEN && kind < IO) || fault.kind == RUNTIME;
}

// Is this call the one? errno is set to what the user of the shim asked for, else to `otherwise`.
static bool strikes_from(const void *caller, int kind, int otherwise) {
    if (!fault.armed || !is_kind(kind) || is_of_runtime(caller) != (fault.kind == RUNTIME)) return false;
    long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (n < fault.at || (n > fault.at && !fault.on)) return false;
#ifndef FAULT_WRAP
    const char *report = getenv("FAULT_REPORT");
    if (n == fault.at && report) {
        long fd = syscall(SYS_openat, AT_FDCWD, report, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0) syscall(SYS_close, fd);
    }
    if (is_how("kill")) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    if (is_how("term")) return syscall(SYS_kill, syscall(SYS_getpid), SIGTERM), false;
    if (is_how("shrink")) return syscall(SYS_truncate, getenv("FAULT_FILE"), 0L), false;
#endif
    errno = errors[fault.how].number ? errors[fault.how].number : otherwise;
    return true;
}

#define STRIKES(kind, otherwise) strikes_from(__builtin_return_address(0), kind, otherwise)

#ifdef FAULT_WRAP
#define FN(name) __wrap_##name
#define REAL(type, name, ...) type __real_##name(__VA_ARGS__)
#define CALL(name) __real_##name
#else
#define FN(name) name
#define REAL(type, name, ...) static type (*real_##name)(__VA_ARGS__)
#define CALL(name) (*(real_##name ? real_##name : (*(void **)&real_##name = dlsym(RTLD_NEXT, #name), real_##name)))
#endif

// ---- memory: dlsym itself allocates, so these go to the names that the C library has for them ----

#ifdef FAULT_WRAP
REAL(void *, malloc, size_t);
REAL(void *, calloc, size_t, size_t);
REAL(void *, realloc, void *, size_t);
REAL(int, posix_memalign, void **, size_t, size_t);
#else
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
#define __real_malloc __libc_malloc
#define __real_calloc __libc_calloc
#define __real_realloc __libc_realloc
#endif

void *FN(malloc)(size_t n) { return STRIKES(ALLOC, ENOMEM) ? NULL : __real_malloc(n); }
void *FN(calloc)(size_t n, size_t size) { return STRIKES(ALLOC, ENOMEM) ? NULL : __real_calloc(n, size); }
void *FN(realloc)(void *p, size_t n) { return STRIKES(ALLOC, ENOMEM) ? NULL : __real_realloc(p, n); }
int FN(posix_memalign)(void **out, size_t alignment, size_t n) {
    if (STRIKES(ALLOC, ENOMEM)) return ENOMEM;
#ifdef FAULT_WRAP
    return __real_posix_memalign(out, alignment, n);
#else
    void *p = __libc_memalign(alignment, n);
    if (p) *out = p;
    return p ? 0 : ENOMEM;
#endif
}

REAL(void *, mmap, void *, size_t, int, int, int, off_t);
void *FN(mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
    return STRIKES(MMAP, ENOMEM) ? MAP_FAILED : CALL(mmap)(at, n, protection, flags, fd, offset);
}

REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int FN(pthread_create)(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg) {
    return STRIKES(THREAD, EAGAIN) ? EAGAIN : CALL(pthread_create)(thread, attr, fn, arg);
}

// ---- files ----

REAL(int, open, const char *, int, ...);
int FN(open)(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    const bool struck = STRIKES(OPEN, EIO), twice = struck && is_how("twice");
    if (struck && !twice) return -1;
    const int fd = CALL(open)(path, flags, mode);
    if (twice) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGHUP);
        syscall(SYS_kill, syscall(SYS_getpid), SIGTERM);
    }
    return fd;
}

REAL(ssize_t, read, int, void *, size_t);
ssize_t FN(read)(int fd, void *out, size_t n) {
    if (!STRIKES(READ, EIO)) return CALL(read)(fd, out, n);
    return is_how("short") && n ? CALL(read)(fd, out, 1) : -1;
}

REAL(ssize_t, pread, int, void *, size_t, off_t);
ssize_t FN(pread)(int fd, void *out, size_t n, off_t at) {
    if (!STRIKES(READ, EIO)) return CALL(pread)(fd, out, n, at);
    return is_how("short") && n ? CALL(pread)(fd, out, 1, at) : -1;
}
REAL(ssize_t, write, int, const void *, size_t);
ssize_t FN(write)(int fd, const void *p, size_t n) {
    if (fd == STDERR_FILENO || !STRIKES(WRITE, EIO)) return CALL(write)(fd, p, n);
    return is_how("short") && n ? CALL(write)(fd, p, 1) : -1;
}

REAL(int, fsync, int);
int FN(fsync)(int fd) { return STRIKES(FSYNC, EIO) ? -1 : CALL(fsync)(fd); }

REAL(int, rename, const char *, const char *);
int FN(rename)(const char *from, const char *to) { return STRIKES(RENAME, EIO) ? -1 : CALL(rename)(from, to); }

REAL(int, close, int);
int FN(close)(int fd) { // it is closed even when it fails
    int errnum = STRIKES(CLOSE, EIO) ? errno : 0, result = CALL(close)(fd);
    return errnum ? (errno = errnum, -1) : result;
}

REAL(int, fstat, int, struct stat *);
int FN(fstat)(int fd, struct stat *info) { return STRIKES(STAT, EIO) ? -1 : CALL(fstat)(fd, info); }
REAL(int, stat, const char *, struct stat *);
int FN(stat)(const char *path, struct stat *info) { return STRIKES(STAT, EIO) ? -1 : CALL(stat)(path, info); }
REAL(int, access, const char *, int);
int FN(access)(const char *path, int how) { return STRIKES(STAT, EIO) ? -1 : CALL(access)(path, how); }

REAL(int, ftruncate, int, off_t);
int FN(ftruncate)(int fd, off_t n) { return STRIKES(TRUNCATE, EIO) ? -1 : CALL(ftruncate)(fd, n); }
REAL(int, unlink, const char *);
int FN(unlink)(const char *path) { return STRIKES(UNLINK, EIO) ? -1 : CALL(unlink)(path); }

#ifndef FAULT_WRAP
// What the compiler calls in its place when it knows the size of the buffer.
ssize_t __pread_chk(int fd, void *out, size_t n, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *out, size_t n, off_t at, size_t room) {
    return n > room ? (abort(), -1) : pread(fd, out, n, at);
}
ssize_t __read_chk(int fd, void *out, size_t n, size_t room);
ssize_t __read_chk(int fd, void *out, size_t n, size_t room) { return n > room ? (abort(), -1) : read(fd, out, n); }

static int (*real_main)(int, char **, char **);
static int armed_main(int argc, char **argv, char **environment) {
    const char *text = getenv("FAULT");
    if (text && !fault_set(text)) {
        dprintf(STDERR_FILENO, "shim: what is FAULT=%s?\n", text);
        _exit(99);
    }
    dl_iterate_phdr(find_runtime, NULL);
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
    __typeof__(__libc_start_main) *real;
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return real(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
#endif
