// SPDX-License-Identifier: MIT
// Rows of lines, TSV, CSV (RFC 4180) and JSON lines: fields, numbers, names, what is malformed; a descriptor gives the
// same as memory.
#include "test.h"

#include <unistd.h>

#include "cli/table/rows.h"

// All rows as one text: fields between '|', rows between '/'; a malformed one is '!' and its line.
static void show(char *out, size_t room, struct rows *rows) {
    size_t n = 0;
    const struct row *row;
    quill_error err;
    *out = 0;
    for (uint64_t number = 1;; number++) {
        quill_status s = rows_next(rows, &row, &err);
        if (!row) return;
        assert_int_equal(row->number, number);
        if (number > 1) n += (size_t)snprintf(out + n, room - n, "/");
        if (s) n += (size_t)snprintf(out + n, room - n, "!%d", (int)row->line);
        for (size_t i = 0; i < row->n_fields; i++)
            n += (size_t)snprintf(out + n, room - n, "%s%.*s", i ? "|" : "", (int)row->fields[i].n,
                                  row->fields[i].text);
        assert_true(n < room);
    }
}

static struct rows *open_text(struct row_source source, const char *text, size_t n) {
    struct rows *rows;
    quill_error err;
    source.name = "rows";
    source.memory = text, source.n_memory = n;
    assert_ok(rows_open(&rows, &source, &err), err);
    return rows;
}

static void expect_bytes(struct row_source source, const char *text, size_t n, const char *want) {
    char got[1000];
    struct rows *rows = open_text(source, text, n);
    show(got, sizeof got, rows);
    rows_close(rows);
    assert_string_equal(got, want);
    // from a pipe likewise
    int ends[2];
    quill_error err;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, n), n);
    close(ends[1]);
    source.name = "pipe", source.fd = ends[0];
    assert_ok(rows_open(&rows, &source, &err), err);
    show(got, sizeof got, rows);
    rows_close(rows);
    close(ends[0]);
    assert_string_equal(got, want);
}

static void expect(struct row_source source, const char *text, const char *want) {
    expect_bytes(source, text, strlen(text), want);
}

static void expect_refused(struct row_source source, const char *text, const char *message) {
    struct rows *rows;
    quill_error err;
    source.name = "rows", source.memory = text, source.n_memory = strlen(text);
    assert_int_equal(rows_open(&rows, &source, &err), QUILL_E_USAGE);
    assert_null(rows);
    assert_string_equal(err.text, message);
}

// The message of the first row that is malformed.
static void expect_bad(struct row_source source, const char *text, const char *message) {
    struct rows *rows = open_text(source, text, strlen(text));
    const struct row *row;
    quill_error err;
    quill_status s;
    do s = rows_next(rows, &row, &err);
    while (!s && row);
    assert_int_equal(s, QUILL_E_USAGE);
    if (!strstr(err.text, message)) print_error("'%s' is not in '%s'\n", message, err.text);
    assert_non_null(strstr(err.text, message));
    rows_close(rows);
}

static const struct row_source lines = {.form = ROW_LINES}, fields = {.form = ROW_LINES, .split_lines = true};
static const struct row_source tsv = {.form = ROW_TSV, .no_header = true}, tsv_named = {.form = ROW_TSV};
static const struct row_source csv = {.form = ROW_CSV, .no_header = true}, csv_named = {.form = ROW_CSV};
static const struct row_source jsonl = {.form = ROW_JSONL};

static void a_line_is_a_row_byte_for_byte(void **state) {
    (void)state;
    expect(lines, "", "");
    expect(lines, "a\nb\n", "a/b");
    expect(lines, "a\nb", "a/b"); // the last one may lack its newline
    expect(lines, "a\n\nb\n", "a//b");
    expect(lines, "\n", "");
    expect(lines, "a\r\n\\n\t\"\n", "a\r/\\n\t\"");
    expect(lines, "\xef\xbb\xbf" "a\n", "a"); // a byte order mark is none of it
    expect(lines, "\xef\xbb\xbf\xef\xbb\xbf" "a\n", "\xef\xbb\xbf" "a"); // one of them
    expect(lines, "a\n\xef\xbb\xbf" "b\n", "a/\xef\xbb\xbf" "b");
    expect(lines, "\xef\xbb", "\xef\xbb");
    struct rows *rows = open_text(lines, "a\0b\n", 4);
    const struct row *row;
    quill_error err;
    assert_ok(rows_next(rows, &row, &err), err);
    assert_int_equal(row->fields[0].n, 3);
    assert_memory_equal(row->fields[0].text, "a\0b", 3);
    rows_close(rows);
}

static void tabs_divide_a_line_into_fields(void **state) {
    (void)state;
    expect(fields, "a\tb\n\t\nc\\t\n", "a|b/|/c\\t");
}

static void tsv_has_escapes(void **state) {
    (void)state;
    expect(tsv, "a\\tb\\nc\\\\d\\re\tf\n", "a\tb\nc\\d\re|f");
    expect(tsv, "\\x\t\\\\n\t\\", "\\x|\\n|\\"); // any other backslash is itself
    expect(tsv, "a\tb\r\nc\td\r\n", "a|b/c|d");
    expect(tsv, "a\t\n", "a|");
    expect(tsv, "\"a\"\t,\n", "\"a\"|,");
    expect(tsv, "\xef\xbb\xbf" "a\n", "a"); // a byte order mark is none of it
}

static void csv_is_that_of_rfc_4180(void **state) {
    (void)state;
    expect(csv, "a,b\r\nc,d\r\n", "a|b/c|d");
    expect(csv, "a,b\nc,", "a|b/c|");
    expect(csv, "\"a,b\",\"c\nd\",\"e\"\"f\",\"\"\ng\n", "a,b|c\nd|e\"f|/g");
    expect(csv, "\"a\r\nb\"\r\n", "a\r\nb");
    expect(csv, " a , b\n", " a | b"); // blanks are part of a field
    expect(csv, "a\\nb\n", "a\\nb");
    expect(csv, "\xef\xbb\xbf\"a,b\"\n", "a,b");
}

static void an_empty_line_is_a_row_of_one_column_alone(void **state) {
    (void)state;
    expect(tsv, "a\n\nb\n", "a//b");
    expect(tsv, "a\tb\n\n\r\nc\td\n\n", "a|b/c|d");
    expect(csv, "a\n\nb\n", "a//b");
    expect(csv, "a,b\r\n\r\n\nc,d\n", "a|b/c|d");
    expect(csv, "a,b\n\"\"\n", "a|b/"); // not empty: a field
    expect(csv_named, "x\na\n\nb\n", "a//b");
    expect(csv_named, "x,y\n\na,b\n\n", "a|b");
    struct row_source two = tsv;
    two.n_columns = 2; // before any row has shown it
    expect(two, "\na\tb\n", "a|b");
}

static void a_row_of_the_wrong_width_tells_how_many_fields_it_has(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n_found;
    } cases[] = {{"x,y\n1\n", 1}, {"x,y\n1,2,3\n", 3}, {"x,y\n1,\"2\n", 0}, {"x,y\n1\"\n", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rows *rows = open_text(csv_named, cases[i].text, strlen(cases[i].text));
        const struct row *row;
        quill_error err;
        assert_int_equal(rows_next(rows, &row, &err), QUILL_E_USAGE);
        assert_null(row->fields);
        assert_int_equal(row->n_found, cases[i].n_found);
        rows_close(rows);
    }
}

static void csv_that_is_wrong_names_the_line_and_the_next_row_goes_on(void **state) {
    (void)state;
    expect(csv, "a\nb\"c\nd\n", "a/!2/d");
    expect(csv, "\"a\"b\nc\n", "!1/c");
    expect(csv, "\"a\nb\"\nc\"\nd\n", "a\nb/!3/d"); // a row of two lines counts as two
    expect(csv, "a\n\"b\nc\n", "a/!2");
    expect_bad(csv, "x\na,b\"c\n", "rows:2: a quote within field 2");
    expect_bad(csv, "\"a\"b\n", "rows:1: expected ',' behind the quoted field 1");
    expect_bad(csv, "a,\"b\n", "rows:1: the quote that opens field 2 is never closed");
}

static void the_first_row_names_the_columns(void **state) {
    (void)state;
    struct rows *rows = open_text(csv_named, "\"x,y\",b\r\n1,2\r\n", 16);
    size_t n;
    const quill_text *names = rows_names(rows, &n);
    const struct row *row;
    quill_error err;
    assert_int_equal(n, 2);
    assert_int_equal(names[0].n, 3);
    assert_memory_equal(names[0].text, "x,y", 3);
    assert_ok(rows_next(rows, &row, &err), err);
    assert_int_equal(row->number, 1); // the names are not counted
    assert_int_equal(row->line, 2);
    assert_int_equal(row->raw.n, 4);
    assert_memory_equal(row->raw.text, "1,2\r", 4);
    assert_memory_equal(row_value(row, "b", 1)->text, "2", 1);
    assert_null(row_value(row, "c", 1));
    rows_close(rows);
    rows = open_text(tsv, "a\n", 2);
    assert_null(rows_names(rows, &n));
    assert_int_equal(n, 0);
    rows_close(rows);
}

static void names_must_be_there_and_differ(void **state) {
    (void)state;
    expect_refused(tsv_named, "", "rows: expected a first row with the names of the columns");
    expect_refused(tsv_named, "a\t\tc\n", "rows:1: column 2 has no name");
    expect_refused(csv_named, "a,b,a\n", "rows:1: two columns named 'a'");
    expect(tsv_named, "a\tb\n", "");
}

static void a_row_has_as_many_fields_as_there_are_names(void **state) {
    (void)state;
    expect(tsv_named, "a\tb\n1\t2\n3\n4\t5\t6\n7\t8\n", "1|2/!3/!4/7|8");
    expect_bad(tsv_named, "a\tb\n3\n", "rows:2: expected 2 fields as in the first row, found 1");
    expect(tsv, "1\n2\t3\n", "1/2|3"); // without names any number
}

static void empty_lines_may_be_left_out(void **state) {
    (void)state;
    struct row_source source = tsv_named;
    source.skip_empty = true;
    expect(source, "\na\n\n1\n\r\n2\n", "1/2");
    source.first_line = 10;
    expect_bad(source, "a\n\n1\t2\n", "rows:12: expected 1 fields");
}

static void json_strings_are_their_text_and_other_values_their_json(void **state) {
    (void)state;
    expect(jsonl, "{\"a\": \"x\\ty \\u00e9\\\"\", \"b\": \"\"}\n", "x\ty \xc3\xa9\"|");
    expect(jsonl, "{\"n\": 1.50, \"m\": -0, \"l\": [1, \"a b\", {\"k\" : null}], \"t\" : true }\n",
           "1.50|-0|[1,\"a b\",{\"k\":null}]|true");
    expect(jsonl, "{\"big\":123456789012345678901234567890}\r\n{}\n", "123456789012345678901234567890/");
    expect(jsonl, "{\"a\\\"b\":1, \"\\\\\":2,\"c\\\\\\\"\" : 3}\n", "1|2|3"); // keys with quotes and backslashes
    // No double holds these: they pass through as they are written.
    expect(jsonl, "{\"x\":1234.5e400,\"y\":-12.25E+999,\"z\":[10.5e309]}\n", "1234.5e400|-12.25E+999|[10.5e309]");
    struct rows *rows = open_text(jsonl, "{\"b\":1,\"a\\n\":2}", 15);
    const struct row *row;
    quill_error err;
    assert_ok(rows_next(rows, &row, &err), err);
    assert_int_equal(row->n_fields, 2);
    assert_memory_equal(row->names[0].text, "b", 1); // in the order of the text
    assert_memory_equal(row_value(row, "a\n", 2)->text, "2", 1);
    rows_close(rows);
}

static void json_that_is_wrong_is_one_bad_row(void **state) {
    (void)state;
    expect(jsonl, "{\"a\":1}\n[1]\n{\"a\":\n\n{\"a\":1,\"a\":2}\n{\"a\":3} x\n{\"a\":4}\n", "1/!2/!3/!4/!5/!6/4");
    expect(jsonl, "{\"a\":\"\xff\"}\n{\"a\":5}\n", "!1/5"); // JSON is UTF-8
    expect_bad(jsonl, "3\n", "rows:1: expected a JSON object");
    char deep[300];
    memset(deep, '[', 150);
    memset(deep + 150, ']', 149);
    memcpy(deep, "{\"a\":", 5);
    deep[299] = 0;
    expect_bad(jsonl, deep, "rows:1: JSON of more than 100 levels");
    // {"a":[[...]]}: 99 lists are 100 levels, 100 are one too many.
    char list[220], want[201];
    for (size_t n = 99; n <= 100; n++) {
        memset(want, '[', n);
        memset(want + n, ']', n);
        want[2 * n] = 0;
        snprintf(list, sizeof list, "{\"a\":%s}", want);
        if (n == 99) expect(jsonl, list, want);
        else expect_bad(jsonl, list, "rows:1: JSON of more than 100 levels");
    }
}

static void a_row_beyond_the_limit_is_dropped_and_the_next_is_read(void **state) {
    (void)state;
    struct row_source source = lines;
    source.limit = 4;
    expect(source, "1234\n12345\n1\n", "1234/!2/1");
    expect_bad(source, "12345\n", "rows:1: a row of more than 4 bytes");
}

// Lines of many buffers' length, from a file; the last one may lack its newline.
static void a_long_line_is_dropped_as_a_whole(void **state) {
    (void)state;
    enum { LIMIT = 100000, LONG = 300000 };
    static char line[LONG + 1];
    static const struct row_source *const forms[] = {&lines, &tsv, &csv};
    memset(line, 'x', LONG);
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (int newline = 0; newline < 2; newline++) {
            FILE *file = tmpfile();
            assert_non_null(file);
            fprintf(file, "%.*s\n%s\nshort\n%.*s\n\n%.*s%s", LIMIT, line, line, LIMIT + 1, line, LONG - 1, line,
                    newline ? "\nend\n" : "");
            assert_int_equal(fseek(file, 0, SEEK_SET), 0);
            struct row_source source = *forms[f];
            source.limit = LIMIT, source.fd = fileno(file), source.name = "long";
            struct rows *rows;
            const struct row *row;
            quill_error err;
            assert_ok(rows_open(&rows, &source, &err), err);
            static const size_t lengths[] = {LIMIT, SIZE_MAX, 5, SIZE_MAX, 0, SIZE_MAX, 3}; // SIZE_MAX: dropped
            for (uint64_t i = 0; i < 6u + (unsigned)newline; i++) {
                quill_status s = rows_next(rows, &row, &err);
                assert_non_null(row);
                assert_true(row->number == i + 1 && row->line == i + 1);
                assert_int_equal(s, lengths[i] == SIZE_MAX ? QUILL_E_USAGE : QUILL_OK);
                if (s) {
                    char words[64];
                    snprintf(words, sizeof words, "long:%d: a row of more than 100000 bytes", (int)i + 1);
                    assert_string_equal(err.text, words);
                    assert_true(row->n_fields == 0 && row->raw.n == 0);
                } else {
                    assert_true(row->n_fields == 1 && row->fields[0].n == lengths[i]);
                }
            }
            assert_ok(rows_next(rows, &row, &err), err);
            assert_null(row);
            rows_close(rows);
            fclose(file);
        }
}

// A quote opens a row of several lines: what is too long ends at its line, the next one is a row.
static void a_long_row_of_csv_is_dropped_to_the_end_of_its_line(void **state) {
    (void)state;
    struct row_source source = csv;
    source.limit = 6;
    expect(source, "\"1\n2\"\na,b\n", "1\n2/a|b");
    expect(source, "\"12345678\na,b\n", "!1/a|b");
}

static void rows_have_at_most_64_mib_and_json_8(void **state) {
    (void)state;
    enum { MIB = 1 << 20 };
    char *text = malloc(64 * MIB + 2);
    assert_non_null(text);
    for (size_t more = 0; more < 2; more++)
        for (int json = 0; json < 2; json++) {
            size_t n = (json ? 8u : 64u) * MIB + more;
            memset(text, 'x', n);
            if (json) memcpy(text, "{\"a\":\"", 6), memcpy(text + n - 2, "\"}", 2);
            text[n] = '\n';
            struct rows *rows = open_text(json ? jsonl : lines, text, n + 1);
            const struct row *row;
            quill_error err;
            assert_int_equal(rows_next(rows, &row, &err), more ? QUILL_E_USAGE : QUILL_OK);
            assert_int_equal(row->n_fields, !more);
            if (!more) assert_int_equal(row->fields[0].n, json ? n - 8 : n);
            rows_close(rows);
        }
    free(text);
}

static void a_row_has_at_most_4096_fields(void **state) {
    (void)state;
    static char text[4097 * 16 + 16];
    static const struct {
        const struct row_source *source;
        const char *words;
    } forms[] = {{&tsv, "rows:1: more than 4096 fields"}, {&csv, "rows:1: more than 4096 fields"},
                 {&jsonl, "rows:1: more than 4096 keys"}};
    for (size_t f = 0; f < 3; f++)
        for (size_t n = 4096; n < 4098; n++) {
            size_t at = 0;
            for (size_t i = 0; i < n; i++) {
                if (f == 2) at += (size_t)snprintf(text + at, sizeof text - at, "%s\"%zu\":%zu", i ? "," : "{", i, i);
                else at += (size_t)snprintf(text + at, sizeof text - at, "%s%zu", i ? f ? "," : "\t" : "", i);
            }
            if (f == 2) text[at++] = '}';
            text[at] = '\0';
            if (n > 4096) {
                expect_bad(*forms[f].source, text, forms[f].words);
                continue;
            }
            struct rows *rows = open_text(*forms[f].source, text, at);
            const struct row *row;
            quill_error err;
            assert_ok(rows_next(rows, &row, &err), err);
            assert_int_equal(row->n_fields, 4096);
            assert_true(row->fields[4095].n == 4 && memcmp(row->fields[4095].text, "4095", 4) == 0);
            rows_close(rows);
        }
}

static void what_has_arrived_can_be_told_from_what_would_wait(void **state) {
    (void)state;
    int ends[2];
    struct rows *rows;
    const struct row *row;
    quill_error err;
    assert_int_equal(pipe(ends), 0);
    const struct row_source source = {.form = ROW_LINES, .name = "pipe", .fd = ends[0]};
    assert_ok(rows_open(&rows, &source, &err), err);
    assert_false(rows_ready(rows));
    assert_int_equal(write(ends[1], "a\nb", 3), 3);
    assert_true(rows_ready(rows));
    assert_ok(rows_next(rows, &row, &err), err);
    assert_memory_equal(row->fields[0].text, "a", 1);
    assert_false(rows_ready(rows)); // half a line
    close(ends[1]);
    assert_true(rows_ready(rows));
    assert_ok(rows_next(rows, &row, &err), err);
    assert_memory_equal(row->fields[0].text, "b", 1);
    assert_ok(rows_next(rows, &row, &err), err);
    assert_null(row);
    rows_close(rows);
    close(ends[0]);
}

static void a_byte_order_mark_may_come_in_pieces(void **state) {
    (void)state;
    static const char *const parts[] = {"\xef", "\xbb", "\xbf\x61\n"};
    int ends[2];
    quill_error err;
    const struct row *row;
    struct rows *rows;
    assert_int_equal(pipe(ends), 0);
    const struct row_source source = {.form = ROW_LINES, .name = "pipe", .fd = ends[0]};
    assert_ok(rows_open(&rows, &source, &err), err);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(write(ends[1], parts[i], strlen(parts[i])), strlen(parts[i]));
        assert_int_equal(rows_ready(rows), i == 2);
    }
    assert_ok(rows_next(rows, &row, &err), err);
    assert_int_equal(row->n_fields, 1);
    assert_int_equal(row->fields[0].n, 1);
    assert_int_equal(row->fields[0].text[0], 'a');
    rows_close(rows);
    close(ends[0]);
    close(ends[1]);
}

// Of a file that became shorter than what was read of it nobody knows how much is left.
static void progress_is_never_beyond_the_end(void **state) {
    (void)state;
    char path[] = "/tmp/quill-rows-XXXXXX";
    const int fd = mkstemp(path);
    quill_error err;
    const struct row *row;
    struct rows *rows;
    uint64_t done, all;
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, "ab\ncd\n", 6), 6);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    const struct row_source source = {.form = ROW_LINES, .name = "file", .fd = fd};
    assert_ok(rows_open(&rows, &source, &err), err);
    assert_ok(rows_next(rows, &row, &err), err);
    rows_progress(rows, &done, &all);
    assert_true(done == 3 && all == 6);
    assert_int_equal(ftruncate(fd, 2), 0);
    rows_progress(rows, &done, &all);
    assert_true(done == 3 && all == 0);
    rows_close(rows);
    close(fd);
}

static void a_descriptor_that_cannot_be_read_is_an_error(void **state) {
    (void)state;
    const struct row_source source = {.form = ROW_LINES, .name = "gone", .fd = -1};
    struct rows *rows;
    const struct row *row;
    quill_error err;
    assert_ok(rows_open(&rows, &source, &err), err);
    assert_int_equal(rows_next(rows, &row, &err), QUILL_E_SYSTEM);
    assert_null(row);
    assert_non_null(strstr(err.text, "gone"));
    rows_close(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_row_byte_for_byte),
        cmocka_unit_test(tabs_divide_a_line_into_fields),
        cmocka_unit_test(tsv_has_escapes),
        cmocka_unit_test(csv_is_that_of_rfc_4180),
        cmocka_unit_test(an_empty_line_is_a_row_of_one_column_alone),
        cmocka_unit_test(a_row_of_the_wrong_width_tells_how_many_fields_it_has),
        cmocka_unit_test(csv_that_is_wrong_names_the_line_and_the_next_row_goes_on),
        cmocka_unit_test(the_first_row_names_the_columns),
        cmocka_unit_test(names_must_be_there_and_differ),
        cmocka_unit_test(a_row_has_as_many_fields_as_there_are_names),
        cmocka_unit_test(empty_lines_may_be_left_out),
        cmocka_unit_test(json_strings_are_their_text_and_other_values_their_json),
        cmocka_unit_test(json_that_is_wrong_is_one_bad_row),
        cmocka_unit_test(a_row_beyond_the_limit_is_dropped_and_the_next_is_read),
        cmocka_unit_test(a_long_line_is_dropped_as_a_whole),
        cmocka_unit_test(a_long_row_of_csv_is_dropped_to_the_end_of_its_line),
        cmocka_unit_test(rows_have_at_most_64_mib_and_json_8),
        cmocka_unit_test(a_row_has_at_most_4096_fields),
        cmocka_unit_test(what_has_arrived_can_be_told_from_what_would_wait),
        cmocka_unit_test(a_byte_order_mark_may_come_in_pieces),
        cmocka_unit_test(progress_is_never_beyond_the_end),
        cmocka_unit_test(a_descriptor_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
