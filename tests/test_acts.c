// SPDX-License-Identifier: MIT
// The buffers of a forward pass: who lies where, who is alive when, and what is left where everything is kept.
#include <inttypes.h>

#include "model/pass/pass.h"
#include "model_rig.h"

// ---- layouts ----

struct shape {
    const char *name;
    int32_t embd, head, head_kv, dim, ff;
    unsigned h, att, ff_kinds; // sets of act_bit
    bool gated;
};

enum { F = 1 << ACT_FLOAT, B = 1 << ACT_BF16, Q32 = 1 << ACT_Q8_32, Q256 = 1 << ACT_Q8_256 };

static const struct shape shapes[] = {
    {"floats", 32, 2, 2, 16, 128, F, F, F, false},
    {"bfloat16", 48, 3, 3, 16, 192, B, B, B, false},
    {"bfloat16 and floats", 50, 5, 5, 10, 200, F | B, B, F | B, true},
    {"blocks of 32", 64, 4, 4, 16, 256, Q32, Q32, Q32, false},
    {"blocks of 256", 768, 12, 12, 64, 3072, Q256, Q256, Q256, false},
    {"types mixed", 768, 12, 12, 64, 3072, F | Q32 | Q256, F | Q32, Q32 | Q256, false},
    {"gated, grouped heads", 256, 8, 2, 32, 704, F, F, F, true},
    {"gated, grouped, blocks of 32", 2048, 32, 4, 64, 5632, Q32, Q32, Q32, true},
    {"one head of one value", 1, 1, 1, 1, 1, F, F, F, false},
    {"wide heads, narrow MLP", 64, 8, 8, 128, 32, F, F, F, true},
    {"heads by 5", 50, 5, 5, 10, 33, F, F, F, false},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

// As much of a model as sizes are asked of.
struct bare {
    struct model model;
    struct layer_plan layer;
};

static const struct model *bare_model(struct bare *b, const struct shape *s) {
    static const uint8_t something;
    *b = (struct bare){.layer = {.gate.w.data = s->gated ? &something : NULL}};
    b->model.hp = (struct hparams){.n_embd = s->embd, .n_head = s->head, .n_head_kv = s->head_kv, .head_dim = s->dim,
                                   .n_ff = s->ff, .n_layer = 3};
    b->model.h_kinds = s->h, b->model.att_kinds = s->att, b->model.ff_kinds = s->ff_kinds;
    b->model.layers = &b->layer;
    return &b->model;
}

static bool apart(const struct act_layout *l, int a, int b) {
    return l->at[a].begin + l->at[a].bytes <= l->at[b].begin || l->at[b].begin + l->at[b].bytes <= l->at[a].begin;
}

// Buffers from above to below, operations from left to right: '#' where a buffer is alive.
static void print_picture(const char *name, const struct act_layout *l) {
    print_message("%s: %" PRIu64 " bytes\n%-14s%10s%10s ", name, l->set_bytes, "", "begin", "bytes");
    for (int op = 0; op < OP_COUNT; op++) print_message(" %-6s", op_names[op]);
    print_message("\n");
    for (int i = 0; i < BUF_COUNT; i++) {
        const struct buffer_row *row = &buffer_rows[i];
        if (l->at[i].bytes == 0) continue;
        print_message("%-14s%10" PRIu64 "%10" PRIu64 " ", row->name, l->at[i].begin, l->at[i].bytes);
        for (int op = 0; op < OP_COUNT; op++)
            print_message(" %-6s", op < (int)row->first || op > (int)row->last ? "." : "######");
        print_message("%s%s\n", row->place_of != BUF_NONE ? " in place of " : "",
                      row->place_of != BUF_NONE ? buffer_rows[row->place_of].name : "");
    }
}

// Calls f for every shape, with several numbers of rows and either way to hold the inside of the MLP.
static void each_layout(bool keep, void (*f)(const struct act_sizes *sizes, const struct act_layout *l)) {
    static const size_t rows[] = {1, 7, 48, 512};
    for (size_t i = 0; i < (size_t)N_SHAPES * 4 * 2; i++) {
        struct bare bare;
        const struct shape *s = &shapes[i / 8];
        const struct act_sizes sizes = {.model = bare_model(&bare, s), .rows = rows[i / 2 % 4], .floats = keep,
                                        .pieces = !keep && i % 2 && !(s->ff_kinds & F), .keep = keep};
        struct act_layout l;
        lay_out(&l, &sizes);
        if (sizes.rows == 48 && i % 2 == 0) print_picture(s->name, &l);
        f(&sizes, &l);
    }
}

static void check_shared(const struct act_sizes *sizes, const struct act_layout *l) {
    for (int i = 0; i < BUF_COUNT; i++) {
        const enum buffer_id place = buffer_rows[i].place_of;
        assert_int_equal(l->at[i].begin % 64, 0);
        assert_true(l->at[i].begin + l->at[i].bytes <= l->set_bytes);
        assert_int_equal(l->at[i].bytes > 0, buffer_needed(sizes, (enum buffer_id)i));
        if (place != BUF_NONE) assert_int_equal(l->at[i].begin, l->at[place].begin);
        for (int k = 0; k < i; k++) {
            const bool same_place = place == (enum buffer_id)k || buffer_rows[k].place_of == (enum buffer_id)i;
            if (!same_place && lives_meet((enum buffer_id)i, (enum buffer_id)k) && !apart(l, i, k)) {
                print_error("%s and %s\n", buffer_rows[i].name, buffer_rows[k].name);
                _fail(__FILE__, __LINE__);
            }
        }
    }
}

static void buffers_that_are_alive_together_lie_apart(void **state) {
    (void)state;
    each_layout(false, check_shared);
}

static void check_kept(const struct act_sizes *sizes, const struct act_layout *l) {
    uint64_t sum = 0;
    for (int i = 0; i < BUF_COUNT; i++) {
        assert_int_equal(l->at[i].bytes > 0, buffer_needed(sizes, (enum buffer_id)i));
        for (int k = 0; k < i; k++) assert_true(apart(l, i, k));
        sum += l->at[i].bytes;
        if (i == BUF_H_Q) assert_int_equal(sum, l->stream_bytes);
    }
    assert_int_equal(sum, l->set_bytes);
    const enum buffer_id floats[] = {BUF_X, BUF_H, BUF_Q, BUF_K, BUF_V, BUF_ATT, BUF_ATT_Y, BUF_MID, BUF_MLP_H, BUF_PRE,
                                     BUF_FF, BUF_MLP_Y};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) assert_true(l->at[floats[i]].bytes > 0);
}

static void kept_buffers_all_lie_apart(void **state) {
    (void)state;
    each_layout(true, check_kept);
}

// No operation has more alive than this sum allows: the stream, the larger of k with v and of a result, and the larger
// of attention's rows and the MLP's.
static void check_bound(const struct act_sizes *sizes, const struct act_layout *l) {
    (void)sizes;
    const uint64_t stream = l->at[BUF_X].bytes + l->at[BUF_H].bytes + l->at[BUF_H_Q].bytes;
    const uint64_t kv = l->at[BUF_K].bytes + l->at[BUF_V].bytes, y = l->at[BUF_ATT_Y].bytes;
    const uint64_t att = l->at[BUF_ATT].bytes + l->at[BUF_ATT_Q].bytes;
    const uint64_t mlp = l->at[BUF_UP].bytes + l->at[BUF_FF].bytes + l->at[BUF_FF_Q].bytes;
    assert_true(l->set_bytes <= stream + (kv > y ? kv : y) + (att > mlp ? att : mlp));
}

static void shared_places_take_little(void **state) {
    (void)state;
    each_layout(false, check_bound);
}

// 16 rows of 32 values are 2048 bytes, with padding 3072; of 128 values with padding 9216.
static void sizes_are_as_computed_by_hand(void **state) {
    (void)state;
    struct bare bare;
    struct act_sizes sizes = {.model = bare_model(&bare, &shapes[0]), .rows = 16};
    struct act_layout l;
    lay_out(&l, &sizes);
    assert_int_equal(l.set_bytes, 2 * 2048 + 9216 + 3072); // x and h; while the MLP ends, ff and mlp_y
    sizes.keep = sizes.floats = true;
    lay_out(&l, &sizes);
    assert_int_equal(l.set_bytes, 4 * 2048 + 6 * 3072 + 2 * 9216);
    assert_int_equal(l.stream_bytes, 2 * 2048);
    const struct model *quantized = bare_model(&bare, &shapes[3]); // values in an odd number of lines, scales and sums
    sizes = (struct act_sizes){.model = quantized, .rows = 16, .pieces = true};
    lay_out(&l, &sizes);
    assert_int_equal(l.at[BUF_H].bytes, 0);
    assert_int_equal(l.at[BUF_H_Q].bytes, 16 * 64 + 3 * 16 * 2 * 4);
    assert_int_equal(l.at[BUF_FF_Q].bytes, 16 * (4 + 1) * 64 + 3 * 16 * 8 * 4);
    assert_int_equal(l.at[BUF_FF].bytes, 0);
}

// ---- what is kept ----

static void assert_sum(const float *sum, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) assert_true(f32_bits(sum[i]) == f32_bits(a[i] + b[i]));
}

// After a pass every block's buffers still satisfy what its operations say.
static void a_kept_pass_leaves_every_intermediate(void **state) {
    (void)state;
    enum { E = 32, N = 21, LAYERS = 3, FF = 96 };
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_Q8_0};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        struct rig rig = rig_open(tiny_make(E, 2, LAYERS, FF, 50, 40, types[t], 3), &kernels_ref);
        int32_t *ids = rig_ids(rig.tiny, N, 5);
        float *logits = malloc(N * 50 * sizeof *logits);
        struct team *team = team_create(2);
        struct forward *f;
        struct kv_cache *kv;
        quill_error err;
        assert_ok(forward_create(&f, rig.model, &(struct forward_size){N, 2, true, 0}, &err), err);
        assert_ok(kv_cache_create(&kv, model_hparams(rig.model), KV_F32, 40, 1, &err), err);
        assert_ok(forward_run(f, kv, team, &(struct span){0, 0, ids, N, N}, 1, logits, &err), err);
        const struct acts *a = forward_acts(f);
        for (int32_t layer = 0; layer < LAYERS; layer++) {
            const struct block_acts *b = acts_of(a, layer), *next = acts_of(a, layer + 1);
            float h[E], ff[FF];
            for (size_t row = 0; row < N; row++) {
                const struct norm *in = &rig.model->layers[layer].attn_in;
                assert_sum(b->mid + row * E, b->x + row * E, b->att_y + row * a->y_stride, E);
                assert_sum(next->x + row * E, b->mid + row * E, b->mlp_y + row * a->y_stride, E);
                kernels_ref.layer_norm(h, b->x + row * E, in->w, in->b, 1e-5f, E);
                assert_memory_equal(h, b->h.x + row * E, sizeof h);
                memcpy(ff, b->pre + row * b->ff.stride, sizeof ff);
                kernels_ref.activate[ACTF_GELU_TANH](ff, FF);
                assert_memory_equal(ff, b->ff.x + row * b->ff.stride, sizeof ff);
                assert_true(memcmp(b->q + row * b->att.stride, b->att.x + row * b->att.stride, sizeof h) != 0);
            }
        }
        kv_cache_free(kv);
        forward_free(f);
        team_free(team);
        free(logits);
        free(ids);
        rig_close(&rig);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_that_are_alive_together_lie_apart),
        cmocka_unit_test(kept_buffers_all_lie_apart),
        cmocka_unit_test(shared_places_take_little),
        cmocka_unit_test(sizes_are_as_computed_by_hand),
        cmocka_unit_test(a_kept_pass_leaves_every_intermediate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
