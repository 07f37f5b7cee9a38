/*
 * What the words of a dataset (described.h) say when only a piece of it is kept: another shape, and chunks
 * that fit into it. Type, filters, fill value and attributes stay.
 */
#include "piece.h"

enum { CHUNK_LEAST = 64 /* elements: szip packs blocks of up to 32 */ };

/* The dimensions of the dataset; those of an array type come behind them. */
static unsigned rank_of(const struct value *words)
{
    const struct value *shape = value_get(words, "shape");
    const struct value *dims = shape == NULL ? NULL : value_get(shape, "dims");
    return dims == NULL || dims->kind != VALUE_LIST ? 0 : (unsigned)dims->list.count;
}

/* An array type is kept as a whole, or what is seen is no elements of it. */
static bool keeps_inner(const struct h5_object *o, const struct array *piece, unsigned rank)
{
    for (unsigned i = rank; i < o->shape.ndim; i++) {
        const struct axis *axis = piece->axes == NULL ? NULL : &piece->axes[i];
        if (axis != NULL && (axis->dropped || axis->count != o->shape.dims[i]))
            return false;
    }
    return true;
}

bool piece_fits(const struct h5_object *o, const struct value *words, const struct array *piece)
{
    const unsigned rank = rank_of(words);
    return o->typed && dtype_equal(&o->shape.dtype, &piece->dtype) && rank <= o->shape.ndim &&
           (rank == o->shape.ndim || (piece->storage_ndim == o->shape.ndim && keeps_inner(o, piece, rank)));
}

static unsigned ndim_of(const struct h5_object *o, const struct value *words, const struct array *piece)
{
    return piece->ndim - (o->shape.ndim - rank_of(words));
}

bool piece_keeps_rank(const struct h5_object *o, const struct value *words, const struct array *piece)
{
    return piece->ndim == o->shape.ndim && rank_of(words) <= o->shape.ndim;
}

/* ---- small parts; each is NULL or false where there is no memory ---- */

static bool put(struct arena *arena, struct value *dict, const char *key, struct value *v)
{
    struct value *name = value_text(arena, key);
    return v != NULL && name != NULL && value_put(arena, &dict->dict, name, v);
}

static bool add(struct arena *arena, struct value *list, struct value *v)
{
    return v != NULL && value_append(arena, &list->list, v);
}

/* ---- its place among the axes of the dataset ---- */

/* For each of its dimensions the axis that it was. False: there is no telling. */
static bool find_axes(const struct h5_object *o, const struct array *piece, unsigned rank, unsigned ndim,
                      unsigned *axes)
{
    unsigned n = 0;
    if (piece->storage_ndim != o->shape.ndim)
        return false;
    for (unsigned i = 0; i < rank; i++)
        if (piece->axes == NULL || !piece->axes[i].dropped)
            axes[n++] = i;
    return n == ndim;
}

/* ---- shape and layout ---- */

static struct value *dim_of(struct arena *arena, uint64_t dim)
{
    return dim == UINT64_MAX ? value_text(arena, "H5S_UNLIMITED") : value_uint(arena, dim);
}

static struct value *dims_of(struct arena *arena, const uint64_t *dims, unsigned ndim)
{
    struct value *list = value_new(arena, VALUE_LIST);
    for (unsigned i = 0; list != NULL && i < ndim; i++)
        if (!add(arena, list, dim_of(arena, dims[i])))
            return NULL;
    return list;
}

/* Chunks as they were, where the piece is as long. *has: there are some. */
static void plan_chunks(const struct h5_object *o, const struct array *piece, unsigned rank, unsigned ndim,
                        uint64_t *chunks, uint64_t *most, bool *has)
{
    unsigned axes[DTYPE_MAX_NDIM];
    *has = ndim > 0 && o->chunks != NULL && find_axes(o, piece, rank, ndim, axes);
    for (unsigned i = 0; i < ndim; i++) {
        const uint64_t dim = piece->shape[i];
        const bool unlimited = *has && o->max_shape != NULL && o->max_shape[axes[i]] == UINT64_MAX;
        most[i] = unlimited ? UINT64_MAX : dim;
        chunks[i] = !*has ? 1 : unlimited || o->chunks[axes[i]] < dim ? o->chunks[axes[i]] : dim;
        chunks[i] += chunks[i] == 0;
    }
}

static struct value *shape_of(const struct array *piece, unsigned ndim, const uint64_t *most, bool has_chunks,
                              struct arena *arena)
{
    struct value *shape = value_new(arena, VALUE_DICT);
    if (shape == NULL ||
        !put(arena, shape, "class", value_text(arena, ndim == 0 ? "H5S_SCALAR" : "H5S_SIMPLE")) ||
        (ndim > 0 && !put(arena, shape, "dims", dims_of(arena, piece->shape, ndim))) ||
        (has_chunks && !put(arena, shape, "maxdims", dims_of(arena, most, ndim))))
        return NULL;
    return shape;
}

static struct value *layout_of(unsigned ndim, const uint64_t *chunks, bool has_chunks, struct arena *arena)
{
    struct value *layout = value_new(arena, VALUE_DICT);
    if (layout == NULL ||
        !put(arena, layout, "class", value_text(arena, has_chunks ? "H5D_CHUNKED" : "H5D_CONTIGUOUS")) ||
        (has_chunks && !put(arena, layout, "dims", dims_of(arena, chunks, ndim))))
        return NULL;
    return layout;
}

/* Without chunks there are no filters, and in small ones szip cannot be. What scaleoffset would lose depends
 * on what else is in a chunk. */
static bool keeps_filter(const struct value *filter, uint64_t chunk_elements)
{
    const struct value *name = value_get(filter, "class");
    const struct bytes class = name != NULL && name->kind == VALUE_STR ? name->text : bytes_of(NULL, 0);
    return !bytes_is(class, "H5Z_FILTER_SCALEOFFSET") &&
           (!bytes_is(class, "H5Z_FILTER_SZIP") || chunk_elements >= CHUNK_LEAST);
}

static void keep_filters(struct value *properties, unsigned ndim, const uint64_t *chunks, bool has_chunks)
{
    struct value *filters = value_get(properties, "filters");
    uint64_t elements = 1;
    size_t n = 0;
    if (filters == NULL || filters->kind != VALUE_LIST)
        return;
    for (unsigned i = 0; i < ndim && elements < CHUNK_LEAST; i++)
        elements *= chunks[i];
    for (size_t i = 0; has_chunks && i < filters->list.count; i++)
        if (keeps_filter(filters->list.items[i], elements))
            filters->list.items[n++] = filters->list.items[i];
    filters->list.count = n;
}

bool piece_words(const struct h5_object *o, const struct value *words, const struct array *piece,
                 struct value **shape, struct arena *arena, struct error *err)
{
    uint64_t chunks[DTYPE_MAX_NDIM], most[DTYPE_MAX_NDIM];
    const unsigned ndim = ndim_of(o, words, piece);
    struct value *properties = value_get(words, "creationProperties");
    struct value *old = value_get(properties, "layout");
    bool has;
    plan_chunks(o, piece, rank_of(words), ndim, chunks, most, &has);
    keep_filters(properties, ndim, chunks, has);
    struct value *layout = layout_of(ndim, chunks, has, arena);
    *shape = shape_of(piece, ndim, most, has, arena);
    if (layout == NULL || *shape == NULL)
        return arena_fail(arena, err);
    if (old != NULL)
        *old = *layout;
    return true;
}
