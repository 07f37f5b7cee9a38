/*
 * What a fuzz target says of whole documents that were damaged: cut at every byte, and mutated at random, the
 * same way each time. A sanitizer, or abort(), is the judge.
 *
 *     fuzz_damage MUTATIONS FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 16, SOME = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* xorshift64*: the same numbers everywhere. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * 0x2545f4914f6cdd1d >> 11) % below;
}

/* In memory of exactly its size, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t remove_some(uint8_t *data, size_t size, uint64_t *random)
{
    const size_t at = draw(random, size), most = size - at;
    const size_t n = 1 + draw(random, most < SOME ? most : SOME);
    if (n > most)
        return size;
    memmove(data + at, data + at + n, most - n);
    return size - n;
}

/* Some of it once more, elsewhere: opcodes in a place of their own kind of trouble. */
static size_t repeat_some(uint8_t *data, size_t size, uint64_t *random)
{
    uint8_t some[SOME];
    const size_t from = draw(random, size), to = draw(random, size);
    size_t n = 1 + draw(random, SOME);
    if (n > size - from)
        n = size - from;
    memcpy(some, data + from, n);
    memmove(data + to + n, data + to, size - to);
    memcpy(data + to, some, n);
    return size + n;
}

/* A number that lies: all ones, zeroes, or the sign alone. */
static void lie(uint8_t *data, size_t size, uint64_t *random)
{
    const size_t at = draw(random, size), most = size - at;
    const size_t n = (size_t)1 << draw(random, 4);
    static const uint8_t fills[] = {0xff, 0, 0x7f, 0x80};
    memset(data + at, fills[draw(random, sizeof fills)], n < most ? n : most);
}

static size_t mutate(uint8_t *data, size_t size, uint64_t *random)
{
    switch (draw(random, 6)) {
    case 0:
        data[draw(random, size)] ^= (uint8_t)(1 << draw(random, 8));
        return size;
    case 1:
        data[draw(random, size)] = (uint8_t)draw(random, 256);
        return size;
    case 2:
        data[draw(random, size)] = data[draw(random, size)];
        return size;
    case 3:
        return remove_some(data, size, random);
    case 4:
        return repeat_some(data, size, random);
    default:
        lie(data, size, random);
        return size;
    }
}

/* One document, whole, cut and mutated. False: it cannot be read. */
static int damage(const char *path, unsigned long mutations, uint64_t *random)
{
    static uint8_t whole[FILE_MAX], damaged[FILE_MAX + 8 * SOME];
    FILE *file = fopen(path, "rb");
    const size_t size = file == NULL ? 0 : fread(whole, 1, sizeof whole, file);
    if (file != NULL)
        fclose(file);
    if (size == 0 || size == sizeof whole)
        return 0;
    for (size_t cut = 0; cut <= size; cut++)
        run(whole, cut);
    for (unsigned long i = 0; i < mutations; i++) {
        size_t now = size;
        memcpy(damaged, whole, size);
        for (uint64_t times = 1 + draw(random, 4); times > 0 && now > 0; times--)
            now = mutate(damaged, now, random);
        run(damaged, now);
    }
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t random = 0x6d616e646f6c696e;
    if (argc < 3)
        return 2;
    const unsigned long all = strtoul(argv[1], NULL, 10), files = (unsigned long)argc - 2;
    for (int i = 2; i < argc; i++)
        if (!damage(argv[i], (all + files - 1) / files, &random)) {
            fprintf(stderr, "%s cannot be read\n", argv[i]);
            return 1;
        }
    return 0;
}
