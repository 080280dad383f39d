# SPDX-License-Identifier: MIT
# Faults: shim.so is preloaded into the program, by hand or by `loop`; test_faults has the same in it.

FAULT := $(BUILD)/tests/fault
WRAPPED := malloc calloc realloc posix_memalign mmap pthread_create open read pread write fsync rename close fstat stat access \
	ftruncate unlink

$(FAULT)/shim.so: tests/fault/shim.c tests/fault/shim.h $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FAULT,$@)
	$(Q)$(CC) $(filter-out -fPIE -fsanitize%,$(CFLAGS_ALL)) -fPIC -fvisibility=default -shared -o $@ $< -ldl

$(FAULT)/loop: tests/fault/loop.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FAULT,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $<

$(FAULT)/test_faults: tests/fault/test_faults.c tests/fault/shim.c tests/fault/shim.h $(OBJ)/internal.a $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,FAULT,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -U_FORTIFY_SOURCE -Wno-missing-prototypes -DFAULT_WRAP $(WRAPPED:%=-Wl,--wrap=%) \
		$(LDFLAGS_ALL) -o $@ $< tests/fault/shim.c $(OBJ)/internal.a $(LIBS)

# Everywhere but in an emulator, whose own calls, memory and threads would fail as well: faults of the library in process,
# and damaged files. Preloading and limits of memory do not go together with the sanitizers, which replace malloc and
# reserve terabytes: such a build has the other limits.
FAULT_PROGRAMS := $(if $(RUNNER),,$(FAULT)/test_faults $(if $(PROGRAM),$(FAULT)/shim.so $(FAULT)/loop))
FAULT_NAMES_asan := ^hostile/ ^limits/few_files ^limits/no_room ^limits/the_locale
FAULT_NAMES_tsan := $(FAULT_NAMES_asan)
FAULT_NAMES := $(or $(FAULT_NAMES_$(CONFIG)),$(patsubst tests/fault/%.test,^%/,$(wildcard tests/fault/*.test)))
FAULT_TESTS := $(if $(RUNNER),,$(if $(PROGRAM),$(FAULT_NAMES:%='tests/cli/run.sh -d tests/fault -t 300 $(PROGRAM) %')) \
	'$(FAULT)/test_faults')
# The calls of libgomp are left alone, but those that the C library makes for clang's runtime cannot be told from quill's
# own, and end the process: with clang, faults are injected into the build with threads of quill's own, and there alone.
ifneq ($(and $(OPENMP),$(findstring clang,$(CC))),)
FAULT_TESTS :=
endif
