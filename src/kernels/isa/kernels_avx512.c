// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_avx512.h"

#define KERNELS kernels_avx512
#define ISA_NAME "avx512"
#include "kernels/body/kernels.inc"
