// SPDX-License-Identifier: MIT
// safetensors files and shard indexes: what they give, and the rules they have to keep.
#include "folder.h"

#include <math.h>

#include "base/clock.h"
#include "formats/weights.h"

static quill_status open_folder(struct weights **w, quill_error *err) {
    return weights_open(w, folder, WEIGHTS_ALL, MAP_READ, err); // read: the sanitizer sees a read past the end
}

static struct weights *accepted(void) {
    struct weights *w;
    quill_error err;
    assert_ok(open_folder(&w, &err), err);
    return w;
}

static void refused(const char *words) {
    struct weights *w;
    quill_error err = {0};
    quill_status s = open_folder(&w, &err);
    bool fine = s == QUILL_E_MODEL && strstr(err.text, words) && strncmp(err.text, folder, strlen(folder)) == 0 &&
                (strstr(err.text, "expected") || strstr(err.text, "cannot")) && !strchr(err.text, '\n');
    if (!fine) print_error("wanted '%s', got status %d, '%s'\n", words, (int)s, err.text);
    assert_true(fine);
    assert_null(w);
}

static void header_refused(const char *header, size_t n, const char *words) {
    write_safetensors("model.safetensors", header, n);
    refused(words);
}

static void header_accepted(const char *header, size_t n) {
    write_safetensors("model.safetensors", header, n);
    weights_close(accepted());
}

static int setup(void **state) {
    int result = make_folder(state);
    if (result == 0) write_text("config.json", "{}");
    return result;
}

// ---- one file -------------------------------------------------------------------------------------------------------

#define TINY \
    "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[8,20]}," \
    "\"a\\u002e\\\"x\\\"\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}," \
    "\"scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[20,28]}," \
    "\"none\":{\"dtype\":\"BF16\",\"shape\":[3,0],\"data_offsets\":[28,28]}}  "

static void tensors_are_views_of_the_data(void **state) {
    (void)state;
    write_safetensors("model.safetensors", TINY, 28);
    struct weights *w = accepted();
    assert_int_equal(w->format, WEIGHTS_HF);
    assert_int_equal(w->n_tensors, 4);
    assert_int_equal(w->file_bytes, 8 + strlen(TINY) + 28);
    const struct tensor *t = weights_tensor(w, STR("b"));
    assert_true(t && t->dtype == DTYPE_F16 && t->n_dims == 2 && t->shape[0] == 2 && t->shape[1] == 3 && t->bytes == 12);
    assert_true(t->data[0] == 8 && t->offset == 8 + strlen(TINY) + 8 && strcmp(t->type, "F16") == 0);
    t = weights_tensor(w, STR("a.\"x\""));
    assert_true(t && t->dtype == DTYPE_F32 && t->n_dims == 1 && t->data[1] == 1 && t == &w->tensors[0]);
    t = weights_tensor(w, STR("scalar"));
    assert_true(t && t->dtype == DTYPE_NONE && strcmp(t->type, "I64") == 0 && t->n_dims == 0 && t->bytes == 8);
    t = weights_tensor(w, STR("none"));
    assert_true(t && t->dtype == DTYPE_BF16 && t->bytes == 0 && t->shape[1] == 0);
    assert_null(weights_tensor(w, STR("__metadata__")));
    weights_close(w);
}

static void doubles_are_read_as_floats(void **state) {
    (void)state;
    static const double values[] = {0.1, -1e300, 0x1p-200, (double)NAN, 3};
    static const char header[] = "{\"d\":{\"dtype\":\"F64\",\"shape\":[5],\"data_offsets\":[0,40]},"
                                 "\"none\":{\"dtype\":\"F64\",\"shape\":[0,3],\"data_offsets\":[40,40]}}";
    struct buffer b = {0};
    const uint64_t length = sizeof header - 1;
    assert_true(buffer_add(&b, &length, 8) && buffer_add(&b, header, length) && buffer_add(&b, values, sizeof values));
    write_file("model.safetensors", b.p, b.n);
    buffer_free(&b);
    struct weights *w = accepted();
    const struct tensor *t = weights_tensor(w, STR("d"));
    assert_true(t && t->dtype == DTYPE_F32 && strcmp(t->type, "F32") == 0 && t->bytes == 20 && t->shape[0] == 5);
    float found[5];
    memcpy(found, t->data, sizeof found);
    assert_true(found[0] == 0.1f && found[1] == -INFINITY && found[2] == 0 && isnan(found[3]) && found[4] == 3);
    t = weights_tensor(w, STR("none"));
    assert_true(t && t->dtype == DTYPE_F32 && t->bytes == 0);
    weights_close(w);
}

static void unusual_tensors_are_accepted_while_nobody_needs_them(void **state) {
    (void)state;
    header_accepted("{}", 0);
    header_accepted("{\"__metadata__\":{}}", 0);
    header_accepted("{ \"t\" : { \"data_offsets\" : [ 0 , 4 ] , \"shape\" : [ 1 ] , \"dtype\" : \"F32\" } \n}\t", 4);
    header_accepted("{\"t\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
    header_accepted("{\"t\":{\"dtype\":\"F4\",\"shape\":[6],\"data_offsets\":[0,3]}}", 3);
    header_accepted("{\"t\":{\"dtype\":\"NEW\",\"shape\":[6],\"data_offsets\":[0,17]}}", 17);
    header_accepted("{\"t\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6],\"more\":{\"x\":[1,2]}}}", 6);
    write_safetensors("model.safetensors",
                      "{\"t\":{\"dtype\":\"U8\",\"shape\":[1,2,3,4,5,1],\"data_offsets\":[0,120]}}", 120);
    struct weights *w = accepted();
    const struct tensor *t = weights_tensor(w, STR("t"));
    assert_true(t->n_dims == 4 && t->shape[0] == 6 && t->shape[1] == 4 && t->shape[2] == 5 && t->shape[3] == 1);
    weights_close(w);
}

static void the_header_lies_within_the_file(void **state) {
    (void)state;
    static const struct {
        uint64_t length;
        const char *words;
    } cases[] = {
        {0, "expected a safetensors header that begins with '{', found none"},
        {3, "expected"},
        {1000, "expected a safetensors header of at most 100000000 bytes, all within the file, found a length of 1000"},
        {100000001, "found a length of 100000001"},
        {UINT64_MAX, "found a length of 18446744073709551615"},
        {UINT64_MAX - 7, "found a length of"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bytes[100] = {0};
        store_u64(bytes, cases[i].length);
        memcpy(bytes + 8, "{}", 2);
        write_file("model.safetensors", bytes, sizeof bytes);
        refused(cases[i].words);
    }
    for (size_t n = 0; n < 8; n++) {
        write_file("model.safetensors", "\2\0\0\0\0\0\0\0", n);
        refused("expected a safetensors file, found a file of");
    }
    header_refused(" {}", 0, "begins with '{'");
    header_refused("\xef\xbb\xbf{}", 0, "begins with '{'");
    header_refused("[]", 0, "begins with '{'");
}

// A file of zeros behind the brace, which takes no room on the disk: what is refused is the length, or what it holds.
static void a_header_has_at_most_100_mb(void **state) {
    (void)state;
    for (uint64_t length = 100000000; length <= 100000001; length++) {
        char bytes[9] = {0};
        store_u64(bytes, length);
        bytes[8] = '{';
        write_file("model.safetensors", bytes, sizeof bytes);
        assert_int_equal(truncate(in_folder("model.safetensors"), (off_t)length + 8), 0);
        struct weights *w;
        quill_error err = {0};
        assert_int_equal(weights_open(&w, folder, WEIGHTS_ALL, MAP_FILE, &err), QUILL_E_MODEL);
        bool too_long = strstr(err.text, "header of at most 100000000 bytes, all within the file, found a length of ");
        assert_int_equal(too_long, length > 100000000);
        assert_true(too_long || strstr(err.text, "(byte 9)"));
    }
}

// Three times its length, and a tree, have to fit as well.
static void a_description_has_at_most_64_kib(void **state) {
    (void)state;
    enum { MOST = 1 << 16 };
    static const struct {
        size_t n;
        const char *words; // NULL: accepted
    } cases[] = {
        {MOST / 3 - 2000, NULL},
        {MOST, "tensor 't': expected fewer values, found more than quill reads"},
        {MOST + 1, "expected a short description of a tensor, found a longer one"},
    };
    static char header[MOST + 100];
    for (size_t i = 0; i < 3; i++) {
        const char *entry = "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]";
        snprintf(header, sizeof header, "{\"t\":%s%*s}}", entry, (int)(cases[i].n - strlen(entry) - 1), "");
        write_safetensors("model.safetensors", header, 1);
        if (cases[i].words) refused(cases[i].words);
        else weights_close(accepted());
    }
    snprintf(header, sizeof header, "{\"__metadata__\":{\"a\":\"%*s\"}}", MOST, ""); // which may be longer
    header_accepted(header, 0);
}

static void names_have_up_to_64_kib(void **state) {
    (void)state;
    enum { MOST = 1 << 16 };
    static char header[2 * MOST], index[2 * MOST], name[MOST + 2];
    for (size_t n = MOST; n <= MOST + 1; n++) {
        memset(name, 'n', n);
        snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", name);
        write_safetensors("model.safetensors", header, 1);
        if (n == MOST) weights_close(accepted());
        else refused("expected a name of at most 65536 bytes, found a longer one");
        unlink(in_folder("model.safetensors"));
        snprintf(index, sizeof index, "{\"weight_map\":{\"%s\":\"one.safetensors\"}}", name);
        write_text("model.safetensors.index.json", index);
        write_safetensors("one.safetensors", header, 1);
        if (n == MOST) weights_close(accepted());
        else refused("weight_map: expected names of at most 65536 bytes, found '\"nnn");
        unlink(in_folder("model.safetensors.index.json"));
    }
}

// What a file system takes as the name of a file.
static void names_of_shards_have_up_to_255_bytes(void **state) {
    (void)state;
    char name[257] = "", index[600];
    for (size_t n = 255; n <= 256; n++) {
        memset(name, 's', n);
        snprintf(index, sizeof index, "{\"weight_map\":{\"a\":\"%s\"}}", name);
        write_text("model.safetensors.index.json", index);
        if (n == 256) refused("tensor 'a': expected the name of a file in the folder, found '\"sss");
        else write_safetensors(name, "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
        if (n == 255) weights_close(accepted());
    }
}

static void the_header_is_json(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{", "{}x", "{\"t\"}", "{\"t\":}", "{\"t\":1,}", "{,}", "{\"t\":1 \"u\":2}", "{\"t",
        "{\"t\":\"x", "{\"t\":[}", "{t:1}",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1,],\"data_offsets\":[0,4]}}", "{\"a\nb\":1}", "{\"\xff\":1}",
        "{\"\\x\":1}",
        "{\"\\ud800\":{}}", "{} {}", "{\"t\":nul}", "{\"t\":1}}",
        ("{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[0,4]}}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) header_refused(bad[i], 4, "expected");
    char deep[4000] = "{\"t\":";
    memset(deep + strlen(deep), '[', 3000);
    header_refused(deep, 4, "nested at most 64 deep");
}

// Eight bytes are looked at together where none is special: each value at each place of a longer name.
static void every_byte_of_a_name_is_looked_at(void **state) {
    (void)state;
    for (int at = 0; at < 17; at++)
        for (int byte = 1; byte < 256; byte++) {
            char header[200];
            snprintf(header, sizeof header,
                     "{\"nnnnnnnnnnnnnnnnnn\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}");
            header[2 + at] = (char)byte;
            write_safetensors("model.safetensors", header, 1);
            struct weights *w;
            quill_error err;
            bool bad = byte < 0x20 || byte >= 0x80 || byte == '"'; // a backslash makes an escape of the next n
            assert_int_equal(open_folder(&w, &err), bad ? QUILL_E_MODEL : QUILL_OK);
            weights_close(w);
        }
}

static void entries_are_complete_and_plain(void **state) {
    (void)state;
#define T(entry) "{\"t\":{" entry "}}"
    header_refused("{\"t\":7}", 4, "tensor 't': expected an object");
    header_refused(T(""), 4, "tensor 't': expected two whole numbers as its data_offsets");
    header_refused(T("\"shape\":[1],\"data_offsets\":[0,4]"), 4, "tensor 't': expected a string as its dtype");
    header_refused(T("\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]"), 4, "expected a string as its dtype");
    header_refused(T("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, "expected a list as its shape");
    header_refused(T("\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]"), 4, "expected a list as its shape");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"), 4,
                   "dimensions that are whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]"), 4,
                   "dimensions that are whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]"), 4,
                   "dimensions that are whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]"), 4, "expected two whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]"), 4, "expected two whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0.0,4]"), 4, "expected two whole numbers");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"), 4, "tensor 't': expected data within");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]"), 4, "found 0 to 8");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]"), 4, "expected");
    header_refused("{\"__metadata__\":[]}", 0, "__metadata__: expected an object");
    header_refused("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: expected strings");
    header_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "'__metadata__': expected once, found twice");
}

static void sizes_and_shapes_agree(void **state) {
    (void)state;
    header_refused(T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), 4,
                   "tensor 't': expected the bytes of 2 F32 values, found 4 bytes");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,4]"), 4,
                   "expected the bytes of 0 F32 values");
    header_refused(T("\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,1]"), 1, "expected the bytes of 1 F4 values");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]"), 4, "fits 64 bits");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[4294967296,1073741824],\"data_offsets\":[0,0]"), 0,
                   "expected the bytes");
    header_refused(T("\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]"), 4,
                   "expected the bytes");
}

#define BYTES(name, n, begin, end) \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #n "],\"data_offsets\":[" #begin "," #end "]}"

static void data_are_covered_once(void **state) {
    (void)state;
    header_accepted("{" BYTES("b", 4, 4, 8) "," BYTES("a", 4, 0, 4) "}", 8);
    header_refused("{" BYTES("a", 4, 0, 4) "," BYTES("b", 4, 3, 7) "}", 7, "tensor 'b': expected data from byte");
    header_refused("{" BYTES("a", 4, 0, 4) "," BYTES("b", 4, 0, 4) "}", 4, "an overlap with another tensor");
    header_refused("{" BYTES("a", 4, 0, 4) "," BYTES("b", 4, 5, 9) "}", 9, "a hole before it");
    header_refused("{" BYTES("a", 4, 1, 5) "}", 5, "tensor 'a'");
    header_refused("{" BYTES("a", 4, 0, 4) "}", 5, "expected the file to end with its last tensor, found 1 bytes more");
    header_refused("{}", 1, "expected the file to end with its last tensor");
    header_refused("{" BYTES("a", 4, 0, 4) "," BYTES("a", 4, 4, 8) "}", 8, "tensor 'a': expected once, found twice");
    header_refused("{" BYTES("a", 4, 0, 4) "," BYTES("\\u0061", 4, 4, 8) "}", 8,
                   "tensor 'a': expected once, found twice");
}

// ---- damage and amounts ---------------------------------------------------------------------------------------------

static quill_status use(const char *p, size_t n) {
    struct weights *w;
    quill_error err = {0};
    write_file("model.safetensors", p, n);
    quill_status s = open_folder(&w, &err);
    if (s) {
        const char *path = in_folder("model.safetensors: ");
        bool fine = s == QUILL_E_MODEL && err.status == s && strncmp(err.text, path, strlen(path)) == 0 &&
                    strstr(err.text, "expected ") && !strchr(err.text, '\n');
        if (!fine) print_error("status %d, '%s'\n", (int)s, err.text);
        assert_true(fine && !w);
    }
    unsigned sum = 0;
    for (size_t i = 0; w && i < w->n_tensors; i++) {
        const struct tensor *t = &w->tensors[i];
        assert_true(t->offset <= n && t->bytes <= n - t->offset);
        for (uint64_t k = 0; k < t->bytes; k++) sum += t->data[k];
    }
    assert_true(sum <= 255 * n);
    weights_close(w);
    return s;
}

static size_t tiny_bytes(char out[1024]) {
    size_t n = strlen(TINY);
    store_u64(out, n);
    memcpy(out + 8, TINY, n);
    memset(out + 8 + n, 1, 28);
    return 8 + n + 28;
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    char bytes[1024];
    size_t size = tiny_bytes(bytes);
    assert_int_equal(use(bytes, size), QUILL_OK);
    for (size_t n = 0; n < size; n++) assert_int_equal(use(bytes, n), QUILL_E_MODEL);
}

static void every_flipped_bit_is_survived(void **state) {
    (void)state;
    char bytes[1024];
    size_t size = tiny_bytes(bytes), fine = 0;
    for (size_t bit = 0; bit < 8 * (size - 28); bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        fine += use(bytes, size) == QUILL_OK;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    // What may change: letters of names and of free text, some of types and digits, blanks; the rest is refused.
    print_message("%zu of %zu flips leave a valid file\n", fine, 8 * (size - 28));
    assert_true(fine > 0 && fine < 8 * (size - 28) / 5);
}

static void many_tensors_cost_milliseconds(void **state) {
    (void)state;
    enum { N = 20000 };
    struct buffer b = {0};
    uint64_t length;
    char text[200];
    assert_true(buffer_add(&b, "12345678{", 9));
    for (int i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "%s\"model.layers.%d.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],"
                         "\"data_offsets\":[%d,%d]}", i ? "," : "", i, 8 * (N - 1 - i), 8 * (N - i));
        assert_true(buffer_add(&b, text, (size_t)n));
    }
    assert_true(buffer_add_byte(&b, '}'));
    length = b.n - 8;
    memcpy(b.p, &length, 8);
    for (int i = 0; i < 8 * N; i++) assert_true(buffer_add_byte(&b, 0));
    write_file("model.safetensors", b.p, b.n);
    buffer_free(&b);
    double best = 1e9;
    for (int run = 0; run < 3; run++) {
        double start = clock_ms();
        struct weights *w = accepted();
        double took = clock_ms() - start;
        if (took < best) best = took;
        assert_int_equal(w->n_tensors, N);
        weights_close(w);
    }
    print_message("20,000 tensors: %.1f ms\n", best);
    if (!getenv("TEST_EMULATED")) assert_true(best < 20000); // a list instead of a table takes minutes
}

// ---- shards ---------------------------------------------------------------------------------------------------------

static void write_shards(void) {
    write_safetensors("one.safetensors", "{" BYTES("a", 4, 0, 4) "," BYTES("b", 2, 4, 6) "}", 6);
    write_safetensors("two.safetensors", "{" BYTES("c", 3, 0, 3) "}", 3);
}

#define MAP(entries) "{\"metadata\":{\"total_size\":9},\"weight_map\":{" entries "}}"
#define A "\"a\":\"one.safetensors\""
#define B "\"b\":\"one.safetensors\""
#define C "\"c\":\"two.safetensors\""

static void index_refused(const char *index, const char *words) {
    write_text("model.safetensors.index.json", index);
    refused(words);
}

static void shards_are_read_as_one_model(void **state) {
    (void)state;
    write_shards();
    write_text("model.safetensors.index.json", "\xef\xbb\xbf" MAP(C "," A "," B));
    struct weights *w = accepted();
    assert_int_equal(w->n_tensors, 3);
    const struct tensor *b = weights_tensor(w, STR("b")), *c = weights_tensor(w, STR("c"));
    assert_true(b && c && b->file != c->file && b->data[0] == 4 && c->data[1] == 1);
    weights_close(w);
    write_text("model.safetensors.index.json", MAP("\"a\":\"one.s\\u0061fetensors\"," B "," C));
    weights_close(accepted());
}

static void the_index_and_the_shards_agree(void **state) {
    (void)state;
    write_shards();
    index_refused(MAP(A "," C), "tensor 'b': expected in 'one.safetensors', where it lies, found no entry");
    index_refused(MAP(A "," B "," C ",\"d\":\"two.safetensors\""),
                  "tensor 'd': expected in 'two.safetensors', found no such tensor there");
    index_refused(MAP(A ",\"b\":\"two.safetensors\"," C),
                  "tensor 'b': expected in 'one.safetensors', where it lies, found another");
    index_refused(MAP(A "," A "," B "," C), "tensor 'a': expected once, found twice");
    index_refused(MAP(A "," B ",\"c\":\"three.safetensors\""), "three.safetensors: cannot open");
    write_safetensors("two.safetensors", "{" BYTES("a", 3, 0, 3) "}", 3);
    index_refused(MAP(A "," B ",\"c\":\"two.safetensors\""), "tensor 'a': expected once, found twice");
}

static void shards_are_plain_names_in_the_folder(void **state) {
    (void)state;
    write_shards();
    static const char *const bad[] = {"../x", "/etc/passwd", "a/b", "..", ".", "", "a\\u0000b",
                                      "sub\\/one.safetensors"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"weight_map\":{\"a\":\"%s\"}}", bad[i]);
        index_refused(text, "tensor 'a': expected the name of a file in the folder, found");
    }
    index_refused("{\"weight_map\":{\"a\":7}}", "tensor 'a': expected the name of a file in the folder, found '7'");
    index_refused("{\"weight_map\":{\"a\":{}}}", "tensor 'a'");
    index_refused("{\"weight_map\":{\"a\":\"config.json\"}}", "config.json: expected a safetensors");
    mkfifo(in_folder("fifo"), 0600);
    index_refused("{\"weight_map\":{\"a\":\"fifo\"}}", "fifo: expected a regular file");
}

static void the_index_is_an_object_with_one_map(void **state) {
    (void)state;
    write_shards();
    index_refused("", "expected an object");
    index_refused("[]", "expected an object");
    index_refused("{}", "expected an object 'weight_map', found none");
    index_refused("{\"weight_map\":[]}", "expected an object 'weight_map'");
    index_refused("{\"weight_map\":{" A "},\"weight_map\":{" A "}}", "expected one weight_map, found two");
    index_refused("{\"weight_map\":{" A ",}}", "expected a name in quotes");
    index_refused("{\"weight_map\":{" A "}", "expected a comma or a closing brace");
    index_refused("{\"metadata\":nonsense,\"weight_map\":{" A "}}", "expected a value");
    write_text("model.safetensors.index.json", "{\"weight_map\":{}}");
    weights_close(accepted());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tensors_are_views_of_the_data, setup, remove_folder),
        cmocka_unit_test_setup_teardown(doubles_are_read_as_floats, setup, remove_folder),
        cmocka_unit_test_setup_teardown(unusual_tensors_are_accepted_while_nobody_needs_them, setup, remove_folder),
        cmocka_unit_test_setup_teardown(the_header_lies_within_the_file, setup, remove_folder),
        cmocka_unit_test_setup_teardown(a_header_has_at_most_100_mb, setup, remove_folder),
        cmocka_unit_test_setup_teardown(a_description_has_at_most_64_kib, setup, remove_folder),
        cmocka_unit_test_setup_teardown(names_have_up_to_64_kib, setup, remove_folder),
        cmocka_unit_test_setup_teardown(names_of_shards_have_up_to_255_bytes, setup, remove_folder),
        cmocka_unit_test_setup_teardown(the_header_is_json, setup, remove_folder),
        cmocka_unit_test_setup_teardown(every_byte_of_a_name_is_looked_at, setup, remove_folder),
        cmocka_unit_test_setup_teardown(entries_are_complete_and_plain, setup, remove_folder),
        cmocka_unit_test_setup_teardown(sizes_and_shapes_agree, setup, remove_folder),
        cmocka_unit_test_setup_teardown(data_are_covered_once, setup, remove_folder),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, remove_folder),
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_survived, setup, remove_folder),
        cmocka_unit_test_setup_teardown(many_tensors_cost_milliseconds, setup, remove_folder),
        cmocka_unit_test_setup_teardown(shards_are_read_as_one_model, setup, remove_folder),
        cmocka_unit_test_setup_teardown(the_index_and_the_shards_agree, setup, remove_folder),
        cmocka_unit_test_setup_teardown(shards_are_plain_names_in_the_folder, setup, remove_folder),
        cmocka_unit_test_setup_teardown(the_index_is_an_object_with_one_map, setup, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
