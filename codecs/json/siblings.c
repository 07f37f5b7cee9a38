#include "siblings.h"

#include "scan.h"

#include "keytext.h"
#include "number.h"
#include "put.h"
#include "shares.h"

#include <math.h>

enum {
    LEVELS = 3,              /* of containers that are written here */
    MOST_PARTS = 256,        /* of one such container, all levels together */
    MOST_BYTES = 16 << 10,   /* of one such container, about */
    SHARE_BYTES = 128 << 10, /* of text that one hand writes at a time, about */
    MOST_SHARE = 4 << 20,    /* at which it stops, if there turns out to be more */
    WORTH_SHARING = 64 << 10,
    FIRST_GUESS = 64,      /* bytes of a part */
    NUMBERS_AT_ONCE = 128, /* for so many the room is reserved once */
    NAMES = 64,            /* of members that are remembered */
    NAME_ROOM = 32,        /* bytes of one */
};

struct siblings {
    const struct json_writer *writer;
    struct walk_run run;
    bool containers; /* are tried too */
    bool shared;
};

static bool is_container(const struct value *v)
{
    return v->kind >= VALUE_LIST && v->kind <= VALUE_DICT;
}

/* ---- one container ---- */

struct level {
    bool dict;
    struct value *const *items;     /* that are left, or */
    const struct value_pair *pairs; /* pairs of a dict */
    size_t left;
};

static bool open_level(struct json_writer *w, struct level *level, const struct value *v, struct sink *out,
                       struct error *unsaid)
{
    const bool dict = v->kind == VALUE_DICT;
    *level = (struct level){.dict = dict,
                            .items = dict ? NULL : v->list.items,
                            .pairs = dict ? v->dict.items : NULL,
                            .left = dict ? v->dict.count : v->list.count};
    return (v->mark & WALK_OPEN) == 0 && layout_open(&w->layout, dict ? '{' : '[', out, unsaid);
}

/* A key that many dicts share is written once: with a comma before it, quotes, and the colon. */
struct name {
    const struct value *key;
    size_t size;
    uint8_t text[NAME_ROOM + 1]; /* one more, so that all are copied at one length */
};

struct names {
    struct name name[NAMES];
};

/* NULL: it is too long, or must be escaped. */
static const struct name *find_name(struct names *names, const struct value *key)
{
    struct name *n = &names->name[(uintptr_t)key / 8 % NAMES];
    if (n->key == key)
        return n;
    bool wide = false;
    const struct bytes text = key->text;
    if (text.len > NAME_ROOM - 4 ||
        scan_plain(text.data, text.data + text.len, &wide) != text.data + text.len)
        return NULL;
    n->key = key;
    n->size = text.len + 4;
    memcpy(n->text, ",\"", 2);
    memcpy(n->text + 2, text.data, text.len);
    memcpy(n->text + 2 + text.len, "\":", 2);
    return n;
}

static bool put_known_name(struct names *names, bool comma, const struct value *key, struct sink *out)
{
    const struct name *n = names == NULL ? NULL : find_name(names, key);
    uint8_t *room = n == NULL ? NULL : sink_reserve(out, NAME_ROOM);
    if (room == NULL)
        return false;
    memcpy(room, n->text + !comma, NAME_ROOM);
    sink_commit(out, n->size - !comma);
    return true;
}

/* A member's name and what is around it. */
static bool put_key(struct json_writer *w, struct value *key, struct sink *out, struct error *unsaid)
{
    if (key->kind == VALUE_STR && (key->flags & VALUE_SURROGATES) == 0 && !w->layout.pretty) {
        const bool comma = w->layout.comma;
        w->layout.comma = true;
        return put_known_name(w->names, comma, key, out) || put_name_compact(out, comma, key->text, unsaid);
    }
    return layout_separate(&w->layout, out, unsaid) && keytext_put(w, key, out, unsaid) &&
           layout_colon(&w->layout, out, unsaid);
}

/* What stands before the next part of a level. False where that is for the walk: a key that is no text. */
static bool put_before(struct json_writer *w, struct level *level, const struct value **part,
                       struct sink *out, struct error *unsaid)
{
    level->left--;
    if (!level->dict) {
        *part = *level->items++;
        return layout_separate(&w->layout, out, unsaid);
    }
    const struct value_pair *pair = level->pairs++;
    *part = pair->value;
    return pair->key->kind == VALUE_STR && put_key(w, pair->key, out, unsaid);
}

/* All of a container; false where it has more levels, parts or bytes than are written here. */
static bool put_container(struct json_writer *w, const struct value *v, struct sink *out, uint64_t *nodes,
                          struct error *unsaid)
{
    struct level levels[LEVELS], *level = levels;
    size_t parts = 1;
    const uint64_t start = out->total;
    if (!open_level(w, level, v, out, unsaid))
        return false;
    for (;;) {
        const struct value *part;
        if (level->left == 0) {
            if (!layout_close(&w->layout, level->dict ? '}' : ']', out, unsaid))
                return false;
            if (level-- == levels)
                break;
            continue;
        }
        parts += level->dict ? 2 : 1;
        if (parts > MOST_PARTS || out->total - start > MOST_BYTES ||
            !put_before(w, level, &part, out, unsaid))
            return false;
        if (json_is_leaf(part) ? !json_put_leaf(w, part, out, unsaid)
                               : !is_container(part) || level == levels + LEVELS - 1 ||
                                     !open_level(w, ++level, part, out, unsaid))
            return false;
    }
    *nodes += parts;
    return true;
}

/* ---- parts beside each other ---- */

static bool put_value(struct json_writer *w, const struct siblings *s, const struct value *v,
                      struct sink *out, uint64_t *nodes, struct error *unsaid)
{
    if (is_container(v))
        return s->containers && put_container(w, v, out, nodes, unsaid);
    *nodes += 1;
    return json_is_leaf(v) && json_put_leaf(w, v, out, unsaid);
}

static bool put_part(struct json_writer *w, const struct siblings *s, size_t i, struct sink *out,
                     uint64_t *nodes, struct error *unsaid)
{
    if (s->run.pairs == NULL)
        return layout_separate(&w->layout, out, unsaid) &&
               put_value(w, s, s->run.items[i], out, nodes, unsaid);
    const struct value_pair *pair = &s->run.pairs[i];
    *nodes += 1;
    return json_is_leaf(pair->key) && put_key(w, pair->key, out, unsaid) &&
           put_value(w, s, pair->value, out, nodes, unsaid);
}

static bool is_plain_double(const struct value *v)
{
    return v->kind == VALUE_FLOAT && isfinite(v->real);
}

/* The numbers that the items begin with, or the first of them; how many. Room for each is there. */
static size_t write_numbers(struct value *const *items, size_t count, uint8_t **p)
{
    double some[NUMBERS_AT_ONCE];
    size_t i = 0;
    while (i < count) {
        size_t n = 0;
        for (; i < count && is_plain_double(items[i]); i++)
            some[n++] = items[i]->real;
        *p += number_write_doubles(some, n, false, (char *)*p);
        for (n = i; i < count && items[i]->kind == VALUE_INT; i++) {
            *(*p)++ = ',';
            *p += number_write_int(items[i]->integer, (char *)*p);
        }
        if (n == i)
            break;
    }
    return i;
}

/* Numbers beside each other in a list are most of what large documents hold: they have a shorter way. */
static size_t put_numbers(struct json_writer *w, const struct siblings *s, size_t from, size_t to,
                          struct sink *out)
{
    const size_t count = to - from < NUMBERS_AT_ONCE ? to - from : NUMBERS_AT_ONCE;
    struct value *const *items = s->run.items + from;
    if (s->run.pairs != NULL || w->layout.pretty || !w->layout.comma)
        return 0;
    uint8_t *const start = sink_reserve(out, count * (NUMBER_MAX + 2)), *end = start;
    if (start == NULL)
        return 0; /* the longer way says it */
    const size_t written = write_numbers(items, count, &end);
    sink_commit(out, (size_t)(end - start));
    return written;
}

static bool is_enough(const struct siblings *s, const struct sink *out, uint64_t start)
{
    return s->shared ? out->total - start > MOST_SHARE : sink_full(out);
}

/* Up to the first part that cannot be written, of which nothing stays. */
static size_t put_parts(struct json_writer *w, const struct siblings *s, size_t from, size_t to,
                        struct sink *out, uint64_t *nodes)
{
    struct error unsaid = {0}; /* the walk says it */
    const uint64_t start = out->total;
    size_t i = from;
    do {
        const size_t numbers = put_numbers(w, s, i, to, out);
        i += numbers;
        *nodes += numbers;
        if (numbers > 0)
            continue;
        const uint64_t before = out->total, counted = *nodes;
        const struct layout layout = w->layout;
        if (!put_part(w, s, i, out, nodes, &unsaid)) {
            sink_undo(out, (size_t)(out->total - before));
            *nodes = counted;
            w->layout = layout;
            break;
        }
        i++;
    } while (i < to && !is_enough(s, out, start));
    return i - from;
}

static void put_share(const void *work, size_t from, size_t to, struct sink *out, size_t *done,
                      uint64_t *nodes)
{
    const struct siblings s = *(const struct siblings *)work;
    struct json_writer w = *s.writer;
    struct names names = {0};
    uint64_t counted = 0; /* what changes at each part stays out of the others' cache lines */
    w.layout.comma |= from > 0;
    w.names = &names;
    *done = put_parts(&w, &s, from, to, out, &counted);
    *nodes = counted;
}

/* So many that all hands together write about as much as they should at a time. */
static size_t count_to_share(const struct json_writer *w, size_t count)
{
    const size_t size = w->siblings.size == 0 ? FIRST_GUESS : w->siblings.size;
    const size_t most = shares_count(w->shares) * SHARE_BYTES / size + 1;
    return count < most ? count : most;
}

static bool put_some(struct json_writer *w, struct siblings *s, struct sink *out, size_t *written,
                     uint64_t *nodes, struct error *err)
{
    const size_t count = count_to_share(w, s->run.count);
    const uint64_t start = out->total;
    *nodes = 0;
    if (shares_count(w->shares) == 1 || count * (w->siblings.size + 1) < WORTH_SHARING) {
        *written = put_parts(w, s, 0, s->run.count, out, nodes);
    } else {
        s->shared = true;
        if (!shares_put(w->shares, put_share, s, count, out, written, nodes, err))
            return false;
        w->layout.comma |= *written > 0;
    }
    if (*written > 0)
        w->siblings.size = (w->siblings.size + (size_t)(out->total - start) / *written + 1) / 2;
    return true;
}

bool siblings_put(struct json_writer *w, struct sink *out, size_t *written, struct error *err)
{
    struct siblings s = {.writer = w};
    uint64_t left, nodes;
    if (!walk_siblings(w->walk, &s.run, &left) || (s.run.parent->mark & ~(uint32_t)WALK_OPEN) != 0)
        return true; /* parts of an object's attributes or slots may be left out */
    s.containers = s.run.parent != w->siblings.refused && w->walk->depth + LEVELS <= w->limits->depth;
    if (left / MOST_PARTS == 0)
        return true;
    if (s.run.count > left / MOST_PARTS)
        s.run.count = (size_t)(left / MOST_PARTS);
    if (!put_some(w, &s, out, written, &nodes, err))
        return false;
    if (*written == 0)
        w->siblings.refused = s.run.parent;
    else
        walk_took(w->walk, *written, nodes);
    return true;
}
