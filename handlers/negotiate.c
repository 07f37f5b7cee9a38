#include "negotiate.h"

#include <strings.h>

#include "answer.h"
#include "multipart.h"
#include "packing.h"

#include "params.h"

enum { FULL = 1000 /* q=1, in thousandths */ };

static bool same(struct bytes a, const char *b)
{
    return a.len == strlen(b) && strncasecmp((const char *)a.data, b, a.len) == 0;
}

/* Cuts what comes before the separator off *rest. False: nothing is left. */
static bool cut(struct bytes *rest, char separator, struct bytes *out)
{
    if (rest->data == NULL)
        return false;
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->data, separator, rest->len);
    const size_t n = at == NULL ? rest->len : (size_t)(at - rest->data);
    *out = bytes_trim(bytes_of(rest->data, n), " \t");
    *rest = at == NULL ? bytes_of(NULL, 0) : bytes_of(at + 1, rest->len - n - 1);
    return true;
}

/* ---- the source ---- */

enum { FORMATS_MAX = 32 };
static const struct codec *const no_more[] = {NULL};

/* All formats, and more; NULL at the end. */
static void list(const struct codec *const *more, const struct codec *out[FORMATS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; codecs[i] != NULL && n + 1 < FORMATS_MAX; i++)
        out[n++] = codecs[i];
    for (size_t i = 0; more[i] != NULL && n + 1 < FORMATS_MAX; i++)
        out[n++] = more[i];
    out[n] = NULL;
}

/* The format that a parameter names. Unknown names list those that there are. */
static bool named(const struct request *request, const char *parameter, const struct codec *const *formats,
                  const struct codec **out, struct error *err)
{
    const char *names[FORMATS_MAX] = {NULL};
    unsigned choice = 0;
    for (size_t i = 0; formats[i] != NULL; i++)
        names[i] = formats[i]->name;
    if (!param_choice(request, parameter, names, &choice, err))
        return false;
    *out = formats[choice];
    return true;
}

static bool readable(const struct codec *codec, struct error *err)
{
    return codec_reads(codec) ||
           FAIL(err, ERR_FORMAT, ERROR_NO_OFFSET, "%s can be written, not read", codec->name);
}

/* Of the format: what is no type, and types of wrappers. */
static bool says_nothing(struct bytes type)
{
    static const char *const types[] = {
        "application/octet-stream", "application/x-www-form-urlencoded",
        "application/gzip",         "application/x-gzip",
        "application/zlib",         "application/x-bzip2",
        "application/x-xz",         "application/x-lzma",
        "application/zstd",         "application/x-lz4",
    };
    for (size_t i = 0; i < ROWS(types); i++)
        if (same(type, types[i]))
            return true;
    return type.len == 0;
}

/* NULL: by content. */
static bool stated(const struct request *request, const struct codec **out, struct error *err)
{
    const char *header = request->header(request->headers, "Content-Type");
    struct bytes rest = bytes_text(header == NULL ? "" : header), type;
    cut(&rest, ';', &type);
    *out = NULL;
    if (param_find(request, "from") != NULL)
        return named(request, "from", codecs, out, err) && readable(*out, err);
    if (says_nothing(type) || multipart_is(header))
        return true;
    *out = codec_by_media_type(type);
    if (*out == NULL)
        return FAIL(err, ERR_FORMAT, ERROR_NO_OFFSET,
                    "a body of type %.60s cannot be read; name its format with from=, or leave Content-Type "
                    "out to have it recognised",
                    header);
    return readable(*out, err);
}

/* The first part is the document, further ones are its buffers. */
static bool take_parts(const struct request *request, const char *type, struct source *s, struct error *err)
{
    struct bytes body;
    const struct bytes *parts;
    size_t count;
    if (!input_bytes(&s->input, request->arena, &body, err) ||
        !multipart_split(type, body, request->service->limits, request->arena, &parts, &count, err))
        return false;
    s->input = input_of_bytes(parts[0]);
    s->buffer_count = count - 1;
    s->buffers = count > 1 ? parts + 1 : NULL;
    return true;
}

bool negotiate_source(const struct request *request, struct source *out, struct error *err)
{
    struct source s = {.input = request->body};
    if (!stated(request, &s.codec, err))
        return false;
    if (s.input.size == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body is empty");
    const char *type = request->header(request->headers, "Content-Type");
    if (multipart_is(type) && !take_parts(request, type, &s, err))
        return false;

    if (!unpack_source(&s, bytes_of(NULL, 0), request->service->limits, request->arena, err))
        return false;
    if (s.input.size == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body is empty once it is unpacked");
    if (s.codec == NULL)
        return FAIL(err, ERR_FORMAT, ERROR_NO_OFFSET,
                    "the format cannot be told from the first bytes; name it with from= or Content-Type");
    *out = s;
    return readable(s.codec, err);
}

bool negotiate_ahead(const struct request *request, struct arrival *out)
{
    enum { HEAD = 4096 };
    struct bytes head;
    struct error unsaid = {0}; /* it is met again */
    if (multipart_is(request->header(request->headers, "Content-Type")) ||
        !input_head(&request->body, HEAD, request->arena, &head, &unsaid) || packing_find(head) != NULL ||
        !stated(request, &out->codec, &unsaid))
        return false;
    if (out->codec == NULL)
        out->codec = codec_by_content(head);
    return out->codec != NULL && out->codec->ahead != NULL && param_options(request, &out->options, &unsaid);
}

bool negotiate_file(struct bytes name, const struct input *in, const struct limits *limits,
                    struct arena *arena, struct source *out, struct error *err)
{
    struct source s = {.codec = codec_by_file_name(name), .input = *in};
    if (s.codec != NULL && !codec_reads(s.codec))
        s.codec = NULL;
    if (!unpack_source(&s, name, limits, arena, err))
        return false;
    if (s.codec == NULL)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET,
                    "the file is in no format that can be looked into; GET /v1/files/ gives its bytes");
    *out = s;
    return true;
}

/* ---- the target ---- */

/* How well a format fits: first the quality, then how closely it was named. */
struct fit {
    int quality;   /* -1: no range matches */
    int closeness; /* 1: any, 2: any of its type, 3: itself */
};

/* "0.5" as 500, "1" as 1000. What is no weight counts as 1. */
static int weight(struct bytes text)
{
    if (text.len == 0 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.len > 1 && text.data[1] != '.'))
        return FULL;
    int q = (text.data[0] - '0') * FULL;
    for (size_t i = 2, unit = 100; i < text.len && i < 5; i++, unit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return FULL;
        q += (text.data[i] - '0') * (int)unit;
    }
    return q > FULL ? FULL : q;
}

/* The weight among the parameters of a range. */
static int quality(struct bytes parameters)
{
    struct bytes p;
    while (cut(&parameters, ';', &p))
        if (p.len > 2 && (p.data[0] == 'q' || p.data[0] == 'Q') && p.data[1] == '=')
            return weight(bytes_of(p.data + 2, p.len - 2));
    return FULL;
}

/* How closely a range names a media type: 0 not at all. */
static int closeness(struct bytes range, const char *type)
{
    if (bytes_is(range, "*/*") || bytes_is(range, "*"))
        return 1;
    if (same(range, type))
        return 3;
    const size_t n = range.len;
    return n > 2 && range.data[n - 1] == '*' && range.data[n - 2] == '/' &&
                   strncasecmp(type, (const char *)range.data, n - 1) == 0
               ? 2
               : 0;
}

/* The closest range that names one of the types decides its quality. */
static struct fit fit_of(const char *const *types, struct bytes accept)
{
    struct fit best = {.quality = -1};
    struct bytes item, range;
    while (cut(&accept, ',', &item)) {
        cut(&item, ';', &range);
        for (const char *const *type = types; *type != NULL; type++) {
            const int close = closeness(range, *type);
            if (close > best.closeness)
                best = (struct fit){.quality = quality(item), .closeness = close};
        }
    }
    return best;
}

static bool better(struct fit a, struct fit b)
{
    return a.quality != b.quality ? a.quality > b.quality : a.closeness > b.closeness;
}

static const struct codec *best_of(const struct codec *const *formats, const char *accept)
{
    const struct codec *best = NULL;
    struct fit most = {.quality = 0};
    for (const struct codec *const *c = formats; *c != NULL; c++) {
        const struct fit fit = codec_writes(*c) && !(*c)->by_name_only
                                   ? fit_of((*c)->media_types, bytes_text(accept))
                                   : (struct fit){.quality = -1};
        if (fit.quality > 0 && (best == NULL || better(fit, most))) {
            best = *c;
            most = fit;
        }
    }
    return best;
}

const struct codec *negotiate_accept(const char *accept)
{
    return best_of(codecs, accept);
}

bool negotiate_choice(const struct request *request, const char *parameter, const char *const *names,
                      const char *const *types, unsigned *out, bool *varies, struct error *err)
{
    const char *accept = request->header(request->headers, "Accept");
    struct fit most = {.quality = 0};
    *varies = param_find(request, parameter) == NULL;
    *out = 0;
    if (!*varies)
        return param_choice(request, parameter, names, out, err);
    if (accept == NULL || accept[0] == '\0')
        return true;
    for (unsigned i = 0; types[i] != NULL; i++) {
        const struct fit fit = fit_of((const char *const[]){types[i], NULL}, bytes_text(accept));
        if (fit.quality > 0 && better(fit, most)) {
            *out = i;
            most = fit;
        }
    }
    return most.quality > 0 ||
           FAIL(err, ERR_NOT_ACCEPTABLE, ERROR_NO_OFFSET,
                "none of the types in Accept can be written; ask for one with %s=", parameter);
}

bool negotiate_target(const struct request *request, const char *parameter, const struct codec **out,
                      bool *varies, struct error *err)
{
    return negotiate_more(request, parameter, no_more, out, varies, err);
}

bool negotiate_more(const struct request *request, const char *parameter, const struct codec *const *more,
                    const struct codec **out, bool *varies, struct error *err)
{
    const struct codec *formats[FORMATS_MAX];
    const char *accept = request->header(request->headers, "Accept");
    list(more, formats);
    *varies = param_find(request, parameter) == NULL;
    if (!*varies) {
        const struct codec *codec;
        if (!named(request, parameter, formats, &codec, err))
            return false;
        *out = codec;
        return codec_writes(codec) ||
               FAIL(err, ERR_NOT_ACCEPTABLE, ERROR_NO_OFFSET, "%s can be read, not written", codec->name);
    }
    *out = accept == NULL || accept[0] == '\0' ? json_format() : best_of(formats, accept);
    return *out != NULL ||
           FAIL(err, ERR_NOT_ACCEPTABLE, ERROR_NO_OFFSET,
                "none of the types in Accept can be written; ask for one with %s=", parameter);
}
