// SPDX-License-Identifier: MIT
// Little-endian loads and stores at any alignment.
#ifndef QUILL_BASE_BYTES_H
#define QUILL_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "quill runs on little-endian machines: weights are used in place"
#endif

static inline uint16_t load_u16(const void *p) { uint16_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint32_t load_u32(const void *p) { uint32_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint64_t load_u64(const void *p) { uint64_t v; memcpy(&v, p, sizeof v); return v; }
static inline float load_f32(const void *p) { float v; memcpy(&v, p, sizeof v); return v; }
static inline double load_f64(const void *p) { double v; memcpy(&v, p, sizeof v); return v; }
static inline void store_u16(void *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void store_u32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void store_u64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }
static inline uint32_t f32_bits(float f) { uint32_t v; memcpy(&v, &f, sizeof v); return v; }
static inline float f32_from_bits(uint32_t v) { float f; memcpy(&f, &v, sizeof f); return f; }
static inline uint64_t f64_bits(double f) { uint64_t v; memcpy(&v, &f, sizeof v); return v; }
static inline double f64_from_bits(uint64_t v) { double f; memcpy(&f, &v, sizeof f); return f; }

#endif
