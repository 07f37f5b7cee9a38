#include "commands.h"

#include <stdio.h>
#include <stdlib.h>

int command_run(const struct arguments *a, size_t memory, command_fn *fn)
{
    struct error err = {0};
    struct arena arena;
    arena_init(&arena, memory);
    const bool ok = fn(a, &arena, &err);
    arena_free(&arena);
    if (!ok)
        fprintf(stderr, "mandoline: %s\n", err.detail);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
