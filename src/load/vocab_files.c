// SPDX-License-Identifier: MIT
// The tokenizer of a Hugging Face directory: tokenizer.json, or tokenizer.model, or vocab.json with merges.txt as in
// GPT-2, and what other files add to them.
#include "base/alloc.h"
#include "tokenizer/blanks.h"
#include "vocab_config.h"
#include "vocab_files.h"
#include "vocab_owner.h"

// ---- what the readers share -----------------------------------------------------------------------------------------

quill_status vocab_refuse(const struct vocab_reading *r, const char *what) {
    if (what) return fail(r->err, QUILL_E_MODEL, "%s/%s: %s", QUOTED(str_of(r->directory)), r->file, what);
    return fail_at(r->err, QUILL_E_MODEL, r->walk.at, "%s/%s: %s (byte %zu)", QUOTED(str_of(r->directory)), r->file,
                   r->walk.mistake, r->walk.at);
}

quill_status vocab_lacks(const struct vocab_reading *r, const char *part, struct str name) {
    if (name.n >= 2 && name.p[0] == '"') name = (struct str){name.p + 1, name.n - 2};
    return fail(r->err, QUILL_E_MODEL, "%s/%s: %s '%s' is not supported", QUOTED(str_of(r->directory)), r->file, part,
                QUOTED(name));
}

bool vocab_natural(struct str written, int32_t *value) {
    int32_t sum = 0;
    if (written.n == 0 || written.n > 9) return false;
    for (size_t i = 0; i < written.n; i++) {
        if (written.p[i] < '0' || written.p[i] > '9') return false;
        sum = sum * 10 + (written.p[i] - '0');
    }
    *value = sum;
    return true;
}

struct str vocab_member(struct str object, const char *quoted_name) {
    struct json_walk walk = {.text = object};
    struct str name, value;
    if (!object.n || object.p[0] != '{') return (struct str){NULL, 0};
    json_enter(&walk);
    while (json_member(&walk, &name, &value))
        if (str_is(name, quoted_name)) return value;
    return (struct str){NULL, 0};
}

bool vocab_text(struct vocab_reading *r, struct str written, struct str *out) {
    *out = (struct str){NULL, 0};
    return !written.n || written.p[0] != '"' || json_unquote(written, &r->owner->arena, out);
}

// Makes room for one more element of a list, whose capacity doubles.
static bool make_room(void **list, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return true;
    void *grown = alloc_resize(*list, *cap ? 2 * *cap : 1024, size);
    if (!grown) return false;
    *list = grown;
    *cap = *cap ? 2 * *cap : 1024;
    return true;
}

quill_status vocab_add_entry(struct vocab_reading *r, struct vocab_entry entry) {
    struct vocab_owner *o = r->owner;
    if (o->n_entries == MOST_TOKENS) return vocab_refuse(r, "expected at most 2097152 tokens, found more");
    void *list = o->entries;
    bool ok = make_room(&list, o->n_entries, &o->entries_cap, sizeof entry);
    o->entries = list;
    if (!ok) return fail_memory(r->err);
    o->entries[o->n_entries++] = entry;
    return QUILL_OK;
}

quill_status vocab_add_merge(struct vocab_reading *r, struct str merge) {
    struct vocab_owner *o = r->owner;
    if (o->n_merges == MOST_MERGES) return vocab_refuse(r, "expected at most 4194303 merges, found more");
    void *list = o->merges;
    bool ok = make_room(&list, o->n_merges, &o->merges_cap, sizeof merge);
    o->merges = list;
    if (!ok) return fail_memory(r->err);
    o->merges[o->n_merges++] = merge;
    return QUILL_OK;
}

// ---- vocab.json and merges.txt --------------------------------------------------------------------------------------

static quill_status bad_line(const struct vocab_reading *r, size_t line, struct str text) {
    return fail(r->err, QUILL_E_MODEL,
                "%s/merges.txt: line %zu: expected two tokens and a space between them, found '%s'",
                QUOTED(str_of(r->directory)), line, QUOTED(text));
}

static quill_status read_merges_txt(struct vocab_reading *r, struct str text) {
    struct str rest = json_without_bom(text);
    r->file = "merges.txt";
    for (size_t line = 1; rest.n; line++) {
        const char *newline = memchr(rest.p, '\n', rest.n);
        struct str merge = {rest.p, newline ? (size_t)(newline - rest.p) : rest.n};
        size_t step = merge.n + (newline != NULL);
        rest = (struct str){rest.p + step, rest.n - step};
        if (merge.n && merge.p[merge.n - 1] == '\r') merge.n--;
        if (merge.n && memchr(merge.p, '\r', merge.n)) return bad_line(r, line, merge); // not the end of a line
        if (line == 1 && str_starts(merge, STR("#version"))) continue;
        if (!merge.n && !rest.n) break;
        const char *blank = merge.n ? memchr(merge.p, ' ', merge.n) : NULL;
        size_t left = blank ? (size_t)(blank - merge.p) : 0;
        if (!left || left + 1 == merge.n || memchr(blank + 1, ' ', merge.n - left - 1)) return bad_line(r, line, merge);
        quill_status status = vocab_add_merge(r, merge);
        if (status) return status;
    }
    return QUILL_OK;
}

static quill_status read_gpt2_files(struct vocab_reading *r, const struct vocab_files *files) {
    if (!files->vocab_json.n || !files->merges_txt.n)
        return fail(r->err, QUILL_E_MODEL,
                    "%s: expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt, found %s",
                    QUOTED(str_of(r->directory)),
                    files->vocab_json.n   ? "vocab.json alone"
                    : files->merges_txt.n ? "merges.txt alone"
                                          : "none of them");
    r->file = "vocab.json";
    r->walk = (struct json_walk){.text = json_without_bom(files->vocab_json)};
    r->owner->gpt2_split = true;
    quill_status status = vocab_read_vocab(r, false);
    if (!status && !json_at_end(&r->walk)) status = vocab_refuse(r, NULL);
    return status ? status : read_merges_txt(r, files->merges_txt);
}

// ---- the files beside them ------------------------------------------------------------------------------------------

static bool turn_to(struct vocab_reading *r, const char *name, struct str text) {
    r->file = name;
    r->walk = (struct json_walk){.text = json_without_bom(text)};
    return text.n > 0;
}

// A file may name no class; then a merge of the end of a word tells GPT-1's vocabulary.
static bool is_gpt1(const struct vocab_owner *o, const struct vocab_config *c) {
    enum { LOOKED_AT = 100 };
    bool ends = false;
    for (size_t i = 0; i < o->n_merges && i < LOOKED_AT; i++) ends |= str_ends(o->merges[i], STR("</w>"));
    return vocab_is_gpt1(c) || (!c->class.p && ends);
}

static quill_status read_others(struct vocab_reading *r, struct vocab_config *c, const struct vocab_files *files) {
    quill_status status = QUILL_OK;
    if (turn_to(r, "tokenizer_config.json", files->tokenizer_config_json)) status = vocab_read_config(r, c);
    if (!status && c->alone) status = vocab_check_class(r, c);
    if (!status && !c->lists_added && turn_to(r, "special_tokens_map.json", files->special_tokens_map_json))
        status = vocab_read_special_map(r, c);
    if (!status && !c->lists_added && c->alone && turn_to(r, "added_tokens.json", files->added_tokens_json)) {
        status = vocab_read_vocab(r, true);
        if (!status && !json_at_end(&r->walk)) status = vocab_refuse(r, NULL);
    }
    c->gpt1 = c->alone && !c->spm && is_gpt1(r->owner, c);
    return status ? status : vocab_default_names(r, c);
}

// ---- the whole ------------------------------------------------------------------------------------------------------

static quill_status same_id(const struct vocab_reading *r, int32_t id, struct str a, struct str b) {
    return fail(r->err, QUILL_E_MODEL, "%s: the id %d is of two tokens, '%s' and '%s'", QUOTED(str_of(r->directory)),
                id, QUOTED(a), QUOTED(b));
}

// Whether an added token remains the token of the vocabulary that it repeats. Gemma's runs of spaces, spelled as
// U+2581, are listed as added tokens too. Text with spaces gets them by merges, because added tokens are searched for
// before spaces become U+2581; so does a text that has U+2581 itself.
static bool stays_normal(const struct vocab_owner *o, const struct vocab_entry *e) {
    return e->added && (e->kind & TOKEN_KIND_BITS) == TOKEN_ADDED && o->spelling == SPELLED_BLANKS &&
           has_blank_mark(e->text);
}

// Orders tokens by id. There may be ids without a token, but not many more than there are tokens: no allocation depends
// on a number that a file merely claims.
static quill_status place_tokens(const struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    size_t most = 2 * o->n_entries + 65536;
    for (size_t i = 0; i < o->n_entries; i++) {
        if ((size_t)o->entries[i].id >= most)
            return fail(r->err, QUILL_E_MODEL,
                        "%s: token '%s': expected an id below %zu in a vocabulary of %zu tokens, found %d",
                        QUOTED(str_of(r->directory)), QUOTED(o->entries[i].text), most, o->n_entries, o->entries[i].id);
        if ((size_t)o->entries[i].id >= o->n_tokens) o->n_tokens = (size_t)o->entries[i].id + 1;
    }
    o->tokens = alloc_zeroed(o->n_tokens, sizeof *o->tokens);
    o->kinds = alloc_zeroed(o->n_tokens, 1);
    if (!o->tokens || !o->kinds) return fail_memory(r->err);
    for (size_t i = 0; i < o->n_entries; i++) {
        const struct vocab_entry *e = &o->entries[i];
        struct str *token = &o->tokens[e->id];
        if (token->p && !(e->added && str_equal(*token, e->text))) return same_id(r, e->id, *token, e->text);
        if (!token->p || !stays_normal(o, e)) o->kinds[e->id] = e->kind;
        *token = e->text;
    }
    return QUILL_OK;
}

// Added tokens come last, whatever the order in the file: they may repeat tokens of the vocabulary.
static void sort_entries(struct vocab_owner *o) {
    size_t n = 0;
    for (size_t i = 0; i < o->n_entries; i++)
        if (!o->entries[i].added) n++;
    for (size_t i = 0, k = n; i < n; i++) {
        for (; o->entries[i].added; k++) {
            struct vocab_entry e = o->entries[i];
            o->entries[i] = o->entries[k];
            o->entries[k] = e;
        }
    }
}

static int32_t id_of(const struct vocab_owner *o, struct str name) {
    for (size_t i = o->n_tokens; i-- > 0;)
        if (o->tokens[i].p && str_equal(o->tokens[i], name)) return (int32_t)i;
    return -1;
}

static quill_status find_unknown(const struct vocab_reading *r) {
    struct vocab_owner *o = r->owner;
    if (o->model == VOCAB_UNIGRAM && o->unk >= 0 && (size_t)o->unk >= o->n_tokens)
        return fail(r->err, QUILL_E_MODEL, "%s/tokenizer.json: unk_id: expected the id of a token, found %d",
                    QUOTED(str_of(r->directory)), o->unk);
    if (!o->unk_token.p) return QUILL_OK;
    o->unk = id_of(o, o->unk_token);
    return o->unk >= 0 ? QUILL_OK
                       : fail(r->err, QUILL_E_MODEL, "%s/tokenizer.json: unk_token: expected a token, found '%s'",
                              QUOTED(str_of(r->directory)), QUOTED(o->unk_token));
}

static void mark_bytes(struct vocab_owner *o) {
    char byte;
    for (size_t id = 0; o->byte_fallback && id < o->n_tokens; id++)
        if (o->tokens[id].p && o->kinds[id] == TOKEN_NORMAL && byte_of_name(&byte, o->tokens[id]))
            o->kinds[id] = TOKEN_BYTE;
}

static quill_status check_template(const struct vocab_reading *r) {
    int32_t id = r->owner->template_bos;
    if (id < 0 || ((size_t)id < r->owner->n_tokens && r->owner->tokens[id].p)) return QUILL_OK;
    return fail(r->err, QUILL_E_MODEL, "%s/tokenizer.json: post_processor: expected the id of a token, found %d",
                QUOTED(str_of(r->directory)), id);
}

static int by_text(const void *a, const void *b) {
    const struct vocab_special *left = a, *right = b;
    return str_compare(left->text, right->text);
}

// Named tokens are special if no tokenizer.json says which tokens are.
static quill_status mark_special(const struct vocab_reading *r, const struct vocab_config *c) {
    struct vocab_owner *o = r->owner;
    size_t n = 0;
    struct vocab_special *all = alloc_array(c->n_named + c->n_listed, sizeof *all);
    if (!all) return fail_memory(r->err);
    for (size_t i = 0; i < c->n_named; i++)
        if (c->named[i].text.p) all[n++] = c->named[i];
    for (size_t i = 0; i < c->n_listed; i++) all[n++] = c->listed[i];
    if (n) qsort(all, n, sizeof *all, by_text);
    for (size_t id = 0; n && id < o->n_tokens; id++) {
        const struct vocab_special key = {.text = o->tokens[id]};
        const struct vocab_special *named = key.text.p ? bsearch(&key, all, n, sizeof *all, by_text) : NULL;
        uint8_t kind = o->kinds[id] & TOKEN_KIND_BITS;
        // For an added token, the list of added tokens says how it strips.
        if (named && kind != TOKEN_SPECIAL)
            o->kinds[id] = TOKEN_SPECIAL | (kind == TOKEN_NORMAL ? named->strips : 0);
    }
    free(all);
    return QUILL_OK;
}

// The token that a file names as BOS or EOS; -1: none. A name that is not a token counts as absent.
static quill_status named_id(const struct vocab_reading *r, const struct vocab_config *c, struct ignored *ignored,
                             const char *key, int32_t *id) {
    const struct vocab_special *named = vocab_named(c, key);
    *id = named && named->text.p ? id_of(r->owner, named->text) : -1;
    if (!named || !named->text.p || *id >= 0 || !named->file || !ignored) return QUILL_OK;
    char bare[32] = {0}; // without its quotes
    memcpy(bare, key + 1, strlen(key) - 2);
    return ignored_add(ignored, named->file, bare, named->text) ? QUILL_OK : fail_memory(r->err);
}

// GPT-2's class puts a space in front of a text if its config says so, whatever tokenizer.json says.
static enum dummy_prefix prefix_of(const struct vocab_owner *o, const struct vocab_config *c) {
    if (c->spm) return c->prefix_space_said && !c->prefix_space ? PREFIX_NONE : o->prefix;
    const bool said = c->alone || (o->byte_level && vocab_is_gpt2(c) && c->prefix_space_said);
    return !said ? o->prefix : c->prefix_space ? PREFIX_UNLESS_SPACE : PREFIX_NONE;
}

static quill_status place_all(struct vocab_reading *r, const struct vocab_config *c, struct ignored *ignored,
                              int32_t *bos) {
    struct vocab_owner *o = r->owner;
    sort_entries(o);
    quill_status status = place_tokens(r);
    if (!status) status = vocab_place_scores(r);
    if (!status) status = check_template(r);
    if (!status) status = find_unknown(r);
    if (!status) mark_bytes(o);
    if (!status && c->alone) status = mark_special(r, c);
    if (!status) status = named_id(r, c, ignored, "\"bos_token\"", bos);
    if (!status) status = named_id(r, c, ignored, "\"eos_token\"", &o->eos);
    if (*bos < 0) *bos = o->model_bos;
    if (o->eos < 0) o->eos = o->model_eos;
    if (c->alone && c->add_eos && o->eos >= 0) // a tokenizer.json says it itself, as in transformers 5
        o->appended[o->n_appended++] = o->eos;
    free(o->entries), o->entries = NULL; // with millions of tokens their memory matters
    return status;
}

static struct vocab_spec spec_of(const struct vocab_owner *o, const struct vocab_config *c, const char *file,
                                 int32_t bos) {
    // The template goes before add_bos_token, as in transformers 5.
    bool add_bos = o->has_template ? o->template_bos >= 0 : c->add_bos_said ? c->add_bos : o->model == VOCAB_SPM;
    bool behaves = false;
    for (size_t i = 0; i < o->n_patterns; i++) behaves |= o->behaviors[i] != SPLIT_ISOLATED;
    return (struct vocab_spec){
        .file = file,
        .model = o->model,
        .spelling = o->spelling,
        .n_tokens = o->n_tokens,
        .tokens = o->tokens,
        .kinds = o->kinds,
        .n_merges = o->n_merges,
        .merges = o->merges,
        .scores = o->scores,
        .unk = o->unk,
        .fuse_unk = o->fuse_unk,
        .byte_fallback = o->byte_fallback,
        .normalizers = o->normalizers,
        .n_normalizers = o->n_normalizers,
        .dummy_prefix = prefix_of(o, c),
        .prefix_scope = c->legacy_said && !c->legacy && c->spm ? PREFIX_FIRST : o->prefix_scope,
        .decoder_strips = o->decoder_strips,
        .pre = o->gpt2_split ? "gpt-2" : NULL,
        .patterns = o->patterns,
        .n_patterns = o->n_patterns,
        .behaviors = behaves ? o->behaviors : NULL,
        .eos = &o->eos,
        .n_eos = o->eos >= 0,
        .appended = o->appended,
        .n_appended = o->n_appended,
        .bos = o->template_bos >= 0 ? o->template_bos : bos,
        .add_bos = add_bos,
        .ignore_merges = o->ignore_merges,
    };
}

static quill_status read_all(struct vocab_spec *spec, struct vocab_owner *o, const struct vocab_files *files,
                             quill_error *err) {
    struct vocab_reading r = {.owner = o, .directory = files->directory, .err = err};
    struct vocab_config config = {.alone = !files->tokenizer_json.n};
    config.spm = config.alone && files->tokenizer_model.n;
    int32_t bos = -1;
    turn_to(&r, "tokenizer.json", files->tokenizer_json);
    quill_status status = config.spm     ? vocab_read_spm_model(&r, files->tokenizer_model)
                          : config.alone ? read_gpt2_files(&r, files)
                                         : vocab_read_tokenizer_json(&r);
    if (!status) status = read_others(&r, &config, files);
    if (!status && config.gpt1) status = vocab_settle_gpt1(&r);
    if (!status) status = place_all(&r, &config, files->ignored, &bos);
    if (!status) *spec = spec_of(o, &config, files->directory, bos);
    vocab_config_free(&config);
    return status;
}

quill_status vocab_from_files(struct vocab_spec *spec, struct vocab_owner **owner, const struct vocab_files *files,
                              quill_error *err) {
    *owner = NULL;
    struct vocab_owner *o = alloc_zeroed(1, sizeof *o);
    if (!o) return fail_memory(err);
    o->template_bos = o->eos = o->unk = o->model_bos = o->model_eos = -1;
    quill_status status = read_all(spec, o, files, err);
    if (status) vocab_owner_free(o);
    else *owner = o;
    return status;
}

void vocab_owner_free(struct vocab_owner *o) {
    if (!o) return;
    arena_free(&o->arena);
    free(o->entries);
    free(o->merges);
    free(o->scores);
    free(o->tokens);
    free(o->kinds);
    free(o);
}
