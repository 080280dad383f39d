// SPDX-License-Identifier: MIT
// Runs a command again and again, and each time another one of its system calls fails:
//
//     SHIM=shim.so loop [-o FILE] [-s STEP] [-x CODES] FAULT... -- COMMAND ARG...
//
// A FAULT is KIND:HOW or KIND+:HOW (from that call on), as shim.c has them; N goes from 1 until the call no longer
// comes, by steps of STEP. A run without a fault tells what is right. Of every other run is demanded:
//
//     - no signal (with `kill` and `term`: that one; with `twice` one of them), and the end within ten seconds;
//     - exit status 0 with the right stdout and an empty stderr, since the call did not matter or was repeated; or a
//       status of CODES (default 2-7), one line `quill: ...` of printable text on stderr, and of stdout nothing but a
//       beginning, or the line of JSON that tells the error;
//     - FILE, when the command writes one, holds what it held before, or what it should hold now; after a failure only
//       the former, unless all that failed came after the rename (fsync and close of the folder);
//     - the folder of FILE holds no other file (but after `kill`).
//
// Prints one ok or not ok line for each FAULT. The working folder must be writable.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 10, MOST = 1 << 26 };

struct bytes {
    char *p; // NULL: there is no such file
    size_t n;
};

struct outcome {
    int status; // of waitpid
    bool timed_out, struck;
    struct bytes out, err, file;
};

static struct {
    const char *shim, *file;
    char **command;
    int first, last; // exit codes of failures
    long step;
    struct bytes old_file;
    struct outcome right;
} task;

static void die(const char *what) {
    perror(what);
    exit(99);
}

static struct bytes read_whole(const char *path) {
    struct bytes b = {NULL, 0};
    FILE *f = fopen(path, "rb");
    if (!f) return b;
    b.p = malloc(MOST);
    if (!b.p) die("malloc");
    b.n = fread(b.p, 1, MOST, f);
    fclose(f);
    char *fitting = realloc(b.p, b.n + 1);
    if (!fitting) die("realloc");
    fitting[b.n] = '\0';
    b.p = fitting;
    return b;
}

static bool same(struct bytes a, struct bytes b) {
    return !a.p == !b.p && a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static void put_back(void) {
    if (!task.file) return;
    unlink(task.file);
    if (!task.old_file.p) return;
    FILE *f = fopen(task.file, "wb");
    if (!f || fwrite(task.old_file.p, 1, task.old_file.n, f) != task.old_file.n || fclose(f)) die(task.file);
}

static void become_command(const char *fault) {
    int in = open("/dev/null", O_RDONLY), out = open("loop.out", O_WRONLY | O_CREAT | O_TRUNC, 0600),
        err = open("loop.err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(98);
    for (int fd = 3; fd < 20; fd++) close(fd);
    if (fault) {
        setenv("LD_PRELOAD", task.shim, 1);
        setenv("FAULT", fault, 1);
        setenv("FAULT_REPORT", "loop.struck", 1);
    }
    execv(task.command[0], task.command);
    _exit(98);
}

static struct outcome run(const char *fault) {
    struct outcome o = {0};
    put_back();
    unlink("loop.struck");
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) become_command(fault);
    struct timespec pause = {0, 200000};
    for (long waited = 0; waitpid(child, &o.status, WNOHANG) == 0; waited++) {
        if (waited > SECONDS * 5000L && !o.timed_out) o.timed_out = true, kill(child, SIGKILL);
        nanosleep(&pause, NULL);
    }
    o.struck = access("loop.struck", F_OK) == 0;
    o.out = read_whole("loop.out");
    o.err = read_whole("loop.err");
    if (task.file) o.file = read_whole(task.file);
    return o;
}

static void outcome_free(struct outcome *o) {
    free(o->out.p);
    free(o->err.p);
    free(o->file.p);
}

// One line `quill: ...` of printable characters.
static bool is_message(struct bytes err) {
    if (err.n < 12 || memcmp(err.p, "quill: ", 7) != 0 || err.p[err.n - 1] != '\n') return false;
    for (size_t i = 0; i + 1 < err.n; i++)
        if ((unsigned char)err.p[i] < 0x20 || err.p[i] == 0x7f) return false;
    return true;
}

// One JSON line whose generation ended by an error: --json says on stdout too what failed.
static bool is_error_line(struct bytes out) {
    static const char end[] = "\"stop\":\"error\"";
    return out.n > 0 && memchr(out.p, '\n', out.n) == out.p + out.n - 1 && memmem(out.p, out.n, end, sizeof end - 1);
}

// Removes what a run left beside the file; true when there was something.
static bool clean_folder(void) {
    char folder[4096];
    bool found = false;
    snprintf(folder, sizeof folder, "%s", task.file);
    char *slash = strrchr(folder, '/');
    if (!slash) return false; // -o wants a path with a folder of its own
    *slash = '\0';
    DIR *dir = opendir(folder);
    if (!dir) die(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, slash + 1) == 0) continue;
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
        found = true;
    }
    closedir(dir);
    return found;
}

static const char *judge_file(const struct outcome *o, bool failed, bool late, bool killed) {
    if (!task.file) return NULL;
    bool is_old = same(o->file, task.old_file), is_new = same(o->file, task.right.file), litter = clean_folder();
    if (!is_old && !is_new) return "the file is neither the old nor the new one";
    if (!failed && !is_new) return "it succeeded without writing the file";
    if (failed && !is_old && !late && !killed) return "it failed, and the old file is gone";
    if (litter && !killed) return "it left a temporary file";
    return NULL;
}

// What is wrong with the outcome, or NULL. signal: that it must die by (SIGTERM: or by SIGHUP); 0: none. late: the
// fault may lie after the rename.
static const char *judge(const struct outcome *o, int signal, bool late) {
    if (o->timed_out) return "it hung";
    if (signal && o->struck) {
        const int last = WIFSIGNALED(o->status) ? WTERMSIG(o->status) : 0;
        const bool died = last == signal || (last == SIGHUP && signal == SIGTERM);
        return died ? judge_file(o, true, late, signal == SIGKILL) : "it survived a signal";
    }
    if (WIFSIGNALED(o->status)) return "it died by a signal";
    int code = WEXITSTATUS(o->status), good = WEXITSTATUS(task.right.status);
    bool beginning = o->out.n <= task.right.out.n && memcmp(o->out.p, task.right.out.p, o->out.n) == 0;
    if (code == good && !same(o->err, task.right.err)) return "it succeeded with other words on stderr";
    if (code == good && !same(o->out, task.right.out)) return "it succeeded with another stdout";
    if (code != good && (code < task.first || code > task.last)) return "another exit status";
    if (code != good && !is_message(o->err)) return "stderr is not one line of quill";
    if (!beginning && (code == good || !is_error_line(o->out))) return "stdout is not a beginning of the right one";
    return judge_file(o, code != good, late, false);
}

static int loop(const char *kind, const char *how) {
    long n = 1, harmless = 0, worst = 0;
    int wrong = 0;
    bool on = kind[strlen(kind) - 1] == '+';
    const bool ends = strcmp(how, "term") == 0 || strcmp(how, "twice") == 0;
    const int signal = strcmp(how, "kill") == 0 ? SIGKILL : ends ? SIGTERM : 0;
    bool late = !strncmp(kind, "fsync", 5) || !strncmp(kind, "close", 5) || !strncmp(kind, "alloc", 5) ||
                !strncmp(kind, "open", 4) || !strncmp(kind, "io", 2);
    for (bool more = true; more && wrong < 5; n += task.step) {
        char fault[64];
        snprintf(fault, sizeof fault, "%.*s:%ld%s:%s", (int)strcspn(kind, "+"), kind, n, on ? "+" : "", how);
        struct outcome o = run(fault);
        const char *what = judge(&o, signal, late);
        if (what) {
            wrong++;
            printf("# %s: %s; status 0x%x, %zu bytes of stdout, stderr: %.300s\n", fault, what, (unsigned)o.status,
                   o.out.n, o.err.p ? o.err.p : "");
        }
        if (o.struck) worst = n;
        if (o.struck && WIFEXITED(o.status) && o.status == task.right.status) harmless++;
        more = o.struck;
        outcome_free(&o);
    }
    printf("%s %s:%s", wrong ? "not ok" : "ok", kind, how);
    for (int i = 1; task.command[i] && i < 8; i++) printf(" %s", task.command[i]);
    printf("\n# %ld calls, of which %ld did not matter\n", worst, harmless);
    return wrong;
}

int main(int argc, char **argv) {
    int option, failed = 0;
    task.first = 2, task.last = 7, task.step = 1;
    while ((option = getopt(argc, argv, "+o:s:x:")) != -1) {
        if (option == 'o') task.file = optarg;
        else if (option == 's') task.step = strtol(optarg, NULL, 10);
        else if (option != 'x' || sscanf(optarg, "%d-%d", &task.first, &task.last) != 2) return 99;
    }
    int end = optind;
    while (end < argc && strcmp(argv[end], "--") != 0) end++;
    if (end + 1 >= argc || optind >= end || task.step < 1 || !getenv("SHIM")) {
        fputs("usage: SHIM=shim.so loop [-o FILE] [-s STEP] [-x CODES] FAULT... -- COMMAND ARG...\n", stderr);
        return 99;
    }
    task.shim = getenv("SHIM");
    task.command = argv + end + 1;
    if (task.file) task.old_file = read_whole(task.file);
    task.right = run(NULL);
    if (!WIFEXITED(task.right.status) || WEXITSTATUS(task.right.status) != 0) {
        printf("not ok %s without a fault: status 0x%x\n# %.300s\n", task.command[0], (unsigned)task.right.status,
               task.right.err.p);
        return 1;
    }
    for (int i = optind; i < end; i++) {
        char *how = strchr(argv[i], ':');
        if (!how) return 99;
        *how++ = '\0';
        failed += loop(argv[i], how);
    }
    return failed != 0;
}
