// SPDX-License-Identifier: MIT
#include "lora.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/io/inputs.h"

// The adapters of this run. A process runs one verb with one model.
static struct {
    quill_adapter_file *files; // [n]
    char **paths;              // [n] those of the files
    quill_adapter_use *uses;   // [n_uses]
    quill_adapter **loaded;    // [n_uses]
    size_t n, n_uses;
} adapters;

static quill_status refuse(const char *value, quill_error *err) {
    return fail(err, QUILL_E_USAGE, "--lora: expected FILE or FILE:SCALE, found '%s'", QUOTED(str_of(value)));
}

// Splits FILE:SCALE at the last colon, if what follows is meant as a number; a file of the whole name comes first. The
// path is allocated.
static quill_status split(quill_adapter_file *file, char **path, const char *value, quill_error *err) {
    const char *colon = strrchr(value, ':');
    size_t n = strlen(value);
    file->scale = 1;
    if (colon && access(value, F_OK) != 0) {
        const char *text = colon + 1;
        char *end;
        const double scale = strtod(text, &end);
        const bool plain = text[strspn(text, "+-.0123456789eE")] == 0; // strtod would also read "inf" and "0x1"
        if (!plain || end == text || *end || !isfinite((float)scale)) return refuse(value, err);
        file->scale = (float)scale;
        n = (size_t)(colon - value);
    }
    if (n == 0) return refuse(value, err);
    file->path = *path = alloc_string((struct str){value, n});
    return file->path ? QUILL_OK : fail_memory(err);
}

static quill_status remember(const char *folder, const char *name, quill_error *err) {
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = alloc_array(n, 1);
    if (!path) return fail_memory(err);
    snprintf(path, n, "%s/%s", folder, name);
    quill_status s = inputs_add(path, err);
    free(path);
    return s;
}

static void forget(void) {
    for (size_t i = 0; i < adapters.n_uses; i++) quill_adapter_free(adapters.loaded[i]);
    for (size_t i = 0; i < adapters.n; i++) free(adapters.paths[i]);
    free(adapters.loaded);
    free(adapters.uses);
    free(adapters.paths);
    free(adapters.files);
    memset(&adapters, 0, sizeof adapters);
}

quill_status lora_files(const quill_adapter_file **files, size_t *n, const struct options *o, quill_error *err) {
    const struct list *list = &o->model.lora;
    forget();
    adapters.files = alloc_zeroed(list->n + 1, sizeof *adapters.files);
    adapters.paths = alloc_zeroed(list->n + 1, sizeof *adapters.paths);
    if (!adapters.files || !adapters.paths) return fail_memory(err);
    for (size_t i = 0; i < list->n; i++) {
        quill_adapter_file *file = &adapters.files[adapters.n];
        quill_status s = split(file, &adapters.paths[adapters.n], list->items[i], err);
        if (s) return s;
        adapters.n++;
        s = inputs_add(file->path, err);
        if (!s) s = remember(file->path, "adapter_config.json", err);
        if (!s) s = remember(file->path, "adapter_model.safetensors", err);
        if (s) return s;
    }
    *files = adapters.files;
    *n = adapters.n;
    return QUILL_OK;
}

quill_status lora_load(const quill_model *model, const struct options *o, quill_error *err) {
    const quill_adapter_file *files;
    size_t n;
    quill_status s = lora_files(&files, &n, o, err);
    if (s || n == 0) return s;
    adapters.uses = alloc_zeroed(n, sizeof *adapters.uses);
    adapters.loaded = alloc_zeroed(n, sizeof *adapters.loaded);
    if (!adapters.uses || !adapters.loaded) return fail_memory(err);
    for (size_t i = 0; i < n && !s; i++) {
        s = quill_adapter_load(&adapters.loaded[i], model, files[i].path, err);
        if (!s) adapters.uses[adapters.n_uses++] = (quill_adapter_use){adapters.loaded[i], files[i].scale};
    }
    return s;
}

const quill_adapter_use *lora_loaded(size_t *n) {
    *n = adapters.n_uses;
    return adapters.uses;
}
