// SPDX-License-Identifier: MIT
#ifndef QUILL_VERSION_H
#define QUILL_VERSION_H

#define QUILL_VERSION "0.1.0"

// Raised whenever a formula of the forward pass or of the sampler changes. Within one version, the same model, prompt,
// options and seed give the same bytes on every machine.
#define QUILL_NUMBERS_VERSION 3

#endif
