// SPDX-License-Identifier: MIT
// The program: find the verb, read the options, run, report.
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "cli/options/options.h"

// If a standard stream is closed, the next file that is opened would take its number. So this opens an empty stdin, a
// stdout that fails on write, a stderr that discards.
static void open_standard_streams(void) {
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) _exit(QUILL_E_SYSTEM);
}

// An empty variable is unset. Both OpenMP runtimes complain of empty ones of theirs, one of them fatally, before main
// begins; what stands in .preinit_array runs before they do (System V ABI, "Initialization and Termination Functions").
__attribute__((no_sanitize("address", "undefined"))) static void drop_empty_variables(int argc, char **argv,
                                                                                      char **environment) {
    (void)argc, (void)argv;
    char **kept = environment;
    for (char **at = environment; *at; at++) {
        const char *v = *at;
        bool empty = v[0] == 'O' && v[1] == 'M' && v[2] == 'P' && v[3] == '_';
        while (*v && *v != '=') v++;
        empty = empty && v[0] == '=' && v[1] == 0;
        if (!empty) *kept++ = *at;
    }
    *kept = NULL;
}
__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **,
                                                                                 char **) = drop_empty_variables;

static quill_status find_verb(const struct verb **verb, const char *name, quill_error *err) {
    const struct verb *found = verb_find(name);
    *verb = found ? found : verbs;
    if ((*verb)->run) return QUILL_OK;
    const char *why = found->reserved ? "reserved for a later version" : "not available in this version";
    return fail(err, QUILL_E_USAGE, "'%s' is %s; as a prompt: quill -p %s", name, why, name);
}

static int run(const struct verb *verb, struct options *o, quill_error *err) {
    if (o->talk.version) return print_version(o, err);
    if (o->talk.help || o->talk.short_help) return print_help(verb, o->talk.help, err);
    return verb->run(o, err);
}

int main(int argc, char **argv) {
    open_standard_streams();
    signals_start();
    quill_error err = {0};
    struct options o = {0};
    const struct verb *verb = verbs;
    int status = argc > 1 ? (int)find_verb(&verb, argv[1], &err) : 0;
    int first = verb != verbs;
    if (!status) status = (int)options_parse(&o, verb, argv + first, argc - first, &err);
    if (!status) status = run(verb, &o, &err);
    options_free(&o);
    if (signals_pending()) signals_reraise();
    options_name_error(&err);
    if (status && err.text[0]) report("%s", err.text);
    signals_end();
    return status;
}
