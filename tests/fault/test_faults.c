// SPDX-License-Identifier: MIT
// Every allocation and every system call of the library fails once, and from then on: in process, so that a sanitizer
// sees what leaks. The calls are wrapped by the linker (see shim.c); those of Jansson's allocations are ours.
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/embed_config.h"
#include "quill/quill.h"
#include "shim.h"
#include "test.h"

#define GGUF "tests/data/gguf/long32-f32.gguf"
#define FOLDER "tests/data/parity/half64"
#define SHARDS "tests/data/parity/shards48"
#define BASE "tests/data/families/llama"
#define ADAPTER "tests/data/adapters/llama"

static char folder[] = "/tmp/quill-faults-XXXXXX";
static char out_path[64];
static int failed;

// pattern NULL: stops in place of a constraint.
static quill_status generate_under(const char *path, bool no_mmap, const char *pattern, quill_error *err) {
    const quill_model_options model_options = {.cpu = "ref", .no_mmap = no_mmap};
    const quill_session_options session_options = {.n_ctx = 32, .n_threads = 2, .n_seq = 2};
    quill_model *model = NULL;
    quill_session *session = NULL;
    quill_ids ids = {0};
    quill_constraint *constraint = NULL;
    const quill_result *result;
    quill_status s = quill_model_open(&model, path, &model_options, err);
    if (!s && pattern) s = quill_constraint_regex(&constraint, pattern, err);
    if (!s) s = quill_session_create(&session, model, &session_options, err);
    if (!s)
        s = quill_encode(quill_model_tokenizer(model), &ids, "Once upon a h", 13, QUILL_SPECIAL_AS_TEXT, err);
    if (!s) {
        const quill_text stop = {"xyz", 3};
        quill_request request = quill_request_default();
        request.prompt = ids.ids, request.n_prompt = ids.n, request.logprobs = 3;
        request.n_predict = pattern ? 6 : 40, request.context_shift = true; // without a pattern, past the context
        request.heal = true; // "h" can be "he"
        request.cfg_scale = no_mmap ? 1.5f : 1;
        request.stops = &stop, request.n_stops = 1, request.prompt_logprobs = true;
        request.stop_regex = pattern ? NULL : "q+z", request.constraint = constraint;
        s = quill_generate(session, &request, &result, err);
    }
    quill_ids_free(&ids);
    quill_session_free(session);
    quill_model_free(model);
    quill_constraint_free(constraint);
    return s;
}

static quill_status generate_from(const char *path, bool no_mmap, quill_error *err) {
    return generate_under(path, no_mmap, NULL, err);
}
static quill_status generate_regular(quill_error *err) {
    return generate_under(GGUF, false, "(?i)[^a-z\\d]{2}q{1,9}z", err);
}
static quill_status generate_otherwise(quill_error *err) {
    return generate_under(GGUF, false, "\\b(q|z)x\\1+", err);
}

// A grammar with much of what there is, read and left again, without a model.
static quill_status read_grammar(quill_error *err) {
    static const char text[] = "root ::= e | (\"ab\" | \"abc\"){2,100} [^a-c\\u00e9]* | r\n"
                               "e ::= e \"+\" t | t\nt ::= \"(\" e \")\" | [0-9]{1,90} | n\nn ::= t \"!\" |\n"
                               "r ::= \"<\" r \">\" | .\n";
    quill_constraint *constraint = NULL;
    quill_status s = quill_constraint_grammar(&constraint, text, sizeof text - 1, err);
    const quill_text choices[] = {{"yes", 3}, {"yet", 3}, {"no", 2}};
    quill_constraint_free(constraint);
    constraint = NULL;
    if (!s) s = quill_constraint_choice(&constraint, choices, 3, err);
    quill_constraint_free(constraint);
    return s;
}

// A schema with much of what there is, without a model.
static quill_status compile_schema(quill_error *err) {
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"^a[^b]*\\\\b\",\"maxLength\":5},"
        "\"b\":{\"$ref\":\"#/$defs/t\"},\"c\":{\"type\":\"number\",\"minimum\":-1.5,\"exclusiveMaximum\":20},"
        "\"d\":{\"enum\":[1,\"x\",{\"k\":[null]}]},"
        "\"e\":{\"oneOf\":[{\"const\":1},{\"type\":\"string\",\"format\":\"ipv4\"}]}},"
        "\"patternProperties\":{\"^x\":{\"type\":\"integer\"}},\"additionalProperties\":{\"minItems\":1},"
        "\"required\":[\"a\"],\"maxProperties\":3,"
        "\"$defs\":{\"t\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/t\"}}]}}}";
    quill_constraint *constraint = NULL;
    const quill_status s = quill_constraint_json_schema(&constraint, schema, sizeof schema - 1, err);
    quill_constraint_free(constraint);
    return s;
}

static quill_status generate_mapped(quill_error *err) { return generate_from(GGUF, false, err); }
static quill_status generate_read(quill_error *err) { return generate_from(GGUF, true, err); }
static quill_status generate_folder(quill_error *err) { return generate_from(FOLDER, false, err); }
static quill_status generate_shards(quill_error *err) { return generate_from(SHARDS, true, err); }

static quill_status search(quill_error *err) {
    const quill_session_options session_options = {.n_ctx = 32, .n_threads = 1, .n_seq = 4};
    const quill_beams beams = {4, 1, QUILL_EARLY_NO};
    const quill_text stop = {"he", 2};
    const int32_t prompt[] = {'a', 'b'};
    const quill_hypothesis *found;
    size_t n;
    quill_model *model = NULL;
    quill_session *session = NULL;
    quill_status s = quill_model_open(&model, GGUF, &(quill_model_options){.cpu = "ref"}, err);
    if (!s) s = quill_session_create(&session, model, &session_options, err);
    quill_request request = quill_request_default();
    request.prompt = prompt, request.n_prompt = 2, request.n_predict = 8;
    request.stops = &stop, request.n_stops = 1;
    for (int i = 0; !s && i < 2; i++) s = quill_beam_search(session, &request, &beams, &found, &n, err);
    const quill_contrast contrast = {0.6, 4};
    const quill_result *result;
    for (int i = 0; !s && i < 2; i++) s = quill_contrastive_search(session, &request, &contrast, &result, err);
    quill_session_free(session);
    quill_model_free(model);
    return s;
}

static quill_status embed_with(quill_session *session, const quill_tokenizer *tokenizer, quill_error *err) {
    quill_ids ids[2] = {{0}};
    float vectors[2][64];
    quill_embed_text texts[2];
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < 2; i++) {
        size_t n_prompt;
        s = quill_embed_encode(tokenizer, &ids[i], &n_prompt, (quill_text){"query: ", 7}, (quill_text){"a man", 5 - i},
                               err);
        texts[i] = (quill_embed_text){.ids = ids[i].ids, .n = ids[i].n, .n_prompt = n_prompt, .vector = vectors[i]};
    }
    if (!s) s = quill_embed(session, texts, 2, QUILL_POOLING_MEAN, true, err);
    for (size_t i = 0; i < 2; i++) quill_ids_free(&ids[i]);
    return s;
}

// With the files of a published model.
static quill_status embed(quill_error *err) {
    const quill_session_options options = {.n_ctx = 32, .n_threads = 1, .n_seq = 2};
    const struct weights published = {.format = WEIGHTS_HF, .path = "tests/data/embeddings/qwen3"};
    struct arena arena = {0};
    quill_embed_config config;
    quill_model *model = NULL;
    quill_session *session = NULL;
    quill_status s = embed_config_find(&config, &arena, &published, err);
    if (!s) s = quill_model_open(&model, BASE, &(quill_model_options){.cpu = "ref"}, err);
    if (!s) s = quill_session_create(&session, model, &options, err);
    if (!s) s = embed_with(session, quill_model_tokenizer(model), err);
    arena_free(&arena);
    quill_session_free(session);
    quill_model_free(model);
    return s;
}

static quill_status tokenize_with(const char *path, quill_error *err) {
    quill_tokenizer *t = NULL;
    quill_ids ids = {0};
    static char text[5000];
    memset(text, 'a', sizeof text);
    memcpy(text, "<name>e\xcc\x81", 9); // what is normalized, too
    quill_status s = quill_tokenizer_open(&t, path, err);
    if (!s) s = quill_encode(t, &ids, text, sizeof text, QUILL_SPECIAL_PARSE, err);
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
    return s;
}

static quill_status tokenize(quill_error *err) { return tokenize_with("tests/data/tokenizer/added", err); }

static quill_status tokenize_otherwise(quill_error *err) {
    static const char *const paths[] = {"tests/data/tokenizer/spm-bpe.gguf",  "tests/data/tokenizer/spm-unigram.gguf",
                                        "tests/data/tokenizer/spm-unigram",   "tests/data/tokenizer/json/nfkc",
                                        "tests/data/tokenizer/json/charsmap", "tests/data/tokenizer/json/gpt1",
                                        "tests/data/tokenizer/json/unigram",  "tests/data/tokenizer/json/nfd"};
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < sizeof paths / sizeof *paths; i++) s = tokenize_with(paths[i], err);
    return s;
}

// Messages, a template that uses most of what there is, its ids, and an answer.
static quill_status chat(quill_error *err) {
    static const char messages[] =
        "{\"role\":\"user\",\"content\":\"Hi\"}\n{\"role\":\"assistant\",\"content\":\"<think>x</think>\","
        "\"tool_calls\":["
        "{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": [1, 2.5]}\"}}]}\n{\"role\":\"user\","
        "\"content\":\"\"}";
    static const char text[] =
        "{% macro m(x, y=1) %}{{ x ~ y }}{{ varargs }}{% endmacro %}{% set ns = namespace(n=0) %}{{ bos_token }}"
        "{% for m in messages if m.role != 'x' %}{% set ns.n = ns.n + 1 %}{{ m | tojson(indent=2) }}{{ "
        "m.content | upper }}"
        "{{ m.content.split('h') | sort | join(',') }}{% endfor %}{{ m(ns.n, *[2, 3], **{'k': 1}) }}{{ messages "
        "| map("
        "attribute='role') | list }}{% set b %}x{% endset %}{{ b[::-1] }}{{ '%s' % 'a' }}{{ '{}'.format(1) }}";
    static const char answer[] = "<think>a</think>b<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":1}}</tool_call>";
    quill_tokenizer *tokenizer = NULL;
    quill_chat_template *template = NULL;
    quill_chat *chat = NULL;
    quill_chat_prompt prompt = {0};
    quill_answer *parts = NULL;
    quill_ids ids = {0};
    quill_status s = quill_tokenizer_open(&tokenizer, "tests/data/tokenizer/added", err);
    if (!s) s = quill_chat_create(&chat, err);
    if (!s) s = quill_chat_read(chat, messages, strlen(messages), "messages", err);
    if (!s) s = quill_chat_add(chat, "user", "x", 1, err);
    if (!s) s = quill_chat_set_tools(chat, "[{\"name\":\"f\"}]", 14, "tools", err);
    if (!s) s = quill_chat_set_variable(chat, "v", "1", 1, err);
    if (!s) s = quill_chat_template_parse(&template, text, strlen(text), "t", tokenizer, err);
    if (!s) s = quill_chat_render(template, chat, NULL, &prompt, err);
    if (!s) s = quill_chat_encode(&prompt, tokenizer, &ids, err);
    if (!s) s = quill_answer_create(&parts, &prompt, true, NULL, NULL, err);
    if (!s) s = quill_answer_take(parts, answer, strlen(answer), err);
    if (!s) s = quill_answer_end(parts, err);
    quill_answer_free(parts);
    quill_ids_free(&ids);
    quill_chat_prompt_free(&prompt);
    quill_chat_template_free(template);
    quill_chat_free(chat);
    quill_tokenizer_free(tokenizer);
    return s;
}

static quill_status quantize(quill_error *err) { return quill_quantize(FOLDER, out_path, "Q8_0", NULL, err); }

// A folder and a GGUF file, added up.
static quill_status adapt(quill_error *err) {
    static const char *const paths[] = {ADAPTER "-patterns", ADAPTER "/adapter.gguf"};
    static const int32_t ids[] = {1, 2, 3};
    const quill_model_options model_options = {.cpu = "ref"};
    quill_model *model = NULL;
    quill_session *session = NULL;
    quill_adapter *adapters[2] = {NULL, NULL};
    quill_adapter_use uses[2];
    const float *logits;
    quill_status s = quill_model_open(&model, BASE, &model_options, err);
    for (size_t i = 0; i < 2 && !s; i++) {
        s = quill_adapter_load(&adapters[i], model, paths[i], err);
        uses[i] = (quill_adapter_use){adapters[i], 0.5f};
    }
    const quill_session_options options = {.n_ctx = 8, .n_threads = 1, .adapters = uses, .n_adapters = 2};
    if (!s) s = quill_session_create(&session, model, &options, err);
    if (!s) s = quill_eval(session, ids, 3, &logits, err);
    quill_session_free(session);
    for (size_t i = 0; i < 2; i++) quill_adapter_free(adapters[i]);
    quill_model_free(model);
    return s;
}

static quill_status merge(quill_error *err) {
    const quill_adapter_file files[] = {{ADAPTER, 1}, {ADAPTER "/adapter.gguf", 1}};
    const quill_quantize_options options = {.adapters = files, .n_adapters = 2};
    return quill_quantize(BASE "/model.gguf", out_path, "Q8_0", &options, err);
}

// ---- the prompt cache -------------------------------------------------------------------------------------------

enum { CACHED = 80 };
static char cache[64];

// The logits after CACHED tokens, and what can be kept of them; a fault of the cache changes nothing.
static quill_status use_cache(const quill_model *model, float *logits, size_t n_logits, quill_error *err) {
    const quill_session_options options = {.n_ctx = CACHED, .n_threads = 1};
    const quill_cache_options kept = {.folder = cache, .limit = 1 << 20};
    quill_session *session = NULL;
    const float *last;
    int32_t ids[CACHED];
    for (int32_t i = 0; i < CACHED; i++) ids[i] = 65 + i % 26;
    quill_status s = quill_session_create(&session, model, &options, err);
    if (!s && logits) s = quill_session_cache(session, &kept, err);
    if (!s) s = quill_eval(session, ids, CACHED, &last, err);
    if (!s && logits) quill_cache_store(session, ids, CACHED - 10);
    static float right[4096];
    if (!s && !logits) memcpy(right, last, n_logits * sizeof *right);
    else if (!s && memcmp(right, last, n_logits * sizeof *right) != 0) abort();
    quill_session_free(session);
    return s;
}

// Twice, so that the entry is read too.
static quill_status keep_prompts(quill_error *err) {
    const quill_model_options options = {.cpu = "ref"};
    quill_model *model = NULL;
    float logits;
    quill_status s = quill_model_open(&model, GGUF, &options, err);
    if (!s) s = use_cache(model, NULL, 259, err);
    for (int i = 0; i < 2 && !s; i++) s = use_cache(model, &logits, 259, err);
    if (!s) s = quill_cache_clear(cache, NULL, NULL, err);
    quill_model_free(model);
    return s;
}

// What a fault left in the folder of the cache goes; a temporary file is left only where unlink failed.
static bool cache_is_clean(void) {
    char path[512];
    DIR *dir = opendir(cache);
    bool clean = true;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        clean = clean && !strstr(entry->d_name, ".tmp");
        snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
        unlink(path);
    }
    if (dir) closedir(dir);
    return clean;
}

// The folder holds the old file, or a whole new one after a success; nothing else.
static bool folder_is_clean(quill_status s) {
    DIR *dir = opendir(folder);
    bool clean = dir != NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        clean = clean && (entry->d_name[0] == '.' || strcmp(entry->d_name, "out.gguf") == 0);
    closedir(dir);
    char text[4] = "";
    FILE *f = fopen(out_path, "rb");
    clean = clean && f && fread(text, 1, 3, f) == 3 && (strcmp(text, s ? "old" : "GGU") == 0 || s);
    fclose(f);
    return clean;
}

static void put_old_file(void) {
    FILE *f = fopen(out_path, "wb");
    if (!f || fputs("old", f) < 0 || fclose(f)) abort();
}

static bool is_message(quill_status s, const quill_error *err) {
    size_t n = strnlen(err->text, sizeof err->text);
    return s >= QUILL_E_USAGE && s <= QUILL_E_TRAIN && err->status == s && n > 5 && n < sizeof err->text &&
           !strchr(err->text, '\n');
}

static void run_all(const char *name, quill_status (*scenario)(quill_error *), const char *kind, const char *how) {
    const long step = strcmp(kind, "alloc") ? 1 : test_share(); // they are thousands
    long n = step > 1 && strchr(how, '+') ? 2 : 1, tried = 0, survived = 0; // others than those that fail once
    int wrong = 0;
    for (bool more = true; more && wrong < 5; n += step, tried++) {
        char fault[64];
        quill_error err;
        memset(&err, 0x5a, sizeof err);
        snprintf(fault, sizeof fault, "%s:%ld%s", kind, n, how);
        put_old_file();
        if (!fault_set(fault)) abort();
        quill_status s = scenario(&err);
        more = fault_struck();
        fault_set(NULL);
        bool good = (!s || is_message(s, &err)) && (more || !s);
        if (scenario == quantize || scenario == merge) good = good && folder_is_clean(s);
        if (scenario == keep_prompts) good = good && cache_is_clean();
        if (!good) wrong++, printf("# %s: status %d, %.200s\n", fault, (int)s, s ? err.text : "");
        survived += more && !s;
    }
    printf("%s %s: %s%s at each of %ld calls\n# %ld of them did not matter\n", wrong ? "not ok" : "ok", name, kind,
           strchr(how, '+') ? " from then on" : "", tried - 1, survived);
    failed += wrong;
}

int main(void) {
    static const struct {
        const char *name;
        quill_status (*run)(quill_error *err);
    } scenarios[] = {
        {"generate, mapped GGUF", generate_mapped}, {"generate, GGUF read into memory", generate_read},
        {"generate, regular constraint", generate_regular}, {"generate, other constraint", generate_otherwise},
        {"generate, folder", generate_folder},      {"generate, shards read into memory", generate_shards},
        {"grammar and choices", read_grammar},
        {"JSON schema", compile_schema},            {"beams and contrastive search", search},
        {"embed", embed},
        {"tokenize", tokenize},                     {"tokenize, other kinds", tokenize_otherwise},
        {"chat", chat},                             {"quantize", quantize},
        {"prompt cache", keep_prompts},
        {"adapters", adapt},                        {"quantize, merged adapters", merge},
    };
    static const char *const faults[][2] = {
        {"alloc", ":once"}, {"alloc", "+:once"}, {"mmap", ":once"},   {"mmap", "+:once"},  {"open", ":EMFILE"},
        {"read", ":EIO"},   {"read", ":EINTR"},  {"read", "+:short"}, {"write", ":ENOSPC"}, {"write", ":EINTR"},
        {"write", "+:short"}, {"fsync", ":EIO"}, {"rename", ":EACCES"}, {"close", ":EIO"}, {"stat", ":EIO"},
        {"thread", ":once"}, {"thread", "+:once"},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!mkdtemp(folder)) return 99;
    snprintf(out_path, sizeof out_path, "%s/out.gguf", folder);
    snprintf(cache, sizeof cache, "%s-cache", folder);
    json_set_alloc_funcs(malloc, free);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++)
            run_all(scenarios[i].name, scenarios[i].run, faults[k][0], faults[k][1]);
    unlink(out_path);
    rmdir(folder);
    rmdir(cache);
    return failed != 0;
}
