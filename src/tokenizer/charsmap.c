// SPDX-License-Identifier: MIT
#include "charsmap.h"

#include "base/alloc.h"
#include "base/bytes.h"

// A unit of a double array: the byte that leads here, whether a value lies below, and the offset of what lies below.
static bool has_value(uint32_t unit) { return unit >> 8 & 1; }
static uint32_t value_of(uint32_t unit) { return unit & 0x7fffffff; }
static uint32_t label_of(uint32_t unit) { return unit & 0x800000ff; }
static uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1 << 9) >> 6); }

quill_status charsmap_read(struct charsmap *map, struct str bytes, const char *file, quill_error *err) {
    *map = (struct charsmap){0};
    const size_t size = bytes.n >= 4 ? load_u32(bytes.p) : 0, rest = bytes.n >= 4 ? bytes.n - 4 : 0;
    if (size == 0 || size > rest || size % 4)
        return fail(err, QUILL_E_MODEL, "%s: precompiled_charsmap: expected a trie within its %zu bytes, found %zu",
                    QUOTED(str_of(file)), bytes.n, size);
    map->n_units = size / 4;
    map->n_replacements = rest - size + 1;
    map->units = alloc_array(map->n_units, sizeof *map->units);
    map->replacements = alloc_array(map->n_replacements, 1);
    if (!map->units || !map->replacements) {
        charsmap_free(map);
        return fail_memory(err);
    }
    for (size_t i = 0; i < map->n_units; i++) map->units[i] = load_u32(bytes.p + 4 + 4 * i);
    memcpy(map->replacements, bytes.p + 4 + size, rest - size);
    map->replacements[rest - size] = '\0';
    for (size_t byte = 0; byte < 256; byte++) {
        const size_t at = offset_of(map->units[0]) ^ byte;
        map->begins[byte] = at < map->n_units && label_of(map->units[at]) == byte;
        map->alone[byte] = map->begins[byte] && has_value(map->units[at]);
    }
    return QUILL_OK;
}

void charsmap_free(struct charsmap *map) {
    free(map->units);
    free(map->replacements);
    *map = (struct charsmap){0};
}

size_t charsmap_find(const struct charsmap *map, const char *p, size_t n, bool shortest, struct str *replacement) {
    size_t at = offset_of(map->units[0]), found = 0, value = 0;
    for (size_t i = 0; i < n; i++) {
        at ^= (uint8_t)p[i];
        if (at >= map->n_units || label_of(map->units[at]) != (uint8_t)p[i]) break;
        const uint32_t unit = map->units[at];
        at ^= offset_of(unit);
        if (!has_value(unit) || at >= map->n_units || value_of(map->units[at]) >= map->n_replacements) continue;
        value = value_of(map->units[at]);
        found = i + 1;
        if (shortest) break;
    }
    if (found) *replacement = str_of(map->replacements + value);
    return found;
}
