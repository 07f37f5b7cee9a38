/* Listings of damaged and unusual pickles; tests/clients/test_disassemble.py holds good ones against Python.
 */
#include "disassemble.h"
#include "support.h"

#include <stdio.h>

static const char *const both_forms[] = {"text", "json"};

/* All of the listing, from a sink of that limit; false: *err says why. The bytes are the arena's. */
static bool list(struct bytes in, struct disassemble_options options, const struct limits *limits,
                 size_t sink_limit, struct arena *arena, struct bytes *out, struct error *err)
{
    struct encoder *e;
    struct sink sink;
    enum step step = STEP_MORE;
    if (!disassemble_new(in, &options, limits, arena, &e, err))
        return false;
    assert_true(sink_init(&sink, sink_limit));
    while (step == STEP_MORE) {
        sink.limit = sink.len - sink.taken + sink_limit;
        step = encoder_run(e, &sink, err);
    }
    struct arena kept; /* a test's arena may have no budget for it */
    arena_init(&kept, SIZE_MAX);
    const struct bytes copy = arena_copy(&kept, bytes_of(sink.data, sink.len));
    sink_deinit(&sink);
    out->len = step == STEP_DONE ? copy.len : 0;
    if (out->data != NULL)
        memcpy((void *)out->data, copy.data, out->len);
    arena_free(&kept);
    return step == STEP_DONE;
}

enum { ROOM = 1 << 16 };

/* What a client gets, as a string. */
static const char *text_of(struct bytes in, struct disassemble_options options, size_t sink_limit)
{
    static char room[ROOM];
    struct arena arena;
    struct error err = {0};
    struct bytes out = bytes_of(room, 0);
    arena_init(&arena, 1 << 24);
    if (!list(in, options, &limits_default, sink_limit, &arena, &out, &err))
        snprintf(room, sizeof room, "!%s", err.detail);
    else
        room[out.len] = '\0';
    arena_free(&arena);
    return room;
}

#define IN(text)                                                                                             \
    {                                                                                                        \
        (const uint8_t *)(text), sizeof(text) - 1                                                            \
    }

/* Expected lines are those of Python 3.11's pickletools.dis up to where it, or pickle.loads, raises. */
static const struct {
    const char *name;
    struct bytes in;
    const char *expect;
} rows[] = {
    {"a first byte that is no opcode", IN("\xff"), "damaged at byte 0: byte 0xff is no opcode\n"},
    {"no STOP", IN("N"), "    0: N    NONE\ndamaged at byte 1: the pickle ends before its STOP\n"},
    {"STOP alone", IN("."),
     "    0: .    STOP\ndamaged at byte 0: STOP at byte 0: needs 1 values above the last mark, there are "
     "0\n"},
    {"an opcode in the middle that is none", IN("N\xfe."),
     "    0: N    NONE\ndamaged at byte 1: byte 0xfe is no opcode\n"},
    {"an argument that is cut",
     IN("N\x8c\x05"
        "abc"),
     "    0: N    NONE\ndamaged at byte 1: SHORT_BINUNICODE at byte 1: needs 5 bytes, 3 are left\n"},
    {"a length of 2^64 - 1", IN("\x8e\xff\xff\xff\xff\xff\xff\xff\xff."),
     "damaged at byte 0: BINBYTES8 at byte 0: needs 18446744073709551615 bytes, 1 are left\n"},
    {"a line without an end", IN("cos\nsystem"),
     "damaged at byte 0: GLOBAL at byte 0: its line does not end\n"},
    {"text that is no UTF-8", IN("X\x01\0\0\0\xff."),
     "damaged at byte 0: BINUNICODE at byte 0: the text is no UTF-8 from byte 5 on\n"},
    {"a number that is none", IN("Ix\n."), "damaged at byte 0: INT at byte 0: 'x' is no integer\n"},
    {"a memo entry that is not there", IN("h\x05."),
     "    0: h    BINGET     5\ndamaged at byte 0: BINGET at byte 0: memo has no entry 5\n"},
    {"a mark that is not there", IN("Nt."),
     "    0: N    NONE\n    1: t    TUPLE\ndamaged at byte 1: TUPLE at byte 1: there is no mark\n"},
    {"a protocol of the future", IN("\x80\x09N."),
     "    0: \\x80 PROTO      9\ndamaged at byte 0: PROTO at byte 0: protocol 9 is not known\n"},
    {"a frame that is cut off", IN("\x95\x09\0\0\0\0\0\0\0K\x01K"),
     "    0: \\x95 FRAME      9\n    9: K    BININT1    1\n"
     "damaged at byte 11: BININT1 at byte 11: needs 1 bytes, 0 are left\n"},
    {"a frame that is too long", IN("\x95\x09\0\0\0\0\0\0\0K\x01."),
     "    0: \\x95 FRAME      9\n    9: K    BININT1    1\n   11: .    STOP\n"
     "damaged at byte 0: FRAME at byte 0: the frame has 9 bytes, 3 are left\n"},
    {"a call of a number", IN("K\x01)R."),
     "    0: K    BININT1    1\n    2: )    EMPTY_TUPLE\n    3: R    REDUCE\n"
     "damaged at byte 3: REDUCE at byte 3: a value of type int cannot be called\n"},
    {"damage in a second pickle", IN("N.N(."),
     "    0: N    NONE\n    1: .    STOP\nhighest protocol among opcodes = 0\n\n"
     "    2: N    NONE\n    3: (    MARK\n    4: .        STOP\n"
     "damaged at byte 4: STOP at byte 4: needs 1 values above the last mark, there are 0\n"},
    {"a line break behind a pickle", IN("N.\n"),
     "    0: N    NONE\n    1: .    STOP\nhighest protocol among opcodes = 0\n\n"
     "1 bytes follow that are no pickle\n"},
    {"a memo entry stored again, and marks left open", IN("(Np1\np1\n."),
     "    0: (    MARK\n    1: N        NONE\n    2: p        PUT        1\n    5: p        PUT        1\n"
     "    8: .        STOP\nhighest protocol among opcodes = 0\n"},
    {"MEMOIZE counts entries", IN("N\x71\x05\x94."),
     "    0: N    NONE\n    1: q    BINPUT     5\n    3: \\x94 MEMOIZE    (as 1)\n    4: .    STOP\n"
     "highest protocol among opcodes = 4\n"},
    {"POP of a mark", IN("((0(0N."),
     "    0: (    MARK\n    1: (        MARK\n    2: 0            POP        (MARK at 1)\n    3: (        "
     "MARK\n"
     "    4: 0            POP        (MARK at 3)\n    5: N        NONE\n    6: .        STOP\n"
     "highest protocol among opcodes = 0\n"},
};

static void damage_ends_a_listing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].name);
        assert_string_equal(text_of(rows[i].in, (struct disassemble_options){.index = DISASSEMBLE_ALL}, 4096),
                            rows[i].expect);
        assert_string_equal(text_of(rows[i].in, (struct disassemble_options){.index = DISASSEMBLE_ALL}, 1),
                            rows[i].expect);
    }
}

static const struct {
    const char *name;
    struct bytes in;
    uint64_t index;
    const char *expect; /* '!' and the error */
} indices[] = {
    {"the first", IN("N.I1\n."), 0,
     "    0: N    NONE\n    1: .    STOP\nhighest protocol among opcodes = 0\n"},
    {"the second", IN("N.I1\n."), 1,
     "    2: I    INT        1\n    5: .    STOP\nhighest protocol among opcodes = 0\n"},
    {"a third that is not there", IN("N.I1\n."), 2, "!index cannot be 2: 2 pickles are in the body"},
    {"one behind damage", IN("Nt.N."), 1, "!TUPLE at byte 1: there is no mark"},
    {"an empty body", {NULL, 0}, 0, "!the body is empty"},
};

static void one_of_several_is_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(indices); i++) {
        print_message("%s\n", indices[i].name);
        assert_string_equal(
            text_of(indices[i].in, (struct disassemble_options){.index = indices[i].index}, 4096),
            indices[i].expect);
    }
}

static void a_limit_ends_a_listing(void **state)
{
    (void)state;
    static char marks[20000], room[1 << 20];
    memset(marks, '(', sizeof marks);
    struct limits limits = limits_default;
    limits.depth = 3;
    limits.digits = 20;
    static const char big[] = "N\x8a\x0f\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1.";
    static const struct {
        struct bytes in;
        const char *end;
    } ends[] = {
        {{(const uint8_t *)marks, sizeof marks},
         "    3: (                MARK\nstopped at byte 3: more than 3 marks are open\n"},
        {{(const uint8_t *)big, sizeof big - 1},
         "    1: \\x8a LONG1\nstopped at byte 1: an integer has more than 20 "
         "digits\n"},
    };
    for (size_t i = 0; i < ROWS(ends); i++) {
        struct arena arena;
        struct error err = {0};
        struct bytes out = bytes_of(room, 0);
        arena_init(&arena, 1 << 24);
        assert_true(list(ends[i].in, (struct disassemble_options){.index = DISASSEMBLE_ALL}, &limits, 100,
                         &arena, &out, &err));
        assert_true(out.len >= strlen(ends[i].end));
        room[out.len] = '\0';
        assert_string_equal(room + out.len - strlen(ends[i].end), ends[i].end);
        arena_free(&arena);
    }
}

/* What has begun ends with the limit's name, and within it. */
static void a_listing_has_a_length(void **state)
{
    (void)state;
    enum { MARKS = 200, MOST = 9000 };
    static char body[MARKS + 8010], room[1 << 20];
    memset(body, '(', MARKS);
    memcpy(body + MARKS, "B\x40\x1f\0\0", 5); /* 8000 bytes */
    memset(body + MARKS + 5, 'a', 8000);
    struct limits limits = limits_default;
    limits.output = MOST;
    const struct bytes ins[] = {bytes_of(body, MARKS), bytes_of(body + MARKS, 8005),
                                bytes_of(body + MARKS - 40, 8045)};
    for (size_t i = 0; i < ROWS(ins); i++)
        for (unsigned form = 0; form < ROWS(both_forms); form++) {
            struct arena arena;
            struct error err = {0};
            struct bytes out = bytes_of(room, 0);
            arena_init(&arena, 1 << 24);
            assert_true(list(ins[i], (struct disassemble_options){.form = form, .index = DISASSEMBLE_ALL},
                             &limits, 100, &arena, &out, &err));
            room[out.len] = '\0';
            assert_in_range(out.len, 1, MOST);
            const bool stopped = strstr(room, "the listing would be longer than 9000 bytes") != NULL;
            assert_true(stopped || strstr(room, "the pickle ends before its STOP") != NULL);
            assert_true(form == DISASSEMBLE_TEXT || !stopped || strstr(room, "\"limit\":\"output\"") != NULL);
            arena_free(&arena);
        }
}

/* The least memory with which all of it is listed. */
static size_t memory_for(struct bytes in)
{
    static char room[1 << 20];
    for (size_t budget = 1 << 16;; budget += 1 << 13) {
        struct arena arena;
        struct error err = {0};
        struct bytes out = bytes_of(room, 0);
        arena_init(&arena, budget);
        const bool ok = list(in, (struct disassemble_options){.index = DISASSEMBLE_ALL}, &limits_default,
                             4096, &arena, &out, &err);
        room[out.len] = '\0';
        arena_free(&arena);
        if (ok && strstr(room, "highest protocol") != NULL)
            return budget;
        assert_in_range(budget, 0, 1 << 26);
    }
}

/* The digits of a big integer, and what the machine made before it, have one budget. */
static void memory_is_shared(void **state)
{
    (void)state;
    enum { DIGITS = 40000, TEXTS = 8000 };
    static char body[TEXTS * 3 + DIGITS + 8];
    size_t n = 0;
    memcpy(body, "\x8b\x40\x9c\0\0", 5); /* LONG4 of 40000 bytes */
    memset(body + 5, 0x55, DIGITS);
    body[DIGITS + 5] = '.';
    const size_t number = memory_for(bytes_of(body, DIGITS + 6));
    for (int i = 0; i < TEXTS; i++)
        n += (size_t)sprintf(body + n, "U\1%c", 'a');
    body[n] = '.';
    const size_t texts = memory_for(bytes_of(body, n + 1));
    memcpy(body + n, "\x8b\x40\x9c\0\0", 5);
    memset(body + n + 5, 0x55, DIGITS);
    body[n + DIGITS + 5] = '.';
    const size_t less = texts < number ? texts : number;
    assert_in_range(memory_for(bytes_of(body, n + DIGITS + 6)), texts + number - less / 2,
                    2 * (texts + number)); /* blocks are not filled to their ends */
}

/* With every budget: no memory for a start, a listing that says where memory ended, or all of it. */
static void memory_may_end_anywhere(void **state)
{
    (void)state;
    struct arena files;
    arena_init(&files, 1 << 20);
    const struct bytes in = test_file("samples/dict.pickle", &files);
    static char room[ROOM];
    bool whole = false;
    for (size_t budget = 0; budget < (1 << 20) && !whole; budget += 256) {
        struct arena arena;
        struct error err = {0};
        struct bytes out = bytes_of(room, 0);
        arena_init(&arena, budget);
        if (list(in, (struct disassemble_options){.index = DISASSEMBLE_ALL}, &limits_default, 4096, &arena,
                 &out, &err)) {
            room[out.len] = '\0';
            whole = strstr(room, "highest protocol") != NULL;
            assert_true(whole || strstr(room, "stopped at byte") != NULL);
        } else {
            assert_int_equal(err.kind, ERR_LIMIT);
            assert_string_equal(err.limit, "memory");
        }
        arena_free(&arena);
    }
    assert_true(whole);
    arena_free(&files);
}

/* A pickle cut at every byte, and with bytes changed: an end in either form, the same for every sink. */
static void whatever_comes_is_listed(void **state)
{
    (void)state;
    static const char *const samples[] = {"samples/dict.pickle", "samples/array.pickle",
                                          "samples/object.pickle"};
    static uint8_t body[ROOM];
    static char first[ROOM];
    uint32_t random = 1;
    struct arena files;
    arena_init(&files, 1 << 20);
    for (size_t i = 0; i < ROWS(samples); i++) {
        const struct bytes in = test_file(samples[i], &files);
        for (size_t run = 1; run < 4 * in.len; run++) {
            const size_t len = run < in.len ? run : in.len;
            memcpy(body, in.data, len);
            for (size_t change = 0; run >= in.len && change < 3; change++) {
                random = random * 1664525 + 1013904223;
                body[(random >> 8) % len] = (uint8_t)(random >> 24);
            }
            for (unsigned form = 0; form < ROWS(both_forms); form++) {
                const struct disassemble_options options = {.form = form, .index = DISASSEMBLE_ALL};
                snprintf(first, sizeof first, "%s", text_of(bytes_of(body, len), options, 4096));
                assert_true(first[0] != '!' && first[strlen(first) - 1] == '\n');
                assert_string_equal(text_of(bytes_of(body, len), options, 7), first);
            }
        }
    }
    arena_free(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_ends_a_listing),    cmocka_unit_test(one_of_several_is_listed),
        cmocka_unit_test(a_limit_ends_a_listing),   cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(whatever_comes_is_listed), cmocka_unit_test(a_listing_has_a_length),
        cmocka_unit_test(memory_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
