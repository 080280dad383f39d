// SPDX-License-Identifier: MIT
#include "windows.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/team.h"
#include "cli/io/show.h"

enum { WINDOW = 4 << 20 }; // long enough to fill the word cache once and use it often

static int threads_of(int64_t threads) { return threads > 0 ? (int)threads : team_default_size(); }

bool windows_pay(const quill_tokenizer *tokenizer, struct str text, int64_t threads) {
    if (text.n < 2 * WINDOW || threads_of(threads) == 1) return false;
    return quill_encode_cut(tokenizer, text.p, text.n, WINDOW) < text.n;
}

static quill_status show_ids(struct window *w) {
    w->shown.n = 0;
    for (size_t i = 0; i < w->ids.n; i++)
        if (((i > 0 || !w->first) && !buffer_add_byte(&w->shown, ' ')) ||
            !show_number(&w->shown, (uint64_t)w->ids.ids[i]))
            return fail_memory(&w->err);
    return QUILL_OK;
}

static void encode_window(const struct windows *all, struct window *w) {
    w->ids.n = 0;
    w->status = (w->first ? quill_encode : quill_encode_continued)(all->tokenizer, &w->ids, w->text.p, w->text.n,
                                                                   all->special, &w->err);
    if (!w->status && all->show) w->status = show_ids(w);
}

// As many windows as there are threads are in work at once.
struct round {
    const struct windows *all;
    struct window *windows; // [n]
    size_t n;
};

static void encode_round(void *arg, struct member *m) {
    const struct round *r = arg;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, r->n, 1, &begin, &end))
        for (size_t i = begin; i < end; i++) encode_window(r->all, &r->windows[i]);
    team_end(m);
}

// Cuts the next windows from text[at..n). Returns the place behind them.
static size_t cut_round(struct round *r, int n_threads, struct str text, size_t at) {
    for (r->n = 0; r->n < (size_t)n_threads && at < text.n; r->n++) {
        const size_t end =
            text.n - at > WINDOW ? quill_encode_cut(r->all->tokenizer, text.p, text.n, at + WINDOW) : text.n;
        r->windows[r->n].text = (struct str){text.p + at, end - at};
        r->windows[r->n].first = at == 0;
        at = end;
    }
    return at;
}

struct encoding {
    struct round round;
    struct team *team;
    struct str text;
    quill_status status;
    quill_error *err;
};

static void encode_rounds(void *arg) {
    struct encoding *e = arg;
    const struct windows *all = e->round.all;
    for (size_t at = 0; !e->status && at < e->text.n;) {
        at = cut_round(&e->round, team_size(e->team), e->text, at);
        team_run(e->team, encode_round, &e->round);
        for (size_t i = 0; !e->status && i < e->round.n; i++) {
            const struct window *w = &e->round.windows[i];
            e->status = w->status ? w->status : all->take(all->user, w, e->err);
            if (w->status && e->err) *e->err = w->err;
        }
    }
}

quill_status windows_encode(const struct windows *w, struct str text, int64_t threads, quill_error *err) {
    struct encoding e = {.round = {.all = w}, .text = text, .err = err};
    e.team = team_create(threads_of(threads));
    if (!e.team) return fail_memory(err);
    const size_t n = (size_t)team_size(e.team);
    e.round.windows = alloc_zeroed(n, sizeof *e.round.windows);
    if (e.round.windows) team_hold(e.team, encode_rounds, &e);
    else e.status = fail_memory(err);
    for (size_t i = 0; e.round.windows && i < n; i++) {
        quill_ids_free(&e.round.windows[i].ids);
        buffer_free(&e.round.windows[i].shown);
    }
    free(e.round.windows);
    team_free(e.team);
    return e.status;
}
