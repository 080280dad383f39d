// SPDX-License-Identifier: MIT
#include "kernels/isa/simd_sse4.h"

#define SIMD_CHECK simd_check_sse4
#include "simd_checks.inc"
