// SPDX-License-Identifier: MIT
// make-docs man TEMPLATE | bash | zsh | fish: the manual page and the completions, from the tables of verbs and
// options.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options/options.h"


// ---- mdoc(7) ----

// Does a sentence that begins with this word begin with a capital? Not with a name.
static bool is_plain_word(const char *word, size_t n) {
    static const char *const names[] = {"stdout", "stdin", "stderr", "quill"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && memcmp(word, names[i], n) == 0) return false;
    size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyz'");
    return letters >= n || (letters == n - 1 && strchr(",;", word[n - 1]));
}

static void print_word(const char *word, size_t n, bool capital) {
    for (size_t i = 0; i < n; i++)
        if (word[i] == '\\') fputs("\\e", stdout);
        else if (word[i] == '-') fputs("\\-", stdout);
        else putchar(capital && i == 0 && word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
}

// Sentences; `begins` false: the first goes on with one that was begun before. Each begins a line, with a capital, and
// ends with a full stop. Lines have less than 80 bytes; what roff would obey is made plain.
static void print_text(const char *text, bool begins) {
    size_t column = 0;
    char last = '.';
    while (*(text += strspn(text, " \n"))) {
        size_t n = strcspn(text, " \n");
        if (column && column + n > 70) putchar('\n'), column = 0;
        if (column) putchar(' ');
        if (!column && strchr(".'", *text)) fputs("\\&", stdout);
        print_word(text, n, begins && is_plain_word(text, n));
        last = text[n - 1];
        begins = strchr(".!?", last) && n > 1 && !(n == 3 && memcmp(text, "...", n) == 0);
        column = begins ? 79 : column + n + 1;
        text += n;
    }
    puts(strchr(".!?", last) ? "" : ".");
}

static void print_sentences(const char *text) { print_text(text, true); }

static void man_option(const struct option_row *row) {
    printf(".It");
    for (const char *c = row->letters ? row->letters : ""; *c; c++)
        printf(" Fl %c%s", *c, c[1] || row->name ? " ," : "");
    if (row->name) printf(" Fl \\-%s", row->name);
    if (row->value) printf(row->bare ? " Ns Op = Ns Ar %s" : " Ar %s", row->value);
    putchar('\n');
    print_sentences(row->help);
    char more[200];
    if (row->words) snprintf(more, sizeof more, "one of: %s.", row->words), print_sentences(more);
    if (row->initial) snprintf(more, sizeof more, "the default is %s.", row->initial), print_sentences(more);
    if (!row->aliases) return;
    size_t n = (size_t)snprintf(more, sizeof more, "other names:");
    for (const char *name = row->name; (name = option_next_name(row, name));)
        n += (size_t)snprintf(more + n, sizeof more - n, " --%s", name);
    snprintf(more + n, sizeof more - n, ".");
    print_sentences(more);
}

// The first verb that takes the option explains it.
static const struct verb *explainer(const struct option_row *row) {
    const struct verb *v = verbs;
    while (!v->run || !(v->bit & row->verbs)) v++;
    return v;
}

// What is explained elsewhere, in one line.
static void man_taken_too(const struct verb *verb, bool behind_list) {
    bool any = false;
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (row->verbs == EVERY_VERB || !(row->verbs & verb->bit) || explainer(row) == verb) continue;
        printf("%s", any ? " ,\n" : behind_list ? ".Pp\nAlso:\n" : "As above:\n");
        printf(row->name ? ".Fl \\-%s" : ".Fl %s", row->name ? row->name : row->letters);
        any = true;
    }
    if (any) puts(" .");
}

static void man_options_of(const struct verb *verb) {
    bool any = false;
    for (int group = 0; group < GROUP_COUNT; group++)
        for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
            if ((int)row->group != group || row->verbs == EVERY_VERB) continue;
            if (!(row->verbs & verb->bit) || explainer(row) != verb) continue;
            if (!any) puts(".Bl -tag -width Ds");
            any = true;
            man_option(row);
        }
    if (any) puts(".El");
    man_taken_too(verb, any);
}

static bool has_options(const struct verb *verb) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        if (row->verbs != EVERY_VERB && row->verbs & verb->bit) return true;
    return false;
}

static void man_options(void) {
    puts(".Ss Options of every verb\n.Bl -tag -width Ds");
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        if (row->verbs == EVERY_VERB) man_option(row);
    puts(".El");
    for (const struct verb *v = verbs; v < verbs + n_verbs; v++) {
        if (!v->run || !has_options(v)) continue;
        printf(v->name[0] ? ".Ss Options of %s\n" : ".Ss Options of generation\n", v->name);
        man_options_of(v);
    }
}

static void man_synopsis(void) {
    for (const struct verb *v = verbs; v < verbs + n_verbs; v++) {
        if (!v->run) continue;
        puts(".Nm");
        if (v->name[0]) printf(".Cm %s\n", v->name);
        puts(".Op Ar options");
        if (v->operands && *v->operands) printf(".Ar %s\n", v->operands);
    }
}

static void man_generation(void) { print_sentences(verbs[0].detail); }

static void man_verbs(void) {
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs; v++) {
        if (!v->run) continue;
        printf(".It Cm %s", v->name);
        if (v->operands && *v->operands) printf(" Ar %s", v->operands);
        putchar('\n');
        print_sentences(v->summary);
        if (v->detail) puts(".Pp"), print_sentences(v->detail);
    }
}

static void man_meanings(const struct meaning *m, const char *macro) {
    for (; m->name; m++) {
        printf(".It%s %s\n", macro, m->name);
        print_sentences(m->text);
    }
}

static void man_variables(void) { man_meanings(variables, " Ev"); }
static void man_statuses(void) { man_meanings(exit_statuses, ""); }

static void man_settable(void) {
    char names[400] = "";
    size_t n = 0;
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        if (row->settable)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", row->name);
    if (n >= sizeof names) abort();
    print_text(names, false);
}

// The lines of the template; one that is @NAME@ stands for what the tables say.
static int man(const char *path) {
    static const struct {
        const char *name;
        void (*print)(void);
    } parts[] = {{"@SYNOPSIS@\n", man_synopsis}, {"@GENERATION@\n", man_generation}, {"@VERBS@\n", man_verbs},
                 {"@OPTIONS@\n", man_options},   {"@SETTABLE@\n", man_settable},     {"@VARIABLES@\n", man_variables},
                 {"@STATUSES@\n", man_statuses}};
    enum { N_PARTS = sizeof parts / sizeof *parts };
    char line[400];
    FILE *f = fopen(path, "r");
    if (!f) return perror(path), 5;
    puts(".\\\" Made by scripts/make-docs.c");
    while (fgets(line, sizeof line, f)) {
        size_t i = 0;
        while (i < N_PARTS && strcmp(line, parts[i].name) != 0) i++;
        if (i < N_PARTS) parts[i].print();
        else fputs(line, stdout);
    }
    fclose(f);
    return 0;
}

// ---- shells ----

// The names of verbs, each behind a space: those that take an option, or (`taken` false) do not; generation has none.
static void print_verbs(unsigned bits, bool taken) {
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs; v++)
        if (v->run && ((v->bit & bits) != 0) == taken) printf(" %s", v->name);
}

// What the last operand of a verb may be; of help also the verbs.
static void print_operands(const struct verb *v) {
    if (v->bit == HELP) print_verbs(EVERY_VERB, true);
    if (v->words) printf(" %s", v->words);
}

// How many words come before the last operand, the verb not counted: "IN OUT TYPE" has 2.
static int operands_before(const struct verb *v) {
    int n = 0;
    for (const char *p = v->operands; *p; p++) n += *p == ' ';
    return n;
}

// The words that the value of an option may be, the names of its numbers too. NULL: it may be anything. Borrowed until
// the next call.
static const char *values_of(const struct option_row *row) {
    static char words[200];
    size_t n = 0;
    if (row->words) return row->words;
    if (!row->names) return NULL;
    for (const char *p = row->names; *p && n + 1 < sizeof words; p++) {
        if (*p == '=') p += strcspn(p, " ");
        if (!*p) break;
        words[n++] = *p;
    }
    words[n] = 0;
    return words;
}

static void bash(void) {
    puts("# bash completion for quill; made by scripts/make-docs.c\n_quill() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
         "    local words= values=\n"
         "    case $prev in");
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        if (values_of(row) && !row->bare)
            printf("    --%s) values='%s' ;;\n", row->name, values_of(row));
    puts("    esac\n    case $verb in");
    for (const struct verb *v = verbs + n_verbs; v-- > verbs;) {
        if (!v->run) continue;
        printf("    %s) words='", v->name[0] ? v->name : "*");
        for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
            if (row->name && row->verbs & v->bit) printf("--%s ", row->name);
        printf("'");
        if (v->words) {
            printf("\n        [ -n \"$values\" ] || [ \"$COMP_CWORD\" -le %d ] || values='", 1 + operands_before(v));
            print_operands(v);
            printf("'");
        }
        puts(" ;;");
    }
    printf("    esac\n    [ \"$COMP_CWORD\" -ne 1 ] || values='");
    print_verbs(EVERY_VERB, true);
    puts("'\n    case $cur in\n    -*) values=$words ;;\n    esac\n"
         "    [ -n \"$values\" ] || return\n    COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
         "    [ \"$COMP_CWORD\" -eq 1 ] || compopt +o default 2>/dev/null\n}\n"
         "complete -o default -F _quill quill");
}

// Help within single quotes; in zsh brackets and colons have a meaning too.
static void print_quoted(const char *text, const char *escaped) {
    for (; *text; text++)
        if (*text == '\'') fputs("'\\''", stdout);
        else printf(strchr(escaped, *text) ? "\\%c" : "%c", *text);
}

static void zsh(void) {
    puts("#compdef quill\n# made by scripts/make-docs.c\nlocal -a options operands\nlocal verb=${words[2]}\n"
         "operands=('*:file:_files')\ncase $verb in");
    for (const struct verb *v = verbs + n_verbs; v-- > verbs;) {
        if (!v->run) continue;
        printf("%s) options=(\n", v->name[0] ? v->name : "*");
        for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
            if (!row->name || !(row->verbs & v->bit)) continue;
            printf(row->bare ? "  '--%s=-[" : "  '--%s[", row->name);
            print_quoted(row->help, "[]:\\");
            fputs("]", stdout);
            if (values_of(row)) printf("%s:%s:(%s)", row->bare ? ":" : "", row->value, values_of(row));
            else if (row->value) printf(":%s:_files", row->value);
            puts("'");
        }
        printf(")");
        if (v->words) {
            printf("\noperands=('%d:%s:((", 2 + operands_before(v), v->name);
            print_operands(v);
            printf(" ))' '*:file:_files')");
        }
        puts(" ;;");
    }
    printf("esac\n_arguments $options '1: :((");
    print_verbs(EVERY_VERB, true);
    puts(" ))' $operands");
}

// Behind which verbs an option is offered: those that take it, and no verb where generation takes it.
static void fish_condition(const struct option_row *row) {
    if (row->verbs == EVERY_VERB) return;
    printf(row->verbs & GENERATE ? " -n 'not __fish_seen_subcommand_from" : " -n '__fish_seen_subcommand_from");
    print_verbs(row->verbs, !(row->verbs & GENERATE));
    printf("'");
}

static void fish(void) {
    puts("# fish completion for quill; made by scripts/make-docs.c");
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs; v++) {
        if (!v->run) continue;
        printf("complete -c quill -n __fish_use_subcommand -a %s -d '", v->name);
        print_quoted(v->summary, "\\");
        puts("'");
        if (!v->words) continue;
        printf("complete -c quill -f -n '__fish_seen_subcommand_from %s; and test (count (commandline -opc)) -gt %d'",
               v->name, 1 + operands_before(v));
        fputs(" -a '", stdout);
        print_operands(v);
        puts("'");
    }
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        printf("complete -c quill");
        fish_condition(row);
        if (row->letters) printf(" -s %c", row->letters[0]);
        if (row->name) printf(" -l %s", row->name);
        if (values_of(row) && !row->bare) printf(" -x -a '%s'", values_of(row));
        else if (row->value && !row->bare) printf(" -r");
        printf(" -d '");
        print_quoted(row->help, "\\");
        puts("'");
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    int status = argc == 3 && strcmp(argv[1], "man") == 0 ? man(argv[2]) : 2;
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[1], shells[i].name) == 0) shells[i].print(), status = 0;
    if (status == 2) fputs("usage: make-docs man TEMPLATE | bash | zsh | fish\n", stderr);
    return status ? status : fflush(stdout) || ferror(stdout) ? 5 : 0;
}
