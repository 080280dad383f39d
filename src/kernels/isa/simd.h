// SPDX-License-Identifier: MIT
// What simd_<isa>.h provides, so that body/*.inc is written once:
//   vf, vi    VF lanes of f32, of int32            vm  a mask of VF lanes
//   vb        16 bytes of each of VF / 4 rows       vq  VF x 4 int8 weights, ready to be multiplied
// Loads and stores take any alignment (vq_load: that of its panel). *_part touch the first n < VF elements and no byte
// more; lanes from n on are +0. vf_max(a, b) is a > b ? a : b, vf_min alike; vf_to_int rounds to nearest even; vf_bits
// and vi_floats reinterpret; vf_load_i8, _f16, _bf16 convert VF values; vf_store_f16 saturates at +-65504; vi_store_i8
// takes -128..127.
//   vf_even, vf_odd(a, b)   every second lane of a and then of b, from the first or from the second on
//   vf_transpose(v)         v[i] lane j <-> v[j] lane i
//   vh_transpose(out, rows, at)  VH 16-bit values at byte `at` of VF rows: out is [VH][VF], aligned to 64 bytes
//   vb_load(rows, at)       quarter k (of 16 bytes): those at rows[4 * k] + at; four vectors j of rows + j make VF rows
//   vb_same, vi_same(p)     every quarter: the 16 bytes at p
//   vb_transpose(out, v)    out[g] lane 4k + j: bytes 4g..4g+3 of quarter k of v[j], which is row 4k + j
//   vb_fold(v)              lane 4k + j: the sum of the four lanes of quarter k of v[j]
//   vb_flip(b)              every byte xor 0x80
//   vb_add(b, n)            bytes plus n, modulo 256
//   vb_shr, vb_shl(b, n)    shifts bytes by n bits; bits of the neighbour byte come in, for the caller to mask off
//   vb_bits(rows, at, half, value)  byte i of a quarter: value where bit 16 * half + i of its row's u32 is set, else 0
//   vb_mask(b, mask)        every quarter and the 16 bytes at `mask`
//   vb_shuffle(b, pick)     byte i of a quarter: its byte pick[i], or 0 where pick[i] is 0x80
//   vb_words(b, half)       word i of a quarter: its byte 8 * half + i, with its sign
//   vi_word(v, i)           every word of a quarter: its word i
//   vb_dot(sum, w, x, negative)  lane + products of its 4 bytes, w as vq takes it; negative: w may be below 0
//   vb_dot_scaled(sum, w, x, scale, negative)  sum + scale * products, -128 < w < 128, not flipped; scale: words, the
//                           same throughout a quarter
//   vb_dot2_scaled(sum, w, x, scales, i)  sum + word i of the quarter of scales * products of w[0], x[0] and of w[1],
//                           x[1]; 0 <= w < 32, |x| <= 127
//   vb_lookup(table, b)     table[b], for bytes below 16
//   vi_dot16(sum, a, b)     lane + products of the two signed 16-bit halves
//   vq_dot(sum, w, x)       lane i + sum of the products of its 4 weights with its 4 bytes of x, |x| <= 127; exact.
//   flush_begin()           from now on, subnormal operands and results are zeros, for the thread; returns what
//   flush_end(before)       takes to restore the mode
//   flush_unsure()          since the last call, or flush_begin, a result became zero that others may round to the
//                           smallest normal number (kernels.h on BF16)
// HAS_I8MM:
//   vi_square(sum, x, w)    lane 2i + j + products of the 8 bytes of half i of x with those of half j of w, all signed
//   vf_lower, vf_upper, vb_lower, vb_upper(a, b)  that half of a, then that of b
// PAIR_SUMS: products are first summed in 16 bits. To sum several products before widening:
//   vq_pairs(w, x)          words: products of two of the weights, which are not negative
//   vi_add16(a, b)          words
// WIDE_PRODUCTS: signed weights are multiplied faster as 16-bit numbers:
//   vi_even_bytes, vi_odd_bytes(a)  the bytes 0, 2, ... or 1, 3, ... with their signs, as words
//   vi_dot_wide(sum, a, b)  as vi_dot16, computed at once
// PANEL_FLIPPED: vq takes weights that were flipped, and a sum of products starts at -128 times the sum of x.
// TILE_F_*, TILE_Q_*: row vectors and tokens of the register tile of float and of integer products.
// What a processor is good at, where a header says so before it includes this; the bodies choose by it:
//   HAS_TILES     tile registers multiply panels and batches (amx.inc, amx_batch.inc), whose values have no bias
//   HAS_I8MM      two tokens are multiplied by two rows (i8mm.inc), by the wrappers below; no bias either
//   FAST_GATHER   vf_gather_f16(p, stride, high): VF halves, of the 32 bits at p + i * stride the upper or lower one;
//                 kernels.inc has one that loads them one by one for all others
//   FETCH_FAR     when run: prefetching into the second-level cache keeps more lines in flight than into the first,
//                 and 16 rows side by side are faster than 32 (measured on Zen 4; the others keep what suits Intel's)
#ifndef QUILL_KERNELS_ISA_SIMD_H
#define QUILL_KERNELS_ISA_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

#ifndef HAS_I8MM
#define HAS_I8MM 0
#endif
#ifndef HAS_TILES
#define HAS_TILES 0
#endif
#ifndef FAST_GATHER
#define FAST_GATHER 0
#endif
// Of AMD's processors none has tile registers, those with AVX-VNNI have AVX-512, and with SSE4 alone none was measured.
#if defined(__AVX2__) && !defined(__AVXVNNI__) && !HAS_TILES
#define FETCH_FAR (__builtin_cpu_is("amd") != 0)
#else
#define FETCH_FAR false
#endif

#define SIMD static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

#endif
