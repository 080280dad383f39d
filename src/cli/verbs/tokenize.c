// SPDX-License-Identifier: MIT
// quill tokenize: text to ids, or with --decode ids to bytes. Reads only the tokenizer of the model.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/prompt/read.h"
#include "cli/run/id_reader.h"
#include "cli/run/model_source.h"
#include "cli/run/places.h"
#include "cli/run/windows.h"

struct tokenizing {
    const struct options *o;
    quill_tokenizer *tokenizer;
    struct output out;
    struct buffer line; // being built
    size_t n_ids;       // of the windows so far
};

static quill_status check_options(const struct options *o, quill_error *err) {
    if (o->tokenize.count + o->tokenize.pieces + o->tokenize.decode + o->output.json > 1)
        return fail(err, QUILL_E_USAGE, "--count, --pieces, --json and --decode exclude each other");
    if (o->tokenize.decode && (o->tokenize.lines || o->tokenize.bos))
        return fail(err, QUILL_E_USAGE, "--decode reads ids: %s has no meaning",
                    o->tokenize.lines ? "--lines" : "--bos");
    return QUILL_OK;
}

// ---- text to ids ----

// A text and its tokens.
struct encoded {
    struct places places; // places of the tokens, up to the last one requested
    struct prompt_ids ids;
};

// The place of token i, after those of all before it. A BOS that was added has no bytes in the text.
static size_t next_place(struct encoded *e, size_t i) {
    return i < e->ids.n_added ? 0 : places_next(&e->places, e->ids.ids[i]);
}

// Writes the output built so far if it is large, since a text may have a billion tokens.
static quill_status pass_on(struct tokenizing *t, bool built, quill_error *err) {
    enum { MUCH = 1 << 16 };
    if (!built) return fail_memory(err);
    if (t->line.n < MUCH) return QUILL_OK;
    quill_status s = output_write(&t->out, t->line.p, t->line.n, err);
    t->line.n = 0;
    return s;
}

// Adds the ids, or their offsets, with `separator` between them.
static quill_status add_numbers(struct tokenizing *t, struct encoded *e, bool offsets, char separator,
                                quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < e->ids.n; i++) {
        const size_t number = offsets ? next_place(e, i) : (size_t)e->ids.ids[i];
        s = pass_on(t, (i == 0 || buffer_add_byte(&t->line, separator)) && show_number(&t->line, number), err);
    }
    return s;
}

// Adds pieces as they are in the vocabulary, independent of their place in the text.
static quill_status add_pieces(struct tokenizing *t, struct encoded *e, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < e->ids.n; i++) {
        size_t n;
        const char *piece = quill_token_bytes(t->tokenizer, e->ids.ids[i], QUILL_SPECIAL_PARSE, &n);
        bool ok = buffer_add_format(&t->line, "%d\t%zu\t", (int)e->ids.ids[i], next_place(e, i)) &&
                  show_visible(&t->line, piece, n, VISIBLE_PIECE) && buffer_add(&t->line, "\n", 1);
        s = pass_on(t, ok, err);
    }
    return s;
}

static quill_status add_json(struct tokenizing *t, struct encoded *e, quill_error *err) {
    quill_status s = pass_on(t, buffer_add_format(&t->line, "{\"n\":%zu,\"ids\":[", e->ids.n), err);
    if (!s) s = add_numbers(t, e, false, ',', err);
    if (!s) s = pass_on(t, buffer_add_string(&t->line, "],\"offsets\":["), err);
    if (!s) s = add_numbers(t, e, true, ',', err);
    return s ? s : pass_on(t, buffer_add_string(&t->line, "]}"), err);
}

static quill_status add_encoded(struct tokenizing *t, struct encoded *e, quill_error *err) {
    if (t->o->tokenize.count) return pass_on(t, show_number(&t->line, e->ids.n), err);
    if (t->o->tokenize.pieces) return add_pieces(t, e, err);
    return t->o->output.json ? add_json(t, e, err) : add_numbers(t, e, false, ' ', err);
}

// A long text of which only ids or their number is wanted.
static quill_status take_window(void *user, const struct window *w, quill_error *err) {
    struct tokenizing *t = user;
    t->n_ids += w->ids.n;
    return output_write(&t->out, w->shown.p, w->shown.n, err);
}

static quill_status encode_windows(struct tokenizing *t, struct str text, quill_error *err) {
    const bool count = t->o->tokenize.count;
    const struct windows windows = {
        t->tokenizer, t->o->prompt.special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT, !count, take_window, t};
    t->n_ids = 0;
    t->line.n = 0;
    quill_status s = windows_encode(&windows, text, t->o->machine.threads, err);
    if (!s && count && !show_number(&t->line, t->n_ids)) s = fail_memory(err);
    if (!s) s = pass_on(t, buffer_add(&t->line, "\n", 1), err);
    return s ? s : output_write(&t->out, t->line.p, t->line.n, err);
}

static quill_status encode_text(struct tokenizing *t, const char *p, size_t n, quill_error *err) {
    const bool plain = !t->o->tokenize.pieces && !t->o->output.json && !t->o->tokenize.bos;
    if (plain && windows_pay(t->tokenizer, (struct str){p, n}, t->o->machine.threads))
        return encode_windows(t, (struct str){p, n}, err);
    struct encoded e = {.ids = {0}};
    places_begin(&e.places, t->tokenizer, p, n, QUILL_SPECIAL_PARSE);
    quill_status s = prompt_encode(&e.ids, t->tokenizer, p, n, t->o->prompt.special, t->o->tokenize.bos, err);
    t->line.n = 0;
    if (!s) s = add_encoded(t, &e, err);
    if (!s) s = pass_on(t, buffer_add(&t->line, "\n", 1), err);
    if (!s) s = output_write(&t->out, t->line.p, t->line.n, err);
    free(e.ids.ids);
    return s;
}

static quill_status encode_lines(struct tokenizing *t, const char *p, size_t n, quill_error *err) {
    quill_status s = QUILL_OK;
    while (n && !s) {
        const char *newline = memchr(p, '\n', n);
        size_t length = newline ? (size_t)(newline - p) : n, taken = length + (newline != NULL);
        s = encode_text(t, p, length, err);
        p += taken;
        n -= taken;
    }
    return s;
}

// ---- ids to bytes ----

// Checks all ids before anything is written.
static quill_status check_ids(const struct tokenizing *t, struct str text, quill_error *err) {
    struct id_reader ids;
    quill_status s = QUILL_OK;
    id_reader_begin(&ids, text, quill_n_vocab(t->tokenizer));
    for (int32_t id = 0; !s && id != ID_INPUT_ENDS;) s = id_reader_next(&ids, &id, err);
    return s;
}

static quill_status decode_text(struct tokenizing *t, struct str text, quill_error *err) {
    struct id_reader ids;
    quill_decoder decoder;
    int32_t id = 0;
    size_t n;
    quill_status s = check_ids(t, text, err);
    id_reader_begin(&ids, text, quill_n_vocab(t->tokenizer));
    quill_decoder_begin(&decoder, t->tokenizer, t->o->prompt.special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT);
    while (!s && !(s = id_reader_next(&ids, &id, err)) && id != ID_INPUT_ENDS) {
        const char *bytes = id >= 0 ? quill_decoder_take(&decoder, id, &n) : quill_decoder_end(&decoder, &n);
        if (n) s = output_write(&t->out, bytes, n, err);
    }
    return s;
}

// ---- the texts ----

static quill_status one_text(struct tokenizing *t, const char *p, size_t n, quill_error *err) {
    if (t->o->tokenize.decode) return decode_text(t, (struct str){p, n}, err);
    return t->o->tokenize.lines ? encode_lines(t, p, n, err) : encode_text(t, p, n, err);
}

static quill_status from_file(struct tokenizing *t, const char *path, quill_error *err) {
    struct buffer text = {0};
    if (strcmp(path, "-") == 0) say_reading(t->o, STDIN_FILENO, t->o->tokenize.decode ? "ids" : "a text");
    quill_status s = read_file(&text, path, NO_LIMIT, err);
    if (!s) s = one_text(t, text.p, text.n, err);
    if (!s) s = output_flush(&t->out, err);
    buffer_free(&text);
    return s;
}

static quill_status from_argument(struct tokenizing *t, const char *source, const char *argument, quill_error *err) {
    struct buffer text = {0};
    quill_status s = add_argument(&text, t->o, source, argument, err);
    if (!s) s = one_text(t, text.p, text.n, err);
    buffer_free(&text);
    return s;
}

// An operand is text, but a user who gives -f may have meant a file.
static quill_status check_operands(const struct options *o, quill_error *err) {
    const char *operand = o->operands.n ? o->operands.items[0] : "-";
    if (o->prompt.files.n == 0 || strcmp(operand, "-") == 0) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "-f %s and the text '%s': expected one of them; a further file takes another -f",
                QUOTED(str_of(o->prompt.files.items[0])), QUOTED(str_of(operand)));
}

static quill_status tokenize(struct tokenizing *t, quill_error *err) {
    const struct options *o = t->o;
    const char *operand;
    bool dash;
    quill_status s = check_operands(o, err);
    if (!s) s = text_operand(o, &operand, &dash, err);
    if (!s && (operand != NULL) + (o->prompt.text != NULL) + (o->prompt.files.n > 0) + dash > 1)
        s = fail(err, QUILL_E_USAGE, "expected one of TEXT, -p TEXT, -f FILE and stdin");
    if (!s) s = open_tokenizer(&t->tokenizer, o, err);
    for (size_t i = 0; !s && i < o->prompt.files.n; i++) s = inputs_add(o->prompt.files.items[i], err);
    if (!s) s = output_open(&t->out, o->output.path, o->output.raw, err);
    for (size_t i = 0; !s && i < o->prompt.files.n; i++) s = from_file(t, o->prompt.files.items[i], err);
    if (s || o->prompt.files.n) return s;
    if (operand) return from_argument(t, "TEXT", operand, err);
    if (o->prompt.text) return from_argument(t, "-p", o->prompt.text, err);
    return from_file(t, "-", err);
}

int cmd_tokenize(struct options *o, quill_error *err) {
    struct tokenizing t = {.o = o, .out = {.fd = -1}};
    quill_status s = check_options(o, err);
    if (!s) s = environment_apply(o, err);
    if (!s) s = tokenize(&t, err);
    if (!s && o->tokenize.decode) s = output_end_line(&t.out, err);
    if (!s) s = output_close(&t.out, err);
    output_abort(&t.out);
    quill_tokenizer_free(t.tokenizer);
    buffer_free(&t.line);
    return (int)s;
}
