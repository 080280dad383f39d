# SPDX-License-Identifier: MIT
TESTS += test_sampler
