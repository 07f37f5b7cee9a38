#include "show.h"

#include <stdio.h>

#include "bigint.h"
#include "number.h"

struct text {
    struct arena *arena;
    char *out;
    size_t len, size;
};

static void add(struct text *t, const char *text, size_t n)
{
    if (n > t->size - t->len - 1)
        n = t->size - t->len - 1;
    memcpy(t->out + t->len, text, n);
    t->len += n;
    t->out[t->len] = '\0';
}

static void say(struct text *t, const char *text)
{
    add(t, text, strlen(text));
}

static void hex(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        char two[3];
        snprintf(two, sizeof two, "%02x", b.data[i]);
        add(t, two, 2);
    }
}

static void number(struct text *t, double real)
{
    char out[NUMBER_MAX];
    add(t, out, number_write_double(real, out));
}

static void show(struct text *t, const struct value *v);

static void items(struct text *t, const char *open, const struct value_list *list, const char *close)
{
    say(t, open);
    for (size_t i = 0; i < list->count; i++) {
        show(t, list->items[i]);
        say(t, ", ");
    }
    say(t, close);
}

static void pairs(struct text *t, const struct value_pairs *dict)
{
    say(t, "{");
    for (size_t i = 0; i < dict->count; i++) {
        show(t, dict->items[i].key);
        say(t, ": ");
        show(t, dict->items[i].value);
        say(t, ", ");
    }
    say(t, "}");
}

static void table(struct text *t, const struct value_table *v)
{
    say(t, v->series ? "series(" : "table(");
    number(t, (double)v->levels);
    say(t, ", ");
    pairs(t, &v->columns);
    say(t, ")");
}

static void elements(struct text *t, const struct array *a)
{
    const uint8_t *data = NULL;
    uint64_t count, size;
    struct error err = {0};
    assert_true(array_count(a, &count) && array_size(a, &size));
    if (a->fortran)
        data = a->data; /* as tobytes("A") gives them */
    else
        assert_true(array_pack(a, t->arena, &data, &err));
    if (a->dtype.kind != DTYPE_OBJECT) {
        hex(t, bytes_of(data, (size_t)size));
        return;
    }
    struct value_list list = {.items = arena_alloc(t->arena, (size_t)count, sizeof(struct value *)),
                              .count = (size_t)count};
    memcpy(list.items, data, (size_t)size);
    items(t, "[", &list, "]");
}

static void array(struct text *t, const struct array *a)
{
    say(t, a->scalar ? "scalar(" : "array(");
    show(t, dtype_descr(&a->dtype, t->arena));
    if (!a->scalar) {
        say(t, ", (");
        for (unsigned i = 0; i < a->ndim; i++)
            say(t, arena_printf(t->arena, "%llu, ", (unsigned long long)a->shape[i]));
        say(t, a->fortran ? "), F" : "), C");
    }
    say(t, ", ");
    elements(t, a);
    say(t, ")");
}

static void object(struct text *t, const struct value_object *o)
{
    static const char *const made[] = {
        [OBJECT_REDUCE] = "reduce ",     [OBJECT_NEWOBJ] = "newobj ", [OBJECT_NEWOBJ_EX] = "newobj_ex ",
        [OBJECT_INSTANCE] = "instance ", [OBJECT_SETTER] = "setter ", [OBJECT_BARE] = "bare "};
    say(t, made[o->made]);
    show(t, o->callable);
    show(t, o->args);
    if (o->kwargs != NULL)
        show(t, o->kwargs);
    if (o->items.count > 0)
        items(t, " items[", &o->items, "]");
    if (o->added.count > 0)
        items(t, " added[", &o->added, "]");
    if (o->pairs.count > 0)
        pairs(t, &o->pairs);
    if (o->states.count > 0)
        items(t, " states[", &o->states, "]");
}

static void external(struct text *t, const struct value_external *x)
{
    static const char *const kinds[] = {[EXTERNAL_PERSISTENT_ID] = "persistent ",
                                        [EXTERNAL_EXTENSION] = "extension ",
                                        [EXTERNAL_BUFFER] = "buffer ",
                                        [EXTERNAL_SOFT_LINK] = "soft link ",
                                        [EXTERNAL_LINK] = "link "};
    say(t, kinds[x->kind]);
    show(t, x->id);
    if (x->read_only)
        say(t, " read-only");
}

static void big(struct text *t, struct bytes twos)
{
    struct bytes digits;
    struct error err = {0};
    assert_true(bigint_to_decimal(twos, 100000, t->arena, &digits, &err));
    add(t, (const char *)digits.data, digits.len);
}

static void show(struct text *t, const struct value *v)
{
    char out[NUMBER_MAX];
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        say(t, "None");
        return;
    case VALUE_BOOL:
        say(t, v->boolean ? "True" : "False");
        return;
    case VALUE_INT:
        add(t, out, number_write_int(v->integer, out));
        return;
    case VALUE_BIGINT:
        big(t, v->text);
        return;
    case VALUE_FLOAT:
        number(t, v->real);
        return;
    case VALUE_COMPLEX:
        say(t, "complex(");
        number(t, v->complex[0]);
        say(t, ", ");
        number(t, v->complex[1]);
        say(t, ")");
        return;
    case VALUE_STR:
        say(t, "text ");
        hex(t, v->text);
        return;
    case VALUE_BYTES:
        say(t, "bytes ");
        hex(t, v->text);
        return;
    case VALUE_BYTEARRAY:
        say(t, "bytearray ");
        hex(t, v->text);
        return;
    case VALUE_LIST:
        items(t, "[", &v->list, "]");
        return;
    case VALUE_TUPLE:
        items(t, "(", &v->list, ")");
        return;
    case VALUE_SET:
        items(t, "set(", &v->list, ")");
        return;
    case VALUE_FROZENSET:
        items(t, "frozenset(", &v->list, ")");
        return;
    case VALUE_RANGE:
        items(t, "range(", &v->list, ")");
        return;
    case VALUE_SLICE:
        items(t, "slice(", &v->list, ")");
        return;
    case VALUE_DICT:
        pairs(t, &v->dict);
        return;
    case VALUE_ARRAY:
        array(t, v->array);
        return;
    case VALUE_DTYPE:
        show(t, dtype_descr(v->dtype, t->arena));
        return;
    case VALUE_GLOBAL:
        add(t, (const char *)v->global->module.data, v->global->module.len);
        say(t, ":");
        add(t, (const char *)v->global->name.data, v->global->name.len);
        return;
    case VALUE_OBJECT:
        object(t, v->object);
        return;
    case VALUE_EXTERNAL:
        external(t, v->external);
        return;
    case VALUE_TABLE:
        table(t, v->table);
        return;
    case VALUE_KIND_COUNT:
        break;
    }
    fail_msg("a value of unknown kind");
}

void test_show(const struct value *v, struct arena *arena, char *out, size_t size)
{
    struct text t = {.arena = arena, .out = out, .size = size};
    out[0] = '\0';
    show(&t, v);
}
