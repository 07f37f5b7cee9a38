/* A value as one line of text, spelled as show() in tests/golden/pickle/make.py spells it. */
#ifndef MANDOLINE_TEST_SHOW_H
#define MANDOLINE_TEST_SHOW_H

#include "support.h"

/* Cut where out is full. Values in tests are shallow: this one recurses. */
void test_show(const struct value *v, struct arena *arena, char *out, size_t size);

#endif
