# SPDX-License-Identifier: MIT
TESTS += test_gguf test_gguf_damage test_gguf_split test_gguf_write test_hf test_safetensors
