#include "describe.h"

static const char *const kinds[] = {
    [NODE_GROUP] = "group",
    [NODE_DATASET] = "dataset",
    [NODE_DATATYPE] = "datatype",
    [NODE_SOFT_LINK] = "soft_link",
    [NODE_EXTERNAL_LINK] = "external_link",
    [NODE_OTHER] = "other",
};

void describe_dtype(struct dict *d, const struct dtype *dtype)
{
    dict_put(d, "dtype", dtype == NULL ? value_new(d->arena, VALUE_NONE) : dtype_descr(dtype, d->arena));
}

/* "collections.OrderedDict" of an object or a global. */
static void put_class(struct dict *d, const struct value *v)
{
    const struct value *named = v->kind != VALUE_OBJECT                  ? v
                                : value_reconstructed(v->object) != NULL ? v->object->args->list.items[0]
                                                                         : v->object->callable;
    if (named == NULL || named->kind != VALUE_GLOBAL)
        return;
    const struct value_global *g = named->global;
    char *name = arena_printf(d->arena, "%.*s.%.*s", (int)g->module.len, (const char *)g->module.data,
                              (int)g->name.len, (const char *)g->name.data);
    dict_put(d, "class", name == NULL ? NULL : value_text(d->arena, name));
}

static void put_array(struct dict *d, const struct array *a)
{
    describe_dtype(d, &a->dtype);
    dict_numbers(d, "shape", a->shape, a->ndim);
}

/* What is inside of an object counts where its class is well known. */
void describe_value(struct dict *d, const struct value *v)
{
    dict_str(d, "type", value_type_name(v));
    if (v->kind == VALUE_OBJECT && v->object->meaning != NULL) {
        put_class(d, v);
        v = v->object->meaning;
    }
    switch ((enum value_kind)v->kind) {
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
        dict_uint(d, "length", v->text.len);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
        dict_uint(d, "length", v->list.count);
        break;
    case VALUE_DICT:
        dict_uint(d, "length", v->dict.count);
        break;
    case VALUE_ARRAY:
        put_array(d, v->array);
        break;
    case VALUE_TABLE:
        dict_uint(d, "rows", v->table->rows);
        break;
    case VALUE_DTYPE:
        describe_dtype(d, v->dtype);
        break;
    case VALUE_GLOBAL:
    case VALUE_OBJECT:
        put_class(d, v);
        break;
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_EXTERNAL:
    case VALUE_KIND_COUNT:
        break;
    }
}

/* What a file says about the type and shape of a dataset. */
static void put_dataset(struct dict *d, const struct node *node)
{
    if (node->type_class != NULL)
        dict_text(d, "type", node->type_class);
    describe_dtype(d, node->dtype);
    if (node->kind != NODE_DATASET)
        return;
    if (node->null_space)
        dict_put(d, "shape", value_new(d->arena, VALUE_NONE));
    else
        dict_numbers(d, "shape", node->shape, node->ndim);
}

void describe_node(struct dict *d, const struct node *node)
{
    dict_text(d, "kind", kinds[node->kind]);
    if (node->type_class != NULL || node->null_space || (node->value == NULL && node->dtype != NULL))
        put_dataset(d, node);
    else if (node->value != NULL)
        describe_value(d, node->value);
    if (node->link_target != NULL)
        dict_put(d, "target", node->link_target);
    if (node->kind == NODE_SOFT_LINK) /* one that leads to something is that */
        dict_put(d, "broken", value_bool(d->arena, true));
    if (node->problem != NULL && node->problem[0] != '\0')
        dict_text(d, "problem", node->problem);
}
