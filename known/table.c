#include "rows.h"

const struct known known_table[] = {
    /* datetime; the bytes of its states are text where Python 2 wrote them */
    {"datetime", "datetime", "b", CALLED, &known_datetime, datetime_of},
    {"datetime", "datetime", "b*", CALLED, &known_datetime, datetime_of},
    {"datetime", "date", "b", CALLED, &known_date, date_of},
    {"datetime", "time", "b", CALLED, &known_time, time_of},
    {"datetime", "time", "b*", CALLED, &known_time, time_of},
    {"datetime", "timedelta", "iii", CALLED, &known_timedelta, timedelta_of},
    {"datetime", "timezone", "*", CALLED, &known_timezone, timezone_of},
    {"datetime", "timezone", "*s", CALLED, &known_timezone, timezone_of},
    {"zoneinfo", "ZoneInfo._unpickle", "s*", CALLED, &known_zone, zone_of},
    {"pytz", "_UTC", "", CALLED, &known_timezone, timezone_utc},
    {"pytz", "_p", "siis", CALLED, &known_zone, zone_with_offset},
    {"pytz", "_p", "s", CALLED, &known_zone, zone_of},
    {"pytz", "FixedOffset", "i", CALLED, &known_timezone, zone_fixed},
    {"dateutil.tz.tz", "tzutc", "", CALLED | NEW, &known_timezone, timezone_utc},
    {"dateutil.tz.tz", "tzoffset", "", NEW | MAY_HAVE_STATE, &known_timezone, zone_of_state},
    {"dateutil.tz.tz", "tzfile", "*s", CALLED | MAY_HAVE_STATE, &known_zone, zone_of_file},

    /* numbers, identifiers, paths */
    {"decimal", "Decimal", "s", CALLED, &known_decimal, decimal_of},
    {"fractions", "Fraction", "ii", CALLED, &known_fraction, fraction_of},
    {"fractions", "Fraction", "s", CALLED, &known_fraction, fraction_of_text},
    {"uuid", "UUID", "", NEW | MAY_HAVE_STATE, &known_uuid, uuid_of},
    {"pathlib", "PosixPath", "~", CALLED, &known_path, path_of},
    {"pathlib", "PurePosixPath", "~", CALLED, &known_path, path_of},
    {"pathlib", "WindowsPath", "~", CALLED, &known_path, windows_path_of},
    {"pathlib", "PureWindowsPath", "~", CALLED, &known_path, windows_path_of},
    {"builtins", "getattr", "gs", CALLED, &known_attribute, attribute_of},
    {"types", "SimpleNamespace", "", CALLED | MAY_HAVE_STATE, &known_namespace, namespace_of},

    /* collections; one with attributes of its own is more than a dict */
    {"collections", "OrderedDict", "", CALLED | MAY_HAVE_PAIRS, &known_ordered_dict, dict_of},
    {"collections", "OrderedDict", "l", CALLED, &known_ordered_dict, dict_of_lists},
    {"collections", "defaultdict", "", CALLED | MAY_HAVE_PAIRS, &known_default_dict, dict_of},
    {"collections", "defaultdict", "*", CALLED | MAY_HAVE_PAIRS, &known_default_dict, dict_of},
    {"collections", "Counter", "D", CALLED, &known_counter, counter_of},
    {"collections", "deque", "", CALLED | MAY_HAVE_ITEMS, &known_deque, deque_of},
    {"collections", "deque", "l", CALLED | MAY_HAVE_ITEMS, &known_deque, deque_of},
    {"collections", "deque", "l*", CALLED | MAY_HAVE_ITEMS, &known_deque, deque_of},
    {"array", "_array_reconstructor", "gsib", CALLED, &known_array_array, array_of_machine},
    {"array", "array", "s*", CALLED, &known_array_array, array_of_list},

    /* NumPy's own kinds are values already; these are what stays an object */
    {"numpy", "dtype", "g**", CALLED | MAY_HAVE_STATE, &known_dtype_of_class, dtype_of_class},
    {"numpy.core.multiarray", "_reconstruct", "gl*", CALLED | MAY_HAVE_STATE, &known_ndarray, subclass_of},
    {"numpy.ma.core", "_mareconstruct", "ggl*", CALLED | MAY_HAVE_STATE, &known_masked, masked_of},

    /* known_module() drops the last part of their modules */
    {"scipy.sparse", "csr_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "csr_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "csc_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "csc_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "coo_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "coo_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "bsr_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "bsr_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "dia_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "dia_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "lil_matrix", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "lil_array", "~", NEW | MAY_HAVE_STATE, &known_sparse, sparse_of},
    {"scipy.sparse", "dok_matrix", "~", NEW | MAY_HAVE_STATE | MAY_HAVE_PAIRS, &known_sparse, sparse_of},
    {"scipy.sparse", "dok_array", "~", NEW | MAY_HAVE_STATE | MAY_HAVE_PAIRS, &known_sparse, sparse_of},

    /* looked through: see_bare() */
    {"copyreg", "_reconstructor", "gg*", CALLED | MAY_HAVE_STATE, NULL, NULL},
    {NULL, NULL, NULL, 0, NULL, NULL},
};
