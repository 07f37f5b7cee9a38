/*
 * Writes pickles of protocols 0 to 5 from the events of a walk: byte for byte what CPython's own pickler
 * (Modules/_pickle.c) writes for plain data, and what pickle.loads turns into the same objects for the rest.
 */
#ifndef MANDOLINE_PICKLE_WRITE_H
#define MANDOLINE_PICKLE_WRITE_H

#include "codec.h"

bool writer_begin(struct encoder *e, struct error *err);
enum step writer_step(struct encoder *e, struct sink *out, struct error *err);

#endif
