/*
 * Writing what numpy.load reads: a zip of stored npy documents (APPNOTE.TXT 4.3). Members are written as they
 * are read, so their checksums follow them (4.3.9), in the 64-bit form that numpy.savez uses for all sizes.
 */
#include <zlib.h>

#include "npy.h"
#include "reader.h"

enum {
    VERSION = 45,             /* 4.4.3: ZIP64 */
    FLAGS = 1 << 3 | 1 << 11, /* 4.4.4: the checksum follows; names are UTF-8 */
    DATE = 33,                /* 1980-01-01: the same arrays are the same bytes */
    ZIP64_EXTRA = 20,         /* 4.5.3: its header, and two sizes */
    NAME_MAX_BYTES = UINT16_MAX,
};

struct member {
    struct bytes name; /* with ".npy" */
    struct encoder *npy;
    uint64_t at, size;
    uint32_t crc;
};

struct zip {
    struct member *members;
    size_t count, next; /* next: the member at work, or count */
    bool open;          /* its header is written */
    uint64_t start;     /* of the archive in the sink's count */
    bool begun;
};

/* Everything that a record has room for, in the order of the record. */
struct record {
    uint8_t data[64];
    size_t len;
};

static void put(struct record *r, size_t bytes, uint64_t v)
{
    for (size_t i = 0; i < bytes; i++)
        r->data[r->len++] = (uint8_t)(v >> (8 * i));
}

static bool put_record(const struct record *r, struct sink *out, struct error *err)
{
    return sink_write(out, r->data, r->len, err);
}

/* ---- members ---- */

static bool put_local(const struct member *m, struct sink *out, struct error *err)
{
    struct record r = {.len = 0}, extra = {.len = 0};
    put(&r, 4, 0x04034b50);
    put(&r, 2, VERSION);
    put(&r, 2, FLAGS);
    put(&r, 2, 0); /* stored */
    put(&r, 4, (uint64_t)DATE << 16);
    put(&r, 4, 0); /* the checksum follows the member */
    put(&r, 4, UINT32_MAX);
    put(&r, 4, UINT32_MAX);
    put(&r, 2, m->name.len);
    put(&r, 2, ZIP64_EXTRA);
    put(&extra, 2, 1);
    put(&extra, 2, ZIP64_EXTRA - 4);
    put(&extra, 8, 0);
    put(&extra, 8, 0);
    return put_record(&r, out, err) && sink_bytes(out, m->name, err) && put_record(&extra, out, err);
}

static bool put_descriptor(const struct member *m, struct sink *out, struct error *err)
{
    struct record r = {.len = 0};
    put(&r, 4, 0x08074b50);
    put(&r, 4, m->crc);
    put(&r, 8, m->size);
    put(&r, 8, m->size);
    return put_record(&r, out, err);
}

static bool put_central(const struct member *m, struct sink *out, struct error *err)
{
    enum { EXTRA = 28 }; /* the header, two sizes, the place */
    struct record r = {.len = 0}, extra = {.len = 0};
    put(&r, 4, 0x02014b50);
    put(&r, 2, 3 << 8 | VERSION); /* made as on Unix */
    put(&r, 2, VERSION);
    put(&r, 2, FLAGS);
    put(&r, 2, 0);
    put(&r, 4, (uint64_t)DATE << 16);
    put(&r, 4, m->crc);
    put(&r, 4, UINT32_MAX);
    put(&r, 4, UINT32_MAX);
    put(&r, 2, m->name.len);
    put(&r, 2, EXTRA);
    put(&r, 6, 0);                       /* no comment, first disk, binary */
    put(&r, 4, (uint64_t)0100600 << 16); /* a file that its owner reads and writes */
    put(&r, 4, UINT32_MAX);
    put(&extra, 2, 1);
    put(&extra, 2, EXTRA - 4);
    put(&extra, 8, m->size);
    put(&extra, 8, m->size);
    put(&extra, 8, m->at);
    return put_record(&r, out, err) && sink_bytes(out, m->name, err) && put_record(&extra, out, err);
}

/* ---- the end ---- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool put_end(const struct zip *z, uint64_t at, uint64_t size, struct sink *out, struct error *err)
{
    struct record wide = {.len = 0}, locator = {.len = 0}, end = {.len = 0};
    put(&wide, 4, 0x06064b50);
    put(&wide, 8, 44);
    put(&wide, 2, 3 << 8 | VERSION);
    put(&wide, 2, VERSION);
    put(&wide, 8, 0);
    put(&wide, 8, z->count);
    put(&wide, 8, z->count);
    put(&wide, 8, size);
    put(&wide, 8, at);
    put(&locator, 4, 0x07064b50);
    put(&locator, 4, 0);
    put(&locator, 8, at + size);
    put(&locator, 4, 1);
    put(&end, 4, 0x06054b50);
    put(&end, 4, 0);
    put(&end, 2, lesser(z->count, UINT16_MAX));
    put(&end, 2, lesser(z->count, UINT16_MAX));
    put(&end, 4, lesser(size, UINT32_MAX));
    put(&end, 4, lesser(at, UINT32_MAX));
    put(&end, 2, 0);
    const bool needs = z->count >= UINT16_MAX || at >= UINT32_MAX || size >= UINT32_MAX;
    return (!needs || (put_record(&wide, out, err) && put_record(&locator, out, err))) &&
           put_record(&end, out, err);
}

static bool put_directory(const struct zip *z, struct sink *out, struct error *err)
{
    const uint64_t at = out->total - z->start;
    for (size_t i = 0; i < z->count; i++)
        if (!put_central(&z->members[i], out, err))
            return false;
    return put_end(z, at, out->total - z->start - at, out, err);
}

/* ---- the codec's two functions ---- */

/* A name of a member: what numpy.load leaves as it is. */
static bool name_of(const struct value *key, size_t place, struct arena *arena, struct bytes *out,
                    struct error *err)
{
    char *text;
    if (key == NULL)
        text = arena_printf(arena, "arr_%zu.npy", place);
    else if (key->kind != VALUE_STR || (key->flags & VALUE_SURROGATES) != 0 || key->text.len == 0 ||
             key->text.len > NAME_MAX_BYTES - 4 || memchr(key->text.data, 0, key->text.len) != NULL)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "the names in an npz are text that is not empty");
    else
        text = arena_printf(arena, "%.*s.npy", (int)key->text.len, (const char *)key->text.data);
    if (text == NULL)
        return arena_fail(arena, err);
    *out = bytes_text(text);
    return true;
}

static bool member_add(struct zip *z, struct encoder *e, const struct value *key, struct value *v,
                       struct error *err)
{
    static const struct codec npy = {.name = "npy", .begin = npy_begin, .step = npy_step};
    struct member *m = &z->members[z->count];
    if (!name_of(key, z->count, e->arena, &m->name, err))
        return false;
    if (!encoder_new(&npy, v, e->options, e->limits, e->arena, &m->npy, err)) {
        const char *place =
            arena_printf(e->arena, "/%.*s%s", (int)m->name.len - 4, (const char *)m->name.data, err->pointer);
        err->pointer[0] = '\0';
        error_set_pointer(err, place == NULL ? "" : place);
        return false;
    }
    z->count++;
    return true;
}

bool npz_begin(struct encoder *e, struct error *err)
{
    struct value *root = value_meaning(e->root);
    const bool many = root->kind == VALUE_DICT;
    const size_t count = many ? root->dict.count : 1;
    struct zip *z = arena_alloc(e->arena, 1, sizeof *z);
    if (z == NULL || (z->members = arena_alloc(e->arena, count, sizeof *z->members)) == NULL)
        return arena_fail(e->arena, err);
    e->state = z;
    if (!many)
        return member_add(z, e, NULL, root, err);
    for (size_t i = 0; i < count; i++)
        if (!member_add(z, e, root->dict.items[i].key, root->dict.items[i].value, err))
            return false;
    return true;
}

/* Some of a member; what was added to the sink is its last bytes. */
static enum step put_some(struct member *m, struct sink *out, struct error *err)
{
    const uint64_t before = out->total;
    const enum step step = npy_step(m->npy, out, err);
    const uint64_t added = step == STEP_FAIL ? 0 : out->total - before;
    if (added > 0)
        m->crc = (uint32_t)crc32_z(m->crc, out->data + out->len - added, (size_t)added);
    m->size += added;
    return step;
}

static bool open_member(struct zip *z, struct sink *out, struct error *err)
{
    struct member *m = &z->members[z->next];
    if (z->open)
        return true;
    z->open = true;
    m->at = out->total - z->start;
    return put_local(m, out, err);
}

enum step npz_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct zip *z = e->state;
    if (!z->begun)
        z->start = out->total;
    z->begun = true;
    while (!sink_full(out)) {
        if (z->next == z->count)
            return put_directory(z, out, err) ? STEP_DONE : STEP_FAIL;
        if (!open_member(z, out, err))
            return STEP_FAIL;
        const enum step step = put_some(&z->members[z->next], out, err);
        if (step == STEP_FAIL)
            return STEP_FAIL;
        if (step == STEP_MORE)
            continue;
        if (!put_descriptor(&z->members[z->next], out, err))
            return STEP_FAIL;
        z->next++;
        z->open = false;
    }
    return STEP_MORE;
}
