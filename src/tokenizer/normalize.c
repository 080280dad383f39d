// SPDX-License-Identifier: MIT
#include "normalize.h"

#include "blanks.h"

// The steps by kind, under their names in tokenizer.json.
static const struct {
    const char *name;
    bool left_out; // not applied, and quill_tokenizer_info reports it; false: not supported
} steps[NORMALIZERS] = {
    [NORMALIZE_NFC] = {"NFC", true},
    [NORMALIZE_NFD] = {"NFD", false},
    [NORMALIZE_NFKC] = {"NFKC", false},
    [NORMALIZE_NFKD] = {"NFKD", false},
    [NORMALIZE_LOWERCASE] = {"Lowercase", false},
    [NORMALIZE_STRIP_ACCENTS] = {"StripAccents", false},
};

quill_status normalizer_set(struct normalizer *normalizer, const struct vocab_spec *spec, quill_error *err) {
    *normalizer = (struct normalizer){.prefix = spec->dummy_prefix,
                                      .marks_to_blanks = spec->spelling == SPELLED_BLANKS};
    if (spec->dummy_prefix == PREFIX_ALWAYS && spec->model == VOCAB_BPE)
        return fail(err, QUILL_E_MODEL, "%s: dummy_prefix: a space in front of every text is not supported",
                    QUOTED(str_of(spec->file)));
    for (size_t i = 0; i < spec->n_normalizers; i++) {
        if (!steps[spec->normalizers[i]].left_out)
            return fail(err, QUILL_E_MODEL, "%s: normalizer '%s' is not supported", QUOTED(str_of(spec->file)),
                        steps[spec->normalizers[i]].name);
        normalizer->nfc_left_out = true;
    }
    return QUILL_OK;
}

bool normalizer_loses(const struct normalizer *normalizer) {
    return normalizer->prefix != PREFIX_NONE || normalizer->marks_to_blanks;
}

bool normalize(const struct normalizer *normalizer, struct buffer *room, struct str *text) {
    const bool marks = normalizer->marks_to_blanks && has_blank_mark(*text);
    const bool blank = text->n && (text->p[0] == ' ' || (marks && str_starts(*text, STR(BLANK_MARK))));
    const bool wanted = normalizer->prefix == PREFIX_ALWAYS || (normalizer->prefix == PREFIX_UNLESS_SPACE && !blank);
    const bool prefix = wanted && text->n;
    if (!prefix && !marks) return true;
    room->n = 0;
    if (!buffer_reserve(room, text->n + 1)) return false;
    if (prefix) room->p[room->n++] = ' ';
    room->n += blanks_of_marks(room->p + room->n, *text);
    *text = buffer_str(room);
    return true;
}
