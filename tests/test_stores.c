// SPDX-License-Identifier: MIT
#include "test.h"

#include "load/stores/find.h"

// ---- names ----

static void names_of_repositories_are_those_of_the_hub(void **state) {
    (void)state;
    static const char *const good[] = {"gpt2", "openai-community/gpt2", "a/b", "A_b-c.d/E-f.g_h", "_/0", "0x/y.1"};
    static const char *const bad[] = {"",     "/",    "/a",   "a/",   "a//b", "a/b/c", ".",      "..",    "a/..",
                                      "../a", "-a/b", "a-/b", "a/b-", "a/.b", "a/b.",  "a--b",   "a..b",  "a/b--c",
                                      "a:b",  "a b/", "a\nb", "a./b", "~/b",  "a/b\\", "\xc3\xa4/b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(is_repo(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(is_repo(str_of(bad[i])));
    assert_false(is_repo((struct str){"a\0b", 3}));
    char text[202];
    memset(text, 'a', sizeof text);
    assert_true(is_repo((struct str){text, 200}));
    assert_false(is_repo((struct str){text, 201}));
}

static void a_choice_stands_behind_the_first_colon(void **state) {
    (void)state;
    struct repo_name name;
    assert_true(repo_name_parse(&name, STR("a/b")));
    assert_true(str_is(name.repo, "a/b") && !name.choice.p);
    assert_true(repo_name_parse(&name, STR("a/b:Q4_K_M")));
    assert_true(str_is(name.repo, "a/b") && str_is(name.choice, "Q4_K_M"));
    assert_true(repo_name_parse(&name, STR("b:c/d:e.gguf")));
    assert_true(str_is(name.repo, "b") && str_is(name.choice, "c/d:e.gguf"));
    assert_false(repo_name_parse(&name, STR("a/b:")));
    assert_false(repo_name_parse(&name, STR(":a")));
    assert_false(repo_name_parse(&name, STR("")));
    assert_false(repo_name_parse(&name, STR("./a:b")));
}

static void ollama_is(const char *text, const char *host, const char *space, const char *model, const char *tag) {
    struct ollama_name name;
    assert_true(ollama_name_parse(&name, str_of(text)));
    assert_true(str_is(name.host, host) && str_is(name.space, space) && str_is(name.model, model) &&
                str_is(name.tag, tag));
}

static void names_of_ollama_have_defaults(void **state) {
    (void)state;
    ollama_is("llama3.2", "registry.ollama.ai", "library", "llama3.2", "latest");
    ollama_is("llama3.2:1b", "registry.ollama.ai", "library", "llama3.2", "1b");
    ollama_is("me/mine", "registry.ollama.ai", "me", "mine", "latest");
    ollama_is("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "hf.co", "bartowski", "Llama-3.2-1B-Instruct-GGUF",
              "Q4_K_M");
    ollama_is("localhost:5000/me/mine", "localhost:5000", "me", "mine", "latest");
    static const char *const bad[] = {"",     ":",      "a:",   ":a",    "/a", "a/", "a/b/c/d", "..",
                                      "../a", "a/../b", "a:..", "a:b:c", ".a", "-a", "a b",     "a:/b",
                                      "a.b/c", "a/b:c/d", "a@sha256", "a\n", "x//y", "a:\xc3\xa4"};
    struct ollama_name name;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(ollama_name_parse(&name, str_of(bad[i])));
    assert_false(ollama_name_parse(&name, (struct str){"a\0b", 3}));
}

static void names_of_ollama_are_as_short_as_they_can_be(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"a", "ollama:a:latest"},         {"library/a:b", "ollama:a:b"},
        {"me/a", "ollama:me/a:latest"},   {"registry.ollama.ai/me/a:1", "ollama:me/a:1"},
        {"hf.co/a/b:c", "ollama:hf.co/a/b:c"}, {"hf.co/library/b", "ollama:hf.co/library/b:latest"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ollama_name name;
        struct ollama_text text;
        assert_true(ollama_name_parse(&name, str_of(texts[i][0])));
        assert_string_equal(ollama_name_text(&text, &name), texts[i][1]);
    }
}

static void gguf_is(const char *name, const char *stem, int part, int parts) {
    struct str found;
    int number, count;
    assert_true(gguf_name(str_of(name), &found, &number, &count));
    assert_true(str_is(found, stem));
    assert_int_equal(number, part);
    assert_int_equal(count, parts);
}

static void parts_of_a_file_are_numbered(void **state) {
    (void)state;
    struct str stem;
    int part, parts;
    gguf_is("x-Q8_0.gguf", "x-Q8_0", 1, 1);
    gguf_is("x-00002-of-00003.gguf", "x", 2, 3);
    gguf_is("x-00001-of-99999.gguf", "x", 1, 99999);
    gguf_is(".gguf", "", 1, 1);
    // not numbers of parts
    gguf_is("x-00004-of-00003.gguf", "x-00004-of-00003", 1, 1);
    gguf_is("x-00000-of-00003.gguf", "x-00000-of-00003", 1, 1);
    gguf_is("x-0000a-of-00003.gguf", "x-0000a-of-00003", 1, 1);
    gguf_is("x-0001-of-0003.gguf", "x-0001-of-0003", 1, 1);
    gguf_is("x_00001-of-00003.gguf", "x_00001-of-00003", 1, 1);
    gguf_is("-00001-of-00003.gguf", "-00001-of-00003", 1, 1);
    assert_false(gguf_name(STR("x.safetensors"), &stem, &part, &parts));
    assert_false(gguf_name(STR("gguf"), &stem, &part, &parts));
    assert_false(gguf_name(STR(""), &stem, &part, &parts));
}

static void a_type_is_a_word_of_its_own(void **state) {
    (void)state;
    assert_true(name_has_type(STR("Llama-3.2-1B-Q4_K_M.gguf"), STR("Q4_K_M")));
    assert_true(name_has_type(STR("llama-q4_k_m.gguf"), STR("Q4_K_M")));
    assert_true(name_has_type(STR("Llama-Q4_K_M.gguf"), STR("q4_k_m")));
    assert_true(name_has_type(STR("x-Q4_K_M-00001-of-00002.gguf"), STR("Q4_K_M")));
    assert_true(name_has_type(STR("Q4_K_M/x.gguf"), STR("Q4_K_M")));
    assert_true(name_has_type(STR("x.Q8_0.gguf"), STR("Q8_0")));
    assert_true(name_has_type(STR("x-UD-Q4_K_XL.gguf"), STR("Q4_K_XL")));
    assert_true(name_has_type(STR("x_BF16.gguf"), STR("bf16")));
    assert_true(name_has_type(STR("F16"), STR("F16")));
    assert_false(name_has_type(STR("x-Q4_K_M.gguf"), STR("Q4_K")));
    assert_false(name_has_type(STR("x-Q4_K_M.gguf"), STR("Q4")));
    assert_false(name_has_type(STR("x-IQ4_XS.gguf"), STR("Q4_XS")));
    assert_false(name_has_type(STR("x-BF16.gguf"), STR("F16")));
    assert_false(name_has_type(STR("x-Q4_K_M.gguf"), STR("")));
    assert_false(name_has_type(STR("Q4"), STR("Q4_K_M")));
    assert_false(name_has_type((struct str){"\0Q4\0", 4}, STR("Q4")));
}

static void files_beside_a_model_are_known_by_their_names(void **state) {
    (void)state;
    assert_true(gguf_is_beside(STR("mmproj-model-f16.gguf")));
    assert_true(gguf_is_beside(STR("x.MMPROJ-Q8_0.gguf")));
    assert_true(gguf_is_beside(STR("x-imatrix.gguf")));
    assert_true(gguf_is_beside(STR("mtp-x-Q8_0.gguf")));
    assert_false(gguf_is_beside(STR("GLM-mtp-Q8_0.gguf")));
    assert_false(gguf_is_beside(STR("x-Q8_0.gguf")));
    assert_false(gguf_is_beside(STR("")));
}

// ---- manifests of ollama ----

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
#define LAYER(type, digest) \
    "{\"mediaType\":\"application/vnd.ollama.image." type "\",\"digest\":\"" digest "\",\"size\":1}"
#define MANIFEST(layers) "{\"schemaVersion\":2,\"config\":{},\"layers\":[" layers "]}"

static void a_manifest_names_the_file_of_its_model(void **state) {
    (void)state;
    static const char *const texts[] = {
        MANIFEST(LAYER("model", "sha256:" DIGITS)),
        MANIFEST(LAYER("template", "x") "," LAYER("model", "sha256-" DIGITS) "," LAYER("projector", "sha256:" DIGITS)),
        "\xef\xbb\xbf" MANIFEST(LAYER("license", "") "," LAYER("model", "sha256:" DIGITS) ",7,null,[],{}"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char digest[SHA256_DIGITS + 1];
        quill_error err;
        assert_ok(ollama_manifest(digest, str_of(texts[i]), "m", &err), err);
        assert_string_equal(digest, DIGITS);
    }
}

static void refused(const char *text, const char *words) {
    char digest[SHA256_DIGITS + 1];
    quill_error err;
    assert_int_equal(ollama_manifest(digest, str_of(text), "m", &err), QUILL_E_MODEL);
    if (!strstr(err.text, words)) print_error("%s\n", err.text);
    assert_non_null(strstr(err.text, words));
    assert_memory_equal(err.text, "m: ", 3);
}

static void other_manifests_are_refused(void **state) {
    (void)state;
    refused("", "expected JSON, found a mistake");
    refused("{\"layers\":[", "expected JSON, found a mistake");
    refused("[]", "'layers': expected a list, found none");
    refused("{}", "'layers': expected a list, found none");
    refused("{\"layers\":{}}", "'layers': expected a list, found none");
    refused("{\"layers\":[],\"layers\":[]}", "mistake");
    refused(MANIFEST(""), "'layers': expected a model, found none");
    refused(MANIFEST(LAYER("tensor", "x")), "'layers': expected a GGUF file, found single tensors");
    refused(MANIFEST(LAYER("model", "sha256:" DIGITS) "," LAYER("adapter", "x")),
            "'layers': expected a model alone, found one with an adapter");
    refused(MANIFEST(LAYER("model", "sha256:" DIGITS) "," LAYER("model", "sha256:" DIGITS)),
            "'layers': expected one model, found several");
    static const char *const digests[] = {
        "", "sha256:", "sha256:../../etc/passwd", "/etc/passwd", DIGITS, "sha512:" DIGITS, "sha256:" DIGITS "0",
        "sha256/" DIGITS,
        "sha256:../..6789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF",
        "sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF",
    };
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        char text[400];
        snprintf(text, sizeof text, MANIFEST(LAYER("model", "%s")), digests[i]);
        refused(text, "'digest': expected sha256: and 64 hexadecimal digits, found '");
    }
    refused(MANIFEST("{\"mediaType\":\"application/vnd.ollama.image.model\"}"), "found ''");
    refused(MANIFEST("{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":7}"), "found ''");
}

// ---- where the stores are ----

static const char *const *variables; // NAME, VALUE, ..., NULL

static char *variable(const char *name) {
    for (const char *const *v = variables; *v; v += 2)
        if (strcmp(v[0], name) == 0) return (char *)(uintptr_t)v[1];
    return NULL;
}

static void roots_are(const char *const *set, const char *hub, const char *hub2, const char *flat, const char *ollama) {
    struct arena arena = {0};
    struct roots roots;
    variables = set;
    assert_true(roots_find(&roots, &arena, variable));
    const struct {
        const char *want, *got;
    } all[] = {{hub, roots.hub[0]}, {hub2, roots.hub[1]}, {flat, roots.flat[0]}, {ollama, roots.ollama[0]}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(all[i].want == NULL, all[i].got == NULL);
        if (all[i].want) assert_string_equal(all[i].got, all[i].want);
    }
    arena_free(&arena);
}

static void variables_say_where_stores_are(void **state) {
    (void)state;
    roots_are((const char *const[]){"HOME", "/h", NULL}, "/h/.cache/huggingface/hub", NULL, "/h/.cache/llama.cpp",
              "/h/.ollama/models");
    roots_are((const char *const[]){"HOME", "/h", "XDG_CACHE_HOME", "/c", NULL}, "/c/huggingface/hub", NULL,
              "/c/llama.cpp", "/h/.ollama/models");
    roots_are((const char *const[]){"HOME", "/h", "HF_HOME", "/f", "XDG_CACHE_HOME", "/c", NULL}, "/f/hub", NULL,
              "/c/llama.cpp", "/h/.ollama/models");
    roots_are((const char *const[]){"HOME", "/h", "HF_HOME", "/f", "HF_HUB_CACHE", "/u", "LLAMA_CACHE", "/l",
                                    "OLLAMA_MODELS", "/o", NULL},
              "/u", "/l", "/l", "/o");
    roots_are((const char *const[]){"HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old", NULL}, "/old", NULL,
              "/h/.cache/llama.cpp", "/h/.ollama/models");
    // what is empty is unset
    roots_are((const char *const[]){"HOME", "/h", "HF_HOME", "", "HF_HUB_CACHE", "", "OLLAMA_MODELS", "", NULL},
              "/h/.cache/huggingface/hub", NULL, "/h/.cache/llama.cpp", "/h/.ollama/models");
    roots_are((const char *const[]){"HF_HUB_CACHE", "/u", NULL}, "/u", NULL, NULL, "/usr/share/ollama/.ollama/models");
    roots_are((const char *const[]){NULL}, NULL, NULL, NULL, "/usr/share/ollama/.ollama/models");
}

static void hub_is(const char *value, const char *want) {
    roots_are((const char *const[]){"HOME", "/h", "D", "/d", "E", "", "HF_HUB_CACHE", value, NULL}, want, NULL,
              "/h/.cache/llama.cpp", "/h/.ollama/models");
}

// os.path.expandvars(os.path.expanduser(value))
static void paths_of_hugging_face_are_expanded(void **state) {
    (void)state;
    hub_is("~", "/h");
    hub_is("~/x", "/h/x");
    hub_is("~x", "~x");
    hub_is("/a/~", "/a/~");
    hub_is("$D/x", "/d/x");
    hub_is("${D}x$E/", "/dx/");
    hub_is("$NONE/x", "$NONE/x");
    hub_is("${D", "${D");
    hub_is("$", "$");
    hub_is("a$$D${}", "a$/d${}");
}

// ---- which one is meant ----

#define GGUF(repo_, file_) {.kind = STORED_GGUF, .repo = repo_, .file = file_, .path = "/" file_}

static void meant(const struct stored *items, size_t n, const char *choice, bool tokenizer_only, size_t want,
                  const char *path) {
    const struct stored *out[16];
    const struct gathering g = {.items = (struct stored *)(uintptr_t)items, .n = n};
    const struct str text = choice ? str_of(choice) : (struct str){NULL, 0};
    assert_int_equal(choose_stored(out, &g, text, tokenizer_only), want);
    if (path) assert_string_equal(out[0]->path, path);
}

static void one_of_several_files_must_be_chosen(void **state) {
    (void)state;
    static const struct stored items[] = {
        GGUF("a/b", "x-Q4_K_M.gguf"), GGUF("a/b", "x-Q8_0.gguf"), GGUF("a/b", "BF16/x-BF16-00001-of-00002.gguf"),
        {.kind = STORED_BESIDE, .repo = "a/b", .file = "mmproj-Q8_0.gguf", .path = "/mmproj"},
        {.kind = STORED_GGUF, .repo = "a/b", .file = "sub_x-Q8_0.gguf", .flat = true, .path = "/flat"},
        {.kind = STORED_GGUF, .repo = "a/b", .file = "x-Q4_K_M.gguf", .path = "/again"},
    };
    enum { N = sizeof items / sizeof *items };
    meant(items, N, NULL, false, 4, NULL);
    meant(items, N, "q4_k_m", false, 1, "/x-Q4_K_M.gguf");
    meant(items, N, "Q8_0", false, 2, "/x-Q8_0.gguf");
    meant(items, N, "BF16", false, 1, "/BF16/x-BF16-00001-of-00002.gguf");
    meant(items, N, "x-Q8_0.gguf", false, 1, "/x-Q8_0.gguf");
    meant(items, N, "sub/x-Q8_0.gguf", false, 1, "/flat");
    meant(items, N, "sub_x-Q8_0.gguf", false, 1, "/flat");
    meant(items, N, "x-BF16-00001-of-00002.gguf", false, 1, "/BF16/x-BF16-00001-of-00002.gguf");
    meant(items, N, "mmproj-Q8_0.gguf", false, 1, "/mmproj");
    meant(items, N, "Q6_K", false, 0, NULL);
    meant(items, N, "X-Q8_0.gguf", false, 0, NULL);
    meant(items, 1, NULL, false, 1, "/x-Q4_K_M.gguf");
    meant(items, 0, NULL, false, 0, NULL);
    meant(items + 3, 1, NULL, false, 0, NULL);
}

static void a_folder_comes_first(void **state) {
    (void)state;
    static const struct stored items[] = {
        {.kind = STORED_TOKENIZER, .repo = "a/b", .path = "/tokenizer"},
        {.kind = STORED_OTHER, .repo = "a/b", .path = "/other"},
        GGUF("a/b", "x.gguf"),
        {.kind = STORED_FOLDER, .repo = "a/b", .path = "/folder"},
    };
    meant(items, 4, NULL, false, 1, "/folder");
    meant(items, 4, "x.gguf", false, 1, "/x.gguf");
    meant(items, 3, NULL, false, 1, "/x.gguf");
    meant(items, 2, NULL, false, 1, "/other");
    meant(items, 2, NULL, true, 1, "/tokenizer");
    meant(items, 1, NULL, true, 1, "/tokenizer");
    meant(items, 1, NULL, false, 0, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_repositories_are_those_of_the_hub),
        cmocka_unit_test(a_choice_stands_behind_the_first_colon),
        cmocka_unit_test(names_of_ollama_have_defaults),
        cmocka_unit_test(names_of_ollama_are_as_short_as_they_can_be),
        cmocka_unit_test(parts_of_a_file_are_numbered),
        cmocka_unit_test(a_type_is_a_word_of_its_own),
        cmocka_unit_test(files_beside_a_model_are_known_by_their_names),
        cmocka_unit_test(a_manifest_names_the_file_of_its_model),
        cmocka_unit_test(other_manifests_are_refused),
        cmocka_unit_test(variables_say_where_stores_are),
        cmocka_unit_test(paths_of_hugging_face_are_expanded),
        cmocka_unit_test(one_of_several_files_must_be_chosen),
        cmocka_unit_test(a_folder_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
