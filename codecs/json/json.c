#include "codec.h"

const struct codec json_codec = {
    .name = "json",
    .title = "JSON",
    .media_types = (const char *const[]){"application/json", NULL},
    .extensions = (const char *const[]){"json", NULL},
};
