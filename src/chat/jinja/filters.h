// SPDX-License-Identifier: MIT
// Filters that look at several values.
#ifndef QUILL_CHAT_JINJA_FILTERS_H
#define QUILL_CHAT_JINJA_FILTERS_H

#include "values.h"

#define FILTER(name) struct value filter_##name(struct run *r, struct value in, const struct args *args)
FILTER(batch);
FILTER(dictsort);
FILTER(first);
FILTER(groupby);
FILTER(items);
FILTER(join);
FILTER(last);
FILTER(length);
FILTER(list);
FILTER(map);
FILTER(max);
FILTER(min);
FILTER(reject);
FILTER(rejectattr);
FILTER(reverse);
FILTER(select);
FILTER(selectattr);
FILTER(slice);
FILTER(sort);
FILTER(sum);
FILTER(unique);

#endif
