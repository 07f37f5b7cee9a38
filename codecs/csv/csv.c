#include "codec.h"

const struct codec csv_codec = {
    .name = "csv",
    .title = "CSV",
    .media_types = (const char *const[]){"text/csv", NULL},
    .extensions = (const char *const[]){"csv", NULL},
};
