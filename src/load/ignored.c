// SPDX-License-Identifier: MIT
#include "ignored.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"

enum { MOST_BYTES = 400 }; // a list may hold any number of ids

bool ignored_add(struct ignored *ignored, const char *file, const char *key, struct str value) {
    char line[300];
    struct buffer *text = &ignored->text;
    if (strstr(key, "bos")) ignored->bos = true;
    if (text->n > MOST_BYTES) return true;
    snprintf(line, sizeof line, "%s%s%s%s %s", text->n ? ", " : "", file ? file : "", file ? ": " : "", key,
             QUOTED(value));
    if (!buffer_add_str(text, str_of(line)) || !buffer_add_byte(text, '\0')) return false;
    text->n--;
    return true;
}

bool ignored_add_id(struct ignored *ignored, const char *file, const char *key, int64_t id) {
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, id);
    return ignored_add(ignored, file, key, str_of(number));
}
