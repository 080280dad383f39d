// SPDX-License-Identifier: MIT
#include "model_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/team.h"
#include "cli/io/inputs.h"
#include "cli/io/memory_check.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "lora.h"
#include "quill/stores.h"

// The file linked into the program (builtin.S); both at one address if there is none (builtin_none.c).
extern const unsigned char quill_builtin_start[], quill_builtin_end[];

static const char builtin_name[] = "the built-in model";

const char *environment_variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static quill_status set_threads(struct options *o, quill_error *err) {
    const char *name = "QUILL_THREADS", *value = environment_variable(name);
    if (value) return options_set(o, OPTION_OF(machine.threads), name, value, err);
    name = "OMP_NUM_THREADS";
    value = environment_variable(name);
    if (!value) return QUILL_OK;
    char first[32]; // OpenMP allows a list, one number per level of nesting
    snprintf(first, sizeof first, "%.*s", (int)strcspn(value, ","), value);
    return options_set(o, OPTION_OF(machine.threads), name, first, err);
}

quill_status environment_apply(struct options *o, quill_error *err) {
    if (!o->model.path) o->model.path = environment_variable("QUILL_MODEL");
    if (o->machine.threads < 0) {
        quill_status s = set_threads(o, err);
        if (s) return s;
    }
    const char *source = o->machine.cpu ? "--cpu" : "QUILL_CPU", *kernels;
    if (!o->machine.cpu) o->machine.cpu = environment_variable("QUILL_CPU");
    quill_error reason;
    if (o->machine.cpu && quill_kernels_name(&kernels, o->machine.cpu, &reason))
        return fail(err, QUILL_E_USAGE, "%s: %s", source, reason.text);
    return QUILL_OK;
}

static bool use_builtin(const struct options *o, size_t *size, quill_error *err) {
    *size = (size_t)((uintptr_t)quill_builtin_end - (uintptr_t)quill_builtin_start);
    if (!o->model.path && *size == 0)
        fail(err, QUILL_E_MODEL, "there is no built-in model; use -m FILE or QUILL_MODEL");
    return !o->model.path;
}

quill_status name_families(quill_status s, quill_error *err) {
    if (s != QUILL_E_MODEL || !strstr(err->text, ": expected a model family ")) return s;
    const quill_error reason = *err;
    const bool asks = reason.text[strlen(reason.text) - 1] == '?'; // did you mean another?
    return fail(err, s, "%s%s 'quill help families' lists them", reason.text, asks ? "" : ";");
}

quill_status locate_model(const char **path, const char *name, bool tokenizer_only, quill_error *err) {
    static char *found; // until the next one, or the end
    char *next;
    quill_status s = quill_model_find(&next, name, getenv, tokenizer_only, err);
    if (s) return s;
    free(found);
    *path = found = next;
    inputs_set_model(found);
    return QUILL_OK;
}

// With -v: prints what was assumed or ignored.
static void note_tokenizer(const struct options *o, const quill_tokenizer *tokenizer) {
    quill_tokenizer_info info;
    if (!o->talk.verbose || o->talk.quiet) return;
    quill_tokenizer_describe(tokenizer, &info);
    if (info.pre_missing) report("the model names no pre-tokenizer; gpt-2 is assumed");
    if (info.nfc_left_out) report("the model asks for texts in Unicode's form C; they are taken as they are");
    if (info.ignored) report("the model has no such token, so this counts as absent: %s", info.ignored);
}

static void note_model(const struct options *o, const quill_model *model) {
    quill_model_info info;
    quill_model_describe(model, &info);
    if (info.head_differs && o->talk.verbose && !o->talk.quiet)
        report("the model calls its output matrix the embedding, but holds another; it is used");
    note_tokenizer(o, quill_model_tokenizer(model));
}

static quill_status open_with(quill_model **out, const struct options *o, int n_threads, quill_error *err) {
    const quill_model_options options = {o->machine.cpu, o->model.no_mmap, n_threads};
    size_t size;
    quill_status s = QUILL_E_MODEL;
    const char *path;
    if (!use_builtin(o, &size, err)) {
        s = locate_model(&path, o->model.path, false, err);
        if (!s) s = name_families(quill_model_open(out, path, &options, err), err);
    } else if (size) {
        s = quill_model_open_memory(out, quill_builtin_start, size, builtin_name, &options, err);
    }
    if (s) return s;
    note_model(o, *out);
    s = lora_load(*out, o, err);
    if (!s) return QUILL_OK;
    quill_model_free(*out);
    *out = NULL;
    return s;
}

quill_status open_model(quill_model **out, const struct options *o, quill_error *err) {
    return open_with(out, o, o->machine.threads > 0 ? (int)o->machine.threads : team_default_size(), err);
}

quill_status look_at_model(quill_model **out, const struct options *o, quill_error *err) {
    return open_with(out, o, 1, err);
}

quill_status open_tokenizer(quill_tokenizer **out, const struct options *o, quill_error *err) {
    size_t size;
    quill_status s = QUILL_E_MODEL;
    const char *path;
    if (!use_builtin(o, &size, err)) {
        s = locate_model(&path, o->model.path, true, err);
        if (!s) s = quill_tokenizer_open(out, path, err);
    } else if (size) {
        s = quill_tokenizer_open_memory(out, quill_builtin_start, size, builtin_name, err);
    }
    if (!s) note_tokenizer(o, *out);
    return s;
}

static struct progress reading; // of the model, by the session that was opened last

static bool go_on(void *user, uint64_t done, uint64_t all) {
    (void)user;
    progress_update(&reading, "reading the model", done, all);
    if (done == all) progress_clear(&reading);
    return !signals_pending();
}

quill_session_options session_options(const struct options *o) {
    quill_session_options options = {
        .n_ctx = (int32_t)o->model.n_ctx,
        .kv_type = o->model.kv_type,
        .n_threads = o->machine.threads > 0 ? (int)o->machine.threads : 0,
        .n_chunk = (int32_t)o->machine.chunk,
        .n_seq = o->machine.n_seq > 0 ? (int32_t)o->machine.n_seq : 0,
        .on_weights = go_on,
    };
    options.adapters = lora_loaded(&options.n_adapters);
    return options;
}

// Adds to the message of a session that could not be created which options it depends on.
static quill_status name_options(quill_status s, quill_error *err) {
    const quill_error reason = *err;
    if (s != QUILL_E_SYSTEM || !strstr(reason.text, "memory")) return s;
    return fail(err, s, "%s; smaller -c or --kv-type need less", reason.text);
}

quill_status open_session(quill_session **out, quill_memory *memory, const quill_model *model, const struct options *o,
                          const quill_session_options *wanted, quill_error *err) {
    quill_session_options options = *wanted;
    options.adapters = lora_loaded(&options.n_adapters); // `wanted` may be older than they are
    progress_start(&reading, o->talk.quiet);
    bool weights_are_here = o->model.no_mmap && o->model.path;
    for (;; options.n_seq /= 2) {
        bool planned = false;
        quill_status s = quill_session_plan(model, &options, memory, err);
        if (!s && !o->model.allow_swap) s = memory_check(memory, weights_are_here, err);
        if (!s) planned = true, s = quill_session_create(out, model, &options, err);
        if (!s) return QUILL_OK;
        if (s == QUILL_E_SYSTEM && options.n_seq > 1) continue; // a limit of the process shows when it is created
        return planned ? name_options(s, err) : s;
    }
}

struct held_work {
    quill_status (*work)(void *arg, quill_error *err);
    void *arg;
    quill_status status;
    quill_error *err;
};

static void do_work(void *user) {
    struct held_work *w = user;
    progress_clear(&reading); // the last piece was not necessarily told
    w->status = w->work(w->arg, w->err);
}

quill_status hold_session(quill_session *session, quill_status (*work)(void *arg, quill_error *err), void *arg,
                          quill_error *err) {
    struct held_work w = {work, arg, QUILL_OK, err};
    quill_session_hold(session, do_work, &w);
    return w.status;
}
