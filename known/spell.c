/* Objects from the text that typed JSON has for them: the object that CPython pickles, part for part. */
#include "rows.h"

#include "bigint.h"

struct spelling {
    struct bytes text;
    size_t at;
    struct known_work *work;
    struct error *err;
};

/* ---- nodes; NULL goes through: no memory ---- */

static struct value *text_node(struct spelling *s, struct bytes text)
{
    return known_made_of(s->work, value_str(s->work->arena, text), s->err);
}

static struct value *int_node(struct spelling *s, int64_t n)
{
    return known_made_of(s->work, value_int(s->work->arena, n), s->err);
}

static struct value *bytes_node(struct spelling *s, const uint8_t *bytes, size_t len)
{
    const struct bytes copy = arena_copy(s->work->arena, bytes_of(bytes, len));
    return known_made_of(s->work, copy.data == NULL ? NULL : value_bytes(s->work->arena, copy), s->err);
}

/* module.name(*args), and its state. */
static struct value *object_node(struct spelling *s, enum object_made made, const char *module,
                                 const char *name, struct value *const *args, size_t count,
                                 struct value *state)
{
    struct arena *arena = s->work->arena;
    for (size_t i = 0; i < count; i++)
        if (args[i] == NULL)
            return NULL;
    struct value *v = value_new(arena, VALUE_OBJECT), *tuple = value_new(arena, VALUE_TUPLE);
    struct value_object *o = arena_alloc(arena, 1, sizeof *o);
    struct value *callable = value_global(arena, bytes_text(module), bytes_text(name));
    if (v == NULL || tuple == NULL || o == NULL || callable == NULL ||
        !value_append_all(arena, &tuple->list, args, count))
        return known_made_of(s->work, NULL, s->err);
    *o = (struct value_object){.made = made, .callable = callable, .args = tuple};
    if (state != NULL && !value_append(arena, &o->states, state))
        return known_made_of(s->work, NULL, s->err);
    v->object = o;
    return v;
}

static struct value *call_node(struct spelling *s, const char *module, const char *name,
                               struct value *const *args, size_t count)
{
    return object_node(s, OBJECT_REDUCE, module, name, args, count, NULL);
}

/* ---- reading ---- */

static bool take(struct spelling *s, char c)
{
    const bool there = s->at < s->text.len && s->text.data[s->at] == (uint8_t)c;
    s->at += there;
    return there;
}

static bool at_end(const struct spelling *s)
{
    return s->at == s->text.len;
}

static bool digit(struct spelling *s, unsigned *out)
{
    if (at_end(s) || s->text.data[s->at] < '0' || s->text.data[s->at] > '9')
        return false;
    *out = (unsigned)(s->text.data[s->at++] - '0');
    return true;
}

/* Exactly so many digits. */
static bool number(struct spelling *s, unsigned digits, unsigned *out)
{
    unsigned next, n = 0;
    for (unsigned i = 0; i < digits; i++) {
        if (!digit(s, &next))
            return false;
        n = n * 10 + next;
    }
    *out = n;
    return true;
}

/* One to six digits behind a point: millionths. */
static bool millionths(struct spelling *s, unsigned *out)
{
    unsigned next, n = 0, count = 0;
    for (; count < 6 && digit(s, &next); count++)
        n = n * 10 + next;
    const bool any = count > 0;
    for (; count < 6; count++)
        n *= 10;
    *out = n;
    return any;
}

static bool put_date(struct spelling *s, uint8_t *out)
{
    unsigned year, month, day;
    if (!number(s, 4, &year) || !take(s, '-') || !number(s, 2, &month) || !take(s, '-') ||
        !number(s, 2, &day))
        return false;
    out[0] = (uint8_t)(year >> 8);
    out[1] = (uint8_t)year;
    out[2] = (uint8_t)month;
    out[3] = (uint8_t)day;
    return true;
}

struct clock {
    unsigned hour, minute, second, micro;
};

/* "12:30", "12:30:01", "12:30:01.5" */
static bool read_clock(struct spelling *s, struct clock *c)
{
    *c = (struct clock){0};
    return number(s, 2, &c->hour) && take(s, ':') && number(s, 2, &c->minute) &&
           (!take(s, ':') || (number(s, 2, &c->second) && (!take(s, '.') || millionths(s, &c->micro))));
}

static bool put_clock(struct spelling *s, uint8_t *out)
{
    struct clock c;
    if (!read_clock(s, &c))
        return false;
    const uint8_t bytes[] = {(uint8_t)c.hour,          (uint8_t)c.minute,       (uint8_t)c.second,
                             (uint8_t)(c.micro >> 16), (uint8_t)(c.micro >> 8), (uint8_t)c.micro};
    memcpy(out, bytes, sizeof bytes);
    return true;
}

static struct value *timedelta_node(struct spelling *s, bool negative, int64_t seconds, unsigned micro)
{
    enum { DAY = 86400 };
    if (negative) {
        seconds = -seconds - (micro > 0);
        micro = micro > 0 ? 1000000 - micro : 0;
    }
    const int64_t days = seconds / DAY - (seconds % DAY < 0);
    struct value *const args[] = {int_node(s, days), int_node(s, seconds - days * DAY), int_node(s, micro)};
    return call_node(s, "datetime", "timedelta", args, ROWS(args));
}

/* "Z", "+02:00", "-05:30:15.000001" as a datetime.timezone. *out is NULL at the end of the text. */
static bool zone(struct spelling *s, struct value **out)
{
    struct clock c = {0};
    *out = NULL;
    if (at_end(s))
        return true;
    const bool minus = take(s, '-');
    if (!take(s, 'Z') &&
        !((minus || take(s, '+')) && read_clock(s, &c) && c.hour < 24 && c.minute < 60 && c.second < 60))
        return false;
    struct value *const offset =
        timedelta_node(s, minus, (int64_t)c.hour * 3600 + (int64_t)c.minute * 60 + c.second, c.micro);
    *out = call_node(s, "datetime", "timezone", &offset, 1);
    return at_end(s) && *out != NULL;
}

static struct value *timed(struct spelling *s, const char *name, const uint8_t *state, size_t size)
{
    struct value *args[2] = {bytes_node(s, state, size)};
    return zone(s, &args[1]) ? call_node(s, "datetime", name, args, args[1] == NULL ? 1 : 2) : NULL;
}

static struct value *spell_datetime(struct spelling *s)
{
    uint8_t state[10];
    return put_date(s, state) && (take(s, 'T') || take(s, ' ')) && put_clock(s, state + 4)
               ? timed(s, "datetime", state, sizeof state)
               : NULL;
}

static struct value *spell_time(struct spelling *s)
{
    uint8_t state[6];
    return put_clock(s, state) ? timed(s, "time", state, sizeof state) : NULL;
}

static struct value *spell_date(struct spelling *s)
{
    uint8_t state[4];
    if (!put_date(s, state) || !at_end(s))
        return NULL;
    struct value *const arg = bytes_node(s, state, sizeof state);
    return call_node(s, "datetime", "date", &arg, 1);
}

/* A number of up to 14 digits before one of the letters, which come in this order. */
static bool unit(struct spelling *s, const char **letters, uint64_t *n, unsigned *micro, char *letter)
{
    unsigned next, count = 0;
    *n = 0;
    for (; count < 14 && digit(s, &next); count++)
        *n = *n * 10 + next;
    const bool fraction = take(s, '.');
    if (count == 0 || (fraction && !millionths(s, micro)) || at_end(s))
        return false;
    const char *at = strchr(*letters, s->text.data[s->at]);
    if (at == NULL || *at == '\0' || (fraction && *at != 'S'))
        return false;
    s->at++;
    *letter = *at;
    *letters = at + 1;
    return true;
}

/* "P1DT2H3M4.5S", "-PT0.000001S" */
static struct value *spell_timedelta(struct spelling *s)
{
    const char *letters = "D";
    const bool negative = take(s, '-');
    uint64_t seconds = 0, n;
    unsigned micro = 0;
    char letter = 0;
    if (!take(s, 'P') || at_end(s))
        return NULL;
    while (!at_end(s)) {
        if (letters[0] != 'H' && letter != 'H' && take(s, 'T'))
            letters = "HMS";
        if (!unit(s, &letters, &n, &micro, &letter))
            return NULL;
        seconds += n * (letter == 'D' ? 86400 : letter == 'H' ? 3600 : letter == 'M' ? 60 : 1);
    }
    return timedelta_node(s, negative, (int64_t)seconds, micro);
}

static struct value *spell_decimal(struct spelling *s)
{
    struct value *const arg = text_node(s, s->text);
    return call_node(s, "decimal", "Decimal", &arg, 1);
}

/* The digits up to the place as an int. */
static struct value *integer_node(struct spelling *s, size_t start, bool negative)
{
    struct bytes big;
    const struct bytes digits = bytes_of(s->text.data + start, s->at - start);
    if (digits.len == 0 || digits.len > s->work->limits->digits)
        return NULL;
    return bigint_of_decimal(digits, negative, s->work->arena, &big, s->err)
               ? known_made_of(s->work, value_integer(s->work->arena, big), s->err)
               : NULL;
}

static struct value *spell_fraction(struct spelling *s)
{
    unsigned next;
    const bool negative = take(s, '-');
    size_t start = s->at;
    while (digit(s, &next))
        continue;
    struct value *args[] = {integer_node(s, start, negative), NULL};
    if (!take(s, '/')) {
        args[1] = int_node(s, 1);
    } else {
        for (start = s->at; digit(s, &next);)
            continue;
        args[1] = integer_node(s, start, false);
    }
    return at_end(s) ? call_node(s, "fractions", "Fraction", args, ROWS(args)) : NULL;
}

/* 8-4-4-4-12 hexadecimal digits, in either case. */
static struct value *spell_uuid(struct spelling *s)
{
    uint8_t bytes[17] = {0};
    unsigned nibbles = 0;
    for (size_t i = 0; i < s->text.len; i++) {
        const uint8_t c = s->text.data[i], low = c | 0x20;
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return NULL;
            continue;
        }
        const bool decimal = c >= '0' && c <= '9';
        if ((!decimal && (low < 'a' || low > 'f')) || nibbles == 32)
            return NULL;
        const unsigned n = decimal ? c - (unsigned)'0' : low - (unsigned)'a' + 10, at = 31 - nibbles++;
        bytes[at / 2] |= (uint8_t)(n << (at % 2 * 4));
    }
    const struct bytes copy = arena_copy(s->work->arena, bytes_of(bytes, sizeof bytes));
    struct value *state = value_new(s->work->arena, VALUE_DICT), *name = value_text(s->work->arena, "int");
    struct value *n = copy.data == NULL ? NULL : value_integer(s->work->arena, copy);
    if (nibbles != 32 || s->text.len != 36)
        return NULL;
    if (state == NULL || name == NULL || n == NULL || !value_put(s->work->arena, &state->dict, name, n))
        return known_made_of(s->work, NULL, s->err);
    return object_node(s, OBJECT_NEWOBJ, "uuid", "UUID", NULL, 0, state);
}

/* A POSIX path by its parts, the root among them. */
static struct value *spell_path(struct spelling *s)
{
    struct value_list parts = {0};
    const struct bytes t = s->text;
    size_t root = 0;
    while (root < t.len && t.data[root] == '/')
        root++;
    for (size_t at = root, start = 0; root > 0 || at < t.len; root = 0) {
        struct bytes part = bytes_of(t.data, root == 2 ? 2 : 1);
        if (root == 0) {
            for (start = at; at < t.len && t.data[at] != '/'; at++)
                continue;
            part = bytes_of(t.data + start, at++ - start);
        }
        if (part.len == 0 || bytes_is(part, "."))
            continue;
        struct value *v = text_node(s, part);
        if (v == NULL || !value_append(s->work->arena, &parts, v))
            return known_made_of(s->work, NULL, s->err);
    }
    return call_node(s, "pathlib", "PosixPath", parts.items, parts.count);
}

struct value *known_of_text(struct known_work *w, const char *tag, struct bytes text, struct error *err)
{
    static const struct {
        const char *tag;
        struct value *(*spell)(struct spelling *s);
        const char *what;
    } spellings[] = {
        {"$datetime", spell_datetime, "ISO 8601 text such as 2020-01-31T12:30:00.5+02:00"},
        {"$date", spell_date, "ISO 8601 text such as 2020-01-31"},
        {"$time", spell_time, "ISO 8601 text such as 12:30:00.5"},
        {"$timedelta", spell_timedelta, "an ISO 8601 duration such as P1DT2H or -PT0.5S"},
        {"$decimal", spell_decimal, "decimal text such as 1.50"},
        {"$fraction", spell_fraction, "text such as 3/4"},
        {"$uuid", spell_uuid, "text of 36 characters"},
        {"$path", spell_path, "a POSIX path"},
    };
    for (size_t i = 0; i < ROWS(spellings); i++) {
        struct spelling s = {.text = text, .work = w, .err = err};
        if (strcmp(tag, spellings[i].tag) != 0)
            continue;
        struct value *v = spellings[i].spell(&s);
        if (v != NULL && !known_resolve(w, v, err))
            return NULL;
        if (v == NULL || v->object->meaning == NULL)
            error_set(err, ERR_SYNTAX, ERROR_NO_OFFSET, "%s must hold %s", tag, spellings[i].what);
        return v == NULL || v->object->meaning == NULL ? NULL : v;
    }
    error_set(err, ERR_INTERNAL, ERROR_NO_OFFSET, "no object is made of %s", tag);
    return NULL;
}
