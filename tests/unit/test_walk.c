#include "support.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct value *list_of(struct value *a, struct value *b)
{
    struct value *list = value_new(&arena, VALUE_LIST);
    assert_true(value_append(&arena, &list->list, a));
    if (b != NULL)
        assert_true(value_append(&arena, &list->list, b));
    return list;
}

/* The events as letters: L leaf, ( enter, ) leave, A again. */
static const char *events(enum walk_mode mode, struct value *root, struct error *err)
{
    static char out[256];
    size_t n = 0;
    struct walk w;
    struct walk_event e;
    walk_init(&w, mode, root, &limits_default, &arena);
    enum step step;
    while ((step = walk_next(&w, &e, err)) == STEP_MORE && n + 1 < sizeof out) {
        out[n++] = "L()BA"[e.what];
        if (mode == WALK_GRAPH && e.what == WALK_ENTER)
            e.value->mark |= WALK_SEEN;
    }
    if (step == STEP_FAIL)
        out[n++] = '!';
    out[n] = '\0';
    return out;
}

static void a_shared_node_is_visited_twice_in_a_tree(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *shared = list_of(value_int(&arena, 1), NULL);
    assert_string_equal(events(WALK_TREE, list_of(shared, shared), &err), "((L)(L))");
}

static void a_shared_node_is_visited_once_in_a_graph(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *shared = list_of(value_int(&arena, 1), NULL);
    assert_string_equal(events(WALK_GRAPH, list_of(shared, shared), &err), "((L)A)");
}

static void a_cycle_is_refused_in_a_tree_and_says_where(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *loop = list_of(value_int(&arena, 1), NULL);
    assert_true(value_append(&arena, &loop->list, loop));
    assert_string_equal(events(WALK_TREE, loop, &err), "(L!");
    assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    assert_string_equal(err.pointer, "/1");
    loop->mark = 0;
    assert_string_equal(events(WALK_GRAPH, loop, &err), "(LA)");
}

static void a_dict_gives_key_and_value(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *dict = value_new(&arena, VALUE_DICT);
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "a"), list_of(value_int(&arena, 1), NULL)));
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "b"), value_int(&arena, 2)));
    assert_string_equal(events(WALK_TREE, dict, &err), "(L(L)LL)");
}

static void the_pointer_of_a_key_is_escaped(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *loop = list_of(value_int(&arena, 1), NULL);
    struct value *dict = value_new(&arena, VALUE_DICT);
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "a"), value_int(&arena, 2)));
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "x/~y"), loop));
    assert_true(value_append(&arena, &loop->list, dict));
    assert_string_equal(events(WALK_TREE, dict, &err), "(LLL(L!");
    assert_string_equal(err.pointer, "/x~1~0y/1");
}

static struct value *object_of(struct value *callable, struct value *state)
{
    struct value *v = value_new(&arena, VALUE_OBJECT);
    v->object = arena_alloc(&arena, 1, sizeof *v->object);
    v->object->callable = callable;
    v->object->args = value_new(&arena, VALUE_TUPLE);
    assert_true(value_append(&arena, &v->object->states, state));
    return v;
}

static void an_object_gives_callable_arguments_and_state(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *class = value_global(&arena, bytes_text("m"), bytes_text("C"));
    assert_string_equal(events(WALK_TREE, object_of(class, list_of(class, NULL)), &err), "(L()(L))");
}

static void the_elements_of_an_object_array_are_parts(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *elements[] = {value_int(&arena, 1), list_of(value_int(&arena, 2), NULL)};
    static const uint64_t shape[] = {2};
    const struct array a =
        array_of_memory(dtype_make(DTYPE_OBJECT, sizeof elements[0]), 1, shape, (const uint8_t *)elements);
    assert_string_equal(events(WALK_TREE, value_array(&arena, &a), &err), "(L(L))");
}

static void depth_is_limited(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v = value_new(&arena, VALUE_LIST);
    for (int i = 0; i < 10000; i++)
        v = list_of(v, NULL);
    struct walk w;
    struct walk_event e;
    walk_init(&w, WALK_TREE, v, &limits_default, &arena);
    enum step step;
    while ((step = walk_next(&w, &e, &err)) == STEP_MORE)
        ;
    assert_int_equal(step, STEP_FAIL);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shared_node_is_visited_twice_in_a_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_node_is_visited_once_in_a_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cycle_is_refused_in_a_tree_and_says_where, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dict_gives_key_and_value, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pointer_of_a_key_is_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_gives_callable_arguments_and_state, setup, teardown),
        cmocka_unit_test_setup_teardown(the_elements_of_an_object_array_are_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
