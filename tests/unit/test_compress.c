#include "support.h"

#include "compress.h"

static const struct {
    const char *name, *accepts, *chosen; /* NULL: refused */
} rows[] = {
    {"no header", NULL, "identity"},
    {"an empty one", "", "identity"},
    {"gzip alone", "gzip", "gzip"},
    {"what browsers send", "gzip, deflate, br, zstd", "zstd"},
    {"what Python sends", "gzip, deflate", "gzip"},
    {"the order says nothing", "zstd, gzip", "zstd"},
    {"weights do", "zstd;q=0.5, gzip;q=0.8", "gzip"},
    {"to the third digit", "zstd;q=0.801, gzip;q=0.8", "zstd"},
    {"with blanks", " zstd ; q=0.1 ,\tgzip ; q=0.9", "gzip"},
    {"in capitals", "GZIP;Q=1.0", "gzip"},
    {"refused", "gzip;q=0", "identity"},
    {"refused with digits", "gzip;q=0.000, zstd;q=0.001", "zstd"},
    {"anything", "*", "zstd"},
    {"anything else", "zstd;q=0, *", "gzip"},
    {"nothing else", "gzip, *;q=0", "gzip"},
    {"identity is liked better", "identity, gzip;q=0.5", "identity"},
    {"identity is liked less", "identity;q=0.2, gzip;q=0.5", "gzip"},
    {"identity is refused", "identity;q=0, gzip;q=0.1", "gzip"},
    {"all that there is is refused", "identity;q=0", NULL},
    {"all is refused", "*;q=0", NULL},
    {"all but identity", "*;q=0, identity;q=0.1", "identity"},
    {"names that begin alike", "gzipped, zstdx", "identity"},
    {"another's name", "br", "identity"},
    {"a weight that is none", "gzip;q=x", "identity"},
    {"a weight without a number", "gzip;q", "identity"},
    {"over one", "gzip;q=7", "identity"},
    {"commas alone", ",,,", "identity"},
    {"some other parameter", "gzip;level=1", "gzip"},
};

static void accept_encoding_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *chosen = compress_choose(rows[i].accepts, true);
        print_message("%s\n", rows[i].name);
        if (rows[i].chosen == NULL)
            assert_null(chosen);
        else
            assert_string_equal(chosen, rows[i].chosen);
    }
}

static void without_codings_identity_is_all(void **state)
{
    (void)state;
    assert_string_equal(compress_choose("gzip, zstd", false), "identity");
    assert_null(compress_choose("gzip, identity;q=0", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_encoding_rows),
        cmocka_unit_test(without_codings_identity_is_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
