// SPDX-License-Identifier: MIT
#include "kernels_isa.h"
#include "simd_amx.h"

#define KERNELS kernels_amx
#define ISA_NAME "amx"
#include "kernels/body/kernels.inc"
