// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_avx512.h"

#define KERNELS kernels_amx
#define ISA_NAME "amx"
#include "kernels/body/kernels.inc"
