// SPDX-License-Identifier: MIT
// From a path to the reader of its format.
#include "own.h"

quill_status weights_open(struct weights **out, const char *path, enum weights_want want, enum map_how how, quill_error *err) {
    return gguf_open(out, path, want, how, err);
}
