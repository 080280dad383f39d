// SPDX-License-Identifier: MIT
#include "names.h"

#include <stdio.h>
#include <strings.h>

// ---- the hub ----

static bool is_word(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_repo(struct str name) {
    enum { MOST = 200 };
    char before = '/';
    int slashes = 0; // the end counts as one
    if (name.n > MOST) return false;
    for (size_t i = 0; i <= name.n; i++) {
        const char c = i < name.n ? name.p[i] : '/';
        const bool mark = (c == '-' || c == '.') && c != before && before != '/';
        if (c == '/' ? !is_word(before) : !is_word(c) && !mark) return false;
        slashes += c == '/';
        before = c;
    }
    return slashes <= 2;
}

bool repo_name_parse(struct repo_name *out, struct str text) {
    const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
    const size_t n = colon ? (size_t)(colon - text.p) : text.n;
    *out = (struct repo_name){.repo = {text.p, n}};
    if (colon) out->choice = (struct str){colon + 1, text.n - n - 1};
    return is_repo(out->repo) && (!colon || out->choice.n);
}

// ---- ollama ----

static const struct ollama_name defaults = {
    .host = {"registry.ollama.ai", 18}, .space = {"library", 7}, .tag = {"latest", 6}};

static bool is_part(struct str part, size_t most, const char *marks) {
    if (part.n == 0 || part.n > most || !is_word(part.p[0])) return false;
    for (size_t i = 1; i < part.n; i++)
        if (!is_word(part.p[i]) && (!part.p[i] || !strchr(marks, part.p[i]))) return false;
    return true;
}

bool ollama_name_is_valid(const struct ollama_name *name) {
    return is_part(name->host, 350, "-.:") && is_part(name->space, 80, "-") && is_part(name->model, 80, "-.") &&
           is_part(name->tag, 80, "-.");
}

// Cuts off what follows the last `mark`. false: there is none, or (after the last slash) it is not a colon's.
static bool cut_last(struct str *text, char mark, struct str *behind) {
    for (size_t i = text->n; i-- > 0;) {
        if (text->p[i] == mark) {
            *behind = (struct str){text->p + i + 1, text->n - i - 1};
            text->n = i;
            return true;
        }
        if (text->p[i] == '/') return false;
    }
    return false;
}

bool ollama_name_parse(struct ollama_name *out, struct str text) {
    *out = defaults;
    cut_last(&text, ':', &out->tag);
    out->model = text;
    if (cut_last(&text, '/', &out->model)) {
        out->space = text;
        if (cut_last(&text, '/', &out->space)) out->host = text;
    }
    return ollama_name_is_valid(out);
}

const char *ollama_name_text(struct ollama_text *out, const struct ollama_name *name) {
    const bool host = !str_equal(name->host, defaults.host), space = host || !str_equal(name->space, defaults.space);
    snprintf(out->text, sizeof out->text, "ollama:%.*s%s%.*s%s%.*s:%.*s", host ? (int)name->host.n : 0, name->host.p,
             host ? "/" : "", space ? (int)name->space.n : 0, name->space.p, space ? "/" : "", (int)name->model.n,
             name->model.p, (int)name->tag.n, name->tag.p);
    return out->text;
}

// ---- GGUF files ----

static bool digits(struct str text, int *value) {
    *value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        *value = 10 * *value + text.p[i] - '0';
    }
    return true;
}

bool gguf_name(struct str name, struct str *stem, int *part, int *parts) {
    enum { NUMBER = 5, TAIL = sizeof "-00001-of-00003" - 1 };
    if (!str_ends(name, STR(".gguf"))) return false;
    *stem = (struct str){name.p, name.n - 5};
    *part = *parts = 1;
    if (stem->n <= TAIL) return true;
    const char *tail = stem->p + stem->n - TAIL;
    int number, count;
    if (tail[0] != '-' || memcmp(tail + 1 + NUMBER, "-of-", 4) != 0) return true;
    if (!digits((struct str){tail + 1, NUMBER}, &number)) return true;
    if (!digits((struct str){tail + TAIL - NUMBER, NUMBER}, &count) || number < 1 || number > count) return true;
    stem->n -= TAIL;
    *part = number;
    *parts = count;
    return true;
}

bool name_has_type(struct str name, struct str type) {
    for (size_t i = 0; type.n && i + type.n <= name.n; i++) {
        const char before = i ? name.p[i - 1] : '/', after = i + type.n < name.n ? name.p[i + type.n] : '.';
        if (strchr("/-._", before) && strchr("/-.", after) && before && after &&
            strncasecmp(name.p + i, type.p, type.n) == 0)
            return true;
    }
    return false;
}

static bool holds(struct str name, const char *word) {
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= name.n; i++)
        if (strncasecmp(name.p + i, word, n) == 0) return true;
    return false;
}

// The words are those of llama.cpp's converters.
bool gguf_is_beside(struct str name) {
    static const char *const begins[] = {"mtp-", "eagle3-", "dflash-", "dspark-"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        const size_t n = strlen(begins[i]);
        if (name.n >= n && strncasecmp(name.p, begins[i], n) == 0) return true;
    }
    return holds(name, "mmproj") || holds(name, "imatrix");
}
