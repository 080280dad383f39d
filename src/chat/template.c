// SPDX-License-Identifier: MIT
#include "template.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/destination.h"
#include "base/map.h"
#include "load/chat_template.h"
#include "load/open.h"

void quill_chat_template_free(quill_chat_template *t) {
    if (!t) return;
    jinja_free(t->program);
    arena_free(&t->arena);
    free(t);
}

const char *quill_chat_template_name(const quill_chat_template *t) { return t->name; }

const char *quill_chat_template_text(const quill_chat_template *t, size_t *n) {
    *n = t->text.n;
    return t->text.p;
}

static bool take_token(void *user, struct str name, struct str text) {
    struct quill_chat_template *t = user;
    struct special_token *token = arena_alloc(&t->arena, 1, sizeof *token);
    const char *kept = arena_string(&t->arena, name), *kept_text = arena_string(&t->arena, text);
    if (!token || !kept || !kept_text) return false;
    *token = (struct special_token){{kept, name.n}, {kept_text, text.n}, t->tokens};
    t->tokens = token;
    return true;
}

static quill_status create(struct quill_chat_template **out, struct str text, const char *name, quill_error *err) {
    struct quill_chat_template *t = *out = alloc_zeroed(1, sizeof *t);
    if (!t) return fail_memory(err);
    t->name = arena_string(&t->arena, str_of(name));
    t->text = (struct str){arena_string(&t->arena, text), text.n};
    quill_status s = t->name && t->text.p ? jinja_parse(&t->program, text, name, err) : fail_memory(err);
    if (!s) return QUILL_OK;
    quill_chat_template_free(t);
    *out = NULL;
    return s;
}

quill_status quill_chat_template_parse(quill_chat_template **out, const char *text, size_t n, const char *name,
                                       const quill_tokenizer *tokenizer, quill_error *err) {
    static const char *const names[] = {"bos_token", "eos_token"};
    quill_status s = create(out, (struct str){text, n}, name, err);
    for (int i = 0; !s && tokenizer && i < 2; i++) {
        size_t length = 0;
        const int32_t id = i == 0 ? quill_token_bos(tokenizer) : quill_token_eos(tokenizer);
        const char *spelled = quill_token_bytes(tokenizer, id, QUILL_SPECIAL_PARSE, &length);
        if (length && !take_token(*out, str_of(names[i]), (struct str){spelled, length})) s = fail_memory(err);
    }
    if (s) {
        quill_chat_template_free(*out);
        *out = NULL;
    }
    return s;
}

// ---- what --chat-template means -------------------------------------------------------------------------------------

static const quill_chat_builtin_info *builtin_of(const char *name) {
    const quill_chat_builtin_info *info;
    for (size_t i = 0; (info = quill_chat_builtin(i)); i++)
        if (strcmp(info->name, name) == 0) return info;
    return NULL;
}

static quill_status none(const char *who, const char *what, quill_error *err) {
    struct buffer names = {0};
    const quill_chat_builtin_info *info;
    bool ok = true;
    for (size_t i = 0; ok && (info = quill_chat_builtin(i)); i++)
        ok = (i == 0 || buffer_add_byte(&names, ' ')) && buffer_add_string(&names, info->name);
    quill_status s = ok ? fail(err, QUILL_E_USAGE, "%s%s; --chat-template takes a file or one of: %.*s",
                               QUOTED(str_of(who)), what, (int)names.n, names.p)
                        : fail_memory(err);
    buffer_free(&names);
    return s;
}

// The templates of another model's file or folder.
static quill_status from_model_file(struct chat_template_found *found, struct arena *arena, const char *path,
                                    bool with_tools, quill_error *err) {
    struct weights *w;
    quill_status s = weights_open(&w, path, WEIGHTS_METADATA, MAP_FILE, err);
    if (s) return s;
    s = chat_template_find(found, arena, w, NULL, with_tools, err);
    weights_close(w);
    if (!s && !found->text.p)
        s = fail(err, QUILL_E_USAGE, "--chat-template: %s: expected a chat template, found none", QUOTED(str_of(path)));
    return s;
}

static quill_status from_text_file(struct chat_template_found *found, struct arena *arena, const char *path,
                                   bool with_tools, quill_error *err) {
    struct map map;
    quill_status s = map_open(&map, path, MAP_READ, QUILL_E_SYSTEM, err);
    if (s) return s;
    const struct str bytes = {(const char *)map.data, map.size};
    const bool gguf = str_starts(bytes, STR("GGUF")), json = str_ends(str_of(path), STR(".json"));
    if (gguf) {
        map_close(&map);
        return from_model_file(found, arena, path, with_tools, err);
    }
    if (json) {
        s = chat_template_in_json(found, arena, bytes, path, NULL, with_tools, err);
        if (!s && !found->text.p)
            s = fail(err, QUILL_E_MODEL, "%s: expected the key chat_template, found none", QUOTED(str_of(path)));
        if (!s) found->text.p = arena_string(arena, found->text); // it may be part of the file
    } else {
        found->text = (struct str){arena_string(arena, bytes), bytes.n};
        found->file = path;
    }
    map_close(&map);
    return s || found->text.p ? s : fail_memory(err);
}

static quill_status from_path(struct chat_template_found *found, struct arena *arena, const char *path,
                              bool with_tools, quill_error *err) {
    struct file_id id;
    struct stat info;
    if (!file_id_of(&id, path)) {
        const bool looks_like_file = strchr(path, '/') || str_ends(str_of(path), STR(".jinja"));
        if (looks_like_file) return from_text_file(found, arena, path, with_tools, err); // says why it cannot be read
        return none(path, ": no such chat template", err);
    }
    const bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    return folder ? from_model_file(found, arena, path, with_tools, err)
                  : from_text_file(found, arena, path, with_tools, err);
}

static quill_status find(struct chat_template_found *found, struct arena *arena, const struct quill_model *model,
                         const char *choice, bool with_tools, quill_error *err) {
    quill_status s = chat_template_find(found, arena, model->weights, choice, with_tools, err);
    if (s || found->text.p) return s;
    if (!choice) return none(model->weights->path, ": the model has no chat template", err);
    const quill_chat_builtin_info *info = builtin_of(choice);
    if (!info) return from_path(found, arena, choice, with_tools, err);
    found->text = str_of(info->text);
    found->file = info->name;
    return QUILL_OK;
}

quill_status quill_chat_template_open(quill_chat_template **out, const quill_model *model, const char *choice,
                                      bool with_tools, quill_error *err) {
    struct arena arena = {0};
    struct chat_template_found found = {.text = {NULL, 0}};
    *out = NULL;
    quill_status s = find(&found, &arena, model, choice, with_tools, err);
    if (!s) s = create(out, found.text, found.file, err);
    if (!s) s = chat_template_tokens(model->weights, model->tokenizer, take_token, *out, err);
    if (s) {
        quill_chat_template_free(*out);
        *out = NULL;
    }
    arena_free(&arena);
    return s;
}
