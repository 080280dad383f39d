# SPDX-License-Identifier: MIT
TESTS += test_base test_cgroup test_json_walk test_team $(if $(OPENMP),test_openmp)

# One provider of threads.
SRC_base := $(filter-out base/threads_%,$(SRC_base)) base/threads_$(THREADS)
FLAGS_base/threads_openmp := -fopenmp
$(BUILD)/tests/test_openmp: private CFLAGS_ALL += $(OPENMP)

# Functions that the test itself answers.
$(BUILD)/tests/test_base: TEST_WRAPS := read
