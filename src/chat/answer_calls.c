// SPDX-License-Identifier: MIT
#include "answer_calls.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "json_value.h"

static struct str trimmed(struct str s) {
    while (s.n && strchr(" \t\r\n", s.p[0]) && s.p[0]) s = (struct str){s.p + 1, s.n - 1};
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1]) s.n--;
    return s;
}

// Nine letters and digits, which is what Mistral's templates ask for.
static const char *made_up_id(struct calls *calls, struct str name, struct str arguments) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t h = hash_mix(hash_bytes(name.p, name.n, calls->n) ^ hash_bytes(arguments.p, arguments.n, 1));
    char id[10];
    for (int i = 0; i < 9; i++, h /= 36) id[i] = digits[h % 36];
    id[9] = '\0';
    return arena_string(calls->arena, str_of(id));
}

// Whether the whole text is one JSON value of this kind; 0: of any.
static bool is_json(struct str text, char kind) {
    struct json_walk walk = {.text = text};
    struct str value;
    return (!kind || json_kind(&walk) == kind) && json_value(&walk, &value) && json_at_end(&walk);
}

static const char *arguments_of(struct calls *calls, struct str arguments) {
    struct buffer b = {0};
    const struct str text = trimmed(arguments);
    const bool ok = text.n == 0 ? buffer_add_string(&b, "{}") : is_json(text, 0) ? json_add_compact(&b, text)
                                                                                 : json_add_string(&b, text);
    const char *kept = ok ? arena_string(calls->arena, buffer_str(&b)) : NULL;
    buffer_free(&b);
    return kept;
}

bool calls_add(struct calls *calls, struct str name, struct str arguments, struct str id) {
    quill_tool_call *grown = calls->list;
    if (calls->n == calls->cap) grown = alloc_grow(calls->list, &calls->cap, calls->n + 1, sizeof *grown);
    if (grown) calls->list = grown;
    quill_tool_call call = {.name = arena_string(calls->arena, name), .arguments = arguments_of(calls, arguments)};
    call.id = id.n ? arena_string(calls->arena, id) : made_up_id(calls, name, arguments);
    if (!grown || !call.name || !call.arguments || !call.id) {
        calls->no_memory = true;
        return false;
    }
    calls->list[calls->n++] = call;
    return true;
}

// A JSON string, decoded into the arena; n 0: none, or no memory.
static struct str string_of(struct calls *calls, struct str written) {
    struct str s = {NULL, 0};
    if (written.n && written.p[0] == '"' && !json_unquote(written, calls->arena, &s)) calls->no_memory = true;
    return s;
}

// {"name": ..., "arguments": {...}}, or with "parameters"; perhaps within {"type": "function", "function": {...}}.
static bool from_object(struct calls *calls, struct str object, int depth) {
    struct json_walk walk = {.text = object};
    struct str key, value, name = {NULL, 0}, arguments = {NULL, 0}, id = {NULL, 0}, function = {NULL, 0};
    if (json_kind(&walk) != '{') return false;
    json_enter(&walk);
    while (json_member(&walk, &key, &value)) {
        if (str_is(key, "\"name\"")) name = value;
        else if (str_is(key, "\"arguments\"") || str_is(key, "\"parameters\"")) arguments = value;
        else if (str_is(key, "\"id\"")) id = value;
        else if (str_is(key, "\"function\"")) function = value;
    }
    if (walk.mistake) return false;
    if (!name.n && function.n && function.p[0] == '{') return depth == 0 && from_object(calls, function, 1);
    if (!name.n || name.p[0] != '"' || !arguments.n) return false;
    if (arguments.p[0] == '"') { // JSON within a string
        const struct str inner = string_of(calls, arguments);
        if (is_json(inner, '{')) arguments = inner;
    }
    if (arguments.p[0] != '{') return false;
    return calls_add(calls, string_of(calls, name), arguments, string_of(calls, id));
}

// Objects that follow each other, with ; or , or nothing between them.
static bool from_objects(struct calls *calls, struct str text) {
    struct json_walk walk = {.text = text};
    bool some = false;
    for (char kind; (kind = json_kind(&walk)) != '\0'; some = true) {
        struct str value;
        if (some && (kind == ';' || kind == ',')) {
            walk.at++;
            continue;
        }
        if (kind != '{' || !json_value(&walk, &value) || !from_object(calls, value, 0)) return false;
    }
    return some;
}

bool calls_from_json(struct calls *calls, struct str text) {
    struct json_walk walk = {.text = text};
    const size_t before = calls->n;
    bool ok = json_kind(&walk) != '[';
    if (ok) {
        ok = from_objects(calls, text);
    } else {
        struct str value;
        json_enter_list(&walk);
        while (json_element(&walk) && json_value(&walk, &value)) {
            ok = from_object(calls, value, 0);
            if (!ok) break;
        }
        ok = ok && !walk.mistake && json_at_end(&walk);
    }
    if (!ok) calls->n = before;
    return ok;
}

// name{...}, or name[ARGS]{...}, perhaps with [CALL_ID]id; again and again with [TOOL_CALLS] between them.
bool calls_from_mistral(struct calls *calls, struct str text) {
    const size_t before = calls->n;
    text = trimmed(text);
    if (text.n && (text.p[0] == '[' || text.p[0] == '{')) return calls_from_json(calls, text);
    bool ok = text.n > 0;
    while (ok && text.n) {
        const char *brace = memchr(text.p, '{', text.n);
        struct str name = {text.p, brace ? (size_t)(brace - text.p) : 0}, id = {NULL, 0}, value;
        struct json_walk walk = {.text = {brace, brace ? text.n - name.n : 0}};
        const char *mark = name.n ? memmem(name.p, name.n, "[CALL_ID]", 9) : NULL;
        const char *end = name.n ? memmem(name.p, name.n, "[ARGS]", 6) : NULL;
        if (end) name.n = (size_t)(end - name.p);
        if (mark && mark < name.p + name.n) {
            id = (struct str){mark + 9, name.n - (size_t)(mark - name.p) - 9};
            name.n = (size_t)(mark - name.p);
        }
        name = trimmed(name);
        ok = name.n && json_value(&walk, &value) && calls_add(calls, name, value, id);
        if (!ok) break;
        text = trimmed((struct str){walk.text.p + walk.at, walk.text.n - walk.at});
        if (str_starts(text, STR("[TOOL_CALLS]"))) text = trimmed((struct str){text.p + 12, text.n - 12});
    }
    if (!ok) calls->n = before;
    return ok;
}

// ---- <function=name> ------------------------------------------------------------------------------------------------

// Takes what stands in front of `end` off the text, and `end`. False: it is not there.
static bool take_until(struct str *text, const char *end, struct str *out) {
    const size_t n = strlen(end);
    const char *at = text->n >= n ? memmem(text->p, text->n, end, n) : NULL;
    if (!at) return false;
    *out = (struct str){text->p, (size_t)(at - text->p)};
    *text = (struct str){at + n, text->n - out->n - n};
    return true;
}

static bool take(struct str *text, const char *start) {
    *text = trimmed(*text);
    if (!str_starts(*text, str_of(start))) return false;
    *text = (struct str){text->p + strlen(start), text->n - strlen(start)};
    return true;
}

// A value on lines of its own is without the newlines around it. JSON that is no string stays JSON.
static bool add_parameter(struct buffer *b, struct str key, struct str value) {
    if (value.n && value.p[0] == '\n') value = (struct str){value.p + 1, value.n - 1};
    if (value.n && value.p[value.n - 1] == '\n') value.n--;
    const bool json = value.n && value.p[0] != '"' && is_json(value, 0);
    return (b->n == 1 || buffer_add_byte(b, ',')) && json_add_string(b, trimmed(key)) && buffer_add_byte(b, ':') &&
           (json ? json_add_compact(b, value) : json_add_string(b, value));
}

bool calls_from_xml(struct calls *calls, struct str text) {
    struct buffer b = {0};
    struct str name, key, value;
    const size_t before = calls->n;
    bool ok = buffer_add_byte(&b, '{');
    calls->no_memory |= !ok;
    ok = ok && take(&text, "<function=") && take_until(&text, ">", &name);
    while (ok && take(&text, "<parameter=")) {
        ok = take_until(&text, ">", &key) && take_until(&text, "</parameter>", &value);
        if (ok && !add_parameter(&b, key, value)) ok = !(calls->no_memory = true);
    }
    ok = ok && take(&text, "</function>") && trimmed(text).n == 0;
    if (ok) ok = buffer_add_byte(&b, '}') && calls_add(calls, trimmed(name), buffer_str(&b), (struct str){NULL, 0});
    buffer_free(&b);
    if (!ok) calls->n = before;
    return ok;
}
