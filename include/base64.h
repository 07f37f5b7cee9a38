/* Base64 (RFC 4648 section 4): standard alphabet, padded. */
#ifndef MANDOLINE_BASE64_H
#define MANDOLINE_BASE64_H

#include "arena.h"

/* out has (in.len + 2) / 3 * 4 bytes; returns that length. */
size_t base64_encode(struct bytes in, uint8_t *out);

/* Strict: padding required, nothing but the alphabet. *out in the arena. */
bool base64_decode(struct bytes text, struct arena *arena, struct bytes *out, struct error *err);

#endif
