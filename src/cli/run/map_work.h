// SPDX-License-Identifier: MIT
// The rows of map: read, turned into prompts, generated several at a time, and written in the order of the input.
#ifndef QUILL_CLI_RUN_MAP_WORK_H
#define QUILL_CLI_RUN_MAP_WORK_H

#include "suffix.h"
#include "weighing.h"
#include "cli/io/term.h"
#include "cli/prompt/prompt_use.h"
#include "cli/table/record.h"
#include "cli/table/row_failures.h"
#include "quill/batch.h"

enum job_state { JOB_READ, JOB_RUNS, JOB_DONE };

struct job {
    uint64_t number; // of the row
    uint64_t end;    // byte offset of its end in the input
    enum job_state state;
    struct prompt_ids ids;
    struct weighed_prompt choice; // with choices, instead of ids
    struct record record;
    quill_error error; // its status QUILL_OK: none
};

struct map_work {
    // set by the caller, and borrowed
    const struct options *o;
    const struct prompt_use *use;
    const struct suffix *suffix;
    const char *rows_name; // for messages
    struct rows *rows;
    struct record_form form;
    uint64_t shard, n_shards; // rows shard, shard + n_shards, ...
    quill_model *model;
    quill_session *session;
    quill_request request;    // complete except for the prompt
    struct weighing *weighing; // NULL: rows are generated
    bool is_chat;             // texts are answers of a chat, of which only the content is printed
    size_t n_batch;
    struct prompt_ids beginning; // what all prompts begin with, for the prompt cache; n 0: nothing that it keeps
    double load_ms;
    struct output *out;

    // set by map_work_run
    struct job *jobs;           // [n_jobs] job number i is in place i % n_jobs
    struct weighed_prompt **weighed; // [n_jobs] with choices: those weighed together
    size_t n_jobs;
    uint64_t first, next, last; // jobs first..last are not written, next..last not given to the session
    size_t *fields;             // [n_open] which field of a row fills each open slot
    quill_text *values;         // [n_open]
    struct rendered prompt;
    bool stored;                // the beginning went into the cache, if that pays
    bool ended, complete;       // ended: no more rows; complete: all of them are written
    quill_error read_error;     // or reading failed
    struct row_failures failures;
    struct progress bar;
    bool said_return;           // the note about a carriage return was printed
    uint64_t written; // bytes of the input whose rows are written
};

// Renders the prompt of a row to w->prompt. Errors: QUILL_E_USAGE (a missing field), QUILL_E_CONTEXT, QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status map_work_render(struct map_work *w, const struct row *row, quill_error *err);
// Finds what all prompts begin with, and gives the session the prompt cache if that is long enough for it.
QUILL_MUST_CHECK quill_status map_work_use_cache(struct map_work *w, quill_error *err);
// Reads until the end of the input or a signal; always writes finished rows. Errors: those of the system; that of the
// first failed row. Call map_work_free even after a failure.
QUILL_MUST_CHECK quill_status map_work_run(struct map_work *w, quill_error *err);
void map_work_free(struct map_work *w);

#endif
