// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "load/sweep.h"
#include "quill/bench.h"
#include "parts.h"

enum {
    ROUNDS = 1 << 14,      // rounds of a peak in one claim
    TILE_ROUNDS = 1 << 11, // the same of tile registers, whose instructions take longer
    CLAIMS = 512,          // claims of the team for one peak
    TRIES = 3,             // of which the best counts: another program may disturb one
    SWEEPS = 4,            // reads of the weights; the fastest counts: from the second on, caches hold what they can
};

struct peak {
    double (*run)(size_t rounds);
    size_t rounds; // of one claim
    double operations;
};

static void run_peak(void *arg, struct member *m) {
    struct peak *peak = arg;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, CLAIMS, 1, &begin, &end)) peak->run(peak->rounds);
    team_end(m);
}

// 10^9 operations a second; 0: not measured.
static double measure_peak(struct team *team, double (*run)(size_t rounds), size_t rounds) {
    if (!run) return 0;
    struct peak peak = {run, rounds, run(rounds)}; // also lets the core's clock rise
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        const double start = clock_ms();
        team_run(team, run_peak, &peak);
        const double speed = peak.operations * CLAIMS / (clock_ms() - start) * 1e-6;
        if (speed > best) best = speed;
    }
    return best;
}

static double measure_read(quill_session *session) {
    const struct quill_model *model = session->model;
    const struct sweep sweep = {.weights = model->weights, .take = model->kernels->peak_read};
    if (!sweep.take) return 0;
    double best = 0;
    for (int i = 0; i < SWEEPS; i++) {
        double start = clock_ms();
        sweep_run(&sweep, session->team);
        double speed = (double)sweep_bytes(model->weights) / (clock_ms() - start) * 1e-6;
        if (speed > best) best = speed;
    }
    return best;
}

struct measuring {
    quill_session *session;
    quill_limits *limits;
};

static void measure(void *arg) {
    const struct measuring *m = arg;
    const struct kernels *k = m->session->model->kernels;
    m->limits->fma_gflops = measure_peak(m->session->team, k->peak_fma, ROUNDS);
    m->limits->int8_gops = measure_peak(m->session->team, k->peak_dot, ROUNDS);
    m->limits->read_gb_per_s = measure_read(m->session);
    m->limits->tile_int8_gops = measure_peak(m->session->team, k->peak_tile_int8, TILE_ROUNDS);
    m->limits->tile_bf16_gflops = measure_peak(m->session->team, k->peak_tile_bf16, TILE_ROUNDS);
    m->limits->tile_block_gops = measure_peak(m->session->team, k->peak_tile_blocks, TILE_ROUNDS);
}

void quill_measure_limits(quill_session *session, quill_limits *limits) {
    quill_session_hold(session, measure, &(struct measuring){session, limits});
}

quill_status quill_work_of(const quill_model *model, const char *kv_type, int32_t n_positions, quill_work *work,
                           quill_error *err) {
    const quill_session_options options = {.n_ctx = n_positions, .kv_type = kv_type, .n_threads = 1, .n_chunk = 1};
    quill_memory memory = {0};
    quill_status s = n_positions > 0 ? quill_session_plan(model, &options, &memory, err) : QUILL_OK;
    if (s) return s;
    const struct model_work w = model_work(model->model);
    *work = (quill_work){w.block_weights, w.head_weights, w.bytes, memory.kv_cache};
    return QUILL_OK;
}
