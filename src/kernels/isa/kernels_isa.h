// SPDX-License-Identifier: MIT
// The tables of the instruction sets; each exists on its own architecture alone.
#ifndef QUILL_KERNELS_ISA_KERNELS_ISA_H
#define QUILL_KERNELS_ISA_KERNELS_ISA_H

#include "kernels/kernels.h"

extern const struct kernels kernels_sse4, kernels_avx2, kernels_avxvnni, kernels_avx512, kernels_avx512vnni,
    kernels_amx;
extern const struct kernels kernels_neon, kernels_neondot;

#endif
