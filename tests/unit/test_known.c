/* What objects of well-known classes mean in plain JSON, and that those that lie are only described. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct codec pickle_codec, json_codec, typed_codec;

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

/* Pickles as Python 2 and 3 write them, by hand where that Python is not here. */
static const struct {
    const char *name, *pickle;
    size_t len;
    const char *expect; /* NULL: it stays an object */
} rows[] = {
#define ROW(name, pickle, expect)                                                                            \
    {                                                                                                        \
        name, pickle, sizeof(pickle) - 1, expect                                                             \
    }
    ROW("a datetime of Python 2",
        "cdatetime\ndatetime\n(S'\\x07\\xe4\\x02\\x1d\\x01\\x02\\x03\\x00\\x00\\x04'\ntR.",
        "\"2020-02-29T01:02:03.000004\""),
    ROW("a date of Python 2", "cdatetime\ndate\n(S'\\x07\\xe4\\x01\\x02'\ntR.", "\"2020-01-02\""),
    ROW("a date of Python 2 that is text", "cdatetime\ndate\n(S'AA\\x01\\x02'\ntR.", NULL),
    ROW("a time of Python 2", "cdatetime\ntime\n(S'\\x01\\x02\\x03\\x00\\x00\\x00'\ntR.", "\"01:02:03\""),
    ROW("fold is not an hour", "\x80\4cdatetime\ntime\nC\6\x81\1\1\0\0\0\x85R.", "\"01:01:01\""),
    ROW("month 13", "\x80\3cdatetime\ndate\nC\4\7\xe4\x0d\1\x85R.", NULL),
    ROW("day 0", "\x80\3cdatetime\ndate\nC\4\7\xe4\1\0\x85R.", NULL),
    ROW("29 February of a year that has none", "\x80\3cdatetime\ndate\nC\4\7\xe5\2\x1d\x85R.", NULL),
    ROW("year 0", "\x80\3cdatetime\ndate\nC\4\0\0\1\1\x85R.", NULL),
    ROW("a date of three bytes", "\x80\3cdatetime\ndate\nC\3\7\xe4\1\x85R.", NULL),
    ROW("second 60", "\x80\3cdatetime\ntime\nC\6\1\1\x3c\0\0\0\x85R.", NULL),
    ROW("a million microseconds", "\x80\3cdatetime\ntime\nC\6\1\1\1\x0f\x42\x40\x85R.", NULL),
    ROW("a zone that is a number", "\x80\3cdatetime\ntime\nC\6\1\1\1\0\0\0K\1\x86R.", NULL),
    ROW("a zone that is a class of somebody", "\x80\3cdatetime\ntime\nC\6\1\1\1\0\0\0cm\nZone\n)R\x86R.",
        NULL),
    ROW("a date with a state", "\x80\3cdatetime\ndate\nC\4\7\xe4\1\1\x85R}b.", NULL),
    ROW("a subclass of date", "\x80\3cm\ndate\nC\4\7\xe4\1\1\x85R.", NULL),
    ROW("a timedelta of too many seconds", "\x80\3cdatetime\ntimedelta\nK\0J\x80\x51\1\0K\0\x87R.", NULL),
    ROW("a timedelta of too many days", "\x80\3cdatetime\ntimedelta\n\x8a\x05\0\0\0\0\1K\0K\0\x87R.", NULL),
    ROW("a zone of 25 hours", "\x80\3cdatetime\ntimezone\ncdatetime\ntimedelta\nK\1M\x10\x0eK\0\x87R\x85R.",
        NULL),
    ROW("a fraction of Python 2", "cfractions\nFraction\n(S'3/4'\ntR.", "\"3/4\""),
    ROW("a fraction by 0", "\x80\3cfractions\nFraction\nK\1K\0\x86R.", NULL),
    ROW("a fraction by less than 0", "\x80\3cfractions\nFraction\nK\1J\xff\xff\xff\xff\x86R.", NULL),
    ROW("a decimal that is none", "cdecimal\nDecimal\n(S'1.5.'\ntR.", NULL),
    ROW("a UUID of 129 bits",
        "\x80\2cuuid\nUUID\n)\x81}X\3\0\0\0int\x8a\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1sb.", NULL),
    ROW("a UUID below 0", "\x80\2cuuid\nUUID\n)\x81}X\3\0\0\0intJ\xff\xff\xff\xffsb.", NULL),
    ROW("a UUID of two states", "\x80\2cuuid\nUUID\n)\x81}X\3\0\0\0intK\1sb}b.", NULL),
    ROW("a path of Python 3.13",
        "\x80\4\x8c\x0epathlib._local\x8c\x0dPurePosixPath\x93\x8c\4/a/b\x8c\1c\x86R.", "\"/a/b/c\""),
    ROW("a path of numbers", "\x80\3cpathlib\nPosixPath\nK\1\x85R.", NULL),
    ROW("a share", "\x80\3cpathlib\nPureWindowsPath\nX\7\0\0\0\\\\h\\s\\x\x85R.", NULL),
    ROW("a second drive", "\x80\3cpathlib\nPureWindowsPath\nX\3\0\0\0C:\\X\3\0\0\0D:x\x86R.", NULL),
    ROW("a path with surrogates", "\x80\3cpathlib\nPosixPath\nX\4\0\0\0a\xed\xb2\x80\x85R.", "\"a\\udc80\""),
    ROW("an OrderedDict of Python 2",
        "ccollections\nOrderedDict\n((lp0\n(lp1\nS'b'\naI1\naa(lp2\nS'a'\naI2\naatR.", "{\"b\":1,\"a\":2}"),
    ROW("an OrderedDict of lists that are no pairs", "ccollections\nOrderedDict\n((lp0\n(lp1\nS'b'\naatR.",
        NULL),
    ROW("an OrderedDict that names a key twice",
        "\x80\3ccollections\nOrderedDict\n)R(X\1\0\0\0aK\1X\1\0\0\0bK\2X\1\0\0\0aK\3u.", "{\"a\":3,\"b\":2}"),
    ROW("an OrderedDict with a list as key", "\x80\3ccollections\nOrderedDict\n)R]K\1s.", NULL),
    ROW("an OrderedDict with tuples as keys", "\x80\3ccollections\nOrderedDict\n)R(K\1\x85K\2K\3\x85K\4u.",
        "{\"[1]\":2,\"[3]\":4}"),
    ROW("an OrderedDict with attributes",
        "\x80\3ccollections\nOrderedDict\n)RX\1\0\0\0aK\1s}X\1\0\0\0xK\2sb.", NULL),
    ROW("a deque that is longer than it may be", "\x80\3ccollections\ndeque\n]K\2\x86R(K\1K\2K\3e.", "[2,3]"),
    ROW("a deque of a list and more", "\x80\3ccollections\ndeque\n]K\1a\x85RK\2a.", "[1,2]"),
    ROW("a deque with keys", "\x80\3ccollections\ndeque\n)RK\1K\2s.", NULL),
    ROW("an array of half an int",
        "\x80\3carray\n_array_reconstructor\n(carray\narray\nX\1\0\0\0iK\x08"
        "C\3\1\0\0tR.",
        NULL),
    ROW("an array of an unknown machine",
        "\x80\3carray\n_array_reconstructor\n(carray\narray\nX\1\0\0\0iK\x16"
        "C\4\1\0\0\0tR.",
        NULL),
    ROW("a big-endian array",
        "\x80\3carray\n_array_reconstructor\n(carray\narray\nX\1\0\0\0iK\x09"
        "C\4\0\0\1\2tR.",
        "[258]"),
    ROW("a member of an enumeration", "\x80\3c__builtin__\ngetattr\ncm\nColor\nX\3\0\0\0RED\x86R.", NULL),
    ROW("the same of Python 3",
        "\x80\4\x8c\x08"
        "builtins\x8c\7getattr\x93\x8c\1m\x8c\5Color\x93\x8c\3RED\x86R.",
        "\"Color.RED\""),
    ROW("a namespace of two states", "\x80\3ctypes\nSimpleNamespace\n)R}b}b.", NULL),
#undef ROW
};

/* As plain JSON. NULL: an error, in *err. */
static bool said(const struct codec *to, struct bytes pickle, struct arena *in, struct bytes *out,
                 struct error *err)
{
    struct value *v;
    return test_decode(&pickle_codec, pickle, in, &v, err) &&
           test_encode(to, v, &codec_options_default, 4096, in, out, err);
}

static void objects_mean_what_python_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct bytes out;
        if (!said(&json_codec, bytes_of(rows[i].pickle, rows[i].len), &arena, &out, &err))
            fail_msg("%s: %s", rows[i].name, err.detail);
        if (rows[i].expect == NULL
                ? !bytes_starts(out, "{\"$class\":") && !bytes_starts(out, "{\"$callable\":")
                : !bytes_is(out, rows[i].expect))
            fail_msg("%s: %.*s", rows[i].name, (int)out.len, (const char *)out.data);
    }
}

/* What typed JSON says of an object is the object, part for part. */
static void typed_json_gives_the_same_pickle(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct bytes typed, direct, back;
        struct value *v;
        const struct bytes pickle = bytes_of(rows[i].pickle, rows[i].len);
        assert_true(said(&pickle_codec, pickle, &arena, &direct, &err));
        assert_true(said(&typed_codec, pickle, &arena, &typed, &err));
        if (!test_decode(&typed_codec, typed, &arena, &v, &err) ||
            !test_encode(&pickle_codec, v, &codec_options_default, 4096, &arena, &back, &err))
            fail_msg("%s: %s", rows[i].name, err.detail);
        if (!bytes_equal(direct, back))
            fail_msg("%s: %.*s", rows[i].name, (int)typed.len, (const char *)typed.data);
    }
}

/* The exact size on the heap, so that a sanitizer sees a read past its end. */
static void try(const uint8_t *pickle, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, pickle, len);
    const struct codec *const to[] = {&json_codec, &typed_codec};
    for (size_t i = 0; i < ROWS(to); i++) {
        struct arena small;
        struct error err = {0};
        struct bytes out;
        arena_init(&small, 8 << 20);
        if (!said(to[i], bytes_of(copy, len), &small, &out, &err))
            assert_int_not_equal(err.kind, ERR_INTERNAL);
        arena_free(&small);
    }
    free(copy);
}

static void damaged_pickles_are_refused_or_described(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    uint8_t damaged[256];
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const uint8_t *pickle = (const uint8_t *)rows[i].pickle;
        assert_true(rows[i].len <= sizeof damaged);
        for (size_t at = 0; at < rows[i].len; at++) {
            try(pickle, at);
            memcpy(damaged, pickle, rows[i].len);
            for (size_t f = 0; f < ROWS(flips); f++) {
                damaged[at] = pickle[at] ^ flips[f];
                try(damaged, rows[i].len);
            }
        }
    }
}

static bool attempt(struct arena *small, void *arg, struct error *err)
{
    struct value *v;
    const size_t *row = arg;
    return test_decode(&pickle_codec, bytes_of(rows[*row].pickle, rows[*row].len), small, &v, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        test_failing_arena(attempt, &i, 128, 4000);
}

static void cycles_and_depth_are_bounded(void **state)
{
    (void)state;
    struct error err = {0};
    struct bytes out;
    /* An OrderedDict in itself. */
    static const char loop[] = "\x80\3ccollections\nOrderedDict\n)Rq\0X\1\0\0\0ah\0s.";
    assert_false(said(&json_codec, bytes_of(loop, sizeof loop - 1), &arena, &out, &err));
    assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    /* A timezone whose offset is itself. */
    static const char self[] = "\x80\3cdatetime\ntimezone\nh\0\x85R.";
    err = (struct error){0};
    assert_false(said(&json_codec, bytes_of(self, sizeof self - 1), &arena, &out, &err));
    /* deque(deque(...)): each means a list of the one inside. */
    enum { LEVELS = 2000 };
    static const char call[] = "ccollections\ndeque\n)R";
    uint8_t *deep = arena_alloc(&arena, LEVELS, sizeof call);
    size_t n = 0;
    for (int i = 0; i < LEVELS; i++, n += sizeof call - 1)
        memcpy(deep + n, call, sizeof call - 1);
    memset(deep + n, 'a', LEVELS - 1);
    n += LEVELS - 1;
    deep[n++] = '.';
    err = (struct error){0};
    assert_true(said(&json_codec, bytes_of(deep, n), &arena, &out, &err));
    assert_int_equal(out.len, 2 * LEVELS);
}

/* A hundred thousand objects share one argument of a million bytes: all would take minutes. */
static void what_many_share_is_looked_at_a_bounded_number_of_times(void **state)
{
    enum { MANY = 100000, LONG = 1000000 };
    static const struct {
        const char *head, *each;
        size_t each_len;
    } calls[] = {
        {"cdecimal\nDecimal\nq\1", "h\1h\2\x85R", 6},
        {"cfractions\nFraction\nq\1", "h\1h\2\x85R", 6},
        {"cpathlib\nPosixPath\nq\1", "h\1h\2\x85R", 6},
        {"cpytz\n_p\nq\1", "h\1h\2\x85R", 6},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(calls); i++) {
        struct error err = {0};
        struct value *v;
        uint8_t *pickle = arena_alloc(&arena, 1, LONG + MANY * 8 + 64), *p = pickle;
        assert_non_null(pickle);
        p = mempcpy(p, calls[i].head, strlen(calls[i].head));
        p = mempcpy(p, "X\x40\x42\x0f\0", 5);
        memset(p, '1', LONG);
        p = mempcpy(p + LONG, "q\2(", 3);
        for (size_t n = 0; n < MANY; n++)
            p = mempcpy(p, calls[i].each, calls[i].each_len);
        p = mempcpy(p, "l.", 2);
        struct arena big;
        arena_init(&big, 1 << 30);
        if (!test_decode(&pickle_codec, bytes_of(pickle, (size_t)(p - pickle)), &big, &v, &err))
            fail_msg("%s: %s", calls[i].head, err.detail);
        assert_int_equal(v->list.count, MANY);
        assert_int_equal(value_meaning(v->list.items[0])->kind, VALUE_STR);
        assert_int_equal(v->list.items[MANY - 1]->object->meaning != NULL, 0);
        arena_free(&big);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(objects_mean_what_python_says, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_json_gives_the_same_pickle, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_pickles_are_refused_or_described, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_end_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(cycles_and_depth_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_many_share_is_looked_at_a_bounded_number_of_times, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
