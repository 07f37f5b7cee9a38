/* A view of bytes: the vocabulary of everything that reads or writes. */
#ifndef MANDOLINE_BYTES_H
#define MANDOLINE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed: valid as long as what it points into. data may be NULL when len is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Runs fn(&variable) when the variable goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

/* The bytes of a C string without its terminator. */
static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_is(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_text(text));
}

static inline bool bytes_starts(struct bytes a, const char *prefix)
{
    const size_t n = strlen(prefix);
    return a.len >= n && memcmp(a.data, prefix, n) == 0;
}

static inline bool bytes_ends(struct bytes a, const char *suffix)
{
    const size_t n = strlen(suffix);
    return a.len >= n && memcmp(a.data + a.len - n, suffix, n) == 0;
}

/* Where what stands behind the last c begins; 0: there is none. */
size_t bytes_behind(struct bytes a, char c);

/* Without those characters at both ends. */
struct bytes bytes_trim(struct bytes a, const char *blanks);

/* Below, equal or above 0, as memcmp orders bytes; a prefix comes first. */
int bytes_compare(struct bytes a, struct bytes b);

/* *out = a + b, or a * b. False when the result does not fit; *out is then untouched. */
static inline bool checked_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    return !__builtin_add_overflow(a, b, &sum) && (*out = sum, true);
}

static inline bool checked_mul(size_t a, size_t b, size_t *out)
{
    size_t product;
    return !__builtin_mul_overflow(a, b, &product) && (*out = product, true);
}

#endif
