#include "dtype_leaves.h"

bool dtype_subarray_count(const struct dtype *t, uint64_t *out)
{
    size_t product = 1;
    for (unsigned i = 0; i < t->ndim; i++)
        if (!checked_mul(product, t->shape[i], &product))
            return false;
    *out = product;
    return true;
}

struct dtype_leaves dtype_leaves_of(const struct dtype *t)
{
    return (struct dtype_leaves){.pending = t};
}

/* Through sub-arrays, each a loop, to a plain type or a record. */
static const struct dtype *enter_subarrays(struct dtype_leaves *it, const struct dtype *t)
{
    for (; t->base != NULL; t = t->base) {
        if (it->leaf.loops == DTYPE_MAX_DEPTH || !dtype_subarray_count(t, &it->leaf.count[it->leaf.loops]))
            return NULL;
        it->leaf.stride[it->leaf.loops++] = t->base->itemsize;
    }
    return t;
}

static bool push(struct dtype_leaves *it, const struct dtype *record)
{
    if (it->depth == DTYPE_MAX_DEPTH)
        return false;
    it->frames[it->depth].record = record;
    it->frames[it->depth].next = 0;
    it->frames[it->depth].offset = it->leaf.offset;
    it->frames[it->depth].loops = it->leaf.loops;
    it->depth++;
    return true;
}

/* The next field of the innermost record that has one left. */
static bool next_field(struct dtype_leaves *it)
{
    while (it->depth > 0 && it->frames[it->depth - 1].next == it->frames[it->depth - 1].record->field_count)
        it->depth--;
    if (it->depth == 0)
        return false;
    const unsigned top = it->depth - 1;
    const struct dtype_field *field = &it->frames[top].record->fields[it->frames[top].next++];
    it->pending = field->dtype;
    it->leaf.offset = it->frames[top].offset + field->offset;
    it->leaf.loops = it->frames[top].loops;
    return true;
}

bool dtype_leaves_next(struct dtype_leaves *it)
{
    while (!it->too_deep && (it->pending != NULL || next_field(it))) {
        const struct dtype *t = enter_subarrays(it, it->pending);
        it->pending = NULL;
        if (t != NULL && t->field_count == 0) {
            it->leaf.type = t;
            return true;
        }
        it->too_deep = t == NULL || !push(it, t);
    }
    return false;
}

bool dtype_leaf_each(const struct dtype_leaf *leaf, uint8_t *elements, size_t count, size_t itemsize,
                     bool (*fn)(void *arg, uint8_t *at, const struct dtype *type), void *arg)
{
    for (unsigned i = 0; i < leaf->loops; i++)
        if (leaf->count[i] == 0)
            return true;
    for (uint8_t *element = elements + leaf->offset; count > 0; count--, element += itemsize) {
        uint64_t place[DTYPE_MAX_DEPTH] = {0};
        uint8_t *at = element;
        for (unsigned i = 0; i <= leaf->loops;) {
            if (!fn(arg, at, leaf->type))
                return false;
            for (i = leaf->loops; i-- > 0;) {
                at += leaf->stride[i];
                if (++place[i] < leaf->count[i])
                    break;
                at -= leaf->stride[i] * place[i];
                place[i] = 0;
            }
            if (i >= leaf->loops)
                break;
        }
    }
    return true;
}
