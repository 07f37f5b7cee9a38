#include "spread.h"

void spread_add(struct spread *s, uint64_t count, int64_t from, int64_t to)
{
    if (count == 1)
        return;
    if (s->ndim == 0 && from == (int64_t)s->run && to == from) {
        s->run *= count;
        return;
    }
    s->count[s->ndim] = count;
    s->from[s->ndim] = from;
    s->to[s->ndim++] = to;
}

#define COPY_LINE(size)                                                                                      \
    case size:                                                                                               \
        for (uint64_t i = 0; i < n; i++)                                                                     \
            memcpy(to + (int64_t)i * s->to[0], from + (int64_t)i * s->from[0], size);                        \
        return;

/* Along the first axis, which is the innermost. Sizes that are known are one instruction. */
static void copy_line(const struct spread *s, const uint8_t *from, uint8_t *to)
{
    const uint64_t n = s->ndim == 0 ? 1 : s->count[0];
    switch (s->run) {
        COPY_LINE(1)
        COPY_LINE(2)
        COPY_LINE(4)
        COPY_LINE(8)
        COPY_LINE(16)
    }
    for (uint64_t i = 0; i < n; i++)
        memcpy(to + (int64_t)i * s->to[0], from + (int64_t)i * s->from[0], s->run);
}
#undef COPY_LINE

void spread_copy(const struct spread *s, const uint8_t *from, uint8_t *to)
{
    uint64_t at[DTYPE_MAX_NDIM] = {0};
    for (;;) {
        copy_line(s, from, to);
        unsigned i = 1;
        for (; i < s->ndim; i++) {
            from += s->from[i];
            to += s->to[i];
            if (++at[i] < s->count[i])
                break;
            from -= (int64_t)s->count[i] * s->from[i];
            to -= (int64_t)s->count[i] * s->to[i];
            at[i] = 0;
        }
        if (i >= s->ndim)
            return;
    }
}
