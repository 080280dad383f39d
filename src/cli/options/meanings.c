// SPDX-License-Identifier: MIT
// The meanings of exit statuses, environment variables and the steps of the sampler, for help and manual page.
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
    {"XDG_CACHE_HOME", "the folder of caches, where those above have no folder of their own; else ~/.cache"},
    {"HOME", "the folder that ~ stands for"},
    {"TMPDIR", "where bench keeps the prompt that it measures the cache with; else /tmp"},
    {"XDG_STATE_HOME", "what was typed in talks is kept in quill/history there, else in ~/.local/state/quill/history"},
    {"VISUAL", "the editor for /edit in a talk; else EDITOR, else vi"},
    {"EDITOR", "the editor where VISUAL is unset"},
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

const struct meaning sampling_steps[] = {
    {"logit bias", "--logit-bias adds to the logits of tokens. Always first"},
    {"n-grams", "--no-repeat-ngram N: a token that would make N tokens come again is left out, as long as another one "
                "can "
                "be drawn. Always here (transformers; Paulus et al. 2017)"},
    {"penalties", "--repeat-penalty, --presence-penalty and --frequency-penalty lower the logits of what occurred in "
                  "the "
                  "last --repeat-last-n tokens (Keskar et al. 2019; the OpenAI API)"},
    {"dry", "--dry-multiplier X lowers the logit of a token that goes on with a repetition of L tokens by X * "
            "dry-base ^ "
            "(L - dry-allowed-length); a breaker ends a repetition (Weidmann 2024)"},
    {"top_n_sigma", "--top-n-sigma keeps the logits within so many standard deviations of the largest (Tang et al. "
                    "2024)"},
    {"top_k", "--top-k keeps the N likeliest tokens (Fan et al. 2018)"},
    {"typ_p", "--typical-p keeps the tokens whose surprise is nearest to the entropy (Meister et al. 2022)"},
    {"top_p", "--top-p keeps the likeliest tokens up to a probability together (Holtzman et al. 2020)"},
    {"min_p", "--min-p keeps what has this share of the probability of the likeliest (Nguyen et al. 2024)"},
    {"epsilon_cutoff", "--epsilon-cutoff keeps what has this probability (Hewitt et al. 2022)"},
    {"eta_cutoff", "--eta-cutoff E keeps what has the smaller of E and sqrt(E) * exp(-entropy) (Hewitt et al. 2022)"},
    {"xtc", "--xtc-probability: by chance, of the tokens of at least --xtc-threshold the least likely one alone stays "
            "(Weidmann 2024)"},
    {"temperature", "--temp divides the logits; --dynatemp-range R lets it move from temp - R to temp + R, by the "
                    "entropy "
                    "of what is left to the power of --dynatemp-exp (kalomaze 2023)"},
    {"mirostat", "--mirostat 1 or 2 comes last, and then of the steps from top_n_sigma on the temperature alone is "
                 "applied: it keeps so much that the mean surprise of the tokens is --mirostat-ent (Basu et al. 2020)"},
    {0},
};
