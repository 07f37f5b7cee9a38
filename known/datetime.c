/*
 * The datetime family: text as Python's isoformat() writes it, durations as ISO 8601 does, zones by their
 * names. States are bytes: datetime's are year (2, big-endian), month, day, hour, minute, second, microsecond
 * (3); date has the first four, time the last six. The top bit of month or hour is fold.
 */
#include "rows.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    MOST_NAME = 256,
    DATE_SIZE = 4,
    TIME_SIZE = 6,
    FOLD = 0x80,
    DAY_SECONDS = 86400,
    MOST_DAYS = 999999999
};

const struct known_kind known_datetime = {.type = "datetime.datetime", .tag = "$datetime"};
const struct known_kind known_date = {.type = "datetime.date", .tag = "$date"};
const struct known_kind known_time = {.type = "datetime.time", .tag = "$time"};
const struct known_kind known_timedelta = {.type = "datetime.timedelta", .tag = "$timedelta"};
const struct known_kind known_timezone = {.type = "datetime.timezone"};
const struct known_kind known_zone = {.type = "datetime.tzinfo"};

/* ---- durations ---- */

struct duration {
    int64_t seconds;
    int microseconds; /* 0 to 999999, to be added */
};

/* Days, seconds and microseconds as Python keeps them: what lies outside of these bounds it never writes. */
static bool duration_read(const struct value_object *o, struct duration *out)
{
    const struct value *days = known_argument(o, 0), *seconds = known_argument(o, 1),
                       *micros = known_argument(o, 2);
    if (days->kind != VALUE_INT || seconds->kind != VALUE_INT || micros->kind != VALUE_INT ||
        days->integer < -MOST_DAYS || days->integer > MOST_DAYS || seconds->integer < 0 ||
        seconds->integer >= DAY_SECONDS || micros->integer < 0 || micros->integer > 999999)
        return false;
    out->seconds = days->integer * DAY_SECONDS + seconds->integer;
    out->microseconds = (int)micros->integer;
    return true;
}

/* The absolute value. */
static bool duration_turn(struct duration *d)
{
    if (d->seconds >= 0)
        return false;
    d->seconds = -d->seconds - (d->microseconds > 0);
    d->microseconds = d->microseconds > 0 ? 1000000 - d->microseconds : 0;
    return true;
}

struct text {
    char at[96];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->at + t->len, sizeof t->at - t->len, format, args);
    va_end(args);
    t->len += n < 0 ? 0 : (size_t)n;
}

/* "P1DT2H", "-PT0.5S", "PT0S": parts that are 0 are left out. */
struct value *timedelta_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct duration d;
    struct text t = {.len = 0};
    if (!duration_read(o, &d))
        return NULL;
    put(&t, "%s", duration_turn(&d) ? "-P" : "P");
    const int rest = (int)(d.seconds % DAY_SECONDS), seconds = rest % 60;
    if (d.seconds >= DAY_SECONDS)
        put(&t, "%lldD", (long long)(d.seconds / DAY_SECONDS));
    if (rest > 0 || d.microseconds > 0 || d.seconds == 0)
        put(&t, "T");
    if (rest >= 3600)
        put(&t, "%dH", rest / 3600);
    if (rest / 60 % 60 > 0)
        put(&t, "%dM", rest / 60 % 60);
    if (d.microseconds > 0) {
        put(&t, "%d.%06d", seconds, d.microseconds);
        while (t.at[t.len - 1] == '0')
            t.len--;
        put(&t, "S");
    } else if (seconds > 0 || d.seconds == 0) {
        put(&t, "%dS", seconds);
    }
    return known_text(w, err, "%.*s", (int)t.len, t.at);
}

/* ---- zones ---- */

/* What a zone means is its name; who writes a time needs more. The meaning is the first member of this. */
struct zone {
    struct value name;
    bool fixed; /* offset holds for the times that are in it */
    struct duration offset;
};

static struct value *zone_new(struct known_work *w, struct bytes name, const struct duration *offset,
                              struct error *err)
{
    if (!known_afford(w, name.len, 1))
        return NULL;
    struct zone *z = arena_alloc(w->arena, 1, sizeof *z);
    if (z == NULL) {
        arena_fail(w->arena, err);
        return NULL;
    }
    bool surrogates;
    z->name.kind = VALUE_STR;
    z->name.text = name;
    if (utf8_valid_surrogatepass(name, &surrogates) == name.len && surrogates)
        z->name.flags = VALUE_SURROGATES;
    z->fixed = offset != NULL;
    if (offset != NULL)
        z->offset = *offset;
    return &z->name;
}

/* "+02:00", with seconds and microseconds where there are any. */
static void put_offset(struct text *t, struct duration d)
{
    put(t, "%c", duration_turn(&d) ? '-' : '+');
    put(t, "%02d:%02d", (int)(d.seconds / 3600), (int)(d.seconds / 60 % 60));
    if (d.seconds % 60 > 0 || d.microseconds > 0)
        put(t, ":%02d", (int)(d.seconds % 60));
    if (d.microseconds > 0)
        put(t, ".%06d", d.microseconds);
}

/* "UTC", "UTC+02:00". */
static struct value *zone_with(struct known_work *w, struct duration offset, struct error *err)
{
    struct text t = {.len = 0};
    if (offset.seconds < -DAY_SECONDS || offset.seconds >= DAY_SECONDS)
        return NULL;
    put(&t, "UTC");
    if (offset.seconds != 0 || offset.microseconds != 0)
        put_offset(&t, offset);
    const struct bytes name = arena_copy(w->arena, bytes_of(t.at, t.len));
    if (name.data == NULL) {
        arena_fail(w->arena, err);
        return NULL;
    }
    return zone_new(w, name, &offset, err);
}

struct value *timezone_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *offset = known_argument(o, 0);
    struct duration d;
    if (!known_is_a(w, offset, &known_timedelta, err) || !duration_read(offset->object, &d) ||
        d.seconds < -DAY_SECONDS || d.seconds >= DAY_SECONDS)
        return NULL;
    return known_argument_count(o) == 1 ? zone_with(w, d, err)
                                        : zone_new(w, known_argument(o, 1)->text, &d, err);
}

struct value *timezone_utc(struct known_work *w, const struct value_object *o, struct error *err)
{
    (void)o;
    return zone_with(w, (struct duration){0}, err);
}

/* (name): what offset a time in it has is not written here. */
struct value *zone_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    return zone_new(w, known_argument(o, 0)->text, NULL, err);
}

/* pytz: (name, seconds east of UTC, seconds of summer time among them, "CEST"). */
struct value *zone_with_offset(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *seconds = known_argument(o, 1);
    if (seconds->kind != VALUE_INT || seconds->integer < -DAY_SECONDS || seconds->integer >= DAY_SECONDS)
        return NULL;
    const struct duration d = {.seconds = seconds->integer};
    return zone_new(w, known_argument(o, 0)->text, &d, err);
}

/* pytz: (minutes east of UTC). */
struct value *zone_fixed(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *minutes = known_argument(o, 0);
    if (minutes->kind != VALUE_INT || minutes->integer < -1440 || minutes->integer >= 1440)
        return NULL;
    return zone_with(w, (struct duration){.seconds = minutes->integer * 60}, err);
}

/* dateutil's tzoffset: {'_name': ..., '_offset': timedelta}. */
struct value *zone_of_state(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *offset = o->states.count == 1 ? known_member(w, o->states.items[0], "_offset") : NULL;
    struct duration d;
    if (offset == NULL || !known_is_a(w, offset, &known_timedelta, err) || !duration_read(offset->object, &d))
        return NULL;
    return zone_with(w, d, err);
}

/* dateutil's tzfile: (file, ".../zoneinfo/Europe/Berlin"). */
struct value *zone_of_file(struct known_work *w, const struct value_object *o, struct error *err)
{
    static const char folder[] = "zoneinfo/";
    const struct bytes path = known_argument(o, 1)->text;
    const uint8_t *at =
        path.len == 0 || path.len > MOST_NAME ? NULL : memmem(path.data, path.len, folder, sizeof folder - 1);
    if (at == NULL)
        return NULL;
    at += sizeof folder - 1;
    return zone_new(w, bytes_of(at, (size_t)(path.data + path.len - at)), NULL, err);
}

/* ---- dates and times ---- */

static bool put_date(struct text *t, const uint8_t *p)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const unsigned year = (unsigned)p[0] << 8 | p[1], month = p[2], day = p[3];
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
        (month == 2 && day == 29 && !leap))
        return false;
    put(t, "%04u-%02u-%02u", year, month, day);
    return true;
}

static bool put_time(struct text *t, const uint8_t *p)
{
    const unsigned micros = (unsigned)p[3] << 16 | (unsigned)p[4] << 8 | p[5];
    if (p[0] > 23 || p[1] > 59 || p[2] > 59 || micros > 999999)
        return false;
    put(t, "%02u:%02u:%02u", p[0], p[1], p[2]);
    if (micros > 0)
        put(t, ".%06u", micros);
    return true;
}

/* The zone in the second argument, if there is one. False: it is one that we do not know. */
static bool read_zone(struct known_work *w, const struct value_object *o, const struct zone **out,
                      struct error *err)
{
    *out = NULL;
    if (known_argument_count(o) == 1 || known_argument(o, 1)->kind == VALUE_NONE)
        return true;
    struct value *zone = known_argument(o, 1);
    if (!known_is_a(w, zone, &known_timezone, err) && !known_is_a(w, zone, &known_zone, err))
        return false;
    *out = (const struct zone *)zone->object->meaning;
    return true;
}

struct value *date_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct bytes state = known_argument(o, 0)->text;
    struct text t = {.len = 0};
    return state.len == DATE_SIZE && put_date(&t, state.data) ? known_text(w, err, "%s", t.at) : NULL;
}

/* A time's offset may depend on the day: a zone that has names for both leaves it out, as Python does. */
struct value *time_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct bytes state = known_argument(o, 0)->text;
    const struct zone *zone;
    uint8_t fields[TIME_SIZE];
    struct text t = {.len = 0};
    if (state.len != TIME_SIZE || !read_zone(w, o, &zone, err))
        return NULL;
    memcpy(fields, state.data, TIME_SIZE);
    fields[0] &= (uint8_t)~FOLD;
    if (!put_time(&t, fields))
        return NULL;
    if (zone != NULL && known_argument(o, 1)->object->known == &known_timezone)
        put_offset(&t, zone->offset);
    return known_text(w, err, "%s", t.at);
}

/* Where the offset is not in the document, the zone's name follows in brackets (RFC 9557, as JavaScript's
 * Temporal takes it). */
struct value *datetime_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct bytes state = known_argument(o, 0)->text;
    const struct zone *zone;
    uint8_t fields[DATE_SIZE + TIME_SIZE];
    struct text t = {.len = 0};
    if (state.len != sizeof fields || !read_zone(w, o, &zone, err))
        return NULL;
    memcpy(fields, state.data, sizeof fields);
    fields[2] &= (uint8_t)~FOLD;
    if (!put_date(&t, fields))
        return NULL;
    put(&t, "T");
    if (!put_time(&t, fields + DATE_SIZE))
        return NULL;
    if (zone != NULL && zone->fixed)
        put_offset(&t, zone->offset);
    if (zone == NULL || zone->fixed)
        return known_text(w, err, "%s", t.at);
    const struct bytes name = zone->name.text;
    if (name.len > MOST_NAME)
        return NULL;
    const char *text = arena_printf(w->arena, "%s[%.*s]", t.at, (int)name.len, (const char *)name.data);
    return text == NULL ? known_made_of(w, NULL, err) : known_str(w, bytes_text(text), err);
}
