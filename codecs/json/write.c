#include "write.h"

#include "elements.h"
#include "keytext.h"
#include "object.h"
#include "put.h"
#include "rows.h"
#include "shares.h"
#include "siblings.h"
#include "table.h"

enum {
    SHARES_FROM = 4096,     /* elements of a block, below which one hand is as fast */
    RANGE_AT_ONCE = 64,     /* numbers of a range written before the sink is asked again */
    MOST_LEVELS = 8,        /* of keys inside of keys */
    MOST_NESTED = 16 << 20, /* bytes of one key, or of one field of a record */
};

/* ---- around parts ---- */

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

static bool before_part(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL || parent->kind == VALUE_EXTERNAL)
        return true;
    if (parent->kind == VALUE_OBJECT)
        return object_before_part(w, ev, as, out, err);
    if (parent->kind == VALUE_ARRAY) {
        const struct elements e = elements_of(w, parent->array, w->layout.depth - parent->array->ndim);
        return elements_open(&e, ev->index, out, err);
    }
    if (parent->kind == VALUE_TUPLE && (parent->mark & OF_BASE) != 0)
        return object_before_base(w, ev, as, out, err);
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
        return object_after_part(w, ev, out, err);
    if (ev->parent->kind == VALUE_TUPLE && (ev->parent->mark & OF_BASE) != 0)
        return object_after_base(w, ev, out, err);
    if (ev->parent->kind != VALUE_ARRAY)
        return true;
    const struct elements e = elements_of(w, ev->parent->array, w->layout.depth - ev->parent->array->ndim);
    return elements_close(&e, ev->index, out, err);
}

/* ---- containers ---- */

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
