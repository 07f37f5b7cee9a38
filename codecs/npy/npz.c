/*
 * numpy.savez (numpy/lib/npyio.py): a zip whose members are npy documents, NAME.npy each; what else is in the
 * zip is bytes, as NumPy has it. A member is read when it is asked for.
 */
#include <stdlib.h>

#include "archive.h"
#include "npy.h"
#include "utf8.h"

enum { LOCAL_NAME_LENGTH = 26, LOCAL_NAME = 30 }; /* APPNOTE.TXT 4.3.7: offsets in a local header */

/* A member that counts. */
struct entry {
    struct bytes name; /* as NumPy has it */
    size_t member;
};

struct npz {
    struct archive archive;
    const struct codec_options *options;
    const struct limits *limits;
    struct entry *entries;       /* by name */
    struct node_child *children; /* in the order of the directory */
    size_t count;
};

static bool is_npy(struct bytes name)
{
    return name.len > strlen(".npy") &&
           memcmp(name.data + name.len - strlen(".npy"), ".npy", strlen(".npy")) == 0;
}

static struct bytes key_of(struct bytes name)
{
    return is_npy(name) ? bytes_of(name.data, name.len - strlen(".npy")) : name;
}

/* The first member tells it from other zips. */
static int npz_sniff(struct bytes head)
{
    if (!bytes_starts(head, "PK\3\4") || head.len < LOCAL_NAME)
        return 0;
    const size_t n = head.data[LOCAL_NAME_LENGTH] | (size_t)head.data[LOCAL_NAME_LENGTH + 1] << 8;
    return n <= head.len - LOCAL_NAME && is_npy(bytes_of(head.data + LOCAL_NAME, n)) ? 90 : 0;
}

/* ---- members ---- */

static bool open_member(struct npz *z, const struct entry *e, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    const struct archive_member *m = &z->archive.members[e->member];
    struct unpacked u = {.damage = {.kind = ERR_SYNTAX}};
    if (m->local.there && !archive_open(&z->archive, m, &m->central, z->limits, arena, &u, err))
        return false;
    if (u.damage.kind != ERR_NONE || !archive_crc_holds(&m->central, u.bytes))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the member '%.*s' is damaged",
                    (int)(e->name.len < 60 ? e->name.len : 60), (const char *)e->name.data);
    *out = u.bytes;
    return true;
}

static bool read_member(struct npz *z, const struct entry *e, struct arena *arena, struct value **out,
                        struct error *err)
{
    struct bytes content;
    if (!open_member(z, e, arena, &content, err))
        return false;
    const struct input in = input_of_bytes(content);
    if (is_npy(archive_name(&z->archive.members[e->member])))
        return npy_decode(&in, z->options, z->limits, arena, out, err);
    *out = value_bytes(arena, content);
    return *out != NULL || arena_fail(arena, err);
}

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static const struct entry *find_entry(const struct npz *z, struct bytes name)
{
    const struct entry key = {.name = name};
    return z->count == 0 ? NULL : bsearch(&key, z->entries, z->count, sizeof key, by_name);
}

static bool read_all(struct npz *z, struct arena *arena, struct value **out, struct error *err)
{
    struct value *dict = value_new(arena, VALUE_DICT), *v;
    for (size_t i = 0; dict != NULL && i < z->count; i++) {
        if (!read_member(z, find_entry(z, z->children[i].name), arena, &v, err))
            return false;
        struct value *name = value_str(arena, z->children[i].name);
        if (name == NULL || !value_put(arena, &dict->dict, name, v))
            dict = NULL;
    }
    *out = dict;
    return dict != NULL || arena_fail(arena, err);
}

/* "~1" and "~0" undone, without slashes in front: members may be in folders. */
static bool plain_path(struct bytes path, struct arena *arena, struct bytes *out, struct error *err)
{
    uint8_t *plain = arena_alloc(arena, 1, path.len + 1);
    size_t n = 0;
    if (plain == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < path.len; i++) {
        const bool escape = path.data[i] == '~' && i + 1 < path.len && (path.data[i + 1] | 1) == '1';
        if (n > 0 || path.data[i] != '/')
            plain[n++] = !escape ? path.data[i] : path.data[++i] == '0' ? '~' : '/';
    }
    *out = bytes_of(plain, n);
    return true;
}

/* The member with the longest name that the path begins with; *rest is what follows it. */
static const struct entry *find_on_path(const struct npz *z, struct bytes path, struct bytes *rest)
{
    for (size_t n = path.len; n > 0; n--) {
        if (n < path.len && path.data[n] != '/')
            continue;
        const struct entry *found = find_entry(z, bytes_of(path.data, n));
        *rest = bytes_of(path.data + n, path.len - n);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool npz_value(void *self, struct bytes path, struct arena *arena, struct value **out,
                      struct error *err)
{
    struct npz *z = self;
    struct bytes plain, rest;
    struct value *v;
    if (!plain_path(path, arena, &plain, err))
        return false;
    if (plain.len == 0)
        return read_all(z, arena, out, err);
    const struct entry *e = find_on_path(z, plain, &rest);
    if (e == NULL)
        return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is no array '%.*s'",
                    (int)(plain.len < 100 ? plain.len : 100), (const char *)plain.data);
    return read_member(z, e, arena, &v, err) && value_at(v, rest, arena, out, err);
}

static bool npz_node(void *self, struct bytes path, struct arena *arena, struct node *out, struct error *err)
{
    const struct npz *z = self;
    struct bytes plain;
    struct value *v;
    if (!plain_path(path, arena, &plain, err))
        return false;
    if (plain.len > 0)
        return npz_value(self, path, arena, &v, err) && node_of_value(v, arena, out, err);
    *out = (struct node){.kind = NODE_GROUP, .children = z->children, .child_count = z->count};
    return true;
}

/* ---- the archive ---- */

/* Without the extension; what is not UTF-8 becomes U+FFFD. */
static bool name_of(const struct archive_member *m, struct arena *arena, struct bytes *out, struct error *err)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    const struct bytes name = key_of(archive_name(m));
    *out = name;
    if (utf8_valid(name) == name.len)
        return true;
    uint8_t *text = arena_alloc(arena, name.len, strlen(unknown));
    size_t n = 0;
    if (text == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < name.len; i++) {
        const bool ascii = name.data[i] < 0x80;
        memcpy(text + n, ascii ? (const void *)(name.data + i) : unknown, ascii ? 1 : strlen(unknown));
        n += ascii ? 1 : strlen(unknown);
    }
    *out = bytes_of(text, n);
    return true;
}

static int by_name_then_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const int order = by_name(x, y);
    return order != 0 ? order : x->member < y->member ? -1 : x->member > y->member;
}

/* Of members with one name the last one counts, as for NumPy. */
static void keep_last(struct npz *z)
{
    size_t n = 0;
    if (z->count > 0)
        qsort(z->entries, z->count, sizeof *z->entries, by_name_then_place);
    for (size_t i = 0; i < z->count; i++)
        if (i + 1 == z->count || !bytes_equal(z->entries[i].name, z->entries[i + 1].name))
            z->entries[n++] = z->entries[i];
    z->count = n;
}

/* The children in the order of the directory. */
static bool list_children(struct npz *z, struct arena *arena, struct error *err)
{
    struct bytes *names = arena_alloc(arena, z->archive.count, sizeof *names);
    z->children = arena_alloc(arena, z->count, sizeof *z->children);
    if (names == NULL || z->children == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < z->count; i++)
        names[z->entries[i].member] = z->entries[i].name;
    for (size_t i = 0, n = 0; i < z->archive.count; i++)
        if (names[i].data != NULL)
            z->children[n++].name = names[i];
    return true;
}

static bool npz_read(const struct input *in, const struct codec_options *options, const struct limits *limits,
                     struct arena *arena, struct npz **out, struct error *err)
{
    struct bytes bytes;
    struct npz *z = arena_alloc(arena, 1, sizeof *z);
    if (z == NULL)
        return arena_fail(arena, err);
    if (!input_bytes(in, arena, &bytes, err) || !archive_read(bytes, limits, arena, &z->archive, err))
        return false;
    if ((z->archive.facts & ARCHIVE_NO_END) != 0)
        return FAIL(err, ERR_SYNTAX, bytes.len, "the zip ends before its directory");
    z->options = options;
    z->limits = limits;
    z->entries = arena_alloc(arena, z->archive.count, sizeof *z->entries);
    if (z->entries == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < z->archive.count; i++) {
        struct entry *e = &z->entries[z->count];
        const struct archive_member *m = &z->archive.members[i];
        e->member = i;
        if (!name_of(m, arena, &e->name, err))
            return false;
        z->count += m->central.there;
    }
    keep_last(z);
    *out = z;
    return list_children(z, arena, err);
}

static bool npz_decode(const struct input *in, const struct codec_options *options,
                       const struct limits *limits, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct npz *z;
    return npz_read(in, options, limits, arena, &z, err) && read_all(z, arena, out, err);
}

static bool npz_open(const struct input *in, const struct codec_options *options, const struct limits *limits,
                     struct arena *arena, struct document *out, struct error *err)
{
    static const struct document_ops ops = {.node = npz_node, .value = npz_value};
    struct npz *z;
    if (!npz_read(in, options, limits, arena, &z, err))
        return false;
    *out = (struct document){.self = z, .ops = &ops};
    return true;
}

const struct codec npz_codec = {
    .name = "npz",
    .title = "NumPy arrays in a zip",
    .media_types = (const char *const[]){"application/x-npz", NULL},
    .extensions = (const char *const[]){"npz", NULL},
    .sniff = npz_sniff,
    .decode = npz_decode,
    .open = npz_open,
    .begin = npz_begin,
    .step = npz_step,
};
