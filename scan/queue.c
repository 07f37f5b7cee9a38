/* Documents that wait to be looked at, and documents that are spelled as text. */
#include "judge.h"

#include "archive.h"
#include "base64.h"
#include "hex.h"
#include "packing.h"

static bool add_item(struct scan *s, const struct item *item, struct error *err)
{
    if (s->queue.count >= s->limits->members) {
        s->report->limit = "members";
        return report_unreadable(s, 0, "there are more documents inside than are looked at", err);
    }
    if (s->queue.count == s->queue.capacity) {
        const size_t wanted = s->queue.capacity < 8 ? 16 : s->queue.capacity * 2;
        struct item *grown = arena_alloc(s->arena, wanted, sizeof *grown);
        if (grown == NULL)
            return arena_fail(s->arena, err);
        memcpy(grown, s->queue.items, s->queue.count * sizeof *grown);
        s->queue.items = grown;
        s->queue.capacity = wanted;
    }
    s->queue.items[s->queue.count++] = *item;
    return true;
}

static bool unhex(struct bytes text, struct arena *arena, struct bytes *out)
{
    uint8_t *bytes = arena_alloc(arena, text.len / 2 + 1, 1);
    if (bytes == NULL)
        return false;
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        const int byte = hex_byte(text.data + i);
        if (byte < 0)
            return false;
        bytes[i / 2] = (uint8_t)byte;
    }
    *out = bytes_of(bytes, text.len / 2);
    return true;
}

/* Base64 with its line breaks and without its padding. */
static bool unbase64(struct bytes text, struct arena *arena, struct bytes *out)
{
    struct error refused = {0};
    uint8_t *clean = arena_alloc(arena, text.len + 4, 1);
    size_t n = 0;
    for (size_t i = 0; clean != NULL && i < text.len; i++)
        if (text.data[i] != '\n' && text.data[i] != '\r' && text.data[i] != '=')
            clean[n++] = text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : text.data[i];
    while (clean != NULL && n % 4 != 0)
        clean[n++] = '=';
    return clean != NULL && base64_decode(bytes_of(clean, n), arena, out, &refused);
}

/* Whether an import stands anywhere in it: as a line, from the stack, or from the registry of extensions. */
static bool may_import(struct bytes t)
{
    for (size_t i = 0; i < t.len; i++) {
        const uint8_t c = t.data[i];
        if (c == 0x93 || (c >= 0x82 && c <= 0x84) ||
            ((c == 'c' || c == 'i') && pickle_may_begin(bytes_of(t.data + i, t.len - i))))
            return true;
    }
    return false;
}

/* Whether a text is worth a look of its own. */
static bool may_be_document(struct bytes t)
{
    enum { GLANCE = 4096 };
    const struct bytes head = bytes_of(t.data, t.len < GLANCE ? t.len : GLANCE);
    if (t.len == 0)
        return false;
    return packing_find(head) != NULL || archive_begins(head) || bytes_starts(head, "\x93NUMPY") ||
           pickle_may_begin(t) || (strchr("(]}", t.data[0]) != NULL && may_import(t));
}

/* What a text holds, decoded where it is hexadecimal or base64; no bytes: nothing that is looked at. */
static struct bytes document_of_text(struct scan *s, struct bytes t)
{
    struct bytes decoded;
    if (t.data[0] >= '0' && t.data[0] != ']' && t.data[0] < 0x80 &&
        (unhex(t, s->arena, &decoded) || unbase64(t, s->arena, &decoded)) && may_be_document(decoded))
        return decoded;
    return may_be_document(t) ? t : bytes_of(NULL, 0);
}

bool scan_push(struct scan *s, struct bytes bytes, struct bytes member, const char *more, struct bytes name,
               bool asked, struct error *err)
{
    const bool text = name.data == NULL && (strcmp(more, "text") == 0 || strcmp(more, "bytes") == 0);
    if (bytes.len == 0 || (text && s->out_of_turn))
        return true;
    if (text && (bytes = document_of_text(s, bytes)).len == 0)
        return true;
    if (s->item->depth >= SCAN_DEPTH)
        return report_unreadable(s, 0, "there are more layers than are looked into", err);
    const char *bang = member.len == 0 ? "" : "!";
    const char *path =
        name.data != NULL ? arena_printf(s->arena, "%.*s%s%.*s", (int)member.len, member.data, bang,
                                         (int)name.len, name.data)
        : text ? arena_printf(s->arena, "%.*s%s%s@%zu", (int)member.len, member.data, bang, more, name.len)
               : arena_printf(s->arena, "%.*s%s%s", (int)member.len, member.data, bang, more);
    if (path == NULL)
        return arena_fail(s->arena, err);
    const struct item item = {
        .bytes = bytes, .member = bytes_text(path), .depth = s->item->depth + 1, .asked = asked};
    return add_item(s, &item, err);
}
