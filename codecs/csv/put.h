/* One cell of CSV. */
#ifndef MANDOLINE_CSV_PUT_H
#define MANDOLINE_CSV_PUT_H

#include "sink.h"
#include "value.h"

/*
 * Text, in quotes where RFC 4180 (section 2, rules 5 to 7) wants them, and an empty one where it would be an
 * empty line (lonely). ERR_UNREPRESENTABLE: it is not UTF-8.
 */
bool csv_put_text(struct bytes text, bool lonely, struct sink *out, struct error *err);

/* Whether an object (an element of dtype 'O') can be a cell. ERR_UNREPRESENTABLE: no. */
bool csv_check_object(const uint8_t *p, struct error *err);

/*
 * One element of any dtype but void, spelled as Python's str() does, complex numbers without parentheses. An
 * object has been checked.
 */
bool csv_put_cell(const struct dtype *t, const uint8_t *p, bool lonely, const struct limits *limits,
                  struct sink *out, struct error *err);

/* NaN and NaT, and objects that are NaN: what pandas leaves empty. */
bool csv_is_gap(const struct dtype *t, const uint8_t *p);

#endif
