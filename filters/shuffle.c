/*
 * Shuffle: byte k of all elements, then byte k + 1 of all; what is left over is at the end as it was. Its one
 * value is the size of an element (HDF5 reference manual, H5Pset_shuffle).
 */
#include "rows.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Any size, in blocks that stay in the cache. */
static void unshuffle_any(const uint8_t *in, uint8_t *out, size_t size, size_t from, size_t n)
{
    enum { BLOCK = 512 };
    for (size_t at = from; at < n; at += BLOCK) {
        const size_t end = n - at < BLOCK ? n : at + BLOCK;
        for (size_t k = 0; k < size; k++)
            for (size_t i = at; i < end; i++)
                out[i * size + k] = in[k * n + i];
    }
}

#ifdef __SSE2__
static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static void save(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

/* Each gives how many elements it has done: 16 at a time. */
static size_t unshuffle_2(const uint8_t *in, uint8_t *out, size_t n)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i a = load(in + i), b = load(in + n + i);
        save(out + i * 2, _mm_unpacklo_epi8(a, b));
        save(out + i * 2 + 16, _mm_unpackhi_epi8(a, b));
    }
    return i;
}

static size_t unshuffle_4(const uint8_t *in, uint8_t *out, size_t n)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i a = load(in + i), b = load(in + n + i), c = load(in + 2 * n + i),
                      d = load(in + 3 * n + i);
        const __m128i ab = _mm_unpacklo_epi8(a, b), cd = _mm_unpacklo_epi8(c, d);
        const __m128i ab2 = _mm_unpackhi_epi8(a, b), cd2 = _mm_unpackhi_epi8(c, d);
        save(out + i * 4, _mm_unpacklo_epi16(ab, cd));
        save(out + i * 4 + 16, _mm_unpackhi_epi16(ab, cd));
        save(out + i * 4 + 32, _mm_unpacklo_epi16(ab2, cd2));
        save(out + i * 4 + 48, _mm_unpackhi_epi16(ab2, cd2));
    }
    return i;
}

/* Eight rows of bytes to eight runs of two elements. */
static void spread_8(const __m128i pairs[4], uint8_t *out)
{
    const __m128i a = _mm_unpacklo_epi16(pairs[0], pairs[1]), b = _mm_unpackhi_epi16(pairs[0], pairs[1]);
    const __m128i c = _mm_unpacklo_epi16(pairs[2], pairs[3]), d = _mm_unpackhi_epi16(pairs[2], pairs[3]);
    save(out, _mm_unpacklo_epi32(a, c));
    save(out + 16, _mm_unpackhi_epi32(a, c));
    save(out + 32, _mm_unpacklo_epi32(b, d));
    save(out + 48, _mm_unpackhi_epi32(b, d));
}

static size_t unshuffle_8(const uint8_t *in, uint8_t *out, size_t n)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i low[4], high[4];
        for (size_t k = 0; k < 4; k++) {
            const __m128i a = load(in + 2 * k * n + i), b = load(in + (2 * k + 1) * n + i);
            low[k] = _mm_unpacklo_epi8(a, b);
            high[k] = _mm_unpackhi_epi8(a, b);
        }
        spread_8(low, out + i * 8);
        spread_8(high, out + i * 8 + 64);
    }
    return i;
}
#endif

static size_t unshuffle_fast(const uint8_t *in, uint8_t *out, size_t size, size_t n)
{
#ifdef __SSE2__
    switch (size) {
    case 2:
        return unshuffle_2(in, out, n);
    case 4:
        return unshuffle_4(in, out, n);
    case 8:
        return unshuffle_8(in, out, n);
    }
#endif
    (void)in, (void)out, (void)size, (void)n;
    return 0;
}

bool undo_shuffle(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    const size_t size = filter_value(use, 0), n = size == 0 ? 0 : in.len / size;
    if (in.len > room || size == 0)
        return false;
    *made = in.len;
    if (size == 1 || n < 2) {
        memcpy(out, in.data, in.len);
        return true;
    }
    unshuffle_any(in.data, out, size, unshuffle_fast(in.data, out, size, n), n);
    memcpy(out + n * size, in.data + n * size, in.len - n * size);
    return true;
}
