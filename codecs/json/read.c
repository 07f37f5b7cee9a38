#include "read.h"

#include "bigint.h"
#include "digits.h"
#include "keys.h"
#include "number.h"
#include "scan.h"
#include "text.h"
#include "utf8.h"

enum {
    FIRST_BATCH = 16, /* nodes allocated at once, doubling: a small document costs little */
    LARGEST_BATCH = 4096,
    FAST_DIGITS = 18, /* digits that fit int64 whatever they are */
    LATIN1 = 256,
};

/* A container that is still open: its parts lie on the value stack from base on, a dict's as key and value.
 */
struct frame {
    size_t base;
    bool dict;
};

struct json_reader {
    struct bytes in;
    size_t at;
    const struct limits *limits;
    struct arena *arena;
    struct error *err;

    struct value *batch; /* nodes not given out yet */
    size_t batch_left, batch_size;
    uint64_t parts; /* of all containers closed so far: limits->nodes */

    struct value **stack;
    size_t count, capacity;
    struct frame *frames;
    size_t depth, frame_capacity;

    struct keys keys;
    struct key *last_key;
    uint32_t keys_marked; /* marks given to keys by closed dicts: see find_duplicates */
    struct value *none, *yes, *no;
    struct key *empty, *characters[LATIN1];
};

/* ---- errors ---- */

static bool expected(struct json_reader *r, const char *what)
{
    if (r->at >= r->in.len)
        return FAIL(r->err, ERR_SYNTAX, r->in.len, "the document ends where %s was expected", what);
    const uint8_t c = r->in.data[r->at];
    if (c > 0x20 && c < 0x7F)
        return FAIL(r->err, ERR_SYNTAX, r->at, "%s was expected, not '%c'", what, c);
    return FAIL(r->err, ERR_SYNTAX, r->at, "%s was expected, not the byte 0x%02x", what, c);
}

/* ---- nodes and the value stack ---- */

static bool more_nodes(struct json_reader *r)
{
    r->batch_size = r->batch_size == 0 ? FIRST_BATCH : r->batch_size * 2;
    if (r->batch_size > LARGEST_BATCH)
        r->batch_size = LARGEST_BATCH;
    r->batch = arena_take(r->arena, r->batch_size, sizeof *r->batch);
    r->batch_left = r->batch == NULL ? 0 : r->batch_size;
    return r->batch != NULL || arena_fail(r->arena, r->err);
}

/* A zeroed node from the batch. NULL: no memory, and the error is set. */
static inline struct value *node_new(struct json_reader *r, enum value_kind kind)
{
    if (r->batch_left == 0 && !more_nodes(r))
        return NULL;
    r->batch_left--;
    struct value *v = r->batch++;
    *v = (struct value){.kind = (uint8_t)kind};
    return v;
}

static bool more_stack(struct json_reader *r)
{
    struct value **stack = arena_room(r->arena, r->stack, r->count, &r->capacity, sizeof(struct value *));
    if (stack == NULL)
        return arena_fail(r->arena, r->err);
    r->stack = stack;
    return true;
}

/* v is NULL when making it failed and the error is set. */
static inline bool push(struct json_reader *r, struct value *v)
{
    if (v == NULL || (r->count == r->capacity && !more_stack(r)))
        return false;
    r->stack[r->count++] = v;
    return true;
}

/* ---- scalars ---- */

static inline void skip_blanks(struct json_reader *r)
{
    while (r->at < r->in.len) {
        const uint8_t c = r->in.data[r->at];
        if (c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t'))
            return;
        r->at++;
    }
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline uint8_t peek(const struct json_reader *r, size_t at)
{
    return at < r->in.len ? r->in.data[at] : 0;
}

static bool wrong_literal(struct json_reader *r, const char *word)
{
    while (peek(r, r->at) == (uint8_t)*word)
        r->at++, word++;
    return expected(r, "null, true or false");
}

static inline bool read_literal(struct json_reader *r, const char *word, enum value_kind kind, bool boolean,
                                struct value **shared)
{
    const size_t n = strlen(word), left = r->in.len - r->at;
    if (left < n || memcmp(r->in.data + r->at, word, n) != 0)
        return wrong_literal(r, word);
    r->at += n;
    if (*shared == NULL && (*shared = node_new(r, kind)) != NULL && kind == VALUE_BOOL)
        (*shared)->boolean = boolean;
    return push(r, *shared);
}

static bool push_integer(struct json_reader *r, int64_t integer)
{
    struct value *v = node_new(r, VALUE_INT);
    if (v != NULL)
        v->integer = integer;
    return push(r, v);
}

static bool long_integer(struct json_reader *r, struct bytes digits, bool negative)
{
    int64_t small;
    const size_t sign = negative ? 1 : 0;
    if (number_read_int(bytes_of(digits.data - sign, digits.len + sign), &small))
        return push_integer(r, small);
    if (digits.len > r->limits->digits)
        return FAIL_LIMIT(r->err, "digits", r->limits->digits, "an integer has %zu digits", digits.len);
    struct bytes big;
    if (!bigint_of_decimal(digits, negative, r->arena, &big, r->err))
        return false;
    struct value *v = node_new(r, VALUE_BIGINT);
    if (v != NULL)
        v->text = big;
    return push(r, v);
}

/* The digits at *at, at least one. */
static bool skip_digits(struct json_reader *r, size_t *at)
{
    const size_t start = *at;
    while (is_digit(peek(r, *at)))
        ++*at;
    r->at = *at;
    return *at > start || expected(r, "a digit");
}

/* The grammar of what follows the integer part; at moves behind it. */
static bool check_float(struct json_reader *r, size_t at)
{
    if (peek(r, at) == '.') {
        at++;
        if (!skip_digits(r, &at))
            return false;
    }
    if ((peek(r, at) | 0x20) == 'e') {
        at++;
        if (peek(r, at) == '+' || peek(r, at) == '-')
            at++;
        if (!skip_digits(r, &at))
            return false;
    }
    r->at = at;
    return true;
}

/*
 * at is on the point or the exponent of the number that begins at start; digits are those before, and
 * magnitude their value. What reads numbers for everyone is laxer than JSON ("1." is a number), and where it
 * stopped tells when the grammar needs a look.
 */
static bool read_float(struct json_reader *r, size_t start, struct bytes digits, uint64_t magnitude)
{
    struct value *v = node_new(r, VALUE_FLOAT);
    if (v == NULL)
        return false;
    const struct bytes text = bytes_of(r->in.data + start, r->in.len - start);
    const size_t at = r->at, end = start + number_read_fraction(text, digits, magnitude, &v->real);
    const bool odd_point = r->in.data[at] == '.' && !is_digit(peek(r, at + 1));
    if (odd_point || end <= at || (peek(r, end) | 0x20) == 'e') {
        if (!check_float(r, at))
            return false;
    } else {
        r->at = end;
    }
    return push(r, v);
}

static bool read_number(struct json_reader *r)
{
    const size_t start = r->at;
    const bool negative = r->in.data[start] == '-';
    const size_t first = start + negative;
    uint64_t magnitude = 0;
    const size_t at = first + digits_read(bytes_of(r->in.data + first, r->in.len - first), &magnitude);
    r->at = at;
    if (at == first)
        return expected(r, "a digit");
    if (at - first > 1 && r->in.data[first] == '0') {
        r->at = first + 1;
        return FAIL(r->err, ERR_SYNTAX, r->at, "a number must not begin with 0 and another digit");
    }
    const uint8_t next = peek(r, at);
    if (next == '.' || next == 'e' || next == 'E')
        return read_float(r, start, bytes_of(r->in.data + first, at - first), magnitude);
    if (at - first > FAST_DIGITS)
        return long_integer(r, bytes_of(r->in.data + first, at - first), negative);
    return push_integer(r, negative ? -(int64_t)magnitude : (int64_t)magnitude);
}

/* ---- strings ---- */

/*
 * A string that needs no second look: no escapes, nothing over 127. at is behind the opening quote. False: at
 * is where it was.
 */
static inline bool read_plain(struct json_reader *r, struct bytes *out)
{
    const uint8_t *const start = r->in.data + r->at, *const end = r->in.data + r->in.len;
    for (const uint8_t *p = start; end - p >= 8; p += 8) {
        const uint64_t w = load_u64_le(p), odd = scan_special(w) | (w & SCAN_HIGHS);
        if (odd == 0)
            continue;
        p += __builtin_ctzll(odd) / 8;
        if (*p != '"')
            return false;
        *out = bytes_of(start, (size_t)(p - start));
        r->at += out->len + 1;
        return true;
    }
    return false;
}

/* at is on the opening quote. */
static inline bool read_text(struct json_reader *r, struct json_text *out)
{
    r->at++;
    out->surrogates = false;
    return read_plain(r, &out->text) || json_text_read(r->in, &r->at, r->arena, out, r->err);
}

/* Where the shared node of "" or of one character of Latin-1 is kept; NULL: text is no such string. */
static struct key **singleton(struct json_reader *r, struct bytes text)
{
    if (text.len == 0)
        return &r->empty;
    if (text.len == 1)
        return &r->characters[text.data[0]];
    if (text.len == 2 && (text.data[0] & 0xFE) == 0xC2) {
        size_t at = 0;
        return &r->characters[utf8_next(text, &at)];
    }
    return NULL;
}

static struct value string_of(const struct json_text *text)
{
    const uint8_t flags = text->surrogates ? VALUE_SURROGATES : 0;
    return (struct value){.kind = VALUE_STR, .flags = flags, .text = text->text};
}

/* A string that is remembered; at is behind it. One that had escapes does not lie in the document. */
static struct key *new_key(struct json_reader *r, const struct json_text *text)
{
    struct key *key = arena_alloc(r->arena, 1, sizeof *key);
    if (key == NULL) {
        arena_fail(r->arena, r->err);
        return NULL;
    }
    key->value = string_of(text);
    key->plain = text->text.data + text->text.len + 1 == r->in.data + r->at;
    return key;
}

static bool push_short(struct json_reader *r, const struct json_text *text, struct key **shared)
{
    if (*shared == NULL)
        *shared = new_key(r, text);
    return push(r, *shared == NULL ? NULL : &(*shared)->value);
}

static bool read_string(struct json_reader *r)
{
    struct json_text text;
    if (!read_text(r, &text))
        return false;
    struct key **shared = text.text.len > 2 ? NULL : singleton(r, text.text);
    if (shared != NULL)
        return push_short(r, &text, shared);
    struct value *v = node_new(r, VALUE_STR);
    if (v != NULL)
        *v = string_of(&text);
    return push(r, v);
}

/* The node of a key's text, one for the whole document. NULL: no memory, and the error is set. */
static struct key *key_of(struct json_reader *r, const struct json_text *text)
{
    struct key **key = keys_find(&r->keys, text->text, r->arena);
    if (key == NULL) {
        arena_fail(r->arena, r->err);
        return NULL;
    }
    if (*key != NULL)
        return *key;
    struct key **shared = text->text.len > 2 ? NULL : singleton(r, text->text);
    *key = shared != NULL && *shared != NULL ? *shared : new_key(r, text);
    if (shared != NULL)
        *shared = *key;
    return *key;
}

/* The key that followed the last one before, if it does so again. at is on the opening quote. */
static inline struct key *expected_key(struct json_reader *r)
{
    struct key *next = r->last_key == NULL ? NULL : r->last_key->next;
    if (next == NULL || !next->plain)
        return NULL;
    const struct bytes text = next->value.text;
    const uint8_t *const p = r->in.data + r->at + 1;
    if (r->in.len - r->at < text.len + 2 || p[text.len] != '"' || memcmp(p, text.data, text.len) != 0)
        return NULL;
    r->at += text.len + 2;
    return next;
}

static struct key *other_key(struct json_reader *r)
{
    struct json_text text;
    if (!read_text(r, &text))
        return NULL;
    struct key *key = key_of(r, &text);
    if (key != NULL && r->last_key != NULL)
        r->last_key->next = key;
    return key;
}

/* The key of the dict that is open, and the colon behind it. */
static bool read_key(struct json_reader *r, const char *what)
{
    skip_blanks(r);
    if (peek(r, r->at) != '"')
        return expected(r, what);
    struct key *key = expected_key(r);
    if (key == NULL)
        key = other_key(r);
    r->last_key = key;
    if (key == NULL || !push(r, &key->value))
        return false;
    skip_blanks(r);
    if (peek(r, r->at) != ':')
        return expected(r, "':'");
    r->at++;
    return true;
}

/* ---- containers ---- */

static bool open_container(struct json_reader *r, bool dict)
{
    if (r->depth >= r->limits->depth)
        return FAIL_LIMIT(r->err, "depth", r->limits->depth,
                          "the document is nested deeper than %llu levels, at byte %zu",
                          (unsigned long long)r->limits->depth, r->at);
    struct frame *frames = arena_room(r->arena, r->frames, r->depth, &r->frame_capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(r->arena, r->err);
    r->frames = frames;
    r->frames[r->depth++] = (struct frame){.base = r->count, .dict = dict};
    r->at++;
    return true;
}

/*
 * Copies the key and value parts into pairs and returns how many are left when the last of equal keys wins.
 * A key's mark is 1 + its place + all places given before, so one from an earlier dict is too small to be
 * taken for this one's.
 */
static size_t unique_pairs(struct json_reader *r, struct value **parts, size_t count,
                           struct value_pair *pairs)
{
    if (count > UINT32_MAX - r->keys_marked) {
        keys_clear_marks(&r->keys);
        r->keys_marked = 0;
    }
    const uint32_t base = r->keys_marked;
    uint32_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct value *key = parts[2 * i];
        if (key->mark > base) {
            pairs[key->mark - base - 1].value = parts[2 * i + 1];
            continue;
        }
        pairs[n] = (struct value_pair){.key = key, .value = parts[2 * i + 1]};
        key->mark = base + ++n;
    }
    r->keys_marked += n;
    return n;
}

static bool fill_dict(struct json_reader *r, struct value *dict, struct value **parts, size_t count)
{
    if (count >= UINT32_MAX)
        return FAIL_LIMIT(r->err, "nodes", UINT32_MAX, "an object has more than 2^32 members");
    struct value_pair *pairs = arena_take(r->arena, count, sizeof *pairs);
    if (pairs == NULL)
        return arena_fail(r->arena, r->err);
    dict->dict = (struct value_pairs){.items = pairs, .count = unique_pairs(r, parts, count, pairs)};
    return true;
}

static bool fill_list(struct json_reader *r, struct value *list, struct value **parts, size_t count)
{
    struct value **items = arena_take(r->arena, count, sizeof(struct value *));
    if (items == NULL)
        return arena_fail(r->arena, r->err);
    memcpy(items, parts, count * sizeof(struct value *));
    list->list = (struct value_list){.items = items, .count = count};
    return true;
}

/* at is on the closing bracket: the parts leave the stack and the container takes their place. */
static bool close_container(struct json_reader *r)
{
    const struct frame *f = &r->frames[--r->depth];
    const size_t count = r->count - f->base;
    r->at++;
    r->parts += count;
    if (r->parts >= r->limits->nodes)
        return FAIL_LIMIT(r->err, "nodes", r->limits->nodes, "the document has more than %llu values",
                          (unsigned long long)r->limits->nodes);
    struct value *v = node_new(r, f->dict ? VALUE_DICT : VALUE_LIST);
    if (v == NULL || (count > 0 && !(f->dict ? fill_dict : fill_list)(r, v, r->stack + f->base,
                                                                      f->dict ? count / 2 : count)))
        return false;
    r->count = f->base;
    return push(r, v);
}

/* An empty container is closed at once; of another one the first value is next (*open). */
static bool begin_container(struct json_reader *r, bool dict, bool *open)
{
    if (!open_container(r, dict))
        return false;
    skip_blanks(r);
    if (peek(r, r->at) == (dict ? '}' : ']'))
        return close_container(r);
    *open = true;
    return !dict || read_key(r, "a key in double quotes or '}'");
}

static bool read_value(struct json_reader *r, bool *open)
{
    skip_blanks(r);
    const uint8_t c = peek(r, r->at);
    switch (c) {
    case '"':
        return read_string(r);
    case '{':
    case '[':
        return begin_container(r, c == '{', open);
    case 'n':
        return read_literal(r, "null", VALUE_NONE, false, &r->none);
    case 't':
        return read_literal(r, "true", VALUE_BOOL, true, &r->yes);
    case 'f':
        return read_literal(r, "false", VALUE_BOOL, false, &r->no);
    default:
        return is_digit(c) || c == '-' ? read_number(r) : expected(r, "a value");
    }
}

/* Behind a complete value: closes what ends here, up to the place of the next value or the document's end. */
static bool after_value(struct json_reader *r)
{
    while (r->depth > 0) {
        const bool dict = r->frames[r->depth - 1].dict;
        skip_blanks(r);
        const uint8_t c = peek(r, r->at);
        if (c == ',') {
            r->at++;
            return !dict || read_key(r, "a key in double quotes");
        }
        if (c != (dict ? '}' : ']'))
            return expected(r, dict ? "',' or '}'" : "',' or ']'");
        if (!close_container(r))
            return false;
    }
    return true;
}

/* One value that has no parts, or the beginning of one; and all that ends with it. */
static bool read_part(struct json_reader *r)
{
    bool open = false;
    return read_value(r, &open) && (open || after_value(r));
}

static bool read_document(struct json_reader *r)
{
    if (bytes_starts(r->in, "\xEF\xBB\xBF"))
        return FAIL(r->err, ERR_SYNTAX, 0,
                    "the document begins with a byte order mark, which JSON must not have (RFC 8259, 8.1)");
    do
        if (!read_part(r))
            return false;
    while (r->depth > 0);
    skip_blanks(r);
    return r->at == r->in.len || expected(r, "the end of the document");
}

/* ---- a document that is on its way ---- */

/*
 * A value is read up to what must follow it, so one that is cut fails. But a number may go on that is a whole
 * document, and a list that has nothing yet may be empty.
 */
bool json_ahead(struct arrival *a)
{
    struct error unsaid = {0}; /* it is met again */
    struct json_reader *r = a->state;
    if (r == NULL) {
        r = a->state = arena_alloc(a->arena, 1, sizeof *r);
        if (r == NULL)
            return false;
        r->limits = a->limits;
        r->arena = a->arena;
        keys_init(&r->keys);
    }
    r->in = bytes_of(a->whole.data, a->here);
    r->err = &unsaid;
    while (r->in.len - r->at > a->behind)
        if (!read_part(r) || r->depth == 0 || r->at == r->in.len)
            return false;
    return true;
}

static bool resume(struct json_reader *r, const struct arrival *a)
{
    if (a == NULL || a->state == NULL || a->whole.data != r->in.data || a->whole.len != r->in.len)
        return false;
    struct json_reader there = *(const struct json_reader *)a->state;
    there.in = r->in;
    there.err = r->err;
    *r = there;
    return true;
}

bool json_read(struct bytes text, const struct arrival *arrival, const struct limits *limits,
               struct arena *arena, struct value **out, struct error *err)
{
    struct json_reader r = {.in = text, .limits = limits, .arena = arena, .err = err};
    if (!resume(&r, arrival))
        keys_init(&r.keys);
    if (!read_document(&r))
        return false;
    keys_clear_marks(&r.keys);
    *out = r.stack[0];
    return true;
}
