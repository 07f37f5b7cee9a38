/* Values without parts as plain JSON. */
#include "bigint.h"
#include "put.h"
#include "writer.h"

bool json_put_name(const char *before, const struct value_global *g, struct sink *out, struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, SIZE_MAX);
    const size_t n = g->module.len + 1 + g->name.len;
    uint8_t *name = arena_alloc(&scratch, 1, n + 1);
    if (name == NULL)
        return sink_fail(err);
    mempcpy(mempcpy(mempcpy(name, g->module.data, g->module.len), ".", 1), g->name.data, g->name.len);
    return sink_text(out, before, err) && put_label(out, bytes_of(name, n), err);
}

static bool put_complex(const struct json_writer *w, const double *parts, struct sink *out, struct error *err)
{
    return put_byte(out, '[', err) && put_double(out, parts[0], w->options->nan, err) &&
           sink_text(out, w->options->pretty ? ", " : ",", err) &&
           put_double(out, parts[1], w->options->nan, err) && put_byte(out, ']', err);
}

static bool put_dtype(const struct json_writer *w, const struct dtype *t, struct sink *out, struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, w->limits->memory);
    struct value *descr = dtype_descr(t, &scratch);
    return descr == NULL ? arena_fail(&scratch, err) : json_put_nested(w, descr, w->options, out, err);
}

bool json_put_leaf(const struct json_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        return sink_write(out, "null", 4, err);
    case VALUE_BOOL:
        return sink_write(out, v->boolean ? "true" : "false", v->boolean ? 4 : 5, err);
    case VALUE_INT:
        return put_int(out, v->integer, err);
    case VALUE_BIGINT:
        return bigint_put(out, v->text, w->limits, err);
    case VALUE_FLOAT:
        return put_double(out, v->real, w->options->nan, err);
    case VALUE_COMPLEX:
        return put_complex(w, v->complex, out, err);
    case VALUE_STR:
        return put_string(out, v->text, (v->flags & VALUE_SURROGATES) != 0, err);
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
        return put_base64(out, v->text, err);
    case VALUE_DTYPE:
        return put_dtype(w, v->dtype, out, err);
    case VALUE_GLOBAL:
        return json_put_name("{\"$global\":", v->global, out, err) && put_byte(out, '}', err);
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
