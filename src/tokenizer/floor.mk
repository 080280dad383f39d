# SPDX-License-Identifier: MIT
TESTS += test_tokenizer test_split
