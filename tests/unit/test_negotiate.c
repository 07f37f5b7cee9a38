#include "support.h"

#include "negotiate.h"

static const struct {
    const char *accept;
    const char *format; /* NULL: none */
} rows[] = {
    {"*/*", "json"},
    {"application/json", "json"},
    {"APPLICATION/JSON", "json"},
    {"application/*", "json"},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"},
    {"text/html, image/png", NULL},
    {"", NULL},
    {",, ,", NULL},
    {"application/json;q=0", NULL},
    {"application/json;q=0, */*", "typed"},
    {"application/json;q=0.2, application/x-npy;q=0.3", "npy"},
    {"application/json ; q=0.2 , application/x-npy ; q=0.3", "npy"},
    {"application/x-npy, */*", "npy"},
    {"application/x-npy;q=0.5, */*", "json"},
    {"text/*", "csv"},
    {"image/*", NULL},
    {"application/*;q=0.1, application/x-npy", "npy"},
    {"application/x-npy;q=0.001, image/png", "npy"},
    {"application/x-npy;q=0.0001", NULL},
    {"application/json;q=1.5", "json"},
    {"application/json;q=x", "json"},
    {"application/json;charset=utf-8", "json"},
    {"application/x-pickle;q=0.9,application/x-hdf5;q=0.91", "hdf5"},
    {"application/octet-stream", "bin"},
    {"application/python-pickle", "pickle"},
    {"*", "json"},
    {"application/", NULL},
    {"/*", NULL},
};

static void accept_chooses_the_best(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct codec *codec = negotiate_accept(rows[i].accept);
        print_message("%s\n", rows[i].accept);
        assert_int_equal(codec == NULL, rows[i].format == NULL);
        if (codec != NULL)
            assert_string_equal(codec->name, rows[i].format);
    }
}

/* Headers: Content-Type, or Accept. */
static const char *type_header(const void *headers, const char *name)
{
    return strcmp(name, "Content-Type") == 0 ? headers : NULL;
}

static const struct {
    const char *name, *type, *from, *body;
    const char *format; /* NULL: kind */
    enum error_kind kind;
} sources[] = {
    {"by its type", "application/json; charset=utf-8", NULL, "1", "json", ERR_NONE},
    {"from= wins over the type", "application/x-npy", "json", "1", "json", ERR_NONE},
    {"nothing said: by content", NULL, NULL, "{\"a\": 1}", "json", ERR_NONE},
    {"an empty type says nothing", "", NULL, "[1]", "json", ERR_NONE},
    {"what curl sends says nothing", "application/x-www-form-urlencoded", NULL, "[1]", "json", ERR_NONE},
    {"octets say nothing", "application/octet-stream", NULL, "[1]", "json", ERR_NONE},
    {"a type that nobody reads", "application/pdf", NULL, "1", NULL, ERR_FORMAT},
    {"a format that is none", NULL, "jsonn", "1", NULL, ERR_ARGUMENT},
    {"a format that is only written", NULL, "bin", "1", NULL, ERR_FORMAT},
    {"content that nobody knows", NULL, NULL, "\x01\x02\x03", NULL, ERR_FORMAT},
    {"nothing at all", NULL, NULL, "", NULL, ERR_SYNTAX},
    {"nothing, with a type", "application/json", NULL, "", NULL, ERR_SYNTAX},
    {"nothing, with a format", NULL, "json", "", NULL, ERR_SYNTAX},
};

static void bodies_have_a_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(sources); i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        const struct param from = {.name = bytes_text("from"),
                                   .value = bytes_text(sources[i].from == NULL ? "" : sources[i].from)};
        const struct service service = {.limits = &limits_default};
        const struct request request = {.service = &service,
                                        .arena = &arena,
                                        .query = &from,
                                        .query_count = sources[i].from == NULL ? 0 : 1,
                                        .headers = sources[i].type,
                                        .header = type_header,
                                        .body = input_of_bytes(bytes_text(sources[i].body))};
        struct source source = {0};
        struct error err = {0};
        print_message("%s\n", sources[i].name);
        assert_int_equal(negotiate_source(&request, &source, &err), sources[i].format != NULL);
        assert_int_equal(err.kind, sources[i].kind);
        if (sources[i].format != NULL)
            assert_string_equal(source.codec->name, sources[i].format);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_chooses_the_best),
        cmocka_unit_test(bodies_have_a_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
