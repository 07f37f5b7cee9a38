/*
 * libsz says nothing of a stream that ends early, and the HDF5 library would give what its memory held
 * before. It calls libsz by name, and finds this function first.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <szlib.h>

#include "worker.h"

typedef int decompress_fn(void *, size_t *, const void *, size_t, SZ_com_t *);

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the names there are not ours */
__attribute__((visibility("default"))) int SZ_BufftoBuffDecompress(void *out, size_t *size, const void *in,
                                                                   size_t in_size, SZ_com_t *how)
{
    const size_t wanted = *size;
    void *const found = dlsym(RTLD_NEXT, "SZ_BufftoBuffDecompress");
    decompress_fn *decompress;
    _Static_assert(sizeof decompress == sizeof found, "POSIX: dlsym() gives functions too");
    memcpy(&decompress, &found, sizeof decompress);
    if (decompress == NULL)
        return SZ_PARAM_ERROR;
    const int status = decompress(out, size, in, in_size, how);
    if (status == SZ_OK && *size < wanted)
        *size =
            0; /* which is a failed filter; what the library says of failures here is that memory is short */
    return status;
}

bool szip_is_whole(void)
{
    void *const found = dlsym(RTLD_DEFAULT, "SZ_BufftoBuffDecompress");
    decompress_fn *const ours = SZ_BufftoBuffDecompress;
    return memcmp(&found, &ours, sizeof found) == 0;
}
