// SPDX-License-Identifier: MIT
// The patterns are those of the models' own tokenizer.json files. Some GGUF readers lack a feature of regular
// expressions and had to rewrite a pattern; here is the original.
#include "pre_names.h"

#include "base/str.h"
#include "patterns.h"

// ---- parts that recur -----------------------------------------------------------------------------------------------

#define CJK_KANA "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+"
#define DEEPSEEK_WORD                                                                                                  \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
#define BLOOM " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+"
// Letters with case, in the Unicode version that the model was made with.
#define DEEPSEEK_LETTERS \
    "[A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}" \
    "\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}\\x{388}-\\x{38A}" \
    "\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}" \
    "\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}" \
    "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}\\x{1F18}-\\x{1F1D}" \
    "\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}\\x{1F5D}\\x{1F5F}-\\x{1F7D}" \
    "\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}" \
    "\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}" \
    "\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}\\x{2128}\\x{212A}-\\x{212D}" \
    "\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}" \
    "\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}" \
    "\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}" \
    "\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}" \
    "\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}" \
    "\\x{1E900}-\\x{1E943}]"

// ---- rules ----------------------------------------------------------------------------------------------------------

static const struct pre_rule gpt2 = {.patterns = {GPT2_PATTERN}};
static const struct pre_rule starcoder = {.patterns = {"\\p{N}", GPT2_PATTERN}};
static const struct pre_rule falcon = {.patterns = {"[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2_PATTERN, "[0-9][0-9][0-9]"}};
static const struct pre_rule unnamed = {
    .patterns = {"[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2_PATTERN, "\\p{N}+", "[0-9][0-9][0-9]"}};
static const struct pre_rule bloom = {.patterns = {BLOOM}};
static const struct pre_rule viking = {.patterns = {BLOOM, "\\p{N}"}};

static const struct pre_rule cl100k = {.patterns = {CL100K}};
static const struct pre_rule glm5 = {.patterns = {CL100K}, .ignore_merges = true};
static const struct pre_rule llama3 = {.patterns = {CL100K}, .ignore_merges = true, .adds_bos = true};
static const struct pre_rule minicpm5 = {.patterns = {"\\p{N}{1,3}", MINICPM5}, .ignore_merges = true};
static const struct pre_rule jais2 = {
    .patterns = {ENDINGS "|" WORD "|\\p{N}{1,3}|" MARKS "|" LINES
                         "|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)"
                         "|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}"}};

static const struct pre_rule qwen2 = {.patterns = {QWEN2}};
static const struct pre_rule laguna = {.patterns = {"[^\\n]+|[\\n]+", QWEN2}};
static const struct pre_rule ufakzeka = {.patterns = {UFAKZEKA}};
static const struct pre_rule qwen35 = {.patterns = {QWEN35}};
static const struct pre_rule seed_coder = {.patterns = {SEED_CODER}};
static const struct pre_rule bailingmoe = {
    .patterns = {"'(?i:[sdmt]|ll|ve|re)|" BEFORE_WORD
                 "+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|" BLANKS}};
// Possessive groups do not change any match here, since nothing follows them for which they would backtrack; a group
// that can backtrack takes memory for each repetition.
static const struct pre_rule exaone_moe = {
    .patterns = {ENDINGS "|" BEFORE_WORD
                         "(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*+)++|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?"
                         "|\\s*[\\r\\n]|" BLANKS}};

static const struct pre_rule gpt4o = {.patterns = {GPT4O}};
static const struct pre_rule tekken = {.patterns = {TEKKEN}, .ignore_merges = true, .adds_bos = true};
static const struct pre_rule tiny_aya = {
    .patterns = {"\\d{1,3}(?=(?:\\d{3})*\\b)", GPT4O}, .metered = true};
static const struct pre_rule youtu = {
    .patterns =
        {"[\\x{ac00}-\\x{d7a3}\\x{3131}-\\x{318e}]+|[\\x{ff01}\\x{2026}\\x{201c}\\x{201d}\\x{2018}\\x{2019}\\x{2014}"
         "\\x{ff1a}\\x{ff1b}\\x{ff0c}\\x{3001}-\\x{303f}\\x{fe30}-\\x{fe4f}]+|[\\x{3105}-\\x{312f}]+|" CJK_KANA,
         YOUTU},
    .ignore_merges = true};

// The lookbehind keeps \s+$ from being tried at every space of a long run: it matches at the beginning of the run or
// not at all.
static const struct pre_rule deepseek_llm = {
    .patterns = {"[\\r\\n]", "\\s?" DEEPSEEK_LETTERS "+",
                 "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+",
                 "(?<!\\s)\\s+$", "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+", "\\p{N}+"}};
static const struct pre_rule deepseek_coder = {
    .patterns = {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+",
                 "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+", "\\p{N}"}};
static const struct pre_rule deepseek_v3 = {
    .patterns = {"\\p{N}{1,3}", CJK_KANA, DEEPSEEK_WORD "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" LINES "|" BLANKS}};
static const struct pre_rule spark = {
    .patterns = {"\\p{N}{1,3}", CJK_KANA, DEEPSEEK_WORD "| ?[\\p{P}\\p{S}]+|[\\r\\n]|" BLANKS, "\\p{N}"}};
static const struct pre_rule chameleon = {
    .patterns = {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )", "\\p{N}",
                 "[\\p{P}!-/:-@\\[-`{-~]", GPT2_PATTERN},
    .adds_bos = true};

// Of the names of a rule, files that quill writes get the first, which the most readers know. Missing are names that
// imply text that is not byte-mapped, or that is normalized first: such a model is refused by name.
static const struct pre_name names[] = {
    {"gpt-2", &gpt2},           {"gpt-neox", &gpt2},         {"mpt", &gpt2},
    {"olmo", &gpt2},            {"phi-2", &gpt2},            {"jais", &gpt2},
    {"trillion", &gpt2},        {"exaone4", &gpt2},          {"gigachat", &gpt2},
    {"mellum", &gpt2},          {"a.x-4.0", &gpt2},          {"granite-docling", &gpt2},
    {"modern-bert", &gpt2},     {"jina-es", &gpt2},          {"jina-de", &gpt2},
    {"jina-v2-es", &gpt2},      {"jina-v2-de", &gpt2},       {"starcoder", &starcoder},
    {"refact", &starcoder},     {"command-r", &starcoder},   {"smollm", &starcoder},
    {"codeshell", &starcoder},  {"exaone", &starcoder},      {"minerva-7b", &starcoder},
    {"mellum2", &starcoder},    {"falcon", &falcon},         {"default", &unnamed},
    {"bloom", &bloom},          {"poro-chat", &bloom},       {"gpt3-finnish", &bloom},
    {"viking", &viking},        {"dbrx", &cl100k},           {"smaug-bpe", &cl100k},
    {"roberta-bpe", &gpt2},     {"jina-v2-code", &gpt2},     {"glm4", &cl100k},
    {"chatglm-bpe", &cl100k},   {"llama-bpe", &llama3},      {"llama3", &llama3},
    {"llama-v3", &llama3},      {"falcon3", &llama3},        {"falcon-h1", &llama3},
    {"pixtral", &llama3},       {"midm-2.0", &llama3},       {"lfm2", &llama3},
    {"jina-v5-nano", &llama3},  {"glm5", &glm5},             {"minicpm5", &minicpm5},
    {"jais-2", &jais2},         {"qwen2", &qwen2},           {"deepseek-r1-qwen", &qwen2},
    {"stablelm2", &qwen2},      {"hunyuan", &qwen2},         {"solar-open", &qwen2},
    {"grok-2", &qwen2},         {"megrez", &qwen2},          {"kormo", &qwen2},
    {"f2llmv2", &qwen2},        {"laguna", &laguna},         {"ufakzeka", &ufakzeka},
    {"qwen35", &qwen35},        {"seed-coder", &seed_coder}, {"bailingmoe", &bailingmoe},
    {"bailingmoe2", &bailingmoe}, {"llada-moe", &bailingmoe}, {"exaone-moe", &exaone_moe},
    {"gpt-4o", &gpt4o},         {"llama4", &gpt4o},          {"kanana2", &gpt4o},
    {"talkie", &gpt4o},         {"minimax-m2", &gpt4o},      {"tekken", &tekken},
    {"tiny_aya", &tiny_aya},    {"cohere2moe", &tiny_aya},   {"youtu", &youtu},
    {"deepseek-llm", &deepseek_llm}, {"deepseek-coder", &deepseek_coder}, {"deepseek-v3", &deepseek_v3},
    {"hunyuan-dense", &deepseek_v3}, {"joyai-llm", &deepseek_v3}, {"hy_v4", &deepseek_v3},
    {"spark2_5", &spark},       {"chameleon", &chameleon},
};

const struct pre_name *pre_find(const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) return &names[i];
    return NULL;
}

static bool same_patterns(const struct pre_rule *rule, const struct str *patterns, size_t n) {
    size_t i = 0;
    for (; i < n && i < PRE_MAX_PATTERNS && rule->patterns[i]; i++)
        if (!str_is(patterns[i], rule->patterns[i])) return false;
    return i == n && i > 0 && (i == PRE_MAX_PATTERNS || !rule->patterns[i]);
}

const struct pre_rule *pre_find_patterns(const struct str *patterns, size_t n) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (same_patterns(names[i].rule, patterns, n)) return names[i].rule;
    return NULL;
}

const char *pre_name_of(const struct str *patterns, size_t n, bool ignore_merges) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].rule->ignore_merges == ignore_merges && same_patterns(names[i].rule, patterns, n))
            return names[i].name;
    return NULL;
}
