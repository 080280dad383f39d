// SPDX-License-Identifier: MIT
// Fuzz targets. A target is one file, fuzz_NAME.c, that defines fuzz_one; fuzz.c makes it a libFuzzer entry that also
// checks how a refusal reads, and driver.c a plain program that runs files and knows the verdict in their names.
#ifndef QUILL_TESTS_FUZZ_H
#define QUILL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "formats/weights.h"

// One input, any bytes. The result is that of what the target is about; *err is filled when it is not QUILL_OK.
quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err);

// Implemented by fuzz.c on top of fuzz_one.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
// Aborts unless err is what a user should get for the status: one line of printable UTF-8, not cut.
void fuzz_check_error(quill_status status, const quill_error *err);

// A claim about the program under test: a crash when it is wrong.
#define CLAIM(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

// The path of a file with these bytes, in memory; one at a time. fuzz_no_file releases it.
const char *fuzz_file(const uint8_t *data, size_t size);
void fuzz_no_file(void);

// A folder in memory that lives as long as the process, and a file within it (removed where data is NULL).
const char *fuzz_folder(void);
void fuzz_put(const char *name, const void *data, size_t size);
// Copies a file of tests/data into the folder.
void fuzz_copy(const char *name, const char *from);

// Looks at every value and at both ends of every tensor.
void fuzz_walk(const struct weights *w);

// The part of the input before the first line that is `mark`; moves past that line. All the rest when there is none.
struct str fuzz_part(struct str *rest, const char *mark);

#endif
