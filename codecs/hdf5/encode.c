/*
 * A value as an HDF5 file: dicts are groups, arrays datasets; what h5py has no word for carries marks
 * (README.md). The file is made in a private place and then given away byte by byte. No recursion: groups
 * whose members are still to come wait on a stack.
 */
#include "bigint.h"
#include "build.h"
#include "described.h"
#include "known.h"
#include "number.h"
#include "table.h"
#include "utf8.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    PIECE = 256 << 10,
    NAME_MAX_BYTES = 1024,
    BITS_MAX = 60000, /* bytes of an attribute: HDF5 has room for 64 KB */
};

/* Where a value goes: a member of a group; group 0: it is the whole document. */
struct place {
    uint64_t group;
    struct bytes name;
    const struct value *value; /* of which it is said where it went */
};

/* ---- talking to the sandbox ---- */

bool h5_call(struct builder *b, struct sandbox_request q, struct error *err)
{
    q.session = b->session;
    q.watch = b->arena->watch;
    b->reply.len = 0;
    return sandbox_call(&q, &b->reply, err);
}

bool h5_reply_object(const struct builder *b, uint64_t *out, struct error *err)
{
    struct reader r = reader_make(bytes_of(b->reply.data, b->reply.len));
    return reader_u64_le(&r, out, err);
}

static void remember(struct builder *b, const struct place *p, uint64_t object)
{
    const uint32_t number = p->value == NULL ? 0 : p->value->mark & WALK_MARK_MAX;
    if (number > 0)
        b->objects[number - 1] = object;
}

static bool put_shape(struct builder *b, const struct dtype *t, enum sandbox_space space, unsigned ndim,
                      const uint64_t *dims, struct error *err)
{
    b->payload.len = 0;
    return wire_put_dtype(&b->payload, t, err) && wire_put_space(&b->payload, space, ndim, dims, err) &&
           wire_put_run(&b->payload, bytes_of(b->room.heap.data, b->room.heap.len), err);
}

/* A text attribute of an object that is there already: the root. */
static bool mark_root(struct builder *b, const char *mark, struct error *err)
{
    const struct dtype text = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    uint8_t slot[16] = {0};
    store_u64_le(slot + 8, strlen(mark));
    b->room.heap.len = 0;
    if (!sink_write(&b->room.heap, mark, strlen(mark) + 1, err) ||
        !put_shape(b, &text, SPACE_SCALAR, 0, NULL, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_ATTRIBUTE,
                                      .base = b->root,
                                      .path = bytes_text(MARK_TYPE),
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .window = slot,
                                      .window_size = sizeof slot};
    return h5_call(b, q, err);
}

/* ---- datasets ---- */

/* What a dataset is made of. */
struct plan {
    const char *mark;  /* or NULL */
    const char *dtype; /* MARK_DTYPE, or NULL */
    enum sandbox_space space;
    unsigned ndim;
    const uint64_t *dims;
};

static size_t marks_of(const struct plan *p, struct sandbox_mark *out)
{
    size_t n = 0;
    if (p->mark != NULL)
        out[n++] = (struct sandbox_mark){MARK_TYPE, bytes_text(p->mark)};
    if (p->dtype != NULL)
        out[n++] = (struct sandbox_mark){MARK_DTYPE, bytes_text(p->dtype)};
    return n;
}

/* The document is one value without members: it becomes the root's only member. */
static bool settle(struct builder *b, struct place *p, struct error *err)
{
    if (p->group != 0)
        return true;
    p->group = b->root;
    p->name = bytes_text("data");
    return mark_root(b, "data", err);
}

static bool make_dataset(struct builder *b, struct place *p, const struct plan *plan, const struct dtype *t,
                         const uint8_t *window, size_t size, uint64_t *object, struct error *err)
{
    struct sandbox_mark marks[2];
    if (!put_shape(b, t, plan->space, plan->ndim, plan->dims, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_DATASET,
                                      .base = p->group,
                                      .path = p->name,
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .marks = marks,
                                      .mark_count = marks_of(plan, marks),
                                      .window = (uint8_t *)(uintptr_t)window,
                                      .window_size = size};
    if (!h5_call(b, q, err) || !h5_reply_object(b, object, err))
        return false;
    b->last = *object;
    remember(b, p, *object);
    return true;
}

/* The largest box that starts at element `at` of the shape and has at most `left` elements. */
static uint64_t next_box(unsigned ndim, const uint64_t *dims, uint64_t at, uint64_t left, struct box *box)
{
    uint64_t stride = 1, index = at;
    unsigned axis = ndim;
    *box = (struct box){.ndim = ndim};
    if (ndim == 0)
        return 1;
    for (unsigned i = ndim; i-- > 0; index /= dims[i]) {
        box->start[i] = index % dims[i];
        box->step[i] = box->count[i] = 1;
    }
    while (axis > 0 && stride <= left && at % stride == 0) {
        axis--;
        if (stride > left / dims[axis] || at % (stride * dims[axis]) != 0)
            break;
        stride *= dims[axis];
        box->start[axis] = 0;
        box->count[axis] = dims[axis];
        if (axis == 0)
            return stride;
    }
    const uint64_t room = dims[axis] - box->start[axis];
    box->count[axis] = left / stride < room ? left / stride : room;
    return box->count[axis] * stride;
}

bool h5_write_block(struct builder *b, uint64_t object, const struct h5_block *block, struct error *err)
{
    struct box box;
    for (uint64_t done = 0; done < block->count;) {
        const uint64_t n = next_box(block->ndim, block->dims, block->at + done, block->count - done, &box);
        const struct sandbox_request q = {
            .op = SANDBOX_WRITE,
            .base = object,
            .box = &box,
            .payload = bytes_of(b->room.heap.data, b->room.heap.len),
            .window = (uint8_t *)(uintptr_t)(block->elements + done * block->itemsize),
            .window_size = n * block->itemsize};
        if (!h5_call(b, q, err))
            return false;
        done += n;
    }
    return true;
}

/* The elements of a feed as one dataset: at once when they fit in a block. */
static bool put_feed(struct builder *b, struct place p, const struct plan *plan, struct h5_feed *f,
                     struct error *err)
{
    const uint8_t *block = NULL;
    size_t count = 0;
    uint64_t object, at = 0;
    if (!settle(b, &p, err))
        return false;
    b->room.heap.len = 0;
    if (f->count > 0 && !h5_feed_next(f, &block, &count, err))
        return false;
    if (count == f->count)
        return make_dataset(b, &p, plan, &f->dtype, block, count * f->dtype.itemsize, &object, err);
    if (!make_dataset(b, &p, plan, &f->dtype, NULL, 0, &object, err))
        return false;
    for (; count > 0; at += count, block = NULL) {
        if (block == NULL && (!h5_feed_next(f, &block, &count, err) || count == 0))
            return count == 0 && err->kind == ERR_NONE;
        const struct h5_block part = {plan->ndim, plan->dims, f->dtype.itemsize, at, count, block};
        if (!h5_write_block(b, object, &part, err))
            return false;
    }
    return true;
}

/* One element that is not text. */
static bool put_scalar(struct builder *b, struct place p, const char *mark, enum dtype_kind kind,
                       const void *element, size_t size, struct error *err)
{
    const struct plan plan = {.mark = mark, .space = SPACE_SCALAR};
    const struct dtype t = dtype_make(kind, size);
    uint64_t object;
    b->room.heap.len = 0;
    return settle(b, &p, err) &&
           (b->room.heap.len = 0, make_dataset(b, &p, &plan, &t, element, size, &object, err));
}

static bool put_text(struct builder *b, struct place p, const char *mark, struct bytes text,
                     struct error *err)
{
    struct value leaf = {.kind = VALUE_STR, .text = text};
    struct value *leaves[] = {&leaf};
    struct h5_feed f = {.room = &b->room};
    const struct dtype t = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    const struct plan plan = {.mark = mark, .space = SPACE_SCALAR};
    return h5_feed_leaves(&f, &t, leaves, 1, err) && put_feed(b, p, &plan, &f, err);
}

static bool put_null(struct builder *b, struct place p, const char *mark, struct error *err)
{
    const struct plan plan = {.mark = mark, .space = SPACE_NULL};
    const struct dtype t = dtype_make(DTYPE_FLOAT, 8);
    uint64_t object;
    if (!settle(b, &p, err))
        return false;
    b->room.heap.len = 0;
    return make_dataset(b, &p, &plan, &t, NULL, 0, &object, err);
}

/* Opaque bytes, or nothing where they are empty: HDF5 has no type of no bytes. */
static bool put_raw(struct builder *b, struct place p, const char *mark, struct bytes raw, struct error *err)
{
    if (raw.len == 0)
        return put_null(b, p, mark, err);
    if (raw.len > INT32_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "HDF5 holds bytes of at most 2 GB");
    return put_scalar(b, p, mark, DTYPE_VOID, raw.data, raw.len, err);
}

static bool put_bigint(struct builder *b, struct place p, const struct value *v, struct error *err)
{
    struct bytes digits;
    return bigint_to_decimal(v->text, b->e->limits->digits, b->arena, &digits, err) &&
           put_text(b, p, "int", digits, err);
}

/* ---- groups ---- */

static bool push(struct builder *b, const struct frame *frame, struct error *err)
{
    if (b->depth >= b->e->limits->depth)
        return FAIL_LIMIT(err, "depth", b->e->limits->depth, "the value is nested deeper than %llu levels",
                          (unsigned long long)b->e->limits->depth);
    if (b->depth == b->capacity) {
        const size_t capacity = b->capacity == 0 ? 16 : b->capacity * 2;
        struct frame *frames =
            arena_grow(b->arena, b->frames, b->capacity * sizeof *frames, capacity * sizeof *frames);
        if (frames == NULL)
            return arena_fail(b->arena, err);
        b->frames = frames;
        b->capacity = capacity;
    }
    b->frames[b->depth++] = *frame;
    return true;
}

static bool open_group(struct builder *b, struct place p, const char *mark, struct frame frame,
                       struct error *err)
{
    const struct plan plan = {.mark = mark};
    struct sandbox_mark marks[2];
    frame.group = b->root;
    if (p.group == 0) {
        if (mark != NULL && !mark_root(b, mark, err))
            return false;
    } else {
        const struct sandbox_request q = {.op = SANDBOX_GROUP,
                                          .base = p.group,
                                          .path = p.name,
                                          .marks = marks,
                                          .mark_count = marks_of(&plan, marks)};
        if (!h5_call(b, q, err) || !h5_reply_object(b, &frame.group, err))
            return false;
    }
    remember(b, &p, frame.group);
    return push(b, &frame, err);
}

static bool items_group(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                        struct error *err)
{
    return open_group(b, p, mark, (struct frame){.items = list->items, .count = list->count}, err);
}

/* Members with names, those that are NULL left out. */
struct named {
    const char *name;
    struct value *value;
};

static bool named_group(struct builder *b, struct place p, const char *mark, const struct named *members,
                        size_t count, struct error *err)
{
    struct value_pair *pairs = arena_alloc(b->arena, count, sizeof *pairs);
    size_t n = 0;
    if (pairs == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < count; i++) {
        if (members[i].value == NULL)
            continue;
        pairs[n].key = value_text(b->arena, members[i].name);
        pairs[n].value = members[i].value;
        if (pairs[n++].key == NULL)
            return arena_fail(b->arena, err);
    }
    return open_group(b, p, mark, (struct frame){.pairs = pairs, .count = n}, err);
}

/* A list of our own making; NULL: no memory. */
static struct value *list_of(struct builder *b, struct value **items, size_t count)
{
    struct value *list = value_new(b->arena, VALUE_LIST);
    if (list != NULL)
        list->list = (struct value_list){items, count};
    return list;
}

/* A list's value where it has items, else NULL with *ok kept. */
static struct value *list_if_any(struct builder *b, const struct value_list *list, bool *ok)
{
    struct value *v = list->count == 0 ? NULL : list_of(b, list->items, list->count);
    *ok = *ok && (v != NULL || list->count == 0);
    return v;
}

/* Keys or values of pairs as a list; NULL where there are none. */
static struct value *half_of(struct builder *b, const struct value_pairs *pairs, bool keys, bool *ok)
{
    struct value **items = arena_alloc(b->arena, pairs->count, sizeof(struct value *));
    for (size_t i = 0; items != NULL && i < pairs->count; i++)
        items[i] = keys ? pairs->items[i].key : pairs->items[i].value;
    struct value *list = items == NULL ? NULL : list_of(b, items, pairs->count);
    *ok = *ok && list != NULL;
    return list;
}

/* A key that may be the name of a link. */
static bool is_name(const struct value *key)
{
    return h5_plain_text(key) && key->text.len > 0 && key->text.len <= NAME_MAX_BYTES &&
           memchr(key->text.data, '/', key->text.len) == NULL && !bytes_is(key->text, ".");
}

static bool put_dict(struct builder *b, struct place p, const struct value_pairs *d, struct error *err)
{
    bool ok = true;
    size_t names = 0;
    while (names < d->count && is_name(d->items[names].key))
        names++;
    if (names == d->count)
        return open_group(b, p, NULL, (struct frame){.pairs = d->items, .count = d->count}, err);
    const struct named members[] = {{"keys", half_of(b, d, true, &ok)},
                                    {"values", half_of(b, d, false, &ok)}};
    return ok ? named_group(b, p, "dict", members, ROWS(members), err) : arena_fail(b->arena, err);
}

/* Each the name of one link: keys that came twice are one in the dict that the object means. */
static bool are_names(const struct value_object *o)
{
    const struct value_pairs *d = &o->pairs;
    if (d->count > 0 && (o->meaning->kind != VALUE_DICT || o->meaning->dict.count != d->count))
        return false;
    for (size_t i = 0; i < d->count; i++)
        if (!is_name(d->items[i].key))
            return false;
    return true;
}

/* An object of a well-known class as text, or as a group of its items or pairs. *done: it was one. */
static bool put_known(struct builder *b, struct place p, const struct value_object *o, bool *done,
                      struct error *err)
{
    struct bytes text;
    const char *tag = known_tag(o, WALK_MARK_MAX, b->e->limits, &text, err);
    *done = tag != NULL && (text.data != NULL || are_names(o));
    if (!*done)
        return err->kind == ERR_NONE;
    if (text.data != NULL)
        return put_text(b, p, tag + 1, text, err);
    if (strcmp(tag, "$deque") == 0)
        return items_group(b, p, tag + 1, &o->items, err);
    return open_group(b, p, tag + 1, (struct frame){.pairs = o->pairs.items, .count = o->pairs.count}, err);
}

static bool put_object(struct builder *b, struct place p, const struct value_object *o, struct error *err)
{
    bool ok = true, done;
    if (!put_known(b, p, o, &done, err) || done)
        return done;
    const bool pairs = o->pairs.count > 0;
    const struct named members[] = {
        {"made", value_int(b->arena, o->made)},
        {"callable", o->callable},
        {"args", o->args},
        {"kwargs", o->kwargs},
        {"states", list_if_any(b, &o->states, &ok)},
        {"items", list_if_any(b, &o->items, &ok)},
        {"added", list_if_any(b, &o->added, &ok)},
        {"keys", pairs ? half_of(b, &o->pairs, true, &ok) : NULL},
        {"values", pairs ? half_of(b, &o->pairs, false, &ok) : NULL},
    };
    ok = ok && members[0].value != NULL;
    return ok ? named_group(b, p, "object", members, ROWS(members), err) : arena_fail(b->arena, err);
}

/* ---- tables ---- */

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct value_pair *)a)->key->text,
                         ((const struct value_pair *)b)->key->text);
}

/* *yes: the columns can be members of a group under these names, and the marks tell which they were. */
static bool labels_are_names(struct builder *b, const struct value_table *t, const struct value_pairs *named,
                             bool *yes, struct error *err)
{
    *yes = named->count > 0;
    for (size_t i = 0; i < named->count && *yes; i++) {
        const struct value *label = t->columns.items[i].key;
        *yes = is_name(named->items[i].key) &&
               (label->kind == VALUE_NONE || !h5_unnamed(t->series, i < t->levels, label->text));
    }
    struct value_pair *sorted = *yes ? arena_alloc(b->arena, named->count, sizeof *sorted) : NULL;
    if (*yes && sorted == NULL)
        return arena_fail(b->arena, err);
    if (*yes)
        qsort(memcpy(sorted, named->items, named->count * sizeof *sorted), named->count, sizeof *sorted,
              by_name);
    for (size_t i = 1; i < named->count && *yes; i++)
        *yes = by_name(&sorted[i - 1], &sorted[i]) != 0;
    return true;
}

/* Labels that are no names, or not different: what can hold all of them. */
static bool put_labelled(struct builder *b, struct place p, const struct value_table *t, struct error *err)
{
    bool ok = true;
    const struct named members[] = {
        {"rows", value_int(b->arena, (int64_t)t->rows)}, {"levels", value_int(b->arena, (int64_t)t->levels)},
        {"series", value_bool(b->arena, t->series)},     {"labels", half_of(b, &t->columns, true, &ok)},
        {"values", half_of(b, &t->columns, false, &ok)},
    };
    for (size_t i = 0; i < ROWS(members); i++)
        ok = ok && members[i].value != NULL;
    return ok ? named_group(b, p, "columns", members, ROWS(members), err) : arena_fail(b->arena, err);
}

static bool put_table(struct builder *b, struct place p, const struct value_table *t, struct error *err)
{
    struct value_pairs named;
    bool names;
    if (!table_named(t, b->arena, &named, err))
        return false;
    if (t->series && t->columns.items[t->levels].key->kind == VALUE_NONE) {
        named.items[t->levels].key = value_text(b->arena, UNNAMED_SERIES);
        if (named.items[t->levels].key == NULL)
            return arena_fail(b->arena, err);
    }
    if (!labels_are_names(b, t, &named, &names, err))
        return false;
    if (!names)
        return put_labelled(b, p, t, err);
    const char *mark = arena_printf(b->arena, "%s:%zu", t->series ? "series" : "table", t->levels);
    if (mark == NULL)
        return arena_fail(b->arena, err);
    return open_group(b, p, mark, (struct frame){.pairs = named.items, .count = named.count}, err);
}

static bool put_link(struct builder *b, struct place p, const struct value_external *x, struct error *err)
{
    b->payload.len = 0;
    if (p.group == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a link alone is not a document");
    if (x->kind == EXTERNAL_SOFT_LINK) {
        const struct sandbox_request q = {
            .op = SANDBOX_SOFT_LINK, .base = p.group, .path = p.name, .payload = x->id->text};
        return h5_call(b, q, err);
    }
    const struct sandbox_request q = {.op = SANDBOX_EXTERNAL_LINK, .base = p.group, .path = p.name};
    if (!wire_put_run(&b->payload, x->id->list.items[0]->text, err) ||
        !wire_put_run(&b->payload, x->id->list.items[1]->text, err))
        return false;
    struct sandbox_request with = q;
    with.payload = bytes_of(b->payload.data, b->payload.len);
    return h5_call(b, with, err);
}

/* A link as HDF5 knows it, with plain texts. */
static bool is_link(const struct value_external *x)
{
    const struct value *id = x->id;
    if (id == NULL)
        return false;
    if (x->kind == EXTERNAL_SOFT_LINK)
        return h5_plain_text(id) && id->text.len > 0;
    return x->kind == EXTERNAL_LINK && id->kind == VALUE_TUPLE && id->list.count == 2 &&
           h5_plain_text(id->list.items[0]) && h5_plain_text(id->list.items[1]);
}

static bool put_external(struct builder *b, struct place p, const struct value_external *x, struct error *err)
{
    if (is_link(x))
        return put_link(b, p, x, err);
    const struct named members[] = {
        {"kind", value_int(b->arena, x->kind)},
        {"id", x->id},
        {"read_only", value_bool(b->arena, x->read_only)},
        {"data", x->data},
    };
    if (members[0].value == NULL || members[2].value == NULL)
        return arena_fail(b->arena, err);
    return named_group(b, p, "external", members, ROWS(members), err);
}

static bool put_dtype(struct builder *b, struct place p, const struct dtype *t, struct error *err)
{
    const struct named members[] = {
        {"descr", dtype_descr(t, b->arena)},
        {"aligned", t->aligned ? value_bool(b->arena, true) : NULL},
    };
    if (members[0].value == NULL)
        return arena_fail(b->arena, err);
    return named_group(b, p, "dtype", members, ROWS(members), err);
}

static bool put_global(struct builder *b, struct place p, const struct value_global *g, struct error *err)
{
    static const uint64_t two = 2;
    struct value module = {.kind = VALUE_STR, .text = g->module}, name = {.kind = VALUE_STR, .text = g->name};
    struct value *leaves[] = {&module, &name};
    struct h5_feed f = {.room = &b->room};
    const struct dtype t = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    const struct plan plan = {.mark = "global", .space = SPACE_SIMPLE, .ndim = 1, .dims = &two};
    if (!h5_plain_text(&module) || !h5_plain_text(&name))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the name of a class has a NUL");
    return h5_feed_leaves(&f, &t, leaves, 2, err) && put_feed(b, p, &plan, &f, err);
}

/* ---- lists ---- */

/* A list of lists of ... of one kind of leaf, as a block. */
struct grid {
    unsigned ndim;
    uint64_t dims[DTYPE_MAX_NDIM];
    struct value *const *leaves;
    size_t count;
    enum value_kind kind; /* VALUE_KIND_COUNT: ints and floats, mixed */
};

static bool exact_float(const struct value *v)
{
    return v->kind == VALUE_FLOAT ||
           (v->kind == VALUE_INT && v->integer >= -(1LL << 53) && v->integer <= 1LL << 53);
}

/* The one kind of all leaves. False: there is none that a dataset could hold. */
static bool leaf_kind(struct grid *g)
{
    g->kind = (enum value_kind)g->leaves[0]->kind;
    bool same = true, floats = true;
    for (size_t i = 0; i < g->count && (same || floats); i++) {
        const struct value *v = g->leaves[i];
        same &= v->kind == g->kind && (v->kind != VALUE_STR || h5_plain_text(v));
        floats &= exact_float(v);
    }
    if (!same)
        g->kind = VALUE_KIND_COUNT;
    return same ? g->kind == VALUE_BOOL || g->kind == VALUE_INT || g->kind == VALUE_FLOAT ||
                      g->kind == VALUE_COMPLEX || g->kind == VALUE_STR
                : floats;
}

/* Lists of one length, none of them shared. */
static bool is_level(struct value *const *items, size_t count, size_t *length)
{
    *length = items[0]->kind == VALUE_LIST ? items[0]->list.count : 0;
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind != VALUE_LIST || items[i]->list.count != *length ||
            (items[i]->mark & WALK_MARK_MAX) != 0)
            return false;
    return *length > 0;
}

static bool next_level(struct builder *b, struct grid *g, size_t length, struct error *err)
{
    size_t n;
    if (!checked_mul(g->count, length, &n))
        return arena_fail(b->arena, err);
    struct value **all = arena_alloc(b->arena, n, sizeof(struct value *));
    if (all == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < g->count; i++)
        memcpy(all + i * length, g->leaves[i]->list.items, length * sizeof *all);
    g->dims[g->ndim++] = length;
    g->leaves = all;
    g->count = n;
    return true;
}

static bool find_grid(struct builder *b, const struct value_list *list, struct grid *g, bool *found,
                      struct error *err)
{
    size_t length;
    *g = (struct grid){.ndim = 1, .dims = {list->count}, .leaves = list->items, .count = list->count};
    *found = false;
    while (g->ndim < DTYPE_MAX_NDIM && is_level(g->leaves, g->count, &length))
        if (!next_level(b, g, length, err))
            return false;
    *found = leaf_kind(g);
    return true;
}

static struct dtype grid_dtype(enum value_kind kind)
{
    if (kind == VALUE_BOOL)
        return dtype_make(DTYPE_BOOL, 1);
    if (kind == VALUE_INT)
        return dtype_make(DTYPE_INT, 8);
    if (kind == VALUE_COMPLEX)
        return dtype_make(DTYPE_COMPLEX, 16);
    return kind == VALUE_STR ? dtype_make(DTYPE_TEXT, sizeof(struct bytes)) : dtype_make(DTYPE_FLOAT, 8);
}

static bool put_leaves(struct builder *b, struct place p, const char *mark, const struct grid *g, bool ones,
                       struct error *err)
{
    struct h5_feed f = {.room = &b->room, .ones = ones};
    const struct dtype t = ones ? dtype_make(DTYPE_BOOL, 1) : grid_dtype(g->kind);
    const struct plan plan = {.mark = mark, .space = SPACE_SIMPLE, .ndim = g->ndim, .dims = g->dims};
    return h5_feed_leaves(&f, &t, g->leaves, g->count, err) && put_feed(b, p, &plan, &f, err);
}

/* Ints among many floats: a group with all as floats, and which were ints. */
static bool put_mixed_group(struct builder *b, struct place p, const char *mark, const struct grid *g,
                            struct error *err)
{
    if (!open_group(b, p, mark, (struct frame){0}, err))
        return false;
    const uint64_t group = b->frames[--b->depth].group;
    const struct place data = {group, bytes_text("data"), NULL}, ints = {group, bytes_text("ints"), NULL};
    return put_leaves(b, data, NULL, g, false, err) && put_leaves(b, ints, NULL, g, true, err);
}

/* Ints among floats: a dataset of floats, with an attribute of bits that say which were ints. */
static bool put_mixed(struct builder *b, struct place p, const char *mark, const struct grid *g,
                      struct error *err)
{
    const uint64_t size = (g->count + 7) / 8;
    const struct dtype byte = dtype_make(DTYPE_UINT, 1);
    if (size > BITS_MAX && g->ndim == 1)
        return put_mixed_group(b, p, mark, g, err);
    uint8_t *bits = arena_alloc(b->arena, size, 1);
    if (bits == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < g->count; i++)
        bits[i / 8] |= (uint8_t)((g->leaves[i]->kind == VALUE_INT) << i % 8);
    if (!put_leaves(b, p, mark, g, false, err))
        return false;
    b->room.heap.len = 0;
    if (!put_shape(b, &byte, SPACE_SIMPLE, 1, &size, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_ATTRIBUTE,
                                      .base = b->last,
                                      .path = bytes_text(MARK_INTS),
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .window = bits,
                                      .window_size = size};
    return h5_call(b, q, err);
}

static bool put_sequence(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                         struct error *err)
{
    static const uint64_t none = 0;
    const struct plan empty = {.mark = mark, .space = SPACE_SIMPLE, .ndim = 1, .dims = &none};
    const struct dtype t = dtype_make(DTYPE_FLOAT, 8);
    struct grid g;
    bool found;
    uint64_t object;
    if (list->count == 0)
        return settle(b, &p, err) &&
               (b->room.heap.len = 0, make_dataset(b, &p, &empty, &t, NULL, 0, &object, err));
    if (!find_grid(b, list, &g, &found, err))
        return false;
    const bool too_many = found && g.kind == VALUE_KIND_COUNT && g.ndim > 1 && g.count > (size_t)8 * BITS_MAX;
    if (!found || too_many)
        return items_group(b, p, mark, list, err);
    return g.kind == VALUE_KIND_COUNT ? put_mixed(b, p, mark, &g, err)
                                      : put_leaves(b, p, mark, &g, false, err);
}

/* ---- arrays ---- */

static bool object_array(struct builder *b, struct place p, const struct array *a, struct error *err)
{
    const uint8_t *elements;
    uint64_t count;
    struct value **shape = arena_alloc(b->arena, a->ndim, sizeof(struct value *));
    if (shape == NULL)
        return arena_fail(b->arena, err);
    if (!array_count(a, &count) || !array_pack(a, b->arena, &elements, err))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    for (unsigned i = 0; i < a->ndim; i++)
        if ((shape[i] = value_uint(b->arena, a->shape[i])) == NULL)
            return arena_fail(b->arena, err);
    const struct named members[] = {
        {"shape", list_of(b, shape, a->ndim)},
        {"items", list_of(b, (struct value **)(uintptr_t)elements, (size_t)count)},
    };
    if (members[0].value == NULL || members[1].value == NULL)
        return arena_fail(b->arena, err);
    return named_group(b, p, "ndarray", members, ROWS(members), err);
}

/* Elements of no bytes: one byte each, and a mark. */
static bool empty_array(struct builder *b, struct place p, const struct array *a, const char *typestr,
                        struct error *err)
{
    const struct dtype byte = dtype_make(DTYPE_UINT, 1);
    const struct plan plan = {.mark = a->scalar ? "scalar" : "ndarray",
                              .dtype = typestr,
                              .space = a->ndim == 0 ? SPACE_SCALAR : SPACE_SIMPLE,
                              .ndim = a->ndim,
                              .dims = a->shape};
    uint64_t object;
    return settle(b, &p, err) &&
           (b->room.heap.len = 0, make_dataset(b, &p, &plan, &byte, NULL, 0, &object, err));
}

/* Without a mark a scalar dataset is a NumPy scalar, and a scalar text is a str. */
static const char *array_mark(const struct array *a, const struct dtype *kept)
{
    if (a->ndim > 0)
        return NULL;
    if (!a->scalar)
        return "ndarray";
    return kept->kind == DTYPE_TEXT || kept->kind == DTYPE_BYTES ? "scalar" : NULL;
}

static bool put_array(struct builder *b, struct place p, const struct array *a, struct error *err)
{
    char typestr[64];
    struct dtype kept = a->dtype;
    bool text = false, retyped = false;
    dtype_typestr(&a->dtype, typestr);
    if (a->dtype.itemsize == 0)
        return empty_array(b, p, a, typestr, err);
    if (a->dtype.kind == DTYPE_UNICODE || a->dtype.kind == DTYPE_OBJECT) {
        if (!h5_all_text(a, &b->room, &text, err))
            return false;
        if (a->dtype.kind == DTYPE_OBJECT && !text)
            return object_array(b, p, a, err);
        retyped = text;
    }
    if (retyped)
        kept = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    struct h5_feed f = {.room = &b->room};
    const char *mark = array_mark(a, &kept);
    const struct plan plan = {.mark = retyped && mark == NULL ? "ndarray" : mark,
                              .dtype = retyped ? typestr : NULL,
                              .space = a->ndim == 0 ? SPACE_SCALAR : SPACE_SIMPLE,
                              .ndim = a->ndim,
                              .dims = a->shape};
    return h5_feed_array(&f, &kept, a, err) && put_feed(b, p, &plan, &f, err);
}

/* ---- any value ---- */

static bool put_str(struct builder *b, struct place p, const struct value *v, struct error *err)
{
    const bool old = (v->flags & VALUE_PYTHON2) != 0;
    return h5_plain_text(v) ? put_text(b, p, NULL, v->text, err)
                            : put_raw(b, p, old ? "py2str" : "str", v->text, err);
}

/* A DataFrame or Series is its columns: that is what h5py's users look for. An index is an object. */
static bool is_frame(struct value *v)
{
    return value_meaning(v)->kind == VALUE_TABLE && strcmp(v->object->known->type, "pandas.Index") != 0;
}

/*
 * Tensors are datasets and a state dict is a group, whatever else torch keeps of them. Their meanings are no
 * objects, so that this goes one level deep.
 */
static bool is_of_torch(const struct value *v)
{
    const struct value_object *o = v->object;
    return o->meaning != NULL &&
           (bytes_starts(bytes_text(o->known->type), "torch.") ||
            (strcmp(o->known->type, "collections.OrderedDict") == 0 && o->states.count > 0));
}

static bool put_value(struct builder *b, struct place p, struct value *v, struct error *err)
{
    const uint8_t boolean = v->kind == VALUE_BOOL && v->boolean;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        return put_null(b, p, NULL, err);
    case VALUE_BOOL:
        return put_scalar(b, p, "bool", DTYPE_BOOL, &boolean, 1, err);
    case VALUE_INT:
        return put_scalar(b, p, "int", DTYPE_INT, &v->integer, sizeof v->integer, err);
    case VALUE_BIGINT:
        return put_bigint(b, p, v, err);
    case VALUE_FLOAT:
        return put_scalar(b, p, "float", DTYPE_FLOAT, &v->real, sizeof v->real, err);
    case VALUE_COMPLEX:
        return put_scalar(b, p, "complex", DTYPE_COMPLEX, v->complex, 2 * sizeof *v->complex, err);
    case VALUE_STR:
        return put_str(b, p, v, err);
    case VALUE_BYTES:
        return put_raw(b, p, (v->flags & VALUE_PYTHON2) != 0 ? "py2bytes" : "bytes", v->text, err);
    case VALUE_BYTEARRAY:
        return put_raw(b, p, "bytearray", v->text, err);
    case VALUE_LIST:
        return put_sequence(b, p, "list", &v->list, err);
    case VALUE_TUPLE:
        return put_sequence(b, p, "tuple", &v->list, err);
    case VALUE_SET:
        return put_sequence(b, p, "set", &v->list, err);
    case VALUE_FROZENSET:
        return put_sequence(b, p, "frozenset", &v->list, err);
    case VALUE_DICT:
        return put_dict(b, p, &v->dict, err);
    case VALUE_ARRAY:
        return put_array(b, p, v->array, err);
    case VALUE_DTYPE:
        return put_dtype(b, p, v->dtype, err);
    case VALUE_RANGE:
        return items_group(b, p, "range", &v->list, err);
    case VALUE_SLICE:
        return items_group(b, p, "slice", &v->list, err);
    case VALUE_GLOBAL:
        return put_global(b, p, v->global, err);
    case VALUE_OBJECT:
        if (is_of_torch(v))
            return put_value(b, p, value_meaning(v), err);
        if (is_frame(v))
            return put_table(b, p, value_meaning(v)->table, err);
        return put_object(b, p, v->object, err);
    case VALUE_EXTERNAL:
        return put_external(b, p, v->external, err);
    case VALUE_TABLE:
        return put_table(b, p, v->table, err);
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value of no known kind");
}

/* A node that is there already is linked to: sharing and cycles survive. */
static bool put_member(struct builder *b, uint64_t group, struct bytes name, struct value *v,
                       struct error *err)
{
    const uint32_t number = v->mark & WALK_MARK_MAX;
    if (number > 0 && b->objects[number - 1] != 0) {
        const struct sandbox_request q = {
            .op = SANDBOX_HARD_LINK, .base = group, .path = name, .target = b->objects[number - 1]};
        return h5_call(b, q, err);
    }
    const struct place p = {group, name, v};
    return put_value(b, p, v, err);
}

static bool next_member(struct builder *b, struct frame *f, struct error *err)
{
    char digits[NUMBER_MAX];
    const size_t i = f->next++;
    if (f->pairs != NULL)
        return put_member(b, f->group, f->pairs[i].key->text, f->pairs[i].value, err);
    return put_member(b, f->group, bytes_of(digits, number_write_uint(i, digits)), f->items[i], err);
}

static void point(const struct builder *b, struct error *err)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (size_t i = 0; i < b->depth && n + 1 < sizeof pointer; i++) {
        const struct frame *f = &b->frames[i];
        if (f->next == 0)
            break;
        const struct bytes key = f->pairs == NULL ? bytes_of(NULL, 0) : f->pairs[f->next - 1].key->text;
        n +=
            (size_t)(f->pairs == NULL ? snprintf(pointer + n, sizeof pointer - n, "/%zu", f->next - 1)
                                      : snprintf(pointer + n, sizeof pointer - n, "/%.*s",
                                                 (int)(key.len < 60 ? key.len : 60), (const char *)key.data));
    }
    error_set_pointer(err, pointer);
}

static bool build(struct builder *b, struct error *err)
{
    const struct place whole = {0, bytes_of(NULL, 0), b->e->root};
    if (!put_value(b, whole, b->e->root, err))
        return false;
    while (b->depth > 0) {
        struct frame *top = &b->frames[b->depth - 1];
        if (top->next == top->count) {
            b->depth--;
        } else if (!next_member(b, top, err)) {
            point(b, err);
            return false;
        }
    }
    return true;
}

/* ---- before: which nodes are shared ---- */

/* What is kept as one object and may be met again; numbers and the like are written each time. */
static bool may_be_shared(const struct value *v)
{
    return v->kind >= VALUE_STR && v->kind != VALUE_GLOBAL && v->kind != VALUE_EXTERNAL &&
           (v->kind > VALUE_BYTEARRAY || v->text.len > 64);
}

/* Numbers the nodes that are met more than once. */
static bool number_shared(struct builder *b, struct error *err)
{
    struct walk w;
    struct walk_event event;
    enum step step;
    walk_init(&w, WALK_GRAPH, b->e->root, b->e->limits, b->arena);
    while ((step = walk_next(&w, &event, err)) == STEP_MORE) {
        struct value *v = event.value;
        if (event.what == WALK_AGAIN && (v->mark & WALK_MARK_MAX) == 0)
            v->mark |= (uint32_t)++b->shared;
        if ((event.what == WALK_ENTER || event.what == WALK_LEAF) && may_be_shared(v))
            v->mark |= WALK_SEEN;
        if (event.what == WALK_ENTER && v->kind == VALUE_ARRAY && v->array->dtype.kind != DTYPE_OBJECT)
            walk_skip(&w);
    }
    if (step == STEP_FAIL)
        return false;
    if (b->shared >= WALK_MARK_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "too many parts of the value are shared");
    b->objects = arena_alloc(b->arena, b->shared, sizeof *b->objects);
    return b->objects != NULL || arena_fail(b->arena, err);
}

/* ---- the file ---- */

static void builder_drop(void *self)
{
    struct builder *b = self;
    struct error ignored = {0};
    if (b->session != 0)
        h5_call(b, (struct sandbox_request){.op = SANDBOX_ABORT}, &ignored);
    if (b->fd >= 0)
        close(b->fd);
    sink_deinit(&b->reply);
    sink_deinit(&b->room.heap);
    arena_free(&b->room.objects);
    sink_deinit(&b->payload);
}

/* A file that nobody else can see, gone when it is closed: on disk where that can be had, else in memory. */
static int private_file(void)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < ROWS(folders); i++) {
        const int fd = folders[i] == NULL ? -1 : open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
    }
    return memfd_create("document", MFD_CLOEXEC);
}

static bool begin_file(struct builder *b, struct error *err)
{
    b->fd = private_file();
    if (b->fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "there is no place for a private file");
    const struct sandbox_request q = {.op = SANDBOX_BEGIN, .fd = b->fd, .most = b->e->limits->output};
    if (!h5_call(b, q, err))
        return false;
    struct reader r = reader_make(bytes_of(b->reply.data, b->reply.len));
    return reader_u64_le(&r, &b->session, err) && reader_u64_le(&r, &b->root, err);
}

static bool finish_file(struct builder *b, struct error *err)
{
    struct stat st;
    if (!h5_call(b, (struct sandbox_request){.op = SANDBOX_FINISH}, err))
        return false;
    b->session = 0;
    if (fstat(b->fd, &st) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the private file cannot be examined");
    b->size = (uint64_t)st.st_size;
    return true;
}

bool h5_begin(struct encoder *e, struct error *err)
{
    struct builder *b = arena_alloc(e->arena, 1, sizeof *b);
    if (b == NULL)
        return arena_fail(e->arena, err);
    *b = (struct builder){.e = e, .arena = e->arena, .fd = -1, .room = {.arena = e->arena}};
    if (!arena_defer(e->arena, builder_drop, b))
        return arena_fail(e->arena, err);
    e->state = b;
    if (value_is_described(e->root))
        return begin_file(b, err) && h5_restore(b, e->root, err) && finish_file(b, err);
    return number_shared(b, err) && begin_file(b, err) && build(b, err) && finish_file(b, err);
}

enum step h5_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct builder *b = e->state;
    while (!sink_full(out) && b->at < b->size) {
        const uint64_t left = b->size - b->at;
        const size_t n = left < PIECE ? (size_t)left : PIECE;
        uint8_t *room = sink_reserve(out, n);
        if (room == NULL) {
            sink_fail(err);
            return STEP_FAIL;
        }
        if (!input_pread(b->fd, b->at, room, n, err))
            return STEP_FAIL;
        sink_commit(out, n);
        b->at += n;
    }
    return b->at == b->size ? STEP_DONE : STEP_MORE;
}
