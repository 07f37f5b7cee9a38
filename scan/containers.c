/* What documents lie in others: archives, compressed streams, arrays of objects, models of Keras. */
#include "judge.h"

#include <stdio.h>
#include <strings.h>

#include "archive.h"
#include "base64.h"
#include "codec.h"
#include "hex.h"
#include "reader.h"

/* ---- the queue ---- */

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

/* ---- Keras ---- */

static bool is_text(const struct value *v, const char *text)
{
    return v != NULL && v->kind == VALUE_STR && bytes_is(v->text, text);
}

static const char *const keras_packages[] = {
    "keras.src",    "keras",    "tensorflow.keras", "tensorflow.python.keras", "tf_keras", "keras_nlp",
    "tf_keras.src", "keras_cv", "keras_hub"};

/* What there is in Keras that loads, downloads or writes, as its advisories have it (CVE-2025-8747). */
static const char *const keras_tools[] = {"utils",    "saving",        "models", "callbacks",   "datasets",
                                          "wrappers", "legacy",        "export", "trainers",    "backend",
                                          "api",      "visualization", "config", "distribution"};

static bool is_of_keras(struct bytes module)
{
    for (size_t i = 0; i < ROWS(keras_packages); i++)
        if (policy_is_within(bytes_text(keras_packages[i]), module))
            return true;
    return false;
}

static bool is_tool_of_keras(struct bytes module)
{
    for (size_t i = 0; i < ROWS(keras_packages); i++) {
        const size_t n = strlen(keras_packages[i]);
        if (!policy_is_within(bytes_text(keras_packages[i]), module) || module.len == n)
            continue;
        for (size_t k = 0; k < ROWS(keras_tools); k++)
            if (policy_is_within(bytes_text(keras_tools[k]),
                                 bytes_of(module.data + n + 1, module.len - n - 1)))
                return true;
    }
    return false;
}

/* A function or class that the configuration names, by its module. */
static enum severity keras_severity(const struct scan *s, struct bytes module, struct bytes name,
                                    bool function)
{
    if (is_of_keras(module))
        return !is_tool_of_keras(module) ? SEVERITY_QUIET
               : function                ? SEVERITY_DANGEROUS
                                         : SEVERITY_SUSPICIOUS;
    const enum severity listed = policy_name(s->policy, module, name).severity;
    if (listed == SEVERITY_DANGEROUS)
        return listed;
    return bytes_is(module, "builtins") ? SEVERITY_QUIET : SEVERITY_SUSPICIOUS;
}

static bool scan_layer(struct scan *s, const struct value *dict, struct error *err)
{
    const struct value *cls = value_get(dict, "class_name"), *module = value_get(dict, "module"),
                       *config = value_get(dict, "config");
    if (cls == NULL || cls->kind != VALUE_STR)
        return true;
    struct finding f = {.severity = SEVERITY_DANGEROUS,
                        .rule = "keras-lambda",
                        .name = cls->text,
                        .module =
                            module != NULL && module->kind == VALUE_STR ? module->text : bytes_of("", 0),
                        .does = "A layer holds a function as code, which loading the model runs"};
    if (is_text(cls, "Lambda") || is_text(cls, "__lambda__") || is_text(cls, "TorchModuleWrapper") ||
        is_text(cls, "TFSMLayer"))
        return report_add(s, &f, err);
    const struct value *vocabulary = config == NULL ? NULL : value_get(config, "vocabulary");
    if (vocabulary != NULL && vocabulary->kind == VALUE_STR) { /* CVE-2025-12058 */
        f.severity = SEVERITY_SUSPICIOUS;
        f.rule = "keras-file";
        f.does = "A layer names a file or address, which loading the model reads";
        return report_add(s, &f, err);
    }
    if (module == NULL || module->kind != VALUE_STR)
        return true;
    const bool function = is_text(cls, "function") && config != NULL && config->kind == VALUE_STR;
    if (function)
        f.name = config->text;
    f.severity = keras_severity(s, f.module, f.name, function);
    if (f.severity == SEVERITY_QUIET)
        return true;
    f.rule = function ? "keras-function" : "keras-custom";
    f.does = f.severity == SEVERITY_DANGEROUS
                 ? "A layer names what is dangerous, which loading the model finds and may call"
                 : "A layer names what is imported from a module that holds no layers of Keras";
    return report_add(s, &f, err);
}

/* A text of JSON: layers of keras that hold code. */
static bool scan_json(struct scan *s, struct bytes text, bool *known, struct error *err)
{
    const struct input in = input_of_bytes(text);
    struct error refused = {0};
    struct value *root;
    struct walk walk;
    struct walk_event event;
    const struct codec *json = codec_by_name(bytes_text("json"));
    if (!json->decode(&in, &codec_options_default, s->limits, s->arena, &root, &refused)) {
        if (refused.kind == ERR_LIMIT)
            s->report->limit = refused.limit;
        return refused.kind != ERR_LIMIT || report_unreadable(s, 0, refused.detail, err);
    }
    *known = true;
    walk_init(&walk, WALK_TREE, root, s->limits, s->arena);
    enum step step;
    while ((step = walk_next(&walk, &event, &refused)) == STEP_MORE)
        if (event.what == WALK_ENTER && event.value->kind == VALUE_DICT && !scan_layer(s, event.value, err))
            return false;
    return step == STEP_DONE || report_unreadable(s, 0, refused.detail, err);
}

/* ---- HDF5 ---- */

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

static bool scan_hdf5(struct scan *s, struct error *err)
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
static bool is_hdf5(struct bytes in)
{
    for (size_t at = 0; in.len > 8 && at <= in.len - 8; at = at == 0 ? 512 : at * 2)
        if (memcmp(in.data + at, "\x89HDF\r\n\x1a\n", 8) == 0)
            return true;
    return false;
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
    if (is_hdf5(in))
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
