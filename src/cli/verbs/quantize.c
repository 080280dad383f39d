// SPDX-License-Identifier: MIT
// quill quantize IN OUT TYPE
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/run/lora.h"
#include "cli/run/model_source.h"
#include "quill/model.h"

static void note(void *user, const char *line) {
    progress_hide(user);
    report("%s", line);
}

static void temporary(void *user, const char *path) {
    (void)user;
    if (path) signals_temporary(path);
    else signals_forget(NULL);
}

// Checks OUT by the rules of -o.
static quill_status check_output(const char **out, quill_error *err) {
    if (strcmp(*out, "-") == 0) *out = "/dev/stdout";
    quill_status s = inputs_check(*out, err);
    if (s || strcmp(*out, "/dev/stdout") != 0 || !isatty(STDOUT_FILENO)) return s;
    return fail(err, QUILL_E_USAGE, "quantize: stdout is a terminal; OUT should be a file");
}

static void show_progress(void *user, uint64_t done, uint64_t all) { progress_update(user, "quantizing", done, all); }

int cmd_quantize(struct options *o, quill_error *err) {
    const char **operands = o->operands.items;
    if (o->operands.n != 3)
        return (int)fail(err, QUILL_E_USAGE, "quantize: expected IN OUT TYPE, found %zu operand%s", o->operands.n,
                         PLURAL(o->operands.n));
    const char *in, *out = operands[1];
    quill_error missing;
    const quill_status found = locate_model(&in, operands[0], false, &missing);
    const quill_adapter_file *adapters;
    size_t n_adapters;
    quill_status s = lora_files(&adapters, &n_adapters, o, err);
    if (!s) s = check_output(&out, err); // a mistake of the command line comes first
    if (!s && found) *err = missing, s = found;
    if (s) return (int)s;
    signals_catch();
    struct progress bar;
    progress_start(&bar, o->talk.quiet);
    const quill_quantize_options options = {
        .progress = show_progress,
        .user = &bar,
        .note = o->talk.verbose && !o->talk.quiet ? note : NULL,
        .summary = o->talk.quiet ? NULL : note, // the file is not exactly what was requested
        .interrupted = signals_flag(),
        .temporary = temporary,
        .adapters = adapters,
        .n_adapters = n_adapters,
    };
    s = name_families(quill_quantize(in, out, operands[2], &options, err), err);
    progress_clear(&bar);
    return (int)s;
}
