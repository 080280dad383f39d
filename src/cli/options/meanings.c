// SPDX-License-Identifier: MIT
// The meanings of exit statuses and environment variables, for help and manual page.
#include "options.h"

const struct meaning exit_statuses[] = {
    {"0", "done; yes, of ask"},
    {"1", "no, of ask"},
    {"2", "wrong usage, or a mistake in a prompt file, a row, a choice or a pattern"},
    {"3", "undecided, of ask; a constraint cannot be met, or a match limit was hit"},
    {"4", "the prompt, or the text, does not fit the context"},
    {"5", "the system: files, memory, threads, output"},
    {"6", "the model: missing, damaged, not supported"},
    {"124", "--timeout; the text so far was printed"},
    {0},
};

const struct meaning variables[] = {
    {"QUILL_MODEL", "the model, where there is no -m"},
    {"HF_HUB_CACHE", "the cache of Hugging Face, where names of models are looked for; else the folder hub in HF_HOME, "
                     "in huggingface in XDG_CACHE_HOME, or in ~/.cache/huggingface"},
    {"LLAMA_CACHE", "the cache of llama.cpp; else the folder llama.cpp in XDG_CACHE_HOME or in ~/.cache"},
    {"OLLAMA_MODELS", "the store of ollama; else ~/.ollama/models, then /usr/share/ollama/.ollama/models"},
    {"QUILL_CACHE_DIR", "the folder of the prompt cache; else the folder quill in XDG_CACHE_HOME or in ~/.cache"},
    {"QUILL_CACHE_SIZE", "its most bytes (K, M, G: times 1024), 4G where it is not set; 0: there is no cache"},
    {"QUILL_THREADS", "the number of threads, where there is no -t"},
    {"QUILL_CPU", "the kernels, where there is no --cpu"},
    {"OMP_NUM_THREADS", "the number of threads, where neither -t nor QUILL_THREADS says it; of a list the first"},
    {"OMP_THREAD_LIMIT", "the largest number of threads, whatever asks for more"},
    {"OMP_PROC_BIND", "'true', 'close' or 'spread': each thread stays at one of OMP_PLACES"},
    {"OMP_PLACES", "the places for threads: 'threads', 'cores', 'sockets' or a list of processors"},
    {"OMP_WAIT_POLICY", "'active': a thread that waits spins; 'passive': it sleeps at once; unset: it spins for some "
                        "tens of microseconds, then sleeps"},
    {"NO_COLOR", "no colours, unless --color asks for them"},
    {"TERM", "of a terminal named 'dumb', or without a name: no colours and no progress bar"},
    {"COLUMNS", "the width of the help, where the terminal does not tell its own"},
    {0},
};
