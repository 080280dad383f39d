// SPDX-License-Identifier: MIT
#ifndef QUILL_CHAT_JINJA_MISTAKE_H
#define QUILL_CHAT_JINJA_MISTAKE_H

#include "base/error.h"

// "NAME: chat template: line N: " and the rest; QUILL_E_MODEL.
__attribute__((format(printf, 4, 5))) quill_status jinja_mistake(quill_error *err, const char *name, uint32_t line,
                                                                 const char *format, ...);

#endif
