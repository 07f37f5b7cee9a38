#include "forwarded.h"

#include <strings.h>

enum { HOPS_MAX = 32, NAME_LEN_MAX = 255, BASE_LEN_MAX = 200 };

/* What one proxy says of who asked it. Empty: it did not say. */
struct hop {
    struct bytes client, proto, host;
};

/* The nearest proxies of a list, in the order of the header. */
struct hops {
    struct hop row[HOPS_MAX];
    size_t count;
};

/* What a family of headers comes to. NULL: nothing. */
struct statement {
    const char *remote, *scheme, *host;
};

static void add_hop(struct hops *hops, struct hop hop)
{
    if (hops->count == HOPS_MAX)
        memmove(hops->row, hops->row + 1, sizeof hops->row - sizeof hops->row[0]);
    else
        hops->count++;
    hops->row[hops->count - 1] = hop;
}

static bool is_one_of(char c, const char *others)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(others, c) != NULL);
}

static bool made_of(struct bytes text, const char *others)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_one_of((char)text.data[i], others))
            return false;
    return text.len > 0;
}

bool base_is_valid(struct bytes base)
{
    if (base.len == 0)
        return true;
    if (base.len > BASE_LEN_MAX || base.data[0] != '/' || !made_of(base, "-._~/"))
        return false;
    for (size_t i = 0; i < base.len; i++) /* no empty name, no "." and no ".." */
        if (base.data[i] == '/' && (i + 1 == base.len || base.data[i + 1] == '/' || base.data[i + 1] == '.'))
            return false;
    return true;
}

bool host_is_valid(struct bytes host)
{
    return host.len <= NAME_LEN_MAX && made_of(host, "-._:[]");
}

/* The item so many from the right end of a comma list; the first one when there are fewer. */
static struct bytes from_right(const char *list, size_t back)
{
    size_t end = strlen(list), start = end;
    for (;; back--) {
        while (start > 0 && list[start - 1] != ',')
            start--;
        if (back == 0 || start == 0)
            return bytes_trim(bytes_of(list + start, end - start), " \t");
        end = --start;
    }
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80", "2001:db8::1". */
static bool parse_node(struct bytes text, struct ip *out)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    if (text.len > 0 && text.data[0] == '[') {
        const uint8_t *close = memchr(text.data, ']', text.len);
        const size_t n = close == NULL ? 0 : (size_t)(close - text.data);
        return n > 1 && (n + 1 == text.len || text.data[n + 1] == ':') &&
               ip_parse(bytes_of(text.data + 1, n - 1), out);
    }
    const size_t before = colon == NULL ? text.len : (size_t)(colon - text.data);
    if (before < text.len && memchr(colon + 1, ':', text.len - before - 1) == NULL)
        text.len = before; /* one colon: a port */
    return ip_parse(text, out);
}

/* How many hops from the right are the word of a trusted proxy; *client is who the last of them names. */
static size_t believe(const struct hops *hops, const struct networks *trusted, struct ip *client)
{
    size_t believed = 0;
    while (believed < hops->count && networks_hold(trusted, client)) {
        struct ip next;
        if (!parse_node(hops->row[hops->count - 1 - believed].client, &next))
            break; /* unknown, or hidden by name */
        *client = next;
        believed++;
    }
    return believed;
}

static const char *scheme_of(struct bytes text)
{
    static const char *const schemes[] = {"http", "https"};
    for (size_t i = 0; i < ROWS(schemes); i++)
        if (text.len == strlen(schemes[i]) && strncasecmp((const char *)text.data, schemes[i], text.len) == 0)
            return schemes[i];
    return NULL;
}

static const char *host_of(struct bytes text, struct arena *arena)
{
    return host_is_valid(text) ? (const char *)arena_copy(arena, text).data : NULL;
}

static const char *remote_of(const struct ip *ip, struct arena *arena)
{
    char text[IP_TEXT_MAX];
    ip_text(ip, text);
    return arena_printf(arena, "%s", text);
}

/* ---- Forwarded ---- */

/* Where the closing quote is; the end of the text when there is none. */
static size_t quoted_end(const char *text)
{
    size_t n = 1;
    while (text[n] != '"' && text[n] != '\0')
        n += text[n] == '\\' && text[n + 1] != '\0' ? 2 : 1;
    return n;
}

/* A token or a quoted text from *at on; its escapes are undone, in the arena. */
static bool take_value(const char **at, struct arena *arena, struct bytes *out)
{
    if (**at != '"') {
        const size_t n = strcspn(*at, " \t,;\"");
        *out = bytes_of(*at, n);
        *at += n;
        return n > 0;
    }
    const size_t end = quoted_end(*at);
    char *text = arena_alloc(arena, 1, end);
    size_t n = 0;
    if (text == NULL || (*at)[end] == '\0')
        return false;
    for (size_t i = 1; i < end; i++) {
        i += (*at)[i] == '\\';
        text[n++] = (*at)[i];
    }
    *out = bytes_of(text, n);
    *at += end + 1;
    return true;
}

/* One "name=value" into the hop; names that mean nothing here are passed over. */
static bool take_pair(const char **at, struct arena *arena, struct hop *hop)
{
    const struct {
        const char *name;
        struct bytes *where;
    } members[] = {{"for", &hop->client}, {"proto", &hop->proto}, {"host", &hop->host}};
    const char *name = *at;
    const size_t n = strcspn(name, "= \t,;\"");
    struct bytes value;
    *at = name + n + 1;
    if (n == 0 || name[n] != '=' || !take_value(at, arena, &value))
        return false;
    for (size_t i = 0; i < ROWS(members); i++)
        if (strlen(members[i].name) == n && strncasecmp(members[i].name, name, n) == 0)
            *members[i].where = value;
    return true;
}

static bool parse_forwarded(const char *text, struct arena *arena, struct hops *out)
{
    struct hop hop = {0};
    for (const char *at = text;;) {
        at += strspn(at, " \t");
        if (*at != ',' && *at != ';' && *at != '\0' && !take_pair(&at, arena, &hop))
            return false;
        at += strspn(at, " \t");
        if (*at == ',' || *at == '\0') {
            add_hop(out, hop);
            hop = (struct hop){0};
        } else if (*at != ';') {
            return false;
        }
        if (*at++ == '\0')
            return true;
    }
}

static struct statement of_forwarded(const char *text, const struct networks *trusted, struct ip client,
                                     struct arena *arena)
{
    struct hops hops = {0};
    if (text == NULL || !parse_forwarded(text, arena, &hops))
        return (struct statement){0};
    const size_t believed = believe(&hops, trusted, &client);
    const struct hop *last = &hops.row[hops.count - (believed == 0 ? 1 : believed)];
    return (struct statement){.remote = believed == 0 ? NULL : remote_of(&client, arena),
                              .scheme = scheme_of(last->proto),
                              .host = host_of(last->host, arena)};
}

/* ---- X-Forwarded-* ---- */

static struct statement of_x_headers(const struct forwarding *sent, const struct networks *trusted,
                                     struct ip client, struct arena *arena)
{
    struct statement says = {0};
    size_t back = 0;
    if (sent->x_for != NULL) {
        struct hops hops = {0};
        for (const char *at = sent->x_for;; at++) {
            const size_t n = strcspn(at, ",");
            add_hop(&hops, (struct hop){.client = bytes_trim(bytes_of(at, n), " \t")});
            at += n;
            if (*at == '\0')
                break;
        }
        const size_t believed = believe(&hops, trusted, &client);
        says.remote = believed == 0 ? NULL : remote_of(&client, arena);
        back = believed == 0 ? 0 : believed - 1;
    }
    if (sent->x_proto != NULL)
        says.scheme = scheme_of(from_right(sent->x_proto, back));
    if (sent->x_host != NULL)
        says.host = host_of(from_right(sent->x_host, back), arena);
    return says;
}

/* What is said by one, or by both alike. */
static const char *agreed(const char *a, const char *b, const char *otherwise)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b != NULL ? b : otherwise;
    return strcmp(a, b) == 0 ? a : otherwise;
}

/* The prefix that a proxy took away is before what is ours. */
static void prepend(const char *prefix, struct arena *arena, struct origin *origin)
{
    struct bytes text = from_right(prefix, 0);
    while (text.len > 0 && text.data[text.len - 1] == '/')
        text.len--;
    if (text.len == 0 || text.len > BASE_LEN_MAX)
        return;
    const char *base = arena_printf(arena, "%.*s%s", (int)text.len, (const char *)text.data, origin->base);
    if (base != NULL && base_is_valid(bytes_text(base)))
        origin->base = base;
}

void forwarded_apply(const struct networks *trusted, const struct ip *peer, const struct forwarding *sent,
                     struct arena *arena, struct origin *origin)
{
    if (!networks_hold(trusted, peer))
        return;
    const struct statement a = of_forwarded(sent->forwarded, trusted, *peer, arena);
    const struct statement b = of_x_headers(sent, trusted, *peer, arena);
    origin->remote = agreed(a.remote, b.remote, origin->remote);
    origin->scheme = agreed(a.scheme, b.scheme, origin->scheme);
    origin->host = agreed(a.host, b.host, origin->host);
    if (sent->x_prefix != NULL)
        prepend(sent->x_prefix, arena, origin);
}
