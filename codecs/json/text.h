/* One JSON string (RFC 8259 section 7), unescaped and checked. */
#ifndef MANDOLINE_JSON_TEXT_H
#define MANDOLINE_JSON_TEXT_H

#include "arena.h"

struct json_text {
    struct bytes text; /* UTF-8; a view of the document where it has no escapes, else in the arena */
    bool surrogates;   /* U+D800 to U+DFFF occur, each from an escape of its own */
};

/*
 * document.data[*at] is the byte after the opening quote; *at moves behind the closing one. On failure
 * err->offset is the byte that is wrong.
 */
bool json_text_read(struct bytes document, size_t *at, struct arena *arena, struct json_text *out,
                    struct error *err);

#endif
