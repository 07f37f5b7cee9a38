#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "recall.h"

enum { PATH_SIZE = 512, LEAST = 16 << 20, SHARES = 64 };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number in a file; UINT64_MAX where there is none ("max"). */
static uint64_t number_in(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return UINT64_MAX;
    const char *line = fgets(text, sizeof text, file);
    fclose(file);
    return line == NULL || *line < '0' || *line > '9' ? UINT64_MAX : strtoull(line, NULL, 10);
}

/* Of the cgroup that this process is in, and of all above it. */
static uint64_t cgroup_limit(void)
{
    char line[PATH_SIZE], path[2 * PATH_SIZE];
    uint64_t limit = least(number_in("/sys/fs/cgroup/memory.max"),
                           number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        char *at = line + 3;
        at[strcspn(at, "\n")] = '\0';
        for (char *end = at + strlen(at); end != NULL && end > at; end = strrchr(at, '/')) {
            *end = '\0';
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", at);
            limit = least(limit, number_in(path));
        }
    }
    if (file != NULL)
        fclose(file);
    return limit;
}

static uint64_t machine(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
    return pages <= 0 || size <= 0 ? UINT64_MAX : (uint64_t)pages * (uint64_t)size;
}

size_t memory_block(size_t budget)
{
    size_t block = ARENA_BLOCK;
    while (block > ARENA_BLOCK_LEAST && block > budget / SHARES)
        block /= 2;
    return block;
}

size_t memory_budget(const struct limits *limits)
{
    const uint64_t caches = limits->chunk_cache + (uint64_t)RECALL_SLOTS * RECALL_BODY_MAX;
    const uint64_t all =
        limits->total_memory > 0 ? limits->total_memory : least(machine(), cgroup_limit()) / 4 * 3;
    const uint64_t left = all > caches + LEAST ? all - caches : LEAST;
    return left > SIZE_MAX ? SIZE_MAX : (size_t)left;
}
