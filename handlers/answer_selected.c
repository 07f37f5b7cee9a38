#include <stdio.h>

#include "answer.h"

enum { TYPESTR_MAX = 48, SHAPE_MAX = 21 * DTYPE_MAX_NDIM };

static bool put_shape(const struct array *a, struct arena *arena, struct reply *reply, struct error *err)
{
    char *text = arena_alloc(arena, 1, SHAPE_MAX + 1);
    if (text == NULL)
        return arena_fail(arena, err);
    size_t n = 0;
    for (unsigned i = 0; i < a->ndim; i++)
        n += (size_t)snprintf(text + n, SHAPE_MAX + 1 - n, "%s%llu", i == 0 ? "" : ",",
                              (unsigned long long)a->shape[i]);
    reply_header(reply, "X-Mandoline-Shape", text);
    return true;
}

/* What raw bytes don't say themselves. A record's dtype is "|V24"; meta has its fields. */
static bool put_headers(const struct array *a, const struct dtype *little, struct arena *arena,
                        struct reply *reply, struct error *err)
{
    char *text = arena_alloc(arena, 1, TYPESTR_MAX);
    if (text == NULL)
        return arena_fail(arena, err);
    dtype_typestr(little, text);
    reply_header(reply, "X-Mandoline-Dtype", text);
    return put_shape(a, arena, reply, err);
}

/*
 * Raw elements. Their number is known, so is the length of the answer; and where they lie in the file as they
 * are sent, the kernel sends them.
 */
static bool answer_raw(const struct request *request, const struct codec *codec, struct value *v,
                       const struct codec_options *options, struct reply *reply, struct error *err)
{
    const struct array *a = v->array;
    const struct limits *limits = request->service->limits;
    uint64_t size;
    const struct dtype *little = dtype_little(&a->dtype, request->arena);
    if (little == NULL)
        return arena_fail(request->arena, err);
    if (!array_size(a, &size) || size > limits->output)
        return FAIL_LIMIT(err, "output", limits->output, "the answer would be longer than %llu bytes",
                          (unsigned long long)limits->output);
    if (!put_headers(a, little, request->arena, reply, err) ||
        !answer_value(request, codec, v, options, reply, err))
        return false;
    reply->size = size;
    if (dtype_is_flat(&a->dtype) && dtype_equal(&a->dtype, little) && size > 0 &&
        array_extent(a, &reply->fd, &reply->offset, &reply->size))
        reply->kind = REPLY_FILE;
    return true;
}

bool answer_selected(const struct request *request, const struct codec *format, struct value *v,
                     const struct codec_options *options, struct reply *reply, struct error *err)
{
    if (v->kind == VALUE_ARRAY && strcmp(format->name, "bin") == 0)
        return answer_raw(request, format, v, options, reply, err);
    return answer_value(request, format, v, options, reply, err);
}
