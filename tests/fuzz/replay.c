/* Stands in for libFuzzer: runs every file below the given folders, the small ones cut at every byte too. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly its size, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    if (copy == NULL)
        exit(1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw;
    if (type != FTW_F)
        return 0;
    const size_t size = (size_t)st->st_size;
    uint8_t *data = malloc(size + 1);
    FILE *file = fopen(path, "rb");
    const int failed = data == NULL || file == NULL || fread(data, 1, size, file) != size;
    if (file != NULL)
        fclose(file);
    if (failed)
        perror(path);
    else
        run(data, size);
    for (size_t cut = 0; !failed && size <= SMALL && cut < size; cut++)
        run(data, cut);
    free(data);
    return failed;
}

int main(int argc, char **argv)
{
    run((const uint8_t *)"", 0);
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= access(argv[i], F_OK) == 0 && nftw(argv[i], replay, 16, FTW_PHYS) != 0;
    return failed;
}
