# SPDX-License-Identifier: MIT
TESTS += test_acts test_bind test_model test_parity check_forward
