#include "writer.h"

#include "batches.h"

enum {
    AT_ONCE = 1024,  /* parts, before the sink is asked again */
    MOST_PARTS = 64, /* of a container that is written here */
};

/* ---- one part ---- */

/* Those that are written without fail, but for a lack of memory: where others fail, the walk says. */
static bool is_scalar(const struct value *v)
{
    return v->kind <= VALUE_STR && v->kind != VALUE_BIGINT && v->kind != VALUE_COMPLEX;
}

/* A list or dict that has nothing but scalars, and few of them. */
static bool is_flat(const struct value *v)
{
    if (v->kind == VALUE_LIST) {
        for (size_t i = 0; i < v->list.count; i++)
            if (i == MOST_PARTS || !is_scalar(v->list.items[i]))
                return false;
        return true;
    }
    if (v->kind != VALUE_DICT)
        return false;
    for (size_t i = 0; i < v->dict.count; i++)
        if (i == MOST_PARTS / 2 || !is_scalar(v->dict.items[i].key) || !is_scalar(v->dict.items[i].value))
            return false;
    return true;
}

static inline bool put_scalar(struct writer *w, struct value *v, uint64_t *nodes, struct error *err)
{
    *nodes += 1;
    if (!write_boundary(w, err))
        return false;
    return (v->mark & w->e->walk.seen) != 0 ? write_get(w, memo_of(v), err) : write_scalar(w, v, err);
}

static bool put_flat_list(struct writer *w, struct value *v, uint64_t *nodes, struct error *err)
{
    const size_t count = v->list.count;
    if (!write_list_enter(w, v, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!batch_before(w, i, count, err) || !put_scalar(w, v->list.items[i], nodes, err) ||
            !list_item_after(w, i, count, err))
            return false;
    return true;
}

static bool put_flat_dict(struct writer *w, struct value *v, uint64_t *nodes, struct error *err)
{
    const size_t count = v->dict.count;
    if (!write_dict_enter(w, v, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!batch_before(w, i, count, err) || !put_scalar(w, v->dict.items[i].key, nodes, err) ||
            !put_scalar(w, v->dict.items[i].value, nodes, err) || !dict_pair_after(w, i, count, err))
            return false;
    return true;
}

/* A container that may be anywhere else in the graph as well. */
static bool put_flat(struct writer *w, struct value *v, uint64_t *nodes, struct error *err)
{
    *nodes += 1;
    if (!write_boundary(w, err))
        return false;
    if ((v->mark & w->e->walk.seen) != 0)
        return write_get(w, memo_of(v), err);
    return v->kind == VALUE_LIST ? put_flat_list(w, v, nodes, err) : put_flat_dict(w, v, nodes, err);
}

/* ---- parts beside each other ---- */

struct run {
    struct walk_run parts;
    size_t index, count; /* of the next part, and how many the parent has */
    bool containers;     /* are written too */
};

static inline bool is_ours(const struct run *r, const struct value *v)
{
    return is_scalar(v) || (r->containers && is_flat(v));
}

static inline bool put_part(struct writer *w, struct value *v, uint64_t *nodes, struct error *err)
{
    return is_scalar(v) ? put_scalar(w, v, nodes, err) : put_flat(w, v, nodes, err);
}

static bool put_item(struct writer *w, const struct run *r, size_t i, uint64_t *nodes, struct error *err)
{
    const bool batched = r->parts.parent->kind == VALUE_LIST;
    return (!batched || batch_before(w, r->index + i, r->count, err)) &&
           put_part(w, r->parts.items[i], nodes, err) &&
           (!batched || list_item_after(w, r->index + i, r->count, err));
}

static bool put_pair(struct writer *w, const struct run *r, size_t i, uint64_t *nodes, struct error *err)
{
    const struct value_pair *pair = &r->parts.pairs[i];
    return batch_before(w, r->index + i, r->count, err) && put_part(w, pair->key, nodes, err) &&
           put_part(w, pair->value, nodes, err) && dict_pair_after(w, r->index + i, r->count, err);
}

/* How many of the parts that come next are written here. */
static size_t count_ours(const struct run *r)
{
    size_t n = 0;
    if (r->parts.pairs == NULL)
        while (n < r->parts.count && is_ours(r, r->parts.items[n]))
            n++;
    else
        while (n < r->parts.count && is_scalar(r->parts.pairs[n].key) && is_ours(r, r->parts.pairs[n].value))
            n++;
    return n;
}

static bool find_run(const struct writer *w, struct run *r)
{
    uint64_t nodes;
    if (!walk_siblings(&w->e->walk, &r->parts, &nodes))
        return false;
    const struct value *parent = r->parts.parent;
    if (parent->kind != VALUE_LIST && parent->kind != VALUE_TUPLE && parent->kind != VALUE_DICT)
        return false;
    r->count = parent->kind == VALUE_DICT ? parent->dict.count : parent->list.count;
    r->index = r->count - r->parts.count;
    r->containers = w->e->walk.depth < w->e->limits->depth;
    const uint64_t most = nodes / (2 + MOST_PARTS) < AT_ONCE ? nodes / (2 + MOST_PARTS) : AT_ONCE;
    if (r->parts.count > most)
        r->parts.count = (size_t)most;
    return true;
}

bool write_run(struct writer *w, bool *any, struct error *err)
{
    struct run r;
    if (!find_run(w, &r))
        return true;
    const size_t count = count_ours(&r);
    uint64_t nodes = 0;
    size_t i = 0;
    bool ok = true;
    while (ok && i < count) {
        ok = r.parts.pairs == NULL ? put_item(w, &r, i, &nodes, err) : put_pair(w, &r, i, &nodes, err);
        i++; /* the one that fails too: it is where the error is */
    }
    walk_took(&w->e->walk, i, nodes);
    *any = count > 0;
    return ok;
}
