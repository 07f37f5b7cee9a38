/* A dict with text keys, made piece by piece. */
#ifndef MANDOLINE_DICT_H
#define MANDOLINE_DICT_H

#include "value.h"

/*
 * A dict under construction. What could not be put (no memory) is remembered, so only dict_done has to be
 * looked at. A NULL value counts as no memory.
 */
struct dict {
    struct arena *arena;
    struct value *value;
    bool failed;
};

struct dict dict_make(struct arena *arena);
void dict_put(struct dict *d, const char *key, struct value *value);
void dict_text(struct dict *d, const char *key, const char *utf8);
void dict_str(struct dict *d, const char *key, struct bytes utf8);
void dict_uint(struct dict *d, const char *key, uint64_t number);
/* A list of numbers; null where there are none to point at. */
void dict_numbers(struct dict *d, const char *key, const uint64_t *numbers, size_t count);
/* The dict. False: there was no memory. */
bool dict_done(const struct dict *d, struct value **out, struct error *err);

#endif
