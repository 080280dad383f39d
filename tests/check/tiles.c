// SPDX-License-Identifier: MIT
// The kernels of AMX, with tile registers in plain C.
#include "kernels/isa/kernels_isa.h"
#include "kernels/isa/simd_amx.h"

#include "tiles.h"

#define KERNELS kernels_tiles
#define ISA_NAME "tiles"
extern const struct kernels kernels_tiles;
#include "kernels/body/kernels.inc"
