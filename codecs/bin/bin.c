#include "codec.h"

const struct codec bin_codec = {
    .name = "bin",
    .title = "raw elements, little-endian, C order",
    .media_types = (const char *const[]){"application/octet-stream", NULL},
    .extensions = (const char *const[]){"bin", NULL},
};
