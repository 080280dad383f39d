// SPDX-License-Identifier: MIT
#include "kernels/isa/simd_avx2.h"

#define SIMD_CHECK simd_check_avx2
#include "simd_checks.inc"
