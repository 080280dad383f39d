# SPDX-License-Identifier: MIT
TESTS += test_tokenizer test_spm test_split test_infill
