// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_avx512.h"

#define KERNELS kernels_avx512vnni
#define ISA_NAME "avx512vnni"
#include "kernels/body/kernels.inc"
