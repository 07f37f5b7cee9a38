#include "parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "answer.h"
#include "number.h"

enum { BOUNDARY = 32 };

struct one {
    struct bytes name;
    const struct codec *format;
    struct reply reply;
};

struct parts {
    const struct request *request;
    const struct codec_options *options;
    struct encoder encoder; /* of all of them */
    struct one *ones;
    size_t count, next;
    bool open; /* the head of the next one is written */
    char boundary[BOUNDARY + 1];
    const char *type;
};

/* ---- the head of a part ---- */

/* As browsers write it and read it: the quote and what ends a line are escaped, nothing else. */
static bool put_name(struct bytes name, struct sink *out, struct error *err)
{
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.data[i];
        char escape[8];
        snprintf(escape, sizeof escape, "%%%02X", c);
        if (c >= ' ' && c != '"' && c != 0x7f ? !sink_byte(out, c, err) : !sink_text(out, escape, err))
            return false;
    }
    return true;
}

/* attachment; name="a"; filename="a.bin": browsers take what has a file's name for bytes. */
static bool put_disposition(const struct parts *p, const struct one *one, struct sink *out, struct error *err)
{
    const bool form = p->encoder.codec == parts_formats[1];
    return sink_text(out, "Content-Disposition: ", err) &&
           sink_text(out, form ? "form-data; name=\"" : "attachment; name=\"", err) &&
           put_name(one->name, out, err) && sink_text(out, "\"; filename=\"", err) &&
           put_name(one->name, out, err) && sink_byte(out, '.', err) &&
           sink_text(out, one->format->extensions[0], err) && sink_text(out, "\"\r\n", err);
}

static bool put_head(const struct parts *p, const struct one *one, struct sink *out, struct error *err)
{
    char length[48];
    snprintf(length, sizeof length, "Content-Length: %" PRIu64 "\r\n", one->reply.size);
    if (!sink_text(out, p->next == 0 ? "--" : "\r\n--", err) || !sink_text(out, p->boundary, err) ||
        !sink_text(out, "\r\n", err) || !put_disposition(p, one, out, err))
        return false;
    for (size_t i = 0; i < one->reply.header_count; i++)
        if (!sink_text(out, one->reply.headers[i].name, err) || !sink_text(out, ": ", err) ||
            !sink_text(out, one->reply.headers[i].value, err) || !sink_text(out, "\r\n", err))
            return false;
    return (one->reply.size == 0 || sink_text(out, length, err)) && sink_text(out, "\r\n", err);
}

/* ---- all of them, one after the other ---- */

static enum step put_end(const struct parts *p, struct sink *out, struct error *err)
{
    return sink_text(out, "\r\n--", err) && sink_text(out, p->boundary, err) && sink_text(out, "--\r\n", err)
               ? STEP_DONE
               : STEP_FAIL;
}

static enum step parts_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct parts *p = e->state;
    while (!sink_full(out)) {
        if (p->next == p->count)
            return put_end(p, out, err);
        struct one *one = &p->ones[p->next];
        if (!p->open && !put_head(p, one, out, err))
            return STEP_FAIL;
        p->open = true;
        const enum step step = encoder_run(one->reply.encoder, out, err);
        if (step == STEP_FAIL)
            return STEP_FAIL;
        if (step == STEP_MORE)
            continue;
        p->next++;
        p->open = false;
    }
    return STEP_MORE;
}

static const struct codec mixed = {
    .name = "multipart",
    .media_types = (const char *const[]){"multipart/mixed", NULL},
    .step = parts_step,
};

static const struct codec form = {
    .name = "form",
    .media_types = (const char *const[]){"multipart/form-data", NULL},
    .step = parts_step,
};

const struct codec *const parts_formats[] = {&mixed, &form, NULL};

/* ---- what is in them ---- */

/* The bytes of a file cannot hold what was not known when they were written. */
static bool draw_boundary(struct parts *p, struct error *err)
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "there is no randomness");
    number_write_hex(random[0], p->boundary);
    number_write_hex(random[1], p->boundary + BOUNDARY / 2);
    p->boundary[BOUNDARY] = '\0';
    return true;
}

bool parts_new(const struct request *request, const struct codec *format, const struct codec_options *options,
               size_t count, struct parts **out, struct error *err)
{
    struct parts *p = arena_alloc(request->arena, 1, sizeof *p);
    if (p == NULL)
        return arena_fail(request->arena, err);
    if (!draw_boundary(p, err))
        return false;
    p->request = request;
    p->options = options;
    p->encoder = (struct encoder){.codec = format,
                                  .options = options,
                                  .limits = request->service->limits,
                                  .arena = request->arena,
                                  .state = p};
    p->ones = arena_alloc(request->arena, count, sizeof *p->ones);
    p->type = arena_printf(request->arena, "%s; boundary=%s", format->media_types[0], p->boundary);
    if (p->ones == NULL || p->type == NULL)
        return arena_fail(request->arena, err);
    *out = p;
    return true;
}

/* Raw elements where all have one size. */
static const struct codec *suiting(const struct value *v)
{
    const bool raw = v->kind == VALUE_ARRAY && dtype_is_flat(&v->array->dtype);
    return raw ? codec_by_name(bytes_text("bin")) : json_format();
}

static bool value_of(const struct parts *p, const struct document *document, const struct part *part,
                     const struct codec **format, struct value **out, struct error *err)
{
    if (part->format.len == 0) {
        if (!part_value(p->request, document, part, out, err))
            return false;
        *format = suiting(*out);
        return true;
    }
    *format = codec_by_name(part->format);
    if (*format == NULL || !codec_writes(*format))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no format '%.*s' that can be written",
                    (int)(part->format.len < 60 ? part->format.len : 60), (const char *)part->format.data);
    return part_for(p->request, document, part, *format, out, err);
}

bool parts_add(struct parts *p, struct bytes name, const struct document *document, const struct part *part,
               struct error *err)
{
    struct one *one = &p->ones[p->count];
    struct value *v;
    one->name = name;
    if (!value_of(p, document, part, &one->format, &v, err) ||
        !answer_selected(p->request, one->format, v, p->options, &one->reply, err))
        return false;
    p->count++;
    return true;
}

void parts_answer(struct parts *p, struct reply *reply)
{
    reply->status = 200;
    reply->kind = REPLY_ENCODER;
    reply->encoder = &p->encoder;
    reply_header(reply, "Content-Type", p->type);
}
