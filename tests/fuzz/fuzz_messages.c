// SPDX-License-Identifier: MIT
// Messages, as --messages and transcripts have them. What was read can be written as JSON lines and read again, and is
// the same then.
#include "fuzz.h"

#include "base/buffer.h"
#include "quill/chat.h"

static void write_lines(const quill_chat *chat, struct buffer *out) {
    for (size_t i = 0; i < quill_chat_n_messages(chat); i++) {
        quill_chat_message m;
        quill_chat_message_at(chat, i, &m);
        CLAIM(m.n_role > 0 && m.n_json > 0 && !memchr(m.json, '\n', m.n_json));
        CLAIM(buffer_add(out, m.json, m.n_json) && buffer_add_byte(out, '\n'));
    }
}

static void check_again(const quill_chat *chat, const struct buffer *lines) {
    quill_chat *again = NULL;
    quill_error err;
    struct buffer other = {0};
    CLAIM(quill_chat_create(&again, &err) == QUILL_OK);
    CLAIM(quill_chat_read(again, lines->p ? lines->p : "", lines->n, "again", &err) == QUILL_OK);
    CLAIM(quill_chat_n_messages(again) == quill_chat_n_messages(chat));
    write_lines(again, &other);
    CLAIM(other.n == lines->n && (other.n == 0 || memcmp(other.p, lines->p, other.n) == 0));
    buffer_free(&other);
    quill_chat_free(again);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    quill_chat *chat = NULL;
    struct buffer lines = {0};
    quill_status s = quill_chat_create(&chat, err);
    if (!s) s = quill_chat_read(chat, (const char *)data, size, "messages", err);
    if (!s) {
        write_lines(chat, &lines);
        check_again(chat, &lines);
        const size_t n = quill_chat_n_messages(chat);
        s = quill_chat_set_system(chat, (const char *)data, size, err);
        CLAIM(s || quill_chat_n_messages(chat) == n || quill_chat_n_messages(chat) == n + 1);
        if (!s) s = quill_chat_set_system(chat, NULL, 0, err);
        quill_chat_truncate(chat, 0);
    }
    if (s) CLAIM(quill_chat_n_messages(chat) == 0 || s == QUILL_E_SYSTEM);
    buffer_free(&lines);
    quill_chat_free(chat);
    return s;
}
