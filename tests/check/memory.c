// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "check.h"

enum { MAX_BLOCKS = 64, CANARY = 0x99 };

static struct block {
    uint8_t *map, *data;
    size_t mapped, bytes; // of the readable part; of the block
} blocks[MAX_BLOCKS];
static size_t n_blocks;

size_t guard_margin;

static void *place(size_t bytes, bool at_end) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), mapped = (bytes + 64 + guard_margin + page - 1) / page * page;
    uint8_t *map = mmap(NULL, mapped + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || n_blocks == MAX_BLOCKS || mprotect(map + page, mapped, PROT_READ | PROT_WRITE) != 0) {
        fputs("check_kernels: no memory\n", stderr);
        exit(5);
    }
    memset(map + page, CANARY, mapped);
    size_t offset = at_end ? mapped - guard_margin - bytes : 0;
    blocks[n_blocks++] = (struct block){map, map + page + offset, mapped, bytes};
    return map + page + offset;
}

// Mostly before the last page: what ends a file must not be read beyond.
void *guarded(size_t bytes) { return place(bytes, random_below(4) != 0); }

void *guarded_scratch(const struct kernels *k) { return place((k->scratch_bytes + 63) / 64 * 64, true); }

void *guarded_copy(const void *from, size_t bytes) {
    void *p = guarded(bytes);
    if (bytes) memcpy(p, from, bytes);
    return p;
}

bool guards_intact(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < n_blocks; i++) {
        const struct block *b = &blocks[i];
        const uint8_t *first = b->map + page;
        for (const uint8_t *p = first; p < first + b->mapped; p++) {
            if (p == b->data) p += b->bytes;
            if (p < first + b->mapped && *p != CANARY)
                return complain("a write at %td of a block of %zu", p - b->data, b->bytes);
        }
    }
    return true;
}

void release_guarded(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < n_blocks; i++) munmap(blocks[i].map, blocks[i].mapped + 2 * page);
    n_blocks = 0;
}

static uint64_t state;

void random_seed(uint64_t seed) { state = seed; }

// splitmix64
uint64_t random_u64(void) {
    uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

size_t random_below(size_t n) { return (size_t)(random_u64() % n); }

size_t random_size(size_t limit) {
    size_t n = 1 + random_below(limit);
    if (random_below(2)) n = n / 16 * 16 + random_below(3) + 15;
    return n == 0 ? 1 : n > limit ? limit : n;
}

static const float specials[] = {
    0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-126f, 0x1.fffffep127f, -0x1.fffffep127f,
    65504.0f, 65520.0f, -65536.0f, 0x1p-24f, 0x1p-25f, 88.7228f, -87.33f, 0.625f, 1.3f, -1.3f, 13.3f, 0x1p-100f,
    0x1p-101f,
};

float random_float(enum values kind) {
    uint32_t bits = (uint32_t)random_u64();
    switch (kind) {
    case UNIT:
        return (float)(int32_t)bits * 0x1p-31f;
    case WIDE:
        return ldexpf((float)(int32_t)bits * 0x1p-31f, (int)random_below(61) - 30);
    case ANY_FINITE:
        while ((bits & 0x7f800000) == 0x7f800000) bits = (uint32_t)random_u64();
        return f32_from_bits(bits);
    case SUBNORMAL:
        return f32_from_bits(bits & 0x807fffff);
    case SPECIAL:
        return specials[bits % (sizeof specials / sizeof *specials)];
    case EDGE: {
        static const int exponents[] = {-50, -60, -63, -66, -75, -76, -76, -85, -86, -93};
        const float m = bits & 16 ? 1.0f + (float)(bits >> 8 & 127) * 0x1p-7f : bits & 32 ? 1.5f : 1.0f;
        return ldexpf(bits & 1 ? -m : m, exponents[(bits >> 16) % (sizeof exponents / sizeof *exponents)]);
    }
    case MIXED:
        break;
    }
    return random_float((enum values)random_below(MIXED));
}

void random_floats(float *x, size_t n, enum values kind) {
    for (size_t i = 0; i < n; i++) x[i] = random_float(kind);
}

void random_bytes(void *p, size_t n) {
    uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)random_u64();
}

bool complain(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("# ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    return false;
}

bool same_floats(const char *what, const float *got, const float *want, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (f32_bits(got[i]) != f32_bits(want[i]) && !(isnan(got[i]) && isnan(want[i])))
            return complain("%s: at %zu of %zu: %.9g (%08x), the reference has %.9g (%08x)", what, i, n,
                            (double)got[i],
                            (unsigned)f32_bits(got[i]), (double)want[i], (unsigned)f32_bits(want[i]));
    return true;
}

bool same_bytes(const char *what, const void *got, const void *want, size_t n) {
    const uint8_t *a = got, *b = want;
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i]) return complain("%s: byte %zu of %zu: %02x, the reference has %02x", what, i, n, a[i],
                                          b[i]);
    return true;
}

// Processor time: what other programs take from a busy machine does not count.
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// The best of many short runs.
void measure(const struct kernels *k, const char *what, double ops, double bytes, void (*f)(void *arg), void *arg) {
    double best = 1e9, begin = now();
    size_t calls = 1;
    for (int runs = 0; runs < 5 || now() - begin < 0.4; runs++) {
        double start = now();
        for (size_t i = 0; i < calls; i++) f(arg);
        double seconds = now() - start;
        if (seconds < 0.002 && runs < 20) {
            calls *= 2, runs = 0;
            continue;
        }
        if (seconds / (double)calls < best) best = seconds / (double)calls;
    }
    printf("bench %-10s %-34s %12.3f us", k->name, what, best * 1e6);
    if (ops > 0) printf(" %9.2f Gop/s", ops / best * 1e-9);
    if (bytes > 0) printf(" %8.2f GB/s", bytes / best * 1e-9);
    putchar('\n');
}
