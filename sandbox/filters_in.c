/*
 * The filters that the library does not have itself, for reading: those of filters.h. They are said to write,
 * too, so that files which are copied keep them with their stored chunks; a chunk that is made here is kept
 * without them.
 */
#include "filters.h"
#include "worker.h"

enum { FIRST_GUESS = 4 }; /* times what is stored, where nothing says how much will come out */

/* Undoes one filter into memory of the library's. NULL: damaged, or too big. */
static uint8_t *undo_into(const struct filter *f, const struct filter_use *use, struct bytes in, size_t room,
                          size_t *made)
{
    uint8_t *out = room == 0 || room > FILTERS_CHUNK_MOST ? NULL : H5allocate_memory(room, false);
    if (out == NULL || f->undo(use, in, out, room, made))
        return out;
    H5free_memory(out);
    return NULL;
}

/* The library tells a filter everything but the chunk's size. */
static uint8_t *undo_guessing(const struct filter *f, const struct filter_use *use, struct bytes in,
                              size_t *room, size_t *made)
{
    *room = f->size == NULL ? in.len : f->size(use, in);
    if (*room != 0)
        return undo_into(f, use, in, *room, made);
    for (*room = in.len * FIRST_GUESS; *room <= FILTERS_CHUNK_MOST; *room *= 2) {
        uint8_t *out = undo_into(f, use, in, *room, made);
        if (out != NULL)
            return out;
    }
    return NULL;
}

static size_t read_through(uint32_t id, unsigned flags, size_t count, const unsigned *values, size_t size,
                           size_t *room, void **data)
{
    const struct filter *f = filter_find(id);
    const struct filter_use use = {id, values, count};
    size_t made, allocated;
    if (f == NULL || (flags & H5Z_FLAG_REVERSE) == 0)
        return 0; /* the library leaves an optional filter out then, and notes that */
    uint8_t *out = undo_guessing(f, &use, bytes_of(*data, size), &allocated, &made);
    if (out == NULL)
        return 0;
    H5free_memory(*data);
    *data = out;
    *room = allocated;
    return made;
}

/* FILTER(number, name): the library calls a function without telling it for which filter. */
#define FILTERS(FILTER)                                                                                      \
    FILTER(307, bzip2)                                                                                       \
    FILTER(32000, lzf)                                                                                       \
    FILTER(32001, blosc)                                                                                     \
    FILTER(32004, lz4)                                                                                       \
    FILTER(32008, bitshuffle)                                                                                \
    FILTER(32015, zstd)

#define FUNCTION(number, name)                                                                               \
    static size_t read_##name(unsigned flags, size_t count, const unsigned *values, size_t size,             \
                              size_t *room, void **data)                                                     \
    {                                                                                                        \
        return read_through(number, flags, count, values, size, room, data);                                 \
    }
FILTERS(FUNCTION)
#undef FUNCTION

bool filters_start(void)
{
#define CLASS(number, title)                                                                                 \
    {.version = H5Z_CLASS_T_VERS,                                                                            \
     .id = (number),                                                                                         \
     .encoder_present = 1,                                                                                   \
     .decoder_present = 1,                                                                                   \
     .name = #title,                                                                                         \
     .filter = read_##title},
    static const H5Z_class2_t classes[] = {FILTERS(CLASS)};
#undef CLASS
    for (size_t i = 0; i < ROWS(classes); i++)
        if (H5Zregister(&classes[i]) < 0)
            return false;
    return szip_is_whole();
}
