#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "selection.h"

enum { MOST = 4096 };

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* ---- an array whose elements say their number, kept in several ways ---- */

/* Element n: its number, and then bytes that follow from it. */
static void put_element(uint8_t *at, size_t itemsize, uint64_t n)
{
    for (size_t i = 0; i < itemsize; i++)
        at[i] = (uint8_t)(i == 0 ? n : i == 1 ? n >> 8 : n * 7 + i);
}

static bool is_element(const uint8_t *at, size_t itemsize, uint64_t n)
{
    uint8_t expected[64];
    put_element(expected, itemsize, n);
    return memcmp(at, expected, itemsize) == 0;
}

/* A file would answer like this: boxes of elements in C order. */
struct boxes {
    struct array_source source;
    const uint64_t *shape;
    unsigned ndim;
    size_t itemsize, reads;
};

static bool boxes_read(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err)
{
    struct boxes *s = self;
    uint64_t place[DTYPE_MAX_NDIM] = {0}, total = 1;
    (void)err;
    assert_int_equal(box->ndim, s->ndim);
    for (unsigned i = 0; i < box->ndim; i++) {
        assert_true(box->step[i] >= 1 && box->count[i] >= 1);
        assert_true(box->start[i] + box->step[i] * (box->count[i] - 1) < s->shape[i]);
        total *= box->count[i];
    }
    assert_true(total * s->itemsize <= capacity);
    s->reads++;
    for (uint64_t n = 0; n < total; n++, window += s->itemsize) {
        uint64_t element = 0;
        for (unsigned i = 0; i < box->ndim; i++)
            element = element * s->shape[i] + box->start[i] + box->step[i] * place[i];
        put_element(window, s->itemsize, element);
        for (unsigned i = box->ndim; i-- > 0 && ++place[i] == box->count[i];)
            place[i] = 0;
    }
    return true;
}

enum kept { IN_C_ORDER, IN_FORTRAN_ORDER, IN_STRIDES, IN_BOXES, KEPT_WAYS };

/* Elements along each axis lie backwards, with room between them. */
static const int64_t *odd_strides(unsigned ndim, const uint64_t *shape, size_t itemsize, int64_t *first)
{
    int64_t *strides = arena_alloc(&arena, ndim, sizeof *strides), stride = (int64_t)itemsize + 3;
    *first = 0;
    for (unsigned i = 0; i < ndim; i++) {
        strides[i] = -stride;
        *first += stride * ((int64_t)shape[i] - 1);
        stride *= (int64_t)shape[i] + 1;
    }
    return strides;
}

static struct array make_array(enum kept kept, unsigned ndim, const uint64_t *shape, size_t itemsize)
{
    const struct dtype t = dtype_make(DTYPE_VOID, itemsize);
    struct boxes *boxes = arena_alloc(&arena, 1, sizeof *boxes);
    *boxes = (struct boxes){{boxes, boxes_read, NULL, 0}, shape, ndim, itemsize, 0};
    uint64_t total;
    struct array a = array_of_source(t, ndim, shape, &boxes->source);
    assert_true(array_count(&a, &total));
    if (kept == IN_BOXES)
        return a;
    uint8_t *memory = arena_alloc(&arena, 64, (total + 1) * (itemsize + 3));
    a = array_of_memory(t, ndim, shape, memory);
    a.fortran = kept == IN_FORTRAN_ORDER;
    int64_t strides[DTYPE_MAX_NDIM], stride = (int64_t)itemsize, first = 0;
    for (unsigned i = 0; i < ndim; i++) {
        const unsigned axis = a.fortran ? i : ndim - 1 - i;
        strides[axis] = stride;
        stride *= (int64_t)shape[axis];
    }
    if (kept == IN_STRIDES && total > 0) {
        a.strides = odd_strides(ndim, shape, itemsize, &first);
        memcpy(strides, a.strides, ndim * sizeof *strides);
    }
    a.data = memory + first;
    for (uint64_t n = 0; n < total; n++) {
        uint64_t rest = n;
        uint8_t *at = memory + first;
        for (unsigned i = ndim; i-- > 0; rest /= shape[i])
            at += (int64_t)(rest % shape[i]) * strides[i];
        put_element(at, itemsize, n);
    }
    return a;
}

/* ---- NumPy's answers ---- */

struct golden {
    char *fields[6];
    size_t count;
    uint64_t shape[DTYPE_MAX_NDIM], result[DTYPE_MAX_NDIM], elements[MOST];
    size_t ndim, result_ndim, element_count;
    bool fails;
};

static size_t numbers(const char *text, uint64_t *out)
{
    size_t n = 0;
    while (*text != '\0') {
        char *end;
        out[n++] = strtoull(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    return n;
}

static void read_golden(char *line, struct golden *g)
{
    *g = (struct golden){0};
    for (char *at = line; at != NULL;) {
        g->fields[g->count++] = at;
        at = strstr(at, " | ");
        if (at != NULL) {
            *at = '\0';
            at += 3;
        }
    }
    g->ndim = numbers(g->fields[0], g->shape);
    g->fails = strcmp(g->fields[g->count - 1], "error") == 0;
    g->count -= g->fails ? 1 : 2; /* the shape and the selections */
    if (g->fails)
        return;
    g->result_ndim = numbers(g->fields[g->count], g->result);
    g->element_count = numbers(g->fields[g->count + 1], g->elements);
}

static bool select_all(const struct golden *g, struct array *a, struct error *err)
{
    for (size_t i = 1; i < g->count; i++) {
        struct selection s;
        if (!selection_parse(bytes_text(g->fields[i]), &arena, &s, err) ||
            !array_select(a, &s, &limits_default, &arena, a, err))
            return false;
    }
    return true;
}

static void check_blocks(const struct golden *g, const struct array *a, size_t window)
{
    struct array_cursor c = {0};
    struct error err = {0};
    const size_t itemsize = a->dtype.itemsize;
    const uint8_t *block;
    size_t count, seen = 0;
    assert_true(array_cursor_init(&c, a, window, &arena, &err));
    while (array_cursor_next(&c, &block, &count, &err) && count > 0) {
        assert_true(count * itemsize <= window || count == 1);
        for (size_t i = 0; i < count; i++, seen++)
            if (seen >= g->element_count || !is_element(block + i * itemsize, itemsize, g->elements[seen]))
                fail_msg("%s [%s]: element %zu is wrong", g->fields[0], g->fields[1], seen);
    }
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(seen, g->element_count);
}

/* Each element alone, the last one first. */
static void check_seeking(const struct golden *g, const struct array *a)
{
    struct array_cursor c = {0};
    struct error err = {0};
    const uint8_t *block;
    size_t count;
    assert_true(array_cursor_init(&c, a, 1, &arena, &err));
    for (size_t i = g->element_count; i-- > 0;) {
        c.at = i;
        c.block_elements = 1;
        assert_true(array_cursor_next(&c, &block, &count, &err));
        assert_int_equal(count, 1);
        assert_true(is_element(block, a->dtype.itemsize, g->elements[i]));
    }
}

static void check_packed(const struct golden *g, const struct array *a)
{
    struct error err = {0};
    const uint8_t *all;
    assert_true(array_pack(a, &arena, &all, &err));
    for (size_t i = 0; i < g->element_count; i++)
        assert_true(is_element(all + i * a->dtype.itemsize, a->dtype.itemsize, g->elements[i]));
}

static void check_golden(const struct golden *g, enum kept kept, size_t itemsize)
{
    struct array a = make_array(kept, (unsigned)g->ndim, g->shape, itemsize);
    struct error err = {0};
    if (select_all(g, &a, &err) == g->fails)
        fail_msg("%s [%s]: %s", g->fields[0], g->fields[1], g->fails ? "accepted" : err.detail);
    if (g->fails) {
        assert_int_equal(err.kind, ERR_ARGUMENT);
        return;
    }
    if (a.ndim != g->result_ndim || memcmp(a.shape, g->result, a.ndim * sizeof *a.shape) != 0)
        fail_msg("%s [%s]: the shape is wrong", g->fields[0], g->fields[1]);
    for (size_t window = 1; window < 2048; window = window * 3 + itemsize)
        check_blocks(g, &a, window);
    check_seeking(g, &a);
    check_packed(g, &a);
}

static void selections_give_what_numpy_gives(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 4, 8, 16};
    static struct golden g;
    struct arena text;
    arena_init(&text, 1 << 20);
    const struct bytes file = test_file("tests/golden/selection/cases.txt", &text);
    char *lines = (char *)arena_copy(&text, file).data, *next;
    size_t cases = 0;
    for (char *line = lines; line != NULL && *line != '\0'; line = next, cases++) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        read_golden(line, &g);
        for (int kept = 0; kept < KEPT_WAYS; kept++)
            check_golden(&g, (enum kept)kept, sizes[(cases + (size_t)kept) % ROWS(sizes)]);
        arena_free(&arena);
    }
    assert_true(cases > 500);
    arena_free(&text);
}

/* ---- what NumPy has no word for ---- */

static struct array select_text(const struct array *a, const char *text)
{
    struct selection s;
    struct error err = {0};
    struct array out;
    assert_true(selection_parse(bytes_text(text), &arena, &s, &err));
    assert_true(array_select(a, &s, &limits_default, &arena, &out, &err));
    return out;
}

static void packed_memory_is_viewed_not_copied(void **state)
{
    (void)state;
    static const uint64_t shape[] = {10, 20};
    const struct array a = make_array(IN_C_ORDER, 2, shape, 8);
    const struct array rows = select_text(&a, "3:5");
    struct array_cursor c = {0};
    struct error err = {0};
    const uint8_t *block;
    size_t count;
    assert_true(array_cursor_init(&c, &rows, 1 << 20, &arena, &err));
    assert_true(array_cursor_next(&c, &block, &count, &err));
    assert_ptr_equal(block, a.data + 3 * 20 * 8);
    assert_int_equal(count, 40);
    assert_null(c.window);
}

static void a_box_is_as_large_as_the_window(void **state)
{
    (void)state;
    static const uint64_t shape[] = {100, 10, 4};
    const struct array a = make_array(IN_BOXES, 3, shape, 8);
    const uint8_t *all;
    struct error err = {0};
    struct array_cursor c = {0};
    size_t count, boxes = 0;
    assert_true(array_cursor_init(&c, &a, 10 * 4 * 8 * 20, &arena, &err));
    while (array_cursor_next(&c, &all, &count, &err) && count > 0)
        boxes++;
    assert_int_equal(boxes, 5);
    assert_int_equal(((const struct boxes *)a.source->self)->reads, 5);
}

static void too_many_elements_are_refused_before_reading(void **state)
{
    (void)state;
    static const uint64_t shape[] = {1ULL << 62, 1ULL << 62}, none[] = {1ULL << 62, 1ULL << 62, 0};
    static const uint64_t wide[] = {1ULL << 32, 1ULL << 31};
    struct array a = make_array(IN_BOXES, 1, (const uint64_t[]){1}, 8);
    const struct array_source *source = a.source;
    struct selection all;
    struct error err = {0};
    struct array out;
    uint64_t count;
    a = array_of_source(dtype_make(DTYPE_INT, 8), 2, shape, source);
    assert_false(array_count(&a, &count));
    assert_true(selection_parse(bytes_text(""), &arena, &all, &err));
    assert_false(array_select(&a, &all, &limits_default, &arena, &out, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "elements");
    struct array_cursor c = {0};
    err = (struct error){0};
    assert_false(array_cursor_init(&c, &a, 1024, &arena, &err));
    a = array_of_source(dtype_make(DTYPE_INT, 8), 2, wide, source);
    assert_true(array_count(&a, &count));
    assert_false(array_size(&a, &count));
    a = array_of_source(dtype_make(DTYPE_INT, 8), 3, none, source);
    assert_true(array_size(&a, &count) && count == 0);
    assert_int_equal(select_text(&a, "::2").ndim, 3);
}

static void integers_for_all_axes_give_a_scalar(void **state)
{
    (void)state;
    static const uint64_t shape[] = {4, 5};
    const struct array a = make_array(IN_C_ORDER, 2, shape, 8);
    assert_true(select_text(&a, "1,2").scalar);
    assert_false(select_text(&a, "1,2,...").scalar);
    assert_false(select_text(&a, "1").scalar);
    const struct array scalar = select_text(&a, "1,2");
    assert_true(select_text(&scalar, "").scalar);
}

static bool extent_of(void *self, int *fd, uint64_t *offset)
{
    (void)self;
    *fd = 7;
    *offset = 1000;
    return true;
}

static void a_contiguous_selection_of_a_file_is_an_extent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t offset, size; /* size 0: none */
    } rows[] = {
        {"", 1000, 480},
        {"1", 1240, 240},
        {"1,2", 1240 + 80, 40},
        {"1,2:4", 1240 + 80, 80},
        {"1,2,3", 1240 + 80 + 24, 8},
        {"1,2,3:4", 1240 + 80 + 24, 8},
        {":,0", 0, 0},
        {"0,:,0", 0, 0},
        {"::-1", 0, 0},
        {"1:1", 0, 0},
        {"[0,1]", 0, 0},
        {"[1]", 1240, 240},
        {"0,::2", 0, 0},
        {"0:1,1:6:1", 1040, 200},
    };
    static const uint64_t shape[] = {2, 6, 5};
    const struct array_source source = {.extent = extent_of};
    const struct array a = array_of_source(dtype_make(DTYPE_FLOAT, 8), 3, shape, &source);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct array part = select_text(&a, rows[i].text);
        int fd = 0;
        uint64_t offset = 0, size = 0;
        assert_int_equal(array_extent(&part, &fd, &offset, &size), rows[i].size > 0);
        if (rows[i].size > 0 && (fd != 7 || offset != rows[i].offset || size != rows[i].size))
            fail_msg("[%s]: %llu bytes at %llu", rows[i].text, (unsigned long long)size,
                     (unsigned long long)offset);
    }
}

/* ---- windows that are used again, text, fields ---- */

static void one_window_serves_many_arrays(void **state)
{
    (void)state;
    struct array_cursor c = {0};
    struct error err = {0};
    const uint8_t *block;
    size_t count;
    struct arena windows;
    arena_init(&windows, 32 << 10);
    for (uint64_t n = 1; n < 2000; n++) {
        const struct array a = make_array(IN_BOXES, 1, (const uint64_t[]){n}, 2);
        assert_true(array_cursor_init(&c, &a, 1 << 20, &windows, &err));
        assert_true(array_cursor_next(&c, &block, &count, &err));
        assert_int_equal(count, n);
    }
    arena_free(&windows);
}

/* Records {n: int32, word: text}; the text lies in memory that the next read uses again. */
static bool read_words(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err)
{
    char *words = self;
    (void)capacity, (void)err;
    for (uint64_t i = 0; i < box->count[0]; i++) {
        const int32_t n = (int32_t)(box->start[0] + i * box->step[0]);
        char *at = words + i * 16;
        const struct bytes word = bytes_of(at, (size_t)snprintf(at, 16, "w%d", n));
        memcpy(window + i * 24, &n, sizeof n);
        memcpy(window + i * 24 + 8, &word, sizeof word);
    }
    return true;
}

static void text_in_packed_records_outlives_the_window(void **state)
{
    (void)state;
    enum { COUNT = 20000 }; /* several windows */
    struct arena a;
    struct error err = {0};
    arena_init(&a, 64 << 20);
    char *words = arena_alloc(&a, COUNT, 16);
    const struct array_source source = {.self = words, .read = read_words};
    const struct dtype n = dtype_make(DTYPE_INT, 4), word = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    const struct dtype_field fields[] = {{.name = bytes_text("n"), .offset = 0, .dtype = &n},
                                         {.name = bytes_text("word"), .offset = 8, .dtype = &word}};
    const struct dtype record = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 24, .fields = fields, .field_count = 2};
    static const uint64_t shape[] = {COUNT};
    const struct array array = array_of_source(record, 1, shape, &source);
    const uint8_t *elements;
    assert_true(array_pack(&array, &a, &elements, &err));
    for (int i = 0; i < COUNT; i++) {
        char expect[16];
        struct bytes text;
        snprintf(expect, sizeof expect, "w%d", i);
        memcpy(&text, elements + (size_t)i * 24 + 8, sizeof text);
        assert_true(bytes_is(text, expect));
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_packed_records_outlives_the_window),
        cmocka_unit_test_setup_teardown(selections_give_what_numpy_gives, setup, teardown),
        cmocka_unit_test_setup_teardown(packed_memory_is_viewed_not_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(a_box_is_as_large_as_the_window, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_elements_are_refused_before_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_for_all_axes_give_a_scalar, setup, teardown),
        cmocka_unit_test_setup_teardown(a_contiguous_selection_of_a_file_is_an_extent, setup, teardown),
        cmocka_unit_test_setup_teardown(one_window_serves_many_arrays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
