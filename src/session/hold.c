// SPDX-License-Identifier: MIT
// Holds a session's threads, and reads the weights into memory in the first hold.
#include "base/map.h"
#include "base/meminfo.h"
#include "load/sweep.h"
#include "parts.h"

struct hold {
    quill_session *session;
    void (*body)(void *user);
    void *user;
};

// A mapped file is read page by page as it is touched; reading it in slices with all threads is faster. Not done if the
// file does not fit in memory: later slices would push out earlier ones.
static void bring_in(quill_session *session) {
    enum { LARGE_BYTES = 64 << 20 }; // reading less takes less time than asking how much memory is available
    const struct weights *w = session->model->weights;
    const struct sweep sweep = {w, map_populate, session->on_weights, session->user, session->model->mapped_bytes};
    session->weights_are_here = true;
    if (w->file_bytes < LARGE_BYTES || w->file_bytes < meminfo_available()) sweep_run(&sweep, session->team);
}

static void run_held(void *arg) {
    const struct hold *hold = arg;
    if (!hold->session->weights_are_here) bring_in(hold->session);
    hold->body(hold->user);
}

void quill_session_hold(quill_session *session, void (*body)(void *user), void *user) {
    team_hold(session->team, run_held, &(struct hold){session, body, user});
}
