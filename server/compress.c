#include "compress.h"

#include <strings.h>

#include "packing.h"

enum { PAYS_FROM = 1 << 10, RAW_PIECE = 64 << 10, Q_ONE = 1000 };

/* ---- what the client takes ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* "0.85" is 850. What is no such number is 0, as if the coding were not there. */
static int read_q(const char *at)
{
    int q = *at == '1' ? Q_ONE : 0, unit = Q_ONE / 10;
    if (at[0] != '0' || at[1] != '.')
        return q;
    for (at += 2; *at >= '0' && *at <= '9' && unit > 0; at++, unit /= 10)
        q += (*at - '0') * unit;
    return q;
}

/* The weight behind a coding's name: ";q=..." or nothing. */
static int weight(const char *at)
{
    at = skip_blanks(at);
    if (*at != ';')
        return Q_ONE;
    at = skip_blanks(at + 1);
    if (*at != 'q' && *at != 'Q')
        return Q_ONE;
    at = skip_blanks(at + 1);
    return *at == '=' ? read_q(skip_blanks(at + 1)) : 0;
}

/* The weight of a name in the list; -1: it isn't there. */
static int find_weight(const char *list, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0'; at = strchr(at, ',')) {
        at = skip_blanks(at + (*at == ','));
        if (strncasecmp(at, name, n) == 0 && strchr(" \t;,", at[n]) != NULL) /* the NUL is found, too */
            return weight(at + n);
    }
    return -1;
}

static int weight_of(const char *accepts, const char *name, int otherwise)
{
    const int q = find_weight(accepts, name), any = find_weight(accepts, "*");
    return q >= 0 ? q : any >= 0 ? any : otherwise;
}

/* Not named, it is taken, but anything that is named is liked better. */
static int identity_weight(const char *accepts)
{
    const int q = find_weight(accepts, "identity");
    if (q >= 0)
        return q;
    return find_weight(accepts, "*") == 0 ? 0 : 1;
}

/* Whether identity is refused. */
static bool must_be_coded(const char *accepts)
{
    return accepts != NULL && identity_weight(accepts) == 0;
}

const char *compress_choose(const char *accepts, bool coded)
{
    static const char *const names[] = {"zstd", "gzip"};
    if (accepts == NULL)
        return "identity";
    int best = identity_weight(accepts);
    const char *name = best > 0 ? "identity" : COMPRESS_REFUSED;
    for (size_t i = 0; coded && i < ROWS(names); i++) {
        const int q = weight_of(accepts, names[i], 0);
        const bool plain = name == NULL || strcmp(name, "identity") == 0;
        if (q > 0 && (q > best || (q == best && plain))) {
            best = q;
            name = names[i];
        }
    }
    return name;
}

/* ---- whether it pays ---- */

static const char *header_of(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

static bool is_text(const char *type)
{
    static const char *const whole[] = {"application/json", "application/xml", "application/x-ndjson"};
    const size_t n = type == NULL ? 0 : strcspn(type, "; ");
    if (n > 5 && strncasecmp(type, "text/", 5) == 0)
        return true;
    for (size_t i = 0; i < ROWS(whole); i++)
        if (n == strlen(whole[i]) && strncasecmp(type, whole[i], n) == 0)
            return true;
    return n > 5 && (strncasecmp(type + n - 5, "+json", 5) == 0 || strncasecmp(type + n - 4, "+xml", 4) == 0);
}

static bool can_be_coded(const struct reply *reply)
{
    return reply->status == 200 && (reply->kind == REPLY_BYTES || reply->kind == REPLY_ENCODER) &&
           header_of(reply, "Content-Encoding") == NULL && header_of(reply, "Content-Range") == NULL;
}

static bool pays(const struct reply *reply, const struct pull *p)
{
    const bool whole = reply->kind == REPLY_BYTES || p->done;
    const size_t size = reply->kind == REPLY_BYTES ? reply->bytes.len : p->sink.len - p->sink.taken;
    return is_text(header_of(reply, "Content-Type")) && (!whole || size >= PAYS_FROM);
}

/* ---- packing ---- */

/* An encoder around another one. */
struct packed {
    struct encoder encoder, *inner;
    struct packer *packer;
    struct sink raw;
    bool done; /* what raw holds is all that is left */
};

static enum step packed_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct packed *p = e->state;
    while (!sink_full(out)) {
        while (!p->done && !sink_full(&p->raw)) {
            const enum step step = encoder_run(p->inner, &p->raw, err);
            if (step == STEP_FAIL)
                return step;
            p->done = step == STEP_DONE;
        }
        const struct bytes raw = bytes_of(p->raw.data + p->raw.taken, p->raw.len - p->raw.taken);
        if (!packer_run(p->packer, raw, p->done, out, err))
            return STEP_FAIL;
        p->raw.len = p->raw.taken = 0;
        if (p->done)
            return STEP_DONE;
    }
    return STEP_MORE;
}

static void drop_sink(void *arg)
{
    sink_deinit(arg);
}

static bool pack_encoder(const struct request *request, struct packer *packer, struct reply *reply,
                         struct pull *p, struct error *err)
{
    static const struct codec packed_codec = {.name = "packed", .step = packed_step};
    struct packed *s = arena_alloc(request->arena, 1, sizeof *s);
    if (s == NULL || !arena_defer(request->arena, drop_sink, &s->raw))
        return arena_fail(request->arena, err);
    s->inner = p->encoder;
    s->packer = packer;
    s->raw = p->sink;
    s->raw.limit = RAW_PIECE;
    s->done = p->done;
    s->encoder = (struct encoder){
        .codec = &packed_codec, .limits = p->encoder->limits, .arena = request->arena, .state = s};
    reply->encoder = &s->encoder;
    reply->size = 0;
    return pull_start(p, &s->encoder, p->crew, err);
}

static bool pack_bytes(struct packer *packer, struct reply *reply, struct sink *coded, struct error *err)
{
    if (!packer_run(packer, reply->bytes, true, coded, err))
        return false;
    reply->bytes = bytes_of(coded->data, coded->len);
    return true;
}

/* "abc" is "abc+gzip". */
const char *compress_tag(struct arena *arena, const char *etag, const char *coding)
{
    return arena_printf(arena, "%.*s+%s\"", (int)strlen(etag) - 1, etag, coding);
}

static bool mark(const struct request *request, struct reply *reply, const char *coding, struct error *err)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcmp(reply->headers[i].name, "ETag") != 0)
            continue;
        const char *tag = compress_tag(request->arena, reply->headers[i].value, coding);
        if (tag == NULL)
            return arena_fail(request->arena, err);
        reply->headers[i].value = tag;
    }
    return reply_header(reply, "Content-Encoding", coding);
}

static void add_vary(struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, "Vary") == 0 && strcmp(reply->headers[i].value, "Accept") == 0) {
            reply->headers[i].value = "Accept, Accept-Encoding";
            return;
        }
    reply_header(reply, "Vary", "Accept-Encoding");
}

bool compress_reply(const struct request *request, uint64_t level, struct reply *reply, struct pull *p,
                    struct sink *coded, const char **coding, struct error *err)
{
    const char *accepts = request->header(request->headers, "Accept-Encoding");
    const bool must = must_be_coded(accepts);
    struct packer *packer;
    *coding = "";
    if (!can_be_coded(reply) || !(must || (level > 0 && pays(reply, p))))
        return true;
    const char *name = compress_choose(accepts, level > 0);
    add_vary(reply);
    if (strcmp(request->method, "HEAD") == 0)
        return true;
    if (name == COMPRESS_REFUSED)
        return FAIL(err, ERR_NOT_ACCEPTABLE, ERROR_NO_OFFSET, "Accept-Encoding takes none of %s",
                    level > 0 ? "zstd, gzip and identity" : "identity");
    if (strcmp(name, "identity") == 0)
        return true;
    *coding = name;
    return packer_new(name, level, request->arena, &packer, err) && mark(request, reply, name, err) &&
           (reply->kind == REPLY_BYTES ? pack_bytes(packer, reply, coded, err)
                                       : pack_encoder(request, packer, reply, p, err));
}
