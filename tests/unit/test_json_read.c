#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct codec json_codec;

static const char golden[] = "tests/golden/json";

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
    if (!test_decode(&json_codec, bytes_text(text), &arena, &v, &err))
        fail_msg("%s: %s", text, err.detail);
    return v;
}

static struct bytes golden_file(const char *name, const char *extension)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", golden, name, extension);
    return test_file(path, &arena);
}

/* What Python's json module writes of it is what we write of it. */
static void check_good(const char *name)
{
    const struct bytes expect = golden_file(name, "out");
    const struct codec_options options = {.nan = NAN_LITERAL};
    struct error err = {0};
    struct value *v;
    struct bytes out;
    if (!test_decode(&json_codec, golden_file(name, "in"), &arena, &v, &err))
        fail_msg("%s: refused at %zu: %s", name, err.offset, err.detail);
    assert_true(test_encode(&json_codec, v, &options, 4096, &arena, &out, &err));
    if (!bytes_equal(out, expect))
        fail_msg("%s: %.*s", name, (int)out.len, (const char *)out.data);
}

static void check_bad(const char *name)
{
    const struct bytes offset = golden_file(name, "offset");
    struct error err = {0};
    struct value *v;
    if (test_decode(&json_codec, golden_file(name, "in"), &arena, &v, &err))
        fail_msg("%s: accepted", name);
    assert_int_equal(err.kind, ERR_SYNTAX);
    if (err.offset != strtoul((const char *)offset.data, NULL, 10))
        fail_msg("%s: refused at %zu: %s", name, err.offset, err.detail);
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
    assert_true(cases > 120);
}

/* Memory that ends where the document ends, so that the sanitizer sees a byte read too many. */
static void a_document_cut_anywhere_is_refused_at_its_end(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"key\":\"a\\u00e9\\ud83d\\ude00\",\"b\":[-1.5e-7,true,false,null,\"12345678\"]}]";
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        uint8_t *exact = malloc(n == 0 ? 1 : n);
        struct error err = {0};
        struct value *v;
        memcpy(exact, text, n);
        assert_false(test_decode(&json_codec, bytes_of(exact, n), &arena, &v, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
        assert_true(err.offset <= n);
        assert_true(strlen(err.detail) > 0);
        free(exact);
    }
}

static void equal_keys_are_one_node(void **state)
{
    (void)state;
    const struct value *v = decoded("[{\"key\":1,\"x\":2},{\"x\":3,\"k\\u0065y\":\"key\"}]");
    const struct value_pairs *a = &v->list.items[0]->dict, *b = &v->list.items[1]->dict;
    assert_ptr_equal(a->items[0].key, b->items[1].key);
    assert_ptr_equal(a->items[1].key, b->items[0].key);
    assert_ptr_not_equal(b->items[1].value,
                         b->items[1].key); /* a value that equals a key is another string */
    assert_int_equal(a->items[0].key->mark, 0);
    assert_int_equal(a->items[1].key->mark, 0);
}

static void short_strings_are_one_node(void **state)
{
    (void)state;
    const struct value *v = decoded(
        "[\"a\",{\"a\":\"\"},\"\\u00e9\",\"\xc3\xa9\",{\"\":\"a\"},\"ab\",\"ab\",\"\xc4\x80\",\"\xc4\x80\"]");
    struct value *const *items = v->list.items;
    assert_ptr_equal(items[0], items[1]->dict.items[0].key);
    assert_ptr_equal(items[0], items[4]->dict.items[0].value);
    assert_ptr_equal(items[1]->dict.items[0].value, items[4]->dict.items[0].key);
    assert_ptr_equal(items[2], items[3]);
    assert_ptr_not_equal(items[5], items[6]);
    assert_ptr_not_equal(items[7], items[8]);
}

static void a_string_without_escapes_is_a_view(void **state)
{
    (void)state;
    static const char text[] = "[\"plain text\"]";
    const struct value *v = decoded(text);
    assert_ptr_equal(v->list.items[0]->text.data, text + 2);
}

static void surrogates_are_flagged(void **state)
{
    (void)state;
    const struct value *v = decoded("[\"\\ud83d\",\"\\ud83d\\ude00\"]");
    assert_int_equal(v->list.items[0]->flags, VALUE_SURROGATES);
    assert_int_equal(v->list.items[1]->flags, 0);
}

/* 100,000 keys of one object, each twice: quadratic work would be seen. */
static void many_equal_keys_cost_no_more_than_others(void **state)
{
    (void)state;
    enum { KEYS = 100000 };
    char *text = malloc((size_t)KEYS * 2 * 16 + 3), *p = text;
    *p++ = '{';
    for (int i = 0; i < 2 * KEYS; i++)
        p += sprintf(p, "%s\"%d\":%d", i == 0 ? "" : ",", i % KEYS, i);
    strcpy(p, "}");
    const struct value *v = decoded(text);
    assert_int_equal(v->dict.count, KEYS);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(v->dict.items[i].value->integer, i + KEYS);
    free(text);
}

static void check_limit(const char *text, size_t len, const struct limits *limits, const char *name)
{
    struct error err = {0};
    struct value *v;
    const struct input in = input_of_bytes(bytes_of(text, len));
    assert_false(json_codec.decode(&in, &codec_options_default, limits, &arena, &v, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, name);
}

static void limits_are_kept(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    char *deep = malloc(DEEP);
    struct limits limits = limits_default;
    memset(deep, '[', DEEP);
    check_limit(deep, DEEP, &limits, "depth");
    limits.nodes = 3;
    check_limit("[1,2,3]", 7, &limits, "nodes");
    limits.digits = 20;
    check_limit("123456789012345678901", 21, &limits, "digits");
    free(deep);
}

static bool attempt(struct arena *a, void *arg, struct error *err)
{
    struct value *v;
    return test_decode(&json_codec, bytes_text(arg), a, &v, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    char text[20000], *p = text;
    *p++ = '[';
    for (int i = 0; i < 500; i++)
        p += sprintf(p, "{\"k%d\":\"\\n\",\"a\":%d.5},", i, i);
    strcpy(p, "123456789012345678901234567890]");
    test_failing_arena(attempt, text, 256, 4000);
}

static void json_is_told_by_its_first_token(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool json;
    } rows[] = {
        {"{", true},     {" {\"a\"", true}, {"{}", true},    {"{x", false},     {"[1", true},
        {"[", true},     {"[x", false},     {"\"abc", true}, {"-1.5\n", true},  {"12", true},
        {"12 x", false}, {"tru", true},     {"true ", true}, {"truex", false},  {"nul", true},
        {"name", false}, {"", false},       {" ", false},    {"(dp0\n", false}, {"false", true},
        {"<x>", false},  {"I1\n.", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        if ((json_codec.sniff(bytes_text(rows[i].head)) > 0) != rows[i].json)
            fail_msg("%s", rows[i].head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(golden_cases_give_what_python_gives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_document_cut_anywhere_is_refused_at_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_keys_are_one_node, setup, teardown),
        cmocka_unit_test_setup_teardown(short_strings_are_one_node, setup, teardown),
        cmocka_unit_test_setup_teardown(a_string_without_escapes_is_a_view, setup, teardown),
        cmocka_unit_test_setup_teardown(surrogates_are_flagged, setup, teardown),
        cmocka_unit_test_setup_teardown(many_equal_keys_cost_no_more_than_others, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_end_anywhere, setup, teardown),
        cmocka_unit_test(json_is_told_by_its_first_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
