/*
 * The part of a document that path= names; of it what sel=, where= or points= pick, fields= and slice= name,
 * in this order, and dtype= casts.
 */
#ifndef MANDOLINE_PART_H
#define MANDOLINE_PART_H

#include "exchange.h"

struct part {
    struct bytes path, slice, dtype, sel, where, points;
    struct bytes format;       /* of a query in several parts; empty: what suits the value */
    const struct value *index; /* a mask or index arrays that were sent, instead of points; or NULL */
    const struct bytes *fields;
    size_t field_count;
    bool sampled; /* little of it will be read: how much there is is no limit */
};
#define PART_PARAMETERS "path", "slice", "fields", "dtype", "sel", "where", "points"

bool part_of_request(const struct request *request, struct part *out, struct error *err);

/* The value, without reading elements of an array that is in a file. */
bool part_value(const struct request *request, const struct document *document, const struct part *part,
                struct value **out, struct error *err);

/* The same for this format: in words, where it describes and elements are asked for as they are. */
bool part_for(const struct request *request, const struct document *document, const struct part *part,
              const struct codec *format, struct value **out, struct error *err);

#endif
