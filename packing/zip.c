/* Finding the members of a zip archive. */
#include "archive.h"

#include <stdlib.h>

#include "reader.h"

enum {
    LOCAL_SIZE = 30,   /* 4.3.7 */
    CENTRAL_SIZE = 46, /* 4.3.12 */
    END_SIZE = 22,     /* 4.3.16 */
    END64_SIZE = 56,   /* 4.3.14 */
    LOCATOR_SIZE = 20, /* 4.3.15 */
    COMMENT_MAX = 65535,
    ENCRYPTED = 1, /* 4.4.4, bit 0 */
    LATER = 8,     /* bit 3: sizes and checksum follow the data */
};

static const char local_magic[] = "PK\3\4", central_magic[] = "PK\1\2", end_magic[] = "PK\5\6",
                  end64_magic[] = "PK\6\6", locator_magic[] = "PK\6\7";

/* Whether there are n bytes at `at`, which begin with the magic. */
static bool is_at(struct bytes in, uint64_t at, const char *magic, size_t n)
{
    return at <= in.len && in.len - at >= n && memcmp(in.data + at, magic, 4) == 0;
}

bool archive_begins(struct bytes head)
{
    return is_at(head, 0, local_magic, 4) || is_at(head, 0, end_magic, 4);
}

/* ---- the end of the directory ---- */

struct directory {
    size_t last;     /* where the archive's end record stands */
    size_t end;      /* where the record that tells of it stands: that one, or zip64's */
    uint64_t offset; /* of the directory, as written */
    uint64_t size;
    uint64_t start; /* where it is */
    uint64_t shift; /* what has to be added to every offset: something was put before the archive */
};

/* The record of zip64: where the locator says, or just before it when something was put before the archive.
 */
static void read_end64(struct bytes in, struct directory *d)
{
    if (d->end < LOCATOR_SIZE || !is_at(in, d->end - LOCATOR_SIZE, locator_magic, LOCATOR_SIZE))
        return;
    uint64_t at = load_u64_le(in.data + d->end - LOCATOR_SIZE + 8);
    if (!is_at(in, at, end64_magic, END64_SIZE) && d->end >= LOCATOR_SIZE + END64_SIZE)
        at = d->end - LOCATOR_SIZE - END64_SIZE;
    if (!is_at(in, at, end64_magic, END64_SIZE))
        return;
    d->size = load_u64_le(in.data + at + 40);
    d->offset = load_u64_le(in.data + at + 48);
    d->end = (size_t)at;
}

/* The directory ends where its end record begins; else it is where it says. */
static bool directory_of(struct bytes in, size_t end, struct directory *d)
{
    *d = (struct directory){.last = end,
                            .end = end,
                            .size = load_u32_le(in.data + end + 12),
                            .offset = load_u32_le(in.data + end + 16)};
    read_end64(in, d);
    d->start = d->offset;
    if (d->size <= d->end && d->size > 0 && is_at(in, d->end - d->size, central_magic, CENTRAL_SIZE))
        d->start = d->end - d->size;
    d->shift = d->start > d->offset ? d->start - d->offset : 0;
    return d->size == 0 ? d->start <= in.len : is_at(in, d->start, central_magic, CENTRAL_SIZE);
}

/* By the last end record that leads to one, and whose comment may reach to the end. */
static bool find_directory(struct bytes in, struct directory *d)
{
    const size_t least = in.len < END_SIZE + COMMENT_MAX ? 0 : in.len - END_SIZE - COMMENT_MAX;
    for (size_t at = in.len < END_SIZE ? 0 : in.len - END_SIZE + 1; at > least; at--)
        if (is_at(in, at - 1, end_magic, END_SIZE) && directory_of(in, at - 1, d))
            return true;
    return false;
}

/* ---- headers ---- */

/* 4.5.3: what did not fit 32 bits stands here in this order. */
static void read_extra64(struct bytes extra, uint64_t *const fields[3])
{
    while (extra.len >= 4) {
        const uint16_t id = load_u16_le(extra.data);
        const size_t n = load_u16_le(extra.data + 2);
        struct bytes body = bytes_of(extra.data + 4, n < extra.len - 4 ? n : extra.len - 4);
        for (size_t i = 0; id == 1 && i < 3; i++)
            if (fields[i] != NULL && *fields[i] == UINT32_MAX && body.len >= 8) {
                *fields[i] = load_u64_le(body.data);
                body = bytes_of(body.data + 8, body.len - 8);
            }
        if (n >= extra.len - 4)
            return;
        extra = bytes_of(extra.data + 4 + n, extra.len - 4 - n);
    }
}

/* The six fields that both headers have in a row, from `flags` on. */
static struct archive_header header_of(const uint8_t *p)
{
    return (struct archive_header){.there = true,
                                   .flags = load_u16_le(p),
                                   .method = load_u16_le(p + 2),
                                   .crc = load_u32_le(p + 8),
                                   .packed_size = load_u32_le(p + 12),
                                   .size = load_u32_le(p + 16)};
}

/* Up to n bytes at `at`: fewer when it ends before. */
static struct bytes view(struct bytes in, uint64_t at, uint64_t n)
{
    if (at > in.len)
        return bytes_of(in.data, 0);
    const size_t left = in.len - (size_t)at;
    return bytes_of(in.data + at, n < left ? (size_t)n : left);
}

/* The header at `at`, which has the magic. Fills where its data begins. */
static void read_local(struct bytes in, size_t at, struct archive_member *m)
{
    const uint8_t *p = in.data + at;
    const size_t name = load_u16_le(p + 26), extra = load_u16_le(p + 28);
    m->local = header_of(p + 6);
    m->local.name = view(in, at + LOCAL_SIZE, name);
    read_extra64(view(in, at + LOCAL_SIZE + name, extra),
                 (uint64_t *const[3]){&m->local.size, &m->local.packed_size, NULL});
    m->at = at;
    m->data = at + LOCAL_SIZE + name + extra;
    if (m->data > in.len)
        m->data = in.len;
}

/* How far the data goes when the header says n: no further than the end. */
static void bound(struct bytes in, struct archive_member *m, uint64_t n)
{
    m->packed = n < in.len - m->data ? (size_t)n : in.len - m->data;
    if (m->packed < n)
        m->facts |= ARCHIVE_CUT;
}

static void compare(struct archive_member *m)
{
    const struct archive_header *c = &m->central, *l = &m->local;
    const bool later = (l->flags & LATER) != 0 && l->size == 0;
    if (((c->flags | l->flags) & ENCRYPTED) != 0)
        m->facts |= ARCHIVE_ENCRYPTED;
    if (!c->there || !l->there)
        return;
    m->facts |= bytes_equal(c->name, l->name) ? 0 : ARCHIVE_NAME;
    m->facts |= c->method == l->method ? 0 : ARCHIVE_METHOD;
    m->facts |= c->flags == l->flags ? 0 : ARCHIVE_FLAGS;
    if (!later && (c->size != l->size || c->packed_size != l->packed_size || c->crc != l->crc))
        m->facts |= ARCHIVE_SIZE;
}

/* ---- the list ---- */

struct list {
    struct archive *a;
    size_t capacity;
    const struct limits *limits;
    struct arena *arena;
};

static struct archive_member *add(struct list *l, struct error *err)
{
    struct archive *a = l->a;
    if (a->count >= l->limits->members) {
        error_set_limit(err, "members", l->limits->members, "the archive has more than %llu members",
                        (unsigned long long)l->limits->members);
        return NULL;
    }
    void *grown = arena_room(l->arena, a->members, a->count, &l->capacity, sizeof *a->members);
    if (grown == NULL) {
        arena_fail(l->arena, err);
        return NULL;
    }
    a->members = grown;
    struct archive_member *m = &a->members[a->count++];
    *m = (struct archive_member){.at = SIZE_MAX};
    return m;
}

/* The central header at p, of which n bytes follow in all. */
static void read_central(struct bytes in, const struct directory *d, size_t at, struct archive_member *m)
{
    const uint8_t *p = in.data + at;
    const size_t name = load_u16_le(p + 28), extra = load_u16_le(p + 30);
    uint64_t offset = load_u32_le(p + 42);
    m->central = header_of(p + 8);
    m->central.name = view(in, at + CENTRAL_SIZE, name);
    read_extra64(view(in, at + CENTRAL_SIZE + name, extra),
                 (uint64_t *const[3]){&m->central.size, &m->central.packed_size, &offset});
    if (offset <= UINT64_MAX - d->shift && is_at(in, offset + d->shift, local_magic, LOCAL_SIZE))
        read_local(in, (size_t)(offset + d->shift), m);
    else
        m->facts |= ARCHIVE_ONLY_CENTRAL;
    if (m->local.there)
        bound(in, m, m->central.packed_size);
    compare(m);
}

/* *end: where the last header of the directory ends. */
static bool list_directory(struct list *l, const struct directory *d, size_t *end, struct error *err)
{
    const struct bytes in = l->a->in;
    uint64_t at = d->start;
    while (is_at(in, at, central_magic, CENTRAL_SIZE)) {
        const uint8_t *p = in.data + at;
        struct archive_member *m = add(l, err);
        if (m == NULL)
            return false;
        read_central(in, d, (size_t)at, m);
        at += CENTRAL_SIZE + (size_t)load_u16_le(p + 28) + load_u16_le(p + 30) + load_u16_le(p + 32);
    }
    *end = at < in.len ? (size_t)at : in.len;
    return true;
}

/* ---- local headers that no directory has ---- */

/* Where a member ends whose sizes follow its data: at the next header of any kind. */
static size_t next_header(struct bytes in, size_t from, size_t to)
{
    for (size_t at = from; at + 4 <= to; at++) {
        const uint8_t *pk = memchr(in.data + at, 'P', to - at - 3);
        if (pk == NULL)
            return to;
        at = (size_t)(pk - in.data);
        if (pk[1] == 'K' &&
            ((pk[2] == 1 && pk[3] == 2) || (pk[2] == 3 && pk[3] == 4) || (pk[2] == 7 && pk[3] == 8) ||
             (pk[2] == 6 && pk[3] == 6) || (pk[2] == 5 && pk[3] == 6)))
            return at;
    }
    return to;
}

/* Members between two places. */
static bool list_gap(struct list *l, size_t from, size_t to, struct error *err)
{
    const struct bytes in = l->a->in;
    while (from < to) {
        const uint8_t *found = memmem(in.data + from, to - from, local_magic, 4);
        if (found == NULL || !is_at(in, (uint64_t)(found - in.data), local_magic, LOCAL_SIZE))
            return true;
        struct archive_member *m = add(l, err);
        if (m == NULL)
            return false;
        m->facts |= ARCHIVE_ONLY_LOCAL;
        read_local(in, (size_t)(found - in.data), m);
        const bool later = (m->local.flags & LATER) != 0 && m->local.packed_size == 0;
        bound(in, m,
              later ? next_header(in, m->data, to > m->data ? to : m->data) - m->data : m->local.packed_size);
        compare(m);
        from = m->data + m->packed;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct archive_member *const *x = a, *const *y = b;
    return (*x)->at < (*y)->at ? -1 : (*x)->at > (*y)->at;
}

/* A run of bytes that is spoken for: a member of the directory, or the directory. */
struct run {
    size_t from, to;
};

/* Marks those that begin before the one before them ends; fills runs with what they take, in order. */
static size_t place_members(struct archive_member **sorted, size_t count, struct run *runs)
{
    size_t end = 0, n = 0;
    for (size_t i = 0; i < count && sorted[i]->at != SIZE_MAX; i++) {
        struct archive_member *m = sorted[i];
        if (i > 0 && m->at < end)
            m->facts |= ARCHIVE_OVERLAP;
        runs[n++] = (struct run){m->at, m->data + m->packed};
        if (runs[n - 1].to > end)
            end = runs[n - 1].to;
    }
    return n;
}

/* What lies between the runs, and behind them. The directory is a run too, wherever it lies. */
static bool list_gaps(struct list *l, const struct run *runs, size_t count, struct run directory,
                      struct error *err)
{
    size_t at = 0;
    bool met = false;
    for (size_t i = 0; i <= count; i++) {
        const size_t next = i < count ? runs[i].from : l->a->in.len;
        if (!met && directory.from <= next) {
            if (directory.from > at && !list_gap(l, at, directory.from, err))
                return false;
            if (directory.to > at)
                at = directory.to;
            met = true;
        }
        if (next > at && !list_gap(l, at, next, err))
            return false;
        if (i < count && runs[i].to > at)
            at = runs[i].to;
    }
    return true;
}

static bool list_locals(struct list *l, struct run directory, struct error *err)
{
    struct archive *a = l->a;
    const size_t count = a->count;
    struct archive_member **sorted = arena_alloc(l->arena, count, sizeof(void *));
    struct run *runs = arena_alloc(l->arena, count, sizeof *runs);
    if (sorted == NULL || runs == NULL)
        return arena_fail(l->arena, err);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &a->members[i];
    qsort(sorted, count, sizeof(void *), by_place);
    const size_t n = place_members(sorted, count, runs);
    return list_gaps(l, runs, n, directory, err);
}

/* ---- names that are there twice ---- */

static int by_name(const void *a, const void *b)
{
    const struct archive_member *const *x = a, *const *y = b;
    const int order = bytes_compare(archive_name(*x), archive_name(*y));
    return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

static bool mark_twins(struct archive *a, struct arena *arena, struct error *err)
{
    struct archive_member **sorted = arena_alloc(arena, a->count, sizeof(void *));
    if (sorted == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < a->count; i++)
        sorted[i] = &a->members[i];
    qsort(sorted, a->count, sizeof(void *), by_name);
    for (size_t i = 1; i < a->count; i++)
        if (bytes_equal(archive_name(sorted[i - 1]), archive_name(sorted[i])))
            sorted[i]->facts |= ARCHIVE_TWICE;
    return true;
}

bool archive_read(struct bytes in, const struct limits *limits, struct arena *arena, struct archive *out,
                  struct error *err)
{
    struct archive a = {.in = in};
    struct list l = {.a = &a, .limits = limits, .arena = arena};
    struct directory d = {0};
    struct run directory = {in.len, in.len};
    if (find_directory(in, &d)) {
        size_t end;
        if (!list_directory(&l, &d, &end, err))
            return false;
        directory = (struct run){(size_t)d.start, end};
        if (in.len - d.last - END_SIZE > load_u16_le(in.data + d.last + 20))
            a.facts |= ARCHIVE_SUFFIX;
    } else {
        a.facts |= ARCHIVE_NO_END;
    }
    if (!list_locals(&l, directory, err) || !mark_twins(&a, arena, err))
        return false;
    if (a.count > 0 && !is_at(in, 0, local_magic, LOCAL_SIZE))
        a.facts |= ARCHIVE_PREFIX;
    if (a.count == 0 && (a.facts & ARCHIVE_NO_END) != 0)
        return FAIL(err, ERR_SYNTAX, 0, "the archive has neither a directory nor a member");
    *out = a;
    return true;
}

struct bytes archive_name(const struct archive_member *member)
{
    return member->central.there ? member->central.name : member->local.name;
}

const struct archive_member *archive_find(const struct archive *a, struct bytes name)
{
    for (size_t i = a->count; i > 0; i--)
        if (bytes_equal(archive_name(&a->members[i - 1]), name))
            return &a->members[i - 1];
    return NULL;
}
