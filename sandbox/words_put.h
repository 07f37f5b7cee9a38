/* Words as they are put together: dicts and lists that remember when there was no memory. */
#ifndef MANDOLINE_WORDS_PUT_H
#define MANDOLINE_WORDS_PUT_H

#include "worker.h"

struct words {
    struct arena *arena;
    bool failed; /* no memory */
};

struct value *words_dict(struct words *w);
struct value *words_list(struct words *w);
/* What is NULL was not to be had. */
void words_put(struct words *w, struct value *dict, const char *key, struct value *v);
void words_add(struct words *w, struct value *list, struct value *v);
/* text is copied; NULL is "". */
void words_put_text(struct words *w, struct value *dict, const char *key, const char *text);
void words_put_number(struct words *w, struct value *dict, const char *key, int64_t number);
void words_put_dims(struct words *w, struct value *dict, const char *key, const hsize_t *dims, unsigned ndim);

/* ---- words_of_types.c ---- */

struct value *words_type(struct words *w, hid_t t);
/* "type", and "named" where it is a committed one. */
void words_put_type(struct words *w, struct value *dict, hid_t t);

#endif
