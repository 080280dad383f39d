// SPDX-License-Identifier: MIT
#ifndef QUILL_CHAT_JINJA_CLOCK_H
#define QUILL_CHAT_JINJA_CLOCK_H

#include "values.h"

// Appends the run's time in a format of strftime, in English whatever the locale. False: the run has failed.
bool format_time(struct run *r, struct builder *out, const struct text *format);

#endif
