// SPDX-License-Identifier: MIT
// modules.json, a line `==== pooling`, 1_Pooling/config.json, a line `==== sentence`,
// config_sentence_transformers.json, a line `==== transformer`, sentence_bert_config.json. A part of one newline: no
// such file.
#include "fuzz.h"
#include "load/embed_config.h"

static struct str text(struct str part) { return part.n > 1 ? part : (struct str){NULL, 0}; }

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size};
    struct embed_files files = {.modules = text(fuzz_part(&rest, "==== pooling"))};
    files.pooling = text(fuzz_part(&rest, "==== sentence"));
    files.sentence = text(fuzz_part(&rest, "==== transformer"));
    files.transformer = text(rest);
    struct arena arena = {0};
    quill_embed_config config;
    const quill_status s = embed_config_parse(&config, &arena, &files, "folder", err);
    if (!s) {
        size_t named = config.default_prompt == NULL;
        CLAIM(*quill_pooling_name(config.pooling));
        CLAIM(config.pooling_said == (files.modules.p != NULL) && config.max_tokens >= 0);
        for (size_t i = 0; i < config.n_prompts; i++) {
            CLAIM(config.prompts[i].name && strlen(config.prompts[i].text) < size);
            named += config.prompts[i].name == config.default_prompt;
        }
        CLAIM(named == 1);
    }
    arena_free(&arena);
    return s;
}
