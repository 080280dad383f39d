// SPDX-License-Identifier: MIT
#include "ids.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/meminfo.h"

bool ids_reserve(quill_ids *list, size_t more) {
    size_t need, cap = list->cap < 16 ? 32 : list->cap + list->cap / 2;
    if (!checked_add_size(&need, list->n, more)) return false;
    if (need <= list->cap) return true;
    if (cap < need) cap = need;
    if (!meminfo_has_room((uint64_t)(cap - list->cap) * sizeof *list->ids)) return false;
    int32_t *ids = alloc_resize(list->ids, cap, sizeof *ids);
    if (!ids) return false;
    list->ids = ids;
    list->cap = cap;
    return true;
}

void quill_ids_free(quill_ids *list) {
    free(list->ids);
    *list = (quill_ids){0};
}
