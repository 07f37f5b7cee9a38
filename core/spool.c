#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 4096 };

void spool_init(struct spool *s, uint64_t memory, const char *limit_name, uint64_t limit)
{
    *s = (struct spool){.fd = -1, .memory = memory, .limit = limit, .limit_name = limit_name};
}

/* The memory is another's, or gone. */
static void release(struct spool *s)
{
    if (s->mapped)
        munmap(s->data, s->size);
    else if (s->borrowed)
        arena_pool_return(s->pool, s->data, s->capacity);
    else
        free(s->data);
    account_give(s->pool == NULL ? NULL : s->pool->account, s->charged);
    s->charged = 0;
    s->data = NULL;
    s->capacity = 0;
    s->mapped = s->borrowed = false;
}

void spool_deinit(struct spool *s)
{
    release(s);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct spool){.fd = -1};
}

void spool_close(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* A file that has no name, or loses it at once; in memory where no folder can be written. */
static int private_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[256];
    if (folder == NULL || folder[0] != '/')
        folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && snprintf(path, sizeof path, "%s/mandoline.XXXXXX", folder) < (int)sizeof path) {
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    return fd >= 0 ? fd : memfd_create("body", MFD_CLOEXEC);
}

bool spool_ready(void)
{
    const int fd = private_file();
    const bool ok = fd >= 0 && write(fd, "", 1) == 1;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool append(int fd, const uint8_t *data, size_t n, struct error *err)
{
    while (n > 0) {
        const ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return FAIL(err, ERR_FULL, ERROR_NO_OFFSET, "the server has no room to keep the body");
        data += put;
        n -= (size_t)put;
    }
    return true;
}

/* What is in memory moves to the file. */
static bool move_out(struct spool *s, struct error *err)
{
    s->fd = private_file();
    if (s->fd < 0)
        return FAIL(err, ERR_FULL, ERROR_NO_OFFSET, "the server has no room to keep the body");
    const bool ok = append(s->fd, s->data, s->size, err);
    release(s);
    return ok;
}

/* What is in memory moves to blocks that are there anyway. False: there are none. */
static bool move_to_blocks(struct spool *s)
{
    if (s->pool == NULL || s->borrowed)
        return false;
    size_t capacity;
    uint8_t *room = arena_pool_borrow(s->pool, s->expected == 0 ? 1 : s->expected, &capacity);
    if (room == NULL)
        return false;
    if (s->size > 0)
        memcpy(room, s->data, (size_t)s->size);
    release(s);
    s->data = room;
    s->capacity = capacity;
    s->borrowed = true;
    return true;
}

static size_t grown_to(const struct spool *s, size_t need)
{
    size_t capacity = s->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : s->capacity;
    while (capacity < need)
        capacity *= 2;
    return capacity;
}

/* Where there is an account that has nothing left, the body goes to the file. */
static bool may_grow(struct spool *s, size_t n)
{
    const size_t more = grown_to(s, (size_t)s->size + n) - s->capacity;
    if (s->pool == NULL || s->borrowed || more == 0)
        return true;
    if (!account_take(s->pool->account, more))
        return false;
    s->charged += more;
    return true;
}

/* Whether n bytes more may be in memory. */
static bool has_room(struct spool *s, size_t n)
{
    if (s->size <= s->memory && n <= s->memory - s->size)
        return may_grow(s, n);
    return (s->borrowed || move_to_blocks(s)) && n <= s->capacity - s->size;
}

static bool keep(struct spool *s, const void *data, size_t n, struct error *err)
{
    const size_t capacity = grown_to(s, (size_t)s->size + n); /* see has_room() */
    if (capacity > s->capacity) {
        uint8_t *grown = realloc(s->data, capacity);
        if (grown == NULL)
            return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for the body");
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->size, data, n);
    return true;
}

bool spool_write(struct spool *s, const void *data, size_t n, struct error *err)
{
    if (!watch_check(s->watch, err))
        return false;
    if (n > s->limit - s->size)
        return FAIL_LIMIT(err, s->limit_name, s->limit, "the body is longer than %llu bytes",
                          (unsigned long long)s->limit);
    if (s->fd < 0 && !has_room(s, n) && !move_out(s, err))
        return false;
    if (!(s->fd < 0 ? keep(s, data, n, err) : append(s->fd, data, n, err)))
        return false;
    s->size += n;
    return true;
}

bool spool_settled(const struct spool *s, struct bytes *whole)
{
    *whole = bytes_of(s->data, (size_t)s->expected);
    return s->borrowed && s->expected > 0 && s->expected <= s->capacity;
}

bool spool_finish(struct spool *s, struct input *out, struct error *err)
{
    if (s->fd < 0) {
        *out = input_of_bytes(bytes_of(s->data, (size_t)s->size));
        return true;
    }
    void *data = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, s->fd, 0);
    if (data == MAP_FAILED)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no address space for the body");
    s->data = data;
    s->mapped = true;
    *out = (struct input){.bytes = bytes_of(data, s->size), .fd = s->fd, .size = s->size};
    return true;
}
