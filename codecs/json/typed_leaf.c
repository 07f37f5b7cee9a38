/* Tags, and values without parts, as typed JSON. */
#include "typed_writer.h"

#include "bigint.h"
#include "number.h"
#include "typed.h"
#include "utf8.h"
#include "writer.h"

#include <math.h>

/* ---- tags ---- */

bool typed_open(struct typed_writer *w, const char *tag, char bracket, struct sink *out, struct error *err)
{
    return layout_open(&w->layout, '{', out, err) && layout_open_member(&w->layout, tag, bracket, out, err);
}

bool typed_close(struct typed_writer *w, char bracket, struct sink *out, struct error *err)
{
    return layout_close(&w->layout, bracket, out, err) && layout_close(&w->layout, '}', out, err);
}

/* {"$tag":"text"}, on one line. */
bool typed_begin_short(const struct typed_writer *w, const char *tag, struct sink *out, struct error *err)
{
    return put_byte(out, '{', err) && put_string(out, bytes_text(tag), false, err) &&
           layout_colon(&w->layout, out, err);
}

bool typed_put_short_text(const struct typed_writer *w, const char *tag, struct bytes text, struct sink *out,
                          struct error *err)
{
    return typed_begin_short(w, tag, out, err) && put_name(out, text, err) && put_byte(out, '}', err);
}

static bool put_short_base64(const struct typed_writer *w, const char *tag, struct bytes bytes,
                             struct sink *out, struct error *err)
{
    return typed_begin_short(w, tag, out, err) && put_base64(out, bytes, err) && put_byte(out, '}', err);
}

/* ---- leaves ---- */

static bool put_float(const struct typed_writer *w, double v, struct sink *out, struct error *err)
{
    char bits_text[17];
    uint64_t bits;
    if (isfinite(v))
        return put_double(out, v, NAN_ERROR, err);
    memcpy(&bits, &v, sizeof bits);
    const char *text = v > 0 ? "inf" : v < 0 ? "-inf" : "nan";
    if (isnan(v) && bits != 0x7FF8000000000000U) { /* not the one that float("nan") makes */
        number_write_hex(bits, bits_text);
        bits_text[16] = '\0';
        text = bits_text;
    }
    return typed_put_short_text(w, "$float", bytes_text(text), out, err);
}

static bool put_complex(const struct typed_writer *w, const double *parts, struct sink *out,
                        struct error *err)
{
    return typed_begin_short(w, "$complex", out, err) && put_byte(out, '[', err) &&
           put_float(w, parts[0], out, err) && put_byte(out, ',', err) && put_float(w, parts[1], out, err) &&
           sink_text(out, "]}", err);
}

/* Two surrogates that JSON's readers would take for one character. */
bool typed_has_pair(const struct value *text)
{
    bool high = false;
    for (size_t at = 0; (text->flags & VALUE_SURROGATES) != 0 && at < text->text.len;) {
        const uint32_t code = utf8_next(text->text, &at);
        if (high && code >= 0xDC00 && code < 0xE000)
            return true;
        high = code >= 0xD800 && code < 0xDC00;
    }
    return false;
}

bool typed_put_text(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    if ((v->flags & VALUE_PYTHON2) != 0)
        return typed_put_short_text(w, "$py2str", v->text, out, err);
    if (typed_has_pair(v))
        return put_short_base64(w, "$utf8", v->text, out, err);
    return put_string(out, v->text, (v->flags & VALUE_SURROGATES) != 0, err);
}

static bool put_global(const struct typed_writer *w, const struct value_global *g, struct sink *out,
                       struct error *err)
{
    return typed_begin_short(w, "$global", out, err) && put_byte(out, '[', err) &&
           put_name(out, g->module, err) && put_byte(out, ',', err) && put_name(out, g->name, err) &&
           sink_text(out, "]}", err);
}

static bool put_descr(const struct typed_writer *w, const struct dtype *t, struct sink *out,
                      struct error *err)
{
    static const struct codec_options compact = {0};
    const struct json_writer plain = {.options = &compact, .limits = w->limits};
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, w->limits->memory);
    struct value *descr = dtype_descr(t, &scratch);
    return descr == NULL ? arena_fail(&scratch, err) : json_put_nested(&plain, descr, &compact, out, err);
}

static bool put_labels(const struct dtype *t, struct sink *out, struct error *err)
{
    if (!sink_text(out, ",\"labels\":[", err))
        return false;
    for (size_t i = 0; i < t->label_count; i++) {
        const struct dtype_label *l = &t->labels[i];
        if (!sink_text(out, i == 0 ? "[" : ",[", err) || !put_name(out, l->name, err) ||
            !put_byte(out, ',', err) || !put_int(out, l->value, err) || !put_byte(out, ']', err))
            return false;
    }
    return put_byte(out, ']', err);
}

/* The descr; or an object, where it doesn't say all. */
bool typed_put_dtype(const struct typed_writer *w, const struct dtype *t, struct sink *out, struct error *err)
{
    if (!t->aligned && !t->text_is_bytes && t->label_count == 0)
        return put_descr(w, t, out, err);
    return sink_text(out, "{\"descr\":", err) && put_descr(w, t, out, err) &&
           (!t->aligned || sink_text(out, ",\"aligned\":true", err)) &&
           (!t->text_is_bytes || sink_text(out, ",\"bytes\":true", err)) &&
           (t->label_count == 0 || put_labels(t, out, err)) && put_byte(out, '}', err);
}

bool typed_put_leaf(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    const bool python2 = (v->flags & VALUE_PYTHON2) != 0;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        return sink_write(out, "null", 4, err);
    case VALUE_BOOL:
        return sink_text(out, v->boolean ? "true" : "false", err);
    case VALUE_INT:
        return put_int(out, v->integer, err);
    case VALUE_BIGINT:
        return bigint_put(out, v->text, w->limits, err);
    case VALUE_FLOAT:
        return put_float(w, v->real, out, err);
    case VALUE_COMPLEX:
        return put_complex(w, v->complex, out, err);
    case VALUE_STR:
        return typed_put_text(w, v, out, err);
    case VALUE_BYTES:
        return put_short_base64(w, python2 ? "$py2bytes" : "$bytes", v->text, out, err);
    case VALUE_BYTEARRAY:
        return put_short_base64(w, "$bytearray", v->text, out, err);
    case VALUE_DTYPE:
        return typed_begin_short(w, "$dtype", out, err) && typed_put_dtype(w, v->dtype, out, err) &&
               put_byte(out, '}', err);
    case VALUE_GLOBAL:
        return put_global(w, v->global, out, err);
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_ARRAY:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value of kind %d is no leaf", v->kind);
}
