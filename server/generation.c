#include "generation.h"

#include <errno.h>
#include <stdlib.h>

#include "sandbox.h"
#include "scanner.h"
#include "small_file.h"

enum { PART_MEMORY = 64 << 20, FILES_MOST = 2 };

/* What was read of one part, by all generations that have it. */
struct held {
    struct arena arena;
    struct bytes texts[FILES_MOST]; /* that it was made of; data is NULL where the setting is empty */
    const void *object;             /* NULL: there is no such file */
    size_t holders;                 /* under the lock of the generations */
};

/* texts: of a struct held. */
typedef bool load_fn(const struct bytes *texts, struct arena *arena, const void **out, struct error *err);

static bool load_tokens(const struct bytes *texts, struct arena *arena, const void **out, struct error *err)
{
    const struct tokens *tokens = NULL;
    const bool ok = tokens_read(texts[0], arena, &tokens, err);
    *out = tokens;
    return ok;
}

static bool load_jwt_keys(const struct bytes *texts, struct arena *arena, const void **out, struct error *err)
{
    struct jwt_keys *keys = NULL;
    const bool ok = jwt_keys_read(texts[0], arena, &keys, err);
    *out = keys;
    return ok;
}

static bool load_signing_keys(const struct bytes *texts, struct arena *arena, const void **out,
                              struct error *err)
{
    const struct signing_keys *keys = NULL;
    const bool ok = signing_keys_read(texts[0], arena, &keys, err);
    *out = keys;
    return ok;
}

static bool load_identity(const struct bytes *texts, struct arena *arena, const void **out, struct error *err)
{
    const struct tls_identity *identity = NULL;
    const bool ok = tls_identity_read(texts[0], texts[1], arena, &identity, err);
    *out = identity;
    return ok;
}

static bool load_authorities(const struct bytes *texts, struct arena *arena, const void **out,
                             struct error *err)
{
    const struct tls_authorities *authorities = NULL;
    const bool ok = tls_authorities_read(texts[0], texts[1], arena, &authorities, err);
    *out = authorities;
    return ok;
}

static bool load_policy(const struct bytes *texts, struct arena *arena, const void **out, struct error *err)
{
    const struct policy *policy = NULL;
    const bool ok = policy_load(texts[0], arena, &policy, err);
    *out = policy;
    return ok;
}

/* Which settings name the files of a part, and what is made of them. */
static const struct part_row {
    struct {
        const char *what; /* NULL: there is no such file */
        size_t setting;
    } files[FILES_MOST];
    load_fn *load;
    bool always; /* also where no file is named */
} parts[PART_COUNT] = {
    [PART_TOKENS] = {{{"the tokens", offsetof(struct config, tokens)}}, load_tokens, false},
    [PART_JWT_KEYS] = {{{"the JWT keys", offsetof(struct config, jwt_keys)}}, load_jwt_keys, false},
    [PART_SIGNING_KEYS] = {{{"the signing keys", offsetof(struct config, signing_key_file)}},
                           load_signing_keys,
                           false},
    [PART_IDENTITY] = {{{"the certificate", offsetof(struct config, tls_cert)},
                        {"the key", offsetof(struct config, tls_key)}},
                       load_identity,
                       false},
    [PART_AUTHORITIES] = {{{"the authorities", offsetof(struct config, tls_client_ca)},
                           {"the revocation list", offsetof(struct config, tls_client_crl)}},
                          load_authorities,
                          false},
    [PART_POLICY] = {{{"the scan policy", offsetof(struct config, scan_policy)}}, load_policy, true},
};

static const char *path_of(const struct part_row *row, size_t file, const struct config *config)
{
    return *(const char *const *)((const char *)config + row->files[file].setting);
}

static bool read_file(const char *path, const char *what, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    const int fd = sandbox_open(path);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%s %.120s cannot be opened: %s", what, path,
                    strerror(errno));
    return small_file_take(fd, path, what, arena, out, err);
}

static bool read_files(const struct part_row *row, const struct config *config, struct arena *arena,
                       struct bytes *texts, struct error *err)
{
    for (size_t i = 0; i < FILES_MOST && row->files[i].what != NULL; i++) {
        const char *path = path_of(row, i, config), *what = row->files[i].what;
        if (path[0] != '\0' && !read_file(path, what, arena, &texts[i], err))
            return false;
    }
    return true;
}

static bool load(const struct part_row *row, const struct config *config, struct held *h, struct error *err)
{
    struct error why = {0};
    if (!read_files(row, config, &h->arena, h->texts, err))
        return false;
    if ((h->texts[0].data == NULL && !row->always) || row->load(h->texts, &h->arena, &h->object, &why))
        return true;
    return FAIL(err, why.kind, ERROR_NO_OFFSET, "%.80s: %s", path_of(row, 0, config), why.detail);
}

/* Nobody else has it, or the lock is held and nobody will. */
static void held_drop(struct held *h)
{
    if (h != NULL && --h->holders == 0) {
        arena_free(&h->arena);
        free(h);
    }
}

static struct held *held_load(enum part part, const struct config *config, struct error *err)
{
    struct held *h = calloc(1, sizeof *h);
    if (h == NULL) {
        error_set(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for what is read from files");
        return NULL;
    }
    arena_init(&h->arena, PART_MEMORY);
    h->holders = 1;
    if (load(&parts[part], config, h, err))
        return h;
    held_drop(h);
    return NULL;
}

static unsigned anonymous_scopes(const struct config *config)
{
    switch (config->allow_anonymous) {
    case ANONYMOUS_NONE:
        return 0;
    case ANONYMOUS_READ:
        return SCOPE_READ;
    case ANONYMOUS_ALL:
        return SCOPE_ALL;
    case ANONYMOUS_AUTO:
        return config_knows_callers(config) ? 0 : SCOPE_ALL;
    }
    return 0;
}

static void fill(struct generation *g, const struct config *config)
{
    g->access = (struct access){
        .tokens = g->held[PART_TOKENS]->object,
        .jwt_keys = (struct jwt_keys *)(uintptr_t)g->held[PART_JWT_KEYS]->object,
        .jwt_issuer = config->jwt_issuer,
        .jwt_audience = config->jwt_audience,
        .anonymous_scopes = anonymous_scopes(config),
    };
    scopes_read(bytes_text(config->tls_client_scopes), &g->access.certificate_scopes);
    g->signing_keys = g->held[PART_SIGNING_KEYS]->object;
    g->identity = g->held[PART_IDENTITY]->object;
    g->authorities = g->held[PART_AUTHORITIES]->object;
    g->policy = g->held[PART_POLICY]->object;
}

static void generation_free(struct generation *g)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        held_drop(g->held[i]);
    free(g);
}

bool generations_init(struct generations *all, const struct config *config, struct error *err)
{
    pthread_mutex_init(&all->lock, NULL);
    all->now = NULL;
    struct generation *g = calloc(1, sizeof *g);
    if (g == NULL)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to start with");
    g->holders = 1;
    g->number = 1;
    all->now = g;
    for (size_t i = 0; i < PART_COUNT; i++) {
        g->held[i] = held_load((enum part)i, config, err);
        if (g->held[i] == NULL)
            return false;
    }
    fill(g, config);
    return true;
}

void generations_deinit(struct generations *all)
{
    if (all->now != NULL)
        generation_free(all->now);
    all->now = NULL;
    pthread_mutex_destroy(&all->lock);
}

/* The lock is held. */
static void release(struct generation *g)
{
    if (--g->holders == 0)
        generation_free(g);
}

static bool made_of_the_same(const struct held *a, const struct held *b)
{
    for (size_t i = 0; i < FILES_MOST; i++)
        if (!bytes_equal(a->texts[i], b->texts[i]))
            return false;
    return true;
}

bool generations_renew(struct generations *all, const struct config *config,
                       void (*tell)(void *arg, const char *sentence), void *arg)
{
    struct generation *g = calloc(1, sizeof *g);
    if (g == NULL) {
        tell(arg, "there is no memory to read the files again");
        return false;
    }
    bool all_read = true;
    for (size_t i = 0; i < PART_COUNT; i++) {
        struct error err = {0};
        g->held[i] = held_load((enum part)i, config, &err);
        if (g->held[i] == NULL) {
            all_read = false;
            tell(arg, err.detail);
        } else if (made_of_the_same(g->held[i], all->now->held[i])) {
            held_drop(g->held[i]);
            g->held[i] = NULL;
        }
    }
    pthread_mutex_lock(&all->lock);
    struct generation *old = all->now;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (g->held[i] == NULL) {
            g->held[i] = old->held[i];
            g->held[i]->holders++;
        }
    fill(g, config);
    g->holders = 1;
    g->number = old->number + 1;
    all->now = g;
    release(old);
    pthread_mutex_unlock(&all->lock);
    return all_read;
}

struct generation *generation_take(struct generations *all)
{
    pthread_mutex_lock(&all->lock);
    struct generation *g = all->now;
    g->holders++;
    pthread_mutex_unlock(&all->lock);
    return g;
}

struct generation *generation_follow(struct generations *all, struct generation *held)
{
    if (held != NULL && held == atomic_load_explicit(&all->now, memory_order_relaxed))
        return held; /* and nobody can free it and make another at its place */
    generation_return(all, held);
    return generation_take(all);
}

void generation_return(struct generations *all, struct generation *generation)
{
    if (generation == NULL)
        return;
    pthread_mutex_lock(&all->lock);
    release(generation);
    pthread_mutex_unlock(&all->lock);
}
