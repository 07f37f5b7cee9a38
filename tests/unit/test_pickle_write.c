#include "show.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct codec pickle_codec;

enum { SHOWN = 1 << 16 };

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 30);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct bytes unhex(const char *text, size_t len)
{
    uint8_t *out = arena_alloc(&arena, 1, len / 2 + 1);
    assert_non_null(out);
    for (size_t i = 0; i < len / 2; i++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return bytes_of(out, len / 2);
}

static uint64_t fnv(struct bytes b)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.data[i]) * 0x100000001b3;
    return h;
}

static struct bytes encode(struct value *v, int protocol, size_t chunk)
{
    struct codec_options options = codec_options_default;
    struct error err = {0};
    struct bytes out;
    options.protocol = protocol;
    if (!test_encode(&pickle_codec, v, &options, chunk, &arena, &out, &err))
        fail_msg("protocol %d: %s", protocol, err.detail);
    return out;
}

static struct value *decode(struct bytes in)
{
    struct error err = {0};
    struct value *v;
    if (!test_decode(&pickle_codec, in, &arena, &v, &err))
        fail_msg("%s", err.detail);
    return v;
}

static const char *show(const struct value *v)
{
    char *out = arena_alloc(&arena, 1, SHOWN);
    assert_non_null(out);
    test_show(v, &arena, out, SHOWN);
    return out;
}

/* The next word of a line, ended. */
static char *word(char **line)
{
    char *start = *line, *end = start + strcspn(start, " \n");
    *line = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

/* Whoever takes it a byte at a time gets the same. */
static void plain_values_are_written_as_python_writes_them(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/pickle/write.txt", "r");
    char *line = NULL;
    size_t size = 0, rows = 0;
    assert_non_null(f);
    for (; getline(&line, &size, f) > 0; rows++) {
        char *at = line;
        const int protocol = atoi(word(&at));
        const char *source = word(&at);
        const struct bytes in = unhex(source, strlen(source));
        const size_t len = strtoul(word(&at), NULL, 10);
        const uint64_t hash = strtoull(word(&at), NULL, 16);
        const char *start = word(&at);
        static const size_t chunks[] = {1, 4096};
        for (size_t i = 0; i < ROWS(chunks); i++) {
            const struct bytes out = encode(decode(in), protocol, chunks[i]);
            const struct bytes head = unhex(start, strlen(start));
            assert_true(out.len >= head.len);
            assert_memory_equal(out.data, head.data, head.len);
            if (out.len != len || fnv(out) != hash)
                fail_msg("protocol %d of %s: %zu bytes", protocol, source, out.len);
        }
        arena_free(&arena);
    }
    free(line);
    fclose(f);
    assert_true(rows > 50);
}

static struct value *filled(char c, const char *utf8, size_t len, bool bytes)
{
    uint8_t *data = arena_alloc(&arena, 1, len);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(utf8 == NULL ? c : utf8[i % 2]);
    return bytes ? value_bytes(&arena, bytes_of(data, len)) : value_str(&arena, bytes_of(data, len));
}

static struct value *put(struct value *list, struct value *item)
{
    assert_non_null(item);
    assert_true(value_append(&arena, &list->list, item));
    return list;
}

/* big() of make.py: several frames, and what is too large to be in one. */
static struct value *big_value(void)
{
    enum { N = 40000 };
    struct value *root = value_new(&arena, VALUE_LIST), *ints = value_new(&arena, VALUE_LIST),
                 *texts = value_new(&arena, VALUE_LIST);
    for (int i = 0; i < N; i++) {
        put(ints, value_int(&arena, i));
        put(texts, value_text(&arena, arena_printf(&arena, "%d", i)));
    }
    put(put(root, ints), filled(0, "\xc3\xa9", 80000, false));
    put(put(root, filled('z', NULL, 65536, true)), filled('q', NULL, 65535, false));
    return put(put(root, texts), value_float(&arena, 1.5));
}

static void frames_are_those_of_python(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/pickle/frames.txt", "r");
    int protocol, rows = 0;
    size_t len;
    unsigned long long hash;
    assert_non_null(f);
    for (; fscanf(f, "%d %zu %llx", &protocol, &len, &hash) == 3; rows++) {
        const struct bytes out = encode(big_value(), protocol, 5000);
        assert_int_equal(out.len, len);
        assert_int_equal(fnv(out), hash);
        arena_free(&arena);
    }
    fclose(f);
    assert_int_equal(rows, 6);
}

/* Everything that is read, arrays too, is the same after it was written with any protocol. */
static void what_was_read_comes_back(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/pickle/read.txt", "r");
    char *line = NULL;
    size_t size = 0;
    assert_non_null(f);
    while (getline(&line, &size, f) > 0) {
        char *at = line;
        const char *source = word(&at);
        if (at[0] == '!')
            continue;
        const struct bytes in = unhex(source, strlen(source));
        for (int protocol = 0; protocol <= 5; protocol++) {
            struct value *v = decode(in);
            const char *before = show(v);
            assert_string_equal(show(decode(encode(v, protocol, 100))), before);
        }
        arena_free(&arena);
    }
    free(line);
    fclose(f);
}

static void objects_come_back_by_what_each_protocol_has(void **state)
{
    static const struct {
        const char *pickle;
        size_t len;
        int protocol;
        const char *expect; /* NULL: as it was */
    } rows[] = {
#define ROW(pickle, protocol, expect) {pickle, sizeof(pickle) - 1, protocol, expect}
        ROW("cm\nC\n(K\1K\2tR}b.", 0, NULL),
        ROW("cm\nC\n(K\1K\2tR}b.", 5, NULL),
        ROW("cm\nC\n)\x81}X\1\0\0\0aK\1sb.", 0, NULL),
        ROW("cm\nC\n(K\1K\2t\x81}b.", 1, NULL),
        ROW("cm\nC\n)\x81}X\1\0\0\0aK\1sb.", 4, NULL),
        ROW("cm\nC\n)}X\1\0\0\0aK\1s\x92.", 4, NULL),
        ROW("cm\nC\nK\5\x85}X\1\0\0\0aK\1s\x92.", 2,
            "reduce reduce functools:partial(reduce builtins:getattr(m:C, text 5f5f6e65775f5f, ), ) "
            "states[(reduce builtins:getattr(m:C, text 5f5f6e65775f5f, ), (m:C, 5, ), {text 61: 1, }, None, "
            "), ]()"),
        ROW("(K\1im\nC\n}b.", 0, NULL),
        ROW("c__builtin__\ncomplex\n(K\1K\2tR)R.", 4, NULL), /* a call of a number stays one */
        ROW("(K\1im\nC\n}b.", 4, NULL),
        ROW("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR}b.", 4, NULL),
        ROW("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR}b.", 0, NULL),
        ROW("cm\nC\n)\x81(K\1K\2eK\3a(K\1K\2u}b.", 0, NULL),
        ROW("cm\nC\n)\x81(K\1K\2eK\3a(K\1K\2u}b.", 4, NULL),
        ROW("cm\nC\n)\x81(K\1\x90.", 4, NULL),
        ROW("Pa b\n.", 0, NULL),
        ROW("Pa b\n.", 4, NULL),
        ROW("(K\1K\2K\3K\4tQ.", 2, NULL),
        ROW("\x82\1\x83\1\1\x84\1\1\1\0\x87.", 2, NULL),
        ROW("\x97\x97\x98\x86.", 5, NULL),
        ROW("c__builtin__\nunicode\n.", 2, NULL),
        ROW("\x80\4X\1\0\0\0mX\5\0\0\0A.B.C\x93.", 4, NULL),
        ROW("\x80\4X\1\0\0\0mX\5\0\0\0A.B.C\x93.", 2,
            "reduce builtins:getattr(reduce builtins:getattr(m:A, text 42, ), text 43, )"),
        ROW("U\2\xc3\xa9.", 0, NULL),
        ROW("U\1\xff.", 4, NULL),
        ROW("U\3a'\\.", 0, NULL),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct value *v = decode(bytes_of(rows[i].pickle, rows[i].len));
        const char *before = show(v);
        const char *after = show(decode(encode(v, rows[i].protocol, 1)));
        assert_string_equal(after, rows[i].expect != NULL ? rows[i].expect : before);
    }
}

static void what_a_protocol_cannot_say_is_refused(void **state)
{
    static const struct {
        const char *pickle;
        size_t len;
        int protocol;
    } rows[] = {
        {"cm\nC\n)\x81(K\1\x90.", 12, 3},
        {"\x97.", 2, 4},
        {"\x82\1.", 3, 1},
        {"\x80\4X\2\0\0\0\xc3\xa9X\1\0\0\0A\x93.", 17, 2},
        {"\x80\4X\2\0\0\0m\nX\1\0\0\0A\x93.", 17, 3},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct codec_options options = codec_options_default;
        struct error err = {0};
        struct bytes out;
        options.protocol = rows[i].protocol;
        struct value *v = decode(bytes_of(rows[i].pickle, rows[i].len));
        assert_false(test_encode(&pickle_codec, v, &options, 100, &arena, &out, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    }
}

/* The dict and its neighbours are such as are written without the walk, but for this one value. */
static void the_place_of_a_failure_is_told(void **state)
{
    (void)state;
    struct value *list = value_new(&arena, VALUE_LIST), *dict = value_new(&arena, VALUE_DICT);
    uint8_t *big = arena_alloc(&arena, 50000, 1);
    assert_non_null(big);
    big[49998] = 1;
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "small"), value_int(&arena, 1)));
    assert_true(value_put(&arena, &dict->dict, value_text(&arena, "big"),
                          value_integer(&arena, bytes_of(big, 50000))));
    put(list, value_float(&arena, 1.5));
    put(list, dict);
    struct codec_options options = codec_options_default;
    struct error err = {0};
    struct bytes out;
    options.protocol = 0;
    assert_false(test_encode(&pickle_codec, list, &options, 100, &arena, &out, &err));
    assert_string_equal(err.limit, "digits");
    assert_string_equal(err.pointer, "/1/big");
}

/* Made inside of its own arguments: an object is written once, and the second one is dropped. */
static void cycles_through_arguments_end(void **state)
{
    (void)state;
    static const char pickle[] = "cm\nC\n]q\0\x85Rq\1h\0h\1a0h\1.";
    for (int protocol = 0; protocol <= 5; protocol++) {
        struct value *v = decode(bytes_of(pickle, sizeof pickle - 1));
        v = decode(encode(v, protocol, 1));
        assert_int_equal(v->kind, VALUE_OBJECT);
        const struct value *list = v->object->args->list.items[0];
        assert_int_equal(list->list.count, 1);
        assert_ptr_equal(list->list.items[0], v);
    }
}

/* Whoever takes it a byte at a time gets the same; the expected bytes are pickletools.optimize()'s. */
static void unused_memo_entries_are_left_out(void **state)
{
    static const struct {
        const char *pickle;
        size_t len;
        int protocol;
        const char *expect;
        size_t expect_len;
    } rows[] = {
#define ROW(pickle, protocol, expect) {pickle, sizeof(pickle) - 1, protocol, expect, sizeof(expect) - 1}
        ROW("]q\0(X\1\0\0\0bq\1]q\2h\2h\1e.", 4,
            "\x80\4\x95\16\0\0\0\0\0\0\0](\x8c\1"
            "b\x94]\x94h\1h\0e."),
        ROW("]q\0(X\1\0\0\0bq\1]q\2h\2h\1e.", 1, "](X\1\0\0\0bq\0]q\1h\1h\0e."),
        ROW("]q\0(X\1\0\0\0bq\1]q\2h\2h\1e.", 0, "(lVb\np0\na(lp1\nag1\nag0\na."),
        ROW("]q\0h\0a.", 2, "\x80\2]q\0h\0a."),
        ROW("]q\0(K\1K\2\x86"
            "e.",
            5,
            "\x80\5\x95\10\0\0\0\0\0\0\0]K\1K\2\x86"
            "a."),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        for (size_t chunk = 1; chunk <= 4096; chunk *= 4096) {
            struct codec_options options = codec_options_default;
            struct error err = {0};
            struct bytes out;
            options.protocol = rows[i].protocol;
            options.optimize = true;
            struct value *v = decode(bytes_of(rows[i].pickle, rows[i].len));
            assert_true(test_encode(&pickle_codec, v, &options, chunk, &arena, &out, &err));
            assert_int_equal(out.len, rows[i].expect_len);
            assert_memory_equal(out.data, rows[i].expect, out.len);
        }
}

/* ---- arrays that lie elsewhere ---- */

struct counting {
    bool texts;
};

/* 0, 1, 2 ... or their decimals. */
static bool read_counts(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    static const char digits[] = "0123456789";
    (void)capacity;
    (void)err;
    for (uint64_t i = 0; i < box->count[0]; i++) {
        const int64_t n = (int64_t)(box->start[0] + i * box->step[0]);
        const struct bytes text = bytes_of(digits + n % 10, 1);
        if (((struct counting *)self)->texts)
            memcpy(window + i * sizeof text, &text, sizeof text);
        else
            memcpy(window + i * sizeof n, &n, sizeof n);
    }
    return true;
}

static struct value *array_from_source(struct counting *self, struct dtype dtype, uint64_t *count)
{
    struct array_source *source = arena_alloc(&arena, 1, sizeof *source);
    *source = (struct array_source){.self = self, .read = read_counts};
    const struct array a = array_of_source(dtype, 1, count, source);
    return value_array(&arena, &a);
}

static void an_array_is_read_block_by_block(void **state)
{
    (void)state;
    for (int protocol = 0; protocol <= 5; protocol++) {
        struct counting self = {0};
        uint64_t count = protocol < 3 ? 300 : 100000;
        struct value *v = array_from_source(&self, dtype_make(DTYPE_INT, 8), &count);
        const struct value *back = decode(encode(v, protocol, 4096));
        assert_int_equal(back->kind, VALUE_ARRAY);
        assert_int_equal(back->array->shape[0], count);
        for (uint64_t i = 0; i < count; i++) {
            int64_t n;
            memcpy(&n, back->array->data + i * sizeof n, sizeof n);
            assert_int_equal(n, i);
        }
    }
}

static void text_of_any_length_is_an_array_of_objects(void **state)
{
    (void)state;
    for (int bytes = 0; bytes <= 1; bytes++) {
        struct counting self = {.texts = true};
        uint64_t count = 3;
        const struct dtype dtype = {
            .kind = DTYPE_TEXT, .order = '|', .itemsize = sizeof(struct bytes), .text_is_bytes = bytes};
        const char *expect = bytes ? "array(text 7c4f, (3, ), C, [bytes 30, bytes 31, bytes 32, ])"
                                   : "array(text 7c4f, (3, ), C, [text 30, text 31, text 32, ])";
        for (int protocol = 0; protocol <= 5; protocol++)
            assert_string_equal(show(decode(encode(array_from_source(&self, dtype, &count), protocol, 1))),
                                expect);
    }
}

struct attempted {
    struct bytes in;
    struct codec_options options;
};

static bool attempt(struct arena *a, void *arg, struct error *err)
{
    const struct attempted *given = arg;
    struct value *v;
    if (!test_decode(&pickle_codec, given->in, a, &v, err))
        return false;
    struct encoder *e;
    struct sink sink;
    if (!encoder_new(&pickle_codec, v, &given->options, &limits_default, a, &e, err) ||
        !sink_init(&sink, 1 << 20))
        return false;
    const enum step step = encoder_run(e, &sink, err);
    sink_deinit(&sink);
    return step == STEP_DONE;
}

static void running_out_of_memory_is_clean(void **state)
{
    (void)state;
    static const char pickle[] = "](cm\nC\n)\x81}b(K\1K\2tcnumpy\ndtype\nX\2\0\0\0M8\x85RC\1ae.";
    for (int optimize = 0; optimize <= 1; optimize++) {
        struct attempted a = {bytes_of(pickle, sizeof pickle - 1), codec_options_default};
        a.options.optimize = optimize;
        test_failing_arena(attempt, &a, 256, 4000);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(plain_values_are_written_as_python_writes_them),
        TEST(frames_are_those_of_python),
        TEST(what_was_read_comes_back),
        TEST(objects_come_back_by_what_each_protocol_has),
        TEST(what_a_protocol_cannot_say_is_refused),
        TEST(the_place_of_a_failure_is_told),
        TEST(cycles_through_arguments_end),
        TEST(unused_memo_entries_are_left_out),
        TEST(an_array_is_read_block_by_block),
        TEST(text_of_any_length_is_an_array_of_objects),
        TEST(running_out_of_memory_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
