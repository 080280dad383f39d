// SPDX-License-Identifier: MIT
// quill models: the models that other programs have downloaded, a line for each.
#include <inttypes.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/model_source.h"
#include "quill/stores.h"

struct listing {
    struct output out;
    struct buffer line;
    bool json;
};

static json_t *model_object(const quill_stored_model *m) {
    json_t *object = json_object();
    bool ok = json_put(object, "name", json_c_string(m->name)) &&
              json_put(object, "family", json_c_string(m->family)) &&
              json_put(object, "type", json_c_string(m->type)) &&
              json_put(object, "bytes", json_integer((json_int_t)m->bytes)) &&
              json_put(object, "path", json_c_string(m->path)) && json_put(object, "ok", json_boolean(!m->why_not)) &&
              json_put(object, "why_not", json_c_string(m->why_not));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

// A field of a line; "-" stands for what is not known.
static bool add_field(struct buffer *t, const char *text, char end) {
    if (!text) text = "-";
    return show_visible(t, text, strlen(text), VISIBLE_PIECE) && buffer_add_byte(t, end);
}

static quill_status show(void *user, const quill_stored_model *m, quill_error *err) {
    struct listing *l = user;
    if (l->json) return json_write_line(&l->out, model_object(m), err);
    l->line.n = 0;
    const bool ok = add_field(&l->line, m->name, '\t') && add_field(&l->line, m->family, '\t') &&
                    add_field(&l->line, m->type, '\t') && buffer_add_format(&l->line, "%" PRIu64 "\t", m->bytes) &&
                    add_field(&l->line, m->path, '\t') && add_field(&l->line, m->why_not ? m->why_not : "ok", '\n');
    return ok ? output_write(&l->out, l->line.p, l->line.n, err) : fail_memory(err);
}

int cmd_models(struct options *o, quill_error *err) {
    if (o->operands.n) return (int)fail(err, QUILL_E_USAGE, "models: expected no operand, found %zu", o->operands.n);
    struct listing l = {.out = {.fd = -1}, .json = o->output.json};
    quill_status s = environment_apply(o, err);
    if (!s) s = output_open(&l.out, o->output.path, o->output.raw, err);
    if (!s) s = quill_models_list(getenv, show, &l, err);
    if (!s) s = output_close(&l.out, err);
    output_abort(&l.out);
    buffer_free(&l.line);
    return (int)s;
}
