# SPDX-License-Identifier: MIT
TESTS += test_acts test_attention test_bind test_families test_model test_parity check_forward
