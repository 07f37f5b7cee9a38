/* What documents lie in others: archives, compressed streams, arrays of objects, models of Keras. */
#include "judge.h"

#include <stdio.h>
#include <strings.h>

#include "archive.h"
#include "codec.h"

/* ---- streams ---- */

static bool scan_stream(struct scan *s, const struct packing *packing, struct error *err)
{
    const struct bytes in = s->item->bytes;
    struct unpacked u;
    struct error failed = {0};
    struct limits left = *s->limits;
    left.inflated -= s->inflated; /* of all streams together: many small ones may each become a big one */
    s->part->format = packing_name(packing);
    if (!packing_unpack(packing, in, &left, s->arena, &u, &failed)) {
        if (failed.kind == ERR_LIMIT)
            s->report->limit = failed.limit;
        return report_unreadable(s, 0, failed.detail, err);
    }
    s->inflated += u.bytes.len;
    if (u.damage.kind != ERR_NONE && !report_unreadable(s, u.damage.offset, u.damage.detail, err))
        return false;
    s->part->trailing = in.len - u.used;
    return scan_push(s, u.bytes, s->item->member, packing_name(packing), bytes_of(NULL, 0), true, err) &&
           scan_push(s, bytes_of(in.data + u.used, in.len - u.used), s->item->member, "rest",
                     bytes_of(NULL, 0), false, err);
}

/* ---- archives ---- */

/* A member whose name promises what is looked for: that it can be read is part of the verdict. */
static bool is_asked(struct bytes name)
{
    static const char *const ends[] = {".pkl", ".pickle", ".joblib", ".p", ".pck", ".dill", ".npy", ".json"};
    for (size_t i = 0; i < ROWS(ends); i++) {
        const size_t n = strlen(ends[i]);
        if (name.len >= n && strncasecmp((const char *)name.data + name.len - n, ends[i], n) == 0)
            return true;
    }
    return false;
}

static bool holds(struct bytes text, const char *word)
{
    return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* TorchScript runs in an interpreter of its own, which can do little else than compute: but it has files. */
static bool scan_script(struct scan *s, struct bytes name, struct bytes text, struct error *err)
{
    static const char *const words[] = {"torch.save(", "torch.from_file(", "ops.aten.save",
                                        "ops.aten.from_file"};
    if (!holds(name, "code/") || !bytes_ends(name, ".py"))
        return true;
    for (size_t i = 0; i < ROWS(words); i++)
        if (holds(text, words[i])) {
            const struct finding f = {.severity = SEVERITY_SUSPICIOUS,
                                      .rule = "torchscript-files",
                                      .name = name,
                                      .does = "Its code writes or maps files"};
            return report_add(s, &f, err);
        }
    return true;
}

static bool push_member(struct scan *s, struct archive *a, const struct archive_member *m,
                        const struct archive_header *by, struct error *err)
{
    struct unpacked u;
    struct error failed = {0};
    if (!by->there || (m->packed == 0 && (by != &m->local || by->packed_size == 0)))
        return true;
    if (!archive_open(a, m, by, s->limits, s->arena, &u, &failed)) {
        if (failed.kind == ERR_LIMIT)
            s->report->limit = failed.limit;
        return report_unreadable(s, m->data, failed.detail, err);
    }
    if (u.damage.kind != ERR_NONE && !report_unreadable(s, m->data, u.damage.detail, err))
        return false;
    return scan_script(s, by->name, u.bytes, err) &&
           scan_push(s, u.bytes, s->item->member, "", by->name, is_asked(by->name), err);
}

/* What readers of an archive disagree on is what hides a member from some of them. */
static bool scan_facts(struct scan *s, const struct archive_member *m, struct error *err)
{
    static const char *const words[] = ARCHIVE_FACTS;
    const unsigned odd = m->facts & (unsigned)(ARCHIVE_ONLY_LOCAL | ARCHIVE_ONLY_CENTRAL | ARCHIVE_NAME |
                                               ARCHIVE_METHOD | ARCHIVE_ENCRYPTED | ARCHIVE_OVERLAP |
                                               ARCHIVE_TWICE | ARCHIVE_CUT | ARCHIVE_FLAGS | ARCHIVE_SIZE);
    if (odd == 0)
        return true;
    const char *does = "";
    for (size_t i = 0; i < ROWS(words); i++)
        if ((odd & 1U << i) != 0 && does != NULL)
            does = arena_printf(s->arena, "%s%s%s", does, does[0] == '\0' ? "" : ", ", words[i]);
    if (does != NULL)
        does = arena_printf(s->arena, "Readers of the archive disagree on a member: %s", does);
    if (does == NULL)
        return arena_fail(s->arena, err);
    const struct finding f = {.severity = SEVERITY_SUSPICIOUS,
                              .rule = "archive-disagrees",
                              .offset = m->at == SIZE_MAX ? 0 : m->at,
                              .name = archive_name(m),
                              .does = does};
    return report_add(s, &f, err);
}

static bool same_content(const struct archive_member *m)
{
    return m->central.there && m->local.there && m->central.method == m->local.method &&
           (m->facts & ARCHIVE_SIZE) == 0 && (m->facts & ARCHIVE_NAME) == 0;
}

static bool scan_archive(struct scan *s, bool begins, bool *known, struct error *err)
{
    struct archive a;
    struct error failed = {0};
    if (!archive_read(s->item->bytes, s->limits, s->arena, &a, &failed)) {
        if (failed.kind == ERR_LIMIT) {
            s->report->limit = failed.limit;
            return report_unreadable(s, 0, failed.detail, err);
        }
        return !begins || report_unreadable(s, 0, failed.detail, err);
    }
    *known |= begins;
    if (begins)
        s->part->format = "zip";
    a.inflated = s->inflated;
    for (size_t i = 0; i < a.count; i++) {
        const struct archive_member *m = &a.members[i];
        if (!scan_facts(s, m, err) ||
            !push_member(s, &a, m, m->central.there ? &m->central : &m->local, err) ||
            (m->central.there && m->local.there && !same_content(m) &&
             !push_member(s, &a, m, &m->local, err)))
            return false;
        s->inflated = a.inflated;
    }
    return true;
}

static bool has_directory(struct bytes in)
{
    enum { TAIL = 65557 };
    const size_t tail = in.len < TAIL ? in.len : TAIL;
    return memmem(in.data + in.len - tail, tail, "PK\5\6", 4) != NULL;
}

/* ---- tar ---- */

/* Octal text, or, where the first bit is set, a binary number. */
static uint64_t tar_number(const uint8_t *field, size_t n)
{
    uint64_t v = 0;
    if (field[0] >= 0x80)
        return load_u64_be(field + n - sizeof v);
    for (size_t i = 0; i < n; i++)
        if (field[i] >= '0' && field[i] <= '7')
            v = v * 8 + (uint64_t)(field[i] - '0');
    return v;
}

enum { TAR_MAGIC_AT = 257, TAR_BLOCK = 512 };

/* By its magic, or, as the oldest ones have none, by the sum of its first header. */
static bool is_tar(struct bytes in)
{
    enum { SUM_AT = 148, SUM_LEN = 8 };
    uint64_t sum = (uint64_t)SUM_LEN * ' ';
    if (in.len < TAR_BLOCK)
        return false;
    if (memcmp(in.data + TAR_MAGIC_AT, "ustar", 5) == 0)
        return true;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? 0 : in.data[i];
    return in.data[0] != 0 && tar_number(in.data + SUM_AT, SUM_LEN) == sum;
}

/* Extended headers may give the next member another size, and sparse files have maps of their own. */
static bool has_another_size(uint8_t type, struct bytes content)
{
    return type == 'S' ||
           ((type == 'x' || type == 'g') && (memmem(content.data, content.len, "size=", 5) != NULL ||
                                             memmem(content.data, content.len, "GNU.sparse", 10) != NULL));
}

static bool scan_tar(struct scan *s, struct error *err)
{
    enum { BLOCK = TAR_BLOCK, NAME = 100, SIZE_AT = 124, SIZE_LEN = 12, TYPE_AT = 156 };
    const struct bytes in = s->item->bytes;
    s->part->format = "tar";
    for (size_t at = 0; in.len - at >= BLOCK && in.data[at] != 0;) {
        const uint8_t *h = in.data + at;
        const uint64_t size = tar_number(h + SIZE_AT, SIZE_LEN);
        const size_t left = in.len - at - BLOCK;
        const size_t n = size < left ? (size_t)size : left;
        const struct bytes name = bytes_of(h, strnlen((const char *)h, NAME));
        if (!is_tar(bytes_of(h, in.len - at)))
            return report_unreadable(s, at, "no member of the archive begins here", err) &&
                   scan_push(s, bytes_of(h, in.len - at), s->item->member, "rest", bytes_of(NULL, 0), true,
                             err);
        if (n < size && !report_unreadable(s, at, "a member of the archive is cut off", err))
            return false;
        if (has_another_size(h[TYPE_AT], bytes_of(h + BLOCK, n)) &&
            !report_unreadable(s, at, "a member of the archive has a size that not all readers see", err))
            return false;
        if (!scan_push(s, bytes_of(h + BLOCK, n), s->item->member, "", name, is_asked(name), err))
            return false;
        const size_t whole = (n + BLOCK - 1) / BLOCK * BLOCK;
        if (whole >= left)
            break;
        at += BLOCK + whole;
    }
    return true;
}

/* ---- npy ---- */

static bool scan_npy(struct scan *s, struct error *err)
{
    const struct bytes in = s->item->bytes;
    const size_t wide = in.data[6] >= 2 ? 4 : 2, start = 8 + wide;
    s->part->format = "npy";
    if (in.len < start)
        return report_unreadable(s, in.len, "the header is cut off", err);
    const uint8_t *p = in.data + 8;
    const size_t len =
        (size_t)p[0] | (size_t)p[1] << 8 | (wide == 4 ? (size_t)p[2] << 16 | (size_t)p[3] << 24 : 0);
    if (len > in.len - start)
        return report_unreadable(s, in.len, "the header is cut off", err);
    const struct bytes behind = bytes_of(in.data + start + len, in.len - start - len);
    const struct input input = input_of_bytes(in);
    struct error refused = {0};
    struct value *array;
    uint64_t size;
    /* Objects have many spellings ('O', 'object', '|\x4f'): what is not known to be plain numbers is a
     * pickle. */
    if (!codec_by_name(bytes_text("npy"))
             ->decode(&input, &codec_options_default, s->limits, s->arena, &array, &refused) ||
        array->kind != VALUE_ARRAY || !array_size(array->array, &size) || size > behind.len)
        return scan_push(s, behind, s->item->member, "objects", bytes_of(NULL, 0), true, err);
    const struct bytes rest = bytes_of(behind.data + size, behind.len - (size_t)size);
    s->part->trailing = rest.len;
    return scan_push(s, rest, s->item->member, "rest", bytes_of(NULL, 0), false, err);
}

/* ---- what is not looked into ---- */

static const struct {
    const char *name, *magic;
    size_t len;
} closed[] = {
    {"7z", "7z\xbc\xaf\x27\x1c", 6},
    {"rar", "Rar!\x1a\x07", 6},
    {"cab", "MSCF\0\0\0\0", 8},
    {"compress", "\x1f\x9d\x90", 3},
    {"lzip", "LZIP", 4},
    {"lzop", "\x89LZO\0", 5},
    {"ar", "!<arch>\n", 8},
    {"cpio", "070701", 6},
    {"cpio", "070702", 6},
    {"cpio", "070707", 6},
    {"xar", "xar!", 4},
    {"squashfs", "hsqs", 4},
    {"snappy", "\xff\x06\0\0sNaPpY", 10},
    {"lz4-legacy", "\x02\x21\x4c\x18", 4},
};

/* Containers of others, which may hold anything. */
static bool scan_closed(struct scan *s, bool *known, struct error *err)
{
    for (size_t i = 0; i < ROWS(closed); i++) {
        if (!(s->item->bytes.len >= closed[i].len &&
              memcmp(s->item->bytes.data, closed[i].magic, closed[i].len) == 0))
            continue;
        *known = true;
        s->part->format = closed[i].name;
        return report_unreadable(s, 0, "it is a container that is not looked into", err);
    }
    return true;
}

/* ---- which of them ---- */

/* JSON's white space, then what holds anything. */
static bool begins_json(struct bytes in)
{
    size_t at = 0;
    while (at < in.len && (in.data[at] == ' ' || (in.data[at] >= '\t' && in.data[at] <= '\r')))
        at++;
    return at < in.len && (in.data[at] == '{' || in.data[at] == '[');
}

bool scan_containers(struct scan *s, bool *known, struct error *err)
{
    enum { GLANCE = 4096 };
    const struct bytes in = s->item->bytes;
    const struct bytes head = bytes_of(in.data, in.len < GLANCE ? in.len : GLANCE);
    const struct packing *packing = in.len == 0 ? NULL : packing_find(head);
    const bool begins = in.len > 0 && archive_begins(head);
    if (in.len == 0)
        return report_unreadable(s, 0, "the document is empty", err);
    if (packing != NULL) {
        *known = true;
        if (!scan_stream(s, packing, err))
            return false;
    }
    if ((begins || has_directory(in)) && !scan_archive(s, begins, known, err))
        return false;
    if (in.len > 10 && memcmp(in.data, "\x93NUMPY", 6) == 0)
        return *known = true, scan_npy(s, err);
    if (scan_is_hdf5(in))
        return *known = true, scan_hdf5(s, err);
    if (is_tar(in))
        return *known = true, scan_tar(s, err);
    if (begins_json(in)) {
        if (!scan_json(s, in, known, err))
            return false;
        if (*known)
            s->part->format = "json";
    }
    return *known || scan_closed(s, known, err);
}
