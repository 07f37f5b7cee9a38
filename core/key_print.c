#include "key_print.h"

#include <math.h>

#include "bigint.h"
#include "number.h"
#include "reader.h"

struct keyset_known {
    const struct value *part;
    struct sip_print print;
    bool open; /* still being read: meeting it again means that it contains itself */
};

/* A tuple, frozenset or slice that is being read. */
struct keyset_frame {
    const struct value *part;
    size_t index;
    struct sip sip;
    struct sip_print sum; /* frozenset: order does not count */
};

/* What a fingerprint is about: equal values of different types share a row. */
enum tag {
    TAG_NONE = 1,
    TAG_NUMBER,
    TAG_BIG,
    TAG_REAL,
    TAG_COMPLEX,
    TAG_TEXT,
    TAG_BYTES,
    TAG_TUPLE,
    TAG_FROZENSET,
    TAG_RANGE,
    TAG_SLICE,
    TAG_GLOBAL,
    TAG_DTYPE,
    TAG_TIME,
    TAG_SELF
};

enum { REMEMBER_TEXT = 256, REMEMBER_ITEMS = 8 };

static struct sip_print print_words(const struct keyset *k, enum tag tag, uint64_t a, uint64_t b)
{
    struct sip s = sip_start(k->seed);
    sip_word(&s, tag);
    sip_word(&s, a);
    sip_word(&s, b);
    return sip_end_print(&s);
}

static struct sip_print print_bytes(const struct keyset *k, enum tag tag, struct bytes b)
{
    struct sip s = sip_start(k->seed);
    sip_bytes(&s, tag, b);
    return sip_end_print(&s);
}

static struct sip_print print_self(const struct keyset *k, const struct value *v)
{
    return print_words(k, TAG_SELF, (uint64_t)(uintptr_t)v, 0);
}

static struct sip_print print_int(const struct keyset *k, int64_t n)
{
    return print_words(k, TAG_NUMBER, (uint64_t)n, 0);
}

static struct sip_print print_unsigned(const struct keyset *k, uint64_t n)
{
    uint8_t bytes[9] = {0}; /* the ninth is the sign */
    if (n <= INT64_MAX)
        return print_int(k, (int64_t)n);
    store_u64_le(bytes, n);
    return print_bytes(k, TAG_BIG, bytes_of(bytes, sizeof bytes));
}

/* A whole double beyond int64 as the integer that it equals: 53 bits shifted left. */
static struct sip_print print_whole(const struct keyset *k, double real)
{
    int exponent;
    const double fraction = frexp(real, &exponent);
    const int64_t mantissa = (int64_t)ldexp(fraction, 53);
    const unsigned shift = (unsigned)exponent - 53;
    uint8_t bytes[136]; /* 1024 bits and a sign, and room for a whole word */
    memset(bytes, 0, sizeof bytes);
    const int64_t shifted = mantissa * (1 << shift % 8);
    memcpy(bytes + shift / 8, &shifted, sizeof shifted);
    const size_t len = shift / 8 + 8;
    bytes[len] = real < 0 ? 0xff : 0;
    return print_bytes(k, TAG_BIG, bigint_trim(bytes_of(bytes, len + 1)));
}

static struct sip_print print_real(const struct keyset *k, const struct value *self, double real)
{
    if (isnan(real))
        return print_self(k, self);
    if (real >= -0x1p63 && real < 0x1p63 && (double)(int64_t)real == real)
        return print_int(k, (int64_t)real);
    if (fabs(real) >= 0x1p63 && !isinf(real))
        return print_whole(k, real);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return print_words(k, TAG_REAL, bits, 0);
}

static struct sip_print print_complex(const struct keyset *k, const struct value *v)
{
    if (v->complex[1] == 0)
        return print_real(k, v, v->complex[0]);
    if (isnan(v->complex[0]) || isnan(v->complex[1]))
        return print_self(k, v);
    const double parts[2] = {v->complex[0] + 0.0, v->complex[1]}; /* -0.0 == 0.0 */
    uint64_t bits[2];
    memcpy(bits, parts, sizeof bits);
    return print_words(k, TAG_COMPLEX, bits[0], bits[1]);
}

/* Ranges are equal when they give the same numbers. */
static struct sip_print print_range(const struct keyset *k, const struct value *v)
{
    for (size_t i = 0; i < v->list.count; i++)
        if (v->list.count != 3 || v->list.items[i]->kind != VALUE_INT)
            return print_self(k, v);
    if (v->list.count != 3)
        return print_self(k, v);
    const int64_t start = v->list.items[0]->integer, step = v->list.items[2]->integer;
    const uint64_t count = value_range_count(start, v->list.items[1]->integer, step);
    struct sip s = sip_start(k->seed);
    sip_word(&s, TAG_RANGE);
    sip_word(&s, count);
    sip_word(&s, count > 0 ? (uint64_t)start : 0);
    sip_word(&s, count > 1 ? (uint64_t)step : 0);
    return sip_end_print(&s);
}

static struct sip_print print_global(const struct keyset *k, const struct value_global *g)
{
    struct sip s = sip_start(k->seed);
    sip_bytes(&s, TAG_GLOBAL, g->module);
    sip_bytes(&s, TAG_GLOBAL, g->name);
    return sip_end_print(&s);
}

static struct sip_print print_dtype(const struct keyset *k, const struct value *v)
{
    if (v->dtype->field_count > 0 || v->dtype->base != NULL)
        return print_self(k, v);
    char text[64];
    dtype_typestr(v->dtype, text);
    return print_bytes(k, TAG_DTYPE, bytes_text(text));
}

/* A NumPy scalar equals the number that it holds. */
static struct sip_print print_scalar(const struct keyset *k, const struct value *v)
{
    const struct array *a = v->array;
    const size_t size = a->dtype.itemsize;
    if (a->data == NULL || a->axes != NULL || size > 8 || size == 0 || a->dtype.order == '>')
        return print_self(k, v);
    uint64_t bits = 0;
    memcpy(&bits, a->data, size);
    const unsigned unused = 64 - 8 * (unsigned)size;
    double real;
    float single;
    switch (a->dtype.kind) {
    case DTYPE_INT:
        return print_int(k, (int64_t)(bits << unused) >> unused);
    case DTYPE_BOOL:
    case DTYPE_UINT:
        return print_unsigned(k, bits);
    case DTYPE_FLOAT:
        memcpy(&single, &bits, sizeof single);
        memcpy(&real, &bits, sizeof real);
        return print_real(k, v,
                          size == 8   ? real
                          : size == 4 ? (double)single
                                      : number_of_half((uint16_t)bits));
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA: {
        struct sip s = sip_start(k->seed);
        sip_bytes(&s, TAG_TIME, a->dtype.unit);
        sip_word(&s, (uint64_t)a->dtype.kind);
        sip_word(&s, bits);
        return sip_end_print(&s);
    }
    case DTYPE_COMPLEX:
    case DTYPE_BYTES:
    case DTYPE_UNICODE:
    case DTYPE_VOID:
    case DTYPE_OBJECT:
    case DTYPE_TEXT:
        break;
    }
    return print_self(k, v);
}

/* ---- what is known about parts ---- */

static struct keyset_known *known_slot(const struct keyset *k, const struct value *part)
{
    const size_t mask = k->known_capacity - 1;
    size_t i = (size_t)((uint64_t)(uintptr_t)part * 0x9e3779b97f4a7c15 >> 20) & mask;
    while (k->known[i].part != NULL && k->known[i].part != part)
        i = (i + 1) & mask;
    return &k->known[i];
}

static bool known_grow(struct keyset *k, struct error *err)
{
    if (k->known_count * 2 < k->known_capacity)
        return true;
    const struct keyset old = *k;
    k->known_capacity = old.known_capacity == 0 ? 64 : old.known_capacity * 2;
    k->known = arena_alloc(k->arena, k->known_capacity, sizeof *k->known);
    if (k->known == NULL) {
        *k = old;
        return arena_fail(k->arena, err);
    }
    for (size_t i = 0; i < old.known_capacity; i++)
        if (old.known[i].part != NULL)
            *known_slot(k, old.known[i].part) = old.known[i];
    return true;
}

static const struct keyset_known *known_find(const struct keyset *k, const struct value *part)
{
    if (k->known_count == 0)
        return NULL;
    const struct keyset_known *known = known_slot(k, part);
    return known->part == NULL ? NULL : known;
}

static bool known_set(struct keyset *k, const struct value *part, struct sip_print print, bool open,
                      struct error *err)
{
    if (!known_grow(k, err))
        return false;
    struct keyset_known *known = known_slot(k, part);
    k->known_count += known->part == NULL;
    *known = (struct keyset_known){.part = part, .print = print, .open = open};
    return true;
}

/* ---- one key ---- */

/* Long text would be read once for each time it is used as a key. */
static bool print_text(struct keyset *k, enum tag tag, const struct value *v, struct bytes text,
                       struct sip_print *out, struct error *err)
{
    if (text.len < REMEMBER_TEXT) {
        *out = print_bytes(k, tag, text);
        return true;
    }
    const struct keyset_known *known = known_find(k, v);
    if (known != NULL) {
        *out = known->print;
        return true;
    }
    *out = print_bytes(k, tag, text);
    return known_set(k, v, *out, false, err);
}

static bool refuse(const struct value *v, struct error *err)
{
    const struct bytes name = value_type_name(v);
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "a value of type %.*s cannot be a key of a dict or a member of a set",
                (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
}

/* Everything without parts to wait for. */
static bool print_leaf(struct keyset *k, const struct value *v, struct sip_print *out, struct error *err)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        *out = print_words(k, TAG_NONE, 0, 0);
        return true;
    case VALUE_BOOL:
        *out = print_int(k, v->boolean);
        return true;
    case VALUE_INT:
        *out = print_int(k, v->integer);
        return true;
    case VALUE_FLOAT:
        *out = print_real(k, v, v->real);
        return true;
    case VALUE_COMPLEX:
        *out = print_complex(k, v);
        return true;
    case VALUE_BIGINT:
        return print_text(k, TAG_BIG, v, bigint_trim(v->text), out, err);
    case VALUE_STR:
        return print_text(k, TAG_TEXT, v, v->text, out, err);
    case VALUE_BYTES:
        return print_text(k, TAG_BYTES, v, v->text, out, err);
    case VALUE_RANGE:
        *out = print_range(k, v);
        return true;
    case VALUE_GLOBAL:
        *out = print_global(k, v->global);
        return true;
    case VALUE_DTYPE:
        *out = print_dtype(k, v);
        return true;
    case VALUE_ARRAY:
        *out = print_scalar(k, v);
        return v->array->scalar || refuse(v, err);
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
        *out = print_self(k, v);
        return true;
    case VALUE_BYTEARRAY:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_DICT:
    case VALUE_TUPLE:
    case VALUE_FROZENSET:
    case VALUE_SLICE:
    case VALUE_KIND_COUNT:
        break;
    }
    return refuse(v, err);
}

static bool has_parts(const struct value *v)
{
    return v->kind == VALUE_TUPLE || v->kind == VALUE_FROZENSET || v->kind == VALUE_SLICE;
}

static bool push(struct keyset *k, const struct value *v, struct error *err)
{
    struct keyset_frame *frames =
        arena_room(k->arena, k->frames, k->depth, &k->frame_capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(k->arena, err);
    k->frames = frames;
    struct keyset_frame *f = &k->frames[k->depth++];
    *f = (struct keyset_frame){.part = v, .sip = sip_start(k->seed)};
    sip_word(&f->sip, v->kind == VALUE_TUPLE   ? TAG_TUPLE
                      : v->kind == VALUE_SLICE ? TAG_SLICE
                                               : TAG_FROZENSET);
    sip_word(&f->sip, v->list.count);
    return true;
}

/* Enters a part, or takes what is known about it: *ready says which. */
static bool enter(struct keyset *k, const struct value *v, bool *ready, struct sip_print *out,
                  struct error *err)
{
    *ready = true;
    if (!has_parts(v))
        return print_leaf(k, v, out, err);
    const struct keyset_known *known = known_find(k, v);
    if (known != NULL && known->open)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a key of a dict or a member of a set contains itself");
    if (known != NULL) {
        *out = known->print;
        return true;
    }
    *ready = false;
    if ((k->depth > 0 || v->list.count > REMEMBER_ITEMS) &&
        !known_set(k, v, (struct sip_print){0}, true, err))
        return false;
    return push(k, v, err);
}

static void feed(struct keyset_frame *f, struct sip_print part)
{
    if (f->part->kind == VALUE_FROZENSET) {
        f->sum.a += part.a;
        f->sum.b += part.b;
        return;
    }
    sip_word(&f->sip, part.a);
    sip_word(&f->sip, part.b);
}

/* The innermost frame has all its parts. */
static bool leave(struct keyset *k, struct sip_print *out, struct error *err)
{
    struct keyset_frame *f = &k->frames[--k->depth];
    sip_word(&f->sip, f->sum.a);
    sip_word(&f->sip, f->sum.b);
    *out = sip_end_print(&f->sip);
    const bool remember = k->depth > 0 || f->part->list.count > REMEMBER_ITEMS;
    return !remember || known_set(k, f->part, *out, false, err);
}

/* Not before it is needed: most documents that may have keys to compare have none. */
static void seed(struct keyset *k)
{
    if (k->seeded)
        return;
    k->seed = sip_seed_make();
    k->seeded = true;
}

bool key_print(struct keyset *k, const struct value *key, struct sip_print *out, struct error *err)
{
    bool ready;
    seed(k);
    k->depth = 0;
    if (!enter(k, key, &ready, out, err))
        return false;
    while (k->depth > 0) {
        struct keyset_frame *f = &k->frames[k->depth - 1];
        ready = true;
        if (f->index == f->part->list.count ? !leave(k, out, err)
                                            : !enter(k, f->part->list.items[f->index++], &ready, out, err))
            return false;
        if (ready && k->depth > 0)
            feed(&k->frames[k->depth - 1], *out);
    }
    return true;
}

bool key_print_half(struct keyset *k, const struct value *key, uint64_t *out, struct error *err)
{
    struct sip_print print = {0}; /* the analyzer does not see that a refusal is false */
    if (key->kind == VALUE_STR && key->text.len < REMEMBER_TEXT) {
        seed(k);
        struct sip s = sip_start(k->seed);
        sip_bytes(&s, TAG_TEXT, key->text);
        *out = sip_end(&s);
        return true;
    }
    if (!key_print(k, key, &print, err))
        return false;
    *out = print.a;
    return true;
}
