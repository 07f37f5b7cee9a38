#include "codec.h"

const struct codec hdf5_codec = {
    .name = "hdf5",
    .title = "HDF5",
    .media_types = (const char *const[]){"application/x-hdf5", "application/x-hdf", NULL},
    .extensions = (const char *const[]){"h5", "hdf5", "he5", "nc", NULL},
};
