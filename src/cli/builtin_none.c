// SPDX-License-Identifier: MIT
// A program without a built-in model: both symbols at one address, size 0.
extern const unsigned char quill_builtin_start[1];
extern const unsigned char quill_builtin_end[1] __attribute__((alias("quill_builtin_start")));

const unsigned char quill_builtin_start[1] = {0};
