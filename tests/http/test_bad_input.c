/* Input that is wrong, cut, huge or hostile: always a problem document, and the server goes on. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Every request takes some ten times as long, and shadow is memory too: fewer requests, and no measuring. */
enum { DEEP = 100000, CUTS_APART = 13, MEASURED = 0 };
#else
enum { DEEP = 1000000, CUTS_APART = 1, MEASURED = 1 };
#endif

/* Sends a body to /v1/convert. */
static void convert(void **state, const char *query, struct bytes body, const char *type, struct answer *out)
{
    char path[256], header[128];
    snprintf(path, sizeof path, "/v1/convert%s", query);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    const struct call call = {.method = "POST", .path = path, .body = body, .headers = {header}};
    http(*state, &call, out);
}

/* The server is as it was: what is right is answered. */
static void assert_alive(void **state)
{
    struct answer a;
    convert(state, "?from=json&to=json", bytes_text("[1]"), "", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal((const char *)a.body, "[1]");
    answer_free(&a);
}

static const struct {
    const char *name;
    const char *query, *type;
    const char *body;
    size_t len; /* 0: all of the text */
    long status;
    const char *slug;
    const char *offset; /* or "" */
} bodies[] = {
    {"an empty body", "", "", "", 0, 400, "malformed-input", "0"},
    {"an empty body with a format", "?from=pickle", "", "", 0, 400, "malformed-input", "0"},
    {"a type that nobody reads", "", "application/pdf", "%PDF-1.7", 0, 415, "unknown-format", ""},
    {"a form without a part", "", "multipart/form-data; boundary=x", "--x--", 0, 400, "malformed-input", "0"},
    {"a packed document that is cut", "", "", "\x1f\x8b\x08\0\0\0\0", 7, 400, "malformed-input", "7"},
    {"an index that is none", "?index=1.5", "", "1", 0, 400, "bad-parameter", ""},
    {"an encoding that is none", "?encoding=ebcdic", "", "1", 0, 400, "bad-parameter", ""},
    {"bytes that are no format", "", "", "\x01\x02\x03", 0, 415, "unknown-format", ""},
    {"JSON that is called npy", "", "application/x-npy", "[1]", 0, 400, "malformed-input", "0"},
    {"JSON that is called a pickle", "?from=pickle", "", "{}", 0, 400, "malformed-input", NULL},
    {"JSON that is called HDF5", "?from=hdf5", "", "[1]", 0, 400, "malformed-input", NULL},
    {"JSON that ends early", "", "application/json", "{\"a\": [1, 2", 0, 400, "malformed-input", "11"},
    {"JSON with more after it", "", "application/json", "1 2", 0, 400, "malformed-input", "2"},
    {"JSON that is not UTF-8", "", "application/json", "[\"\xff\"]", 0, 400, "malformed-input", "2"},
    {"JSON with a surrogate in UTF-8", "", "application/json", "[\"\xed\xa0\x80\"]", 0, 400,
     "malformed-input", "2"},
    {"a pickle that ends early", "", "", "\x80\x04]\x94(K\x01", 7, 400, "malformed-input", NULL},
    {"a pickle with text that is not UTF-8", "?from=pickle", "", "\x80\x04\x8c\x01\xff.", 6, 400,
     "malformed-input", NULL},
    {"a pickle of 2^63 bytes, it says", "?from=pickle", "", "\x80\x04\x8e\0\0\0\0\0\0\0\x80x.", 13, 400,
     "malformed-input", NULL},
    {"a pickle of a text of 2^63 bytes", "?from=pickle", "", "\x80\x04\x8d\0\0\0\0\0\0\0\x80x.", 13, 400,
     "malformed-input", NULL},
    {"a frame of 2^64 - 1 bytes", "?from=pickle", "", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff]\x94.",
     14, 400, "malformed-input", NULL},
    {"a pickle that pops from nothing", "?from=pickle", "",
     "\x80\x04"
     "0.",
     4, 400, "malformed-input", NULL},
    {"a bytearray of 2^63 bytes", "?from=pickle", "", "\x80\x05\x96\0\0\0\0\0\0\0\x80x.", 13, 400,
     "malformed-input", NULL},
    {"a memo number of 2^64", "?from=pickle", "", "]p18446744073709551616\n.", 0, 400, "malformed-input",
     NULL},
    {"npy that ends in its magic", "?from=npy", "", "\x93NUMPY", 6, 400, "malformed-input", NULL},
    {"npy with a header of 4 GB", "?from=npy", "", "\x93NUMPY\x02\0\xff\xff\xff\xff{", 13, 400,
     "malformed-input", NULL},
    {"npy of 2^63 elements", "?from=npy", "",
     "\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775808,), }     "
     "                                           \n",
     128, 400, "malformed-input", NULL},
    {"HDF5 that ends after its signature", "", "", "\x89HDF\r\n\x1a\n", 8, 400, "malformed-input", NULL},
    {"raw elements are read by nobody", "?from=bin", "", "1,2", 0, 415, "unknown-format", ""},
    {"a format that is none", "?to=docx", "", "1", 0, 400, "bad-parameter", ""},
    {"a format that is none, to read", "?from=docx", "", "1", 0, 400, "bad-parameter", ""},
    {"an unknown parameter", "?form=json", "", "1", 0, 400, "bad-parameter", ""},
    {"a parameter twice", "?to=json&to=json", "", "1", 0, 400, "bad-parameter", ""},
    {"a protocol of the future", "?to=pickle&protocol=6", "", "1", 0, 400, "bad-parameter", ""},
    {"a spelling of NaN that is none", "?nan=nan", "", "1", 0, 400, "bad-parameter", ""},
    {"a truth that is none", "?pretty=maybe", "", "1", 0, 400, "bad-parameter", ""},
    {"a path that leads nowhere", "?from=json&path=/a/b", "", "{\"a\":1}", 0, 404, "not-found", ""},
    {"a slice of no array", "?from=json&slice=0", "", "{\"a\":1}", 0, 422, "unrepresentable", ""},
    {"a parameter that is not UTF-8", "?path=%ff", "", "1", 0, 400, NULL, NULL},
};

static void bodies_that_are_wrong(void **state)
{
    for (size_t i = 0; i < ROWS(bodies); i++) {
        struct answer a;
        char text[256];
        const size_t len = bodies[i].len == 0 ? strlen(bodies[i].body) : bodies[i].len;
        print_message("%s\n", bodies[i].name);
        convert(state, bodies[i].query, bytes_of(bodies[i].body, len), bodies[i].type, &a);
        assert_int_equal(a.status, bodies[i].status);
        if (bodies[i].slug != NULL)
            assert_problem(&a, bodies[i].status, bodies[i].slug);
        if (bodies[i].offset != NULL)
            assert_string_equal(answer_problem(&a, "offset", text), bodies[i].offset);
        answer_free(&a);
    }
    assert_alive(state);
}

/* prefix, then unit n times, then suffix; free() it. */
static struct bytes repeated(const char *prefix, const char *unit, size_t n, const char *suffix)
{
    const size_t before = strlen(prefix), each = strlen(unit), after = strlen(suffix);
    char *text = malloc(before + each * n + after + 1);
    assert_non_null(text);
    memcpy(text, prefix, before);
    for (size_t i = 0; i < n; i++)
        memcpy(text + before + i * each, unit, each);
    memcpy(text + before + n * each, suffix, after + 1);
    return bytes_of(text, before + each * n + after);
}

static void check_deep(void **state, const char *query, struct bytes body)
{
    struct answer a;
    char text[256];
    convert(state, query, body, "", &a);
    assert_problem(&a, 413, "too-large");
    assert_string_equal(answer_problem(&a, "limit", text), "depth");
    assert_string_equal(answer_problem(&a, "limit_value", text), "10000");
    answer_free(&a);
    free((void *)(uintptr_t)body.data);
    assert_alive(state);
}

static void a_million_levels(void **state)
{
    check_deep(state, "?from=json&to=json", repeated("", "[", DEEP, ""));
    check_deep(state, "?from=json&to=pickle", repeated("", "{\"a\":", DEEP, "1"));
    /* ((((...)))) of protocol 2: each EMPTY_TUPLE goes into the next TUPLE1 */
    check_deep(state, "?from=pickle&to=json", repeated("\x80\x02)", "\x85", DEEP, "."));
    check_deep(state, "?from=pickle&to=pickle", repeated("\x80\x02)", "\x85", DEEP, "."));
    check_deep(state, "?from=pickle&to=hdf5", repeated("\x80\x02)", "\x85", DEEP, "."));
}

/* Levels of every kind that a pickle has: prefix, unit a million times, more a million times, suffix. */
static const struct {
    const char *name, *prefix, *unit, *more, *suffix;
} deep_rows[] = {
    {"lists", "]", "]", "a", "."},
    {"dicts", "}", "N}", "s", "."},
    {"frozen sets", "\x80\x04", "(", "\x91", "."},
    {"calls of what was called", "cm\nC\n", ")R", "", "."},
    {"arguments of arguments", "cm\nC\n", "cm\nC\n", "\x85R", "."},
    {"objects of Python 2", "", "(", "cm\nC\no", "."},
    {"objects with names for arguments", "cm\nC\n", ")}\x92", "", "."},
    {"persistent ids of persistent ids", "N", "Q", "", "."},
    {"states of states", "cm\nC\n)R", "cm\nC\n)R", "b", "."},
};

/* An answer that began is cut; one that did not is a problem. Nothing else happens, and soon. */
static void a_million_levels_of_every_kind(void **state)
{
    static const char *const targets[] = {"json", "typed", "pickle"};
    for (size_t i = 0; i < ROWS(deep_rows); i++)
        for (size_t t = 0; t < ROWS(targets); t++) {
            const struct bytes first = repeated(deep_rows[i].prefix, deep_rows[i].unit, DEEP, "");
            const struct bytes body =
                repeated((const char *)first.data, deep_rows[i].more, DEEP, deep_rows[i].suffix);
            char query[64], limit[64];
            struct answer a;
            snprintf(query, sizeof query, "?from=pickle&to=%s", targets[t]);
            convert(state, query, body, "", &a);
            print_message("%s to %s: %ld\n", deep_rows[i].name, targets[t], a.status);
            if (a.status == 413)
                assert_string_equal(answer_problem(&a, "limit", limit), "depth");
            else
                assert_true(a.status == 200 && a.cut);
            answer_free(&a);
            free((void *)(uintptr_t)first.data);
            free((void *)(uintptr_t)body.data);
        }
    assert_alive(state);
}

/* A dict whose keys a bad hash would put in one place: i << 32, multiples of 2^61 - 1 (Python's modulus),
 * NaN. */
static struct bytes colliding(int which)
{
    enum { EACH = 16 };
    char *const text = malloc((size_t)DEEP * EACH + 16), *at = text;
    assert_non_null(text);
    at += sprintf(at, "\x80\x02}(");
    for (uint64_t i = 0; i < DEEP; i++) {
        const uint64_t n = which == 0 ? i << 32 : which == 1 ? (i << 61) - i : 0xf87f;
        const uint64_t high = which == 1 ? (i >> 3) - (i > 0 && (i << 61) < i) : 0;
        static const char heads[] = "\x8a\x0c";
        if (which == 2)
            *at++ = 'G';
        else {
            memcpy(at, heads, 2);
            at += 2;
        }
        for (int b = 0; b < (which == 2 ? 8 : 12); b++)
            *at++ = (char)(b < 8 ? n >> (8 * b) : high >> (8 * (b - 8)));
        *at++ = 'N';
    }
    at += sprintf(at, "u.");
    return bytes_of(text, (size_t)(at - text));
}

static void keys_that_collide(void **state)
{
    for (int which = 0; which < 3; which++) {
        const struct bytes body = colliding(which);
        struct answer a;
        convert(state, "?from=pickle&to=pickle", body, "", &a);
        assert_int_equal(a.status, 200);
        assert_in_range(a.len, (size_t)DEEP * 7, (size_t)DEEP * 16); /* every member is there */
        answer_free(&a);
        free((void *)(uintptr_t)body.data);
    }
    assert_alive(state);
}

/*
 * Memo entries, far out, that multiplication by the golden ratio would put in one place of a table: a hash
 * that is not keyed can be turned round.
 */
static void memo_entries_that_collide(void **state)
{
    const uint64_t golden = 0x9e3779b97f4a7c15;
    uint64_t inverse = golden; /* modulo 2^64 */
    for (int i = 0; i < 6; i++)
        inverse *= 2 - golden * inverse;
    char *const text = malloc((size_t)DEEP * 24), *at = text;
    assert_non_null(text);
    *at++ = 'N';
    for (uint64_t i = 1; i < DEEP; i++)
        if (i * inverse >> 63 == 0)
            at += sprintf(at, "p%llu\n", (unsigned long long)(i * inverse));
    *at++ = '.';
    struct answer a;
    convert(state, "?from=pickle&to=json", bytes_of(text, (size_t)(at - text)), "", &a);
    free(text);
    assert_int_equal(a.status, 200);
    assert_string_equal((const char *)a.body, "null");
    answer_free(&a);
    assert_alive(state);
}

/* A tuple of twice a tuple of twice ... a list: 130 bytes, 2^60 lists when sharing is written out. */
static struct bytes doubled(char *pickle)
{
    size_t n = (size_t)sprintf(pickle, "\x80\x02]");
    for (int i = 0; i < 60; i++)
        n += (size_t)sprintf(pickle + n, "2\x86"); /* DUP, TUPLE2 */
    pickle[n++] = '.';
    return bytes_of(pickle, n);
}

static void what_is_shared_stays_small_where_it_can(void **state)
{
    static const char *const queries[] = {"?from=pickle&to=pickle", "?from=pickle&to=typed",
                                          "?from=pickle&to=hdf5"};
    char pickle[256];
    for (size_t i = 0; i < ROWS(queries); i++) {
        struct answer a;
        convert(state, queries[i], doubled(pickle), "", &a);
        assert_int_equal(a.status, 200);
        assert_in_range(a.len, 100, 100000);
        answer_free(&a);
    }
    struct answer a;
    const struct call call = {.method = "POST", .path = "/v1/inspect?from=pickle", .body = doubled(pickle)};
    http(*state, &call, &a);
    assert_int_equal(a.status, 200);
    assert_in_range(a.len, 100, 100000);
    answer_free(&a);
}

/* A megabyte of text, and a list of it a million times. */
static struct bytes repeated_text(void)
{
    enum { LENGTH = 1 << 20 };
    const struct bytes text = repeated("\x80\x02](X    ", "t", LENGTH, "q");
    uint8_t *const length = (uint8_t *)(uintptr_t)text.data + 5;
    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)((uint32_t)LENGTH >> (8 * i));
    const struct bytes list = repeated("\xff", "h\xff", 1000000, "e.");
    uint8_t *const whole = realloc((void *)(uintptr_t)text.data, text.len + list.len);
    assert_non_null(whole);
    memcpy(whole + text.len, list.data, list.len);
    free((void *)(uintptr_t)list.data);
    return bytes_of(whole, text.len + list.len);
}

static void check_expanding(void **state, const char *query, struct bytes body, const char *limit)
{
    struct answer a;
    char text[256];
    convert(state, query, body, "", &a);
    print_message("%s: %ld\n", query, a.status);
    assert_problem(&a, 413, "too-large");
    assert_string_equal(answer_problem(&a, "limit", text), limit);
    answer_free(&a);
}

/* Text has no sharing: what would be too long is refused at once, and not cut when it is. */
static void what_is_shared_is_weighed_before_it_is_text(void **state)
{
    static const char typed[] = "[{\"$id\": [1, [0, 0]]}, {\"$id\": [2, [{\"$ref\": 1}, {\"$ref\": 1}]]}";
    char pickle[256], *const json = malloc(8192);
    assert_non_null(json);
    check_expanding(state, "?from=pickle&to=json", doubled(pickle), "nodes");
    check_expanding(state, "?from=pickle&to=json&index=all", doubled(pickle), "nodes");
    check_expanding(state, "?from=pickle&to=json&path=/0/0/1", doubled(pickle), "nodes");
    size_t n = (size_t)sprintf(json, "%s", typed);
    for (int i = 3; i < 60; i++)
        n +=
            (size_t)sprintf(json + n, ", {\"$id\": [%d, [{\"$ref\": %d}, {\"$ref\": %d}]]}", i, i - 1, i - 1);
    json[n++] = ']';
    check_expanding(state, "?from=typed&to=json", bytes_of(json, n), "nodes");
    free(json);
    const struct bytes text = repeated_text();
    check_expanding(state, "?from=pickle&to=json", text, "output");
    check_expanding(state, "?from=pickle&to=csv", text, "output");
    check_expanding(state, "?from=pickle&to=json&slice=5:7", text, "memory"); /* an array of all of it */
    free((void *)(uintptr_t)text.data);
    assert_alive(state);
}

/* An answer that has begun cannot become a problem any more: it is cut, and so is known to be incomplete. */
static void endless_output_ends(void **state)
{
    static const char *const arguments[] = {"--limit-output=1M", NULL};
    struct server_process small;
    void *server = &small;
    struct answer a;
    (void)state;
    server_start(&small, TEST_MANDOLINE, arguments);
    const struct bytes numbers = repeated("[", "1.5,", 500000, "1.5]");
    convert(&server, "?from=json&to=json", numbers, "", &a);
    free((void *)(uintptr_t)numbers.data);
    assert_int_equal(a.status, 200);
    assert_true(a.cut);
    assert_in_range(a.len, 1, 2 << 20);
    answer_free(&a);
    assert_alive(&server);
    server_stop(&small);
}

static struct bytes read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t *data = malloc(64 << 10);
    assert_non_null(data);
    const size_t n = fread(data, 1, 64 << 10, f);
    fclose(f);
    return bytes_of(data, n);
}

/* Every beginning of the document but the whole is a 400; of a long one, one in so many. */
static void check_truncations(void **state, const char *format, struct bytes whole, size_t apart)
{
    char path[64];
    struct client *client = client_new(*state);
    snprintf(path, sizeof path, "/v1/convert?to=json&from=%s", format);
    for (size_t n = whole.len % apart; n <= whole.len; n += apart) {
        struct answer a;
        const struct call call = {
            .method = "POST", .path = path, .body = bytes_of(n == 0 ? (const uint8_t *)"" : whole.data, n)};
        client_call(client, &call, &a);
        if (a.status != (n < whole.len ? 400 : 200))
            fail_msg("%s, %zu of %zu bytes: %ld %s", format, n, whole.len, a.status, (const char *)a.body);
        answer_free(&a);
    }
    client_free(client);
    free((void *)(uintptr_t)whole.data);
}

static void truncations_at_every_byte(void **state)
{
    struct bytes json = read_file("samples/table.json");
    while (json.data[json.len - 1] == '\n')
        json.len--;
    check_truncations(state, "json", json, 1);
    check_truncations(state, "pickle", read_file("samples/dict.pickle"), 1);
    check_truncations(state, "npy", read_file("samples/matrix.npy"), 1);
}

static void truncations_of_hdf5(void **state)
{
    struct answer a;
    convert(state, "?from=json&to=hdf5", bytes_text("{\"a\": [1, 2, 3], \"b\": {\"c\": \"text\"}}"), "", &a);
    assert_int_equal(a.status, 200);
    check_truncations(state, "hdf5", bytes_of(a.body, a.len), CUTS_APART);
}

static void ten_gigabytes_are_refused_at_once(void **state)
{
    const int fd = raw_connect(*state);
    raw_send(fd, "POST /v1/convert HTTP/1.1\r\nHost: x\r\nContent-Length: 10737418240\r\n\r\n");
    char *text = raw_read(fd);
    assert_non_null(strstr(text, "HTTP/1.1 413 "));
    assert_non_null(strstr(text, "\"limit\":\"body\""));
    free(text);
    assert_alive(state);
}

static const struct {
    const char *name, *path;
    long status;
} files[] = {
    {"out of the folder, encoded", "/v1/files/%2e%2e/secret", 404},
    {"out of the folder, all encoded", "/v1/files/..%2fsecret", 404},
    {"out of the folder from below", "/v1/files/folder%2f..%2f../secret", 404},
    {"an absolute name", "/v1/files//etc/passwd", 404},
    {"an absolute name, encoded", "/v1/files/%2Fetc%2Fpasswd", 404},
    {"a symbolic link out of the folder", "/v1/files/out", 404},
    {"an absolute symbolic link", "/v1/files/passwd", 404},
    {"a symbolic link to a folder outside", "/v1/files/up/secret", 404},
    {"a folder", "/v1/files/folder", 404},
    {"nothing", "/v1/files/nothing", 404},
    {"a NUL in the name", "/v1/files/a%00b", 400},
    {"a name that is not UTF-8", "/v1/files/%ff", 400},
    {"a tree out of the folder", "/v1/tree/..%2fsecret", 404},
    {"meta out of the folder", "/v1/meta/out", 404},
    {"data out of the folder", "/v1/data/passwd", 404},
    {"attributes out of the folder", "/v1/attrs/up%2fsecret", 404},
    {"a file that is no document", "/v1/meta/inside.bin", 422},
    {"a file that is no HDF5, whatever its name", "/v1/tree/wrong.h5", 400},
    {"a parameter that is not known", "/v1/meta/inside.bin?pth=/", 400},
    {"a parameter where there are none", "/v1/files/inside.bin?x=1", 400},
    {"a depth below 0", "/v1/tree/inside.bin?depth=-1", 400},
    {"a page of nothing", "/v1/files?limit=0", 400},
    {"a page too long", "/v1/files?limit=10001", 400},
};

static void put_traps(const struct server_process *s)
{
    char path[512];
    server_put_file(s, "inside.bin", bytes_text("\x01\x02\x03"));
    server_put_file(s, "wrong.h5", bytes_text("this is not HDF5"));
    snprintf(path, sizeof path, "%s/secret", s->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    snprintf(path, sizeof path, "%s/data/folder", s->folder);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/data/out", s->folder);
    assert_int_equal(symlink("../secret", path), 0);
    snprintf(path, sizeof path, "%s/data/up", s->folder);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/data/passwd", s->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
}

static void names_that_lead_out(void **state)
{
    put_traps(*state);
    for (size_t i = 0; i < ROWS(files); i++) {
        struct answer a;
        char text[256];
        print_message("%s\n", files[i].name);
        http(*state, &(struct call){.path = files[i].path}, &a);
        assert_int_equal(a.status, files[i].status);
        assert_string_equal(answer_header(&a, "Content-Type", text), "application/problem+json");
        answer_free(&a);
    }
    assert_alive(state);
}

/* As no client with manners sends them. */
static void dots_that_are_not_encoded(void **state)
{
    static const char *const paths[] = {"/v1/files/../secret", "/v1/files/folder/../../secret",
                                        "/v1/files/./../secret", "/v1/files/../../../../../../etc/passwd"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        char request[256];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 paths[i]);
        const int fd = raw_connect(*state);
        raw_send(fd, request);
        char *text = raw_read(fd);
        assert_non_null(strstr(text, "HTTP/1.1 404 "));
        free(text);
    }
}

/* A dataset of 10^9 x 10^9 floats, none of them written. */
static void a_slice_of_all_there_is(void **state)
{
    const struct server_process *s = *state;
    char script[512], out[256], err[256], text[256];
    snprintf(script, sizeof script,
             "import h5py; h5py.File('%s/data/huge.h5', 'w').create_dataset('x', (10**9, 10**9), 'f4', "
             "chunks=(1000, 1000))",
             s->folder);
    const char *const python[] = {"/usr/bin/python3", "-c", script, NULL};
    assert_int_equal(run_program(python, "", out, err, sizeof out), 0);
    static const char *const paths[] = {"/v1/data/huge.h5?path=/x&format=bin",
                                        "/v1/data/huge.h5?path=/x&slice=:,:&format=json",
                                        "/v1/data/huge.h5?path=/x&slice=::2&format=npy"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct answer a;
        print_message("%s\n", paths[i]);
        http(*state, &(struct call){.path = paths[i]}, &a);
        assert_problem(&a, 413, "too-large");
        assert_string_equal(answer_problem(&a, "limit", text), "elements");
        answer_free(&a);
    }
    struct answer a;
    http(*state, &(struct call){.path = "/v1/data/huge.h5?path=/x&slice=999999999,-3:&format=json"}, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal((const char *)a.body, "[0.0,0.0,0.0]");
    answer_free(&a);
}

/* ---- memory ---- */

enum {
    MEMORY_LIMIT = 32 << 20,
    MEMORY_SLACK = 16 << 20 /* the body, and what is the thread's */,
    MANY = 8 << 20
};

/* The most that was resident at once, in bytes. */
static uint64_t peak_memory(const struct server_process *s)
{
    char path[64], line[256];
    unsigned long long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        skip(); /* no /proc here */
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtoull(line + 6, NULL, 10);
    fclose(f);
    assert_in_range(kilobytes, 1, UINT32_MAX);
    return kilobytes << 10;
}

/* Short bodies that are big as values, and the limit that stops each; "": none needs to. */
static const struct {
    const char *name, *query, *prefix, *unit;
    size_t count;
    const char *suffix, *limit;
} memory_rows[] = {
    {"empty lists in a pickle", "?from=pickle&to=json", "\x80\x02](", "]", MANY, "e.", "memory"},
    {"dicts in a pickle", "?from=pickle&to=pickle", "\x80\x02](", "}", MANY, "e.", "memory"},
    {"marks in a pickle", "?from=pickle&to=json", "\x80\x02", "(", MANY, ".", "memory"},
    {"what is memoized", "?from=pickle&to=json", "\x80\x04](", "K\x01\x94", MANY / 3, "e.", "memory"},
    {"a memo with the number 2^32 - 2", "?from=pickle&to=json", "\x80\x02]r\xfe\xff\xff\xff", "", 0, ".", ""},
    {"a memo with the number 2^32 - 1", "?from=pickle&to=json", "\x80\x02]r\xff\xff\xff\xff", "", 0, ".", ""},
    {"the memo as a line of digits", "?from=pickle&to=json", "]p4294967295\n", "", 0, ".", ""},
    {"empty objects in JSON", "?from=json&to=pickle", "[{}", ",{}", MANY / 3, "]", "memory"},
    {"numbers in JSON", "?from=json&to=hdf5", "[1", ",2", MANY / 2, "]", "memory"},
    {"members of one name", "?from=json&to=json", "{\"a\":1", ",\"a\":1", MANY / 6, "}", "memory"},
    {"lists in lists", "?from=json&to=json", "", "[", MANY, "", "depth"},
    {"typed lists", "?from=typed&to=pickle", "[[]", ",[]", MANY / 3, "]", "memory"},
    {"cells of CSV", "?from=csv&to=json", "a", ",a", MANY / 2, "\n", "memory"},
};

static void memory_stays_within_its_limit(void **state)
{
    static const char *const arguments[] = {"--limit-memory=32M", "--limit-idle-memory=0", NULL};
    struct server_process small;
    void *server = &small;
    (void)state;
    server_start(&small, TEST_MANDOLINE, arguments);
    assert_alive(&server);
    const uint64_t before = peak_memory(&small);
    for (size_t i = 0; i < ROWS(memory_rows); i++) {
        char text[256];
        struct answer a;
        const struct bytes body =
            repeated(memory_rows[i].prefix, memory_rows[i].unit, memory_rows[i].count, memory_rows[i].suffix);
        convert(&server, memory_rows[i].query, body, "", &a);
        answer_problem(&a, "limit", text);
        const uint64_t grown = peak_memory(&small) - before;
        print_message("%s: %llu MB\n", memory_rows[i].name, (unsigned long long)grown >> 20);
        assert_int_equal(a.status, memory_rows[i].limit[0] == '\0' ? 200 : 413);
        assert_string_equal(text, memory_rows[i].limit);
        if (MEASURED)
            assert_in_range(grown, 0, MEMORY_LIMIT + MEMORY_SLACK);
        answer_free(&a);
        free((void *)(uintptr_t)body.data);
    }
    assert_alive(&server);
    server_stop(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_are_wrong),
        cmocka_unit_test(a_million_levels),
        cmocka_unit_test(a_million_levels_of_every_kind),
        cmocka_unit_test(keys_that_collide),
        cmocka_unit_test(memo_entries_that_collide),
        cmocka_unit_test(what_is_shared_stays_small_where_it_can),
        cmocka_unit_test(what_is_shared_is_weighed_before_it_is_text),
        cmocka_unit_test(endless_output_ends),
        cmocka_unit_test(truncations_at_every_byte),
        cmocka_unit_test(truncations_of_hdf5),
        cmocka_unit_test(ten_gigabytes_are_refused_at_once),
        cmocka_unit_test(names_that_lead_out),
        cmocka_unit_test(dots_that_are_not_encoded),
        cmocka_unit_test(a_slice_of_all_there_is),
        cmocka_unit_test(memory_stays_within_its_limit),
    };
    return cmocka_run_group_tests(tests, start_mandoline, stop_server);
}
