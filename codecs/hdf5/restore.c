/*
 * A file from its words (described.h), which may be a client's. Named types are made first; groups wait on a
 * queue, their members are made in the order of their links, and an object that is linked to again is linked.
 * Elements with references come last, when all that they lead to is there.
 */
#include "described.h"
#include "restoring.h"

/* ---- named types ---- */

static bool make_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct entry *e = &r->entries[i];
        if (e->collection != DATATYPES)
            continue;
        r->b->payload.len = 0;
        if (!restore_put_words(r, restore_get(e->dict, "type", VALUE_DICT)))
            return false;
        const struct sandbox_request q = {.op = SANDBOX_NAMED_TYPE,
                                          .payload = bytes_of(r->b->payload.data, r->b->payload.len)};
        if (!h5_call(r->b, q, r->err) || !h5_reply_object(r->b, &e->object, r->err))
            return false;
    }
    return true;
}

static bool attribute_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].collection == DATATYPES &&
            !restore_attributes(r, r->entries[i].dict, r->entries[i].object))
            return false;
    return true;
}

static bool release_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].collection == DATATYPES &&
            !h5_call(r->b, (struct sandbox_request){.op = SANDBOX_RELEASE, .target = r->entries[i].object},
                     r->err))
            return false;
    return true;
}

/* ---- links ---- */

static bool enqueue(struct restoring *r, struct entry *e)
{
    r->queue[r->queued++] = e;
    return true;
}

static bool make_group(struct restoring *r, struct entry *e, uint64_t group, struct bytes name)
{
    const struct sandbox_request q = {.op = SANDBOX_GROUP, .base = group, .path = name};
    return h5_call(r->b, q, r->err) && h5_reply_object(r->b, &e->object, r->err) && enqueue(r, e) &&
           restore_attributes(r, e->dict, e->object);
}

static bool hard_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    struct entry *e = restore_find(r, restore_text(link, "id"));
    if (e == NULL)
        return restore_fail(r, "a link leads to an id that no object has");
    if (e->object != 0)
        return build_hard_link(r->b, group, name, e->object, r->err);
    return e->collection == GROUPS ? make_group(r, e, group, name) : restore_dataset(r, e, group, name);
}

static bool soft_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    const struct bytes path = restore_text(link, "h5path");
    return h5_is_name(path) ? build_soft_link(r->b, group, name, path, r->err)
                            : restore_fail(r, "a soft link leads nowhere");
}

static bool external_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    const struct bytes path = restore_text(link, "h5path"), file = restore_text(link, "file");
    return h5_is_name(path) && h5_is_name(file) ? build_external_link(r->b, group, name, file, path, r->err)
                                                : restore_fail(r, "an external link needs a file and a path");
}

/* Links of somebody's own kind have no words: they are left out. */
static bool make_link(struct restoring *r, const struct value *link, uint64_t group)
{
    const struct bytes class = restore_text(link, "class"), name = restore_text(link, "title");
    if (link->kind != VALUE_DICT || !h5_is_link_name(name))
        return restore_fail(r, "a link is an object whose title is a name");
    if (bytes_is(class, "H5L_TYPE_SOFT"))
        return soft_link(r, link, group, name);
    if (bytes_is(class, "H5L_TYPE_EXTERNAL"))
        return external_link(r, link, group, name);
    if (bytes_is(class, "H5L_TYPE_USER_DEFINED"))
        return true;
    return bytes_is(class, "H5L_TYPE_HARD") ? hard_link(r, link, group, name)
                                            : restore_fail(r, "the class of a link is not known");
}

/* ---- what was put off ---- */

/* Behind the prefix; what lies outside of it is not here. */
static struct bytes without_prefix(struct bytes prefix, struct bytes path)
{
    if (prefix.len == 0 || path.len < prefix.len || memcmp(path.data, prefix.data, prefix.len) != 0)
        return prefix.len == 0 ? path : bytes_of(NULL, 0);
    if (path.len == prefix.len)
        return bytes_text("/");
    return path.data[prefix.len] == '/' ? bytes_of(path.data + prefix.len, path.len - prefix.len)
                                        : bytes_of(NULL, 0);
}

/* A path, or the collection and id of an object. */
static void find_name(void *self, struct bytes name, struct bytes *path, uint64_t *object)
{
    const struct restoring *r = self;
    const uint8_t *slash = name.len == 0 ? NULL : memchr(name.data, '/', name.len);
    const size_t word = slash == NULL ? 0 : (size_t)(slash - name.data);
    *path = bytes_of(NULL, 0);
    for (size_t c = 0; c < COLLECTIONS && word > 0; c++)
        if (bytes_equal(bytes_of(name.data, word), bytes_text(collection_names[c]))) {
            const struct entry *e = restore_find(r, bytes_of(slash + 1, name.len - word - 1));
            *object = e == NULL ? 0 : e->object;
            return;
        }
    *path = without_prefix(r->prefix, name);
}

static bool complete(struct restoring *r)
{
    const struct h5_names names = {r, find_name};
    bool ok = true;
    r->b->room.names = &names;
    for (size_t i = 0; ok && i < r->later_count; i++) {
        const struct pending *p = &r->later[i];
        struct typed t;
        ok = restore_typed(r, p->words, &t) &&
             (p->attribute ? restore_attribute(r, &t, p->object) : restore_late_dataset(r, &t, p->object));
        if (!ok && p->group != NULL)
            restore_point(r, p->group, p->link);
    }
    r->b->room.names = NULL;
    return ok;
}

/* ---- all of it ---- */

static bool make_members(struct restoring *r, const struct entry *e)
{
    const struct value *links = restore_get(e->dict, "links", VALUE_LIST);
    r->group = e;
    for (size_t i = 0; links != NULL && i < links->list.count; i++) {
        r->link = links->list.items[i];
        if (!make_link(r, r->link, e->object)) {
            restore_point(r, e, r->link);
            return false;
        }
    }
    return true;
}

bool h5_restore(struct builder *b, struct value *document, struct error *err)
{
    struct restoring r = {.b = b, .arena = b->arena, .err = err};
    if (!restore_collect(&r, document))
        return false;
    struct entry *root = restore_find(&r, restore_text(document, "root"));
    r.prefix = restore_text(document, "prefix");
    if (root == NULL || root->collection != GROUPS)
        return restore_fail(&r, "the root is not among the groups");
    root->object = b->root;
    enqueue(&r, root);
    if (!make_named_types(&r) || !attribute_named_types(&r) || !restore_attributes(&r, root->dict, b->root))
        return false;
    while (r.next < r.queued)
        if (!make_members(&r, r.queue[r.next++]))
            return false;
    return complete(&r) && release_named_types(&r);
}
