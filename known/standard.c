/* Numbers, identifiers, paths and names of the standard library: their text as Python's str() writes it. */
#include "rows.h"

#include <stdio.h>

#include "bigint.h"
#include "number.h"

enum {
    MOST_BIG = 4096, /* bytes of a part of a fraction */
    BIG_COST = 64,   /* a byte of one takes as much time as so many bytes of text */
    MOST_PARTS = 1024,
};

const struct known_kind known_decimal = {.type = "decimal.Decimal", .tag = "$decimal"};
const struct known_kind known_fraction = {.type = "fractions.Fraction", .tag = "$fraction"};
const struct known_kind known_uuid = {.type = "uuid.UUID", .tag = "$uuid"};
const struct known_kind known_path = {.type = "pathlib.PurePath", .tag = "$path"};
const struct known_kind known_attribute = {.type = "attribute"};
const struct known_kind known_flags = {.type = "flags"};
const struct known_kind known_namespace = {.type = "types.SimpleNamespace"};

/* ---- numbers ---- */

static size_t skip_digits(struct bytes t, size_t at)
{
    while (at < t.len && t.data[at] >= '0' && t.data[at] <= '9')
        at++;
    return at;
}

/* The word, in either case, stands at the place. */
static bool is_word(struct bytes t, size_t at, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (at + i >= t.len || (t.data[at + i] | 0x20) != word[i])
            return false;
    return true;
}

/* What str(Decimal) writes: "-1.50E+3", "Infinity", "sNaN123". */
static bool is_decimal(struct bytes t)
{
    size_t at = t.len > 0 && (t.data[0] == '-' || t.data[0] == '+') ? 1 : 0;
    if (is_word(t, at, "infinity"))
        return t.len == at + 8;
    if (is_word(t, at, "snan"))
        at++;
    if (is_word(t, at, "nan"))
        return skip_digits(t, at + 3) == t.len;
    const size_t whole = skip_digits(t, at), point = whole < t.len && t.data[whole] == '.' ? 1 : 0;
    const size_t end = point ? skip_digits(t, whole + 1) : whole;
    if (end - at - point == 0)
        return false;
    if (end == t.len || (t.data[end] | 0x20) != 'e')
        return end == t.len;
    at = end + 1;
    at += at < t.len && (t.data[at] == '-' || t.data[at] == '+');
    return at < t.len && skip_digits(t, at) == t.len;
}

struct value *decimal_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *text = known_argument(o, 0);
    (void)err;
    return known_afford(w, text->text.len, 1) && is_decimal(text->text) ? text : NULL;
}

/* Its digits. False: too many of them; or (err) no memory. */
static bool digits_of(struct known_work *w, const struct value *v, struct bytes *out, struct error *err)
{
    char text[NUMBER_MAX];
    struct error refused = {0};
    if (v->kind == VALUE_BIGINT)
        return known_afford(w, v->text.len, BIG_COST) && v->text.len <= MOST_BIG &&
               bigint_to_decimal(v->text, w->limits->digits, w->arena, out, &refused);
    *out = arena_copy(w->arena, bytes_of(text, number_write_int(v->integer, text)));
    return out->data != NULL || arena_fail(w->arena, err);
}

static bool is_positive(const struct value *v)
{
    return v->kind == VALUE_INT ? v->integer > 0 : (v->text.data[v->text.len - 1] & 0x80) == 0;
}

/* (numerator, denominator): "3/4", or "3". */
struct value *fraction_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *below = known_argument(o, 1);
    struct bytes numerator, denominator;
    if (!is_positive(below) || !digits_of(w, known_argument(o, 0), &numerator, err) ||
        !digits_of(w, below, &denominator, err))
        return NULL;
    if (bytes_is(denominator, "1"))
        return known_made_of(w, value_str(w->arena, numerator), err);
    const size_t len = numerator.len + 1 + denominator.len;
    uint8_t *text = arena_alloc(w->arena, 1, len);
    if (text == NULL)
        return known_made_of(w, NULL, err);
    mempcpy(mempcpy(mempcpy(text, numerator.data, numerator.len), "/", 1), denominator.data, denominator.len);
    return known_made_of(w, value_str(w->arena, bytes_of(text, len)), err);
}

/* ("3/4"): before Python 3.11. */
struct value *fraction_of_text(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *text = known_argument(o, 0);
    const struct bytes t = text->text;
    (void)err;
    if (!known_afford(w, t.len, 1))
        return NULL;
    const size_t start = t.len > 0 && t.data[0] == '-' ? 1 : 0, slash = skip_digits(t, start);
    const bool whole = slash > start && slash == t.len;
    const bool parts =
        slash > start && slash + 1 < t.len && t.data[slash] == '/' && skip_digits(t, slash + 1) == t.len;
    return whole || parts ? text : NULL;
}

/* The state has the 128 bits as an int. */
struct value *uuid_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *n = o->states.count == 1 ? known_member(w, o->states.items[0], "int") : NULL;
    uint8_t b[16] = {0};
    if (n == NULL || (n->kind != VALUE_INT && n->kind != VALUE_BIGINT))
        return NULL;
    if (n->kind == VALUE_INT && n->integer >= 0) {
        memcpy(b, &n->integer, sizeof n->integer);
    } else if (n->kind == VALUE_BIGINT && is_positive(n) &&
               (n->text.len <= sizeof b || (n->text.len == sizeof b + 1 && n->text.data[sizeof b] == 0))) {
        memcpy(b, n->text.data, n->text.len <= sizeof b ? n->text.len : sizeof b);
    } else {
        return NULL;
    }
    return known_text(w, err, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[15],
                      b[14], b[13], b[12], b[11], b[10], b[9], b[8], b[7], b[6], b[5], b[4], b[3], b[2], b[1],
                      b[0]);
}

/* ---- paths ---- */

/* The parts joined as os.path.join does: Python 3.11 gives the parsed parts, 3.12 and later what was given.
 */
static bool join(struct known_work *w, const struct value_object *o, const char *slashes, char **out,
                 size_t *len, struct error *err)
{
    size_t n = 0, size = 1;
    if (known_argument_count(o) > MOST_PARTS)
        return false;
    for (size_t i = 0; i < known_argument_count(o); i++) {
        if (known_argument(o, i)->kind != VALUE_STR)
            return false;
        size += known_argument(o, i)->text.len + 1;
    }
    if (!known_afford(w, size + known_argument_count(o), 2))
        return false;
    char *text = arena_alloc(w->arena, 1, size);
    if (text == NULL)
        return arena_fail(w->arena, err);
    for (size_t i = 0; i < known_argument_count(o); i++) {
        const struct bytes part = known_argument(o, i)->text;
        if (part.len == 0)
            continue;
        const bool rooted = strchr(slashes, part.data[0]) != NULL;
        if (rooted && slashes[0] == '/')
            n = 0;
        else if (rooted && n > 0)
            return false; /* relative to a drive that is named elsewhere */
        if (n > 0 && strchr(slashes, text[n - 1]) == NULL && !(n == 2 && text[1] == ':'))
            text[n++] = slashes[0];
        memcpy(text + n, part.data, part.len);
        n += part.len;
    }
    *out = text;
    *len = n;
    return memchr(text, 0, n) == NULL;
}

/* Without "." and empty parts, from the place on; what is joined becomes slash. Returns the new length. */
static size_t tidy(char *text, size_t at, size_t len, const char *slashes)
{
    size_t n = at;
    for (size_t i = at; i < len;) {
        const size_t part = strcspn(text + i, slashes);
        const bool dot = part == 1 && text[i] == '.';
        if (part > 0 && !dot) {
            if (n > at)
                text[n++] = slashes[0];
            memmove(text + n, text + i, part);
            n += part;
        }
        i += part + 1;
    }
    return n;
}

static struct value *path_text(struct known_work *w, char *text, size_t len, struct error *err)
{
    return known_str(w, len == 0 ? bytes_text(".") : bytes_of(text, len), err);
}

struct value *path_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    char *text;
    size_t len;
    if (!join(w, o, "/", &text, &len, err))
        return NULL;
    size_t root = strspn(text, "/");
    root = root == 2 ? 2 : root > 0; /* POSIX lets "//" mean something of its own */
    return path_text(w, text, tidy(text, root, len, "/"), err);
}

/* "C:\a" and what has no drive; shares and devices stay as they are. */
struct value *windows_path_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    char *text;
    size_t len;
    if (!join(w, o, "\\/", &text, &len, err))
        return NULL;
    size_t root = len >= 2 && text[1] == ':' ? 2 : 0;
    for (size_t i = root; i < len; i++)
        if (text[i] == ':')
            return NULL;
    if (strspn(text, "\\/") >= 2)
        return NULL;
    if (root < len && (text[root] == '\\' || text[root] == '/'))
        text[root++] = '\\';
    return path_text(w, text, tidy(text, root, len, "\\/"), err);
}

/* ---- names ---- */

static struct value *dotted(struct known_work *w, struct bytes class, struct bytes name, struct error *err)
{
    if (!known_afford(w, class.len + name.len, 2))
        return NULL;
    uint8_t *text = arena_alloc(w->arena, 1, class.len + 1 + name.len);
    if (text == NULL)
        return known_made_of(w, NULL, err);
    mempcpy(mempcpy(mempcpy(text, class.data, class.len), ".", 1), name.data, name.len);
    return known_str(w, bytes_of(text, class.len + 1 + name.len), err);
}

/* getattr(class, 'NAME'): a member of an enumeration, or a method; "Color.RED" as str() says. */
struct value *attribute_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    return dotted(w, known_argument(o, 0)->global->name, known_argument(o, 1)->text, err);
}

/* Of a class inside of a class, below protocol 4. */
struct value *attribute_of_inner(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *class = known_argument(o, 0);
    return known_is_a(w, class, &known_attribute, err)
               ? dotted(w, class->object->meaning->text, known_argument(o, 1)->text, err)
               : NULL;
}

/* The text of a part that is a member of an enumeration, or several. False: it is none. */
static bool members_of(struct known_work *w, struct value *part, struct bytes *out, struct error *err)
{
    if (!known_is_a(w, part, &known_attribute, err) && !known_is_a(w, part, &known_flags, err))
        return false;
    *out = part->object->meaning->text;
    return true;
}

/*
 * Flags of an enumeration together, or_(or_(Color.C, Color.B), Color.A): "Color.A|B|C" as str() says; what
 * has no name follows as a number.
 */
struct value *flags_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct bytes many, one;
    struct value *last = known_argument(o, 1);
    char number[24];
    if (!members_of(w, known_argument(o, 0), &many, err))
        return NULL;
    if (last->kind == VALUE_INT)
        one = bytes_of(number, (size_t)snprintf(number, sizeof number, "%lld", (long long)last->integer));
    else if (!members_of(w, last, &one, err))
        return NULL;
    const size_t class = last->kind == VALUE_INT ? 0 : bytes_behind(one, '.');
    if (many.len < class || memcmp(many.data, one.data, class) != 0)
        return NULL;
    const bool behind = class == 0;
    const struct bytes a = behind ? many : one,
                       b = behind ? one : bytes_of(many.data + class, many.len - class);
    if (!known_afford(w, a.len + 1 + b.len, 2))
        return NULL;
    uint8_t *text = arena_alloc(w->arena, 1, a.len + 1 + b.len);
    if (text == NULL)
        return known_made_of(w, NULL, err);
    mempcpy(mempcpy(mempcpy(text, a.data, a.len), "|", 1), b.data, b.len);
    return known_str(w, bytes_of(text, a.len + 1 + b.len), err);
}

struct value *namespace_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    if (o->states.count == 0)
        return known_made_of(w, value_new(w->arena, VALUE_DICT), err);
    return o->states.count == 1 && o->states.items[0]->kind == VALUE_DICT ? o->states.items[0] : NULL;
}
