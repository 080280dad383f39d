// SPDX-License-Identifier: MIT
#include "operand.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "installed.h"

static bool looks_like_file(const char *operand) {
    static const char end[] = ".prompt";
    const size_t n = strlen(operand), n_end = sizeof end - 1;
    if (n > n_end && strcmp(operand + n - n_end, end) == 0) return true;
    return strchr(operand, '/') && !strpbrk(operand, " \t\r\n");
}

static quill_status check_file(const char *operand, quill_error *err) {
    struct stat info;
    char installed[PATH_MAX];
    const bool exists = stat(operand, &info) == 0;
    if (exists && !S_ISDIR(info.st_mode)) return QUILL_OK;
    const int errnum = exists ? EISDIR : errno;
    if (installed_prompt(installed, operand)) return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM, "%s: cannot open: %s (a text that looks like a file goes after -p)",
                QUOTED(str_of(operand)), strerror(errnum));
}

static bool is_regular(const char *operand) {
    struct stat info;
    return stat(operand, &info) == 0 && S_ISREG(info.st_mode);
}

quill_status operand_take_file(struct options *o, bool any_name, quill_error *err) {
    const char *path = NULL;
    for (size_t i = 0; !path && i < o->operands.n; i++)
        if (looks_like_file(o->operands.items[i])) path = o->operands.items[i];
    quill_status s = path ? check_file(path, err) : QUILL_OK;
    if (s) return s;
    const bool alone = o->operands.n == 1 && !o->file.path;
    if (!path && any_name && alone && is_regular(o->operands.items[0])) path = o->operands.items[0];
    if (!path) return QUILL_OK;
    if (!alone) {
        const char *first = o->operands.items[0], *verb = first == path ? NULL : verb_nearest(first);
        return fail(err, QUILL_E_USAGE, "%s is a prompt file, which is the only one; -D NAME=VALUE fills a slot%s%s%s",
                    QUOTED(str_of(path)), verb ? ", or is the verb '" : "", verb ? verb : "", verb ? "' meant?" : "");
    }
    o->file.path = path;
    o->operands.n = 0;
    return QUILL_OK;
}
