// SPDX-License-Identifier: MIT
// A folder of model files made for a test, and removed after it.
#ifndef QUILL_TESTS_FOLDER_H
#define QUILL_TESTS_FOLDER_H

#include "test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/bytes.h"

static char folder[32]; // the folder of the running test

static inline const char *in_folder(const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void write_file(const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(in_folder(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void write_text(const char *name, const char *text) { write_file(name, text, strlen(text)); }

// A safetensors file with this header and n bytes of data: 0, 1, 2, ...
static inline void write_safetensors(const char *name, const char *header, size_t n) {
    struct buffer b = {0};
    uint64_t length = strlen(header);
    assert_true(buffer_add(&b, &length, 8) && buffer_add(&b, header, strlen(header)));
    for (size_t i = 0; i < n; i++) assert_true(buffer_add_byte(&b, (char)i));
    write_file(name, b.p, b.n);
    buffer_free(&b);
}

static inline void empty_folder(void) {
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2) unlink(in_folder(entry->d_name));
    closedir(dir);
}

static inline int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quill-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state) {
    (void)state;
    empty_folder();
    return rmdir(folder);
}

#endif
