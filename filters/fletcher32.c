/* Fletcher's checksum over 16-bit words, the first byte the high one; four bytes, the low one first, at the
 * end. */
#include "rows.h"

static uint32_t fold(uint32_t sum)
{
    return (sum & 0xffff) + (sum >> 16);
}

static uint32_t checksum(struct bytes b)
{
    enum { WORDS = 360 }; /* so many words cannot overflow the sums */
    uint32_t low = 0, high = 0;
    const uint8_t *at = b.data;
    for (size_t words = b.len / 2; words > 0;) {
        const size_t n = words < WORDS ? words : WORDS;
        words -= n;
        for (size_t i = 0; i < n; i++, at += 2)
            high += low += (uint32_t)(at[0] << 8 | at[1]);
        low = fold(low);
        high = fold(high);
    }
    if (b.len % 2 != 0) {
        high += low += (uint32_t)(*at << 8);
        low = fold(low);
        high = fold(high);
    }
    return fold(high) << 16 | fold(low);
}

/* HDF5 before 1.6.3 summed words of the machine's order: on a little-endian one the bytes of the sums are
 * swapped. */
static uint32_t swapped(uint32_t sum)
{
    return (sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff);
}

bool strip_fletcher32(struct bytes in, struct bytes *out)
{
    if (in.len < 4)
        return false;
    const struct bytes data = bytes_of(in.data, in.len - 4);
    const uint8_t *end = in.data + data.len;
    const uint32_t stored = (uint32_t)end[3] << 24 | (uint32_t)end[2] << 16 | (uint32_t)end[1] << 8 | end[0];
    const uint32_t sum = checksum(data);
    if (stored != sum && stored != swapped(sum))
        return false;
    *out = data;
    return true;
}
