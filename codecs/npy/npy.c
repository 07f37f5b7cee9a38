#include "codec.h"

const struct codec npy_codec = {
    .name = "npy",
    .title = "NumPy array",
    .media_types = (const char *const[]){"application/x-npy", NULL},
    .extensions = (const char *const[]){"npy", NULL},
};
