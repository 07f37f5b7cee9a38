
#include "query.h"
#include "answer.h"
#include "negotiate.h"
#include "params.h"
#include "parts.h"
#include "routes.h"
#include "stored.h"

/* ---- one selection of the document ---- */

/* A text, or a list of texts of which the caller joins what he wants. */
static bool text_of(const struct value *v, const char *member, struct bytes *out, struct error *err)
{
    if (v->kind != VALUE_STR)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s is a text", member);
    *out = v->text;
    return true;
}

static bool fields_of(const struct value *v, struct arena *arena, struct part *part, struct error *err)
{
    const bool one = v->kind == VALUE_STR;
    const size_t count = one ? 1 : v->kind == VALUE_LIST ? v->list.count : 0;
    struct bytes *names = arena_alloc(arena, count, sizeof *names);
    if (count == 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "fields is a name, or a list of names");
    if (names == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < count; i++)
        if (!text_of(one ? v : v->list.items[i], "each of fields", &names[i], err))
            return false;
    part->fields = names;
    part->field_count = count;
    return true;
}

/* A text as in the query, or a list of points, an index array, or a mask. */
static bool points_of(struct value *v, struct part *part, struct error *err)
{
    if (v->kind == VALUE_STR)
        return part->points = v->text, true;
    part->index = v;
    return v->kind == VALUE_LIST || v->kind == VALUE_DICT ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "points is a text, an array of indices or a mask, or an object of index arrays");
}

static bool member_of(const struct value_pair *pair, struct arena *arena, struct part *part,
                      struct error *err)
{
    const struct {
        const char *name;
        struct bytes *text;
    } texts[] = {{"path", &part->path}, {"slice", &part->slice}, {"dtype", &part->dtype},
                 {"sel", &part->sel},   {"where", &part->where}, {"format", &part->format}};
    const struct bytes key = pair->key->text;
    if (bytes_is(key, "points"))
        return points_of(pair->value, part, err);
    if (bytes_is(key, "fields"))
        return fields_of(pair->value, arena, part, err);
    for (size_t i = 0; i < ROWS(texts); i++)
        if (bytes_is(key, texts[i].name))
            return text_of(pair->value, texts[i].name, texts[i].text, err);
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "'%.*s' is no member of a selection; there are " QUERY_MEMBERS,
                (int)(key.len < 60 ? key.len : 60), (const char *)key.data);
}

bool query_part(const struct value *v, struct arena *arena, struct part *out, struct error *err)
{
    struct part part = {.path = bytes_text("/")};
    if (v->kind == VALUE_STR)
        part.path = v->text;
    else if (v->kind != VALUE_DICT)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a selection is an object, or a path");
    for (size_t i = 0; v->kind == VALUE_DICT && i < v->dict.count; i++)
        if (!member_of(&v->dict.items[i], arena, &part, err))
            return false;
    *out = part;
    return true;
}

/* ---- all of them ---- */

/* The request document: an object of selections. */
static bool read_query(const struct request *request, const struct value **out, struct error *err)
{
    struct value *v;
    const struct limits *limits = request->service->limits;
    if (request->body.size == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body is empty; it is a JSON object of selections");
    if (!json_format()->decode(&request->body, &codec_options_default, limits, request->arena, &v, err))
        return false;
    if (v->kind != VALUE_DICT || v->dict.count == 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "the body is a JSON object: names, and what is selected for each");
    if (v->dict.count > limits->members)
        return FAIL_LIMIT(err, "members", limits->members, "there are more than %llu selections",
                          (unsigned long long)limits->members);
    *out = v;
    return true;
}

/* In the value as in the request: "/name", with RFC 6901's escapes, in front of the place in its part. */
static void point_at(struct bytes name, struct error *err)
{
    char pointer[sizeof err->pointer];
    size_t n = 0;
    pointer[n++] = '/';
    for (size_t i = 0; i < name.len && n + 3 < sizeof pointer; i++) {
        const char c = (char)name.data[i];
        if (c == '~' || c == '/')
            pointer[n++] = '~';
        pointer[n++] = c == '~' ? '0' : c == '/' ? '1' : c;
    }
    const size_t room = sizeof pointer - n - 1, rest = strnlen(err->pointer, room);
    memcpy(pointer + n, err->pointer, rest);
    pointer[n + rest] = '\0';
    err->pointer[0] = '\0';
    error_set_pointer(err, pointer);
}

/* What each selection is, for one answer: a dict of all, or parts. */
struct answer {
    struct value *all;
    struct parts *parts; /* NULL: all */
};

static bool answer_begin(const struct request *request, const struct codec *format,
                         const struct codec_options *options, size_t count, struct answer *out,
                         struct error *err)
{
    *out = (struct answer){.parts = NULL};
    for (const struct codec *const *c = parts_formats; *c != NULL; c++)
        if (*c == format)
            return parts_new(request, format, options, count, &out->parts, err);
    out->all = value_new(request->arena, VALUE_DICT);
    return out->all != NULL || arena_fail(request->arena, err);
}

static bool answer_add(const struct request *request, const struct document *document,
                       const struct answer *answer, struct value *name, const struct part *part,
                       struct error *err)
{
    struct value *v;
    if (answer->parts != NULL)
        return parts_add(answer->parts, name->text, document, part, err);
    if (part->format.len > 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "a selection has a format of its own in answers of several parts: format=multipart");
    return part_value(request, document, part, &v, err) &&
           (value_put(request->arena, &answer->all->dict, name, v) || arena_fail(request->arena, err));
}

static bool select_all(const struct request *request, const struct document *document,
                       const struct value *query, const struct answer *answer, struct error *err)
{
    for (size_t i = 0; i < query->dict.count; i++) {
        const struct value_pair *pair = &query->dict.items[i];
        struct part part;
        if (!query_part(pair->value, request->arena, &part, err) ||
            !answer_add(request, document, answer, pair->key, &part, err)) {
            point_at(pair->key->text, err);
            return false;
        }
    }
    return true;
}

bool post_query(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct codec *format;
    const struct value *query;
    struct answer answer;
    struct stored s;
    bool varies;
    if (!param_options(request, &options, err) ||
        !negotiate_more(request, "format", parts_formats, &format, &varies, err) ||
        !read_query(request, &query, err) || !stored_find(request, &s, err))
        return false;
    if (varies)
        reply_header(reply, "Vary", "Accept");
    if (!stored_open(request, &s, reply, err) ||
        !answer_begin(request, format, options, query->dict.count, &answer, err) ||
        !select_all(request, &s.document, query, &answer, err))
        return false;
    if (answer.parts == NULL)
        return answer_value(request, format, answer.all, options, reply, err);
    parts_answer(answer.parts, reply);
    return true;
}
