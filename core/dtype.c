#include "dtype.h"

#include <stdio.h>

#include "dtype_leaves.h"

/* ---- plain types ---- */

/* The bytes that are reversed together; 1: order means nothing. */
static size_t unit_size(const struct dtype *t)
{
    switch (t->kind) {
    case DTYPE_INT:
    case DTYPE_UINT:
    case DTYPE_FLOAT:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return t->itemsize;
    case DTYPE_COMPLEX:
        return t->itemsize / 2;
    case DTYPE_UNICODE:
        return 4;
    case DTYPE_BOOL:
    case DTYPE_BYTES:
    case DTYPE_VOID:
    case DTYPE_OBJECT:
    case DTYPE_TEXT:
        break;
    }
    return 1;
}

struct dtype dtype_make(enum dtype_kind kind, size_t itemsize)
{
    struct dtype t = {.kind = kind, .itemsize = itemsize};
    t.order = unit_size(&t) > 1 ? '<' : '|';
    return t;
}

bool dtype_is_numeric(const struct dtype *t)
{
    return t->kind == DTYPE_BOOL || t->kind == DTYPE_INT || t->kind == DTYPE_UINT || t->kind == DTYPE_FLOAT ||
           t->kind == DTYPE_COMPLEX;
}

bool dtype_is_flat(const struct dtype *t)
{
    struct dtype_leaves it = dtype_leaves_of(t);
    while (dtype_leaves_next(&it))
        if (it.leaf.type->kind == DTYPE_OBJECT || it.leaf.type->kind == DTYPE_TEXT)
            return false;
    return !it.too_deep;
}

void dtype_typestr(const struct dtype *t, char *out)
{
    enum { SIZE = 48 };
    const bool dated = t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA;
    const size_t size = t->kind == DTYPE_UNICODE ? t->itemsize / 4 : t->itemsize;
    const char order = t->order == 0 ? '|' : t->order;
    if (t->kind == DTYPE_OBJECT || t->kind == DTYPE_TEXT)
        snprintf(out, SIZE, "|%c", (char)t->kind);
    else if (dated && t->unit.len > 0)
        snprintf(out, SIZE, "%c%c%zu[%.*s]", order, (char)t->kind, size,
                 (int)(t->unit.len < 20 ? t->unit.len : 20), (const char *)t->unit.data);
    else
        snprintf(out, SIZE, "%c%c%zu", order, (char)t->kind, size);
}

/* ---- what a client may put together ---- */

static bool too_deep(struct error *err)
{
    return FAIL_LIMIT(err, "depth", DTYPE_MAX_DEPTH, "the dtype is nested deeper than %d levels",
                      DTYPE_MAX_DEPTH);
}

static bool check_record(const struct dtype *t, struct error *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const struct dtype_field *f = &t->fields[i];
        size_t end;
        if (!checked_add(f->offset, f->dtype->itemsize, &end) || end > t->itemsize)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a field of the dtype lies outside of its record");
    }
    return true;
}

static bool check_size(const struct dtype *t, struct error *err)
{
    uint64_t count;
    size_t size;
    if (t->base == NULL)
        return check_record(t, err);
    if (t->ndim > DTYPE_MAX_NDIM || !dtype_subarray_count(t, &count) ||
        !checked_mul(count, t->base->itemsize, &size) || size != t->itemsize)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the size of a sub-array of the dtype is wrong");
    return true;
}

/* Each level is checked before what lies below it is looked at; a frame is a dtype and its next part. */
bool dtype_check(const struct dtype *t, struct error *err)
{
    struct {
        const struct dtype *t;
        size_t next;
    } frames[DTYPE_MAX_DEPTH + 1] = {{.t = t}};
    unsigned depth = 1;
    size_t parts = 0;
    if (!check_size(t, err))
        return false;
    while (depth > 0) {
        const struct dtype *top = frames[depth - 1].t;
        const size_t next = frames[depth - 1].next++;
        const size_t count = top->base != NULL ? 1 : top->field_count;
        if (next == count) {
            depth--;
            continue;
        }
        if (depth > DTYPE_MAX_DEPTH)
            return too_deep(err);
        if (++parts > DTYPE_MAX_LEAVES)
            return FAIL_LIMIT(err, "nodes", DTYPE_MAX_LEAVES, "the dtype has more than %d parts",
                              DTYPE_MAX_LEAVES);
        const struct dtype *part = top->base != NULL ? top->base : top->fields[next].dtype;
        if (!check_size(part, err))
            return false;
        frames[depth].t = part;
        frames[depth++].next = 0;
    }
    return true;
}

/* ---- comparing ---- */

static bool is_big(const struct dtype *t)
{
    return t->order == '>' && unit_size(t) > 1;
}

static bool labels_equal(const struct dtype *a, const struct dtype *b)
{
    if (a->label_count != b->label_count)
        return false;
    for (size_t i = 0; i < a->label_count; i++)
        if (a->labels[i].value != b->labels[i].value || !bytes_equal(a->labels[i].name, b->labels[i].name))
            return false;
    return true;
}

static bool fields_equal(const struct dtype *a, const struct dtype *b)
{
    for (size_t i = 0; i < a->field_count; i++)
        if (a->fields[i].offset != b->fields[i].offset ||
            !bytes_equal(a->fields[i].name, b->fields[i].name) ||
            !bytes_equal(a->fields[i].title, b->fields[i].title))
            return false;
    return true;
}

/* Equal as far as one level shows. */
static bool level_equal(const struct dtype *a, const struct dtype *b)
{
    return a->kind == b->kind && a->itemsize == b->itemsize && is_big(a) == is_big(b) &&
           a->text_is_bytes == b->text_is_bytes && bytes_equal(a->unit, b->unit) && labels_equal(a, b) &&
           a->ndim == b->ndim && (a->base == NULL) == (b->base == NULL) &&
           (a->ndim == 0 || memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0) &&
           a->field_count == b->field_count && fields_equal(a, b);
}

bool dtype_equal(const struct dtype *a, const struct dtype *b)
{
    struct {
        const struct dtype *a, *b;
        size_t next;
    } frames[DTYPE_MAX_DEPTH + 1] = {{.a = a, .b = b}};
    unsigned depth = 1;
    if (!level_equal(a, b))
        return false;
    while (depth > 0) {
        const struct dtype *left = frames[depth - 1].a, *right = frames[depth - 1].b;
        const size_t next = frames[depth - 1].next++;
        if (next == (left->base != NULL ? 1 : left->field_count)) {
            depth--;
            continue;
        }
        left = left->base != NULL ? left->base : left->fields[next].dtype;
        right = right->base != NULL ? right->base : right->fields[next].dtype;
        if (left == right)
            continue;
        if (depth > DTYPE_MAX_DEPTH || !level_equal(left, right))
            return false;
        frames[depth].a = left;
        frames[depth].b = right;
        frames[depth++].next = 0;
    }
    return true;
}

/* ---- byte order ---- */

static void swap_units(uint8_t *at, size_t n, size_t unit)
{
    if (unit == 2)
        for (; n > 0; n--, at += 2) {
            uint16_t v;
            memcpy(&v, at, sizeof v);
            v = __builtin_bswap16(v);
            memcpy(at, &v, sizeof v);
        }
    else if (unit == 4)
        for (; n > 0; n--, at += 4) {
            uint32_t v;
            memcpy(&v, at, sizeof v);
            v = __builtin_bswap32(v);
            memcpy(at, &v, sizeof v);
        }
    else if (unit == 8)
        for (; n > 0; n--, at += 8) {
            uint64_t v;
            memcpy(&v, at, sizeof v);
            v = __builtin_bswap64(v);
            memcpy(at, &v, sizeof v);
        }
    else
        for (; n > 0; n--, at += unit)
            for (size_t i = 0; i < unit / 2; i++) {
                const uint8_t byte = at[i];
                at[i] = at[unit - 1 - i];
                at[unit - 1 - i] = byte;
            }
}

static bool swap_one(void *arg, uint8_t *at, const struct dtype *type)
{
    const size_t unit = *(const size_t *)arg;
    swap_units(at, type->itemsize / unit, unit);
    return true;
}

void dtype_swap(const struct dtype *t, uint8_t *elements, size_t count)
{
    size_t unit = unit_size(t);
    if (t->field_count == 0 && t->base == NULL) {
        if (is_big(t))
            swap_units(elements, count * (t->itemsize / unit), unit);
        return;
    }
    struct dtype_leaves it = dtype_leaves_of(t);
    while (dtype_leaves_next(&it)) {
        unit = unit_size(it.leaf.type);
        if (is_big(it.leaf.type))
            dtype_leaf_each(&it.leaf, elements, count, t->itemsize, swap_one, &unit);
    }
}

/* ---- the same, little-endian ---- */

/* Dtypes that still have to be copied, most of them parts of another. */
struct copies {
    struct copy_job {
        const struct dtype *from;
        struct dtype *to;
    } * jobs;
    size_t count, capacity;
    struct arena *arena;
};

/* *to will be a copy of from. */
static bool copy_later(struct copies *c, const struct dtype *from, const struct dtype **to)
{
    struct copy_job *jobs = arena_room(c->arena, c->jobs, c->count, &c->capacity, sizeof *jobs);
    if (jobs == NULL)
        return false;
    c->jobs = jobs;
    struct dtype *copy = arena_alloc(c->arena, 1, sizeof *copy);
    if (copy == NULL)
        return false;
    *to = copy;
    c->jobs[c->count++] = (struct copy_job){.from = from, .to = copy};
    return true;
}

static bool copy_little(struct copies *c, struct copy_job job)
{
    *job.to = *job.from;
    if (job.to->order == '>')
        job.to->order = '<';
    if (job.from->base != NULL)
        return copy_later(c, job.from->base, &job.to->base);
    if (job.from->field_count == 0)
        return true;
    struct dtype_field *fields = arena_alloc(c->arena, job.from->field_count, sizeof *fields);
    if (fields == NULL)
        return false;
    for (size_t i = 0; i < job.from->field_count; i++) {
        fields[i] = job.from->fields[i];
        if (!copy_later(c, job.from->fields[i].dtype, &fields[i].dtype))
            return false;
    }
    job.to->fields = fields;
    return true;
}

const struct dtype *dtype_little(const struct dtype *t, struct arena *arena)
{
    struct copies c = {.arena = arena};
    const struct dtype *little;
    if (!copy_later(&c, t, &little))
        return NULL;
    while (c.count > 0)
        if (!copy_little(&c, c.jobs[--c.count]))
            return NULL;
    return little;
}
