/* The boundary to the HDF5 library. */
#ifndef MANDOLINE_SANDBOX_H
#define MANDOLINE_SANDBOX_H
#endif
