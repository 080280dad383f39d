# SPDX-License-Identifier: MIT
TESTS += test_answer test_chat test_jinja test_turns
