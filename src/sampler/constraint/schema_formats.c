// SPDX-License-Identifier: MIT
#include "schema_formats.h"

// Dates and times: RFC 3339, in years 0001 to 9999 and without leap seconds.
#define YEAR "(?:[1-9]\\d{3}|0[1-9]\\d\\d|00[1-9]\\d|000[1-9])"
#define OF_FOUR "(?:0[48]|[2468][048]|[13579][26])"
#define LEAP_YEAR "(?:\\d\\d" OF_FOUR "|" OF_FOUR "00)"
#define DAY_OF_MONTH                                                                                                   \
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))"
#define DATE "(?:" YEAR "-" DAY_OF_MONTH "|" LEAP_YEAR "-02-29)"
#define HOUR "(?:[01]\\d|2[0-3])"
#define TIME HOUR ":[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]" HOUR ":[0-5]\\d)"
// Durations: ISO 8601, as RFC 3339 has them in appendix A.
#define NUMBER "\\d{1,6}"
#define TIME_SPAN                                                                                                      \
    "T(?:" NUMBER "H(?:" NUMBER "M(?:" NUMBER "S)?)?|" NUMBER "M(?:" NUMBER "S)?|" NUMBER "S)"
#define DATE_SPAN "(?:" NUMBER "D|" NUMBER "M(?:" NUMBER "D)?|" NUMBER "Y(?:" NUMBER "M(?:" NUMBER "D)?)?)"
// Names of hosts: RFC 1123, short enough together, without the two hyphens that A-labels have.
#define LABEL "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,15}"
#define ATEXT "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}" // RFC 5322; at most 64 bytes in front of the @
#define BYTE "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IPV4 BYTE "(?:\\." BYTE "){3}"
#define H "[0-9A-Fa-f]{1,4}"
#define IPV6                                                                                                           \
    "(?:(?:" H ":){7}" H "|(?:" H ":){1,7}:|(?:" H ":){1,6}:" H "|(?:" H ":){1,5}(?::" H "){1,2}|(?:" H                \
    ":){1,4}(?::" H "){1,3}|(?:" H ":){1,3}(?::" H "){1,4}|(?:" H ":){1,2}(?::" H "){1,5}|" H ":(?::" H                \
    "){1,6}|:(?:(?::" H "){1,7}|:))"
// URIs: RFC 3986, without addresses of IPv6.
#define ESCAPED "%[0-9A-Fa-f]{2}"
#define PCHAR "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|" ESCAPED ")"
#define HOST "(?:[A-Za-z0-9._~!$&'()*+,;=-]|" ESCAPED ")*"
#define USER "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|" ESCAPED ")*@)?"
#define QUERY "(?:" PCHAR "|[/?])*"
#define SEGMENTS "(?:/" PCHAR "*)*"
#define URI                                                                                                            \
    "[A-Za-z][A-Za-z0-9+.-]{0,30}:(?://" USER HOST "(?::\\d{1,5})?" SEGMENTS "|" PCHAR "+" SEGMENTS ")"                \
    "(?:\\?" QUERY ")?(?:#" QUERY ")?"

static const struct format {
    const char *name, *pattern; // NULL: not supported
} formats[] = {
    {"date", "^" DATE "$"},
    {"time", "^" TIME "$"},
    {"date-time", "^" DATE "T" TIME "$"},
    {"duration", "^P(?:" DATE_SPAN "(?:" TIME_SPAN ")?|" TIME_SPAN "|" NUMBER "W)$"},
    {"uuid", "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
    {"email", "^" ATEXT "(?:\\." ATEXT "){0,2}@(?:" LABEL "\\.){1,5}[A-Za-z]{2,24}$"},
    {"hostname", "^(?:" LABEL "\\.){0,5}[A-Za-z](?:-?[A-Za-z0-9]){0,15}$"},
    {"ipv4", "^" IPV4 "$"},
    {"ipv6", "^" IPV6 "$"},
    {"uri", "^" URI "$"},
    {"json-pointer", "^(?:/(?:[^/~]|~[01])*)*$"},
    {"regex", NULL}, {"relative-json-pointer", NULL}, {"uri-reference", NULL}, {"uri-template", NULL}, {"iri", NULL},
    {"iri-reference", NULL}, {"idn-email", NULL}, {"idn-hostname", NULL},
};
enum { N_NAMES = sizeof formats / sizeof *formats };
_Static_assert((int)N_NAMES > (int)N_FORMATS, "those with patterns come first");

const struct nfa *format_nfa(struct compiler *c, const struct schema *s) {
    size_t i = 0;
    while (i < N_NAMES && !str_is(s->format, formats[i].name)) i++;
    if (i == N_NAMES || !goes_on(c)) return NULL; // a note
    if (!formats[i].pattern) {
        compile_fail(c, schema_refuse(value_member(s->at, STR("format")), c->err, "'%s' is not supported",
                                      formats[i].name));
        return NULL;
    }
    if (!c->formats[i].nodes) compile_fail(c, nfa_search(&c->formats[i], str_of(formats[i].pattern), c->err));
    return goes_on(c) ? &c->formats[i] : NULL;
}
