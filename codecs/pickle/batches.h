/* The marks and opcodes around the parts of lists, dicts and sets. */
#ifndef MANDOLINE_PICKLE_BATCHES_H
#define MANDOLINE_PICKLE_BATCHES_H

#include "writer.h"

enum { BATCH = 1000 }; /* items between a mark and its APPENDS, SETITEMS or ADDITEMS */

/* CPython knows the length of its own lists, dicts and sets, and writes batches of them without looking
 * ahead. */
static inline bool batch_before(struct writer *w, size_t index, size_t count, struct error *err)
{
    return w->protocol == 0 || count == 1 || index % BATCH != 0 || write_op(w, OP_MARK, err);
}

static inline bool batch_after(struct writer *w, size_t index, size_t count, enum opcode one,
                               enum opcode many, struct error *err)
{
    if (w->protocol == 0 || count == 1)
        return write_op(w, one, err);
    return (index % BATCH != BATCH - 1 && index + 1 != count) || write_op(w, many, err);
}

/* The length of a set is known as well, but its items are always between a mark and ADDITEMS. */
static inline bool set_item_before(struct writer *w, size_t index, struct error *err)
{
    return index % BATCH != 0 || write_op(w, OP_MARK, err);
}

static inline bool set_item_after(struct writer *w, size_t index, size_t count, struct error *err)
{
    return (index % BATCH != BATCH - 1 && index + 1 != count) || write_op(w, OP_ADDITEMS, err);
}

/* After as many items as a batch holds, CPython opens another for dicts and sets, and finds it empty. */
static inline bool empty_batch(struct writer *w, size_t index, size_t count, enum opcode many,
                               struct error *err)
{
    return index + 1 != count || count % BATCH != 0 || w->protocol == 0 ||
           (write_op(w, OP_MARK, err) && write_op(w, many, err));
}

static inline bool list_item_after(struct writer *w, size_t index, size_t count, struct error *err)
{
    return batch_after(w, index, count, OP_APPEND, OP_APPENDS, err);
}

static inline bool dict_pair_after(struct writer *w, size_t index, size_t count, struct error *err)
{
    return batch_after(w, index, count, OP_SETITEM, OP_SETITEMS, err) &&
           empty_batch(w, index, count, OP_SETITEMS, err);
}

#endif
