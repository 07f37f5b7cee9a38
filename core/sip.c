#include "sip.h"

#include <sys/random.h>
#include <time.h>

/* Where the system has no randomness yet, the time and an address have to do. */
struct sip_seed sip_seed_make(void)
{
    struct sip_seed seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        seed.word[0] = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15 ^ (uint64_t)now.tv_sec;
        seed.word[1] = (uint64_t)(uintptr_t)&seed;
    }
    return seed;
}
