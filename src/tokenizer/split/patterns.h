// SPDX-License-Identifier: MIT
// Patterns of pre-tokenizers that several rules have, or whose ASCII parts are split by hand (split_ascii.h).
#ifndef QUILL_TOKENIZER_SPLIT_PATTERNS_H
#define QUILL_TOKENIZER_SPLIT_PATTERNS_H

// GPT-2's in its usual spelling. Some files omit the last alternative; the pieces are the same.
#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define GPT2_PATTERN_SHORT "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"

#define ENDINGS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BEFORE_WORD "[^\\r\\n\\p{L}\\p{N}]?"
#define WORD BEFORE_WORD "\\p{L}+"
#define MARKS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define MARKS_SLASH " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
#define LINES "\\s*[\\r\\n]+"
#define BLANKS "\\s+(?!\\S)|\\s+"
#define NOT_LOWER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define NOT_UPPER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED_WORD(ending)                                                                                             \
    BEFORE_WORD NOT_LOWER "*" NOT_UPPER "+" ending "|" BEFORE_WORD NOT_LOWER "+" NOT_UPPER "*" ending
#define CL100K ENDINGS "|" WORD "|\\p{N}{1,3}|" MARKS "|" LINES "|" BLANKS
#define QWEN2 ENDINGS "|" WORD "|\\p{N}|" MARKS "|" LINES "|" BLANKS
#define O200K_TAIL "|" MARKS_SLASH "|" LINES "|" BLANKS
#define UFAKZEKA WORD "|\\p{N}|" MARKS "|" LINES "|" BLANKS
#define QWEN35                                                                                                         \
    ENDINGS "|" BEFORE_WORD "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" LINES "|" BLANKS
#define SEED_CODER ENDINGS "|" WORD "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" LINES "|" BLANKS
#define MINICPM5 ENDINGS "|" WORD "|\\p{N}+|" MARKS "|" LINES "|" BLANKS
#define GPT4O CASED_WORD(ENDINGS "?") "|\\p{N}{1,3}" O200K_TAIL
#define TEKKEN CASED_WORD("") "|\\p{N}" O200K_TAIL
#define YOUTU CASED_WORD(ENDINGS "?") "|\\p{N}" O200K_TAIL

#endif
