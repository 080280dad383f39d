# SPDX-License-Identifier: MIT
TESTS += test_jinja
