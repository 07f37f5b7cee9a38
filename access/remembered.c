#include "remembered.h"

void remembered_init(struct remembered *r)
{
    for (size_t i = 0; i < REMEMBERED_SLOTS; i++)
        pthread_mutex_init(&r->slots[i].lock, NULL);
}

void remembered_deinit(struct remembered *r)
{
    for (size_t i = 0; i < REMEMBERED_SLOTS; i++)
        pthread_mutex_destroy(&r->slots[i].lock);
}

static struct remembered_slot *slot_of(struct remembered *r, const uint8_t digest[DIGEST_SIZE])
{
    return &r->slots[digest[0] % REMEMBERED_SLOTS];
}

static bool put_text(struct remembered_slot *s, struct bytes text)
{
    if (text.len + 1 > sizeof s->text - s->text_len)
        return false;
    if (text.len > 0)
        memcpy(s->text + s->text_len, text.data, text.len);
    s->text[s->text_len + text.len] = '\0';
    s->text_len += text.len + 1;
    return true;
}

static bool fill(struct remembered_slot *s, const struct grant *grant)
{
    s->text_len = 0;
    s->scopes = grant->scopes;
    s->everywhere = grant->prefixes == NULL;
    s->prefix_count = grant->prefix_count;
    if (!put_text(s, bytes_text(grant->name)))
        return false;
    for (size_t i = 0; grant->prefixes != NULL && i < grant->prefix_count; i++)
        if (!put_text(s, grant->prefixes[i]))
            return false;
    return true;
}

void remembered_put(struct remembered *r, const uint8_t digest[DIGEST_SIZE], const struct grant *grant,
                    int64_t expires)
{
    struct remembered_slot *s = slot_of(r, digest);
    pthread_mutex_lock(&s->lock);
    s->used = fill(s, grant);
    memcpy(s->digest, digest, DIGEST_SIZE);
    s->expires = expires;
    pthread_mutex_unlock(&s->lock);
}

/* The texts one after the other become a name and prefixes again. */
static bool copy_out(const struct remembered_slot *s, struct arena *arena, struct grant *out)
{
    const char *text = (const char *)arena_copy(arena, bytes_of(s->text, s->text_len)).data;
    struct bytes *prefixes = arena_alloc(arena, s->prefix_count + 1, sizeof *prefixes);
    if (text == NULL || prefixes == NULL)
        return false;
    *out = (struct grant){.name = text, .scopes = s->scopes};
    for (size_t i = 0; i < s->prefix_count; i++) {
        text += strlen(text) + 1;
        prefixes[i] = bytes_text(text);
    }
    out->prefixes = s->everywhere ? NULL : prefixes;
    out->prefix_count = s->prefix_count;
    return true;
}

bool remembered_find(struct remembered *r, const uint8_t digest[DIGEST_SIZE], int64_t now,
                     struct arena *arena, struct grant *out)
{
    struct remembered_slot *s = slot_of(r, digest);
    pthread_mutex_lock(&s->lock);
    const bool found =
        s->used && digest_equal(s->digest, digest) && now < s->expires && copy_out(s, arena, out);
    pthread_mutex_unlock(&s->lock);
    return found;
}
