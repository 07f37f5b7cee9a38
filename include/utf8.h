/* UTF-8 (RFC 3629), and what Python's surrogatepass adds to it. */
#ifndef MANDOLINE_UTF8_H
#define MANDOLINE_UTF8_H

#include "bytes.h"

/* The length of the longest valid prefix: text.len when all of it is valid. Fast on ASCII. */
size_t utf8_valid(struct bytes text);

/* As above, but U+D800 to U+DFFF are accepted too (three bytes each); *surrogates says whether there are any.
 */
size_t utf8_valid_surrogatepass(struct bytes text, bool *surrogates);

/* Whether the text is valid but for surrogates, and has some. Nearly nothing where it has no 0xED, as most.
 */
bool utf8_has_surrogates(struct bytes text);

/* True when no byte is over 127. */
bool utf8_is_ascii(struct bytes text);

/* Writes 1 to 4 bytes (surrogates as three); returns how many, 0 when code is over U+10FFFF. */
size_t utf8_put(uint32_t code, uint8_t *out);

/*
 * The code point at text[at], which must be valid (surrogates allowed); *at moves past it.
 */
uint32_t utf8_next(struct bytes text, size_t *at);

/* Each byte as the code point of the same number; out has room for twice as many. Returns the length. */
size_t utf8_of_latin1(struct bytes latin1, uint8_t *out);

/* Number of code points of valid text. */
size_t utf8_count(struct bytes text);

#endif
