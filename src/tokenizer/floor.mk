# SPDX-License-Identifier: MIT
TESTS += test_tokenizer test_tokenizer_json test_spm test_unigram test_split test_infill
