// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_sse4.h"

#define KERNELS kernels_sse4
#define ISA_NAME "sse4"
#include "kernels/body/kernels.inc"
