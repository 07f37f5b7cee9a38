#include "array_of_value.h"

#include <stdio.h>

#include "bigint.h"
#include "dtype_promote.h"
#include "table.h"
#include "utf8.h"

/* Lists on the way to the element that is looked at. */
struct path {
    const struct value *lists[DTYPE_MAX_NDIM];
    size_t next[DTYPE_MAX_NDIM];
    unsigned depth;
};

/* What is known of the array. */
struct survey {
    uint64_t shape[DTYPE_MAX_NDIM];
    unsigned ndim;
    struct dtype dtype;
    bool any;      /* an element was seen: dtype is set */
    bool negative; /* an int below 0 */
    bool big;      /* an int over the largest int64 */
    struct path path;
    struct arena *arena;
};

static bool is_sequence(const struct value *v)
{
    return v->kind == VALUE_LIST || v->kind == VALUE_TUPLE;
}

/* Where the path stands, as a JSON Pointer. */
static bool refuse(const struct path *path, struct error *err, const char *what)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (unsigned i = 0; i < path->depth && n + 1 < sizeof pointer; i++)
        n += (size_t)snprintf(pointer + n, sizeof pointer - n, "/%zu", path->next[i] - 1);
    error_set(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "this is not an array: %s", what);
    error_set_pointer(err, pointer);
    return false;
}

/* The next element that is not a list itself, or an empty list; NULL: none is left. */
static const struct value *next_element(struct path *path, const struct value **start)
{
    const struct value *v = *start;
    *start = NULL;
    for (;;) {
        if (v != NULL && (!is_sequence(v) || v->list.count == 0 || path->depth == DTYPE_MAX_NDIM))
            return v;
        if (v != NULL) {
            path->lists[path->depth] = v;
            path->next[path->depth++] = 0;
        }
        while (path->depth > 0 && path->next[path->depth - 1] == path->lists[path->depth - 1]->list.count)
            path->depth--;
        if (path->depth == 0)
            return NULL;
        const unsigned top = path->depth - 1;
        v = path->lists[top]->list.items[path->next[top]++];
    }
}

/* ---- the shape: that of the first element's path ---- */

static bool add_dimension(struct survey *s, uint64_t n, struct error *err)
{
    if (s->ndim == DTYPE_MAX_NDIM)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array has at most %d dimensions",
                    DTYPE_MAX_NDIM);
    s->shape[s->ndim++] = n;
    return true;
}

/* Shared lists may stand for more elements, and shared texts be wider, than there is memory for: don't even
 * look at them. */
static bool check_parts(const struct survey *s, struct error *err)
{
    size_t parts = s->any ? s->dtype.itemsize : 1;
    for (unsigned i = 0; i < s->ndim; i++)
        if (s->shape[i] > 0 && (!checked_mul(parts, s->shape[i], &parts) || parts > s->arena->budget))
            return arena_fail(s->arena, err);
    return true;
}

static bool find_shape(struct survey *s, const struct value *v, struct error *err)
{
    for (; is_sequence(v); v = v->list.items[0]) {
        if (!add_dimension(s, v->list.count, err))
            return false;
        if (v->list.count == 0)
            return check_parts(s, err);
    }
    for (unsigned i = 0; v->kind == VALUE_ARRAY && i < v->array->ndim; i++)
        if (!add_dimension(s, v->array->shape[i], err))
            return false;
    return check_parts(s, err);
}

/* The element and the lists around it have the shape that was found. */
static bool check_shape(const struct survey *s, const struct value *v, struct error *err)
{
    const unsigned depth = s->path.depth;
    const bool empty = is_sequence(v);
    const unsigned own = empty ? 1 : v->kind == VALUE_ARRAY ? v->array->ndim : 0;
    bool fits = depth + own == s->ndim;
    if (empty && v->list.count > 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array has at most %d dimensions",
                    DTYPE_MAX_NDIM);
    for (unsigned i = 0; fits && i < depth; i++)
        fits = s->path.next[i] > 1 || s->path.lists[i]->list.count == s->shape[i];
    for (unsigned i = 0; fits && i < own; i++)
        fits = s->shape[depth + i] == (empty ? 0 : v->array->shape[i]);
    return fits || refuse(&s->path, err, "its lists have different lengths or depths");
}

/* ---- the dtype: one that holds all elements ---- */

static bool dtype_of_int(struct survey *s, const struct value *v, struct dtype *out, struct error *err)
{
    uint64_t fits;
    if (v->kind == VALUE_BIGINT && !bigint_to_uint64(v->text, &fits))
        return refuse(&s->path, err, "an integer has more than 64 bits");
    s->negative = s->negative || (v->kind == VALUE_INT && v->integer < 0);
    s->big = s->big || v->kind == VALUE_BIGINT;
    *out = dtype_make(DTYPE_INT, 8);
    return true;
}

static bool dtype_of_array(struct survey *s, const struct array *a, struct dtype *out, struct error *err)
{
    if (!dtype_is_flat(&a->dtype))
        return refuse(&s->path, err, "an array in it holds objects or text");
    bool crosses;
    const struct dtype *little = dtype_little(&a->dtype, s->arena);
    if (little == NULL)
        return arena_fail(s->arena, err);
    if (!dtype_crosses(&a->dtype, s->arena, &crosses, err))
        return false;
    *out = crosses ? a->dtype : *little;
    return true;
}

/* NumPy has no text of width 0. */
static size_t wide(size_t n)
{
    return n == 0 ? 1 : n;
}

static bool dtype_of_element(struct survey *s, const struct value *v, struct dtype *out, struct error *err)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
        *out = dtype_make(DTYPE_BOOL, 1);
        return true;
    case VALUE_INT:
    case VALUE_BIGINT:
        return dtype_of_int(s, v, out, err);
    case VALUE_FLOAT:
        *out = dtype_make(DTYPE_FLOAT, 8);
        return true;
    case VALUE_COMPLEX:
        *out = dtype_make(DTYPE_COMPLEX, 16);
        return true;
    case VALUE_STR:
        *out = dtype_make(DTYPE_UNICODE, 4 * wide(utf8_count(v->text)));
        return true;
    case VALUE_BYTES:
        *out = dtype_make(DTYPE_BYTES, wide(v->text.len));
        return true;
    case VALUE_ARRAY:
        return dtype_of_array(s, v->array, out, err);
    case VALUE_NONE:
    case VALUE_BYTEARRAY:
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    const struct bytes name = value_type_name(v);
    char what[100];
    snprintf(what, sizeof what, "an array cannot hold a %.*s", (int)(name.len < 60 ? name.len : 60),
             (const char *)name.data);
    return refuse(&s->path, err, what);
}

static bool add_element(struct survey *s, const struct value *v, struct error *err)
{
    struct dtype t;
    if (!check_shape(s, v, err))
        return false;
    if (is_sequence(v))
        return true;
    if (!dtype_of_element(s, v, &t, err))
        return false;
    if (!s->any) {
        s->dtype = t;
        s->any = true;
        return check_parts(s, err);
    }
    const size_t before = s->dtype.itemsize;
    if (!dtype_promote(&s->dtype, &t, &s->dtype))
        return refuse(&s->path, err, "no dtype holds this and what comes before it");
    return s->dtype.itemsize == before || check_parts(s, err);
}

static bool survey(struct survey *s, const struct value *v, struct error *err)
{
    const struct value *start = v;
    if (!find_shape(s, v, err))
        return false;
    for (const struct value *e; (e = next_element(&s->path, &start)) != NULL;)
        if (!add_element(s, e, err))
            return false;
    if (!s->any)
        s->dtype = dtype_make(DTYPE_FLOAT, 8);
    if (s->big && s->negative && s->dtype.kind == DTYPE_INT)
        return refuse(&s->path, err, "some integers are negative, and some need the 64th bit");
    if (s->big && s->dtype.kind == DTYPE_INT)
        s->dtype = dtype_make(DTYPE_UINT, 8);
    return true;
}

/* ---- the elements ---- */

static void put_text(const struct value *v, const struct dtype *t, uint8_t *to)
{
    if (v->text.len == 0)
        return;
    if (t->kind == DTYPE_BYTES) {
        if (v->text.len > 0) /* or else there may be no data */
            memcpy(to, v->text.data, v->text.len);
        return;
    }
    for (size_t at = 0; at < v->text.len; to += 4) {
        const uint32_t code = utf8_next(v->text, &at);
        memcpy(to, &code, sizeof code);
    }
}

/* A value that is not an array, as an element. to is zeroed. */
static void put_value(const struct value *v, const struct dtype *t, uint8_t *to)
{
    const struct dtype f8 = dtype_make(DTYPE_FLOAT, 8), i8 = dtype_make(DTYPE_INT, 8);
    const struct dtype u8 = dtype_make(DTYPE_UINT, 8), c16 = dtype_make(DTYPE_COMPLEX, 16);
    const struct dtype b1 = dtype_make(DTYPE_BOOL, 1);
    uint64_t big;
    if (v->kind == VALUE_STR || v->kind == VALUE_BYTES)
        put_text(v, t, to);
    else if (v->kind == VALUE_BOOL)
        dtype_convert(&b1, (const uint8_t *)&v->boolean, t, to);
    else if (v->kind == VALUE_INT)
        dtype_convert(&i8, (const uint8_t *)&v->integer, t, to);
    else if (v->kind == VALUE_BIGINT && bigint_to_uint64(v->text, &big))
        dtype_convert(&u8, (const uint8_t *)&big, t, to);
    else if (v->kind == VALUE_FLOAT)
        dtype_convert(&f8, (const uint8_t *)&v->real, t, to);
    else
        dtype_convert(&c16, (const uint8_t *)v->complex, t, to);
}

/* The elements of an array that is a part. */
static bool put_array(const struct array *a, const struct dtype *t, uint8_t **to, struct arena *arena,
                      struct array_cursor *c, struct error *err)
{
    enum { WINDOW = 64 << 10 };
    const size_t size = a->dtype.itemsize;
    const bool same = dtype_equal(&a->dtype, t);
    const uint8_t *block;
    size_t count;
    uint8_t *one = arena_alloc(arena, 1, size); /* in little-endian order */
    if (one == NULL)
        return arena_fail(arena, err);
    if (!array_cursor_init(c, a, WINDOW, arena, err))
        return false;
    while (array_cursor_next(c, &block, &count, err)) {
        if (count == 0)
            return true;
        for (size_t i = 0; i < count; i++, *to += t->itemsize) {
            memcpy(one, block + i * size, size);
            if (!same)
                dtype_swap(&a->dtype, one, 1);
            dtype_convert(&a->dtype, one, t, *to);
        }
    }
    return false;
}

static bool fill(const struct survey *s, const struct value *v, uint8_t *to, struct error *err)
{
    struct path path = {.depth = 0};
    struct array_cursor cursor = {0};
    const struct value *start = v;
    for (const struct value *e; (e = next_element(&path, &start)) != NULL;) {
        if (is_sequence(e))
            continue;
        if (e->kind == VALUE_ARRAY) {
            if (!put_array(e->array, &s->dtype, &to, s->arena, &cursor, err))
                return false;
            continue;
        }
        put_value(e, &s->dtype, to);
        to += s->dtype.itemsize;
    }
    return true;
}

bool array_of_value(const struct value *v, struct arena *arena, struct array *out, struct error *err)
{
    struct survey s = {.arena = arena};
    uint64_t size;
    if (v->kind == VALUE_ARRAY) {
        *out = *v->array;
        return true;
    }
    if (v->kind == VALUE_TABLE)
        return table_records(v->table, arena, out, err);
    if (!survey(&s, v, err))
        return false;
    uint64_t *shape = arena_alloc(arena, s.ndim, sizeof *shape);
    if (shape == NULL)
        return arena_fail(arena, err);
    memcpy(shape, s.shape, s.ndim * sizeof *shape);
    /* survey() is true only when it has the dtype; the analyzer does not follow refuse() to its false. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    struct array a = array_of_memory(s.dtype, s.ndim, shape, NULL);
    uint8_t *data = array_size(&a, &size) ? arena_alloc(arena, 1, size) : NULL;
    if (data == NULL)
        return arena_fail(arena, err);
    if (!fill(&s, v, data, err))
        return false;
    a.data = data;
    *out = a;
    return true;
}

bool array_of_objects(const struct value_list *items, struct arena *arena, struct array *out,
                      struct error *err)
{
    uint64_t *shape = arena_alloc(arena, 1, sizeof *shape);
    if (shape == NULL)
        return arena_fail(arena, err);
    *shape = items->count;
    *out = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), 1, shape,
                           (const uint8_t *)items->items);
    return true;
}
