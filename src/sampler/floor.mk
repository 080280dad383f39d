# SPDX-License-Identifier: MIT
TESTS += test_sampler test_samplers test_constraint test_grammar test_json_schema
