# SPDX-License-Identifier: MIT
TESTS += test_base test_cgroup test_json_walk test_team

# Functions that the test itself answers.
$(BUILD)/tests/test_base: TEST_WRAPS := read
