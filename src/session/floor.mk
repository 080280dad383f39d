# SPDX-License-Identifier: MIT
TESTS += test_batch test_constrained test_draft test_embed test_heal test_hold test_prompt_cache test_schedule test_score test_search \
	test_stop test_session test_shift
TESTS += test_breakers
