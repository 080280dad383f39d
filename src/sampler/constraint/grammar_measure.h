// SPDX-License-Identifier: MIT
// How short and how long what an expression matches is.
#ifndef QUILL_SAMPLER_CONSTRAINT_GRAMMAR_MEASURE_H
#define QUILL_SAMPLER_CONSTRAINT_GRAMMAR_MEASURE_H

#include "grammar_tree.h"

#define VERY_MANY (NEVER - 1) // or more

static inline uint32_t many_plus(uint32_t a, uint32_t b) {
    if (a == NEVER || b == NEVER) return NEVER;
    return a > VERY_MANY - b ? VERY_MANY : a + b;
}
static inline uint32_t many_times(uint32_t n, uint32_t a) {
    if (n == 0) return 0;
    if (a == NEVER) return NEVER;
    return a > VERY_MANY / n ? VERY_MANY : a * n;
}

struct measures {
    uint32_t *least; // [n_exprs] bytes of the shortest text; NEVER: there is none. 0: the empty text matches
    uint32_t *most;  // [n_exprs] characters of the longest text; NEVER: there is none, or it depends on a rule that
                     // comes back to itself
    uint32_t *parts; // [n_exprs] how many expressions it consists of, the rules it refers to included; NEVER likewise
};

bool measures_find(struct measures *m, const struct grammar *g); // false: no memory
void measures_free(struct measures *m);
uint32_t char_bytes(const struct char_set *set); // of the shortest character; NEVER: the set is empty

#endif
