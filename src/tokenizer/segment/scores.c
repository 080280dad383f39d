// SPDX-License-Identifier: MIT
#include "scores.h"

#include <math.h>

#include "base/alloc.h"

quill_status scores_copy(double **out, const struct vocab_spec *spec, quill_error *err) {
    const char *file = QUOTED(str_of(spec->file));
    *out = NULL;
    if (!spec->scores) return fail(err, QUILL_E_MODEL, "%s: scores: expected one for each token, found none", file);
    if (spec->n_merges || spec->ignore_merges)
        return fail(err, QUILL_E_MODEL, "%s: merges: expected none with scores, found them", file);
    for (size_t i = 0; i < spec->n_tokens; i++)
        if (!isfinite(spec->scores[i]))
            return fail(err, QUILL_E_MODEL, "%s: score of token %zu: expected a finite number, found %f", file, i,
                        spec->scores[i]);
    *out = alloc_array(spec->n_tokens, sizeof **out);
    if (!*out) return fail_memory(err);
    memcpy(*out, spec->scores, spec->n_tokens * sizeof **out);
    return QUILL_OK;
}
