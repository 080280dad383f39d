// SPDX-License-Identifier: MIT
// From a template's text to tokens, as Jinja2's lexer makes them with trim_blocks and lstrip_blocks.
#ifndef QUILL_CHAT_JINJA_LEX_H
#define QUILL_CHAT_JINJA_LEX_H

#include "ast.h"
#include "base/arena.h"
#include "base/error.h"

enum token_type {
    T_END,
    T_DATA,
    T_OUTPUT_BEGIN,
    T_OUTPUT_END,
    T_BLOCK_BEGIN,
    T_BLOCK_END,
    T_NAME,
    T_STRING,
    T_INT,
    T_FLOAT,
    T_OPERATOR,
};

struct token {
    uint8_t type; // enum token_type
    uint8_t op;   // T_OPERATOR: enum operator
    uint32_t line;
    union {
        struct str text; // T_DATA, T_NAME, T_STRING: in the arena or in the source
        int64_t i;
        double f;
    };
};

struct tokens {
    struct token *list; // [n], the last one T_END
    size_t n, cap;
};

// `source` must live as long as the tokens; its newlines become "\n" in place. QUILL_E_MODEL: a mistake.
quill_status lex(struct tokens *out, struct arena *arena, char *source, size_t n, const char *name, quill_error *err);
void tokens_free(struct tokens *tokens);

#endif
