// SPDX-License-Identifier: MIT
// From a path to the reader of its format.
#include <errno.h>
#include <sys/stat.h>

#include "own.h"

quill_status weights_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                          quill_error *err) {
    struct stat info;
    *out = NULL;
    if (stat(path, &info) != 0) return fail_errno(err, QUILL_E_MODEL, path, "open", errno);
    return S_ISDIR(info.st_mode) ? hf_open(out, path, want, how, err) : gguf_open(out, path, want, how, err);
}
