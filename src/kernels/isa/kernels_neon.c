// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_neon.h"

#define KERNELS kernels_neon
#define ISA_NAME "neon"
#include "kernels/body/kernels.inc"
