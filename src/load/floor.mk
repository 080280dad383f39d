# SPDX-License-Identifier: MIT
TESTS += test_adapter test_stores test_sweep test_vocab_json
