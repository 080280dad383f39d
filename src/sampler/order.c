// SPDX-License-Identifier: MIT
// The names of the chain's steps, and an order given by them.
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "quill/sampler.h"

static const struct name {
    const char *text;
    quill_step step;
} names[] = {
    {"penalties", QUILL_STEP_PENALTIES},
    {"dry", QUILL_STEP_DRY},
    {"top_n_sigma", QUILL_STEP_TOP_N_SIGMA},
    {"top_k", QUILL_STEP_TOP_K},
    {"typ_p", QUILL_STEP_TYPICAL_P},
    {"top_p", QUILL_STEP_TOP_P},
    {"min_p", QUILL_STEP_MIN_P},
    {"epsilon_cutoff", QUILL_STEP_EPSILON},
    {"eta_cutoff", QUILL_STEP_ETA},
    {"xtc", QUILL_STEP_XTC},
    {"temperature", QUILL_STEP_TEMPERATURE},
    {"typical_p", QUILL_STEP_TYPICAL_P}, // other spellings from here on
    {"typical", QUILL_STEP_TYPICAL_P},
    {"typ", QUILL_STEP_TYPICAL_P},
    {"nucleus", QUILL_STEP_TOP_P},
    {"temp", QUILL_STEP_TEMPERATURE},
};

// A dash is an underscore.
static bool is_name(const char *name, struct str typed) {
    size_t i = 0;
    while (i < typed.n && name[i] && name[i] == (typed.p[i] == '-' ? '_' : typed.p[i])) i++;
    return i == typed.n && name[i] == 0;
}

static const struct name *find_name(struct str typed) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_name(names[i].text, typed)) return &names[i];
    return NULL;
}

static struct str without_blanks(struct str text) {
    while (text.n && text.p[0] == ' ') text.p++, text.n--;
    while (text.n && text.p[text.n - 1] == ' ') text.n--;
    return text;
}

static quill_status add_step(quill_sampling *sampling, struct str typed, quill_error *err) {
    const struct name *name = find_name(typed);
    if (!name)
        return fail(err, QUILL_E_USAGE,
                    "samplers: expected names out of penalties dry top_n_sigma top_k typ_p top_p min_p "
                    "epsilon_cutoff eta_cutoff xtc temperature, found '%s'",
                    QUOTED(typed));
    for (size_t i = 0; i < sampling->n_steps; i++)
        if (sampling->steps[i] == name->step)
            return fail(err, QUILL_E_USAGE, "samplers: expected each name once, found %s twice", name->text);
    sampling->steps[sampling->n_steps++] = (uint8_t)name->step;
    return QUILL_OK;
}

quill_status quill_sampling_order(quill_sampling *sampling, const char *text, quill_error *err) {
    sampling->n_steps = 0;
    for (const char *at = text; *text; at++) {
        at += strcspn(at, ";,");
        quill_status s = add_step(sampling, without_blanks((struct str){text, (size_t)(at - text)}), err);
        if (s || *at == 0) return s;
        text = at + 1;
        if (*text == 0) return add_step(sampling, (struct str){"", 0}, err);
    }
    return QUILL_OK;
}
