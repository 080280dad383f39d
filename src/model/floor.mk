# SPDX-License-Identifier: MIT
TESTS += test_acts test_attention test_bind test_export_types test_families test_family_export test_family_parity test_model test_parity check_forward
