#include "support.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct value *pair(struct value *dict, const char *key, struct value *v)
{
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, key), v));
    return dict;
}

/* {"a": {"b": [10, 20]}, "x/y": 1, "~": 2, 5: "five", "5x": 3, "obj": Object(9, state={"attr": 7},
 * items=[8])}
 */
static struct value *sample(void)
{
    struct value *list = value_new(&arena, VALUE_LIST);
    assert_true(value_append(&arena, &list->list, value_int(&arena, 10)));
    assert_true(value_append(&arena, &list->list, value_int(&arena, 20)));
    struct value *root = value_new(&arena, VALUE_DICT);
    pair(root, "a", pair(value_new(&arena, VALUE_DICT), "b", list));
    pair(root, "x/y", value_int(&arena, 1));
    pair(root, "~", value_int(&arena, 2));
    assert_true(value_put(&arena, &root->dict, value_int(&arena, 5), value_text(&arena, "five")));
    struct value *object = value_new(&arena, VALUE_OBJECT);
    object->object = arena_alloc(&arena, 1, sizeof *object->object);
    object->object->callable = value_global(&arena, bytes_text("m"), bytes_text("C"));
    object->object->args = value_new(&arena, VALUE_TUPLE);
    assert_true(value_append(&arena, &object->object->args->list, value_int(&arena, 9)));
    struct value *state = pair(value_new(&arena, VALUE_DICT), "attr", value_int(&arena, 7));
    assert_true(value_append(&arena, &object->object->states, state));
    assert_true(value_append(&arena, &object->object->items, value_int(&arena, 8)));
    return pair(root, "obj", object);
}

/* expect: of an int; -1: not found; -2: anything else. NULL: it was not found. */
static const struct value *follow(struct value *root, const char *path, int64_t expect)
{
    struct error err = {0};
    struct value *v;
    const bool found = value_at(root, bytes_text(path), &arena, &v, &err);
    if (found != (expect != -1))
        fail_msg("'%s': %s", path, err.detail);
    if (!found)
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    if (expect >= 0)
        assert_int_equal(v->integer, expect);
    return found ? v : NULL;
}

static void paths_lead_to_parts(void **state)
{
    static const struct {
        const char *path;
        int64_t expect; /* of an int; -1: not found; -2: anything else */
    } rows[] = {
        {"", -2},           {"/", -2},       {"/a/b/1", 20},     {"a/b/-1", 20},      {"a//b/0/", 10},
        {"a/b/2", -1},      {"a/b/x", -1},   {"x~1y", 1},        {"~0", 2},           {"~", 2},
        {"5", -2},          {"obj/attr", 7}, {"obj/0", 8},       {"obj/no", -1},      {"a/b/0/z", -1},
        {"nothing", -1},    {"x/y", -1},     {"obj/$args/0", 9}, {"obj/$args/1", -1}, {"obj/$kwargs", -1},
        {"obj/$state", -1},
    };
    (void)state;
    struct value *root = sample();
    for (size_t i = 0; i < ROWS(rows); i++)
        follow(root, rows[i].path, rows[i].expect);
}

/* {"": 6, "x": 7, "void": {"": {"": 4, "deep": 5}, "a": 3}}: "/" is the whole, so what lies at the key "" of
 * it is at "//". */
static void an_empty_key_is_reached(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int64_t expect; /* of an int; -1: not found; -2: a dict */
    } rows[] = {
        {"", -2},           {"/", -2},          {"//", 6},       {"/x", 7},       {"//x", -1},
        {"void/", -2},      {"void//", 4},      {"void/a", 3},   {"/void/a/", 3}, {"x//", 7},
        {"/void//deep", 5}, {"void//deep/", 5}, {"void//a", -1}, {"/void///", 4},
    };
    struct value *inner = pair(value_new(&arena, VALUE_DICT), "", value_int(&arena, 4));
    pair(inner, "deep", value_int(&arena, 5));
    struct value *around = pair(value_new(&arena, VALUE_DICT), "", inner);
    pair(around, "a", value_int(&arena, 3));
    struct value *root = pair(value_new(&arena, VALUE_DICT), "", value_int(&arena, 6));
    pair(pair(root, "x", value_int(&arena, 7)), "void", around);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct value *v = follow(root, rows[i].path, rows[i].expect);
        assert_true(v == NULL || v->kind == (rows[i].expect == -2 ? VALUE_DICT : VALUE_INT));
    }
}

static void a_graph_is_a_document(void **state)
{
    (void)state;
    struct error err = {0};
    struct document d;
    struct node n;
    assert_true(document_of_value(sample(), &limits_default, &arena, &d, &err));
    assert_true(d.ops->node(d.self, bytes_text("/"), &arena, &n, &err));
    assert_int_equal(n.kind, NODE_GROUP);
    assert_int_equal(n.child_count, 5);
    assert_true(bytes_is(n.children[1].name, "x/y"));
    assert_true(bytes_is(n.children[3].name, "5"));
    assert_true(d.ops->node(d.self, bytes_text("/obj"), &arena, &n, &err));
    assert_int_equal(n.child_count, 3);
    assert_true(bytes_is(n.children[2].name, "$args"));
    assert_true(d.ops->node(d.self, bytes_text("/a/b/0"), &arena, &n, &err));
    assert_int_equal(n.kind, NODE_DATASET);
}

static void items_have_no_names_until_asked(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *list = value_new(&arena, VALUE_LIST);
    for (int i = 0; i < 10000; i++)
        assert_true(value_append(&arena, &list->list, value_int(&arena, i)));
    const size_t before = arena.used;
    struct node n;
    struct node_child child;
    assert_true(node_of_value(list, &arena, &n, &err));
    assert_int_equal(n.child_count, 10000);
    assert_int_equal(arena.used, before);
    assert_true(node_child(&n, 9999, &arena, &child, &err));
    assert_true(bytes_is(child.name, "9999"));
    assert_ptr_equal(child.value, list->list.items[9999]);
}

static void growing_lists_keep_order(void **state)
{
    (void)state;
    struct value_list list = {0};
    for (int i = 0; i < 5000; i++)
        assert_true(value_append(&arena, &list, value_int(&arena, i)));
    for (int i = 0; i < 5000; i++)
        assert_int_equal(list.items[i]->integer, i);
}

static void unsigned_integers_keep_every_bit(void **state)
{
    (void)state;
    assert_int_equal(value_uint(&arena, INT64_MAX)->kind, VALUE_INT);
    const struct value *big = value_uint(&arena, UINT64_MAX);
    assert_int_equal(big->kind, VALUE_BIGINT);
    static const uint8_t bytes[] = {255, 255, 255, 255, 255, 255, 255, 255, 0};
    assert_true(bytes_equal(big->text, bytes_of(bytes, sizeof bytes)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(paths_lead_to_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_key_is_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(a_graph_is_a_document, setup, teardown),
        cmocka_unit_test_setup_teardown(items_have_no_names_until_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(growing_lists_keep_order, setup, teardown),
        cmocka_unit_test_setup_teardown(unsigned_integers_keep_every_bit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
