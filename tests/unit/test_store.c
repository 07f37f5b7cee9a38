#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

/* A folder with files, folders and links, made anew for each test. */
struct fixture {
    char root[64], outside[64];
    struct store *store;
    struct arena arena;
};

static void put(const char *root, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void put_folder(const char *root, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void put_link(const char *root, const char *name, const char *target)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(symlink(target, path), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};
    strcpy(f->root, "/tmp/mandoline-store-XXXXXX");
    strcpy(f->outside, "/tmp/mandoline-secret-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_non_null(mkdtemp(f->outside));
    put(f->outside, "secret", "secret");
    put(f->root, "b.h5", "bb");
    put(f->root, "a.txt", "a");
    put_folder(f->root, "a");
    put(f->root, "a/z", "zzz");
    put(f->root, "a/.hidden", "h");
    put_folder(f->root, "a/deep");
    put(f->root, "a/deep/x", "x");
    put_folder(f->root, ".git");
    put(f->root, ".git/config", "c");
    put_link(f->root, "inside", "a/z");
    put_link(f->root, "loop", "loop");
    put_link(f->root, "again", ".");
    put_link(f->root, "out", f->outside);
    char target[128];
    snprintf(target, sizeof target, "%s/secret", f->outside);
    put_link(f->root, "stolen", target);
    put_link(f->root, "climb", "../../etc/passwd");
    arena_init(&f->arena, 1 << 22);
    assert_true(store_new(f->root, &f->store, &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[256];
    arena_free(&f->arena);
    store_free(f->store);
    snprintf(command, sizeof command, "rm -rf %s %s", f->root, f->outside);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void files_are_found_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        bool found;
    } rows[] = {
        {"b.h5", true},           {"a/z", true},        {"inside", true},      {"a/deep/x", true},
        {"again/a/z", true},      {"a", false},         {"", false},           {"/etc/passwd", false},
        {"../etc/passwd", false}, {"a/../b.h5", false}, {"out/secret", false}, {"stolen", false},
        {"climb", false},         {"loop", false},      {"a/.hidden", false},  {".git/config", false},
        {"a//z", false},          {"a/", false},        {"nothing", false},    {"b.h5/x", false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct store_file file;
        const bool found = store_open(f->store, bytes_text(rows[i].name), &f->arena, &file, &err);
        if (found != rows[i].found)
            fail_msg("%s: %d, %s", rows[i].name, found, err.detail);
        if (!found)
            assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
}

static void a_name_with_a_nul_is_not_cut_there(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store_file file;
    assert_false(store_open(f->store, bytes_of("b.h5\0.txt", 9), &f->arena, &file, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void the_etag_changes_with_the_file(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store_file before, same, after;
    assert_true(store_open(f->store, bytes_text("b.h5"), &f->arena, &before, &err));
    assert_true(store_open(f->store, bytes_text("b.h5"), &f->arena, &same, &err));
    assert_string_equal(before.etag, same.etag);
    assert_int_equal(before.input.size, 2);
    usleep(20000);
    put(f->root, "b.h5", "cc");
    assert_true(store_open(f->store, bytes_text("b.h5"), &f->arena, &after, &err));
    assert_string_not_equal(before.etag, after.etag);
}

/* What two machines see that share a volume, and what makes another file, or another state of it. */
static void the_etag_is_the_same_wherever_the_volume_is_mounted(void **state)
{
    (void)state;
    const struct stat file = {.st_dev = 7, .st_ino = 12, .st_size = 3, .st_mtim = {5, 6}, .st_ctim = {8, 9}};
    struct stat elsewhere = file, others[] = {file, file, file, file, file, file};
    elsewhere.st_dev = 0x10004;
    elsewhere.st_atim = (struct timespec){77, 1};
    others[0].st_ino++;
    others[1].st_size++;
    others[2].st_mtim.tv_sec++;
    others[3].st_mtim.tv_nsec++;
    others[4].st_ctim.tv_sec++;
    others[5].st_ctim.tv_nsec++;
    char one[STORE_ETAG], two[STORE_ETAG];
    store_etag(&file, one);
    store_etag(&elsewhere, two);
    assert_string_equal(one, two);
    for (size_t i = 0; i < ROWS(others); i++) {
        store_etag(&others[i], two);
        assert_string_not_equal(one, two);
    }
}

static void a_look_gives_the_etag_of_the_open_file(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store_file file;
    char etag[STORE_ETAG], name[1024];
    assert_true(store_open(f->store, bytes_text("b.h5"), &f->arena, &file, &err));
    assert_true(store_look(f->store, bytes_text("b.h5"), etag));
    assert_string_equal(etag, file.etag);
    memset(name, 'a', sizeof name);
    assert_false(store_look(f->store, bytes_of(name, sizeof name), etag));
    assert_false(store_look(f->store, bytes_text("absent"), etag));
    assert_false(store_look(f->store, bytes_text("."), etag));
    assert_false(store_look(f->store, bytes_of("b.h5\0", 5), etag));
}

/* The names of a listing, joined with blanks; "+" at the end when there are more. */
static const char *names_for(const struct grant *grant, struct fixture *f, const char *prefix,
                             const char *after, size_t count)
{
    static char out[512];
    struct error err = {0};
    struct store_entry *entries;
    size_t found;
    bool more;
    assert_true(store_list(f->store, grant, bytes_text(prefix), bytes_text(after), count, &f->arena, &entries,
                           &found, &more, &err));
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < found; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i == 0 ? "" : " ", (int)entries[i].name.len,
                              (const char *)entries[i].name.data);
    if (more)
        snprintf(out + n, sizeof out - n, "+");
    return out;
}

static const char *names(struct fixture *f, const char *prefix, const char *after, size_t count)
{
    return names_for(NULL, f, prefix, after, count);
}

static void a_listing_has_only_what_is_granted(void **state)
{
    struct fixture *f = *state;
    const struct bytes prefixes[] = {bytes_text("a/deep"), bytes_text("b.h5")};
    const struct grant some = {.name = "", .prefixes = prefixes, .prefix_count = 2};
    const struct grant none = {.name = "", .prefixes = prefixes, .prefix_count = 0};
    assert_string_equal(names_for(&some, f, "", "", 100), "a/deep/x b.h5");
    assert_string_equal(names_for(&some, f, "", "", 1), "a/deep/x+"); /* pages are full of what is granted */
    assert_string_equal(names_for(&some, f, "", "a/deep/x", 1), "b.h5");
    assert_string_equal(names_for(&some, f, "a", "", 100), "a/deep/x");
    assert_string_equal(names_for(&none, f, "", "", 100), "");
}

static void a_listing_is_sorted_by_whole_names(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(names(f, "", "", 100), "a.txt a/deep/x a/z b.h5 inside");
}

static void a_listing_has_prefix_and_pages(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(names(f, "a/", "", 100), "a/deep/x a/z");
    assert_string_equal(names(f, "a", "a.txt", 100), "a/deep/x a/z");
    assert_string_equal(names(f, "", "", 2), "a.txt a/deep/x+");
    assert_string_equal(names(f, "", "a/deep/x", 2), "a/z b.h5+");
    assert_string_equal(names(f, "", "b.h5", 2), "inside");
    assert_string_equal(names(f, "zz", "", 2), "");
}

static void a_missing_folder_is_one_clear_line(void **state)
{
    (void)state;
    struct error err = {0};
    struct store *s;
    assert_false(store_new("/nowhere/at/all", &s, &err));
    assert_string_equal(err.detail,
                        "the data folder '/nowhere/at/all' cannot be opened: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_found_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_with_a_nul_is_not_cut_there, setup, teardown),
        cmocka_unit_test_setup_teardown(the_etag_changes_with_the_file, setup, teardown),
        cmocka_unit_test(the_etag_is_the_same_wherever_the_volume_is_mounted),
        cmocka_unit_test_setup_teardown(a_look_gives_the_etag_of_the_open_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listing_has_only_what_is_granted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listing_is_sorted_by_whole_names, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listing_has_prefix_and_pages, setup, teardown),
        cmocka_unit_test(a_missing_folder_is_one_clear_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
