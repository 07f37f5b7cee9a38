#include "cache.h"

#include <pthread.h>

enum {
    SLOTS = 1 << 15, /* a power of two; four neighbours may hold a key: a file of 10,000 objects finds room */
    NEIGHBOURS = 4,
    REPLY_MAX = 256 << 10, /* longer replies are not kept */
    ALL_MAX = 16 << 20,    /* bytes kept in all */
};

struct slot {
    struct sandbox_identity identity;
    uint64_t base, used;
    bool brief;
    size_t path; /* kept.data: that many bytes of path, then the reply */
    struct sink kept;
};

static struct cache {
    pthread_mutex_t lock;
    uint64_t clock, hits, misses;
    size_t bytes;
    struct slot slots[SLOTS];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* FNV-1a over words and bytes. */
static uint64_t mix(uint64_t hash, uint64_t v)
{
    return (hash ^ v) * 0x100000001b3ULL;
}

static size_t place(const struct sandbox_request *q)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    h = mix(mix(mix(h, q->identity.inode), q->identity.changed_ns), q->base * 2 + q->brief);
    for (size_t i = 0; i < q->path.len; i++)
        h = mix(h, q->path.data[i]);
    h ^= h >> 32;
    return (size_t)h & (SLOTS - 1) & ~(size_t)(NEIGHBOURS - 1);
}

static bool holds(const struct slot *s, const struct sandbox_request *q)
{
    return s->used != 0 && s->base == q->base && s->brief == q->brief &&
           memcmp(&s->identity, &q->identity, sizeof s->identity) == 0 &&
           bytes_equal(bytes_of(s->kept.data, s->path), q->path);
}

static void drop(struct slot *s)
{
    cache.bytes -= s->kept.capacity;
    sink_deinit(&s->kept);
    *s = (struct slot){0};
}

static bool find(const struct sandbox_request *q, struct sink *reply)
{
    struct slot *near = &cache.slots[place(q)];
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        struct slot *s = &near[i];
        struct error ignored = {0};
        if (!holds(s, q))
            continue;
        s->used = ++cache.clock;
        return sink_write(reply, s->kept.data + s->path, s->kept.len - s->path, &ignored);
    }
    return false;
}

bool cache_get(const struct sandbox_request *q, struct sink *reply)
{
    pthread_mutex_lock(&cache.lock);
    const bool found = find(q, reply);
    cache.hits += found;
    cache.misses += !found;
    pthread_mutex_unlock(&cache.lock);
    return found;
}

static void put(const struct sandbox_request *q, struct bytes reply)
{
    struct slot *near = &cache.slots[place(q)], *oldest = near;
    struct error ignored = {0};
    for (size_t i = 1; i < NEIGHBOURS; i++)
        if (near[i].used < oldest->used)
            oldest = &near[i];
    drop(oldest);
    if (cache.bytes > ALL_MAX) /* rare: start again */
        for (size_t i = 0; i < SLOTS; i++)
            drop(&cache.slots[i]);
    struct slot s = {.identity = q->identity,
                     .base = q->base,
                     .brief = q->brief,
                     .used = ++cache.clock,
                     .path = q->path.len};
    if (sink_bytes(&s.kept, q->path, &ignored) && sink_bytes(&s.kept, reply, &ignored)) {
        *oldest = s;
        cache.bytes += s.kept.capacity;
    } else {
        sink_deinit(&s.kept);
    }
}

void cache_put(const struct sandbox_request *q, struct bytes reply)
{
    if (reply.len + q->path.len > REPLY_MAX)
        return;
    pthread_mutex_lock(&cache.lock);
    put(q, reply);
    pthread_mutex_unlock(&cache.lock);
}

void cache_count(uint64_t *hits, uint64_t *misses)
{
    pthread_mutex_lock(&cache.lock);
    *hits = cache.hits;
    *misses = cache.misses;
    pthread_mutex_unlock(&cache.lock);
}
