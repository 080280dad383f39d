// SPDX-License-Identifier: MIT
// Tensors of a GGUF file that the family has no row for. In a block, or beside the embedding and the head, they would
// change what the model computes; elsewhere (images, sounds) they are of no concern.
#include <inttypes.h>
#include <string.h>

#include "bind.h"

static bool begins_with(struct str name, const char *word) {
    const size_t n = strlen(word);
    return name.n >= n && memcmp(name.p, word, n) == 0;
}

// The layer of "blk.7.name", and the name; -1: it is not of a layer.
static int32_t layer_of(struct str *name) {
    int32_t layer = 0;
    size_t i = 4;
    if (!begins_with(*name, "blk.")) return -1;
    for (; i < name->n && name->p[i] >= '0' && name->p[i] <= '9' && layer <= MAX_LAYER; i++)
        layer = 10 * layer + (name->p[i] - '0');
    if (i == 4 || i == name->n || name->p[i] != '.') return -1;
    *name = (struct str){name->p + i + 1, name->n - i - 1};
    return layer;
}

static bool is_known(const struct family *family, struct str name, bool of_layer) {
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));) {
        const char *rest = strchr(row->name, '%'); // "%d.attn_q.weight"
        if (row->kind == BIND_NORM || !rest != !of_layer) continue;
        if (str_is(name, rest ? rest + 3 : row->name)) return true;
    }
    return false;
}

quill_status bind_check_leftovers(const struct model *model, const struct weights *w, quill_error *err) {
    static const char *const heads[] = {"output", "token_embd", "position_embd", "rope_f"};
    for (size_t i = 0; i < w->n_tensors && w->format == WEIGHTS_GGUF; i++) {
        struct str name = w->tensors[i].name;
        const int32_t layer = layer_of(&name);
        bool counts = layer >= 0 && layer < model->hp.n_layer;
        for (size_t k = 0; k < sizeof heads / sizeof heads[0] && layer < 0; k++)
            counts = counts || begins_with(name, heads[k]);
        if (!counts || is_known(model->family, name, layer >= 0)) continue;
        return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected none of this name in a %s model",
                    QUOTED(str_of(w->path)), QUOTED(w->tensors[i].name), family_name(model->family, WEIGHTS_GGUF));
    }
    return QUILL_OK;
}
