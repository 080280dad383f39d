# SPDX-License-Identifier: MIT
# check_kernels is made of several files, and of nothing but the C library: for another machine it is linked statically.

# amx has the vectors of avx512vnni.
CHECK := attn matmul memory rows simd $(patsubst %,simd_%,$(filter-out amx,$(ISAS)))
# Where the processor has its vectors but not its tile registers, the kernels of amx run with these in C. What makes
# them fast elsewhere takes the compiler long, and adds nothing here.
CHECK += $(if $(filter amx,$(ISAS)),tiles)
FLAGS_kernels/isa/kernels_tiles := $(FLAGS_kernels/isa/kernels_avx512vnni) -O1 -g1
CHECK_OBJ := $(CHECK:%=$(OBJ)/check/%.o)
$(OBJ)/check/%.o: tests/check/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(FLAGS_kernels/isa/kernels_$(*:simd_%=%)) -Itests -MMD -MP -c -o $@ $<

# Where kernels are not instrumented, those that are checked here are.
ifeq ($(CONFIG),asan)
CHECK_OBJ += $(ISAS:%=$(OBJ)/check/kernels_%.o)
$(OBJ)/check/kernels_%.o: src/kernels/isa/kernels_%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -g1 $(FLAGS_kernels/isa/kernels_$*) -MMD -MP -c -o $@ $<
endif

$(BUILD)/tests/check_kernels: tests/check_kernels.c $(CHECK_OBJ) $(OBJ)/internal.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -MMD -MP $(if $(CROSS),-static -no-pie,$(LDFLAGS_ALL)) -o $@ $< $(CHECK_OBJ) \
	  $(OBJ)/internal.a -lm $(OPENMP)

# check_forward stands on the model and what is below it, and is linked statically likewise.
$(BUILD)/tests/check_forward: tests/check_forward.c $(OBJ)/internal.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -MMD -MP $(if $(CROSS),-static -no-pie,$(LDFLAGS_ALL)) -o $@ $< $(OBJ)/internal.a -lm \
	  $(OPENMP)

-include $(CHECK_OBJ:.o=.d)
