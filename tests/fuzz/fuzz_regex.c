// SPDX-License-Identifier: MIT
// A stop regex, a line `====`, a text: looked for while the text grows.
#include "fuzz.h"
#include "sampler/stop_regex.h"

// What is said about a beginning holds for the whole: no match of the whole begins where the beginning ruled it out.
static quill_status grow(struct stop_regex *re, struct str text, quill_error *err) {
    struct regex_hit whole, hit;
    quill_status s = stop_regex_search(re, text, 0, true, &whole, err);
    if (s) return s;
    CLAIM(whole.kind != REGEX_POSSIBLE && whole.end <= text.n && whole.begin <= whole.end);
    size_t step = text.n / 16 + 1;
    for (size_t n = 0; n < text.n; n += step) {
        s = stop_regex_search(re, (struct str){text.p, n}, 0, false, &hit, err);
        if (s) return s;
        CLAIM(hit.begin <= n && hit.end <= n && hit.begin <= hit.end);
    }
    return QUILL_OK;
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, part = fuzz_part(&rest, "====");
    if (part.n && part.p[part.n - 1] == '\n') part.n--;
    char *pattern = strndup(part.n ? part.p : "", part.n);
    struct stop_regex *re = NULL;
    CLAIM(pattern);
    quill_status s = stop_regex_create(&re, pattern, err);
    if (!s) s = grow(re, (struct str){rest.p, rest.n < 2048 ? rest.n : 2048}, err);
    stop_regex_free(re);
    free(pattern);
    return s;
}
