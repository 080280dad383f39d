// SPDX-License-Identifier: MIT
// make-docs man|bash|zsh|fish: the manual page and the completions, from the tables of verbs and options.
#include <stdio.h>
#include <string.h>

#include "cli/options/options.h"

static bool is_shown(const struct option_row *row) { return row->kind != OPTION_LATER; }

// The names of the verbs that run and take the option; generation has none.
static void print_verbs(unsigned bits) {
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i].run && verbs[i].bit & bits) printf(" %s", verbs[i].name[0] ? verbs[i].name : "_");
}

// ---- mdoc(7) ----

// Words, in lines of less than 80 bytes, with what roff would obey made plain.
static void print_words(const char *text) {
    size_t column = 0;
    while (*(text += strspn(text, " \n"))) {
        size_t n = strcspn(text, " \n");
        if (column && column + n > 70) putchar('\n'), column = 0;
        if (column) putchar(' ');
        if (!column && strchr(".'", *text)) fputs("\\&", stdout);
        for (size_t i = 0; i < n; i++)
            if (text[i] == '\\') fputs("\\e", stdout);
            else if (text[i] == '-') fputs("\\-", stdout);
            else putchar(text[i]);
        column = strchr(".!?", text[n - 1]) && n > 1 ? 79 : column + n + 1; // a sentence ends its line
        text += n;
    }
    if (column) putchar('\n');
}

static void man_option(const struct option_row *row) {
    printf(".It");
    for (const char *c = row->letters ? row->letters : ""; *c; c++)
        printf(" Fl %c%s", *c, c[1] || row->name ? " ," : "");
    if (row->name) printf(" Fl \\-%s", row->name);
    if (row->value) printf(" Ar %s", row->value);
    putchar('\n');
    print_words(row->help);
    char more[200] = "";
    if (row->words) snprintf(more, sizeof more, "One of %s.", row->words);
    print_words(more);
    if (row->initial) snprintf(more, sizeof more, "The default is %s.", row->initial), print_words(more);
    if (row->aliases) {
        size_t n = (size_t)snprintf(more, sizeof more, "Other names:");
        for (const char *name = row->name; (name = option_next_name(row, name));)
            n += (size_t)snprintf(more + n, sizeof more - n, " %s", name);
        snprintf(more + n, sizeof more - n, ".");
        print_words(more);
    }
    if (row->verbs & 1) return;
    printf("Verbs:");
    print_verbs(row->verbs);
    puts(".");
}

static void man_options(void) {
    puts(".Sh OPTIONS");
    for (int group = 0; group < GROUP_COUNT; group++) {
        printf(".Ss %s\n.Bl -tag -width Ds\n", option_group_titles[group]);
        for (size_t i = 0; i < n_option_rows; i++)
            if ((int)option_table[i].group == group && is_shown(&option_table[i])) man_option(&option_table[i]);
        puts(".El");
    }
}

static void man_statuses(void) {
    static const char *const statuses[][2] = {
        {"0", "done"}, {"1", "no (ask alone)"}, {"2", "wrong usage, or a mistake in a prompt file or row"},
        {"3", "undecided, or a limit was hit"}, {"4", "the prompt, or the text, does not fit the context"},
        {"5", "the system: files, memory, output"}, {"6", "the model: missing, damaged, unsupported"},
        {"124", "\\-\\-timeout"},
    };
    puts(".Sh EXIT STATUS\n.Bl -tag -width Ds");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        printf(".It %s\n%s\n", statuses[i][0], statuses[i][1]);
    puts(".El");
}

static void man(void) {
    puts(".\\\" Made by scripts/make-docs.c\n.Dd November 23, 2026\n.Dt QUILL 1\n.Os\n.Sh NAME\n.Nm quill\n"
         ".Nd generate text with GPT-style models\n.Sh SYNOPSIS\n.Nm\n.Op Ar options\n.Op Ar PROMPT\n.Nm\n"
         ".Ar verb\n.Op Ar options\n.Op Ar operands\n.Sh DESCRIPTION");
    print_words(verbs[0].detail);
    puts(".Pp\nThe verbs are the first argument:\n.Bl -tag -width Ds");
    for (size_t i = 1; i < n_verbs; i++) {
        if (!verbs[i].run) continue;
        printf(".It Cm %s", verbs[i].name);
        if (verbs[i].operands && *verbs[i].operands) printf(" Ar %s", verbs[i].operands);
        putchar('\n');
        print_words(verbs[i].summary);
        if (verbs[i].detail) puts(".Pp"), print_words(verbs[i].detail);
    }
    puts(".El");
    man_options();
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev QUILL_MODEL\nthe model, when there is no\n.Fl m\n"
         ".It Ev QUILL_THREADS\nthreads; else\n.Ev OMP_NUM_THREADS\n.It Ev QUILL_CPU\nas\n.Fl \\-cpu\n.El");
    man_statuses();
}

// ---- shells ----

static void bash(void) {
    puts("# bash completion for quill; made by scripts/make-docs.c\n_quill() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words=\n"
         "    case $prev in");
    for (size_t i = 0; i < n_option_rows; i++)
        if (option_table[i].words)
            printf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", option_table[i].name,
                   option_table[i].words);
    puts("    esac\n    case $verb in");
    for (size_t v = n_verbs; v-- > 0;) {
        if (!verbs[v].run) continue;
        printf("    %s) words='", verbs[v].name[0] ? verbs[v].name : "*");
        for (size_t i = 0; i < n_option_rows; i++)
            if (is_shown(&option_table[i]) && option_table[i].name && option_table[i].verbs & verbs[v].bit)
                printf("--%s ", option_table[i].name);
        puts("' ;;");
    }
    printf("    esac\n    case $cur in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
           "    *) [ \"$COMP_CWORD\" -ne 1 ] || COMPREPLY=($(compgen -W '");
    print_verbs(~1u);
    puts("' -- \"$cur\")) ;;\n    esac\n}\ncomplete -o default -F _quill quill");
}

// Help within single quotes; in zsh brackets and colons have a meaning too.
static void print_quoted(const char *text, const char *escaped) {
    for (; *text; text++)
        if (*text == '\'') fputs("'\\''", stdout);
        else printf(strchr(escaped, *text) ? "\\%c" : "%c", *text);
}

static void zsh(void) {
    puts("#compdef quill\n# made by scripts/make-docs.c\nlocal -a options\nlocal verb=${words[2]}\ncase $verb in");
    for (size_t v = n_verbs; v-- > 0;) {
        if (!verbs[v].run) continue;
        printf("%s) options=(\n", verbs[v].name[0] ? verbs[v].name : "*");
        for (size_t i = 0; i < n_option_rows; i++) {
            const struct option_row *row = &option_table[i];
            if (!is_shown(row) || !row->name || !(row->verbs & verbs[v].bit)) continue;
            printf("  '--%s[", row->name);
            print_quoted(row->help, "[]:\\");
            fputs("]", stdout);
            if (row->words) printf(":%s:(%s)", row->value, row->words);
            else if (row->value) printf(":%s:_files", row->value);
            puts("'");
        }
        puts(") ;;");
    }
    printf("esac\n_arguments $options '1: :((");
    for (size_t v = 1; v < n_verbs; v++)
        if (verbs[v].run) printf("%s ", verbs[v].name);
    puts("))' '*:file:_files'");
}

static void fish(void) {
    puts("# fish completion for quill; made by scripts/make-docs.c");
    for (size_t v = 1; v < n_verbs; v++) {
        if (!verbs[v].run) continue;
        printf("complete -c quill -n __fish_use_subcommand -a %s -d '", verbs[v].name);
        print_quoted(verbs[v].summary, "\\");
        puts("'");
    }
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_table[i];
        if (!is_shown(row)) continue;
        printf("complete -c quill");
        if (!(row->verbs & 1)) {
            printf(" -n '__fish_seen_subcommand_from");
            print_verbs(row->verbs);
            printf("'");
        }
        if (row->letters) printf(" -s %c", row->letters[0]);
        if (row->name) printf(" -l %s", row->name);
        if (row->words) printf(" -x -a '%s'", row->words);
        else if (row->value) printf(" -r");
        printf(" -d '");
        print_quoted(row->help, "\\");
        puts("'");
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*print)(void);
    } kinds[] = {{"man", man}, {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].print();
            return fflush(stdout) || ferror(stdout) ? 5 : 0;
        }
    fputs("usage: make-docs man|bash|zsh|fish\n", stderr);
    return 2;
}
