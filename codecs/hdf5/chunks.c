#include "chunks.h"

#include "chunk_counts.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 8192, NEIGHBOURS = 4 }; /* a power of two; four neighbours may hold a key */

struct slot {
    struct chunk_key key;
    struct chunk_place place;
    struct chunk_data *data; /* or NULL */
    uint64_t used;           /* 0: free */
    bool again;              /* data was asked for since the hand passed */
};

static struct {
    pthread_mutex_t lock;
    uint64_t clock;
    size_t bytes, hand;
    uint64_t hits, misses;
    struct slot slots[SLOTS];
} chunks = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct chunk_data *chunk_data_new(size_t size)
{
    struct chunk_data *data = size > SIZE_MAX - sizeof *data ? NULL : malloc(sizeof *data + size);
    if (data != NULL) {
        atomic_init(&data->holders, 1);
        data->size = size;
    }
    return data;
}

void chunk_data_release(struct chunk_data *data)
{
    if (data != NULL && atomic_fetch_sub(&data->holders, 1) == 1)
        free(data);
}

static void drop_data(struct slot *s)
{
    if (s->data == NULL)
        return;
    chunks.bytes -= s->data->size;
    chunk_data_release(s->data);
    s->data = NULL;
}

static struct slot *near(const struct chunk_key *key)
{
    uint64_t h = key->number * 0x9e3779b97f4a7c15ULL ^ key->object * 0xc2b2ae3d27d4eb4fULL;
    h = (h ^ key->file.inode ^ key->file.changed_ns ^ key->file.serial << 32) * 0x9e3779b97f4a7c15ULL;
    return &chunks.slots[(h >> 40) & (SLOTS - 1) & ~(uint64_t)(NEIGHBOURS - 1)];
}

static struct slot *find(const struct chunk_key *key)
{
    struct slot *s = near(key);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        if (s[i].used != 0 && memcmp(&s[i].key, key, sizeof *key) == 0)
            return &s[i];
    return NULL;
}

/* The key's own slot, or that of the neighbour that was used longest ago. */
static struct slot *find_or_take(const struct chunk_key *key)
{
    struct slot *s = find(key), *all = near(key);
    if (s != NULL)
        return s;
    s = all;
    for (size_t i = 1; i < NEIGHBOURS; i++)
        if (all[i].used < s->used)
            s = &all[i];
    drop_data(s);
    *s = (struct slot){.key = *key};
    return s;
}

bool chunks_find(const struct chunk_key *key, struct chunk_place *place, struct chunk_data **data)
{
    pthread_mutex_lock(&chunks.lock);
    struct slot *s = find(key);
    *data = NULL;
    if (s != NULL) {
        s->used = ++chunks.clock;
        s->again = true;
        *place = s->place;
        *data = s->data;
        if (*data != NULL)
            atomic_fetch_add(&(*data)->holders, 1);
    }
    chunks.hits += *data != NULL;
    chunks.misses += *data == NULL;
    pthread_mutex_unlock(&chunks.lock);
    return s != NULL;
}

void chunks_put_place(const struct chunk_key *key, const struct chunk_place *place)
{
    pthread_mutex_lock(&chunks.lock);
    struct slot *s = find_or_take(key);
    s->used = ++chunks.clock;
    s->place = *place;
    pthread_mutex_unlock(&chunks.lock);
}

/* A hand goes round: what was asked for since its last visit stays for one more. */
static void make_room(size_t most)
{
    for (size_t i = 0; chunks.bytes > most && i < (size_t)2 * SLOTS; i++) {
        struct slot *s = &chunks.slots[chunks.hand++ & (SLOTS - 1)];
        if (s->data != NULL && !s->again)
            drop_data(s);
        s->again = false;
    }
}

void chunks_put_data(const struct chunk_key *key, struct chunk_data *data, size_t most)
{
    if (data->size > most)
        return;
    pthread_mutex_lock(&chunks.lock);
    make_room(most - data->size);
    struct slot *s = find(key);
    if (s != NULL && s->data == NULL) { /* its place was put before, or it is too late */
        atomic_fetch_add(&data->holders, 1);
        s->data = data;
        chunks.bytes += data->size;
    }
    pthread_mutex_unlock(&chunks.lock);
}

void chunks_forget(const struct sandbox_identity *file)
{
    pthread_mutex_lock(&chunks.lock);
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &chunks.slots[i];
        if (s->used != 0 && memcmp(&s->key.file, file, sizeof *file) == 0) {
            drop_data(s);
            *s = (struct slot){0};
        }
    }
    pthread_mutex_unlock(&chunks.lock);
}

void chunk_counts(struct chunk_counts *out)
{
    pthread_mutex_lock(&chunks.lock);
    *out = (struct chunk_counts){.hits = chunks.hits, .misses = chunks.misses, .bytes = chunks.bytes};
    pthread_mutex_unlock(&chunks.lock);
}
