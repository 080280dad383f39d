// SPDX-License-Identifier: MIT
// -h, --help, quill help and --version. The text about options comes from the option table.
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/output.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/run/model_source.h"
#include "quill/model.h"
#include "quill/version.h"

enum { HELP_COLUMN = 28 }; // the column where explanations begin

static bool add_blanks(struct buffer *t, size_t n) {
    bool ok = true;
    while (n-- && ok) ok = buffer_add(t, " ", 1);
    return ok;
}

// Appends words from column `indent` on; breaks lines before `width` and indents them.
static bool add_wrapped(struct buffer *t, const char *words, size_t indent, size_t width) {
    size_t column = indent;
    bool first = true;
    for (;;) {
        words += strspn(words, " ");
        size_t n = strcspn(words, " ");
        if (n == 0) return true;
        bool breaks = !first && column + 1 + n > width;
        bool ok = breaks ? buffer_add(t, "\n", 1) && add_blanks(t, indent) : first || buffer_add(t, " ", 1);
        if (!ok || !buffer_add(t, words, n)) return false;
        column = (breaks ? indent : column + !first) + n;
        words += n;
        first = false;
    }
}

// "-n, --predict N"
static bool add_names(struct buffer *t, const struct option_row *row) {
    bool ok = row->letters ? buffer_add_format(t, "-%c", row->letters[0]) : buffer_add_string(t, "  ");
    if (row->name) ok = ok && buffer_add_format(t, "%s --%s", row->letters ? "," : " ", row->name);
    return ok && (!row->value || buffer_add_format(t, row->bare ? "[=%s]" : " %s", row->value));
}

// Adds the explanation, the values, the default and other names.
static bool add_explanation(struct buffer *t, const struct option_row *row, bool full) {
    bool ok = buffer_add_string(t, row->help);
    if (row->words) ok = ok && buffer_add_format(t, ": %s", row->words);
    if (row->initial) ok = ok && buffer_add_format(t, " [%s]", row->initial);
    if (!full || !row->aliases) return ok;
    ok = ok && buffer_add_string(t, " (also");
    for (const char *name = row->name; ok && (name = option_next_name(row, name));)
        ok = buffer_add_format(t, " --%s", name);
    for (const char *letter = row->letters ? row->letters + 1 : ""; *letter && ok; letter++)
        ok = buffer_add_format(t, " -%c", *letter);
    return ok && buffer_add_string(t, ")");
}

static bool add_row(struct buffer *t, const struct option_row *row, bool full) {
    struct buffer words = {0};
    size_t start = t->n;
    bool ok = buffer_add_string(t, "  ") && add_names(t, row);
    size_t column = t->n - start;
    if (ok && column + 2 > HELP_COLUMN) {
        ok = buffer_add(t, "\n", 1);
        column = 0;
    }
    ok = ok && add_blanks(t, HELP_COLUMN - column) && add_explanation(&words, row, full) && buffer_add(&words, "", 1) &&
         add_wrapped(t, words.p, HELP_COLUMN, help_width()) && buffer_add(t, "\n", 1);
    buffer_free(&words);
    return ok;
}

static bool belongs(const struct option_row *row, const struct verb *verb, bool full) {
    return (row->verbs & verb->bit) && (full || row->common || verb->bit != GENERATE);
}

static bool add_options(struct buffer *t, const struct verb *verb, bool full) {
    bool ok = true;
    for (int group = 0; group < GROUP_COUNT && ok; group++) {
        bool titled = false;
        for (const struct option_row *row = option_table; row < option_table + n_option_rows && ok; row++) {
            if ((int)row->group != group || !belongs(row, verb, full)) continue;
            if (!titled) ok = buffer_add_format(t, "\n%s:\n", option_group_titles[group]);
            titled = true;
            ok = ok && add_row(t, row, full);
        }
    }
    return ok;
}

static bool add_verbs(struct buffer *t) {
    bool ok = buffer_add_string(t, "\nVerbs (the first argument; quill help VERB):\n");
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs && ok; v++)
        if (v->run)
            ok = buffer_add_format(t, "  %-*s", HELP_COLUMN - 2, v->name) &&
                 add_wrapped(t, v->summary, HELP_COLUMN, help_width()) && buffer_add(t, "\n", 1);
    return ok;
}

static bool add_meanings(struct buffer *t, const char *title, const struct meaning *m, int width) {
    bool ok = buffer_add_string(t, title);
    for (; m->name && ok; m++)
        ok = buffer_add_format(t, "  %-*s", width, m->name) &&
             add_wrapped(t, m->text, (size_t)width + 2, help_width()) && buffer_add(t, "\n", 1);
    return ok;
}

static const char examples[] =
    "\n"
    "Examples:\n"
    "  quill 'Once upon a time'\n"
    "  x=$(quill -p 'The old king' -n 40 --seed 1)\n"
    "  quill -f letter.txt 'A short answer:' --line\n"
    "  quill --json -N 5 'The answer is' -n 8\n";

static bool add_epilogue(struct buffer *t) {
    return add_meanings(t, "\nExit status (an error is one line on stderr):\n", exit_statuses, 5) &&
           add_meanings(t, "\nEnvironment (what is empty counts as unset; options win):\n", variables, 18) &&
           buffer_add_string(t, examples);
}

static int print_text(struct buffer *t, bool ok, quill_error *err) {
    struct output out;
    quill_status s = ok ? output_open(&out, NULL, false, err) : fail_memory(err);
    if (ok && !s) {
        s = output_write(&out, t->p, t->n, err);
        if (!s) s = output_close(&out, err);
        output_abort(&out);
    }
    buffer_free(t);
    return (int)s;
}

static bool add_detail(struct buffer *t, const char *detail) {
    return buffer_add(t, "\n", 1) && add_wrapped(t, detail, 0, help_width()) && buffer_add(t, "\n", 1);
}

int print_help(const struct verb *verb, bool full, quill_error *err) {
    struct buffer t = {0};
    bool generation = verb->bit == GENERATE;
    const char *blank = generation ? "" : " ", *operands = verb->operands ? verb->operands : "";
    bool ok =
        buffer_add_format(&t, "usage: quill%s%s [OPTIONS]%s%s\n", blank, verb->name, *operands ? " " : "", operands) &&
        (!generation || buffer_add_string(&t, "       quill VERB [OPTIONS] ...\n")) &&
        buffer_add_format(&t, "\nquill%s%s - %s\n", blank, verb->name, verb->summary) &&
        (!verb->detail || !full || add_detail(&t, verb->detail)) && add_options(&t, verb, full) &&
        (!generation || add_verbs(&t)) && (!generation || !full || add_epilogue(&t)) &&
        (full || buffer_add_format(&t, "\nquill%s%s --help shows everything.\n", blank, verb->name));
    return print_text(&t, ok, err);
}

int print_version(struct options *o, quill_error *err) {
    struct buffer t = {0};
    const char *kernels = NULL;
    quill_status s = o->talk.verbose ? environment_apply(o, err) : QUILL_OK;
    if (!s && o->talk.verbose) s = quill_kernels_name(&kernels, o->machine.cpu, err);
    if (s) return (int)s;
    bool ok = buffer_add_string(&t, "quill " QUILL_VERSION "\n") &&
              (!kernels || buffer_add_format(&t, "numbers version %d\nkernels %s\n", QUILL_NUMBERS_VERSION, kernels));
    return print_text(&t, ok, err);
}

// A line per family; columns are two spaces apart.
static int print_families(quill_error *err) {
    static const char *const forms[] = {"", "gguf", "hf", "gguf,hf"};
    struct buffer t = {0};
    quill_family_info info;
    int name = 0, tokenizers = 0;
    bool ok = true;
    for (size_t i = 0; quill_family(i, &info); i++) {
        if ((int)strlen(info.name) > name) name = (int)strlen(info.name);
        if ((int)strlen(info.tokenizers) > tokenizers) tokenizers = (int)strlen(info.tokenizers);
    }
    for (size_t i = 0; ok && quill_family(i, &info); i++)
        ok = buffer_add_format(&t, "%-*s  %-7s  %-*s  %s\n", name, info.name, forms[info.gguf + 2 * info.hf],
                               tokenizers, info.tokenizers, info.serves);
    return print_text(&t, ok, err);
}

static int print_sampling(quill_error *err) {
    struct buffer t = {0};
    bool ok = add_wrapped(&t, "A token is drawn from the logits of the model after these steps, each on what the ones "
                          "before it left. A step whose option is off, as most are by default, does nothing.",
                          0, help_width()) &&
              add_meanings(&t, "\n\n", sampling_steps, 16) && buffer_add_string(&t, "\n") &&
              add_wrapped(&t, "--samplers gives other orders, by the names above from penalties to temperature; what "
              "is "
                          "not named there is not applied. --temp 0 takes the largest logit after the penalties. "
                          "Under a "
                          "constraint, the token is drawn from what the steps leave of those that may come; where that "
                          "is nothing, the steps run again on these alone.",
                          0, help_width()) &&
              buffer_add_string(&t, "\n");
    return print_text(&t, ok, err);
}

int cmd_help(struct options *o, quill_error *err) {
    if (o->operands.n > 1) return (int)fail(err, QUILL_E_USAGE, "help: expected one VERB, found %zu", o->operands.n);
    if (o->operands.n == 0) return print_help(verbs, true, err);
    const char *name = o->operands.items[0];
    const struct verb *verb = verb_find(name);
    if (verb && verb->run) return print_help(verb, true, err);
    if (strcmp(name, "families") == 0) return print_families(err);
    if (strcmp(name, "sampling") == 0) return print_sampling(err);
    const char *near = verb ? NULL : verb_nearest(name);
    return (int)fail(err, QUILL_E_USAGE, "help: '%s' is no verb%s%s%s%s", QUOTED(str_of(name)),
                     verb ? " of this version" : "", near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
}
