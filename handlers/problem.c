#include "problem.h"

#include "utf8.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* What the document may take of the arena after the exchange has used up its budget. */
enum { ALLOWANCE = 16 << 10, DOCUMENT_MAX = 4 << 10, BRIEF_TEXT = 256 };

const struct problem problems[ERR_KIND_COUNT] = {
    [ERR_NONE] = {500, "internal", "The server made a mistake"},
    [ERR_SYNTAX] = {400, "malformed-input", "The input does not follow its format"},
    [ERR_ARGUMENT] = {400, "bad-parameter", "A parameter of the request is wrong"},
    [ERR_UNSUPPORTED] = {422, "unsupported", "The input uses something that cannot be read here"},
    [ERR_UNREPRESENTABLE] = {422, "unrepresentable", "The target format cannot hold this"},
    [ERR_NOT_FOUND] = {404, "not-found", "There is nothing by that name"},
    [ERR_FORMAT] = {415, "unknown-format", "The format of the input cannot be read"},
    [ERR_NOT_ACCEPTABLE] = {406, "not-acceptable", "None of the formats asked for can be written"},
    [ERR_LIMIT] = {413, "too-large", "A limit of this server was reached"},
    [ERR_UNAUTHORIZED] = {401, "unauthorized", "It is not known who is asking"},
    [ERR_FORBIDDEN] = {403, "forbidden", "Whoever is asking may not do this"},
    [ERR_METHOD] = {405, "method-not-allowed", "This endpoint does not know the method"},
    [ERR_PRECONDITION] = {412, "precondition-failed", "The resource is not in the state that was asked for"},
    [ERR_RANGE] = {416, "range-not-satisfiable", "The resource ends before the range begins"},
    [ERR_BUSY] = {429, "busy", "The server is busy: try again later"},
    [ERR_DIED] = {503, "worker-died", "The process that worked on this document ended"},
    [ERR_WRITTEN] = {503, "being-written", "The file is being written: try again later"},
    [ERR_COSTLY] = {422, "too-costly", "The document takes more than this server spends on one"},
    [ERR_SLOW] = {408, "too-slow", "The request did not arrive in time"},
    [ERR_TIME] = {504, "request-time", "The request took longer than this server works on one"},
    [ERR_GONE] = {499, "client-gone", "The client closed the connection"}, /* for the log alone */
    [ERR_FULL] = {503, "no-room", "The server has no room left to keep the body"},
    [ERR_IO] = {500, "io", "Reading or writing failed"},
    [ERR_MEMORY] = {503, "out-of-memory", "The server has no memory left"},
    [ERR_INTERNAL] = {500, "internal", "The server made a mistake"},
};

unsigned problem_status(enum error_kind kind)
{
    return problems[kind].status;
}

const char *problem_slug(enum error_kind kind)
{
    return problems[kind].slug;
}

/* Client bytes may stand in a sentence, cut anywhere: what is not UTF-8 becomes '?'. */
static void add_text(cJSON *document, const char *name, const char *text)
{
    char clean[512];
    struct bytes left = bytes_text(text);
    size_t n = 0;
    while (left.len > 0 && n + 1 < sizeof clean) {
        const size_t valid = utf8_valid(left);
        const size_t room = sizeof clean - 1 - n;
        const size_t take = valid == 0 ? 1 : valid < room ? valid : room;
        memcpy(clean + n, valid == 0 ? (const void *)"?" : left.data, take);
        n += take;
        left = bytes_of(left.data + take, left.len - take);
    }
    clean[utf8_valid(bytes_of(clean, n))] = '\0';
    cJSON_AddStringToObject(document, name, clean);
}

/* The names of the formats that can be read, or written. */
static void add_formats(cJSON *document, enum error_kind kind)
{
    if (kind != ERR_FORMAT && kind != ERR_NOT_ACCEPTABLE)
        return;
    cJSON *list = cJSON_AddArrayToObject(document, "formats");
    for (const struct codec *const *c = codecs; *c != NULL; c++)
        if (kind == ERR_FORMAT ? codec_reads(*c) : codec_writes(*c))
            cJSON_AddItemToArray(list, cJSON_CreateStringReference((*c)->name));
}

const char *problem_type(const struct request *request, enum error_kind kind)
{
    const char *base = request->origin.base;
    return arena_printf(request->arena, "%s/problems/%s", base == NULL ? "" : base, problems[kind].slug);
}

static cJSON *describe(const struct error *err, const struct request *request)
{
    const struct problem *p = &problems[err->kind];
    const char *type = problem_type(request, err->kind);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "type", type == NULL ? "about:blank" : type);
    cJSON_AddStringToObject(document, "title", p->title);
    cJSON_AddNumberToObject(document, "status", p->status);
    if (err->detail[0] != '\0')
        add_text(document, "detail", err->detail);
    if (request->id != NULL)
        add_text(document, "instance", request->id);
    if (err->offset != ERROR_NO_OFFSET)
        cJSON_AddNumberToObject(document, "offset", (double)err->offset);
    if (err->pointer[0] != '\0')
        add_text(document, "pointer", err->pointer);
    if (err->limit != NULL) {
        cJSON_AddStringToObject(document, "limit", err->limit);
        cJSON_AddNumberToObject(document, "limit_value", (double)err->limit_value);
    }
    add_formats(document, err->kind);
    return document;
}

/* Visible ASCII, as ids and bases are, inside a JSON text. */
static void escape(const char *text, char out[2 * BRIEF_TEXT + 1])
{
    size_t n = 0;
    for (size_t i = 0; text != NULL && strnlen(text, BRIEF_TEXT + 1) <= BRIEF_TEXT && text[i] != '\0'; i++) {
        if (text[i] == '"' || text[i] == '\\')
            out[n++] = '\\';
        out[n++] = text[i];
    }
    out[n] = '\0';
}

size_t problem_brief(enum error_kind kind, const char *base, const char *id, char out[PROBLEM_BRIEF])
{
    const struct problem *p = &problems[kind];
    char instance[2 * BRIEF_TEXT + 1];
    const bool fits = base != NULL && strnlen(base, BRIEF_TEXT + 1) <= BRIEF_TEXT;
    escape(id, instance);
    const bool known = instance[0] != '\0';
    return (size_t)snprintf(out, PROBLEM_BRIEF,
                            "{\"type\":\"%s/problems/%s\",\"title\":\"%s\",\"status\":%u%s%s%s}",
                            fits ? base : "", p->slug, p->title, p->status, known ? ",\"instance\":\"" : "",
                            instance, known ? "\"" : "");
}

static void document_free(cJSON **document)
{
    cJSON_Delete(*document);
}

void problem_reply(const struct error *err, const struct request *request, struct reply *reply)
{
    struct arena *arena = request->arena;
    const struct problem *p = &problems[err->kind];
    *reply = (struct reply){.status = p->status, .kind = REPLY_BYTES, .fd = -1};
    reply_header(reply, "Content-Type", "application/problem+json");
    arena_allow(arena, ALLOWANCE);
    if (err->kind == ERR_BUSY || err->kind == ERR_DIED || err->kind == ERR_FULL || err->kind == ERR_MEMORY ||
        err->kind == ERR_WRITTEN) {
        const char *seconds = err->retry_s > 1 ? arena_printf(arena, "%u", err->retry_s) : NULL;
        reply_header(reply, "Retry-After", seconds == NULL ? "1" : seconds);
    }
    char *text = arena_alloc(arena, 1, DOCUMENT_MAX);
    AUTO(document_free) cJSON *document = text == NULL ? NULL : describe(err, request);
    if (document != NULL && cJSON_PrintPreallocated(document, text, DOCUMENT_MAX, false)) {
        reply->bytes = bytes_text(text);
        return;
    }
    reply->status = problems[ERR_MEMORY].status;
    if (request->spare == NULL) {
        reply->kind = REPLY_EMPTY;
        return;
    }
    const size_t n = problem_brief(ERR_MEMORY, request->origin.base, request->id, request->spare);
    reply->bytes = bytes_of(request->spare, n);
}

const char *link_to(const struct request *request, const char *path)
{
    const char *base = request->origin.base;
    return base == NULL || base[0] == '\0' ? path : arena_printf(request->arena, "%s%s", base, path);
}

bool reply_header(struct reply *reply, const char *name, const char *value)
{
    if (reply->header_count == REPLY_HEADERS_MAX)
        return false;
    reply->headers[reply->header_count].name = name;
    reply->headers[reply->header_count++].value = value;
    return true;
}
