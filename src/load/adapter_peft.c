// SPDX-License-Identifier: MIT
// adapter_config.json: what PEFT computes with an adapter's matrices (peft 0.21, LoraConfig). Everything that it may
// ask for besides plain low-rank sums is refused by its name.
#include <math.h>
#include <stdio.h>

#include "adapter_peft.h"
#include "base/alloc.h"
#include "model/hparams.h"
#include "sampler/limited_regex.h"

enum {
    MOST_REGEXES = 64,
    REGEX_STEPS = 2000, // match limit: names of modules are short
};

// A key of rank_pattern or alpha_pattern: a regular expression for the end of a module's name, from a dot on.
struct pattern {
    struct str text;
    double value;
    bool plain; // only letters, digits, - _ and dots, each of which stands for any character
    struct limited_regex regex;
};

struct patterns {
    struct pattern *list; // [n]
    size_t n;
};

struct peft {
    const struct weights *w; // borrowed
    struct patterns ranks, alphas;
    double rank, alpha;
    bool by_root; // use_rslora
};

// ---- what is refused ------------------------------------------------------------------------------------------------

// Keys whose value may be true, or an object with members, without a change of what is computed from the file.
static const char *const harmless[] = {
    "inference_mode", "use_rslora", "fan_in_fan_out", "init_lora_weights", "rank_pattern", "alpha_pattern",
    "auto_mapping", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config",
};
// Lists and numbers that would change it.
static const char *const lists[] = {
    "layer_replication", "trainable_token_indices", "target_parameters", "alora_invocation_tokens",
};
static const char saved[] = "modules_to_save";
// Of init_lora_weights: the adapter belongs to other weights than those of the base.
static const char *const changed_bases[] = {"pissa", "olora", "corda", "loftq", "lora_ga"};

static bool is_in(struct str key, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_is(key, list[i])) return true;
    return false;
}
#define IS_IN(key, list) is_in(key, list, sizeof(list) / sizeof(list)[0])

static bool is_top_level(struct str key) { return !memchr(key.p, '.', key.n); }

// Whether the object at index i of the metadata has members.
static bool has_members(const struct weights *w, size_t i) {
    const struct str key = w->meta[i].key;
    const struct str next = i + 1 < w->n_meta ? w->meta[i + 1].key : (struct str){NULL, 0};
    return next.n > key.n && next.p[key.n] == '.' && memcmp(next.p, key.p, key.n) == 0;
}

static quill_status refuse(const struct weights *w, struct str key, const char *expected, const char *found,
                           quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: adapter_config.json: '%s': expected %s, found %s", QUOTED(str_of(w->path)),
                QUOTED(key), expected, found);
}

static quill_status check_key(const struct weights *w, size_t i, quill_error *err) {
    const struct meta *m = &w->meta[i];
    if (!is_top_level(m->key)) return QUILL_OK;
    if (str_is(m->key, saved)) {
        const bool words = m->kind == META_NULL || (m->kind == META_ARRAY && (m->a.n == 0 || m->a.kind == META_STRING));
        return words ? QUILL_OK : refuse(w, m->key, "a list of names", "another value", err);
    }
    if (IS_IN(m->key, lists)) {
        const bool none = m->kind == META_NULL || (m->kind == META_ARRAY && m->a.n == 0) ||
                          (m->kind == META_OBJECT && !has_members(w, i));
        return none ? QUILL_OK : refuse(w, m->key, "null", "a value, which is not supported", err);
    }
    if (str_is(m->key, "init_lora_weights") && m->kind == META_STRING) {
        for (size_t k = 0; k < sizeof changed_bases / sizeof changed_bases[0]; k++)
            if (str_starts(m->s, str_of(changed_bases[k])))
                return refuse(w, m->key, "an adapter to the weights of the base", "one to changed weights", err);
        return QUILL_OK;
    }
    if (IS_IN(m->key, harmless)) return QUILL_OK;
    if (m->kind == META_BOOL && m->b) return refuse(w, m->key, "false", "true, which is not supported", err);
    if (m->kind == META_OBJECT && has_members(w, i))
        return refuse(w, m->key, "null", "an object, which is not supported", err);
    return QUILL_OK;
}

static quill_status expect_word(const struct weights *w, const char *key, const char *word, bool required,
                                quill_error *err) {
    struct str value = {NULL, 0};
    bool found;
    quill_status s = meta_string(w, key, &value, &found, err);
    if (s || (found ? str_is(value, word) : !required)) return s;
    if (!found) return refuse(w, str_of(key), word, "none", err);
    return fail(err, QUILL_E_MODEL, "%s: adapter_config.json: '%s': expected %s, found '%s', which is not supported",
                QUOTED(str_of(w->path)), key, word, QUOTED(value));
}

// ---- patterns -------------------------------------------------------------------------------------------------------

static bool is_plain(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '-' && c != '.') return false;
    }
    return true;
}

static quill_status compile(struct pattern *p, const struct weights *w, struct str key, quill_error *err) {
    struct regex_mistake mistake;
    const size_t n = p->text.n + 16;
    char *whole = alloc_array(n, 1);
    if (!whole) return fail_memory(err);
    snprintf(whole, n, "(?:.*\\.)?(?:%.*s)$", (int)p->text.n, p->text.p);
    quill_status s =
        limited_regex_compile(&p->regex, str_of(whole), PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY, &mistake, err);
    free(whole);
    if (!s) pcre2_set_match_limit(p->regex.limits, REGEX_STEPS);
    if (s != QUILL_E_USAGE) return s;
    return fail(err, QUILL_E_MODEL, "%s: adapter_config.json: '%s': expected a regular expression, found a mistake: %s",
                QUOTED(str_of(w->path)), QUOTED(key), mistake.reason);
}

static quill_status number_of(const struct weights *w, const struct meta *m, double *out, quill_error *err) {
    if (m->kind != META_INT && m->kind != META_FLOAT) return refuse(w, m->key, "a number", "another value", err);
    *out = m->kind == META_INT ? (double)m->i : m->f;
    return QUILL_OK;
}

// Reads the members of an object, in the file's order, whose names are `key` and a dot.
static quill_status read_patterns(struct patterns *p, const struct weights *w, struct str key, quill_error *err) {
    size_t n = 0, regexes = 0;
    for (size_t i = 0; i < w->n_meta; i++) n += str_starts(w->meta[i].key, key);
    p->list = alloc_zeroed(n + 1, sizeof *p->list);
    if (!p->list) return fail_memory(err);
    for (size_t i = 0; i < w->n_meta; i++) {
        const struct meta *m = &w->meta[i];
        if (!str_starts(m->key, key)) continue;
        struct pattern *pattern = &p->list[p->n++];
        pattern->text = (struct str){m->key.p + key.n, m->key.n - key.n};
        pattern->plain = is_plain(pattern->text);
        quill_status s = number_of(w, m, &pattern->value, err);
        if (!s && !pattern->plain && ++regexes > MOST_REGEXES)
            s = refuse(w, m->key, "at most 64 regular expressions", "more", err);
        if (!s && !pattern->plain) s = compile(pattern, w, m->key, err);
        if (s) return s;
    }
    return QUILL_OK;
}

static void free_patterns(struct patterns *p) {
    for (size_t i = 0; i < p->n; i++) limited_regex_free(&p->list[i].regex);
    free(p->list);
}

static bool plain_match(struct str text, struct str module) {
    if (text.n > module.n) return false;
    const size_t first = module.n - text.n;
    if (first > 0 && module.p[first - 1] != '.') return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '.' && text.p[i] != module.p[first + i]) return false;
    return true;
}

// The value of the first pattern that matches; else `otherwise`.
static quill_status value_of(const struct peft *peft, const struct patterns *p, struct str module, double otherwise,
                             double *value, quill_error *err) {
    *value = otherwise;
    for (size_t i = 0; i < p->n; i++) {
        const struct pattern *pattern = &p->list[i];
        const struct limited_regex *re = &pattern->regex;
        int rc = PCRE2_ERROR_NOMATCH;
        if (pattern->plain) rc = plain_match(pattern->text, module) ? 1 : rc;
        else rc = pcre2_match(re->code, (PCRE2_SPTR)module.p, module.n, 0, 0, re->data, re->limits);
        if (rc == PCRE2_ERROR_NOMEMORY) return fail_memory(err);
        if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
            return refuse(peft->w, pattern->text, "a pattern that ends soon", "one that does not", err);
        if (rc >= 0) return *value = pattern->value, QUILL_OK;
    }
    return QUILL_OK;
}

// ---- the configuration ----------------------------------------------------------------------------------------------

static quill_status read_numbers(struct peft *p, quill_error *err) {
    bool found;
    double rank = 8, alpha = 8; // the defaults of the class
    quill_status s = meta_float(p->w, "r", &rank, &found, err);
    if (!s) s = meta_float(p->w, "lora_alpha", &alpha, &found, err);
    if (!s) s = meta_bool(p->w, "use_rslora", &p->by_root, &found, err);
    p->rank = rank;
    p->alpha = alpha;
    return s;
}

quill_status peft_create(struct peft **out, const struct weights *w, quill_error *err) {
    struct peft *p = alloc_zeroed(1, sizeof *p);
    *out = NULL;
    if (!p) return fail_memory(err);
    p->w = w;
    quill_status s = expect_word(w, "peft_type", "LORA", true, err);
    if (!s) s = expect_word(w, "bias", "none", false, err);
    for (size_t i = 0; i < w->n_meta && !s; i++) s = check_key(w, i, err);
    if (!s) s = read_numbers(p, err);
    if (!s) s = read_patterns(&p->ranks, w, STR("rank_pattern."), err);
    if (!s) s = read_patterns(&p->alphas, w, STR("alpha_pattern."), err);
    if (s) peft_free(p);
    else *out = p;
    return s;
}

void peft_free(struct peft *p) {
    if (!p) return;
    free_patterns(&p->ranks);
    free_patterns(&p->alphas);
    free(p);
}

bool peft_saves(const struct peft *p, struct str tensor) {
    const struct meta *m = weights_meta(p->w, str_of(saved));
    const struct str weight = STR(".weight");
    if (!m || m->kind != META_ARRAY || !str_ends(tensor, weight)) return false;
    const struct str module = {tensor.p, tensor.n - weight.n};
    for (uint64_t i = 0; i < m->a.n; i++) {
        const struct str name = m->a.items[i].s;
        const bool whole = name.n == module.n || (name.n < module.n && module.p[module.n - name.n - 1] == '.');
        if (whole && str_ends(module, name)) return true;
    }
    return false;
}

quill_status peft_module(const struct peft *p, struct str module, uint64_t *rank, double *scale, quill_error *err) {
    double r, alpha;
    quill_status s = value_of(p, &p->ranks, module, p->rank, &r, err);
    if (!s) s = value_of(p, &p->alphas, module, p->alpha, &alpha, err);
    if (s) return s;
    if (!(r >= 1 && r <= MAX_EMBD) || floor(r) != r)
        return fail(err, QUILL_E_MODEL,
                    "%s: adapter_config.json: rank of '%s': expected a whole number from 1 to %d, found %g",
                    QUOTED(str_of(p->w->path)), QUOTED(module), MAX_EMBD, r);
    *rank = (uint64_t)r;
    *scale = alpha / (p->by_root ? sqrt(r) : r);
    return QUILL_OK;
}
