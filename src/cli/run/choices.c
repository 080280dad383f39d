// SPDX-License-Identifier: MIT
#include "choices.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "model_source.h"

// ---- the options ----

quill_status choices_add_one(struct choices *c, const char *p, size_t n, quill_error *err) {
    if (n == 0) return fail(err, QUILL_E_USAGE, "choice %zu is empty", c->n + 1);
    struct choice *items = realloc(c->items, (c->n + 1) * sizeof *items);
    if (!items) return fail_memory(err);
    c->items = items;
    c->encoded[0] = c->encoded[1] = false;
    items[c->n] = (struct choice){0};
    return buffer_add(&items[c->n++].name, p, n) ? QUILL_OK : fail_memory(err);
}

quill_status choices_add(struct choices *c, const char *list, quill_error *err) {
    struct buffer name = {0};
    quill_status s = QUILL_OK;
    for (const char *p = list; !s; p++) {
        bool comma = *p == '\\' && p[1] == ',';
        if (comma) p++;
        if (comma || (*p && *p != ',')) {
            if (!buffer_add(&name, p, 1)) s = fail_memory(err);
            continue;
        }
        s = choices_add_one(c, name.p, name.n, err);
        name.n = 0;
        if (!*p) break;
    }
    buffer_free(&name);
    return s;
}

quill_status choices_add_file(struct choices *c, const char *path, quill_error *err) {
    struct buffer text = {0};
    quill_status s = read_file(&text, path, (uint64_t)c->o->prompt.max_bytes, err);
    size_t line = 1;
    for (size_t at = 0; !s && at < text.n; line++) {
        const char *newline = memchr(text.p + at, '\n', text.n - at);
        size_t n = newline ? (size_t)(newline - text.p) - at : text.n - at;
        s = n ? choices_add_one(c, text.p + at, n, err)
              : fail(err, QUILL_E_USAGE, "%s:%zu: an empty choice", QUOTED(str_of(path)), line);
        at += n + 1;
    }
    buffer_free(&text);
    return s;
}

quill_status choices_check(const struct choices *c, quill_error *err) {
    if (c->n == 0) return fail(err, QUILL_E_USAGE, "no choices: give --choice A,B,C or --choices FILE");
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < i; k++) {
            const struct buffer *a = &c->items[i].name, *b = &c->items[k].name;
            if (a->n != b->n || memcmp(a->p, b->p, a->n) != 0) continue;
            return fail(err, QUILL_E_USAGE, "the choice '%s' is given twice", QUOTED(((struct str){a->p, a->n})));
        }
    return QUILL_OK;
}

quill_status choices_take(struct choices *c, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < c->o->choose.choices.n && !s; i++) s = choices_add(c, c->o->choose.choices.items[i], err);
    if (!s && c->o->choose.file) s = choices_add_file(c, c->o->choose.file, err);
    return s ? s : choices_check(c, err);
}

// ---- the prompt and the model ----

// An operand of choose and ask that names a file is a prompt file; any other is the text itself, as is one beside -q.
static quill_status take_prompt_file(struct options *o, quill_error *err) {
    struct stat info;
    bool alone = o->operands.n == 1 && !o->file.path && !o->prompt.text && !o->prompt.files.n && !o->ask.question;
    if (!alone || strcmp(o->operands.items[0], "-") == 0) return QUILL_OK;
    const char *operand = o->operands.items[0];
    if (stat(operand, &info) != 0) {
        bool none = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP;
        return none ? QUILL_OK : fail_errno(err, QUILL_E_SYSTEM, operand, "open", errno);
    }
    if (!S_ISREG(info.st_mode)) return QUILL_OK;
    o->file.path = operand;
    o->operands.n = 0;
    return QUILL_OK;
}

quill_status choices_read_prompt(struct choices *c, struct options *o, quill_error *err) {
    quill_status s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s) s = take_prompt_file(o, err);
    if (s) return s;
    if (!o->file.path) return prompt_read(&c->prompt.text, o, err);
    s = prompt_file_take(&c->file, o, &c->prompt, err);
    if (s) return s;
    c->shots = c->file->shots;
    c->n_shots = c->file->n_shots;
    return QUILL_OK;
}

quill_status choices_open_model(struct choices *c, quill_error *err) {
    enum { AT_ONCE = 16 };
    quill_memory memory;
    quill_session_options options = session_options(c->o);
    options.n_seq = c->n < AT_ONCE ? (int32_t)c->n : AT_ONCE;
    quill_status s = open_model(&c->model, c->o, err);
    return s ? s : open_session(&c->session, &memory, c->model, c->o, &options, err);
}

// ---- weighing ----

// The prompt without its trailing blanks; the values in it end no later.
static void drop_blanks(struct rendered *r) {
    struct buffer *t = &r->text;
    while (t->n && (t->p[t->n - 1] == ' ' || t->p[t->n - 1] == '\t')) t->n--;
    while (r->n_values && r->values[r->n_values - 1].at >= t->n) r->n_values--;
    if (r->n_values == 0) return;
    quill_span *last = &r->values[r->n_values - 1];
    if (last->n > t->n - last->at) last->n = t->n - last->at;
}

quill_status choices_show_prompt(struct choices *c, quill_error *err) {
    drop_blanks(&c->prompt);
    return prompt_show(c->o, &c->prompt.text, err);
}

static quill_status encode_names(struct choices *c, bool blank, quill_error *err) {
    const quill_tokenizer *tokenizer = quill_model_tokenizer(c->model);
    struct buffer text = {0};
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < c->n && !s; i++) {
        struct choice *item = &c->items[i];
        text.n = item->ids[blank].n = 0;
        bool ok = buffer_add(&text, " ", blank) && buffer_add(&text, item->name.p, item->name.n);
        s = ok ? quill_encode(tokenizer, &item->ids[blank], text.p, text.n, QUILL_SPECIAL_AS_TEXT, err)
               : fail_memory(err);
    }
    buffer_free(&text);
    c->encoded[blank] = !s;
    return s;
}

static quill_status find_end(struct choices *c, quill_error *err) {
    quill_text stop = c->file ? prompt_file_end(c->file, c->o) : (quill_text){"\n", 1};
    struct buffer text = {0};
    quill_ids ids = {0};
    quill_status s = c->o->length.stops.n && options_given(c->o, OPTION_OF(length.stops))
                         ? add_argument(&text, c->o, "--stop", c->o->length.stops.items[0], err)
                     : buffer_add(&text, stop.text, stop.n) ? QUILL_OK
                                                            : fail_memory(err);
    const quill_tokenizer *tokenizer = quill_model_tokenizer(c->model);
    if (!s) s = quill_encode(tokenizer, &ids, text.p ? text.p : "", text.n, QUILL_SPECIAL_AS_TEXT, err);
    c->end = ids.n ? ids.ids[0] : -1;
    c->end_known = !s;
    quill_ids_free(&ids);
    buffer_free(&text);
    return s;
}

// What the options are as tokens, and what ends them: the same after every prompt.
static quill_status encode_options(struct choices *c, bool blank, quill_error *err) {
    quill_status s = c->encoded[blank] ? QUILL_OK : encode_names(c, blank, err);
    return s || c->end_known ? s : find_end(c, err);
}

// The options after a prompt, or after several, as the library weighs them. options[c->n]
static void ask(const struct choices *c, quill_question *q, const int32_t *ids, size_t n, bool blank,
                quill_option *options) {
    for (size_t i = 0; i < c->n; i++) {
        const quill_ids *name = &c->items[i].ids[blank];
        options[i] = (quill_option){.ids = name->ids, .n = name->n};
    }
    *q = (quill_question){.prompt = ids, .n_prompt = n, .options = options, .n_options = c->n};
}

static quill_status weigh_after(struct choices *c, const int32_t *ids, size_t n, bool blank, double *logprobs,
                                quill_error *err) {
    quill_option *options = calloc(c->n, sizeof *options);
    if (!options) return fail_memory(err);
    quill_question q;
    ask(c, &q, ids, n, blank, options);
    quill_status s = quill_choose(c->session, &q, 1, c->end, err);
    if (!s && (s = q.status)) *err = q.error;
    for (size_t i = 0; i < c->n && !s; i++) logprobs[i] = options[i].logprob;
    free(options);
    return s;
}

// The option's own probability, after the token that begins a text.
static quill_status weigh_alone(struct choices *c, bool blank, quill_error *err) {
    const quill_tokenizer *tokenizer = quill_model_tokenizer(c->model);
    int32_t begin = quill_token_bos(tokenizer);
    if (begin < 0) begin = quill_token_eos(tokenizer);
    if (begin < 0) return fail(err, QUILL_E_USAGE, "--normalize prior needs a model with a BOS or EOS token");
    double *logprobs = calloc(c->n, sizeof *logprobs);
    quill_status s = logprobs ? weigh_after(c, &begin, 1, blank, logprobs, err) : fail_memory(err);
    if (s) free(logprobs);
    else c->alone[blank] = logprobs;
    return s;
}

// Divides by the sum. weights[n]: logarithms.
static void normalise(struct choices *c, const double *weights) {
    double most = -(double)INFINITY, sum = 0;
    for (size_t i = 0; i < c->n; i++) most = fmax(most, weights[i]);
    for (size_t i = 0; i < c->n; i++) sum += c->items[i].probability = exp(weights[i] - most);
    for (size_t i = 0; i < c->n; i++) c->items[i].probability /= sum;
}

// By --normalize. The names are encoded as they stand after the prompt.
static quill_status apply(struct choices *c, const struct choices_prompt *p, quill_error *err) {
    bool prior = c->o->choose.normalize == NORMALIZE_PRIOR, tokens = c->o->choose.normalize == NORMALIZE_TOKENS;
    quill_status s = prior && !c->alone[p->blank] ? weigh_alone(c, p->blank, err) : QUILL_OK;
    if (s) return s;
    double *weights = calloc(c->n, sizeof *weights);
    if (!weights) return fail_memory(err);
    for (size_t i = 0; i < c->n; i++) {
        c->items[i].logprob = weights[i] = p->logprobs[i];
        if (prior) weights[i] -= c->alone[p->blank][i];
        if (tokens) weights[i] /= (double)c->items[i].ids[p->blank].n;
    }
    normalise(c, weights);
    free(weights);
    c->prompt_tokens = p->ids.n;
    return QUILL_OK;
}

quill_status choices_encode(struct choices *c, struct choices_prompt *p, quill_error *err) {
    const quill_tokenizer *tokenizer = quill_model_tokenizer(c->model);
    const struct buffer *t = &c->prompt.text;
    drop_blanks(&c->prompt);
    choices_prompt_free(p);
    p->blank = !c->o->choose.no_space && !(t->n && t->p[t->n - 1] == '\n');
    p->logprobs = calloc(c->n, sizeof *p->logprobs);
    if (!p->logprobs) return fail_memory(err);
    return c->file ? rendered_encode(&p->ids, tokenizer, &c->prompt, err)
                   : prompt_encode(&p->ids, tokenizer, t->p, t->n, c->o->prompt.special, true, err);
}

void choices_prompt_free(struct choices_prompt *p) {
    free(p->ids.ids);
    free(p->logprobs);
    *p = (struct choices_prompt){0};
}

static quill_status weigh_prompt(struct choices *c, quill_error *err) {
    struct choices_prompt p = {0};
    quill_status s = choices_encode(c, &p, err);
    if (!s) s = encode_options(c, p.blank, err);
    if (!s) s = weigh_after(c, p.ids.ids, p.ids.n, p.blank, p.logprobs, err);
    if (!s) s = apply(c, &p, err);
    choices_prompt_free(&p);
    return s;
}

// Weighs after a prompt all of whose open slots have one value.
static quill_status weigh_value(struct choices *c, quill_text value, quill_error *err) {
    quill_text *values = calloc(c->file->n_open, sizeof *values);
    if (!values) return fail_memory(err);
    for (size_t i = 0; i < c->file->n_open; i++) values[i] = value;
    quill_status s = prompt_file_render_shots(c->file, c->shots, c->n_shots, values, &c->prompt, err);
    free(values);
    return s ? s : weigh_prompt(c, err);
}

static const quill_text empty_inputs[] = {{"N/A", 3}, {"[MASK]", 6}, {"", 0}};

// Adds up what the options have after inputs that say nothing. sums[n]
static quill_status weigh_empty(struct choices *c, double *sums, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t k = 0; k < sizeof empty_inputs / sizeof *empty_inputs && !s; k++) {
        s = weigh_value(c, empty_inputs[k], err);
        for (size_t i = 0; i < c->n && !s; i++) sums[i] += c->items[i].probability;
    }
    return s;
}

// Contextual calibration (Zhao et al. 2021, section 5): probabilities are divided by what the options have after inputs
// that say nothing, on average.
static void divide(struct choices *c, const double *sums) {
    double total = 0;
    for (size_t i = 0; i < c->n; i++) total += c->items[i].probability /= fmax(sums[i], DBL_MIN);
    for (size_t i = 0; i < c->n; i++) c->items[i].probability /= total;
}

static quill_status calibrate(struct choices *c, quill_error *err) {
    size_t prompt_tokens = c->prompt_tokens;
    double *sums = calloc(3 * c->n, sizeof *sums);
    if (!sums) return fail_memory(err);
    double *found = sums + c->n;
    for (size_t i = 0; i < c->n; i++) found[2 * i] = c->items[i].logprob, found[2 * i + 1] = c->items[i].probability;
    quill_status s = weigh_empty(c, sums, err);
    for (size_t i = 0; i < c->n; i++) c->items[i].logprob = found[2 * i], c->items[i].probability = found[2 * i + 1];
    if (!s) divide(c, sums);
    c->prompt_tokens = prompt_tokens;
    free(sums);
    return s;
}

quill_status choices_prepare(struct choices *c, quill_error *err) {
    if (!c->o->choose.calibrate) {
        quill_status s = weigh_value(c, empty_inputs[0], err);
        return s == QUILL_E_CONTEXT ? QUILL_OK : s; // rows may be shorter
    }
    c->empty_sums = calloc(c->n, sizeof *c->empty_sums);
    return c->empty_sums ? weigh_empty(c, c->empty_sums, err) : fail_memory(err);
}

quill_status choices_weigh(struct choices *c, quill_error *err) {
    if (c->o->choose.calibrate && !(c->file && c->file->n_open))
        return fail(err, QUILL_E_USAGE, "--calibrate needs a prompt file with an {{input}} that stdin fills");
    quill_status s = weigh_prompt(c, err);
    if (s || !c->o->choose.calibrate) return s;
    if (!c->empty_sums) return calibrate(c, err);
    divide(c, c->empty_sums);
    return QUILL_OK;
}

// ---- several prompts ----

static quill_status weigh_questions(struct choices *c, struct choices_prompt *const *prompts, size_t n,
                                    quill_question *questions, quill_option *options, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t r = 0; r < n && !s; r++) {
        const struct choices_prompt *p = prompts[r];
        s = encode_options(c, p->blank, err);
        if (!s) ask(c, &questions[r], p->ids.ids, p->ids.n, p->blank, options + r * c->n);
    }
    if (!s) s = quill_choose(c->session, questions, n, c->end, err);
    for (size_t r = 0; r < n && !s; r++) {
        prompts[r]->error = questions[r].error;
        prompts[r]->error.status = questions[r].status;
        for (size_t i = 0; i < c->n; i++) prompts[r]->logprobs[i] = options[r * c->n + i].logprob;
    }
    return s;
}

quill_status choices_weigh_prompts(struct choices *c, struct choices_prompt *const *prompts, size_t n,
                                   quill_error *err) {
    quill_question *questions = calloc(n, sizeof *questions);
    quill_option *options = calloc(n, c->n * sizeof *options);
    bool ok = questions && options;
    quill_status s = ok ? weigh_questions(c, prompts, n, questions, options, err) : fail_memory(err);
    free(questions);
    free(options);
    return s;
}

quill_status choices_apply(struct choices *c, const struct choices_prompt *p, quill_error *err) {
    quill_status s = apply(c, p, err);
    if (!s && c->empty_sums) divide(c, c->empty_sums);
    return s;
}

void choices_free(struct choices *c) {
    for (size_t i = 0; i < c->n; i++) {
        buffer_free(&c->items[i].name);
        quill_ids_free(&c->items[i].ids[0]);
        quill_ids_free(&c->items[i].ids[1]);
    }
    free(c->items);
    free(c->empty_sums);
    free(c->alone[0]);
    free(c->alone[1]);
    quill_session_free(c->session);
    quill_model_free(c->model);
    prompt_file_free(c->file);
    rendered_free(&c->prompt);
}
