#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LARGEST = 4 << 20, PIECE = 16 << 10 };

struct text {
    uint8_t *data;
    size_t len, room;
};

/* Room for a piece and the NUL. */
static bool make_room(struct text *t, struct arena *arena, struct error *err)
{
    if (t->room - t->len > PIECE)
        return true;
    const size_t wanted = t->room + t->len + PIECE + 1;
    uint8_t *grown = arena_grow(arena, t->data, t->room, wanted);
    if (grown == NULL)
        return arena_fail(arena, err);
    t->data = grown;
    t->room = wanted;
    return true;
}

/* 0: the end. */
static ssize_t read_piece(int fd, void *out)
{
    ssize_t n;
    do
        n = read(fd, out, PIECE);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool read_all(int fd, struct text *t, struct arena *arena, bool *readable, struct error *err)
{
    ssize_t n = 1;
    while (n > 0 && t->len <= LARGEST) {
        if (!make_room(t, arena, err))
            return false;
        n = read_piece(fd, t->data + t->len);
        t->len += n > 0 ? (size_t)n : 0;
    }
    *readable = n == 0;
    return true;
}

bool small_file_take(int fd, const char *path, const char *what, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    struct text t = {NULL, 0, 0};
    bool readable = false;
    const bool ok = read_all(fd, &t, arena, &readable, err);
    close(fd);
    if (!ok)
        return false;
    if (!readable)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%s %.120s cannot be read or is too big", what, path);
    t.data[t.len] = '\0';
    *out = bytes_of(t.data, t.len);
    return true;
}

bool small_file_read(const char *path, const char *what, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%s %.120s cannot be opened: %s", what, path,
                    strerror(errno));
    return small_file_take(fd, path, what, arena, out, err);
}
