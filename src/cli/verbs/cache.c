// SPDX-License-Identifier: MIT
// quill cache: lists and removes the entries of the prompt cache.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/cache_use.h"

struct listing {
    struct output out;
    struct buffer line;
    bool json;
};

struct moment {
    char text[32];
};
// ISO 8601
static const char *moment(struct moment *out, int64_t seconds) {
    const time_t when = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&when, &parts) || !strftime(out->text, sizeof out->text, "%Y-%m-%dT%H:%M:%SZ", &parts))
        out->text[0] = 0;
    return out->text;
}

static json_t *entry_object(const quill_cache_entry *e, const char *when) {
    json_t *object = json_object();
    bool ok = json_put(object, "file", json_c_string(e->file)) &&
              json_put(object, "model", e->model ? json_text(e->model, strlen(e->model)) : json_null()) &&
              json_put(object, "tokens", json_integer((json_int_t)e->tokens)) &&
              json_put(object, "bytes", json_integer((json_int_t)e->bytes)) &&
              json_put(object, "last_use", json_c_string(when));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static quill_status show(void *user, const quill_cache_entry *e, quill_error *err) {
    struct listing *l = user;
    const char *when = moment(&(struct moment){{0}}, e->last_use), *model = e->model ? e->model : "-";
    if (l->json) return json_write_line(&l->out, entry_object(e, when), err);
    l->line.n = 0;
    const bool ok = buffer_add_format(&l->line, "%s\t", e->file) &&
                    show_visible(&l->line, model, strlen(model), VISIBLE_PIECE) &&
                    buffer_add_format(&l->line, "\t%zu\t%" PRIu64 "\t%s\n", e->tokens, e->bytes, when);
    return ok ? output_write(&l->out, l->line.p, l->line.n, err) : fail_memory(err);
}

static quill_status show_path(struct listing *l, const char *folder, quill_error *err) {
    if (l->json) {
        json_t *object = json_object();
        if (json_put(object, "path", json_text(folder, strlen(folder)))) return json_write_line(&l->out, object, err);
        json_decref(object);
        return fail_memory(err);
    }
    const bool ok = buffer_add_format(&l->line, "%s\n", folder);
    return ok ? output_write(&l->out, l->line.p, l->line.n, err) : fail_memory(err);
}

// folder NULL: there is none, and so no entry.
static quill_status run(struct listing *l, const struct options *o, const char *folder, quill_error *err) {
    if (!folder && o->cache.path)
        return fail(err, QUILL_E_SYSTEM, "there is no folder for a cache: QUILL_CACHE_DIR and HOME are not set");
    quill_status s = output_open(&l->out, o->output.path, o->output.raw, err);
    if (!s && o->cache.path) s = show_path(l, folder, err);
    else if (!s && folder && o->cache.clear) s = quill_cache_clear(folder, show, l, err);
    else if (!s && folder) s = quill_cache_list(folder, show, l, err);
    return s ? s : output_close(&l->out, err);
}

int cmd_cache(struct options *o, quill_error *err) {
    if (o->operands.n) return (int)fail(err, QUILL_E_USAGE, "cache: expected no operand, found %zu", o->operands.n);
    if (o->cache.list + o->cache.clear + o->cache.path > 1)
        return (int)fail(err, QUILL_E_USAGE, "--list, --clear and --path exclude each other");
    struct listing l = {.out = {.fd = -1}, .json = o->output.json};
    char *folder = NULL;
    uint64_t limit;
    quill_status s = cache_find(&folder, &limit, err);
    if (!s) s = run(&l, o, folder, err);
    output_abort(&l.out);
    buffer_free(&l.line);
    free(folder);
    return (int)s;
}
