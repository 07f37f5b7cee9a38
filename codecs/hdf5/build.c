/* A file that is being made: its private place, the session in which the sandbox writes it, its elements. */
#include "build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

bool h5_call(struct builder *b, struct sandbox_request q, struct error *err)
{
    q.session = b->session;
    q.watch = b->arena->watch;
    b->reply.len = 0;
    return sandbox_call(&q, &b->reply, err);
}

bool h5_reply_object(const struct builder *b, uint64_t *out, struct error *err)
{
    struct reader r = reader_make(bytes_of(b->reply.data, b->reply.len));
    return reader_u64_le(&r, out, err);
}

/* ---- links ---- */

bool build_hard_link(struct builder *b, uint64_t group, struct bytes name, uint64_t object, struct error *err)
{
    const struct sandbox_request q = {.op = SANDBOX_HARD_LINK, .base = group, .path = name, .target = object};
    return h5_call(b, q, err);
}

bool build_soft_link(struct builder *b, uint64_t group, struct bytes name, struct bytes path,
                     struct error *err)
{
    const struct sandbox_request q = {.op = SANDBOX_SOFT_LINK, .base = group, .path = name, .payload = path};
    return h5_call(b, q, err);
}

bool build_external_link(struct builder *b, uint64_t group, struct bytes name, struct bytes file,
                         struct bytes path, struct error *err)
{
    b->payload.len = 0;
    if (!wire_put_run(&b->payload, file, err) || !wire_put_run(&b->payload, path, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_EXTERNAL_LINK,
                                      .base = group,
                                      .path = name,
                                      .payload = bytes_of(b->payload.data, b->payload.len)};
    return h5_call(b, q, err);
}

/* ---- elements ---- */

/* The largest box that starts at element `at` of the shape and has at most `left` elements. */
static uint64_t next_box(unsigned ndim, const uint64_t *dims, uint64_t at, uint64_t left, struct box *box)
{
    uint64_t stride = 1, index = at;
    unsigned axis = ndim;
    *box = (struct box){.ndim = ndim};
    if (ndim == 0)
        return 1;
    for (unsigned i = ndim; i-- > 0; index /= dims[i]) {
        box->start[i] = index % dims[i];
        box->step[i] = box->count[i] = 1;
    }
    while (axis > 0 && stride <= left && at % stride == 0) {
        axis--;
        if (stride > left / dims[axis] || at % (stride * dims[axis]) != 0)
            break;
        stride *= dims[axis];
        box->start[axis] = 0;
        box->count[axis] = dims[axis];
        if (axis == 0)
            return stride;
    }
    const uint64_t room = dims[axis] - box->start[axis];
    box->count[axis] = left / stride < room ? left / stride : room;
    return box->count[axis] * stride;
}

bool h5_write_block(struct builder *b, uint64_t object, const struct h5_block *block, struct error *err)
{
    struct box box;
    for (uint64_t done = 0; done < block->count;) {
        const uint64_t n = next_box(block->ndim, block->dims, block->at + done, block->count - done, &box);
        const struct sandbox_request q = {
            .op = SANDBOX_WRITE,
            .base = object,
            .box = &box,
            .payload = bytes_of(b->room.heap.data, b->room.heap.len),
            .window = (uint8_t *)(uintptr_t)(block->elements + done * block->itemsize),
            .window_size = n * block->itemsize};
        if (!h5_call(b, q, err))
            return false;
        done += n;
    }
    return true;
}

/* ---- the file ---- */

void build_drop(void *self)
{
    struct builder *b = self;
    struct error ignored = {0};
    if (b->session != 0)
        h5_call(b, (struct sandbox_request){.op = SANDBOX_ABORT}, &ignored);
    if (b->fd >= 0)
        close(b->fd);
    sink_deinit(&b->reply);
    sink_deinit(&b->room.heap);
    arena_free(&b->room.objects);
    sink_deinit(&b->payload);
}

/* A file that nobody else can see, gone when it is closed: on disk where that can be had, else in memory. */
static int private_file(void)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < ROWS(folders); i++) {
        const int fd = folders[i] == NULL ? -1 : open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
    }
    return memfd_create("document", MFD_CLOEXEC);
}

bool build_begin(struct builder *b, struct error *err)
{
    b->fd = private_file();
    if (b->fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "there is no place for a private file");
    const struct sandbox_request q = {.op = SANDBOX_BEGIN, .fd = b->fd, .most = b->e->limits->output};
    if (!h5_call(b, q, err))
        return false;
    struct reader r = reader_make(bytes_of(b->reply.data, b->reply.len));
    return reader_u64_le(&r, &b->session, err) && reader_u64_le(&r, &b->root, err);
}

bool build_finish(struct builder *b, struct error *err)
{
    struct stat st;
    if (!h5_call(b, (struct sandbox_request){.op = SANDBOX_FINISH}, err))
        return false;
    b->session = 0;
    if (fstat(b->fd, &st) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the private file cannot be examined");
    b->size = (uint64_t)st.st_size;
    return true;
}
