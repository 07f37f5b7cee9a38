#include "coding.h"

#include <strings.h>

#include "packing.h"

struct coding {
    const char *name, *packing;
};

static const struct coding codings[] = {
    {"identity", NULL}, {"gzip", "gzip"}, {"x-gzip", "gzip"}, {"deflate", "zlib"}, {"zstd", "zstd"},
};

const struct coding *coding_find(const char *header)
{
    if (header == NULL || header[0] == '\0')
        return &codings[0];
    for (size_t i = 0; i < ROWS(codings); i++)
        if (strcasecmp(header, codings[i].name) == 0)
            return &codings[i];
    return NULL;
}

bool coding_is_identity(const struct coding *coding)
{
    return coding->packing == NULL;
}

/* HTTP says zlib (RFC 1950); some clients send the raw stream (RFC 1951), which has no such header. */
static bool is_raw(const struct coding *coding, struct bytes body)
{
    enum { DEFLATED = 8 };
    const bool zlib =
        body.len >= 2 && (body.data[0] & 0x0f) == DEFLATED && (body.data[0] << 8 | body.data[1]) % 31 == 0;
    return strcmp(coding->packing, "zlib") == 0 && !zlib;
}

bool coding_undo(const struct coding *coding, struct bytes body, const struct limits *limits,
                 struct spool *out, struct error *err)
{
    const struct packing *packing = packing_by_name(is_raw(coding, body) ? "deflate" : coding->packing);
    struct error damage = {0};
    size_t used;
    if (!packing_into(packing, body, limits, out, &used, &damage, err))
        return false;
    if (damage.kind == ERR_NONE && used == body.len)
        return true;
    return FAIL(err, ERR_SYNTAX, damage.kind == ERR_NONE ? used : damage.offset,
                "the body is not what Content-Encoding says it is");
}
