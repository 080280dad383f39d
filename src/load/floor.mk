# SPDX-License-Identifier: MIT
TESTS += test_stores test_vocab_json
