/* What proxies and clients write into forwarding headers: five lines of the input, whoever the peer is. */
#include "forwarded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line as a header's value; NULL where it is empty. */
static const char *next_line(struct bytes *left, struct arena *arena)
{
    const uint8_t *end = left->len == 0 ? NULL : memchr(left->data, '\n', left->len);
    const size_t n = end == NULL ? left->len : (size_t)(end - left->data);
    const struct bytes line = bytes_of(left->data, n);
    *left = bytes_of(left->data + n, left->len - n);
    if (left->len > 0)
        *left = bytes_of(left->data + 1, left->len - 1);
    return n == 0 ? NULL : (const char *)arena_copy(arena, line).data;
}

/* Whatever was said, what comes out is fit for logs and links. */
static void check(const struct origin *origin)
{
    struct ip ip;
    if (!ip_parse(bytes_text(origin->remote), &ip) || !host_is_valid(bytes_text(origin->host)) ||
        !base_is_valid(bytes_text(origin->base)) ||
        (strcmp(origin->scheme, "http") != 0 && strcmp(origin->scheme, "https") != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct networks trusted;
    struct error err = {0};
    struct ip peer;
    struct bytes left = bytes_of(data, size);
    arena_init(&arena, 1 << 20);
    if (!networks_parse("10.0.0.0/8,::1", &trusted, &err) || !ip_parse(bytes_text("10.0.0.1"), &peer))
        abort();
    const struct forwarding sent = {.forwarded = next_line(&left, &arena),
                                    .x_for = next_line(&left, &arena),
                                    .x_proto = next_line(&left, &arena),
                                    .x_host = next_line(&left, &arena),
                                    .x_prefix = next_line(&left, &arena)};
    struct origin origin = {.remote = "10.0.0.1", .scheme = "http", .host = "a.example", .base = "/x"};
    forwarded_apply(&trusted, &peer, &sent, &arena, &origin);
    check(&origin);
    arena_free(&arena);
    return 0;
}
