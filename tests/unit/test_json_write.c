#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct codec json_codec;

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* ---- values by hand ---- */

enum { MOST_PARTS = 8 };

static struct value *container(enum value_kind kind, struct value *const *items)
{
    struct value *v = value_new(&arena, kind);
    for (; *items != NULL; items++)
        assert_true(value_append(&arena, &v->list, *items));
    return v;
}

static struct value *dict_of(struct value *const *parts)
{
    struct value *v = value_new(&arena, VALUE_DICT);
    for (; *parts != NULL; parts += 2)
        assert_true(value_put(&arena, &v->dict, parts[0], parts[1]));
    return v;
}

#define PARTS(...)      ((struct value *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define LIST(...)       container(VALUE_LIST, PARTS(__VA_ARGS__))
#define TUPLE(...)      container(VALUE_TUPLE, PARTS(__VA_ARGS__))
#define SET(...)        container(VALUE_SET, PARTS(__VA_ARGS__))
#define RANGE(a, b, c)  container(VALUE_RANGE, PARTS(INT(a), INT(b), INT(c)))
#define SLICE(a, b, c)  container(VALUE_SLICE, PARTS(a, b, c))
#define DICT(...)       dict_of(PARTS(__VA_ARGS__))
#define INT(i)          value_int(&arena, i)
#define FLOAT(f)        value_float(&arena, f)
#define TEXT(t)         value_text(&arena, t)
#define BYTES(t)        value_bytes(&arena, bytes_text(t))
#define NONE            value_new(&arena, VALUE_NONE)
#define BOOL(b)         value_bool(&arena, b)
#define GLOBAL(m, n)    value_global(&arena, bytes_text(m), bytes_text(n))
#define EXTERNAL(k, id) value_external(&arena, k, id)

static struct value *object_of(struct value *callable, struct value *args, struct value *state)
{
    struct value *v = value_new(&arena, VALUE_OBJECT);
    v->object = arena_alloc(&arena, 1, sizeof *v->object);
    v->object->callable = callable;
    v->object->args = args;
    if (state != NULL)
        assert_true(value_append(&arena, &v->object->states, state));
    return v;
}

static struct value *array_of(enum dtype_kind kind, size_t size, unsigned ndim, const uint64_t *shape,
                              const void *data)
{
    const struct array a = array_of_memory(dtype_make(kind, size), ndim, shape, data);
    return value_array(&arena, &a);
}

/* ---- checks ---- */

static void check(struct value *v, const struct codec_options *options, const char *expect)
{
    static const size_t chunks[] = {4096, 1};
    for (size_t i = 0; i < ROWS(chunks); i++) {
        struct bytes out;
        struct error err = {0};
        if (!test_encode(&json_codec, v, options, chunks[i], &arena, &out, &err))
            fail_msg("%s: %s", expect, err.detail);
        if (!bytes_is(out, expect))
            fail_msg("%s: %.*s", expect, (int)out.len, (const char *)out.data);
    }
}

static void plain(struct value *v, const char *expect)
{
    check(v, &codec_options_default, expect);
}

static void refused(struct value *v, const struct codec_options *options, enum error_kind kind,
                    const char *pointer)
{
    struct bytes out;
    struct error err = {0};
    assert_false(test_encode(&json_codec, v, options, 4096, &arena, &out, &err));
    assert_int_equal(err.kind, kind);
    assert_string_equal(err.pointer, pointer);
}

static void scalars(void **state)
{
    (void)state;
    plain(NONE, "null");
    plain(BOOL(true), "true");
    plain(BOOL(false), "false");
    plain(INT(INT64_MIN), "-9223372036854775808");
    plain(value_uint(&arena, UINT64_MAX), "18446744073709551615");
    plain(FLOAT(0.1), "0.1");
    plain(FLOAT(-0.0), "-0.0");
    plain(FLOAT(1e16), "1e+16");
    plain(value_complex(&arena, 1.5, -2), "[1.5,-2.0]");
    plain(BYTES("\xff\x00"
                "ab"),
          "\"/w==\"");
    plain(TEXT(""), "\"\"");
}

static void text_is_escaped_as_little_as_allowed(void **state)
{
    (void)state;
    plain(TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    plain(TEXT("\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    plain(TEXT("1234567\n12345678\"1234567890123456\n"), "\"1234567\\n12345678\\\"1234567890123456\\n\"");
    plain(TEXT("\xc3\xa4\xf0\x9f\x98\x80"), "\"\xc3\xa4\xf0\x9f\x98\x80\"");
    struct value *lone = TEXT("a\xed\xa0\xbd\n\xc3\xa9");
    lone->flags = VALUE_SURROGATES;
    plain(lone, "\"a\\ud83d\\n\xc3\xa9\"");
}

static void containers(void **state)
{
    (void)state;
    struct value *shared = LIST(INT(1));
    plain(LIST(), "[]");
    plain(DICT(), "{}");
    plain(TUPLE(INT(1), SET(INT(2)), LIST(), DICT()), "[1,[2],[],{}]");
    plain(LIST(shared, shared), "[[1],[1]]");
    plain(DICT(TEXT("a"), INT(1), TEXT("b"), DICT(TEXT("c"), NONE)), "{\"a\":1,\"b\":{\"c\":null}}");
    plain(RANGE(0, 5, 2), "[0,2,4]");
    plain(RANGE(3, -3, -3), "[3,0]");
    plain(RANGE(5, 5, 1), "[]");
    plain(LIST(RANGE(1, 3, 1), INT(7)), "[[1,2],7]");
    plain(RANGE(INT64_MIN, INT64_MAX, INT64_MAX), "[-9223372036854775808,-1,9223372036854775806]");
    plain(SLICE(NONE, INT(3), NONE), "{\"$slice\":[null,3,null]}");
}

static void keys_become_text_as_json_dumps_does(void **state)
{
    (void)state;
    plain(DICT(INT(1), INT(1), FLOAT(1.5), INT(2), BOOL(true), INT(3), NONE, INT(4)),
          "{\"1\":1,\"1.5\":2,\"true\":3,\"null\":4}");
    plain(DICT(FLOAT(1.0 / 0.0), INT(1), value_uint(&arena, UINT64_MAX), INT(2)),
          "{\"Infinity\":1,\"18446744073709551615\":2}");
    plain(DICT(BYTES("ab"), INT(1), TUPLE(INT(1), TEXT("a")), INT(2)), "{\"YWI=\":1,\"[1,\\\"a\\\"]\":2}");
    plain(DICT(TUPLE(), DICT(TUPLE(TUPLE()), NONE)), "{\"[]\":{\"[[]]\":null}}");
    plain(DICT(GLOBAL("m", "C"), INT(1)), "{\"{\\\"$global\\\":\\\"m.C\\\"}\":1}");
}

static void two_keys_with_one_text_are_refused(void **state)
{
    (void)state;
    refused(LIST(INT(0), DICT(INT(1), NONE, TEXT("1"), NONE)), &codec_options_default, ERR_UNREPRESENTABLE,
            "/1");
    refused(DICT(TEXT("null"), NONE, NONE, NONE), &codec_options_default, ERR_UNREPRESENTABLE, "");
    refused(DICT(FLOAT(0.0 / 0.0), NONE, FLOAT(0.0 / 0.0), NONE), &codec_options_default, ERR_UNREPRESENTABLE,
            "");
    refused(DICT(BYTES("ab"), NONE, TEXT("YWI="), NONE), &codec_options_default, ERR_UNREPRESENTABLE, "");
}

static void nan_is_spelled_as_asked(void **state)
{
    (void)state;
    static const struct {
        enum nan_spelling nan;
        const char *expect;
    } rows[] = {
        {NAN_NULL, "[null,null,null,[null,1.0]]"},
        {NAN_STRING, "[\"NaN\",\"Infinity\",\"-Infinity\",[\"NaN\",1.0]]"},
        {NAN_LITERAL, "[NaN,Infinity,-Infinity,[NaN,1.0]]"},
    };
    const double numbers[] = {0.0 / 0.0, 1};
    struct value *v = LIST(FLOAT(0.0 / 0.0), FLOAT(1.0 / 0.0), FLOAT(-1.0 / 0.0),
                           array_of(DTYPE_FLOAT, 8, 1, (const uint64_t[]){2}, numbers));
    for (size_t i = 0; i < ROWS(rows); i++)
        check(v, &(struct codec_options){.nan = rows[i].nan}, rows[i].expect);
    refused(v, &(struct codec_options){.nan = NAN_ERROR}, ERR_UNREPRESENTABLE, "/0");
}

static void a_cycle_is_refused(void **state)
{
    (void)state;
    struct value *loop = LIST(INT(1));
    assert_true(value_append(&arena, &loop->list, loop));
    refused(loop, &codec_options_default, ERR_UNREPRESENTABLE, "/1");
}

static void objects_are_described(void **state)
{
    (void)state;
    struct value *attributes = DICT(TEXT("a"), INT(1), TEXT("b"), LIST());
    struct value *o = object_of(GLOBAL("pkg.mod", "Name"), TUPLE(INT(5)), attributes);
    plain(o, "{\"$class\":\"pkg.mod.Name\",\"$args\":[5],\"a\":1,\"b\":[]}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(), NULL), "{\"$class\":\"m.C\"}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(INT(1), o), NULL),
          "{\"$class\":\"m.C\",\"$args\":[1,{\"$class\":\"pkg.mod.Name\",\"$args\":[5],\"a\":1,\"b\":[]}]}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(), TUPLE(NONE, DICT(TEXT("x"), INT(1)))),
          "{\"$class\":\"m.C\",\"x\":1}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(), TUPLE(DICT(TEXT("y"), INT(2)), DICT(TEXT("x"), DICT()))),
          "{\"$class\":\"m.C\",\"y\":2,\"x\":{}}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(), INT(3)), "{\"$class\":\"m.C\",\"$state\":3}");
    plain(object_of(GLOBAL("m", "C"), TUPLE(), DICT(TEXT("$class"), INT(3))),
          "{\"$class\":\"m.C\",\"$state\":{\"$class\":3}}");
    plain(object_of(object_of(GLOBAL("functools", "partial"), TUPLE(INT(1)), NULL), TUPLE(INT(2)), NULL),
          "{\"$callable\":{\"$class\":\"functools.partial\",\"$args\":[1]},\"$args\":[2]}");
    plain(GLOBAL("os", "system"), "{\"$global\":\"os.system\"}");
}

static void parts_of_objects_have_names(void **state)
{
    (void)state;
    struct value *o = object_of(GLOBAL("m", "C"), TUPLE(), INT(1));
    struct value_object *parts = o->object;
    parts->kwargs = DICT(TEXT("k"), INT(0));
    assert_true(value_append(&arena, &parts->items, LIST(INT(1))));
    assert_true(value_append(&arena, &parts->items, INT(2)));
    assert_true(value_append(&arena, &parts->added, INT(3)));
    assert_true(value_put(&arena, &parts->pairs, INT(4), LIST()));
    assert_true(value_put(&arena, &parts->pairs, TEXT("x"), INT(5)));
    assert_true(value_append(&arena, &parts->states, INT(6)));
    plain(LIST(o, INT(7)), "[{\"$class\":\"m.C\",\"$kwargs\":{\"k\":0},\"$items\":[[1],2],\"$added\":[3],"
                           "\"$pairs\":{\"4\":[],\"x\":5},\"$states\":[1,6]},7]");
}

static void what_lies_outside_is_named(void **state)
{
    (void)state;
    plain(EXTERNAL(EXTERNAL_PERSISTENT_ID, TUPLE(TEXT("storage"), INT(1))),
          "{\"$persistent_id\":[\"storage\",1]}");
    plain(LIST(EXTERNAL(EXTERNAL_SOFT_LINK, TEXT("/a"))), "[{\"$link\":\"/a\"}]");
    plain(EXTERNAL(EXTERNAL_BUFFER, INT(0)), "{\"$buffer\":0}");
    plain(EXTERNAL(EXTERNAL_EXTENSION, INT(9)), "{\"$extension\":9}");
}

static void arrays_are_nested_by_shape(void **state)
{
    (void)state;
    static const int32_t numbers[] = {1, -2, 3, 4, 5, 6, 7, 8};
    plain(array_of(DTYPE_INT, 4, 0, NULL, numbers), "1");
    plain(array_of(DTYPE_INT, 4, 1, (const uint64_t[]){3}, numbers), "[1,-2,3]");
    plain(array_of(DTYPE_INT, 4, 2, (const uint64_t[]){2, 3}, numbers), "[[1,-2,3],[4,5,6]]");
    plain(array_of(DTYPE_INT, 4, 3, (const uint64_t[]){2, 2, 2}, numbers), "[[[1,-2],[3,4]],[[5,6],[7,8]]]");
    plain(array_of(DTYPE_INT, 4, 3, (const uint64_t[]){2, 1, 1}, numbers), "[[[1]],[[-2]]]");
    plain(array_of(DTYPE_INT, 4, 1, (const uint64_t[]){0}, numbers), "[]");
    plain(array_of(DTYPE_INT, 4, 3, (const uint64_t[]){2, 2, 0}, numbers), "[[[],[]],[[],[]]]");
    plain(array_of(DTYPE_INT, 4, 2, (const uint64_t[]){0, 3}, numbers), "[]");
    plain(LIST(array_of(DTYPE_INT, 4, 1, (const uint64_t[]){1}, numbers), INT(9)), "[[1],9]");
    refused(array_of(DTYPE_INT, 4, 2, (const uint64_t[]){1ULL << 40, 0}, numbers), &codec_options_default,
            ERR_UNREPRESENTABLE, "");
}

static void python_objects_in_arrays_are_values(void **state)
{
    (void)state;
    struct value *const items[] = {INT(1), LIST(TEXT("a")), NONE, DICT(TEXT("k"), TUPLE())};
    plain(LIST(array_of(DTYPE_OBJECT, sizeof items[0], 2, (const uint64_t[]){2, 2}, items), INT(5)),
          "[[[1,[\"a\"]],[null,{\"k\":[]}]],5]");
}

static void pretty_has_a_line_for_each_part_and_one_for_each_row(void **state)
{
    (void)state;
    static const int32_t numbers[] = {1, 2, 3, 4};
    struct value *v = DICT(TEXT("a"), LIST(INT(1), LIST(), DICT()), TEXT("m"),
                           array_of(DTYPE_INT, 4, 2, (const uint64_t[]){2, 2}, numbers), TEXT("v"),
                           array_of(DTYPE_INT, 4, 1, (const uint64_t[]){4}, numbers), TEXT("o"),
                           object_of(GLOBAL("m", "C"), TUPLE(), DICT(TEXT("x"), INT(1))));
    check(v, &(struct codec_options){.pretty = true},
          "{\n"
          "  \"a\": [\n"
          "    1,\n"
          "    [],\n"
          "    {}\n"
          "  ],\n"
          "  \"m\": [\n"
          "    [1, 2],\n"
          "    [3, 4]\n"
          "  ],\n"
          "  \"v\": [1, 2, 3, 4],\n"
          "  \"o\": {\n"
          "    \"$class\": \"m.C\",\n"
          "    \"x\": 1\n"
          "  }\n"
          "}");
}

/* All of v, thrown away. */
static bool encode(struct value *v, const struct limits *limits, struct arena *a, struct error *err)
{
    struct encoder *e;
    struct sink sink;
    enum step step;
    if (!encoder_new(&json_codec, v, &codec_options_default, limits, a, &e, err))
        return false;
    assert_true(sink_init(&sink, 4096));
    while ((step = encoder_run(e, &sink, err)) == STEP_MORE)
        sink.taken = sink.len = 0;
    sink_deinit(&sink);
    return step == STEP_DONE;
}

/* Sixty levels of lists that hold the one below twice: 2^60 numbers. */
static void shared_parts_are_counted_each_time(void **state)
{
    (void)state;
    struct limits limits = limits_default;
    struct error err = {0};
    struct value *shared = LIST(INT(1), INT(2));
    for (int i = 0; i < 60; i++)
        shared = LIST(shared, shared);
    limits.nodes = 10000;
    assert_false(encode(shared, &limits, &arena, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "nodes");
}

/* Long enough for shares: what they write must be what one writes. at: the leaf that JSON cannot hold, or -1.
 */
static struct value *many(enum value_kind kind, int count, int at)
{
    struct value *v = value_new(&arena, kind);
    assert_non_null(v);
    for (int i = 0; i < count; i++) {
        struct value *leaf = i == at      ? value_float(&arena, (double)NAN)
                             : i % 3 == 0 ? value_float(&arena, i / 7.0)
                             : i % 3 == 1 ? INT(i)
                                          : TEXT("text \" with an escape");
        if (kind == VALUE_DICT)
            assert_true(value_put(&arena, &v->dict, INT(i), leaf));
        else
            assert_true(value_append(&arena, &v->list, leaf));
    }
    return v;
}

static void shares_write_what_one_writes(void **state)
{
    (void)state;
    static double numbers[30000];
    for (size_t i = 0; i < ROWS(numbers); i++)
        numbers[i] = (double)i / 3;
    struct value *const values[] = {
        many(VALUE_LIST, 50000, -1),
        many(VALUE_DICT, 20000, -1),
        LIST(INT(1), many(VALUE_LIST, 5000, -1), LIST(), many(VALUE_TUPLE, 4096, -1)),
        array_of(DTYPE_FLOAT, 8, 1, (const uint64_t[]){30000}, numbers),
        array_of(DTYPE_FLOAT, 8, 3, (const uint64_t[]){7, 100, 42}, numbers),
    };
    struct crew crew;
    crew_start(&crew, 3);
    for (size_t i = 0; i < ROWS(values); i++)
        for (int pretty = 0; pretty < 2; pretty++) {
            struct codec_options options = codec_options_default;
            struct bytes one, several;
            struct error err = {0};
            options.pretty = pretty;
            assert_true(test_encode(&json_codec, values[i], &options, 1 << 16, &arena, &one, &err));
            options.crew = &crew;
            assert_true(test_encode(&json_codec, values[i], &options, 1 << 16, &arena, &several, &err));
            assert_true(bytes_equal(one, several));
        }
    crew_stop(&crew);
}

static void a_share_that_fails_says_where(void **state)
{
    (void)state;
    static const int places[] = {0, 1, 2500, 4999, 10000, 16383, 16384, 39999};
    struct crew crew;
    crew_start(&crew, 3);
    for (size_t i = 0; i < ROWS(places); i++) {
        struct codec_options options = codec_options_default;
        struct bytes out;
        struct error err = {0};
        char expect[16];
        options.nan = NAN_ERROR;
        options.crew = &crew;
        snprintf(expect, sizeof expect, "/%d", places[i]);
        assert_false(test_encode(&json_codec, many(VALUE_LIST, 40000, places[i]), &options, 1 << 16, &arena,
                                 &out, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
        assert_string_equal(err.pointer, expect);
    }
    crew_stop(&crew);
}

static bool attempt(struct arena *a, void *arg, struct error *err)
{
    (void)arg;
    static const int32_t numbers[] = {1, 2};
    struct value *v = LIST(DICT(TUPLE(INT(1)), INT(1), BYTES("a"), INT(2)),
                           array_of(DTYPE_INT, 4, 1, (const uint64_t[]){2}, numbers));
    for (int i = 0; i < 100; i++)
        v = LIST(v);
    return encode(v, &limits_default, a, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    test_failing_arena(attempt, NULL, 512, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scalars, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_escaped_as_little_as_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(containers, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_become_text_as_json_dumps_does, setup, teardown),
        cmocka_unit_test_setup_teardown(two_keys_with_one_text_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nan_is_spelled_as_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cycle_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_are_described, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_of_objects_have_names, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lies_outside_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(arrays_are_nested_by_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(python_objects_in_arrays_are_values, setup, teardown),
        cmocka_unit_test_setup_teardown(pretty_has_a_line_for_each_part_and_one_for_each_row, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(shared_parts_are_counted_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(shares_write_what_one_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_share_that_fails_says_where, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_end_anywhere, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
