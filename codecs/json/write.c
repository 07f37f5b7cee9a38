#include "write.h"

#include "bigint.h"
#include "elements.h"
#include "keytext.h"
#include "put.h"
#include "rows.h"
#include "shares.h"
#include "siblings.h"
#include "table.h"

enum {
    SHARES_FROM = 4096,     /* elements of a block, below which one hand is as fast */
    MERGED = 1,             /* value.mark: attributes that are written as members of their object */
    LEFT_OUT = 2,           /* value.mark: a part of an object that is not written */
    OF_BASE = 4,            /* value.mark: arguments of which only the value of the base is written */
    RANGE_AT_ONCE = 64,     /* numbers of a range written before the sink is asked again */
    SMALL_STATE = 64,       /* attributes and slots that may be compared one by one */
    MOST_LEVELS = 8,        /* of keys inside of keys */
    MOST_NESTED = 16 << 20, /* bytes of one key, or of one field of a record */
};

/* ---- parts of an object ---- */

/* A dict of which every key is text and none is spelled as a member of ours. */
static bool is_attributes(const struct value *v)
{
    if (v->kind != VALUE_DICT)
        return false;
    for (size_t i = 0; i < v->dict.count; i++) {
        const struct value *key = v->dict.items[i].key;
        if (key->kind != VALUE_STR || (key->text.len > 0 && key->text.data[0] == '$'))
            return false;
    }
    return true;
}

static bool share_a_key(const struct value_pairs *a, const struct value_pairs *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (bytes_equal(a->items[i].key->text, b->items[j].key->text))
                return true;
    return false;
}

/* What copyreg makes of a class with slots: a tuple (None or attributes, slots). */
static bool is_slots(const struct value *v)
{
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || !is_attributes(v->list.items[1]))
        return false;
    const struct value *first = v->list.items[0], *second = v->list.items[1];
    if (first->kind == VALUE_NONE)
        return true;
    return is_attributes(first) && first->dict.count + second->dict.count <= SMALL_STATE &&
           !share_a_key(&first->dict, &second->dict);
}

static bool is_merged(const struct value_object *o)
{
    return o->states.count == 1 && (is_attributes(o->states.items[0]) || is_slots(o->states.items[0]));
}

static bool put_name(const char *before, const struct value_global *g, struct sink *out, struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, SIZE_MAX);
    const size_t n = g->module.len + 1 + g->name.len;
    uint8_t *name = arena_alloc(&scratch, 1, n + 1);
    if (name == NULL)
        return sink_fail(err);
    mempcpy(mempcpy(mempcpy(name, g->module.data, g->module.len), ".", 1), g->name.data, g->name.len);
    return sink_text(out, before, err) && put_string(out, bytes_of(name, n), false, err);
}

/* What stands in front of a part of an object; *as is LEFT_OUT or MERGED where no value is to be written. */
static bool before_object_part(struct json_writer *w, const struct walk_event *ev, uint32_t *as,
                               struct sink *out, struct error *err)
{
    const struct value_object *o = ev->parent->object;
    const bool first = ev->index == 0;
    switch (ev->role) {
    case WALK_CALLABLE:
        if (ev->value->kind != VALUE_GLOBAL)
            return layout_member(&w->layout, "$callable", out, err);
        *as = LEFT_OUT;
        const struct value *class = value_reconstructed(o) != NULL ? o->args->list.items[0] : ev->value;
        return layout_member(&w->layout, "$class", out, err) && put_name("", class->global, out, err);
    case WALK_ARGS:
        if (value_reconstructed(o) != NULL && o->states.count == 0) {
            *as = OF_BASE;
            return true;
        }
        *as = o->states.count > 0 || (ev->value->kind == VALUE_TUPLE && ev->value->list.count == 0) ? LEFT_OUT
                                                                                                    : 0;
        return *as != 0 || layout_member(&w->layout, "$args", out, err);
    case WALK_KWARGS:
        return layout_member(&w->layout, "$kwargs", out, err);
    case WALK_ITEM:
        return (!first || layout_open_member(&w->layout, "$items", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_ADDED:
        return (!first || layout_open_member(&w->layout, "$added", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_KEY:
        ev->value->mark &= ~(uint32_t)WALK_OPEN; /* the check enters it too */
        if (first &&
            !(keytext_check(w, &o->pairs, err) && layout_open_member(&w->layout, "$pairs", '{', out, err)))
            return false;
        return layout_separate(&w->layout, out, err);
    case WALK_STATE:
        *as = is_merged(o) ? MERGED : 0;
        if (*as != 0)
            return true;
        if (o->states.count == 1)
            return layout_member(&w->layout, "$state", out, err);
        return (!first || layout_open_member(&w->layout, "$states", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_ROOT:
    case WALK_VALUE:
    case WALK_ID:
    case WALK_DATA:
        break;
    }
    return true;
}

static bool after_object_part(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                              struct error *err)
{
    const bool last = ev->index + 1 == ev->count;
    if (last && (ev->role == WALK_ITEM || ev->role == WALK_ADDED))
        return layout_close(&w->layout, ']', out, err);
    if (last && ev->role == WALK_STATE && ev->count > 1)
        return layout_close(&w->layout, ']', out, err);
    return !last || ev->role != WALK_VALUE || layout_close(&w->layout, '}', out, err);
}

/* ---- parts of anything ---- */

static struct elements elements_of(struct json_writer *w, const struct array *a, size_t depth);

/* Which member the value of a base is, as later protocols have it; *alone: it is the only one of a list. */
static const char *base_member(const struct value *v, bool *alone)
{
    *alone = v->kind != VALUE_TUPLE && v->kind != VALUE_LIST && v->kind != VALUE_DICT;
    return v->kind == VALUE_LIST ? "$items" : v->kind == VALUE_DICT ? "$pairs" : "$args";
}

static bool before_base(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err)
{
    bool alone;
    const char *member = base_member(ev->value, &alone);
    if (ev->index < 2) {
        *as = LEFT_OUT;
        return true;
    }
    return alone ? layout_open_member(&w->layout, member, '[', out, err) &&
                       layout_separate(&w->layout, out, err)
                 : layout_member(&w->layout, member, out, err);
}

static bool before_part(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL || parent->kind == VALUE_EXTERNAL)
        return true;
    if (parent->kind == VALUE_OBJECT)
        return before_object_part(w, ev, as, out, err);
    if (parent->kind == VALUE_ARRAY) {
        const struct elements e = elements_of(w, parent->array, w->layout.depth - parent->array->ndim);
        return elements_open(&e, ev->index, out, err);
    }
    if (parent->kind == VALUE_TUPLE && (parent->mark & OF_BASE) != 0)
        return before_base(w, ev, as, out, err);
    if (parent->kind == VALUE_TUPLE && (parent->mark & MERGED) != 0) {
        *as = ev->value->kind == VALUE_DICT ? MERGED : LEFT_OUT;
        return true;
    }
    return ev->role == WALK_VALUE || layout_separate(&w->layout, out, err);
}

static bool after_part(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err)
{
    if (ev->parent == NULL)
        return true;
    if (ev->parent->kind == VALUE_OBJECT)
        return after_object_part(w, ev, out, err);
    if (ev->parent->kind == VALUE_TUPLE && (ev->parent->mark & OF_BASE) != 0) {
        bool alone;
        base_member(ev->value, &alone);
        return !alone || layout_close(&w->layout, ']', out, err);
    }
    if (ev->parent->kind != VALUE_ARRAY)
        return true;
    const struct elements e = elements_of(w, ev->parent->array, w->layout.depth - ev->parent->array->ndim);
    return elements_close(&e, ev->index, out, err);
}

/* ---- values ---- */

static bool put_object_field(void *self, struct value *object, struct sink *out, struct error *err)
{
    const struct json_writer *w = self;
    struct codec_options options = *w->options;
    options.pretty = false;
    return json_put_nested(w, object, &options, out, err);
}

static struct elements elements_of(struct json_writer *w, const struct array *a, size_t depth)
{
    return (struct elements){
        .array = a,
        .nan = w->options->nan,
        .pretty = w->layout.pretty,
        .record_lists = w->options->record_lists,
        .depth = depth,
        .put_object = put_object_field,
        .self = w,
    };
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
        return put_name("{\"$global\":", v->global, out, err) && put_byte(out, '}', err);
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

/* Its numbers follow before the walk goes on: see put_range. */
static bool enter_range(struct json_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    int64_t bound[3];
    for (size_t i = 0; i < ROWS(bound); i++) {
        if (v->list.count != ROWS(bound) || v->list.items[i]->kind != VALUE_INT)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "a range beyond 64-bit integers is not written as JSON; typed JSON can hold it");
        bound[i] = v->list.items[i]->integer;
    }
    w->range.at = bound[0];
    w->range.step = bound[2];
    w->range.left = value_range_count(bound[0], bound[1], bound[2]);
    if (w->range.left > w->limits->elements)
        return FAIL_LIMIT(err, "elements", w->limits->elements, "a range has %llu numbers",
                          (unsigned long long)w->range.left);
    walk_skip(w->walk);
    return layout_open(&w->layout, '[', out, err);
}

static bool put_range(struct json_writer *w, struct sink *out, struct error *err)
{
    for (int i = 0; i < RANGE_AT_ONCE && w->range.left > 0; i++, w->range.left--) {
        if (!layout_separate(&w->layout, out, err) || !put_int(out, w->range.at, err))
            return false;
        w->range.at = (int64_t)((uint64_t)w->range.at + (uint64_t)w->range.step);
    }
    return true;
}

static bool enter_array(struct json_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    uint64_t count;
    const struct elements e = elements_of(w, a, w->layout.depth);
    w->layout.depth += a->ndim;
    if (!array_count(a, &count))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array has more than 2^64 elements");
    return count > 0 || elements_put_empty(&e, out, err);
}

static const char *external_name(enum external_kind kind)
{
    switch (kind) {
    case EXTERNAL_PERSISTENT_ID:
        return "$persistent_id";
    case EXTERNAL_EXTENSION:
        return "$extension";
    case EXTERNAL_BUFFER:
        return "$buffer";
    case EXTERNAL_SOFT_LINK:
    case EXTERNAL_LINK:
        break;
    }
    return "$link";
}

static bool enter_table(struct json_writer *w, const struct value_table *t, struct sink *out,
                        struct error *err)
{
    struct value_pairs named;
    if (!rows_are_columns(w, t)) {
        walk_skip(w->walk);
        return rows_begin(w, t, out, err);
    }
    return table_named(t, w->walk->arena, &named, err) && keytext_differ(w, &named, err) &&
           layout_open(&w->layout, '{', out, err);
}

static bool enter(struct json_writer *w, struct value *v, struct sink *out, struct error *err)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
        return layout_open(&w->layout, '[', out, err);
    case VALUE_DICT:
        return keytext_check(w, &v->dict, err) && layout_open(&w->layout, '{', out, err);
    case VALUE_ARRAY:
        return enter_array(w, v->array, out, err);
    case VALUE_RANGE:
        return enter_range(w, v, out, err);
    case VALUE_SLICE:
        return layout_open(&w->layout, '{', out, err) &&
               layout_open_member(&w->layout, "$slice", '[', out, err);
    case VALUE_OBJECT:
        return layout_open(&w->layout, '{', out, err);
    case VALUE_TABLE:
        return enter_table(w, v->table, out, err);
    case VALUE_EXTERNAL:
        return layout_open(&w->layout, '{', out, err) &&
               layout_member(&w->layout, external_name(v->external->kind), out, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_DTYPE:
    case VALUE_GLOBAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value of kind %d has no parts", v->kind);
}

static bool leave(struct json_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    if (v->kind == VALUE_ARRAY) {
        w->layout.depth -= v->array->ndim;
        return true;
    }
    if (v->kind == VALUE_TABLE)
        return rows_end(w, v->table, out, err);
    if (v->kind == VALUE_SLICE && !layout_close(&w->layout, ']', out, err))
        return false;
    const bool braces = v->kind == VALUE_DICT || v->kind == VALUE_OBJECT || v->kind == VALUE_EXTERNAL ||
                        v->kind == VALUE_SLICE;
    return layout_close(&w->layout, braces ? '}' : ']', out, err);
}

/* ---- blocks of arrays ---- */

struct block {
    const struct elements *elements;
    uint64_t index;
    const uint8_t *data;
};

/* For shares: all of it or nothing. */
static void put_share(const void *work, size_t from, size_t to, struct sink *out, size_t *done,
                      uint64_t *nodes)
{
    const struct block *b = work;
    const uint64_t before = out->total;
    struct error unsaid = {0};
    const bool ok =
        elements_put(b->elements, b->index + from, b->data + from * b->elements->array->dtype.itemsize,
                     to - from, out, &unsaid);
    if (!ok)
        sink_undo(out, (size_t)(out->total - before));
    *done = ok ? to - from : 0;
    *nodes = 0;
}

/* What the shares could not write is tried again here, where it can be said why. */
static bool put_blocks(struct json_writer *w, const struct block *b, size_t count, struct sink *out,
                       struct error *err)
{
    const size_t itemsize = b->elements->array->dtype.itemsize;
    size_t done = 0;
    uint64_t nodes;
    if (count >= SHARES_FROM && !shares_put(w->shares, put_share, b, count, out, &done, &nodes, err))
        return false;
    return elements_put(b->elements, b->index + done, b->data + done * itemsize, count - done, out, err);
}

/* ---- events ---- */

static bool put_key(struct json_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    if (ev->what == WALK_ENTER) {
        ev->value->mark &= ~(uint32_t)WALK_OPEN; /* a nested walk enters it again */
        walk_skip(w->walk);
    }
    struct value *key = ev->value;
    if (ev->parent->kind == VALUE_TABLE) {
        key = table_name(ev->parent->table, ev->index, w->walk->arena);
        if (key == NULL)
            return arena_fail(w->walk->arena, err);
    }
    return keytext_put(w, key, out, err) && layout_colon(&w->layout, out, err);
}

static bool emit_part(struct json_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    uint32_t as = 0;
    if (!before_part(w, ev, &as, out, err))
        return false;
    if (ev->role == WALK_KEY)
        return put_key(w, ev, out, err);
    if (as != 0 && ev->what == WALK_ENTER) {
        ev->value->mark |= as;
        if (as == LEFT_OUT)
            walk_skip(w->walk);
    }
    if (as != 0)
        return true;
    if (ev->what == WALK_ENTER)
        return enter(w, ev->value, out, err);
    return json_put_leaf(w, ev->value, out, err) && after_part(w, ev, out, err);
}

static bool emit(struct json_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    switch (ev->what) {
    case WALK_LEAF:
    case WALK_ENTER:
        return emit_part(w, ev, out, err);
    case WALK_LEAVE:
        if ((ev->value->mark & (MERGED | LEFT_OUT | OF_BASE)) != 0 || ev->role == WALK_KEY) {
            ev->value->mark &= ~(uint32_t)(MERGED | LEFT_OUT | OF_BASE);
            return true;
        }
        return leave(w, ev->value, out, err) && after_part(w, ev, out, err);
    case WALK_BLOCK: {
        const struct elements e = elements_of(w, ev->value->array, w->layout.depth - ev->value->array->ndim);
        const struct block block = {.elements = &e, .index = ev->index, .data = ev->block};
        return put_blocks(w, &block, ev->elements, out, err);
    }
    case WALK_AGAIN:
        break;
    }
    return true;
}

/* One piece of output; where it fails, the error says where in the value. */
static enum step advance(struct json_writer *w, struct sink *out, struct error *err)
{
    struct walk_event ev;
    size_t written = 0;
    bool ok = true;
    if (w->range.left > 0) {
        ok = put_range(w, out, err);
    } else if (w->rows != NULL) {
        ok = rows_put(w, out, err);
    } else if (!siblings_put(w, out, &written, err)) {
        ok = false;
    } else if (written == 0) {
        const enum step step = walk_next(w->walk, &ev, err);
        if (step != STEP_MORE)
            return step;
        ok = emit(w, &ev, out, err);
    }
    if (ok)
        return STEP_MORE;
    char pointer[sizeof err->pointer];
    walk_pointer(w->walk, pointer, sizeof pointer);
    error_set_pointer(err, pointer);
    return STEP_FAIL;
}

bool json_put_nested(const struct json_writer *w, struct value *v, const struct codec_options *options,
                     struct sink *out, struct error *err)
{
    if (w->level == MOST_LEVELS)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "keys are nested in keys more than %d times",
                    MOST_LEVELS);
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, w->limits->memory);
    struct walk walk;
    walk_init(&walk, WALK_TREE, v, w->limits, &scratch);
    walk.meanings = true;
    struct json_writer nested = {
        .options = options, .limits = w->limits, .walk = &walk, .level = w->level + 1};
    nested.layout = (struct layout){.pretty = options->pretty, .depth = w->layout.depth};
    const uint64_t start = out->total;
    enum step step;
    while ((step = advance(&nested, out, err)) == STEP_MORE)
        if (out->total - start > MOST_NESTED)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "a key or a field of a record would be longer than %d bytes", MOST_NESTED);
    return step == STEP_DONE;
}

bool json_begin(struct encoder *e, struct error *err)
{
    struct json_writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    *w = (struct json_writer){.options = e->options, .limits = e->limits, .walk = &e->walk};
    w->layout.pretty = e->options->pretty;
    walk_init(&e->walk, WALK_TREE, e->root, e->limits, e->arena);
    if (!shares_new(e->options->crew, e->arena, &w->shares, err))
        return false;
    e->walk.meanings = true;
    e->state = w;
    return true;
}

enum step json_step(struct encoder *e, struct sink *out, struct error *err)
{
    while (!sink_full(out)) {
        const enum step step = advance(e->state, out, err);
        if (step != STEP_MORE)
            return step;
    }
    return STEP_MORE;
}
