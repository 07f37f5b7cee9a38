#include "support.h"

#include "grant.h"

static const struct bytes some[] = {{(const uint8_t *)"team/a", 6}, {(const uint8_t *)"shared", 6}};
static const struct bytes root[] = {{NULL, 0}};

static const struct {
    const char *name, *path; /* a folder ends with '/' */
    bool here, above;        /* may a file of that name be named; may a file below it */
} rows[] = {
    {"a folder that is granted", "team/a", true, true},
    {"what is in it", "team/a/b/c.h5", true, true},
    {"a file that is granted", "shared", true, true},
    {"what only begins like it", "team/ab", false, false},
    {"the folder above it", "team", false, true},
    {"the folder above it, as lists spell it", "team/", false, true},
    {"a folder beside it", "team/b", false, false},
    {"half a name", "tea", false, false},
    {"the root", "", false, true},
    {"nothing of the kind", "other/team/a", false, false},
};

static void names_are_below_prefixes(void **state)
{
    (void)state;
    const struct grant g = {.name = "", .scopes = SCOPE_READ, .prefixes = some, .prefix_count = ROWS(some)};
    const struct grant all = {.name = "", .prefixes = root, .prefix_count = 1};
    const struct grant nothing = {.name = "", .prefixes = some, .prefix_count = 0};
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct bytes path = bytes_text(rows[i].path);
        print_message("%s\n", rows[i].name);
        assert_int_equal(grant_has_name(&g, path), rows[i].here);
        assert_int_equal(grant_has_folder(&g, path), rows[i].above);
        assert_true(grant_has_name(&all, path) && grant_has_folder(&all, path));
        assert_true(grant_has_name(&grant_everything, path) && grant_has_folder(&grant_everything, path));
        assert_false(grant_has_name(&nothing, path) || grant_has_folder(&nothing, path));
    }
}

static void scopes_are_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        unsigned scopes;
    } texts[] = {
        {"read", true, SCOPE_READ},
        {"read,write convert", true, SCOPE_READ | SCOPE_WRITE | SCOPE_CONVERT},
        {", admin ,,", true, SCOPE_ADMIN},
        {"", true, 0},
        {"read,everything", false, 0},
        {"Read", false, 0},
    };
    for (size_t i = 0; i < ROWS(texts); i++) {
        unsigned scopes = 0;
        assert_int_equal(scopes_read(bytes_text(texts[i].text), &scopes), texts[i].ok);
        assert_int_equal(scopes, texts[i].scopes);
    }
    assert_string_equal(scope_name(SCOPE_WRITE), "write");
    assert_string_equal(scope_name(0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_below_prefixes),
        cmocka_unit_test(scopes_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
