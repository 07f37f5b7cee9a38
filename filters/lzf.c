/*
 * LZF, the filter that h5py brings along. A control byte below 32 stands before that many literal bytes and
 * one; else its upper three bits and two are a length (7: the next byte is added), its lower five and the
 * next byte a distance back, less one.
 */
#include "rows.h"

enum { CHUNK_SIZE = 2 }; /* which of the filter's values is the chunk's size */

bool undo_lzf(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    size_t n = 0;
    (void)use;
    for (size_t at = 0; at < in.len;) {
        const uint8_t control = in.data[at++];
        if (control < 32) {
            const size_t len = (size_t)control + 1;
            if (len > in.len - at || len > room - n)
                return false;
            memcpy(out + n, in.data + at, len);
            at += len;
            n += len;
            continue;
        }
        size_t len = control >> 5;
        if (len == 7 && at < in.len)
            len += in.data[at++];
        if (at == in.len)
            return false;
        const size_t back = ((size_t)(control & 31) << 8 | in.data[at++]) + 1;
        len += 2;
        if (back > n || len > room - n)
            return false;
        for (size_t i = 0; i < len; i++, n++) /* the source may overlap what it makes */
            out[n] = out[n - back];
    }
    *made = n;
    return n > 0;
}

size_t size_lzf(const struct filter_use *use, struct bytes in)
{
    (void)in;
    return filter_value(use, CHUNK_SIZE);
}
