/* What the members of a zip archive hold. */
#include "archive.h"

#include <zlib.h>

/* 4.4.5 of APPNOTE.TXT */
static const struct {
    uint16_t method;
    const char *packing;
} methods[] = {{8, "deflate"}, {12, "bz2"}, {93, "zstd"}, {95, "xz"}};

static bool account(struct archive *a, uint64_t n, const struct limits *limits, struct error *err)
{
    if (n > limits->inflated - a->inflated)
        return FAIL_LIMIT(err, "inflated", limits->inflated, "the members are longer than %llu bytes",
                          (unsigned long long)limits->inflated);
    a->inflated += n;
    return true;
}

bool archive_open(struct archive *a, const struct archive_member *member, const struct archive_header *by,
                  const struct limits *limits, struct arena *arena, struct unpacked *out, struct error *err)
{
    size_t n = member->packed;
    /* The two headers may count differently: what the one says need not be what member->packed was told. */
    if (by == &member->local && member->central.there && by->packed_size != 0)
        n = by->packed_size < a->in.len - member->data ? (size_t)by->packed_size : a->in.len - member->data;
    const struct bytes packed = bytes_of(a->in.data + member->data, n);
    if (by->method == 0) {
        *out = (struct unpacked){.bytes = packed, .used = packed.len};
        return true;
    }
    for (size_t i = 0; i < ROWS(methods); i++) {
        if (methods[i].method != by->method)
            continue;
        struct limits left = *limits;
        left.inflated = limits->inflated - a->inflated;
        struct error failed = {0};
        if (!packing_unpack(packing_by_name(methods[i].packing), packed, &left, arena, out, &failed)) {
            if (failed.kind == ERR_LIMIT && strcmp(failed.limit, "inflated") == 0)
                return account(a, UINT64_MAX, limits, err);
            if (err->kind == ERR_NONE)
                *err = failed;
            return false;
        }
        return account(a, out->bytes.len, limits, err);
    }
    return FAIL(err, ERR_UNSUPPORTED, member->data, "compression method %u of the member is not known",
                by->method);
}

bool archive_crc_holds(const struct archive_header *by, struct bytes content)
{
    return crc32_z(0, content.data, content.len) == by->crc;
}
