/*
 * Places along an axis by the values of its coordinate: one dimension of numbers that only climb, or only
 * fall, or of text. Times are counts of a unit from a moment on, as CF has them ("days since 1990-01-01"), or
 * datetime64.
 */
#ifndef MANDOLINE_COORDINATE_H
#define MANDOLINE_COORDINATE_H

#include "array.h"

/* One axis' part of sel=: "time:2020-01-01..2020-02-01", "height:100", "lat:..40". */
struct coordinate_term {
    struct bytes name;
    struct bytes low, high; /* empty: open */
    bool range;             /* else low is one value */
    size_t at;              /* character of the text where it begins */
};

/* "a:1..2,b:3". ERR_ARGUMENT with the offset of the character that is wrong. */
bool coordinate_parse(struct bytes text, struct arena *arena, struct coordinate_term **out, size_t *count,
                      struct error *err);

/* What the numbers of a coordinate are, when they are times. */
struct coordinate_clock {
    bool is_time;
    long double unit_us;  /* microseconds in a unit */
    long double start_us; /* of the count: microseconds since 1970 */
};

/*
 * Of the attributes units and calendar of CF-1.11 section 4.4 (empty: not there). What is no time has none.
 * ERR_UNREPRESENTABLE: a calendar other than the Gregorian one, or months and years.
 */
bool coordinate_clock_of(struct bytes units, struct bytes calendar, struct coordinate_clock *out,
                         struct error *err);

/*
 * Which elements of the coordinate the term names: count of them from start on. A range has both of its ends;
 * a date stands for all of its day (month, year, minute). One number is one element, and *one is true.
 * ERR_ARGUMENT: it is not there, or it is no number nor date; ERR_UNREPRESENTABLE: a range of a coordinate
 * that is not monotone, what is there twice, or elements that are no numbers. A coordinate of text has places
 * by its texts, in any order; a range is from one to the other. clock: of the attributes; datetime64 has its
 * own.
 */
bool coordinate_find(const struct array *a, const struct coordinate_term *term,
                     const struct coordinate_clock *clock, const struct limits *limits, struct arena *arena,
                     uint64_t *start, uint64_t *count, bool *one, struct error *err);

#endif
