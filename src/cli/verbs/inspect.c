// SPDX-License-Identifier: MIT
// quill inspect: facts about a model, and what it takes to run it with the given options.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/lora.h"
#include "cli/run/model_source.h"

static json_t *size_value(uint64_t n) { return json_integer((json_int_t)n); }

static bool put_sizes(json_t *object, const quill_model_info *info) {
    return json_put(object, "n_vocab", json_integer(info->n_vocab)) &&
           json_put(object, "n_ctx", json_integer(info->n_ctx)) &&
           json_put(object, "n_embd", json_integer(info->n_embd)) &&
           json_put(object, "n_layer", json_integer(info->n_layer)) &&
           json_put(object, "n_head", json_integer(info->n_head)) &&
           json_put(object, "n_head_kv", json_integer(info->n_head_kv)) &&
           json_put(object, "head_dim", json_integer(info->head_dim)) &&
           json_put(object, "n_ff", json_integer(info->n_ff)) &&
           json_put(object, "tied_embeddings", json_boolean(info->tied_embeddings));
}

// How many tensors have each type, in the order in which the types first occur.
static json_t *weight_types(const quill_model *model) {
    json_t *object = json_object();
    bool ok = object != NULL;
    for (size_t i = 0; i < quill_model_n_tensors(model) && ok; i++) {
        quill_tensor_info tensor;
        quill_model_tensor(model, i, &tensor);
        json_int_t before = json_integer_value(json_object_get(object, tensor.type));
        ok = json_put(object, tensor.type, json_integer(before + 1));
    }
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static json_t *tokenizer_object(const quill_tokenizer *tokenizer) {
    quill_tokenizer_info info;
    quill_tokenizer_describe(tokenizer, &info);
    json_t *object = json_object(), *eos = json_array();
    int32_t bos = quill_token_bos(tokenizer);
    bool ok = true;
    for (size_t i = 0; i < info.n_eos && ok; i++) ok = json_array_append_new(eos, json_integer(info.eos[i])) == 0;
    ok = json_put(object, "model", json_c_string(info.model)) && json_put(object, "pre", json_c_string(info.pre)) &&
         json_put(object, "n_merges", size_value(info.n_merges)) &&
         json_put(object, "bos", bos >= 0 ? json_integer(bos) : json_null()) && ok;
    ok = json_put(object, "eos", eos) && json_put(object, "add_bos", json_boolean(quill_adds_bos(tokenizer))) &&
         json_put(object, "lossless", json_boolean(info.lossless)) && ok;
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static json_t *whole_or_null(int32_t n) { return n ? json_integer(n) : json_null(); }

static json_t *decimal_or_null(double value) { return value > 0 ? json_decimal(value, 6) : json_null(); }

static json_t *rope_object(const quill_rope_info *rope) {
    if (!rope->kind) return json_null();
    json_t *object = json_object();
    bool ok = json_put(object, "kind", json_c_string(rope->kind)) &&
              json_put(object, "dims", json_integer(rope->dims)) &&
              json_put(object, "base", json_decimal(rope->base, 6)) &&
              json_put(object, "scaling", json_c_string(rope->scaling)) &&
              json_put(object, "factor", decimal_or_null(rope->factor)) &&
              json_put(object, "n_ctx_original", whole_or_null(rope->n_ctx_original)) &&
              json_put(object, "base_window", decimal_or_null(rope->base_window)) &&
              json_put(object, "layers", json_integer(rope->layers));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static json_t *memory_object(const quill_memory *memory) {
    json_t *object = json_object();
    bool ok = json_put(object, "n_ctx", json_integer(memory->n_ctx)) &&
              json_put(object, "kv_type", json_c_string(memory->kv_type)) &&
              json_put(object, "weights", size_value(memory->weights)) &&
              json_put(object, "kv_cache", size_value(memory->kv_cache)) &&
              json_put(object, "activations", size_value(memory->activations)) &&
              json_put(object, "tokenizer", size_value(memory->tokenizer)) &&
              json_put(object, "total", size_value(memory->total));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static bool add_adapter(json_t *array, const quill_adapter_use *use) {
    quill_adapter_info info;
    quill_adapter_describe(use->adapter, &info);
    json_t *object = json_object();
    bool ok = json_put(object, "file", json_c_string(info.file)) &&
              json_put(object, "format", json_c_string(info.format)) &&
              json_put(object, "scale", json_decimal((double)use->scale, 6)) &&
              json_put(object, "rank", json_integer(info.rank)) &&
              json_put(object, "matrices", size_value(info.matrices)) &&
              json_put(object, "parameters", size_value(info.parameters)) &&
              json_put(object, "file_bytes", size_value(info.file_bytes));
    if (ok) return json_array_append_new(array, object) == 0;
    json_decref(object);
    return false;
}

static json_t *adapters_array(void) {
    json_t *array = json_array();
    size_t n;
    const quill_adapter_use *uses = lora_loaded(&n);
    bool ok = array != NULL;
    for (size_t i = 0; i < n && ok; i++) ok = add_adapter(array, &uses[i]);
    if (ok) return array;
    json_decref(array);
    return NULL;
}

static json_t *model_object(const quill_model *model, const quill_memory *memory) {
    quill_model_info info;
    quill_model_describe(model, &info);
    bool has_file = strcmp(info.format, "builtin") != 0;
    json_t *object = json_object();
    bool ok = json_put(object, "file", json_c_string(has_file ? info.file : NULL)) &&
              json_put(object, "format", json_c_string(info.format)) &&
              json_put(object, "family", json_c_string(info.family)) &&
              json_put(object, "name", json_c_string(info.name)) &&
              json_put(object, "parameters", size_value(info.parameters)) &&
              json_put(object, "file_bytes", size_value(info.file_bytes)) &&
              json_put(object, "weight_types", weight_types(model)) && put_sizes(object, &info) &&
              json_put(object, "tokenizer", tokenizer_object(quill_model_tokenizer(model))) &&
              json_put(object, "chat_template", json_boolean(info.chat_template)) &&
              json_put(object, "memory", memory_object(memory)) && json_put(object, "cpu", json_c_string(info.cpu)) &&
              json_put(object, "threads", json_integer(memory->threads)) &&
              json_put(object, "rope", rope_object(&info.rope)) &&
              json_put(object, "window", json_integer(info.window)) &&
              json_put(object, "experts", json_null()) && // of a later version
              json_put(object, "adapters", adapters_array()) &&
              json_put(object, "window_layers", json_integer(info.window_layers));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

// ---- key: value lines ----

// Strings without quotes, everything else as in JSON.
static bool add_value(struct buffer *t, json_t *value) {
    if (json_is_string(value))
        return show_visible(t, json_string_value(value), json_string_length(value), VISIBLE_PIECE);
    return json_add(t, json_incref(value));
}

static bool add_lines(struct buffer *t, const char *outer, json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        bool ok = json_is_object(value) ? add_lines(t, key, value)
                                        : buffer_add_format(t, "%s%s%s: ", outer, *outer ? "." : "", key) &&
                                              add_value(t, value) && buffer_add(t, "\n", 1);
        if (!ok) return false;
    }
    return true;
}

static quill_status write_lines(struct output *out, json_t *object, quill_error *err) {
    struct buffer t = {0};
    quill_status s = object && add_lines(&t, "", object) ? output_write(out, t.p, t.n, err) : fail_memory(err);
    json_decref(object);
    buffer_free(&t);
    return s;
}

// ---- tensors ----

static bool add_tensor(struct buffer *t, const quill_tensor_info *tensor) {
    bool ok = show_visible(t, tensor->name, tensor->name_length, VISIBLE_PIECE) &&
              buffer_add_format(t, "\t%s\t[", tensor->type);
    for (int i = 0; i < tensor->n_dims && ok; i++)
        ok = buffer_add_format(t, "%s%" PRIu64, i ? "," : "", tensor->shape[i]);
    return ok && buffer_add_format(t, "]\t%" PRIu64 "\t%" PRIu64 "\n", tensor->offset, tensor->bytes);
}

static quill_status write_tensors(struct output *out, const quill_model *model, quill_error *err) {
    struct buffer line = {0};
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < quill_model_n_tensors(model) && !s; i++) {
        quill_tensor_info tensor;
        quill_model_tensor(model, i, &tensor);
        line.n = 0;
        s = add_tensor(&line, &tensor) ? output_write(out, line.p, line.n, err) : fail_memory(err);
    }
    buffer_free(&line);
    return s;
}

static quill_status check_options(struct options *o, quill_error *err) {
    if (o->operands.n > 1) return fail(err, QUILL_E_USAGE, "expected one MODEL, found %zu", o->operands.n);
    if (o->operands.n && o->model.path) return fail(err, QUILL_E_USAGE, "-m and MODEL are both given; use one of them");
    if (o->inspect.tensors && o->output.json)
        return fail(err, QUILL_E_USAGE, "--tensors and --json exclude each other");
    if (o->operands.n) o->model.path = o->operands.items[0];
    return environment_apply(o, err);
}

int cmd_inspect(struct options *o, quill_error *err) {
    quill_model *model = NULL;
    struct output out = {.fd = -1};
    quill_memory memory;
    quill_status s = check_options(o, err);
    if (!s) s = look_at_model(&model, o, err);
    const quill_session_options session = session_options(o);
    if (!s) s = quill_session_plan(model, &session, &memory, err);
    if (!s) s = output_open(&out, o->output.path, o->output.raw, err);
    if (!s && o->inspect.tensors)
        s = write_tensors(&out, model, err);
    else if (!s)
        s = (o->output.json ? json_write_line : write_lines)(&out, model_object(model, &memory), err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    quill_model_free(model);
    return (int)s;
}
