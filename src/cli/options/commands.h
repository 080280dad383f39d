// SPDX-License-Identifier: MIT
// One function per verb (verbs/*.c). Each returns the exit status and fills *err if there is a line to report.
#ifndef QUILL_CLI_OPTIONS_COMMANDS_H
#define QUILL_CLI_OPTIONS_COMMANDS_H

#include "options.h"

int cmd_generate(struct options *o, quill_error *err);
int cmd_chat(struct options *o, quill_error *err);
int cmd_map(struct options *o, quill_error *err);
int cmd_tokenize(struct options *o, quill_error *err);
int cmd_bench(struct options *o, quill_error *err);
int cmd_inspect(struct options *o, quill_error *err);
int cmd_quantize(struct options *o, quill_error *err);
int cmd_ask(struct options *o, quill_error *err);
int cmd_choose(struct options *o, quill_error *err);
int cmd_score(struct options *o, quill_error *err);
int cmd_embed(struct options *o, quill_error *err);
int cmd_similar(struct options *o, quill_error *err);
int cmd_rank(struct options *o, quill_error *err);
int cmd_shots(struct options *o, quill_error *err);
int cmd_lint(struct options *o, quill_error *err);
int cmd_models(struct options *o, quill_error *err);
int cmd_cache(struct options *o, quill_error *err);
int cmd_help(struct options *o, quill_error *err);

// Prints -h, --help and --version, for any verb.
int print_help(const struct verb *verb, bool full, quill_error *err);
int print_version(struct options *o, quill_error *err);

#endif
