/*
 * torch.save (torch/serialization.py). Since 1.6 a zip: one folder with data.pkl, and data/KEY for each
 * storage that a persistent id of data.pkl names. Before, five pickles in a row, the fourth of them the
 * object, and behind them the storages. Either way storages stay views of the file.
 */
#include "machine.h"

#include "archive.h"
#include "known.h"

#include <stdlib.h>

enum {
    MOST_LEVELS = 4, /* of torch.save in torch.save */
    KEY_MAX = 256,   /* bytes of a key, which is a number: keys are compared often */
};

/* A storage, by its key. */
struct storage {
    struct bytes key;
    const struct archive_member *member; /* NULL: its bytes come behind the pickles */
    struct value *data;                  /* NULL: not read yet */
    struct dtype type;
};

struct torch {
    struct storage *storages; /* sorted by key */
    size_t count;
    struct archive *archive;
    bool big;                  /* its numbers are big-endian */
    bool later;                /* storages come when the object was read: */
    struct value_list waiting; /* persistent ids until then */
};

/* ---- storages ---- */

static int by_key(const void *a, const void *b)
{
    return bytes_compare(((const struct storage *)a)->key, ((const struct storage *)b)->key);
}

static struct storage *find_storage(const struct torch *t, struct bytes key)
{
    const struct storage wanted = {.key = key};
    return t->count == 0 ? NULL : bsearch(&wanted, t->storages, t->count, sizeof wanted, by_key);
}

/* The parts of a persistent id; NULL: it is not a storage's. */
static const struct value_list *id_of(const struct value_external *x)
{
    const struct value_list *id = &x->id->list;
    return x->id->kind == VALUE_TUPLE && id->count >= 5 && id->items[0]->kind == VALUE_STR &&
                   bytes_is(id->items[0]->text, "storage") && id->items[1]->kind == VALUE_GLOBAL &&
                   id->items[2]->kind == VALUE_STR && id->items[2]->text.len <= KEY_MAX
               ? id
               : NULL;
}

static bool no_storage(struct machine *m, struct bytes key, const char *why, struct error *err)
{
    return machine_fail(m, err, "the storage '%.*s' %s", (int)(key.len < 40 ? key.len : 40),
                        (const char *)key.data, why);
}

/* Its bytes as a value, in the order of a little-endian machine. */
static bool give_bytes(struct machine *m, struct storage *s, struct bytes bytes, struct error *err)
{
    if (m->torch->big && s->type.itemsize > 1) {
        const struct bytes copy = arena_copy(m->arena, bytes);
        if (copy.data == NULL)
            return arena_fail(m->arena, err);
        s->type.order = '>';
        dtype_swap(&s->type, (uint8_t *)(uintptr_t)copy.data, copy.len / s->type.itemsize);
        bytes = copy;
    }
    s->data = machine_node(m, VALUE_BYTES, err);
    if (s->data == NULL)
        return false;
    s->data->text = bytes;
    return true;
}

/* Bytes without a type are as good in an archive, unless they have to be swapped. */
static bool set_type(struct machine *m, struct storage *s, const struct value_list *id, struct error *err)
{
    const bool known = known_torch_storage(id->items[1], &s->type);
    if (m->torch->big && (!known || bytes_ends(id->items[1]->global->name, "UntypedStorage")))
        return no_storage(m, s->key, "is big-endian and has no type", err);
    if (known)
        return true;
    s->type = dtype_make(DTYPE_UINT, 1);
    return !m->torch->later || no_storage(m, s->key, "is of a class that is not known", err);
}

static bool from_archive(struct machine *m, struct storage *s, struct error *err)
{
    struct unpacked u;
    if (!archive_open(m->torch->archive, s->member, &s->member->central, m->limits, m->arena, &u, err))
        return false;
    if (u.damage.kind != ERR_NONE || (s->member->facts & (ARCHIVE_CUT | ARCHIVE_ONLY_CENTRAL)) != 0)
        return no_storage(m, s->key, "is cut off or damaged", err);
    return give_bytes(m, s, u.bytes, err);
}

bool torch_storage(struct machine *m, struct value_external *x, struct error *err)
{
    struct torch *t = m->torch;
    const struct value_list *id = t == NULL ? NULL : id_of(x);
    if (id == NULL)
        return true;
    if (t->later) {
        struct value *v = machine_top(m);
        return value_append(m->arena, &t->waiting, v) || arena_fail(m->arena, err);
    }
    struct storage *s = find_storage(t, id->items[2]->text);
    if (s == NULL)
        return no_storage(m, id->items[2]->text, "is not in the archive", err);
    if (s->data == NULL && (!set_type(m, s, id, err) || !from_archive(m, s, err)))
        return false;
    x->data = s->data;
    return true;
}

/* ---- the zip ---- */

/* data.pkl in no folder, or in one. */
static bool is_pickle(struct bytes name)
{
    const uint8_t *slash = name.len == 0 ? NULL : memchr(name.data, '/', name.len);
    return bytes_is(name, "data.pkl") ||
           (bytes_ends(name, "/data.pkl") && name.len - (size_t)(slash - name.data) == strlen("/data.pkl"));
}

static int by_key_then_place(const void *a, const void *b)
{
    const struct storage *x = a, *y = b;
    const int order = bytes_compare(x->key, y->key);
    return order != 0 ? order : x->member < y->member ? -1 : x->member > y->member;
}

/* Of members with one name the last one counts, as for other readers. */
static void sort_storages(struct torch *t)
{
    size_t n = 0;
    if (t->count == 0)
        return;
    qsort(t->storages, t->count, sizeof *t->storages, by_key_then_place);
    for (size_t i = 1; i < t->count; i++) {
        n += bytes_equal(t->storages[n].key, t->storages[i].key) ? 0 : 1;
        t->storages[n] = t->storages[i];
    }
    t->count = n + 1;
}

/* Members of the folder's data folder. */
static bool list_storages(struct torch *t, struct bytes folder, struct arena *arena, struct error *err)
{
    static const char data[] = "data/";
    const size_t skip = folder.len + strlen(data);
    t->storages = arena_alloc(arena, t->archive->count, sizeof *t->storages);
    if (t->storages == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < t->archive->count; i++) {
        const struct archive_member *m = &t->archive->members[i];
        const struct bytes name = archive_name(m);
        if (!m->central.there || name.len < skip || memcmp(name.data, folder.data, folder.len) != 0 ||
            memcmp(name.data + folder.len, data, strlen(data)) != 0)
            continue;
        t->storages[t->count++] =
            (struct storage){.key = bytes_of(name.data + skip, name.len - skip), .member = m};
    }
    sort_storages(t);
    return true;
}

static bool read_order(struct torch *t, struct bytes folder, const struct limits *limits, struct arena *arena,
                       struct error *err)
{
    struct unpacked u;
    const char *name = arena_printf(arena, "%.*sbyteorder", (int)folder.len, (const char *)folder.data);
    if (name == NULL)
        return arena_fail(arena, err);
    const struct archive_member *member = archive_find(t->archive, bytes_text(name));
    if (member == NULL || !member->central.there)
        return true;
    if (!archive_open(t->archive, member, &member->central, limits, arena, &u, err))
        return false;
    t->big = bytes_is(u.bytes, "big");
    return true;
}

static bool run(struct machine *m, struct value **out, struct error *err)
{
    size_t used;
    return machine_run(m, out, &used, err);
}

/* data.pkl with the storages. */
static bool read_archive(struct archive *a, const struct archive_member *pickle, enum encoding encoding,
                         const struct limits *limits, struct arena *arena, struct value **out,
                         struct error *err)
{
    const struct bytes name = archive_name(pickle);
    const struct bytes folder = bytes_of(name.data, name.len - strlen("data.pkl"));
    struct torch t = {.archive = a};
    struct machine m;
    struct unpacked u;
    if (!archive_open(a, pickle, &pickle->central, limits, arena, &u, err))
        return false;
    if (u.damage.kind != ERR_NONE)
        return FAIL(err, ERR_SYNTAX, pickle->data, "data.pkl is damaged: %.100s", u.damage.detail);
    if (!list_storages(&t, folder, arena, err) || !read_order(&t, folder, limits, arena, err) ||
        !machine_start(&m, u.bytes, limits, arena, err))
        return false;
    m.encoding = encoding;
    m.torch = &t;
    return run(&m, out, err);
}

/* data.pkl, as the directory has it. NULL: there is none. */
static const struct archive_member *find_pickle(const struct archive *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->members[i].central.there && a->members[i].local.there &&
            is_pickle(archive_name(&a->members[i])))
            return &a->members[i];
    return NULL;
}

/* Whether the members at the start of an archive have a data.pkl among them. */
static bool begins_with_pickle(struct bytes head)
{
    enum { LOCAL_SIZE = 30 };
    for (size_t at = 0; head.len - at >= LOCAL_SIZE && memcmp(head.data + at, "PK\3\4", 4) == 0;) {
        const uint8_t *p = head.data + at;
        const size_t name = load_u16_le(p + 26), extra = load_u16_le(p + 28),
                     left = head.len - at - LOCAL_SIZE;
        if (name > left)
            return false;
        if (is_pickle(bytes_of(p + LOCAL_SIZE, name)))
            return true;
        const uint64_t skip = (uint64_t)name + extra + load_u32_le(p + 18);
        if (skip > left)
            return false;
        at += LOCAL_SIZE + (size_t)skip;
    }
    return false;
}

/* ---- the tar of 0.1.1 ---- */

static bool is_tar(struct bytes head)
{
    static const char *const members[] = {"storages", "tensors", "pickle", "sys_info"};
    if (head.len < 512 || memcmp(head.data + 257, "ustar", 5) != 0)
        return false;
    for (size_t i = 0; i < ROWS(members); i++)
        if (memcmp(head.data, members[i], strlen(members[i]) + 1) == 0)
            return true;
    return false;
}

int torch_sniff(struct bytes head)
{
    return begins_with_pickle(head) ? 90 : is_tar(head) ? 60 : 0;
}

/* ---- five pickles and the storages ---- */

static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

struct legacy {
    struct bytes in;
    size_t at;
    enum encoding encoding;
    unsigned level;
    uint64_t nodes; /* made so far */
    const struct limits *limits;
    struct arena *arena;
};

static bool start(struct legacy *l, struct machine *m, struct error *err)
{
    if (!machine_start(m, l->in, l->limits, l->arena, err))
        return false;
    if (m->node_count > l->limits->nodes - l->nodes)
        return FAIL_LIMIT(err, "nodes", l->limits->nodes, "the pickle makes more than %llu values",
                          (unsigned long long)l->limits->nodes);
    m->at += l->at;
    m->encoding = l->encoding;
    m->level = l->level;
    m->node_count += l->nodes;
    return true;
}

static bool next_pickle(struct legacy *l, struct value **out, struct error *err)
{
    struct machine m;
    if (!start(l, &m, err) || !machine_run(&m, out, &l->at, err))
        return false;
    l->nodes = m.node_count;
    return true;
}

static bool read_header(struct legacy *l, struct torch *t, struct error *err)
{
    struct value *number, *protocol, *system;
    if (!next_pickle(l, &number, err) || !next_pickle(l, &protocol, err) || !next_pickle(l, &system, err))
        return false;
    if (protocol->kind != VALUE_INT || protocol->integer != 1001 || system->kind != VALUE_DICT)
        return FAIL(err, ERR_UNSUPPORTED, 0, "torch.save's protocol is not 1001");
    const struct value *little = value_get(system, "little_endian");
    t->big = little != NULL && little->kind == VALUE_BOOL && !little->boolean;
    return true;
}

/* The storages that persistent ids wait for. */
static bool list_waiting(struct machine *m, struct error *err)
{
    struct torch *t = m->torch;
    t->storages = arena_alloc(m->arena, t->waiting.count, sizeof *t->storages);
    if (t->storages == NULL)
        return arena_fail(m->arena, err);
    for (size_t i = 0; i < t->waiting.count; i++) {
        const struct value_list *id = id_of(t->waiting.items[i]->external);
        if (id == NULL)
            continue; /* its parts changed since */
        struct storage *s = &t->storages[t->count++];
        *s = (struct storage){.key = id->items[2]->text};
        if (!set_type(m, s, id, err))
            return false;
    }
    sort_storages(t);
    return true;
}

/* An int64 count of elements, and those. */
static bool read_storage(struct machine *m, struct storage *s, struct error *err)
{
    const uint8_t *p;
    size_t size;
    if (!machine_take(m, 8, &p, err))
        return false;
    const uint64_t count = load_u64_le(p);
    if (!checked_mul((size_t)count, s->type.itemsize, &size))
        return no_storage(m, s->key, "is longer than the file", err);
    return machine_take(m, size, &p, err) && give_bytes(m, s, bytes_of(p, size), err);
}

static bool read_storages(struct machine *m, const struct value *keys, struct error *err)
{
    if (keys->kind != VALUE_LIST)
        return machine_fail(m, err, "the keys of the storages are no list");
    for (size_t i = 0; i < keys->list.count; i++) {
        const struct value *key = keys->list.items[i];
        struct storage *s = key->kind == VALUE_STR ? find_storage(m->torch, key->text) : NULL;
        if (s == NULL)
            return machine_fail(m, err, "a key of a storage is none, or no tensor has it");
        if (!read_storage(m, s, err))
            return false;
    }
    return true;
}

/* (key, offset, size) of a view, in elements: a part of the bytes. */
static bool view_bytes(struct machine *m, const struct storage *s, const struct value *view,
                       struct value **out, struct error *err)
{
    *out = s->data;
    if (view->kind == VALUE_NONE)
        return true;
    const struct value_list *parts = &view->list;
    if (view->kind != VALUE_TUPLE || parts->count != 3 || parts->items[1]->kind != VALUE_INT ||
        parts->items[2]->kind != VALUE_INT || parts->items[1]->integer < 0 || parts->items[2]->integer < 0)
        return no_storage(m, s->key, "has a view that is none", err);
    const size_t have = s->data->text.len / s->type.itemsize;
    const size_t offset = (size_t)parts->items[1]->integer, size = (size_t)parts->items[2]->integer;
    if (offset > have || size > have - offset)
        return no_storage(m, s->key, "has a view that leads out of it", err);
    *out = machine_node(m, VALUE_BYTES, err);
    if (*out == NULL)
        return false;
    (*out)->text = bytes_of(s->data->text.data + offset * s->type.itemsize, size * s->type.itemsize);
    return true;
}

static bool give_all(struct machine *m, struct error *err)
{
    for (size_t i = 0; i < m->torch->waiting.count; i++) {
        struct value_external *x = m->torch->waiting.items[i]->external;
        const struct value_list *id = id_of(x);
        const struct storage *s = id == NULL ? NULL : find_storage(m->torch, id->items[2]->text);
        if (s == NULL)
            continue;
        if (s->data == NULL)
            return no_storage(m, s->key, "is not in the file", err);
        if (id->count < 6)
            x->data = s->data;
        else if (!view_bytes(m, s, id->items[5], &x->data, err))
            return false;
    }
    return true;
}

/* The object is finished when it has its storages: what objects mean is in them. */
static bool read_object(struct legacy *l, struct torch *t, struct value **out, struct error *err)
{
    struct machine m;
    struct value *keys;
    if (!start(l, &m, err))
        return false;
    m.torch = t;
    while (m.result == NULL)
        if (!machine_step(&m, err))
            return false;
    l->at = (size_t)(m.at - m.in.data);
    l->nodes = m.node_count;
    if (!next_pickle(l, &keys, err))
        return false;
    m.at = m.in.data + l->at;
    m.started = l->at;
    m.node_count = l->nodes;
    if (!list_waiting(&m, err) || !read_storages(&m, keys, err) || !give_all(&m, err) ||
        !machine_finish(&m, err))
        return false;
    l->at = (size_t)(m.at - m.in.data);
    l->nodes = m.node_count;
    *out = m.result;
    return true;
}

static bool is_legacy(struct bytes in)
{
    /* PROTO, LONG1 of ten bytes; and STOP */
    return in.len > 15 && in.data[0] == OP_PROTO && in.data[2] == OP_LONG1 && in.data[3] == sizeof magic &&
           memcmp(in.data + 4, magic, sizeof magic) == 0;
}

static bool read_legacy(struct legacy *l, struct value **out, struct error *err)
{
    struct torch t = {.later = true};
    return read_header(l, &t, err) && read_object(l, &t, out, err);
}

bool torch_read(struct bytes in, bool row, enum encoding encoding, const struct limits *limits,
                struct arena *arena, struct value **out, size_t *used, struct error *err)
{
    struct error refused = {0};
    struct archive a;
    *out = NULL;
    if (is_tar(in))
        return FAIL(err, ERR_UNSUPPORTED, 0,
                    "this is a tar of torch.save's before 0.1.10; load it with torch and save it again");
    if (row && is_legacy(in)) {
        struct legacy l = {.in = in, .encoding = encoding, .limits = limits, .arena = arena};
        if (!read_legacy(&l, out, err))
            return false;
        *used = l.at;
        return true;
    }
    if (!archive_begins(in) || in.len < 4 || in.data[2] != 3)
        return true;
    if (!archive_read(in, limits, arena, &a, &refused)) {
        if (refused.kind != ERR_SYNTAX)
            *err = refused;
        return refused.kind == ERR_SYNTAX;
    }
    const struct archive_member *pickle = find_pickle(&a);
    if (pickle == NULL && begins_with_pickle(in))
        return FAIL(err, ERR_SYNTAX, in.len, "the archive has no directory: it is cut off");
    if (pickle == NULL)
        return true;
    *used = in.len;
    return read_archive(&a, pickle, encoding, limits, arena, out, err);
}

/* ---- a torch.save in a pickle ---- */

/*
 * The call stays one, since it holds all that it needs; what it means is what was saved. A call is not worth
 * more work than the bytes around it: many may share their argument. Goes MOST_LEVELS deep.
 */
bool torch_loaded(struct machine *m, struct value *v, struct error *err)
{
    static const struct known_kind kind = {.type = "torch.storage"};
    struct legacy l = {.encoding = m->encoding,
                       .level = m->level + 1,
                       .nodes = m->node_count,
                       .limits = m->limits,
                       .arena = m->arena};
    struct error refused = {0};
    struct value *saved;
    if (!value_raw(v->object->args->list.items[0], m->arena, &l.in, err) || l.level > MOST_LEVELS ||
        l.in.len > m->in.len - m->nested || !is_legacy(l.in))
        return false;
    m->nested += l.in.len;
    if (!read_legacy(&l, &saved, &refused)) {
        if (refused.kind != ERR_SYNTAX && refused.kind != ERR_UNSUPPORTED)
            *err = refused;
        return false;
    }
    m->node_count = l.nodes;
    saved = value_meaning(saved);
    if (saved->kind == VALUE_OBJECT)
        return false;
    v->object->known = &kind;
    v->object->meaning = saved;
    m->again[VALUE_OBJECT] = true; /* as its parts may be */
    return false;
}
