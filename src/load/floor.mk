# SPDX-License-Identifier: MIT
TESTS += test_vocab_json
