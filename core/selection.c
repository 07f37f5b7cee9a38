#include "selection.h"

#include "array.h"

struct parser {
    struct bytes text;
    size_t at;
    int64_t *numbers; /* room for all lists of the text */
};

/* One integer of the text. Beyond int64 it is the nearest one, and clipped. */
struct integer {
    int64_t value;
    bool clipped;
};

static void skip_blanks(struct parser *p)
{
    while (p->at < p->text.len && (p->text.data[p->at] == ' ' || p->text.data[p->at] == '\t'))
        p->at++;
}

/* The character after blanks, or NUL at the end. */
static char peek(struct parser *p)
{
    skip_blanks(p);
    return p->at < p->text.len ? (char)p->text.data[p->at] : '\0';
}

static bool accept(struct parser *p, char c)
{
    if (peek(p) != c || p->at >= p->text.len)
        return false;
    p->at++;
    return true;
}

static bool is_digit(struct parser *p)
{
    return p->at < p->text.len && p->text.data[p->at] >= '0' && p->text.data[p->at] <= '9';
}

static bool starts_integer(struct parser *p)
{
    const char c = peek(p);
    return c == '-' || c == '+' || (c >= '0' && c <= '9');
}

/* Counted downwards: the smallest int64 has no positive. */
static bool read_integer(struct parser *p, struct integer *out, struct error *err)
{
    const bool minus = peek(p) == '-';
    int64_t value = 0;
    bool clipped = false;
    if (starts_integer(p) && !is_digit(p))
        p->at++;
    if (!is_digit(p))
        return FAIL(err, ERR_ARGUMENT, p->at, "an integer is expected here");
    for (; is_digit(p); p->at++) {
        const int digit = p->text.data[p->at] - '0';
        clipped = clipped || __builtin_mul_overflow(value, 10, &value) ||
                  __builtin_sub_overflow(value, digit, &value);
    }
    clipped = clipped || (!minus && value == INT64_MIN);
    *out = (struct integer){.value = minus ? INT64_MIN : INT64_MAX, .clipped = clipped};
    if (!clipped)
        out->value = minus ? value : -value;
    return true;
}

static bool read_index(struct parser *p, int64_t *out, struct error *err)
{
    struct integer i;
    skip_blanks(p);
    const size_t at = p->at;
    if (!read_integer(p, &i, err))
        return false;
    if (i.clipped)
        return FAIL(err, ERR_ARGUMENT, at, "the index does not fit 64 bits");
    *out = i.value;
    return true;
}

/* An integer between colons, if there is one. */
static bool read_bound(struct parser *p, bool *has, int64_t *out, struct error *err)
{
    struct integer i;
    if (!starts_integer(p))
        return true;
    if (!read_integer(p, &i, err))
        return false;
    *has = true;
    *out = i.value;
    return true;
}

/* After the first colon: [stop][:[step]]. */
static bool read_slice(struct parser *p, struct selection_part *part, struct error *err)
{
    bool has_step = false;
    part->kind = SELECT_SLICE;
    part->step = 1;
    if (!read_bound(p, &part->has_stop, &part->stop, err))
        return false;
    if (!accept(p, ':'))
        return true;
    skip_blanks(p);
    const size_t at = p->at;
    if (!read_bound(p, &has_step, &part->step, err))
        return false;
    return part->step != 0 || FAIL(err, ERR_ARGUMENT, at, "the step of a slice cannot be zero");
}

static bool read_list(struct parser *p, struct selection_part *part, struct error *err)
{
    part->kind = SELECT_LIST;
    part->list = p->numbers;
    while (!accept(p, ']')) {
        if (!read_index(p, p->numbers, err))
            return false;
        p->numbers++;
        part->list_count++;
        if (!accept(p, ',') && peek(p) != ']')
            return FAIL(err, ERR_ARGUMENT, p->at, "',' or ']' is expected here");
    }
    return true;
}

static bool read_ellipsis(struct parser *p, struct selection_part *part, struct error *err)
{
    if (!bytes_starts(bytes_of(p->text.data + p->at, p->text.len - p->at), "..."))
        return FAIL(err, ERR_ARGUMENT, p->at, "'...' is expected here");
    p->at += 3;
    part->kind = SELECT_ELLIPSIS;
    return true;
}

static bool read_part(struct parser *p, struct selection_part *part, struct error *err)
{
    skip_blanks(p);
    *part = (struct selection_part){.at = p->at};
    if (peek(p) == '.')
        return read_ellipsis(p, part, err);
    if (accept(p, '['))
        return read_list(p, part, err);
    if (accept(p, ':'))
        return read_slice(p, part, err);
    if (!starts_integer(p))
        return FAIL(err, ERR_ARGUMENT, p->at, "an integer, a slice, a list or '...' is expected here");
    struct integer i;
    if (!read_integer(p, &i, err))
        return false;
    part->start = i.value;
    if (accept(p, ':')) {
        part->has_start = true;
        return read_slice(p, part, err);
    }
    part->kind = SELECT_INDEX;
    return !i.clipped || FAIL(err, ERR_ARGUMENT, part->at, "the index does not fit 64 bits");
}

static bool check_single(const struct selection_part *parts, size_t count, enum selection_part_kind kind,
                         const char *what, struct error *err)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind == kind && seen++ > 0)
            return FAIL(err, ERR_ARGUMENT, parts[i].at, "a selection can have only one %s", what);
    return true;
}

static size_t commas_of(struct bytes text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] == ',';
    return n;
}

static bool read_parts(struct parser *p, struct selection_part *parts, size_t *count, struct error *err)
{
    for (skip_blanks(p); p->at < p->text.len; skip_blanks(p)) {
        if (!read_part(p, &parts[*count], err))
            return false;
        ++*count;
        if (!accept(p, ',') && p->at < p->text.len)
            return FAIL(err, ERR_ARGUMENT, p->at, "',' is expected here");
    }
    return true;
}

bool selection_parse(struct bytes text, struct arena *arena, struct selection *out, struct error *err)
{
    const size_t most = commas_of(text) + 1;
    struct selection_part *parts = arena_alloc(arena, most, sizeof *parts);
    struct parser p = {.text = text, .numbers = arena_alloc(arena, most, sizeof *p.numbers)};
    size_t count = 0;
    if (parts == NULL || p.numbers == NULL)
        return arena_fail(arena, err);
    if (!read_parts(&p, parts, &count, err) || !check_single(parts, count, SELECT_ELLIPSIS, "'...'", err) ||
        !check_single(parts, count, SELECT_LIST, "list", err))
        return false;
    *out = (struct selection){.parts = parts, .count = count};
    return true;
}

/* ---- against a shape ---- */

/* One end of a slice: counted from the end when negative, then kept within low and high. */
static int64_t clip(int64_t i, int64_t length, int64_t low, int64_t high)
{
    if (i < 0 && i < -length)
        return low;
    if (i < 0)
        i += length;
    return i < low ? low : i > high ? high : i;
}

/* As Python's slice.indices(). */
static struct axis resolve_slice(const struct selection_part *part, int64_t length)
{
    const bool back = part->step < 0;
    const int64_t low = back ? -1 : 0, high = back ? length - 1 : length;
    const int64_t step = part->step == INT64_MIN ? -INT64_MAX : part->step;
    const int64_t start = part->has_start ? clip(part->start, length, low, high) : back ? high : low;
    const int64_t stop = part->has_stop ? clip(part->stop, length, low, high) : back ? low : high;
    uint64_t count = 0;
    if (back && stop < start)
        count = (uint64_t)((start - stop - 1) / -step + 1);
    else if (!back && start < stop)
        count = (uint64_t)((stop - start - 1) / step + 1);
    return (struct axis){
        .start = count == 0 ? 0 : (uint64_t)start, .step = count < 2 ? 1 : step, .count = count};
}

static bool resolve_integer(int64_t i, int64_t length, size_t at, unsigned axis, uint64_t *out,
                            struct error *err)
{
    if (i >= length || i < -length)
        return FAIL(err, ERR_ARGUMENT, at, "index %lld is out of bounds for axis %u with size %lld",
                    (long long)i, axis, (long long)length);
    *out = (uint64_t)(i < 0 ? i + length : i);
    return true;
}

static bool resolve_list(const struct selection_part *part, int64_t length, unsigned n, struct arena *arena,
                         struct axis *out, struct error *err)
{
    uint64_t *indices = arena_alloc(arena, part->list_count, sizeof *indices);
    if (indices == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < part->list_count; i++)
        if (!resolve_integer(part->list[i], length, part->at, n, &indices[i], err))
            return false;
    *out = (struct axis){.step = 1, .count = part->list_count, .indices = indices};
    return true;
}

static bool resolve_part(const struct selection_part *part, uint64_t length, unsigned n, struct arena *arena,
                         struct axis *out, struct error *err)
{
    if (length > INT64_MAX)
        return FAIL(err, ERR_ARGUMENT, part->at, "axis %u is too long to select from", n);
    switch (part->kind) {
    case SELECT_INDEX:
        *out = (struct axis){.step = 1, .count = 1, .dropped = true};
        return resolve_integer(part->start, (int64_t)length, part->at, n, &out->start, err);
    case SELECT_SLICE:
        *out = resolve_slice(part, (int64_t)length);
        return true;
    case SELECT_LIST:
        return resolve_list(part, (int64_t)length, n, arena, out, err);
    case SELECT_ELLIPSIS:
        break; /* the caller's */
    }
    return true;
}

/* How many axes the parts name; the first part that names one too many is an error. */
static bool count_named(const struct selection *s, unsigned ndim, unsigned *out, struct error *err)
{
    unsigned named = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->parts[i].kind == SELECT_ELLIPSIS)
            continue;
        if (named == ndim)
            return FAIL(err, ERR_ARGUMENT, s->parts[i].at, "too many indices: the array has %u dimensions",
                        ndim);
        named++;
    }
    *out = named;
    return true;
}

bool selection_resolve(const struct selection *s, unsigned ndim, const uint64_t *shape, struct arena *arena,
                       struct axis **out, struct error *err)
{
    unsigned named;
    if (!count_named(s, ndim, &named, err))
        return false;
    struct axis *axes = arena_alloc(arena, ndim, sizeof *axes);
    if (axes == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < ndim; i++)
        axes[i] = (struct axis){.step = 1, .count = shape[i]};
    unsigned n = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->parts[i].kind == SELECT_ELLIPSIS)
            n += ndim - named;
        else if (!resolve_part(&s->parts[i], shape[n], n, arena, &axes[n], err))
            return false;
        else
            n++;
    }
    *out = axes;
    return true;
}
