// SPDX-License-Identifier: MIT
// What every unit test includes: cmocka with the headers it needs, and shared helpers.
#ifndef QUILL_TESTS_TEST_H
#define QUILL_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail // a macro of cmocka; base/error.h has a function of that name

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The status is 0; the message is shown when it is not.
#define assert_ok(status, err)                                                                                 \
    do {                                                                                                       \
        if ((status) != 0) {                                                                                   \
            print_error("%s: %s\n", #status, (err).text);                                                      \
            _fail(__FILE__, __LINE__);                                                                         \
        }                                                                                                      \
    } while (0)

// A small seeded generator for test inputs (splitmix64).
static inline uint64_t test_random(uint64_t *state) {
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// TEST_SHARE=K: of a long list of like cases (made at random, drawn, damaged) a test takes one in K; all without it, as
// the release build does. tests/README.md says which builds have a share. Odd: damage then meets every bit of a byte.
static inline int test_share(void) {
    const char *text = getenv("TEST_SHARE");
    const int share = text ? (int)strtol(text, NULL, 10) : 1;
    if (share % 2 == 0 || share < 1) abort();
    return share;
}

// A file of the test data that is committed; the tests run from the project's root.
#define TEST_DATA(name) "tests/data/" name

// The shared data folder, or NULL: then the test calls skip() after saying why.
static inline const char *shared_data(void) {
    const char *folder = getenv("QUILL_TEST_DATA");
    if (folder && *folder) return folder;
    puts("QUILL_TEST_DATA is not set: tests on shared data are skipped");
    return NULL;
}

#endif
