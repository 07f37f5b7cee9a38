/* Models in HDF5: texts in its attributes. */
#include "judge.h"

#include "codec.h"

struct paths {
    struct bytes *items;
    size_t count, capacity;
};

static bool add_path(struct scan *s, struct paths *p, struct bytes parent, struct bytes name,
                     struct error *err)
{
    const bool root = parent.len <= 1;
    const char *path = name.data == NULL ? "/"
                                         : arena_printf(s->arena, "%.*s/%.*s", root ? 0 : (int)parent.len,
                                                        parent.data, (int)name.len, name.data);
    struct bytes *grown = arena_room(s->arena, p->items, p->count, &p->capacity, sizeof *grown);
    if (grown == NULL)
        return arena_fail(s->arena, err);
    p->items = grown;
    if (path == NULL)
        return arena_fail(s->arena, err);
    p->items[p->count++] = bytes_text(path);
    return true;
}

static bool scan_attributes(struct scan *s, struct bytes path, const struct node *node, struct error *err)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        const struct value *v = node->attributes[i].value;
        const struct bytes name = node->attributes[i].name;
        const bool asked = bytes_is(name, "model_config");
        if (bytes_is(name, "PSEUDOATOM") && v != NULL && (v->kind == VALUE_STR || v->kind == VALUE_BYTES) &&
            bytes_starts(v->text, "object") &&
            !report_find(s, SEVERITY_SUSPICIOUS, "pytables-objects", 0, NULL,
                         "PyTables and pandas unpickle what this dataset holds, which is not looked at", err))
            return false;
        if (v == NULL || (v->kind != VALUE_STR && v->kind != VALUE_BYTES) || v->text.len == 0) {
            if (asked && !report_unreadable(s, 0, "the model's configuration is no text", err))
                return false;
            continue;
        }
        const char *place =
            arena_printf(s->arena, "%.*s@%.*s", (int)path.len, path.data, (int)name.len, name.data);
        if (place == NULL)
            return arena_fail(s->arena, err);
        if (!scan_push(s, v->text, s->item->member, "", bytes_text(place), asked, err))
            return false;
    }
    return true;
}

bool scan_hdf5(struct scan *s, struct error *err)
{
    const struct input in = input_of_bytes(s->item->bytes);
    struct document document;
    struct paths paths = {0};
    struct error refused = {0};
    s->part->format = "hdf5";
    if (!codec_open(codec_by_name(bytes_text("hdf5")), &in, &codec_options_default, s->limits, s->arena,
                    &document, &refused))
        return report_unreadable(s, 0, refused.detail, err);
    if (!add_path(s, &paths, bytes_text("/"), bytes_of(NULL, 0), err))
        return false;
    for (size_t i = 0; i < paths.count; i++) {
        struct node node;
        refused = (struct error){0};
        if (i >= s->limits->members) {
            s->report->limit = "members";
            return report_unreadable(s, 0, "there are more objects than are looked at", err);
        }
        if (!document.ops->node(document.self, paths.items[i], s->arena, &node, &refused)) {
            if (!report_unreadable(s, 0, refused.detail, err))
                return false;
            continue;
        }
        if (!scan_attributes(s, paths.items[i], &node, err))
            return false;
        for (size_t c = 0; c < node.child_count; c++)
            if (node.children[c].link == LINK_HARD &&
                !add_path(s, &paths, paths.items[i], node.children[c].name, err))
                return false;
    }
    return true;
}

/* The signature may lie behind a block of the user's, of any power of two from 512 on (HDF5's format, II.A).
 */
bool scan_is_hdf5(struct bytes in)
{
    for (size_t at = 0; in.len > 8 && at <= in.len - 8; at = at == 0 ? 512 : at * 2)
        if (memcmp(in.data + at, "\x89HDF\r\n\x1a\n", 8) == 0)
            return true;
    return false;
}
