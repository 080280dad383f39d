// SPDX-License-Identifier: MIT
#include "reader.h"

#include "bytes.h"

uint32_t reader_u32le(struct reader *r) {
    const uint8_t *p = reader_take(r, 4);
    return p ? load_u32(p) : 0;
}

uint64_t reader_u64le(struct reader *r) {
    const uint8_t *p = reader_take(r, 8);
    return p ? load_u64(p) : 0;
}

struct str reader_string64(struct reader *r, uint64_t limit) {
    uint64_t n = reader_u64le(r);
    if (n > limit) r->failed = true;
    const uint8_t *p = reader_take(r, n);
    return p ? (struct str){(const char *)p, (size_t)n} : (struct str){NULL, 0};
}
