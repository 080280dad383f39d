// SPDX-License-Identifier: MIT
// The command line. Everything about an option is in its row of the option table (table.c): the parser, the help and
// the suggestions read the rows, and a new option is a row and a field.
#ifndef QUILL_CLI_OPTIONS_OPTIONS_H
#define QUILL_CLI_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/io/term.h"
#include "quill/session.h"

struct list {
    const char **items; // [n]
    size_t n;
};

struct bias_list {
    quill_logit_bias *items; // [n]
    size_t n;
};

enum normalize { NORMALIZE_NONE, NORMALIZE_TOKENS, NORMALIZE_PRIOR, NORMALIZE_BYTES };
enum score_unit { PER_LINE, PER_TOKEN };
enum budget { BUDGET_SOFT, BUDGET_HARD };
enum reasoning { REASONING_SHOW, REASONING_HIDE };
enum embed_pooling { EMBED_AS_SAID, EMBED_MEAN, EMBED_CLS, EMBED_LAST };

// A number that was not given and has no default is -1, a string NULL. Strings are borrowed from argv.
struct options {
    struct {
        const char *text, *suffix;
        struct list files;
        int64_t max_bytes;
        bool escape, keep_newline, special, heal;
        const char *stdin_use; // what stdin is read for instead of the prompt; NULL: nothing (read.h: stdin_claim)
    } prompt;
    struct list operands;
    struct { // the prompt file
        const char *path;
        struct list defines; // NAME=VALUE
        int64_t shots, shuffle;
        bool show_prompt;
    } file;
    struct { // its examples tried on each other
        bool loo;
        int64_t orders;
    } trial;
    struct {
        const char *path;
        int64_t n_ctx;
        const char *kv_type;
        struct list lora; // FILE[:SCALE]
        bool no_mmap, allow_swap;
    } model;
    struct {
        int64_t predict, min_tokens, keep;
        struct list stops;
        const char *stop_regex;
        double timeout; // seconds; 0: none
        bool line, ignore_eos, truncate_ok, context_shift;
    } length;
    struct {
        const char *regex, *grammar, *json_schema;
        // The texts of these files, if a prompt file has set them; text NULL: not read yet.
        quill_text grammar_text, schema;
        bool json_object;
        int budget; // enum budget
    } constraint;
    struct {
        const char *negative, *negative_file;
        double cfg_scale, length_penalty, penalty_alpha;
        int64_t beams;
        int early_stopping; // quill_early_stopping
        double temp, top_p, min_p, typical_p, repeat_penalty, presence_penalty, frequency_penalty;
        int64_t top_k, repeat_last_n, seed, samples;
        struct bias_list logit_bias;
        double top_n_sigma, epsilon_cutoff, eta_cutoff, xtc_probability, xtc_threshold, dynatemp_range, dynatemp_exp;
        double dry_multiplier, dry_base, mirostat_ent, mirostat_lr;
        int64_t dry_allowed_length, dry_penalty_last_n, no_repeat_ngram, mirostat;
        struct list dry_breakers;
        const char *samplers;
    } sampling;
    struct {
        const char *path;
        int color; // enum color_when
        int64_t logprobs;
        bool json, prompt_logprobs, no_timing, stats, echo, no_echo, no_wrap, bytes, raw, null;
    } output;
    struct {
        bool lines, count, pieces, decode, bos;
    } tokenize;
    struct {
        const char *system, *messages, *transcript, *template, *variables, *tools, *date;
        int reasoning; // enum reasoning
        bool no_history;
    } chat;
    struct {
        bool tensors;
    } inspect;
    struct {
        struct list choices;
        const char *file;
        bool no_space, probs, calibrate;
        int normalize; // enum normalize
    } choose;
    struct {
        const char *question;
        struct list yes, no;
        double min_prob;
        bool print;
    } ask;
    struct {
        const char *path, *out, *shard;
        bool tsv, csv, jsonl, no_header, keep_blanks, fail_fast;
    } rows;
    struct {
        int per; // enum score_unit
        const char *given, *html;
        int64_t stride;
        bool header, no_bos, whole, space;
    } score;
    struct {
        int pooling; // enum embed_pooling
        const char *prompt, *prompt_name;
        bool normalize, no_normalize, matrix;
    } embed;
    struct {
        int64_t prompt, predict, depth, runs;
        const char *batch;
    } bench;
    struct {
        bool on, off, list, clear, path;
    } cache;
    struct {
        int64_t threads, chunk, n_seq, draft;
        const char *cpu;
    } machine;
    struct {
        bool quiet, verbose, help, short_help, version;
    } talk;
    uint64_t given[3]; // bit i: row i of the table was on the command line
};

enum verb_bit {
    GENERATE = 1 << 0,
    TOKENIZE = 1 << 1,
    INSPECT = 1 << 2,
    QUANTIZE = 1 << 3,
    HELP = 1 << 4,
    MAP = 1 << 5,
    CHOOSE = 1 << 6,
    ASK = 1 << 7,
    SCORE = 1 << 8,
    RANK = 1 << 9,
    SHOTS = 1 << 10,
    LINT = 1 << 11,
    BENCH = 1 << 12,
    MODELS = 1 << 13,
    CACHE = 1 << 14,
    CHAT = 1 << 15,
    EMBED = 1 << 16,
    SIMILAR = 1 << 17, // the last one
    EVERY_VERB = 2 * SIMILAR - 1,
    PROMPT_VERBS = GENERATE | MAP | CHOOSE | ASK | SHOTS | LINT, // verbs that take prompt files
};

struct verb {
    const char *name;     // "": generation
    unsigned bit;
    const char *operands; // for the synopsis
    const char *words;    // values of the last operand, separated by spaces; NULL: anything
    const char *summary;  // one line
    const char *detail;   // the rest of its help; NULL: none
    // Returns the exit status; *err holds the line to report, if any.
    int (*run)(struct options *o, quill_error *err); // NULL: the verb belongs to a later version
    bool reserved;
};
extern const struct verb verbs[];
extern const size_t n_verbs;
const struct verb *verb_find(const char *name); // NULL: no such verb

struct meaning {
    const char *name, *text;
};
extern const struct meaning exit_statuses[], variables[], sampling_steps[]; // each ends with a row without a name

enum option_kind {
    OPTION_FLAG,    // bool; no value
    OPTION_STRING,  // const char *
    OPTION_LIST,    // struct list; each use adds one
    OPTION_INT,     // int64_t
    OPTION_REAL,    // double
    OPTION_SECONDS, // double; may end in s, m or h
    OPTION_WORD,    // int: which of `words`, from 0
    OPTION_NAME,    // const char *: one of `words`
    OPTION_BIAS,    // struct bias_list; each use adds one
};

enum option_group {
    GROUP_PROMPT,
    GROUP_MODEL,
    GROUP_LENGTH,
    GROUP_CONSTRAINT,
    GROUP_SAMPLING,
    GROUP_OUTPUT,
    GROUP_MACHINE,
    GROUP_OTHER,
    GROUP_COUNT,
};

// The type of the member of a quill_request to which a plain value is also copied.
enum option_target { TARGET_NONE, TARGET_FLOAT, TARGET_INT, TARGET_INT64, TARGET_BOOL, TARGET_STRING };

struct option_row {
    const char *name;    // without dashes; NULL: only a letter
    const char *aliases; // other names, each ended by a NUL (the last by two); NULL: none
    const char *letters; // the first is shown; NULL: none
    enum option_kind kind;
    size_t field;        // offset in struct options
    const char *value;   // what help calls the value
    double min, max;     // of numbers
    bool above_min;      // min itself is too small
    const char *words;   // of OPTION_WORD and OPTION_NAME, separated by spaces
    const char *names;   // of OPTION_INT: words that stand for numbers, "auto=-1 off=0"; NULL: none
    const char *initial; // the default, as it would be typed; NULL: unset
    unsigned verbs;      // bits of the verbs that take it
    enum option_group group;
    const char *bare;    // the value without "=VALUE"; NULL: a value must follow
    bool common;         // also in the short help
    bool settable;       // a prompt file may set it
    bool is_path;        // a file name: a prompt file may name only files below its own folder
    size_t target;       // offset in quill_request
    enum option_target target_kind;
    const char *library; // its name in the library's messages; NULL: `name`
    const char *help;
};
extern const struct option_row option_table[];
extern const size_t n_option_rows;
extern const char *const option_group_titles[GROUP_COUNT];

// Walks the names of a row: the one after `name`; the first for NULL. Returns NULL after the last.
const char *option_next_name(const struct option_row *row, const char *name);

// Fills *o from the defaults and argv[1..n); argv[0] is the program or the verb. Underscores in option names count as
// dashes. Errors: QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status options_parse(struct options *o, const struct verb *verb, char **argv, int n,
                                            quill_error *err);
void options_free(struct options *o);

// The row with this name or alias that one of these verbs takes, underscores being dashes; NULL: none.
const struct option_row *option_find(const char *name, size_t n, unsigned of_verbs);
// The row of a field: OPTION_OF(length.stops).
const struct option_row *option_of(size_t field);
#define OPTION_OF(name) option_of(offsetof(struct options, name))

// Sets the field of a row by its text, as if it had been given; `source` is the name used in messages ("QUILL_X").
QUILL_MUST_CHECK quill_status options_set(struct options *o, const struct option_row *row, const char *source,
                                          const char *value, quill_error *err);
// The same, unless the command line gave a value; for a prompt file.
QUILL_MUST_CHECK quill_status options_set_default(struct options *o, const struct option_row *row, const char *source,
                                                  const char *value, quill_error *err);
void options_mark(struct options *o, const struct option_row *row); // as one that was on the command line
bool options_given(const struct options *o, const struct option_row *row); // on the command line
// Turns a library message about a field ("n_ctx: ...") into one about the option ("-c, --ctx-size: ...").
void options_name_error(quill_error *err);
// Copies the plain values that have a target.
void options_transfer(quill_request *request, const struct options *o);

const char *verb_nearest(const char *text); // the verb that a mistyped `text` may mean; NULL: none is near

#endif
