/* The keyed fingerprint of one key: equal where Python's keys are (keyset.h). */
#ifndef MANDOLINE_KEY_PRINT_H
#define MANDOLINE_KEY_PRINT_H

#include "keyset.h"

/* ERR_SYNTAX: it is not hashable, or contains itself. */
bool key_print(struct keyset *k, const struct value *key, struct sip_print *out, struct error *err);

/* Its first half, for less where it is short text, as most keys are. */
bool key_print_half(struct keyset *k, const struct value *key, uint64_t *out, struct error *err);

#endif
