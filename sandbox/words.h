/* Objects in the words of HDF5/JSON (described.h), and objects made from such words. */
#ifndef MANDOLINE_SANDBOX_WORDS_H
#define MANDOLINE_SANDBOX_WORDS_H

#include "worker.h"

/* H5S_UNLIMITED, whose own definition needs a <limits.h> that our limits.h stands before. */
#define ANY_SIZE ((hsize_t)-1)

enum { WORDS_BUDGET = 256 << 20 };

/* ---- words_table.c ---- */

/* "H5T_INTEGER" ... */
const char *type_class_word(H5T_class_t class);
/* H5T_NO_CLASS: no such word. */
H5T_class_t type_class_of(struct bytes word);
/* "H5Z_FILTER_DEFLATE" ... */
const char *filter_word(H5Z_filter_t id);
/* A copy of IEEE 754's type of 2, 4 or 8 bytes. */
hid_t standard_float(size_t size, bool big);
/* The integer behind a name of an enumeration, of at most 8 bytes. */
int64_t label_of(const uint8_t *raw, size_t size, bool big, bool is_signed);

/* ---- types_of_words.c ---- */

/* The type that the words name; to be closed. ERR_UNREPRESENTABLE says what is wrong with them. */
bool type_of_words(const struct value *words, struct arena *arena, hid_t *out, struct error *err);

/* Parts of words. NULL, or false: not there, or of another kind. */
const struct value *words_get(const struct value *dict, const char *key, enum value_kind kind);
bool words_number(const struct value *dict, const char *key, int64_t *out);
/* The text under key; empty where there is none. */
struct bytes words_text(const struct value *dict, const char *key);
/* A list of at most H5S_MAX_RANK dimensions. */
bool words_dims(const struct value *list, hsize_t *dims, unsigned *ndim, struct error *err);

#endif
