/* Tables: every encoder, any chunk size, short memory; what pandas' objects mean after a way through a
 * pickle. */
#include "support.h"

#include "table.h"

extern const struct codec pickle_codec, json_codec, typed_codec, csv_codec, npy_codec, hdf5_codec;

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

#define A "{\"$ndarray\":{\"dtype\":\"<i8\",\"shape\":[2],\"data\":\"AQAAAAAAAAACAAAAAAAAAA==\"}}"
#define B "{\"$ndarray\":{\"dtype\":\"<f8\",\"shape\":[2],\"data\":\"AAAAAAAA4D8AAAAAAAD4fw==\"}}"
#define C "{\"$ndarray\":{\"dtype\":\"|O\",\"shape\":[2],\"data\":[\"x\",null]}}"

static const char frame[] =
    "{\"$table\":{\"rows\":2,\"columns\":[[\"a\"," A "],[\"b\"," B "],[\"c\"," C "]]}}";
static const char levels[] =
    "{\"$table\":{\"rows\":2,\"index\":[[null," A "],[\"k\"," C "]],\"columns\":[[\"b\"," B "]]}}";
static const char twins[] = "{\"$table\":{\"rows\":2,\"columns\":[[\"a\"," A "],[\"a\"," B "]]}}";
static const char clash[] =
    "{\"$table\":{\"rows\":2,\"index\":[[null," A "]],\"columns\":[[\"index\"," B "]]}}";
static const char series[] = "{\"$table\":{\"rows\":2,\"series\":true,\"columns\":[[null," B "]]}}";
static const char named[] =
    "{\"$table\":{\"rows\":2,\"series\":true,\"index\":[[\"k\"," A "]],\"columns\":[[\"s\"," B "]]}}";
static const char empty[] = "{\"$table\":{\"rows\":2}}";

static struct value *decoded(const struct codec *codec, struct bytes text)
{
    struct value *v;
    struct error err = {0};
    if (!test_decode(codec, text, &arena, &v, &err))
        fail_msg("%.*s: %s", (int)text.len, (const char *)text.data, err.detail);
    return v;
}

static struct value *typed(const char *text)
{
    return decoded(&typed_codec, bytes_text(text));
}

/* ---- JSON: expected is what pandas 1.5 gives: to_dict("records"), to_dict("list"), to_json(orient="split")
 * ---- */

static const struct {
    const char *table, *expected[3]; /* by enum table_form; NULL: refused */
} forms[] = {
    {frame,
     {"[{\"a\":1,\"b\":0.5,\"c\":\"x\"},{\"a\":2,\"b\":null,\"c\":null}]",
      "{\"a\":[1,2],\"b\":[0.5,null],\"c\":[\"x\",null]}",
      "{\"columns\":[\"a\",\"b\",\"c\"],\"index\":[0,1],\"data\":[[1,0.5,\"x\"],[2,null,null]]}"}},
    {levels,
     {"[{\"level_0\":1,\"k\":\"x\",\"b\":0.5},{\"level_0\":2,\"k\":null,\"b\":null}]",
      "{\"level_0\":[1,2],\"k\":[\"x\",null],\"b\":[0.5,null]}",
      "{\"columns\":[\"b\"],\"index\":[[1,\"x\"],[2,null]],\"data\":[[0.5],[null]]}"}},
    {twins, {NULL, NULL, "{\"columns\":[\"a\",\"a\"],\"index\":[0,1],\"data\":[[1,0.5],[2,null]]}"}},
    {clash,
     {"[{\"level_0\":1,\"index\":0.5},{\"level_0\":2,\"index\":null}]",
      "{\"level_0\":[1,2],\"index\":[0.5,null]}",
      "{\"columns\":[\"index\"],\"index\":[1,2],\"data\":[[0.5],[null]]}"}},
    {series, {"[0.5,null]", "[0.5,null]", "{\"name\":null,\"index\":[0,1],\"data\":[0.5,null]}"}},
    {named,
     {"[{\"k\":1,\"s\":0.5},{\"k\":2,\"s\":null}]", "{\"k\":[1,2],\"s\":[0.5,null]}",
      "{\"name\":\"s\",\"index\":[1,2],\"data\":[0.5,null]}"}},
    {empty, {"[{},{}]", "{}", "{\"columns\":[],\"index\":[0,1],\"data\":[[],[]]}"}},
};

static void json_has_three_forms(void **state)
{
    (void)state;
    static const size_t chunks[] = {1, 7, 4096};
    for (size_t i = 0; i < ROWS(forms); i++)
        for (size_t form = 0; form < ROWS(forms[i].expected); form++)
            for (size_t c = 0; c < ROWS(chunks); c++) {
                struct codec_options options = codec_options_default;
                struct bytes out;
                struct error err = {0};
                const char *expected = forms[i].expected[form];
                options.table = (enum table_form)form;
                const bool ok =
                    test_encode(&json_codec, typed(forms[i].table), &options, chunks[c], &arena, &out, &err);
                if (!ok && expected == NULL)
                    assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
                else if (!ok || expected == NULL || !bytes_is(out, expected))
                    fail_msg("%s, form %zu: %s%.*s", forms[i].table, form, err.detail, ok ? (int)out.len : 0,
                             (const char *)out.data);
            }
}

static void json_is_the_same_with_line_breaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(forms); i++)
        for (size_t form = 0; form < ROWS(forms[i].expected); form++) {
            struct codec_options options = codec_options_default;
            struct bytes out, again;
            struct error err = {0};
            if (forms[i].expected[form] == NULL)
                continue;
            options.table = (enum table_form)form;
            options.pretty = true;
            assert_true(test_encode(&json_codec, typed(forms[i].table), &options, 4096, &arena, &out, &err));
            assert_true(test_encode(&json_codec, decoded(&json_codec, out), &codec_options_default, 4096,
                                    &arena, &again, &err));
            if (!bytes_is(again, forms[i].expected[form]))
                fail_msg("%.*s", (int)out.len, (const char *)out.data);
        }
}

/* ---- there and back ---- */

static void tables_come_back_from_pickle_and_hdf5(void **state)
{
    static const char *const tables[] = {frame, levels, twins, clash, series, named, empty};
    static const struct codec *const through[] = {&pickle_codec, &hdf5_codec};
    (void)state;
    for (size_t i = 0; i < ROWS(tables); i++)
        for (size_t c = 0; c < ROWS(through); c++)
            for (int protocol = 0; protocol <= (c == 0 ? 5 : 0); protocol++) {
                struct codec_options options = codec_options_default;
                struct bytes out, again;
                struct error err = {0};
                options.protocol = protocol;
                if (!test_encode(through[c], typed(tables[i]), &options, 4096, &arena, &out, &err))
                    fail_msg("%s as %s: %s", tables[i], through[c]->name, err.detail);
                struct value *v = value_meaning(decoded(through[c], out));
                assert_int_equal(v->kind, VALUE_TABLE);
                assert_true(test_encode(&typed_codec, v, &codec_options_default, 4096, &arena, &again, &err));
                if (!bytes_is(again, tables[i]))
                    fail_msg("%s by %s %d: %.*s", tables[i], through[c]->name, protocol, (int)again.len,
                             (const char *)again.data);
            }
}

/* ---- paths ---- */

static void paths_lead_to_columns(void **state)
{
    static const struct {
        const char *table, *path, *expected;
    } paths[] = {
        {frame, "/b", "[0.5,null]"},
        {frame, "/columns/c", "[\"x\",null]"},
        {frame, "/columns", "{\"a\":[1,2],\"b\":[0.5,null],\"c\":[\"x\",null]}"},
        {frame, "/index", "[0,1]"},
        {levels, "/index", "{\"level_0\":[1,2],\"k\":[\"x\",null]}"},
        {levels, "/index/k", "[\"x\",null]"},
        {levels, "/level_0", "[1,2]"},
        {clash, "/index", "[0.5,null]"},
        {clash, "/level_0", "[1,2]"},
        {series, "/0", "[0.5,null]"},
        {named, "/s", "[0.5,null]"},
        {named, "/index", "[1,2]"},
        {frame, "/d", NULL},
        {twins, "/a", "[1,2]"},
        {twins, "/columns", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct value *v;
        struct bytes out;
        struct error err = {0};
        const bool found = value_at(typed(paths[i].table), bytes_text(paths[i].path), &arena, &v, &err);
        assert_int_equal(found, paths[i].expected != NULL);
        if (!found)
            continue;
        assert_true(test_encode(&json_codec, v, &codec_options_default, 4096, &arena, &out, &err));
        assert_true(bytes_is(out, paths[i].expected));
    }
}

/* ---- short memory ---- */

struct work {
    const struct codec *codec;
    struct codec_options options;
    const char *table;
    struct bytes pickle;
};

static bool encode_attempt(struct arena *small, void *arg, struct error *err)
{
    struct encoder *e;
    const struct work *w = arg;
    return encoder_new(w->codec, typed(w->table), &w->options, &limits_default, small, &e, err);
}

/* What has no room for its meaning may stay an object, too. */
static bool decode_attempt(struct arena *small, void *arg, struct error *err)
{
    struct value *v;
    const struct work *w = arg;
    return test_decode(&pickle_codec, w->pickle, small, &v, err) &&
           (value_meaning(v)->kind == VALUE_TABLE || arena_fail(small, err));
}

static void every_failing_allocation_is_an_error(void **state)
{
    static const struct codec *const codecs_here[] = {&json_codec, &csv_codec, &npy_codec, &pickle_codec};
    static const char *const tables[] = {frame, levels, series, named};
    (void)state;
    for (size_t i = 0; i < ROWS(tables); i++) {
        struct work w = {.options = codec_options_default, .table = tables[i]};
        struct error err = {0};
        for (size_t c = 0; c < ROWS(codecs_here); c++) {
            w.codec = codecs_here[c];
            if (w.codec != &npy_codec || tables[i] == series)
                test_failing_arena(encode_attempt, &w, 64, 4000);
        }
        assert_true(test_encode(&pickle_codec, typed(tables[i]), &w.options, 4096, &arena, &w.pickle, &err));
        test_failing_arena(decode_attempt, &w, 64, 4000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_has_three_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(json_is_the_same_with_line_breaks, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_come_back_from_pickle_and_hdf5, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_lead_to_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
