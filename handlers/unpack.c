#include "unpack.h"

#include "packing.h"

enum { GLANCE = 64, HEAD = 4096 }; /* few documents are wrapped: a glance at the others is enough */

static bool claims(const struct codec *codec, struct bytes head)
{
    return codec == NULL ? codec_by_content(head) != NULL : codec->sniff != NULL && codec->sniff(head) > 0;
}

/* The wrapper of s->input; NULL: there is none. */
static bool find_wrapper(const struct source *s, struct arena *arena, const struct packing **out,
                         struct error *err)
{
    struct bytes head;
    if (!input_head(&s->input, GLANCE, arena, &head, err))
        return false;
    *out = packing_find(head);
    if (*out == NULL)
        return true;
    if (!input_head(&s->input, HEAD, arena, &head, err))
        return false;
    *out = claims(s->codec, head) ? NULL : packing_find(head);
    return true;
}

static bool undo(struct source *s, const struct packing *packing, const struct limits *limits,
                 struct arena *arena, struct error *err)
{
    struct bytes in;
    struct unpacked u;
    if (!input_bytes(&s->input, arena, &in, err) || !packing_unpack(packing, in, limits, arena, &u, err))
        return false;
    if (u.damage.kind != ERR_NONE)
        return FAIL(err, u.damage.kind, u.damage.offset, "%s", u.damage.detail);
    const char *name = packing_name(packing);
    s->unpacked = s->unpacked == NULL ? name : arena_printf(arena, "%s, %s", s->unpacked, name);
    s->trailing += in.len - u.used;
    s->input = input_of_bytes(u.bytes);
    return s->unpacked != NULL || arena_fail(arena, err);
}

/* "a.csv.gz" is a.csv once it is unpacked. */
static struct bytes without_extension(struct bytes name)
{
    const size_t dot = bytes_behind(name, '.');
    return dot == 0 ? name : bytes_of(name.data, dot - 1);
}

static const struct codec *readable(const struct codec *codec)
{
    return codec != NULL && codec_reads(codec) ? codec : NULL;
}

static bool find_codec(struct source *s, struct bytes name, struct arena *arena, struct error *err)
{
    struct bytes head;
    if (s->codec == NULL && s->unpacked != NULL)
        s->codec = readable(codec_by_file_name(name));
    if (s->codec != NULL)
        return true;
    if (!input_head(&s->input, HEAD, arena, &head, err))
        return false;
    s->codec = codec_by_content(head);
    return true;
}

bool unpack_source(struct source *s, struct bytes name, const struct limits *limits, struct arena *arena,
                   struct error *err)
{
    for (unsigned depth = 0;; depth++) {
        const struct packing *packing;
        if (!find_wrapper(s, arena, &packing, err))
            return false;
        if (packing == NULL)
            return find_codec(s, name, arena, err);
        if (depth == PACKING_DEPTH)
            return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET,
                        "the document is packed in more than %d layers", PACKING_DEPTH);
        if (!undo(s, packing, limits, arena, err))
            return false;
        name = without_extension(name);
    }
}

static bool put_number(const char *name, uint64_t n, struct arena *arena, struct reply *reply,
                       struct error *err)
{
    const char *text = arena_printf(arena, "%llu", (unsigned long long)n);
    return (text != NULL && reply_header(reply, name, text)) || arena_fail(arena, err);
}

static bool unpack_headers(const struct source *s, const struct document *document, struct arena *arena,
                           struct reply *reply, struct error *err)
{
    const uint64_t trailing = s->trailing + document->trailing;
    if (s->unpacked != NULL)
        reply_header(reply, "X-Mandoline-Unpacked", s->unpacked);
    return (document->parts < 2 || put_number("X-Mandoline-Pickles", document->parts, arena, reply, err)) &&
           (trailing == 0 || put_number("X-Mandoline-Trailing-Bytes", trailing, arena, reply, err));
}

bool source_open(const struct source *s, const struct codec_options *options, const struct request *request,
                 struct document *out, struct reply *reply, struct error *err)
{
    struct codec_options *with = arena_alloc(request->arena, 1, sizeof *with);
    if (with == NULL)
        return arena_fail(request->arena, err);
    if (s->buffer_count > 0 && !s->codec->takes_buffers)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "the body has %zu parts: %s takes one, and a pickle its buffers as further ones",
                    s->buffer_count + 1, s->codec->name);
    *with = *options;
    with->buffers = s->buffers;
    with->buffer_count = s->buffer_count;
    return codec_open(s->codec, &s->input, with, request->service->limits, request->arena, out, err) &&
           unpack_headers(s, out, request->arena, reply, err);
}
