// SPDX-License-Identifier: MIT
#include "family.h"

// The families; each is the constant family_<name> in a file of its own.
#define FAMILIES(row) row(gpt2)

#define DECLARATION(name) extern const struct family family_##name;
FAMILIES(DECLARATION)

#define POINTER(name) &family_##name,
static const struct family *const families[] = {FAMILIES(POINTER)};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

const struct family *family_find(struct str name) {
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (str_is(name, families[i]->name)) return families[i];
    return NULL;
}

const struct family *family_at(size_t index) { return index < N_FAMILIES ? families[index] : NULL; }
