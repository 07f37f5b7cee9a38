/* Arrays: datasets, but for objects that are no text. */
#include "place.h"

static bool object_array(struct builder *b, struct place p, const struct array *a, struct error *err)
{
    const uint8_t *elements;
    uint64_t count;
    struct value **shape = arena_alloc(b->arena, a->ndim, sizeof(struct value *));
    if (shape == NULL)
        return arena_fail(b->arena, err);
    if (!array_count(a, &count) || !array_pack(a, b->arena, &elements, err))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    for (unsigned i = 0; i < a->ndim; i++)
        if ((shape[i] = value_uint(b->arena, a->shape[i])) == NULL)
            return arena_fail(b->arena, err);
    const struct named members[] = {
        {"shape", place_list_of(b, shape, a->ndim)},
        {"items", place_list_of(b, (struct value **)(uintptr_t)elements, (size_t)count)},
    };
    if (members[0].value == NULL || members[1].value == NULL)
        return arena_fail(b->arena, err);
    return place_named(b, p, "ndarray", members, ROWS(members), err);
}

/* Elements of no bytes: one byte each, and a mark. */
static bool empty_array(struct builder *b, struct place p, const struct array *a, const char *typestr,
                        struct error *err)
{
    const struct dtype byte = dtype_make(DTYPE_UINT, 1);
    const struct plan plan = {.mark = a->scalar ? "scalar" : "ndarray",
                              .dtype = typestr,
                              .space = a->ndim == 0 ? SPACE_SCALAR : SPACE_SIMPLE,
                              .ndim = a->ndim,
                              .dims = a->shape};
    return place_empty(b, p, &plan, &byte, err);
}

/* Without a mark a scalar dataset is a NumPy scalar, and a scalar text is a str. */
static const char *array_mark(const struct array *a, const struct dtype *kept)
{
    if (a->ndim > 0)
        return NULL;
    if (!a->scalar)
        return "ndarray";
    return kept->kind == DTYPE_TEXT || kept->kind == DTYPE_BYTES ? "scalar" : NULL;
}

bool place_array(struct builder *b, struct place p, const struct array *a, struct error *err)
{
    char typestr[64];
    struct dtype kept = a->dtype;
    bool text = false; /* which has another dtype in HDF5 */
    dtype_typestr(&a->dtype, typestr);
    if (a->dtype.itemsize == 0)
        return empty_array(b, p, a, typestr, err);
    if (a->dtype.kind == DTYPE_UNICODE || a->dtype.kind == DTYPE_OBJECT) {
        if (!h5_all_text(a, &b->room, &text, err))
            return false;
        if (a->dtype.kind == DTYPE_OBJECT && !text)
            return object_array(b, p, a, err);
    }
    if (text)
        kept = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    struct h5_feed f = {.room = &b->room};
    const char *mark = array_mark(a, &kept);
    const struct plan plan = {.mark = text && mark == NULL ? "ndarray" : mark,
                              .dtype = text ? typestr : NULL,
                              .space = a->ndim == 0 ? SPACE_SCALAR : SPACE_SIMPLE,
                              .ndim = a->ndim,
                              .dims = a->shape};
    return h5_feed_array(&f, &kept, a, err) && place_feed(b, p, &plan, &f, err);
}
