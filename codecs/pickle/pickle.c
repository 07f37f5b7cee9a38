#include "codec.h"

const struct codec pickle_codec = {
    .name = "pickle",
    .title = "Python pickle",
    .media_types = (const char *const[]){"application/x-pickle", "application/python-pickle",
                                         "application/vnd.python.pickle", NULL},
    .extensions = (const char *const[]){"pickle", "pkl", "p", NULL},
};
