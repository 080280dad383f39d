# SPDX-License-Identifier: MIT
TESTS += test_tokenizer test_spm test_split
