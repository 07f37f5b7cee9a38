#include "show.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct codec pickle_codec, typed_codec, json_codec;

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

/* What is read, or '!' and the error. */
static const char *read_pickle(struct bytes in)
{
    struct error err = {0};
    struct value *v;
    char *out = arena_alloc(&arena, 1, SHOWN);
    if (test_decode(&pickle_codec, in, &arena, &v, &err)) {
        test_show(v, &arena, out, SHOWN);
        return out;
    }
    assert_true(err.kind == ERR_SYNTAX || err.kind == ERR_LIMIT);
    snprintf(out, SHOWN, "!%s", err.detail);
    return out;
}

static struct bytes unhex(const char *text, size_t len)
{
    uint8_t *out = arena_alloc(&arena, 1, len / 2 + 1);
    for (size_t i = 0; text[0] != '-' && i < len / 2; i++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    /* A copy of exactly this size, so that a sanitizer sees a read past its end. */
    const size_t n = text[0] == '-' ? 0 : len / 2;
    uint8_t *exact = malloc(n == 0 ? 1 : n);
    assert_non_null(exact);
    memcpy(exact, out, n);
    assert_true(arena_defer(&arena, free, exact));
    return bytes_of(exact, n);
}

static void check_reading(const char *path, size_t least)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0, rows = 0;
    ssize_t n;
    assert_non_null(f);
    while ((n = getline(&line, &size, f)) > 0) {
        line[n - 1] = '\0';
        char *expect = strchr(line, ' ');
        assert_non_null(expect);
        const char *got = read_pickle(unhex(line, (size_t)(expect - line)));
        *expect++ = '\0';
        if (expect[0] == '!' ? got[0] != '!' : strcmp(got, expect) != 0)
            fail_msg("%s\n gives    %s\n expected %s", line, got, expect);
        arena_free(&arena);
        rows++;
    }
    free(line);
    fclose(f);
    assert_true(rows > least);
}

static void opcodes_read_as_python_reads_them(void **state)
{
    (void)state;
    check_reading("tests/golden/pickle/read.txt", 500);
}

static void joblibs_dumps_hold_their_arrays(void **state)
{
    (void)state;
    check_reading("tests/golden/pickle/joblib.txt", 40);
}

/* What pickle.loads(encoding=) makes of Python 2's strings. */
static void strings_of_python_2_are_what_the_caller_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum encoding encoding;
    } encodings[] = {{"ascii", ENCODING_ASCII},
                     {"latin1", ENCODING_LATIN1},
                     {"bytes", ENCODING_BYTES},
                     {"utf8", ENCODING_UTF8}};
    FILE *f = fopen("tests/golden/pickle/encoding.txt", "r");
    char name[16], in[200], expect[200];
    size_t rows = 0;
    assert_non_null(f);
    for (; fscanf(f, "%15s %199s %199[^\n]", name, in, expect) == 3; rows++) {
        struct codec_options options = codec_options_default;
        struct error err = {0};
        struct value *v;
        char out[200];
        for (size_t i = 0; i < ROWS(encodings); i++)
            if (strcmp(encodings[i].name, name) == 0)
                options.encoding = encodings[i].encoding;
        const struct input input = input_of_bytes(unhex(in, strlen(in)));
        const bool ok = pickle_codec.decode(&input, &options, &limits_default, &arena, &v, &err);
        assert_int_equal(ok, expect[0] != '!');
        if (!ok)
            continue;
        test_show(v, &arena, out, sizeof out);
        assert_string_equal(out, expect);
    }
    fclose(f);
    assert_true(rows > 40);
}

/* Several in a row: how many there are, and which one. */
static void pickles_follow_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *pickles, *expect; /* NULL: there is none */
        int64_t index;
        bool every;
        uint64_t parts, trailing;
    } rows[] = {
        {"K\1.K\2.K\3.", "1", 0, false, 3, 0},
        {"K\1.K\2.K\3.", "3", 2, false, 3, 0},
        {"K\1.K\2.K\3.", "3", -1, false, 3, 0},
        {"K\1.K\2.K\3.", "1", -3, false, 3, 0},
        {"K\1.K\2.K\3.", NULL, 3, false, 0, 0},
        {"K\1.K\2.K\3.", NULL, -4, false, 0, 0},
        {"K\1.K\2.", "[1, 2, ]", 0, true, 2, 0},
        {"K\1.", "[1, ]", 0, true, 1, 0},
        {"K\1.junk", "1", 0, false, 1, 4},
        {"K\1.K\2.~", "2", 1, false, 2, 1},
        {"K\1.K\2.~", "2", -1, false, 2, 1},
        {"K\1.K", NULL, 1, false, 0, 0},
        {"K\1q\5.h\5.", NULL, 1, false, 0, 0},
        {"K\1.K\1.)a", "[1, 1, ]", 0, true, 2, 2},
        {"K\1.K\2.(I3\nt.", "(3, )", -1, false, 3, 0},
        {"K\1.K\2.t.", "1", 0, false, 2, 2},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct codec_options options = codec_options_default;
        struct error err = {0};
        struct document document;
        struct value *v;
        char out[200];
        options.index = rows[i].index;
        options.every = rows[i].every;
        const struct input in = input_of_bytes(bytes_text(rows[i].pickles));
        const bool ok = codec_open(&pickle_codec, &in, &options, &limits_default, &arena, &document, &err);
        assert_int_equal(ok, rows[i].expect != NULL);
        if (!ok) {
            assert_int_equal(err.kind, ERR_ARGUMENT);
            continue;
        }
        assert_true(document.ops->value(document.self, bytes_text("/"), &arena, &v, &err));
        test_show(v, &arena, out, sizeof out);
        assert_string_equal(out, rows[i].expect);
        assert_int_equal(document.parts, rows[i].parts);
        assert_int_equal(document.trailing, rows[i].trailing);
    }
}

/* No prefix of a pickle is one: truncation is an error wherever it happens. */
static void check_truncations(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    assert_non_null(f);
    while (getline(&line, &size, f) > 0) {
        const size_t len = (size_t)(strchr(line, ' ') - line);
        if (line[len + 1] == '!' || len > 1200)
            continue;
        const struct bytes whole = unhex(line, len);
        if (read_pickle(whole)[0] == '!' || memcmp(whole.data + whole.len - 1, ".", 1) != 0)
            continue;
        for (size_t n = 0; n < whole.len; n++) {
            uint8_t *part = malloc(n + 1);
            memcpy(part, whole.data, n);
            struct error err = {0};
            struct value *v;
            struct arena small;
            arena_init(&small, 1 << 24);
            assert_false(test_decode(&pickle_codec, bytes_of(part, n), &small, &v, &err));
            assert_int_equal(err.kind, ERR_SYNTAX);
            arena_free(&small);
            free(part);
        }
        arena_free(&arena);
    }
    free(line);
    fclose(f);
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    check_truncations("tests/golden/pickle/read.txt");
    check_truncations("tests/golden/pickle/joblib.txt");
}

static void what_lies_about_itself_stays_a_call(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/pickle/lies.txt", "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    assert_non_null(f);
    while ((n = getline(&line, &size, f)) > 0)
        assert_memory_equal(read_pickle(unhex(line, (size_t)n - 1)), "reduce numpy", 12);
    free(line);
    fclose(f);
}

/* What Python cannot show without the class: how it would be made. */
static void objects_are_described(void **state)
{
    static const struct {
        const char *pickle;
        size_t len;
        const char *expect;
    } rows[] = {
#define ROW(pickle, expect) {pickle, sizeof(pickle) - 1, expect}
        ROW("cm\nC\n(K\1K\2tR.", "reduce m:C(1, 2, )"),
        ROW("cm\nC\n)\x81}X\1\0\0\0aK\1sb.", "newobj m:C() states[{text 61: 1, }, ]"),
        ROW("cm\nC\n)}X\1\0\0\0aK\1s\x92.", "newobj_ex m:C(){text 61: 1, }"),
        ROW("(K\1im\nC\n.", "instance m:C(1, )"),
        ROW("(cm\nC\nK\1o.", "instance m:C(1, )"),
        ROW("(cm\nC\no}b}b.", "instance m:C() states[{}, {}, ]"),
        ROW("cm\nC\n)\x81(K\1K\2eK\3a.", "newobj m:C() items[1, 2, 3, ]"),
        ROW("cm\nC\n)\x81(K\1K\2uK\3K\4s.", "newobj m:C(){1: 2, 3: 4, }"),
        ROW("cm\nC\n)\x81(K\1\x90.", "newobj m:C() added[1, ]"),
        ROW("cm\nC\n)R)R.", "reduce reduce m:C()()"),
        ROW("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR}b.", "bare m:C() states[{}, ]"),
        ROW("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nlist\n]tR.",
            "reduce copyreg:_reconstructor(m:C, builtins:list, [], )"),
        ROW("ccopyreg\n__newobj__\n(cm\nC\nK\1tR.", "newobj m:C(1, )"),
        ROW("c__builtin__\nset\n]K\1a\x85RK\2a.", "reduce builtins:set([1, ], ) items[2, ]"),
        ROW("c__builtin__\nset\n]]a\x85R.", "reduce builtins:set([[], ], )"),
        ROW("c_codecs\nencode\nX\3\0\0\0\xe2\x82\xacX\6\0\0\0latin1\x86R.",
            "reduce _codecs:encode(text e282ac, text 6c6174696e31, )"),
        ROW("cos\r\nC\n.", "os\r:C"),
        ROW("c__builtin__\nunicode\n.", "builtins:str"),
        ROW("\x80\3c__builtin__\nunicode\n.", "__builtin__:unicode"),
        ROW("Pabc\n.", "persistent text 616263"),
        ROW("K\5Q.", "persistent 5"),
        ROW("\x82\1\x83\2\0\x86.", "(extension 1, extension 2, )"),
        ROW("\x84\0\0\1\0.", "extension 65536"),
        ROW("\x97\x97\x98\x86.", "(buffer 0, buffer 1 read-only, )"),
        ROW("U\2\xc3\xa9.", "text c3a9"),
        ROW("U\1\xff.", "bytes ff"),
        ROW("S'\\400'\n.", "text 00"),
        ROW("S'\\xff'\n.", "bytes ff"),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(read_pickle(bytes_of(rows[i].pickle, rows[i].len)), rows[i].expect);
}

static void an_error_names_the_opcode_and_its_place(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    assert_false(test_decode(&pickle_codec, bytes_of("]q\0K\1K\2h\7.", 10), &arena, &v, &err));
    assert_int_equal(err.offset, 7);
    assert_string_equal(err.detail, "BINGET at byte 7: memo has no entry 7");
}

static void shared_values_and_cycles_are_one_node(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    assert_true(test_decode(&pickle_codec, bytes_of("]q\0h\0a.", 7), &arena, &v, &err));
    assert_ptr_equal(v->list.items[0], v);
    /* The array is in the memo before its state has made it one. */
    uint8_t pickle[256];
    size_t n = 0;
    const char head[] = "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"
                        "C\1b\x87Rq\0(K\1K\1\x85";
    const char tail[] = "cnumpy\ndtype\nX\2\0\0\0u1K\0K\1\x87R\x89"
                        "C\1\x2atbh\0\x86.";
    memcpy(pickle, head, sizeof head - 1);
    n = sizeof head - 1;
    memcpy(pickle + n, tail, sizeof tail - 1);
    n += sizeof tail - 1;
    assert_true(test_decode(&pickle_codec, bytes_of(pickle, n), &arena, &v, &err));
    assert_ptr_equal(v->list.items[0], v->list.items[1]);
    assert_int_equal(v->list.items[0]->kind, VALUE_ARRAY);
}

/* ---- hostile ---- */

static struct bytes repeated(const char *head, const char *part, size_t part_len, size_t times,
                             const char *tail)
{
    const size_t head_len = strlen(head), tail_len = strlen(tail);
    uint8_t *out = arena_alloc(&arena, 1, head_len + part_len * times + tail_len);
    assert_non_null(out);
    memcpy(out, head, head_len);
    for (size_t i = 0; i < times; i++)
        memcpy(out + head_len + i * part_len, part, part_len);
    memcpy(out + head_len + part_len * times, tail, tail_len);
    return bytes_of(out, head_len + part_len * times + tail_len);
}

static void nesting_of_a_million_needs_no_stack(void **state)
{
    static const struct {
        const char *head, *part;
        size_t len;
        const char *tail;
    } rows[] = {
        {"]", "\x85", 1, "."},   {"]", "]", 1, "."},     {"N", "(", 1, "N."},
        {"N", "(\x91", 1, "N."}, {"N", "Q", 1, "."},     {"cm\nC\n", ")R", 2, "."},
        {"}", "}N", 2, "."},     {"N", "2\x86", 2, "."}, {"cm\nC\n)R", "2b", 2, "."},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct value *v;
        const struct bytes in = repeated(rows[i].head, rows[i].part, rows[i].len, 1000000, rows[i].tail);
        assert_true(test_decode(&pickle_codec, in, &arena, &v, &err));
        arena_free(&arena);
    }
}

/* 2^60 nodes when written out: as a dict's key, and as members of a frozenset. */
static void shared_keys_are_read_once(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    assert_true(test_decode(&pickle_codec, repeated("})", "2\x86", 2, 60, "Ns."), &arena, &v, &err));
    assert_int_equal(v->dict.count, 1);
}

static void a_memo_far_out_takes_no_memory(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    struct arena small;
    arena_init(&small, 1 << 16);
    assert_true(
        test_decode(&pickle_codec, bytes_of("Nr\xff\xff\xff\xffj\xff\xff\xff\xff.", 12), &small, &v, &err));
    arena_free(&small);
    arena_init(&small, 1 << 16);
    assert_true(test_decode(&pickle_codec, bytes_text("Np9223372036854775807\ng9223372036854775807\n."),
                            &small, &v, &err));
    arena_free(&small);
}

static void colliding_keys_take_no_longer(void **state)
{
    (void)state;
    struct error err = {0};
    struct value *v;
    enum { KEYS = 200000 };
    uint8_t *in = arena_alloc(&arena, KEYS, 12), *p = in;
    *p++ = '}';
    *p++ = '(';
    for (uint32_t i = 0; i < KEYS; i++) {
        memcpy(p, "\x8a\7\0\0\0\0", 6);
        memcpy(p + 6, &i, 3);
        p[9] = 'N';
        p += 10;
    }
    memcpy(p, "u.", 2);
    assert_true(test_decode(&pickle_codec, bytes_of(in, (size_t)(p + 2 - in)), &arena, &v, &err));
    assert_int_equal(v->dict.count, KEYS);
}

static void too_many_values_reach_the_limit(void **state)
{
    (void)state;
    struct limits limits = limits_default;
    struct error err = {0};
    struct value *v;
    limits.nodes = 1000;
    const struct input in = input_of_bytes(repeated("", "K\1", 2, 1001, "."));
    assert_false(pickle_codec.decode(&in, &codec_options_default, &limits, &arena, &v, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "nodes");
}

static bool attempt(struct arena *a, void *arg, struct error *err)
{
    struct value *v;
    return test_decode(&pickle_codec, *(struct bytes *)arg, a, &v, err);
}

static void check_memory(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0, row = 0;
    assert_non_null(f);
    while (getline(&line, &size, f) > 0) {
        const size_t len = (size_t)(strchr(line, ' ') - line);
        if (line[len + 1] == '!' || ++row % 7 != 0)
            continue;
        struct bytes in = unhex(line, len);
        test_failing_arena(attempt, &in, 256, 4000);
        arena_free(&arena);
    }
    free(line);
    fclose(f);
}

static void running_out_of_memory_is_clean(void **state)
{
    (void)state;
    check_memory("tests/golden/pickle/read.txt");
    check_memory("tests/golden/pickle/joblib.txt");
}

static void the_content_tells(void **state)
{
    static const struct {
        const char *text;
        int sure;
    } rows[] = {
        {"\x80\4N.", 90},
        {"\x80\2]q\0.", 90},
        {"\x80\2\xff", 0},
        {"(lp0\nI1\na.", 40},
        {"(dp0\nS'a'\np1\nI1\ns.", 40},
        {"I1\n.", 40},
        {"{\"a\": 1}", 0},
        {"[1, 2, 3]", 0},
        {"]", 0},
        {"\"text.\"", 0},
        {"12", 0},
        {"12.", 0},
        {"null", 0},
        {"true", 0},
        {"a,b\n1,2\n", 0},
        {"Name,Id\nI,1\n", 0},
        {"<?xml version='1.0'?>", 0},
        {"", 0},
        {".", 0},
        {"N", 0},
        {"NaN", 0},
        {"Infinity", 0},
        {"F,1\nI,2\n", 0},
        {"\x93NUMPY", 0},
        {"\x89HDF\r\n\x1a\n", 0},
        {"PK\3\4", 0},
        {"(1, 2).", 0},
        {"S,T\n'a','b'\n", 0},
        {"Id,Value\n1,2.\n", 0},
        {"Notes.", 0},
        {"N.", 40},
        {"]}.", 40},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const size_t len = i == 1 ? 6 : strlen(rows[i].text);
        if (pickle_codec.sniff(bytes_of(rows[i].text, len)) != rows[i].sure)
            fail_msg("%s: %d", rows[i].text, pickle_codec.sniff(bytes_of(rows[i].text, len)));
    }
    static const char counted[] = "\x8e\x03\0\0\0\0\0\0\0abc."; /* all eight bytes of the length count */
    assert_int_equal(pickle_codec.sniff(bytes_of(counted, sizeof counted - 1)), 40);
}

/* ---- torch.save ---- */

static const char *const torch_files[] = {
    "tests/golden/torch/tiny.pt",         "tests/golden/torch/tiny_legacy.pt",
    "tests/golden/torch/plain4.pickle",   "tests/golden/torch/plain2.pickle",
    "tests/golden/torch/views_legacy.pt", "tests/golden/torch/checkpoint.pt"};

/* A copy of exactly this size, so that a sanitizer sees a read past its end. */
static struct bytes exact(struct bytes in)
{
    uint8_t *copy = malloc(in.len + (in.len == 0));
    assert_non_null(copy);
    memcpy(copy, in.data, in.len);
    return bytes_of(copy, in.len);
}

/* Reads it, and every array of it as the writers of all formats do. */
static enum error_kind read_all(struct bytes in)
{
    const struct codec *const writers[] = {&typed_codec, &json_codec, &pickle_codec};
    struct error err = {0};
    struct value *v;
    struct bytes out;
    for (size_t i = 0; i < ROWS(writers); i++) {
        struct arena a;
        struct error refused = {0};
        arena_init(&a, 64 << 20);
        const bool ok = test_decode(&pickle_codec, in, &a, &v, &err);
        if (ok && !test_encode(writers[i], v, &codec_options_default, 4096, &a, &out, &refused))
            assert_true(refused.kind == ERR_UNREPRESENTABLE || refused.kind == ERR_LIMIT);
        arena_free(&a);
        if (!ok)
            break;
    }
    return err.kind;
}

static void torchs_files_are_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(torch_files); i++) {
        const struct bytes whole = test_file(torch_files[i], &arena);
        assert_int_equal(read_all(whole), ERR_NONE);
        for (size_t n = 16; n < whole.len; n++) {
            const struct bytes cut = exact(bytes_of(whole.data, n));
            const enum error_kind kind = read_all(cut);
            free((void *)(uintptr_t)cut.data);
            if (kind != ERR_SYNTAX)
                fail_msg("%s cut at %zu: %d", torch_files[i], n, kind);
        }
    }
}

/* Whatever a byte is changed to: a value or a problem. */
static void torchs_files_with_a_changed_byte(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x00, 0xff, 0x80, '.', 'R', 'K'};
    for (size_t i = 0; i < ROWS(torch_files); i++) {
        const struct bytes whole = exact(test_file(torch_files[i], &arena));
        uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
        for (size_t n = 0; n < whole.len; n++) {
            const uint8_t was = bytes[n];
            bytes[n] = changes[n % ROWS(changes)];
            (void)read_all(whole);
            bytes[n] = was;
        }
        free(bytes);
    }
}

static void torchs_files_run_out_of_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(torch_files); i++) {
        struct bytes in = test_file(torch_files[i], &arena);
        test_failing_arena(attempt, &in, 256, 4000);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(opcodes_read_as_python_reads_them),
        TEST(joblibs_dumps_hold_their_arrays),
        TEST(strings_of_python_2_are_what_the_caller_says),
        TEST(pickles_follow_each_other),
        TEST(every_truncation_is_an_error),
        TEST(what_lies_about_itself_stays_a_call),
        TEST(objects_are_described),
        TEST(an_error_names_the_opcode_and_its_place),
        TEST(shared_values_and_cycles_are_one_node),
        TEST(nesting_of_a_million_needs_no_stack),
        TEST(shared_keys_are_read_once),
        TEST(a_memo_far_out_takes_no_memory),
        TEST(colliding_keys_take_no_longer),
        TEST(too_many_values_reach_the_limit),
        TEST(running_out_of_memory_is_clean),
        TEST(the_content_tells),
        TEST(torchs_files_are_cut_at_every_byte),
        TEST(torchs_files_with_a_changed_byte),
        TEST(torchs_files_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
