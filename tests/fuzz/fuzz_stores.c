// SPDX-License-Identifier: MIT
// Names of models, as they are typed and as stores have them.
#include "fuzz.h"
#include "load/stores/names.h"

static void check_part(struct str part) {
    CLAIM(part.n && !memchr(part.p, '/', part.n) && !memchr(part.p, 0, part.n) && part.p[0] != '.');
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    const struct str text = {(const char *)data, size};
    struct repo_name repo;
    struct ollama_name name;
    struct ollama_text shown;
    struct str stem;
    int part, parts;
    const bool is_name = repo_name_parse(&repo, text), is_ollama = ollama_name_parse(&name, text);
    if (is_name) {
        const char *slash = memchr(repo.repo.p, '/', repo.repo.n);
        const size_t n = slash ? (size_t)(slash - repo.repo.p) : repo.repo.n;
        check_part((struct str){repo.repo.p, n});
        if (slash) check_part((struct str){slash + 1, repo.repo.n - n - 1});
        if (repo.choice.p) name_has_type(text, repo.choice);
    }
    if (is_ollama) {
        const struct str names[] = {name.host, name.space, name.model, name.tag};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_part(names[i]);
        const size_t prefix = strlen("ollama:");
        struct ollama_name again;
        CLAIM(ollama_name_parse(&again, str_of(ollama_name_text(&shown, &name) + prefix)));
        CLAIM(str_equal(again.host, name.host) && str_equal(again.space, name.space) &&
              str_equal(again.model, name.model) && str_equal(again.tag, name.tag));
    }
    if (gguf_name(text, &stem, &part, &parts)) CLAIM(part >= 1 && part <= parts && stem.n + 5 <= size);
    gguf_is_beside(text);
    return is_name || is_ollama ? QUILL_OK : fail(err, QUILL_E_MODEL, "no name of a model: %s", QUOTED(text));
}
