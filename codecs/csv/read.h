/* A CSV document as a value. */
#ifndef MANDOLINE_CSV_READ_H
#define MANDOLINE_CSV_READ_H

#include "value.h"

/* Whether the first line has the names of columns. */
enum csv_header {
    CSV_HEADER_OF_TEXT, /* unless the document is numbers only */
    CSV_HEADER,
    CSV_NO_HEADER,
};

/*
 * Lines of RFC 4180 (section 2) that end in LF, CRLF or CR; empty ones are skipped.
 *
 * With a header: a table, named and read as pandas.read_csv() does. A name that is there twice becomes
 * name.1, one that is empty "Unnamed: " and its number. Columns are of int64, float64 or bool, or of str
 * objects; an empty cell is NaN, and one in quotes is text. Without: of numbers only, an array of int64 or
 * float64, of one dimension where a line is one cell; else a list of lists of str. An integer that its
 * column's dtype would change is text too.
 *
 * ERR_SYNTAX with offset: not UTF-8, a quote out of place, a line of another length than the first.
 */
bool csv_read(struct bytes text, enum csv_header header, const struct limits *limits, struct arena *arena,
              struct value **out, struct error *err);

#endif
