// SPDX-License-Identifier: MIT
// Every kernel of every table that this machine runs against the reference, bit for bit:
//
//     check_kernels [--bench] [--filter TEXT] [--cpu NAME] [--seed N] [--margin]
//
// Prints `ok NAME`, `not ok NAME` after the first difference, and `skip NAME: why` for the tables that this machine
// cannot run; exit status 1 when something differs. `tiles` are the kernels of amx with tile registers in C. --bench
// measures the same kernels instead; --filter takes what has TEXT in its name, --cpu one table. --margin leaves 64
// bytes before the unreadable pages, for emulators that read a whole register where a processor reads one value
// (qemu-x86_64 7.2: the operand of vfmadd231ss).
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/check.h"
#include "kernels/isa/instruction_sets.h"

#define NAME(name, architecture, needs) #name,
static const char *const table_names[] = {INSTRUCTION_SETS(NAME)};
enum { N_TABLES = sizeof table_names / sizeof *table_names };

static const struct check *const groups[] = {row_checks, matmul_checks, attn_checks};

static struct options {
    bool bench;
    const char *filter, *cpu;
    uint64_t seed;
} options;

static sigjmp_buf escape;

static void on_fault(int signal) { siglongjmp(escape, signal); }

static bool guard_faults(bool (*run)(const struct kernels *k), const struct kernels *k, bool (*plain)(void)) {
    int signal = sigsetjmp(escape, 1);
    if (signal) {
        release_guarded();
        return complain("signal %d: it touched what it must not", signal);
    }
    return run ? run(k) : plain();
}

static int failures;

static void verdict(const char *table, const char *name, bool good) {
    printf("%s %s %s\n", good ? "ok" : "not ok", table, name);
    fflush(stdout);
    failures += !good;
}

static bool wanted(const char *table, const char *name) {
    char full[96];
    snprintf(full, sizeof full, "%s %s", table, name);
    return !options.filter || strstr(full, options.filter);
}

static void check_table(const struct kernels *k) {
    bool (*wrappers)(void) = simd_check(k->name);
    random_seed(options.seed);
    if (!options.bench && wrappers && wanted(k->name, "wrappers"))
        verdict(k->name, "wrappers", guard_faults(NULL, NULL, wrappers));
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (const struct check *c = groups[g]; c->name; c++) {
            if (!wanted(k->name, c->name)) continue;
            random_seed(options.seed);
            if (!options.bench) verdict(k->name, c->name, guard_faults(c->run, k, NULL));
            else if (c->bench) c->bench(k);
        }
}

// The reference is compared with itself too: its own guards, and the checks.
static void check_all(void) {
#ifdef FEW_KERNELS
    static const char why[] = "this machine cannot run it, or it is left out of this build";
#else
    static const char why[] = "this machine cannot run it";
#endif
    const struct kernels *tables[N_TABLES];
    size_t n = kernels_available(tables, N_TABLES);
    for (int i = 0; i < N_TABLES; i++) {
        const struct kernels *k = NULL;
        for (size_t j = 0; j < n; j++)
            if (strcmp(tables[j]->name, table_names[i]) == 0) k = tables[j];
        if (options.bench && i == 0 && !options.cpu) continue; // minutes, for a figure that nobody asked for
        if (options.cpu && strcmp(options.cpu, table_names[i]) != 0) continue;
        if (k) check_table(k);
        else if (!options.bench) printf("skip %s: %s\n", table_names[i], why);
    }
    const struct kernels *tiles = kernels_with_tiles();
    if (options.bench || (options.cpu && strcmp(options.cpu, "tiles") != 0)) return;
    if (tiles) check_table(tiles);
    else printf("skip tiles: %s\n", why);
}

int main(int argc, char **argv) {
    options.seed = (uint64_t)time(NULL);
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--bench") == 0) options.bench = true;
        else if (strcmp(argv[i], "--margin") == 0) guard_margin = 64;
        else if (strcmp(argv[i], "--filter") == 0 && more) options.filter = argv[++i];
        else if (strcmp(argv[i], "--cpu") == 0 && more) options.cpu = argv[++i];
        else if (strcmp(argv[i], "--seed") == 0 && more) options.seed = strtoull(argv[++i], NULL, 0);
        else {
            fputs("usage: check_kernels [--bench] [--filter TEXT] [--cpu NAME] [--seed N] [--margin]\n", stderr);
            return 2;
        }
    }
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    printf("# seed %llu\n", (unsigned long long)options.seed);
    check_all();
    return failures != 0;
}
