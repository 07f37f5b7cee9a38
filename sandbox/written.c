#include "written.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

/* Seconds since the last write in which a writer is taken to be at work. */
static const uint64_t recent_s[] = {[WRITTEN_UNKNOWN] = 0, [WRITTEN_FLAGGED] = 10, [WRITTEN_DAMAGED] = 0};

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
    return written_s <= (uint64_t)now.tv_sec && (uint64_t)now.tv_sec - written_s < recent_s[sign];
}
