#include "selection.h"
#include "support.h"

#include <dirent.h>
#include <stdio.h>

extern const struct codec hdf5_codec, json_codec, typed_codec;

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 512 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct value *decoded(const struct codec *codec, struct bytes in)
{
    struct error err = {0};
    struct value *v = NULL;
    if (!test_decode(codec, in, &arena, &v, &err))
        fail_msg("%s: %s at %s", codec->name, err.detail, err.pointer);
    return v;
}

static struct bytes encoded(const struct codec *codec, struct value *v, size_t chunk)
{
    struct error err = {0};
    struct bytes out = {0};
    if (!test_encode(codec, v, &codec_options_default, chunk, &arena, &out, &err))
        fail_msg("%s: %s at %s", codec->name, err.detail, err.pointer);
    return out;
}

/* Says where two texts differ. */
static void same(const char *name, struct bytes out, struct bytes expect)
{
    size_t at = 0;
    while (at < out.len && at < expect.len && out.data[at] == expect.data[at])
        at++;
    if (out.len != expect.len || at != out.len)
        fail_msg("%s: at %zu: %.*s", name, at, (int)(out.len - at < 80 ? out.len - at : 80),
                 (const char *)out.data + at);
}

static struct bytes golden(const char *name, const char *extension)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/hdf5/%s.%s", name, extension);
    return test_file(path, &arena);
}

/* ---- reading: what h5py reads (tests/golden/hdf5/make.py) ---- */

static void values_are_what_h5py_reads(void **state)
{
    static const char *const names[] = {"numbers", "texts", "records", "layouts", "links"};
    (void)state;
    for (size_t i = 0; i < ROWS(names); i++)
        same(names[i], encoded(&json_codec, decoded(&hdf5_codec, golden(names[i], "h5")), 4096),
             golden(names[i], "json"));
}

static struct document document_of(const char *name)
{
    struct error err = {0};
    struct document d;
    struct input *in = arena_alloc(&arena, 1, sizeof *in);
    *in = input_of_bytes(golden(name, "h5"));
    if (!codec_open(&hdf5_codec, in, &codec_options_default, &limits_default, &arena, &d, &err))
        fail_msg("%s: %s", name, err.detail);
    return d;
}

static struct node node_at(const struct document *d, const char *path)
{
    struct error err = {0};
    struct node node;
    if (!d->ops->node(d->self, bytes_text(path), &arena, &node, &err))
        fail_msg("%s: %s", path, err.detail);
    return node;
}

static void other_files_are_never_read(void **state)
{
    (void)state;
    const struct document d = document_of("outside");
    struct error err = {0};
    struct value *v;
    const struct node external = node_at(&d, "/external"), virtual = node_at(&d, "/virtual");
    assert_null(external.value);
    assert_string_equal(external.problem, "the values lie in another file, which is never read");
    assert_int_equal(external.dtype->kind, DTYPE_UINT);
    assert_null(virtual.value);
    assert_string_equal(virtual.problem, "the values lie in other files, which are never read");
    assert_string_equal(virtual.storage->layout, "virtual");
    assert_false(d.ops->value(d.self, bytes_text("/external"), &arena, &v, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    err = (struct error){0};
    assert_false(d.ops->value(d.self, bytes_text("/far/x"), &arena, &v, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void links_are_described(void **state)
{
    (void)state;
    const struct document outside = document_of("outside"), links = document_of("links");
    const struct node far = node_at(&outside, "far"), round = node_at(&links, "/round");
    assert_int_equal(far.kind, NODE_EXTERNAL_LINK);
    assert_true(bytes_is(far.link_target->list.items[0]->text, "outside.h5"));
    assert_true(bytes_is(far.link_target->list.items[1]->text, "/fine"));
    assert_int_equal(round.kind, NODE_SOFT_LINK);
    assert_true(bytes_is(round.link_target->text, "/trip"));
    assert_int_equal(node_at(&links, "//hard/./relative/").kind, NODE_DATASET);
    assert_int_equal(node_at(&links, "/hard").id, node_at(&links, "/zebra").id);
}

static void one_odd_object_does_not_spoil_the_rest(void **state)
{
    (void)state;
    const struct document d = document_of("outside");
    const struct node root = node_at(&d, "/"), reference = node_at(&d, "/reference");
    assert_int_equal(root.child_count, 6);
    assert_int_equal(root.attribute_count, 4);
    assert_true(bytes_is(root.attributes[2].value->text, "/fine"));
    assert_true(bytes_is(root.attributes[3].value->text, "déjà"));
    assert_true(bytes_is(reference.value->text, "/fine"));
    assert_null(node_at(&d, "/virtual").value);
    assert_int_equal(node_at(&d, "/sequences").dtype->sequence->kind, DTYPE_INT);
}

static void storage_is_described(void **state)
{
    (void)state;
    const struct document d = document_of("layouts");
    const struct node gzip = node_at(&d, "/gzip"), growing = node_at(&d, "/growing");
    assert_string_equal(gzip.storage->layout, "chunked");
    assert_int_equal(gzip.storage->chunks[1], 11);
    assert_int_equal(gzip.storage->filter_count, 3);
    assert_string_equal(gzip.storage->filters[0].name, "shuffle");
    assert_int_equal(gzip.storage->filters[1].id, 1);
    assert_int_equal(gzip.storage->filters[1].parameters[0], 4);
    assert_true(growing.storage->max_shape[0] == UINT64_MAX);
    assert_int_equal(node_at(&d, "/never written").storage->fill_value->array->data[0], 7);
}

/* A part of a chunked dataset, and bytes of a contiguous one behind a block of the user's. */
static void parts_and_extents(void **state)
{
    (void)state;
    const struct document d = document_of("layouts");
    const struct node gzip = node_at(&d, "/gzip"), contiguous = node_at(&d, "/contiguous");
    struct selection s;
    struct array part;
    struct error err = {0};
    const uint8_t *elements;
    int fd;
    uint64_t offset, size;
    int32_t first;
    assert_true(selection_parse(bytes_text("3:18:7,::-10"), &arena, &s, &err));
    assert_true(array_select(gzip.value->array, &s, &limits_default, &arena, &part, &err));
    assert_true(array_pack(&part, &arena, &elements, &err));
    const int32_t expect[] = {119, 109, 99, 329, 319, 309, 539, 529, 519}; /* 30 * row + column */
    assert_memory_equal(elements, expect, sizeof expect);
    assert_false(array_extent(gzip.value->array, &fd, &offset, &size));
    assert_true(array_extent(contiguous.value->array, &fd, &offset, &size));
    assert_int_equal(size, 2400);
    assert_true(input_pread(fd, offset + 4, &first, sizeof first, &err));
    assert_int_equal(first, 1);
}

/* ---- writing: every value comes back as it was ---- */

static bool is_skipped(const char *name)
{
    /* HDF5 keeps neither the order of dimensions, nor which short texts are one, nor text of no encoding, nor
     * what lies between the fields of a record */
    static const char *const names[] = {"y_array_fortran",  "y_objects_in_fortran",
                                        "y_shared_text",    "y_shared_bytes",
                                        "y_bytes_in_array", "y_array_record_with_holes"};
    const char *dot = strrchr(name, '.');
    if (strncmp(name, "y_", 2) != 0 || dot == NULL || strcmp(dot, ".in") != 0)
        return true;
    for (size_t i = 0; i < ROWS(names); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void check_round_trip(const char *name, struct bytes text)
{
    const struct bytes before = encoded(&typed_codec, decoded(&typed_codec, text), 4096);
    const struct bytes file = encoded(&hdf5_codec, decoded(&typed_codec, text), 4096);
    assert_int_equal(hdf5_codec.sniff(file), 100);
    same(name, encoded(&typed_codec, decoded(&hdf5_codec, file), 4096), before);
}

static void typed_values_survive(void **state)
{
    static const char folder[] = "tests/golden/typed";
    size_t checked = 0;
    (void)state;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[512];
        if (is_skipped(e->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        check_round_trip(e->d_name, test_file(path, &arena));
        checked++;
    }
    closedir(d);
    assert_true(checked > 50);
}

static void shapes_of_lists_survive(void **state)
{
    static const char *const rows[] = {
        "[]",
        "[[]]",
        "[[1,2],[3,4]]",
        "[[1,2],[3]]",
        "[[[1.5],[2.5]],[[3.5],[4.5]]]",
        "[1,2.5,-3]",
        "[1,9007199254740993,2.5]",
        "[[1,2.5],[3,4.0]]",
        "[[[0.5,1],[2,3]],[[4,5],[6,7]]]",
        "[true,false]",
        "[1,true]",
        "[1,null]",
        "[\"a\",\"\",\"a\\u0000b\"]",
        "{\"a/b\":1,\"\":2,\".\":3}",
        "{\"a\":{\"b\":{\"c\":{}}}}",
        "\"text\"",
        "null",
        "123456789012345678901234567890",
        "[-123456789012345678901234567890,1]",
        "[[1,[2]],[[3],4]]",
        "{\"$id\":[1,{\"self\":{\"$ref\":1}}]}",
        "[{\"$id\":[1,[1,2,3]]},{\"$ref\":1},[[{\"$ref\":1}]]]",
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_round_trip(rows[i], bytes_text(rows[i]));
}

/* Longer than a window, so that it is written piece by piece and box by box. */
static void a_long_list_survives(void **state)
{
    enum { COUNT = 300001, ROWS3 = 3 };
    (void)state;
    struct value *list = value_new(&arena, VALUE_LIST), *texts = value_new(&arena, VALUE_LIST);
    for (int64_t r = 0; r < ROWS3; r++) {
        struct value *row = value_new(&arena, VALUE_LIST);
        for (int64_t i = 0; i < COUNT; i++)
            assert_true(value_append(&arena, &row->list, value_int(&arena, r * COUNT + i)));
        assert_true(value_append(&arena, &list->list, row));
    }
    for (int i = 0; i < COUNT; i++)
        assert_true(
            value_append(&arena, &texts->list, value_text(&arena, i % 2 == 0 ? "even" : "an odd one")));
    struct value *all = value_new(&arena, VALUE_TUPLE);
    assert_true(value_append(&arena, &all->list, list) && value_append(&arena, &all->list, texts));
    const struct bytes before = encoded(&typed_codec, all, 4096);
    same("a long list", encoded(&typed_codec, decoded(&hdf5_codec, encoded(&hdf5_codec, all, 4096)), 4096),
         before);
}

/* Which are ints is kept beside the numbers where there are too many for an attribute. */
static void a_long_mixed_list_survives(void **state)
{
    (void)state;
    struct value *list = value_new(&arena, VALUE_LIST);
    for (int i = 0; i < 500000; i++)
        assert_true(value_append(&arena, &list->list,
                                 i % 3 == 0 ? value_int(&arena, i) : value_float(&arena, i / 4.0)));
    const struct bytes before = encoded(&typed_codec, list, 4096);
    same("long and mixed",
         encoded(&typed_codec, decoded(&hdf5_codec, encoded(&hdf5_codec, list, 4096)), 4096), before);
}

static void a_slow_client_gets_the_same_file(void **state)
{
    (void)state;
    const struct bytes text = bytes_text("{\"a\":[1,2,3],\"b\":{\"c\":\"text\"}}");
    const struct bytes fast = encoded(&hdf5_codec, decoded(&json_codec, text), 4096);
    same("one by one", encoded(&hdf5_codec, decoded(&json_codec, text), 1), fast);
}

static void attributes_come_along_where_asked_for(void **state)
{
    (void)state;
    struct codec_options options = codec_options_default;
    struct error err = {0};
    struct value *v;
    const struct input in = input_of_bytes(golden("attributes", "h5"));
    options.attributes = true;
    if (!hdf5_codec.decode(&in, &options, &limits_default, &arena, &v, &err))
        fail_msg("%s", err.detail);
    same("attributes", encoded(&json_codec, v, 4096), golden("attributes", "json"));
}

/* ---- bad input ---- */

static void a_file_cut_anywhere_is_malformed(void **state)
{
    (void)state;
    const struct bytes whole = golden("links", "h5");
    for (size_t n = 0; n < whole.len; n++) {
        struct arena own;
        struct error err = {0};
        struct value *v;
        arena_init(&own, 64 << 20);
        assert_false(test_decode(&hdf5_codec, bytes_of(whole.data, n), &own, &v, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
        arena_free(&own);
    }
}

static void paths_that_lead_nowhere(void **state)
{
    static const char *const rows[] = {"/no",    "/zebra/no", "/zebra/data/x", "/dangling/x", "/round/x",
                                       "/far/x", ".."};
    (void)state;
    const struct document d = document_of("links");
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct node node;
        struct error err = {0};
        assert_false(d.ops->node(d.self, bytes_text(rows[i]), &arena, &node, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
}

static void marks_that_lie_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    const struct document d = document_of("lies");
    const struct node root = node_at(&d, "/");
    for (size_t i = 0; i < root.child_count; i++) {
        err = (struct error){0};
        if (d.ops->value(d.self, root.children[i].name, &arena, &v, &err))
            fail_msg("%.*s was read", (int)root.children[i].name.len,
                     (const char *)root.children[i].name.data);
        assert_int_equal(err.kind, ERR_SYNTAX);
    }
}

static bool attempt_decode(struct arena *a, void *arg, struct error *err)
{
    struct value *v;
    return test_decode(&hdf5_codec, *(struct bytes *)arg, a, &v, err);
}

static bool attempt_encode(struct arena *a, void *arg, struct error *err)
{
    struct encoder *e;
    struct value *v;
    return test_decode(&typed_codec, *(struct bytes *)arg, a, &v, err) &&
           encoder_new(&hdf5_codec, v, &codec_options_default, &limits_default, a, &e, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    struct bytes file = golden("records", "h5"),
                 text = bytes_text("{\"a\":[{\"$tuple\":[1,\"x\"]},[[1,2],[3,4]]]}");
    test_failing_arena(attempt_decode, &file, 256, 100000);
    test_failing_arena(attempt_encode, &text, 1024, 100000);
}

static void depth_is_limited(void **state)
{
    (void)state;
    struct limits limits = limits_default;
    struct error err = {0};
    struct encoder *e;
    struct value *v = value_new(&arena, VALUE_DICT);
    for (int i = 0; i < 100; i++) {
        struct value *outer = value_new(&arena, VALUE_DICT);
        assert_true(value_put(&arena, &outer->dict, value_text(&arena, "a"), v));
        v = outer;
    }
    const struct bytes file = encoded(&hdf5_codec, v, 4096);
    const struct input in = input_of_bytes(file);
    limits.depth = 50;
    assert_false(hdf5_codec.decode(&in, &codec_options_default, &limits, &arena, &v, &err));
    assert_string_equal(err.limit, "depth");
    err = (struct error){0};
    limits = limits_default;
    limits.output = 4096;
    v = decoded(&hdf5_codec, file);
    assert_false(encoder_new(&hdf5_codec, v, &codec_options_default, &limits, &arena, &e, &err));
    assert_string_equal(err.limit, "output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_what_h5py_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_never_read, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_described, setup, teardown),
        cmocka_unit_test_setup_teardown(one_odd_object_does_not_spoil_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(storage_is_described, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_and_extents, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_values_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_of_lists_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_list_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_mixed_list_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_client_gets_the_same_file, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_come_along_where_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_cut_anywhere_is_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_that_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(marks_that_lie_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_end_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
