// SPDX-License-Identifier: MIT
#include "id_reader.h"

#include "base/error.h"

static bool separates(char c) { return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r'; }

static void skip_separators(struct id_reader *r) {
    while (r->at < r->text.n && separates(r->text.p[r->at])) r->at++;
}

void id_reader_begin(struct id_reader *r, struct str text, int32_t n_vocab) {
    *r = (struct id_reader){.text = text, .n_vocab = n_vocab};
    skip_separators(r);
    r->json = r->at < text.n && (text.p[r->at] == '[' || text.p[r->at] == '{');
}

// The id written as `word`, a part of the text.
static quill_status read_id(const struct id_reader *r, struct str word, int32_t *id, quill_error *err) {
    int64_t value = 0;
    bool good = word.n > 0;
    for (size_t i = 0; good && i < word.n; i++) {
        good = word.p[i] >= '0' && word.p[i] <= '9';
        value = value * 10 + (word.p[i] - '0');
        good = good && value < r->n_vocab;
    }
    if (!good)
        return fail(err, QUILL_E_USAGE, "byte %zu: expected a token id from 0 to %d, found '%s'",
                    (size_t)(word.p - r->text.p), (int)r->n_vocab - 1, QUOTED(word));
    *id = (int32_t)value;
    return QUILL_OK;
}

static quill_status next_number(struct id_reader *r, int32_t *id, quill_error *err) {
    skip_separators(r);
    size_t begin = r->at;
    while (r->at < r->text.n && !separates(r->text.p[r->at])) r->at++;
    if (r->at > begin) return read_id(r, (struct str){r->text.p + begin, r->at - begin}, id, err);
    *id = r->in_list ? ID_INPUT_ENDS : ID_TEXT_ENDS;
    r->in_list = true;
    return QUILL_OK;
}

// The "ids" of an object, or the value itself.
static struct str ids_of(struct str value) {
    struct json_walk walk = {.text = value};
    struct str name, member;
    if (value.p[0] != '{') return value;
    json_enter(&walk);
    while (json_member(&walk, &name, &member))
        if (str_is(name, "\"ids\"")) return member;
    return value;
}

// Enters the list of the next value; *more: there is one.
static quill_status enter_value(struct id_reader *r, bool *more, quill_error *err) {
    skip_separators(r);
    *more = r->at < r->text.n;
    if (!*more) return QUILL_OK;
    struct json_walk walk = {.text = {r->text.p + r->at, r->text.n - r->at}};
    struct str value;
    if (!json_value(&walk, &value))
        return fail(err, QUILL_E_USAGE, "byte %zu: %s", r->at + walk.at, walk.mistake ? walk.mistake : "expected JSON");
    r->at += walk.at;
    r->list = (struct json_walk){.text = ids_of(value)};
    r->in_list = json_enter_list(&r->list);
    return r->in_list ? QUILL_OK
                      : fail(err, QUILL_E_USAGE, "byte %zu: expected a list of token ids, found '%s'",
                             (size_t)(r->list.text.p - r->text.p), QUOTED(r->list.text));
}

// What was walked over once has no mistakes.
static quill_status next_element(struct id_reader *r, int32_t *id, quill_error *err) {
    struct str element;
    bool more = true;
    quill_status s = r->in_list ? QUILL_OK : enter_value(r, &more, err);
    if (s) return s;
    if (!more) {
        *id = ID_INPUT_ENDS;
    } else if (json_element(&r->list) && json_value(&r->list, &element)) {
        return read_id(r, element, id, err);
    } else {
        r->in_list = false;
        *id = ID_TEXT_ENDS;
    }
    return QUILL_OK;
}

quill_status id_reader_next(struct id_reader *r, int32_t *id, quill_error *err) {
    return r->json ? next_element(r, id, err) : next_number(r, id, err);
}
