// SPDX-License-Identifier: MIT
// quill quantize IN OUT TYPE
#include <sys/stat.h>

#include "base/error.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "quill/model.h"

static void note(void *user, const char *line) {
    (void)user;
    report("%s", line);
}

static void temporary(void *user, const char *path) {
    (void)user;
    if (path) signals_temporary(path);
    else signals_forget(NULL);
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cmd_quantize(struct options *o, quill_error *err) {
    const char **operands = o->operands.items;
    if (o->operands.n != 3)
        return (int)fail(err, QUILL_E_USAGE, "quantize: expected IN OUT TYPE, found %zu operands", o->operands.n);
    if (same_file(operands[0], operands[1]))
        return (int)fail(err, QUILL_E_USAGE, "%s: IN and OUT are the same file", QUOTED(str_of(operands[1])));
    signals_catch();
    const quill_quantize_options options = {
        .note = o->talk.verbose && !o->talk.quiet ? note : NULL,
        .interrupted = signals_flag(),
        .temporary = temporary,
    };
    return (int)quill_quantize(operands[0], operands[1], operands[2], &options, err);
}
