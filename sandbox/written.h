/* Does somebody else write this file just now? */
#ifndef MANDOLINE_SANDBOX_WRITTEN_H
#define MANDOLINE_SANDBOX_WRITTEN_H

#include "sandbox.h"

enum written_sign {
    WRITTEN_UNKNOWN, /* nothing in particular: this state of it is seen for the first time */
    WRITTEN_FLAGGED, /* its superblock says that its last writer did not close it */
    WRITTEN_DAMAGED, /* it cannot be read */
};

/*
 * By the lock that HDF5 holds on a file that it writes, or, where that is given up (SWMR), by how long ago
 * the last write was; that is looked at longer where the file does not end where it says that it does. Of a
 * file whose writer crashed neither says so.
 */
bool written_is_live(const struct sandbox_request *q, enum written_sign sign);

#endif
