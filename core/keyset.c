#include "keyset.h"

#include <math.h>

#include "bigint.h"
#include "number.h"
#include "reader.h"

/* 96 bits of a fingerprint; place + 1, or 0 where the slot is free. */
struct keyset_slot {
    uint64_t high;
    uint32_t low, place;
};

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

static bool print_key(struct keyset *k, const struct value *key, struct sip_print *out, struct error *err)
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

/* ---- the set ---- */

void keyset_init(struct keyset *k, struct arena *arena)
{
    *k = (struct keyset){.arena = arena};
}

void keyset_clear(struct keyset *k)
{
    if (k->count > 0)
        memset(k->slots, 0, k->capacity * sizeof *k->slots);
    k->count = k->capacity = 0;
}

static struct keyset_slot *slot_of(const struct keyset *k, uint64_t high, uint32_t low)
{
    const size_t mask = k->capacity - 1;
    size_t i = (size_t)high & mask;
    while (k->slots[i].place != 0 && (k->slots[i].high != high || k->slots[i].low != low))
        i = (i + 1) & mask;
    return &k->slots[i];
}

/* Room for count keys in all, at most two thirds full. */
static bool reserve(struct keyset *k, size_t count, struct error *err)
{
    if (count <= k->capacity / 3 * 2)
        return true;
    const struct keyset old = *k;
    size_t capacity = old.capacity == 0 ? 16 : old.capacity;
    while (count > capacity / 3 * 2)
        if (!checked_mul(capacity, 2, &capacity))
            return arena_fail(k->arena, err);
    if (capacity > k->room || k->count > 0) {
        struct keyset_slot *slots = arena_alloc(k->arena, capacity, sizeof *slots);
        if (slots == NULL)
            return arena_fail(k->arena, err);
        k->slots = slots;
        k->room = capacity;
    }
    k->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].place != 0)
            *slot_of(k, old.slots[i].high, old.slots[i].low) = old.slots[i];
    return true;
}

bool keyset_add(struct keyset *k, const struct value *key, size_t place, size_t *found, struct error *err)
{
    struct sip_print print;
    if (!print_key(k, key, &print, err) || !reserve(k, k->count + 1, err))
        return false;
    if (place >= UINT32_MAX)
        return arena_fail(k->arena, err);
    /* print_key() is true only when it has a print; the analyzer does not follow refuse() to its false. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    struct keyset_slot *slot = slot_of(k, print.a, (uint32_t)print.b);
    if (slot->place == 0) {
        *slot = (struct keyset_slot){.high = print.a, .low = (uint32_t)print.b, .place = (uint32_t)place + 1};
        k->count++;
    }
    *found = slot->place - 1;
    return true;
}

/* ---- many keys at once ---- */

/*
 * Most big dicts have no two equal keys, and that is told without a table that misses the processor's caches
 * at each key: the prints are dealt into buckets, and each bucket is looked through in a small table.
 */
enum { MANY = 4096, BUCKET = 512, BUCKET_TABLE = 4 * BUCKET };

/* False too when the bucket is far fuller than chance would have it. */
static bool bucket_differs(const uint64_t *prints, size_t count)
{
    uint64_t table[BUCKET_TABLE] = {0};
    if (count > BUCKET_TABLE / 2)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint64_t print = prints[i] | 1; /* 0 is a free slot */
        size_t at = (size_t)(print >> 1) % BUCKET_TABLE;
        while (table[at] != 0 && table[at] != print)
            at = (at + 1) % BUCKET_TABLE;
        if (table[at] != 0)
            return false;
        table[at] = print;
    }
    return true;
}

/* ends: room for 2 ** bits numbers, dealt: for count. Buckets are told apart by the topmost bits. */
static bool buckets_differ(const uint64_t *prints, size_t count, unsigned bits, size_t *ends, uint64_t *dealt)
{
    const unsigned shift = 64 - bits;
    const size_t buckets = (size_t)1 << bits;
    for (size_t i = 0; i < count; i++)
        ends[prints[i] >> shift]++;
    for (size_t b = 0, start = 0; b < buckets; b++) {
        const size_t size = ends[b];
        ends[b] = start; /* where the bucket's next print goes; its end, once all are dealt */
        start += size;
    }
    for (size_t i = 0; i < count; i++)
        dealt[ends[prints[i] >> shift]++] = prints[i];
    for (size_t b = 0, start = 0; b < buckets; start = ends[b++])
        if (!bucket_differs(dealt + start, ends[b] - start))
            return false;
    return true;
}

/* The first half of the print of what most keys are. */
static uint64_t print_short(const struct keyset *k, struct bytes text)
{
    struct sip s = sip_start(k->seed);
    sip_bytes(&s, TAG_TEXT, text);
    return sip_end(&s);
}

/* Keys are stride values apart. *differ: no two are equal; when it is false, some may be. */
static bool all_differ(struct keyset *k, struct value *const *keys, size_t stride, size_t count, bool *differ,
                       struct error *err)
{
    unsigned bits = 1;
    while (count >> bits > BUCKET)
        bits++;
    uint64_t *prints = arena_take(k->arena, count, 2 * sizeof *prints);
    size_t *ends = arena_alloc(k->arena, (size_t)1 << bits, sizeof *ends);
    if (prints == NULL || ends == NULL)
        return arena_fail(k->arena, err);
    seed(k);
    for (size_t i = 0; i < count; i++) {
        struct sip_print print = {0}; /* the analyzer does not see that a refusal is false */
        const struct value *key = keys[i * stride];
        if (key->kind == VALUE_STR && key->text.len < REMEMBER_TEXT)
            print.a = print_short(k, key->text);
        else if (!print_key(k, key, &print, err))
            return false;
        prints[i] = print.a;
    }
    *differ = buckets_differ(prints, count, bits, ends, prints + count);
    return true;
}

bool keyset_unite_pairs(struct keyset *k, struct value_pairs *pairs, struct error *err)
{
    bool differ = false;
    if (pairs->count >= MANY && !all_differ(k, &pairs->items->key, 2, pairs->count, &differ, err))
        return false;
    if (differ)
        return true;
    keyset_clear(k);
    if (!reserve(k, pairs->count, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        size_t at;
        if (!keyset_add(k, pairs->items[i].key, kept, &at, err))
            return false;
        if (at < kept)
            pairs->items[at].value = pairs->items[i].value;
        else
            pairs->items[kept++] = pairs->items[i];
    }
    pairs->count = kept;
    return true;
}

bool keyset_unite_items(struct keyset *k, struct value_list *items, struct error *err)
{
    bool differ = false;
    if (items->count >= MANY && !all_differ(k, items->items, 1, items->count, &differ, err))
        return false;
    if (differ)
        return true;
    keyset_clear(k);
    if (!reserve(k, items->count, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++) {
        size_t at;
        if (!keyset_add(k, items->items[i], kept, &at, err))
            return false;
        if (at == kept)
            items->items[kept++] = items->items[i];
    }
    items->count = kept;
    return true;
}
