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

    /* looked through: see_bare() */
    {"copyreg", "_reconstructor", "ggo", CALLED | MAY_HAVE_STATE, NULL, NULL},
    {NULL, NULL, NULL, 0, NULL, NULL},
};
