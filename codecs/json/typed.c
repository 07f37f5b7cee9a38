#include "codec.h"

const struct codec typed_codec = {
    .name = "typed",
    .title = "typed JSON",
    .media_types = (const char *const[]){"application/vnd.mandoline.typed+json", NULL},
    .extensions = (const char *const[]){NULL},
};
