#include "written.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Seconds since the last write in which a writer is taken to be at work. */
static const uint64_t recent_s[] = {[WRITTEN_UNKNOWN] = 0, [WRITTEN_FLAGGED] = 10, [WRITTEN_DAMAGED] = 0};
enum { RECENT_UNFINISHED_S = 30 };

/* ---- what a file says of its end (HDF5 File Format Specification, II.A) ---- */

enum { SUPERBLOCK = 96, OFFSET_MOST = 8 };

/* By the version: where the size of an offset stands, and where the base address. An extension or a free
 * space index is between the base and the end. */
static const struct {
    uint8_t offset_size, base;
} places[] = {{13, 24}, {13, 28}, {9, 12}, {9, 12}};

static uint64_t number_at(const uint8_t *at, size_t size)
{
    uint64_t n = 0;
    while (size-- > 0)
        n = n << 8 | at[size];
    return n;
}

/* The superblock follows the user's block, if there is one. */
static bool find_superblock(int fd, uint64_t size, uint8_t head[SUPERBLOCK], uint64_t *at)
{
    static const uint8_t signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    for (*at = 0; *at < size && *at <= INT64_MAX; *at = *at == 0 ? 512 : *at * 2) {
        memset(head, 0, SUPERBLOCK);
        if (pread(fd, head, SUPERBLOCK, (off_t)*at) > (ssize_t)sizeof signature &&
            memcmp(head, signature, sizeof signature) == 0)
            return true;
    }
    return false;
}

/* It is longer than it says, or shorter: its writer has not got to its end, or it is being copied here. */
static bool is_unfinished(const struct sandbox_request *q)
{
    uint8_t head[SUPERBLOCK];
    uint64_t at;
    if (!find_superblock(q->fd, q->identity.size, head, &at) || head[8] >= ROWS(places))
        return false;
    const size_t width = head[places[head[8]].offset_size];
    if (width == 0 || width > OFFSET_MOST)
        return false;
    const uint8_t *base = head + places[head[8]].base;
    /* A user's block may have been put in front later. */
    return number_at(base + 2 * width, width) - number_at(base, width) + at != q->identity.size;
}

/* ---- who has it open ---- */

/*
 * The lock is ours for a moment, in which no writer could open the file: other readers keep it as long as
 * they read, so this is asked once a state of a file and not once a request.
 */
static bool is_locked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return flock(fd, LOCK_UN), false;
    return errno == EWOULDBLOCK;
}

bool written_is_live(const struct sandbox_request *q, enum written_sign sign)
{
    struct timespec now;
    if (q->fd < 0 || q->identity.serial != 0)
        return false;
    if (is_locked(q->fd))
        return true;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t written_s = q->identity.modified_ns / 1000000000U;
    if (written_s > (uint64_t)now.tv_sec)
        return false;
    const uint64_t age_s = (uint64_t)now.tv_sec - written_s;
    return age_s < recent_s[sign] || (age_s < RECENT_UNFINISHED_S && is_unfinished(q));
}
