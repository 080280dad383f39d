// SPDX-License-Identifier: MIT
// quill: text generation with GPT-style models. This header includes the whole public interface.
//
//     #include <quill/quill.h>
//     #include <stdio.h>
//
//     static quill_status print(void *user, const char *text, size_t n) {
//         return fwrite(text, 1, n, (FILE *)user) == n ? QUILL_OK : QUILL_E_SYSTEM;
//     }
//
//     int main(int argc, char **argv) {
//         quill_error err;
//         quill_model *model = NULL;
//         quill_session *session = NULL;
//         quill_ids prompt = {0};
//         const quill_result *result;
//         quill_status s = quill_model_open(&model, argc > 1 ? argv[1] : "model.gguf", NULL, &err);
//         if (!s) s = quill_session_create(&session, model, NULL, &err);
//         if (!s) s = quill_encode(quill_model_tokenizer(model), &prompt, "Once", 4, QUILL_SPECIAL_AS_TEXT, &err);
//         if (!s) {
//             quill_request request = quill_request_default();
//             request.prompt = prompt.ids, request.n_prompt = prompt.n;
//             request.on_text = print, request.user = stdout;
//             s = quill_generate(session, &request, &result, &err);
//         }
//         if (s) fprintf(stderr, "%s\n", err.text);
//         quill_ids_free(&prompt);
//         quill_session_free(session);
//         quill_model_free(model);
//         return (int)s;
//     }
//
// Conventions: output arguments come first after the object, lengths right after their arrays, the error last.
// Functions that create have a partner that frees, and freeing NULL is fine. The library never prints, exits, reads the
// environment or keeps global mutable state.
#ifndef QUILL_QUILL_H
#define QUILL_QUILL_H

#include "adapter.h"
#include "batch.h"
#include "bench.h"
#include "cache.h"
#include "chat.h"
#include "constraint.h"
#include "embed.h"
#include "error.h"
#include "model.h"
#include "sampler.h"
#include "score.h"
#include "search.h"
#include "session.h"
#include "stores.h"
#include "tokenizer.h"
#include "version.h"

#endif
