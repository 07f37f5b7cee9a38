#include "support.h"

#include "describe.h"

/* Documents are written as JSON here: each row's tree is that of its document. */
static const struct {
    const char *name, *document, *path;
    uint64_t depth;
    const char *tree; /* NULL: kind */
    enum error_kind kind;
} rows[] = {
    {"a scalar", "1", "/", 9, "{\"name\":\"\",\"kind\":\"dataset\",\"type\":\"int\"}", ERR_NONE},
    {"a dict is a group", "{\"a\":\"bc\"}", "", 9,
     "{\"name\":\"\",\"kind\":\"group\",\"type\":\"dict\",\"length\":1,\"child_count\":1,\"children\":[{"
     "\"name\":\"a\","
     "\"kind\":\"dataset\",\"type\":\"str\",\"length\":2}]}",
     ERR_NONE},
    {"a list of plain values is summed up", "[1,2,\"x\",null,18446744073709551616]", "/", 9,
     "{\"name\":\"\",\"kind\":\"group\",\"type\":\"list\",\"length\":5,\"items\":{\"NoneType\":1,\"int\":3,"
     "\"str\":1}}",
     ERR_NONE},
    {"an empty list has a length", "[]", "/", 9,
     "{\"name\":\"\",\"kind\":\"dataset\",\"type\":\"list\",\"length\":0}", ERR_NONE},
    {"depth 0 is the object alone", "{\"a\":{\"b\":1}}", "/", 0,
     "{\"name\":\"\",\"kind\":\"group\",\"type\":\"dict\",\"length\":1,\"child_count\":1}", ERR_NONE},
    {"depth 1 has children and no more", "{\"a\":{\"b\":1}}", "/", 1,
     "{\"name\":\"\",\"kind\":\"group\",\"type\":\"dict\",\"length\":1,\"child_count\":1,\"children\":[{"
     "\"name\":\"a\","
     "\"kind\":\"group\",\"type\":\"dict\",\"length\":1,\"child_count\":1}]}",
     ERR_NONE},
    {"a part, by path", "{\"a\":{\"b\":[{}]}}", "/a/b/0/", 9,
     "{\"name\":\"0\",\"kind\":\"group\",\"type\":\"dict\",\"length\":0,\"child_count\":0,\"children\":[]}",
     ERR_NONE},
    {"nothing there", "{\"a\":1}", "/b", 9, NULL, ERR_NOT_FOUND},
};

static struct bytes encode(struct value *v, struct arena *arena)
{
    struct bytes out;
    struct error err = {0};
    assert_true(test_encode(json_format(), v, &codec_options_default, 4096, arena, &out, &err));
    return out;
}

static struct value *decode(const char *json, struct arena *arena)
{
    struct value *v;
    struct error err = {0};
    assert_true(test_decode(json_format(), bytes_text(json), arena, &v, &err));
    return v;
}

static void trees_of_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        struct document document;
        struct error err = {0};
        struct value *tree;
        arena_init(&arena, 1 << 20);
        print_message("%s\n", rows[i].name);
        assert_true(
            document_of_value(decode(rows[i].document, &arena), &limits_default, &arena, &document, &err));
        const bool ok = describe_tree(&document, bytes_text(rows[i].path), rows[i].depth, &limits_default,
                                      &arena, &tree, &err);
        assert_int_equal(err.kind, rows[i].kind);
        assert_int_equal(ok, rows[i].tree != NULL);
        if (ok) {
            const struct bytes text = encode(tree, &arena);
            assert_int_equal(text.len, strlen(rows[i].tree));
            assert_memory_equal(text.data, rows[i].tree, text.len);
        }
        arena_free(&arena);
    }
}

/* {"x/y": {"z": {}}}, and z again below "w" and below itself. */
static void a_group_that_was_met_is_named_by_its_path(void **state)
{
    (void)state;
    struct arena arena;
    struct document document;
    struct error err = {0};
    struct value *tree;
    arena_init(&arena, 1 << 20);
    struct value *root = decode("{\"x/y\":{\"z\":{}},\"w\":{}}", &arena);
    struct value *z = value_get(value_get(root, "x/y"), "z"), *w = value_get(root, "w");
    assert_true(value_put(&arena, &w->dict, value_text(&arena, "v"), z));
    assert_true(value_put(&arena, &z->dict, value_text(&arena, "up"), root));
    assert_true(document_of_value(root, &limits_default, &arena, &document, &err));
    assert_true(describe_tree(&document, bytes_text("/"), UINT64_MAX, &limits_default, &arena, &tree, &err));
    const struct bytes text = encode(tree, &arena);
    assert_non_null(memmem(text.data, text.len, "\"same_as\":\"/x~1y/z\"", 19));
    assert_non_null(memmem(text.data, text.len, "\"same_as\":\"/\"", 13));
    arena_free(&arena);
}

static void depth_is_limited(void **state)
{
    (void)state;
    struct arena arena;
    struct document document;
    struct error err = {0};
    struct value *tree;
    struct limits limits = limits_default;
    limits.depth = 3;
    arena_init(&arena, 1 << 20);
    struct value *root = decode("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", &arena);
    assert_true(document_of_value(root, &limits, &arena, &document, &err));
    assert_false(describe_tree(&document, bytes_text("/"), UINT64_MAX, &limits, &arena, &tree, &err));
    assert_string_equal(err.limit, "depth");
    err = (struct error){0};
    limits.depth = 10;
    limits.nodes = 4;
    assert_false(describe_tree(&document, bytes_text("/"), UINT64_MAX, &limits, &arena, &tree, &err));
    assert_string_equal(err.limit, "nodes");
    arena_free(&arena);
}

static bool attempt(struct arena *arena, void *arg, struct error *err)
{
    struct document document;
    struct value *root, *tree;
    const struct input in = input_of_bytes(bytes_text(arg));
    return json_format()->decode(&in, &codec_options_default, &limits_default, arena, &root, err) &&
           document_of_value(root, &limits_default, arena, &document, err) &&
           describe_tree(&document, bytes_text("/"), UINT64_MAX, &limits_default, arena, &tree, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    char document[] = "{\"a\":{\"b\":[{},{\"c\":[1,2]}]},\"d\":{\"e\":{\"f\":{\"g\":null}}}}";
    test_failing_arena(attempt, document, 16, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_of_documents),
        cmocka_unit_test(a_group_that_was_met_is_named_by_its_path),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
