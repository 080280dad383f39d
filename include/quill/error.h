// SPDX-License-Identifier: MIT
// Status codes and the error record that every fallible quill function fills.
#ifndef QUILL_ERROR_H
#define QUILL_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QUILL_MUST_CHECK __attribute__((warn_unused_result))

// The numbers are the exit codes of the program, so a status can be returned from main as it is.
typedef enum quill_status {
    QUILL_OK = 0,
    QUILL_E_USAGE = 2,      // an argument, option value, regex or id list is wrong
    QUILL_E_CONSTRAINT = 3, // a constraint cannot be met, or a match limit was hit while generating
    QUILL_E_CONTEXT = 4,    // the prompt, or the generation, does not fit the context
    QUILL_E_SYSTEM = 5,     // the system refused: memory, threads, a file other than a model, output
    QUILL_E_MODEL = 6,      // a model is missing, unreadable, damaged or unsupported
    QUILL_E_TRAIN = 7,      // reserved for training that stops because the loss is not finite; not returned yet
} quill_status;

// Filled once, where the failure is found; owned by the caller; holds no allocated memory. After QUILL_OK its content
// is undefined.
typedef struct quill_error {
    quill_status status;
    uint64_t offset; // byte offset in the file that the text names; 0: none
    char text[480];  // one line of printable UTF-8: the file, the item, what was expected and what was found
} quill_error;

#ifdef __cplusplus
}
#endif
#endif
