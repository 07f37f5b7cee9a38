/*
 * An HDF5 file in words: the value graph of the HDF Group's HDF5/JSON document (support.hdfgroup.org,
 * HDF5/JSON 1.1). What one format of HDF5 files gives another keeps types, storage, attributes and links,
 * which plain values have no room for.
 *
 * A VALUE_DICT with the flag VALUE_DESCRIBED (nobody else sets it, so no client can):
 *
 *   apiVersion  "1.1.1"
 *   root        id of the root group
 *   prefix      only of a part of a file: the root's path in it. References that lead elsewhere lead to
 * nothing groups      id: {alias: [path ...], attributes, links: [{class, title, collection, id | h5path,
 * file}]} datatypes   id: {alias, attributes, type} datasets    id: {alias, attributes, type, shape,
 * creationProperties, value} attributes  [{name, type, shape, value}]
 *
 * A reference is a path in the file, or a collection, '/' and an id; a region {"path", and "slice", "points"
 * or "blocks"}. datasets, datatypes, links and attributes may be absent. value is what JSON says, or an
 * array, which may be read on demand; dimensions of an array type come behind those of the shape. type is
 * words, or "datatypes/" and an id. Beyond HDF5/JSON, where the type is no standard one: an integer's "size",
 * "precision" and "offset"; a float's "format"; a compound's "size" and its fields' "offset".
 *
 * Who reads one checks everything but the flag: it may have come from a client.
 */
#ifndef MANDOLINE_DESCRIBED_H
#define MANDOLINE_DESCRIBED_H

#include "value.h"

static inline bool value_is_described(const struct value *v)
{
    return v->kind == VALUE_DICT && (v->flags & VALUE_DESCRIBED) != 0;
}

#endif
