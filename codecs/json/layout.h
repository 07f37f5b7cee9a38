/* Brackets, commas and line breaks of a JSON document that is being written. */
#ifndef MANDOLINE_JSON_LAYOUT_H
#define MANDOLINE_JSON_LAYOUT_H

#include "put.h"

struct layout {
    bool pretty;  /* a line for each part, two blanks for each level */
    bool comma;   /* something stands before in the container that is open */
    size_t depth; /* of indentation */
};

/* A comma where something stands before, and a new line. */
static inline bool layout_separate(struct layout *l, struct sink *out, struct error *err)
{
    if (l->comma && !put_byte(out, ',', err))
        return false;
    l->comma = true;
    return !l->pretty || put_line(out, l->depth, err);
}

static inline bool layout_open(struct layout *l, char bracket, struct sink *out, struct error *err)
{
    l->comma = false;
    l->depth++;
    return put_byte(out, bracket, err);
}

static inline bool layout_close(struct layout *l, char bracket, struct sink *out, struct error *err)
{
    const bool empty = !l->comma;
    l->comma = true;
    l->depth--;
    return (empty || !l->pretty || put_line(out, l->depth, err)) && put_byte(out, bracket, err);
}

static inline bool layout_colon(const struct layout *l, struct sink *out, struct error *err)
{
    return put_byte(out, ':', err) && (!l->pretty || put_byte(out, ' ', err));
}

/* A member's name that is ours, such as "$class". */
bool layout_member(struct layout *l, const char *name, struct sink *out, struct error *err);

/* layout_member() and the bracket of its value. */
bool layout_open_member(struct layout *l, const char *name, char bracket, struct sink *out,
                        struct error *err);

#endif
