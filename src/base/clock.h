// SPDX-License-Identifier: MIT
#ifndef QUILL_BASE_CLOCK_H
#define QUILL_BASE_CLOCK_H

double clock_ms(void); // milliseconds of a clock that never steps back

#endif
