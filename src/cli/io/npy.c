// SPDX-License-Identifier: MIT
#include "npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { HEADER = 128, BEFORE = 10 }; // bytes; `BEFORE` the text: magic number, version, length of the text

bool npy_wanted(const char *path) {
    static const char end[] = ".npy";
    const size_t n = path ? strlen(path) : 0;
    return n >= sizeof end - 1 && strcmp(path + n - (sizeof end - 1), end) == 0;
}

quill_status npy_begin(struct output *out, quill_error *err) {
    static const char room[HEADER];
    if (!out->save.temp)
        return fail(err, QUILL_E_USAGE, "%s: expected a regular file for NumPy's format, found another one",
                    QUOTED(str_of(out->name)));
    return output_write(out, room, sizeof room, err);
}

quill_status npy_row(struct output *out, const float *row, size_t n, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < n; i++) {
        uint32_t bits;
        char bytes[sizeof bits];
        memcpy(&bits, &row[i], sizeof bits);
        for (size_t k = 0; k < sizeof bits; k++) bytes[k] = (char)(bits >> 8 * k); // '<f4'
        s = output_write(out, bytes, sizeof bytes, err);
    }
    return s;
}

quill_status npy_end(struct output *out, uint64_t rows, size_t columns, quill_error *err) {
    char header[HEADER + 1];
    const int text = HEADER - BEFORE;
    memcpy(header, "\x93NUMPY\x01\x00", BEFORE - 2);
    header[BEFORE - 2] = (char)text;
    header[BEFORE - 1] = 0;
    char shape[HEADER - BEFORE];
    snprintf(shape, sizeof shape, "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %zu), }", rows,
             columns);
    snprintf(header + BEFORE, (size_t)text + 1, "%-*s\n", text - 1, shape);
    return output_replace_begin(out, header, HEADER, err);
}
