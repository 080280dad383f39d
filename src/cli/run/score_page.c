// SPDX-License-Identifier: MIT
#include "score_page.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/show.h"

enum { FLUSH_BYTES = 1 << 16 };

static const double LN2 = 0.693147180559945309;

int surprise_level(double logprob) {
    static const double bits[SURPRISE_LEVELS - 1] = {1, 4, 8, 12};
    int level = 0;
    while (level < SURPRISE_LEVELS - 1 && !(-logprob / LN2 < bits[level])) level++;
    return level;
}

// Each level has a colour, and an underline or weight of its own for readers who do not see colours.
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<title>quill score</title>\n"
    "<style>\n"
    "body { font: 1.05rem/2 Georgia, serif; margin: 2rem auto; max-width: 44rem; padding: 0 14rem 12rem 1rem;\n"
    "  color: #111; background: #fff }\n"
    "h1 { font-size: 1.5rem; line-height: 1.3 }\n"
    ".text { white-space: pre-wrap; overflow-wrap: anywhere; border-top: 1px solid #bbb; padding-top: .6rem }\n"
    ".sum, .key { font: .8rem/1.8 sans-serif; color: #444 }\n"
    ".t { position: relative; border-radius: 2px; text-underline-offset: 3px }\n"
    ".t:hover, .t:focus { outline: 2px solid #06c; z-index: 2 }\n"
    ".s0 { background: #fff }\n"
    ".s1 { background: #e4f0d0; text-decoration: underline dotted 1px }\n"
    ".s2 { background: #fdeaa8; text-decoration: underline solid 1px }\n"
    ".s3 { background: #fcc391; text-decoration: underline solid 2px; font-weight: bold }\n"
    ".s4 { background: #f59a9a; text-decoration: underline double 3px; font-weight: bold }\n"
    ".c, .nl { color: #767676 }\n"
    ".d { display: none; position: absolute; left: 0; top: 1.7em; width: 13rem; padding: .4rem .6rem; z-index: 3;\n"
    "  font: normal .8rem/1.5 sans-serif; white-space: pre; overflow: hidden; color: #111; background: #fff;\n"
    "  border: 1px solid #444; box-shadow: 0 2px 6px #0004 }\n"
    ".t:hover > .d, .t:focus > .d { display: block }\n"
    "@media print { .d { display: none !important } body { padding-right: 1rem } }\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<main>\n"
    "<h1>How surprising each token is</h1>\n"
    "<p class=\"key\">Bits: <span class=\"s0\">below 1</span>, <span class=\"s1\">1 to 4</span>, "
    "<span class=\"s2\">4 to 8</span>, <span class=\"s3\">8 to 12</span>, <span class=\"s4\">12 and more</span>. "
    "Point at a token, or go to it with the Tab key, to see what else was likely there.</p>\n";
static const char foot[] = "</main>\n</body>\n</html>\n";

static bool add_html(struct buffer *t, const char *p, size_t n) {
    struct buffer shown = {0};
    bool ok = show_visible(&shown, p, n, VISIBLE_TERMINAL);
    for (size_t i = 0; i < shown.n && ok; i++) {
        switch (shown.p[i]) {
        case '&': ok = buffer_add_string(t, "&amp;"); break;
        case '<': ok = buffer_add_string(t, "&lt;"); break;
        case '>': ok = buffer_add_string(t, "&gt;"); break;
        case '"': ok = buffer_add_string(t, "&quot;"); break;
        case '\'': ok = buffer_add_string(t, "&#39;"); break;
        default: ok = buffer_add(t, &shown.p[i], 1);
        }
    }
    buffer_free(&shown);
    return ok;
}

// A token in a list: its spaces and newlines are made visible.
static bool add_quoted(struct buffer *t, const char *p, size_t n) {
    struct buffer shown = {0};
    bool ok = show_visible(&shown, p ? p : "", n, VISIBLE_PIECE) && buffer_add_string(t, "\xe2\x80\x9c") &&
              add_html(t, shown.p ? shown.p : "", shown.n) && buffer_add_string(t, "\xe2\x80\x9d");
    buffer_free(&shown);
    return ok;
}

static bool add_percent(struct buffer *t, double logprob) { return buffer_add_format(t, "%.2f%%", 100 * exp(logprob)); }

static quill_status flush(struct score_page *page, bool ok, quill_error *err) {
    quill_status s = ok ? output_write(&page->out, page->text.p, page->text.n, err) : fail_memory(err);
    page->text.n = 0;
    return s;
}

quill_status page_open(struct score_page *page, const char *path, const quill_model *model, quill_error *err) {
    if (strcmp(path, "-") == 0) return fail(err, QUILL_E_USAGE, "--html: expected a file name, found '-'");
    quill_status s = output_open(&page->out, path, false, err);
    if (s) return s;
    quill_model_info info;
    quill_model_describe(model, &info);
    page->tokenizer = quill_model_tokenizer(model);
    const char *name = info.name ? info.name : info.file ? info.file : "built-in";
    bool ok = buffer_add_string(&page->text, head) && buffer_add_string(&page->text, "<p class=\"key\">Model: ") &&
              add_html(&page->text, name, strlen(name)) && buffer_add_string(&page->text, "</p>\n");
    return flush(page, ok, err);
}

static bool begin_text(struct score_page *page) {
    bool begun = page->in_text;
    page->in_text = true;
    return begun || buffer_add_string(&page->text, "<div class=\"text\">");
}

// The visible part of a token; a newline has a sign of its own.
static bool add_body(struct buffer *t, const char *p, size_t n) {
    bool ok = true;
    while (n && ok) {
        size_t plain = 0;
        while (plain < n && p[plain] != '\n') plain++;
        ok = add_html(t, p, plain);
        if (plain < n) ok = ok && buffer_add_string(t, "<span class=\"nl\" aria-hidden=\"true\">\xe2\x86\xb5</span>\n");
        p += plain < n ? plain + 1 : plain;
        n -= plain < n ? plain + 1 : plain;
    }
    return ok;
}

static bool add_details(struct score_page *page, const struct scored_piece *piece) {
    struct buffer *t = &page->text;
    const quill_scored_token *score = piece->score;
    bool ok = buffer_add_format(t, "<span class=\"d\" role=\"tooltip\" id=\"t%" PRIu64 "\">", page->n_tokens) &&
              add_quoted(t, piece->bytes, piece->n) && buffer_add_string(t, " ") && add_percent(t, score->logprob) &&
              buffer_add_format(t, ", %.2f bits\nLikely here:", fabs(score->logprob) / LN2);
    for (size_t i = 0; i < score->n_top && i < PAGE_TOP && ok; i++) {
        size_t n; // tokens that are not in the text: by themselves
        const char *p = quill_token_bytes(page->tokenizer, score->top[i].id, QUILL_SPECIAL_PARSE, &n);
        ok = buffer_add_string(t, "\n") && add_percent(t, score->top[i].logprob) && buffer_add_string(t, " ") &&
             add_quoted(t, p, n);
    }
    return ok && buffer_add_string(t, "</span>");
}

quill_status page_piece(struct score_page *page, const struct scored_piece *piece, quill_error *err) {
    struct buffer *t = &page->text;
    bool ok = begin_text(page);
    if (!piece->score) {
        ok = ok && buffer_add_string(t, "<span class=\"c\">") && add_body(t, piece->bytes, piece->n) &&
             buffer_add_string(t, "</span>");
    } else {
        page->n_tokens++;
        ok = ok &&
             buffer_add_format(t, "<span class=\"t s%d\" tabindex=\"0\" aria-describedby=\"t%" PRIu64 "\">",
                               surprise_level(piece->score->logprob), page->n_tokens) &&
             add_body(t, piece->bytes, piece->n) && add_details(page, piece) && buffer_add_string(t, "</span>");
    }
    return ok && page->text.n < FLUSH_BYTES ? QUILL_OK : flush(page, ok, err);
}

quill_status page_end_text(struct score_page *page, const struct text_score *score, const char *problem,
                           quill_error *err) {
    struct buffer *t = &page->text;
    bool ok = begin_text(page) && buffer_add_format(t, "</div>\n<p class=\"sum\">Text %" PRIu64 ": ", ++page->n_texts);
    page->in_text = false;
    if (problem) ok = ok && add_html(t, problem, strlen(problem));
    else if (score->tokens == 0)
        ok = ok && buffer_add_string(t, "nothing to score");
    else
        ok = ok && buffer_add_format(t, "%zu tokens, perplexity %.2f, %.3f bits per byte", score->tokens,
                                     score_perplexity(score), score_bits_per_byte(score));
    return flush(page, ok && buffer_add_string(t, "</p>\n"), err);
}

quill_status page_close(struct score_page *page, quill_error *err) {
    quill_status s = flush(page, buffer_add_string(&page->text, foot), err);
    return s ? s : output_close(&page->out, err);
}

void page_free(struct score_page *page) {
    output_abort(&page->out);
    buffer_free(&page->text);
}
