// SPDX-License-Identifier: MIT
// GGUF models in several files.
#include "gguf_bytes.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "folder.h"

enum { NO_KEY = 1000 };

static void write_part(const char *name, uint32_t number, uint32_t count, uint32_t total, const char *tensor) {
    struct buffer b = {0};
    bool with_total = number == 0 && total != NO_KEY;
    put_header(&b, 3, 1, 2 + with_total);
    put_key(&b, "split.no", U16), put(&b, &(uint16_t){(uint16_t)number}, 2);
    put_key(&b, "split.count", U16), put(&b, &(uint16_t){(uint16_t)count}, 2);
    if (with_total) put_key(&b, "split.tensors.count", I32), put32(&b, total);
    put_tensor(&b, tensor, 2, 3, 2, 0, 0);
    pad(&b, 32);
    for (uint32_t i = 0; i < 6; i++) put32(&b, 0x3f800000 + (number << 20) + i);
    write_file(name, b.p, b.n);
    buffer_free(&b);
}

static void write_three(void) {
    write_part("m-00001-of-00003.gguf", 0, 3, 3, "a");
    write_part("m-00002-of-00003.gguf", 1, 3, NO_KEY, "b");
    write_part("m-00003-of-00003.gguf", 2, 3, NO_KEY, "c");
}

static void refused_with(const char *name, const char *words) {
    struct weights *w;
    quill_error err = {0};
    quill_status s = weights_open(&w, in_folder(name), WEIGHTS_ALL, MAP_FILE, &err);
    if (s != QUILL_E_MODEL || !strstr(err.text, words)) print_error("wanted '%s', got '%s'\n", words, err.text);
    assert_true(s == QUILL_E_MODEL && strstr(err.text, words));
    assert_null(w);
    empty_folder();
}

static void the_tensors_of_all_files_are_there(void **state) {
    (void)state;
    write_three();
    struct weights *w;
    quill_error err = {0};
    assert_ok(weights_open(&w, in_folder("m-00001-of-00003.gguf"), WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_int_equal(w->n_tensors, 3);
    const char *names[] = {"a", "b", "c"};
    for (uint32_t i = 0; i < 3; i++) {
        const struct tensor *t = weights_tensor(w, str_of(names[i]));
        assert_non_null(t);
        assert_int_equal(t->file, i);
        assert_int_equal(load_u32(t->data + 20), 0x3f800005 + (i << 20));
    }
    weights_close(w);
    assert_ok(weights_open(&w, in_folder("m-00001-of-00003.gguf"), WEIGHTS_TOKENIZER_ONLY, MAP_FILE, &err), err);
    weights_close(w);
    empty_folder();
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    write_three();
    assert_int_equal(unlink(in_folder("m-00003-of-00003.gguf")), 0);
    refused_with("m-00001-of-00003.gguf", "m-00003-of-00003.gguf");
}

static void every_file_must_be_of_its_place(void **state) {
    (void)state;
    write_three();
    write_part("m-00002-of-00003.gguf", 2, 3, NO_KEY, "b");
    refused_with("m-00001-of-00003.gguf", "m-00002-of-00003.gguf: metadata 'split.no': expected 1, found 2");
    write_three();
    write_part("m-00002-of-00003.gguf", 1, 4, NO_KEY, "b");
    refused_with("m-00001-of-00003.gguf", "m-00002-of-00003.gguf: metadata 'split.count': expected 3, found 4");
    write_three();
    write_text("m-00002-of-00003.gguf", "GGUX");
    refused_with("m-00001-of-00003.gguf", "m-00002-of-00003.gguf: expected a GGUF file");
}

static void only_the_first_file_opens_the_model(void **state) {
    (void)state;
    write_three();
    refused_with("m-00002-of-00003.gguf", "m-00002-of-00003.gguf: metadata 'split.no': expected 0, found 1");
    write_part("renamed.gguf", 0, 3, 3, "a");
    refused_with("renamed.gguf", "ending in '-00001-of-00003.gguf'");
}

static void tensors_are_counted_and_different(void **state) {
    (void)state;
    write_three();
    write_part("m-00001-of-00003.gguf", 0, 3, 4, "a");
    refused_with("m-00001-of-00003.gguf", "metadata 'split.tensors.count': expected 3");
    write_three();
    write_part("m-00003-of-00003.gguf", 2, 3, NO_KEY, "a");
    refused_with("m-00001-of-00003.gguf", "tensor 'a': expected once, found twice");
}

static void a_model_split_into_one_file_is_a_file(void **state) {
    (void)state;
    write_part("any.gguf", 0, 1, 1, "a");
    struct weights *w;
    quill_error err = {0};
    assert_ok(weights_open(&w, in_folder("any.gguf"), WEIGHTS_ALL, MAP_FILE, &err), err);
    assert_int_equal(w->n_tensors, 1);
    weights_close(w);
    empty_folder();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tensors_of_all_files_are_there),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(every_file_must_be_of_its_place),
        cmocka_unit_test(only_the_first_file_opens_the_model),
        cmocka_unit_test(tensors_are_counted_and_different),
        cmocka_unit_test(a_model_split_into_one_file_is_a_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
