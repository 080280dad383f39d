// SPDX-License-Identifier: MIT
#include "kernels/isa/simd_avx512.h"

#define SIMD_CHECK simd_check_avx512vnni
#include "simd_checks.inc"
