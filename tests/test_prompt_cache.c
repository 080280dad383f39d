// SPDX-License-Identifier: MIT
// The prompt cache: other sessions find what one has kept, with the same bits; nothing damaged, stale or of another
// model is used; and no file of somebody else is touched.
#include "folder.h"

#include <fcntl.h>
#include <sys/time.h>
#include <time.h>

#include "base/checksum.h"
#include "kernels/kernels.h"
#include "model/pass/kv_file.h"
#include "quill/cache.h"
#include "session/parts.h"

enum { MOST = 350, VOCAB = 256 };
#define LONG TEST_DATA("gguf/long32-f32.gguf") // 350 positions
#define HALF TEST_DATA("gguf/half64-q8_0.gguf")
#define LONGROPE TEST_DATA("families/phi3-longrope")

static char said[640]; // the last note

static void on_note(void *user, const char *line) {
    (void)user;
    snprintf(said, sizeof said, "%s", line);
}

struct place {
    const char *model, *cpu, *kv_type, *adapter;
    float scale; // of the adapter
    int32_t n_ctx;
    uint64_t limit; // 0: 1 GiB
    bool without;   // no cache
};

struct user {
    quill_model *model;
    quill_adapter *adapter;
    quill_adapter_use use;
    quill_session *session;
};

static struct user open_user(const struct place *p) {
    static struct user u; // which the session borrows from
    quill_error err;
    const quill_model_options how = {.cpu = p->cpu};
    const quill_cache_options cache = {.folder = folder, .limit = p->limit ? p->limit : 1 << 30, .note = on_note};
    assert_ok(quill_model_open(&u.model, p->model ? p->model : LONG, &how, &err), err);
    u.adapter = NULL;
    if (p->adapter) assert_ok(quill_adapter_load(&u.adapter, u.model, p->adapter, &err), err);
    u.use = (quill_adapter_use){u.adapter, p->scale};
    const quill_session_options options = {.n_ctx = p->n_ctx, .kv_type = p->kv_type, .n_threads = 1, .n_seq = 2,
                                           .adapters = &u.use, .n_adapters = p->adapter != NULL};
    assert_ok(quill_session_create(&u.session, u.model, &options, &err), err);
    if (!p->without) assert_ok(quill_session_cache(u.session, &cache, &err), err);
    said[0] = 0;
    return u;
}

static void close_user(struct user *u) {
    quill_session_free(u->session);
    quill_adapter_free(u->adapter);
    quill_model_free(u->model);
}

// A text of n tokens: the first `common` of text 0, then those of text `which`.
static const int32_t *text(size_t common, int which) {
    static int32_t ids[MOST];
    for (size_t i = 0; i < MOST; i++)
        ids[i] = (int32_t)((i * 7 + i * i % 31 + (i < common ? 0 : 1 + 3 * (size_t)which)) % VOCAB);
    return ids;
}

// The logits after ids[0..n), in a session of its own; *reused: tokens that came from the cache.
static float *logits_of(const struct place *p, const int32_t *ids, size_t n, size_t *reused) {
    struct user u = open_user(p);
    const float *logits;
    quill_error err;
    assert_ok(quill_eval(u.session, ids, n, &logits, &err), err);
    const size_t bytes = (size_t)u.session->lanes.n_vocab * sizeof *logits;
    float *copy = malloc(bytes);
    memcpy(copy, logits, bytes);
    *reused = n - (size_t)u.session->lanes.n_computed;
    close_user(&u);
    return copy;
}

// Computes ids[0..n) and keeps them.
static void keep(const struct place *p, const int32_t *ids, size_t n) {
    struct user u = open_user(p);
    const float *logits;
    quill_error err;
    assert_ok(quill_eval(u.session, ids, n, &logits, &err), err);
    quill_cache_store(u.session, ids, n);
    close_user(&u);
}

// ids[0..n) take `want` tokens from the cache, and have the bits that they have without it.
static void expect_reused(const struct place *p, const int32_t *ids, size_t n, size_t want) {
    struct place without = *p;
    size_t reused;
    without.without = true;
    float *right = logits_of(&without, ids, n, &reused);
    assert_int_equal(reused, 0);
    float *got = logits_of(p, ids, n, &reused);
    assert_int_equal(reused, want);
    assert_memory_equal(got, right, VOCAB * sizeof *got);
    free(right);
    free(got);
}

struct count {
    size_t n, tokens;
    char file[16];
    bool damaged;
};

static quill_status count_entry(void *user, const quill_cache_entry *e, quill_error *err) {
    struct count *c = user;
    (void)err;
    if (c->n++ == 0) snprintf(c->file, sizeof c->file, "%s", e->file);
    c->tokens += e->tokens;
    c->damaged |= !e->model;
    return QUILL_OK;
}

static struct count count_entries(void) {
    struct count c = {0};
    quill_error err;
    assert_ok(quill_cache_list(folder, count_entry, &c, &err), err);
    return c;
}

static size_t clear(void) {
    struct count c = {0};
    quill_error err;
    assert_ok(quill_cache_clear(folder, count_entry, &c, &err), err);
    return c.n;
}

// ---- what is found ----------------------------------------------------------------------------------

static void a_prompt_is_found_again(void **state) {
    (void)state;
    const struct place p = {0};
    keep(&p, text(MOST, 0), 300);
    assert_int_equal(count_entries().n, 1);
    assert_int_equal(count_entries().tokens, 288);
    expect_reused(&p, text(MOST, 0), 300, 288);
    expect_reused(&p, text(MOST, 0), 288, 287); // the logits after the last one are wanted
    expect_reused(&p, text(MOST, 0), 350, 288);
}

static void any_beginning_of_an_entry_serves(void **state) {
    (void)state;
    static const char *const kinds[] = {"f16", "f32", "q8_0"};
    static const size_t common[] = {31, 32, 33, 47, 48, 64, 255, 256, 257, 271, 272, 300, 336};
    for (size_t k = 0; k < 3; k++) {
        const struct place p = {.kv_type = kinds[k]};
        empty_folder();
        keep(&p, text(MOST, 0), 340);
        for (size_t i = 0; i < sizeof common / sizeof *common; i++)
            expect_reused(&p, text(common[i], 1), 345, common[i] < QUILL_CACHE_LEAST ? 0 : common[i]);
    }
}

static void every_instruction_set_has_the_same_entries(void **state) {
    (void)state;
    const struct kernels *tables[16];
    const size_t n = kernels_available(tables, 16);
    static const char *const kinds[] = {"f16", "f32", "q8_0"};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < n; i++) {
            struct place p = {.model = HALF, .cpu = tables[i]->name, .kv_type = kinds[k]};
            empty_folder();
            keep(&p, text(MOST, 0), 90);
            for (size_t j = 0; j < n; j++) {
                p.cpu = tables[j]->name;
                expect_reused(&p, text(70, 1), 99, 70);
            }
        }
}

static void what_is_not_the_same_model_is_not_found(void **state) {
    (void)state;
    const struct place p = {0}, other = {.kv_type = "f32"};
    keep(&p, text(MOST, 0), 64);
    expect_reused(&other, text(MOST, 0), 64, 0);
    keep(&other, text(MOST, 0), 64);
    expect_reused(&other, text(MOST, 0), 64, 63);
    expect_reused(&(struct place){.model = HALF}, text(MOST, 0), 64, 0);
    expect_reused(&(struct place){.n_ctx = 100}, text(MOST, 0), 64, 63); // the context changes nothing here
    expect_reused(&p, text(MOST, 0), 64, 63);
    // Phi-3's factors depend on it.
    const struct place wide = {.model = LONGROPE};
    keep(&wide, text(MOST, 0), 60);
    expect_reused(&wide, text(MOST, 0), 60, 48);
    expect_reused(&(struct place){.model = LONGROPE, .n_ctx = 61}, text(MOST, 0), 60, 48);
}

static void what_an_adapter_changes_is_another_model(void **state) {
    (void)state;
    const char *model = TEST_DATA("families/distilgpt2"), *adapter = TEST_DATA("adapters/distilgpt2");
    const struct place plain = {.model = model}, with = {.model = model, .adapter = adapter, .scale = 1};
    const struct place half = {.model = model, .adapter = adapter, .scale = 0.5f};
    const struct place none = {.model = model, .adapter = adapter, .scale = 0};
    keep(&plain, text(MOST, 0), 60);
    expect_reused(&with, text(MOST, 0), 60, 0);
    keep(&with, text(MOST, 0), 60);
    expect_reused(&half, text(MOST, 0), 60, 0);
    expect_reused(&with, text(MOST, 0), 60, 48);
    expect_reused(&none, text(MOST, 0), 60, 48);
    expect_reused(&plain, text(MOST, 0), 60, 48);
}

static struct buffer read_whole(const char *path) {
    struct buffer b = {0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;) assert_true(buffer_add_byte(&b, (char)c));
    fclose(f);
    return b;
}

// Its inode, size and times of change are as before; only what cannot be set back tells.
static void a_model_changed_in_place_is_another(void **state) {
    (void)state;
    char path[600];
    struct stat info;
    struct buffer b = read_whole(LONG);
    write_file("model.gguf", b.p, b.n);
    snprintf(path, sizeof path, "%s", in_folder("model.gguf"));
    const struct place p = {.model = path};
    keep(&p, text(MOST, 0), 64);
    expect_reused(&p, text(MOST, 0), 64, 63);
    assert_int_equal(stat(path, &info), 0);
    const int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\1", 1, (off_t)b.n - 5000), 1); // in the middle of a tensor
    const struct timespec times[2] = {info.st_atim, info.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    expect_reused(&p, text(MOST, 0), 64, 0);
    buffer_free(&b);
}

static void lanes_come_first(void **state) {
    (void)state;
    struct user u = open_user(&(struct place){0});
    const float *logits;
    quill_error err;
    assert_ok(quill_eval(u.session, text(MOST, 0), 100, &logits, &err), err);
    quill_cache_store(u.session, text(MOST, 0), 100);
    assert_non_null(strstr(said, "96 tokens are kept"));
    said[0] = 0;
    assert_ok(quill_eval(u.session, text(90, 1), 120, &logits, &err), err);
    assert_string_equal(said, ""); // nothing was read
    assert_int_equal(u.session->lanes.n_computed, 130);
    close_user(&u);
}

// ---- damage -----------------------------------------------------------------------------------------

struct rig_kv {
    struct kv_cache *kv;
    const char *path;
};

// Whether all of the file is accepted.
static bool loads(const struct rig_kv *rig) {
    struct kv_file f;
    const char *why;
    const int fd = open(rig->path, O_RDONLY);
    bool ok = kv_file_read(&f, fd, &why);
    if (ok) {
        ok = kv_file_fits(&f, rig->kv) && kv_file_load(&f, fd, rig->kv, 0, f.n, &why);
        kv_truncate(rig->kv, 0, 0);
    }
    kv_file_free(&f);
    close(fd);
    return ok;
}

static void every_flip_and_every_truncation_is_noticed(void **state) {
    (void)state;
    const struct place p = {.model = HALF, .kv_type = "q8_0"};
    keep(&p, text(MOST, 0), 32);
    char path[600];
    snprintf(path, sizeof path, "%s", in_folder("copy"));
    assert_int_equal(rename(in_folder(count_entries().file), path), 0);
    struct buffer b = read_whole(path);
    struct user u = open_user(&p);
    const struct rig_kv rig = {u.session->lanes.kv, path};
    assert_true(loads(&rig));
    const int fd = open(path, O_RDWR);
    for (size_t i = 0; i < b.n; i++) {
        const char flipped = (char)(b.p[i] ^ (1 << i % 8));
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
        assert_false(loads(&rig));
        assert_int_equal(pwrite(fd, b.p + i, 1, (off_t)i), 1);
    }
    assert_true(loads(&rig));
    for (size_t n = b.n; n-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)n), 0);
        assert_false(loads(&rig));
    }
    assert_int_equal(pwrite(fd, b.p, b.n, 0), b.n);
    assert_true(loads(&rig));
    assert_int_equal(pwrite(fd, "", 1, (off_t)b.n), 1); // and a byte too many
    assert_false(loads(&rig));
    close(fd);
    close_user(&u);
    buffer_free(&b);
}

static void a_damaged_entry_is_not_used(void **state) {
    (void)state;
    const struct place p = {.model = HALF};
    keep(&p, text(MOST, 0), 80);
    const struct count entry = count_entries();
    struct buffer b = read_whole(in_folder(entry.file));
    for (size_t i = 0; i < b.n; i += i < 700 ? 13 : 401) {
        b.p[i] ^= 4;
        write_file(entry.file, b.p, b.n);
        expect_reused(&p, text(MOST, 0), 90, 0);
        b.p[i] ^= 4;
        write_file(entry.file, b.p, i);
        expect_reused(&p, text(MOST, 0), 90, 0);
    }
    write_file(entry.file, b.p, b.n);
    expect_reused(&p, text(MOST, 0), 90, 80);
    buffer_free(&b);
}

static void a_damaged_entry_is_written_again(void **state) {
    (void)state;
    const struct place p = {0};
    keep(&p, text(MOST, 0), 64);
    const struct count before = count_entries();
    const int fd = open(in_folder(before.file), O_RDWR);
    assert_int_equal(pwrite(fd, "\x77", 1, 40), 1); // in its head
    close(fd);
    assert_true(count_entries().damaged);
    expect_reused(&p, text(MOST, 0), 64, 0);
    keep(&p, text(MOST, 0), 64);
    assert_false(count_entries().damaged);
    assert_int_equal(count_entries().n, 1);
    expect_reused(&p, text(MOST, 0), 64, 63);
    const int again = open(in_folder(before.file), O_RDWR);
    assert_int_equal(pwrite(again, "\x77", 1, 5000), 1); // in a tile
    close(again);
    keep(&p, text(MOST, 0), 64);
    assert_int_equal(count_entries().n, 1);
    expect_reused(&p, text(MOST, 0), 64, 63);
}

static void a_checksum_depends_on_every_bit(void **state) {
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 31);
    for (size_t n = 0; n <= sizeof bytes; n += 7) {
        const uint64_t sum = checksum_bytes(bytes, n, 1);
        assert_true(sum != checksum_bytes(bytes, n, 2) && (n == 0 || sum != checksum_bytes(bytes, n - 1, 1)));
        for (size_t i = 0; i < n * 8; i++) {
            bytes[i / 8] ^= (uint8_t)(1 << i % 8);
            assert_true(checksum_bytes(bytes, n, 1) != sum);
            if (i >= 64) { // the same bit 64 bytes apart
                bytes[i / 8 - 8] ^= (uint8_t)(1 << i % 8);
                assert_true(checksum_bytes(bytes, n, 1) != sum);
                bytes[i / 8 - 8] ^= (uint8_t)(1 << i % 8);
            }
            bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        }
    }
}

// ---- what is kept -----------------------------------------------------------------------------------

static void a_prompt_is_kept_once(void **state) {
    (void)state;
    const struct place p = {0};
    keep(&p, text(MOST, 0), 200);
    for (int i = 1; i < 20; i++) keep(&p, text(180, i), 220); // a loop of prompts that end differently
    assert_int_equal(count_entries().n, 1);
    keep(&p, text(MOST, 0), 240); // nearly the same
    assert_int_equal(count_entries().n, 1);
    keep(&p, text(MOST, 0), 300); // goes on from it, and takes its place
    assert_int_equal(count_entries().n, 1);
    assert_int_equal(count_entries().tokens, 288);
    keep(&p, text(40, 1), 300); // has little of it
    assert_int_equal(count_entries().n, 2);
    keep(&p, text(100, 2), 300);
    assert_int_equal(count_entries().n, 3);
    for (int i = 3; i < 9; i++) keep(&p, text(100, i), 300); // the same beginning, and a long end of its own
    assert_int_equal(count_entries().n, 3);
}

static void short_prompts_are_not_kept(void **state) {
    (void)state;
    const struct place p = {0};
    keep(&p, text(MOST, 0), 31);
    assert_int_equal(count_entries().n, 0);
    keep(&p, text(MOST, 0), 40);
    assert_int_equal(count_entries().tokens, 32);
    keep(&(struct place){.limit = 1000}, text(10, 1), 100); // larger than all of the cache
    assert_int_equal(count_entries().n, 1);
}

static void set_last_use(const char *file, int64_t seconds_ago) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = time(NULL) - seconds_ago}};
    assert_int_equal(utimensat(AT_FDCWD, in_folder(file), times, 0), 0);
}

static void the_entries_used_least_recently_make_room(void **state) {
    (void)state;
    const struct place p = {.limit = 3 * (64 * 128 + 4096)};
    char first[16];
    keep(&p, text(0, 1), 64);
    snprintf(first, sizeof first, "%s", count_entries().file);
    set_last_use(first, 100);
    keep(&p, text(0, 2), 64);
    set_last_use(count_entries().file, 50);
    keep(&p, text(0, 3), 64);
    assert_int_equal(count_entries().n, 3);
    expect_reused(&p, text(0, 1), 64, 63); // the oldest is used now
    keep(&p, text(0, 4), 64);
    assert_int_equal(count_entries().n, 3);
    expect_reused(&p, text(0, 1), 64, 63);
    expect_reused(&p, text(0, 2), 64, 0);
    expect_reused(&p, text(0, 3), 64, 63);
}

// ---- the folder -------------------------------------------------------------------------------------

static bool exists(const char *name) {
    struct stat info;
    return lstat(in_folder(name), &info) == 0;
}

static void files_of_others_stay(void **state) {
    (void)state;
    const struct place p = {0};
    static const char *const names[] = {"12345678.kv", "notes.kv",            "0123456g.kv",
                                        "1234567.kv",  "12345678.kv.1.2.tmp", "x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) write_text(names[i], "somebody's");
    write_text("victim", "\x89qkv\r\n\x1a\n precious");
    assert_int_equal(symlink("victim", in_folder("aaaaaaaa.kv")), 0);
    assert_int_equal(mkfifo(in_folder("bbbbbbbb.kv"), 0600), 0);
    assert_int_equal(mkdir(in_folder("cccccccc.kv"), 0700), 0);
    assert_int_equal(count_entries().n, 0);
    keep(&p, text(MOST, 0), 64);
    assert_int_equal(count_entries().n, 1);
    assert_int_equal(clear(), 1);
    assert_int_equal(count_entries().n, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_true(exists(names[i]));
    assert_true(exists("victim") && exists("aaaaaaaa.kv") && exists("bbbbbbbb.kv") && exists("cccccccc.kv"));
    rmdir(in_folder("cccccccc.kv"));
}

// Where an entry should come, there is something else.
static void a_name_that_is_taken_is_left_alone(void **state) {
    (void)state;
    const struct place p = {0};
    char name[16];
    keep(&p, text(MOST, 0), 64);
    snprintf(name, sizeof name, "%s", count_entries().file);
    assert_int_equal(clear(), 1);
    write_text(name, "somebody's");
    keep(&p, text(MOST, 0), 64);
    struct buffer b = read_whole(in_folder(name));
    assert_int_equal(b.n, 10);
    buffer_free(&b);
    expect_reused(&p, text(MOST, 0), 64, 63); // it has another name
    assert_int_equal(clear(), 1);
    unlink(in_folder(name));
    write_text("victim", "precious");
    assert_int_equal(symlink("victim", in_folder(name)), 0);
    keep(&p, text(MOST, 0), 64);
    b = read_whole(in_folder("victim"));
    assert_int_equal(b.n, 8);
    buffer_free(&b);
    expect_reused(&p, text(MOST, 0), 64, 63);
}

static void permissions_are_for_the_user_alone(void **state) {
    (void)state;
    struct stat info;
    const mode_t before = umask(0);
    keep(&(struct place){0}, text(MOST, 0), 64);
    umask(before);
    assert_int_equal(stat(in_folder(count_entries().file), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void a_folder_for_everybody_is_not_used(void **state) {
    (void)state;
    const struct place p = {0};
    keep(&p, text(MOST, 0), 64);
    assert_int_equal(chmod(folder, 0777), 0);
    expect_reused(&p, text(MOST, 0), 64, 0);
    assert_int_equal(chmod(folder, 0700), 0);
    expect_reused(&p, text(MOST, 0), 64, 63);
}

static void a_link_to_a_folder_is_not_followed(void **state) {
    (void)state;
    char real[64], before[64];
    snprintf(before, sizeof before, "%s", folder);
    keep(&(struct place){0}, text(MOST, 0), 64);
    snprintf(real, sizeof real, "%s-link", folder);
    assert_int_equal(symlink(before, real), 0);
    struct count c = {0};
    quill_error err;
    static const char *const ends[] = {"", "/", "//"};
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", real, ends[i]);
        assert_ok(quill_cache_clear(path, count_entry, &c, &err), err);
    }
    assert_int_equal(c.n, 0);
    assert_int_equal(unlink(real), 0);
    assert_int_equal(count_entries().n, 1);
}

static void folders_are_made(void **state) {
    (void)state;
    struct stat info;
    const size_t n = strlen(folder);
    memcpy(folder + n, "/a/b", 5);
    const mode_t before = umask(0);
    keep(&(struct place){0}, text(MOST, 0), 64);
    umask(before);
    assert_int_equal(count_entries().n, 1);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(clear(), 1);
    assert_int_equal(rmdir(folder), 0);
    folder[n] = 0;
    assert_int_equal(rmdir(in_folder("a")), 0);
}

static void a_file_is_no_folder(void **state) {
    (void)state;
    const size_t n = strlen(folder);
    write_text("file", "x");
    memcpy(folder + n, "/file", 6);
    keep(&(struct place){0}, text(MOST, 0), 64);
    assert_non_null(strstr(said, "it is no folder"));
    assert_int_equal(count_entries().n, 0);
    folder[n] = 0;
}

static void what_writers_left_is_removed(void **state) {
    (void)state;
    write_text("0123abcd.kv.12.0.tmp", "\x89qkv\r\n\x1a\n");
    write_text("0123abcd.kv.13.0.tmp", "");
    write_text("0123abcd.kv.14.0.tmp", "\x89qkv\r\n\x1a\n");
    set_last_use("0123abcd.kv.12.0.tmp", 4000);
    set_last_use("0123abcd.kv.13.0.tmp", 4000);
    keep(&(struct place){0}, text(MOST, 0), 64);
    assert_false(exists("0123abcd.kv.12.0.tmp") || exists("0123abcd.kv.13.0.tmp"));
    assert_true(exists("0123abcd.kv.14.0.tmp")); // somebody may be writing it
    assert_int_equal(clear(), 1);
    assert_false(exists("0123abcd.kv.14.0.tmp"));
}

static int begin(void **state) {
    (void)state;
    empty_folder();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, begin)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_prompt_is_found_again), TEST(any_beginning_of_an_entry_serves),
        TEST(every_instruction_set_has_the_same_entries), TEST(what_is_not_the_same_model_is_not_found),
        TEST(what_an_adapter_changes_is_another_model),
        TEST(a_model_changed_in_place_is_another), TEST(lanes_come_first),
        TEST(every_flip_and_every_truncation_is_noticed), TEST(a_damaged_entry_is_not_used),
        TEST(a_damaged_entry_is_written_again),
        TEST(a_checksum_depends_on_every_bit), TEST(a_prompt_is_kept_once), TEST(short_prompts_are_not_kept),
        TEST(the_entries_used_least_recently_make_room), TEST(files_of_others_stay),
        TEST(a_name_that_is_taken_is_left_alone), TEST(permissions_are_for_the_user_alone),
        TEST(a_folder_for_everybody_is_not_used), TEST(a_link_to_a_folder_is_not_followed), TEST(folders_are_made),
        TEST(a_file_is_no_folder), TEST(what_writers_left_is_removed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
