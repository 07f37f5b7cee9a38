/* The selection grammar, against a shape that comes first in the input: a byte for ndim, one for each axis.
 */
#include "selection.h"
#include "array.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sum(const struct array *seen, struct arena *arena)
{
    struct array_cursor cursor = {0};
    struct error err = {0};
    uint64_t total, visited = 0;
    if (!array_count(seen, &total) || !array_cursor_init(&cursor, seen, 256, arena, &err))
        return;
    const uint8_t *block;
    size_t count;
    while (array_cursor_next(&cursor, &block, &count, &err) && count > 0)
        visited += count;
    if (err.kind == ERR_NONE && visited != total)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t elements[4 * 4 * 4 * 4 * 4 * 4];
    const size_t ndim = size == 0 ? 0 : data[0] % 6;
    if (size < 1 + ndim)
        return 0;
    uint64_t shape[6] = {0};
    for (size_t i = 0; i < ndim; i++)
        shape[i] = data[1 + i] % 5;

    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct error err = {0};
    struct selection selection;
    const struct bytes text = bytes_of(data + 1 + ndim, size - 1 - ndim);
    if (selection_parse(text, &arena, &selection, &err)) {
        const struct dtype dtype = dtype_make(DTYPE_UINT, 1);
        const struct array array = array_of_memory(dtype, (unsigned)ndim, shape, elements);
        struct array seen;
        if (array_select(&array, &selection, &limits_default, &arena, &seen, &err))
            sum(&seen, &arena);
    }
    arena_free(&arena);
    return 0;
}
