// SPDX-License-Identifier: MIT
// Runs a fuzz target on files: build/tests/fuzz/NAME [-d BYTES [-s STEP]] FILE|DIR...
//
// A line `ok` or `not ok` for each file. The beginning of its name is the verdict: `y_` must be accepted; `n_` must be
// refused with a message, as a damaged model, a mistake or a limit; `i_` either. When the folder has a file
// `messages`, its lines `NAME<TAB>TEXT` say what the message of a refusal contains, so that a file is refused for
// what is wrong with it. A file may take a second of processor time, and, without a sanitizer, 32 MiB of memory in
// all.
//
// -d BYTES damages each FILE, which is valid: cut short after every byte, which must be refused, and with every bit
// of the first BYTES flipped, which must be survived; -s STEP: each STEP-th of these. What lies beyond BYTES is cut
// now and then. TEST_SHARE=K (tests/test.h) makes K times STEP of that.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// The line of `messages` that begins with the name and a tab; "" when there is none.
static struct str wanted_message(struct str messages, const char *name) {
    size_t n = strlen(name);
    while (messages.n) {
        const char *end = memchr(messages.p, '\n', messages.n);
        struct str line = {messages.p, end ? (size_t)(end - messages.p) : messages.n};
        if (line.n > n && memcmp(line.p, name, n) == 0 && line.p[n] == '\t')
            return (struct str){line.p + n + 1, line.n - n - 1};
        messages = (struct str){messages.p + line.n + (end != NULL), messages.n - line.n - (end != NULL)};
    }
    return (struct str){"", 0};
}

// What is wrong with the result, or NULL.
static const char *judge(const char *name, struct str wanted, quill_status s, const quill_error *err, double seconds) {
    if (seconds > (SANITIZED ? 5 : 1)) return "it took too long";
    if (name[0] == 'y' && s) return "it was refused";
    if (name[0] == 'n' && !s) return "it was accepted";
    if (name[0] == 'n' && s != QUILL_E_MODEL && s != QUILL_E_USAGE && s != QUILL_E_CONSTRAINT)
        return "it was refused with another status";
    if (s && !memmem(err->text, strlen(err->text), wanted.p, wanted.n)) return "it was refused with other words";
    return NULL;
}

static int run_file(const char *path, const char *name, struct str messages) {
    struct map map;
    quill_error err;
    if (map_open(&map, path, MAP_READ, QUILL_E_SYSTEM, &err) != QUILL_OK) {
        printf("not ok %s: %s\n", path, err.text);
        return 1;
    }
    memset(&err, 0x5a, sizeof err);
    double start = cpu_seconds();
    quill_status s = fuzz_one(map.data, map.size, &err);
    double seconds = cpu_seconds() - start;
    if (s) fuzz_check_error(s, &err);
    struct str wanted = wanted_message(messages, name);
    const char *wrong = judge(name, wanted, s, &err, seconds);
    printf("%s %s\n", wrong ? "not ok" : "ok", path);
    if (wrong) printf("# %s (%.3f s), status %d: %s\n", wrong, seconds, (int)s, s ? err.text : "");
    if (wrong && wanted.n) printf("# wanted: %.*s\n", (int)wanted.n, wanted.p);
    map_close(&map);
    return wrong != NULL;
}

static int run_folder(const char *path) {
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), failed = 0;
    char file[4096];
    struct map messages;
    quill_error err;
    bool missing;
    if (n < 0 || map_open_at(&messages, path, "messages", MAP_READ, &missing, QUILL_E_SYSTEM, &err) != QUILL_OK) {
        printf("not ok %s cannot be read\n", path);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        snprintf(file, sizeof file, "%s/%s", path, name);
        if (name[0] != '.' && strcmp(name, "messages") != 0)
            failed += run_file(file, name, (struct str){(const char *)messages.data, messages.size});
        free(entries[i]);
    }
    free(entries);
    map_close(&messages);
    return failed;
}

// ---- damage ------------------------------------------------------------------------------------------------------

static bool survives(const uint8_t *data, size_t size) {
    quill_error err;
    memset(&err, 0x5a, sizeof err);
    quill_status s = fuzz_one(data, size, &err);
    if (s) fuzz_check_error(s, &err);
    return s == QUILL_OK;
}

// A copy that ends where its allocation ends, so that the sanitizer sees a read past it.
static bool survives_cut(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    CLAIM(copy);
    memcpy(copy, data, size);
    bool accepted = survives(copy, size);
    free(copy);
    return accepted;
}

static int damage(const char *path, size_t bytes, size_t step) {
    enum { PADDING = 31, BEYOND = 1009 }; // padding at the end may be missing
    struct map map;
    quill_error err;
    CLAIM(map_open(&map, path, MAP_READ, QUILL_E_SYSTEM, &err) == QUILL_OK);
    size_t head = bytes < map.size ? bytes : map.size, cuts = 0, wrong = 0, flips = 0, harmless = 0;
    uint8_t *data = malloc(map.size);
    CLAIM(data && survives(map.data, map.size));
    memcpy(data, map.data, map.size);
    for (size_t n = 0; n < map.size; n += n < head ? step : BEYOND, cuts++)
        wrong += survives_cut(data, n) && n + PADDING < map.size;
    for (size_t bit = 0; bit < 8 * head; bit += step, flips++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        harmless += survives(data, map.size);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    printf("%s %s: survives %zu cuts and %zu flips\n", wrong ? "not ok" : "ok", path, cuts, flips);
    printf("# %zu cuts and %zu flips were accepted\n", wrong, harmless);
    free(data);
    map_close(&map);
    return wrong != 0;
}

int main(int argc, char **argv) {
    int failed = 0, option;
    size_t bytes = 0, step = 1;
    while ((option = getopt(argc, argv, "d:s:")) != -1) {
        CLAIM(option != '?');
        *(option == 'd' ? &bytes : &step) = strtoul(optarg, NULL, 10);
    }
    if (getenv("TEST_SHARE")) step *= strtoul(getenv("TEST_SHARE"), NULL, 10);
    CLAIM(step > 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = optind; i < argc; i++) {
        struct stat info;
        const char *slash = strrchr(argv[i], '/');
        if (bytes) failed += damage(argv[i], bytes, step);
        else if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode)) failed += run_folder(argv[i]);
        else failed += run_file(argv[i], slash ? slash + 1 : argv[i], (struct str){"", 0});
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (getenv("TEST_EMULATED")) {
        printf("skip %s: the files took at most 32 MiB of memory: an emulator's own is among it\n", argv[0]);
    } else if (!SANITIZED) {
        bool fits = usage.ru_maxrss <= 32 << 10;
        printf("%s %s: the files took at most 32 MiB of memory\n", fits ? "ok" : "not ok", argv[0]);
        if (!fits) printf("# %ld KiB\n", usage.ru_maxrss);
        failed += !fits;
    }
    return failed != 0;
}
