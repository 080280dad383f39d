// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_avx2.h"

#define KERNELS kernels_avx2
#define ISA_NAME "avx2"
#include "kernels/body/kernels.inc"
