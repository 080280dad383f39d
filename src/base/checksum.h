// SPDX-License-Identifier: MIT
// A 64-bit checksum for large data, the same on every machine, at the speed of memory. Not cryptographic.
#ifndef QUILL_BASE_CHECKSUM_H
#define QUILL_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// Equal for equal bytes. A change within 8 bytes that begin at a multiple of 8 always changes it, other changes all but
// once in 2^64.
uint64_t checksum_bytes(const void *data, size_t n, uint64_t seed);

#endif
