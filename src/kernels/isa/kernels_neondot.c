// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_neon.h"

#define KERNELS kernels_neondot
#define ISA_NAME "neondot"
#include "kernels/body/kernels.inc"
