/*
 * What the chunks of HDF5 datasets are packed with, undone outside of the HDF5 library: pure functions from
 * stored bytes to a chunk, bounded by the chunk's size. Each may run in any thread.
 */
#ifndef MANDOLINE_FILTERS_H
#define MANDOLINE_FILTERS_H

#include "error.h"
#include "sink.h"

enum {
    FILTERS_MOST = 32,                        /* of one dataset: the file has a bit for each */
    FILTERS_CHUNK_MOST = (256 << 20) - 65536, /* bytes of a chunk */
};

/* One filter of a dataset, as the file has it: its registered number and its values. */
struct filter_use {
    uint32_t id;
    const unsigned *values;
    size_t count;
};

/* A way to undo one filter. */
struct filter {
    uint32_t id;
    const char *name;
    /* Writes at most room bytes and says how many. False: damaged, or does not fit; no more is known. */
    bool (*undo)(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made);
    /* In place of undo: *out is the part of in that is the data. False: damaged. */
    bool (*strip)(struct bytes in, struct bytes *out);
    /* Bytes that undo will make, where that is known before; 0: it is not. NULL: as many as came in. */
    size_t (*size)(const struct filter_use *use, struct bytes in);
};

/* NULL: this filter is not known here. */
const struct filter *filter_find(uint32_t id);

/* True when all of a dataset's filters are known here. */
bool filters_known(const struct filter_use *uses, size_t count);

/* Memory that one chunk after the other uses; zeroed at first. One thread at a time. */
struct filter_room {
    struct sink turns[2];
};

void filter_room_deinit(struct filter_room *room);

/*
 * Undoes the filters, the last one first, but for those whose bit is set in mask. out gets exactly size
 * bytes, or it is ERR_SYNTAX. All of them must be known.
 */
bool filters_undo(const struct filter_use *uses, size_t count, uint32_t mask, struct bytes stored,
                  uint8_t *out, size_t size, struct filter_room *room, struct error *err);

#endif
