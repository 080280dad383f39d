// SPDX-License-Identifier: MIT
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/destination.h"
#include "base/error.h"
#include "quill/model.h"

struct input {
    struct file_id id;
    bool transcript;
};

static struct {
    struct input *files; // [n], room for cap
    size_t n, cap;
    const char *model;   // NULL: none
} inputs;

static quill_status remember(const struct stat *info, quill_error *err) {
    if (!S_ISREG(info->st_mode)) return QUILL_OK;
    struct input *files = inputs.n < inputs.cap
                              ? inputs.files
                              : alloc_grow(inputs.files, &inputs.cap, inputs.n + 1, sizeof *inputs.files);
    if (!files) return fail_memory(err);
    inputs.files = files;
    files[inputs.n++] = (struct input){.id = file_id_of_stat(info)};
    return QUILL_OK;
}

quill_status inputs_add_descriptor(int fd, quill_error *err) {
    struct stat info;
    return fstat(fd, &info) == 0 ? remember(&info, err) : QUILL_OK;
}

quill_status inputs_add(const char *path, quill_error *err) {
    struct stat info;
    return path && strcmp(path, "-") != 0 && stat(path, &info) == 0 ? remember(&info, err) : QUILL_OK;
}

quill_status inputs_open(int *fd, const char *path, quill_error *err) {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*fd < 0) return fail_errno(err, QUILL_E_SYSTEM, path, "open", errno);
    quill_status s = inputs_add_descriptor(*fd, err);
    if (s) close(*fd), *fd = -1;
    return s;
}

void inputs_set_model(const char *path) { inputs.model = path; }

void inputs_set_transcript(const char *path) {
    struct file_id id;
    if (!file_id_of(&id, path)) return;
    for (size_t i = inputs.n; i-- > 0;)
        if (file_id_equal(inputs.files[i].id, id)) {
            inputs.files[i].transcript = true;
            return;
        }
}

static quill_status check(const char *path, bool transcript, quill_error *err) {
    struct destination to;
    struct file_id id;
    quill_status s = destination_find(&to, path, err);
    if (s) return s;
    const bool replaced = to.kind == DESTINATION_REPLACED && file_id_of(&id, to.path);
    free(to.path);
    if (!replaced) return QUILL_OK;
    if (inputs.model && quill_model_has_file(inputs.model, path))
        return fail(err, QUILL_E_USAGE, "%s: a file of the model; an output must be another", QUOTED(str_of(path)));
    for (size_t i = 0; i < inputs.n; i++)
        if (file_id_equal(inputs.files[i].id, id) && !(transcript && inputs.files[i].transcript))
            return fail(err, QUILL_E_USAGE, "%s: this file is read; an output must be another", QUOTED(str_of(path)));
    return QUILL_OK;
}

quill_status inputs_check(const char *path, quill_error *err) { return check(path, false, err); }

quill_status inputs_check_transcript(const char *path, quill_error *err) { return check(path, true, err); }

quill_status inputs_check_endless(int fd, const char *name, int out, quill_error *err) {
    struct stat in, to;
    if (fstat(fd, &in) != 0 || fstat(out, &to) != 0 || !S_ISREG(in.st_mode)) return QUILL_OK;
    if (!file_id_equal(file_id_of_stat(&in), file_id_of_stat(&to))) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "%s: the output goes to the file that is read", QUOTED(str_of(name)));
}
