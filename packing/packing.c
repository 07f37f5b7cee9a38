#include "packing.h"

#include "reader.h"
#include "streams.h"

enum { PIECE = 64 << 10, PROBE = 4 << 10, PROBED = 64 << 10, PROBE_MEMORY = 1 << 20 };

struct packing {
    const char *name;
    const struct stream_kind *kind;
    bool (*begins)(struct bytes head); /* NULL: found by name alone */
    size_t (*prefix)(struct bytes in); /* bytes before the stream itself; NULL: none */
    bool repeats;                      /* streams may follow each other */
};

/* ---- magic ---- */

static bool starts(struct bytes head, const char *magic, size_t n)
{
    return head.len >= n && memcmp(head.data, magic, n) == 0;
}

static bool is_gzip(struct bytes head)
{
    return starts(head, "\x1f\x8b\x08", 3);
}

/*
 * Whether what there is of it, or the first PROBED bytes of what it becomes, can be unpacked: what has hardly
 * any magic is told from other bytes by that.
 */
static bool unpacks(const struct stream_kind *kind, struct bytes head)
{
    const struct limits limits = {.memory = PROBE_MEMORY};
    uint8_t out[PROBE];
    struct stream s = {.limits = &limits};
    struct stream_piece piece = {head, out, 0};
    enum stream_step step = STREAM_MORE;
    if (!kind->start(&s, false))
        return false;
    for (size_t made = 0; step == STREAM_MORE && piece.room == 0 && made < PROBED; made += PROBE) {
        piece.out = out;
        piece.room = sizeof out;
        step = kind->step(&s, &piece);
    }
    kind->stop(&s);
    return step == STREAM_MORE || step == STREAM_END;
}

/* Two bytes that many a text has too. */
static bool is_zlib(struct bytes head)
{
    return head.len >= 3 && (head.data[0] & 0x0f) == Z_DEFLATED && head.data[0] >> 4 <= 7 &&
           (head.data[0] << 8 | head.data[1]) % 31 == 0 && (head.data[1] & 0x20) == 0 &&
           unpacks(&stream_zlib, head);
}

/* The version and level, then the magic of a block or of the end. */
static bool is_bz2(struct bytes head)
{
    return head.len >= 10 && starts(head, "BZh", 3) && head.data[3] >= '1' && head.data[3] <= '9' &&
           (memcmp(head.data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
            memcmp(head.data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static bool is_xz(struct bytes head)
{
    return starts(head,
                  "\xfd"
                  "7zXZ\0",
                  6);
}

/*
 * No magic: the usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a size that is unknown or
 * thinkable, and the range coder's first byte, which is always 0. The first piece needs no large dictionary.
 */
static bool is_lzma(struct bytes head)
{
    enum { HEADER = 13, DICTIONARY = 1 };
    uint8_t first[PROBE] = {0};
    if (head.len <= HEADER || head.data[0] != 0x5d || head.data[HEADER] != 0)
        return false;
    const uint32_t dictionary = load_u32_le(head.data + DICTIONARY);
    const uint64_t size = load_u64_le(head.data + 5);
    const unsigned ones = (unsigned)__builtin_popcount(dictionary);
    const bool usual = ones == 1 || (ones == 2 && (dictionary & dictionary >> 1) != 0);
    if (!(usual || dictionary == UINT32_MAX) || !(size == UINT64_MAX || size >> 40 == 0))
        return false;
    const size_t n = head.len < sizeof first ? head.len : sizeof first;
    memcpy(first, head.data, n);
    store_u32_le(first + DICTIONARY, PROBED);
    return unpacks(&stream_lzma, bytes_of(first, n));
}

/* zstd and lz4 have frames in common that say nothing; pzstd writes one before each of its own. */
static struct bytes after_skippable(struct bytes head)
{
    while (head.len >= 8 && (load_u32_le(head.data) & 0xfffffff0) == 0x184d2a50 &&
           load_u32_le(head.data + 4) <= head.len - 8) {
        const size_t n = 8 + (size_t)load_u32_le(head.data + 4);
        head = bytes_of(head.data + n, head.len - n);
    }
    return head;
}

static bool is_zstd(struct bytes head)
{
    return starts(after_skippable(head), "\x28\xb5\x2f\xfd", 4);
}

static bool is_lz4(struct bytes head)
{
    return starts(after_skippable(head), "\x04\x22\x4d\x18", 4);
}

/* joblib before 0.10: "ZF", the length as hexadecimal text in 19 characters, perhaps a blank, then zlib. */
enum { ZFILE_HEADER = 2 + 19 };

static size_t zfile_prefix(struct bytes in)
{
    return ZFILE_HEADER + (in.len > ZFILE_HEADER && in.data[ZFILE_HEADER] == ' ');
}

static bool is_zfile(struct bytes head)
{
    const size_t n = zfile_prefix(head);
    return starts(head, "ZF0x", 4) && head.len > n && is_zlib(bytes_of(head.data + n, head.len - n));
}

static const struct packing packings[] = {
    {"gzip", &stream_gzip, is_gzip, NULL, true},     {"bz2", &stream_bz2, is_bz2, NULL, true},
    {"xz", &stream_xz, is_xz, NULL, true},           {"zstd", &stream_zstd, is_zstd, NULL, true},
    {"lz4", &stream_lz4, is_lz4, NULL, true},        {"lzma", &stream_lzma, is_lzma, NULL, false},
    {"zlib", &stream_zlib, is_zlib, NULL, false},    {"zfile", &stream_zlib, is_zfile, zfile_prefix, false},
    {"deflate", &stream_deflate, NULL, NULL, false},
};

const struct packing *packing_find(struct bytes head)
{
    for (size_t i = 0; i < ROWS(packings); i++)
        if (packings[i].begins != NULL && packings[i].begins(head))
            return &packings[i];
    return NULL;
}

const struct packing *packing_by_name(const char *name)
{
    for (size_t i = 0; i < ROWS(packings); i++)
        if (strcmp(packings[i].name, name) == 0)
            return &packings[i];
    return NULL;
}

const char *packing_name(const struct packing *packing)
{
    return packing->name;
}

/* ---- undoing ---- */

struct work {
    const struct packing *packing;
    struct bytes in;
    struct stream stream;
    struct stream_piece piece;
    struct error *damage;
};

static size_t place(const struct work *w)
{
    return w->in.len - w->piece.in.len;
}

/* Whether another stream follows: w->piece.in is then at its start. Zeros between and after are padding. */
static bool next_stream(struct work *w)
{
    if (!w->packing->repeats)
        return false;
    struct bytes rest = w->piece.in;
    while (rest.len > 0 && rest.data[0] == 0)
        rest = bytes_of(rest.data + 1, rest.len - 1);
    const bool more = rest.len > 0 && w->packing->begins(rest);
    if (more || rest.len == 0)
        w->piece.in = rest;
    return more;
}

/* What a step that gave no success means. True: the stream is damaged. */
static bool explain(struct work *w, enum stream_step step, struct error *err)
{
    const char *name = w->packing->name;
    if (step == STREAM_NO_MEMORY)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to inflate the body");
    if (step == STREAM_TOO_MUCH)
        return FAIL_LIMIT(err, "memory", w->stream.limits->memory,
                          "the %s stream needs more memory than one exchange may take", name);
    error_set(w->damage, ERR_SYNTAX, place(w),
              step == STREAM_BROKEN ? "the %s stream is broken" : "the %s stream ends too early", name);
    return true;
}

/* True: to the end, or to the damage. */
static bool run(struct work *w, struct spool *out, struct error *err)
{
    uint8_t piece[PIECE];
    for (;;) {
        const size_t before = w->piece.in.len;
        w->piece.out = piece;
        w->piece.room = sizeof piece;
        const enum stream_step step = w->packing->kind->step(&w->stream, &w->piece);
        const size_t got = sizeof piece - w->piece.room;
        if (!spool_write(out, piece, got, err))
            return false;
        if (step == STREAM_END) {
            if (!next_stream(w))
                return true;
            if (!w->packing->kind->start(&w->stream, true))
                return explain(w, STREAM_NO_MEMORY, err);
        } else if (step != STREAM_MORE || (got == 0 && w->piece.in.len == before)) {
            return explain(w, step, err);
        }
    }
}

bool packing_into(const struct packing *packing, struct bytes in, const struct limits *limits,
                  struct spool *out, size_t *used, struct error *damage, struct error *err)
{
    const size_t prefix = packing->prefix == NULL ? 0 : packing->prefix(in);
    const size_t skipped = prefix < in.len ? prefix : in.len;
    struct work w = {.packing = packing, .in = in, .stream.limits = limits, .damage = damage};
    w.piece.in = bytes_of(in.data + skipped, in.len - skipped);
    if (!packing->kind->start(&w.stream, false))
        return explain(&w, STREAM_NO_MEMORY, err);
    const bool ok = run(&w, out, err);
    packing->kind->stop(&w.stream);
    *used = place(&w);
    return ok;
}

static void drop_spool(void *arg)
{
    spool_deinit(arg);
}

/* What is short lies in the arena: an archive may have many of it, which together have one limit. */
static bool keep_in_arena(struct spool *spool, struct arena *arena, struct bytes *bytes, struct error *err)
{
    *bytes = arena_copy(arena, *bytes);
    spool_deinit(spool);
    return bytes->data != NULL || arena_fail(arena, err);
}

bool packing_unpack(const struct packing *packing, struct bytes in, const struct limits *limits,
                    struct arena *arena, struct unpacked *out, struct error *err)
{
    struct unpacked u = {0};
    struct input whole;
    struct spool *spool = arena_alloc(arena, 1, sizeof *spool);
    if (spool == NULL)
        return arena_fail(arena, err);
    spool_init(spool, limits->body_memory, "inflated", limits->inflated);
    spool->watch = arena->watch;
    if (!arena_defer(arena, drop_spool, spool))
        return arena_fail(arena, err);
    if (!packing_into(packing, in, limits, spool, &u.used, &u.damage, err) ||
        !spool_finish(spool, &whole, err))
        return false;
    u.bytes = whole.bytes;
    if (spool->fd < 0 && !keep_in_arena(spool, arena, &u.bytes, err))
        return false;
    spool_close(spool);
    *out = u;
    return true;
}

bool packing_open(const struct packing *packing, struct bytes in, const struct limits *limits,
                  struct arena *arena, struct bytes *out, struct error *err)
{
    struct unpacked u;
    if (!packing_unpack(packing, in, limits, arena, &u, err))
        return false;
    if (u.damage.kind != ERR_NONE)
        return FAIL(err, u.damage.kind, u.damage.offset, "%s", u.damage.detail);
    *out = u.bytes;
    return true;
}
