#include "support.h"

#include <stdlib.h>

#include "forwarded.h"

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(bytes_text(text), &ip));
    return ip;
}

static const struct {
    const char *networks, *address;
    bool within;
} places[] = {
    {"10.0.0.0/8", "10.255.1.2", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"10.1.2.3/8", "10.9.9.9", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.200", true},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "10.0.0.1", true},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"10.0.0.0/8", "::ffff:10.1.1.1", true},
    {"fd00::/8, 10.0.0.0/8", "10.1.1.1", true},
    {"", "10.1.1.1", false},
};

static void addresses_lie_in_networks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct networks networks;
        struct error err = {0};
        const struct ip ip = ip_of(places[i].address);
        print_message("%s in %s\n", places[i].address, places[i].networks);
        assert_true(networks_parse(places[i].networks, &networks, &err));
        assert_int_equal(networks_hold(&networks, &ip), places[i].within);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const texts[] = {"10.0.0.0/33", "10.0.0/8",      "::1/129",     "example.org",
                                        "10.0.0.0/-1", "10.0.0.0/",     "10.0.0.0/8,", "",
                                        "/8",          "10.0.0.1,,::1", "[::1]",       "10.0.0.0/a"};
    (void)state;
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct networks networks;
        struct error err = {0};
        const bool ok = networks_parse(texts[i], &networks, &err);
        print_message("\"%s\"\n", texts[i]);
        assert_int_equal(ok, texts[i][0] == '\0' || strcmp(texts[i], "10.0.0.0/8,") == 0);
    }
    char many[16 * (NETWORKS_MAX + 1)] = "";
    for (unsigned i = 0; i <= NETWORKS_MAX; i++)
        strcat(many, "10.0.0.1,");
    struct networks networks;
    struct error err = {0};
    assert_false(networks_parse(many, &networks, &err));
}

/* 10.0.0.0/8 and fd00::/8 are trusted; the connection says http, of here.example, without a base. */
static const struct {
    const char *name;
    const char *peer;
    struct forwarding sent;
    const char *remote, *scheme, *host, *base;
} rows[] = {
    {"nothing is said", "10.0.0.1", {0}, "10.0.0.1", "http", "here.example", ""},
    {"a stranger is not believed",
     "203.0.113.1",
     {.forwarded = "for=1.1.1.1;proto=https", .x_for = "1.1.1.1", .x_proto = "https", .x_prefix = "/x"},
     "203.0.113.1",
     "http",
     "here.example",
     ""},
    {"Forwarded",
     "10.0.0.1",
     {.forwarded = "for=192.0.2.7;proto=https;host=\"a.example:8443\""},
     "192.0.2.7",
     "https",
     "a.example:8443",
     ""},
    {"names in any case, blanks, a by=",
     "10.0.0.1",
     {.forwarded = "For=192.0.2.7 ; BY=10.0.0.1;PROTO=HTTPS"},
     "192.0.2.7",
     "https",
     "here.example",
     ""},
    {"IPv6 with a port, quoted",
     "fd00::1",
     {.forwarded = "for=\"[2001:db8::9]:4711\""},
     "2001:db8::9",
     "http",
     "here.example",
     ""},
    {"escapes in a quoted text",
     "10.0.0.1",
     {.forwarded = "for=\"192.0.\\2.7\""},
     "192.0.2.7",
     "http",
     "here.example",
     ""},
    {"what the client made up stays behind its address",
     "10.0.0.1",
     {.forwarded = "for=1.2.3.4;proto=https, for=192.0.2.7;proto=http"},
     "192.0.2.7",
     "http",
     "here.example",
     ""},
    {"through two trusted proxies",
     "10.0.0.1",
     {.forwarded = "for=6.6.6.6, for=192.0.2.7;proto=https;host=a.example, for=10.0.0.2;proto=http"},
     "192.0.2.7",
     "https",
     "a.example",
     ""},
    {"all of them are trusted: the outermost",
     "10.0.0.1",
     {.x_for = "10.0.0.3, 10.0.0.2"},
     "10.0.0.3",
     "http",
     "here.example",
     ""},
    {"a hidden client",
     "10.0.0.1",
     {.forwarded = "for=unknown;proto=https"},
     "10.0.0.1",
     "https",
     "here.example",
     ""},
    {"a hidden client behind a proxy",
     "10.0.0.1",
     {.forwarded = "for=_x, for=10.0.0.2"},
     "10.0.0.2",
     "http",
     "here.example",
     ""},
    {"an open quote", "10.0.0.1", {.forwarded = "for=\"192.0.2.7"}, "10.0.0.1", "http", "here.example", ""},
    {"no value", "10.0.0.1", {.forwarded = "for"}, "10.0.0.1", "http", "here.example", ""},
    {"nothing but commas", "10.0.0.1", {.forwarded = ",,;,"}, "10.0.0.1", "http", "here.example", ""},
    {"an empty header",
     "10.0.0.1",
     {.forwarded = "", .x_for = "", .x_proto = "", .x_host = "", .x_prefix = ""},
     "10.0.0.1",
     "http",
     "here.example",
     ""},
    {"another protocol",
     "10.0.0.1",
     {.forwarded = "for=192.0.2.7;proto=gopher"},
     "192.0.2.7",
     "http",
     "here.example",
     ""},
    {"X-Forwarded-For",
     "10.0.0.1",
     {.x_for = "192.0.2.7", .x_proto = "https", .x_host = "a.example", .x_prefix = "/svc/"},
     "192.0.2.7",
     "https",
     "a.example",
     "/svc"},
    {"with a port", "10.0.0.1", {.x_for = "192.0.2.7:1234"}, "192.0.2.7", "http", "here.example", ""},
    {"IPv6 without brackets",
     "10.0.0.1",
     {.x_for = "2001:db8::9"},
     "2001:db8::9",
     "http",
     "here.example",
     ""},
    {"the right end counts",
     "10.0.0.1",
     {.x_for = "6.6.6.6,192.0.2.7", .x_proto = "https, http"},
     "192.0.2.7",
     "http",
     "here.example",
     ""},
    {"the protocol of the same hop",
     "10.0.0.1",
     {.x_for = "192.0.2.7, 10.0.0.2", .x_proto = "https, http"},
     "192.0.2.7",
     "https",
     "here.example",
     ""},
    {"one protocol for all hops",
     "10.0.0.1",
     {.x_for = "192.0.2.7, 10.0.0.2", .x_proto = "https"},
     "192.0.2.7",
     "https",
     "here.example",
     ""},
    {"no address at all", "10.0.0.1", {.x_for = "evil\"<>"}, "10.0.0.1", "http", "here.example", ""},
    {"a host that is none", "10.0.0.1", {.x_host = "a.example/x"}, "10.0.0.1", "http", "here.example", ""},
    {"a prefix of another server",
     "10.0.0.1",
     {.x_prefix = "//evil.example"},
     "10.0.0.1",
     "http",
     "here.example",
     ""},
    {"a prefix with markup", "10.0.0.1", {.x_prefix = "/<script>"}, "10.0.0.1", "http", "here.example", ""},
    {"a prefix with ..", "10.0.0.1", {.x_prefix = "/a/../b"}, "10.0.0.1", "http", "here.example", ""},
    {"both families alike",
     "10.0.0.1",
     {.forwarded = "for=192.0.2.7;proto=https", .x_for = "192.0.2.7"},
     "192.0.2.7",
     "https",
     "here.example",
     ""},
    {"two families that differ: neither",
     "10.0.0.1",
     {.forwarded = "for=6.6.6.6;proto=https;host=a.example", .x_for = "192.0.2.7", .x_proto = "http"},
     "10.0.0.1",
     "http",
     "a.example",
     ""},
};

static void proxies_are_believed_as_far_as_they_are_trusted(void **state)
{
    (void)state;
    struct networks trusted;
    struct error err = {0};
    assert_true(networks_parse("10.0.0.0/8,fd00::/8", &trusted, &err));
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        const struct ip peer = ip_of(rows[i].peer);
        struct origin origin = {.remote = rows[i].peer, .scheme = "http", .host = "here.example", .base = ""};
        print_message("%s\n", rows[i].name);
        forwarded_apply(&trusted, &peer, &rows[i].sent, &arena, &origin);
        assert_string_equal(origin.remote, rows[i].remote);
        assert_string_equal(origin.scheme, rows[i].scheme);
        assert_string_equal(origin.host, rows[i].host);
        assert_string_equal(origin.base, rows[i].base);
        arena_free(&arena);
    }
}

/* A list of any length costs no more than its length. */
static void long_lists_are_read_from_their_right_end(void **state)
{
    enum { TIMES = 2000 };
    (void)state;
    struct networks trusted;
    struct error err = {0};
    struct arena arena;
    char *list = calloc(TIMES + 1, 16);
    assert_non_null(list);
    for (unsigned i = 0; i < TIMES; i++)
        strcpy(list + 14 * (size_t)i, "for=\"6.6.6.6\",");
    strcpy(list + 14 * (size_t)TIMES, "for=192.0.2.7");
    arena_init(&arena, 1 << 20);
    assert_true(networks_parse("10.0.0.0/8", &trusted, &err));
    const struct ip peer = ip_of("10.0.0.1");
    struct origin origin = {.remote = "10.0.0.1", .scheme = "http", .host = "", .base = ""};
    forwarded_apply(&trusted, &peer, &(struct forwarding){.forwarded = list}, &arena, &origin);
    assert_string_equal(origin.remote, "192.0.2.7");
    arena_free(&arena);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_lie_in_networks),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(proxies_are_believed_as_far_as_they_are_trusted),
        cmocka_unit_test(long_lists_are_read_from_their_right_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
