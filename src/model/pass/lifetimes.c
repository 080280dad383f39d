// SPDX-License-Identifier: MIT
#include "lifetimes.h"

enum {
    ALIGNMENT = 64,
    LINE = 64, // bytes of a cache line; rows with an odd number of lines begin in different cache sets
};

const char *const op_names[OP_COUNT] = {
    [OP_EMBED] = "embed",     [OP_NORM] = "norm", [OP_QKV] = "qkv",   [OP_STORE] = "store",
    [OP_ATTEND] = "attend",   [OP_OUT] = "out",   [OP_ATT_ADD] = "add", [OP_UP] = "up",
    [OP_DOWN] = "down",       [OP_MLP_ADD] = "add", [OP_HEAD] = "head",
};

const struct buffer_row buffer_rows[BUF_COUNT] = {
    [BUF_X] = {"x", WIDTH_E, CONTENT_FLOATS, OP_EMBED, OP_HEAD, BUF_NONE},
    [BUF_H] = {"h", WIDTH_E, CONTENT_FLOATS, OP_NORM, OP_HEAD, BUF_NONE},
    [BUF_H_Q] = {"h quants", WIDTH_E, CONTENT_QUANTS, OP_NORM, OP_HEAD, BUF_NONE},
    [BUF_Q] = {"q", WIDTH_HEADS, CONTENT_PADDED, OP_QKV, OP_ATTEND, BUF_ATT},
    [BUF_K] = {"k", WIDTH_HEADS_KV, CONTENT_PADDED, OP_QKV, OP_ATTEND, BUF_NONE},
    [BUF_V] = {"v", WIDTH_HEADS_KV, CONTENT_PADDED, OP_QKV, OP_ATTEND, BUF_NONE},
    [BUF_ATT] = {"att", WIDTH_HEADS, CONTENT_PADDED, OP_QKV, OP_OUT, BUF_NONE}, // from OP_QKV on it holds q
    [BUF_ATT_Q] = {"att quants", WIDTH_HEADS, CONTENT_QUANTS, OP_ATTEND, OP_OUT, BUF_NONE},
    [BUF_ATT_Y] = {"att_y", WIDTH_E, CONTENT_PADDED, OP_OUT, OP_ATT_ADD, BUF_NONE},
    [BUF_MID] = {"mid", WIDTH_E, CONTENT_FLOATS, OP_ATT_ADD, OP_MLP_ADD, BUF_X},
    [BUF_MLP_H] = {"mlp_h", WIDTH_E, CONTENT_FLOATS, OP_ATT_ADD, OP_UP, BUF_H},
    [BUF_MLP_H_Q] = {"mlp_h quants", WIDTH_E, CONTENT_QUANTS, OP_ATT_ADD, OP_UP, BUF_H_Q},
    [BUF_PRE] = {"pre", WIDTH_F, CONTENT_PADDED, OP_UP, OP_UP, BUF_FF},
    [BUF_UP] = {"up", WIDTH_F, CONTENT_PADDED, OP_UP, OP_UP, BUF_NONE},
    [BUF_FF] = {"ff", WIDTH_F, CONTENT_PADDED, OP_UP, OP_DOWN, BUF_NONE},
    [BUF_FF_Q] = {"ff quants", WIDTH_F, CONTENT_QUANTS, OP_UP, OP_DOWN, BUF_NONE},
    [BUF_MLP_Y] = {"mlp_y", WIDTH_E, CONTENT_PADDED, OP_DOWN, OP_MLP_ADD, BUF_NONE},
};

// ---- sizes ----

size_t buffer_cols(const struct model *model, enum buffer_width width) {
    const struct hparams *hp = &model->hp;
    switch (width) {
    case WIDTH_HEADS: return (size_t)hp->n_head * (size_t)hp->head_dim;
    case WIDTH_HEADS_KV: return (size_t)hp->n_head_kv * (size_t)hp->head_dim;
    case WIDTH_F: return (size_t)hp->n_ff;
    default: return (size_t)hp->n_embd;
    }
}

unsigned buffer_kinds(const struct model *model, enum buffer_width width) {
    switch (width) {
    case WIDTH_HEADS: return model->att_kinds | act_bit(ACT_FLOAT); // heads are written as floats
    case WIDTH_HEADS_KV: return act_bit(ACT_FLOAT);
    case WIDTH_F: return model->ff_kinds;
    default: return model->h_kinds;
    }
}

size_t buffer_stride(const struct model *model, enum buffer_id id) {
    const struct buffer_row *row = &buffer_rows[id];
    return buffer_cols(model, row->width) + (row->content == CONTENT_PADDED ? PADDING : 0);
}

bool buffer_needed(const struct act_sizes *sizes, enum buffer_id id) {
    const struct buffer_row *row = &buffer_rows[id];
    const unsigned kinds = buffer_kinds(sizes->model, row->width);
    switch (id) {
    case BUF_H:
    case BUF_MLP_H: return sizes->floats || kinds & act_bit(ACT_FLOAT);
    case BUF_PRE:
    case BUF_FF: return !sizes->pieces;
    case BUF_UP: return !sizes->pieces && sizes->model->layers[0].gate.w.data;
    default: return row->content != CONTENT_QUANTS || kinds & ACTS_QUANTIZED;
    }
}

static uint64_t aligned(uint64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

struct quant_parts quant_parts(const struct act_sizes *sizes, enum buffer_width width, enum act_kind kind,
                               uint64_t begin) {
    const uint64_t cols = buffer_cols(sizes->model, width), values = sizes->rows * cols;
    const uint64_t value = kind == ACT_BF16 ? sizeof(uint16_t) : sizeof(int8_t);
    const uint64_t bytes = ((cols * value + LINE - 1) / LINE | 1) * LINE; // of a row
    struct quant_parts p = {.stride = bytes / value, .q = begin};
    const uint64_t blocks = values / act_block[kind];
    p.xd = p.xs = p.sums = p.end = aligned(p.q + sizes->rows * bytes);
    if (kind == ACT_BF16) return p;
    p.xs = p.sums = aligned(p.xd + blocks * sizeof(float));
    if (kind == ACT_Q8_32) p.sums = aligned(p.xs + blocks * sizeof(float));
    p.end = aligned(p.sums + blocks * (kind == ACT_Q8_32 ? sizeof(int32_t) : ACT_SUMS * sizeof(int16_t)));
    return p;
}

static uint64_t buffer_bytes(const struct act_sizes *sizes, enum buffer_id id) {
    const struct buffer_row *row = &buffer_rows[id];
    if (!buffer_needed(sizes, id)) return 0;
    if (row->content != CONTENT_QUANTS)
        return aligned((uint64_t)sizes->rows * buffer_stride(sizes->model, id) * sizeof(float));
    uint64_t end = 0;
    for (int k = 0; k < ACT_KIND_COUNT; k++)
        if (buffer_kinds(sizes->model, row->width) & ACTS_QUANTIZED & act_bit((enum act_kind)k))
            end = quant_parts(sizes, row->width, (enum act_kind)k, end).end;
    return end;
}

// ---- places ----

// The lowest place where a buffer overlaps no placed buffer that is alive at the same time.
static uint64_t free_place(const struct act_layout *l, enum buffer_id id, uint64_t bytes) {
    uint64_t begin = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < BUF_COUNT; i++) {
            const struct act_place *other = &l->at[i];
            if (other->bytes == 0 || !lives_meet(id, (enum buffer_id)i)) continue;
            if (begin >= other->begin + other->bytes || begin + bytes <= other->begin) continue;
            begin = other->begin + other->bytes;
            moved = true;
        }
    }
    return begin;
}

// Places larger buffers first; later ones find room beside or after them. Equal sizes: in the order of the table.
static void share_places(struct act_layout *l, const uint64_t bytes[BUF_COUNT]) {
    bool done[BUF_COUNT] = {false};
    for (int round = 0; round < BUF_COUNT; round++) {
        int next = -1;
        for (int i = 0; i < BUF_COUNT; i++)
            if (!done[i] && (next < 0 || bytes[i] > bytes[next])) next = i;
        done[next] = true;
        const uint64_t begin = free_place(l, (enum buffer_id)next, bytes[next]);
        l->at[next] = (struct act_place){begin, bytes[next]};
        if (begin + bytes[next] > l->set_bytes) l->set_bytes = begin + bytes[next];
    }
}

void lay_out(struct act_layout *layout, const struct act_sizes *sizes) {
    uint64_t bytes[BUF_COUNT];
    *layout = (struct act_layout){.set_bytes = 0};
    for (int i = 0; i < BUF_COUNT; i++) {
        const bool shares = !sizes->keep && buffer_rows[i].place_of != BUF_NONE;
        bytes[i] = shares ? 0 : buffer_bytes(sizes, (enum buffer_id)i);
    }
    if (!sizes->keep) share_places(layout, bytes);
    for (int i = 0; sizes->keep && i < BUF_COUNT; i++) {
        layout->at[i] = (struct act_place){layout->set_bytes, bytes[i]};
        layout->set_bytes += bytes[i];
        if (i <= BUF_H_Q) layout->stream_bytes = layout->set_bytes;
    }
    for (int i = 0; !sizes->keep && i < BUF_COUNT; i++)
        if (buffer_rows[i].place_of != BUF_NONE) layout->at[i] = layout->at[buffer_rows[i].place_of];
}
