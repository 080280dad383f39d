// SPDX-License-Identifier: MIT
// What a constraint is made of: an automaton that reads a text byte by byte and says, at each place, whether a text
// that satisfies the constraint can begin like this, and whether the text satisfies it as it is.
//
// A state stands for what was read so far. Kinds whose states repeat themselves give each a number, which is also
// the key under which what follows from it (the tokens that may come next) can be kept. Other kinds number the bytes
// read. In both cases a state is used like a place on a path: from it several bytes may be tried, one after the
// other, each with what follows it, before another is taken (`struct reading` holds the bytes of the path).
#ifndef QUILL_SAMPLER_CONSTRAINT_AUTOMATON_H
#define QUILL_SAMPLER_CONSTRAINT_AUTOMATON_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "char_set.h"
#include "quill/session.h"

enum { DEAD = 0 }; // no state has this number

// One text being read. Zeros are a text not begun.
struct reading {
    struct buffer text;    // the bytes of the path, for kinds that need them
    uint32_t *states;      // [cap_states] what such a kind keeps beside them
    size_t cap_states;
    quill_status status;   // not QUILL_OK: reading failed, and every state since then is DEAD
    quill_error err;
    bool forget;           // it failed for want of room that automaton_kind.forget makes
    uint64_t effort_left;  // what one draw may still cost, in some 10 ns, for kinds whose steps can be expensive
    const volatile sig_atomic_t *interrupted; // ends what takes long; NULL: nothing does
};
void reading_free(struct reading *r);
// Gives up reading; the first reason counts. Returns DEAD.
__attribute__((format(printf, 3, 4))) uint32_t reading_fail(struct reading *r, quill_status status, const char *format,
                                                            ...);

struct automaton;

enum state_look {
    STATE_ALIVE = 1, // the text can go on within the place of the local state from which this state was reached
    STATE_OPEN = 2,  // or outside, of which nothing is known
};

struct run {
    const struct char_set *set; // lives as long as the automaton, and is one of few
    uint32_t n;
    bool all;                   // of a text of the set's characters no more than these can follow
};

struct automaton_kind {
    const char *name; // for messages
    quill_stop stop;  // of a complete text
    // The state of the empty text; DEAD if no text satisfies the constraint.
    uint32_t (*start)(struct automaton *a, struct reading *r);
    // The state behind `byte`, read in `state`; DEAD: no text that satisfies the constraint begins like this.
    uint32_t (*step)(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte);
    bool (*may_end)(struct automaton *a, struct reading *r, uint32_t state); // the text is complete
    bool (*may_go_on)(struct automaton *a, struct reading *r, uint32_t state); // false: nothing can follow
    // Bytes at least to an end; 0 where it may end. A kind may say less than is needed, unless it has keys.
    uint32_t (*least)(struct automaton *a, struct reading *r, uint32_t state);
    bool has_keys; // a state is its own key
    bool endless;  // there may be more and more states: no search among all of them comes to an end
    // What tells a character from others: two of one class lead from any state to the same one. NULL: nothing is known.
    uint64_t (*class_of)(struct automaton *a, uint32_t code);
    // A state from which the same texts of so many bytes can be read: counters that are far from their ends need not
    // be told apart. NULL: the state itself.
    uint32_t (*alike)(struct automaton *a, struct reading *r, uint32_t state, uint32_t bytes);
    // Characters of a set that can follow in a state, one after the other, whichever they are, as within a string; of
    // more than `most` nothing is asked. False: none are known. NULL: neither are there.
    bool (*run)(struct automaton *a, struct reading *r, uint32_t state, uint32_t most, struct run *run);
    // A state that goes on as `state` does as long as nothing is asked of what is around the place it is in, like
    // brackets that are open: many states have one such together. Behind it, `look` says what is known. DEAD: there is
    // none. NULL: neither is there.
    uint32_t (*local)(struct automaton *a, struct reading *r, uint32_t state);
    unsigned (*look)(struct automaton *a, uint32_t state); // enum state_look
    // Whether a text is what it should be, by other means than these states, if there are any.
    bool (*confirm)(struct automaton *a, struct str text);
    void (*forget)(struct automaton *a); // frees memory; the numbers of all states become void
    void (*free)(struct automaton *a);
};

struct automaton {
    const struct automaton_kind *kind;
};

#endif
