#include "reader.h"

#include "sink.h"
#include "support.h"

static void nothing_is_read_past_the_end(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (size_t len = 0; len <= sizeof data; len++) {
        struct reader r = reader_make(bytes_of(data, len));
        struct error err = {0};
        uint64_t v;
        assert_int_equal(reader_u64_le(&r, &v, &err), len >= 8);
        if (len >= 8)
            assert_int_equal(v, 0x0807060504030201);
        else
            assert_int_equal(err.kind, ERR_SYNTAX);
        struct bytes out;
        struct error again = {0};
        assert_false(reader_take(&r, SIZE_MAX, &out, &again));
        assert_int_equal(again.offset, r.at);
    }
}

static void a_sink_gives_back_what_was_written_in_any_portions(void **state)
{
    (void)state;
    for (size_t portion = 1; portion < 20; portion++) {
        struct sink s;
        struct error err = {0};
        char out[4096];
        size_t got = 0;
        assert_true(sink_init(&s, 8));
        for (int i = 0; i < 100; i++) {
            assert_true(sink_text(&s, "0123456789", &err));
            assert_true(sink_full(&s));
            while (sink_full(&s))
                got += sink_drain(&s, out + got, portion);
        }
        while (s.len > s.taken)
            got += sink_drain(&s, out + got, portion);
        assert_int_equal(got, 1000);
        assert_int_equal(s.total, 1000);
        for (size_t i = 0; i < got; i++)
            assert_int_equal(out[i], '0' + i % 10);
        sink_deinit(&s);
    }
}

static void a_sink_that_never_runs_empty_does_not_grow(void **state)
{
    (void)state;
    struct sink s;
    struct error err = {0};
    char out[4];
    assert_true(sink_init(&s, 8));
    for (int i = 0; i < 100000; i++) {
        assert_true(sink_text(&s, "0123", &err));
        if (sink_full(&s))
            assert_int_equal(sink_drain(&s, out, sizeof out), sizeof out);
    }
    assert_in_range(s.capacity, 1, 1024);
    sink_deinit(&s);
}

static void the_first_error_wins(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERR_SYNTAX, 7, "first %d", 1);
    error_set(&err, ERR_IO, 8, "second");
    error_set_pointer(&err, "/a");
    error_set_pointer(&err, "/b");
    assert_int_equal(err.kind, ERR_SYNTAX);
    assert_int_equal(err.offset, 7);
    assert_string_equal(err.detail, "first 1");
    assert_string_equal(err.pointer, "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_past_the_end),
        cmocka_unit_test(a_sink_gives_back_what_was_written_in_any_portions),
        cmocka_unit_test(a_sink_that_never_runs_empty_does_not_grow),
        cmocka_unit_test(the_first_error_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
