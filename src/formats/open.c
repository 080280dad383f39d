// SPDX-License-Identifier: MIT
// Chooses the reader of a path's format.
#include <errno.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "hf.h"

static quill_status open_folder_of(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                                   quill_error *err) {
    char *folder = hf_folder(path);
    quill_status s = folder ? hf_open(out, folder, want, how, err) : fail_memory(err);
    free(folder);
    return s;
}

quill_status weights_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                          quill_error *err) {
    struct stat info;
    *out = NULL;
    if (stat(path, &info) != 0) return fail_errno(err, QUILL_E_MODEL, path, "open", errno);
    if (S_ISDIR(info.st_mode)) return hf_open(out, path, want, how, err);
    const bool part = want == WEIGHTS_ADAPTER ? hf_is_adapter_part(path) : hf_is_part(path);
    return part ? open_folder_of(out, path, want, how, err) : gguf_open(out, path, want, how, err);
}
