/* A row of the table, and the functions that its rows name. */
#ifndef MANDOLINE_KNOWN_ROWS_H
#define MANDOLINE_KNOWN_ROWS_H

#include "known.h"

/*
 * The meaning of an object that matches the row: a value that is no object. NULL: this one has none; or, with
 * err->kind set, no memory.
 */
typedef struct value *known_fn(struct known_work *w, const struct value_object *o, struct error *err);

enum known_made {
    CALLED = 1,          /* OBJECT_REDUCE */
    NEW = 2,             /* OBJECT_NEWOBJ, OBJECT_BARE */
    MAY_HAVE_STATE = 4,  /* else an object with one is something else */
    MAY_HAVE_ITEMS = 8,  /* appended */
    MAY_HAVE_PAIRS = 16, /* obj[key] = value */
};

/* Rows of one name stand together. */
struct known {
    const char *module, *name; /* module: as known_module() spells it */
    const char *arguments;     /* of known_match() */
    int made;                  /* enum known_made */
    const struct known_kind *kind;
    known_fn *fn;
};

/* The table; the last row has no name. */
extern const struct known known_table[];

/* ---- for the functions ---- */

static inline struct value *known_argument(const struct value_object *o, size_t i)
{
    return o->args->list.items[i];
}

static inline size_t known_argument_count(const struct value_object *o)
{
    return o->args->list.count;
}

/* Resolves a part, and says whether it is of that kind and has a meaning. False with err->kind set: no
 * memory. */
bool known_is_a(struct known_work *w, struct value *part, const struct known_kind *kind, struct error *err);

/*
 * Asked before work that is not bounded by the object's own size: its arguments and states may be shared by
 * many. False: the document has had enough of it; the object has no meaning then.
 */
bool known_afford(struct known_work *w, size_t count, size_t size);

/* The value under a text key of a dict. NULL: there is none, or it is too much to look for it. */
struct value *known_member(struct known_work *w, const struct value *dict, const char *key);

/* v; or NULL with *err set: no memory. */
struct value *known_made_of(struct known_work *w, struct value *v, struct error *err);

/* Text that is in the arena already, whatever surrogates are in it. NULL: *err is set. */
struct value *known_str(struct known_work *w, struct bytes text, struct error *err);

/* Text in the arena. NULL: *err is set. */
struct value *known_text(struct known_work *w, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

extern const struct known_kind known_datetime, known_date, known_time, known_timedelta, known_timezone,
    known_zone;
known_fn datetime_of, date_of, time_of, timedelta_of, timezone_of, timezone_utc, zone_of, zone_with_offset,
    zone_fixed, zone_of_state, zone_of_file;

extern const struct known_kind known_decimal, known_fraction, known_uuid, known_path, known_attribute,
    known_flags, known_namespace;
known_fn decimal_of, fraction_of, fraction_of_text, uuid_of, path_of, windows_path_of, attribute_of,
    attribute_of_inner, flags_of, namespace_of;

extern const struct known_kind known_ordered_dict, known_default_dict, known_counter, known_deque,
    known_array_array;
known_fn dict_of, dict_of_module, dict_of_lists, counter_of, deque_of, array_of_machine, array_of_list;

extern const struct known_kind known_dtype_of_class, known_ndarray, known_scalar, known_masked, known_sparse;
known_fn dtype_of_class, dtype_with_metadata, scalar_of, buffer_of, subclass_of, masked_of,
    masked_constant_of, sparse_of;

extern const struct known_kind known_frame, known_series, known_index, known_pandas_array, known_categorical,
    known_timestamp, known_pandas_timedelta, known_nat, known_period, known_interval;
known_fn pandas_frame_of, pandas_series_of, pandas_index_of, pandas_backed_of, pandas_array_of,
    pandas_timestamp_of, pandas_timedelta_of, pandas_nat_of, pandas_period_of, pandas_interval_of,
    pandas_interval_index_of, pandas_interval_array_of, pandas_sparse_of;

extern const struct known_kind known_tensor, known_parameter, known_torch_size, known_torch_device;
known_fn tensor_of, tensor_of_type, parameter_of, torch_size_of, torch_device_of;

#endif
