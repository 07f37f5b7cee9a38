#include "input.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

struct input input_of_bytes(struct bytes bytes)
{
    return (struct input){.bytes = bytes, .fd = -1, .size = bytes.len};
}

struct input input_of_fd(int fd, uint64_t size)
{
    return (struct input){.fd = fd, .size = size};
}

bool input_pread(int fd, uint64_t offset, void *out, size_t n, struct error *err)
{
    uint8_t *at = out;
    while (n > 0) {
        const ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET,
                        "the file became shorter while it was read, or cannot be read");
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static bool read_from(const struct input *in, size_t n, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    uint8_t *copy = arena_alloc(arena, 1, n);
    if (copy == NULL)
        return arena_fail(arena, err);
    if (!input_pread(in->fd, 0, copy, n, err))
        return false;
    *out = bytes_of(copy, n);
    return true;
}

bool input_bytes(const struct input *in, struct arena *arena, struct bytes *out, struct error *err)
{
    if (in->fd < 0 || in->bytes.data != NULL) {
        *out = in->bytes;
        return true;
    }
    return read_from(in, (size_t)in->size, arena, out, err);
}

struct mapping {
    void *at;
    size_t size;
};

static void unmap(void *arg)
{
    const struct mapping *m = arg;
    if (m->at != NULL)
        munmap(m->at, m->size);
}

bool input_around(const struct input *in, uint64_t from, uint64_t to, struct arena *arena, struct bytes *out,
                  struct error *err)
{
    struct mapping *m = arena_alloc(arena, 1, sizeof *m);
    if (m == NULL || !arena_defer(arena, unmap, m))
        return arena_fail(arena, err);
    const size_t size = (size_t)in->size;
    void *zeros =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no room for the document");
    *m = (struct mapping){zeros, size};
    uint8_t *bytes = zeros;
    if (!input_pread(in->fd, 0, bytes, (size_t)from, err) ||
        !input_pread(in->fd, to, bytes + to, (size_t)(in->size - to), err))
        return false;
    *out = bytes_of(bytes, size);
    return true;
}

bool input_head(const struct input *in, size_t n, struct arena *arena, struct bytes *out, struct error *err)
{
    if (n > in->size)
        n = (size_t)in->size;
    if (in->fd < 0 || in->bytes.data != NULL) {
        *out = bytes_of(in->bytes.data, n);
        return true;
    }
    return read_from(in, n, arena, out, err);
}

static void close_descriptor(void *arg)
{
    const int *fd = arg;
    if (*fd >= 0)
        close(*fd);
}

static bool write_all(int fd, struct bytes bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        const ssize_t put = write(fd, bytes.data + at, bytes.len - at);
        if (put < 0 && errno != EINTR)
            return false;
        at += put < 0 ? 0 : (size_t)put;
    }
    return true;
}

bool input_fd(const struct input *in, struct arena *arena, int *out, struct error *err)
{
    if (in->fd >= 0) {
        *out = in->fd;
        return true;
    }
    int *fd = arena_alloc(arena, 1, sizeof *fd);
    if (fd == NULL)
        return arena_fail(arena, err);
    *fd = -1;
    if (!arena_defer(arena, close_descriptor, fd))
        return arena_fail(arena, err);
    *fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0 || !write_all(*fd, in->bytes))
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the document cannot be put into a private file");
    *out = *fd;
    return true;
}
