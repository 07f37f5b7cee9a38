/* What is known of the chunks of files, for whoever reads them next: where they lie, and decoded ones. */
#ifndef MANDOLINE_CODEC_CHUNKS_H
#define MANDOLINE_CODEC_CHUNKS_H

#include <stdatomic.h>

#include "sandbox.h"

struct chunk_key {
    struct sandbox_identity file;
    uint64_t object, number; /* the dataset, the chunk's number in C order */
};

struct chunk_place {
    uint64_t at, size; /* at: UINT64_MAX where it was never written */
    uint32_t mask;     /* of the filters that were not applied */
};

/* A decoded chunk, which several may read at a time. */
struct chunk_data {
    atomic_uint holders;
    size_t size;
    uint8_t bytes[];
};

/* Held once. NULL: no memory. */
struct chunk_data *chunk_data_new(size_t size);
void chunk_data_release(struct chunk_data *data);

/* True: *place is known. *data is held for the caller, or NULL. */
bool chunks_find(const struct chunk_key *key, struct chunk_place *place, struct chunk_data **data);
void chunks_put_place(const struct chunk_key *key, const struct chunk_place *place);
/* Keeps it too, so that all that are kept have at most `most` bytes. */
void chunks_put_data(const struct chunk_key *key, struct chunk_data *data, size_t most);
/* Nobody will ask for this file again. */
void chunks_forget(const struct sandbox_identity *file);

#endif
