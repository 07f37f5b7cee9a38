#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct codec typed_codec, json_codec;

static const char golden[] = "tests/golden/typed";

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 256 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct value *decoded(const char *text)
{
    struct error err = {0};
    struct value *v = NULL;
    if (!test_decode(&typed_codec, bytes_text(text), &arena, &v, &err))
        fail_msg("%s: %s at %s", text, err.detail, err.pointer);
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
        fail_msg("%s: at %zu: %.*s", name, at, (int)(out.len - at < 60 ? out.len - at : 60),
                 (const char *)out.data + at);
}

static struct bytes golden_file(const char *name, const char *extension)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", golden, name, extension);
    return test_file(path, &arena);
}

static void check_good(const char *name)
{
    const struct bytes in = golden_file(name, "in");
    struct error err = {0};
    struct value *v;
    if (!test_decode(&typed_codec, in, &arena, &v, &err))
        fail_msg("%s: %s at %s", name, err.detail, err.pointer);
    same(name, encoded(&json_codec, v, 4096), golden_file(name, "out"));
    same(name, encoded(&typed_codec, v, 4096), in);
    same(name, encoded(&typed_codec, v, 1), in); /* a second time: the first one left no marks */
}

static void check_bad(const char *name)
{
    const struct bytes expect = golden_file(name, "pointer");
    struct error err = {0};
    struct value *v;
    if (test_decode(&typed_codec, golden_file(name, "in"), &arena, &v, &err))
        fail_msg("%s: accepted", name);
    if (err.kind != ERR_SYNTAX)
        fail_msg("%s: kind %d: %s", name, err.kind, err.detail);
    same(name, bytes_text(err.pointer), bytes_of(expect.data, expect.len - 1));
}

static void golden_cases_give_what_python_gives(void **state)
{
    (void)state;
    DIR *dir = opendir(golden);
    const struct dirent *entry;
    size_t cases = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char name[256];
        const size_t n = strlen(entry->d_name);
        if (n < 3 || strcmp(entry->d_name + n - 3, ".in") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(n - 3), entry->d_name);
        (name[0] == 'y' ? check_good : check_bad)(name);
        cases++;
    }
    closedir(dir);
    assert_true(cases > 150);
}

static void a_reference_is_the_same_node(void **state)
{
    (void)state;
    const struct value *v = decoded("[{\"$id\":[1,{\"$tuple\":[1]}]},{\"$ref\":1},{\"$tuple\":[1]}]");
    assert_int_equal(v->list.items[0]->kind, VALUE_TUPLE);
    assert_ptr_equal(v->list.items[0], v->list.items[1]);
    assert_ptr_not_equal(v->list.items[0], v->list.items[2]);
}

/* Each document is a cycle; it is read, and written again as it was. */
static void cycles_come_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"$id\":[1,[{\"$ref\":1}]]}",
        "{\"$id\":[1,{\"a\":{\"$ref\":1}}]}",
        "{\"$id\":[1,{\"$tuple\":[[{\"$ref\":1}]]}]}",
        "[{\"$id\":[1,{\"$dict\":[[1,{\"$ref\":1}]]}]}]",
        "{\"$id\":[1,{\"$object\":{\"made\":\"newobj\",\"callable\":{\"$global\":[\"m\",\"C\"]},\"args\":{\"$"
        "tuple\":[]},"
        "\"states\":[{\"self\":{\"$ref\":1}}]}}]}",
        "{\"$id\":[1,{\"$object\":{\"made\":\"reduce\",\"callable\":{\"$global\":[\"m\",\"C\"]},"
        "\"args\":{\"$tuple\":[{\"$ref\":1}]}}}]}",
        "{\"$id\":[1,{\"$set\":[{\"$object\":{\"made\":\"newobj\",\"callable\":{\"$global\":[\"m\",\"C\"]},"
        "\"args\":{\"$tuple\":[]},\"states\":[{\"set\":{\"$ref\":1}}]}}]}]}",
        "{\"$id\":[1,{\"$ndarray\":{\"dtype\":\"|O\",\"shape\":[1],\"data\":[{\"$ref\":1}]}}]}",
        "{\"$id\":[1,{\"$slice\":[null,null,[{\"$ref\":1}]]}]}",
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        same(rows[i], encoded(&typed_codec, decoded(rows[i]), 4096), bytes_text(rows[i]));
}

static void equal_keys_and_items_are_united_as_python_does(void **state)
{
    (void)state;
    same("dict",
         encoded(&typed_codec, decoded("{\"$dict\":[[1,\"a\"],[2,\"b\"],[1.0,\"c\"],[true,\"d\"]]}"), 4096),
         bytes_text("{\"$dict\":[[1,\"d\"],[2,\"b\"]]}"));
    same(
        "set",
        encoded(&typed_codec, decoded("{\"$set\":[1,\"1\",true,{\"$tuple\":[1]},{\"$tuple\":[1.0]}]}"), 4096),
        bytes_text("{\"$set\":[1,\"1\",{\"$tuple\":[1]}]}"));
}

static void readers_take_what_writers_do_not_write(void **state)
{
    (void)state;
    const struct value *v =
        decoded("[{\"$int\":\"12\"},{\"$int\":\"-99999999999999999999\"},{\"$a\":1,\"$b\":2},"
                "{\"$id\":[1,\"ab\"]},{\"$ref\":1}]");
    assert_int_equal(v->list.items[0]->integer, 12);
    assert_int_equal(v->list.items[1]->kind, VALUE_BIGINT);
    assert_int_equal(v->list.items[2]->dict.count, 2);
    assert_ptr_equal(v->list.items[3], v->list.items[4]);
}

static void a_float_keeps_its_bits(void **state)
{
    (void)state;
    const struct value *v = decoded("[{\"$float\":\"fff80000000000ff\"},-0.0]");
    uint64_t bits;
    memcpy(&bits, &v->list.items[0]->real, sizeof bits);
    assert_true(bits == 0xfff80000000000ff);
    memcpy(&bits, &v->list.items[1]->real, sizeof bits);
    assert_true(bits == 1ULL << 63);
}

static void fortran_memory_stays_as_it_lies(void **state)
{
    (void)state;
    const struct value *v =
        decoded("{\"$ndarray\":{\"dtype\":\"|u1\",\"shape\":[2,3],\"order\":\"F\",\"data\":\"AQQCBQMG\"}}");
    assert_true(v->array->fortran);
    assert_memory_equal(v->array->data, "\1\4\2\5\3\6", 6);
}

/* Blocks of three elements of five bytes: base64 goes on from one to the next. */
static bool read_window(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    (void)err;
    assert_true(capacity >= box->count[0] * 5);
    for (uint64_t i = 0; i < box->count[0]; i++)
        memcpy(window + i * 5, (const char *)self + (box->start[0] + i) * 5, 5);
    return true;
}

static void an_array_in_blocks_is_one_text(void **state)
{
    (void)state;
    enum { COUNT = 100001 };
    uint8_t *bytes = arena_alloc(&arena, COUNT, 5);
    for (size_t i = 0; i < (size_t)COUNT * 5; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    const struct array_source source = {.self = bytes, .read = read_window};
    const uint64_t shape[] = {COUNT};
    const struct array a = array_of_source(dtype_make(DTYPE_VOID, 5), 1, shape, &source);
    const struct bytes text = encoded(&typed_codec, value_array(&arena, &a), 4096);
    struct value *v;
    struct error err = {0};
    assert_true(test_decode(&typed_codec, text, &arena, &v, &err));
    assert_memory_equal(v->array->data, bytes, (size_t)COUNT * 5);
}

static void deep_values_come_back(void **state)
{
    (void)state;
    struct value *v = value_new(&arena, VALUE_TUPLE);
    for (int i = 0; i < 9000; i++) {
        struct value *outer = value_new(&arena, VALUE_TUPLE);
        assert_true(value_append(&arena, &outer->list, v));
        v = outer;
    }
    const struct bytes text = encoded(&typed_codec, v, 4096);
    struct error err = {0};
    struct value *again;
    assert_true(test_decode(&typed_codec, text, &arena, &again, &err));
    same("deep", encoded(&typed_codec, again, 4096), text);
}

/* 2^60 lists, by sharing. */
static void a_shared_part_is_written_once(void **state)
{
    (void)state;
    struct value *v = value_new(&arena, VALUE_LIST);
    for (int i = 0; i < 60; i++) {
        struct value *outer = value_new(&arena, VALUE_LIST);
        assert_true(value_append(&arena, &outer->list, v) && value_append(&arena, &outer->list, v));
        v = outer;
    }
    const struct bytes text = encoded(&typed_codec, v, 4096);
    assert_true(text.len < 3000);
    struct error err = {0};
    struct value *again;
    assert_true(test_decode(&typed_codec, text, &arena, &again, &err));
    same("shared", encoded(&typed_codec, again, 4096), text);
}

static const char rich[] =
    "[{\"$id\":[1,{\"$dict\":[[1,{\"$ref\":1}],[{\"$tuple\":[1,\"a\"]},{\"$set\":[1,2]}]]}]},{\"$complex\":["
    "1,2]},"
    "{\"$ndarray\":{\"dtype\":[[\"a\",\"<i4\"]],\"shape\":[1],\"data\":\"AQAAAA==\"}},{\"$int\":"
    "\"99999999999999999999\"},"
    "{\"$ndarray\":{\"dtype\":\"|O\",\"shape\":[2,2],\"order\":\"F\",\"data\":[1,2,3,4]}},{\"$bytes\":\"YWI="
    "\"},"
    "{\"$object\":{\"made\":\"reduce\",\"callable\":{\"$global\":[\"m\",\"C\"]},\"args\":{\"$tuple\":[]},"
    "\"pairs\":[[1,2]]}}]";

static void a_document_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n + 1 < sizeof rich; n++) {
        uint8_t *exact = malloc(n == 0 ? 1 : n);
        struct error err = {0};
        struct value *v;
        memcpy(exact, rich, n);
        assert_false(test_decode(&typed_codec, bytes_of(exact, n), &arena, &v, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
        free(exact);
    }
}

static bool decode_and_encode(struct arena *a, void *arg, struct error *err)
{
    struct value *v;
    struct encoder *e;
    struct sink sink;
    enum step step;
    (void)arg;
    if (!test_decode(&typed_codec, bytes_text(rich), a, &v, err) ||
        !encoder_new(&typed_codec, v, &codec_options_default, &limits_default, a, &e, err))
        return false;
    assert_true(sink_init(&sink, 4096));
    while ((step = encoder_run(e, &sink, err)) == STEP_MORE)
        sink.taken = sink.len = 0;
    sink_deinit(&sink);
    return step == STEP_DONE;
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    test_failing_arena(decode_and_encode, NULL, 64, 4000);
}

static void pretty_reads_back(void **state)
{
    (void)state;
    struct bytes out;
    struct error err = {0};
    struct value *v = decoded(rich), *again;
    const struct bytes compact = encoded(&typed_codec, v, 4096);
    assert_true(
        test_encode(&typed_codec, v, &(struct codec_options){.pretty = true}, 4096, &arena, &out, &err));
    assert_true(test_decode(&typed_codec, out, &arena, &again, &err));
    same("pretty", encoded(&typed_codec, again, 4096), compact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(golden_cases_give_what_python_gives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reference_is_the_same_node, setup, teardown),
        cmocka_unit_test_setup_teardown(cycles_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_keys_and_items_are_united_as_python_does, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_take_what_writers_do_not_write, setup, teardown),
        cmocka_unit_test_setup_teardown(a_float_keeps_its_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(fortran_memory_stays_as_it_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(an_array_in_blocks_is_one_text, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_values_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_part_is_written_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_document_cut_anywhere_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_end_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(pretty_reads_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
