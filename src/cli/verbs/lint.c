// SPDX-License-Identifier: MIT
// quill lint FILE: finds what makes answers worse in a prompt file. A line `FILE:LINE: warning: ...` for each finding;
// a mistake in the file itself is an error, as for every verb.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/options/commands.h"
#include "cli/prompt/prompt_use.h"
#include "cli/run/chat_use.h"
#include "cli/run/choices.h"
#include "cli/run/model_source.h"
#include "cli/run/request.h"

struct lint {
    const struct options *o;
    struct prompt_use *use;
    struct choices choices;
    const quill_tokenizer *tokenizer;
    struct buffer found;
    struct label {
        quill_text text;
        size_t count, line; // line: of its first example
        int32_t first;      // its first token after a space; -1: none
    } *labels;              // [n_labels] the different answers
    size_t n_labels;
};

__attribute__((format(printf, 4, 5))) static quill_status warn(struct lint *l, const char *file, size_t line,
                                                              const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool ok;
    if (l->o->output.json) {
        json_t *object = json_object();
        ok = json_put(object, "file", json_c_string(file)) &&
             json_put(object, "line", json_integer((json_int_t)line)) &&
             json_put(object, "warning", json_c_string(text));
        ok = json_add(&l->found, object) && ok && buffer_add_string(&l->found, "\n");
    } else {
        ok = buffer_add_format(&l->found, "%s:%zu: warning: %s\n", QUOTED(str_of(file)), line, text);
    }
    return ok ? QUILL_OK : QUILL_E_SYSTEM;
}

#define SHOWN(value) QUOTED(((struct str){(value).text, (value).n}))

static quill_status count_tokens(struct lint *l, const char *p, size_t n, size_t *count, int32_t *first,
                                 quill_error *err) {
    quill_ids ids = {0};
    quill_status s = quill_encode(l->tokenizer, &ids, p ? p : "", n, QUILL_SPECIAL_AS_TEXT, err);
    *count = ids.n;
    *first = ids.n ? ids.ids[0] : -1;
    quill_ids_free(&ids);
    return s;
}

// ---- labels ----

static quill_status add_label(struct lint *l, const struct example *e, quill_error *err) {
    const quill_text answer = e->values[l->use->file->answer];
    for (size_t i = 0; i < l->n_labels; i++)
        if (l->labels[i].text.n == answer.n && memcmp(l->labels[i].text.text, answer.text, answer.n) == 0) {
            l->labels[i].count++;
            return QUILL_OK;
        }
    struct label *label = &l->labels[l->n_labels++];
    *label = (struct label){.text = answer, .count = 1, .line = e->line};
    struct buffer spaced = {0};
    size_t n;
    bool ok = buffer_add(&spaced, " ", 1) && buffer_add(&spaced, answer.text, answer.n);
    quill_status s = ok ? count_tokens(l, spaced.p, spaced.n, &n, &label->first, err) : fail_memory(err);
    buffer_free(&spaced);
    return s;
}

// Answers count as labels if they are few and each occurs twice on average.
static quill_status check_labels(struct lint *l, quill_error *err) {
    enum { MOST_LABELS = 64 };
    const struct prompt_file *f = l->use->file;
    l->labels = calloc(MOST_LABELS + 1, sizeof *l->labels);
    quill_status s = l->labels ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; i < f->examples.n && !s && l->n_labels <= MOST_LABELS; i++)
        s = add_label(l, &f->examples.items[i], err);
    if (s || l->n_labels < 2 || l->n_labels > MOST_LABELS || f->examples.n < 2 * l->n_labels) return s;
    size_t least = 0, most = 0;
    for (size_t i = 0; i < l->n_labels; i++) {
        if (l->labels[i].count < l->labels[least].count) least = i;
        if (l->labels[i].count > l->labels[most].count) most = i;
        for (size_t k = 0; k < i && !s; k++)
            if (l->labels[k].first == l->labels[i].first)
                s = warn(l, f->examples.name, l->labels[i].line, "the labels '%s' and '%s' begin with the same token",
                         SHOWN(l->labels[k].text), SHOWN(l->labels[i].text));
    }
    if (!s && l->labels[most].count >= 2 * l->labels[least].count)
        s = warn(l, f->name, f->examples.line, "unbalanced examples: %zu of '%s', %zu of '%s'", l->labels[most].count,
                 SHOWN(l->labels[most].text), l->labels[least].count, SHOWN(l->labels[least].text));
    return s;
}

static bool is_choice(const struct choices *c, quill_text answer) {
    const struct str text = choice_cut((struct str){answer.text, answer.n});
    for (size_t i = 0; i < c->n; i++)
        if (c->items[i].name.n == text.n && memcmp(c->items[i].name.p, text.p, text.n) == 0) return true;
    return c->n == 0;
}

static quill_status check_choices(struct lint *l, quill_error *err) {
    const struct prompt_file *f = l->use->file;
    quill_status s = choices_add_given(&l->choices, l->o, err);
    for (size_t i = 0; i < f->examples.n && !s; i++) {
        const struct example *e = &f->examples.items[i];
        if (!is_choice(&l->choices, e->values[f->answer]))
            s = warn(l, f->examples.name, e->line, "the answer '%s' is none of the choices",
                     SHOWN(e->values[f->answer]));
    }
    return s;
}

// ---- lengths ----

static quill_status check_lengths(struct lint *l, quill_error *err) {
    const struct prompt_file *f = l->use->file;
    size_t all = 0, longest = 0, most = 0, n = 0;
    for (size_t i = 0; i < f->examples.n; i++) {
        size_t tokens = 0;
        int32_t first;
        for (size_t slot = 0; slot < f->slots.n; slot++) {
            const quill_text *value = &f->examples.items[i].values[slot];
            quill_status s = value->n ? count_tokens(l, value->text, value->n, &n, &first, err) : QUILL_OK;
            if (s) return s;
            tokens += value->n ? n : 0;
        }
        all += tokens;
        if (tokens > longest) longest = tokens, most = i;
    }
    if (f->examples.n < 3 || 2 * longest <= all) return QUILL_OK;
    return warn(l, f->examples.name, f->examples.items[most].line, "this example has %zu of the %zu tokens of all %zu",
                longest, all, f->examples.n);
}

static quill_status check_prompt(struct lint *l, int32_t n_ctx, quill_error *err) {
    const struct prompt_file *f = l->use->file;
    struct rendered r = {0};
    struct prompt_ids ids = {0};
    if (f->mixed_line) {
        quill_status s =
            warn(l, f->name, f->mixed_line, "this line ends in another way (LF, CRLF) than those before it");
        if (s) return s;
    }
    quill_text *values = calloc(l->use->n_open + 1, sizeof *values); // the length of the question's values is not known
    for (size_t i = 0; values && i < l->use->n_open; i++) values[i].text = "";
    quill_status s = values ? prompt_use_render(l->use, values, &r, err) : fail_memory(err);
    size_t line = f->examples.line ? f->examples.line : 1;
    for (size_t i = 0; !f->shot_line && i < r.text.n; i++) line += r.text.p[i] == '\n';
    char last = r.text.n ? r.text.p[r.text.n - 1] : 0;
    bool slot_last = f->preamble.n && f->preamble.parts[f->preamble.n - 1].slot >= 0;
    if (!s && !r.is_chat && (last == ' ' || last == '\t') && !slot_last)
        s = warn(l, f->name, line, "the prompt ends in a space, which most tokens begin with");
    if (!s && f->answer_lead.n > 1)
        s = warn(l, f->name, f->answer_line, "%zu spaces before the answer; one is usual", f->answer_lead.n);
    if (!s) s = rendered_encode(&ids, l->tokenizer, &r, err);
    if (!s && ids.n > (size_t)n_ctx)
        s = warn(l, f->name, line, "the prompt has %zu tokens without the question; the context has %d", ids.n,
                 (int)n_ctx);
    free(ids.ids);
    free(values);
    rendered_free(&r);
    return s;
}

// What the settings ask for together, such as a constraint, is built as it is for a text.
static quill_status check_settings(struct lint *l, struct options *o, quill_error *err) {
    quill_request request;
    struct request_parts parts = {.choices_weighed = true};
    quill_status s = request_build(&request, &parts, o, err);
    request_parts_free(&parts);
    if (!s) return s;
    options_name_error(err);
    const quill_error reason = *err;
    return fail(err, s, "%s: %s", QUOTED(str_of(l->use->file->name)), reason.text);
}

// Whatever model the file is for, its turns take about as many tokens: where this one has no template, ChatML's counts.
static quill_status open_template(quill_chat_template **out, struct lint *l, const quill_model *model,
                                  quill_error *err) {
    if (!prompt_use_is_chat(l->use)) return QUILL_OK;
    quill_status s = chat_use_open(out, l->use, model, l->o, false, err);
    if (s != QUILL_E_USAGE || l->o->chat.template) return s;
    s = quill_chat_template_open(out, model, "chatml", false, err);
    l->use->template = *out;
    return s;
}

int cmd_lint(struct options *o, quill_error *err) {
    struct lint l = {.o = o};
    struct output out = {.fd = -1};
    quill_model *model = NULL;
    quill_chat_template *template = NULL;
    if (o->operands.n != 1) return (int)fail(err, QUILL_E_USAGE, "lint: expected one FILE, found %zu", o->operands.n);
    quill_status s = environment_apply(o, err);
    if (!s) s = prompt_use_open(&l.use, o->operands.items[0], o, err);
    if (!s) s = chat_use_check(l.use, o, err);
    if (!s) s = check_settings(&l, o, err);
    if (!s) s = look_at_model(&model, o, err);
    if (!s) l.tokenizer = quill_model_tokenizer(model);
    if (!s) s = open_template(&template, &l, model, err);
    if (!s) s = check_prompt(&l, quill_model_n_ctx(model), err);
    if (!s && l.use->file->examples.n) s = check_labels(&l, err);
    if (!s && l.use->file->examples.n) s = check_choices(&l, err);
    if (!s && l.use->file->examples.n) s = check_lengths(&l, err);
    if (!s) s = output_open(&out, NULL, false, err);
    if (!s) s = output_write(&out, l.found.p, l.found.n, err);
    if (!s) s = output_close(&out, err);
    if (s == QUILL_E_SYSTEM && !err->text[0]) fail_memory(err); // warn leaves the message to its caller
    output_abort(&out);
    quill_chat_template_free(template);
    quill_model_free(model);
    free(l.labels);
    choices_free(&l.choices);
    buffer_free(&l.found);
    prompt_use_free(l.use);
    return (int)s;
}
