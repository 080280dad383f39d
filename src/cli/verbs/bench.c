// SPDX-License-Identifier: MIT
// quill bench: how fast a model runs on this machine, beside the machine's limits.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/dmath.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/run/cache_timing.h"
#include "cli/run/model_source.h"
#include "quill/batch.h"
#include "quill/bench.h"

enum { MOST_RUNS = 100, MOST_BATCHES = 16, MOST_SEQUENCES = 256, TEXT_BYTES = 1 << 20, PLACES = 3 };

// Values of all runs except the first, a warm-up; NAN: not requested, or cannot run.
struct measured {
    double values[MOST_RUNS];
    size_t n;
};

struct bench {
    struct progress bar;
    const struct options *o;
    quill_model *model;
    quill_session *session;
    quill_model_info info;
    quill_memory memory;
    quill_session_options session_options;
    quill_work prompt_work, decode_work;
    int32_t prompt, predict, depth; // 0, 0: cannot run
    int32_t *ids;                   // room for the context
    quill_ids tokens;               // of the text
    struct buffer text;
    int32_t batches[MOST_BATCHES];
    size_t n_batches;
    struct measured prompt_speed, decode_speed, batch_speed[MOST_BATCHES], tokenizer_speed, first_token;
    struct measured computed_ms, cached_ms; // of the prompt
    struct measured read_gb, fma, dot, tile_int8, tile_bf16, tile_block;
    unsigned round; // makes prompts differ, so that nothing is reused from the cache
};

static void add_sample(struct measured *s, double value) {
    if (s->n < MOST_RUNS) s->values[s->n++] = value;
}

static double median(struct measured *s) { return d_median(s->values, s->n); }

// ---- what is measured -----------------------------------------------------------------------------------------------

static void make_ids(struct bench *b, int32_t n) {
    b->round++;
    for (int32_t i = 0; i < n; i++)
        b->ids[i] = (int32_t)(((uint64_t)(unsigned)i * 104729 + b->round) % (uint64_t)b->info.n_vocab);
}

// A measurement that runs in a hold of its session.
struct timing {
    struct bench *bench;
    quill_session *session; // for a batch
    int32_t n;              // sequences in a batch
    double speed;           // the result
};

static quill_status run_prompt(struct bench *b, double *ms, quill_error *err) {
    const float *logits;
    make_ids(b, b->prompt);
    double start = clock_ms();
    quill_status s = quill_eval(b->session, b->ids, (size_t)b->prompt, &logits, err);
    *ms = clock_ms() - start;
    return s;
}

// The same prompt, from the prompt cache.
static quill_status run_cache(struct bench *b, double *ms, quill_error *err) {
    return cache_timing(ms, b->session, b->model, &b->session_options, b->ids, (size_t)b->prompt, err);
}

static quill_status decode(void *arg, quill_error *err) {
    struct timing *t = arg;
    struct bench *b = t->bench;
    const float *logits;
    quill_status s = QUILL_OK;
    make_ids(b, b->depth + b->predict);
    if (b->depth) s = quill_eval(b->session, b->ids, (size_t)b->depth, &logits, err);
    double start = clock_ms();
    for (int32_t i = 1; i <= b->predict && !s; i++)
        s = quill_eval(b->session, b->ids, (size_t)(b->depth + i), &logits, err);
    t->speed = 1e3 * b->predict / (clock_ms() - start);
    return s;
}

static quill_status run_decode(struct bench *b, double *speed, quill_error *err) {
    struct timing t = {.bench = b};
    quill_status s = hold_session(b->session, decode, &t, err);
    *speed = t.speed;
    return s;
}

// n generations at once from a prompt of one token each; the speed of all together.
static quill_status generate_batch(void *arg, quill_error *err) {
    struct timing *t = arg;
    struct bench *b = t->bench;
    const int32_t n = t->n;
    const double start = clock_ms();
    quill_status s = QUILL_OK;
    quill_batch_row row;
    make_ids(b, 1);
    for (int32_t i = 0; i < n && !s; i++) {
        quill_request request = quill_request_default();
        request.prompt = b->ids, request.n_prompt = 1;
        request.n_predict = b->predict, request.ignore_eos = true;
        request.seed = (unsigned)i;
        request.draft = 0; // so that every token is a pass of its own
        s = quill_batch_add(t->session, &request, NULL, err);
    }
    for (int32_t left = n; left > 0 && !s;) {
        s = quill_batch_step(t->session, err);
        for (; !s && quill_batch_take(t->session, &row); left--)
            if ((s = row.status)) *err = row.error;
    }
    t->speed = 1e3 * n * (double)b->predict / (clock_ms() - start);
    return s;
}

static quill_status run_batch(struct bench *b, int32_t n, double *speed, quill_error *err) {
    quill_session_options options = b->session_options;
    struct timing t = {.bench = b, .n = n};
    options.n_seq = n;
    quill_status s = quill_session_create(&t.session, b->model, &options, err);
    if (!s) s = hold_session(t.session, generate_batch, &t, err);
    *speed = t.speed;
    quill_session_free(t.session);
    return s;
}

static quill_status run_tokenizer(struct bench *b, double *speed, quill_error *err) {
    b->tokens.n = 0;
    double start = clock_ms();
    quill_status s = quill_encode(quill_model_tokenizer(b->model), &b->tokens, b->text.p, b->text.n,
                                  QUILL_SPECIAL_AS_TEXT, err);
    *speed = (double)b->text.n * 1e-3 / (clock_ms() - start);
    return s;
}

// ---- a process of its own -------------------------------------------------------------------------------------------

static pid_t spawn(char **argv, int out, int other_end) {
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    extern char **environ;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    bool ok = posix_spawn_file_actions_addclose(&actions, other_end) == 0 &&
              posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) == 0 &&
              posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
              posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return ok ? pid : -1;
}

// Milliseconds from before the process is created to the first byte of its text; NAN: there is no text.
static double first_byte_ms(char **argv) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return (double)NAN;
    double start = clock_ms(), ms = (double)NAN;
    pid_t pid = spawn(argv, ends[1], ends[0]);
    close(ends[1]);
    if (pid > 0) {
        char byte;
        ssize_t got;
        while ((got = read(ends[0], &byte, 1)) < 0 && errno == EINTR) {}
        if (got == 1) ms = clock_ms() - start;
        while (got == 1) got = read(ends[0], &byte, 1);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(ends[0]);
    return ms;
}

static double run_startup(const struct bench *b) {
    char threads[16], cpu[32];
    snprintf(threads, sizeof threads, "-t%d", b->memory.threads);
    snprintf(cpu, sizeof cpu, "--cpu=%s", b->info.cpu);
    char model[] = "-m", prompt[] = "-pa", one[] = "-n1", greedy[] = "--temp=0", eos[] = "--ignore-eos";
    char bytes[] = "--bytes", swap[] = "--allow-swap", copy[] = "--no-mmap", name[] = "quill";
    char *path = b->o->model.path ? strdup(b->o->model.path) : NULL;
    if (b->o->model.path && !path) return (double)NAN;
    char *argv[14] = {name, prompt, one, greedy, eos, bytes, threads, cpu};
    size_t n = 8;
    if (b->o->model.allow_swap) argv[n++] = swap;
    if (b->o->model.no_mmap) argv[n++] = copy;
    if (path) argv[n++] = model, argv[n++] = path;
    double ms = first_byte_ms(argv);
    free(path);
    return ms;
}

// ---- the runs -------------------------------------------------------------------------------------------------------

// Runs each part once; parts take turns, so that a drift of the machine's speed affects all of them equally.
static quill_status run_once(struct bench *b, bool count, quill_error *err) {
    double value;
    quill_status s = QUILL_OK;
    struct measured unused = {.n = 0};
#define KEEP(samples) add_sample(count ? &(samples) : &unused, value)
    if (!s && b->prompt && !(s = run_prompt(b, &value, err))) {
        KEEP(b->computed_ms);
        value = 1e3 * b->prompt / value;
        KEEP(b->prompt_speed);
        if (!(s = run_cache(b, &value, err)) && !isnan(value)) KEEP(b->cached_ms);
    }
    if (!s && b->predict && !(s = run_decode(b, &value, err))) KEEP(b->decode_speed);
    for (size_t i = 0; i < b->n_batches && b->predict && !s; i++) {
        if (!(s = run_batch(b, b->batches[i], &value, err))) KEEP(b->batch_speed[i]);
    }
    if (!s && !(s = run_tokenizer(b, &value, err))) KEEP(b->tokenizer_speed);
    if (s) return s;
    value = run_startup(b);
    if (!isnan(value)) KEEP(b->first_token);
    quill_limits limits;
    quill_measure_limits(b->session, &limits);
    if ((value = limits.read_gb_per_s) > 0) KEEP(b->read_gb);
    if ((value = limits.fma_gflops) > 0) KEEP(b->fma);
    if ((value = limits.int8_gops) > 0) KEEP(b->dot);
    if ((value = limits.tile_int8_gops) > 0) KEEP(b->tile_int8);
    if ((value = limits.tile_bf16_gflops) > 0) KEEP(b->tile_bf16);
    if ((value = limits.tile_block_gops) > 0) KEEP(b->tile_block);
#undef KEEP
    return QUILL_OK;
}

// ---- results --------------------------------------------------------------------------------------------------------

// Matrix products of a prompt; the head is computed only for the last token.
static double prompt_gops(struct bench *b) {
    double n = b->prompt, weights = n * (double)b->prompt_work.block_weights + (double)b->prompt_work.head_weights;
    return 2 * weights * median(&b->prompt_speed) / n * 1e-9;
}

static double decode_gb(struct bench *b) {
    return (double)(b->decode_work.weight_bytes + b->decode_work.kv_bytes) * median(&b->decode_speed) * 1e-9;
}

static json_t *number(double value) { return json_decimal(value, PLACES); }

static json_t *prompt_object(struct bench *b) {
    if (b->prompt_speed.n == 0) return json_null();
    return json_pack("{s:i,s:o,s:o}", "tokens", (int)b->prompt, "tokens_per_s", number(median(&b->prompt_speed)),
                     "gops", number(prompt_gops(b)));
}

static json_t *decode_object(struct bench *b) {
    if (b->decode_speed.n == 0) return json_null();
    return json_pack("{s:i,s:i,s:o,s:o}", "tokens", (int)b->predict, "depth", (int)b->depth, "tokens_per_s",
                     number(median(&b->decode_speed)), "gb_per_s", number(decode_gb(b)));
}

static json_t *batch_array(struct bench *b) {
    if (b->n_batches == 0 || b->batch_speed[0].n == 0) return json_null();
    json_t *array = json_array();
    for (size_t i = 0; i < b->n_batches; i++)
        if (json_array_append_new(array, json_pack("{s:i,s:o}", "sequences", (int)b->batches[i], "tokens_per_s",
                                                   number(median(&b->batch_speed[i]))))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *cache_object(struct bench *b) {
    if (b->cached_ms.n == 0) return json_null();
    return json_pack("{s:i,s:o,s:o}", "tokens", (int)b->prompt, "computed_ms", number(median(&b->computed_ms)),
                     "cached_ms", number(median(&b->cached_ms)));
}

static json_t *limits_object(struct bench *b) {
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "read_gb_per_s", number(median(&b->read_gb)), "fma_gflops",
                     number(median(&b->fma)), "int8_gops", number(median(&b->dot)), "tile_int8_gops",
                     number(median(&b->tile_int8)), "tile_bf16_gflops", number(median(&b->tile_bf16)),
                     "tile_block_gops", number(median(&b->tile_block)));
}

static json_t *result_object(struct bench *b) {
    json_t *object = json_object();
    bool ok = json_put(object, "model", json_c_string(b->info.name)) &&
              json_put(object, "threads", json_integer(b->memory.threads)) &&
              json_put(object, "cpu", json_c_string(b->info.cpu)) &&
              json_put(object, "runs", json_integer(b->o->bench.runs)) &&
              json_put(object, "prompt", prompt_object(b)) && json_put(object, "decode", decode_object(b)) &&
              json_put(object, "batch", batch_array(b)) &&
              json_put(object, "tokenizer", json_pack("{s:o}", "mb_per_s", number(median(&b->tokenizer_speed)))) &&
              json_put(object, "startup", json_pack("{s:o}", "first_token_ms", number(median(&b->first_token)))) &&
              json_put(object, "limits", limits_object(b)) &&
              json_put(object, "cache", cache_object(b));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

// Float weights are limited by float multiply-adds, all others by integer ones.
static bool is_quantized(const struct bench *b) {
    for (size_t i = 0; i < quill_model_n_tensors(b->model); i++) {
        quill_tensor_info tensor;
        quill_model_tensor(b->model, i, &tensor);
        if (tensor.type[0] != 'F' && tensor.type[0] != 'B') return true;
    }
    return false;
}

static bool add_rate(struct buffer *t, double value, const char *unit, double limit, const char *of) {
    if (isnan(limit)) return buffer_add_format(t, " %9.1f %s\n", value, unit);
    return buffer_add_format(t, " %9.1f %-5s  %5.1f%% of %s\n", value, unit, value / limit * 100, of);
}

static bool add_rows(struct buffer *t, struct bench *b) {
    bool quantized = is_quantized(b), ok = true;
    if (b->prompt_speed.n)
        ok = buffer_add_format(t, "prompt     %5d tokens            %9.1f tokens/s", (int)b->prompt,
                               median(&b->prompt_speed)) &&
             add_rate(t, prompt_gops(b), "Gop/s", median(quantized ? &b->dot : &b->fma),
                      quantized ? "the vector integer-dot peak" : "the vector multiply-add peak");
    if (ok && b->decode_speed.n)
        ok = buffer_add_format(t, "decode     %5d tokens at %6d  %9.1f tokens/s", (int)b->predict, (int)b->depth,
                               median(&b->decode_speed)) &&
             add_rate(t, decode_gb(b), "GB/s", median(&b->read_gb), "a plain read");
    for (size_t i = 0; ok && i < b->n_batches && b->batch_speed[i].n; i++)
        ok = buffer_add_format(t, "batch      %5d sequences         %9.1f tokens/s\n", (int)b->batches[i],
                               median(&b->batch_speed[i]));
    ok = ok && buffer_add_format(t, "tokenizer                          %9.1f MB/s\n", median(&b->tokenizer_speed));
    if (ok && b->first_token.n)
        ok = buffer_add_format(t, "startup    first token            %9.1f ms\n", median(&b->first_token));
    if (ok && b->cached_ms.n)
        ok = buffer_add_format(t, "cache      %5d tokens            %9.1f ms, computed %.1f ms\n", (int)b->prompt,
                               median(&b->cached_ms), median(&b->computed_ms));
    if (ok && b->read_gb.n)
        ok = buffer_add_format(t,
                               "limits     read %.1f GB/s, vector multiply-adds %.1f Gflop/s, vector integer dots "
                               "%.1f Gop/s\n",
                               median(&b->read_gb), median(&b->fma), median(&b->dot));
    if (ok && b->tile_int8.n)
        ok = buffer_add_format(t,
                               "tiles      8-bit integers %.1f Gop/s, in blocks of 32 %.1f Gop/s, bfloat16 %.1f "
                               "Gflop/s\n",
                               median(&b->tile_int8), median(&b->tile_block), median(&b->tile_bf16));
    return ok;
}

static quill_status write_table(struct output *out, struct bench *b, quill_error *err) {
    struct buffer t = {0};
    bool ok =
        buffer_add_string(&t, "model      ") && show_visible(&t, b->info.name, strlen(b->info.name), VISIBLE_PIECE) &&
        buffer_add_format(&t, ", %d thread%s, %s, %s%d run%s\n", b->memory.threads, b->memory.threads == 1 ? "" : "s",
                          b->info.cpu, b->o->bench.runs == 1 ? "" : "medians of ", (int)b->o->bench.runs,
                          b->o->bench.runs == 1 ? "" : "s") &&
        add_rows(&t, b);
    quill_status s = ok ? output_write(out, t.p, t.n, err) : fail_memory(err);
    buffer_free(&t);
    return s;
}

// ---- set-up ---------------------------------------------------------------------------------------------------------

static quill_status read_batches(struct bench *b, quill_error *err) {
    const char *p = b->o->bench.batch;
    while (*p) {
        char *end;
        long n = strtol(p, &end, 10);
        bool number = end != p && *p >= '0' && *p <= '9';
        if (!number || n < 1 || n > MOST_SEQUENCES || (*end != ',' && *end) || b->n_batches == MOST_BATCHES)
            return fail(err, QUILL_E_USAGE, "--batch: expected at most %d numbers from 1 to %d with commas, found '%s'",
                        MOST_BATCHES, MOST_SEQUENCES, QUOTED(str_of(b->o->bench.batch)));
        b->batches[b->n_batches++] = (int32_t)n;
        p = *end ? end + 1 : end;
    }
    return QUILL_OK;
}

// The words of the program's own help, repeated.
static bool make_text(struct buffer *t) {
    bool ok = true;
    while (ok && t->n < TEXT_BYTES)
        for (size_t i = 0; i < n_option_rows && ok; i++)
            ok = buffer_add_string(t, option_table[i].help) && buffer_add(t, ".\n", 2);
    return ok;
}

static quill_status set_up(struct bench *b, quill_error *err) {
    const struct options *o = b->o;
    quill_status s = read_batches(b, err);
    if (!s) s = open_model(&b->model, o, err);
    if (s) return s;
    quill_model_describe(b->model, &b->info);
    int64_t predict_end = o->bench.depth + o->bench.predict, n_ctx = b->info.n_ctx;
    if (o->bench.prompt <= n_ctx) b->prompt = (int32_t)o->bench.prompt;
    if (predict_end <= n_ctx) b->predict = (int32_t)o->bench.predict, b->depth = (int32_t)o->bench.depth;
    int32_t most = b->predict ? b->depth + b->predict : 1;
    if (b->prompt > most) most = b->prompt;
    b->session_options = session_options(o);
    b->session_options.n_ctx = most;
    s = open_session(&b->session, &b->memory, b->model, o, &b->session_options, err);
    if (!s) s = quill_work_of(b->model, o->model.kv_type, 0, &b->prompt_work, err);
    if (!s) s = quill_work_of(b->model, o->model.kv_type, b->depth + b->predict / 2, &b->decode_work, err);
    b->ids = malloc((size_t)most * sizeof *b->ids);
    return s || (b->ids && make_text(&b->text)) ? s : fail_memory(err);
}

int cmd_bench(struct options *o, quill_error *err) {
    struct bench *b = calloc(1, sizeof *b);
    struct output out = {.fd = -1};
    if (!b) return (int)fail_memory(err);
    b->o = o;
    quill_status s = environment_apply(o, err);
    if (!s && o->operands.n) s = fail(err, QUILL_E_USAGE, "bench: expected no operand, found %zu", o->operands.n);
    if (!s) s = set_up(b, err);
    if (!s) s = output_open(&out, o->output.path, o->output.raw, err);
    progress_start(&b->bar, o->talk.quiet);
    for (int64_t i = 0; i <= o->bench.runs && !s; i++) {
        progress_update(&b->bar, "measuring", (uint64_t)i, (uint64_t)o->bench.runs + 1);
        s = run_once(b, i > 0, err);
    }
    progress_clear(&b->bar);
    if (!s) s = o->output.json ? json_write_line(&out, result_object(b), err) : write_table(&out, b, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    quill_session_free(b->session);
    quill_model_free(b->model);
    quill_ids_free(&b->tokens);
    buffer_free(&b->text);
    free(b->ids);
    free(b);
    return (int)s;
}
