// SPDX-License-Identifier: MIT
// Vocabularies of SentencePiece's BPE as keys of a GGUF file, whose merging is by scores.
#ifndef QUILL_LOAD_EXPORT_SPM_H
#define QUILL_LOAD_EXPORT_SPM_H

#include "formats/gguf_write.h"
#include "vocab.h"

// Makes a vocabulary one with scores (VOCAB_SPM) that says the same in GGUF. QUILL_E_MODEL names the trait that cannot
// be said.
quill_status spm_for_gguf(struct vocab *v, const char *file, quill_error *err);

bool spm_put_keys(const struct vocab_spec *spec, struct gguf_writer *g); // those that other kinds do not have

#endif
