// SPDX-License-Identifier: MIT
#include "text_out.h"

#include "base/utf8.h"

static bool add_replaced(struct buffer *out, const char *p, size_t n) {
    // A byte may become the three bytes of U+FFFD.
    if (n > SIZE_MAX / 3 || !buffer_reserve(out, 3 * n)) return false;
    for (size_t i = 0, length; i < n; i += length) {
        int step = utf8_step(p + i, n - i, NULL);
        length = (size_t)(step < 0 ? -step : step);
        bool added = step < 0 ? buffer_add_str(out, STR(UTF8_REPLACEMENT)) : buffer_add(out, p + i, length);
        if (!added) return false;
    }
    return true;
}

bool text_take(struct text_out *text, const char *bytes, size_t n, bool final, struct str *piece) {
    size_t before = text->out.n;
    if (n > text->taken) {
        const char *p = bytes + text->taken;
        n -= text->taken;
        if (!text->raw && !final) n -= utf8_unfinished_tail(p, n);
        if (!(text->raw ? buffer_add(&text->out, p, n) : add_replaced(&text->out, p, n))) return false;
        text->taken += n;
    }
    *piece = (struct str){text->out.p ? text->out.p + before : NULL, text->out.n - before};
    return true;
}
