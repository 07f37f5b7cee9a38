/* Streams by every packing, and archives with all of their members by both headers. */
#include "archive.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const struct error *err)
{
    if (ok != (err->kind == ERR_NONE))
        abort(); /* a failure says why */
}

static void undo(const struct packing *packing, struct bytes in, const struct limits *limits)
{
    struct arena arena;
    struct error err = {0};
    struct unpacked u;
    arena_init(&arena, limits->memory);
    const bool ok = packing_unpack(packing, in, limits, &arena, &u, &err);
    check(ok, &err);
    if (ok && (u.used > in.len || u.bytes.len > limits->inflated))
        abort();
    arena_free(&arena);
}

static void open_member(struct archive *a, const struct archive_member *m, const struct archive_header *by,
                        const struct limits *limits, struct arena *arena)
{
    struct error err = {0};
    struct unpacked u;
    const bool ok = archive_open(a, m, by, limits, arena, &u, &err);
    check(ok, &err);
    if (ok)
        (void)archive_crc_holds(by, u.bytes);
}

static void unzip(struct bytes in, const struct limits *limits)
{
    struct arena arena;
    struct error err = {0};
    struct archive a = {0};
    arena_init(&arena, limits->memory);
    check(archive_read(in, limits, &arena, &a, &err), &err);
    for (size_t i = 0; i < a.count; i++) {
        open_member(&a, &a.members[i], &a.members[i].central, limits, &arena);
        open_member(&a, &a.members[i], &a.members[i].local, limits, &arena);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"gzip", "bz2",  "xz",    "zstd",   "lz4",
                                        "lzma", "zlib", "zfile", "deflate"};
    struct limits limits = limits_default;
    limits.inflated = 1 << 20;
    limits.memory = 16 << 20;
    limits.members = 1000;
    const struct bytes in = bytes_of(data, size);
    const struct packing *found = packing_find(in);
    if (found != NULL)
        undo(found, in, &limits);
    else if (size > 0)
        undo(packing_by_name(names[data[0] % ROWS(names)]), bytes_of(data + 1, size - 1), &limits);
    unzip(in, &limits);
    return 0;
}
