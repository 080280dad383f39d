// SPDX-License-Identifier: MIT
// /set: options that a talk may change.
#ifndef QUILL_CLI_TALK_SETTINGS_H
#define QUILL_CLI_TALK_SETTINGS_H

#include "talk.h"

// "NAME VALUE", "NAME" alone for a flag or the default, or nothing: tells the names. Errors: QUILL_E_USAGE; the options
// are then as before.
QUILL_MUST_CHECK quill_status settings_run(struct talk *t, const char *argument, quill_error *err);

#endif
