/* Any bytes, disassembled in both forms into a small sink, and each of several pickles alone. */
#include "disassemble.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Drains what is waiting after each step, as a slow client does. False: the listing failed to start. */
static bool run(struct bytes in, const struct disassemble_options *options, const struct limits *limits)
{
    struct arena arena;
    struct encoder *e;
    struct error err = {0};
    arena_init(&arena, limits->memory);
    const bool started = disassemble_new(in, options, limits, &arena, &e, &err);
    if (started != (err.kind == ERR_NONE))
        abort(); /* a failure says why */
    struct sink sink;
    if (started && sink_init(&sink, 512)) {
        enum step step;
        while ((step = encoder_run(e, &sink, &err)) == STEP_MORE)
            (void)sink_drain(&sink, (uint8_t[4096]){0}, 4096);
        if (step == STEP_FAIL && err.kind != ERR_LIMIT)
            abort(); /* damage is no failure */
        sink_deinit(&sink);
    }
    arena_free(&arena);
    return started;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct limits limits = limits_default;
    limits.memory = 16 << 20;
    limits.output = 1 << 22;
    limits.depth = 1000;
    limits.nodes = 100000;
    limits.digits = 2000;
    const struct bytes in = bytes_of(data, size);
    struct disassemble_options options = {.index = DISASSEMBLE_ALL};
    if (!run(in, &options, &limits))
        return 0;
    options.form = DISASSEMBLE_JSON;
    options.width = size % 7; /* 0: nothing is cut */
    (void)run(in, &options, &limits);
    for (options.index = 0; options.index < 3 && run(in, &options, &limits); options.index++)
        continue;
    return 0;
}
