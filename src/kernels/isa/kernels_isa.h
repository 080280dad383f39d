// SPDX-License-Identifier: MIT
// The tables of the instruction sets; each exists only on its own architecture.
#ifndef QUILL_KERNELS_ISA_KERNELS_ISA_H
#define QUILL_KERNELS_ISA_KERNELS_ISA_H

#include "instruction_sets.h"
#include "kernels/kernels.h"

#define DECLARE(name, architecture, needs) ON_##architecture(extern const struct kernels kernels_##name;)
INSTRUCTION_SETS(DECLARE)
#undef DECLARE

#endif
