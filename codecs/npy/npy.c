#include "npy.h"

const struct codec npy_codec = {
    .name = "npy",
    .title = "NumPy array",
    .media_types = (const char *const[]){"application/x-npy", NULL},
    .extensions = (const char *const[]){"npy", NULL},
    .sniff = npy_sniff,
    .by_parts = true,
    .decode = npy_decode,
    .begin = npy_begin,
    .step = npy_step,
};
