/* A file that is being made: what the files that write share. */
#ifndef MANDOLINE_CODEC_H5_BUILD_H
#define MANDOLINE_CODEC_H5_BUILD_H

#include "h5.h"

/* A group whose members follow: items named 0, 1 ..., or pairs with text keys. */
struct frame {
    uint64_t group;
    struct value *const *items;
    const struct value_pair *pairs;
    size_t count, next;
};

struct builder {
    struct encoder *e;
    struct arena *arena;
    int fd;
    uint64_t session, root;
    struct frame *frames;
    size_t depth, capacity;
    uint64_t *objects; /* what the nodes with a number became; 0: nothing yet */
    size_t shared;
    struct h5_room room;
    struct sink reply, payload;
    uint64_t last;     /* the dataset that was made last */
    uint64_t size, at; /* of the file that is given away */
};

bool h5_call(struct builder *b, struct sandbox_request q, struct error *err);
/* The object that the reply names. */
bool h5_reply_object(const struct builder *b, uint64_t *out, struct error *err);

/* Elements of a dataset, from the at-th on in C order; their texts are in room.heap. */
struct h5_block {
    unsigned ndim;
    const uint64_t *dims; /* of the dataset */
    size_t itemsize;
    uint64_t at, count;
    const uint8_t *elements;
};

bool h5_write_block(struct builder *b, uint64_t object, const struct h5_block *block, struct error *err);

/* Links in a group. */
bool build_hard_link(struct builder *b, uint64_t group, struct bytes name, uint64_t object,
                     struct error *err);
bool build_soft_link(struct builder *b, uint64_t group, struct bytes name, struct bytes path,
                     struct error *err);
bool build_external_link(struct builder *b, uint64_t group, struct bytes name, struct bytes file,
                         struct bytes path, struct error *err);

/* Opens the session; its root is b->root. */
bool build_begin(struct builder *b, struct error *err);
/* The file has b->size bytes, and is complete. */
bool build_finish(struct builder *b, struct error *err);
/* An arena_cleanup_fn of a struct builder, finished or not. */
void build_drop(void *self);

/* ---- restore.c ---- */

/* Makes what a document in words (described.h) describes. */
bool h5_restore(struct builder *b, struct value *document, struct error *err);

#endif
