#include "watch.h"

#include "clock.h"

enum { LOOK_US = 10000 }; /* between two looks at the client */

static uint64_t after(uint64_t now, uint64_t seconds)
{
    uint64_t until;
    return __builtin_mul_overflow(seconds, 1000000, &until) || __builtin_add_overflow(until, now, &until)
               ? UINT64_MAX
               : until;
}

void watch_start(struct watch *w, uint64_t seconds, bool (*gone)(const void *arg), const void *arg)
{
    const uint64_t now = clock_us();
    *w = (struct watch){
        .until = after(now, seconds), .next = now + LOOK_US, .gone = gone, .arg = arg, .seconds = seconds};
}

void watch_again(struct watch *w)
{
    atomic_store_explicit(&w->until, after(clock_us(), w->seconds), memory_order_relaxed);
}

void watch_doing(struct watch *w, const char *doing, const char *format)
{
    if (w == NULL)
        return;
    atomic_store_explicit(&w->doing, doing, memory_order_relaxed);
    atomic_store_explicit(&w->format, format, memory_order_relaxed);
}

static bool end(struct watch *w, enum watch_state state)
{
    int before = WATCH_GO_ON; /* the first reason stays */
    atomic_compare_exchange_strong(&w->state, &before, (int)state);
    return true;
}

bool watch_over(struct watch *w)
{
    if (w == NULL)
        return false;
    if (atomic_load_explicit(&w->state, memory_order_relaxed) != WATCH_GO_ON)
        return true;
    const uint64_t now = clock_us();
    if (now >= atomic_load_explicit(&w->until, memory_order_relaxed))
        return end(w, WATCH_LATE);
    if (w->gone == NULL || now < atomic_load_explicit(&w->next, memory_order_relaxed))
        return false;
    atomic_store_explicit(&w->next, now + LOOK_US, memory_order_relaxed);
    return w->gone(w->arg) && end(w, WATCH_GONE);
}

static bool fail_late(const struct watch *w, struct error *err)
{
    const char *doing = atomic_load_explicit(&w->doing, memory_order_relaxed);
    const char *format = atomic_load_explicit(&w->format, memory_order_relaxed);
    if (err->kind != ERR_NONE)
        return false;
    err->limit = "request-time";
    err->limit_value = w->seconds;
    return FAIL(err, ERR_TIME, ERROR_NO_OFFSET, "the request took more than %llu s; it was %s%s%s%s%s",
                (unsigned long long)w->seconds, doing == NULL ? "at work" : doing, format == NULL ? "" : " ",
                format == NULL ? "" : format, w->operation == NULL ? "" : " for ",
                w->operation == NULL ? "" : w->operation);
}

bool watch_check(struct watch *w, struct error *err)
{
    if (!watch_over(w))
        return true;
    if (atomic_load(&w->state) == WATCH_LATE)
        return fail_late(w, err);
    return FAIL(err, ERR_GONE, ERROR_NO_OFFSET, "the client closed the connection");
}
