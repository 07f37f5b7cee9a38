/* The table of filters, and a chunk's way back through those of its dataset. */
#include "filters.h"

#include "rows.h"

/* Numbers: HDF5 reference manual, H5Z; and the HDF Group's list of registered filters. */
static const struct filter filters[] = {
    {1, "deflate", undo_deflate, NULL, size_unknown},
    {2, "shuffle", undo_shuffle, NULL, NULL},
    {3, "fletcher32", NULL, strip_fletcher32, NULL},
    {4, "szip", undo_szip, NULL, size_szip},
    {307, "bzip2", undo_bzip2, NULL, size_unknown},
    {32000, "lzf", undo_lzf, NULL, size_lzf},
    {32001, "blosc", undo_blosc, NULL, size_blosc},
    {32004, "lz4", undo_lz4, NULL, size_lz4},
    {32008, "bitshuffle", undo_bitshuffle, NULL, size_bitshuffle},
    {32015, "zstd", undo_zstd, NULL, size_zstd},
};

size_t size_unknown(const struct filter_use *use, struct bytes in)
{
    (void)use, (void)in;
    return 0;
}

const struct filter *filter_find(uint32_t id)
{
    for (size_t i = 0; i < ROWS(filters); i++)
        if (filters[i].id == id)
            return &filters[i];
    return NULL;
}

bool filters_known(const struct filter_use *uses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (filter_find(uses[i].id) == NULL)
            return false;
    return count <= FILTERS_MOST;
}

void filter_room_deinit(struct filter_room *room)
{
    for (size_t i = 0; i < ROWS(room->turns); i++)
        sink_deinit(&room->turns[i]);
}

/* What lies between two filters is a chunk and what they add: checksums, headers, the little that does not
 * shrink. */
static size_t between(size_t size)
{
    return size + size / 8 + 4096;
}

static bool skipped(uint32_t mask, size_t i)
{
    return (mask >> i & 1) != 0;
}

/* True when none of the filters before i writes: what i makes is the chunk. */
static bool is_last(size_t i, uint32_t mask)
{
    while (i-- > 0)
        if (!skipped(mask, i))
            return false;
    return true;
}

static bool undo_one(const struct filter_use *use, struct bytes *at, uint8_t *out, size_t room,
                     struct error *err)
{
    const struct filter *f = filter_find(use->id);
    size_t made = 0;
    if (f != NULL && (f->strip != NULL ? f->strip(*at, at) : f->undo(use, *at, out, room, &made))) {
        if (f->strip == NULL)
            *at = bytes_of(out, made);
        return true;
    }
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "a chunk of the dataset is damaged: its filter %u (%s) cannot be undone", (unsigned)use->id,
                f == NULL ? "unknown" : f->name);
}

bool filters_undo(const struct filter_use *uses, size_t count, uint32_t mask, struct bytes stored,
                  uint8_t *out, size_t size, struct filter_room *room, struct error *err)
{
    struct bytes at = stored;
    unsigned turn = 0;
    for (size_t i = count; i-- > 0;) {
        if (skipped(mask, i))
            continue;
        const bool last = is_last(i, mask);
        struct sink *s = &room->turns[turn];
        s->len = 0;
        uint8_t *to = last ? out : sink_reserve(s, between(size));
        if (to == NULL)
            return sink_fail(err);
        if (!undo_one(&uses[i], &at, to, last ? size : between(size), err))
            return false;
        turn ^= at.data == to;
    }
    if (at.len != size)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "a chunk of the dataset is damaged: it has %zu bytes instead of %zu", at.len, size);
    if (at.data != out && size > 0)
        memcpy(out, at.data, size);
    return true;
}
