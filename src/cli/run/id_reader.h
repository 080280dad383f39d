// SPDX-License-Identifier: MIT
// Token ids as people write them: numbers between spaces, commas and newlines, which are one text; or JSON, lists of
// ids and objects whose "ids" is such a list (as tokenize --json writes them), each a text by itself.
#ifndef QUILL_CLI_RUN_ID_READER_H
#define QUILL_CLI_RUN_ID_READER_H

#include "base/json_walk.h"
#include "quill/error.h"

struct id_reader {
    struct str text;   // borrowed
    int32_t n_vocab;
    size_t at;
    struct json_walk list; // while in_list
    bool json, in_list;
};
enum { ID_TEXT_ENDS = -1, ID_INPUT_ENDS = -2 };

void id_reader_begin(struct id_reader *reader, struct str text, int32_t n_vocab);
// The next id, or one of the ends: a text's, which comes after its last id, then the input's. QUILL_E_USAGE tells the
// byte and what was expected there.
QUILL_MUST_CHECK quill_status id_reader_next(struct id_reader *reader, int32_t *id, quill_error *err);

#endif
