// SPDX-License-Identifier: MIT
// The instructions of tile registers in plain C, after the pseudocode of Intel's SDM (volume 2; volume 1, chapter 18),
// so that kernels of AMX can be checked on processors without it: what includes this after immintrin.h calls these
// functions. What a processor would refuse ends the program.
#ifndef QUILL_TESTS_CHECK_TILES_H
#define QUILL_TESTS_CHECK_TILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Inlined into every kernel these would take the compiler minutes.
#define OUT_OF_LINE __attribute__((noinline))

enum { TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64 };

static struct {
    int on;
    unsigned rows[TILES], bytes[TILES]; // bytes of a row
    uint8_t data[TILES][TILE_ROWS][TILE_BYTES];
} tiles;

static OUT_OF_LINE void tiles_need(int fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "tiles: %s\n", what);
    abort();
}

static OUT_OF_LINE void tiles_configure(const void *config) {
    const uint8_t *p = config;
    memset(&tiles, 0, sizeof tiles);
    tiles_need(p[0] == 1 && p[1] == 0, "palette 1 and start row 0");
    for (int i = 2; i < 16; i++) tiles_need(p[i] == 0, "reserved bytes are 0");
    for (int i = 0; i < 16; i++) {
        const unsigned bytes = p[16 + 2 * i] | (unsigned)p[17 + 2 * i] << 8, rows = p[48 + i];
        tiles_need(i < TILES ? bytes <= TILE_BYTES && rows <= TILE_ROWS : bytes == 0 && rows == 0, "sizes of tiles");
        tiles_need((bytes == 0) == (rows == 0), "rows without columns, or columns without rows");
        if (i < TILES) tiles.rows[i] = rows, tiles.bytes[i] = bytes;
    }
    tiles.on = 1;
}

static OUT_OF_LINE void tiles_release(void) { memset(&tiles, 0, sizeof tiles); }

static OUT_OF_LINE void tiles_zero(int t) {
    tiles_need(tiles.on && tiles.rows[t], "a tile that is configured");
    memset(tiles.data[t], 0, sizeof tiles.data[t]);
}

static OUT_OF_LINE void tiles_load(int t, const void *from, size_t stride) {
    tiles_zero(t);
    for (unsigned r = 0; r < tiles.rows[t]; r++)
        memcpy(tiles.data[t][r], (const uint8_t *)from + r * stride, tiles.bytes[t]);
}

static OUT_OF_LINE void tiles_store(int t, void *to, size_t stride) {
    tiles_need(tiles.on && tiles.rows[t], "a tile that is configured");
    for (unsigned r = 0; r < tiles.rows[t]; r++)
        memcpy((uint8_t *)to + r * stride, tiles.data[t][r], tiles.bytes[t]);
}

// Shapes of c += a b, with four bytes of a and b for each value of c.
static OUT_OF_LINE void tiles_fit(int c, int a, int b) {
    tiles_need(tiles.on && c != a && c != b && a != b, "three tiles");
    tiles_need(tiles.rows[c] == tiles.rows[a] && tiles.bytes[c] == tiles.bytes[b] && tiles.bytes[a] % 4 == 0 &&
               tiles.bytes[b] % 4 == 0 && tiles.bytes[a] / 4 == tiles.rows[b], "shapes that fit");
}

// TDPBSSD, TDPBSUD: sums of four products of bytes, modulo 2^32.
static OUT_OF_LINE void tiles_dot8(int c, int a, int b, int b_has_sign) {
    tiles_fit(c, a, b);
    for (unsigned m = 0; m < tiles.rows[c]; m++)
        for (unsigned k = 0; k < tiles.bytes[a] / 4; k++)
            for (unsigned n = 0; n < tiles.bytes[c] / 4; n++) {
                uint32_t sum;
                memcpy(&sum, &tiles.data[c][m][4 * n], 4);
                for (unsigned i = 0; i < 4; i++) {
                    const uint8_t y = tiles.data[b][k][4 * n + i];
                    sum += (uint32_t)((int8_t)tiles.data[a][m][4 * k + i] * (b_has_sign ? (int8_t)y : (int)y));
                }
                memcpy(&tiles.data[c][m][4 * n], &sum, 4);
            }
}

static inline float tiles_bf16(const uint8_t *p) {
    const uint32_t bits = (uint32_t)p[1] << 24 | (uint32_t)p[0] << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

// TDPBF16PS: sums over the even and over the odd columns, each by multiply-adds from 0, and then their sum. Subnormal
// numbers are zeros, and rounding is to nearest even; the processor's own arithmetic with these modes serves, so that
// this does not stand on what the reference does without them.
static OUT_OF_LINE void tiles_dot_bf16(int c, int a, int b) {
    tiles_fit(c, a, b);
    const unsigned before = _mm_getcsr();
    _mm_setcsr(0x1f80 | 0x8040); // all exceptions masked; FTZ, DAZ
    for (unsigned m = 0; m < tiles.rows[c]; m++)
        for (unsigned n = 0; n < tiles.bytes[c] / 4; n++) {
            volatile float half[2] = {0, 0}, sum;
            for (unsigned k = 0; k < tiles.bytes[a] / 4; k++)
                for (unsigned i = 0; i < 2; i++) {
                    const __m128 x = _mm_set_ss(tiles_bf16(&tiles.data[a][m][4 * k + 2 * i]));
                    const __m128 y = _mm_set_ss(tiles_bf16(&tiles.data[b][k][4 * n + 2 * i]));
                    half[i] = _mm_cvtss_f32(_mm_fmadd_ss(x, y, _mm_set_ss(half[i])));
                }
            float all;
            memcpy(&all, &tiles.data[c][m][4 * n], 4);
            sum = half[0] + half[1];
            sum = all + sum;
            all = sum;
            memcpy(&tiles.data[c][m][4 * n], &all, 4);
        }
    _mm_setcsr(before);
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbssd
#undef _tile_dpbsud
#undef _tile_dpbf16ps
#define _tile_loadconfig(config) tiles_configure(config)
#define _tile_release() tiles_release()
#define _tile_zero(t) tiles_zero(t)
#define _tile_loadd(t, from, stride) tiles_load(t, from, (size_t)(stride))
#define _tile_stored(t, to, stride) tiles_store(t, to, (size_t)(stride))
#define _tile_dpbssd(c, a, b) tiles_dot8(c, a, b, 1)
#define _tile_dpbsud(c, a, b) tiles_dot8(c, a, b, 0)
#define _tile_dpbf16ps(c, a, b) tiles_dot_bf16(c, a, b)

#endif
