#include "answer.h"
#include "negotiate.h"
#include "params.h"
#include "routes.h"
#include "stored.h"

/* {"$problem": why}: one attribute that cannot be read doesn't keep the others from being sent. */
static struct value *problem_of(const struct node_attribute *a, struct arena *arena)
{
    struct dict d = dict_make(arena);
    dict_text(&d, "$problem", a->problem == NULL ? "it cannot be read" : a->problem);
    return d.failed ? NULL : d.value;
}

static bool put(struct dict *d, const struct node_attribute *a, struct error *err)
{
    struct value *name = value_str(d->arena, a->name);
    struct value *v = a->value != NULL ? a->value : problem_of(a, d->arena);
    return (v != NULL && name != NULL && value_put(d->arena, &d->value->dict, name, v)) ||
           arena_fail(d->arena, err);
}

/* One that was asked for by name must be there and readable. */
static bool put_named(struct dict *d, const struct node *node, struct bytes name, struct error *err)
{
    const int shown = (int)(name.len < 100 ? name.len : 100);
    for (size_t i = 0; i < node->attribute_count; i++) {
        const struct node_attribute *a = &node->attributes[i];
        if (!bytes_equal(a->name, name))
            continue;
        return a->value != NULL
                   ? put(d, a, err)
                   : FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the attribute '%.*s': %s", shown,
                          (const char *)name.data, a->problem == NULL ? "it cannot be read" : a->problem);
    }
    return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is no attribute '%.*s'", shown,
                (const char *)name.data);
}

/* All of them in the order of the file, or those of name= in the order asked for. */
static bool collect(const struct request *request, const struct node *node, struct dict *d, struct error *err)
{
    bool all = true;
    for (size_t i = 0; i < request->query_count; i++) {
        if (!bytes_is(request->query[i].name, "name"))
            continue;
        all = false;
        if (!put_named(d, node, request->query[i].value, err))
            return false;
    }
    for (size_t i = 0; all && i < node->attribute_count; i++)
        if (!put(d, &node->attributes[i], err))
            return false;
    return true;
}

bool get_attrs(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct codec *format;
    struct stored s;
    struct node node;
    struct value *root;
    bool varies, done = false;
    if (!param_options(request, &options, err) ||
        !negotiate_target(request, "format", &format, &varies, err) ||
        !stored_check(request, format, varies, &s, reply, &done, err) || done)
        return done;
    if (!stored_open(request, &s, reply, err) ||
        !s.document.ops->node(s.document.self, s.path, request->arena, &node, err))
        return false;
    struct dict d = dict_make(request->arena);
    return !d.failed && collect(request, &node, &d, err) && dict_done(&d, &root, err) &&
           answer_value(request, format, root, options, reply, err);
}
