#include "array_copy.h"
#include "dtype_leaves.h"

enum { LONG_BLOCK = 256 /* elements */ };

/*
 * A block is a box of what is seen: some leading axes at one place, one axis in part, the trailing axes
 * whole. Where an axis is a list, the block is read run by run.
 */
struct block {
    uint64_t first[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM];
    size_t elements;
};

/* A run is a part of a block that is evenly spaced along all axes. */
struct run {
    uint64_t from[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM]; /* within the block */
};

/* How many of the indices, at most n, climb evenly. */
static uint64_t run_length(const uint64_t *indices, uint64_t n)
{
    uint64_t i = 1;
    if (n < 2 || indices[1] <= indices[0])
        return 1;
    while (i < n && indices[i] > indices[i - 1] && indices[i] - indices[i - 1] == indices[1] - indices[0])
        i++;
    return i;
}

/* Text is valid until the next read only, so a block of it is one run. */
static bool must_be_one_run(const struct array *a)
{
    return a->source != NULL && !dtype_is_flat(&a->dtype);
}

static void find_place(const struct array_cursor *c, struct block *b)
{
    uint64_t at = c->at;
    for (unsigned i = c->array->storage_ndim; i-- > 0;) {
        const uint64_t n = array_axis(c->array, i).count;
        b->first[i] = at % n;
        b->count[i] = 1;
        at /= n;
    }
}

static struct block block_at(const struct array_cursor *c)
{
    const struct array *a = c->array;
    struct block b = {.elements = 1};
    find_place(c, &b);
    for (unsigned i = a->storage_ndim; i-- > 0;) {
        const struct axis axis = array_axis(a, i);
        const uint64_t room = c->block_elements / b.elements, left = axis.count - b.first[i];
        b.count[i] = left < room ? left : room;
        if (axis.indices != NULL && must_be_one_run(a))
            b.count[i] = run_length(axis.indices + b.first[i], b.count[i]);
        b.elements *= b.count[i];
        if (b.count[i] < axis.count)
            break;
    }
    return b;
}

/* The run along axis i that begins at r->from[i]. */
static void set_run(const struct array *a, const struct block *b, struct run *r, unsigned i)
{
    const struct axis axis = array_axis(a, i);
    const uint64_t left = b->count[i] - r->from[i];
    r->count[i] = axis.indices == NULL ? left : run_length(axis.indices + b->first[i] + r->from[i], left);
}

static bool next_run(const struct array *a, const struct block *b, struct run *r)
{
    for (unsigned i = a->storage_ndim; i-- > 0;) {
        r->from[i] += r->count[i];
        const bool more = r->from[i] < b->count[i];
        if (!more)
            r->from[i] = 0;
        set_run(a, b, r, i);
        if (more)
            return true;
    }
    return false;
}

/* A run in storage coordinates; steps may be negative. */
static void run_along(const struct array *a, const struct block *b, const struct run *r, unsigned i,
                      uint64_t *start, int64_t *step)
{
    const struct axis axis = array_axis(a, i);
    const uint64_t n = b->first[i] + r->from[i];
    *start = axis_place(&axis, n);
    *step = r->count[i] < 2 ? 1 : (int64_t)(axis_place(&axis, n + 1) - *start);
}

/* Where a run goes in the window. */
static void aim_copy(const struct array_cursor *c, const struct block *b, const struct run *r,
                     struct copy *copy)
{
    const struct array *a = c->array;
    int64_t stride = (int64_t)a->dtype.itemsize;
    copy->ndim = a->storage_ndim;
    copy->size = a->dtype.itemsize;
    copy->to = c->window;
    for (unsigned i = a->storage_ndim; i-- > 0;) {
        copy->count[i] = r->count[i];
        copy->to_stride[i] = stride;
        copy->to += (int64_t)r->from[i] * stride;
        stride *= (int64_t)b->count[i];
    }
}

static void gather(const struct array_cursor *c, const struct block *b, const struct run *r)
{
    const struct array *a = c->array;
    int64_t strides[DTYPE_MAX_NDIM];
    struct copy copy;
    array_strides(a, strides);
    aim_copy(c, b, r, &copy);
    copy.from = a->data;
    for (unsigned i = 0; i < a->storage_ndim; i++) {
        uint64_t start;
        int64_t step;
        run_along(a, b, r, i, &start, &step);
        copy.from += (int64_t)start * strides[i];
        copy.from_stride[i] = step * strides[i];
    }
    copy_run(&copy);
}

/* The box of a run, read forwards; copy->from_stride says how to read it back in the order that is seen. */
static struct box box_of(const struct array_cursor *c, const struct block *b, const struct run *r,
                         struct copy *copy)
{
    const struct array *a = c->array;
    struct box box = {.ndim = a->storage_ndim};
    int64_t stride = (int64_t)a->dtype.itemsize;
    copy->from = c->scratch;
    for (unsigned i = a->storage_ndim; i-- > 0;) {
        uint64_t start;
        int64_t step;
        run_along(a, b, r, i, &start, &step);
        const int64_t last = (int64_t)r->count[i] - 1;
        const bool back = step < 0;
        box.start[i] = back ? start + (uint64_t)(step * last) : start;
        box.step[i] = (uint64_t)(back ? -step : step);
        box.count[i] = r->count[i];
        copy->from_stride[i] = back ? -stride : stride;
        if (back)
            copy->from += last * stride;
        stride *= last + 1;
    }
    return box;
}

/* True when what is read lies in the window as it was read. */
static bool lands_in_order(const struct copy *copy)
{
    for (unsigned i = 0; i < copy->ndim; i++)
        if (copy->count[i] > 1 && copy->to_stride[i] != copy->from_stride[i])
            return false;
    return true;
}

static bool fetch(const struct array_cursor *c, const struct block *b, const struct run *r, struct error *err)
{
    const struct array_source *source = c->array->source;
    struct copy copy;
    aim_copy(c, b, r, &copy);
    const struct box box = box_of(c, b, r, &copy);
    if (lands_in_order(&copy))
        return source->read(source->self, &box, copy.to, c->window_size - (size_t)(copy.to - c->window), err);
    if (!source->read(source->self, &box, c->scratch, c->scratch_size, err))
        return false;
    copy_run(&copy);
    return true;
}

static bool fill(const struct array_cursor *c, const struct block *b, struct error *err)
{
    struct run r = {0};
    for (unsigned i = 0; i < c->array->storage_ndim; i++)
        set_run(c->array, b, &r, i);
    do {
        if (c->array->source == NULL)
            gather(c, b, &r);
        else if (!fetch(c, b, &r, err))
            return false;
    } while (next_run(c->array, b, &r));
    return true;
}

bool array_cursor_next(struct array_cursor *c, const uint8_t **out, size_t *count, struct error *err)
{
    *count = 0;
    if (c->at >= c->total)
        return true;
    if (c->block_elements >= LONG_BLOCK && !watch_check(c->watch, err))
        return false;
    if (c->packed) {
        int64_t base;
        array_is_packed(c->array, &base);
        *out = c->array->data + base + c->at * c->array->dtype.itemsize;
        *count = c->total - c->at < c->block_elements ? (size_t)(c->total - c->at) : c->block_elements;
        c->at += *count;
        return true;
    }
    const struct block b = block_at(c);
    if (!fill(c, &b, err))
        return false;
    *out = c->window;
    *count = b.elements;
    c->at += b.elements;
    return true;
}

/* ---- windows ---- */

/* Windows grow by doubling, so that many arrays, each a little bigger, don't leave many windows behind. */
static bool ensure(uint8_t **window, size_t *size, size_t needed, size_t most, struct arena *arena,
                   struct error *err)
{
    size_t wanted = 4096;
    if (*window != NULL && *size >= needed)
        return true;
    while (wanted < needed && wanted <= SIZE_MAX / 2)
        wanted *= 2;
    if (wanted < needed || wanted > most)
        wanted = needed;
    uint8_t *memory = arena_alloc(arena, 1, wanted);
    if (memory == NULL)
        return arena_fail(arena, err);
    *window = memory;
    *size = wanted;
    return true;
}

/* Lists and negative steps are read into the scratch first. */
static bool needs_scratch(const struct array *a)
{
    for (unsigned i = 0; a->source != NULL && i < a->storage_ndim; i++) {
        const struct axis axis = array_axis(a, i);
        if (axis.indices != NULL || axis.step < 0)
            return true;
    }
    return false;
}

bool array_cursor_init(struct array_cursor *c, const struct array *a, size_t window_size, struct arena *arena,
                       struct error *err)
{
    uint64_t total, size;
    int64_t base;
    if (!array_count(a, &total) || !array_size(a, &size))
        return FAIL_LIMIT(err, "elements", UINT64_MAX, "the array has more bytes than 64 bits can count");
    const size_t itemsize = a->dtype.itemsize == 0 ? 1 : a->dtype.itemsize;
    if (a->source != NULL && a->source->best > window_size)
        window_size = a->source->best;
    const size_t fit = window_size < itemsize ? 1 : window_size / itemsize;
    c->array = a;
    c->watch = arena->watch;
    c->at = 0;
    c->total = total;
    c->block_elements = total > 0 && total < fit ? (size_t)total : fit;
    c->packed = total > 0 && a->source == NULL && array_is_packed(a, &base);
    if (c->packed || total == 0)
        return true;
    const size_t needed = c->block_elements * itemsize;
    return ensure(&c->window, &c->window_size, needed, window_size, arena, err) &&
           (!needs_scratch(a) || ensure(&c->scratch, &c->scratch_size, needed, window_size, arena, err));
}

/* ---- all at once ---- */

struct keeper {
    struct arena *arena;
    struct error *err;
};

static bool keep_text(void *arg, uint8_t *at, const struct dtype *type)
{
    const struct keeper *k = arg;
    struct bytes text;
    if (type->kind != DTYPE_TEXT)
        return true;
    memcpy(&text, at, sizeof text);
    text = arena_copy(k->arena, text);
    memcpy(at, &text, sizeof text);
    return text.data != NULL || arena_fail(k->arena, k->err);
}

/* Text of a source, in records too, is valid until the next read only: the arena keeps a copy. */
static bool keep_texts(const struct dtype *t, uint8_t *elements, size_t count, struct arena *arena,
                       struct error *err)
{
    struct keeper keeper = {.arena = arena, .err = err};
    struct dtype_leaves leaves = dtype_leaves_of(t);
    while (dtype_leaves_next(&leaves))
        if (!dtype_leaf_each(&leaves.leaf, elements, count, t->itemsize, keep_text, &keeper))
            return false;
    return true;
}

static bool pack_text(const struct array *a, struct array_cursor *c, uint8_t *all, struct arena *arena,
                      struct error *err)
{
    const uint8_t *block;
    size_t count;
    while (array_cursor_next(c, &block, &count, err) && count > 0) {
        memcpy(all, block, count * a->dtype.itemsize);
        if (!keep_texts(&a->dtype, all, count, arena, err))
            return false;
        all += count * a->dtype.itemsize;
    }
    return err->kind == ERR_NONE;
}

bool array_pack(const struct array *a, struct arena *arena, const uint8_t **out, struct error *err)
{
    uint64_t size;
    struct array_cursor c = {0};
    size_t count;
    if (!array_size(a, &size))
        return array_cursor_init(&c, a, 1, arena, err);
    const bool texts = must_be_one_run(a);
    int64_t base;
    if (a->source == NULL && array_is_packed(a, &base)) {
        *out = a->data + base;
        return true;
    }
    uint8_t *all = arena_alloc(arena, 1, size);
    if (all == NULL)
        return arena_fail(arena, err);
    *out = all;
    if (size == 0)
        return true;
    if (!texts) {
        c.window = all;
        c.window_size = size;
    }
    if (!array_cursor_init(&c, a, texts ? 64 << 10 : size, arena, err))
        return false;
    return texts ? pack_text(a, &c, all, arena, err) : array_cursor_next(&c, out, &count, err);
}
