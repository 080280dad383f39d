// SPDX-License-Identifier: MIT
// Takes an answer apart as it comes. What may be the beginning of a mark is held back.
#include <stdlib.h>

#include "answer_calls.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "json_value.h"

struct mark {
    const char *open, *close; // close NULL: the rest of the text
};

static const struct mark reasoning_marks[] = {
    {"<think>", "</think>"},
    {"<thinking>", "</thinking>"},
    {"<reasoning>", "</reasoning>"},
    {"<|START_THINKING|>", "<|END_THINKING|>"},
    {"[THINK]", "[/THINK]"},
    {"<seed:think>", "</seed:think>"},
    {"\xe2\x97\x81think\xe2\x96\xb7", "\xe2\x97\x81/think\xe2\x96\xb7"}, // Kimi: the word between triangles
    {"<|channel>thought\n", "<channel|>"},                              // Gemma 4
};
enum { N_REASONING = sizeof reasoning_marks / sizeof *reasoning_marks };

enum form { FORM_TAGS, FORM_MISTRAL, FORM_LLAMA };
static const struct {
    struct mark mark;
    enum form form;
} call_marks[] = {
    {{"<tool_call>", "</tool_call>"}, FORM_TAGS},
    {{"[TOOL_CALLS]", NULL}, FORM_MISTRAL},
    {{"<|python_tag|>", NULL}, FORM_LLAMA},
};
enum { N_CALLS = sizeof call_marks / sizeof *call_marks };

// gpt-oss: a message is <|start|>ROLE TO<|channel|>CHANNEL TO<|message|>TEXT, and one of the last three. The answer
// begins behind <|start|>assistant.
static const char *const body_ends[] = {"<|end|>", "<|call|>", "<|return|>", "<|start|>"};
enum { N_BODY_ENDS = sizeof body_ends / sizeof *body_ends };

enum state { IN_CONTENT, IN_REASONING, IN_CALL, IN_HEADER, IN_BODY };

struct quill_answer {
    enum state state;
    const char *close;      // IN_REASONING
    int call;               // IN_CALL: index of call_marks; -1: JSON that nothing marks
    bool with_tools, begun; // begun: content came that is no blank
    bool skips_blanks;      // those behind reasoning and calls
    enum quill_answer_part body; // IN_BODY
    struct str recipient;   // IN_BODY of a call: in the arena
    struct buffer held;     // not yet taken
    struct buffer parts[2]; // content, reasoning
    bool has_reasoning;
    bool parted;            // a blank line goes before the next text, which is another message of the same part
    struct calls calls;
    struct arena arena;
    struct buffer json;
    quill_answer_fn *on_part;
    void *user;
};

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static struct str without_blanks(struct str s) {
    while (s.n && is_blank(s.p[0])) s = (struct str){s.p + 1, s.n - 1};
    while (s.n && is_blank(s.p[s.n - 1])) s.n--;
    return s;
}

quill_status quill_answer_create(quill_answer **out, const quill_chat_prompt *prompt, bool with_tools,
                                 quill_answer_fn *on_part, void *user, quill_error *err) {
    struct quill_answer *a = *out = alloc_zeroed(1, sizeof *a);
    if (!a) return fail_memory(err);
    a->with_tools = with_tools;
    a->on_part = on_part;
    a->user = user;
    a->calls.arena = &a->arena;
    const struct str text = prompt ? without_blanks((struct str){prompt->text, prompt->n}) : (struct str){NULL, 0};
    for (int i = 0; i < N_REASONING; i++) {
        if (!str_ends(text, without_blanks(str_of(reasoning_marks[i].open)))) continue;
        a->state = IN_REASONING;
        a->close = reasoning_marks[i].close;
        a->has_reasoning = a->skips_blanks = true;
    }
    if (str_ends(text, STR("<|start|>assistant"))) a->state = IN_HEADER;
    return QUILL_OK;
}

void quill_answer_free(quill_answer *a) {
    if (!a) return;
    buffer_free(&a->held);
    buffer_free(&a->parts[0]);
    buffer_free(&a->parts[1]);
    buffer_free(&a->json);
    free(a->calls.list);
    arena_free(&a->arena);
    free(a);
}

// ---- passing on -----------------------------------------------------------------------------------------------------

static quill_status pass(struct quill_answer *a, quill_answer_part part, struct str text, quill_error *err) {
    if (text.n == 0) return QUILL_OK;
    if (a->parted) {
        a->parted = false;
        quill_status s = pass(a, part, STR("\n\n"), err);
        if (s) return s;
    }
    if (part != QUILL_ANSWER_TOOL_CALL && !buffer_add_str(&a->parts[part == QUILL_ANSWER_REASONING], text))
        return fail_memory(err);
    return a->on_part ? a->on_part(a->user, part, text.p, text.n) : QUILL_OK;
}

static void drop(struct quill_answer *a, size_t n) {
    memmove(a->held.p, a->held.p + n, a->held.n - n);
    a->held.n -= n;
}

// Passes the first n bytes on and drops them.
static quill_status release(struct quill_answer *a, quill_answer_part part, size_t n, quill_error *err) {
    quill_status s = pass(a, part, (struct str){a->held.p, n}, err);
    if (n) drop(a, n);
    return s;
}

// ---- marks ----------------------------------------------------------------------------------------------------------

// Where the mark is in the held text, or where it may begin at its end; n: nowhere. *whole: it is there.
static size_t find_mark(struct str held, const char *mark, bool *whole) {
    const size_t n = strlen(mark);
    const char *found = held.n >= n ? memmem(held.p, held.n, mark, n) : NULL;
    *whole = found != NULL;
    if (found) return (size_t)(found - held.p);
    for (size_t at = held.n >= n ? held.n - n + 1 : 0; at < held.n; at++)
        if (memcmp(held.p + at, mark, held.n - at) == 0) return at;
    return held.n;
}

// Of several marks the first one; a whole one wins over a beginning at the same place.
struct sight {
    size_t at;
    int which; // -1: a beginning, or none
};

static void look(struct sight *best, struct str held, const char *mark, int which) {
    bool whole;
    const size_t at = find_mark(held, mark, &whole);
    if (at < best->at || (at == best->at && whole && best->which < 0)) *best = (struct sight){at, whole ? which : -1};
}

// ---- calls ----------------------------------------------------------------------------------------------------------

// The text of a call, with its marks, ends at n; `inside` is between them. What is no call is content.
static quill_status end_call(struct quill_answer *a, struct str inside, size_t n, quill_error *err) {
    const enum form form = a->call < 0 ? FORM_LLAMA : call_marks[a->call].form;
    const bool is_call = form == FORM_MISTRAL ? calls_from_mistral(&a->calls, inside)
                         : form == FORM_LLAMA ? calls_from_json(&a->calls, inside)
                                              : calls_from_json(&a->calls, inside) || calls_from_xml(&a->calls, inside);
    if (a->calls.no_memory) return fail_memory(err);
    a->state = IN_CONTENT;
    a->begun |= !is_call;
    a->skips_blanks = is_call;
    return release(a, is_call ? QUILL_ANSWER_TOOL_CALL : QUILL_ANSWER_CONTENT, n, err);
}

static quill_status step_call(struct quill_answer *a, bool end, bool *waits, quill_error *err) {
    const struct str held = buffer_str(&a->held);
    const size_t open = a->call < 0 ? 0 : strlen(call_marks[a->call].mark.open);
    const char *close = a->call < 0 ? NULL : call_marks[a->call].mark.close;
    bool whole = false;
    const size_t at = close ? find_mark(held, close, &whole) : held.n;
    *waits = !whole && !end;
    if (*waits) return QUILL_OK;
    const size_t stop = whole ? at : held.n;
    return end_call(a, (struct str){held.p + open, stop - open}, whole ? at + strlen(close) : held.n, err);
}

// ---- content and reasoning ------------------------------------------------------------------------------------------

// Drops blanks at the beginning of what is held, if they are to be skipped. True: something is left.
static bool past_blanks(struct quill_answer *a) {
    size_t n = 0;
    while (a->skips_blanks && n < a->held.n && is_blank(a->held.p[n])) n++;
    if (n) drop(a, n);
    if (a->held.n) a->skips_blanks = false;
    return a->held.n > 0;
}

static void begin_reasoning(struct quill_answer *a) {
    a->has_reasoning = true;
    a->parted = a->parts[1].n > 0;
}

// What only the beginning of an answer can be: reasoning, a channel, JSON that is a call. `blanks` are in front of it.
// *known: it is one of these, and the state has changed. *waits: it may become one.
static void open_answer(struct quill_answer *a, size_t blanks, bool *known, bool *waits) {
    static const char channel[] = "<|channel|>";
    const struct str rest = {a->held.p + blanks, a->held.n - blanks};
    *known = true;
    if (a->with_tools && rest.p[0] == '{') {
        a->state = IN_CALL;
        a->call = -1;
        return;
    }
    if (str_starts(rest, str_of(channel))) {
        a->state = IN_HEADER;
        drop(a, blanks);
        return;
    }
    for (int i = 0; i < N_REASONING; i++) {
        const struct str open = str_of(reasoning_marks[i].open);
        *waits |= str_starts(open, rest);
        if (!str_starts(rest, open)) continue;
        *waits = false;
        a->state = IN_REASONING;
        a->close = reasoning_marks[i].close;
        a->skips_blanks = true;
        drop(a, blanks + open.n);
        begin_reasoning(a);
        return;
    }
    *waits |= str_starts(str_of(channel), rest);
    *known = false;
}

static quill_status step_content(struct quill_answer *a, bool end, bool *waits, quill_error *err) {
    *waits = !past_blanks(a);
    if (*waits) return QUILL_OK;
    size_t blanks = 0;
    while (!a->begun && blanks < a->held.n && is_blank(a->held.p[blanks])) blanks++;
    bool known = false, unsure = blanks == a->held.n;
    if (!a->begun && !unsure) {
        open_answer(a, blanks, &known, &unsure);
        if (known) return QUILL_OK;
    }
    *waits = unsure && !end;
    if (*waits) return QUILL_OK;
    struct sight sight = {a->held.n, -1};
    for (int i = 0; i < N_CALLS; i++) look(&sight, buffer_str(&a->held), call_marks[i].mark.open, i);
    if (sight.which >= 0) { // its mark stays held, in case it is no call
        a->begun |= sight.at > blanks;
        a->state = IN_CALL;
        a->call = sight.which;
        return release(a, QUILL_ANSWER_CONTENT, sight.at, err);
    }
    *waits = true;
    const size_t certain = end ? a->held.n : sight.at;
    if (certain <= blanks && !end) return QUILL_OK;
    a->begun |= certain > blanks;
    return release(a, QUILL_ANSWER_CONTENT, certain, err);
}

static quill_status step_reasoning(struct quill_answer *a, bool end, bool *waits, quill_error *err) {
    *waits = !past_blanks(a);
    if (*waits) return QUILL_OK;
    const struct str held = buffer_str(&a->held);
    bool whole;
    const size_t at = find_mark(held, a->close, &whole);
    size_t certain = at; // blanks in front of the mark go
    while (certain > 0 && is_blank(held.p[certain - 1])) certain--;
    const size_t gone = at - certain;
    quill_status s = release(a, QUILL_ANSWER_REASONING, certain, err);
    *waits = !whole;
    if (s || (!whole && !end)) return s;
    if (!whole) return release(a, QUILL_ANSWER_REASONING, a->held.n, err);
    drop(a, gone + strlen(a->close));
    a->parted = false;
    a->state = IN_CONTENT;
    a->skips_blanks = true;
    return QUILL_OK;
}

// ---- gpt-oss --------------------------------------------------------------------------------------------------------

// The word behind the first `mark` in a header, up to a blank or a special token; n 0: there is none.
static struct str word_behind(struct str header, struct str mark) {
    const char *at = header.n > mark.n ? memmem(header.p, header.n, mark.p, mark.n) : NULL;
    if (!at) return (struct str){NULL, 0};
    struct str word = {at + mark.n, header.n - (size_t)(at - header.p) - mark.n};
    size_t n = 0;
    while (n < word.n && !is_blank(word.p[n]) && word.p[n] != '<') n++;
    word.n = n;
    return word;
}

// The function in a header: "to=functions.NAME" behind the role or the channel, or "to=browser.search" and the like.
// n 0: the message is for somebody who is no function.
static struct str function_in(struct str header) {
    static const char space[] = "functions.";
    const struct str to = word_behind(header, STR("to="));
    if (str_starts(to, str_of(space))) return (struct str){to.p + sizeof space - 1, to.n - (sizeof space - 1)};
    const bool nobody = str_is(to, "user") || str_is(to, "assistant") || str_is(to, "all");
    return nobody ? (struct str){NULL, 0} : to;
}

// The last message in a text that ends before <|message|>: models that lose their way leave others without one.
static struct str last_header(struct str text) {
    static const char start[] = "<|start|>";
    for (size_t n = text.n; n >= sizeof start - 1; n--)
        if (memcmp(text.p + n - (sizeof start - 1), start, sizeof start - 1) == 0)
            return (struct str){text.p + n, text.n - n};
    return text;
}

static quill_status step_header(struct quill_answer *a, bool end, bool *waits, quill_error *err) {
    static const char message[] = "<|message|>";
    const struct str held = buffer_str(&a->held);
    bool whole;
    const size_t at = find_mark(held, message, &whole);
    *waits = !whole;
    if (!whole && !end) return QUILL_OK;
    if (!whole && (a->has_reasoning || a->parts[0].n || a->calls.n)) return drop(a, held.n), QUILL_OK;
    if (!whole) return release(a, QUILL_ANSWER_CONTENT, held.n, err); // no channel came at all
    const struct str header = last_header((struct str){held.p, at}), to = function_in(header);
    const bool thinks = str_starts(word_behind(header, STR("<|channel|>")), STR("analysis"));
    a->body = to.n ? QUILL_ANSWER_TOOL_CALL : thinks ? QUILL_ANSWER_REASONING : QUILL_ANSWER_CONTENT;
    a->recipient = (struct str){to.n ? arena_string(&a->arena, to) : NULL, to.n};
    if (to.n && !a->recipient.p) return fail_memory(err);
    a->parted = a->body == QUILL_ANSWER_CONTENT && a->parts[0].n > 0;
    if (a->body == QUILL_ANSWER_REASONING) begin_reasoning(a);
    drop(a, at + sizeof message - 1);
    a->state = IN_BODY;
    return QUILL_OK;
}

static quill_status step_body(struct quill_answer *a, bool end, bool *waits, quill_error *err) {
    const struct str held = buffer_str(&a->held);
    struct sight sight = {held.n, -1};
    for (int i = 0; i < N_BODY_ENDS; i++) look(&sight, held, body_ends[i], i);
    const bool done = sight.which >= 0 || end;
    *waits = sight.which < 0;
    if (a->body == QUILL_ANSWER_TOOL_CALL && !done) return QUILL_OK;
    if (end && sight.which < 0) sight.at = held.n;
    if (a->body == QUILL_ANSWER_TOOL_CALL &&
        !calls_add(&a->calls, a->recipient, (struct str){held.p, sight.at}, (struct str){NULL, 0}))
        return fail_memory(err);
    quill_status s = release(a, a->body, sight.at, err);
    if (s || sight.which < 0) return s;
    drop(a, strlen(body_ends[sight.which]));
    a->state = IN_HEADER;
    return QUILL_OK;
}

// ---- the whole ------------------------------------------------------------------------------------------------------

static quill_status work(struct quill_answer *a, bool end, quill_error *err) {
    quill_status s = QUILL_OK;
    for (bool waits = false; !s && !waits && a->held.n > 0;) {
        switch (a->state) {
        case IN_CONTENT: s = step_content(a, end, &waits, err); break;
        case IN_REASONING: s = step_reasoning(a, end, &waits, err); break;
        case IN_CALL: s = step_call(a, end, &waits, err); break;
        case IN_HEADER: s = step_header(a, end, &waits, err); break;
        case IN_BODY: s = step_body(a, end, &waits, err); break;
        }
    }
    return s;
}

quill_status quill_answer_take(quill_answer *a, const char *text, size_t n, quill_error *err) {
    return buffer_add(&a->held, text, n) ? work(a, false, err) : fail_memory(err);
}

static struct str content_of(const struct quill_answer *a) {
    const struct str all = buffer_str(&a->parts[0]);
    return a->has_reasoning || a->calls.n ? without_blanks(all) : all;
}

static bool write_calls(struct buffer *b, const struct calls *calls) {
    bool ok = buffer_add_string(b, ",\"tool_calls\":[");
    for (size_t i = 0; ok && i < calls->n; i++) {
        const quill_tool_call *c = &calls->list[i];
        ok = (i == 0 || buffer_add_byte(b, ',')) && buffer_add_string(b, "{\"id\":") &&
             json_add_string(b, str_of(c->id)) &&
             buffer_add_string(b, ",\"type\":\"function\",\"function\":{\"name\":") &&
             json_add_string(b, str_of(c->name)) && buffer_add_string(b, ",\"arguments\":") &&
             buffer_add_string(b, c->arguments) && buffer_add_string(b, "}}");
    }
    return ok && buffer_add_byte(b, ']');
}

static bool write_message(struct quill_answer *a) {
    struct buffer *b = &a->json;
    return buffer_add_string(b, "{\"role\":\"assistant\",\"content\":") && json_add_string(b, content_of(a)) &&
           (!a->has_reasoning || (buffer_add_string(b, ",\"reasoning_content\":") &&
                                  json_add_string(b, buffer_str(&a->parts[1])))) &&
           (a->calls.n == 0 || write_calls(b, &a->calls)) && buffer_add_byte(b, '}');
}

quill_status quill_answer_end(quill_answer *a, quill_error *err) {
    quill_status s = work(a, true, err);
    return s ? s : write_message(a) ? QUILL_OK : fail_memory(err);
}

void quill_answer_describe(const quill_answer *a, quill_answer_info *info) {
    const struct str content = content_of(a), reasoning = buffer_str(&a->parts[1]);
    *info = (quill_answer_info){.content = content.n ? content.p : "", .n_content = content.n, .calls = a->calls.list,
                                .n_calls = a->calls.n, .json = a->json.p, .n_json = a->json.n};
    if (a->has_reasoning) info->reasoning = reasoning.n ? reasoning.p : "", info->n_reasoning = reasoning.n;
}
