#include "answer.h"
#include "conditions.h"
#include "params.h"
#include "range.h"
#include "routes.h"
#include "stored.h"

/* ISO 8601, as JSON has no dates. */
static struct value *timestamp(const struct timespec *when, struct arena *arena)
{
    struct tm tm;
    char text[40];
    if (gmtime_r(&when->tv_sec, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return value_new(arena, VALUE_NONE);
    const struct bytes copy = arena_copy(arena, bytes_text(text));
    return copy.data == NULL ? NULL : value_str(arena, copy);
}

static struct value *describe(const struct store_entry *e, struct arena *arena)
{
    const struct codec *codec = codec_by_file_name(e->name);
    struct dict d = dict_make(arena);
    dict_str(&d, "name", e->name);
    dict_uint(&d, "size", e->size);
    dict_put(&d, "modified", timestamp(&e->modified, arena));
    dict_text(&d, "etag", e->etag);
    if (codec != NULL)
        dict_text(&d, "format", codec->name);
    else
        dict_put(&d, "format", value_new(arena, VALUE_NONE));
    return d.failed ? NULL : d.value;
}

/* One page: {"files": [...], "next": the value of after= for the next page, or null}. */
bool list_files(const struct request *request, struct reply *reply, struct error *err)
{
    struct arena *arena = request->arena;
    const struct limits *limits = request->service->limits;
    uint64_t limit = limits->listing < 1000 ? limits->listing : 1000;
    struct bytes prefix = {0}, after = {0};
    struct store_entry *entries = NULL;
    size_t found = 0;
    bool more = false;
    param_text(request, "prefix", &prefix);
    param_text(request, "after", &after);
    if (!param_number(request, "limit", 1, limits->listing, &limit, err))
        return false;
    if (request->service->store != NULL && !store_list(request->service->store, request->grant, prefix, after,
                                                       limit, arena, &entries, &found, &more, err))
        return false;
    struct value *list = value_new(arena, VALUE_LIST), *root;
    for (size_t i = 0; list != NULL && i < found; i++) {
        struct value *entry = describe(&entries[i], arena);
        if (entry == NULL || !value_append(arena, &list->list, entry))
            list = NULL;
    }
    struct dict d = dict_make(arena);
    dict_put(&d, "files", list);
    if (more)
        dict_str(&d, "next", entries[found - 1].name);
    else
        dict_put(&d, "next", value_new(arena, VALUE_NONE));
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}

/* 416 with the size that there is (RFC 9110 section 15.5.17). */
static bool answer_no_range(const struct request *request, uint64_t size, struct reply *reply,
                            struct error *err)
{
    struct error why = {0};
    error_set(&why, ERR_RANGE, ERROR_NO_OFFSET, "the file has %llu bytes", (unsigned long long)size);
    const char *range = arena_printf(request->arena, "bytes */%llu", (unsigned long long)size);
    if (range == NULL)
        return arena_fail(request->arena, err);
    problem_reply(&why, request, reply);
    reply_header(reply, "Content-Range", range);
    return true;
}

static bool answer_part(const struct request *request, const struct range *range, uint64_t size,
                        struct reply *reply, struct error *err)
{
    const char *text =
        arena_printf(request->arena, "bytes %llu-%llu/%llu", (unsigned long long)range->start,
                     (unsigned long long)(range->start + range->length - 1), (unsigned long long)size);
    if (text == NULL)
        return arena_fail(request->arena, err);
    reply->status = 206;
    reply->offset = range->start;
    reply->size = range->length;
    reply_header(reply, "Content-Range", text);
    return true;
}

bool get_file(const struct request *request, struct reply *reply, struct error *err)
{
    struct stored s;
    bool done = false;
    if (!stored_find(request, &s, err))
        return false;
    const uint64_t size = s.file.input.size;
    const char *etag = arena_printf(request->arena, "%s", s.file.etag);
    const struct codec *codec = codec_by_file_name(request->name);
    if (etag == NULL)
        return arena_fail(request->arena, err);
    reply_header(reply, "Accept-Ranges", "bytes");
    if (!conditions_check(request, etag, &s.file.modified, reply, &done, err) || done)
        return done;
    reply_header(reply, "Content-Type", codec == NULL ? "application/octet-stream" : codec->media_types[0]);
    if (codec == NULL) /* a page or a picture with scripts: a browser is to save it, not to show it */
        reply_header(reply, "Content-Disposition", "attachment");
    reply->status = 200;
    reply->kind = REPLY_FILE;
    reply->fd = s.file.input.fd;
    reply->size = size;
    stored_guard(&s, reply);
    struct range range;
    const char *header = request->header(request->headers, "Range");
    if (header == NULL || !conditions_range(request, etag, &s.file.modified))
        return true;
    switch (range_parse(header, size, &range)) {
    case RANGE_WHOLE:
        return true;
    case RANGE_PART:
        return answer_part(request, &range, size, reply, err);
    case RANGE_NONE:
        break;
    }
    return answer_no_range(request, size, reply, err);
}
