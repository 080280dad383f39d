// SPDX-License-Identifier: MIT
#include "kernels/isa/simd_neon.h"

#define SIMD_CHECK simd_check_neondot
#include "simd_checks.inc"
