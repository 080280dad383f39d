// SPDX-License-Identifier: MIT
#include "clock.h"

#include <stdio.h>

static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

// A struct tm comes from a caller: any number may be in it.
static int within(int i, int n) { return i < 0 || i >= n ? 0 : i; }

static int hour12(const struct tm *t) { return t->tm_hour % 12 == 0 ? 12 : t->tm_hour % 12; }

// A number of so many digits. `pad`: '0', ' ', or '-' for none.
static bool number(struct builder *out, int value, int digits, char pad) {
    char text[32];
    const int n = pad == '-'   ? snprintf(text, sizeof text, "%d", value)
                  : pad == ' ' ? snprintf(text, sizeof text, "%*d", digits, value)
                               : snprintf(text, sizeof text, "%0*d", digits, value);
    return build_bytes(out, text, (size_t)n);
}

static bool formatted(struct run *r, struct builder *out, const char *format) {
    const struct text text = {.p = format, .n = strlen(format), .ascii = true};
    return format_time(r, out, &text);
}

// The week of the year, whose first day is Sunday (0) or Monday (1).
static int week(const struct tm *t, int first) { return (t->tm_yday + 7 - (t->tm_wday + 7 - first) % 7) / 7; }

// Parts that consist of others, and names.
static bool compound(struct run *r, struct builder *out, const struct tm *t, char c) {
    const char *day = days[within(t->tm_wday, 7)], *month = months[within(t->tm_mon, 12)];
    switch (c) {
    case 'A': return build_string(out, day);
    case 'a': return build_bytes(out, day, 3);
    case 'B': return build_string(out, month);
    case 'b': case 'h': return build_bytes(out, month, 3);
    case 'c': return formatted(r, out, "%a %b %e %H:%M:%S %Y");
    case 'D': case 'x': return formatted(r, out, "%m/%d/%y");
    case 'F': return formatted(r, out, "%Y-%m-%d");
    case 'R': return formatted(r, out, "%H:%M");
    case 'r': return formatted(r, out, "%I:%M:%S %p");
    case 'T': case 'X': return formatted(r, out, "%H:%M:%S");
    case 'n': return build_string(out, "\n");
    case 't': return build_string(out, "\t");
    case 'p': return build_string(out, t->tm_hour < 12 ? "AM" : "PM");
    case 'Z': case 'z': return r->status == QUILL_OK; // Python's time without a zone prints none
    case '%': return build_string(out, "%");
    default: return run_fail(r, "the format of time %%%c is not supported", c > 0x20 && c < 0x7f ? c : '?'), false;
    }
}

static bool conversion(struct run *r, struct builder *out, const struct tm *t, char c, char pad) {
    switch (c) {
    case 'Y': return number(out, t->tm_year + 1900, 4, pad ? pad : '0');
    case 'y': return number(out, (t->tm_year % 100 + 100) % 100, 2, pad ? pad : '0');
    case 'C': return number(out, (t->tm_year + 1900) / 100, 2, pad ? pad : '0');
    case 'm': return number(out, t->tm_mon + 1, 2, pad ? pad : '0');
    case 'd': return number(out, t->tm_mday, 2, pad ? pad : '0');
    case 'e': return number(out, t->tm_mday, 2, pad ? pad : ' ');
    case 'H': return number(out, t->tm_hour, 2, pad ? pad : '0');
    case 'I': return number(out, hour12(t), 2, pad ? pad : '0');
    case 'M': return number(out, t->tm_min, 2, pad ? pad : '0');
    case 'S': return number(out, t->tm_sec, 2, pad ? pad : '0');
    case 'f': return number(out, 0, 6, '0');
    case 'j': return number(out, t->tm_yday + 1, 3, pad ? pad : '0');
    case 'u': return number(out, t->tm_wday == 0 ? 7 : t->tm_wday, 1, '-');
    case 'w': return number(out, t->tm_wday, 1, '-');
    case 'U': return number(out, week(t, 0), 2, pad ? pad : '0');
    case 'W': return number(out, week(t, 1), 2, pad ? pad : '0');
    default: return compound(r, out, t, c);
    }
}

bool format_time(struct run *r, struct builder *out, const struct text *format) {
    const struct tm *t = r->input->now;
    size_t from = 0;
    if (!run_steps(r, format->n)) return false;
    for (size_t at = 0; at < format->n; at++) {
        if (format->p[at] != '%' || at + 1 >= format->n) continue;
        if (!build_part(out, format, from, at - from)) return false;
        char pad = format->p[++at];
        if (pad == '-' || pad == '_' || pad == '0') at++;
        else pad = '\0';
        if (at >= format->n) return run_fail(r, "expected a format of time behind '%%'"), false;
        if (!conversion(r, out, t, format->p[at], pad == '_' ? ' ' : pad)) return false;
        from = at + 1;
    }
    return build_part(out, format, from, format->n - from);
}
