// SPDX-License-Identifier: MIT
// A constraint: an automaton, and what is kept of it for one vocabulary. And one text under it, token by token.
#ifndef QUILL_SAMPLER_CONSTRAINT_CONSTRAINT_H
#define QUILL_SAMPLER_CONSTRAINT_CONSTRAINT_H

#include "automaton.h"
#include "quill/constraint.h"
#include "sampler/sampler.h"
#include "token_masks.h"

enum { SHORT_TOKENS, LONG_TOKENS, PARTS_OF_VOCABULARY };
enum { SHORT_BYTES = 16 }; // of a short token at most

struct quill_constraint {
    struct automaton *automaton;
    uint32_t forgotten;          // how often the automaton forgot its states
    const void *identity;        // of the vocabulary of what follows
    size_t n_vocab;
    bool indexed;                // it is there
    struct token_masks parts[PARTS_OF_VOCABULARY];
    size_t longest;              // bytes of a token at most
    struct token_index unlike;   // tokens no two of which are alike to the automaton
    uint32_t *tokens;            // [cap_tokens] by state, of kinds with keys: tokens to an end; 0: not known
    size_t cap_tokens;
    struct token_set scratch;
    size_t n_scratch;            // its vocabulary
};

// One text.
struct constrained {
    quill_constraint *constraint;
    const struct vocabulary *vocabulary;
    struct reading reading;
    uint32_t state;
    uint32_t forgotten; // `state` is of this time
};

// Begins a text. Errors: QUILL_E_CONSTRAINT (nothing can begin), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status constrained_begin(struct constrained *k, quill_constraint *constraint,
                                                const struct vocabulary *vocabulary,
                                                const volatile sig_atomic_t *interrupted, quill_error *err);
void constrained_end(struct constrained *k); // zeros are fine
// Goes on behind text[0..n_before) with the rest of `text`.
QUILL_MUST_CHECK quill_status constrained_advance(struct constrained *k, struct str text, size_t n_before,
                                                  quill_error *err);
const char *constrained_name(const struct constrained *k); // for messages
quill_stop constrained_stop(const struct constrained *k);  // of a complete text
// Whether the text is complete, and whether more can follow.
bool constrained_may_end(struct constrained *k);
bool constrained_may_go_on(struct constrained *k);
// Whether another text is complete. Errors: those of constrained_advance.
QUILL_MUST_CHECK quill_status constrained_accepts(struct constrained *k, struct str text, bool *accepts,
                                                  quill_error *err);
// Asks about a complete text by other means. False: the automaton is wrong.
bool constrained_confirm(struct constrained *k, struct str text);
// Writes what must follow, at most n bytes of it, and returns their number; *all: nothing can follow them.
size_t constrained_forced(struct constrained *k, char *bytes, size_t n, bool *all);

enum token_end {
    TOKEN_GOES_ON,
    TOKEN_ENDS,    // it ends a text that is complete
    TOKEN_MAY_END, // the same, unless it continues the text
};

// One draw.
struct constrained_draw {
    struct sampler *sampler;
    const float *logits;
    struct draw draw;     // `allowed` and the key's `rejected` are set here
    struct str text;      // so far
    uint64_t room;        // how many tokens may follow this one: only tokens are drawn from which an end can be reached
                          // with so many. UINT64_MAX: any number
    bool first;           // tokens add other bytes at the beginning of a text than behind it
    enum token_end (*ends)(void *user, int32_t id);
    token_bytes_fn *adds; // what a token adds to this very text
    void *user;
};

enum { NO_TOKEN = -1 }; // nothing can follow, and the text is complete

// Draws a token. *ends: it ends the text. Errors: QUILL_E_CONSTRAINT, QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status constrained_take(struct constrained *k, struct constrained_draw *d, int32_t *id,
                                               bool *ends, quill_error *err);

// ---- for the files of this room ----

// Sets *out, which has the size of the vocabulary, to the tokens that can follow in a state. False: reading failed.
bool constraint_mask(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                     struct token_set *out);
// Whether an end can be reached from a state with so many tokens, as far as that can be told.
bool constraint_fits(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state, uint64_t room);
// Fills the index of the vocabulary. False: reading failed.
bool constraint_index(quill_constraint *c, const struct vocabulary *v, struct reading *r);
// A set for one draw, empty. NULL: reading failed.
struct token_set *constraint_scratch(quill_constraint *c, const struct vocabulary *v, struct reading *r);
uint32_t constraint_read(quill_constraint *c, struct reading *r, uint32_t state, struct str bytes);
void constraint_forget(quill_constraint *c); // all states become void

#endif
