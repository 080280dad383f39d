// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_i8mm.h"

#define KERNELS kernels_i8mm
#define ISA_NAME "i8mm"
#include "kernels/body/kernels.inc"
