// SPDX-License-Identifier: MIT
#include "kernels/isa/simd_i8mm.h"

#define SIMD_CHECK simd_check_i8mm
#include "simd_checks.inc"
