/* The front's side of the boundary: what is known already, whom to ask, and what an unanswered question
 * means. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "blame.h"
#include "cache.h"
#include "limits.h"
#include "lockdown.h"
#include "pool.h"
#include "written.h"

enum { TRIES = 3 };

void sandbox_configure(const struct sandbox_settings *settings)
{
    pool_configure(settings->workers, settings->worker_time);
}

const char *sandbox_weakness(void)
{
    return lockdown_weakness();
}

void sandbox_charge(struct account *account)
{
    pool_charge(account);
}

void sandbox_snapshot(struct sandbox_snapshot *out)
{
    pool_snapshot(out);
    cache_count(&out->cache_hits, &out->cache_misses);
}

bool sandbox_ready(void)
{
    return pool_ready();
}

/* ---- calls ---- */

/* signal: that the worker died of, or 0. */
static bool fail_died(const struct sandbox_request *q, int signal, struct error *err)
{
    const char *name = signal == 0 ? NULL : sigabbrev_np(signal);
    return FAIL(err, ERR_DIED, ERROR_NO_OFFSET,
                "the process that %s this file ended%s%s%s; another takes its place",
                call_writes(q) ? "wrote" : "read", name == NULL ? "" : " (SIG", name == NULL ? "" : name,
                name == NULL ? "" : ")");
}

static bool fail_lost(const struct sandbox_request *q, enum slot_end end, int signal, struct error *err)
{
    if (end == SLOT_LEFT)
        return watch_check(q->watch, err);
    if (!call_writes(q))
        blame(q);
    if (end != SLOT_HUNG)
        return fail_died(q, signal, err);
    if (err->kind == ERR_NONE) {
        err->limit = "worker-time";
        err->limit_value = pool_seconds();
    }
    return FAIL(err, ERR_COSTLY, ERROR_NO_OFFSET, "one step took more than %u s", pool_seconds());
}

/* Sessions have numbers of the pool outside, and of their worker inside. */
static void count_sessions(const struct sandbox_request *q, struct slot *slot, const struct sink *reply)
{
    if (q->op == SANDBOX_BEGIN && reply->len >= 8)
        store_u64_le(reply->data, pool_session_began(slot, load_u64_le(reply->data)));
    if (q->op == SANDBOX_FINISH || q->op == SANDBOX_ABORT)
        pool_session_ended(slot);
}

/* *signal: what the worker died of, if it did. */
static enum slot_end try_once(const struct sandbox_request *q, struct sink *reply, int *signal,
                              struct error *err)
{
    struct pool_place place;
    struct sandbox_request inner = *q;
    inner.session = pool_session_number(q->session);
    if (!watch_check(q->watch, err) || !pool_take(q, &place, err))
        return SLOT_FAILED;
    if (!call_writes(q) && !blame_check(q, place.how.pass, err)) {
        pool_give(place.slot);
        return SLOT_FAILED;
    }
    const enum slot_end end = slot_call(place.slot, &inner, place.how, reply, err);
    if (end > SLOT_FAILED)
        *signal = pool_kill(place.slot, end);
    else
        count_sessions(q, place.slot, reply);
    pool_give(place.slot);
    return end;
}

static bool call(const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    enum slot_end end = SLOT_UNREAD;
    int signal = 0;
    for (int i = 0; i < TRIES && end == SLOT_UNREAD; i++)
        end = try_once(q, reply, &signal, err);
    return end == SLOT_DONE || (end != SLOT_FAILED && fail_lost(q, end, signal, err));
}

/* What everybody asks first of a file, and what is known afterwards (cache.h). */
static bool opens(const struct sandbox_request *q)
{
    return q->op == SANDBOX_DESCRIBE && q->base == 0 && q->path.len == 0;
}

/* What was read of a named file counts only where nobody wrote it meanwhile. */
static bool call_unwritten(const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    if (call_writes(q) && q->op != SANDBOX_COPY)
        return call(q, reply, err);
    const size_t start = reply->len;
    struct sandbox_request again = *q;
    bool ok = call(q, reply, err);
    if (!ok && err->kind == ERR_WRITTEN && !written_is_live(q, WRITTEN_FLAGGED)) {
        *err = (struct error){0};
        again.unclosed = true;
        ok = call(&again, reply, err);
    }
    if (q->fd < 0 || q->identity.serial != 0)
        return ok;
    struct error changed = {0};
    if (!sandbox_unchanged(q->fd, &q->identity, &changed) ||
        (!ok && err->kind == ERR_SYNTAX && written_is_live(q, WRITTEN_DAMAGED)) ||
        (ok && opens(q) && written_is_live(q, WRITTEN_UNKNOWN))) {
        reply->len = start;
        *err = (struct error){.retry_s = 1};
        return FAIL(err, ERR_WRITTEN, ERROR_NO_OFFSET, "the file is being written by somebody else");
    }
    return ok;
}

bool sandbox_call(const struct sandbox_request *request, struct sink *reply, struct error *err)
{
    if (request->op == SANDBOX_FORGET) {
        pool_forget(&request->identity);
        return true;
    }
    if (request->op != SANDBOX_DESCRIBE || request->identity.serial != 0)
        return call_unwritten(request, reply, err);
    if (cache_get(request, reply))
        return true;
    if (!call_unwritten(request, reply, err))
        return false;
    cache_put(request, bytes_of(reply->data, reply->len));
    return true;
}

/* ---- identity ---- */

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

bool sandbox_unchanged(int fd, const struct sandbox_identity *identity, struct error *err)
{
    struct stat st;
    const bool same = fstat(fd, &st) == 0 && (uint64_t)st.st_size == identity->size &&
                      nanoseconds(st.st_mtim) == identity->modified_ns;
    return same || FAIL(err, ERR_WRITTEN, ERROR_NO_OFFSET, "the file was written while it was read");
}

/*
 * Times of files tell writes apart that are some milliseconds apart (a tick of the kernel's clock): a file
 * that was written just now is left to settle, so that whatever is written from here on is seen by
 * sandbox_unchanged().
 */
static bool settle(int fd, struct stat *st, struct error *err)
{
    enum { SETTLED_NS = 20000000, TIMES = 10 };
    for (int i = 0; i < TIMES; i++) {
        struct timespec now;
        if (fstat(fd, st) != 0)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the file cannot be examined");
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        const uint64_t age = nanoseconds(now) - nanoseconds(st->st_mtim);
        if (age >= SETTLED_NS || st->st_nlink == 0) /* a time in the future is no age */
            return true;
        nanosleep(&(struct timespec){.tv_nsec = SETTLED_NS}, NULL);
    }
    return FAIL(err, ERR_WRITTEN, ERROR_NO_OFFSET, "the file is being written by somebody else");
}

bool sandbox_identify(int fd, struct sandbox_identity *out, struct error *err)
{
    static atomic_uint_fast64_t serial;
    struct stat st;
    if (!settle(fd, &st, err))
        return false;
    *out = (struct sandbox_identity){
        .device = st.st_dev,
        .inode = st.st_ino,
        .size = (uint64_t)st.st_size,
        .modified_ns = nanoseconds(st.st_mtim),
        .changed_ns = nanoseconds(st.st_ctim),
        .serial = st.st_nlink == 0 ? atomic_fetch_add(&serial, 1) + 1 : 0,
    };
    return true;
}
