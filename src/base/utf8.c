// SPDX-License-Identifier: MIT
#include "utf8.h"

#include "bytes.h"

// What a first byte says: the character's length and the range of its second byte; length 0: not a first byte.
struct lead {
    int length;
    uint8_t low, high;
};

static struct lead lead_of(uint8_t first) {
    if (first < 0x80) return (struct lead){1, 0, 0};
    if (first < 0xc2) return (struct lead){0, 0, 0};
    if (first < 0xe0) return (struct lead){2, 0x80, 0xbf};
    if (first == 0xe0) return (struct lead){3, 0xa0, 0xbf};
    if (first == 0xed) return (struct lead){3, 0x80, 0x9f};
    if (first < 0xf0) return (struct lead){3, 0x80, 0xbf};
    if (first == 0xf0) return (struct lead){4, 0x90, 0xbf};
    if (first < 0xf4) return (struct lead){4, 0x80, 0xbf};
    if (first == 0xf4) return (struct lead){4, 0x80, 0x8f};
    return (struct lead){0, 0, 0};
}

// How many bytes, of the length that the lead says, are present and fit: 1..length.
static int fitting(const uint8_t *p, size_t n, struct lead lead) {
    int k = 1;
    for (; k < lead.length && (size_t)k < n; k++) {
        uint8_t low = k == 1 ? lead.low : 0x80, high = k == 1 ? lead.high : 0xbf;
        if (p[k] < low || p[k] > high) break;
    }
    return k;
}

int utf8_step(const char *text, size_t n, uint32_t *code) {
    const uint8_t *p = (const uint8_t *)text;
    struct lead lead = lead_of(p[0]);
    if (lead.length == 0) return -1;
    int k = fitting(p, n, lead);
    if (k < lead.length) return -k;
    if (code) {
        uint32_t c = lead.length == 1 ? p[0] : (uint32_t)p[0] & (0x7fu >> lead.length);
        for (int i = 1; i < lead.length; i++) c = c << 6 | (p[i] & 0x3fu);
        *code = c;
    }
    return lead.length;
}

bool utf8_is_beginning(const char *text, size_t n) {
    const uint8_t *p = (const uint8_t *)text;
    if (n == 0) return false;
    struct lead lead = lead_of(p[0]);
    return n < (size_t)lead.length && (size_t)fitting(p, n, lead) == n;
}

size_t utf8_unfinished_tail(const char *p, size_t n) {
    for (size_t k = 1; k <= 3 && k <= n; k++)
        if (((uint8_t)p[n - k] & 0xc0) != 0x80) return utf8_is_beginning(p + n - k, k) ? k : 0;
    return 0;
}

int utf8_write(char out[4], uint32_t code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    int length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> length) | code);
    return length;
}

size_t utf8_valid_run(const char *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8 && !(load_u64(p + i) & 0x8080808080808080u)) {
            i += 8;
            continue;
        }
        int step = utf8_step(p + i, n - i, NULL);
        if (step < 0) break;
        i += (size_t)step;
    }
    return i;
}
