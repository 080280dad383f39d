// SPDX-License-Identifier: MIT
// Which files a model consists of, from names alone, without opening any.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/destination.h"
#include "hf.h"

// Whether folder/name is the file.
static bool is_file_in(const char *folder, const char *name, struct file_id file) {
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = alloc_array(n, 1);
    struct file_id id;
    if (path) snprintf(path, n, "%s/%s", folder, name);
    const bool same = path && file_id_of(&id, path) && file_id_equal(id, file);
    free(path);
    return same;
}

static bool folder_has_file(const char *folder, struct file_id file) {
    static const char end[] = ".safetensors";
    if (is_file_in(folder, "config.json", file)) return true;
    if (is_file_in(folder, "model.safetensors.index.json", file)) return true;
    for (size_t i = 0; i < hf_n_tokenizer_files; i++)
        if (is_file_in(folder, hf_tokenizer_files[i].name, file)) return true;
    DIR *list = opendir(folder); // shards may have any name
    bool found = false;
    for (const struct dirent *entry; list && !found && (entry = readdir(list));) {
        const size_t n = strlen(entry->d_name);
        const bool weights = n >= sizeof end - 1 && strcmp(entry->d_name + n - (sizeof end - 1), end) == 0;
        found = weights && is_file_in(folder, entry->d_name, file);
    }
    if (list) closedir(list);
    return found;
}

// One file, or the first of several if `path` ends in "-00001-of-00003.gguf" or the like.
static bool parts_have_file(const char *path, struct file_id file) {
    enum { SUFFIX_BYTES = sizeof "-00001-of-00001.gguf" - 1 };
    struct file_id id;
    if (file_id_of(&id, path) && file_id_equal(id, file)) return true;
    const size_t n = strlen(path);
    int number = 0, count = 0, end = 0;
    const char *suffix = n > SUFFIX_BYTES ? path + n - SUFFIX_BYTES : "";
    if (sscanf(suffix, "-%5d-of-%5d.gguf%n", &number, &count, &end) != 2 || end != SUFFIX_BYTES) return false;
    char *part = alloc_string(str_of(path)), text[64];
    bool found = false;
    for (int i = 1; part && !found && i <= count; i++) {
        snprintf(text, sizeof text, "-%05d-of-%05d.gguf", i, count);
        memcpy(part + n - SUFFIX_BYTES, text, SUFFIX_BYTES);
        found = file_id_of(&id, part) && file_id_equal(id, file);
    }
    free(part);
    return found;
}

bool weights_have_file(const char *model, const char *path) {
    struct stat info;
    struct file_id file;
    if (!file_id_of(&file, path) || stat(model, &info) != 0) return false;
    if (S_ISDIR(info.st_mode)) return folder_has_file(model, file);
    if (!hf_is_part(model)) return parts_have_file(model, file);
    char *folder = hf_folder(model);
    const bool found = folder && folder_has_file(folder, file);
    free(folder);
    return found;
}
