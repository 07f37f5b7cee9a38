/*
 * numpy's dtypes. Their states say where in memory elements and fields lie and whether these are pointers to
 * objects, and numpy believes it: a state that it would not write reads and writes memory that is not its
 * own. What numpy writes: numpy.dtype('V16', False, True) with the state (3, '|', subarray, names, fields,
 * itemsize, alignment, flags[, metadata]).
 */
#include "judge.h"

enum { HAS_OBJECTS = 3 }; /* flags: there are references to be counted, and elements are a list in pickles */

/*
 * The letter and the number of a dtype's code: bytes, or characters. Records of a class of their own are
 * named by it.
 */
static bool read_code(const struct value *v, char *letter, uint64_t *size)
{
    *letter = 'V';
    *size = 0;
    if (v->kind == VALUE_GLOBAL)
        return bytes_is(v->global->name, "record") || bytes_is(v->global->name, "void");
    if ((v->kind != VALUE_STR && v->kind != VALUE_BYTES) || v->text.len == 0)
        return false;
    struct bytes rest = v->text;
    if (memchr("<>=|", rest.data[0], 4) != NULL)
        rest = bytes_of(rest.data + 1, rest.len - 1);
    if (rest.len == 0 || rest.len > 10 || memchr("?bBhHiIlLqQfdgFDGeuicSaUVOmM", rest.data[0], 28) == NULL)
        return false;
    *letter = (char)rest.data[0];
    for (size_t i = 1; i < rest.len; i++) {
        if (rest.data[i] < '0' || rest.data[i] > '9')
            return false;
        *size = *size * 10 + (uint64_t)(rest.data[i] - '0');
    }
    if (rest.len == 1 && strchr("SaUV", *letter) == NULL) /* of a C type: none is bigger */
        *size = 32;
    if (*letter == 'O')
        *size = 8;
    return true;
}

static bool has_size_of_its_own(char letter)
{
    return letter == 'S' || letter == 'a' || letter == 'U' || letter == 'V';
}

static bool is_made_by_dtype(const struct value *v)
{
    return v->kind == VALUE_OBJECT && v->object->callable->kind == VALUE_GLOBAL &&
           bytes_is(v->object->callable->global->name, "dtype") && v->object->args->list.count > 0;
}

/* What a dtype is that has its state. MEANS_NOTHING: nobody knows. */
static struct meaning dtype_of(const struct scan *s, const struct value *v)
{
    const struct meaning m = meaning_of(s, v);
    if (v->kind == VALUE_DTYPE) /* the machine has needed it */
        return (struct meaning){
            .kind = MEANS_DTYPE, .size = v->dtype->itemsize, .objects = !dtype_is_flat(v->dtype)};
    return m.kind == MEANS_DTYPE ? m : (struct meaning){.kind = MEANS_NOTHING};
}

bool dtype_is_used_early(const struct value_list *list)
{
    enum { MOST = 8 };
    char letter;
    uint64_t size;
    for (size_t i = 0; i < list->count && i < MOST; i++) {
        const struct value *v = list->items[i];
        if (is_made_by_dtype(v) && v->object->states.count == 0 &&
            (!read_code(v->object->args->list.items[0], &letter, &size) || letter == 'V'))
            return true;
    }
    return false;
}

bool dtype_may_be_text(const struct value *dtype)
{
    char letter;
    uint64_t size;
    if (dtype->kind == VALUE_DTYPE)
        return dtype->dtype->kind == DTYPE_UNICODE || dtype->dtype->kind == DTYPE_OBJECT;
    return !is_made_by_dtype(dtype) || !read_code(dtype->object->args->list.items[0], &letter, &size) ||
           letter == 'U' || letter == 'O';
}

bool judge_odd_dtype(struct scan *s, const struct trace_event *e, struct error *err)
{
    return report_find(s, SEVERITY_SUSPICIOUS, "odd-dtype", e->offset, e->opcode,
                       "It makes a dtype that numpy would not write, by which memory can be read and written",
                       err);
}

/* Parts of a state by name; its tuple grew with its versions. */
struct parts {
    const struct value *subarray, *names, *fields, *itemsize, *alignment, *flags;
};

/* 5: version 0, without a version; 6: 1; 7: 2; 8: 3; 9: 4. */
static bool read_parts(const struct value *state, struct parts *p)
{
    if (state->kind != VALUE_TUPLE || state->list.count < 5 || state->list.count > 9)
        return false;
    const size_t n = state->list.count, named = n >= 7;
    struct value *const *items = state->list.items + (n > 5);
    *p = (struct parts){.subarray = items[1],
                        .names = named ? items[2] : NULL,
                        .fields = items[2 + named],
                        .itemsize = items[3 + named],
                        .alignment = items[4 + named],
                        .flags = n >= 8 ? items[6] : NULL}; /* older ones: numpy finds them out */
    return p->itemsize->kind == VALUE_INT && p->alignment->kind == VALUE_INT &&
           (p->flags == NULL || p->flags->kind == VALUE_INT);
}

struct span {
    uint64_t from, to;
    bool objects;
};

/* (dtype, offset[, title]), within size bytes. */
static bool read_field(const struct scan *s, const struct value *v, uint64_t size, struct span *out)
{
    if (v->kind != VALUE_TUPLE || v->list.count < 2 || v->list.items[1]->kind != VALUE_INT ||
        v->list.items[1]->integer < 0)
        return false;
    const struct meaning dtype = dtype_of(s, v->list.items[0]);
    const uint64_t offset = (uint64_t)v->list.items[1]->integer;
    *out = (struct span){offset, offset + dtype.size, dtype.objects};
    return dtype.kind == MEANS_DTYPE && offset <= size && dtype.size <= size - offset;
}

/* A pointer must not lie where a number can be written; a title says again what a name says. */
static bool overlaps(const struct span *objects, const struct span *other)
{
    return objects->from < other->to && other->from < objects->to &&
           !(objects->from == other->from && objects->to == other->to && other->objects);
}

/* *sound: all fields are within size bytes. False: a limit. */
static bool read_fields(struct scan *s, const struct value_pairs *fields, uint64_t size, bool *objects,
                        bool *sound, struct error *err)
{
    struct span one, other;
    for (size_t i = 0; i < fields->count; i++) {
        const struct value *key = fields->items[i].key;
        if (key->kind == VALUE_INT) /* before numpy 1.0 the names lay there */
            continue;
        if (!read_field(s, fields->items[i].value, size, &one))
            return *sound = false, true;
        *objects |= one.objects;
        if (!one.objects)
            continue;
        if (!judge_count(s, fields->count, err))
            return false;
        for (size_t k = 0; k < fields->count; k++)
            if (fields->items[k].key->kind != VALUE_INT &&
                read_field(s, fields->items[k].value, size, &other) && overlaps(&one, &other))
                return *sound = false, true;
    }
    return true;
}

/* (base, shape), which are size bytes. */
static bool read_subarray(const struct scan *s, const struct value *v, uint64_t size, bool *objects)
{
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || v->list.items[1]->kind != VALUE_TUPLE)
        return false;
    const struct meaning base = dtype_of(s, v->list.items[0]);
    const struct value_list *shape = &v->list.items[1]->list;
    uint64_t left = size;
    *objects |= base.objects;
    if (base.kind != MEANS_DTYPE)
        return false;
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->items[i]->kind != VALUE_INT || shape->items[i]->integer < 0)
            return false;
        if (shape->items[i]->integer == 0)
            return size == 0;
        left /= (uint64_t)shape->items[i]->integer;
    }
    return left >= base.size;
}

/* *out: what it is when it has that state; MEANS_NOTHING: numpy would not write that. False: a limit. */
static bool read_dtype(struct scan *s, const struct value_list *args, const struct value *state,
                       struct meaning *out, struct error *err)
{
    struct parts p;
    struct meaning m = {.kind = MEANS_DTYPE};
    char letter;
    bool sound = true;
    *out = (struct meaning){.kind = MEANS_NOTHING};
    /* The third argument makes a copy: without it the state would change what all arrays share. */
    if (args->count != 3 || !read_code(args->items[0], &letter, &m.size) || !read_parts(state, &p) ||
        !((args->items[2]->kind == VALUE_BOOL && args->items[2]->boolean) ||
          (args->items[2]->kind == VALUE_INT && args->items[2]->integer == 1)))
        return true;
    m.objects = letter == 'O';
    if (has_size_of_its_own(letter)) {
        if (p.itemsize->integer < 0 || p.itemsize->integer > INT32_MAX || p.alignment->integer < 1 ||
            (args->items[0]->kind != VALUE_GLOBAL &&
             (uint64_t)p.itemsize->integer != (letter == 'U' ? 4 * m.size : m.size)))
            return true;
        m.size = (uint64_t)p.itemsize->integer;
    }
    if (letter != 'V' && (p.fields->kind != VALUE_NONE || p.subarray->kind != VALUE_NONE))
        return true;
    if (p.fields->kind == VALUE_DICT && !read_fields(s, &p.fields->dict, m.size, &m.objects, &sound, err))
        return false;
    if (!sound || (p.fields->kind != VALUE_DICT && p.fields->kind != VALUE_NONE) ||
        (p.subarray->kind != VALUE_NONE && !read_subarray(s, p.subarray, m.size, &m.objects)))
        return true;
    if (p.flags == NULL || (p.flags->integer & HAS_OBJECTS) == (m.objects ? HAS_OBJECTS : 0))
        *out = m;
    return true;
}

bool judge_dtype(struct scan *s, const struct trace_event *e, struct error *err)
{
    struct meaning m;
    if (!read_dtype(s, &e->target->object->args->list, e->args, &m, err))
        return false;
    if (m.kind == MEANS_DTYPE)
        return meaning_set(s, e->target, m, err);
    return judge_odd_dtype(s, e, err);
}
