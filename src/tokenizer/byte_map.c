// SPDX-License-Identifier: MIT
#include "byte_map.h"

// The three runs of bytes that do not print: 0..0x20, 0x7f..0xa0, and 0xad (soft hyphen).
uint32_t byte_to_code(uint8_t byte) {
    if (byte <= 0x20) return 0x100u + byte;
    if (byte >= 0x7f && byte <= 0xa0) return 0x121u + (byte - 0x7fu);
    return byte == 0xad ? 0x143u : byte;
}

// The byte of a two-byte UTF-8 character with `code`; -1: none.
static int byte_of_code(unsigned code) {
    if (code >= 0xa1 && code <= 0xff) return code == 0xad ? -1 : (int)code;
    if (code >= 0x100 && code <= 0x120) return (int)code - 0x100;
    if (code >= 0x121 && code <= 0x142) return (int)code - 0x121 + 0x7f;
    return code == 0x143 ? 0xad : -1;
}

bool bytes_of_text(char *out, size_t *n, struct str text) {
    size_t i = 0, k = 0;
    while (i < text.n) {
        unsigned c = (uint8_t)text.p[i];
        if (c - 0x21 <= 0x7e - 0x21) {
            out[k++] = (char)c;
            i++;
            continue;
        }
        // The characters of the map above ASCII begin with C2 to C5.
        unsigned next = i + 1 < text.n ? (uint8_t)text.p[i + 1] : 0;
        if (c < 0xc2 || c > 0xc5 || (next & 0xc0) != 0x80) return false;
        int byte = byte_of_code((c & 0x1f) << 6 | (next & 0x3f));
        if (byte < 0) return false;
        out[k++] = (char)byte;
        i += 2;
    }
    *n = k;
    return true;
}
