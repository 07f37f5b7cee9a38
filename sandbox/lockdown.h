/* What a worker gives up for good before it reads the first file. */
#ifndef MANDOLINE_LOCKDOWN_H
#define MANDOLINE_LOCKDOWN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sanitizers map terabytes, read /proc and write reports: with them a worker keeps its rights, and its
 * standard error.
 */
#ifdef __SANITIZE_ADDRESS__
#define LOCKDOWN_TALKS 1
#endif
#ifdef __SANITIZE_THREAD__
#define LOCKDOWN_TALKS 1
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define LOCKDOWN_TALKS 1
#endif
#endif
#ifndef LOCKDOWN_TALKS
#define LOCKDOWN_TALKS 0
#endif

/* Bytes of memory beside what the program takes before it starts. A hostile file of a few KB can make the
 * library ask for a lot. */
#define LOCKDOWN_MEMORY (1ULL << 30)

/* Limits, no new privileges, the system calls. Returns the bytes of address space it may have; 0: not
 * bounded. */
uint64_t lockdown(bool writes);

/* What the machine does not allow of that, in words; NULL: nothing. */
const char *lockdown_weakness(void);

#endif
