/* A CSV document as a value. */
#ifndef MANDOLINE_CSV_READ_H
#define MANDOLINE_CSV_READ_H

#include "value.h"

/*
 * Lines of RFC 4180 (section 2) that end in LF, CRLF or CR; empty ones are skipped. Only numbers: an array of
 * int64 or float64, of one dimension where a line is one cell. header, and the first line is different texts,
 * no number among them, above at least one column of numbers or booleans: a table, with columns as
 * pandas.read_csv() reads them, of int64, float64 or bool, or of str objects; an empty cell is NaN, and one
 * in quotes is text. Else a list of lists of str. An integer that its column's dtype would change is text
 * too.
 *
 * ERR_SYNTAX with offset: not UTF-8, a quote out of place, a line of another length than the first.
 */
bool csv_read(struct bytes text, bool header, const struct limits *limits, struct arena *arena,
              struct value **out, struct error *err);

#endif
