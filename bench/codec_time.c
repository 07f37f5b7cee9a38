/*
 * Seconds that one codec takes in this process, without HTTP, to decode FILE and to encode what it holds: the
 * medians of some rounds.
 *
 *     codec_time ROUNDS FILE FROM [TO]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec.h"
#include "limits.h"

enum { QUEUEFUL = 64 << 10, MOST_ROUNDS = 100 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, ascending);
    return seconds[count / 2];
}

static struct bytes read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        return bytes_of(NULL, 0);
    const size_t size = (size_t)ftell(f);
    uint8_t *data = malloc(size);
    rewind(f);
    const size_t got = data == NULL ? 0 : fread(data, 1, size, f);
    fclose(f);
    return bytes_of(data, got);
}

static bool encode(const struct codec *to, struct value *v, struct arena *arena, struct error *err)
{
    AUTO(sink_deinit) struct sink sink = {0};
    struct encoder *e;
    enum step step = STEP_MORE;
    if (!sink_init(&sink, QUEUEFUL) ||
        !encoder_new(to, v, &codec_options_default, &limits_default, arena, &e, err))
        return false;
    while (step == STEP_MORE) {
        step = encoder_run(e, &sink, err);
        sink.len = sink.taken = 0; /* where a socket would take it */
    }
    return step == STEP_DONE;
}

static bool one_round(const struct codec *from, const struct codec *to, struct bytes in,
                      struct arena_pool *pool, double *decoding, double *encoding, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    arena_init(&arena, limits_default.memory);
    arena.pool = pool;
    const struct input input = input_of_bytes(in);
    struct value *v;
    const double start = now();
    if (!from->decode(&input, &codec_options_default, &limits_default, &arena, &v, err))
        return false;
    const double decoded = now();
    if (to != NULL && !encode(to, v, &arena, err))
        return false;
    *decoding = decoded - start;
    *encoding = now() - decoded;
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5)
        return fprintf(stderr, "usage: codec_time ROUNDS FILE FROM [TO]\n"), 2;
    const size_t rounds = strtoul(argv[1], NULL, 10);
    const struct bytes in = read_all(argv[2]);
    const struct codec *from = codec_by_name(bytes_text(argv[3]));
    const struct codec *to = argc == 4 ? NULL : codec_by_name(bytes_text(argv[4]));
    if (rounds == 0 || rounds > MOST_ROUNDS || in.len == 0 || from == NULL || from->decode == NULL ||
        (to == NULL && argc == 5))
        return fprintf(stderr, "codec_time: cannot do that\n"), 2;
    double decoding[MOST_ROUNDS], encoding[MOST_ROUNDS];
    struct arena_pool pool;
    arena_pool_init(&pool, 64, ARENA_BLOCK, NULL);
    for (size_t i = 0; i < rounds; i++) {
        struct error err = {0};
        if (!one_round(from, to, in, &pool, &decoding[i], &encoding[i], &err))
            return fprintf(stderr, "codec_time: %s\n", err.detail), 1;
    }
    printf("%.6f %.6f\n", median(decoding, rounds), median(encoding, rounds));
    arena_pool_deinit(&pool);
    return 0;
}
