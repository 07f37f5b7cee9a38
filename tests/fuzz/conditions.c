/*
 * The grammars of where=, points= and sel=, each against elements that are there: the first byte of the input
 * says which. What is found lies inside of the elements, whatever was asked for.
 */
#include "array.h"
#include "coordinate.h"
#include "points.h"
#include "where.h"

#include <stdlib.h>

enum { ROWS_MADE = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Records of a number of each kind and two texts. */
static struct array records(struct arena *arena)
{
    static const struct {
        const char *name;
        enum dtype_kind kind;
        size_t size;
    } rows[] = {{"a", DTYPE_INT, 4},   {"b", DTYPE_FLOAT, 8},   {"c", DTYPE_UINT, 8},
                {"s", DTYPE_BYTES, 3}, {"u", DTYPE_UNICODE, 8}, {"t", DTYPE_BOOL, 1}};
    static const uint64_t shape[] = {ROWS_MADE};
    struct dtype_field *fields = arena_alloc(arena, ROWS(rows), sizeof *fields);
    struct dtype *types = arena_alloc(arena, ROWS(rows), sizeof *types);
    struct dtype record = dtype_make(DTYPE_VOID, 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        types[i] = dtype_make(rows[i].kind, rows[i].size);
        fields[i] = (struct dtype_field){
            .name = bytes_text(rows[i].name), .offset = record.itemsize, .dtype = &types[i]};
        record.itemsize += rows[i].size;
    }
    record.fields = fields;
    record.field_count = ROWS(rows);
    return array_of_memory(record, 1, shape, arena_alloc(arena, ROWS_MADE, record.itemsize));
}

static void conditions(struct bytes text, struct arena *arena)
{
    struct error err = {0};
    struct where *w;
    uint64_t *places, count;
    const struct array a = records(arena);
    if (!where_parse(text, arena, &w, &err) || !where_places(w, &a, arena, &places, &count, &err))
        return;
    check(count <= ROWS_MADE);
    for (uint64_t i = 0; i < count; i++)
        check(places[i] < ROWS_MADE);
}

static void points(struct bytes text, struct arena *arena)
{
    static const uint64_t shape[] = {5, 3, 2};
    static const uint8_t elements[5 * 3 * 2];
    struct error err = {0};
    struct points p;
    struct array seen;
    const uint8_t *packed;
    uint64_t whole = 1;
    const struct array a = array_of_memory(dtype_make(DTYPE_UINT, 1), 3, shape, elements);
    if (!points_parse(text, 3, shape, arena, &p, &err))
        return;
    check(p.axes >= 1 && p.axes <= 3);
    for (unsigned i = 0; i < p.axes; i++)
        whole *= shape[i];
    for (uint64_t i = 0; i < p.count; i++)
        check(p.places[i] < whole);
    if (array_points(&a, &p, &limits_default, arena, &seen, &err))
        (void)array_pack(&seen, arena, &packed, &err);
}

static void coordinates(struct bytes text, struct arena *arena)
{
    static const double values[] = {-3.5, 0, 1, 2.25, 1000, 20000, 1e300};
    static const uint64_t shape[] = {ROWS(values)};
    const struct array a = array_of_memory(dtype_make(DTYPE_FLOAT, 8), 1, shape, (const uint8_t *)values);
    struct error err = {0};
    struct coordinate_term *terms;
    struct coordinate_clock clock, none = {0};
    size_t count;
    if (!coordinate_parse(text, arena, &terms, &count, &err))
        return;
    check(coordinate_clock_of(bytes_text("days since 2020-01-01"), bytes_of(NULL, 0), &clock, &err));
    for (size_t i = 0; i < 2 * count; i++) {
        uint64_t start, n;
        bool one;
        struct error why = {0};
        if (coordinate_find(&a, &terms[i / 2], i % 2 == 0 ? &none : &clock, &limits_default, arena, &start,
                            &n, &one, &why))
            check(start <= ROWS(values) && n <= ROWS(values) - start);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const grammars[])(struct bytes, struct arena *) = {conditions, points, coordinates};
    struct arena arena;
    if (size == 0)
        return 0;
    arena_init(&arena, 8 << 20);
    grammars[data[0] % ROWS(grammars)](bytes_of(data + 1, size - 1), &arena);
    arena_free(&arena);
    return 0;
}
