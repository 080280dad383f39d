# SPDX-License-Identifier: MIT
TESTS += test_kernels test_quant check_kernels

# The names of an architecture's instruction sets. Each one's file, and only that, is compiled with its flags.
isas_of = $(shell sed -n 's/^ *X.\([a-z0-9]*\), $1,.*/\1/p' src/kernels/isa/instruction_sets.h)
ifneq ($(filter x86_64%,$(MACHINE)),)
ISAS := $(call isas_of,X86) $(if $(FEW_KERNELS),,$(call isas_of,MORE_X86))
FLAGS_kernels/isa/kernels_sse4 := -msse4.1
FLAGS_kernels/isa/kernels_avx2 := -mavx2 -mfma -mf16c
FLAGS_kernels/isa/kernels_avxvnni := $(FLAGS_kernels/isa/kernels_avx2) -mavxvnni
FLAGS_kernels/isa/kernels_avx512 := $(FLAGS_kernels/isa/kernels_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
FLAGS_kernels/isa/kernels_avx512vnni := $(FLAGS_kernels/isa/kernels_avx512) -mavx512vnni
FLAGS_kernels/isa/kernels_amx := $(FLAGS_kernels/isa/kernels_avx512vnni) -mamx-tile -mamx-int8 -mamx-bf16
endif
ifneq ($(filter aarch64%,$(MACHINE)),)
ISAS := $(call isas_of,ARM)
FLAGS_kernels/isa/kernels_neondot := -march=armv8.2-a+dotprod
FLAGS_kernels/isa/kernels_i8mm := $(FLAGS_kernels/isa/kernels_neondot)+i8mm
endif
SRC_kernels := $(filter-out kernels/isa/kernels_%,$(SRC_kernels)) $(ISAS:%=kernels/isa/kernels_%)
# Vector code that is instrumented, or not optimized, is many times slower. It parses nothing: in the sanitizers' builds
# check_kernels alone has it instrumented, and in that for debugging it is optimized a little.
PLAIN_asan := kernels/isa/kernels_%
PLAIN_fuzz := kernels/isa/kernels_% kernels/encode/%
PLAIN_debug := kernels/isa/kernels_%
ifneq ($(PLAIN_$(CONFIG)),)
$(patsubst %,$(OBJ)/%.o,$(filter $(PLAIN_$(CONFIG)),$(SRC_kernels))): \
	CFLAGS_ALL := $(filter-out -fsanitize%,$(CFLAGS_ALL)) $(if $(filter debug,$(CONFIG)),-O1)
endif
