/* The monotonic clock, in one number. */
#ifndef MANDOLINE_CLOCK_H
#define MANDOLINE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds; only distances between two of them mean something. */
uint64_t clock_us(void);

/* The time on that clock in so many milliseconds, as pthread_cond_timedwait() takes it. */
struct timespec clock_after_ms(uint32_t ms);

#endif
