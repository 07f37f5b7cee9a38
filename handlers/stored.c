#include "stored.h"

#include "conditions.h"
#include "negotiate.h"
#include "number.h"
#include "params.h"

enum { SETTLED_S = 2 };

bool stored_find(const struct request *request, struct stored *out, struct error *err)
{
    if (request->service->store == NULL)
        return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "this server has no data folder");
    *out = (struct stored){.path = bytes_text("/")};
    param_text(request, "path", &out->path);
    return store_open(request->service->store, request->name, request->arena, &out->file, err);
}

/* What is not read part by part is decoded as a whole, which is as heavy as a conversion. */
static bool admit(const struct request *request, const struct codec *codec, struct error *err)
{
    return codec->by_parts || request->service->admit == NULL || request->service->admit(request, err);
}

bool stored_open(const struct request *request, struct stored *s, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct limits *limits = request->service->limits;
    return param_options(request, &options, err) &&
           negotiate_file(request->name, &s->file.input, limits, request->arena, &s->source, err) &&
           admit(request, s->source.codec, err) &&
           source_open(&s->source, options, request, &s->document, reply, err);
}

void stored_guard(const struct stored *s, struct reply *reply)
{
    if (reply->kind == REPLY_FILE && reply->fd == s->file.input.fd)
        reply->state = (struct store_state){s->file.input.size, s->file.modified};
}

/* FNV-1a: tells queries of one client apart; nobody gains by making two of them equal. */
static uint64_t hash(uint64_t h, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ text.data[i]) * 0x100000001b3;
    return (h ^ 0x100) * 0x100000001b3;
}

/* The tag of what this request asks of a file with that tag: "FILE-REQUEST". */
static const char *request_etag(const struct request *request, const char *file, const struct codec *format)
{
    uint64_t h = hash(0xcbf29ce484222325, bytes_text(request->service->version));
    h = hash(hash(h, request->path), bytes_text(format->name));
    for (size_t i = 0; i < request->query_count; i++)
        h = hash(hash(h, request->query[i].name), request->query[i].value);
    const size_t n = strlen(file) - 1;
    char *etag = arena_alloc(request->arena, 1, n + sizeof "-0123456789abcdef\"");
    if (etag == NULL)
        return NULL;
    memcpy(etag, file, n);
    etag[n] = '-';
    number_write_hex(h, etag + n + 1);
    etag[n + 17] = '"';
    return etag;
}

/*
 * The strong entity tag of what this request asks of the file: the file's identity, the query, and the format
 * of the answer. In the arena; NULL: no memory.
 */
static const char *stored_etag(const struct request *request, const struct stored *s,
                               const struct codec *format)
{
    return request_etag(request, s->file.etag, format);
}

/*
 * The answer that was kept for the file as it is now: one look instead of opening it. Conditions are left to
 * stored_find(), which knows that the file is ours.
 */
static bool recall(const struct request *request, const struct codec *format, struct reply *reply)
{
    const struct service *service = request->service;
    char file[STORE_ETAG];
    if (service->recall == NULL || service->store == NULL || conditions_sent(request) ||
        !store_look(service->store, request->name, file))
        return false;
    const char *etag = request_etag(request, file, format);
    return etag != NULL && service->recall(request, etag, reply);
}

/* A file that was written just now may be written again within the same tick of the clock: same ETag. */
static bool settled(const struct stored *s)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - s->file.modified.tv_sec > SETTLED_S;
}

bool stored_check(const struct request *request, const struct codec *format, bool varies, struct stored *out,
                  struct reply *reply, bool *done, struct error *err)
{
    *done = recall(request, format, reply);
    if (*done)
        return true;
    if (!stored_find(request, out, err))
        return false;
    const char *etag = stored_etag(request, out, format);
    if (etag == NULL)
        return arena_fail(request->arena, err);
    if (varies)
        reply_header(reply, "Vary", "Accept");
    if (!conditions_check(request, etag, NULL, reply, done, err))
        return false;
    reply->keep = !*done && settled(out);
    return true;
}
