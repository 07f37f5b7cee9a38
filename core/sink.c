#include "sink.h"

#include <stdlib.h>

bool sink_init(struct sink *s, size_t limit)
{
    *s = (struct sink){.limit = limit};
    return sink_reserve(s, limit) != NULL;
}

void sink_deinit(struct sink *s)
{
    free(s->data);
    account_give(s->account, s->capacity);
    *s = (struct sink){.account = s->account};
}

/* Moves what waits to the front, over what was given away. */
static void compact(struct sink *s)
{
    memmove(s->data, s->data + s->taken, s->len - s->taken);
    s->len -= s->taken;
    s->taken = 0;
}

uint8_t *sink_reserve_slow(struct sink *s, size_t n)
{
    size_t need;
    if (s->taken > 0) {
        compact(s);
        return sink_reserve(s, n);
    }
    if (!checked_add(s->len, n, &need))
        return NULL;
    size_t capacity = s->capacity < 512 ? 512 : s->capacity;
    while (capacity < need)
        if (!checked_mul(capacity, 2, &capacity))
            return NULL;
    if (s->owes)
        account_owe(s->account, capacity - s->capacity);
    else if (!account_take(s->account, capacity - s->capacity))
        return NULL;
    uint8_t *data = realloc(s->data, capacity);
    if (data == NULL) {
        account_give(s->account, capacity - s->capacity);
        return NULL;
    }
    s->data = data;
    s->capacity = capacity;
    return data + s->len;
}

bool sink_write(struct sink *s, const void *data, size_t n, struct error *err)
{
    if (n == 0)
        return true;
    uint8_t *room = sink_reserve(s, n);
    if (room == NULL)
        return sink_fail(err);
    memcpy(room, data, n);
    sink_commit(s, n);
    return true;
}

size_t sink_drain(struct sink *s, void *out, size_t n)
{
    if (n > s->len - s->taken)
        n = s->len - s->taken;
    if (n == 0)
        return 0;
    memcpy(out, s->data + s->taken, n);
    s->taken += n;
    if (s->taken == s->len)
        s->taken = s->len = 0;
    return n;
}
