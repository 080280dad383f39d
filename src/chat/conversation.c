// SPDX-License-Identifier: MIT
#include "conversation.h"

#include "base/alloc.h"
#include "json_value.h"

quill_status quill_chat_create(quill_chat **out, quill_error *err) {
    struct quill_chat *chat = *out = alloc_zeroed(1, sizeof *chat);
    if (!chat) return fail_memory(err);
    struct run r = value_maker(&chat->arena, err);
    chat->tools = NONE;
    chat->variables = dict_new(&r, 0);
    if (chat->variables) return QUILL_OK;
    quill_chat_free(chat);
    *out = NULL;
    return fail_memory(err);
}

void quill_chat_free(quill_chat *chat) {
    if (!chat) return;
    arena_free(&chat->arena);
    free(chat->messages);
    free(chat);
}

size_t chat_bytes(const struct quill_chat *chat) {
    size_t bytes = chat->bytes;
    for (size_t i = 0; i < chat->n; i++) bytes += chat->messages[i].json.n;
    return bytes;
}

// ---- messages as templates take them --------------------------------------------------------------------------------

// Roles that templates put into special tokens ("<|user|>"): they count as the template's. Other roles are text.
static bool is_known_role(struct str role) {
    static const char *const known[] = {"system", "user", "assistant", "tool", "developer", "function", "ipython",
                                        "environment", "model", "observation", "tool_response", "context", "documents"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(role, known[i])) return true;
    return false;
}

static struct value key(struct run *r, const char *name) { return text_value(r, str_of(name)); }

static const struct value *member(const struct dict *dict, const char *name) {
    const struct value *v = dict_find(dict, str_of(name));
    return v && v->kind != V_NONE ? v : NULL;
}

// JSON of a value in the arena; UNDEFINED: no memory.
static struct value json_text_of(struct run *r, struct value v) {
    const struct json_style style = {.indent = -1, .item = STR(", "), .key = STR(": ")};
    struct builder out = {.run = r};
    if (!print_json(r, &out, v, &style)) return UNDEFINED;
    const struct value text = build_value(&out);
    return text.kind == V_STRING ? (struct value){.kind = V_STRING, .s = text_of(r, text_str(text.s), true)} : text;
}

// A copy of a dict with another value under one name.
static struct dict *with(struct run *r, const struct dict *dict, const char *name, struct value v) {
    struct dict *copy = dict_new(r, dict->n + 1);
    for (size_t i = 0; copy && i < dict->n; i++) dict_put(r, copy, dict->pairs[i].key, dict->pairs[i].value);
    return copy && dict_put(r, copy, key(r, name), v) ? copy : NULL;
}

// The arguments of a call: as an object, or as a string that holds JSON.
static struct value arguments_as(struct run *r, struct value v, bool text) {
    struct json_walk walk = {.text = {NULL, 0}};
    struct value object;
    if (text) return v.kind == V_DICT ? json_text_of(r, v) : v;
    if (v.kind != V_STRING) return v;
    walk.text = text_str(v.s);
    if (json_kind(&walk) != '{') return v;
    return json_to_value(r, &walk, &object) && json_at_end(&walk) ? object : v;
}

static struct value call_as(struct run *r, struct value call, bool text) {
    if (call.kind != V_DICT) return call;
    const struct value *function = member(call.d, "function"), *arguments = member(call.d, "arguments");
    struct dict *changed = call.d;
    if (arguments) changed = with(r, changed, "arguments", arguments_as(r, *arguments, text));
    if (changed && function && function->kind == V_DICT && (arguments = member(function->d, "arguments"))) {
        struct dict *inner = with(r, function->d, "arguments", arguments_as(r, *arguments, text));
        changed = inner ? with(r, changed, "function", (struct value){.kind = V_DICT, .d = inner}) : NULL;
    }
    return changed ? (struct value){.kind = V_DICT, .d = changed} : UNDEFINED;
}

// The message with tool calls whose arguments are objects, or strings.
static struct dict *calls_as(struct run *r, struct dict *message, bool text) {
    const struct value *calls = member(message, "tool_calls");
    if (!calls || calls->kind != V_LIST) return message;
    struct list *list = list_new(r, calls->l->n);
    for (size_t i = 0; list && i < calls->l->n; i++) list_add(r, list, call_as(r, calls->l->items[i], text));
    return r->status ? NULL : with(r, message, "tool_calls", value_list(list));
}

// What transformers does with a message: members that are null go, and reasoning has two names.
static struct dict *for_templates(struct run *r, const struct dict *given) {
    static const char *const names[] = {"reasoning_content", "thinking", "reasoning"};
    struct dict *out = dict_new(r, given->n + 2);
    const struct value *reasoning = NULL;
    for (int i = 0; i < 3 && !reasoning; i++) reasoning = member(given, names[i]);
    if (reasoning && out) dict_put(r, out, key(r, "thinking"), *reasoning);
    for (size_t i = 0; out && i < given->n; i++) {
        const struct pair *pair = &given->pairs[i];
        struct value v = pair->value;
        if (v.kind == V_NONE) continue;
        if (v.kind == V_STRING && str_is(text_str(pair->key.s), "role") && is_known_role(text_str(v.s)))
            v = text_value(r, text_str(v.s));
        dict_put(r, out, pair->key, v);
    }
    if (reasoning && out) dict_put(r, out, key(r, "reasoning_content"), *reasoning);
    return r->status ? NULL : out;
}

// ---- adding ---------------------------------------------------------------------------------------------------------

static quill_status put_message(struct quill_chat *chat, struct run *r, const struct dict *given, struct str json) {
    const struct value *role = member(given, "role"), *content = member(given, "content");
    struct dict *value = for_templates(r, given);
    struct message m = {.value = value ? calls_as(r, value, false) : NULL, .json = json};
    m.with_text = m.value ? calls_as(r, m.value, true) : NULL;
    if (r->status || !m.with_text) return r->status ? r->status : fail_memory(r->err);
    m.role = text_str(role->s);
    if (content && content->kind == V_STRING) m.content = text_str(content->s);
    struct message *grown = alloc_grow(chat->messages, &chat->cap, chat->n + 1, sizeof *grown);
    if (!grown) return fail_memory(r->err);
    chat->messages = grown;
    chat->messages[chat->n++] = m;
    return QUILL_OK;
}

static bool write_message(struct buffer *b, struct str role, struct str content) {
    return buffer_add_string(b, "{\"role\":") && json_add_string(b, role) && buffer_add_string(b, ",\"content\":") &&
           json_add_string(b, content) && buffer_add_byte(b, '}');
}

quill_status quill_chat_add(quill_chat *chat, const char *role, const char *content, size_t n, quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    struct buffer json = {0};
    const struct str text = {content, n};
    struct dict *given = dict_new(&r, 2);
    const char *kept_role = arena_string(&chat->arena, str_of(role)), *kept = arena_string(&chat->arena, text);
    const bool written = write_message(&json, str_of(role), text);
    const char *line = written ? arena_string(&chat->arena, buffer_str(&json)) : NULL;
    quill_status s = fail_memory(err);
    if (given && kept_role && kept && line) {
        const struct value values[] = {
            {.kind = V_STRING, .s = text_of(&r, str_of(kept_role), true)},
            {.kind = V_STRING, .s = text_of(&r, (struct str){kept, n}, true)}};
        if (values[0].s && values[1].s && dict_put(&r, given, key(&r, "role"), values[0]) &&
            dict_put(&r, given, key(&r, "content"), values[1]))
            s = put_message(chat, &r, given, (struct str){line, json.n});
    }
    buffer_free(&json);
    return s;
}

struct place {
    const char *name;
    size_t line; // 0: not known
};

static quill_status bad(const struct place *at, const char *what, quill_error *err) {
    if (at->line) return fail(err, QUILL_E_USAGE, "%s: line %zu: %s", QUOTED(str_of(at->name)), at->line, what);
    return fail(err, QUILL_E_USAGE, "%s: %s", QUOTED(str_of(at->name)), what);
}

// What a list of parts may hold: texts, and the thoughts of a model. Of an image, a sound or a file a template would
// make nothing, or a place that nothing fills.
static bool is_part(const struct value *v) {
    if (v->kind != V_DICT) return false;
    const struct value *type = member(v->d, "type"), *text = member(v->d, "text");
    if (!type) return text && text->kind == V_STRING;
    if (type->kind != V_STRING) return false;
    const struct str kind = text_str(type->s);
    return str_is(kind, "thinking") || (text && text->kind == V_STRING && str_is(kind, "text"));
}

static const char *content_mistake(const struct dict *given) {
    const struct value *content = member(given, "content");
    static const char *const others[] = {"tool_calls", "reasoning_content", "thinking", "reasoning"};
    for (size_t i = 0; !content && i < sizeof others / sizeof *others; i++)
        if (member(given, others[i])) return NULL;
    if (!content) return "expected a message with a content, found none";
    if (content->kind == V_STRING) return NULL;
    if (content->kind != V_LIST) return "content: expected a string, null or a list of parts, found another value";
    for (size_t i = 0; i < content->l->n; i++)
        if (!is_part(&content->l->items[i]))
            return "content: expected parts that are texts ({\"type\":\"text\",\"text\":...}), found another one";
    return NULL;
}

static const char *message_mistake(const struct dict *given) {
    const struct value *role = member(given, "role"), *calls = member(given, "tool_calls");
    if (!role || role->kind != V_STRING || role->s->n == 0) return "expected a message with a role, found none";
    if (calls && calls->kind != V_LIST) return "tool_calls: expected a list, found another value";
    return content_mistake(given);
}

static quill_status add_value(struct quill_chat *chat, struct value v, struct str json, const struct place *at,
                              quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    struct buffer line = {0};
    const char *wrong = v.kind == V_DICT ? message_mistake(v.d) : "expected a message, an object, found another value";
    if (wrong) return bad(at, wrong, err);
    const char *kept = json_add_compact(&line, json) ? arena_string(&chat->arena, buffer_str(&line)) : NULL;
    const size_t n = line.n;
    buffer_free(&line);
    return kept ? put_message(chat, &r, v.d, (struct str){kept, n}) : fail_memory(err);
}

static quill_status read_value(struct run *r, struct json_walk *walk, struct value *v, const struct place *at,
                               quill_error *err) {
    if (json_to_value(r, walk, v)) return QUILL_OK;
    return r->status ? r->status : bad(at, walk->mistake ? walk->mistake : "expected JSON, found something else", err);
}

static quill_status add_object(struct quill_chat *chat, struct str json, const struct place *at, quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    struct json_walk walk = {.text = json};
    struct value v;
    quill_status s = read_value(&r, &walk, &v, at, err);
    if (!s && !json_at_end(&walk)) s = bad(at, walk.mistake, err);
    return s ? s : add_value(chat, v, json, at, err);
}

quill_status quill_chat_add_json(quill_chat *chat, const char *json, size_t n, const char *name, quill_error *err) {
    return add_object(chat, json_without_bom((struct str){json, n}), &(struct place){name, 0}, err);
}

// ---- reading a text -------------------------------------------------------------------------------------------------

static quill_status read_list(struct quill_chat *chat, struct str list, const struct place *at, quill_error *err) {
    struct json_walk walk = {.text = list};
    quill_status s = QUILL_OK;
    json_enter_list(&walk);
    while (!s && json_element(&walk)) {
        struct str item;
        if (json_value(&walk, &item)) s = add_object(chat, item, at, err);
    }
    if (!s && !walk.mistake) json_at_end(&walk); // which notes what else there is
    return !s && walk.mistake ? bad(at, walk.mistake, err) : s;
}

static quill_status read_lines(struct quill_chat *chat, struct str text, const char *name, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t at = 0, line = 1; !s && at < text.n; line++) {
        const char *newline = memchr(text.p + at, '\n', text.n - at);
        const size_t n = newline ? (size_t)(newline - text.p) - at : text.n - at;
        struct json_walk walk = {.text = {text.p + at, n}};
        if (json_kind(&walk)) s = add_object(chat, walk.text, &(struct place){name, line}, err);
        at += n + 1;
    }
    return s;
}

// {"messages": [...], "tools": [...]}. *is_such: the text is one object with messages.
static quill_status read_request(struct quill_chat *chat, struct str text, const char *name, bool *is_such,
                                 quill_error *err) {
    struct json_walk walk = {.text = text};
    struct str key_text, value, messages = {NULL, 0}, tools = {NULL, 0};
    *is_such = false;
    json_enter(&walk);
    while (json_member(&walk, &key_text, &value)) {
        if (str_is(key_text, "\"messages\"")) messages = value;
        if (str_is(key_text, "\"tools\"")) tools = value;
    }
    if (walk.mistake || !json_at_end(&walk) || !messages.p) return QUILL_OK;
    *is_such = true;
    quill_status s = read_list(chat, messages, &(struct place){name, 0}, err);
    if (!s && tools.p && !str_is(tools, "null")) s = quill_chat_set_tools(chat, tools.p, tools.n, name, err);
    return s;
}

quill_status quill_chat_read(quill_chat *chat, const char *text, size_t n, const char *name, quill_error *err) {
    const struct str all = json_without_bom((struct str){text, n});
    struct json_walk walk = {.text = all};
    const size_t before = chat->n;
    bool is_request = false;
    quill_status s = QUILL_OK;
    const char kind = json_kind(&walk);
    if (kind == '[') s = read_list(chat, all, &(struct place){name, 0}, err);
    else if (kind == '{') s = read_request(chat, all, name, &is_request, err);
    if (!s && kind != '[' && !is_request) s = read_lines(chat, all, name, err);
    if (s) chat->n = before;
    return s;
}

// ---- messages again -------------------------------------------------------------------------------------------------

size_t quill_chat_n_messages(const quill_chat *chat) { return chat->n; }

void quill_chat_message_at(const quill_chat *chat, size_t index, quill_chat_message *message) {
    const struct message *m = &chat->messages[index];
    *message = (quill_chat_message){.role = m->role.p, .n_role = m->role.n, .content = m->content.p,
                                    .n_content = m->content.n, .json = m->json.p, .n_json = m->json.n};
}

void quill_chat_truncate(quill_chat *chat, size_t n) {
    if (n < chat->n) chat->n = n;
}

// ---- tools and variables --------------------------------------------------------------------------------------------

// {"type": "function", "function": {...}}, whether or not the tool came in this frame.
static struct value framed(struct run *r, struct value tool) {
    if (tool.kind != V_DICT || member(tool.d, "function") || !member(tool.d, "name")) return tool;
    struct dict *frame = dict_new(r, 2);
    if (!frame || !dict_put(r, frame, key(r, "type"), key(r, "function")) ||
        !dict_put(r, frame, key(r, "function"), tool))
        return UNDEFINED;
    return (struct value){.kind = V_DICT, .d = frame};
}

quill_status quill_chat_set_tools(quill_chat *chat, const char *json, size_t n, const char *name, quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    const struct place at = {name, 0};
    struct json_walk walk = {.text = json_without_bom((struct str){json, n})};
    struct value v;
    if (n == 0) return chat->tools = NONE, QUILL_OK;
    quill_status s = read_value(&r, &walk, &v, &at, err);
    if (!s && !json_at_end(&walk)) s = bad(&at, walk.mistake, err);
    if (!s && v.kind != V_LIST) s = bad(&at, "expected a list of tools, found another value", err);
    if (s) return s;
    for (size_t i = 0; i < v.l->n; i++) {
        if (v.l->items[i].kind != V_DICT) return bad(&at, "expected tools as objects, found another value", err);
        v.l->items[i] = framed(&r, v.l->items[i]);
    }
    if (r.status) return r.status;
    chat->tools = v.l->n ? v : NONE;
    chat->bytes += n;
    return QUILL_OK;
}

bool quill_chat_has_tools(const quill_chat *chat) { return chat->tools.kind == V_LIST; }

quill_status quill_chat_set_variable(quill_chat *chat, const char *name, const char *json, size_t n,
                                     quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    const struct place at = {name, 0};
    struct json_walk walk = {.text = {json, n}};
    struct value v;
    quill_status s = read_value(&r, &walk, &v, &at, err);
    if (!s && !json_at_end(&walk)) s = bad(&at, walk.mistake, err);
    if (s) return s;
    const char *kept = arena_string(&chat->arena, str_of(name));
    chat->bytes += n;
    return kept && dict_put(&r, chat->variables, text_value(&r, str_of(kept)), v) ? QUILL_OK : fail_memory(err);
}

// NULL, or the first name that no variable may have.
static const char *name_taken(const struct dict *variables) {
    static const char *const taken[] = {"messages", "tools", "add_generation_prompt"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (dict_find(variables, str_of(taken[i]))) return taken[i];
    return NULL;
}

quill_status quill_chat_set_variables(quill_chat *chat, const char *json, size_t n, const char *name,
                                      quill_error *err) {
    struct run r = value_maker(&chat->arena, err);
    const struct place at = {name, 0};
    struct json_walk walk = {.text = {json ? json : "{}", json ? n : 2}};
    struct value v;
    quill_status s = read_value(&r, &walk, &v, &at, err);
    if (!s && !json_at_end(&walk)) s = bad(&at, walk.mistake, err);
    if (s) return s;
    if (v.kind != V_DICT) return bad(&at, "expected an object of variables, found another value", err);
    const char *taken = name_taken(v.d);
    if (taken)
        return fail(err, QUILL_E_USAGE, "%s: '%s' is no variable: templates are given it anyway", QUOTED(str_of(name)),
                    taken);
    chat->variables = v.d;
    chat->bytes += n;
    return QUILL_OK;
}
