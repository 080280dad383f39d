// SPDX-License-Identifier: MIT
// Renders a chat template: build/tests/render_chat TEMPLATE <REQUESTS
//
// A request is a line of JSON, {"messages": [...], "tools": [...], "options": {...}, "variables": {...}}, where options
// are add_generation_prompt (true) and continue_last (false). For each a line is written: "ok" and the text in
// hexadecimal, or "no", the status and the message. Time stands still at 2026-03-05 14:07:09.
// scripts/compare-templates compares it with Jinja2.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quill/quill.h"

static quill_status set_variables(quill_chat *chat, json_t *variables, quill_error *err) {
    const char *name;
    json_t *value;
    quill_status s = QUILL_OK;
    json_object_foreach(variables, name, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        if (!s) s = quill_chat_set_variable(chat, name, text, strlen(text), err);
        free(text);
    }
    return s;
}

static quill_status fill(quill_chat *chat, json_t *request, quill_error *err) {
    json_t *messages = json_object_get(request, "messages"), *tools = json_object_get(request, "tools");
    quill_status s = set_variables(chat, json_object_get(request, "variables"), err);
    for (size_t i = 0; !s && i < json_array_size(messages); i++) {
        char *text = json_dumps(json_array_get(messages, i), 0);
        s = quill_chat_add_json(chat, text, strlen(text), "request", err);
        free(text);
    }
    if (!s && json_array_size(tools)) {
        char *text = json_dumps(tools, 0);
        s = quill_chat_set_tools(chat, text, strlen(text), "request", err);
        free(text);
    }
    return s;
}

static void answer(const quill_chat_template *template, json_t *request) {
    static const struct tm now = {.tm_year = 126, .tm_mon = 2, .tm_mday = 5, .tm_hour = 14, .tm_min = 7, .tm_sec = 9,
                                  .tm_wday = 4, .tm_yday = 63};
    json_t *given = json_object_get(request, "options");
    const quill_chat_options options = {
        .no_generation_prompt = json_is_false(json_object_get(given, "add_generation_prompt")),
        .continue_last = json_is_true(json_object_get(given, "continue_last")),
        .now = &now,
    };
    quill_chat *chat = NULL;
    quill_chat_prompt prompt = {0};
    quill_error err;
    quill_status s = quill_chat_create(&chat, &err);
    if (!s) s = fill(chat, request, &err);
    if (!s) s = quill_chat_render(template, chat, &options, &prompt, &err);
    if (s) {
        printf("no %d %s\n", (int)s, err.text);
    } else {
        printf("ok ");
        for (size_t i = 0; i < prompt.n; i++) printf("%02x", (unsigned)(unsigned char)prompt.text[i]);
        putchar('\n');
    }
    quill_chat_prompt_free(&prompt);
    quill_chat_free(chat);
}

int main(int argc, char **argv) {
    static char text[1 << 20];
    char *line = NULL;
    size_t cap = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) return fprintf(stderr, "usage: render_chat TEMPLATE <REQUESTS\n"), 2;
    const size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    quill_chat_template *template;
    quill_error err;
    quill_status s = quill_chat_template_parse(&template, text, n, argv[1], NULL, &err);
    while (getline(&line, &cap, stdin) > 0) {
        json_t *request = json_loads(line, 0, NULL);
        if (s) printf("no %d %s\n", (int)s, err.text);
        else if (request) answer(template, request);
        json_decref(request);
    }
    quill_chat_template_free(template);
    free(line);
    return 0;
}
