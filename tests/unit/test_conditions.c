#include "support.h"

#include "conditions.h"

/* 1994-11-06 08:49:37, the moment of RFC 9110 section 5.6.7. */
enum { THEN = 784111777 };
#define THEN_TEXT "Sun, 06 Nov 1994 08:49:37 GMT"

static const struct {
    const char *name;
    const char *headers[4]; /* name, value, name, value */
    unsigned status;        /* 0: go on */
} rows[] = {
    {"no condition", {NULL}, 0},
    {"the tag is the same", {"If-None-Match", "\"abc\""}, 304},
    {"a weak tag is the same when reading", {"If-None-Match", "W/\"abc\""}, 304},
    {"one of several tags", {"If-None-Match", "\"x,y\", W/\"z\" ,\"abc\""}, 304},
    {"the tag of its gzip", {"If-None-Match", "\"abc+gzip\""}, 304},
    {"the tag of its zstd, weak", {"If-None-Match", "W/\"abc+zstd\""}, 304},
    {"the tag of another's gzip", {"If-None-Match", "\"abd+gzip\""}, 0},
    {"the tag of no coding", {"If-None-Match", "\"abc+lzma\""}, 0},
    {"a tag that is longer", {"If-None-Match", "\"abcd\""}, 0},
    {"it must be this tag, and was gzip", {"If-Match", "\"abc+gzip\""}, 0},
    {"any tag", {"If-None-Match", "*"}, 304},
    {"another tag", {"If-None-Match", "\"abd\""}, 0},
    {"a tag without quotes is none", {"If-None-Match", "abc"}, 0},
    {"the tag counts, not the date", {"If-None-Match", "\"x\"", "If-Modified-Since", THEN_TEXT}, 0},
    {"not modified since", {"If-Modified-Since", THEN_TEXT}, 304},
    {"modified since", {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}, 0},
    {"the date as RFC 850 has it", {"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}, 304},
    {"the date as asctime has it", {"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}, 304},
    {"a date that is none says nothing", {"If-Modified-Since", "yesterday"}, 0},
    {"it must be this tag, and is", {"If-Match", "\"abc\""}, 0},
    {"it must be there", {"If-Match", "*"}, 0},
    {"it must be another tag", {"If-Match", "\"abd\""}, 412},
    {"a weak tag never matches", {"If-Match", "W/\"abc\""}, 412},
    {"unmodified since", {"If-Unmodified-Since", THEN_TEXT}, 0},
    {"not unmodified since", {"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}, 412},
    {"If-Match counts, not the date",
     {"If-Match", "\"abc\"", "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"},
     0},
};

static const char *header_of(const void *headers, const char *name)
{
    const char *const *pairs = headers;
    for (size_t i = 0; i < 4 && pairs[i] != NULL; i += 2)
        if (strcmp(pairs[i], name) == 0)
            return pairs[i + 1];
    return NULL;
}

static void conditions_decide(void **state)
{
    (void)state;
    const struct timespec then = {.tv_sec = THEN, .tv_nsec = 5};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        const struct request request = {.arena = &arena, .headers = rows[i].headers, .header = header_of};
        struct reply reply = {0};
        struct error err = {0};
        bool done = false;
        print_message("%s\n", rows[i].name);
        const bool ok = conditions_check(&request, "\"abc\"", &then, &reply, &done, &err);
        assert_int_equal(ok, rows[i].status != 412);
        assert_int_equal(ok ? ERR_NONE : ERR_PRECONDITION, err.kind);
        assert_int_equal(done, rows[i].status == 304);
        if (ok) {
            assert_int_equal(reply.status, rows[i].status);
            assert_string_equal(reply.headers[0].name, "ETag");
            assert_memory_equal(reply.headers[0].value, "\"abc", 4); /* or that of its coding */
            assert_string_equal(reply.headers[2].name, "Last-Modified");
            assert_string_equal(reply.headers[2].value, THEN_TEXT);
        }
        arena_free(&arena);
    }
}

static const struct {
    const char *name, *value;
    bool part;
} range_rows[] = {
    {"the same tag", "\"abc\"", true},
    {"another tag", "\"x\"", false},
    {"a weak tag", "W/\"abc\"", false},
    {"the same date", THEN_TEXT, true},
    {"an earlier date", "Sun, 06 Nov 1994 08:49:36 GMT", false},
    {"no date", "soon", false},
    {"not sent", NULL, true},
};

static void if_range_decides(void **state)
{
    (void)state;
    const struct timespec then = {.tv_sec = THEN};
    for (size_t i = 0; i < ROWS(range_rows); i++) {
        const char *headers[4] = {"If-Range", range_rows[i].value};
        if (range_rows[i].value == NULL)
            headers[0] = NULL;
        const struct request request = {.headers = headers, .header = header_of};
        print_message("%s\n", range_rows[i].name);
        assert_int_equal(conditions_range(&request, "\"abc\"", &then), range_rows[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_decide),
        cmocka_unit_test(if_range_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
