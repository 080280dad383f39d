# SPDX-License-Identifier: MIT
TESTS += test_base test_cgroup test_json_walk test_team
