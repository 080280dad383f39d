// SPDX-License-Identifier: MIT
// A matrix of 32-bit floats in NumPy's format, version 1.0 (NEP 1), as numpy.load reads it.
#ifndef QUILL_CLI_IO_NPY_H
#define QUILL_CLI_IO_NPY_H

#include <stdint.h>

#include "output.h"

bool npy_wanted(const char *path); // NULL is fine; a name that ends in .npy

// The number of rows is known at the end, so that the header is written again: the output must be a file that appears
// whole, else QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status npy_begin(struct output *out, quill_error *err);
QUILL_MUST_CHECK quill_status npy_row(struct output *out, const float *row, size_t n, quill_error *err);
QUILL_MUST_CHECK quill_status npy_end(struct output *out, uint64_t rows, size_t columns, quill_error *err);

#endif
