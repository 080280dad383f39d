// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_avx2.h"

#define KERNELS kernels_avxvnni
#define ISA_NAME "avxvnni"
#include "kernels/body/kernels.inc"
