// SPDX-License-Identifier: MIT
#ifndef QUILL_VERSION_H
#define QUILL_VERSION_H

#define QUILL_VERSION "0.1.0"

// Raised whenever a formula of the forward pass or of the sampler changes: the same bytes are promised for one
// (model, prompt, options, seed) within one NUMBERS_VERSION, on every machine.
#define QUILL_NUMBERS_VERSION 1

#endif
