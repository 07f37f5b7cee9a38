/*
 * LZF, the filter that h5py brings along (number 32000), for reading. A control byte below 32 stands before
 * that many literal bytes and one; else its upper three bits and two are a length (7: the next byte is
 * added), its lower five and the next byte a distance back, less one.
 */
#include "worker.h"

enum { LZF = 32000, CHUNK_SIZE = 2 }; /* the filter's number; which of its values is the chunk's size */

/* Bytes written; 0: the data is damaged or does not fit. */
static size_t lzf_expand(const uint8_t *in, size_t in_len, uint8_t *out, size_t room)
{
    size_t n = 0;
    for (size_t at = 0; at < in_len;) {
        const uint8_t control = in[at++];
        if (control < 32) {
            const size_t len = (size_t)control + 1;
            if (len > in_len - at || len > room - n)
                return 0;
            memcpy(out + n, in + at, len);
            at += len;
            n += len;
            continue;
        }
        size_t len = control >> 5;
        if (len == 7 && at < in_len)
            len += in[at++];
        if (at == in_len)
            return 0;
        const size_t back = ((size_t)(control & 31) << 8 | in[at++]) + 1;
        len += 2;
        if (back > n || len > room - n)
            return 0;
        for (size_t i = 0; i < len; i++, n++) /* the source may overlap what it makes */
            out[n] = out[n - back];
    }
    return n;
}

static size_t lzf_filter(unsigned flags, size_t count, const unsigned *values, size_t size, size_t *room,
                         void **data)
{
    if ((flags & H5Z_FLAG_REVERSE) == 0 || count <= CHUNK_SIZE || values[CHUNK_SIZE] == 0 ||
        values[CHUNK_SIZE] > CHUNK_MAX)
        return 0;
    const size_t most = values[CHUNK_SIZE];
    uint8_t *out = H5allocate_memory(most, false);
    const size_t n = out == NULL ? 0 : lzf_expand(*data, size, out, most);
    if (n == 0) {
        H5free_memory(out);
        return 0;
    }
    H5free_memory(*data);
    *data = out;
    *room = most;
    return n;
}

bool lzf_start(void)
{
    static const H5Z_class2_t filter = {
        .version = H5Z_CLASS_T_VERS,
        .id = LZF,
        .encoder_present = 0,
        .decoder_present = 1,
        .name = "lzf",
        .filter = lzf_filter,
    };
    return H5Zregister(&filter) >= 0;
}
