/* What the unit tests share. */
#ifndef MANDOLINE_TEST_SUPPORT_H
#define MANDOLINE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "codec.h"

/* Encodes all of root with a sink that is drained `chunk` bytes at a time. The result is the arena's. */
bool test_encode(const struct codec *codec, struct value *root, const struct codec_options *options,
                 size_t chunk, struct arena *arena, struct bytes *out, struct error *err);

/* Decodes bytes in memory with default options and limits. */
bool test_decode(const struct codec *codec, struct bytes in, struct arena *arena, struct value **out,
                 struct error *err);

/* The whole file, in the arena; fails the test when it cannot be read. path is relative to the project. */
struct bytes test_file(const char *path, struct arena *arena);

/*
 * Calls attempt with arenas of a budget of 0, 1, 2 ... steps of `step` bytes until it succeeds; every failure
 * must be ERR_LIMIT "memory". At most `most` attempts.
 */
void test_failing_arena(bool (*attempt)(struct arena *arena, void *arg, struct error *err), void *arg,
                        size_t step, size_t most);

#endif
