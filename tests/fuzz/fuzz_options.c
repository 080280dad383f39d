// SPDX-License-Identifier: MIT
// A command line: arguments end with a newline, the first may be a verb.
#include "fuzz.h"
#undef QUOTED // the program has its own
#include "cli/options/options.h"
#include "cli/run/request.h"

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    enum { MOST = 64 };
    char *text = malloc(size + 1), program[] = "quill", *args[MOST + 1] = {program};
    CLAIM(text);
    int n = 1;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *p = text; n <= MOST; *p++ = '\0') {
        args[n++] = p;
        p += strcspn(p, "\n");
        if (!*p) break;
    }
    const struct verb *verb = verb_find(args[1]);
    int first = verb && verb->run && verb->name[0] ? 1 : 0;
    struct options o;
    quill_status s = options_parse(&o, first ? verb : verbs, args + first, n - first, err);
    quill_request request;
    struct request_parts parts = {0};
    if (!s) {
        s = request_build(&request, &parts, &o, err);
        request_parts_free(&parts);
    }
    options_free(&o);
    free(text);
    return s;
}
