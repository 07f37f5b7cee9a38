#include "base64.h"
#include "bigint.h"
#include "known.h"
#include "number.h"
#include "record.h"
#include "sharing.h"
#include "typed.h"
#include "utf8.h"
#include "writer.h"

#include <math.h>

enum { RAW_AT_ONCE = 48 << 10 }; /* bytes of a Fortran array written before the sink is asked again */

struct typed_writer {
    const struct limits *limits;
    struct walk *walk;
    struct layout layout;
    struct sharing sharing;
    struct bytes raw; /* memory of a Fortran array that is still to be written */
    uint8_t carry[3]; /* bytes that are no whole group of base64 yet */
    size_t carried;
};

/* ---- tags ---- */

static bool open_tag(struct typed_writer *w, const char *tag, char bracket, struct sink *out,
                     struct error *err)
{
    return layout_open(&w->layout, '{', out, err) && layout_open_member(&w->layout, tag, bracket, out, err);
}

static bool close_tag(struct typed_writer *w, char bracket, struct sink *out, struct error *err)
{
    return layout_close(&w->layout, bracket, out, err) && layout_close(&w->layout, '}', out, err);
}

/* {"$tag":"text"}, on one line. */
static bool begin_short(const struct typed_writer *w, const char *tag, struct sink *out, struct error *err)
{
    return put_byte(out, '{', err) && put_string(out, bytes_text(tag), false, err) &&
           layout_colon(&w->layout, out, err);
}

static bool put_short_text(const struct typed_writer *w, const char *tag, struct bytes text, struct sink *out,
                           struct error *err)
{
    return begin_short(w, tag, out, err) && put_name(out, text, err) && put_byte(out, '}', err);
}

static bool put_short_base64(const struct typed_writer *w, const char *tag, struct bytes bytes,
                             struct sink *out, struct error *err)
{
    return begin_short(w, tag, out, err) && put_base64(out, bytes, err) && put_byte(out, '}', err);
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
    return put_short_text(w, "$float", bytes_text(text), out, err);
}

static bool put_complex(const struct typed_writer *w, const double *parts, struct sink *out,
                        struct error *err)
{
    return begin_short(w, "$complex", out, err) && put_byte(out, '[', err) &&
           put_float(w, parts[0], out, err) && put_byte(out, ',', err) && put_float(w, parts[1], out, err) &&
           sink_text(out, "]}", err);
}

/* Two surrogates that JSON's readers would take for one character. */
static bool has_pair(const struct value *text)
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

static bool put_text(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    if ((v->flags & VALUE_PYTHON2) != 0)
        return put_short_text(w, "$py2str", v->text, out, err);
    if (has_pair(v))
        return put_short_base64(w, "$utf8", v->text, out, err);
    return put_string(out, v->text, (v->flags & VALUE_SURROGATES) != 0, err);
}

static bool put_global(const struct typed_writer *w, const struct value_global *g, struct sink *out,
                       struct error *err)
{
    return begin_short(w, "$global", out, err) && put_byte(out, '[', err) && put_name(out, g->module, err) &&
           put_byte(out, ',', err) && put_name(out, g->name, err) && sink_text(out, "]}", err);
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
static bool put_dtype(const struct typed_writer *w, const struct dtype *t, struct sink *out,
                      struct error *err)
{
    if (!t->aligned && !t->text_is_bytes && t->label_count == 0)
        return put_descr(w, t, out, err);
    return sink_text(out, "{\"descr\":", err) && put_descr(w, t, out, err) &&
           (!t->aligned || sink_text(out, ",\"aligned\":true", err)) &&
           (!t->text_is_bytes || sink_text(out, ",\"bytes\":true", err)) &&
           (t->label_count == 0 || put_labels(t, out, err)) && put_byte(out, '}', err);
}

static bool put_leaf(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
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
        return put_text(w, v, out, err);
    case VALUE_BYTES:
        return put_short_base64(w, python2 ? "$py2bytes" : "$bytes", v->text, out, err);
    case VALUE_BYTEARRAY:
        return put_short_base64(w, "$bytearray", v->text, out, err);
    case VALUE_DTYPE:
        return begin_short(w, "$dtype", out, err) && put_dtype(w, v->dtype, out, err) &&
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

/* ---- containers ---- */

/* Text that can be a member's name without being taken for a tag. */
static bool is_plain_key(const struct value *key)
{
    return key->kind == VALUE_STR && (key->flags & VALUE_PYTHON2) == 0 && !has_pair(key) &&
           (key->text.len == 0 || key->text.data[0] != '$');
}

static bool enter_dict(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    for (size_t i = 0; i < v->dict.count; i++) {
        if (is_plain_key(v->dict.items[i].key))
            continue;
        v->mark |= AS_PAIRS;
        return open_tag(w, "$dict", '[', out, err);
    }
    return layout_open(&w->layout, '{', out, err);
}

static const char *tag_of(const struct value *v)
{
    static const char *const tags[VALUE_KIND_COUNT] = {
        [VALUE_TUPLE] = "$tuple", [VALUE_SET] = "$set",     [VALUE_FROZENSET] = "$frozenset",
        [VALUE_RANGE] = "$range", [VALUE_SLICE] = "$slice",
    };
    return tags[v->kind];
}

/* By its own tag, or by all that it is made of. */
static bool enter_object(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    const struct value_object *o = v->object;
    struct bytes text;
    const char *tag = known_tag(o, SHARED, w->limits, &text, err);
    if (tag != NULL) {
        v->mark |= TAGGED;
        if (text.data == NULL)
            return open_tag(w, tag, '[', out, err);
        walk_skip(w->walk);
        return put_short_text(w, tag, text, out, err);
    }
    if (err->kind != ERR_NONE)
        return false;
    return open_tag(w, "$object", '{', out, err) && layout_member(&w->layout, "made", out, err) &&
           put_string(out, bytes_text(typed_made[o->made]), false, err);
}

static bool enter_external(struct typed_writer *w, const struct value_external *x, struct sink *out,
                           struct error *err)
{
    return open_tag(w, "$external", '{', out, err) && layout_member(&w->layout, "kind", out, err) &&
           put_string(out, bytes_text(typed_external[x->kind]), false, err) &&
           (!x->read_only ||
            (layout_member(&w->layout, "read_only", out, err) && sink_text(out, "true", err)));
}

/* Columns are two lists of pairs: see before_column. */
static bool enter_table(struct typed_writer *w, const struct value_table *t, struct sink *out,
                        struct error *err)
{
    uint8_t *room;
    if (!open_tag(w, "$table", '{', out, err) || !layout_member(&w->layout, "rows", out, err))
        return false;
    room = sink_reserve(out, NUMBER_MAX);
    if (room == NULL)
        return sink_fail(err);
    sink_commit(out, number_write_uint(t->rows, (char *)room));
    return !t->series || (layout_member(&w->layout, "series", out, err) && sink_text(out, "true", err));
}

/* ---- arrays ---- */

static bool put_shape(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    if (!layout_member(&w->layout, "shape", out, err) || !put_byte(out, '[', err))
        return false;
    for (unsigned i = 0; i < a->ndim; i++) {
        uint8_t *room = sink_reserve(out, NUMBER_MAX + 1);
        if (room == NULL)
            return sink_fail(err);
        room[0] = ',';
        const size_t comma = i > 0 ? 1 : 0;
        sink_commit(out, comma + number_write_uint(a->shape[i], (char *)room + comma));
    }
    return put_byte(out, ']', err);
}

/* Whole groups of three bytes become base64; up to two bytes wait for what comes. */
static bool put_raw(struct typed_writer *w, struct bytes raw, struct sink *out, struct error *err)
{
    uint8_t *room = sink_reserve(out, (w->carried + raw.len + 2) / 3 * 4);
    if (room == NULL)
        return sink_fail(err);
    size_t written = 0;
    while (w->carried > 0 && w->carried < 3 && raw.len > 0) {
        w->carry[w->carried++] = *raw.data;
        raw = bytes_of(raw.data + 1, raw.len - 1);
    }
    if (w->carried == 3) {
        written = base64_encode(bytes_of(w->carry, 3), room);
        w->carried = 0;
    }
    const size_t whole = w->carried > 0 ? 0 : raw.len - raw.len % 3;
    if (whole > 0)
        written += base64_encode(bytes_of(raw.data, whole), room + written);
    sink_commit(out, written);
    for (size_t i = whole; i < raw.len; i++)
        w->carry[w->carried++] = raw.data[i];
    return true;
}

static bool end_raw(struct typed_writer *w, struct sink *out, struct error *err)
{
    uint8_t *room = sink_reserve(out, 4);
    if (room == NULL)
        return sink_fail(err);
    if (w->carried > 0)
        sink_commit(out, base64_encode(bytes_of(w->carry, w->carried), room));
    w->carried = 0;
    return put_byte(out, '"', err);
}

/* Variable-length text: one string, or bytes, for each element. */
static bool put_texts(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                      struct error *err)
{
    for (size_t i = 0; i < ev->elements; i++) {
        struct bytes text;
        memcpy(&text, ev->block + i * sizeof text, sizeof text);
        if (!layout_separate(&w->layout, out, err) ||
            !(ev->value->array->dtype.text_is_bytes ? put_base64(out, text, err) : put_name(out, text, err)))
            return false;
    }
    return true;
}

/* The elements lie in memory in Fortran order, all of them. */
static bool is_fortran(const struct array *a)
{
    return a->fortran && a->ndim > 1 && a->source == NULL && a->strides == NULL && a->axes == NULL;
}

static bool begin_raw(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    uint64_t size;
    if (is_fortran(a)) {
        if (!array_size(a, &size))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array has more than 2^64 bytes");
        w->raw = bytes_of(a->data, (size_t)size);
        walk_skip(w->walk);
    }
    return put_byte(out, '"', err);
}

/* The elements are a list of values, not bytes. */
static bool is_list(const struct dtype *t)
{
    return !dtype_is_flat(t);
}

static bool enter_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    const bool list = is_list(&a->dtype);
    if (!open_tag(w, a->scalar ? "$scalar" : "$ndarray", '{', out, err) ||
        !layout_member(&w->layout, "dtype", out, err) || !put_dtype(w, &a->dtype, out, err) ||
        (!a->scalar && !put_shape(w, a, out, err)))
        return false;
    if (is_fortran(a) && !(layout_member(&w->layout, "order", out, err) && sink_text(out, "\"F\"", err)))
        return false;
    if (!layout_member(&w->layout, "data", out, err))
        return false;
    return list ? layout_open(&w->layout, '[', out, err) : begin_raw(w, a, out, err);
}

static bool leave_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    return (is_list(&a->dtype) ? layout_close(&w->layout, ']', out, err) : end_raw(w, out, err)) &&
           close_tag(w, '}', out, err);
}

/* ---- what stands around a part ---- */

static const char *part_name(enum walk_role role)
{
    switch (role) {
    case WALK_CALLABLE:
        return "callable";
    case WALK_ARGS:
        return "args";
    case WALK_KWARGS:
        return "kwargs";
    case WALK_ITEM:
        return "items";
    case WALK_ADDED:
        return "added";
    case WALK_KEY:
        return "pairs";
    case WALK_STATE:
        return "states";
    case WALK_ID:
        return "id";
    case WALK_DATA:
        return "data";
    case WALK_VALUE:
    case WALK_ROOT:
        break;
    }
    return "";
}

static bool is_single(enum walk_role role)
{
    return role == WALK_CALLABLE || role == WALK_ARGS || role == WALK_KWARGS || role == WALK_ID ||
           role == WALK_DATA;
}

/* Parts of objects are members; those that may be many are in a list. */
static bool before_member(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                          struct error *err)
{
    if (is_single(ev->role))
        return layout_member(&w->layout, part_name(ev->role), out, err);
    if (ev->role != WALK_VALUE && ev->index == 0 &&
        !layout_open_member(&w->layout, part_name(ev->role), '[', out, err))
        return false;
    return layout_separate(&w->layout, out, err);
}

static bool has_members(const struct value *v)
{
    return (v->kind == VALUE_OBJECT && (v->mark & TAGGED) == 0) || v->kind == VALUE_EXTERNAL;
}

/* The levels of the index are one list, the other columns another. */
static bool before_column(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                          struct error *err)
{
    const size_t levels = ev->parent->table->levels;
    if (ev->role == WALK_KEY && (ev->index == 0 || ev->index == levels) &&
        !layout_open_member(&w->layout, ev->index < levels ? "index" : "columns", '[', out, err))
        return false;
    return layout_separate(&w->layout, out, err);
}

static bool ends_list(const struct walk_event *ev)
{
    if (ev->parent->kind == VALUE_TABLE)
        return ev->index + 1 == ev->count || ev->index + 1 == ev->parent->table->levels;
    return ev->parent->kind == VALUE_OBJECT && has_members(ev->parent) && !is_single(ev->role) &&
           ev->index + 1 == ev->count;
}

static bool are_pairs(const struct value *parent)
{
    return parent->kind == VALUE_OBJECT || parent->kind == VALUE_TABLE || (parent->mark & AS_PAIRS) != 0;
}

static bool before_part(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                        struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL)
        return true;
    const bool members = has_members(parent);
    if (ev->role == WALK_VALUE && !are_pairs(parent))
        return true; /* the colon is there */
    if (!(members                       ? before_member(w, ev, out, err)
          : parent->kind == VALUE_TABLE ? before_column(w, ev, out, err)
                                        : layout_separate(&w->layout, out, err)))
        return false;
    if (ev->role == WALK_KEY && are_pairs(parent))
        return layout_open(&w->layout, '[', out, err) && layout_separate(&w->layout, out, err);
    return true;
}

static bool after_part(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL || ev->role == WALK_KEY)
        return true;
    if (ev->role == WALK_VALUE && are_pairs(parent) && !layout_close(&w->layout, ']', out, err))
        return false;
    return !ends_list(ev) || layout_close(&w->layout, ']', out, err);
}

/* ---- events ---- */

static bool enter(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    if (tag_of(v) != NULL)
        return open_tag(w, tag_of(v), '[', out, err);
    if (v->kind == VALUE_DICT)
        return enter_dict(w, v, out, err);
    if (v->kind == VALUE_ARRAY)
        return enter_array(w, v->array, out, err);
    if (v->kind == VALUE_OBJECT)
        return enter_object(w, v, out, err);
    if (v->kind == VALUE_EXTERNAL)
        return enter_external(w, v->external, out, err);
    if (v->kind == VALUE_TABLE)
        return enter_table(w, v->table, out, err);
    return layout_open(&w->layout, '[', out, err);
}

static bool leave(struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    if (v->kind == VALUE_ARRAY)
        return leave_array(w, v->array, out, err);
    if (tag_of(v) != NULL || (v->kind == VALUE_DICT && (v->mark & AS_PAIRS) != 0))
        return close_tag(w, ']', out, err);
    if (has_members(v) || v->kind == VALUE_TABLE)
        return close_tag(w, '}', out, err);
    if (v->kind == VALUE_OBJECT)
        return v->object->meaning->kind == VALUE_STR || close_tag(w, ']', out, err);
    return layout_close(&w->layout, v->kind == VALUE_DICT ? '}' : ']', out, err);
}

static bool put_reference(const struct typed_writer *w, const struct value *v, struct sink *out,
                          struct error *err)
{
    return begin_short(w, "$ref", out, err) && put_int(out, sharing_number_of(v), err) &&
           put_byte(out, '}', err);
}

/* {"$id":[number, and the value follows. */
static bool open_shared(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    return sharing_number(&w->sharing, v, err) && open_tag(w, "$id", '[', out, err) &&
           layout_separate(&w->layout, out, err) && put_int(out, sharing_number_of(v), err) &&
           layout_separate(&w->layout, out, err);
}

/* The value is complete. */
static bool finish(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    if ((ev->value->mark & SHARED) != 0 && !close_tag(w, ']', out, err))
        return false;
    sharing_forget(ev->value);
    return after_part(w, ev, out, err);
}

/* What the tag says already. */
static bool is_left_out(const struct walk_event *ev)
{
    return ev->parent != NULL && ev->parent->kind == VALUE_OBJECT && (ev->parent->mark & TAGGED) != 0 &&
           (ev->role == WALK_CALLABLE || ev->role == WALK_ARGS);
}

static bool emit(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    if (is_left_out(ev))
        return true;
    const bool text_key = ev->role == WALK_KEY && ev->value->kind == VALUE_STR;
    switch (ev->what) {
    case WALK_AGAIN:
    case WALK_LEAF:
    case WALK_ENTER:
        if (!before_part(w, ev, out, err))
            return false;
        if (text_key)
            return put_text(w, ev->value, out, err) &&
                   (are_pairs(ev->parent) || layout_colon(&w->layout, out, err));
        if (ev->what == WALK_AGAIN)
            return put_reference(w, ev->value, out, err) && after_part(w, ev, out, err);
        if ((ev->value->mark & SHARED) != 0 && !open_shared(w, ev->value, out, err))
            return false;
        if (ev->what == WALK_ENTER)
            return enter(w, ev->value, out, err);
        return put_leaf(w, ev->value, out, err) && finish(w, ev, out, err);
    case WALK_LEAVE:
        return leave(w, ev->value, out, err) && finish(w, ev, out, err);
    case WALK_BLOCK:
        if (ev->value->array->dtype.kind == DTYPE_TEXT)
            return put_texts(w, ev, out, err);
        return put_raw(w, bytes_of(ev->block, ev->elements * ev->value->array->dtype.itemsize), out, err);
    }
    return true;
}

bool typed_begin(struct encoder *e, struct error *err)
{
    struct typed_writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    *w = (struct typed_writer){.limits = e->limits, .walk = &e->walk};
    w->layout.pretty = e->options->pretty;
    w->sharing.arena = e->arena;
    if (!sharing_find(e->root, e->limits, e->arena, err))
        return false;
    walk_init(&e->walk, WALK_SECOND, e->root, e->limits, e->arena);
    e->walk.rows = true;
    e->state = w;
    return true;
}

/* One piece of output. */
static enum step advance(struct encoder *e, struct sink *out, struct error *err)
{
    struct typed_writer *w = e->state;
    struct walk_event ev;
    if (w->raw.len > 0) {
        const size_t n = w->raw.len < RAW_AT_ONCE ? w->raw.len : RAW_AT_ONCE;
        const struct bytes now = bytes_of(w->raw.data, n);
        w->raw = bytes_of(w->raw.data + n, w->raw.len - n);
        return put_raw(w, now, out, err) ? STEP_MORE : STEP_FAIL;
    }
    const enum step step = walk_next(&e->walk, &ev, err);
    if (step == STEP_DONE)
        sharing_clear(&w->sharing);
    if (step != STEP_MORE || emit(w, &ev, out, err))
        return step;
    char pointer[sizeof err->pointer];
    walk_pointer(&e->walk, pointer, sizeof pointer);
    error_set_pointer(err, pointer);
    return STEP_FAIL;
}

enum step typed_step(struct encoder *e, struct sink *out, struct error *err)
{
    while (!sink_full(out)) {
        const enum step step = advance(e, out, err);
        if (step != STEP_MORE)
            return step;
    }
    return STEP_MORE;
}
