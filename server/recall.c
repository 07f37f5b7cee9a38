#include "recall.h"

#include <stdlib.h>

enum { TEXT_MAX = 4 << 10 }; /* of the key, and of the headers */

/* The key, then the headers (name NUL value NUL ...), then the body. */
struct kept {
    size_t key, headers, body; /* bytes */
    size_t header_count;
    uint8_t data[];
};

/* What is written one after the other, as far as there is room. */
struct packed {
    uint8_t data[TEXT_MAX];
    size_t len;
    bool full;
};

static void pack(struct packed *p, const void *data, size_t n)
{
    if (n > sizeof p->data - p->len) {
        p->full = true;
        return;
    }
    if (n > 0)
        memcpy(p->data + p->len, data, n);
    p->len += n;
}

/* With its length before it, so that no two lists of texts look the same. */
static void pack_text(struct packed *p, struct bytes text)
{
    pack(p, &text.len, sizeof text.len);
    pack(p, text.data, text.len);
}

static bool pack_key(struct packed *p, const struct request *request, const char *etag)
{
    p->len = 0;
    p->full = false;
    pack_text(p, bytes_text(etag));
    pack_text(p, request->path);
    for (size_t i = 0; i < request->query_count; i++) {
        pack_text(p, request->query[i].name);
        pack_text(p, request->query[i].value);
    }
    return !p->full;
}

static bool pack_headers(struct packed *p, const struct reply *reply)
{
    p->len = 0;
    p->full = false;
    for (size_t i = 0; i < reply->header_count; i++) {
        pack(p, reply->headers[i].name, strlen(reply->headers[i].name) + 1);
        pack(p, reply->headers[i].value, strlen(reply->headers[i].value) + 1);
    }
    return !p->full;
}

/* FNV-1a of the tag, which tells most keys apart. Only a place: they are compared in full. */
static size_t slot_of(const char *etag)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *etag != '\0'; etag++)
        h = (h ^ (uint8_t)*etag) * 0x100000001b3;
    return (size_t)(h >> 32) % RECALL_SLOTS;
}

void recall_init(struct recall *r)
{
    atomic_init(&r->hits, 0);
    atomic_init(&r->misses, 0);
    for (size_t i = 0; i < RECALL_SLOTS; i++) {
        pthread_mutex_init(&r->slots[i].lock, NULL);
        r->slots[i].kept = NULL;
    }
}

void recall_deinit(struct recall *r)
{
    for (size_t i = 0; i < RECALL_SLOTS; i++) {
        pthread_mutex_destroy(&r->slots[i].lock);
        free(r->slots[i].kept);
    }
}

static const char *etag_of(const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, "ETag") == 0)
            return reply->headers[i].value;
    return NULL;
}

static struct kept *kept_new(const struct packed *key, const struct packed *headers, size_t header_count,
                             struct bytes body)
{
    struct kept *k = malloc(sizeof *k + key->len + headers->len + body.len);
    if (k == NULL)
        return NULL;
    k->key = key->len;
    k->headers = headers->len;
    k->body = body.len;
    k->header_count = header_count;
    memcpy(k->data, key->data, key->len);
    memcpy(k->data + key->len, headers->data, headers->len);
    if (body.len > 0)
        memcpy(k->data + key->len + headers->len, body.data, body.len);
    return k;
}

void recall_put(struct recall *r, const struct request *request, const struct reply *reply, struct bytes body)
{
    struct packed key, headers;
    const char *etag = etag_of(reply);
    if (etag == NULL || body.len > RECALL_BODY_MAX || !pack_key(&key, request, etag) ||
        !pack_headers(&headers, reply))
        return;
    struct kept *fresh = kept_new(&key, &headers, reply->header_count, body);
    if (fresh == NULL)
        return;
    const size_t slot = slot_of(etag);
    pthread_mutex_lock(&r->slots[slot].lock);
    struct kept *old = r->slots[slot].kept;
    r->slots[slot].kept = fresh;
    pthread_mutex_unlock(&r->slots[slot].lock);
    free(old);
}

/* The headers and the body of the answer in that slot, in the arena; *out is what is around them. */
static uint8_t *copy_out(struct recall *r, size_t slot, const struct packed *key, struct arena *arena,
                         struct kept *out)
{
    uint8_t *copy = NULL;
    pthread_mutex_lock(&r->slots[slot].lock);
    const struct kept *k = r->slots[slot].kept;
    if (k != NULL && k->key == key->len && memcmp(k->data, key->data, key->len) == 0) {
        copy = arena_alloc(arena, 1, k->headers + k->body);
        if (copy != NULL)
            memcpy(copy, k->data + k->key, k->headers + k->body);
        *out = (struct kept){.headers = k->headers, .body = k->body, .header_count = k->header_count};
    }
    pthread_mutex_unlock(&r->slots[slot].lock);
    return copy;
}

bool recall_find(struct recall *r, const struct request *request, const char *etag, struct reply *reply)
{
    struct packed key;
    struct kept around;
    if (!pack_key(&key, request, etag))
        return false;
    uint8_t *copy = copy_out(r, slot_of(etag), &key, request->arena, &around);
    atomic_fetch_add_explicit(copy == NULL ? &r->misses : &r->hits, 1, memory_order_relaxed);
    if (copy == NULL)
        return false;
    *reply = (struct reply){
        .status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = bytes_of(copy + around.headers, around.body)};
    const char *at = (const char *)copy;
    for (size_t i = 0; i < around.header_count; i++) {
        const char *value = at + strlen(at) + 1;
        reply_header(reply, at, value);
        at = value + strlen(value) + 1;
    }
    return true;
}
