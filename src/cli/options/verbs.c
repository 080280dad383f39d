// SPDX-License-Identifier: MIT
// The verbs, as rows. A verb of a later version has a name and no function.
#include <string.h>

#include "base/nearest.h"
#include "commands.h"
#include "options.h"

#define TYPES "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 IQ4_NL Q2_K Q3_K Q4_K Q5_K Q6_K Q3_K_M Q4_K_S Q4_K_M Q5_K_S Q5_K_M"

const struct verb verbs[] = {
    {.name = "", .bit = GENERATE, .operands = "[PROMPT|FILE.prompt]", .run = cmd_generate,
     .summary = "continue a text",
     .detail = "stdout is the generated text and nothing else. The prompt is the files of -f, then stdin, then -p or "
               "PROMPT, joined by newlines; one newline at the end of a file or of stdin is dropped. stdin is read for "
               "'-f -' or '-', when there is no other prompt, and with PROMPT when it is a pipe, a file or a socket. "
               "An operand that looks like a file (it ends in .prompt, or holds a slash and no space) is a prompt "
               "file, as with -F; the text after -p is always a text. Where one slot of a prompt file is open, a pipe "
               "fills it."},
    {.name = "chat", .bit = CHAT, .operands = "[TEXT]", .run = cmd_chat, .summary = "talk with a chat model",
     .detail = "The messages are put into the model's chat template, and the answer of the model is printed. The text "
               "of the user is that of -f, stdin, -p or TEXT, as for a prompt; --messages has whole conversations, "
               "whose last message is answered. Special tokens in a message are plain text. What the model thinks "
               "before it answers is left out where stdout is no terminal. Without -n an answer has at most 2048 "
               "tokens. In a terminal, and without a message, it is a talk: /help tells its commands; Ctrl-C stops an "
               "answer, Ctrl-D ends the talk. Where the context is full, the oldest turns are left out."},
    {.name = "map", .bit = MAP, .operands = "PROMPTFILE [ROWS]", .run = cmd_map,
     .summary = "a prompt file over many rows",
     .detail = "The slots of the prompt file are filled from the rows on stdin or in the file ROWS: lines, or --tsv, "
               "--csv, --jsonl. What is printed are the answers, one for each row and in their order; --out NAME "
               "prints the rows with their answers. Rows are computed several at a time, and what all prompts begin "
               "with once; the answers are those of each row alone. With --choice the answer is the likeliest "
               "option, as 'quill choose' finds it. A row that fails has an empty answer and a line on stderr, the "
               "others go on, and the status is that of the first one that failed. Ctrl-C leaves the finished rows."},
    {.name = "choose", .bit = CHOOSE, .operands = "[PROMPT|FILE]", .run = cmd_choose,
     .summary = "the likeliest of given options",
     .detail = "An operand that names a file is a prompt file, as with -F; any other that does not look like one is "
               "the prompt, as with -p. "
               "Every option is weighed as a whole: a space and the option, after the prompt without the spaces at its "
               "end; after a newline without the space. Where one option begins another the end of the text counts "
               "too. The probabilities of all options sum to 1."},
    {.name = "ask", .bit = ASK, .operands = "[TEXT|FILE]", .run = cmd_ask, .summary = "the answer is the exit status",
     .detail = "An operand that names a file is a prompt file, as with -F, but beside -q; any other that does not look "
               "like one is the text. "
               "With -q an empty line, 'Question: QUESTION' and 'Answer:' follow the text. The probability p is that "
               "of the yes labels among all labels. Status 0: yes, p is above 0.5 and at least --min-prob; 1: no, p is "
               "below 0.5 and 1-p at least that; 3: undecided."},
    {.name = "score", .bit = SCORE, .operands = "[FILE...]", .run = cmd_score,
     .summary = "how likely lines of text are",
     .detail = "Every line of stdin, or of the files, becomes a line: log-probability, tokens, perplexity, bits "
               "per byte and the text, divided by tabs. The first token is scored after BOS, else EOS. A line that "
               "does not fit the context becomes an empty line and is reported; the others go on, and the status is "
               "4."},
    {.name = "rank", .bit = RANK, .operands = "-p PREFIX [FILE]", .run = cmd_rank,
     .summary = "candidates by likelihood",
     .detail = "The lines of stdin or of FILE, each with its log-probability after PREFIX in front, best first. "
               "PREFIX and a line are read as one text: a space between words belongs to one of them, or --space puts "
               "it there."},
    {.name = "embed", .bit = EMBED, .operands = "[FILE...]", .run = cmd_embed,
     .summary = "turn lines of text into vectors",
     .detail = "Every line of stdin, or of the files, becomes a line of numbers between spaces, as many as the model "
               "is wide; each is the shortest that reads back as the same 32-bit float. With -o FILE.npy they are a "
               "matrix in NumPy's format. The states behind the tokens of the line, after the final norm, are pooled "
               "as the model's files say (modules.json and 1_Pooling/config.json of sentence-transformers, or "
               "pooling_type of a GGUF file, whose vectors then have length 1), else to their mean; and the tokens "
               "that its tokenizer puts around a text are there. A line that does not fit the context becomes an "
               "empty line, in a matrix a row of NaN, and is reported; the others go on, and the status is 4."},
    {.name = "similar", .bit = SIMILAR, .operands = "A B|--matrix [FILE...]", .run = cmd_similar,
     .summary = "how alike texts are",
     .detail = "Prints the cosine of the vectors of the texts A and B, as 'quill embed' makes them. With --matrix the "
               "texts are the lines of stdin, or of the files, and each gets a line: its cosine with every line, in "
               "their order, between tabs. A line that does not fit the context has nan."},
    {.name = "lint", .bit = LINT, .operands = "FILE", .run = cmd_lint, .summary = "check a prompt file",
     .detail = "Prints a line FILE:LINE: warning: ... for what makes answers worse: spaces before the answer, labels "
               "that begin with the same token, unbalanced examples, one that outweighs the others, a prompt that is "
               "longer than the context. The status is 0 with warnings too; a mistake in the file is status 2."},
    {.name = "shots", .bit = SHOTS, .operands = "FILE --loo", .run = cmd_shots,
     .summary = "try the examples of a prompt file on each other",
     .detail = "Every example is left out in turn and asked, with the first K of the others in front; the answer is "
               "the likeliest of the labels, which are the choices, else the answers that occur. A line for every K: "
               "the share of right answers (accuracy), then the same K examples in other orders: how many orders, the "
               "worst, the mean and the best share. At the end a table for the last K: a line for every label, a "
               "column for what was chosen."},
    {.name = "tokenize", .bit = TOKENIZE, .operands = "[TEXT]", .run = cmd_tokenize,
     .summary = "turn text into token ids, or ids into text",
     .detail = "Reads TEXT, the files of -f, or stdin, byte for byte, and prints one line of ids per text."},
    {.name = "inspect", .bit = INSPECT, .operands = "[MODEL]", .run = cmd_inspect,
     .summary = "say what a model is and what running it takes"},
    {.name = "models", .bit = MODELS, .run = cmd_models,
     .summary = "list the models that other programs have downloaded",
     .detail = "A line for each model in the caches of Hugging Face, llama.cpp and LM Studio and in ollama's store: "
               "its name, family, type of weights, bytes, path, and 'ok' or why quill cannot run it. The name is for "
               "-m: ORG/NAME is a folder, ORG/NAME:FILE a GGUF file, for which -m also takes ORG/NAME:TYPE with a "
               "weight type such as Q4_K_M, and ORG/NAME alone where it is the only one; ollama:NAME:TAG is a model of "
               "ollama. Where another model has that name it is the path. Nothing is downloaded; -m with a name that "
               "is not here says how to get it."},
    {.name = "cache", .bit = CACHE, .run = cmd_cache, .summary = "look after the prompt cache",
     .detail = "The prompt cache keeps what the model has computed of a prompt in a file, so that the next run that "
               "begins alike does not compute it again: with --cache, in map and chat always. The output is the same "
               "with and without it. Prints a line for each entry, the one used last first: file, model, tokens, "
               "bytes, time of the last use (UTC). Prompts of fewer than 32 tokens are not kept, nor those that are "
               "like an entry for the most part. Old entries make room by themselves: QUILL_CACHE_SIZE."},
    {.name = "quantize", .bit = QUANTIZE, .operands = "IN OUT TYPE", .words = TYPES, .run = cmd_quantize,
     .summary = "write a model as GGUF with another weight type",
     .detail = "IN is a GGUF file, of any family, or a Hugging Face directory of a family that has a form in GGUF; OUT "
               "appears whole or not at all; TYPE is one of: " TYPES
               ". Those that end in _S or _M are mixes. With -v the tensors that got another type are listed."},
    {.name = "bench", .bit = BENCH, .run = cmd_bench, .summary = "measure speed",
     .detail = "Reads a prompt, generates, tokenizes and starts a process of its own; each part once to warm up, then "
               "--runs times in turn, and prints medians. Speeds are shown as shares of what the same threads do "
               "in a plain read of the weights, and in multiply-adds of vector registers, which tile registers exceed. "
               "The cache is the prompt cache on disk: the same prompt where another session has kept it. "
               "A part that does not fit the context of the model is left out."},
    {.name = "help", .bit = HELP, .operands = "[VERB|families|sampling]", .words = "families sampling",
     .run = cmd_help,
     .summary = "print the help of a verb, or what else there is to know",
     .detail = "'quill help families' lists the families of models that quill runs, a line for each: its name as model "
               "files spell it, forms of files, tokenizers, public models. 'quill help sampling' explains how a token "
               "is drawn: the steps in their order, and the option of each."},
    {.name = "train", .summary = "train a model"},
    {.name = "finetune", .summary = "train an adapter"},
    {.name = "imatrix", .summary = "what matters in weights"},
    {.name = "fill", .reserved = true},
    {.name = "follows", .reserved = true},
    {.name = "classify", .reserved = true},
    {.name = "tag", .reserved = true},
    {.name = "answer", .reserved = true},
    {.name = "nearest", .reserved = true},
    {.name = "translate", .reserved = true},
    {.name = "summarize", .reserved = true},
};
const size_t n_verbs = sizeof verbs / sizeof verbs[0];

const struct verb *verb_find(const char *name) {
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

const char *verb_nearest(const char *text) {
    struct nearest search = {.typed = str_of(text)};
    for (const struct verb *v = verbs + 1; v < verbs + n_verbs; v++)
        if (v->run) nearest_offer(&search, str_of(v->name));
    return search.cost <= 1 ? search.best.p : NULL; // prompts begin with all kinds of words
}
